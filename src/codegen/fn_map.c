// SPDX-License-Identifier: Apache-2.0
// Maps as arguments: delete, has_key, find, len; push, pop, peek of queues, stacks and Bloom
// filters.
#include <linux/bpf.h>

#include "codegen/cg.h"

#define ARG(e, i) ((e)->call.args.data[i])
#define SCALAR(v) cg_scalar_value((v), e->type)

// Did a map's function give 0? As i64.
static LLVMValueRef succeeded(struct cg *c, LLVMValueRef rc) {
    LLVMValueRef low = LLVMBuildTrunc(c->b, rc, c->i32, ""); // see cg_map_update
    return cg_bool(c, LLVMBuildICmp(c->b, LLVMIntEQ, low, cg_int32(c, 0), ""));
}

// A value as the map has it, padding and all.
static LLVMValueRef value_slot(struct cg *c, const struct sema_map *m, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, m->value->size ? m->value->size : 1, 8);
    cg_expr_into(c, e, p, true);
    return p;
}

struct cg_value cg_fn_delete(struct cg *c, const struct ast_expr *e) {
    const struct sema_map *m = ARG(e, 0)->map.map;
    LLVMValueRef key = m->key ? cg_map_key(c, m, ARG(e, 1)) : cg_map_no_key(c, m);
    LLVMValueRef args[] = {c->maps[m->index], key};
    cg_place(c, e->span);
    LLVMValueRef rc = cg_helper(c, BPF_FUNC_map_delete_elem, args, 2);
    LLVMValueRef low = LLVMBuildTrunc(c->b, rc, c->i32, ""); // see cg_map_update
    cg_check(c, cg_negative(c, low), LLVMBuildSExt(c->b, low, c->i64, ""), "map_delete_elem",
             "Can't delete map element because it does not exist.");
    return SCALAR(cg_bool(c, LLVMBuildICmp(c->b, LLVMIntEQ, low, cg_int32(c, 0), "")));
}

struct cg_value cg_fn_has_key(struct cg *c, const struct ast_expr *e) {
    const struct sema_map *m = ARG(e, 0)->map.map;
    if (m->bpf_type == BPF_MAP_TYPE_BLOOM_FILTER) {
        LLVMValueRef args[] = {c->maps[m->index], value_slot(c, m, ARG(e, 1))};
        return SCALAR(succeeded(c, cg_helper(c, BPF_FUNC_map_peek_elem, args, 2)));
    }
    LLVMValueRef cell = cg_map_lookup(c, m, cg_map_key(c, m, ARG(e, 1)));
    return SCALAR(cg_bool(c, LLVMBuildNot(c->b, cg_is_null(c, cell), "")));
}

struct cg_value cg_fn_find(struct cg *c, const struct ast_expr *e) {
    const struct sema_map *m = ARG(e, 0)->map.map;
    struct sema_var *v = ARG(e, 2)->var.var;
    LLVMValueRef to = cg_var_address(c, v);
    LLVMValueRef cell = cg_map_lookup(c, m, cg_map_key(c, m, ARG(e, 1)));
    LLVMBasicBlockRef from = LLVMGetInsertBlock(c->b), have = cg_block(c, "have"),
                      end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), end, have);
    cg_at(c, have);
    struct cg_value value = type_is_scalar(m->value)
                                ? cg_scalar_value(cg_load_int(c, cell, m->value), m->value)
                                : cg_address_value(cell, m->value, MEM_BPF);
    cg_store(c, to, v->type, cg_convert(c, value, v->type));
    have = LLVMGetInsertBlock(c->b);
    cg_jump(c, end);
    cg_at(c, end);
    LLVMValueRef phi = LLVMBuildPhi(c->b, c->i64, "");
    LLVMValueRef values[] = {cg_int(c, 0), cg_int(c, 1)};
    LLVMBasicBlockRef froms[] = {from, have};
    LLVMAddIncoming(phi, values, froms, 2);
    return SCALAR(phi);
}

// bpf_for_each_map_elem gives the number of entries; the callback does nothing.
static LLVMValueRef map_length(struct cg *c, const struct sema_map *m) {
    if (!m->key) return cg_int(c, 1);
    LLVMMetadataRef place = LLVMGetCurrentDebugLocation2(c->b);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    struct cg_function *f = c->f;
    char name[32];
    snprintf(name, sizeof(name), "gaff_count_%u", c->serial++);
    LLVMTypeRef params[] = {c->ptr, c->ptr, c->ptr, c->ptr};
    cg_begin_function(c, name, NULL, LLVMFunctionType(c->i64, params, 4, false), 32, 1);
    LLVMValueRef fn = c->f->fn;
    cg_end_function(c, cg_int(c, 0));
    c->f = f;
    cg_at(c, here);
    LLVMSetCurrentDebugLocation2(c->b, place);
    LLVMValueRef args[] = {c->maps[m->index], fn, LLVMConstNull(c->ptr), cg_int(c, 0)};
    return cg_helper(c, BPF_FUNC_for_each_map_elem, args, 4);
}

struct cg_value cg_fn_len(struct cg *c, const struct ast_expr *e) {
    if (ARG(e, 0)->kind == AST_MAP) return SCALAR(map_length(c, ARG(e, 0)->map.map));
    LLVMValueRef p = cg_materialize(c, cg_expr(c, ARG(e, 0)));
    LLVMValueRef nr = LLVMBuildLoad2(c->b, c->i32, cg_offset(c, p, 8), "");
    return SCALAR(LLVMBuildZExt(c->b, nr, c->i64, ""));
}

// ---- queues, stacks, Bloom filters ----

struct cg_value cg_fn_push(struct cg *c, const struct ast_expr *e) {
    const struct sema_map *m = ARG(e, 0)->map.map;
    LLVMValueRef args[] = {c->maps[m->index], value_slot(c, m, ARG(e, 1)), cg_int(c, BPF_ANY)};
    LLVMValueRef pushed = succeeded(c, cg_helper(c, BPF_FUNC_map_push_elem, args, 3));
    LLVMBasicBlockRef full = cg_block(c, "full"), on = cg_block(c, "on");
    LLVMBuildCondBr(c->b, cg_nonzero(c, pushed), on, full);
    cg_at(c, full);
    cg_count_loss(c, MF_FAILED_UPDATES + m->index);
    cg_jump(c, on);
    cg_at(c, on);
    return SCALAR(cg_int(c, 0));
}

// An empty one gives zeroes: the kernel leaves the slot alone, or clears it.
static struct cg_value take(struct cg *c, const struct ast_expr *e, unsigned helper) {
    const struct sema_map *m = ARG(e, 0)->map.map;
    LLVMValueRef p = cg_slot(c, m->value->size ? m->value->size : 1, 8);
    cg_zero(c, p, m->value->size);
    LLVMValueRef args[] = {c->maps[m->index], p};
    cg_helper(c, helper, args, 2);
    if (type_is_scalar(m->value)) return SCALAR(cg_load_int(c, p, m->value));
    return cg_address_value(p, m->value, MEM_BPF);
}

struct cg_value cg_fn_pop(struct cg *c, const struct ast_expr *e) {
    return take(c, e, BPF_FUNC_map_pop_elem);
}
struct cg_value cg_fn_peek(struct cg *c, const struct ast_expr *e) {
    return take(c, e, BPF_FUNC_map_peek_elem);
}
