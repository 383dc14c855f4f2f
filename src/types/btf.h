// SPDX-License-Identifier: Apache-2.0
// Questions that only BTF answers: functions of the kernel and of modules, their prototypes,
// raw tracepoints. Loads vmlinux BTF on the first question.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "types/type.h"

struct type_param {
    const char *name;
    const struct type *type;
    const char *decl; // as C writes the type: "const char *", "size_t"
};

struct type_func {
    const char *name;
    const char *module; // "vmlinux" or the module's name
    uint32_t btf_id;    // of the BTF_KIND_FUNC
    int btf_fd;         // of a module's BTF object (owned by `types`), 0 for vmlinux
    const struct type_param *params;
    uint32_t nparams;
    const struct type *ret; // VOID when it returns nothing
    const char *ret_decl;
};

// Is there any kernel BTF? If not, *why (may be NULL) gets the reason.
bool types_have_btf(struct types *t, const char **why);
// module NULL or "vmlinux": vmlinux first, then every module. NULL when not found.
const struct type_func *types_find_func(struct types *t, const char *module, const char *name);
// Calls each() for every raw tracepoint of the kernel and its modules, until it gives false.
void types_each_raw_tracepoint(struct types *t,
                               bool (*each)(void *ctx, const char *module, const char *name),
                               void *ctx);

// Prototype of raw tracepoint `name` (typedef btf_trace_<name>), without its first void *.
const struct type_func *types_find_raw_tracepoint(struct types *t, const char *module,
                                                  const char *name);
// All functions with BTF: each(ctx, module, name). Return false from `each` to stop.
void types_each_func(struct types *t, const char *module_glob,
                     bool (*each)(void *ctx, const char *module, const char *name), void *ctx);
// The names of all types of the script and the kernel with this tag: "struct", "union" or "enum".
// Return false from `each` to stop.
void types_each_tagged(struct types *t, const char *tag,
                       bool (*each)(void *ctx, const char *module, const char *name), void *ctx);
// The functions that the BTF added last (types_add_btf) defines and that are not static.
void types_each_c_func(struct types *t, void (*each)(void *ctx, const struct type_func *f),
                       void *ctx);
// A struct built by hand (tracepoint format files): fields are copied.
const struct type *types_struct(struct types *t, const char *name, uint32_t size,
                                const struct type_field *fields, uint32_t nfields);
