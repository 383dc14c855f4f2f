// SPDX-License-Identifier: Apache-2.0
// Types of expressions: the dispatcher, literals, names, tuples, blocks, ternaries.
#include "sema/sema_internal.h"

enum { MAX_READS = 1000, MAX_STRING_LITERAL = 16384 };

static const struct type *int_literal(struct infer *in, const struct ast_expr *e) {
    if (e->type && e->type->kind == TYPE_ENUM) return e->type;
    if (e->type && e->type->kind == TYPE_ERROR) return e->type;
    if (in->final && e->type) return e->type;
    return literal_type(in->t, e);
}

void infer_map_scalar(struct sema_map *m, const struct ast_expr *e) {
    if (!m->is_scalar) m->scalar_span = e->span;
    m->is_scalar = true;
}

static const struct type *infer_map_read(struct infer *in, struct ast_expr *e) {
    struct sema_map *m = e->map.map;
    if (!infer_map_allows(in, e, MAP_SCALAR)) return error_type(in);
    m->is_read_in_kernel = true;
    if (m->key && !m->is_scalar && in->final) {
        diag(in->u->diags, e->span, map_needs_key, m->name);
        diag_note(in->u->diags, m->key_span, "it has a key here");
        return error_type(in);
    }
    if (m->value->kind == TYPE_NONE && in->final) {
        diag(in->u->diags, e->span, map_undefined, m->name);
        return error_type(in);
    }
    infer_map_scalar(m, e);
    return map_read_type(in, m, e);
}

const struct type *map_read_type(struct infer *in, const struct sema_map *m,
                                 const struct ast_expr *e) {
    if (!type_is_aggregate(m->value)) return m->value;
    if (m->value->kind >= TYPE_STATS) {
        if (in->final)
            diag(in->u->diags, e->span, map_aggregate_read, m->name, type_name(in->t, m->value));
        return error_type(in);
    }
    return types_int(in->t, 64, m->value->kind == TYPE_COUNT || m->value->is_signed);
}

static const struct type *infer_tuple(struct infer *in, struct ast_expr *e) {
    uint32_t n = (uint32_t)e->tuple.elems.len;
    const struct type **elems = arena_alloc(in->u->arena, (n + 1) * sizeof(*elems));
    for (uint32_t i = 0; i < n; i++) {
        elems[i] = infer_expr(in, &e->tuple.elems.data[i]);
        if (elems[i]->kind == TYPE_NONE || elems[i]->kind == TYPE_ERROR) return elems[i];
        if (elems[i]->kind == TYPE_VOID) {
            if (in->final) diag(in->u->diags, e->tuple.elems.data[i]->span, no_value, "void");
            return error_type(in);
        }
        elems[i] = type_stored(in->t, elems[i]);
        infer_convert(in, &e->tuple.elems.data[i], elems[i]);
    }
    for (size_t i = 0; i < e->tuple.names.len; i++)
        for (size_t k = 0; k < i; k++)
            if (in->final && !strcmp(e->tuple.names.data[i], e->tuple.names.data[k]))
                diag(in->u->diags, e->span, record_twice, e->tuple.names.data[i]);
    return types_tuple(in->t, elems, e->kind == AST_RECORD ? e->tuple.names.data : NULL, n);
}

// A condition that is written as a literal chooses now: the other value may be of any type.
static const struct type *infer_ternary(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    const struct type *cond = infer_expr(in, &e->ternary.cond);
    const struct ast_expr *known = e->ternary.cond;
    if (known->kind == AST_BOOL || known->kind == AST_INT) {
        bool yes = known->kind == AST_BOOL ? known->boolean : known->integer.value != 0;
        *pe = yes ? e->ternary.then : e->ternary.otherwise;
        return infer_expr(in, pe);
    }
    const struct type *a = infer_expr(in, &e->ternary.then);
    const struct type *b = infer_expr(in, &e->ternary.otherwise);
    if (in->final && is_known(cond) && !type_is_scalar(cond) && cond->kind != TYPE_STRING)
        diag(in->u->diags, e->ternary.cond->span, condition_type, type_name(in->t, cond));
    const struct type *type = type_unify(in->t, a, b);
    if (!type) {
        if (in->final)
            diag(in->u->diags, e->span, ternary_types, type_name(in->t, a), type_name(in->t, b));
        return error_type(in);
    }
    infer_convert(in, &e->ternary.then, type);
    infer_convert(in, &e->ternary.otherwise, type);
    return type;
}

