// SPDX-License-Identifier: Apache-2.0
// Constructors and deep copies of nodes. Copies start without what sema found out.
#include "parser/ast.h"

struct ast_expr *ast_expr_new(struct arena *a, enum ast_expr_kind kind, struct span span) {
    struct ast_expr *e = ARENA_NEW(a, struct ast_expr);
    e->kind = kind;
    e->span = span;
    return e;
}

struct ast_stmt *ast_stmt_new(struct arena *a, enum ast_stmt_kind kind, struct span span) {
    struct ast_stmt *s = ARENA_NEW(a, struct ast_stmt);
    s->kind = kind;
    s->span = span;
    return s;
}

static struct ast_exprs clone_exprs(struct arena *a, const struct ast_exprs *v) {
    struct ast_exprs out = {0};
    for (size_t i = 0; i < v->len; i++) VEC_PUSH(a, &out, ast_expr_clone(a, v->data[i]));
    return out;
}

static struct ast_type *clone_type(struct arena *a, const struct ast_type *t) {
    if (!t) return NULL;
    struct ast_type *n = ARENA_NEW(a, struct ast_type);
    *n = *t;
    n->target = clone_type(a, t->target);
    n->count = ast_expr_clone(a, t->count);
    n->expr = ast_expr_clone(a, t->expr);
    n->elems = (struct ast_types){0};
    for (size_t i = 0; i < t->elems.len; i++)
        VEC_PUSH(a, &n->elems, clone_type(a, t->elems.data[i]));
    return n;
}

static void clone_children(struct arena *a, struct ast_expr *n) {
    switch (n->kind) {
    case AST_INT:
    case AST_BOOL:
    case AST_STRING:
    case AST_POSITIONAL:
    case AST_IDENT:
    case AST_BUILTIN: break;
    case AST_VAR: n->var.var = NULL; break;
    case AST_MAP: n->map.map = NULL; break;
    case AST_INDEX:
        n->index.base = ast_expr_clone(a, n->index.base);
        n->index.keys = clone_exprs(a, &n->index.keys);
        break;
    case AST_FIELD: n->field.base = ast_expr_clone(a, n->field.base); break;
    case AST_ELEMENT: n->element.base = ast_expr_clone(a, n->element.base); break;
    case AST_CALL:
        n->call.args = clone_exprs(a, &n->call.args);
        n->call.fn = NULL;
        break;
    case AST_UNARY: n->unary.operand = ast_expr_clone(a, n->unary.operand); break;
    case AST_BINARY:
        n->binary.left = ast_expr_clone(a, n->binary.left);
        n->binary.right = ast_expr_clone(a, n->binary.right);
        break;
    case AST_TERNARY:
        n->ternary.cond = ast_expr_clone(a, n->ternary.cond);
        n->ternary.then = ast_expr_clone(a, n->ternary.then);
        n->ternary.otherwise = ast_expr_clone(a, n->ternary.otherwise);
        break;
    case AST_CAST:
    case AST_CONVERT:
        n->cast.to = clone_type(a, n->cast.to);
        n->cast.operand = ast_expr_clone(a, n->cast.operand);
        break;
    case AST_SIZEOF:
    case AST_OFFSETOF:
    case AST_TYPEINFO:
    case AST_TYPE_ARG:
        n->size.of = clone_type(a, n->size.of);
        n->size.expr = ast_expr_clone(a, n->size.expr);
        break;
    case AST_TUPLE:
    case AST_RECORD: n->tuple.elems = clone_exprs(a, &n->tuple.elems); break;
    case AST_BLOCK_EXPR:
        n->block.stmts = ast_stmts_clone(a, &n->block.stmts);
        n->block.value = ast_expr_clone(a, n->block.value);
        break;
    case AST_COMPTIME: n->comptime = ast_expr_clone(a, n->comptime); break;
    }
}

struct ast_expr *ast_expr_clone(struct arena *a, const struct ast_expr *e) {
    if (!e) return NULL;
    struct ast_expr *n = ARENA_NEW(a, struct ast_expr);
    *n = *e;
    n->type = NULL;
    clone_children(a, n);
    return n;
}

static struct ast_stmt *clone_stmt(struct arena *a, const struct ast_stmt *s) {
    struct ast_stmt *n = ARENA_NEW(a, struct ast_stmt);
    *n = *s;
    switch (s->kind) {
    case AST_EXPR_STMT:
    case AST_RETURN: n->expr = ast_expr_clone(a, s->expr); break;
    case AST_ASSIGN:
        n->assign.target = ast_expr_clone(a, s->assign.target);
        n->assign.value = ast_expr_clone(a, s->assign.value);
        break;
    case AST_LET:
        n->let.var = ast_expr_clone(a, s->let.var);
        n->let.type = clone_type(a, s->let.type);
        n->let.value = ast_expr_clone(a, s->let.value);
        break;
    case AST_IF:
        n->cond.cond = ast_expr_clone(a, s->cond.cond);
        n->cond.then = ast_stmts_clone(a, &s->cond.then);
        n->cond.otherwise = ast_stmts_clone(a, &s->cond.otherwise);
        break;
    case AST_WHILE:
    case AST_UNROLL:
    case AST_FOR_RANGE:
    case AST_FOR_MAP:
        n->loop.var = ast_expr_clone(a, s->loop.var);
        n->loop.cond = ast_expr_clone(a, s->loop.cond);
        n->loop.from = ast_expr_clone(a, s->loop.from);
        n->loop.to = ast_expr_clone(a, s->loop.to);
        n->loop.map = ast_expr_clone(a, s->loop.map);
        n->loop.body = ast_stmts_clone(a, &s->loop.body);
        n->loop.captures = NULL;
        n->loop.ncaptures = 0;
        break;
    case AST_BLOCK: n->block = ast_stmts_clone(a, &s->block); break;
    case AST_BREAK:
    case AST_CONTINUE:
    case AST_ERROR_STMT: break;
    }
    return n;
}

struct ast_stmts ast_stmts_clone(struct arena *a, const struct ast_stmts *s) {
    struct ast_stmts out = {0};
    for (size_t i = 0; i < s->len; i++) VEC_PUSH(a, &out, clone_stmt(a, s->data[i]));
    return out;
}
