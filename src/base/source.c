// SPDX-License-Identifier: Apache-2.0
// Source text with a table of line starts, built once.
#include "base/source.h"

struct source *source_new(struct arena *a, const char *name, const char *text, size_t len) {
    struct source *s = ARENA_NEW(a, struct source);
    s->name = arena_strdup(a, name);
    s->text = arena_strndup(a, text, len);
    s->len = len;
    size_t n = 1;
    for (size_t i = 0; i < len; i++) n += text[i] == '\n';
    s->lines = arena_alloc(a, n * sizeof(*s->lines));
    s->nlines = 1;
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\n') s->lines[s->nlines++] = (uint32_t)(i + 1);
    return s;
}

void source_position(const struct source *s, uint32_t offset, unsigned *line, unsigned *column) {
    size_t low = 0, high = s->nlines;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (s->lines[mid] <= offset)
            low = mid;
        else
            high = mid;
    }
    *line = (unsigned)low + 1;
    *column = offset - s->lines[low] + 1;
}

struct span span_join(struct span a, struct span b) {
    if (!a.src) return b;
    if (!b.src || b.src != a.src) return a;
    return (struct span){.src = a.src,
                         .begin = a.begin < b.begin ? a.begin : b.begin,
                         .end = a.end > b.end ? a.end : b.end};
}
