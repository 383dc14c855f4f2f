// SPDX-License-Identifier: Apache-2.0
// What a program reads from its context, interpreted from the data that the provider gave.
#include <linux/bpf.h>

#include "codegen/cg.h"
#include "probes/feature.h"

// One access at its own offset, which the verifier asks for, is one instruction here: of two loads
// in two branches, volatile or not, LLVM makes one from either address.
static LLVMValueRef load_ctx(struct cg *c, uint32_t offset, unsigned bits) {
    LLVMTypeRef type = LLVMFunctionType(c->i64, &c->ptr, 1, false);
    static const char constraints[] = "=r,r";
    char text[48];
    int len = snprintf(text, sizeof(text), "$0 = *(u%u *)($1 + %u)", bits, offset);
    LLVMValueRef code =
        LLVMGetInlineAsm(type, text, (size_t)len, constraints, sizeof(constraints) - 1, false,
                         false, LLVMInlineAsmDialectATT, false);
    return LLVMBuildCall2(c->b, type, code, &c->f->ctx, 1, "");
}

LLVMValueRef cg_ctx_reg(struct cg *c, int offset) { return load_ctx(c, (uint32_t)offset, 64); }

// Word n of a trampoline's context. The verifier of old kernels refuses to load a pointer that its
// BTF says leads to a scalar; as memory it may be read.
static LLVMValueRef trampoline_word(struct cg *c, unsigned n, const struct type *type) {
    bool scalar_target = type && type->kind == TYPE_POINTER && type->target->kind != TYPE_STRUCT;
    if (!scalar_target || feature_have(FEATURE_scalar_args)) return cg_ctx_reg(c, (int)n * 8);
    LLVMValueRef at = LLVMBuildPtrToInt(c->b, cg_offset(c, c->f->ctx, n * 8ull), c->i64, "");
    return cg_fetch(c, at, types_int(c->u->types, 64, false), MEM_KERNEL);
}

static LLVMValueRef narrow(struct cg *c, LLVMValueRef v, const struct type *type) {
    if (!type_is_integer(type) || type->size >= 8) return v;
    v = LLVMBuildTrunc(c->b, v, cg_int_type(c, type->size), "");
    return type->is_signed ? LLVMBuildSExt(c->b, v, c->i64, "")
                           : LLVMBuildZExt(c->b, v, c->i64, "");
}

// A scalar that is a constant or in a register; else the address where it is.
static LLVMValueRef place(struct cg *c, const struct probe_place *p, const struct type *type) {
    if (p->kind == PLACE_CONSTANT) return narrow(c, cg_int(c, (uint64_t)p->offset), type);
    LLVMValueRef v = p->reg < 0 ? cg_int(c, 0) : cg_ctx_reg(c, p->reg);
    if (p->kind == PLACE_REGISTER)
        return narrow(c, p->shift ? LLVMBuildLShr(c->b, v, cg_int(c, p->shift), "") : v, type);
    if (p->index >= 0) {
        LLVMValueRef index = cg_ctx_reg(c, p->index);
        v = LLVMBuildAdd(c->b, v, LLVMBuildMul(c->b, index, cg_int(c, p->scale), ""), "");
    }
    return LLVMBuildAdd(c->b, v, cg_int(c, (uint64_t)p->offset), "");
}

static struct cg_value placed(struct cg *c, const struct probe_place *p, const struct type *type) {
    if (p->kind == PLACE_REGISTERS) { // a struct of one or two words
        LLVMValueRef slot = cg_slot(c, 16, 8);
        cg_zero(c, slot, 16);
        LLVMBuildStore(c->b, cg_ctx_reg(c, p->reg), slot);
        if (p->index >= 0) LLVMBuildStore(c->b, cg_ctx_reg(c, p->index), cg_offset(c, slot, 8));
        return cg_address_value(slot, type, MEM_BPF);
    }
    LLVMValueRef v = place(c, p, type);
    return p->kind == PLACE_MEMORY ? cg_deref(c, v, type, MEM_USER) : cg_scalar_value(v, type);
}

