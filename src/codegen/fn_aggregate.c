// SPDX-License-Identifier: Apache-2.0
// Aggregations: updates in place of the CPU's own copy, and sums over all CPUs for reading.
#include <linux/bpf.h>

#include "codegen/cg.h"
#include "probes/feature.h"

static LLVMValueRef load(struct cg *c, LLVMValueRef p, uint64_t at) {
    return LLVMBuildLoad2(c->b, c->i64, cg_offset(c, p, at), "");
}

static void store(struct cg *c, LLVMValueRef p, uint64_t at, LLVMValueRef v) {
    LLVMBuildStore(c->b, v, cg_offset(c, p, at));
}

static void add(struct cg *c, LLVMValueRef p, uint64_t at, LLVMValueRef by) {
    store(c, p, at, LLVMBuildAdd(c->b, load(c, p, at), by, ""));
}

static void extreme(struct cg *c, LLVMValueRef cell, LLVMValueRef v, const struct type *type) {
    bool max = type->kind == TYPE_MAX;
    LLVMValueRef old = load(c, cell, 0), set = load(c, cell, 8);
    LLVMIntPredicate p =
        type->is_signed ? (max ? LLVMIntSGT : LLVMIntSLT) : (max ? LLVMIntUGT : LLVMIntULT);
    LLVMValueRef better = LLVMBuildICmp(c->b, p, v, old, "");
    LLVMValueRef fresh = LLVMBuildICmp(c->b, LLVMIntEQ, set, cg_int(c, 0), "");
    LLVMBasicBlockRef take = cg_block(c, "take"), end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, LLVMBuildOr(c->b, better, fresh, ""), take, end);
    cg_at(c, take);
    store(c, cell, 0, v);
    store(c, cell, 8, cg_int(c, 1));
    cg_jump(c, end);
    cg_at(c, end);
}

// floor(log2(v)) of v > 0, by halving.
static LLVMValueRef log2_of(struct cg *c, LLVMValueRef v) {
    LLVMValueRef result = cg_int(c, 0);
    for (unsigned bits = 32; bits; bits /= 2) {
        LLVMValueRef big = LLVMBuildICmp(c->b, LLVMIntUGE, v, cg_int(c, 1ull << bits), "");
        LLVMValueRef by = LLVMBuildSelect(c->b, big, cg_int(c, bits), cg_int(c, 0), "");
        v = LLVMBuildLShr(c->b, v, by, "");
        result = LLVMBuildAdd(c->b, result, by, "");
    }
    return result;
}

static LLVMValueRef hist_index(struct cg *c, LLVMValueRef v, const struct type *type,
                               bool is_signed) {
    uint64_t k = type->param;
    LLVMValueRef log = log2_of(c, v), index;
    if (k == 0) {
        index = LLVMBuildAdd(c->b, log, cg_int(c, 2), "");
        LLVMValueRef zero = LLVMBuildICmp(c->b, LLVMIntEQ, v, cg_int(c, 0), "");
        index = LLVMBuildSelect(c->b, zero, cg_int(c, 1), index, "");
    } else {
        LLVMValueRef m = LLVMBuildSub(c->b, log, cg_int(c, k), "");
        LLVMValueRef shift = LLVMBuildAnd(c->b, m, cg_int(c, 63), "");
        LLVMValueRef low =
            LLVMBuildAnd(c->b, LLVMBuildLShr(c->b, v, shift, ""), cg_int(c, (1ull << k) - 1), "");
        LLVMValueRef high =
            LLVMBuildShl(c->b, LLVMBuildAdd(c->b, m, cg_int(c, 1), ""), cg_int(c, k), "");
        index = LLVMBuildAdd(c->b, LLVMBuildAdd(c->b, high, low, ""), cg_int(c, 1), "");
        LLVMValueRef small = LLVMBuildICmp(c->b, LLVMIntULT, v, cg_int(c, 1ull << k), "");
        index = LLVMBuildSelect(c->b, small, LLVMBuildAdd(c->b, v, cg_int(c, 1), ""), index, "");
    }
    if (!is_signed) return index;
    LLVMValueRef negative = LLVMBuildICmp(c->b, LLVMIntSLT, v, cg_int(c, 0), "");
    return LLVMBuildSelect(c->b, negative, cg_int(c, 0), index, "");
}

