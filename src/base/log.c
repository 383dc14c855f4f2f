// SPDX-License-Identifier: Apache-2.0
// Messages without a place, on stderr, in the shape of diagnostics.
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum log_level log_level = LOG_WARNING;

static void emit(const char *prefix, const char *fmt, va_list ap) {
    fflush(stdout); // keep the order of the two streams where both go to one place
    fputs(prefix, stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

#define LOG_FUNCTION(name, level, prefix)                                                          \
    void name(const char *fmt, ...) {                                                              \
        if (log_level < (level)) return;                                                           \
        va_list ap;                                                                                \
        va_start(ap, fmt);                                                                         \
        emit(prefix, fmt, ap);                                                                     \
        va_end(ap);                                                                                \
    }

LOG_FUNCTION(log_error, LOG_ERROR, "ERROR: ")
LOG_FUNCTION(log_warning, LOG_WARNING, "WARNING: ")
LOG_FUNCTION(log_hint, LOG_ERROR, "HINT: ")
LOG_FUNCTION(log_debug, LOG_DEBUG, "DEBUG: ")
