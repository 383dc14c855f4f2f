// SPDX-License-Identifier: Apache-2.0
// Shorthands over LLVM's builder.
#include "codegen/cg.h"

#include <string.h>

LLVMValueRef cg_int(struct cg *c, uint64_t v) { return LLVMConstInt(c->i64, v, false); }

LLVMValueRef cg_negative(struct cg *c, LLVMValueRef v) {
    return LLVMBuildICmp(c->b, LLVMIntSLT, v, LLVMConstNull(LLVMTypeOf(v)), "");
}

LLVMValueRef cg_int32(struct cg *c, uint32_t v) { return LLVMConstInt(c->i32, v, false); }

LLVMBasicBlockRef cg_block(struct cg *c, const char *name) {
    return LLVMAppendBasicBlockInContext(c->llvm, c->f->fn, name);
}

void cg_at(struct cg *c, LLVMBasicBlockRef block) { LLVMPositionBuilderAtEnd(c->b, block); }

void cg_jump(struct cg *c, LLVMBasicBlockRef to) {
    if (!LLVMGetBasicBlockTerminator(LLVMGetInsertBlock(c->b))) LLVMBuildBr(c->b, to);
}

LLVMValueRef cg_is_null(struct cg *c, LLVMValueRef p) { return LLVMBuildIsNull(c->b, p, ""); }

static LLVMValueRef helper(struct cg *c, unsigned id, LLVMTypeRef result, const LLVMValueRef *args,
                           unsigned n) {
    LLVMTypeRef types[5];
    LLVMValueRef list[5];
    for (unsigned i = 0; i < n; i++) {
        list[i] = args[i];
        types[i] = LLVMTypeOf(args[i]);
    }
    LLVMTypeRef type = LLVMFunctionType(result, types, n, false);
    LLVMValueRef fn = LLVMConstIntToPtr(cg_int(c, id), c->ptr);
    return LLVMBuildCall2(c->b, type, fn, list, n, "");
}

LLVMValueRef cg_helper(struct cg *c, unsigned id, const LLVMValueRef *args, unsigned n) {
    return helper(c, id, c->i64, args, n);
}

LLVMValueRef cg_helper_ptr(struct cg *c, unsigned id, const LLVMValueRef *args, unsigned n) {
    return helper(c, id, c->ptr, args, n);
}

LLVMValueRef cg_offset(struct cg *c, LLVMValueRef p, uint64_t bytes) {
    if (!bytes) return p;
    LLVMValueRef index = cg_int(c, bytes);
    return LLVMBuildInBoundsGEP2(c->b, c->i8, p, &index, 1, "");
}

LLVMValueRef cg_bool(struct cg *c, LLVMValueRef bit) {
    return LLVMBuildZExt(c->b, bit, c->i64, "");
}

LLVMValueRef cg_nonzero(struct cg *c, LLVMValueRef v) {
    return LLVMBuildICmp(c->b, LLVMIntNE, v, cg_int(c, 0), "");
}

LLVMTypeRef cg_int_type(struct cg *c, uint32_t bytes) {
    switch (bytes) {
    case 1: return c->i8;
    case 2: return c->i16;
    case 4: return c->i32;
    default: return c->i64;
    }
}

// The optimiser must not know where the value comes from, or it drops bounds checks that the
// verifier, which knows less, needs.
LLVMValueRef cg_opaque(struct cg *c, LLVMValueRef v) {
    LLVMTypeRef type = LLVMFunctionType(c->i64, &c->i64, 1, false);
    static const char constraints[] = "=r,0";
    LLVMValueRef code = LLVMGetInlineAsm(type, "", 0, constraints, sizeof(constraints) - 1, false,
                                         false, LLVMInlineAsmDialectATT, false);
    return LLVMBuildCall2(c->b, type, code, &v, 1, "");
}

void cg_enter(struct cg *c) { c->f->depth++; }

void cg_leave(struct cg *c) {
    for (unsigned i = 0; i < CG_CACHED; i++)
        if (c->f->cached[i] && c->f->cached_at[i] >= c->f->depth) c->f->cached[i] = NULL;
    c->f->depth--;
}

struct cg_value cg_scalar_value(LLVMValueRef v, const struct type *type) {
    return (struct cg_value){.v = v, .type = type};
}

struct cg_value cg_address_value(LLVMValueRef p, const struct type *type, enum cg_memory m) {
    return (struct cg_value){.v = p, .type = type, .is_address = true, .memory = m};
}

void cg_bug(struct cg *c, const struct ast_expr *e, const char *what) {
    unsigned line = 0, column = 0;
    if (e && e->span.src) source_position(e->span.src, e->span.begin, &line, &column);
    (void)c;
    fprintf(stderr, "ERROR: internal: %s:%u:%u: %s\n", e && e->span.src ? e->span.src->name : "?",
            line, column, what);
}