static LLVMValueRef lhist_index(struct cg *c, LLVMValueRef v, const struct type *type) {
    uint32_t last = lhist_buckets(type->min, type->max, type->step) - 1;
    LLVMValueRef below = LLVMBuildICmp(c->b, LLVMIntSLT, v, cg_int(c, (uint64_t)type->min), "");
    LLVMValueRef above = LLVMBuildICmp(c->b, LLVMIntSGE, v, cg_int(c, (uint64_t)type->max), "");
    LLVMValueRef offset = LLVMBuildSub(c->b, v, cg_int(c, (uint64_t)type->min), "");
    LLVMValueRef index = LLVMBuildUDiv(c->b, offset, cg_int(c, (uint64_t)type->step), "");
    index = LLVMBuildAdd(c->b, index, cg_int(c, 1), "");
    index = LLVMBuildSelect(c->b, above, cg_int(c, last), index, "");
    return LLVMBuildSelect(c->b, below, cg_int(c, 0), index, "");
}

static void bump_bucket(struct cg *c, LLVMValueRef cell, LLVMValueRef index, uint32_t buckets) {
    // The verifier must see the bound on the very register that is added.
    LLVMBasicBlockRef in = cg_block(c, "bucket"), end = cg_block(c, "end");
    index = cg_opaque(c, index);
    LLVMValueRef ok = LLVMBuildICmp(c->b, LLVMIntULT, index, cg_int(c, buckets), "");
    LLVMBuildCondBr(c->b, ok, in, end);
    cg_at(c, in);
    LLVMValueRef at = LLVMBuildMul(c->b, index, cg_int(c, 8), "");
    LLVMValueRef p = LLVMBuildInBoundsGEP2(c->b, c->i8, cell, &at, 1, "");
    add(c, p, 0, cg_int(c, 1));
    cg_jump(c, end);
    cg_at(c, end);
}

static void update_series(struct cg *c, LLVMValueRef cell, LLVMValueRef v,
                          const struct type *type) {
    LLVMValueRef now = c->u->clock ? cg_map_read(c, c->u->clock, NULL).v
                                   : cg_helper(c, BPF_FUNC_ktime_get_ns, NULL, 0);
    LLVMValueRef epoch = LLVMBuildUDiv(c->b, now, cg_int(c, (uint64_t)type->min), "");
    LLVMValueRef slot = LLVMBuildURem(c->b, epoch, cg_int(c, (uint64_t)type->max), "");
    LLVMBasicBlockRef in = cg_block(c, "slot"), end = cg_block(c, "end");
    slot = cg_opaque(c, slot);
    LLVMValueRef ok = LLVMBuildICmp(c->b, LLVMIntULT, slot, cg_int(c, (uint64_t)type->max), "");
    LLVMBuildCondBr(c->b, ok, in, end);
    cg_at(c, in);
    LLVMValueRef at = LLVMBuildMul(c->b, slot, cg_int(c, sizeof(struct value_tseries_slot)), "");
    LLVMValueRef p = LLVMBuildInBoundsGEP2(c->b, c->i8, cell, &at, 1, "");
    LLVMValueRef old = load(c, p, 8), count = load(c, p, 16);
    LLVMValueRef same = LLVMBuildICmp(c->b, LLVMIntEQ, load(c, p, 0), epoch, "");
    LLVMValueRef going = LLVMBuildAnd(c->b, same, cg_nonzero(c, count), "");
    LLVMValueRef merged = v;
    if (type->step == TSERIES_SUM || type->step == TSERIES_AVG) {
        merged = LLVMBuildAdd(c->b, old, v, "");
    } else if (type->step == TSERIES_MIN || type->step == TSERIES_MAX) {
        bool max = type->step == TSERIES_MAX;
        LLVMIntPredicate pr =
            type->is_signed ? (max ? LLVMIntSGT : LLVMIntSLT) : (max ? LLVMIntUGT : LLVMIntULT);
        merged = LLVMBuildSelect(c->b, LLVMBuildICmp(c->b, pr, v, old, ""), v, old, "");
    }
    store(c, p, 0, epoch);
    store(c, p, 8, LLVMBuildSelect(c->b, going, merged, v, ""));
    store(c, p, 16,
          LLVMBuildSelect(c->b, going, LLVMBuildAdd(c->b, count, cg_int(c, 1), ""), cg_int(c, 1),
                          ""));
    store(c, p, 24, now);
    cg_jump(c, end);
    cg_at(c, end);
}

