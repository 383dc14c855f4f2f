// SPDX-License-Identifier: Apache-2.0
// The store of types: interning, tuples, names for messages. Where types come from is in find.c
// (by name), btf.c (kernel), dwarf.c (programs) and cdecl.c (script).
#include "types/type.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "types/types_internal.h"

struct types *types_new(struct arena *a, const struct types_options *opts) {
    struct types *t = ARENA_NEW(a, struct types);
    t->arena = a;
    if (opts) t->opts = *opts;
    return t;
}

void types_free(struct types *t) {
    if (!t) return;
    btf_free(t->btf);
    dwarf_free(t);
    btf_files_free(&t->c_files);
}

static bool same(const struct type *a, const struct type *b) {
    return a->kind == b->kind && a->size == b->size && a->is_signed == b->is_signed &&
           a->is_char == b->is_char && a->is_literal == b->is_literal &&
           a->is_float == b->is_float && a->is_percpu_ptr == b->is_percpu_ptr &&
           a->space == b->space && a->target == b->target && a->count == b->count &&
           a->param == b->param && a->mode == b->mode && a->min == b->min && a->max == b->max &&
           a->step == b->step;
}

const struct type *types_intern(struct types *t, const struct type *want) {
    uintptr_t h = (uintptr_t)want->target / 16 + want->kind * 31u + want->size * 7u +
                  want->is_signed + want->count * 3u + want->space * 5u;
    struct type_vec *bucket = &t->interned[h % INTERN_BUCKETS];
    for (size_t i = 0; i < bucket->len; i++)
        if (same(bucket->data[i], want)) return bucket->data[i];
    struct type *n = ARENA_NEW(t->arena, struct type);
    *n = *want;
    n->is_complete = true;
    VEC_PUSH(t->arena, bucket, n);
    return n;
}

// Sizes and alignments of the kinds that have only one (see type.h).
static struct type basic_shape(enum type_kind kind) {
    struct type w = {.kind = kind, .size = 8, .align = 8};
    switch (kind) {
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_VOID:
        w.size = 0;
        w.align = 1;
        break;
    case TYPE_BOOL: w.size = w.align = 1; break;
    case TYPE_USYM:
    case TYPE_TIMESTAMP:
    case TYPE_CGROUP_PATH:
    case TYPE_KSTACK:
    case TYPE_USTACK:
    case TYPE_AVG:
    case TYPE_MIN:
    case TYPE_MAX:
    case TYPE_STATS: w.size = 16; break;
    case TYPE_INET:
        w.size = 20;
        w.align = 4;
        break;
    case TYPE_MAC:
        w.size = 6;
        w.align = 1;
        break;
    case TYPE_INT:
    case TYPE_ENUM:
    case TYPE_STRING:
    case TYPE_BUFFER:
    case TYPE_POINTER:
    case TYPE_ARRAY:
    case TYPE_STRUCT:
    case TYPE_TUPLE:
    case TYPE_KSYM:
    case TYPE_USERNAME:
    case TYPE_SYSCALL:
    case TYPE_PROBE:
    case TYPE_COUNT:
    case TYPE_SUM:
    case TYPE_HIST:
    case TYPE_LHIST:
    case TYPE_TSERIES: break;
    }
    return w;
}

const struct type *types_basic(struct types *t, enum type_kind kind) {
    struct type w = basic_shape(kind);
    return types_intern(t, &w);
}

const struct type *types_int(struct types *t, unsigned bits, bool is_signed) {
    struct type w = {.kind = TYPE_INT, .size = bits / 8, .align = bits / 8, .is_signed = is_signed};
    return types_intern(t, &w);
}

const struct type *types_int_literal(struct types *t, uint64_t value) {
    if (value > INT64_MAX) return types_int(t, 64, false);
    uint32_t size = value <= INT8_MAX ? 1 : value <= INT16_MAX ? 2 : value <= INT32_MAX ? 4 : 8;
    struct type w = {
        .kind = TYPE_INT, .size = size, .align = size, .is_signed = true, .is_literal = true};
    return types_intern(t, &w);
}

const struct type *types_string(struct types *t, uint32_t size) {
    struct type w = {.kind = TYPE_STRING, .size = size, .align = 1};
    return types_intern(t, &w);
}

const struct type *types_buffer(struct types *t, uint32_t content) {
    uint32_t size = 4 + ((content + 3) & ~3u);
    struct type w = {.kind = TYPE_BUFFER, .size = size, .align = 4, .count = content};
    return types_intern(t, &w);
}

