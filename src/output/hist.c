// SPDX-License-Identifier: Apache-2.0
// Histograms.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output/output_internal.h"

enum { BAR = 52 };

enum { LABEL = 32 };

static void put_label(char out[LABEL], int64_t v, unsigned thousands) {
    static const char *const letters[] = {"", "K", "M", "G", "T", "P", "E"};
    snprintf(out, LABEL, "%" PRId64 "%s", v, letters[thousands]);
}

// 1024 is 1K where all bounds are multiples of it; there is no letter above M.
static void linear_label(char out[LABEL], const struct type *type, int64_t v) {
    unsigned thousands = 0;
    for (; thousands < 2 && type->step % 1024 == 0 && v && v % 1024 == 0; thousands++) v /= 1024;
    put_label(out, v, thousands);
}

// Lower bound of a bucket of hist(); bucket 0 is for negative values.
static uint64_t lower(uint32_t bits, uint32_t bucket) {
    if (bits == 0) return bucket < 2 ? 0 : 1ull << (bucket - 2);
    uint64_t b = bucket - 1;
    if (b < 1ull << bits) return b;
    uint64_t group = b >> bits, low = b & ((1ull << bits) - 1);
    return ((1ull << bits) | low) << (group - 1);
}

// A lower bound is a multiple of a power of two, which alone decides about the letter: with 8
// buckets for each power, 1024 is 8 times 128 and has none.
static void power_label(char out[LABEL], uint32_t bits, uint32_t bucket) {
    uint32_t group = bits ? (bucket - 1) >> bits : bucket - 1;
    unsigned thousands = group ? (group - 1) / 10 : 0;
    put_label(out, (int64_t)(lower(bits, bucket) >> (10 * thousands)), thousands);
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
    char from[LABEL], to[LABEL], text[2 * LABEL + 8];
    if (type->kind == TYPE_LHIST) {
        uint32_t last = buckets_of(type) - 1;
        int64_t low = type->min + (int64_t)(i - 1) * type->step;
        linear_label(from, type, low);
        linear_label(to, type, low + type->step);
        if (i == 0) {
            linear_label(to, type, type->min);
            snprintf(text, sizeof(text), "(..., %s)", to);
        } else if (i == last) {
            linear_label(from, type, type->max);
            snprintf(text, sizeof(text), "[%s, ...)", from);
        } else {
            snprintf(text, sizeof(text), "[%s, %s)", from, to);
        }
    } else if (i == 0) {
        snprintf(text, sizeof(text), "(..., 0)");
    } else if (type->param == 0 && i < 3) {
        snprintf(text, sizeof(text), "[%u]", i - 1);
    } else {
        uint64_t low = lower(type->param, i), high = lower(type->param, i + 1);
        power_label(from, type->param, i);
        power_label(to, type->param, i + 1);
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
