// SPDX-License-Identifier: Apache-2.0
// Fields, elements and dereferences. Every access of a field goes through field_at, where the
// offset of a field could become a relocation.
#include <linux/bpf.h>

#include "codegen/cg.h"

struct cg_value cg_deref(struct cg *c, LLVMValueRef address, const struct type *type,
                         enum cg_memory m) {
    if (!type_is_scalar(type)) return cg_address_value(address, type, m);
    return cg_scalar_value(cg_fetch(c, address, type, m), type);
}

static LLVMValueRef add_bytes(struct cg *c, LLVMValueRef address, LLVMValueRef bytes,
                              enum cg_memory m) {
    if (m == MEM_BPF) return LLVMBuildInBoundsGEP2(c->b, c->i8, address, &bytes, 1, "");
    return LLVMBuildAdd(c->b, address, bytes, "");
}

// Bits [bit_offset, bit_offset + bit_size) of the bytes from `offset`.
static LLVMValueRef bit_field(struct cg *c, LLVMValueRef address, const struct type_field *f,
                              enum cg_memory m) {
    uint32_t bytes = (f->bit_offset + f->bit_size + 7) / 8;
    LLVMValueRef v;
    if (m == MEM_BPF) {
        v = cg_int(c, 0);
        for (uint32_t i = 0; i < bytes && i < 8; i++) {
            LLVMValueRef b = LLVMBuildLoad2(c->b, c->i8, cg_offset(c, address, i), "");
            b = LLVMBuildZExt(c->b, b, c->i64, "");
            v = LLVMBuildOr(c->b, v, LLVMBuildShl(c->b, b, cg_int(c, 8ull * i), ""), "");
        }
    } else {
        LLVMValueRef slot = cg_slot(c, 8, 8);
        cg_zero(c, slot, 8);
        cg_read(c, slot, cg_int(c, bytes < 8 ? bytes : 8), address, m);
        v = LLVMBuildLoad2(c->b, c->i64, slot, "");
    }
    uint32_t left = 64 - f->bit_offset - f->bit_size;
    v = LLVMBuildShl(c->b, v, cg_int(c, left), "");
    // Never extended by sign: `flag == 1` is what scripts ask of `int flag : 1`.
    return LLVMBuildLShr(c->b, v, cg_int(c, 64 - f->bit_size), "");
}

static struct cg_value field_at(struct cg *c, LLVMValueRef base, const struct type *of,
                                const char *name, const struct type *type, enum cg_memory m) {
    struct type_field f;
    if (!types_find_field(c->u->types, of, name, &f))
        return cg_scalar_value(cg_int(c, 0), type); // sema has checked it
    LLVMValueRef at = add_bytes(c, base, cg_int(c, f.offset), m);
    if (f.bit_size) return cg_scalar_value(bit_field(c, at, &f, m), type);
    return cg_deref(c, at, type, m);
}

struct cg_value cg_field(struct cg *c, const struct ast_expr *e) {
    const struct ast_expr *base = e->field.base;
    if (base->kind == AST_BUILTIN && base->ident.variable == VAR_args) return cg_ctx_field(c, e);
    struct cg_value v = cg_expr(c, base);
    if (base->type->kind == TYPE_POINTER) {
        enum cg_memory m;
        LLVMValueRef at = cg_pointee(c, v.v, base->type, &m);
        return field_at(c, at, base->type->target, e->field.name, e->type, m);
    }
    if (!v.is_address) { // a small struct that was loaded whole
        LLVMValueRef p = cg_materialize(c, v);
        return field_at(c, p, base->type, e->field.name, e->type, MEM_BPF);
    }
    return field_at(c, v.v, base->type, e->field.name, e->type, v.memory);
}

struct cg_value cg_element(struct cg *c, const struct ast_expr *e) {
    struct cg_value v = cg_expr(c, e->element.base);
    const struct type_field *f = &v.type->fields[e->element.index];
    if (v.type->kind != TYPE_TUPLE) cg_bug(c, e, "element of what is no tuple");
    LLVMValueRef at = add_bytes(c, v.v, cg_int(c, f->offset), v.memory);
    return cg_deref(c, at, f->type, v.memory);
}

