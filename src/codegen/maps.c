// SPDX-License-Identifier: Apache-2.0
// BTF-defined maps: a global in ".maps" whose type says everything (Documentation of libbpf):
//   struct { int (*type)[N]; int (*max_entries)[N]; KEY *key; VALUE *value; }
#include <unistd.h>
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"

struct map_def {
    LLVMMetadataRef members[5];
    unsigned n;
};

static LLVMMetadataRef pointer_to(struct cg *c, LLVMMetadataRef type) {
    return LLVMDIBuilderCreatePointerType(c->di, type, 64, 0, 0, "", 0);
}

static void add_member(struct cg *c, struct map_def *d, const char *name, LLVMMetadataRef target) {
    d->members[d->n] =
        LLVMDIBuilderCreateMemberType(c->di, c->di_unit, name, strlen(name), c->di_file, 0, 64, 64,
                                      d->n * 64ull, LLVMDIFlagZero, pointer_to(c, target));
    d->n++;
}

static LLVMMetadataRef number(struct cg *c, uint32_t n) {
    LLVMMetadataRef range = LLVMDIBuilderGetOrCreateSubrange(c->di, 0, n);
    LLVMMetadataRef integer = LLVMDIBuilderCreateBasicType(c->di, "int", 3, 32, 5, LLVMDIFlagZero);
    return LLVMDIBuilderCreateArrayType(c->di, n * 32ull, 32, integer, &range, 1);
}

LLVMValueRef cg_map_global(struct cg *c, const char *name, uint32_t type, uint32_t max_entries,
                           const struct type *key, const struct type *value, uint32_t value_size,
                           uint32_t flags) {
    struct map_def d = {0};
    struct types *t = c->u->types;
    const struct type *u32 = types_int(t, 32, false), *u64 = types_int(t, 64, false);
    add_member(c, &d, "type", number(c, type));
    add_member(c, &d, "max_entries", number(c, max_entries));
    bool keyless = type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK ||
                   type == BPF_MAP_TYPE_BLOOM_FILTER;
    if (type != BPF_MAP_TYPE_RINGBUF) {
        bool array = type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
        if (!keyless) add_member(c, &d, "key", cg_di_type(c, key ? key : array ? u32 : u64));
        if (!value) value = value_size == 8 ? u64 : types_array(t, u64, value_size / 8);
        add_member(c, &d, "value", cg_di_type(c, value));
    }
    if (flags) add_member(c, &d, "map_flags", number(c, flags));
    LLVMTypeRef fields[5] = {c->ptr, c->ptr, c->ptr, c->ptr, c->ptr};
    LLVMTypeRef def = LLVMStructTypeInContext(c->llvm, fields, d.n, false);
    LLVMValueRef global = LLVMAddGlobal(c->module, def, name);
    LLVMSetSection(global, ".maps");
    LLVMSetInitializer(global, LLVMConstNull(def));
    LLVMSetAlignment(global, 8);
    LLVMMetadataRef di =
        LLVMDIBuilderCreateStructType(c->di, c->di_unit, "", 0, c->di_file, 0, d.n * 64ull, 64,
                                      LLVMDIFlagZero, NULL, d.members, d.n, 0, NULL, "", 0);
    cg_di_global(c, global, name, di);
    return global;
}

LLVMValueRef cg_stack_map(struct cg *c, uint32_t frames) {
    char name[32];
    for (unsigned i = 0; i < c->nstacks; i++)
        if (c->stacks[i].frames == frames) return c->stacks[i].map;
    snprintf(name, sizeof(name), "gaff_stack_%u", frames);
    LLVMValueRef map =
        cg_map_global(c, name, BPF_MAP_TYPE_LRU_HASH, 16384, NULL, NULL, frames * 8, 0);
    if (c->nstacks < 16) {
        c->stacks[c->nstacks].frames = frames;
        c->stacks[c->nstacks++].map = map;
    }
    return map;
}

// What is not allocated ahead can fail to be made where the kernel must not wait, as in timers; but
// 4096 histograms for each of many processors are too much memory for a script that uses a few.
enum { PREALLOC_BYTES = 8 << 20 };

