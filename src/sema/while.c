// SPDX-License-Identifier: Apache-2.0
// Does a while loop count, by steps that are written in the script, to an end that is? Then the
// verifier can follow it turn by turn. Every other one, such as a walk along pointers or a wait for
// a map's value, it would refuse, or follow until it gives up.
#include "sema/sema_internal.h"

enum { MAX_FOLLOWED = 4096 /* the verifier gives up after a million instructions */ };

struct steps { // how the script changes one variable
    const char *name;
    bool steps; // by ++, --, or an operator and a literal
    bool jumps; // otherwise
    bool sets;  // to a literal
};

static bool is_small(const struct ast_expr *e) {
    while (e->kind == AST_CAST) e = e->cast.operand;
    if (e->kind == AST_UNARY && e->unary.op == AST_NEG) e = e->unary.operand;
    if (e->kind == AST_BOOL) return true;
    if (e->kind != AST_INT) return false;
    uint64_t size = e->integer.is_negative ? 0 - e->integer.value : e->integer.value;
    return size <= MAX_FOLLOWED;
}

static bool is_named(const struct ast_expr *e, const char *name) {
    return e->kind == AST_VAR && !strcmp(e->var.name, name);
}

static bool is_step(const struct ast_expr *e) {
    return e->kind == AST_UNARY && (e->unary.op == AST_PRE_INC || e->unary.op == AST_PRE_DEC ||
                                    e->unary.op == AST_POST_INC || e->unary.op == AST_POST_DEC);
}

static void look_expr(void *ctx, struct ast_expr **pe) {
    struct steps *s = ctx;
    const struct ast_expr *e = *pe;
    if (e->kind == AST_UNARY && is_named(e->unary.operand, s->name)) {
        if (is_step(e)) s->steps = true;
        if (e->unary.op == AST_ADDRESS) s->jumps = true;
    }
    if (e->kind == AST_CALL && !strcmp(e->call.name, "find"))
        for (size_t i = 0; i < e->call.args.len; i++)
            s->jumps = s->jumps || is_named(e->call.args.data[i], s->name);
}

static void look_assign(struct steps *s, const struct ast_stmt *a) {
    const struct ast_expr *value = a->assign.value;
    if (!is_named(a->assign.target, s->name)) return;
    if (a->assign.op >= 0) { // $x += 2
        *(is_small(value) ? &s->steps : &s->jumps) = true;
        return;
    }
    bool step = value->kind == AST_BINARY && is_named(value->binary.left, s->name) &&
                is_small(value->binary.right); // $x = $x + 2
    *(step ? &s->steps : is_small(value) ? &s->sets : &s->jumps) = true;
}

static void look_stmt(void *ctx, struct ast_stmt *stmt) {
    struct steps *s = ctx;
    if (stmt->kind == AST_ASSIGN) look_assign(s, stmt);
    if (stmt->kind == AST_LET && is_named(stmt->let.var, s->name))
        *(!stmt->let.value || is_small(stmt->let.value) ? &s->sets : &s->jumps) = true;
    bool is_for = stmt->kind == AST_FOR_MAP || stmt->kind == AST_FOR_RANGE;
    if (is_for && is_named(stmt->loop.var, s->name)) s->jumps = true;
}

struct counting {
    struct ast_stmts *around; // the body of the program or function
    struct ast_stmt *loop;
};

// Does the variable start at a literal, and change by steps alone in the loop?
static bool counts(const struct counting *c, const struct ast_expr *e) {
    if (is_step(e)) e = e->unary.operand;
    if (e->kind != AST_VAR) return false;
    struct steps all = {.name = e->var.name}, inside = {.name = e->var.name};
    struct ast_visitor v = {.ctx = &all, .expr = look_expr, .stmt = look_stmt};
    ast_visit_stmts(&v, c->around);
    v.ctx = &inside;
    ast_visit_expr(&v, &c->loop->loop.cond);
    ast_visit_stmts(&v, &c->loop->loop.body);
    return all.sets && !all.jumps && inside.steps && !inside.sets;
}

// Does such a variable alone decide about the condition?
static bool decides(const struct counting *c, const struct ast_expr *e) {
    if (e->kind != AST_BINARY) return counts(c, e);
    const struct ast_expr *l = e->binary.left, *r = e->binary.right;
    if (e->binary.op == AST_LAND) return decides(c, l) || decides(c, r);
    if (e->binary.op == AST_LOR) return decides(c, l) && decides(c, r);
    return (is_small(r) && counts(c, l)) || (is_small(l) && counts(c, r));
}

static bool leaves(const struct ast_stmts *s) {
    for (size_t i = 0; i < s->len; i++)
        if (s->data[i]->kind == AST_BREAK || s->data[i]->kind == AST_RETURN) return true;
    return false;
}

bool sema_while_counts(struct ast_stmts *around, struct ast_stmt *loop) {
    const struct counting c = {around, loop};
    if (decides(&c, loop->loop.cond)) return true;
    for (size_t i = 0; i < loop->loop.body.len; i++) {
        const struct ast_stmt *s = loop->loop.body.data[i];
        if (s->kind == AST_IF && (leaves(&s->cond.then) || leaves(&s->cond.otherwise)) &&
            decides(&c, s->cond.cond))
            return true;
    }
    return false;
}
