// SPDX-License-Identifier: Apache-2.0
// Maps from user space: whole maps for print, removal, zeroing. A map that is emptied right after
// it was printed has two generations: what is counted in between is neither lost nor printed twice.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "runtime/runtime_internal.h"

struct snapshot {
    unsigned char *keys, *values; // n entries of key_size and value_size bytes
    struct output_entry *entries;
    size_t n, cap;
};

static void snapshot_free(struct snapshot *s) {
    free(s->keys);
    free(s->values);
    free(s->entries);
}

// Bytes of a key in the kernel that are not the script's.
static size_t key_prefix(const struct mf_map *m) {
    return m->key && m->has_generations ? MF_GENERATION_BYTES : 0;
}

static size_t key_size(const struct runtime *rt, uint32_t map) {
    return bpf_map__key_size(rt->maps[map]);
}

// Bytes that a look-up writes: one padded value for each CPU.
static size_t raw_size(const struct runtime *rt, uint32_t map) {
    size_t one = bpf_map__value_size(rt->maps[map]);
    return rt->m->maps.data[map].is_percpu ? ((one + 7) & ~(size_t)7) * rt->ncpus : one;
}

static void merge(const struct runtime *rt, uint32_t map, const unsigned char *raw, void *out) {
    const struct mf_map *m = &rt->m->maps.data[map];
    if (!m->is_percpu) {
        memcpy(out, raw, m->value->size);
        return;
    }
    size_t stride = (bpf_map__value_size(rt->maps[map]) + 7) & ~(size_t)7;
    const void *copies[1024];
    size_t n = rt->ncpus < 1024 ? rt->ncpus : 1024;
    for (size_t i = 0; i < n; i++) copies[i] = raw + i * stride;
    output_merge_percpu(m->value, copies, n, out);
}

static bool add_entry(struct snapshot *s, const struct mf_map *m, const void *key, size_t ksize,
                      const void *value) {
    size_t vsize = m->value->size;
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        unsigned char *keys = realloc(s->keys, cap * ksize), *values;
        if (keys) s->keys = keys;
        values = keys ? realloc(s->values, cap * vsize) : NULL;
        if (!values) return false;
        s->values = values;
        s->cap = cap;
    }
    memcpy(s->keys + s->n * ksize, key, ksize);
    memcpy(s->values + s->n * vsize, value, vsize);
    s->n++;
    return true;
}

static bool is_list(const struct mf_map *m) {
    return m->bpf_type == BPF_MAP_TYPE_QUEUE || m->bpf_type == BPF_MAP_TYPE_STACK;
}

// The elements of a queue or stack can only be taken out: it is empty afterwards.
static bool take_all(struct runtime *rt, uint32_t map, struct snapshot *s) {
    const struct mf_map *m = &rt->m->maps.data[map];
    unsigned char *value = calloc(1, raw_size(rt, map) + m->value->size);
    bool ok = value != NULL;
    for (uint64_t i = 0; ok && i < m->max_entries; i++) {
        if (bpf_map_lookup_and_delete_elem(bpf_map__fd(rt->maps[map]), NULL, value)) break;
        ok = add_entry(s, m, &i, sizeof(i), value);
    }
    free(value);
    return ok;
}

static bool walk(struct runtime *rt, uint32_t map, uint64_t generation, struct snapshot *s) {
    const struct mf_map *m = &rt->m->maps.data[map];
    int fd = bpf_map__fd(rt->maps[map]);
    size_t ksize = key_size(rt, map);
    unsigned char *raw = calloc(1, raw_size(rt, map)), *value = calloc(1, m->value->size + 8);
    unsigned char *key = calloc(2, ksize), *next = key ? key + ksize : NULL;
    bool ok = raw && value && key;
    bool first = true;
    while (ok && bpf_map_get_next_key(fd, first ? NULL : key, next) == 0) {
        memcpy(key, next, ksize);
        first = false;
        if (!rt_has_generation(rt, map, key, generation)) continue;
        if (bpf_map_lookup_elem(fd, key, raw)) continue;
        merge(rt, map, raw, value);
        ok = add_entry(s, m, key, ksize, value);
    }
    free(raw);
    free(value);
    free(key);
    return ok;
}

