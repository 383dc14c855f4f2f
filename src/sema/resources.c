// SPDX-License-Identifier: Apache-2.0
// Which BPF map each map of the script becomes.
#include <linux/bpf.h>

#include "base/suggest.h"
#include "sema/sema_internal.h"

static bool is_array(const struct map_kind *kind) {
    return kind->bpf_type == BPF_MAP_TYPE_ARRAY || kind->bpf_type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static void declared_kind(struct unit *u, struct sema_map *m) {
    const struct ast_map_decl *d = m->decl;
    m->bpf_type = m->kind->bpf_type;
    m->is_percpu = m->kind->is_percpu;
    bool aggregate = type_is_aggregate(m->value);
    bool series = m->value->kind == TYPE_TSERIES && (m->kind->ops & MAP_EACH);
    if (aggregate && !series && !m->is_percpu)
        diag(u->diags, d->kind_span, map_decl_aggregate, type_name(u->types, m->value), d->kind);
    if (!aggregate && m->is_percpu)
        diag(u->diags, d->kind_span, map_decl_percpu, d->kind, type_name(u->types, m->value));
    if (is_array(m->kind) && m->key && !type_is_integer(m->key))
        diag(u->diags, d->kind_span, map_decl_key, d->kind);
}

// ---- pinned maps ----

// A type whose values refer to tables of the run: stacks, formats, probes.
static const struct type *local_type(const struct type *t) {
    switch (t->kind) {
    case TYPE_KSTACK:
    case TYPE_USTACK:
    case TYPE_TIMESTAMP:
    case TYPE_CGROUP_PATH:
    case TYPE_PROBE: return t;
    case TYPE_ARRAY: return local_type(t->target);
    case TYPE_TUPLE:
        for (uint32_t i = 0; i < t->nfields; i++) {
            const struct type *bad = local_type(t->fields[i].type);
            if (bad) return bad;
        }
        return NULL;
    default: return NULL;
    }
}

static void pin(struct unit *u, struct sema_map *m, const struct ast_config_item *option) {
    const struct ast_expr *name = option->value;
    if (name->kind != AST_STRING) {
        diag(u->diags, name->span, map_pin_form);
        return;
    }
    if (strlen(name->string.data) != name->string.len || !manifest_pin_ok(name->string.data))
        diag(u->diags, name->span, map_pin_name, name->string.data);
    for (size_t i = 0; i < u->maps.len; i++) {
        const struct sema_map *other = u->maps.data[i];
        if (other != m && other->pin && !strcmp(other->pin, name->string.data))
            diag(u->diags, name->span, map_pin_twice, other->name, other->pin);
    }
    const struct type *bad = m->key ? local_type(m->key) : NULL;
    if (!bad) bad = local_type(m->value);
    if (bad) diag(u->diags, name->span, map_pin_type, m->name, type_name(u->types, bad));
    m->pin = name->string.data;
    m->frees_entries = true;
}

static void options(struct unit *u, struct sema_map *m) {
    for (size_t i = 0; i < m->decl->options.len; i++) {
        const struct ast_config_item *option = &m->decl->options.data[i];
        if (!strcmp(option->name, "pin")) {
            pin(u, m, option);
            continue;
        }
        diag(u->diags, option->span, map_decl_option, option->name);
        diag_hint(u->diags, "the one option is pin = \"name\"");
    }
}

// Without a key: an array of one, which is always there, unless whether it is must be known.
static void choose_scalar(struct sema_map *m) {
    bool hash = m->pin || m->is_deleted;
    m->max_entries = 1;
    if (m->is_percpu)
        m->bpf_type = hash ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_PERCPU_ARRAY;
    else
        m->bpf_type = hash ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_ARRAY;
}

static void choose(struct unit *u, struct sema_map *m) {
    bool list = sema_map_holds(m, MAP_PUSH);
    m->is_percpu = type_is_aggregate(m->value) && m->value->kind != TYPE_TSERIES;
    m->max_entries = (uint32_t)config_uint(&u->config, CONFIG_max_map_keys);
    m->bpf_type = m->is_percpu ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH;
    if (m->decl) {
        int64_t n;
        if (!m->decl->size || !expr_int(m->decl->size, &n) || n < 1 || n > UINT32_MAX) {
            diag(u->diags, m->decl->span, map_decl_size);
            return;
        }
        m->max_entries = (uint32_t)n;
        options(u, m);
        if (m->key || list) declared_kind(u, m);
    }
    if (!m->key && !list) choose_scalar(m);
}

// The clock of tseries() that a test sets.
static void find_clock(struct unit *u) {
    const char *name = config_string(&u->config, CONFIG_dummy_ts_map);
    if (!*name) return;
    for (size_t i = 0; i < u->maps.len; i++)
        if (!strcmp(u->maps.data[i]->name, name)) u->clock = u->maps.data[i];
    struct span none = {.src = NULL};
    if (!u->clock || u->clock->key || !type_is_integer(u->clock->value))
        diag(u->diags, u->clock ? u->clock->span : none, map_clock, name);
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
    find_clock(u);
}
