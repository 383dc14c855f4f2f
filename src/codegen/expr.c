// SPDX-License-Identifier: Apache-2.0
// Expressions to values, values into memory, conversions.
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"

// A string literal as a constant in read-only memory would need a relocation; words stored one
// by one need none and are what the verifier knows best.
static void store_text(struct cg *c, LLVMValueRef to, const char *text, size_t len, uint32_t size) {
    for (uint32_t i = 0; i < size;) {
        uint32_t n = size - i >= 8 ? 8 : size - i >= 4 ? 4 : size - i >= 2 ? 2 : 1;
        uint64_t word = 0;
        for (uint32_t k = 0; k < n; k++)
            if (i + k < len) word |= (uint64_t)(unsigned char)text[i + k] << (8 * k);
        if (i > len && i > 64) { // the rest is zero
            cg_zero(c, cg_offset(c, to, i), size - i);
            return;
        }
        LLVMValueRef s =
            LLVMBuildStore(c->b, LLVMConstInt(cg_int_type(c, n), word, false), cg_offset(c, to, i));
        LLVMSetAlignment(s, n);
        i += n;
    }
}

static struct cg_value string_literal(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, e->type->size, 8);
    store_text(c, p, e->string.data, e->string.len, e->type->size);
    return cg_address_value(p, e->type, MEM_BPF);
}

static struct cg_value tuple(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, e->type->size ? e->type->size : 1, 8);
    cg_expr_into(c, e, p, true);
    return cg_address_value(p, e->type, MEM_BPF);
}

// Both branches write one slot, or meet in one scalar.
static struct cg_value ternary(struct cg *c, const struct ast_expr *e) {
    bool scalar = type_is_scalar(e->type);
    LLVMValueRef slot = scalar || e->type->kind == TYPE_VOID ? NULL : cg_slot(c, e->type->size, 8);
    LLVMBasicBlockRef yes = cg_block(c, "then"), no = cg_block(c, "else"), end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, cg_truth(c, e->ternary.cond), yes, no);
    LLVMValueRef values[2] = {NULL, NULL};
    LLVMBasicBlockRef from[2];
    const struct ast_expr *arms[2] = {e->ternary.then, e->ternary.otherwise};
    for (int i = 0; i < 2; i++) {
        cg_at(c, i ? no : yes);
        cg_enter(c);
        if (scalar)
            values[i] = cg_scalar(c, arms[i]);
        else if (slot)
            cg_expr_into(c, arms[i], slot, true);
        else
            cg_expr(c, arms[i]);
        cg_leave(c);
        from[i] = LLVMGetInsertBlock(c->b);
        cg_jump(c, end);
    }
    cg_at(c, end);
    if (!scalar) return cg_address_value(slot, e->type, MEM_BPF);
    LLVMValueRef phi = LLVMBuildPhi(c->b, c->i64, "");
    LLVMAddIncoming(phi, values, from, 2);
    return cg_scalar_value(phi, e->type);
}

static struct cg_value variable(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_var_address(c, e->var.var);
    const struct type *type = e->var.var->type;
    if (type_is_scalar(type)) return cg_scalar_value(cg_load_int(c, p, type), type);
    return cg_address_value(p, type, MEM_BPF);
}

typedef struct cg_value (*generator)(struct cg *c, const struct ast_expr *e);

static const generator functions[FN_COUNT] = {
#define F(id, name, signature, where, event, doc) [FN_##id] = cg_fn_##id,
#define R(id, name, signature, where, event, doc)
#include "builtins/functions.def"
#undef F
};
static const generator variables[VAR_COUNT] = {
#define V(id, name, type, caps, doc) [VAR_##id] = cg_var_##id,
#include "builtins/variables.def"
#undef V
};

