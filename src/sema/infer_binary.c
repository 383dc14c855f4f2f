// SPDX-License-Identifier: Apache-2.0
// Operators: arithmetic in 64 bits, comparisons, logic, strings, pointers. Literal operands fold.
#include "sema/sema_internal.h"

static void to_int(struct ast_expr *e, uint64_t value, bool is_signed) {
    e->kind = AST_INT;
    e->integer.value = value;
    e->integer.is_negative = is_signed && (int64_t)value < 0;
    e->integer.is_unsigned = !is_signed;
    e->type = NULL;
}

static bool is_comparison(enum ast_binary op) { return op >= AST_EQ && op <= AST_GE; }

static bool is_big(const struct ast_expr *e) {
    return e->kind == AST_INT && !e->integer.is_negative && e->integer.value > INT64_MAX;
}

// Folds two integer literals; false when the operation must be left for run time.
static bool fold(struct ast_expr *e) {
    const struct ast_expr *l = e->binary.left, *r = e->binary.right;
    if (l->kind != AST_INT || r->kind != AST_INT) return false;
    if ((l->type && l->type->kind == TYPE_ENUM) || (r->type && r->type->kind == TYPE_ENUM))
        if (is_comparison(e->binary.op)) return false;
    uint64_t a = l->integer.value, b = r->integer.value, v;
    bool is_signed = !(is_big(l) || is_big(r) || l->integer.is_unsigned || r->integer.is_unsigned);
    switch (e->binary.op) {
    case AST_ADD: v = a + b; break;
    case AST_SUB: v = a - b, is_signed = true; break;
    case AST_MUL: v = a * b; break;
    case AST_DIV:
    case AST_MOD:
        if (!b || (is_signed && (int64_t)a == INT64_MIN && (int64_t)b == -1)) return false;
        if (e->binary.op == AST_DIV)
            v = is_signed ? (uint64_t)((int64_t)a / (int64_t)b) : a / b;
        else
            v = is_signed ? (uint64_t)((int64_t)a % (int64_t)b) : a % b;
        break;
    case AST_SHL:
    case AST_SHR:
        if (b > 63) return false;
        v = e->binary.op == AST_SHL ? a << b : is_signed ? (uint64_t)((int64_t)a >> b) : a >> b;
        break;
    case AST_AND: v = a & b; break;
    case AST_OR: v = a | b; break;
    case AST_XOR: v = a ^ b; break;
    default: return false;
    }
    // A sum or product of what is not negative is not negative either.
    bool grew = (e->binary.op == AST_ADD || e->binary.op == AST_MUL || e->binary.op == AST_SHL) &&
                !l->integer.is_negative && !r->integer.is_negative;
    to_int(e, v, is_signed && !(grew && v > INT64_MAX));
    return true;
}

static bool truth(const struct ast_expr *e, bool *value) {
    if (e->kind == AST_INT)
        *value = e->integer.value != 0;
    else if (e->kind == AST_BOOL)
        *value = e->boolean;
    else if (e->kind == AST_STRING)
        *value = e->string.len != 0;
    else
        return false;
    return true;
}

static int compare_literals(const struct ast_expr *l, const struct ast_expr *r) {
    if (l->kind == AST_STRING) return strcmp(l->string.data, r->string.data);
    if (l->integer.is_negative != r->integer.is_negative) return l->integer.is_negative ? -1 : 1;
    if (l->integer.value == r->integer.value) return 0;
    bool less = l->integer.is_negative ? (int64_t)l->integer.value < (int64_t)r->integer.value
                                       : l->integer.value < r->integer.value;
    return less ? -1 : 1;
}

// Comparisons and logic of literals become true or false.
static bool fold_truth(struct ast_expr *e) {
    const struct ast_expr *l = e->binary.left, *r = e->binary.right;
    enum ast_binary op = e->binary.op;
    bool a, b, value;
    if (op == AST_LAND || op == AST_LOR) {
        if (!truth(l, &a) || !truth(r, &b)) return false;
        value = op == AST_LAND ? a && b : a || b;
    } else {
        if (l->kind != r->kind || (l->kind != AST_INT && l->kind != AST_STRING)) return false;
        int c = compare_literals(l, r);
        switch (op) {
        case AST_EQ: value = c == 0; break;
        case AST_NE: value = c != 0; break;
        case AST_LT: value = c < 0; break;
        case AST_LE: value = c <= 0; break;
        case AST_GT: value = c > 0; break;
        case AST_GE: value = c >= 0; break;
        default: return false;
        }
    }
    e->kind = AST_BOOL;
    e->boolean = value;
    return true;
}

