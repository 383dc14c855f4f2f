// SPDX-License-Identifier: Apache-2.0
// Functions that a process made while it ran: /tmp/perf-PID.map, which just-in-time compilers
// write. A line is "START SIZE NAME", the first two in hexadecimal.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct perfmap;

// NULL when the process has none. Where the file is, the process's namespaces decide.
struct perfmap *perfmap_open(pid_t pid);
void perfmap_free(struct perfmap *m);
const char *perfmap_name(const struct perfmap *m); // the file, as the process calls it
// The function at an address, NULL if there is none; reads what was added to the file since.
const char *perfmap_function(struct perfmap *m, uint64_t address, uint64_t *begin);