void cg_map_aggregate(struct cg *c, const struct sema_map *m, LLVMValueRef key,
                      const struct ast_expr *call) {
    LLVMValueRef v = call->call.args.len ? cg_scalar(c, call->call.args.data[0]) : NULL;
    LLVMValueRef cell = cg_map_entry(c, m, key);
    LLVMBasicBlockRef have = cg_block(c, "have"), end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), end, have);
    cg_at(c, have);
    const struct type *type = m->value;
    switch (type->kind) {
    case TYPE_COUNT: add(c, cell, 0, cg_int(c, 1)); break;
    case TYPE_SUM: add(c, cell, 0, v); break;
    case TYPE_AVG:
    case TYPE_STATS:
        add(c, cell, 0, v);
        add(c, cell, 8, cg_int(c, 1));
        break;
    case TYPE_MIN:
    case TYPE_MAX: extreme(c, cell, v, type); break;
    case TYPE_HIST: {
        bool is_signed = call->call.args.data[0]->type->is_signed;
        bump_bucket(c, cell, hist_index(c, v, type, is_signed), hist_buckets(type->param));
        break;
    }
    case TYPE_LHIST:
        bump_bucket(c, cell, lhist_index(c, v, type),
                    lhist_buckets(type->min, type->max, type->step));
        break;
    case TYPE_TSERIES: update_series(c, cell, v, type); break;
    default: cg_bug(c, call, "unknown aggregation"); break;
    }
    cg_jump(c, end);
    cg_at(c, end);
}

// ---- reading in the kernel ----

// The value of one CPU's cell, as (value, weight): weight is what tells empty cells.
static LLVMValueRef merge(struct cg *c, const struct type *type, LLVMValueRef acc,
                          LLVMValueRef cell) {
    LLVMValueRef v = load(c, cell, 0);
    if (type->kind != TYPE_MIN && type->kind != TYPE_MAX) return LLVMBuildAdd(c->b, acc, v, "");
    return v;
}

static void merge_cell(struct cg *c, const struct type *type, LLVMValueRef acc, LLVMValueRef count,
                       LLVMValueRef cell) {
    LLVMValueRef old = LLVMBuildLoad2(c->b, c->i64, acc, "");
    LLVMValueRef n = LLVMBuildLoad2(c->b, c->i64, count, "");
    if (type->kind == TYPE_MIN || type->kind == TYPE_MAX) {
        LLVMValueRef v = load(c, cell, 0), set = cg_nonzero(c, load(c, cell, 8));
        bool max = type->kind == TYPE_MAX;
        LLVMIntPredicate p =
            type->is_signed ? (max ? LLVMIntSGT : LLVMIntSLT) : (max ? LLVMIntUGT : LLVMIntULT);
        LLVMValueRef better = LLVMBuildICmp(c->b, p, v, old, "");
        LLVMValueRef first = LLVMBuildICmp(c->b, LLVMIntEQ, n, cg_int(c, 0), "");
        LLVMValueRef take = LLVMBuildAnd(c->b, set, LLVMBuildOr(c->b, better, first, ""), "");
        LLVMBuildStore(c->b, LLVMBuildSelect(c->b, take, v, old, ""), acc);
        LLVMBuildStore(c->b, LLVMBuildSelect(c->b, set, cg_int(c, 1), n, ""), count);
        return;
    }
    LLVMBuildStore(c->b, merge(c, type, old, cell), acc);
    if (type->kind == TYPE_AVG)
        LLVMBuildStore(c->b, LLVMBuildAdd(c->b, n, load(c, cell, 8), ""), count);
}

