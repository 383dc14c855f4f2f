// SPDX-License-Identifier: Apache-2.0
// How types grow together: unification, what variables and maps store, implicit conversions.
#include "sema/sema_internal.h"

const struct type *none_type(struct infer *in) { return types_basic(in->t, TYPE_NONE); }

const struct type *error_type(struct infer *in) { return types_basic(in->t, TYPE_ERROR); }

static bool is_char_array(const struct type *t) {
    return t->kind == TYPE_ARRAY && t->target->is_char;
}

bool type_is_text(const struct type *t) {
    return t->kind == TYPE_STRING || (t->kind == TYPE_ARRAY && t->target->is_char);
}

const struct type *type_stored(struct types *t, const struct type *type) {
    switch (type->kind) {
    case TYPE_INT: return type->is_literal ? type : types_int(t, type->size * 8, type->is_signed);
    case TYPE_ARRAY:
        return is_char_array(type) && type->count ? types_string(t, type->count) : type;
    default: return type;
    }
}

// The field of a record by name; of a plain tuple by place. NULL when there is none.
const struct type_field *tuple_field(const struct type *tuple, const struct type_field *like,
                                     uint32_t place) {
    if (!*like->name) return *tuple->fields[place].name ? NULL : &tuple->fields[place];
    for (uint32_t i = 0; i < tuple->nfields; i++)
        if (!strcmp(tuple->fields[i].name, like->name)) return &tuple->fields[i];
    return NULL;
}

static const struct type *unify_tuples(struct types *t, const struct type *a,
                                       const struct type *b) {
    if (a->nfields != b->nfields) return NULL;
    const struct type **elems = types_alloc(t, (a->nfields + 1) * sizeof(*elems));
    const char **names = types_alloc(t, (a->nfields + 1) * sizeof(*names));
    bool named = false, same_a = true, same_b = true;
    for (uint32_t i = 0; i < a->nfields; i++) {
        const struct type_field *other = tuple_field(b, &a->fields[i], i);
        if (!other) return NULL;
        names[i] = a->fields[i].name;
        named = named || *names[i];
        elems[i] = type_unify(t, a->fields[i].type, other->type);
        if (!elems[i]) return NULL;
        same_a = same_a && type_identical(elems[i], a->fields[i].type);
        same_b = same_b && other == &b->fields[i] && type_identical(elems[i], other->type);
    }
    if (same_a) return a;
    if (same_b) return b;
    return types_tuple(t, elems, named ? names : NULL, a->nfields);
}

// What holds both: a literal takes the other's sign, else a signed integer of twice the unsigned
// one's width, at most 64 bits.
static const struct type *unify_ints(struct types *t, const struct type *a, const struct type *b) {
    if (a->is_literal != b->is_literal) {
        const struct type *literal = a->is_literal ? a : b, *other = a->is_literal ? b : a;
        if (other->kind == TYPE_ENUM && literal->size <= other->size) return other;
        uint32_t size = literal->size > other->size ? literal->size : other->size;
        return types_int(t, size * 8, other->is_signed);
    }
    if (a->is_signed == b->is_signed) {
        if (a->kind == b->kind) return a->size >= b->size ? a : b;
        return types_int(t, (a->size > b->size ? a->size : b->size) * 8, a->is_signed);
    }
    const struct type *s = a->is_signed ? a : b, *u = a->is_signed ? b : a;
    if (s->size > u->size) return s;
    return types_int(t, u->size < 4 ? u->size * 16 : 64, true);
}

const struct type *type_unify(struct types *t, const struct type *a, const struct type *b) {
    if (a->kind == TYPE_NONE || b->kind == TYPE_ERROR) return b;
    if (b->kind == TYPE_NONE || a->kind == TYPE_ERROR) return a;
    if (a == b || type_identical(a, b)) return a;
    if (type_is_integer(a) && type_is_integer(b)) return unify_ints(t, a, b);
    if (a->kind == TYPE_POINTER && b->kind == TYPE_POINTER) {
        if (a->target->kind == TYPE_VOID) return b;
        if (b->target->kind == TYPE_VOID) return a;
        if (!type_equal(a->target, b->target)) return NULL;
        return a->target->is_literal ? b : a;
    }
    if (is_char_array(a)) a = types_string(t, a->count);
    if (is_char_array(b)) b = types_string(t, b->count);
    if (a->kind != b->kind) return NULL;
    switch (a->kind) {
    case TYPE_STRING: return a->size >= b->size ? a : b;
    case TYPE_BUFFER: return a->count >= b->count ? a : b;
    case TYPE_TUPLE: return unify_tuples(t, a, b);
    case TYPE_SUM:
    case TYPE_AVG:
    case TYPE_MIN:
    case TYPE_MAX:
    case TYPE_STATS: return a->is_signed ? a : b;
    default: return NULL;
    }
}

