// SPDX-License-Identifier: Apache-2.0
// Operators. Division is unsigned in BPF v3: signed division works on magnitudes. Division by
// zero gives 1, as in bpftrace, and a warning.
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"

static LLVMValueRef magnitude(struct cg *c, LLVMValueRef v, LLVMValueRef *negative) {
    *negative = LLVMBuildICmp(c->b, LLVMIntSLT, v, cg_int(c, 0), "");
    return LLVMBuildSelect(c->b, *negative, LLVMBuildNeg(c->b, v, ""), v, "");
}

static LLVMValueRef guard_zero(struct cg *c, LLVMValueRef by, LLVMValueRef *is_zero) {
    *is_zero = LLVMBuildICmp(c->b, LLVMIntEQ, by, cg_int(c, 0), "");
    LLVMBasicBlockRef warn = cg_block(c, "zero"), on = cg_block(c, "on");
    LLVMBuildCondBr(c->b, *is_zero, warn, on);
    cg_at(c, warn);
    cg_warn(c, "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being "
               "used as the result.");
    cg_jump(c, on);
    cg_at(c, on);
    return LLVMBuildSelect(c->b, *is_zero, cg_int(c, 1), by, "");
}

static LLVMValueRef divide(struct cg *c, LLVMValueRef a, LLVMValueRef b, bool is_signed, bool mod) {
    LLVMValueRef zero = NULL, na = NULL, nb = NULL;
    bool constant = LLVMIsConstant(b) && LLVMConstIntGetZExtValue(b);
    if (constant && !is_signed)
        return mod ? LLVMBuildURem(c->b, a, b, "") : LLVMBuildUDiv(c->b, a, b, "");
    if (is_signed) {
        a = magnitude(c, a, &na);
        b = magnitude(c, b, &nb);
    }
    if (!constant) b = guard_zero(c, b, &zero);
    LLVMValueRef v = mod ? LLVMBuildURem(c->b, a, b, "") : LLVMBuildUDiv(c->b, a, b, "");
    if (is_signed) {
        LLVMValueRef flip = mod ? na : LLVMBuildXor(c->b, na, nb, "");
        v = LLVMBuildSelect(c->b, flip, LLVMBuildNeg(c->b, v, ""), v, "");
    }
    return constant ? v : LLVMBuildSelect(c->b, zero, cg_int(c, 1), v, "");
}

// Shifts by 64 or more give 0 (or the sign), not what the processor makes of it.
static LLVMValueRef shift(struct cg *c, LLVMValueRef a, LLVMValueRef b, enum ast_binary op,
                          bool is_signed) {
    LLVMValueRef masked = LLVMBuildAnd(c->b, b, cg_int(c, 63), "");
    LLVMValueRef v = op == AST_SHL ? LLVMBuildShl(c->b, a, masked, "")
                     : is_signed   ? LLVMBuildAShr(c->b, a, masked, "")
                                   : LLVMBuildLShr(c->b, a, masked, "");
    if (LLVMIsConstant(b) && LLVMConstIntGetZExtValue(b) < 64) return v;
    LLVMValueRef wide = LLVMBuildICmp(c->b, LLVMIntUGT, b, cg_int(c, 63), "");
    LLVMValueRef over =
        op == AST_SHR && is_signed ? LLVMBuildAShr(c->b, a, cg_int(c, 63), "") : cg_int(c, 0);
    return LLVMBuildSelect(c->b, wide, over, v, "");
}

static LLVMValueRef compare(struct cg *c, enum ast_binary op, LLVMValueRef a, LLVMValueRef b,
                            bool is_signed) {
    LLVMIntPredicate p = LLVMIntEQ;
    switch (op) {
    case AST_NE: p = LLVMIntNE; break;
    case AST_LT: p = is_signed ? LLVMIntSLT : LLVMIntULT; break;
    case AST_LE: p = is_signed ? LLVMIntSLE : LLVMIntULE; break;
    case AST_GT: p = is_signed ? LLVMIntSGT : LLVMIntUGT; break;
    case AST_GE: p = is_signed ? LLVMIntSGE : LLVMIntUGE; break;
    default: break;
    }
    return LLVMBuildICmp(c->b, p, a, b, "");
}

