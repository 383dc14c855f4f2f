// SPDX-License-Identifier: Apache-2.0
// Manifest to JSON. Types are one table; others refer to it by index.
#include <jansson.h>
#include <stdlib.h>

#include "object/manifest.h"

struct writer {
    const struct manifest *m;
    json_t *types;
    const struct type **seen;
    size_t nseen, cap;
};

static json_t *text(const char *s) {
    json_t *j = json_string(s ? s : "");
    return j ? j : json_string("(not UTF-8)");
}

static size_t type_index(struct writer *w, const struct type *t, unsigned depth);

static json_t *fields_of(struct writer *w, const struct type *t, unsigned depth) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < t->nfields; i++) {
        const struct type_field *f = &t->fields[i];
        json_t *j = json_object();
        json_object_set_new(j, "name", text(f->name));
        json_object_set_new(j, "type", json_integer((json_int_t)type_index(w, f->type, depth)));
        json_object_set_new(j, "offset", json_integer(f->offset));
        if (f->bit_size) {
            json_object_set_new(j, "bit_offset", json_integer(f->bit_offset));
            json_object_set_new(j, "bits", json_integer(f->bit_size));
        }
        json_array_append_new(list, j);
    }
    return list;
}

static void put(json_t *j, const char *key, int64_t v) {
    if (v) json_object_set_new(j, key, json_integer((json_int_t)v));
}

static json_t *type_json(struct writer *w, const struct type *t, unsigned depth) {
    json_t *j = json_object();
    json_object_set_new(j, "kind", json_integer(t->kind));
    put(j, "size", t->size);
    put(j, "align", t->align);
    put(j, "signed", t->is_signed);
    put(j, "union", t->is_union);
    put(j, "char", t->is_char);
    put(j, "space", t->space);
    put(j, "count", t->count);
    put(j, "param", t->param);
    put(j, "mode", t->mode);
    put(j, "min", t->min);
    put(j, "max", t->max);
    put(j, "step", t->step);
    if (t->name) json_object_set_new(j, "name", text(t->name));
    // What a pointer points to is never printed.
    if (t->target && t->kind == TYPE_ARRAY)
        put(j, "target", (int64_t)type_index(w, t->target, depth) + 1);
    if (t->nfields) json_object_set_new(j, "fields", fields_of(w, t, depth));
    if (t->nenumerators) {
        json_t *list = json_array();
        for (uint32_t i = 0; i < t->nenumerators; i++)
            json_array_append_new(list, json_pack("[s,I]", t->enumerators[i].name,
                                                  (json_int_t)t->enumerators[i].value));
        json_object_set_new(j, "enumerators", list);
    }
    return j;
}

static size_t type_index(struct writer *w, const struct type *t, unsigned depth) {
    for (size_t i = 0; i < w->nseen; i++)
        if (w->seen[i] == t) return i;
    if (w->nseen == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 32;
        w->seen = realloc(w->seen, w->cap * sizeof(*w->seen));
        if (!w->seen) abort();
    }
    size_t at = w->nseen++;
    w->seen[at] = t;
    json_array_append_new(w->types, json_null()); // its place, before what it refers to
    json_array_set_new(w->types, at, type_json(w, t, depth + 1));
    return at;
}

static json_t *type_ref(struct writer *w, const struct type *t) {
    return t ? json_integer((json_int_t)type_index(w, t, 0)) : json_null();
}

static json_t *programs(const struct manifest *m) {
    json_t *list = json_array();
    for (size_t i = 0; i < m->programs.len; i++) {
        const struct mf_program *p = &m->programs.data[i];
        json_array_append_new(list, json_pack("{s:s,s:s,s:i,s:i,s:i,s:b,s:b,s:b}", "symbol",
                                              p->symbol, "provider", p->provider, "first",
                                              (int)p->first_target, "targets", (int)p->ntargets,
                                              "line", (int)p->line, "cookie", p->needs_cookie,
                                              "sleepable", p->is_sleepable, "typed", p->is_typed));
    }
    return list;
}

