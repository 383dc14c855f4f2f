// SPDX-License-Identifier: Apache-2.0
// printf() of a pinned iterator: the kernel formats, into the file that is being read.
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"

// ctx->meta->seq, of every iterator (struct bpf_iter_meta).
static LLVMValueRef seq_file(struct cg *c) {
    static const char constraints[] = "=r,r";
    static const char text[] = "$0 = *(u64*)($1 + 0)";
    LLVMTypeRef type = LLVMFunctionType(c->ptr, &c->i64, 1, false);
    LLVMValueRef meta = cg_ctx_reg(c, (int)c->program->layout.args.data[0].offset);
    LLVMValueRef code =
        LLVMGetInlineAsm(type, text, sizeof(text) - 1, constraints, sizeof(constraints) - 1, false,
                         false, LLVMInlineAsmDialectATT, false);
    return LLVMBuildCall2(c->b, type, code, &meta, 1, "");
}

// A number, or the address of a text.
static LLVMValueRef value(struct cg *c, const struct ast_expr *e, char letter) {
    if (e->type->kind == TYPE_STRING)
        return LLVMBuildPtrToInt(c->b, cg_materialize(c, cg_expr(c, e)), c->i64, "");
    LLVMValueRef v = cg_scalar(c, e);
    if (letter != 'c') return v;
    LLVMValueRef text = cg_slot(c, 8, 8); // one letter and the NUL
    LLVMBuildStore(c->b, LLVMBuildAnd(c->b, v, cg_int(c, 0xff), ""), text);
    return LLVMBuildPtrToInt(c->b, text, c->i64, "");
}

struct cg_value cg_seq_printf(struct cg *c, const struct ast_expr *e) {
    struct seq_format f;
    sema_seq_format(c->arena, e, &f);
    size_t len = strlen(f.text);
    const struct ast_expr literal = {
        .kind = AST_STRING,
        .span = e->span,
        .type = types_string(c->u->types, (uint32_t)len + 1),
        .string = {.data = f.text, .len = len},
    };
    // Not on the stack: old verifiers take no memory there that holds addresses.
    LLVMValueRef values = f.n ? cg_scratch_slot(c, f.n * 8) : cg_int(c, 0);
    for (unsigned i = 0; i < f.n; i++) {
        LLVMValueRef v = value(c, e->call.args.data[i + 1], f.letters[i]);
        LLVMBuildStore(c->b, v, cg_offset(c, values, 8ull * i));
    }
    LLVMValueRef format = cg_materialize(c, cg_expr(c, &literal));
    cg_place(c, e->span);
    LLVMValueRef args[] = {seq_file(c), format, cg_int32(c, literal.type->size), values,
                           cg_int32(c, f.n * 8)};
    cg_helper(c, BPF_FUNC_seq_printf, args, 5);
    return cg_scalar_value(cg_int(c, 0), e->type);
}
