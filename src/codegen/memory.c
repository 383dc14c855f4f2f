// SPDX-License-Identifier: Apache-2.0
// Memory of programs: slots on the stack or in scratch memory, copies, reads from the kernel and
// from user space. Long copies and clearing go through bpf_probe_read_kernel, which the verifier
// takes at any constant size, and which clears its destination when the source is address 0.
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"
#include "probes/feature.h"

enum { INLINE_BYTES = 64, SMALL = 64, PERCPU_BYTES = 32 << 10 /* of one value in the kernel */ };

static LLVMValueRef stack_slot(struct cg *c, uint32_t size, uint32_t align) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    LLVMValueRef first = LLVMGetFirstInstruction(c->f->entry);
    if (first)
        LLVMPositionBuilderBefore(c->b, first);
    else
        LLVMPositionBuilderAtEnd(c->b, c->f->entry);
    LLVMValueRef p = LLVMBuildAlloca(c->b, LLVMArrayType2(c->i8, size), "");
    LLVMSetAlignment(p, align < 8 ? 8 : align);
    LLVMPositionBuilderAtEnd(c->b, here);
    return p;
}

// The base of scratch memory, looked up in the block before the body, where a failure leaves.
static LLVMValueRef scratch_base(struct cg *c) {
    struct cg_function *f = c->f;
    if (f->scratch) return f->scratch;
    // How large it must be is known at the end: a stand-in until then.
    if (!c->scratch_map) c->scratch_map = LLVMAddGlobal(c->module, c->i64, "scratch");
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    LLVMInstructionEraseFromParent(LLVMGetBasicBlockTerminator(f->setup));
    LLVMPositionBuilderAtEnd(c->b, f->setup);
    LLVMValueRef key = stack_slot(c, 4, 4);
    LLVMPositionBuilderAtEnd(c->b, f->setup);
    VEC_PUSH(c->arena, &c->scratch_keys, LLVMBuildStore(c->b, cg_int32(c, 0), key));
    LLVMValueRef args[] = {c->scratch_map, key};
    f->scratch = cg_helper_ptr(c, BPF_FUNC_map_lookup_elem, args, 2);
    LLVMBuildCondBr(c->b, cg_is_null(c, f->scratch), f->leave, f->body);
    LLVMPositionBuilderAtEnd(c->b, here);
    return f->scratch;
}

static uint32_t scratch_bytes(struct cg *c, uint32_t size) {
    uint32_t at = c->scratch_used;
    c->scratch_used += (size + 7) & ~7u;
    if (c->scratch_used > c->scratch_max) c->scratch_max = c->scratch_used;
    return at;
}

struct cg_home cg_home_new(struct cg *c, uint32_t size, uint32_t align, enum cg_where where) {
    uint32_t need = (size + 7) & ~7u;
    struct cg_home home = {.function = c->f};
    bool full = c->f->stack_used + need > c->f->stack_limit;
    if (need > SMALL || where == CG_IN_SCRATCH || (full && where != CG_ON_STACK)) {
        home.at = scratch_bytes(c, size);
    } else {
        c->f->stack_used += need;
        home.stack = stack_slot(c, need, align);
    }
    return home;
}

// Computed anew wherever it is wanted: addresses that LLVM keeps for later, it keeps on the stack.
static LLVMValueRef scratch_at(struct cg *c, uint32_t at) {
    static const char constraints[] = "=r,0";
    LLVMTypeRef type = LLVMFunctionType(c->ptr, &c->ptr, 1, false);
    LLVMValueRef base = scratch_base(c);
    LLVMValueRef code = LLVMGetInlineAsm(type, "", 0, constraints, sizeof(constraints) - 1, false,
                                         false, LLVMInlineAsmDialectATT, false);
    return cg_offset(c, LLVMBuildCall2(c->b, type, code, &base, 1, ""), at);
}

LLVMValueRef cg_home_address(struct cg *c, const struct cg_home *home) {
    return home->stack ? home->stack : scratch_at(c, home->at);
}

LLVMValueRef cg_slot(struct cg *c, uint32_t size, uint32_t align) {
    struct cg_home home = cg_home_new(c, size, align, CG_ANYWHERE);
    return cg_home_address(c, &home);
}

