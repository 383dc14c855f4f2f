// SPDX-License-Identifier: Apache-2.0
// Values as text.
#include <arpa/inet.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output/output_internal.h"

int64_t value_int(const struct type *type, const void *data) {
    uint64_t v = 0;
    memcpy(&v, data, type->size < 8 ? type->size : 8);
    if (!type->is_signed || type->size >= 8) return (int64_t)v;
    unsigned shift = 64 - type->size * 8;
    return (int64_t)(v << shift) >> shift;
}

static void put_int(struct strbuf *b, const struct type *type, const void *data) {
    int64_t v = value_int(type, data);
    if (type->is_signed)
        strbuf_printf(b, "%" PRId64, v);
    else
        strbuf_printf(b, "%" PRIu64, (uint64_t)v);
}

static void put_enum(struct strbuf *b, const struct type *type, const void *data) {
    int64_t v = value_int(type, data);
    for (uint32_t i = 0; i < type->nenumerators; i++)
        if (type->enumerators[i].value == v) {
            strbuf_puts(b, type->enumerators[i].name);
            return;
        }
    put_int(b, type, data);
}

static void put_string(struct output *o, struct strbuf *b, const struct type *type,
                       const void *data) {
    size_t n = strnlen(data, type->size);
    strbuf_add(b, data, n);
    // What str() read without a length and fills its place was cut.
    uint64_t max = manifest_config_uint(o->manifest, "max_strlen");
    if (max && n >= max && type->size == max + 1)
        strbuf_puts(b, manifest_config(o->manifest, "str_trunc_trailer"));
}

static void put_buffer(struct strbuf *b, const struct type *type, const void *data) {
    uint32_t n;
    memcpy(&n, data, 4);
    if (n > type->count) n = type->count;
    const unsigned char *p = (const unsigned char *)data + 4;
    for (uint32_t i = 0; i < n; i++) {
        if (p[i] >= 32 && p[i] <= 126)
            strbuf_putc(b, (char)p[i]);
        else
            strbuf_printf(b, "\\x%02x", p[i]);
    }
}

static uint64_t bits_of(const struct type_field *f, const void *data) {
    uint64_t v = 0;
    uint32_t bytes = (f->bit_offset + f->bit_size + 7) / 8;
    memcpy(&v, data, bytes < 8 ? bytes : 8);
    v <<= 64 - f->bit_offset - f->bit_size;
    return v >> (64 - f->bit_size); // unsigned, as generated code reads it
}

static void put_struct(struct output *o, struct strbuf *b, const struct type *type,
                       const void *data) {
    strbuf_puts(b, "{ ");
    for (uint32_t i = 0; i < type->nfields; i++) {
        const struct type_field *f = &type->fields[i];
        const char *p = (const char *)data + f->offset;
        if (i) strbuf_puts(b, ", ");
        if (f->name && *f->name) strbuf_printf(b, ".%s = ", f->name);
        if (f->bit_size) {
            uint64_t v = bits_of(f, p);
            strbuf_printf(b, f->type->is_signed ? "%" PRId64 : "%" PRIu64, v);
        } else {
            output_value(o, b, f->type, p);
        }
    }
    strbuf_puts(b, " }");
}

static void put_tuple(struct output *o, struct strbuf *b, const struct type *type,
                      const void *data) {
    bool record = type->nfields && *type->fields[0].name;
    strbuf_puts(b, record ? "{ " : "(");
    for (uint32_t i = 0; i < type->nfields; i++) {
        if (i) strbuf_puts(b, ", ");
        if (record) strbuf_printf(b, ".%s = ", type->fields[i].name);
        output_value(o, b, type->fields[i].type, (const char *)data + type->fields[i].offset);
    }
    strbuf_puts(b, record ? " }" : ")");
}

