// SPDX-License-Identifier: Apache-2.0
// The rows of map_kinds.def as a table, and look-up.
#include "builtins/map_kinds.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/attr.h"
#include "probes/feature.h"

const struct map_kind map_kinds[] = {
#define M(name, type, percpu, ops, feature, doc) {name, type, percpu, ops, feature, doc},
#include "builtins/map_kinds.def"
#undef M
};
const size_t nmap_kinds = ARRAY_LEN(map_kinds);

const struct map_kind *map_kind_find(const char *name) {
    for (size_t i = 0; i < nmap_kinds; i++)
        if (!strcmp(map_kinds[i].name, name)) return &map_kinds[i];
    return NULL;
}

const char *map_kind_name(uint32_t bpf_type) {
    for (size_t i = 0; i < nmap_kinds; i++)
        if (map_kinds[i].bpf_type == bpf_type) return map_kinds[i].name;
    return "other";
}

const char *map_op_words(enum map_op op) {
    switch (op) {
    case MAP_KEYED: return "indexed by a key";
    case MAP_SCALAR: return "used without a key";
    case MAP_DELETE: return "deleted from";
    case MAP_HAS: return "asked for a key";
    case MAP_EACH: return "walked or counted";
    case MAP_PRINT: return "printed";
    case MAP_CLEAR: return "cleared";
    case MAP_ZERO: return "zeroed";
    case MAP_PUSH: return "pushed to";
    case MAP_POP: return "popped from";
    case MAP_ORDINARY: break;
    }
    return "used so";
}
