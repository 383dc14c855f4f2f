// SPDX-License-Identifier: Apache-2.0
// Maps: keys, look-ups, writes in place, counting of what fails.
#include <errno.h>
#include <linux/bpf.h>

#include "codegen/cg.h"
#include "probes/feature.h"

const struct ast_expr *cg_map_of(const struct ast_expr *e, const struct ast_expr **key) {
    *key = NULL;
    if (e->kind == AST_MAP) return e;
    if (e->kind != AST_INDEX || e->index.base->kind != AST_MAP) return NULL;
    if (!e->index.base->map.map->key) return NULL; // an element of the array in a keyless map
    *key = e->index.keys.data[0];
    return e->index.base;
}

// The generation that entries are of now. The runtime changes it, and waits for who has the old.
LLVMValueRef cg_map_generation(struct cg *c, const struct sema_map *m) {
    LLVMValueRef p = cg_offset(c, c->generations, 8ull * m->index);
    LLVMValueRef v = LLVMBuildLoad2(c->b, c->i64, p, "");
    LLVMSetVolatile(v, true);
    return v;
}

LLVMValueRef cg_map_key(struct cg *c, const struct sema_map *m, const struct ast_expr *key) {
    bool array = m->bpf_type == BPF_MAP_TYPE_ARRAY || m->bpf_type == BPF_MAP_TYPE_PERCPU_ARRAY;
    if (array) {
        LLVMValueRef p = cg_slot(c, 4, 4);
        LLVMBuildStore(c->b, LLVMBuildTrunc(c->b, cg_scalar(c, key), c->i32, ""), p);
        return p;
    }
    const struct type *type = cg_map_key_type(c, m);
    LLVMValueRef p = cg_slot(c, type->size ? type->size : 1, 8), whole = p;
    if (m->has_generations) {
        p = cg_offset(c, whole, MF_GENERATION_BYTES);
        if (type->size > MF_GENERATION_BYTES + m->key->size) cg_zero(c, whole, type->size);
        LLVMBuildStore(c->b, cg_map_generation(c, m), whole);
    }
    cg_expr_into(c, key, p, true);
    if (m->bpf_type == BPF_MAP_TYPE_LPM_TRIE) { // padding and family are part of the prefix
        LLVMValueRef bits = LLVMBuildLoad2(c->b, c->i32, p, "");
        LLVMBuildStore(c->b, LLVMBuildAdd(c->b, bits, cg_int32(c, MF_TRIE_FAMILY_BITS), ""), p);
    }
    return whole;
}

// The key of a keyless map: the index of an array, or eight bytes of a hash.
LLVMValueRef cg_map_no_key(struct cg *c, const struct sema_map *m) {
    LLVMValueRef p = cg_slot(c, 8, 8);
    LLVMBuildStore(c->b, m->has_generations ? cg_map_generation(c, m) : cg_int(c, 0), p);
    return p;
}

LLVMValueRef cg_map_lookup(struct cg *c, const struct sema_map *m, LLVMValueRef key) {
    LLVMValueRef args[] = {c->maps[m->index], key ? key : cg_map_no_key(c, m)};
    return cg_helper_ptr(c, BPF_FUNC_map_lookup_elem, args, 2);
}

void cg_map_update(struct cg *c, const struct sema_map *m, LLVMValueRef key, LLVMValueRef value,
                   uint64_t flags) {
    LLVMValueRef args[] = {c->maps[m->index], key ? key : cg_map_no_key(c, m), value,
                           cg_int(c, flags)};
    LLVMValueRef rc = cg_helper(c, BPF_FUNC_map_update_elem, args, 4);
    LLVMBasicBlockRef failed = cg_block(c, "full"), on = cg_block(c, "on");
    // Before 6.4 the map's function returned an int, called directly: the upper half is not its.
    LLVMValueRef low = LLVMBuildTrunc(c->b, rc, c->i32, "");
    LLVMValueRef bad = cg_negative(c, low);
    if (flags == BPF_NOEXIST) { // another CPU was faster: no failure
        LLVMValueRef there = cg_int32(c, (uint32_t)-EEXIST);
        bad = LLVMBuildAnd(c->b, bad, LLVMBuildICmp(c->b, LLVMIntNE, low, there, ""), "");
    }
    cg_check(c, bad, LLVMBuildSExt(c->b, low, c->i64, ""), "map_update_elem",
             "Map full; can't update element. Try increasing max_map_keys config or manually "
             "setting the max entries in a map declaration e.g. `let @a = hash(5000)`");
    LLVMBuildCondBr(c->b, bad, failed, on);
    cg_at(c, failed);
    cg_count_loss(c, MF_FAILED_UPDATES + m->index);
    cg_jump(c, on);
    cg_at(c, on);
}

