// SPDX-License-Identifier: Apache-2.0
// The built-in table of macro constants (constants.def), searched by bisection.
#include <limits.h>
#include <stdlib.h>

#include "types/types_internal.h"

static const struct constant {
    const char *name;
    int64_t value;
} constants[] = {
#define K(name, value) {#name, value},
#include "types/constants.def"
#undef K
};

static int compare(const void *key, const void *row) {
    return strcmp(key, ((const struct constant *)row)->name);
}

bool constant_find(const char *name, int64_t *value) {
    const struct constant *c =
        bsearch(name, constants, ARRAY_LEN(constants), sizeof(constants[0]), compare);
    if (c) *value = c->value;
    return c != NULL;
}

const char *types_constant_name(const char *prefix, int64_t value) {
    size_t n = strlen(prefix);
    for (size_t i = 0; i < ARRAY_LEN(constants); i++)
        if (constants[i].value == value && !strncmp(constants[i].name, prefix, n))
            return constants[i].name + n;
    return NULL;
}

void constant_each(void (*each)(void *ctx, const char *name), void *ctx) {
    for (size_t i = 0; i < ARRAY_LEN(constants); i++) each(ctx, constants[i].name);
}
