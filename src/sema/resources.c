// SPDX-License-Identifier: Apache-2.0
// Which BPF map each map of the script becomes.
#include <linux/bpf.h>

#include "base/suggest.h"
#include "sema/sema_internal.h"

static const struct map_kind {
    const char *name;
    uint32_t type;
    bool percpu;
} kinds[] = {
    {"hash", BPF_MAP_TYPE_HASH, false},
    {"lruhash", BPF_MAP_TYPE_LRU_HASH, false},
    {"percpuhash", BPF_MAP_TYPE_PERCPU_HASH, true},
    {"percpulruhash", BPF_MAP_TYPE_LRU_PERCPU_HASH, true},
    {"array", BPF_MAP_TYPE_ARRAY, false},
    {"percpuarray", BPF_MAP_TYPE_PERCPU_ARRAY, true},
};

static void declared_kind(struct unit *u, struct sema_map *m) {
    const struct ast_map_decl *d = m->decl;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, d->kind)) continue;
        bool array =
            kinds[i].type == BPF_MAP_TYPE_ARRAY || kinds[i].type == BPF_MAP_TYPE_PERCPU_ARRAY;
        m->bpf_type = kinds[i].type;
        m->is_percpu = kinds[i].percpu;
        if (type_is_aggregate(m->value) && m->value->kind != TYPE_TSERIES && !kinds[i].percpu)
            diag(u->diags, d->kind_span, map_decl_aggregate, type_name(u->types, m->value),
                 d->kind);
        if (!type_is_aggregate(m->value) && kinds[i].percpu)
            diag(u->diags, d->kind_span, map_decl_percpu, d->kind, type_name(u->types, m->value));
        if (array && m->key && !type_is_integer(m->key))
            diag(u->diags, d->kind_span, map_decl_key, d->kind);
        if (m->key || !m->is_scalar) return;
        return;
    }
    diag(u->diags, d->kind_span, map_decl_kind, d->kind);
    struct suggest s = suggest_begin(d->kind);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) suggest_offer(&s, kinds[i].name);
    if (s.best) diag_hint(u->diags, "did you mean %s?", s.best);
}

static void choose(struct unit *u, struct sema_map *m) {
    bool keyless = !m->key, aggregate = type_is_aggregate(m->value);
    m->is_percpu = aggregate && m->value->kind != TYPE_TSERIES;
    m->max_entries = keyless ? 1 : (uint32_t)config_uint(&u->config, CONFIG_max_map_keys);
    if (keyless)
        m->bpf_type = m->is_percpu ? BPF_MAP_TYPE_PERCPU_ARRAY : BPF_MAP_TYPE_ARRAY;
    else
        m->bpf_type = m->is_percpu ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH;
    if (!m->decl) return;
    int64_t n;
    if (!m->decl->size || !expr_int(m->decl->size, &n) || n < 1 || n > UINT32_MAX) {
        diag(u->diags, m->decl->span, map_decl_size);
        return;
    }
    m->max_entries = (uint32_t)n;
    for (size_t i = 0; i < m->decl->options.len; i++)
        diag(u->diags, m->decl->options.data[i].span, map_decl_option,
             m->decl->options.data[i].name);
    if (!keyless)
        declared_kind(u, m);
    else
        m->max_entries = 1;
}

void sema_resources(struct unit *u) {
    size_t kept = 0;
    for (size_t i = 0; i < u->maps.len; i++) {
        struct sema_map *m = u->maps.data[i];
        if (m->value->kind == TYPE_NONE) {
            // Declared or printed, never assigned.
            if (m->decl && !m->key) {
                diag(u->diags, m->decl->span, map_unused, m->name);
                continue;
            }
            diag(u->diags, m->span, map_undefined, m->name);
            struct suggest s = suggest_begin(m->name);
            for (size_t k = 0; k < u->maps.len; k++)
                if (u->maps.data[k]->value->kind != TYPE_NONE)
                    suggest_offer(&s, u->maps.data[k]->name);
            if (s.best) diag_hint(u->diags, "did you mean %s?", s.best);
            continue;
        }
        choose(u, m);
        m->index = (unsigned)kept;
        u->maps.data[kept++] = m;
    }
    u->maps.len = kept;
}
