// SPDX-License-Identifier: Apache-2.0
// The growable string. Capacity doubles; a lack of memory ends the process, as in the arena.
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct strbuf *b, size_t more) {
    if (b->cap - b->len > more) return;
    size_t cap = b->cap ? b->cap : 64;
    while (cap - b->len <= more) cap *= 2;
    char *data = realloc(b->data, cap);
    if (!data) {
        fputs("ERROR: out of memory\n", stderr);
        exit(1);
    }
    b->data = data;
    b->cap = cap;
}

void strbuf_free(struct strbuf *b) {
    free(b->data);
    *b = (struct strbuf){0};
}

void strbuf_clear(struct strbuf *b) {
    b->len = 0;
    if (b->data) b->data[0] = '\0';
}

void strbuf_add(struct strbuf *b, const char *data, size_t len) {
    reserve(b, len);
    if (len) memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void strbuf_puts(struct strbuf *b, const char *s) { strbuf_add(b, s, strlen(s)); }

void strbuf_putc(struct strbuf *b, char c) { strbuf_add(b, &c, 1); }

void strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n <= 0) return;
    reserve(b, (size_t)n);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    strbuf_vprintf(b, fmt, ap);
    va_end(ap);
}

const char *strbuf_str(const struct strbuf *b) { return b->data ? b->data : ""; }

char *strbuf_take(struct strbuf *b) {
    if (!b->data) reserve(b, 0), b->data[0] = '\0';
    char *s = b->data;
    *b = (struct strbuf){0};
    return s;
}
