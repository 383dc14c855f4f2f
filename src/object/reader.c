// SPDX-License-Identifier: Apache-2.0
// JSON to manifest. The input is untrusted: every index, size and offset is checked.
#include <jansson.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object/manifest.h"

struct reader {
    struct manifest *m;
    struct type *types;
    size_t ntypes;
    char *error; // first one, on the heap
};

static void fail(struct reader *r, const char *fmt, ...) ATTR_PRINTF(2, 3);
static void fail(struct reader *r, const char *fmt, ...) {
    if (r->error) return;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&r->error, fmt, ap) < 0) r->error = NULL;
    va_end(ap);
}

static const char *text(struct reader *r, const json_t *j, const char *key) {
    const char *s = json_string_value(json_object_get(j, key));
    return s ? arena_strdup(r->m->arena, s) : NULL;
}

static const char *need_text(struct reader *r, const json_t *j, const char *key) {
    const char *s = text(r, j, key);
    if (!s) fail(r, "'%s' is missing", key);
    return s ? s : "";
}

static int64_t number(const json_t *j, const char *key) {
    return (int64_t)json_integer_value(json_object_get(j, key));
}

static uint32_t bounded(struct reader *r, const json_t *j, const char *key, uint32_t limit) {
    int64_t v = number(j, key);
    if (v < 0 || v > limit) {
        fail(r, "'%s' is out of range", key);
        return 0;
    }
    return (uint32_t)v;
}

static const struct type *type_at(struct reader *r, const json_t *index) {
    json_int_t i = json_integer_value(index);
    if (!json_is_integer(index) || i < 0 || (size_t)i >= r->ntypes) {
        fail(r, "a type's index is out of range");
        return NULL;
    }
    return &r->types[i];
}

enum { MAX_SIZE = 1 << 24 };

static void read_fields(struct reader *r, struct type *t, const json_t *list) {
    size_t n = json_array_size(list);
    struct type_field *fields = arena_alloc(r->m->arena, (n + 1) * sizeof(*fields));
    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(list, i);
        fields[i].name = need_text(r, j, "name");
        fields[i].type = type_at(r, json_object_get(j, "type"));
        fields[i].offset = bounded(r, j, "offset", t->size);
        fields[i].bit_offset = bounded(r, j, "bit_offset", 63);
        fields[i].bit_size = bounded(r, j, "bits", 64);
        if (fields[i].type && fields[i].type <= t && fields[i].type == t)
            fail(r, "a type holds itself");
    }
    t->fields = fields;
    t->nfields = (uint32_t)n;
}

static void read_enumerators(struct reader *r, struct type *t, const json_t *list) {
    size_t n = json_array_size(list);
    struct type_enumerator *e = arena_alloc(r->m->arena, (n + 1) * sizeof(*e));
    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(list, i);
        const char *name = json_string_value(json_array_get(j, 0));
        e[i].name = arena_strdup(r->m->arena, name ? name : "");
        e[i].value = json_integer_value(json_array_get(j, 1));
    }
    t->enumerators = e;
    t->nenumerators = (uint32_t)n;
}

static void read_type(struct reader *r, struct type *t, const json_t *j) {
    t->kind = (enum type_kind)bounded(r, j, "kind", TYPE_TSERIES);
    t->size = bounded(r, j, "size", MAX_SIZE);
    t->align = bounded(r, j, "align", 4096);
    t->is_signed = number(j, "signed") != 0;
    t->is_union = number(j, "union") != 0;
    t->is_char = number(j, "char") != 0;
    t->space = (enum type_space)bounded(r, j, "space", SPACE_USER);
    t->count = bounded(r, j, "count", MAX_SIZE);
    t->param = bounded(r, j, "param", 4096);
    t->mode = (enum stack_mode)bounded(r, j, "mode", STACK_MODE_BUILD_ID);
    t->min = number(j, "min");
    t->max = number(j, "max");
    t->step = number(j, "step");
    t->name = text(r, j, "name");
    t->is_complete = true;
    int64_t target = number(j, "target");
    if (target > 0 && (size_t)target <= r->ntypes) t->target = &r->types[target - 1];
    read_fields(r, t, json_object_get(j, "fields"));
    read_enumerators(r, t, json_object_get(j, "enumerators"));
}