static bool signed_operand(const struct ast_expr *e) {
    if (e->kind == AST_INT) return e->integer.is_negative;
    if (e->kind == AST_CONVERT) return signed_operand(e->cast.operand);
    return e->type->is_signed;
}

// Is the operation signed? Literals that are not negative take the other side's sign.
static bool signed_pair(const struct ast_expr *l, const struct ast_expr *r) {
    bool both = l->kind == AST_INT && r->kind == AST_INT;
    return both ? !(is_big(l) || is_big(r)) : signed_operand(l) || signed_operand(r);
}

static const struct type *bad_operands(struct infer *in, const struct ast_expr *e) {
    if (in->final)
        diag(in->u->diags, e->span, operands, type_name(in->t, e->binary.left->type),
             type_name(in->t, e->binary.right->type));
    return error_type(in);
}

static const struct type *integers(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    enum ast_binary op = e->binary.op;
    int64_t right;
    bool divides = op == AST_DIV || op == AST_MOD;
    if (divides && in->final && expr_int(e->binary.right, &right) && right == 0) {
        diag(in->u->diags, e->span, division_by_zero);
        return error_type(in);
    }
    if ((op == AST_SHL || op == AST_SHR) && in->final && e->binary.right->kind == AST_INT &&
        e->binary.right->integer.is_negative)
        diag(in->u->diags, e->binary.right->span, shift_negative);
    if (is_comparison(op) ? fold_truth(e) : fold(e)) return infer_expr(in, pe);
    bool is_signed = op == AST_SHL || op == AST_SHR ? signed_operand(e->binary.left)
                                                    : signed_pair(e->binary.left, e->binary.right);
    // What is stored from literals alone keeps a literal's sign until something else is.
    bool of_literals = e->binary.left->type->is_literal && e->binary.right->type->is_literal;
    const struct type *work = types_int(in->t, 64, is_signed);
    bool bools =
        e->binary.left->type->kind == TYPE_BOOL && e->binary.right->type->kind == TYPE_BOOL;
    if (bools && is_comparison(op)) return types_basic(in->t, TYPE_BOOL);
    bool by_sign = is_comparison(op) || op == AST_DIV; // the result depends on signs
    (by_sign ? infer_store : infer_convert)(in, &e->binary.left, work);
    (by_sign ? infer_store : infer_convert)(in, &e->binary.right, work);
    if (is_comparison(op)) return types_basic(in->t, TYPE_BOOL);
    if (op == AST_SUB) return types_int(in->t, 64, true);
    return of_literals ? types_int_literal(in->t, INT64_MAX) : work;
}

static const struct type *pointers(struct infer *in, struct ast_expr *e) {
    const struct type *l = e->binary.left->type, *r = e->binary.right->type;
    enum ast_binary op = e->binary.op;
    const struct type *u64 = types_int(in->t, 64, false);
    if (is_comparison(op)) {
        infer_convert(in, &e->binary.left, u64);
        infer_convert(in, &e->binary.right, u64);
        return types_basic(in->t, TYPE_BOOL);
    }
    bool left = l->kind == TYPE_POINTER, right = r->kind == TYPE_POINTER;
    if (left && right && op == AST_SUB) return types_int(in->t, 64, true);
    if (left && !right && (op == AST_ADD || op == AST_SUB)) return l;
    if (right && !left && op == AST_ADD) return r;
    if (left && !right && (op == AST_AND || op == AST_OR || op == AST_SHR || op == AST_MOD)) {
        infer_convert(in, &e->binary.left, u64);
        infer_convert(in, &e->binary.right, u64);
        return u64;
    }
    return bad_operands(in, e);
}