static bool read_generation(struct runtime *rt, uint32_t map, uint64_t generation,
                            struct snapshot *s) {
    const struct mf_map *m = &rt->m->maps.data[map];
    if (m->bpf_type == BPF_MAP_TYPE_BLOOM_FILTER) return false; // it cannot be asked
    size_t ksize = is_list(m) ? sizeof(uint64_t) : key_size(rt, map);
    bool ok = is_list(m) ? take_all(rt, map, s) : walk(rt, map, generation, s);
    s->entries = calloc(s->n ? s->n : 1, sizeof(*s->entries));
    if (!s->entries) return false;
    for (size_t i = 0; i < s->n; i++) {
        s->entries[i].key = m->is_scalar ? NULL : s->keys + i * ksize + key_prefix(m);
        s->entries[i].value = s->values + i * m->value->size;
    }
    return ok;
}

static bool read_all(struct runtime *rt, uint32_t map, struct snapshot *s) {
    return read_generation(rt, map, rt->generations[map], s);
}

// A trie's prefix lengths as the script has them: of the address, without its family.
static void show_prefixes(struct runtime *rt, uint32_t map, struct snapshot *s) {
    if (rt->m->maps.data[map].bpf_type != BPF_MAP_TYPE_LPM_TRIE) return;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t bits;
        unsigned char *key = s->keys + i * key_size(rt, map);
        memcpy(&bits, key, sizeof(bits));
        bits -= MF_TRIE_FAMILY_BITS;
        memcpy(key, &bits, sizeof(bits));
    }
}

// An array without a key always has its entry.
static bool is_array(const struct runtime *rt, uint32_t map) {
    const struct mf_map *m = &rt->m->maps.data[map];
    return m->is_scalar &&
           (m->bpf_type == BPF_MAP_TYPE_ARRAY || m->bpf_type == BPF_MAP_TYPE_PERCPU_ARRAY);
}

// Removes what was read of the older generation; for zero() the keys remain, in the new one.
static void empty(struct runtime *rt, uint32_t map, const struct snapshot *s, bool keep) {
    int fd = bpf_map__fd(rt->maps[map]);
    size_t ksize = key_size(rt, map);
    bool array = is_array(rt, map);
    unsigned char *zero = calloc(1, raw_size(rt, map));
    for (size_t i = 0; zero && i < s->n; i++) {
        unsigned char *key = s->keys + i * ksize;
        if (array)
            bpf_map_update_elem(fd, key, zero, BPF_ANY);
        else
            bpf_map_delete_elem(fd, key);
        if (!keep || array) continue;
        memcpy(key, &rt->generations[map], sizeof(rt->generations[map]));
        bpf_map_update_elem(fd, key, zero, BPF_NOEXIST);
    }
    free(zero);
    *(keep ? &rt->zeroed[map] : &rt->cleared[map]) = true;
    rt->emptied[map] = true;
}

void rt_print_map(struct runtime *rt, uint32_t map, uint32_t top, uint32_t div,
                  enum mf_event_kind then) {
    struct snapshot s = {0};
    const struct mf_map *m = &rt->m->maps.data[map];
    uint64_t generation = rt->generations[map];
    bool old = then && m->has_generations && rt_next_generation(rt, map, &generation) == 0;
    if (read_generation(rt, map, generation, &s)) {
        show_prefixes(rt, map, &s);
        output_map(rt->out, m, s.entries, s.n, top, div);
    }
    if (old) empty(rt, map, &s, then == EVENT_ZERO);
    snapshot_free(&s);
}

void rt_print_item(struct runtime *rt, uint32_t map, const void *key, const void *value) {
    const struct mf_map *m = &rt->m->maps.data[map];
    unsigned char *raw = calloc(1, raw_size(rt, map)), *merged = calloc(1, m->value->size + 8);
    unsigned char *full = calloc(1, key_size(rt, map) + sizeof(uint64_t));
    struct output_entry e = {.key = key, .value = value};
    if (raw && merged && full) {
        if (!value) {
            memcpy(full, &rt->generations[map], sizeof(rt->generations[map]));
            memcpy(full + key_prefix(m), key, key_size(rt, map) - key_prefix(m));
            if (bpf_map_lookup_elem(bpf_map__fd(rt->maps[map]), full, raw) == 0)
                merge(rt, map, raw, merged);
            e.value = merged;
        }
        output_map_item(rt->out, m, &e);
    }
    free(raw);
    free(merged);
    free(full);
}