// A builtin variable is read once in a block; what a branch reads is forgotten after it.
static struct cg_value builtin(struct cg *c, const struct ast_expr *e) {
    int id = e->ident.variable;
    bool fresh = c->is_shallow || id == VAR_rand || id == VAR_arg || id == VAR_sarg ||
                 id == VAR_retval || id == VAR_kstack || id == VAR_ustack || id == VAR_cpu;
    if (!fresh && c->f->cached[id])
        return LLVMGetTypeKind(LLVMTypeOf(c->f->cached[id])) == LLVMIntegerTypeKind
                   ? cg_scalar_value(c->f->cached[id], e->type)
                   : cg_address_value(c->f->cached[id], e->type, MEM_BPF);
    struct cg_value v = variables[id](c, e);
    if (!fresh) {
        c->f->cached[id] = v.v;
        c->f->cached_at[id] = c->f->depth;
    }
    return v;
}

// Of a call: what is no scalar goes by address.
static LLVMValueRef argument(struct cg *c, const struct ast_expr *e) {
    if (type_is_scalar(e->type)) return cg_scalar(c, e);
    LLVMValueRef p = cg_slot(c, e->type->size, 8);
    cg_expr_into(c, e, p, true);
    return p;
}

static struct cg_value user_call(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef args[8];
    LLVMTypeRef params[8];
    unsigned n = e->call.args.len < 5 ? (unsigned)e->call.args.len : 5;
    for (unsigned i = 0; i < n; i++) {
        args[i] = argument(c, e->call.args.data[i]);
        params[i] = LLVMTypeOf(args[i]);
    }
    LLVMTypeRef type = LLVMFunctionType(c->i64, params, n, false);
    LLVMValueRef v = LLVMBuildCall2(c->b, type, e->call.fn->cg, args, n, "");
    // What C returns fills only the register's low bytes.
    if (e->call.fn->external && type_is_scalar(e->type) && e->type->size < 8) {
        LLVMValueRef low = LLVMBuildTrunc(c->b, v, cg_int_type(c, e->type->size), "");
        v = e->type->is_signed ? LLVMBuildSExt(c->b, low, c->i64, "")
                               : LLVMBuildZExt(c->b, low, c->i64, "");
    }
    return cg_scalar_value(v, e->type);
}

static struct cg_value generate(struct cg *c, const struct ast_expr *e) {
    switch (e->kind) {
    case AST_INT: return cg_scalar_value(cg_int(c, e->integer.value), e->type);
    case AST_BOOL: return cg_scalar_value(cg_int(c, e->boolean), e->type);
    case AST_STRING: return string_literal(c, e);
    case AST_BUILTIN: return builtin(c, e);
    case AST_VAR: return variable(c, e);
    case AST_MAP: return cg_map_read(c, e->map.map, NULL);
    case AST_INDEX: return cg_index(c, e);
    case AST_FIELD: return cg_field(c, e);
    case AST_ELEMENT: return cg_element(c, e);
    case AST_CALL: return e->call.fn ? user_call(c, e) : functions[e->call.function](c, e);
    case AST_UNARY: return cg_unary(c, e);
    case AST_BINARY: return cg_binary(c, e);
    case AST_TERNARY: return ternary(c, e);
    case AST_CAST:
    case AST_CONVERT: return cg_convert(c, cg_expr(c, e->cast.operand), e->type);
    case AST_TUPLE:
    case AST_RECORD: return tuple(c, e);
    case AST_BLOCK_EXPR:
        cg_stmts(c, &e->block.stmts);
        if (e->block.value) return cg_expr(c, e->block.value);
        return cg_scalar_value(cg_int(c, 0), e->type);
    case AST_POSITIONAL:
    case AST_IDENT:
    case AST_SIZEOF:
    case AST_OFFSETOF:
    case AST_TYPEINFO:
    case AST_COMPTIME:
    case AST_TYPE_ARG: break;
    }
    cg_bug(c, e, "an expression that sema should have replaced");
    return cg_scalar_value(cg_int(c, 0), e->type);
}

// What is generated after an operand belongs to the expression around it again: a refusal by the
// verifier is shown there.
struct cg_value cg_expr(struct cg *c, const struct ast_expr *e) {
    LLVMMetadataRef around = LLVMGetCurrentDebugLocation2(c->b);
    cg_place(c, e->span);
    struct cg_value v = generate(c, e);
    LLVMSetCurrentDebugLocation2(c->b, around);
    return v;
}