static const struct type *strings(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    const struct ast_expr *l = e->binary.left, *r = e->binary.right;
    const struct type *lt = type_stored(in->t, l->type), *rt = type_stored(in->t, r->type);
    if (e->binary.op == AST_ADD) {
        if (l->kind == AST_STRING && r->kind == AST_STRING) {
            const char *text = arena_printf(in->u->arena, "%s%s", l->string.data, r->string.data);
            e->kind = AST_STRING;
            e->string.data = text;
            e->string.len = strlen(text);
            return infer_expr(in, pe);
        }
        infer_convert(in, &e->binary.left, lt);
        infer_convert(in, &e->binary.right, rt);
        uint64_t max = config_uint(&in->u->config, CONFIG_max_strlen);
        uint64_t size = (uint64_t)lt->size + rt->size - 1;
        return types_string(in->t, (uint32_t)(size > max && max > lt->size ? max : size));
    }
    if (!is_comparison(e->binary.op)) return bad_operands(in, e);
    if (fold_truth(e)) return infer_expr(in, pe);
    if (e->binary.op != AST_EQ && e->binary.op != AST_NE) return bad_operands(in, e);
    infer_convert(in, &e->binary.left, lt);
    infer_convert(in, &e->binary.right, rt);
    return types_basic(in->t, TYPE_BOOL);
}

static bool has_truth(const struct type *t) { return type_is_scalar(t) || type_is_text(t); }

const struct type *infer_binary(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    const struct type *l = infer_expr(in, &e->binary.left);
    const struct type *r = infer_expr(in, &e->binary.right);
    enum ast_binary op = e->binary.op;
    if (!is_known(l) || !is_known(r)) {
        if (l->kind == TYPE_ERROR) return l;
        if (r->kind == TYPE_ERROR) return r;
        // @x = @x + 1: what is known decides, for now.
        const struct type *known = is_known(l) ? l : r;
        if (!type_is_integer(known) || in->final) return none_type(in);
        return known->is_literal ? types_int_literal(in->t, INT64_MAX)
                                 : types_int(in->t, 64, known->is_signed);
    }
    if (op == AST_LAND || op == AST_LOR) {
        if (!has_truth(l) || !has_truth(r)) return bad_operands(in, e);
        return fold_truth(e) ? infer_expr(in, pe) : types_basic(in->t, TYPE_BOOL);
    }
    if (type_is_integer(l) && type_is_integer(r)) return integers(in, pe);
    if ((l->kind == TYPE_POINTER && type_is_scalar(r)) ||
        (r->kind == TYPE_POINTER && type_is_scalar(l)))
        return pointers(in, e);
    if (type_is_text(l) && type_is_text(r)) return strings(in, pe);
    bool equality = op == AST_EQ || op == AST_NE;
    if (equality && l->kind == TYPE_PROBE && r->kind == TYPE_PROBE)
        return types_basic(in->t, TYPE_BOOL);
    // A symbol compares as its address, or by name with a string.
    if (equality && l->kind == TYPE_PROBE && r->kind == TYPE_STRING &&
        e->binary.right->kind == AST_STRING)
        return types_basic(in->t, TYPE_BOOL);
    if (equality && (l->kind == TYPE_KSYM || l->kind == TYPE_USYM) && r->kind == TYPE_STRING &&
        e->binary.right->kind == AST_STRING)
        return types_basic(in->t, TYPE_BOOL);
    bool same = l->kind == r->kind &&
                (l->kind == TYPE_TUPLE || l->kind == TYPE_BUFFER || l->kind == TYPE_ARRAY ||
                 l->kind == TYPE_MAC || l->kind == TYPE_INET || l->kind == TYPE_KSYM ||
                 l->kind == TYPE_KSTACK || l->kind == TYPE_USTACK || l->kind == TYPE_USYM);
    const struct type *both = same && equality ? type_unify(in->t, l, r) : NULL;
    if (!both) return bad_operands(in, e);
    infer_convert(in, &e->binary.left, both);
    infer_convert(in, &e->binary.right, both);
    return types_basic(in->t, TYPE_BOOL);
}

// ---- unary ----

static const struct type *step_type(struct infer *in, const struct type *type, bool down) {
    if (type->kind == TYPE_NONE || type->is_literal)
        return down ? types_int(in->t, 64, true) : types_int_literal(in->t, INT64_MAX);
    return types_int(in->t, 64, down || type->is_signed);
}

// What is stepped, unless its type is written, counts in 64 bits.
static const struct type *grow_step(struct infer *in, struct ast_expr *e, struct sema_map *m) {
    struct ast_expr *x = e->unary.operand;
    struct sema_var *v = x->kind == AST_VAR ? x->var.var : NULL;
    const struct type **have = m ? &m->value : v && !v->declared ? &v->type : NULL;
    if (!have) return x->type;
    bool is_int = (*have)->kind == TYPE_INT || (m && (*have)->kind == TYPE_NONE);
    if (!is_int) return *have;
    if (m && (*have)->kind == TYPE_NONE) m->value_span = e->span;
    bool down = e->unary.op == AST_PRE_DEC || e->unary.op == AST_POST_DEC;
    infer_grow(in, have, type_unify(in->t, *have, step_type(in, *have, down)));
    return x->type = *have;
}

