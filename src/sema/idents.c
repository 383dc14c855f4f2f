// SPDX-License-Identifier: Apache-2.0
// Names that are no variables or maps: builtins, constants, functions.
#include "base/suggest.h"
#include "sema/sema_internal.h"

static void offer_constant(void *ctx, const char *name) { suggest_offer(ctx, name); }

static void unknown_identifier(struct unit *u, struct ast_expr *e) {
    diag(u->diags, e->span, identifier_unknown, e->ident.name);
    sema_c_hint(u);
    struct suggest s = suggest_begin(e->ident.name);
    for (int i = 0; i < VAR_COUNT; i++) suggest_offer(&s, variable_rows[i].name);
    types_each_constant(u->types, offer_constant, &s);
    if (s.best) diag_hint(u->diags, "did you mean %s?", s.best);
}

// argN of a static probe: is there such an argument, in a place that is understood?
static void check_place(struct unit *u, const struct sema_program *p, const struct ast_expr *e) {
    const struct probe_args *args = &p->layout.args;
    const struct probe_arg *a = e->ident.arg < args->len ? &args->data[e->ident.arg] : NULL;
    if (a && a->place.kind != PLACE_UNKNOWN) return;
    const char *why =
        a ? arena_printf(u->arena, "it at a place that is not understood: %s", a->decl)
          : arena_printf(u->arena, "%zu argument%s", args->len, args->len == 1 ? "" : "s");
    diag(u->diags, e->span, arg_missing, e->ident.name, why);
}

void sema_to_builtin(struct unit *u, const struct sema_program *p, struct ast_expr *e, int id,
                     unsigned arg) {
    const char *name = e->kind == AST_CALL ? e->call.name : e->ident.name;
    sema_where_variable(u, p, e->span, name, id);
    e->kind = AST_BUILTIN;
    e->ident.name = name;
    e->ident.variable = id;
    e->ident.arg = arg;
    if (id == VAR_arg && p && (p->provider->caps & PROBE_PLACED_ARGS)) check_place(u, p, e);
}

// A macro or an enum's constant.
static bool to_constant(struct unit *u, struct ast_expr *e) {
    int64_t value;
    const struct type *type;
    const char *text = types_find_define(u->types, e->ident.name);
    if (text && *text == '"') { // #define NAME "text"
        size_t len = strlen(text);
        e->kind = AST_STRING;
        e->string.data = arena_strndup(u->arena, text + 1, len > 1 ? len - 2 : 0);
        e->string.len = len > 1 ? len - 2 : 0;
        return true;
    }
    if (!types_find_constant(u->types, e->ident.name, &value, &type)) return false;
    e->kind = AST_INT;
    e->integer.value = (uint64_t)value;
    e->integer.is_negative = value < 0;
    e->integer.is_unsigned = false;
    e->type = type; // an enum's constant keeps its type
    return true;
}

void sema_identifier(struct unit *u, const struct sema_program *p, struct ast_expr *e) {
    unsigned arg;
    if (sema_config_record(u, e, e->ident.name)) return;
    int id = variable_find(e->ident.name, &arg);
    if (id >= 0) {
        sema_to_builtin(u, p, e, id, arg);
        return;
    }
    if (to_constant(u, e)) return;
    // A call without parentheses, for functions that need no argument.
    int fn = function_find(e->ident.name);
    if (fn >= 0 &&
        ((function_rows[fn].where & FN_UNBUILT) || strstr(function_rows[fn].signature, "()"))) {
        const char *name = e->ident.name;
        struct span span = e->span;
        e->kind = AST_CALL;
        e->call.name = name;
        e->call.name_span = span;
        e->call.args = (struct ast_exprs){0};
        e->call.function = fn;
        return;
    }
    if (sema_c_ask(u) && to_constant(u, e)) return;
    const char *now = builtin_renamed(e->ident.name);
    id = now ? variable_find(now, &arg) : -1;
    if (id >= 0) {
        sema_to_builtin(u, p, e, id, arg);
        return;
    }
    unknown_identifier(u, e);
    e->kind = AST_INT;
    e->type = types_basic(u->types, TYPE_ERROR);
    e->integer.value = 0;
}

struct sema_fn *sema_fn_find(const struct unit *u, const char *name) {
    for (size_t i = 0; i < u->fns.len; i++)
        if (!strcmp(u->fns.data[i]->decl->name, name)) return u->fns.data[i];
    return NULL;
}

void sema_unknown_function(struct unit *u, struct ast_expr *e) {
    diag(u->diags, e->span, function_unknown, e->call.name);
    const char *why = sema_c_fn_refused(u, e->call.name);
    if (why) diag_hint(u->diags, "the imported function cannot be called: %s", why);
    struct suggest s = suggest_begin(e->call.name);
    for (int i = 0; i < FN_COUNT; i++) suggest_offer(&s, function_rows[i].name);
    for (size_t i = 0; i < u->ast->macros.len; i++) suggest_offer(&s, u->ast->macros.data[i]->name);
    for (size_t i = 0; i < u->fns.len; i++) suggest_offer(&s, u->fns.data[i]->decl->name);
    if (s.best) diag_hint(u->diags, "did you mean %s?", s.best);
}

// Names that some arguments are, not expressions: kstack(perf), nsecs(tai), pid(init),
// signal(SIGKILL) is a constant and needs nothing.
bool sema_word_argument(int fn, const char *word) {
    static const char *const stacks[] = {"bpftrace", "perf", "raw", "build_id", NULL};
    static const char *const clocks[] = {"monotonic", "boot", "tai", "sw_tai", NULL};
    static const char *const spaces[] = {"curr_ns", "init", NULL};
    bool is_stack = fn == FN_kstack || fn == FN_ustack || fn == FN_dw_ustack;
    const char *const *list = is_stack                       ? stacks
                              : fn == FN_nsecs               ? clocks
                              : fn == FN_pid || fn == FN_tid ? spaces
                                                             : NULL;
    for (; list && *list; list++)
        if (!strcmp(*list, word)) return true;
    return false;
}