LLVMValueRef cg_scalar(struct cg *c, const struct ast_expr *e) {
    struct cg_value v = cg_expr(c, e);
    if (!v.is_address) return v.v;
    if (v.type->kind == TYPE_KSYM || v.type->kind == TYPE_USYM || v.type->kind == TYPE_TIMESTAMP ||
        v.type->kind == TYPE_PROBE || v.type->kind == TYPE_USERNAME || v.type->kind == TYPE_SYSCALL)
        return cg_fetch(c, v.v, types_int(c->u->types, 64, false), v.memory);
    if (v.memory != MEM_BPF) return v.v; // the address itself
    return LLVMBuildPtrToInt(c->b, v.v, c->i64, "");
}

LLVMValueRef cg_truth(struct cg *c, const struct ast_expr *e) {
    if (e->type->kind == TYPE_STRING) {
        LLVMValueRef p = cg_materialize(c, cg_expr(c, e));
        LLVMValueRef first = LLVMBuildLoad2(c->b, c->i8, p, "");
        return LLVMBuildICmp(c->b, LLVMIntNE, first, LLVMConstInt(c->i8, 0, false), "");
    }
    return cg_nonzero(c, cg_scalar(c, e));
}

// ---- into memory ----

void cg_store(struct cg *c, LLVMValueRef to, const struct type *type, struct cg_value v) {
    if (!v.is_address) {
        if (type->size <= 8) {
            cg_store_int(c, to, type, v.v);
        } else {
            cg_zero(c, to, type->size);
            cg_store_int(c, to, v.type, v.v);
        }
        return;
    }
    uint32_t size = v.type->size < type->size ? v.type->size : type->size;
    if (size < type->size) cg_zero(c, to, type->size);
    if (v.memory == MEM_BPF)
        cg_copy(c, to, v.v, size);
    else
        cg_read(c, to, cg_int(c, size), v.v, v.memory);
}

LLVMValueRef cg_materialize(struct cg *c, struct cg_value v) {
    if (v.is_address && v.memory == MEM_BPF) return v.v;
    uint32_t size = v.type->size ? v.type->size : 1;
    LLVMValueRef p = cg_slot(c, size, 8);
    cg_store(c, p, v.type, v);
    return p;
}

static void tuple_into(struct cg *c, const struct ast_expr *e, LLVMValueRef to) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < e->type->nfields; i++) used += e->type->fields[i].type->size;
    if (used < e->type->size) cg_zero(c, to, e->type->size); // there is padding
    for (uint32_t i = 0; i < e->type->nfields; i++)
        cg_expr_into(c, e->tuple.elems.data[i], cg_offset(c, to, e->type->fields[i].offset), true);
}

void cg_expr_into(struct cg *c, const struct ast_expr *e, LLVMValueRef to, bool zero) {
    cg_place(c, e->span);
    if (e == c->prepared_for) {
        cg_store(c, to, e->type, c->prepared);
        return;
    }
    if (e->kind == AST_TUPLE || e->kind == AST_RECORD) {
        tuple_into(c, e, to);
        return;
    }
    if (e->kind == AST_STRING) {
        store_text(c, to, e->string.data, e->string.len, e->type->size);
        return;
    }
    // A longer string of the same text: straight into its place.
    if (e->kind == AST_CONVERT && e->type->kind == TYPE_STRING &&
        e->cast.operand->kind == AST_STRING) {
        store_text(c, to, e->cast.operand->string.data, e->cast.operand->string.len, e->type->size);
        return;
    }
    if (e->kind == AST_CALL && !e->call.fn && e->call.function == FN_str) {
        cg_str_into(c, e, to, zero);
        return;
    }
    if (e->kind == AST_BUILTIN && e->ident.variable == VAR_comm && !c->f->cached[VAR_comm]) {
        cg_comm_into(c, to);
        return;
    }
    cg_store(c, to, e->type, cg_expr(c, e));
}

// ---- conversions ----