// Look-up; where there is no entry, one of zeroes is made (another CPU may have been faster)
// and looked up again. Null when the map is full, which is counted.
LLVMValueRef cg_map_entry(struct cg *c, const struct sema_map *m, LLVMValueRef key) {
    if (!key) key = cg_map_no_key(c, m);
    LLVMValueRef first = cg_map_lookup(c, m, key);
    bool array = m->bpf_type == BPF_MAP_TYPE_ARRAY || m->bpf_type == BPF_MAP_TYPE_PERCPU_ARRAY;
    if (array && !m->key) return first; // it has its entry
    LLVMBasicBlockRef from = LLVMGetInsertBlock(c->b);
    LLVMBasicBlockRef make = cg_block(c, "make"), end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, cg_is_null(c, first), make, end);
    cg_at(c, make);
    uint32_t size = (m->value->size + 7) & ~7u;
    LLVMValueRef zero = cg_slot(c, size, 8);
    cg_zero(c, zero, size);
    cg_map_update(c, m, key, zero, BPF_NOEXIST);
    LLVMValueRef second = cg_map_lookup(c, m, key);
    LLVMBasicBlockRef made = LLVMGetInsertBlock(c->b);
    cg_jump(c, end);
    cg_at(c, end);
    LLVMValueRef phi = LLVMBuildPhi(c->b, c->ptr, "");
    LLVMValueRef values[] = {first, second};
    LLVMBasicBlockRef froms[] = {from, made};
    LLVMAddIncoming(phi, values, froms, 2);
    return phi;
}

static void check_found(struct cg *c, const struct sema_map *m, LLVMValueRef cell) {
    if (m->key)
        cg_check(c, cg_is_null(c, cell), cg_int(c, 0), "map_lookup_elem",
                 "Can't lookup map element because it does not exist.");
}

static struct cg_value read_scalar(struct cg *c, const struct sema_map *m, LLVMValueRef cell) {
    check_found(c, m, cell);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(c->b);
    LLVMBasicBlockRef have = cg_block(c, "have"), end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), end, have);
    cg_at(c, have);
    LLVMValueRef v = cg_load_int(c, cell, m->value);
    cg_jump(c, end);
    cg_at(c, end);
    LLVMValueRef phi = LLVMBuildPhi(c->b, c->i64, "");
    LLVMValueRef values[] = {cg_int(c, 0), v};
    LLVMBasicBlockRef froms[] = {from, have};
    LLVMAddIncoming(phi, values, froms, 2);
    return cg_scalar_value(phi, m->value);
}

// A copy, because the entry may change or go while the value is used; zeroes if there is none.
static struct cg_value read_bytes(struct cg *c, const struct sema_map *m, LLVMValueRef cell) {
    check_found(c, m, cell);
    LLVMValueRef p = cg_slot(c, m->value->size, 8);
    LLVMBasicBlockRef have = cg_block(c, "have"), none = cg_block(c, "none"),
                      end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), none, have);
    cg_at(c, have);
    cg_copy(c, p, cell, m->value->size);
    cg_jump(c, end);
    cg_at(c, none);
    cg_zero(c, p, m->value->size);
    cg_jump(c, end);
    cg_at(c, end);
    return cg_address_value(p, m->value, MEM_BPF);
}

struct cg_value cg_map_read(struct cg *c, const struct sema_map *m, LLVMValueRef key) {
    if (type_is_aggregate(m->value)) {
        const struct type *type =
            types_int(c->u->types, 64, m->value->kind == TYPE_COUNT || m->value->is_signed);
        return cg_scalar_value(cg_read_aggregate(c, m, key), type);
    }
    LLVMValueRef cell = cg_map_lookup(c, m, key);
    return type_is_scalar(m->value) ? read_scalar(c, m, cell) : read_bytes(c, m, cell);
}

// A value that is not zero shows itself that it was assigned; this is for what may be zero.
void cg_map_mark_set(struct cg *c, const struct sema_map *m, LLVMValueRef cell) {
    uint32_t at = cg_map_set_offset(m);
    if (at) LLVMBuildStore(c->b, cg_int(c, 1), cg_offset(c, cell, at));
}