// An index into BPF memory must be bounded for the verifier; out of bounds reads the last.
static LLVMValueRef bounded(struct cg *c, LLVMValueRef index, uint32_t count) {
    if (LLVMIsConstant(index)) return index;
    index = cg_opaque(c, index);
    LLVMValueRef over = LLVMBuildICmp(c->b, LLVMIntUGE, index, cg_int(c, count), "");
    // Opaque again: with the bound known LLVM would add by "or", which pointers may not be.
    return cg_opaque(c, LLVMBuildSelect(c->b, over, cg_int(c, count - 1), index, ""));
}

static void warn_outside(struct cg *c, LLVMValueRef index, uint32_t count) {
    LLVMBasicBlockRef outside = cg_block(c, "outside"), on = cg_block(c, "on");
    LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntUGE, index, cg_int(c, count), ""), outside,
                    on);
    cg_at(c, outside);
    cg_warn(c, "Array access out of bounds. This can lead to unexpected results.");
    cg_jump(c, on);
    cg_at(c, on);
}

struct cg_value cg_index(struct cg *c, const struct ast_expr *e) {
    const struct ast_expr *key, *map = cg_map_of(e, &key);
    if (map && key && map->map.map->key) {
        LLVMValueRef k = cg_map_key(c, map->map.map, key);
        cg_place(c, e->span);
        return cg_map_read(c, map->map.map, k);
    }
    const struct ast_expr *base = e->index.base;
    LLVMValueRef index = cg_scalar(c, e->index.keys.data[0]);
    struct cg_value v = cg_expr(c, base);
    uint32_t size = e->type->size ? e->type->size : 1;
    if (base->type->kind == TYPE_POINTER) {
        LLVMValueRef at =
            LLVMBuildAdd(c->b, v.v, LLVMBuildMul(c->b, index, cg_int(c, size), ""), "");
        enum cg_memory m;
        at = cg_pointee(c, at, base->type, &m);
        return cg_deref(c, at, e->type, m);
    }
    uint32_t count = base->type->kind == TYPE_STRING ? base->type->size : base->type->count;
    cg_place(c, e->span);
    if (count && !LLVMIsConstant(index)) warn_outside(c, index, count);
    if (v.memory == MEM_BPF && count) index = bounded(c, index, count);
    LLVMValueRef at = add_bytes(c, v.v, LLVMBuildMul(c->b, index, cg_int(c, size), ""), v.memory);
    return cg_deref(c, at, e->type, v.memory);
}

struct cg_value cg_address_of(struct cg *c, const struct ast_expr *e) {
    const struct ast_expr *x = e->unary.operand, *key;
    const struct ast_expr *map = cg_map_of(x, &key);
    LLVMValueRef p;
    if (x->kind == AST_VAR) {
        p = LLVMBuildPtrToInt(c->b, cg_var_address(c, x->var.var), c->i64, "");
    } else if (map) {
        LLVMValueRef at =
            cg_map_lookup(c, map->map.map, key ? cg_map_key(c, map->map.map, key) : NULL);
        p = LLVMBuildPtrToInt(c->b, at, c->i64, "");
    } else if (x->kind == AST_FIELD) {
        struct type_field f = {0};
        const struct ast_expr *base = x->field.base;
        bool pointer = base->type->kind == TYPE_POINTER;
        types_find_field(c->u->types, pointer ? base->type->target : base->type, x->field.name, &f);
        LLVMValueRef from = cg_scalar(c, base);
        p = LLVMBuildAdd(c->b, from, cg_int(c, f.offset), "");
    } else {
        struct cg_value base = cg_expr(c, x->index.base);
        LLVMValueRef from = base.is_address && base.memory == MEM_BPF
                                ? LLVMBuildPtrToInt(c->b, base.v, c->i64, "")
                                : base.v;
        LLVMValueRef n = cg_scalar(c, x->index.keys.data[0]);
        p = LLVMBuildAdd(c->b, from,
                         LLVMBuildMul(c->b, n, cg_int(c, x->type->size ? x->type->size : 1), ""),
                         "");
    }
    return cg_scalar_value(p, e->type);
}
