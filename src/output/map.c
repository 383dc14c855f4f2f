// SPDX-License-Identifier: Apache-2.0
// Whole maps: order, layout, print()'s top and div.
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "output/output_internal.h"

static int compare_ints(int64_t a, int64_t b, bool is_signed) {
    if (is_signed) return a < b ? -1 : a > b;
    return (uint64_t)a < (uint64_t)b ? -1 : (uint64_t)a > (uint64_t)b;
}

static int compare_values(const struct type *type, const void *a, const void *b) {
    struct value_stats x, y;
    int64_t n, m;
    switch (type->kind) {
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_ENUM: return compare_ints(value_int(type, a), value_int(type, b), type->is_signed);
    case TYPE_COUNT:
    case TYPE_SUM:
    case TYPE_MIN:
    case TYPE_MAX:
        memcpy(&n, a, 8);
        memcpy(&m, b, 8);
        return compare_ints(n, m, type->is_signed);
    case TYPE_AVG:
        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        n = x.count ? (int64_t)x.total / (int64_t)x.count : 0;
        m = y.count ? (int64_t)y.total / (int64_t)y.count : 0;
        return compare_ints(n, m, true);
    case TYPE_STATS:
        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        return compare_ints((int64_t)x.total, (int64_t)y.total, true);
    case TYPE_STRING: return strncmp(a, b, type->size);
    case TYPE_TUPLE:
        for (uint32_t i = 0; i < type->nfields; i++) {
            uint32_t at = type->fields[i].offset;
            int c =
                compare_values(type->fields[i].type, (const char *)a + at, (const char *)b + at);
            if (c) return c;
        }
        return 0;
    case TYPE_TSERIES: // the one that was fed last comes last
        return compare_ints((int64_t)series_end(type, a), (int64_t)series_end(type, b), false);
    case TYPE_HIST:
    case TYPE_LHIST: { // by how much is in them
        uint64_t total[2] = {0, 0}, v;
        for (uint32_t i = 0; i < type->size; i += 8) {
            memcpy(&v, (const char *)a + i, 8);
            total[0] += v;
            memcpy(&v, (const char *)b + i, 8);
            total[1] += v;
        }
        return compare_ints((int64_t)total[0], (int64_t)total[1], false);
    }
    default: return memcmp(a, b, type->size);
    }
}

struct order {
    const struct mf_map *map;
    struct output_entry entry;
};

// Ascending by value, then by key.
static int compare_entries(const void *pa, const void *pb) {
    const struct order *a = pa, *b = pb;
    int c = compare_values(a->map->value, a->entry.value, b->entry.value);
    return c ? c : compare_values(a->map->key, a->entry.key, b->entry.key);
}

static void put_key(struct output *o, struct strbuf *b, const struct mf_map *map, const void *key) {
    if (map->key->kind != TYPE_TUPLE || (map->key->nfields && *map->key->fields[0].name)) {
        output_value(o, b, map->key, key);
        return;
    }
    for (uint32_t i = 0; i < map->key->nfields; i++) {
        if (i) strbuf_puts(b, ", ");
        output_value(o, b, map->key->fields[i].type,
                     (const char *)key + map->key->fields[i].offset);
    }
}

static bool is_block(const struct type *type) // drawn on lines of its own
{
    return type->kind == TYPE_HIST || type->kind == TYPE_LHIST || type->kind == TYPE_TSERIES;
}

static void text_entry(struct output *o, const struct mf_map *map, const struct output_entry *e,
                       uint32_t div) {
    struct strbuf *b = &o->line;
    strbuf_clear(b);
    strbuf_puts(b, map->name);
    if (e->key) {
        strbuf_putc(b, '[');
        put_key(o, b, map, e->key);
        strbuf_putc(b, ']');
    }
    strbuf_puts(b, is_block(map->value) ? ":\n" : ": ");
    map_value(o, b, map->value, e->value, div);
    strbuf_putc(b, '\n');
    output_write(o, b->data, b->len);
}

static const char *json_kind(const struct type *type) {
    switch (type->kind) {
    case TYPE_HIST:
    case TYPE_LHIST: return "hist";
    case TYPE_STATS: return "stats";
    case TYPE_TSERIES: return "tseries";
    default: return "map";
    }
}

