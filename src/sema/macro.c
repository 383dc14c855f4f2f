// SPDX-License-Identifier: Apache-2.0
// Expands macros: a call becomes a copy of the body as a block expression. Hygiene: variables of
// the body that are not parameters get names that no script can write.
#include "parser/parser.h"
#include "sema/sema_internal.h"

enum { MAX_DEPTH = 64, MAX_EXPANSIONS = 100000 };

struct expander {
    struct unit *u;
    const struct ast_callable *chain[MAX_DEPTH]; // macros being expanded
    unsigned depth;
    unsigned serial; // of expansions
};

struct binding { // one expansion
    struct expander *x;
    const struct ast_callable *macro;
    const struct ast_exprs *args;
    const struct span *call;
    unsigned serial;
};

static struct ast_expr *bound(const struct binding *b, const char *name) {
    for (size_t i = 0; i < b->macro->params.len; i++)
        if (!strcmp(b->macro->params.data[i].name, name)) return b->args->data[i];
    return NULL;
}

static void substitute(void *ctx, struct ast_expr **pe) {
    struct binding *b = ctx;
    struct ast_expr *e = *pe, *arg = NULL;
    struct arena *a = b->x->u->arena;
    e->span.expanded = b->call;
    if (e->kind == AST_CALL) e->call.name_span.expanded = b->call;
    if (e->kind == AST_FIELD) e->field.name_span.expanded = b->call;
    switch (e->kind) {
    case AST_VAR:
        arg = bound(b, e->var.name);
        if (!arg && !b->macro->is_text && !strchr(e->var.name, '#'))
            e->var.name = arena_printf(a, "%s#%u", e->var.name, b->serial);
        break;
    case AST_MAP: arg = bound(b, e->map.name); break;
    case AST_IDENT: arg = bound(b, e->ident.name); break;
    default: break;
    }
    if (arg) *pe = ast_expr_clone(a, arg);
}

static void substitute_type(void *ctx, struct ast_type **pt) {
    struct binding *b = ctx;
    struct ast_type *t = *pt;
    t->span.expanded = b->call;
    if (t->kind != AST_TYPE_NAME) return;
    struct ast_expr *arg = bound(b, t->name);
    if (!arg) return;
    if (arg->kind == AST_TYPE_ARG) {
        *pt = arg->size.of;
        return;
    }
    // sizeof(x) where x is an expression
    struct ast_type *n = ARENA_NEW(b->x->u->arena, struct ast_type);
    n->kind = AST_TYPE_TYPEOF;
    n->span = t->span;
    n->expr = ast_expr_clone(b->x->u->arena, arg);
    *pt = n;
}

static bool param_takes(const char *param, const struct ast_expr *arg) {
    if (param[0] == '$') return arg->kind == AST_VAR;
    if (param[0] == '@') return arg->kind == AST_MAP;
    return true;
}

static const struct ast_callable *choose(const struct unit *u, const char *name,
                                         const struct ast_exprs *args, bool *any) {
    *any = false;
    for (size_t i = 0; i < u->ast->macros.len; i++) {
        const struct ast_callable *m = u->ast->macros.data[i];
        if (strcmp(m->name, name)) continue;
        *any = true;
        if (m->params.len != args->len) continue;
        bool ok = true;
        for (size_t k = 0; k < args->len; k++)
            ok = ok && param_takes(m->params.data[k].name, args->data[k]);
        if (ok) return m;
    }
    return NULL;
}

// A #define that is no constant of C is a macro of the script: `#define LATE (nsecs -
// @start[tid])`.
static const struct ast_callable *of_define(struct unit *u, const char *name,
                                            const struct ast_exprs *args, bool is_call) {
    const char *params = NULL, *text = types_find_define(u->types, name, &params);
    const struct type *type;
    int64_t value;
    bool any;
    if (!text || !*text || *text == '"' || !params != !is_call) return NULL;
    if (!is_call && types_find_constant(u->types, name, &value, &type)) return NULL;
    const char *macro =
        arena_printf(u->arena, "macro %s(%s) { %s }", name, params ? params : "", text);
    // What is no expression stays unknown where it is used.
    struct diags *unseen = diags_new(u->arena);
    const struct source *src =
        source_new(u->arena, arena_printf(u->arena, "#define %s", name), macro, strlen(macro));
    struct ast_program *p = parse_program(u->arena, unseen, src);
    if (diags_errors(unseen) || p->macros.len != 1 || p->probes.len) return NULL;
    p->macros.data[0]->is_text = true;
    VEC_PUSH(u->arena, &u->ast->macros, p->macros.data[0]);
    return choose(u, name, args, &any);
}

