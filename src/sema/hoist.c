// SPDX-License-Identifier: Apache-2.0
// Variables that are assigned in a block and used after it. Until bpftrace 0.22 a variable lived
// as long as its probe; where its block is over and nothing else has the name, that is still the
// only thing the script can mean. Such a variable is declared at the start of the probe.
// Runs before names.c, which then sees an ordinary `let`.
#include "sema/sema_internal.h"

struct seen {
    const char *name;
    struct span span;
    unsigned depth;  // of blocks around its assignment
    bool is_bounded; // declared: it ends with its block, whatever uses the name later
};
VEC_OF(seen_list, struct seen);

struct hoist {
    struct unit *u;
    struct seen_list visible, gone;
    struct ast_stmts lets;
    unsigned depth;
};

static void hoist_stmts(struct hoist *h, struct ast_stmts *s);

static const struct seen *seen_find(const struct seen_list *list, const char *name) {
    for (size_t i = list->len; i-- > 0;)
        if (!strcmp(list->data[i].name, name)) return &list->data[i];
    return NULL;
}

static void see(struct hoist *h, const struct ast_expr *var, bool is_bounded) {
    struct seen s = {var->var.name, var->span, h->depth, is_bounded};
    if (is_bounded || !seen_find(&h->visible, s.name)) VEC_PUSH(h->u->arena, &h->visible, s);
}

static void use(void *ctx, struct ast_expr **pe) {
    struct hoist *h = ctx;
    const struct ast_expr *e = *pe;
    if (e->kind != AST_VAR || seen_find(&h->visible, e->var.name)) return;
    const struct seen *first = seen_find(&h->gone, e->var.name);
    if (!first) return;
    struct arena *a = h->u->arena;
    struct ast_stmt *let = ast_stmt_new(a, AST_LET, first->span);
    let->let.var = ast_expr_new(a, AST_VAR, first->span);
    let->let.var->var.name = first->name;
    VEC_PUSH(a, &h->lets, let);
    VEC_PUSH(a, &h->visible, ((struct seen){first->name, first->span, 0, true}));
    diag(h->u->diags, e->span, variable_outlives, first->name);
    diag_note(h->u->diags, first->span, "assigned here");
    diag_hint(h->u->diags, "declare it before the block: let %s;", first->name);
}

static void use_expr(struct hoist *h, struct ast_expr **e) {
    const struct ast_visitor v = {.ctx = h, .expr = use};
    if (*e) ast_visit_expr(&v, e);
}

// What the block assigned first is gone at its end.
static void hoist_block(struct hoist *h, struct ast_stmts *s, const struct ast_expr *loop_var) {
    h->depth++;
    if (loop_var) see(h, loop_var, true);
    hoist_stmts(h, s);
    h->depth--;
    size_t kept = 0;
    for (size_t i = 0; i < h->visible.len; i++) {
        struct seen v = h->visible.data[i];
        if (v.depth <= h->depth)
            h->visible.data[kept++] = v;
        else if (!v.is_bounded)
            VEC_PUSH(h->u->arena, &h->gone, v);
    }
    h->visible.len = kept;
}

static void hoist_loop(struct hoist *h, struct ast_stmt *s) {
    use_expr(h, &s->loop.cond);
    use_expr(h, &s->loop.from);
    use_expr(h, &s->loop.to);
    use_expr(h, &s->loop.map);
    hoist_block(h, &s->loop.body, s->loop.var);
}

static void hoist_stmt(struct hoist *h, struct ast_stmt *s) {
    switch (s->kind) {
    case AST_EXPR_STMT:
    case AST_RETURN: use_expr(h, &s->expr); break;
    case AST_ASSIGN:
        use_expr(h, &s->assign.value);
        if (s->assign.target->kind == AST_VAR)
            see(h, s->assign.target, false);
        else
            use_expr(h, &s->assign.target);
        break;
    case AST_LET:
        use_expr(h, &s->let.value);
        see(h, s->let.var, true);
        break;
    case AST_IF:
        use_expr(h, &s->cond.cond);
        hoist_block(h, &s->cond.then, NULL);
        hoist_block(h, &s->cond.otherwise, NULL);
        break;
    case AST_WHILE:
    case AST_UNROLL:
    case AST_FOR_RANGE:
    case AST_FOR_MAP: hoist_loop(h, s); break;
    case AST_BLOCK: hoist_block(h, &s->block, NULL); break;
    case AST_BREAK:
    case AST_CONTINUE:
    case AST_ERROR_STMT: break;
    }
}

static void hoist_stmts(struct hoist *h, struct ast_stmts *s) {
    for (size_t i = 0; i < s->len; i++) hoist_stmt(h, s->data[i]);
}

void sema_hoist(struct unit *u, struct ast_stmts *body) {
    struct hoist h = {.u = u};
    hoist_stmts(&h, body);
    if (!h.lets.len) return;
    for (size_t i = 0; i < body->len; i++) VEC_PUSH(u->arena, &h.lets, body->data[i]);
    *body = h.lets;
}
