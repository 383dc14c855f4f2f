// SPDX-License-Identifier: Apache-2.0
// The one table of the kinds of maps that a script can declare, let @x = kind(entries):
// map_kinds.def. What a kind does not allow is an error of the script, told from this table.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum map_op { // what can be done to a map; words for it in map_op_words
    MAP_KEYED = 1 << 0,
    MAP_SCALAR = 1 << 1,
    MAP_DELETE = 1 << 2,
    MAP_HAS = 1 << 3,
    MAP_EACH = 1 << 4,
    MAP_PRINT = 1 << 5,
    MAP_CLEAR = 1 << 6,
    MAP_ZERO = 1 << 7,
    MAP_PUSH = 1 << 8,
    MAP_POP = 1 << 9,
    MAP_ORDINARY = MAP_PUSH - 1,
};

struct map_kind {
    const char *name;
    uint32_t bpf_type; // enum bpf_map_type
    bool is_percpu;    // holds aggregations, a copy for each CPU
    unsigned ops;      // enum map_op
    int feature;       // enum feature that the kernel must have, or -1
    const char *doc;
};

extern const struct map_kind map_kinds[];
extern const size_t nmap_kinds;

// NULL when there is none of that name.
const struct map_kind *map_kind_find(const char *name);
// The name of a BPF map type, "other" when it is of no kind.
const char *map_kind_name(uint32_t bpf_type);
// What follows "cannot be": "indexed by a key".
const char *map_op_words(enum map_op op);
