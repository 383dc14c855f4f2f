// SPDX-License-Identifier: Apache-2.0
// Where a function's arguments and its result are, by the System V ABI of x86-64.
#pragma once

#include "probes/probe.h"

// Gives each of a function's parameters its place at the function's entry. `ret` is what it
// returns: a large result moves the parameters, by the hidden address of its room.
void sysv_place_args(struct types *t, const struct type *ret, struct probe_arg *args, size_t n);
// The place of a result at the function's return; PLACE_NONE where it is simply the register of
// results. PLACE_UNKNOWN: *why says why it cannot be read.
struct probe_place sysv_place_result(struct types *t, const struct type *ret, const char **why);