// Did the print before it empty the map?
static bool was_emptied(struct runtime *rt, uint32_t map) {
    bool was = rt->emptied[map];
    rt->emptied[map] = false;
    return was;
}

void rt_zero_map(struct runtime *rt, uint32_t map) {
    if (was_emptied(rt, map)) return;
    struct snapshot s = {0};
    const struct mf_map *m = &rt->m->maps.data[map];
    size_t ksize = key_size(rt, map);
    unsigned char *zero = calloc(1, raw_size(rt, map));
    rt->zeroed[map] = true;
    if (zero && read_all(rt, map, &s))
        for (size_t i = 0; i < s.n; i++)
            bpf_map_update_elem(bpf_map__fd(rt->maps[map]), s.keys + i * ksize, zero,
                                m->is_scalar ? BPF_ANY : BPF_EXIST);
    free(zero);
    snapshot_free(&s);
}

void rt_clear_map(struct runtime *rt, uint32_t map) {
    if (was_emptied(rt, map)) return;
    struct snapshot s = {0};
    if (is_array(rt, map)) {
        rt->cleared[map] = true;
        rt_zero_map(rt, map);
        return;
    }
    size_t ksize = key_size(rt, map);
    if (read_all(rt, map, &s) && !is_list(&rt->m->maps.data[map]))
        for (size_t i = 0; i < s.n; i++)
            bpf_map_delete_elem(bpf_map__fd(rt->maps[map]), s.keys + i * ksize);
    snapshot_free(&s);
}

// Was a keyless array assigned with what may be zero?
static bool is_set(const struct runtime *rt, uint32_t map) {
    const struct mf_map *m = &rt->m->maps.data[map];
    uint64_t word = 0;
    uint32_t key = (uint32_t)rt->generations[map];
    size_t size = bpf_map__value_size(rt->maps[map]);
    unsigned char *raw = calloc(1, size);
    if (m->set_offset && size >= m->set_offset + sizeof(word) && raw &&
        !bpf_map_lookup_elem(bpf_map__fd(rt->maps[map]), &key, raw))
        memcpy(&word, raw + m->set_offset, sizeof(word));
    free(raw);
    return word;
}

// A keyless array always has its entry: cleared and not written since, or never, it counts as
// empty.
static bool is_empty(const struct runtime *rt, uint32_t map, const struct snapshot *s) {
    const struct mf_map *m = &rt->m->maps.data[map];
    if (s->n == 0) return true;
    if (!is_array(rt, map)) return false;
    for (uint32_t i = 0; i < m->value->size; i++)
        if (s->values[i]) return false;
    if (is_set(rt, map)) return false;
    // But for sums, what has counted something is not all zeroes.
    bool untouched = m->value->kind != TYPE_SUM && !rt->zeroed[map];
    return rt->cleared[map] || untouched;
}

static int by_name(const void *a, const void *b, void *ctx) {
    const struct runtime *rt = ctx;
    return strcmp(rt->m->maps.data[*(const uint32_t *)a].name,
                  rt->m->maps.data[*(const uint32_t *)b].name);
}

void rt_print_all_maps(struct runtime *rt) {
    size_t n = rt->m->maps.len;
    uint32_t *order = calloc(n ? n : 1, sizeof(*order));
    if (!order || !n || !manifest_config_uint(rt->m, "print_maps_on_exit")) {
        free(order);
        return;
    }
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, n, sizeof(*order), by_name, rt);
    for (size_t i = 0; i < n; i++) {
        struct snapshot s = {0};
        const struct mf_map *m = &rt->m->maps.data[order[i]];
        bool shared = is_list(m) && m->pin; // its elements are others' to take
        if (!shared && read_all(rt, order[i], &s) && !is_empty(rt, order[i], &s)) {
            show_prefixes(rt, order[i], &s);
            output_map(rt->out, m, s.entries, s.n, 0, 0);
        }
        snapshot_free(&s);
    }
    free(order);
}
