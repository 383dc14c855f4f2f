// SPDX-License-Identifier: Apache-2.0
// A region of memory that is freed at once. The compile side owns one per run: source,
// tokens, AST, types and strings live in it, and nothing in it is freed alone.
// Running out of memory ends the process with a message (see arena.c).
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"

struct arena;

struct arena *arena_new(void);
// Frees the arena and everything in it; NULL is allowed.
void arena_free(struct arena *a);
// Returns `size` zeroed bytes, aligned for any type; never NULL.
void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);
// Copies `len` bytes and adds a NUL.
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) ATTR_PRINTF(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) ATTR_PRINTF(2, 0);
// Grows an array in the arena: returns the (possibly moved) array with room for one more
// element after `len`, updating *cap. Used through VEC_PUSH of base/vec.h.
void *arena_grow(struct arena *a, void *data, size_t len, size_t *cap, size_t elem);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