// Sizes must be consistent, and no type may hold itself: output follows them blindly.
static bool type_ok(const struct type *t, unsigned depth) {
    static const uint32_t fixed[] = {
        [TYPE_BOOL] = 1,         [TYPE_KSTACK] = 16,  [TYPE_USTACK] = 16, [TYPE_KSYM] = 8,
        [TYPE_USYM] = 16,        [TYPE_INET] = 20,    [TYPE_MAC] = 6,     [TYPE_TIMESTAMP] = 16,
        [TYPE_CGROUP_PATH] = 16, [TYPE_USERNAME] = 8, [TYPE_SYSCALL] = 8, [TYPE_PROBE] = 8,
        [TYPE_POINTER] = 8,      [TYPE_COUNT] = 8,    [TYPE_SUM] = 8,     [TYPE_AVG] = 16,
        [TYPE_MIN] = 16,         [TYPE_MAX] = 16,     [TYPE_STATS] = 16,  [TYPE_TSERIES] = 0};
    if (depth > 64) return false;
    if (fixed[t->kind] && t->size != fixed[t->kind]) return false;
    if (t->kind == TYPE_INT || t->kind == TYPE_ENUM)
        return t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8 || t->size == 16;
    if (t->kind == TYPE_HIST) return t->param <= 5 && t->size == hist_buckets(t->param) * 8;
    if (t->kind == TYPE_LHIST)
        return t->step > 0 && t->min < t->max && (t->max - t->min) / t->step < 100000 &&
               t->size == lhist_buckets(t->min, t->max, t->step) * 8;
    if (t->kind == TYPE_TSERIES)
        return t->min > 0 && t->max > 0 && t->max <= 1000000 &&
               t->size == (uint32_t)t->max * sizeof(struct value_tseries_slot);
    if (t->kind == TYPE_BUFFER) return t->size >= 4 && t->count <= t->size - 4;
    if (t->kind == TYPE_ARRAY)
        return t->target && (uint64_t)t->target->size * t->count <= t->size &&
               type_ok(t->target, depth + 1);
    for (uint32_t i = 0; i < t->nfields; i++) {
        const struct type_field *f = &t->fields[i];
        if (!f->type || (!f->bit_size && (uint64_t)f->offset + f->type->size > t->size))
            return false;
        if (!type_ok(f->type, depth + 1)) return false;
    }
    return true;
}

static void read_types(struct reader *r, const json_t *list) {
    r->ntypes = json_array_size(list);
    r->types = arena_alloc(r->m->arena, (r->ntypes + 1) * sizeof(*r->types));
    for (size_t i = 0; i < r->ntypes; i++) read_type(r, &r->types[i], json_array_get(list, i));
    for (size_t i = 0; i < r->ntypes && !r->error; i++)
        if (!type_ok(&r->types[i], 0)) fail(r, "type %zu is malformed", i);
}

static void read_programs(struct reader *r, const json_t *root) {
    struct manifest *m = r->m;
    const json_t *list = json_object_get(root, "targets"), *j;
    size_t i;
    json_array_foreach(list, i, j) {
        struct mf_target t = {.name = need_text(r, j, "name"),
                              .module = text(r, j, "module"),
                              .function = text(r, j, "function"),
                              .pin = text(r, j, "pin"),
                              .offset = (uint64_t)number(j, "offset"),
                              .address = (uint64_t)number(j, "address"),
                              .value = (uint64_t)number(j, "value"),
                              .is_hz = number(j, "hz") != 0,
                              .is_return = number(j, "return") != 0,
                              .pid = (int32_t)number(j, "pid"),
                              .program = bounded(r, j, "program", UINT32_MAX),
                              .identity = bounded(r, j, "identity", (uint32_t)i)};
        if (t.pin && *t.pin != '/') fail(r, "target %s is pinned to a bad path", t.name);
        VEC_PUSH(m->arena, &m->targets, t);
    }
    list = json_object_get(root, "programs");
    json_array_foreach(list, i, j) {
        struct mf_program p = {.symbol = need_text(r, j, "symbol"),
                               .provider = need_text(r, j, "provider"),
                               .first_target = bounded(r, j, "first", (uint32_t)m->targets.len),
                               .line = bounded(r, j, "line", UINT32_MAX),
                               .needs_cookie = json_is_true(json_object_get(j, "cookie")),
                               .is_sleepable = json_is_true(json_object_get(j, "sleepable")),
                               .is_typed = json_is_true(json_object_get(j, "typed"))};
        p.ntargets = bounded(r, j, "targets", (uint32_t)m->targets.len - p.first_target);
        VEC_PUSH(m->arena, &m->programs, p);
    }
    for (size_t k = 0; k < m->targets.len; k++)
        if (m->targets.data[k].program >= m->programs.len) fail(r, "a target has no program");
}