const struct type *types_pointer(struct types *t, const struct type *target, enum type_space s) {
    struct type w = {.kind = TYPE_POINTER, .size = 8, .align = 8, .target = target, .space = s};
    return types_intern(t, &w);
}

const struct type *types_array(struct types *t, const struct type *elem, uint32_t count) {
    uint64_t size = (uint64_t)elem->size * count;
    struct type w = {.kind = TYPE_ARRAY,
                     .size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
                     .align = elem->align ? elem->align : 1,
                     .target = elem,
                     .count = count};
    return types_intern(t, &w);
}

static uint32_t round_up(uint32_t n, uint32_t align) {
    return align ? (n + align - 1) / align * align : n;
}

const struct type *types_tuple(struct types *t, const struct type *const *elems,
                               const char *const *names, uint32_t n) {
    struct type_field *fields = arena_alloc(t->arena, (n ? n : 1) * sizeof(*fields));
    uint32_t offset = 0, align = 1;
    for (uint32_t i = 0; i < n; i++) {
        // What is no scalar is copied by words, so it begins at a word.
        uint32_t a = type_is_scalar(elems[i]) ? elems[i]->align : 8;
        offset = round_up(offset, a);
        fields[i] =
            (struct type_field){.name = names ? names[i] : "", .type = elems[i], .offset = offset};
        offset += elems[i]->size;
        if (a > align) align = a;
    }
    struct type *n_type = ARENA_NEW(t->arena, struct type);
    n_type->kind = TYPE_TUPLE;
    n_type->size = round_up(offset, align);
    n_type->align = align;
    n_type->fields = fields;
    n_type->nfields = n;
    n_type->is_complete = true;
    return n_type;
}

const struct type *types_struct(struct types *t, const char *name, uint32_t size,
                                const struct type_field *fields, uint32_t nfields) {
    struct type *s = ARENA_NEW(t->arena, struct type);
    s->kind = TYPE_STRUCT;
    s->name = arena_strdup(t->arena, name);
    s->size = size;
    s->align = size % 8 == 0 ? 8 : size % 4 == 0 ? 4 : size % 2 == 0 ? 2 : 1;
    struct type_field *copy = arena_alloc(t->arena, (nfields ? nfields : 1) * sizeof(*copy));
    if (nfields) memcpy(copy, fields, nfields * sizeof(*copy));
    s->fields = copy;
    s->nfields = nfields;
    s->is_complete = true;
    return s;
}

const struct type *types_stack(struct types *t, enum type_kind kind, uint32_t frames,
                               enum stack_mode mode) {
    struct type w = basic_shape(kind);
    w.param = frames;
    w.mode = mode;
    return types_intern(t, &w);
}

const struct type *types_aggregate(struct types *t, enum type_kind kind, bool is_signed) {
    struct type w = basic_shape(kind);
    w.is_signed = is_signed;
    return types_intern(t, &w);
}

const struct type *types_hist(struct types *t, uint32_t bits) {
    struct type w = {.kind = TYPE_HIST, .size = hist_buckets(bits) * 8, .align = 8, .param = bits};
    return types_intern(t, &w);
}

const struct type *types_lhist(struct types *t, int64_t min, int64_t max, int64_t step) {
    struct type w = {.kind = TYPE_LHIST,
                     .size = lhist_buckets(min, max, step) * 8,
                     .align = 8,
                     .min = min,
                     .max = max,
                     .step = step};
    return types_intern(t, &w);
}

const struct type *types_tseries(struct types *t, uint64_t interval_ns, uint32_t intervals,
                                 enum tseries_agg agg, bool is_signed) {
    struct type w = {.kind = TYPE_TSERIES,
                     .size = intervals * (uint32_t)sizeof(struct value_tseries_slot),
                     .align = 8,
                     .is_signed = is_signed,
                     .min = (int64_t)interval_ns,
                     .max = intervals,
                     .step = agg};
    return types_intern(t, &w);
}

static bool equal(const struct type *a, const struct type *b, bool literals) {
    if (a == b) return true;
    if (!a || !b || a->kind != b->kind) return false;
    switch (a->kind) {
    case TYPE_INT:
        return a->size == b->size && a->is_signed == b->is_signed && a->is_char == b->is_char &&
               (!literals || a->is_literal == b->is_literal);
    case TYPE_STRUCT:
    case TYPE_ENUM: return a->size == b->size && a->name && b->name && !strcmp(a->name, b->name);
    case TYPE_TUPLE:
        if (a->nfields != b->nfields) return false;
        for (uint32_t i = 0; i < a->nfields; i++)
            if (strcmp(a->fields[i].name, b->fields[i].name) ||
                !equal(a->fields[i].type, b->fields[i].type, literals))
                return false;
        return true;
    case TYPE_POINTER: return a->space == b->space && equal(a->target, b->target, literals);
    case TYPE_ARRAY: return a->count == b->count && equal(a->target, b->target, literals);
    default: return same(a, b);
    }
}

