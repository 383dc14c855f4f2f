// SPDX-License-Identifier: Apache-2.0
// Histograms.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output/output_internal.h"

enum { BAR = 52 };

// 1024 is 1K: powers of two get a letter.
static void label(char *out, size_t size, int64_t v) {
    static const char letters[] = "KMGTPE";
    int i = -1;
    while (v >= 1024 && v % 1024 == 0 && i < 5) {
        v /= 1024;
        i++;
    }
    if (i < 0)
        snprintf(out, size, "%" PRId64, v);
    else
        snprintf(out, size, "%" PRId64 "%c", v, letters[i]);
}

// Lower bound of a bucket of hist(); bucket 0 is for negative values.
static uint64_t lower(uint32_t bits, uint32_t bucket) {
    if (bits == 0) return bucket < 2 ? 0 : 1ull << (bucket - 2);
    uint64_t b = bucket - 1;
    if (b < 1ull << bits) return b;
    uint64_t group = b >> bits, low = b & ((1ull << bits) - 1);
    return ((1ull << bits) | low) << (group - 1);
}

static void bar(struct strbuf *b, uint64_t n, uint64_t max) {
    int width = max ? (int)(n * BAR / max) : 0;
    strbuf_printf(b, "%8" PRIu64 " |", n);
    for (int i = 0; i < BAR; i++) strbuf_putc(b, i < width ? '@' : ' ');
    strbuf_puts(b, "|\n");
}

static bool bounds(const uint64_t *v, uint32_t n, uint32_t *first, uint32_t *last, uint64_t *max) {
    *first = n;
    *last = 0;
    *max = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!v[i]) continue;
        if (*first == n) *first = i;
        *last = i;
        if (v[i] > *max) *max = v[i];
    }
    return *first < n;
}

static uint32_t buckets_of(const struct type *type) {
    return type->kind == TYPE_HIST ? hist_buckets(type->param)
                                   : lhist_buckets(type->min, type->max, type->step);
}

static void range_label(struct strbuf *b, const struct type *type, uint32_t i) {
    char from[32], to[32], text[80];
    if (type->kind == TYPE_LHIST) {
        uint32_t last = buckets_of(type) - 1;
        int64_t low = type->min + (int64_t)(i - 1) * type->step;
        label(from, sizeof(from), low);
        label(to, sizeof(to), low + type->step);
        if (i == 0) {
            label(to, sizeof(to), type->min);
            snprintf(text, sizeof(text), "(..., %s)", to);
        } else if (i == last) {
            label(from, sizeof(from), type->max);
            snprintf(text, sizeof(text), "[%s, ...)", from);
        } else if (type->step == 1) {
            snprintf(text, sizeof(text), "[%" PRId64 "]", low);
        } else {
            snprintf(text, sizeof(text), "[%s, %s)", from, to);
        }
    } else if (i == 0) {
        snprintf(text, sizeof(text), "(..., 0)");
    } else if (type->param == 0 && i < 3) {
        snprintf(text, sizeof(text), "[%u]", i - 1);
    } else {
        uint64_t low = lower(type->param, i), high = lower(type->param, i + 1);
        label(from, sizeof(from), (int64_t)low);
        label(to, sizeof(to), (int64_t)high);
        if (type->param && high == low + 1)
            snprintf(text, sizeof(text), "[%s]", from);
        else
            snprintf(text, sizeof(text), "[%s, %s)", from, to);
    }
    strbuf_printf(b, "%-16s", text);
}

void hist_text(struct strbuf *b, const struct type *type, const uint64_t *v, uint32_t div) {
    uint32_t first, last;
    uint64_t max;
    if (!bounds(v, buckets_of(type), &first, &last, &max)) return;
    if (!div) div = 1;
    for (uint32_t i = first; i <= last; i++) {
        range_label(b, type, i);
        bar(b, v[i] / div, max / div);
    }
}

void hist_json(struct strbuf *b, const struct type *type, const uint64_t *v, uint32_t div) {
    uint32_t first, last;
    uint64_t max;
    strbuf_putc(b, '[');
    if (bounds(v, buckets_of(type), &first, &last, &max)) {
        if (!div) div = 1;
        uint32_t end = buckets_of(type) - 1;
        for (uint32_t i = first; i <= last; i++) {
            if (i > first) strbuf_putc(b, ',');
            strbuf_putc(b, '{');
            bool hist = type->kind == TYPE_HIST;
            int64_t low =
                hist ? (int64_t)lower(type->param, i) : type->min + (int64_t)(i - 1) * type->step;
            int64_t high = hist ? (int64_t)lower(type->param, i + 1) - 1 : low + type->step - 1;
            if (i == 0) high = hist ? -1 : type->min - 1;
            if (hist && type->param == 0 && i == 1) high = 0;
            if (!hist && i == end) low = type->max;
            if (i != 0) strbuf_printf(b, "\"min\": %" PRId64 ", ", low);
            if (hist || i != end) strbuf_printf(b, "\"max\": %" PRId64 ", ", high);
            strbuf_printf(b, "\"count\": %" PRIu64 "}", v[i] / div);
        }
    }
    strbuf_putc(b, ']');
}