static json_t *targets(const struct manifest *m) {
    json_t *list = json_array();
    for (size_t i = 0; i < m->targets.len; i++) {
        const struct mf_target *t = &m->targets.data[i];
        json_t *j = json_object();
        json_object_set_new(j, "name", text(t->name));
        if (t->module) json_object_set_new(j, "module", text(t->module));
        if (t->pin) json_object_set_new(j, "pin", text(t->pin));
        if (t->function) json_object_set_new(j, "function", text(t->function));
        put(j, "offset", (int64_t)t->offset);
        put(j, "address", (int64_t)t->address);
        put(j, "value", (int64_t)t->value);
        put(j, "hz", t->is_hz);
        put(j, "return", t->is_return);
        put(j, "pid", t->pid);
        put(j, "program", t->program);
        put(j, "identity", t->identity);
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *maps(struct writer *w) {
    json_t *list = json_array();
    for (size_t i = 0; i < w->m->maps.len; i++) {
        const struct mf_map *m = &w->m->maps.data[i];
        json_t *j = json_object();
        json_object_set_new(j, "name", text(m->name));
        json_object_set_new(j, "symbol", text(m->symbol));
        json_object_set_new(j, "key", type_ref(w, m->key));
        json_object_set_new(j, "value", type_ref(w, m->value));
        put(j, "percpu", m->is_percpu);
        put(j, "scalar", m->is_scalar);
        put(j, "percpu_array", m->is_percpu_array);
        put(j, "max_entries", m->max_entries);
        put(j, "bpf_type", m->bpf_type);
        put(j, "set_offset", m->set_offset);
        put(j, "generations", m->has_generations);
        if (m->pin) json_object_set_new(j, "pin", text(m->pin));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *events(struct writer *w) {
    json_t *list = json_array();
    for (size_t i = 0; i < w->m->events.len; i++) {
        const struct mf_event *e = &w->m->events.data[i];
        json_t *j = json_object(), *fields = json_array();
        for (size_t k = 0; k < e->fields.len; k++)
            json_array_append_new(fields, json_pack("{s:o,s:i}", "type",
                                                    type_ref(w, e->fields.data[k].type), "offset",
                                                    (int)e->fields.data[k].offset));
        json_object_set_new(j, "kind", json_integer(e->kind));
        if (e->format) json_object_set_new(j, "format", text(e->format));
        if (e->helper) json_object_set_new(j, "helper", text(e->helper));
        json_object_set_new(j, "fields", fields);
        put(j, "size", e->size);
        put(j, "map", e->map);
        put(j, "top", e->top);
        put(j, "div", e->div);
        put(j, "then", e->then);
        put(j, "line", e->line);
        put(j, "column", e->column);
        put(j, "end_column", e->end_column);
        json_array_append_new(list, j);
    }
    return list;
}

char *manifest_write(const struct manifest *m, bool pretty) {
    struct writer w = {.m = m, .types = json_array()};
    json_t *root = json_object(), *strings = json_array(), *config = json_object();
    for (size_t i = 0; i < m->strings.len; i++)
        json_array_append_new(strings, text(m->strings.data[i]));
    for (size_t i = 0; i < m->config.len; i++)
        json_object_set_new(config, m->config.data[i].name, text(m->config.data[i].value));
    json_object_set_new(root, "version", json_integer(MANIFEST_VERSION));
    json_object_set_new(root, "source_name", text(m->source_name));
    json_object_set_new(root, "source", text(m->source_text));
    json_object_set_new(root, "license", text(m->license));
    json_object_set_new(root, "programs", programs(m));
    json_object_set_new(root, "targets", targets(m));
    json_object_set_new(root, "maps", maps(&w));
    json_object_set_new(root, "events", events(&w));
    json_object_set_new(root, "types", w.types);
    json_object_set_new(root, "strings", strings);
    json_object_set_new(root, "config", config);
    char *s = json_dumps(root, pretty ? JSON_INDENT(2) : JSON_COMPACT);
    json_decref(root);
    free(w.seen);
    return s;
}