static LLVMValueRef arithmetic(struct cg *c, enum ast_binary op, LLVMValueRef a, LLVMValueRef b,
                               bool is_signed) {
    switch (op) {
    case AST_ADD: return LLVMBuildAdd(c->b, a, b, "");
    case AST_SUB: return LLVMBuildSub(c->b, a, b, "");
    case AST_MUL: return LLVMBuildMul(c->b, a, b, "");
    case AST_DIV: return divide(c, a, b, is_signed, false);
    case AST_MOD: return divide(c, a, b, is_signed, true);
    case AST_SHL:
    case AST_SHR: return shift(c, a, b, op, is_signed);
    case AST_AND: return LLVMBuildAnd(c->b, a, b, "");
    case AST_OR: return LLVMBuildOr(c->b, a, b, "");
    case AST_XOR: return LLVMBuildXor(c->b, a, b, "");
    default: return cg_bool(c, compare(c, op, a, b, is_signed));
    }
}

LLVMValueRef cg_arithmetic(struct cg *c, enum ast_binary op, LLVMValueRef a, LLVMValueRef b,
                           const struct type *type) {
    if (type->kind == TYPE_POINTER && (op == AST_ADD || op == AST_SUB)) {
        uint32_t scale = type->target->size ? type->target->size : 1;
        b = LLVMBuildMul(c->b, b, cg_int(c, scale), "");
    }
    return arithmetic(c, op, a, b, type->is_signed);
}

static struct cg_value logic(struct cg *c, const struct ast_expr *e) {
    bool is_and = e->binary.op == AST_LAND;
    LLVMBasicBlockRef second = cg_block(c, "rhs"), end = cg_block(c, "end");
    LLVMValueRef left = cg_truth(c, e->binary.left);
    LLVMBasicBlockRef from[2] = {LLVMGetInsertBlock(c->b), NULL};
    LLVMBuildCondBr(c->b, left, is_and ? second : end, is_and ? end : second);
    cg_at(c, second);
    cg_enter(c);
    LLVMValueRef right = cg_truth(c, e->binary.right);
    cg_leave(c);
    from[1] = LLVMGetInsertBlock(c->b);
    cg_jump(c, end);
    cg_at(c, end);
    LLVMValueRef phi = LLVMBuildPhi(c->b, c->i1, "");
    LLVMValueRef values[2] = {LLVMConstInt(c->i1, !is_and, false), right};
    LLVMAddIncoming(phi, values, from, 2);
    return cg_scalar_value(cg_bool(c, phi), e->type);
}

// ---- bytes ----

LLVMValueRef cg_equal_bytes(struct cg *c, LLVMValueRef a, LLVMValueRef b, uint32_t size) {
    LLVMValueRef diff = cg_int(c, 0);
    for (uint32_t i = 0; i < size;) {
        uint32_t n = size - i >= 8 ? 8 : size - i >= 4 ? 4 : size - i >= 2 ? 2 : 1;
        LLVMValueRef x = LLVMBuildLoad2(c->b, cg_int_type(c, n), cg_offset(c, a, i), "");
        LLVMValueRef y = LLVMBuildLoad2(c->b, cg_int_type(c, n), cg_offset(c, b, i), "");
        LLVMSetAlignment(x, n);
        LLVMSetAlignment(y, n);
        LLVMValueRef d = LLVMBuildXor(c->b, x, y, "");
        if (n < 8) d = LLVMBuildZExt(c->b, d, c->i64, "");
        diff = LLVMBuildOr(c->b, diff, d, "");
        i += n;
    }
    return LLVMBuildICmp(c->b, LLVMIntEQ, diff, cg_int(c, 0), "");
}

