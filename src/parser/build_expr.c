// SPDX-License-Identifier: Apache-2.0
// Nodes of expressions and types, for the grammar's actions.
#include "parser/parser_internal.h"

#define NEW(kind, span) ast_expr_new(p->arena, (kind), (span))

struct ast_expr *parse_block_expr(struct parse *p, const struct ast_stmts *stmts,
                                  struct ast_stmt *last, struct span span) {
    struct ast_expr *e = NEW(AST_BLOCK_EXPR, span);
    e->block.stmts = *stmts;
    if (last && last->kind == AST_EXPR_STMT)
        e->block.value = last->expr;
    else if (last)
        VEC_PUSH(p->arena, &e->block.stmts, last);
    return e;
}

struct ast_expr *parse_ternary(struct parse *p, struct ast_expr *cond, struct ast_expr *then,
                               struct ast_expr *otherwise, struct span span) {
    struct ast_expr *e = NEW(AST_TERNARY, span);
    e->ternary.cond = cond;
    e->ternary.then = then;
    e->ternary.otherwise = otherwise;
    return e;
}

struct ast_expr *parse_binary(struct parse *p, enum ast_binary op, struct ast_expr *left,
                              struct ast_expr *right, struct span op_span) {
    struct ast_expr *e = NEW(AST_BINARY, span_join(left->span, right->span));
    e->binary.op = op;
    e->binary.left = left;
    e->binary.right = right;
    e->binary.op_span = op_span;
    return e;
}

static bool is_lvalue(const struct ast_expr *e) {
    switch (e->kind) {
    case AST_VAR:
    case AST_MAP:
    case AST_INDEX: return true;
    default: return false;
    }
}

struct ast_expr *parse_unary(struct parse *p, enum ast_unary op, struct ast_expr *operand,
                             struct span span) {
    if (op >= AST_PRE_INC && !is_lvalue(operand) && operand->kind != AST_IDENT)
        diag(p->diags, span, increment_target);
    // -1 is one literal, so that its type is that of the negative number.
    if (op == AST_NEG && operand->kind == AST_INT && !operand->integer.is_negative &&
        !operand->integer.is_unsigned && operand->integer.value <= (uint64_t)1 << 63) {
        operand->integer.is_negative = operand->integer.value != 0;
        operand->integer.value = -operand->integer.value;
        operand->span = span;
        return operand;
    }
    struct ast_expr *e = NEW(AST_UNARY, span);
    e->unary.op = op;
    e->unary.operand = operand;
    return e;
}

struct ast_expr *parse_cast(struct parse *p, struct ast_type *to, struct ast_expr *operand,
                            struct span span) {
    struct ast_expr *e = NEW(AST_CAST, span);
    e->cast.to = to;
    e->cast.operand = operand;
    return e;
}

struct ast_expr *parse_index(struct parse *p, struct ast_expr *base, const struct ast_exprs *keys,
                             struct span span) {
    struct ast_expr *e = NEW(AST_INDEX, span);
    e->index.base = base;
    e->index.keys = *keys;
    return e;
}

struct ast_expr *parse_field(struct parse *p, struct ast_expr *base, const struct token *name,
                             bool is_arrow, struct span span) {
    struct ast_expr *e = NEW(AST_FIELD, span);
    e->field.base = base;
    e->field.name = name->text;
    e->field.name_span = name->span;
    e->field.is_arrow = is_arrow;
    return e;
}

struct ast_expr *parse_element(struct parse *p, struct ast_expr *base, const struct token *index,
                               struct span span) {
    struct ast_expr *e = NEW(AST_ELEMENT, span);
    e->element.base = base;
    e->element.index = index->number > 1000000 ? 1000000 : (unsigned)index->number;
    return e;
}

struct ast_expr *parse_int(struct parse *p, const struct token *t) {
    struct ast_expr *e = NEW(AST_INT, t->span);
    e->integer.value = t->number;
    e->integer.is_unsigned = t->is_unsigned;
    return e;
}

struct ast_expr *parse_string(struct parse *p, const struct token *t) {
    struct ast_expr *e = NEW(AST_STRING, t->span);
    e->string.data = t->text;
    e->string.len = t->len;
    return e;
}

struct ast_expr *parse_positional(struct parse *p, const struct token *t) {
    struct ast_expr *e = NEW(AST_POSITIONAL, t->span);
    e->positional.index = (unsigned)t->number;
    return e;
}