static void put_array(struct output *o, struct strbuf *b, const struct type *type,
                      const void *data) {
    if (type->target->is_char) {
        strbuf_add(b, data, strnlen(data, type->size));
        return;
    }
    strbuf_putc(b, '[');
    for (uint32_t i = 0; i < type->count; i++) {
        if (i) strbuf_putc(b, ',');
        output_value(o, b, type->target, (const char *)data + i * type->target->size);
    }
    strbuf_putc(b, ']');
}

static void put_inet(struct strbuf *b, const void *data) {
    struct value_inet v;
    char text[INET6_ADDRSTRLEN] = "";
    memcpy(&v, data, sizeof(v));
    if (inet_ntop(v.family == AF_INET6 ? AF_INET6 : AF_INET, v.addr, text, sizeof(text)))
        strbuf_puts(b, text);
}

static void put_mac(struct strbuf *b, const void *data) {
    const unsigned char *p = data;
    for (int i = 0; i < 6; i++) strbuf_printf(b, i ? ":%02X" : "%02X", p[i]);
}

struct timespec output_wall_time(struct output *o, uint64_t nsecs, uint32_t clock) {
    static const clockid_t ids[] = {CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_TAI};
    clock = clock < 4 ? clock : 1;
    if (!o->apart[clock]) {
        struct timespec real, other;
        clock_gettime(CLOCK_REALTIME, &real);
        clock_gettime(ids[clock], &other);
        o->apart[clock] =
            (int64_t)(real.tv_sec - other.tv_sec) * 1000000000 + real.tv_nsec - other.tv_nsec;
    }
    int64_t t = (int64_t)nsecs + o->apart[clock];
    return (struct timespec){.tv_sec = t / 1000000000, .tv_nsec = t % 1000000000};
}

void output_time(struct output *o, struct strbuf *b, const struct value_timestamp *v) {
    const char *format =
        v->format < o->manifest->strings.len ? o->manifest->strings.data[v->format] : "";
    struct timespec t = output_wall_time(o, v->nsecs, v->clock);
    struct tm tm;
    char text[512], expanded[512];
    size_t n = 0;
    localtime_r(&t.tv_sec, &tm);
    // %f is the microseconds, which strftime does not know.
    for (const char *p = format; *p && n + 8 < sizeof(expanded); p++) {
        if (p[0] == '%' && p[1] == 'f') {
            n += (size_t)snprintf(expanded + n, sizeof(expanded) - n, "%06ld", t.tv_nsec / 1000);
            p++;
        } else {
            if (p[0] == '%' && p[1] == '%') expanded[n++] = *p++;
            expanded[n++] = *p;
        }
    }
    expanded[n] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (strftime(text, sizeof(text), expanded, &tm)) strbuf_puts(b, text);
#pragma GCC diagnostic pop
}

static void put_username(struct strbuf *b, const void *data) {
    uint64_t uid;
    memcpy(&uid, data, 8);
    const struct passwd *pw = getpwuid((uid_t)uid);
    if (pw)
        strbuf_puts(b, pw->pw_name);
    else
        strbuf_printf(b, "%" PRIu64, uid);
}

static uint64_t word(const void *data) {
    uint64_t v;
    memcpy(&v, data, 8);
    return v;
}

static void put_syscall(struct strbuf *b, uint64_t number) {
    const char *name = types_constant_name("__NR_", (int64_t)number);
    if (name)
        strbuf_puts(b, name);
    else
        strbuf_printf(b, "%" PRIu64, number);
}

static void put_cgroup(struct output *o, struct strbuf *b, const void *data) {
    struct value_cgroup_path v;
    memcpy(&v, data, sizeof(v));
    const char *pattern =
        v.pattern < o->manifest->strings.len ? o->manifest->strings.data[v.pattern] : "";
    char *path =
        o->resolver.cgroup_path ? o->resolver.cgroup_path(o->resolver.ctx, v.id, pattern) : NULL;
    strbuf_puts(b, path ? path : "");
    free(path);
}

