// SPDX-License-Identifier: Apache-2.0
// Nodes of statements and of the top level, for the grammar's actions.
#include <string.h>

#include "parser/parser_internal.h"

#define NEW(kind, span) ast_stmt_new(p->arena, (kind), (span))

struct ast_stmt *parse_expr_stmt(struct parse *p, struct ast_expr *e, struct span span) {
    struct ast_stmt *s = NEW(AST_EXPR_STMT, span);
    s->expr = e;
    return s;
}

static bool is_target(const struct ast_expr *e) {
    switch (e->kind) {
    case AST_VAR:
    case AST_MAP:
    case AST_IDENT: // a macro's parameter
        return true;
    case AST_INDEX: return is_target(e->index.base);
    case AST_FIELD: return is_target(e->field.base);
    case AST_ELEMENT: return is_target(e->element.base);
    default: return false;
    }
}

struct ast_stmt *parse_assign(struct parse *p, struct ast_expr *target, int op,
                              struct ast_expr *value, struct span span) {
    if (target->kind == AST_IDENT && !strcmp(target->ident.name, "_") && op < 0) {
        // _ = x: the value is dropped on purpose.
        struct ast_stmts none = {0};
        struct ast_expr *block = parse_block_expr(p, &none, NULL, span);
        block->block.value = value;
        return parse_expr_stmt(p, block, span);
    }
    if (!is_target(target)) diag(p->diags, target->span, assign_target);
    struct ast_stmt *s = NEW(AST_ASSIGN, span);
    s->assign.target = target;
    s->assign.op = op;
    s->assign.value = value;
    return s;
}

struct ast_stmt *parse_let(struct parse *p, const struct token *var, struct ast_type *type,
                           struct ast_expr *value, struct span span) {
    struct ast_stmt *s = NEW(AST_LET, span);
    s->let.var = parse_name(p, AST_VAR, var);
    s->let.type = type;
    s->let.value = value;
    return s;
}

struct ast_stmt *parse_if(struct parse *p, struct ast_expr *cond, const struct ast_stmts *then,
                          const struct ast_stmts *otherwise, struct span span) {
    struct ast_stmt *s = NEW(AST_IF, span);
    s->cond.is_comptime = cond->kind == AST_COMPTIME;
    s->cond.cond = s->cond.is_comptime ? cond->comptime : cond;
    s->cond.then = *then;
    if (otherwise) s->cond.otherwise = *otherwise;
    return s;
}

struct ast_stmt *parse_else_if(struct parse *p, struct ast_expr *cond, const struct ast_stmts *then,
                               struct ast_stmt *otherwise, struct span span) {
    struct ast_stmts list = {0};
    VEC_PUSH(p->arena, &list, otherwise);
    return parse_if(p, cond, then, &list, span);
}

struct ast_stmt *parse_while(struct parse *p, enum ast_stmt_kind kind, struct ast_expr *cond,
                             const struct ast_stmts *body, struct span span) {
    struct ast_stmt *s = NEW(kind, span);
    s->loop.cond = cond;
    s->loop.body = *body;
    return s;
}

struct ast_stmt *parse_for(struct parse *p, const struct token *var, struct ast_expr *from,
                           struct ast_expr *to, const struct ast_stmts *body, struct span span) {
    struct ast_stmt *s = NEW(to ? AST_FOR_RANGE : AST_FOR_MAP, span);
    s->loop.var = parse_name(p, AST_VAR, var);
    s->loop.body = *body;
    if (to) {
        s->loop.from = from;
        s->loop.to = to;
    } else {
        s->loop.map = from;
        if (from->kind != AST_MAP && from->kind != AST_IDENT) diag(p->diags, from->span, loop_over);
    }
    return s;
}

// ---- top level ----

void parse_add_c(struct parse *p, const struct token *t) {
    struct ast_c_text c = {.text = t->text, .len = t->len, .span = t->span};
    VEC_PUSH(p->arena, &p->program->c_texts, c);
}

