// SPDX-License-Identifier: Apache-2.0
// Which functions of the script call which: none may call itself, since what it keeps in memory
// lies at one place, and the kernel allows eight frames at once.
#include "sema/sema_internal.h"

enum { MAX_FRAMES = 8, MAX_PARAMS = 5 };

struct walk {
    struct unit *u;
    const struct sema_fn *chain[MAX_FRAMES];
    unsigned depth;
    bool failed; // said once
};

static void look(void *ctx, struct ast_expr **pe) {
    struct walk *w = ctx;
    const struct ast_expr *e = *pe;
    if (w->failed || e->kind != AST_CALL || !e->call.fn || e->call.fn->external) return;
    struct sema_fn *fn = e->call.fn;
    for (unsigned i = 0; i < w->depth && !w->failed; i++) {
        if (w->chain[i] != fn) continue;
        diag(w->u->diags, e->span, fn_recursion, e->call.name);
        w->failed = true;
    }
    if (!w->failed && w->depth == MAX_FRAMES - 1) { // the probe's own is one
        diag(w->u->diags, e->span, fn_depth, e->call.name);
        w->failed = true;
    }
    if (w->failed) {
        diag_note(w->u->diags, fn->decl->name_span, "defined here");
        return;
    }
    w->chain[w->depth++] = fn;
    struct ast_visitor v = {.ctx = w, .expr = look};
    ast_visit_stmts(&v, &fn->body);
    w->depth--;
}

void sema_calls(struct unit *u) {
    for (size_t i = 0; i < u->fns.len; i++) {
        struct sema_fn *fn = u->fns.data[i];
        if (fn->external) continue;
        if (fn->params.len > MAX_PARAMS)
            diag(u->diags, fn->params.data[MAX_PARAMS]->span, fn_parameters, fn->decl->name,
                 fn->params.len, (unsigned)MAX_PARAMS);
        struct walk w = {.u = u, .chain = {fn}, .depth = 1};
        struct ast_visitor v = {.ctx = &w, .expr = look};
        ast_visit_stmts(&v, &fn->body);
        if (w.failed) return;
    }
}