static void check_map(struct reader *r, const struct mf_map *m) {
    bool list = m->bpf_type == BPF_MAP_TYPE_QUEUE || m->bpf_type == BPF_MAP_TYPE_STACK;
    if (!m->key && !m->is_scalar) fail(r, "map %s has no key", m->name);
    if (list && (!m->key || m->key->size != 8)) fail(r, "map %s has no places", m->name);
    if (m->bpf_type == BPF_MAP_TYPE_LPM_TRIE && (!m->key || m->key->size < 4))
        fail(r, "map %s has no prefixes", m->name);
    if (m->pin && !manifest_pin_ok(m->pin)) fail(r, "map %s is pinned by a bad name", m->name);
}

static void read_maps(struct reader *r, const json_t *list) {
    const json_t *j;
    size_t i;
    json_array_foreach(list, i, j) {
        const json_t *key = json_object_get(j, "key");
        struct mf_map m = {.name = need_text(r, j, "name"),
                           .symbol = need_text(r, j, "symbol"),
                           .key = json_is_integer(key) ? type_at(r, key) : NULL,
                           .value = type_at(r, json_object_get(j, "value")),
                           .is_percpu = number(j, "percpu") != 0,
                           .is_scalar = number(j, "scalar") != 0,
                           .is_percpu_array = number(j, "percpu_array") != 0,
                           .max_entries = bounded(r, j, "max_entries", UINT32_MAX),
                           .bpf_type = bounded(r, j, "bpf_type", 1000),
                           .pin = text(r, j, "pin"),
                           .set_offset = bounded(r, j, "set_offset", UINT32_MAX),
                           .has_generations = number(j, "generations") != 0};
        check_map(r, &m);
        VEC_PUSH(r->m->arena, &r->m->maps, m);
    }
}

