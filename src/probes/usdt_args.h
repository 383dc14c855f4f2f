// SPDX-License-Identifier: Apache-2.0
// The argument strings of static probes.
#pragma once

#include "probes/probe.h"

// One argument of a note's string ("-4@%edi", "8@-16(%rbp)", "4@$7"), at *text, which moves behind
// it: its place and type. False at the end. A form that is not known gives PLACE_UNKNOWN.
// path and address are those of the probe, for operands that are relative to it.
bool usdt_next_arg(struct probe_env *env, const char **text, const char *path, uint64_t address,
                   struct probe_arg *out);
