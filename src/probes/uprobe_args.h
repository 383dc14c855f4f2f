// SPDX-License-Identifier: Apache-2.0
// Arguments and results of functions of programs, from their debug information.
#pragma once

#include "probes/probe.h"

// The slot `describe` of uprobe and uretprobe.
bool uprobe_describe(struct probe_env *env, const struct mf_target *t, struct probe_layout *out,
                     struct probe_error *err);