static struct cg_value convert_tuple(struct cg *c, struct cg_value v, const struct type *to) {
    LLVMValueRef from = cg_materialize(c, v);
    LLVMValueRef p = cg_slot(c, to->size, 8);
    cg_zero(c, p, to->size);
    for (uint32_t i = 0; i < to->nfields && i < v.type->nfields; i++) {
        const struct type_field *g = &to->fields[i], *f = &v.type->fields[i];
        for (uint32_t k = 0; *g->name && k < v.type->nfields; k++)
            if (!strcmp(v.type->fields[k].name, g->name)) f = &v.type->fields[k];
        struct cg_value elem = cg_deref(c, cg_offset(c, from, f->offset), f->type, MEM_BPF);
        cg_store(c, cg_offset(c, p, g->offset), g->type, cg_convert(c, elem, g->type));
    }
    return cg_address_value(p, to, MEM_BPF);
}

static LLVMValueRef narrow(struct cg *c, LLVMValueRef v, const struct type *to) {
    if (to->kind == TYPE_BOOL) return cg_bool(c, cg_nonzero(c, v));
    if (to->size >= 8) return v;
    v = LLVMBuildTrunc(c->b, v, cg_int_type(c, to->size), "");
    return to->is_signed ? LLVMBuildSExt(c->b, v, c->i64, "") : LLVMBuildZExt(c->b, v, c->i64, "");
}

// A char array that becomes a string: read up to its NUL, the rest zero.
static struct cg_value convert_text(struct cg *c, struct cg_value v, const struct type *to) {
    if (v.memory == MEM_BPF && v.type->size == to->size) return cg_address_value(v.v, to, MEM_BPF);
    // An array may be full to its last byte: the NUL then falls behind the string.
    LLVMValueRef p = cg_slot(c, to->size + 1, 8);
    if (v.memory == MEM_BPF) {
        cg_store(c, p, to, v);
    } else {
        cg_zero(c, p, to->size);
        uint32_t n = v.type->size && v.type->size < to->size ? v.type->size : to->size;
        cg_read_str(c, p, cg_int(c, n + 1), v.v, v.memory);
    }
    return cg_address_value(p, to, MEM_BPF);
}

struct cg_value cg_convert(struct cg *c, struct cg_value v, const struct type *to) {
    if (to->kind == TYPE_BOOL && v.type->kind == TYPE_STRING) { // is it not empty?
        LLVMValueRef first = LLVMBuildLoad2(c->b, c->i8, cg_materialize(c, v), "");
        return cg_scalar_value(
            LLVMBuildZExt(c->b, cg_nonzero(c, LLVMBuildZExt(c->b, first, c->i64, "")), c->i64, ""),
            to);
    }
    if (type_is_scalar(to)) {
        if (!v.is_address) return cg_scalar_value(narrow(c, v.v, to), to);
        if (to->kind == TYPE_POINTER && v.type->kind == TYPE_ARRAY)
            return cg_scalar_value(
                v.memory == MEM_BPF ? LLVMBuildPtrToInt(c->b, v.v, c->i64, "") : v.v, to);
        if (v.type->size < to->size) { // fewer bytes than the integer: the rest is zero
            LLVMValueRef p = cg_slot(c, 8, 8);
            cg_zero(c, p, 8);
            struct cg_value part = v;
            cg_store(c, p, v.type, part);
            return cg_scalar_value(cg_load_int(c, p, to), to);
        }
        return cg_scalar_value(cg_fetch(c, v.v, to, v.memory), to);
    }
    if (to->kind == TYPE_STRING && v.is_address) return convert_text(c, v, to);
    if (to->kind == TYPE_TUPLE && v.type->kind == TYPE_TUPLE) return convert_tuple(c, v, to);
    if (to->kind == TYPE_ARRAY && !v.is_address) {
        LLVMValueRef p = cg_slot(c, to->size < 8 ? 8 : to->size, 8);
        if (to->size > 8) cg_zero(c, p, to->size);
        LLVMBuildStore(c->b, v.v, p);
        return cg_address_value(p, to, MEM_BPF);
    }
    if (to->kind == TYPE_BUFFER && v.is_address && v.type->size != to->size) {
        LLVMValueRef p = cg_slot(c, to->size, 8);
        cg_store(c, p, to, v);
        return cg_address_value(p, to, MEM_BPF);
    }
    v.type = to;
    return v;
}
