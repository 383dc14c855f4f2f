// SPDX-License-Identifier: Apache-2.0
// Messages that have no place in a script. They go to stderr as "ERROR: ...", "WARNING: ...",
// "HINT: ...". -v raises the level, -q lowers nothing but the runtime's own chatter.
#pragma once

#include <stdbool.h>

#include "base/attr.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

extern enum log_level log_level; // what is printed: this and below; LOG_WARNING at start
void log_error(const char *fmt, ...) ATTR_PRINTF(1, 2);
void log_warning(const char *fmt, ...) ATTR_PRINTF(1, 2);
void log_hint(const char *fmt, ...) ATTR_PRINTF(1, 2);
void log_debug(const char *fmt, ...) ATTR_PRINTF(1, 2);
