// SPDX-License-Identifier: Apache-2.0
// Strings and memory: str, buf, comparisons, searches.
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"
#include "probes/feature.h"

#define ARG(e, i) ((e)->call.args.data[i])
#define SCALAR(v) cg_scalar_value((v), e->type)

// Address and kind of memory of what str() or buf() is given.
static LLVMValueRef source(struct cg *c, const struct ast_expr *a, enum cg_memory *m) {
    struct cg_value v = cg_expr(c, a);
    if (!v.is_address) {
        *m = a->type->kind == TYPE_POINTER                             ? cg_memory_of(c, a->type)
             : c->program && (c->program->provider->caps & PROBE_USER) ? MEM_USER
                                                                       : MEM_KERNEL;
        return v.v;
    }
    *m = v.memory == MEM_USER ? MEM_USER : MEM_KERNEL;
    return v.memory == MEM_BPF ? LLVMBuildPtrToInt(c->b, v.v, c->i64, "") : v.v;
}

// min(n, limit), in a form whose bound the verifier keeps.
static LLVMValueRef at_most(struct cg *c, LLVMValueRef n, uint64_t limit) {
    if (LLVMIsConstant(n)) {
        uint64_t v = LLVMConstIntGetZExtValue(n);
        return cg_int(c, v < limit ? v : limit);
    }
    n = cg_opaque(c, n);
    LLVMValueRef over = LLVMBuildICmp(c->b, LLVMIntUGT, n, cg_int(c, limit), "");
    return LLVMBuildSelect(c->b, over, cg_int(c, limit), n, "");
}

// What a string of user memory that cannot be read holds. NULL stays "": scripts test for it.
static void mark_unreadable(struct cg *c, LLVMValueRef to, LLVMValueRef from, LLVMValueRef rc) {
    static const char text[] = "(unreadable)";
    LLVMBasicBlockRef bad = cg_block(c, "unreadable"), store = cg_block(c, "mark"),
                      end = cg_block(c, "read");
    LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntSLT, rc, cg_int(c, 0), ""), bad, end);
    cg_at(c, bad);
    LLVMBuildCondBr(c->b, cg_nonzero(c, from), store, end);
    cg_at(c, store);
    for (size_t i = 0; i < sizeof(text); i++)
        LLVMBuildStore(c->b, LLVMConstInt(c->i8, (unsigned char)text[i], false),
                       cg_offset(c, to, (uint32_t)i));
    LLVMBuildBr(c->b, end);
    cg_at(c, end);
}

void cg_str_into(struct cg *c, const struct ast_expr *e, LLVMValueRef to, bool zero) {
    enum cg_memory m;
    uint32_t size = e->type->size;
    LLVMValueRef from = source(c, ARG(e, 0), &m);
    LLVMValueRef n = cg_int(c, size);
    if (e->call.args.len > 1 && ARG(e, 1)->kind != AST_INT) // n bytes, with the NUL
        n = at_most(c, cg_scalar(c, ARG(e, 1)), size);
    if (zero || size <= 16)
        cg_zero(c, to, size);
    else
        LLVMBuildStore(c->b, LLVMConstInt(c->i8, 0, false), to);
    LLVMValueRef rc = cg_read_str(c, to, n, from, m);
    if (m == MEM_USER && size >= 16) mark_unreadable(c, to, from, rc);
}

struct cg_value cg_fn_str(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, e->type->size, 8);
    cg_str_into(c, e, p, true);
    return cg_address_value(p, e->type, MEM_BPF);
}

struct cg_value cg_fn_buf(struct cg *c, const struct ast_expr *e) {
    enum cg_memory m;
    uint32_t most = e->type->count;
    LLVMValueRef p = cg_slot(c, e->type->size, 8);
    cg_zero(c, p, e->type->size);
    LLVMValueRef from = source(c, ARG(e, 0), &m);
    LLVMValueRef n =
        e->call.args.len > 1 ? at_most(c, cg_scalar(c, ARG(e, 1)), most) : cg_int(c, most);
    LLVMBuildStore(c->b, LLVMBuildTrunc(c->b, n, c->i32, ""), p);
    cg_read(c, cg_offset(c, p, 4), n, from, m);
    return cg_address_value(p, e->type, MEM_BPF);
}