bool type_assignable(const struct type *to, const struct type *from) {
    if (!is_known(to) || !is_known(from) || type_equal(to, from)) return true;
    if (type_is_integer(to) && (type_is_integer(from) || type_is_aggregate(from))) return true;
    if (to->kind == TYPE_POINTER && from->kind == TYPE_POINTER)
        return to->target->kind == TYPE_VOID || from->target->kind == TYPE_VOID ||
               type_equal(to->target, from->target);
    if (to->kind == TYPE_POINTER && type_is_integer(from)) return true;
    if (to->kind == TYPE_STRING)
        return (from->kind == TYPE_STRING && from->size <= to->size) ||
               (is_char_array(from) && from->count <= to->size);
    if (to->kind == TYPE_BUFFER && from->kind == TYPE_BUFFER) return from->count <= to->count;
    if (to->kind == TYPE_TUPLE && from->kind == TYPE_TUPLE && to->nfields == from->nfields) {
        for (uint32_t i = 0; i < to->nfields; i++) {
            const struct type_field *other = tuple_field(from, &to->fields[i], i);
            if (!other || !type_assignable(to->fields[i].type, other->type)) return false;
        }
        return true;
    }
    return false;
}

bool expr_is_literal(const struct ast_expr *e) {
    if (e->kind == AST_UNARY && e->unary.op == AST_NEG) return expr_is_literal(e->unary.operand);
    return e->kind == AST_INT || e->kind == AST_BOOL || e->kind == AST_STRING;
}

bool expr_int(const struct ast_expr *e, int64_t *value) {
    while (e->kind == AST_CONVERT) e = e->cast.operand;
    if (e->kind == AST_BOOL) {
        *value = e->boolean;
        return true;
    }
    if (e->kind != AST_INT) return false;
    *value = (int64_t)e->integer.value;
    return true;
}

bool literal_fits(const struct ast_expr *e, const struct type *type) {
    if (e->kind != AST_INT || !type_is_integer(type)) return false;
    if (e->integer.is_negative) {
        if (!type->is_signed) return false;
        int64_t v = (int64_t)e->integer.value;
        return type->size >= 8 || v >= -((int64_t)1 << (type->size * 8 - 1));
    }
    unsigned bits = type->size * 8 - (type->is_signed ? 1 : 0);
    return bits >= 64 || e->integer.value < (uint64_t)1 << bits;
}

void infer_convert(struct infer *in, struct ast_expr **pe, const struct type *want) {
    struct ast_expr *e = *pe;
    if (!in->final || !want || !is_known(want) || !e->type || !is_known(e->type)) return;
    if (e->type == want) return;
    if (e->kind == AST_INT && type_is_integer(want) && want->kind != TYPE_BOOL) {
        e->type = want; // a literal simply is of that type
        return;
    }
    if (type_equal(e->type, want) && want->kind != TYPE_POINTER) {
        e->type = want;
        return;
    }
    struct ast_expr *c = ast_expr_new(in->u->arena, AST_CONVERT, e->span);
    c->cast.operand = e;
    c->type = want;
    *pe = c;
}

static bool holds(const struct type *to, const struct type *from) {
    if (to->kind != TYPE_INT || from->kind != TYPE_INT) return true;
    if (to->is_signed == from->is_signed || from->is_literal) return to->size >= from->size;
    return to->is_signed && to->size > from->size;
}

void infer_store(struct infer *in, struct ast_expr **pe, const struct type *want) {
    const struct ast_expr *e = *pe;
    if (in->final && e->kind != AST_INT && e->type && want && !holds(want, e->type))
        diag(in->u->diags, e->span, implicit_cast, type_name(in->t, e->type),
             type_name(in->t, want));
    infer_convert(in, pe, want);
}

static enum type_space default_space(const struct infer *in) {
    bool user = in->program && (in->program->provider->caps & PROBE_USER);
    return user ? SPACE_USER : SPACE_KERNEL;
}

// Where the memory of a struct or array expression lies, hence what its pointers point into.
enum type_space expr_space(const struct infer *in, const struct ast_expr *e) {
    switch (e->kind) {
    case AST_FIELD:
        if (e->field.base->type && e->field.base->type->kind == TYPE_POINTER)
            return e->field.base->type->space ? e->field.base->type->space : default_space(in);
        return expr_space(in, e->field.base);
    case AST_INDEX:
        if (e->index.base->type && e->index.base->type->kind == TYPE_POINTER)
            return e->index.base->type->space ? e->index.base->type->space : default_space(in);
        return expr_space(in, e->index.base);
    case AST_UNARY:
        if (e->unary.operand->type && e->unary.operand->type->kind == TYPE_POINTER &&
            e->unary.operand->type->space)
            return e->unary.operand->type->space;
        return default_space(in);
    case AST_CAST:
    case AST_CONVERT: return expr_space(in, e->cast.operand);
    default: return default_space(in);
    }
}

const struct type *literal_type(struct types *t, const struct ast_expr *e) {
    if (!e->integer.is_negative)
        return e->integer.is_unsigned ? types_int(t, 64, false)
                                      : types_int_literal(t, e->integer.value);
    for (unsigned bits = 8; bits < 64; bits *= 2)
        if (literal_fits(e, types_int(t, bits, true))) return types_int(t, bits, true);
    return types_int(t, 64, true);
}
