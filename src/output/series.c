// SPDX-License-Identifier: Apache-2.0
// Time series: the last intervals, as a graph that runs downwards (text) or a list (JSON).
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "output/output_internal.h"

enum { WIDTH = 53 }; // of the graph, with its borders

struct series {
    const struct type *type;
    const struct value_tseries_slot *slots;
    uint64_t first, last; // intervals that are shown
    int64_t low, high;    // of the graph's axis
    bool any;             // has some value
};

uint64_t series_end(const struct type *type, const void *data) {
    const struct value_tseries_slot *s = data;
    uint64_t end = 0;
    for (int64_t i = 0; i < type->max; i++)
        if (s[i].count && s[i].epoch > end) end = s[i].epoch;
    return end;
}

static bool value_at(const struct series *s, uint64_t epoch, int64_t *v) {
    const struct value_tseries_slot *x = &s->slots[epoch % (uint64_t)s->type->max];
    if (!x->count || x->epoch != epoch) return false;
    *v = (int64_t)x->value;
    if (s->type->step == TSERIES_AVG) *v /= (int64_t)x->count;
    return true;
}

// All series of a map end at the same interval; each begins at its own first one.
static struct series window(struct output *o, const struct type *type, const void *data) {
    struct series s = {.type = type, .slots = data, .last = series_end(type, data)};
    if (o->series_end > s.last) s.last = o->series_end;
    uint64_t n = (uint64_t)type->max, begin = s.last >= n ? s.last - n + 1 : 0;
    for (uint64_t e = begin; e <= s.last; e++) {
        int64_t v;
        if (!value_at(&s, e, &v)) continue;
        if (!s.any) s.first = e;
        if (!s.any || v < s.low) s.low = v;
        if (!s.any || v > s.high) s.high = v;
        s.any = true;
    }
    if (s.low == s.high) { // room on both sides
        s.low -= s.low > INT64_MIN;
        s.high += s.high < INT64_MAX;
    }
    return s;
}

// Wall time at the start of an interval, with so many digits of the second.
static void put_start(struct output *o, struct strbuf *b, const struct series *s, uint64_t epoch,
                      const char *format, int digits) {
    static const long units[] = {1000000000, 0, 0, 1000000, 0, 0, 1000, 0, 0, 1};
    uint64_t ns = epoch * (uint64_t)s->type->min;
    bool as_given = *manifest_config(o->manifest, "dummy_ts_map"); // the script's own clock
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    if (!as_given) t = output_wall_time(o, ns, CLOCK_SRC_MONOTONIC);
    struct tm tm;
    char text[64];
    localtime_r(&t.tv_sec, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    strftime(text, sizeof(text), format, &tm);
#pragma GCC diagnostic pop
    strbuf_puts(b, text);
    if (digits) strbuf_printf(b, ".%0*ld", digits, t.tv_nsec / units[digits]);
}

static int column(const struct series *s, int64_t v) {
    return (int)((WIDTH - 1) * ((double)v - (double)s->low) / ((double)s->high - (double)s->low));
}

static void put_axis(struct strbuf *b, const struct series *s, int indent) {
    strbuf_printf(b, "%*s%-21" PRId64 "%*" PRId64 "\n", indent, "", s->low, WIDTH - 21, s->high);
}

static void put_edge(struct strbuf *b, const char *left, int indent, char edge) {
    static const char line[] = "___________________________________________________";
    strbuf_printf(b, "%-*s%c%s%c\n", indent, left, edge, line, edge);
}

static void put_interval(struct strbuf *b, const struct series *s, uint64_t epoch) {
    char line[WIDTH + 1];
    int64_t v;
    memset(line, ' ', WIDTH);
    line[WIDTH] = '\0';
    line[0] = line[WIDTH - 1] = '|';
    if (s->low < 0 && s->high > 0) line[column(s, 0)] = '.';
    if (!value_at(s, epoch, &v)) {
        strbuf_printf(b, " %s -\n", line);
        return;
    }
    line[column(s, v)] = '*';
    strbuf_printf(b, " %s %" PRId64 "\n", line, v);
}

void tseries_text(struct output *o, struct strbuf *b, const struct type *type, const void *data) {
    static const struct {
        int64_t least; // ns, of an interval
        int digits;
        const char *head;
    } units[] = {{1000000000, 0, "hh:mm:ss"},
                 {1000000, 3, "hh:mm:ss.ms"},
                 {1000, 6, "hh:mm:ss.us"},
                 {0, 9, "hh:mm:ss.ns"}};
    struct series s = window(o, type, data);
    if (!s.any) {
        strbuf_puts(b, "<no data>\n");
        return;
    }
    // Of a single interval there is no distance to go by.
    int64_t distance = s.first == s.last ? 0 : type->min;
    unsigned unit = 0;
    while (distance < units[unit].least) unit++;
    int digits = units[unit].digits, indent = 9 + (digits ? digits + 1 : 0);
    put_axis(b, &s, indent);
    put_edge(b, units[unit].head, indent, '|');
    for (uint64_t e = s.first; e <= s.last; e++) {
        put_start(o, b, &s, e, "%H:%M:%S", digits);
        put_interval(b, &s, e);
    }
    put_edge(b, "", indent, 'v');
    put_axis(b, &s, indent);
}

// Intervals without a value are left out.
void tseries_json(struct output *o, struct strbuf *b, const struct type *type, const void *data) {
    struct series s = window(o, type, data);
    bool first = true;
    int64_t v;
    strbuf_putc(b, '[');
    for (uint64_t e = s.first; s.any && e <= s.last; e++) {
        if (!value_at(&s, e, &v)) continue;
        strbuf_puts(b, first ? "{\"interval_start\": \"" : ", {\"interval_start\": \"");
        put_start(o, b, &s, e, "%Y-%m-%d %H:%M:%S", 9);
        strbuf_printf(b, "\", \"value\": %" PRId64 "}", v);
        first = false;
    }
    strbuf_putc(b, ']');
}