static const struct type *infer_block(struct infer *in, struct ast_expr *e) {
    infer_stmts(in, &e->block.stmts);
    return e->block.value ? infer_expr(in, &e->block.value) : types_basic(in->t, TYPE_VOID);
}

static const struct type *infer_comptime(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *inner = (*pe)->comptime;
    const struct type *type = infer_expr(in, &inner);
    (*pe)->comptime = inner;
    if (!expr_is_literal(inner)) {
        if (in->final) diag(in->u->diags, (*pe)->span, comptime);
        return type;
    }
    *pe = inner;
    return type;
}

static const struct type *string_literal(struct infer *in, const struct ast_expr *e) {
    if (e->string.len < MAX_STRING_LITERAL) return types_string(in->t, (uint32_t)e->string.len + 1);
    if (in->final) diag(in->u->diags, e->span, string_long, (unsigned)MAX_STRING_LITERAL);
    return error_type(in);
}

static const struct type *type_of(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    switch (e->kind) {
    case AST_INT: return int_literal(in, e);
    case AST_BOOL: return types_basic(in->t, TYPE_BOOL);
    case AST_STRING: return string_literal(in, e);
    case AST_BUILTIN:
        if (e->ident.variable == VAR_has_cpid) { // known now: an `if` of it chooses
            e->kind = AST_BOOL;
            e->boolean = in->u->options.program != NULL;
            return types_basic(in->t, TYPE_BOOL);
        }
        return infer_builtin(in, e);
    case AST_VAR: return e->var.var->type;
    case AST_MAP: return infer_map_read(in, e);
    case AST_INDEX: return infer_index(in, pe);
    case AST_FIELD: return infer_field(in, pe);
    case AST_ELEMENT: return infer_element(in, pe);
    case AST_CALL: return infer_call(in, pe);
    case AST_UNARY: return infer_unary(in, pe);
    case AST_BINARY: return infer_binary(in, pe);
    case AST_TERNARY: return infer_ternary(in, pe);
    case AST_CAST:
    case AST_SIZEOF:
    case AST_OFFSETOF:
    case AST_TYPEINFO: return infer_cast(in, pe);
    case AST_CONVERT: { // made by a rewrite, or by a conversion of this very round
        const struct type *to = e->type;
        infer_expr(in, &e->cast.operand);
        return to;
    }
    case AST_TUPLE:
    case AST_RECORD: return infer_tuple(in, e);
    case AST_BLOCK_EXPR: return infer_block(in, e);
    case AST_COMPTIME: return infer_comptime(in, pe);
    case AST_TYPE_ARG:
        if (in->final) diag(in->u->diags, e->span, type_as_value);
        return error_type(in);
    case AST_POSITIONAL:
    case AST_IDENT: return error_type(in);
    }
    return error_type(in);
}

// Each such read waits for the one inside it: code for a chain of them is slow to schedule.
static bool reads_inner(const struct ast_expr *e) {
    return e->kind == AST_INDEX || e->kind == AST_FIELD ||
           (e->kind == AST_UNARY && e->unary.op == AST_DEREF);
}

static const struct type *type_at_depth(struct infer *in, struct ast_expr **pe) {
    if (!reads_inner(*pe)) return type_of(in, pe);
    if (in->depth == MAX_READS) {
        if (in->final) diag(in->u->diags, (*pe)->span, nesting);
        return error_type(in);
    }
    in->depth++;
    const struct type *type = type_of(in, pe);
    in->depth--;
    return type;
}

const struct type *infer_expr(struct infer *in, struct ast_expr **pe) {
    const struct type *type = type_at_depth(in, pe);
    if (type->kind == TYPE_ENUM) types_complete(in->t, type); // values print by name
    (*pe)->type = type;
    return type;
}