LLVMValueRef cg_ctx_arg(struct cg *c, unsigned n, bool on_stack) {
    const struct provider *p = c->program->provider;
    if (p->context == CTX_BTF) {
        const struct probe_layout *l = &c->program->layout;
        return trampoline_word(c, n, n < l->args.len ? l->args.data[n].type : NULL);
    }
    if (!on_stack && (p->caps & PROBE_PLACED_ARGS))
        return placed(c, &c->program->layout.args.data[n].place,
                      c->program->layout.args.data[n].type)
            .v;
    int reg = on_stack ? -1 : probe_regs_arg(n);
    if (reg >= 0) return cg_ctx_reg(c, reg);
    // On x86-64 the seventh argument is above the return address.
    unsigned slot = on_stack ? n : n - 6;
    LLVMValueRef sp = cg_ctx_reg(c, probe_regs_sp());
    LLVMValueRef at = LLVMBuildAdd(c->b, sp, cg_int(c, (slot + 1) * 8ull), "");
    bool user = p->caps & PROBE_USER;
    return cg_fetch(c, at, types_int(c->u->types, 64, false), user ? MEM_USER : MEM_KERNEL);
}

struct cg_value cg_ctx_retval(struct cg *c, const struct type *type) {
    const struct sema_program *p = c->program;
    const struct probe_layout *l = &p->layout;
    if (l->retval_place.kind != PLACE_NONE) return placed(c, &l->retval_place, type);
    LLVMValueRef v = p->provider->context == CTX_BTF
                         ? trampoline_word(c, l->retval_index, l->retval)
                         : cg_ctx_reg(c, probe_regs_retval());
    if (!type_is_scalar(type)) return cg_address_value(v, type, MEM_KERNEL);
    return cg_scalar_value(l->retval ? narrow(c, v, l->retval) : v, type);
}

static const struct probe_arg *find_arg(const struct sema_program *p, const char *name) {
    for (size_t i = 0; i < p->layout.args.len; i++)
        if (!strcmp(p->layout.args.data[i].name, name)) return &p->layout.args.data[i];
    return NULL;
}

// The low 16 bits of a __data_loc field are the offset of the data from the record's start
// (include/trace/trace_events.h); of __rel_loc from the end of the field.
static LLVMValueRef data_loc(struct cg *c, const struct probe_arg *a) {
    LLVMValueRef field = load_ctx(c, a->offset, 32);
    LLVMValueRef at = LLVMBuildAnd(c->b, field, cg_int(c, 0xffff), "");
    if (a->is_data_rel) at = LLVMBuildAdd(c->b, at, cg_int(c, a->offset + 4), "");
    LLVMValueRef base = LLVMBuildPtrToInt(c->b, c->f->ctx, c->i64, "");
    return LLVMBuildAdd(c->b, base, at, "");
}

// The verifier takes pointers in an iterator's context for typed ones that may be NULL, which no
// arithmetic is allowed on; read as memory they are numbers.
LLVMValueRef cg_iter_pointer(struct cg *c, const struct probe_arg *a) {
    LLVMValueRef at = LLVMBuildPtrToInt(c->b, cg_offset(c, c->f->ctx, a->offset), c->i64, "");
    return cg_fetch(c, at, types_int(c->u->types, 64, false), MEM_KERNEL);
}

struct cg_value cg_ctx_field(struct cg *c, const struct ast_expr *e) {
    const struct probe_arg *a = find_arg(c->program, e->field.name);
    if (!a) {
        cg_bug(c, e, "argument without a place");
        return cg_scalar_value(cg_int(c, 0), e->type);
    }
    if (c->program->provider->context == CTX_BTF) {
        LLVMValueRef v = trampoline_word(c, a->offset, a->type);
        if (type_is_scalar(e->type)) return cg_scalar_value(narrow(c, v, e->type), e->type);
        return cg_address_value(v, e->type, MEM_KERNEL); // a struct by value is rare; its address
    }
    if (c->program->provider->context == CTX_REGS) return placed(c, &a->place, e->type);
    if (c->program->provider->context == CTX_ITER && a->type->kind == TYPE_POINTER)
        return cg_scalar_value(cg_iter_pointer(c, a), e->type);
    if (a->is_data_loc || a->is_data_rel) return cg_scalar_value(data_loc(c, a), e->type);
    if (!type_is_scalar(e->type)) {
        LLVMValueRef base = LLVMBuildPtrToInt(c->b, c->f->ctx, c->i64, "");
        return cg_address_value(LLVMBuildAdd(c->b, base, cg_int(c, a->offset), ""), e->type,
                                MEM_KERNEL);
    }
    LLVMValueRef v = load_ctx(c, a->offset, e->type->size * 8);
    if (e->type->size < 8 && e->type->is_signed) {
        v = LLVMBuildTrunc(c->b, v, cg_int_type(c, e->type->size), "");
        v = LLVMBuildSExt(c->b, v, c->i64, "");
    }
    return cg_scalar_value(v, e->type);
}