static const struct ast_expr *bare(const struct ast_expr *e) {
    while (e->kind == AST_CONVERT) e = e->cast.operand;
    return e;
}

struct cg_value cg_fn_strncmp(struct cg *c, const struct ast_expr *e) {
    uint64_t n = ARG(e, 2)->integer.value;
    const struct ast_expr *l = ARG(e, 0), *r = ARG(e, 1);
    if (bare(l)->kind == AST_STRING && bare(r)->kind != AST_STRING) {
        l = ARG(e, 1);
        r = ARG(e, 0);
    }
    if (n == 0) return SCALAR(cg_int(c, 0));
    struct cg_value a = cg_expr(c, l);
    LLVMValueRef pa = cg_materialize(c, a);
    const struct ast_expr *text = bare(r);
    if (text->kind == AST_STRING && n <= text->string.len) {
        // A prefix: words, without the NUL.
        if (n > a.type->size) return SCALAR(cg_int(c, 1));
        LLVMValueRef pb = cg_materialize(c, cg_expr(c, r));
        LLVMValueRef equal = cg_equal_bytes(c, pa, pb, (uint32_t)n);
        return SCALAR(LLVMBuildSelect(c->b, equal, cg_int(c, 0), cg_int(c, 1), ""));
    }
    if (text->kind == AST_STRING) {
        LLVMValueRef equal =
            cg_equal_literal(c, pa, text->string.data, text->string.len, a.type->size);
        return SCALAR(LLVMBuildSelect(c->b, equal, cg_int(c, 0), cg_int(c, 1), ""));
    }
    struct cg_value b = cg_expr(c, r);
    uint32_t room = a.type->size < b.type->size ? a.type->size : b.type->size;
    LLVMValueRef pb = cg_materialize(c, b);
    LLVMValueRef equal = cg_equal_strings(c, pa, pb, n < room ? (uint32_t)n : room, true);
    return SCALAR(LLVMBuildSelect(c->b, equal, cg_int(c, 0), cg_int(c, 1), ""));
}

struct cg_value cg_fn_memcmp(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef a = cg_materialize(c, cg_expr(c, ARG(e, 0)));
    LLVMValueRef b = cg_materialize(c, cg_expr(c, ARG(e, 1)));
    uint64_t n = ARG(e, 2)->integer.value;
    uint32_t room = ARG(e, 0)->type->size < ARG(e, 1)->type->size ? ARG(e, 0)->type->size
                                                                  : ARG(e, 1)->type->size;
    LLVMValueRef result = cg_int(c, 0);
    // From the last byte to the first: the first that differs decides.
    for (uint32_t i = n < room ? (uint32_t)n : room; i-- > 0;) {
        LLVMValueRef x =
            LLVMBuildZExt(c->b, LLVMBuildLoad2(c->b, c->i8, cg_offset(c, a, i), ""), c->i64, "");
        LLVMValueRef y =
            LLVMBuildZExt(c->b, LLVMBuildLoad2(c->b, c->i8, cg_offset(c, b, i), ""), c->i64, "");
        LLVMValueRef d = LLVMBuildSub(c->b, x, y, "");
        result = LLVMBuildSelect(c->b, cg_nonzero(c, d), d, result, "");
    }
    return SCALAR(result);
}

struct cg_value cg_fn_strlen(struct cg *c, const struct ast_expr *e) {
    struct cg_value v = cg_expr(c, ARG(e, 0));
    LLVMValueRef p = cg_materialize(c, v);
    LLVMValueRef copy = cg_slot(c, v.type->size, 8);
    LLVMValueRef n = cg_read_str(c, copy, cg_int(c, v.type->size),
                                 LLVMBuildPtrToInt(c->b, p, c->i64, ""), MEM_KERNEL);
    LLVMValueRef bad = LLVMBuildICmp(c->b, LLVMIntSLE, n, cg_int(c, 0), "");
    return SCALAR(
        LLVMBuildSelect(c->b, bad, cg_int(c, 0), LLVMBuildSub(c->b, n, cg_int(c, 1), ""), ""));
}