bool type_equal(const struct type *a, const struct type *b) { return equal(a, b, false); }

bool type_identical(const struct type *a, const struct type *b) { return equal(a, b, true); }

static const char *kind_name(const struct type *type) {
    switch (type->kind) {
    case TYPE_ERROR:
    case TYPE_NONE: return "none";
    case TYPE_VOID: return "void";
    case TYPE_BOOL: return "bool";
    case TYPE_KSTACK: return "kstack";
    case TYPE_USTACK: return "ustack";
    case TYPE_KSYM: return "ksym_t";
    case TYPE_USYM: return "usym_t";
    case TYPE_INET: return "inet";
    case TYPE_MAC: return "mac_address";
    case TYPE_TIMESTAMP: return "timestamp";
    case TYPE_CGROUP_PATH: return "cgroup_path_t";
    case TYPE_USERNAME: return "username";
    case TYPE_SYSCALL: return "syscall_t";
    case TYPE_PROBE: return "string";
    case TYPE_COUNT: return "count_t";
    case TYPE_SUM: return type->is_signed ? "sum_t" : "usum_t";
    case TYPE_AVG: return type->is_signed ? "avg_t" : "uavg_t";
    case TYPE_MIN: return type->is_signed ? "min_t" : "umin_t";
    case TYPE_MAX: return type->is_signed ? "max_t" : "umax_t";
    case TYPE_STATS: return type->is_signed ? "stats_t" : "ustats_t";
    case TYPE_HIST: return "hist_t";
    case TYPE_LHIST: return "lhist_t";
    case TYPE_TSERIES: return "tseries_t";
    case TYPE_INT:
    case TYPE_ENUM:
    case TYPE_STRING:
    case TYPE_BUFFER:
    case TYPE_POINTER:
    case TYPE_ARRAY:
    case TYPE_STRUCT:
    case TYPE_TUPLE: break;
    }
    return "?";
}

static void put_name(struct strbuf *b, const struct type *type, unsigned depth);

static void put_tuple(struct strbuf *b, const struct type *type, unsigned depth) {
    bool named = type->nfields && type->fields[0].name[0];
    strbuf_puts(b, named ? "record { " : "(");
    for (uint32_t i = 0; i < type->nfields; i++) {
        if (i) strbuf_puts(b, named ? ", " : ",");
        if (named) strbuf_printf(b, ".%s = ", type->fields[i].name);
        put_name(b, type->fields[i].type, depth + 1);
    }
    strbuf_puts(b, named ? " }" : ")");
}

static void put_name(struct strbuf *b, const struct type *type, unsigned depth) {
    switch (type->kind) {
    case TYPE_INT: strbuf_printf(b, "%sint%u", type->is_signed ? "" : "u", type->size * 8); break;
    case TYPE_STRING: strbuf_printf(b, "string[%u]", type->size); break;
    case TYPE_BUFFER: strbuf_printf(b, "buffer[%u]", type->count); break;
    case TYPE_POINTER:
        if (depth < 8)
            put_name(b, type->target, depth + 1);
        else
            strbuf_puts(b, "...");
        strbuf_puts(b, " *");
        break;
    case TYPE_ARRAY:
        put_name(b, type->target, depth + 1);
        strbuf_printf(b, "[%u]", type->count);
        break;
    case TYPE_STRUCT:
        strbuf_puts(b, type->name && *type->name ? type->name
                       : type->is_union          ? "union (anonymous)"
                                                 : "struct (anonymous)");
        break;
    case TYPE_ENUM:
        strbuf_puts(b, type->name && *type->name ? type->name : "enum (anonymous)");
        break;
    case TYPE_TUPLE: put_tuple(b, type, depth); break;
    default: strbuf_puts(b, kind_name(type)); break;
    }
}

const char *type_name(struct types *t, const struct type *type) {
    struct strbuf b = {0};
    put_name(&b, type, 0);
    const char *s = arena_strdup(t->arena, strbuf_str(&b));
    strbuf_free(&b);
    return s;
}

void *types_alloc(struct types *t, size_t size) { return arena_alloc(t->arena, size); }