static void read_events(struct reader *r, const json_t *list) {
    const json_t *j, *f;
    size_t i, k;
    json_array_foreach(list, i, j) {
        struct mf_event e = {.kind = (enum mf_event_kind)bounded(r, j, "kind", EVENT_RUNTIME_ERROR),
                             .format = text(r, j, "format"),
                             .helper = text(r, j, "helper"),
                             .size = bounded(r, j, "size", MAX_SIZE),
                             .map = bounded(r, j, "map", UINT32_MAX),
                             .top = bounded(r, j, "top", UINT32_MAX),
                             .div = bounded(r, j, "div", UINT32_MAX),
                             .then = (enum mf_event_kind)bounded(r, j, "then", EVENT_RUNTIME_ERROR),
                             .line = bounded(r, j, "line", UINT32_MAX),
                             .column = bounded(r, j, "column", UINT32_MAX),
                             .end_column = bounded(r, j, "end_column", UINT32_MAX)};
        bool of_map = e.kind == EVENT_PRINT_MAP || e.kind == EVENT_PRINT_MAP_ITEM ||
                      e.kind == EVENT_CLEAR || e.kind == EVENT_ZERO;
        if (of_map && e.map >= r->m->maps.len) fail(r, "event %zu names no map", i);
        json_array_foreach(json_object_get(j, "fields"), k, f) {
            struct mf_field field = {.type = type_at(r, json_object_get(f, "type")),
                                     .offset = bounded(r, f, "offset", MAX_SIZE)};
            if (field.type && (uint64_t)field.offset + field.type->size > e.size)
                fail(r, "a field of event %zu is outside of it", i);
            VEC_PUSH(r->m->arena, &e.fields, field);
        }
        static const char need_format[] = {
            [EVENT_PRINTF] = 1, [EVENT_ERRORF] = 1,    [EVENT_WARNF] = 1,
            [EVENT_SYSTEM] = 1, [EVENT_CAT] = 1,       [EVENT_TIME] = 1,
            [EVENT_JOIN] = 1,   [EVENT_SKBOUTPUT] = 1, [EVENT_RUNTIME_ERROR] = 0};
        static const unsigned char need_fields[] = {[EVENT_JOIN] = 1,
                                                    [EVENT_PRINT] = 1,
                                                    [EVENT_PRINT_MAP_ITEM] = 1,
                                                    [EVENT_EXIT] = 1,
                                                    [EVENT_RUNTIME_ERROR] = 0};
        bool helper_code = e.kind == EVENT_RUNTIME_ERROR && e.helper;
        if (helper_code &&
            (!e.fields.len || !e.fields.data[0].type || e.fields.data[0].type->size != 8))
            fail(r, "event %zu has no return code", i);
        if (e.kind == EVENT_SKBOUTPUT && e.size != MF_PACKET_BYTES)
            fail(r, "event %zu is no packet", i);
        if (e.kind == EVENT_RUNTIME_ERROR && !e.helper && !e.format)
            fail(r, "event %zu has no text", i);
        if (need_format[e.kind] && !e.format) fail(r, "event %zu has no format", i);
        if (need_fields[e.kind] > e.fields.len) fail(r, "event %zu has no value", i);
        if (e.kind == EVENT_PRINT_MAP_ITEM && e.map < r->m->maps.len &&
            (!r->m->maps.data[e.map].key || !e.fields.data[0].type ||
             e.fields.data[0].type->size != r->m->maps.data[e.map].key->size))
            fail(r, "event %zu has a key of another type than its map", i);
        VEC_PUSH(r->m->arena, &r->m->events, e);
    }
}

static void read_rest(struct reader *r, const json_t *root) {
    struct manifest *m = r->m;
    const json_t *j;
    json_t *value;
    const char *key;
    size_t i;
    m->source_name = need_text(r, root, "source_name");
    m->source_text = need_text(r, root, "source");
    m->license = need_text(r, root, "license");
    json_array_foreach(json_object_get(root, "strings"), i, j) {
        const char *s = json_string_value(j);
        VEC_PUSH(m->arena, &m->strings, arena_strdup(m->arena, s ? s : ""));
    }
    json_t *config = json_object_get(root, "config");
    json_object_foreach(config, key, value) {
        const char *s = json_string_value(value);
        struct mf_config_item item = {arena_strdup(m->arena, key),
                                      arena_strdup(m->arena, s ? s : "")};
        VEC_PUSH(m->arena, &m->config, item);
    }
}

struct manifest *manifest_read(const char *json, size_t len, char **error) {
    struct reader r = {.m = manifest_new()};
    json_error_t why;
    json_t *root = json_loadb(json, len, 0, &why);
    *error = NULL;
    if (!root || !json_is_object(root))
        fail(&r, "not JSON: %s", root ? "no object" : why.text);
    else if (number(root, "version") != MANIFEST_VERSION)
        fail(&r, "version %lld, expected %d", (long long)number(root, "version"), MANIFEST_VERSION);
    if (!r.error) {
        read_types(&r, json_object_get(root, "types"));
        read_rest(&r, root);
        read_programs(&r, root);
        read_maps(&r, json_object_get(root, "maps"));
        read_events(&r, json_object_get(root, "events"));
    }
    json_decref(root);
    if (!r.error) return r.m;
    manifest_free(r.m);
    *error = r.error;
    return NULL;
}