static const struct type *infer_step(struct infer *in, struct ast_expr *e) {
    struct ast_expr *x = e->unary.operand;
    infer_expr(in, &e->unary.operand);
    struct sema_map *m = x->kind == AST_MAP ? x->map.map
                         : x->kind == AST_INDEX && x->index.base->kind == AST_MAP
                             ? x->index.base->map.map
                             : NULL;
    const struct type *type = grow_step(in, e, m);
    if (!is_known(type)) return type;
    if (m && type_is_aggregate(m->value)) {
        if (in->final) {
            diag(in->u->diags, e->span, map_aggregate_write, m->name, type_name(in->t, m->value));
            diag_note(in->u->diags, m->value_span, "the value's type comes from here");
        }
        return error_type(in);
    }
    bool ok = (type->kind == TYPE_INT || type->kind == TYPE_POINTER) && (m || x->kind == AST_VAR);
    if (!ok) {
        if (in->final) diag(in->u->diags, e->span, increment_type, type_name(in->t, type));
        return error_type(in);
    }
    return type;
}

static const struct type *infer_deref(struct infer *in, struct ast_expr *e) {
    const struct type *type = infer_expr(in, &e->unary.operand);
    if (!is_known(type)) return type;
    if (type->kind == TYPE_INT) return types_int(in->t, 64, false); // *0x123: eight bytes
    if (type->kind != TYPE_POINTER || type->target->kind == TYPE_VOID) {
        if (in->final) diag(in->u->diags, e->span, deref, type_name(in->t, type));
        return error_type(in);
    }
    const struct type *to = types_complete(in->t, type->target);
    if (to->kind == TYPE_POINTER && !to->space)
        return types_pointer(in->t, to->target, type->space ? type->space : expr_space(in, e));
    return to;
}

static const struct type *infer_address(struct infer *in, struct ast_expr *e) {
    struct ast_expr *x = e->unary.operand;
    if (x->kind == AST_MAP && x->map.map->key == NULL && x->map.map->value->kind == TYPE_NONE)
        return none_type(in);
    const struct type *type = infer_expr(in, &e->unary.operand);
    if (!is_known(type)) return type;
    switch (x->kind) {
    case AST_VAR:
    case AST_MAP: return types_pointer(in->t, type, SPACE_KERNEL);
    case AST_INDEX:
    case AST_FIELD: return types_pointer(in->t, type, expr_space(in, x));
    default:
        if (in->final) diag(in->u->diags, e->span, address_of);
        return error_type(in);
    }
}

const struct type *infer_unary(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    switch (e->unary.op) {
    case AST_DEREF: return infer_deref(in, e);
    case AST_ADDRESS: return infer_address(in, e);
    case AST_PRE_INC:
    case AST_PRE_DEC:
    case AST_POST_INC:
    case AST_POST_DEC: return infer_step(in, e);
    case AST_NEG:
    case AST_NOT:
    case AST_BITNOT: break;
    }
    const struct type *type = infer_expr(in, &e->unary.operand);
    struct ast_expr *x = e->unary.operand;
    bool value;
    if (!is_known(type)) return type;
    if (e->unary.op == AST_NOT) {
        if (!has_truth(type)) goto bad;
        if (!truth(x, &value)) return types_basic(in->t, TYPE_BOOL);
        e->kind = AST_BOOL;
        e->boolean = !value;
        return infer_expr(in, pe);
    }
    if (!type_is_integer(type)) goto bad;
    if (x->kind == AST_INT) {
        uint64_t v = x->integer.value;
        to_int(e, e->unary.op == AST_NEG ? -v : ~v,
               e->unary.op == AST_NEG || x->integer.is_negative);
        return infer_expr(in, pe);
    }
    // Unsigned operands are turned in their own width, signed ones in 64 bits.
    const struct type *work = types_int(in->t, 64, true);
    if (type->kind == TYPE_INT && (e->unary.op == AST_BITNOT || !type->is_signed)) work = type;
    infer_convert(in, &e->unary.operand, work);
    return work;
bad:
    if (in->final) diag(in->u->diags, e->span, operand, type_name(in->t, type));
    return error_type(in);
}
