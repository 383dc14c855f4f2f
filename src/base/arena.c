// SPDX-License-Identifier: Apache-2.0
// The arena: blocks in a list, bump allocation, large requests in blocks of their own. There is
// no recovery from a lack of memory: the compile side holds nothing that would be worth it.
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 64 * 1024, ALIGNMENT = 16 };

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(ALIGNMENT) unsigned char data[];
};

struct arena {
    struct block *blocks; // the first one is being filled
};

static ATTR_NORETURN void out_of_memory(void) {
    fputs("ERROR: out of memory\n", stderr);
    exit(1);
}

static struct block *block_new(size_t size) {
    struct block *b = calloc(1, sizeof(*b) + size);
    if (!b) out_of_memory();
    b->size = size;
    return b;
}

struct arena *arena_new(void) {
    struct arena *a = calloc(1, sizeof(*a));
    if (!a) out_of_memory();
    a->blocks = block_new(BLOCK_SIZE);
    return a;
}

void arena_free(struct arena *a) {
    if (!a) return;
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

void *arena_alloc(struct arena *a, size_t size) {
    if (size > SIZE_MAX / 2) out_of_memory();
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct block *b = a->blocks;
    if (b->size - b->used >= size) {
        void *p = b->data + b->used;
        b->used += size;
        return p;
    }
    if (size > BLOCK_SIZE / 4) { // behind the first, which still has room
        struct block *big = block_new(size);
        big->used = size;
        big->next = b->next;
        b->next = big;
        return big->data;
    }
    struct block *fresh = block_new(BLOCK_SIZE);
    fresh->next = b;
    fresh->used = size;
    a->blocks = fresh;
    return fresh->data;
}

char *arena_strndup(struct arena *a, const char *s, size_t len) {
    char *p = arena_alloc(a, len + 1);
    if (len) memcpy(p, s, len);
    return p;
}

char *arena_strdup(struct arena *a, const char *s) { return arena_strndup(a, s, strlen(s)); }

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) return arena_strdup(a, "");
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    char *p = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return p;
}

void *arena_grow(struct arena *a, void *data, size_t len, size_t *cap, size_t elem) {
    if (len < *cap) return data;
    size_t n = *cap ? *cap * 2 : 4;
    void *p = arena_alloc(a, n * elem);
    if (len) memcpy(p, data, len * elem);
    *cap = n;
    return p;
}
