// SPDX-License-Identifier: Apache-2.0
// Script text and places in it. A span is two byte offsets into one source; lines and columns
// are computed only to print.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct source {
    const char *name; // as messages show it: "stdin", a path
    const char *text; // NUL-terminated
    size_t len;
    uint32_t *lines; // offset of the start of each line
    size_t nlines;
};

// A place: bytes [begin, end) of a source. src NULL: no place (command line, configuration).
struct span {
    const struct source *src;
    uint32_t begin;
    uint32_t end;
    const struct span *expanded; // in a macro's body: the call that it was expanded for; else NULL
};

// Both `name` and `text` are copied into the arena.
struct source *source_new(struct arena *a, const char *name, const char *text, size_t len);
// 1-based line and column (bytes) of an offset.
void source_position(const struct source *s, uint32_t offset, unsigned *line, unsigned *column);
// From the start of `a` to the end of `b`.
struct span span_join(struct span a, struct span b);
