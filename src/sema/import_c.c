// SPDX-License-Identifier: Apache-2.0
// BPF C that a script imports: clang makes an object of it, which code generation links with the
// script's own; its functions are called like those of the script, by what its BTF says of them.
#include <errno.h>

#include "object/elf.h"
#include "sema/sema_internal.h"
#include "types/cache.h"
#include "types/clang.h"

enum { MAX_PARAMS = 5, MAX_C_FILE = 32 << 20 }; // a BPF call has five registers

// The first error, at its place in the file where that is the one imported.
static void report(struct unit *u, const char *path, struct span import, const char *messages) {
    struct clang_message m = {0};
    size_t len;
    const char *rest = messages;
    while (!m.is_error && clang_next_message(u->arena, &rest, &m)) {
    }
    if (!m.is_error) {
        const char *first = arena_strndup(u->arena, messages, strcspn(messages, "\n"));
        diag(u->diags, import, import_compile, path, *first ? first : "clang gives no reason");
        return;
    }
    diag(u->diags, import, import_compile, path, m.text);
    const char *text = cache_read_file(u->arena, m.file, MAX_C_FILE, &len);
    if (!text) return;
    const struct source *src = source_new(u->arena, m.file, text, len);
    if (!m.line || m.line > src->nlines) return;
    uint32_t at = src->lines[m.line - 1] + (m.column ? m.column - 1 : 0);
    if (at > len) return;
    diag_note(u->diags, (struct span){.src = src, .begin = at, .end = at + 1}, "here");
}

static void add_func(void *ctx, const struct type_func *f) {
    struct unit *u = ctx;
    VEC_PUSH(u->arena, &u->c_funcs, f);
}

// Two imports that define the same name cannot be linked.
struct overlap {
    struct unit *u;
    const struct c_object *first; // an earlier import
    struct span import;           // the later one
    const char *name;             // of a definition of the later one
};

static void compare_name(void *ctx, const char *name) {
    struct overlap *o = ctx;
    if (strcmp(name, o->name)) return;
    diag(o->u->diags, o->import, import_twice, name, o->first->path);
    diag_note(o->u->diags, o->first->span, "imported here");
}

static void look_for(void *ctx, const char *name) {
    struct overlap *o = ctx;
    o->name = name;
    elf_each_definition(o->first->data, o->first->len, compare_name, o);
}

static void check_overlap(struct unit *u, const struct c_object *object) {
    for (size_t i = 0; i < u->c_objects.len; i++) {
        struct overlap o = {u, &u->c_objects.data[i], object->span, NULL};
        elf_each_definition(object->data, object->len, look_for, &o);
    }
}

void sema_import_c(struct unit *u, const char *path, struct span import) {
    struct ast_strings args = {0};
    for (size_t i = 0; i < u->options.ninclude_dirs; i++) {
        VEC_PUSH(u->arena, &args, "-I");
        VEC_PUSH(u->arena, &args, u->options.include_dirs[i]);
    }
    for (size_t i = 0; i < u->options.ndefines; i++)
        VEC_PUSH(u->arena, &args, arena_printf(u->arena, "-D%s", u->options.defines[i]));
    struct clang_job job = {.file = path, .args = args.data, .nargs = args.len, .is_object = true};
    struct clang_answer answer = clang_compile(u->arena, &job);
    size_t len;
    if (answer.status == CLANG_ABSENT) {
        diag(u->diags, import, import_no_clang, path);
        diag_hint(u->diags, "install clang");
        return;
    }
    if (answer.status == CLANG_REFUSED) {
        report(u, path, import, answer.messages);
        return;
    }
    const void *btf = elf_find_section(answer.data, answer.len, ".BTF", &len);
    struct c_object object = {path, answer.data, answer.len, import};
    check_overlap(u, &object);
    VEC_PUSH(u->arena, &u->c_objects, object);
    if (btf && types_add_btf(u->types, btf, len)) types_each_c_func(u->types, add_func, u);
}

// ---- functions ----

static const char *why_not_callable(const struct type_func *f) {
    if (f->nparams > MAX_PARAMS) return "it has more than five parameters";
    for (uint32_t i = 0; i < f->nparams; i++)
        if (!type_is_scalar(f->params[i].type)) return "a parameter is no number or pointer";
    if (f->ret->kind != TYPE_VOID && !type_is_scalar(f->ret))
        return "what it returns is no number or pointer";
    return NULL;
}

static struct sema_fn *declare(struct unit *u, const struct type_func *f) {
    struct ast_callable *decl = ARENA_NEW(u->arena, struct ast_callable);
    struct sema_fn *fn = ARENA_NEW(u->arena, struct sema_fn);
    decl->name = f->name;
    fn->decl = decl;
    fn->external = f;
    fn->ret = f->ret;
    fn->index = (unsigned)u->fns.len;
    for (uint32_t i = 0; i < f->nparams; i++) {
        struct sema_var *v = ARENA_NEW(u->arena, struct sema_var);
        v->name = f->params[i].name;
        v->type = v->declared = f->params[i].type;
        VEC_PUSH(u->arena, &fn->params, v);
    }
    return fn;
}

void sema_declare_c_fns(struct unit *u) {
    for (size_t i = 0; i < u->c_funcs.len; i++) {
        const struct type_func *f = u->c_funcs.data[i];
        if (!why_not_callable(f)) VEC_PUSH(u->arena, &u->fns, declare(u, f));
    }
}

const char *sema_c_fn_refused(const struct unit *u, const char *name) {
    for (size_t i = 0; i < u->c_funcs.len; i++)
        if (!strcmp(u->c_funcs.data[i]->name, name)) return why_not_callable(u->c_funcs.data[i]);
    return NULL;
}