// Words up to the literal's NUL; `room` is how many bytes may be read at p.
LLVMValueRef cg_equal_literal(struct cg *c, LLVMValueRef p, const char *text, size_t len,
                              uint32_t room) {
    size_t n = len + 1 < room ? len + 1 : room;
    if (len > room) return LLVMConstInt(c->i1, 0, false); // longer than what can be there
    LLVMValueRef diff = NULL;
    for (size_t i = 0; i < n;) {
        size_t w = n - i >= 8 ? 8 : n - i >= 4 ? 4 : n - i >= 2 ? 2 : 1;
        uint64_t mask = ~0ull;
        // A partial last word is read whole where there is room, and masked.
        if (w < 8 && n - i > w && room - i >= 8 && i % 8 == 0) {
            mask = (1ull << (8 * (n - i))) - 1;
            w = 8;
        }
        uint64_t word = 0;
        for (size_t k = 0; k < w; k++)
            if (i + k < len) word |= (uint64_t)(unsigned char)text[i + k] << (8 * k);
        LLVMTypeRef type = cg_int_type(c, (uint32_t)w);
        LLVMValueRef v = LLVMBuildLoad2(c->b, type, cg_offset(c, p, i), "");
        LLVMSetAlignment(v, (unsigned)w);
        if (mask != ~0ull) v = LLVMBuildAnd(c->b, v, LLVMConstInt(type, mask, false), "");
        LLVMValueRef d = LLVMBuildXor(c->b, v, LLVMConstInt(type, word & mask, false), "");
        if (w < 8) d = LLVMBuildZExt(c->b, d, c->i64, "");
        diff = diff ? LLVMBuildOr(c->b, diff, d, "") : d;
        i += w;
    }
    return LLVMBuildICmp(c->b, LLVMIntEQ, diff, cg_int(c, 0), "");
}

static const struct ast_expr *bare(const struct ast_expr *e) {
    while (e->kind == AST_CONVERT) e = e->cast.operand;
    return e;
}

static struct cg_value compare_strings(struct cg *c, const struct ast_expr *e) {
    const struct ast_expr *l = bare(e->binary.left), *r = bare(e->binary.right);
    if (l->kind == AST_STRING) {
        const struct ast_expr *swap = l;
        l = r;
        r = swap;
    }
    LLVMValueRef equal;
    struct cg_value v = cg_expr(c, l == bare(e->binary.left) ? e->binary.left : e->binary.right);
    LLVMValueRef p = cg_materialize(c, v);
    if (r->kind == AST_STRING) {
        equal = cg_equal_literal(c, p, r->string.data, r->string.len, v.type->size);
    } else {
        struct cg_value w = cg_expr(c, e->binary.right);
        uint32_t n = v.type->size < w.type->size ? v.type->size : w.type->size;
        equal = cg_equal_strings(c, p, cg_materialize(c, w), n, true);
    }
    if (e->binary.op == AST_NE) equal = LLVMBuildNot(c->b, equal, "");
    return cg_scalar_value(cg_bool(c, equal), e->type);
}

static struct cg_value concat(struct cg *c, const struct ast_expr *e) {
    struct cg_value a = cg_expr(c, e->binary.left), b = cg_expr(c, e->binary.right);
    LLVMValueRef to = cg_slot(c, e->type->size + b.type->size, 8);
    cg_zero(c, to, e->type->size);
    LLVMValueRef pa = cg_materialize(c, a), pb = cg_materialize(c, b);
    LLVMValueRef from = LLVMBuildPtrToInt(c->b, pa, c->i64, "");
    LLVMValueRef n = cg_read_str(c, to, cg_int(c, a.type->size), from, MEM_KERNEL);
    // The NUL is overwritten; n is 1..size, which the verifier must see.
    n = LLVMBuildSub(c->b, n, cg_int(c, 1), "");
    LLVMValueRef bad = LLVMBuildICmp(c->b, LLVMIntUGE, n, cg_int(c, a.type->size), "");
    n = LLVMBuildSelect(c->b, bad, cg_int(c, 0), n, "");
    LLVMValueRef at = LLVMBuildInBoundsGEP2(c->b, c->i8, to, &n, 1, "");
    uint32_t room = e->type->size - (a.type->size - 1);
    uint32_t most = b.type->size < room ? b.type->size : room;
    cg_read_str(c, at, cg_int(c, most), LLVMBuildPtrToInt(c->b, pb, c->i64, ""), MEM_KERNEL);
    return cg_address_value(to, e->type, MEM_BPF);
}

// `probe == "kprobe:f"` compares indexes of targets.
static struct cg_value compare_probe(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef index = cg_scalar(c, e->binary.left);
    LLVMValueRef equal = LLVMConstInt(c->i1, 0, false);
    bool both = e->binary.right->type->kind == TYPE_PROBE;
    if (both) equal = LLVMBuildICmp(c->b, LLVMIntEQ, index, cg_scalar(c, e->binary.right), "");
    for (size_t i = 0; i < c->program->targets.len && !both; i++) {
        if (strcmp(c->program->targets.data[i].name, e->binary.right->string.data)) continue;
        LLVMValueRef same =
            LLVMBuildICmp(c->b, LLVMIntEQ, index, cg_int(c, cg_identity(c, c->program, i)), "");
        equal = LLVMBuildOr(c->b, equal, same, "");
    }
    if (e->binary.op == AST_NE) equal = LLVMBuildNot(c->b, equal, "");
    return cg_scalar_value(cg_bool(c, equal), e->type);
}