// ---- searching ----
// One step of the search is the callback of bpf_loop: does the needle begin at byte i? Its
// context is three words: the haystack, the needle, and where it was found.

static LLVMValueRef starts_here(struct cg *c, LLVMValueRef at, uint32_t room,
                                const struct ast_expr *needle, LLVMValueRef n, uint32_t nn) {
    if (needle->kind == AST_STRING) return cg_equal_bytes(c, at, n, (uint32_t)needle->string.len);
    return cg_equal_strings(c, n, at, nn < room ? nn : room, false);
}

static LLVMValueRef search_callback(struct cg *c, uint32_t nh, uint32_t room,
                                    const struct ast_expr *needle, uint32_t nn) {
    char name[32];
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    LLVMMetadataRef place = LLVMGetCurrentDebugLocation2(c->b);
    LLVMTypeRef params[] = {c->i64, c->ptr};
    snprintf(name, sizeof(name), "gaff_find_%u", c->serial++);
    struct cg_function *f =
        cg_begin_function(c, name, NULL, LLVMFunctionType(c->i64, params, 2, false), 32, 1);
    LLVMValueRef fn = f->fn, ctx = LLVMGetParam(fn, 1);
    LLVMBasicBlockRef inside = cg_block(c, "inside"), found = cg_block(c, "found"),
                      next = cg_block(c, "next"), stop = cg_block(c, "stop");
    LLVMBasicBlockRef entry_setup = f->entry;
    cg_at(c, entry_setup);
    f->result = LLVMBuildAlloca(c->b, c->i64, "result");
    LLVMBuildStore(c->b, cg_int(c, 0), f->result);
    cg_at(c, f->body);
    LLVMValueRef i = cg_opaque(c, LLVMGetParam(fn, 0));
    LLVMValueRef h = LLVMBuildLoad2(c->b, c->ptr, ctx, "");
    LLVMValueRef n = LLVMBuildLoad2(c->b, c->ptr, cg_offset(c, ctx, 8), "");
    LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntULT, i, cg_int(c, nh), ""), inside, stop);
    cg_at(c, inside);
    LLVMValueRef at = LLVMBuildInBoundsGEP2(c->b, c->i8, h, &i, 1, "");
    LLVMBuildCondBr(c->b, starts_here(c, at, room, needle, n, nn), found, next);
    cg_at(c, found);
    LLVMBuildStore(c->b, i, cg_offset(c, ctx, 16));
    cg_jump(c, stop);
    cg_at(c, stop);
    LLVMBuildStore(c->b, cg_int(c, 1), f->result);
    cg_jump(c, f->leave);
    cg_at(c, next); // the haystack's end
    LLVMValueRef first = LLVMBuildLoad2(c->b, c->i8, at, "");
    LLVMBasicBlockRef on = cg_block(c, "on");
    LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntEQ, first, LLVMConstInt(c->i8, 0, false), ""),
                    stop, on);
    cg_at(c, on);
    cg_jump(c, f->leave);
    cg_end_function(c, cg_int(c, 0));
    cg_at(c, here);
    LLVMSetCurrentDebugLocation2(c->b, place);
    return fn;
}

// Before bpf_loop (5.17): fn(i, ctx) for i below n until it gives 1; the verifier walks each step.
static void call_each(struct cg *c, LLVMValueRef fn, LLVMValueRef ctx, uint32_t n) {
    LLVMBasicBlockRef before = LLVMGetInsertBlock(c->b), loop = cg_block(c, "each"),
                      step = cg_block(c, "next"), end = cg_block(c, "done");
    LLVMTypeRef params[] = {c->i64, c->ptr};
    LLVMBuildBr(c->b, loop);
    cg_at(c, loop);
    LLVMValueRef i = LLVMBuildPhi(c->b, c->i64, "i");
    LLVMValueRef args[] = {i, ctx};
    LLVMValueRef stop =
        LLVMBuildCall2(c->b, LLVMFunctionType(c->i64, params, 2, false), fn, args, 2, "");
    LLVMBuildCondBr(c->b, cg_nonzero(c, stop), end, step);
    cg_at(c, step);
    LLVMValueRef next = LLVMBuildAdd(c->b, i, cg_int(c, 1), "");
    LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntULT, next, cg_int(c, n), ""), loop, end);
    LLVMValueRef is[] = {cg_int(c, 0), next};
    LLVMBasicBlockRef froms[] = {before, step};
    LLVMAddIncoming(i, is, froms, 2);
    cg_at(c, end);
}

