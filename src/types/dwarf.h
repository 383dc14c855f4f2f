// SPDX-License-Identifier: Apache-2.0
// Questions that the debug information (DWARF) of a program answers. A program is named by its
// path; its file is opened at the first question, and only what is asked for is read.
#pragma once

#include "types/btf.h"

// Is there debug information of `program`? If not, *why (may be NULL) gets the reason.
bool types_have_dwarf(struct types *t, const char *program, const char **why);
// The function whose code begins at virtual address `entry`, as it is declared: `module` is
// `program`, there is no BTF id. NULL with *why when nothing is known.
const struct type_func *dwarf_find_func(struct types *t, const char *program, uint64_t entry,
                                        const char **why);
// "struct foo", "enum e", or the bare name of a struct, class, union, enum or typedef; C++ names
// with or without their scope ("ns::foo", "foo"). NULL when there is none.
const struct type *dwarf_find_type(struct types *t, const char *program, const char *name);
// The constant of an enum, by its bare name; the first of several. Each: also those that are hidden
// by another of their name.
bool dwarf_find_constant(struct types *t, const char *program, const char *name, int64_t *value,
                         const struct type **type);
void dwarf_each_constant(struct types *t, const char *program,
                         void (*each)(void *ctx, const char *name), void *ctx);
// The address of the first statement at a line of a source file, which is given by the end of its
// path; column 0: any. False with *why when there is none.
bool dwarf_find_line(struct types *t, const char *program, const char *file, int line, int column,
                     uint64_t *address, const char **why);
