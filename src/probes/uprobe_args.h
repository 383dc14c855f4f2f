// SPDX-License-Identifier: Apache-2.0
// What debug information says of programs that are traced: arguments and results of functions, and
// where the code of a line is.
#pragma once

#include "probes/probe.h"

// The slot `describe` of uprobe and uretprobe.
bool uprobe_describe(struct probe_env *env, const struct mf_target *t, struct probe_layout *out,
                     struct probe_error *err);

// The address of FILE:LINE or FILE:LINE:COLUMN in a program; `line` holds what is behind FILE's
// colon, `column` may be NULL.
bool uprobe_find_line(struct probe_env *env, const char *path, const char *file, const char *line,
                      const char *column, uint64_t *address, struct probe_error *err);
