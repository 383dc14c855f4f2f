// SPDX-License-Identifier: Apache-2.0
// The generic walk over a tree, for passes that look at some kinds of nodes only.
#include "parser/ast.h"

static void visit_type(const struct ast_visitor *v, struct ast_type **t) {
    if (!*t) return;
    visit_type(v, &(*t)->target);
    for (size_t i = 0; i < (*t)->elems.len; i++) visit_type(v, &(*t)->elems.data[i]);
    if ((*t)->count) ast_visit_expr(v, &(*t)->count);
    if ((*t)->expr) ast_visit_expr(v, &(*t)->expr);
    if (v->type) v->type(v->ctx, t);
}

static void visit_exprs(const struct ast_visitor *v, struct ast_exprs *list) {
    for (size_t i = 0; i < list->len; i++) ast_visit_expr(v, &list->data[i]);
}

static void visit_optional(const struct ast_visitor *v, struct ast_expr **e) {
    if (*e) ast_visit_expr(v, e);
}

static void visit_children(const struct ast_visitor *v, struct ast_expr *e) {
    switch (e->kind) {
    case AST_INT:
    case AST_BOOL:
    case AST_STRING:
    case AST_POSITIONAL:
    case AST_IDENT:
    case AST_BUILTIN:
    case AST_VAR:
    case AST_MAP: break;
    case AST_INDEX:
        ast_visit_expr(v, &e->index.base);
        visit_exprs(v, &e->index.keys);
        break;
    case AST_FIELD: ast_visit_expr(v, &e->field.base); break;
    case AST_ELEMENT: ast_visit_expr(v, &e->element.base); break;
    case AST_CALL: visit_exprs(v, &e->call.args); break;
    case AST_UNARY: ast_visit_expr(v, &e->unary.operand); break;
    case AST_BINARY:
        ast_visit_expr(v, &e->binary.left);
        ast_visit_expr(v, &e->binary.right);
        break;
    case AST_TERNARY:
        ast_visit_expr(v, &e->ternary.cond);
        ast_visit_expr(v, &e->ternary.then);
        ast_visit_expr(v, &e->ternary.otherwise);
        break;
    case AST_CAST:
    case AST_CONVERT:
        visit_type(v, &e->cast.to);
        ast_visit_expr(v, &e->cast.operand);
        break;
    case AST_SIZEOF:
    case AST_OFFSETOF:
    case AST_TYPEINFO:
    case AST_TYPE_ARG:
        visit_type(v, &e->size.of);
        visit_optional(v, &e->size.expr);
        break;
    case AST_TUPLE:
    case AST_RECORD: visit_exprs(v, &e->tuple.elems); break;
    case AST_BLOCK_EXPR:
        ast_visit_stmts(v, &e->block.stmts);
        visit_optional(v, &e->block.value);
        break;
    case AST_COMPTIME: ast_visit_expr(v, &e->comptime); break;
    }
}

void ast_visit_expr(const struct ast_visitor *v, struct ast_expr **e) {
    visit_children(v, *e);
    if (v->expr) v->expr(v->ctx, e);
}

void ast_visit_stmt(const struct ast_visitor *v, struct ast_stmt *s) {
    switch (s->kind) {
    case AST_EXPR_STMT:
    case AST_RETURN: visit_optional(v, &s->expr); break;
    case AST_ASSIGN:
        ast_visit_expr(v, &s->assign.value);
        ast_visit_expr(v, &s->assign.target);
        break;
    case AST_LET:
        visit_type(v, &s->let.type);
        visit_optional(v, &s->let.value);
        ast_visit_expr(v, &s->let.var);
        break;
    case AST_IF:
        ast_visit_expr(v, &s->cond.cond);
        ast_visit_stmts(v, &s->cond.then);
        ast_visit_stmts(v, &s->cond.otherwise);
        break;
    case AST_WHILE:
    case AST_UNROLL:
    case AST_FOR_RANGE:
    case AST_FOR_MAP:
        visit_optional(v, &s->loop.cond);
        visit_optional(v, &s->loop.from);
        visit_optional(v, &s->loop.to);
        visit_optional(v, &s->loop.map);
        visit_optional(v, &s->loop.var);
        ast_visit_stmts(v, &s->loop.body);
        break;
    case AST_BLOCK: ast_visit_stmts(v, &s->block); break;
    case AST_BREAK:
    case AST_CONTINUE:
    case AST_ERROR_STMT: break;
    }
    if (v->stmt) v->stmt(v->ctx, s);
}

void ast_visit_stmts(const struct ast_visitor *v, struct ast_stmts *s) {
    if (v->list) v->list(v->ctx, s);
    for (size_t i = 0; i < s->len; i++) ast_visit_stmt(v, s->data[i]);
}