static LLVMValueRef finish(struct cg *c, const struct type *type, LLVMValueRef acc,
                           LLVMValueRef count) {
    LLVMValueRef v = LLVMBuildLoad2(c->b, c->i64, acc, "");
    if (type->kind != TYPE_AVG) return v;
    LLVMValueRef n = LLVMBuildLoad2(c->b, c->i64, count, "");
    return cg_arithmetic(c, AST_DIV, v, n, types_int(c->u->types, 64, type->is_signed));
}

// Over all CPUs with bpf_map_lookup_percpu_elem (5.19); before that the CPU's own copy.
LLVMValueRef cg_read_aggregate(struct cg *c, const struct sema_map *m, LLVMValueRef key) {
    const struct type *type = m->value;
    LLVMValueRef acc = cg_slot(c, 8, 8), count = cg_slot(c, 8, 8), cpu = cg_stack_slot(c, 8);
    LLVMBuildStore(c->b, cg_int(c, 0), acc);
    LLVMBuildStore(c->b, cg_int(c, 0), count);
    LLVMBasicBlockRef have = cg_block(c, "have"), end = cg_block(c, "end");
    if (!m->is_percpu || !feature_have(FEATURE_percpu_lookup)) {
        LLVMValueRef cell = cg_map_lookup(c, m, key);
        LLVMBuildCondBr(c->b, cg_is_null(c, cell), end, have);
        cg_at(c, have);
        merge_cell(c, type, acc, count, cell);
        cg_jump(c, end);
        cg_at(c, end);
        return finish(c, type, acc, count);
    }
    if (!key) key = cg_map_no_key(c, m);
    LLVMBasicBlockRef loop = cg_block(c, "cpu"), next = cg_block(c, "next");
    LLVMBuildStore(c->b, cg_int(c, 0), cpu);
    cg_jump(c, loop);
    cg_at(c, loop);
    LLVMValueRef i = LLVMBuildLoad2(c->b, c->i64, cpu, "");
    LLVMValueRef args[] = {c->maps[m->index], key, LLVMBuildTrunc(c->b, i, c->i32, "")};
    LLVMValueRef cell = cg_helper_ptr(c, (unsigned)BPF_FUNC_map_lookup_percpu_elem, args, 3);
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), next, have);
    cg_at(c, have);
    merge_cell(c, type, acc, count, cell);
    cg_jump(c, next);
    cg_at(c, next);
    LLVMValueRef after = LLVMBuildAdd(c->b, i, cg_int(c, 1), "");
    LLVMBuildStore(c->b, after, cpu);
    long cpus = cg_possible_cpus();
    LLVMValueRef go = LLVMBuildICmp(c->b, LLVMIntULT, after, cg_int(c, (uint64_t)cpus), "");
    LLVMBuildCondBr(c->b, go, loop, end);
    cg_at(c, end);
    return finish(c, type, acc, count);
}

// These are always the right side of an assignment to a map, which cg_map_aggregate generates.
#define AGGREGATION(id)                                                                            \
    struct cg_value cg_fn_##id(struct cg *c, const struct ast_expr *e) {                           \
        cg_bug(c, e, #id "() outside of an assignment");                                           \
        return cg_scalar_value(cg_int(c, 0), e->type);                                             \
    }
AGGREGATION(count)
AGGREGATION(sum)
AGGREGATION(avg)
AGGREGATION(min)
AGGREGATION(max)
AGGREGATION(stats)
AGGREGATION(hist)
AGGREGATION(lhist)
AGGREGATION(tseries)