static void visit(void *ctx, struct ast_expr **pe);

static void expand(struct expander *x, struct ast_expr **pe, const struct ast_callable *m,
                   const struct ast_exprs *args) {
    struct unit *u = x->u;
    struct span at = (*pe)->span;
    for (unsigned i = 0; i < x->depth; i++) {
        if (x->chain[i] != m) continue;
        diag(u->diags, at, macro_recursion, m->name);
        diag_note(u->diags, m->name_span, "defined here");
        return;
    }
    if (x->depth == MAX_DEPTH || x->serial >= MAX_EXPANSIONS) {
        diag(u->diags, at, macro_depth, m->name);
        return;
    }
    struct span *call = ARENA_NEW(u->arena, struct span);
    *call = at;
    struct binding b = {.x = x, .macro = m, .args = args, .call = call, .serial = ++x->serial};
    struct ast_visitor v = {.ctx = &b, .expr = substitute, .type = substitute_type};
    struct ast_expr *block = ast_expr_new(u->arena, AST_BLOCK_EXPR, at);
    block->block.stmts = ast_stmts_clone(u->arena, &m->body);
    block->block.value = ast_expr_clone(u->arena, m->value);
    ast_visit_stmts(&v, &block->block.stmts);
    if (block->block.value) ast_visit_expr(&v, &block->block.value);
    x->chain[x->depth++] = m;
    struct ast_visitor again = {.ctx = x, .expr = visit};
    ast_visit_stmts(&again, &block->block.stmts);
    if (block->block.value) ast_visit_expr(&again, &block->block.value);
    x->depth--;
    *pe = !block->block.stmts.len && block->block.value ? block->block.value : block;
}

static void visit(void *ctx, struct ast_expr **pe) {
    struct expander *x = ctx;
    struct ast_expr *e = *pe;
    struct ast_exprs none = {0};
    unsigned unused;
    bool any;
    if (e->kind == AST_IDENT) {
        const struct ast_callable *m = choose(x->u, e->ident.name, &none, &any);
        if (!any) m = of_define(x->u, e->ident.name, &none, false);
        if (m) expand(x, pe, m, &none);
        return;
    }
    if (e->kind != AST_CALL) return;
    const struct ast_callable *m = choose(x->u, e->call.name, &e->call.args, &any);
    if (!any) m = of_define(x->u, e->call.name, &e->call.args, true);
    if (m) {
        struct ast_exprs args = e->call.args;
        expand(x, pe, m, &args);
    } else if (any && function_find(e->call.name) < 0 && variable_find(e->call.name, &unused) < 0) {
        diag(x->u->diags, e->span, macro_arguments, e->call.name);
        for (size_t i = 0; i < x->u->ast->macros.len; i++)
            if (!strcmp(x->u->ast->macros.data[i]->name, e->call.name))
                diag_note(x->u->diags, x->u->ast->macros.data[i]->name_span, "defined here");
    }
}

static bool same_signature(const struct ast_callable *a, const struct ast_callable *b) {
    if (strcmp(a->name, b->name) || a->params.len != b->params.len) return false;
    for (size_t i = 0; i < a->params.len; i++) {
        char x = a->params.data[i].name[0], y = b->params.data[i].name[0];
        bool sx = x == '$' || x == '@', sy = y == '$' || y == '@';
        if ((sx || sy) && x != y) return false;
    }
    return true;
}

static void no_return(void *ctx, struct ast_stmt *s) {
    struct unit *u = ctx;
    if (s->kind == AST_RETURN) diag(u->diags, s->span, macro_return);
}

void sema_macros(struct unit *u) {
    struct expander x = {.u = u};
    struct ast_visitor returns = {.ctx = u, .stmt = no_return};
    struct ast_visitor v = {.ctx = &x, .expr = visit};
    for (size_t i = 0; i < u->ast->macros.len; i++) {
        ast_visit_stmts(&returns, &u->ast->macros.data[i]->body);
        for (size_t k = 0; k < i; k++)
            if (same_signature(u->ast->macros.data[i], u->ast->macros.data[k]))
                diag(u->diags, u->ast->macros.data[i]->name_span, macro_twice,
                     u->ast->macros.data[i]->name);
    }
    for (size_t i = 0; i < u->ast->probes.len; i++) {
        struct ast_probe *p = u->ast->probes.data[i];
        if (p->predicate) ast_visit_expr(&v, &p->predicate);
        ast_visit_stmts(&v, &p->body);
    }
    for (size_t i = 0; i < u->ast->fns.len; i++) ast_visit_stmts(&v, &u->ast->fns.data[i]->body);
}