static void lifetime(struct cg *c, const char *name, LLVMValueRef slot, uint32_t size) {
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(c->module, id, &c->ptr, 1);
    LLVMValueRef args[] = {cg_int(c, size), slot};
    LLVMBuildCall2(c->b, LLVMIntrinsicGetType(c->llvm, id, &c->ptr, 1), fn, args, 2, "");
}

LLVMValueRef cg_stack_slot(struct cg *c, uint32_t size) {
    LLVMValueRef slot = stack_slot(c, (size + 7) & ~7u, 8);
    lifetime(c, "llvm.lifetime.start", slot, (size + 7) & ~7u);
    return slot;
}

void cg_stack_done(struct cg *c, LLVMValueRef slot, uint32_t size) {
    lifetime(c, "llvm.lifetime.end", slot, (size + 7) & ~7u);
}

LLVMValueRef cg_scratch_slot(struct cg *c, uint32_t size) {
    return scratch_at(c, scratch_bytes(c, size));
}

// The key of what is too large for a per-CPU map: the processor's number.
static void key_by_cpu(struct cg *c) {
    for (size_t i = 0; i < c->scratch_keys.len; i++) {
        LLVMValueRef store = c->scratch_keys.data[i];
        LLVMPositionBuilderBefore(c->b, store);
        LLVMSetCurrentDebugLocation2(c->b, LLVMInstructionGetDebugLoc(store));
        LLVMValueRef cpu = cg_helper(c, BPF_FUNC_get_smp_processor_id, NULL, 0);
        LLVMSetOperand(store, 0, LLVMBuildTrunc(c->b, cpu, c->i32, ""));
    }
}

// The scratch map, as large as the largest program needs, takes the place of its stand-in.
void cg_make_scratch(struct cg *c) {
    if (!c->scratch_map) return;
    uint32_t size = (c->scratch_max + 7) & ~7u;
    bool large = size > PERCPU_BYTES;
    if (large) key_by_cpu(c);
    LLVMValueRef map =
        cg_map_global(c, "gaff_scratch", large ? BPF_MAP_TYPE_ARRAY : BPF_MAP_TYPE_PERCPU_ARRAY,
                      large ? (uint32_t)cg_possible_cpus() : 1, NULL, NULL, size ? size : 8, 0);
    LLVMReplaceAllUsesWith(c->scratch_map, map);
    LLVMDeleteGlobal(c->scratch_map);
}

// The lowest bit that is set in what is added to an address, at most 8.
static uint32_t step_align(LLVMValueRef index) {
    if (!LLVMIsAConstantInt(index)) {
        bool scaled = LLVMIsAInstruction(index) && LLVMGetInstructionOpcode(index) == LLVMMul;
        return scaled ? step_align(LLVMGetOperand(index, 1)) : 1;
    }
    uint64_t n = LLVMConstIntGetZExtValue(index) | 8;
    return (uint32_t)(n & -n);
}

// How an address is aligned: the verifier refuses words across words of the stack, such as those of
// int[3] inside int[2][3] or of packed structs.
static uint32_t known_align(LLVMValueRef p) {
    uint32_t align = 8;
    for (; LLVMIsAGetElementPtrInst(p) && LLVMGetNumOperands(p) == 2; p = LLVMGetOperand(p, 0)) {
        uint32_t step = step_align(LLVMGetOperand(p, 1));
        if (step < align) align = step;
    }
    return align;
}

static uint32_t piece(uint32_t left, uint32_t align) {
    uint32_t n = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    return n < align ? n : align;
}

void cg_zero(struct cg *c, LLVMValueRef p, uint32_t size) {
    if (size > INLINE_BYTES) {
        LLVMValueRef args[] = {p, cg_int32(c, size), cg_int(c, 0)};
        cg_helper(c, BPF_FUNC_probe_read_kernel, args, 3);
        return;
    }
    uint32_t align = known_align(p);
    for (uint32_t i = 0; i < size;) {
        uint32_t n = piece(size - i, align);
        LLVMValueRef s =
            LLVMBuildStore(c->b, LLVMConstInt(cg_int_type(c, n), 0, false), cg_offset(c, p, i));
        LLVMSetAlignment(s, n);
        i += n;
    }
}