struct cg_value cg_binary(struct cg *c, const struct ast_expr *e) {
    enum ast_binary op = e->binary.op;
    const struct type *l = e->binary.left->type, *r = e->binary.right->type;
    if (op == AST_LAND || op == AST_LOR) return logic(c, e);
    if (l->kind == TYPE_PROBE) return compare_probe(c, e);
    if (l->kind == TYPE_STRING && r->kind == TYPE_STRING)
        return op == AST_ADD ? concat(c, e) : compare_strings(c, e);
    bool scalar = type_is_scalar(l) && type_is_scalar(r);
    if (!scalar && l->kind != TYPE_KSYM) {
        LLVMValueRef a = cg_materialize(c, cg_expr(c, e->binary.left));
        LLVMValueRef b = cg_materialize(c, cg_expr(c, e->binary.right));
        LLVMValueRef equal = cg_equal_bytes(c, a, b, l->size < r->size ? l->size : r->size);
        if (op == AST_NE) equal = LLVMBuildNot(c->b, equal, "");
        return cg_scalar_value(cg_bool(c, equal), e->type);
    }
    LLVMValueRef a = cg_scalar(c, e->binary.left), b = cg_scalar(c, e->binary.right);
    cg_place(c, e->span);
    if (r->kind == TYPE_POINTER && l->kind != TYPE_POINTER && op == AST_ADD) {
        LLVMValueRef swap = a;
        a = b;
        b = swap;
    }
    if (l->kind == TYPE_POINTER && r->kind == TYPE_POINTER && op == AST_SUB)
        return cg_scalar_value(LLVMBuildSub(c->b, a, b, ""), e->type);
    const struct type *work = e->type->kind == TYPE_POINTER ? e->type : l;
    return cg_scalar_value(cg_arithmetic(c, op, a, b, work), e->type);
}

// ---- unary ----

static struct cg_value step_var(struct cg *c, const struct ast_expr *e, bool up, bool post) {
    struct sema_var *var = e->unary.operand->var.var;
    LLVMValueRef p = cg_var_address(c, var);
    LLVMValueRef old = cg_load_int(c, p, var->type);
    LLVMValueRef fresh = cg_arithmetic(c, up ? AST_ADD : AST_SUB, old, cg_int(c, 1), var->type);
    cg_store_int(c, p, var->type, fresh);
    return cg_scalar_value(post ? old : fresh, e->type);
}

struct cg_value cg_unary(struct cg *c, const struct ast_expr *e) {
    const struct ast_expr *x = e->unary.operand, *key;
    bool up = e->unary.op == AST_PRE_INC || e->unary.op == AST_POST_INC;
    bool post = e->unary.op == AST_POST_INC || e->unary.op == AST_POST_DEC;
    LLVMValueRef v;
    switch (e->unary.op) {
    case AST_NEG:
        v = LLVMBuildNeg(c->b, cg_scalar(c, x), "");
        return cg_convert(c, cg_scalar_value(v, e->type), e->type);
    case AST_BITNOT:
        v = LLVMBuildNot(c->b, cg_scalar(c, x), "");
        return cg_convert(c, cg_scalar_value(v, e->type), e->type);
    case AST_NOT:
        v = LLVMBuildNot(c->b, cg_truth(c, x), "");
        return cg_scalar_value(cg_bool(c, v), e->type);
    case AST_DEREF: return cg_deref(c, cg_scalar(c, x), e->type, cg_memory_of(c, x->type));
    case AST_ADDRESS: return cg_address_of(c, e);
    case AST_PRE_INC:
    case AST_PRE_DEC:
    case AST_POST_INC:
    case AST_POST_DEC: break;
    }
    const struct ast_expr *map = cg_map_of(x, &key);
    if (!map) return step_var(c, e, up, post);
    return cg_map_step(c, e, map->map.map, key, up, post);
}
