// SPDX-License-Identifier: Apache-2.0
// What the debug information of a program says of the function that a probe is at: names and types
// of its parameters, the type of its result. Where they are is in sysv.c.
#include "probes/uprobe_args.h"

#include <limits.h>

#include "probes/probe_internal.h"
#include "probes/sysv.h"
#include "symbols/symbols.h"
#include "types/dwarf.h"

static const char no_debug_hint[] = "compile it with -g, or install the package of its debug "
                                    "symbols";

// Copies of a function that GCC made for some of its callers may lack parameters.
static const char *clone_suffix(const char *function) {
    static const char *const suffixes[] = {".constprop.", ".isra.", ".part.", ".cold"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        const char *at = strstr(function, suffixes[i]);
        if (at) return at;
    }
    return NULL;
}

static const struct type_func *function_at(struct probe_env *env, const struct mf_target *t,
                                           struct probe_error *err) {
    uint64_t at = t->address, offset;
    const char *why;
    if (!types_have_dwarf(env->types, t->module, &why)) {
        probe_fail(env, err, "%s", why);
        err->hint = no_debug_hint;
        return NULL;
    }
    if (t->function && clone_suffix(t->function)) {
        probe_fail(env, err, "%s is a copy that the compiler gave other parameters", t->function);
        return NULL;
    }
    if (t->function && !(elf_find_symbol(t->module, t->function, &offset, NULL) &&
                         elf_address_of(t->module, offset, &at))) {
        probe_fail(env, err, "no such function any more");
        return NULL;
    }
    const struct type_func *f = dwarf_find_func(env->types, t->module, at, &why);
    if (!f) probe_fail(env, err, "%s", t->function ? why : "no function begins here");
    return f;
}

static bool position(const char *text, int *out) {
    uint64_t n = 0;
    if (text && (!probe_number(text, &n) || !n || n > INT_MAX)) return false;
    *out = (int)n;
    return true;
}

bool uprobe_find_line(struct probe_env *env, const char *path, const char *file, const char *line,
                      const char *column, uint64_t *address, struct probe_error *err) {
    int l, c;
    const char *why;
    if (!position(line, &l) || !position(column, &c))
        return probe_fail(env, err, "lines and columns of source files count from 1");
    if (dwarf_find_line(env->types, path, file, l, c, address, &why)) return true;
    if (!types_have_dwarf(env->types, path, NULL)) err->hint = no_debug_hint;
    return probe_fail(env, err, "%s", why);
}

bool uprobe_describe(struct probe_env *env, const struct mf_target *t, struct probe_layout *out,
                     struct probe_error *err) {
    const struct type_func *f = function_at(env, t, err);
    if (!f) return false;
    if (t->is_return) {
        if (f->ret->kind == TYPE_VOID) return true;
        out->retval = f->ret;
        out->retval_decl = arena_printf(env->arena, "%s retval", f->ret_decl);
        out->retval_place = sysv_place_result(env->types, f->ret, &out->retval_why);
        return true;
    }
    for (uint32_t i = 0; i < f->nparams; i++) {
        const struct type_param *p = &f->params[i];
        struct probe_arg a = {.name = p->name, .type = p->type, .offset = i, .decl = p->decl};
        VEC_PUSH(env->arena, &out->args, a);
    }
    sysv_place_args(env->types, f->ret, out->args.data, out->args.len);
    return true;
}