void parse_add_config(struct parse *p, const struct ast_config_items *items) {
    for (size_t i = 0; i < items->len; i++) VEC_PUSH(p->arena, &p->program->config, items->data[i]);
}

void parse_add_import(struct parse *p, const struct token *path, struct span span) {
    struct ast_import i = {.path = path->text, .span = span};
    VEC_PUSH(p->arena, &p->program->imports, i);
}

void parse_add_map(struct parse *p, const struct token *name, const struct token *kind,
                   const struct ast_exprs *args, const struct ast_config_items *options,
                   struct span span) {
    struct ast_map_decl *m = ARENA_NEW(p->arena, struct ast_map_decl);
    m->name = name->text;
    m->span = span;
    m->kind = kind->text;
    m->kind_span = kind->span;
    m->size = args->len ? args->data[0] : NULL;
    m->options = *options;
    if (args->len > 1) diag(p->diags, args->data[1]->span, map_decl_args, kind->text);
    VEC_PUSH(p->arena, &p->program->map_decls, m);
}

static struct ast_callable *callable(struct parse *p, const struct token *name,
                                     const struct ast_params *params, const struct ast_stmts *body,
                                     struct span span) {
    struct ast_callable *c = ARENA_NEW(p->arena, struct ast_callable);
    c->name = name->text;
    c->name_span = name->span;
    c->span = span;
    c->params = *params;
    c->body = *body;
    return c;
}

// Does the body's text end without a semicolon after its last statement?
static bool ends_in_value(const struct ast_stmts *body, struct span whole) {
    if (!body->len) return false;
    const struct ast_stmt *last = body->data[body->len - 1];
    if (last->kind != AST_EXPR_STMT) return false;
    const char *s = whole.src->text + last->span.end, *end = whole.src->text + whole.end;
    while (s < end && *s != ';') {
        // A semicolon in a comment is none; behind one it counts.
        bool block = s[0] == '/' && s[1] == '*', line = s[0] == '/' && s[1] == '/';
        const char *close = block ? strstr(s + 2, "*/") : line ? strchr(s, '\n') : NULL;
        s = close ? close + (block ? 2 : 1) : s + 1;
    }
    return s >= end;
}

void parse_add_macro(struct parse *p, const struct token *name, const struct ast_params *params,
                     const struct ast_stmts *body, struct span span) {
    struct ast_callable *c = callable(p, name, params, body, span);
    if (ends_in_value(body, span)) c->value = c->body.data[--c->body.len]->expr;
    VEC_PUSH(p->arena, &p->program->macros, c);
}

void parse_add_fn(struct parse *p, const struct token *name, const struct ast_params *params,
                  struct ast_type *ret, const struct ast_stmts *body, struct span span) {
    struct ast_callable *c = callable(p, name, params, body, span);
    c->ret = ret;
    VEC_PUSH(p->arena, &p->program->fns, c);
}

void parse_add_probe(struct parse *p, const struct ast_attach_points *points,
                     struct ast_expr *predicate, const struct ast_stmts *body, struct span span) {
    struct ast_probe *probe = ARENA_NEW(p->arena, struct ast_probe);
    probe->span = span;
    probe->points = *points;
    probe->predicate = predicate;
    probe->body = *body;
    VEC_PUSH(p->arena, &p->program->probes, probe);
}

void parse_point(struct parse *p, struct ast_attach_points *v, const struct token *t) {
    struct ast_attach_point point = {.text = t->text, .span = t->span};
    VEC_PUSH(p->arena, v, point);
}

void parse_config(struct parse *p, struct ast_config_items *v, const struct token *name,
                  struct ast_expr *value) {
    struct ast_config_item item = {.name = name->text, .span = name->span, .value = value};
    VEC_PUSH(p->arena, v, item);
}

void parse_param(struct parse *p, struct ast_params *v, const struct token *name,
                 struct ast_type *type) {
    struct ast_param param = {.name = name->text, .span = name->span, .type = type};
    VEC_PUSH(p->arena, v, param);
}
