// SPDX-License-Identifier: Apache-2.0
// From a typed program to an object: BPF ELF with the manifest in it. Reports no user errors;
// what it meets unprepared is an internal bug and ends with a message that says so.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "sema/sema.h"

struct cg_dump { // -d: where stages go; NULL: not wanted
    FILE *ir, *ir_opt, *bpf;
};

// Gives the object (caller frees, *len bytes), or NULL when an internal error was printed.
void *cg_compile(const struct unit *u, const struct cg_dump *dump, size_t *len);
// "19.1.7, static" for --info.
const char *cg_llvm_version(void);