void output_value(struct output *o, struct strbuf *b, const struct type *type, const void *data) {
    struct value_usym usym;
    struct value_timestamp time;
    switch (type->kind) {
    case TYPE_BOOL: strbuf_puts(b, *(const unsigned char *)data ? "true" : "false"); break;
    case TYPE_INT: put_int(b, type, data); break;
    case TYPE_ENUM: put_enum(b, type, data); break;
    case TYPE_STRING: put_string(o, b, type, data); break;
    case TYPE_BUFFER: put_buffer(b, type, data); break;
    case TYPE_POINTER: strbuf_printf(b, "0x%" PRIx64, word(data)); break;
    case TYPE_ARRAY: put_array(o, b, type, data); break;
    case TYPE_STRUCT: put_struct(o, b, type, data); break;
    case TYPE_TUPLE: put_tuple(o, b, type, data); break;
    case TYPE_KSTACK:
    case TYPE_USTACK: stack_text(o, b, type, data, 8); break;
    case TYPE_KSYM: symbol_text(o, b, &(struct output_address){true, 0, word(data)}); break;
    case TYPE_USYM:
        memcpy(&usym, data, sizeof(usym));
        symbol_text(o, b, &(struct output_address){false, usym.pid, usym.addr});
        break;
    case TYPE_INET: put_inet(b, data); break;
    case TYPE_MAC: put_mac(b, data); break;
    case TYPE_TIMESTAMP:
        memcpy(&time, data, sizeof(time));
        output_time(o, b, &time);
        break;
    case TYPE_CGROUP_PATH: put_cgroup(o, b, data); break;
    case TYPE_USERNAME: put_username(b, data); break;
    case TYPE_SYSCALL: put_syscall(b, word(data)); break;
    case TYPE_PROBE:
        if (word(data) < o->manifest->targets.len)
            strbuf_puts(b, o->manifest->targets.data[word(data)].name);
        break;
    case TYPE_COUNT:
    case TYPE_SUM:
    case TYPE_AVG:
    case TYPE_MIN:
    case TYPE_MAX:
    case TYPE_STATS:
    case TYPE_HIST:
    case TYPE_LHIST:
    case TYPE_TSERIES: map_value(o, b, type, data, 1); break;
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_VOID: break;
    }
}

// ---- values of maps ----

static void put_signed(struct strbuf *b, bool is_signed, uint64_t v, uint32_t div) {
    if (is_signed)
        strbuf_printf(b, "%" PRId64, (int64_t)v / (int64_t)div);
    else
        strbuf_printf(b, "%" PRIu64, v / div);
}

static uint64_t average(const struct type *type, const struct value_stats *s) {
    if (!s->count) return 0;
    return type->is_signed ? (uint64_t)((int64_t)s->total / (int64_t)s->count)
                           : s->total / s->count;
}

void map_value(struct output *o, struct strbuf *b, const struct type *type, const void *data,
               uint32_t div) {
    struct value_stats s;
    if (!div) div = 1;
    switch (type->kind) {
    case TYPE_COUNT: put_signed(b, false, word(data), div); break;
    case TYPE_SUM:
    case TYPE_MIN:
    case TYPE_MAX: put_signed(b, type->is_signed, word(data), div); break;
    case TYPE_AVG:
        memcpy(&s, data, sizeof(s));
        put_signed(b, type->is_signed, average(type, &s), div);
        break;
    case TYPE_STATS:
        memcpy(&s, data, sizeof(s));
        strbuf_printf(b, "{ .count = %" PRIu64 ", .average = ", s.count);
        put_signed(b, type->is_signed, average(type, &s), div);
        strbuf_puts(b, ", .total = ");
        put_signed(b, type->is_signed, s.total, div);
        strbuf_puts(b, " }");
        break;
    case TYPE_HIST:
    case TYPE_LHIST: hist_text(b, type, data, div); break;
    case TYPE_TSERIES: tseries_text(o, b, type, data); break;
    case TYPE_INT: put_signed(b, type->is_signed, (uint64_t)value_int(type, data), div); break;
    default: output_value(o, b, type, data); break;
    }
}