static uint32_t flags_of(const struct sema_map *m) {
    bool hash = m->bpf_type == BPF_MAP_TYPE_HASH || m->bpf_type == BPF_MAP_TYPE_PERCPU_HASH;
    long cpus = m->bpf_type == BPF_MAP_TYPE_PERCPU_HASH ? sysconf(_SC_NPROCESSORS_CONF) : 1;
    uint64_t entry = (m->key ? m->key->size : 0) + (uint64_t)m->value->size * (cpus > 0 ? cpus : 1);
    bool large = entry * m->max_entries > PREALLOC_BYTES;
    return m->bpf_type == BPF_MAP_TYPE_LPM_TRIE || (hash && large) ? BPF_F_NO_PREALLOC : 0;
}

uint32_t cg_map_set_offset(const struct sema_map *m) {
    bool fixed = !m->key && m->bpf_type == BPF_MAP_TYPE_ARRAY && !type_is_aggregate(m->value);
    return fixed ? (m->value->size + 7) & ~7u : 0;
}

// The value of such a map with the word behind it.
static const struct type *stored_type(struct cg *c, const struct sema_map *m) {
    static const char *const names[] = {"value", "is_set"};
    const struct type *parts[] = {m->value, types_int(c->u->types, 64, false)};
    return cg_map_set_offset(m) ? types_tuple(c->u->types, parts, names, 2) : m->value;
}

const struct type *cg_map_key_type(struct cg *c, const struct sema_map *m) {
    static const char *const names[] = {"generation", "key"};
    const struct type *parts[] = {types_int(c->u->types, 64, false), m->key};
    return m->key && m->has_generations ? types_tuple(c->u->types, parts, names, 2) : m->key;
}

static void one_map(struct cg *c, const struct sema_map *m) {
    if (m->key) types_complete_all(c->u->types, m->key);
    types_complete_all(c->u->types, m->value);
    bool list = m->bpf_type == BPF_MAP_TYPE_QUEUE || m->bpf_type == BPF_MAP_TYPE_STACK;
    struct mf_map row = {.name = m->name,
                         .symbol = arena_printf(c->arena, "AT_%s", m->name + 1),
                         .key = list ? types_int(c->u->types, 64, false) : m->key,
                         .value = m->value,
                         .is_percpu = m->is_percpu,
                         .is_scalar = !m->key && !list,
                         .is_percpu_array = m->bpf_type == BPF_MAP_TYPE_PERCPU_ARRAY,
                         .max_entries = m->max_entries,
                         .bpf_type = m->bpf_type,
                         .pin = m->pin,
                         .set_offset = cg_map_set_offset(m),
                         .has_generations = m->has_generations};
    uint32_t size = (m->value->size + 7) & ~7u;
    bool array = m->bpf_type == BPF_MAP_TYPE_ARRAY || m->bpf_type == BPF_MAP_TYPE_PERCPU_ARRAY;
    // Both generations of a full map are there while the older one is read.
    uint32_t room = m->has_generations && m->max_entries <= UINT32_MAX / 2 ? 2 : 1;
    c->maps[m->index] =
        cg_map_global(c, row.symbol, m->bpf_type, m->max_entries * room,
                      array ? NULL : cg_map_key_type(c, m), stored_type(c, m), size, flags_of(m));
    VEC_PUSH(c->manifest->arena, &c->manifest->maps, row);
}

static LLVMValueRef generations_global(struct cg *c) {
    LLVMTypeRef type = LLVMArrayType2(c->i64, c->u->maps.len);
    bool any = false;
    for (size_t i = 0; i < c->u->maps.len; i++) any |= c->u->maps.data[i]->has_generations;
    if (!any) return NULL;
    LLVMValueRef global = LLVMAddGlobal(c->module, type, "gaff_generations");
    LLVMSetInitializer(global, LLVMConstNull(type));
    LLVMSetSection(global, MF_GENERATIONS);
    return global;
}

void cg_maps(struct cg *c) {
    c->maps = arena_alloc(c->arena, (c->u->maps.len + 1) * sizeof(*c->maps));
    for (size_t i = 0; i < c->u->maps.len; i++) one_map(c, c->u->maps.data[i]);
    c->generations = generations_global(c);
    cg_state_make(c);
}