// Is a value stored where its entry is, which costs half of an update and less? An entry that is
// freed may be another key's before the store, and a look-up in a trie gives the entry of a prefix.
// What no event runs, as begin with its many initialisers, takes the shorter code.
static bool is_written_in_place(const struct cg *c, const struct sema_map *m, LLVMValueRef key) {
    if (m->bpf_type == BPF_MAP_TYPE_ARRAY) return !key || type_is_scalar(m->value);
    if (c->program && !c->program->provider->attach) return false;
    return m->bpf_type == BPF_MAP_TYPE_HASH && type_is_scalar(m->value) && !m->frees_entries;
}

void cg_map_write(struct cg *c, const struct sema_map *m, LLVMValueRef key,
                  const struct ast_expr *value) {
    if (!is_written_in_place(c, m, key)) {
        LLVMValueRef p = cg_slot(c, m->value->size ? m->value->size : 1, 8);
        cg_expr_into(c, value, p, true);
        cg_map_update(c, m, key, p, BPF_ANY);
        return;
    }
    struct cg_value v = cg_expr(c, value);
    bool is_there = !key && m->bpf_type == BPF_MAP_TYPE_ARRAY;
    LLVMValueRef cell = cg_map_lookup(c, m, key);
    LLVMBasicBlockRef have = cg_block(c, "have"), end = cg_block(c, "end"),
                      make = is_there ? end : cg_block(c, "make");
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), make, have);
    cg_at(c, have);
    cg_store(c, cell, m->value, v);
    bool never_zero = !v.is_address && LLVMIsConstant(v.v) && !LLVMIsNull(v.v);
    if (!never_zero) cg_map_mark_set(c, m, cell);
    cg_jump(c, end);
    if (!is_there) { // if another CPU makes it first, this write is the one before that
        cg_at(c, make);
        LLVMValueRef p = cg_slot(c, 8, 8);
        cg_store(c, p, m->value, v);
        cg_map_update(c, m, key, p, BPF_NOEXIST);
        cg_jump(c, end);
    }
    cg_at(c, end);
}

// Kernels before 5.12 know this one atomic operation; LLVM makes another of adding 0.
void cg_atomic_add(struct cg *c, LLVMValueRef cell, LLVMValueRef by) {
    if (!feature_have(FEATURE_atomic_fetch)) by = cg_opaque(c, by);
    LLVMBuildAtomicRMW(c->b, LLVMAtomicRMWBinOpAdd, cell, by, LLVMAtomicOrderingMonotonic, false);
}

// @x++ and the like: atomic, so that two CPUs lose nothing.
struct cg_value cg_map_step(struct cg *c, const struct ast_expr *e, const struct sema_map *m,
                            const struct ast_expr *key, bool up, bool post) {
    uint32_t scale =
        m->value->kind == TYPE_POINTER && m->value->target->size ? m->value->target->size : 1;
    LLVMValueRef by = cg_int(c, up ? scale : (uint64_t)0 - scale);
    LLVMValueRef cell = cg_map_entry(c, m, m->key ? cg_map_key(c, m, key) : NULL);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(c->b);
    LLVMBasicBlockRef have = cg_block(c, "have"), end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), end, have);
    cg_at(c, have);
    LLVMValueRef old;
    if (!up) cg_map_mark_set(c, m, cell); // counted up and down again, it is zero
    if (feature_have(FEATURE_atomic_fetch)) {
        old = LLVMBuildAtomicRMW(c->b, LLVMAtomicRMWBinOpAdd, cell, by, LLVMAtomicOrderingMonotonic,
                                 false);
    } else {
        // Only the unused result is atomic there; the value read is the one before, or nearly.
        old = LLVMBuildLoad2(c->b, c->i64, cell, "");
        cg_atomic_add(c, cell, by);
    }
    LLVMValueRef v = post ? old : LLVMBuildAdd(c->b, old, by, "");
    cg_jump(c, end);
    cg_at(c, end);
    LLVMValueRef phi = LLVMBuildPhi(c->b, c->i64, "");
    LLVMValueRef values[] = {cg_int(c, 0), v};
    LLVMBasicBlockRef froms[] = {from, have};
    LLVMAddIncoming(phi, values, froms, 2);
    return cg_scalar_value(phi, e->type);
}
