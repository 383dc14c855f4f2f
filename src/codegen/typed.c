// SPDX-License-Identifier: Apache-2.0
// Pointers as the verifier types them, for the helpers that take no others: read from the context,
// and followed by plain loads. What is read by a helper, or stored in a map, is a number to it.
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"
#include "probes/feature.h"

enum { MAX_OFFSET = INT16_MAX }; // of a load

// One instruction: LLVM may neither merge two loads nor move them.
static LLVMValueRef load(struct cg *c, LLVMValueRef at, uint32_t offset) {
    LLVMTypeRef type = LLVMFunctionType(c->i64, &c->i64, 1, false);
    static const char constraints[] = "=r,r";
    char text[48];
    if (offset > MAX_OFFSET) {
        at = LLVMBuildAdd(c->b, at, cg_int(c, offset), "");
        offset = 0;
    }
    int len = snprintf(text, sizeof(text), "$0 = *(u64*)($1 + %u)", offset);
    LLVMValueRef code =
        LLVMGetInlineAsm(type, text, (size_t)len, constraints, sizeof(constraints) - 1, false,
                         false, LLVMInlineAsmDialectATT, false);
    return LLVMBuildCall2(c->b, type, code, &at, 1, "");
}

// The verifier follows a pointer that may be NULL without a word, and old helpers do not look.
static LLVMValueRef checked(struct cg *c, LLVMValueRef p, LLVMBasicBlockRef null) {
    LLVMBasicBlockRef have = cg_block(c, "have");
    LLVMBuildCondBr(c->b, cg_nonzero(c, p), have, null);
    cg_at(c, have);
    return p;
}

// The pointer that an expression begins with, if the kernel gives it: else NULL.
static LLVMValueRef root(struct cg *c, const struct ast_expr *e) {
    const struct probe_layout *l = &c->program->layout;
    if (e->kind == AST_FIELD) {
        for (size_t i = 0; i < l->args.len; i++)
            if (!strcmp(l->args.data[i].name, e->field.name)) {
                bool words = c->program->provider->context == CTX_BTF;
                return cg_ctx_reg(c, (int)(l->args.data[i].offset * (words ? 8 : 1)));
            }
        return NULL;
    }
    if (e->kind != AST_BUILTIN) return NULL;
    bool btf = c->program->provider->context == CTX_BTF;
    switch (e->ident.variable) {
    case VAR_arg: return btf ? cg_ctx_reg(c, (int)e->ident.arg * 8) : NULL;
    case VAR_retval: return btf ? cg_ctx_reg(c, (int)l->retval_index * 8) : NULL;
    case VAR_curtask:
        return feature_have(FEATURE_task_btf) ? cg_helper(c, BPF_FUNC_get_current_task_btf, NULL, 0)
                                              : NULL;
    default: return NULL;
    }
}

static bool is_args(const struct ast_expr *e) {
    return e->kind == AST_BUILTIN && e->ident.variable == VAR_args;
}

static LLVMValueRef follow(struct cg *c, const struct ast_expr *e, LLVMBasicBlockRef null) {
    if (e->kind == AST_CONVERT || e->kind == AST_CAST) return follow(c, e->cast.operand, null);
    if (e->kind == AST_UNARY && e->unary.op == AST_ADDRESS)
        return follow(c, e->unary.operand, null);
    if (e->kind != AST_FIELD || is_args(e->field.base)) {
        LLVMValueRef p = root(c, e);
        return p ? checked(c, p, null) : NULL;
    }
    const struct ast_expr *base = e->field.base;
    const struct type *of = base->type->kind == TYPE_POINTER ? base->type->target : base->type;
    struct type_field f;
    if (!types_find_field(c->u->types, of, e->field.name, &f) || f.bit_size) return NULL;
    LLVMValueRef at = follow(c, base, null);
    if (!at) return NULL;
    if (e->type->kind != TYPE_POINTER) return LLVMBuildAdd(c->b, at, cg_int(c, f.offset), "");
    return checked(c, load(c, at, f.offset), null);
}

LLVMValueRef cg_typed_pointer(struct cg *c, const struct ast_expr *e, LLVMBasicBlockRef null) {
    LLVMValueRef p = follow(c, e, null);
    if (!p) p = cg_expr(c, e).v;
    bool is_pointer = LLVMGetTypeKind(LLVMTypeOf(p)) == LLVMPointerTypeKind;
    return is_pointer ? p : LLVMBuildIntToPtr(c->b, p, c->ptr, "");
}
