// SPDX-License-Identifier: Apache-2.0
// A growable array in an arena: VEC_OF(foo_vec, struct foo *) defines `struct foo_vec`, whose
// zero value is empty. Elements are v.data[0 .. v.len). Nothing is freed but the arena.
#pragma once

#include <stddef.h>

#include "base/arena.h"

#define VEC_OF(name, elem)                                                                         \
    struct name {                                                                                  \
        elem *data;                                                                                \
        size_t len;                                                                                \
        size_t cap;                                                                                \
    }

#define VEC_PUSH(a, v, x)                                                                          \
    do {                                                                                           \
        (v)->data = arena_grow((a), (v)->data, (v)->len, &(v)->cap, sizeof(*(v)->data));           \
        (v)->data[(v)->len++] = (x);                                                               \
    } while (0)