void cg_copy(struct cg *c, LLVMValueRef to, LLVMValueRef from, uint32_t size) {
    if (size > INLINE_BYTES) {
        LLVMValueRef args[] = {to, cg_int32(c, size), from};
        cg_helper(c, BPF_FUNC_probe_read_kernel, args, 3);
        return;
    }
    uint32_t align = known_align(from), other = known_align(to);
    if (other < align) align = other;
    for (uint32_t i = 0; i < size;) {
        uint32_t n = piece(size - i, align);
        LLVMValueRef v = LLVMBuildLoad2(c->b, cg_int_type(c, n), cg_offset(c, from, i), "");
        LLVMSetAlignment(v, n);
        LLVMSetAlignment(LLVMBuildStore(c->b, v, cg_offset(c, to, i)), n);
        i += n;
    }
}

static unsigned read_helper(enum cg_memory memory, bool string) {
    if (memory == MEM_USER) return string ? BPF_FUNC_probe_read_user_str : BPF_FUNC_probe_read_user;
    return string ? BPF_FUNC_probe_read_kernel_str : BPF_FUNC_probe_read_kernel;
}

void cg_read(struct cg *c, LLVMValueRef to, LLVMValueRef size, LLVMValueRef address,
             enum cg_memory memory) {
    LLVMValueRef args[] = {to, LLVMBuildTrunc(c->b, size, c->i32, ""), address};
    LLVMValueRef rc = cg_helper(c, read_helper(memory, false), args, 3);
    cg_check(c, cg_negative(c, rc), rc,
             memory == MEM_USER ? "probe_read_user" : "probe_read_kernel", NULL);
}

LLVMValueRef cg_read_str(struct cg *c, LLVMValueRef to, LLVMValueRef size, LLVMValueRef address,
                         enum cg_memory memory) {
    LLVMValueRef args[] = {to, LLVMBuildTrunc(c->b, size, c->i32, ""), address};
    LLVMValueRef rc = cg_helper(c, read_helper(memory, true), args, 3);
    cg_check(c, cg_negative(c, rc), rc,
             memory == MEM_USER ? "probe_read_user_str" : "probe_read_kernel_str", NULL);
    return rc;
}

LLVMValueRef cg_load_int(struct cg *c, LLVMValueRef p, const struct type *type) {
    LLVMValueRef v = LLVMBuildLoad2(c->b, cg_int_type(c, type->size), p, "");
    uint32_t align = known_align(p);
    LLVMSetAlignment(v, type->size < align ? type->size : align);
    if (type->size >= 8) return v;
    return type->is_signed ? LLVMBuildSExt(c->b, v, c->i64, "")
                           : LLVMBuildZExt(c->b, v, c->i64, "");
}

void cg_store_int(struct cg *c, LLVMValueRef p, const struct type *type, LLVMValueRef v) {
    if (type->size < 8) v = LLVMBuildTrunc(c->b, v, cg_int_type(c, type->size), "");
    LLVMSetAlignment(LLVMBuildStore(c->b, v, p), type->size <= 8 ? type->size : 8);
}

LLVMValueRef cg_fetch(struct cg *c, LLVMValueRef address, const struct type *type,
                      enum cg_memory memory) {
    if (memory == MEM_BPF) return cg_load_int(c, address, type);
    if (!c->f->fetch) c->f->fetch = stack_slot(c, 8, 8);
    LLVMValueRef slot = c->f->fetch;
    cg_read(c, slot, cg_int(c, type->size), address, memory);
    return cg_load_int(c, slot, type);
}

enum cg_memory cg_memory_of(struct cg *c, const struct type *pointer) {
    if (pointer->space == SPACE_USER) return MEM_USER;
    if (pointer->space == SPACE_KERNEL) return MEM_KERNEL;
    bool user = c->program && (c->program->provider->caps & PROBE_USER);
    return user ? MEM_USER : MEM_KERNEL;
}