struct ast_expr *parse_name(struct parse *p, enum ast_expr_kind kind, const struct token *t) {
    struct ast_expr *e = NEW(kind, t->span);
    if (kind == AST_VAR)
        e->var.name = t->text;
    else if (kind == AST_MAP)
        e->map.name = t->text;
    else
        e->ident.name = t->text;
    return e;
}

struct ast_expr *parse_call(struct parse *p, const struct token *name, const struct ast_exprs *args,
                            struct span span) {
    struct ast_expr *e = NEW(AST_CALL, span);
    e->call.name = name->text;
    e->call.name_span = name->span;
    e->call.args = *args;
    e->call.function = -1;
    return e;
}

struct ast_expr *parse_type_arg(struct parse *p, struct ast_type *of, struct ast_expr *operand,
                                struct span span) {
    struct ast_expr *e = NEW(AST_TYPE_ARG, span);
    e->size.of = of;
    if (!of) {
        e->size.of = parse_type(p, AST_TYPE_TYPEOF, NULL, span);
        e->size.of->expr = operand;
    }
    return e;
}

struct ast_expr *parse_call_type(struct parse *p, const struct token *name, struct ast_type *type,
                                 struct span span) {
    struct ast_exprs args = {0};
    VEC_PUSH(p->arena, &args, parse_type_arg(p, type, NULL, type->span));
    return parse_call(p, name, &args, span);
}

// a ?: b evaluates a twice only in text: sema sees one node used twice, so it is copied.
struct ast_expr *parse_elvis(struct parse *p, struct ast_expr *cond, struct ast_expr *otherwise,
                             struct span span) {
    return parse_ternary(p, cond, ast_expr_clone(p->arena, cond), otherwise, span);
}

struct ast_expr *parse_tuple(struct parse *p, struct ast_expr *first, const struct ast_exprs *rest,
                             struct span span) {
    struct ast_expr *e = NEW(AST_TUPLE, span);
    VEC_PUSH(p->arena, &e->tuple.elems, first);
    for (size_t i = 0; rest && i < rest->len; i++)
        VEC_PUSH(p->arena, &e->tuple.elems, rest->data[i]);
    return e;
}

struct ast_expr *parse_record(struct parse *p, const struct field_list *fields, struct span span) {
    struct ast_expr *e = NEW(AST_RECORD, span);
    e->tuple.elems = fields->exprs;
    e->tuple.names = fields->names;
    return e;
}

void parse_record_field(struct parse *p, struct field_list *f, const struct token *name,
                        struct ast_expr *value) {
    VEC_PUSH(p->arena, &f->names, name->text);
    VEC_PUSH(p->arena, &f->exprs, value);
}

struct ast_expr *parse_sizeof(struct parse *p, struct ast_type *of, struct ast_expr *operand,
                              struct span span) {
    struct ast_expr *e = NEW(AST_SIZEOF, span);
    e->size.of = of;
    e->size.expr = operand;
    return e;
}

struct ast_expr *parse_offsetof(struct parse *p, struct ast_type *of, struct ast_expr *operand,
                                const struct field_list *path, struct span span) {
    struct ast_expr *e = NEW(AST_OFFSETOF, span);
    e->size.of = of;
    e->size.expr = operand;
    e->size.fields = path->names;
    return e;
}

struct ast_expr *parse_typeinfo(struct parse *p, struct ast_type *of, struct ast_expr *operand,
                                struct span span) {
    struct ast_expr *e = NEW(AST_TYPEINFO, span);
    e->size.of = of;
    e->size.expr = operand;
    return e;
}

struct ast_type *parse_type(struct parse *p, enum ast_type_kind kind, struct ast_type *target,
                            struct span span) {
    struct ast_type *t = ARENA_NEW(p->arena, struct ast_type);
    t->kind = kind;
    t->span = span;
    t->target = target;
    return t;
}

struct ast_type *parse_type_name(struct parse *p, struct ast_type *before, const struct token *word,
                                 struct span span) {
    struct ast_type *t = parse_type(p, AST_TYPE_NAME, NULL, span);
    t->name = before ? arena_printf(p->arena, "%s %s", before->name, word->text) : word->text;
    return t;
}

struct ast_type *parse_type_tag(struct parse *p, const char *tag, const struct token *name,
                                struct span span) {
    struct ast_type *t = parse_type(p, AST_TYPE_NAME, NULL, span);
    t->name = arena_printf(p->arena, "%s %s", tag, name->text);
    return t;
}

void parse_type_field(struct parse *p, struct field_list *f, const struct token *name,
                      struct ast_type *type) {
    VEC_PUSH(p->arena, &f->names, name->text);
    VEC_PUSH(p->arena, &f->types, type);
}