// Index of the needle in the haystack, or -1. The haystack lies in a slot with room behind it, so
// that a comparison that begins at its last byte stays inside.
static LLVMValueRef search(struct cg *c, const struct ast_expr *e) {
    struct cg_value hay = cg_expr(c, ARG(e, 0)), needle = cg_expr(c, ARG(e, 1));
    const struct ast_expr *text = bare(ARG(e, 1));
    uint32_t nh = hay.type->size, nn = needle.type->size;
    uint32_t room = text->kind == AST_STRING ? (uint32_t)text->string.len + 1 : nn;
    LLVMValueRef h = cg_scratch_slot(c, nh + room + 8);
    cg_zero(c, h, nh + room);
    cg_store(c, h, hay.type, hay);
    LLVMValueRef n = cg_materialize(c, needle), ctx = cg_stack_slot(c, 24);
    LLVMBuildStore(c->b, h, ctx);
    LLVMBuildStore(c->b, n, cg_offset(c, ctx, 8));
    LLVMBuildStore(c->b, cg_int(c, (uint64_t)-1), cg_offset(c, ctx, 16));
    LLVMValueRef fn = search_callback(c, nh, room, text, nn);
    if (feature_have(FEATURE_loop)) {
        LLVMValueRef args[] = {cg_int32(c, nh), fn, ctx, cg_int(c, 0)};
        cg_helper(c, BPF_FUNC_loop, args, 4);
    } else {
        call_each(c, fn, ctx, nh);
    }
    LLVMValueRef found = LLVMBuildLoad2(c->b, c->i64, cg_offset(c, ctx, 16), "");
    cg_stack_done(c, ctx, 24);
    return found;
}

struct cg_value cg_fn_strstr(struct cg *c, const struct ast_expr *e) {
    return SCALAR(search(c, e));
}

struct cg_value cg_fn_strcontains(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef at = search(c, e);
    return SCALAR(cg_bool(c, LLVMBuildICmp(c->b, LLVMIntSGE, at, cg_int(c, 0), "")));
}

struct cg_value cg_fn_path(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, e->type->size, 8);
    LLVMBuildStore(c->b, LLVMConstInt(c->i8, 0, false), p);
    LLVMBasicBlockRef end = cg_block(c, "path");
    LLVMValueRef path = cg_typed_pointer(c, ARG(e, 0), end);
    cg_place(c, e->span);
    LLVMValueRef args[] = {path, p, cg_int32(c, e->type->size)};
    cg_helper(c, BPF_FUNC_d_path, args, 3);
    cg_jump(c, end);
    cg_at(c, end);
    return cg_address_value(p, e->type, MEM_BPF);
}

struct cg_value cg_fn_bswap(struct cg *c, const struct ast_expr *e) {
    uint32_t bytes = e->type->size;
    LLVMValueRef v = cg_scalar(c, ARG(e, 0));
    if (bytes == 1) return SCALAR(LLVMBuildAnd(c->b, v, cg_int(c, 0xff), ""));
    LLVMTypeRef type = cg_int_type(c, bytes);
    unsigned id = LLVMLookupIntrinsicID("llvm.bswap", 10);
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(c->module, id, &type, 1);
    LLVMTypeRef fn_type = LLVMIntrinsicGetType(c->llvm, id, &type, 1);
    LLVMValueRef arg = LLVMBuildTrunc(c->b, v, type, "");
    LLVMValueRef swapped = LLVMBuildCall2(c->b, fn_type, fn, &arg, 1, "");
    return SCALAR(bytes < 8 ? LLVMBuildZExt(c->b, swapped, c->i64, "") : swapped);
}
