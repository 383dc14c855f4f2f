// SPDX-License-Identifier: Apache-2.0
// Values as JSON: always valid, whatever bytes strings hold.
#include <inttypes.h>
#include <string.h>

#include "output/output_internal.h"

// Length of the UTF-8 sequence at p, 0 if it is none.
static size_t utf8(const unsigned char *p, size_t n) {
    size_t len = *p < 0x80                 ? 1
                 : *p >= 0xc2 && *p < 0xe0 ? 2
                 : *p >= 0xe0 && *p < 0xf0 ? 3
                 : *p >= 0xf0 && *p < 0xf5 ? 4
                                           : 0;
    if (!len || len > n) return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
        (*p == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

void json_string_text(struct strbuf *b, const char *text, size_t len) {
    strbuf_putc(b, '"');
    for (size_t i = 0; i < len;) {
        unsigned char ch = (unsigned char)text[i];
        size_t n = utf8((const unsigned char *)text + i, len - i);
        if (ch == '"' || ch == '\\')
            strbuf_printf(b, "\\%c", ch);
        else if (ch == '\n')
            strbuf_puts(b, "\\n");
        else if (ch == '\t')
            strbuf_puts(b, "\\t");
        else if (ch == '\r')
            strbuf_puts(b, "\\r");
        else if (ch < 0x20 || ch == 0x7f)
            strbuf_printf(b, "\\u%04x", ch);
        else if (n)
            strbuf_add(b, text + i, n);
        else
            strbuf_puts(b, "\\ufffd");
        i += n ? n : 1;
    }
    strbuf_putc(b, '"');
}

static void as_text(struct output *o, struct strbuf *b, const struct type *type, const void *data) {
    struct strbuf text = {0};
    output_value(o, &text, type, data);
    json_string_text(b, strbuf_str(&text), text.len);
    strbuf_free(&text);
}

static void members(struct output *o, struct strbuf *b, const struct type *type, const void *data,
                    bool named) {
    for (uint32_t i = 0; i < type->nfields; i++) {
        const struct type_field *f = &type->fields[i];
        if (i) strbuf_puts(b, named ? ", " : ",");
        if (type->kind == TYPE_STRUCT && field_is_unnamed(f)) {
            members(o, b, f->type, (const char *)data + f->offset, true);
            continue;
        }
        if (named) {
            json_string_text(b, f->name, strlen(f->name));
            strbuf_puts(b, ": ");
        }
        if (f->bit_size) {
            uint64_t v = 0;
            memcpy(&v, (const char *)data + f->offset, (f->bit_offset + f->bit_size + 7) / 8);
            v = v << (64 - f->bit_offset - f->bit_size) >> (64 - f->bit_size);
            strbuf_printf(b, "%" PRIu64, v);
        } else {
            json_value(o, b, f->type, (const char *)data + f->offset);
        }
    }
}

static void fields(struct output *o, struct strbuf *b, const struct type *type, const void *data) {
    bool named = type->kind == TYPE_STRUCT || (type->nfields && *type->fields[0].name);
    strbuf_putc(b, named ? '{' : '[');
    members(o, b, type, data, named);
    strbuf_putc(b, named ? '}' : ']');
}

static void bytes(struct strbuf *b, const struct type *type, const void *data) {
    uint32_t n;
    memcpy(&n, data, 4);
    if (n > type->count) n = type->count;
    const unsigned char *p = (const unsigned char *)data + 4;
    strbuf_putc(b, '[');
    for (uint32_t i = 0; i < n; i++) strbuf_printf(b, i ? ",%u" : "%u", p[i]);
    strbuf_putc(b, ']');
}

void json_value(struct output *o, struct strbuf *b, const struct type *type, const void *data) {
    struct value_stats s;
    uint64_t address;
    switch (type->kind) {
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_COUNT:
    case TYPE_SUM:
    case TYPE_MIN:
    case TYPE_MAX:
    case TYPE_AVG: map_value(o, b, type, data, 1); break;
    case TYPE_POINTER:
        memcpy(&address, data, 8);
        strbuf_printf(b, "\"0x%" PRIx64 "\"", address);
        break;
    case TYPE_STATS:
        memcpy(&s, data, sizeof(s));
        strbuf_printf(b,
                      "{\"count\": %" PRIu64 ", \"average\": %" PRId64 ", \"total\": %" PRId64 "}",
                      s.count, s.count ? (int64_t)s.total / (int64_t)s.count : 0, (int64_t)s.total);
        break;
    case TYPE_BUFFER: bytes(b, type, data); break;
    case TYPE_HIST:
    case TYPE_LHIST: hist_json(b, type, data, 1); break;
    case TYPE_TSERIES: tseries_json(o, b, type, data); break;
    case TYPE_TUPLE:
    case TYPE_STRUCT: fields(o, b, type, data); break;
    case TYPE_ARRAY:
        if (type->target->is_char) {
            as_text(o, b, type, data);
            break;
        }
        strbuf_putc(b, '[');
        for (uint32_t i = 0; i < type->count; i++) {
            if (i) strbuf_putc(b, ',');
            json_value(o, b, type->target, (const char *)data + i * type->target->size);
        }
        strbuf_putc(b, ']');
        break;
    default: as_text(o, b, type, data); break;
    }
}
