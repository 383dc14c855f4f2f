// SPDX-License-Identifier: Apache-2.0
// printf: formats the fields of a record by the conversions of a format string.
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/output_internal.h"

enum { MAX_WIDTH = 4096 };

struct conversion {
    char flags[8];
    char width[16]; // with precision: "8.3"
    unsigned bits;  // of the number that is shown: 8 (hh), 16 (h), 32, 64 (l, ll, j, z, t)
    char letter;
    char extra; // of %rx, %rh
};

static const char *parse(const char *p, struct conversion *c) {
    *c = (struct conversion){0};
    size_t n = strspn(p, "-+ #0'");
    for (size_t i = 0, k = 0; i < n && k < sizeof(c->flags) - 1; i++)
        if (p[i] != ' ') c->flags[k++] = p[i]; // of no effect, as in bpftrace
    p += n;
    n = strspn(p, "0123456789.");
    snprintf(c->width, sizeof(c->width), "%.*s", (int)(n < 15 ? n : 15), p);
    // Widths are bounded: a format is not a way to fill memory.
    const char *precision = strchr(c->width, '.');
    if (strtoul(c->width, NULL, 10) > MAX_WIDTH ||
        (precision && strtoul(precision + 1, NULL, 10) > MAX_WIDTH))
        snprintf(c->width, sizeof(c->width), "%d", MAX_WIDTH);
    p += n;
    c->bits = 32;
    for (; *p && strchr("hlzjt", *p); p++) c->bits = *p != 'h' ? 64 : c->bits / 2;
    c->letter = *p;
    if (*p) p++;
    if (c->letter == 'g' && *p == 'r') p++;
    if (c->letter == 'r' && (*p == 'x' || *p == 'h')) c->extra = *p++;
    return p;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void put_number(struct strbuf *b, const struct conversion *c, uint64_t v) {
    char format[48];
    char letter = c->letter == 'p' ? 'x' : c->letter;
    unsigned shift = c->letter == 'p' ? 0 : 64 - c->bits;
    bool is_signed = letter == 'd' || letter == 'i';
    snprintf(format, sizeof(format), "%%%s%sll%c", c->letter == 'p' ? "#" : c->flags, c->width,
             letter);
    v <<= shift;
    if (is_signed)
        strbuf_printf(b, format, (long long)v >> shift);
    else
        strbuf_printf(b, format, (unsigned long long)(v >> shift));
}

static void put_text(struct strbuf *b, const struct conversion *c, const char *text) {
    char format[48];
    if (!*c->flags && !*c->width) {
        strbuf_puts(b, text);
        return;
    }
    snprintf(format, sizeof(format), "%%%s%ss", c->flags, c->width);
    strbuf_printf(b, format, text);
}

static void put_char(struct strbuf *b, const struct conversion *c, int value) {
    char format[48];
    snprintf(format, sizeof(format), "%%%s%sc", c->flags, c->width);
    strbuf_printf(b, format, value);
}
#pragma GCC diagnostic pop

// %r: printable bytes as they are, others \xNN; %rx: hex without prefix and spaces; %rh: spaced.
static void put_raw(struct output *o, struct strbuf *b, const struct conversion *c,
                    const struct type *type, const void *data) {
    if (!c->extra || type->kind != TYPE_BUFFER) {
        output_value(o, b, type, data);
        return;
    }
    uint32_t n;
    memcpy(&n, data, 4);
    if (n > type->count) n = type->count;
    const unsigned char *p = (const unsigned char *)data + 4;
    for (uint32_t i = 0; i < n; i++) {
        if (c->extra == 'x')
            strbuf_printf(b, "\\x%02x", p[i]);
        else
            strbuf_printf(b, i ? " %02x" : "%02x", p[i]);
    }
}

static uint64_t number_of(struct output *o, const struct type *type, const void *data) {
    uint64_t v = 0;
    (void)o;
    if (type_is_integer(type)) return (uint64_t)value_int(type, data);
    memcpy(&v, data, type->size < 8 ? type->size : 8);
    return v;
}

static void put_field(struct output *o, struct strbuf *b, const struct conversion *c,
                      const struct type *type, const void *data) {
    struct strbuf text = {0};
    switch (c->letter) {
    case 's':
        output_value(o, &text, type, data);
        put_text(b, c, strbuf_str(&text));
        strbuf_free(&text);
        break;
    case 'g': // %gr
        gfp_text(o, &text, number_of(o, type, data) & (type->size < 8 ? UINT32_MAX : UINT64_MAX));
        put_text(b, c, strbuf_str(&text));
        strbuf_free(&text);
        break;
    case 'r': put_raw(o, b, c, type, data); break;
    case 'c': put_char(b, c, (int)number_of(o, type, data)); break;
    default:
        if (type->kind == TYPE_STRING || type->kind == TYPE_TUPLE || type->kind == TYPE_STRUCT)
            output_value(o, b, type, data);
        else
            put_number(b, c, number_of(o, type, data));
        break;
    }
}

void output_format(struct output *o, struct strbuf *b, const char *format,
                   const struct mf_fields *fields, const void *record) {
    size_t used = 0;
    for (const char *p = format; *p;) {
        size_t n = strcspn(p, "%");
        strbuf_add(b, p, n);
        p += n;
        if (!*p) break;
        size_t percent = manifest_percent(p);
        if (percent) {
            strbuf_putc(b, '%');
            p += percent;
            continue;
        }
        struct conversion c;
        p = parse(p + 1, &c);
        if (used >= fields->len) continue;
        const struct mf_field *f = &fields->data[used++];
        put_field(o, b, &c, f->type, (const char *)record + f->offset);
    }
}