static void json_key(struct output *o, struct strbuf *b, const struct mf_map *map,
                     const void *key) {
    struct strbuf text = {0};
    if (map->key->kind == TYPE_TUPLE) {
        for (uint32_t i = 0; i < map->key->nfields; i++) {
            if (i) strbuf_putc(&text, ',');
            output_value(o, &text, map->key->fields[i].type,
                         (const char *)key + map->key->fields[i].offset);
        }
    } else {
        output_value(o, &text, map->key, key);
    }
    json_string_text(b, strbuf_str(&text), text.len);
    strbuf_free(&text);
}

static void json_map(struct output *o, const struct mf_map *map, const struct order *list,
                     size_t n) {
    struct strbuf *b = &o->line;
    strbuf_clear(b);
    strbuf_printf(b, "{\"type\": \"%s\", \"data\": {\"%s\": ", json_kind(map->value), map->name);
    if (map->is_scalar) {
        if (n)
            json_value(o, b, map->value, list[0].entry.value);
        else
            strbuf_puts(b, "null");
    } else {
        strbuf_putc(b, '{');
        for (size_t i = 0; i < n; i++) {
            if (i) strbuf_puts(b, ", ");
            json_key(o, b, map, list[i].entry.key);
            strbuf_puts(b, ": ");
            json_value(o, b, map->value, list[i].entry.value);
        }
        strbuf_putc(b, '}');
    }
    strbuf_puts(b, "}}\n");
    output_write(o, b->data, b->len);
}

static void find_series_end(struct output *o, const struct mf_map *map,
                            const struct output_entry *entries, size_t n) {
    o->series_end = 0;
    if (map->value->kind != TYPE_TSERIES) return;
    for (size_t i = 0; i < n; i++) {
        uint64_t end = series_end(map->value, entries[i].value);
        if (end > o->series_end) o->series_end = end;
    }
}

void output_map(struct output *o, const struct mf_map *map, const struct output_entry *entries,
                size_t n, uint32_t top, uint32_t div) {
    struct order *list = calloc(n ? n : 1, sizeof(*list));
    if (!list) return;
    find_series_end(o, map, entries, n);
    for (size_t i = 0; i < n; i++) list[i] = (struct order){.map = map, .entry = entries[i]};
    bool ordered = map->bpf_type == BPF_MAP_TYPE_QUEUE || map->bpf_type == BPF_MAP_TYPE_STACK;
    if (!map->is_scalar && !ordered && n > 1) qsort(list, n, sizeof(*list), compare_entries);
    size_t first = top && n > top ? n - top : 0;
    if (o->opts.json) {
        json_map(o, map, list + first, n - first);
    } else {
        for (size_t i = first; i < n; i++) text_entry(o, map, &list[i].entry, div);
    }
    free(list);
}

void output_map_item(struct output *o, const struct mf_map *map, const struct output_entry *e) {
    find_series_end(o, map, e, 1);
    if (o->opts.json) {
        struct order one = {.map = map, .entry = *e};
        json_map(o, map, &one, 1);
    } else {
        text_entry(o, map, e, 1);
    }
}

// ---- per-CPU copies ----

static void merge_extreme(const struct type *type, const void *const *copies, size_t n, void *out) {
    struct value_minmax best = {0}, v;
    for (size_t i = 0; i < n; i++) {
        memcpy(&v, copies[i], sizeof(v));
        if (!v.is_set) continue;
        int c = compare_ints((int64_t)v.value, (int64_t)best.value, type->is_signed);
        if (!best.is_set || (type->kind == TYPE_MAX ? c > 0 : c < 0)) best = v;
    }
    memcpy(out, &best, sizeof(best));
}

void output_merge_percpu(const struct type *type, const void *const *copies, size_t n, void *out) {
    if (type->kind == TYPE_MIN || type->kind == TYPE_MAX) {
        merge_extreme(type, copies, n, out);
        return;
    }
    memset(out, 0, type->size);
    for (size_t i = 0; i < n; i++)
        for (uint32_t at = 0; at + 8 <= type->size; at += 8) {
            uint64_t a, b;
            memcpy(&a, (char *)out + at, 8);
            memcpy(&b, (const char *)copies[i] + at, 8);
            a += b;
            memcpy((char *)out + at, &a, 8);
        }
}
