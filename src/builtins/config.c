// SPDX-License-Identifier: Apache-2.0
// Configuration variables: defaults, environment, checks of values.
#include "builtins/builtins.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"

const struct config_row config_rows[CONFIG_COUNT] = {
#define C(id, name, type, def, min, max, doc) {name, type, def, min, max, doc},
#include "builtins/config.def"
#undef C
};

// Names that scripts and environments may use as well.
static const struct {
    const char *alias;
    enum builtin_config id;
} aliases[] = {
    {"strlen", CONFIG_max_strlen},
    {"map_keys_max", CONFIG_max_map_keys},
    {"no_cpp_demangle", CONFIG_cpp_demangle},
    {"cat_bytes_max", CONFIG_max_cat_bytes},
};

int config_find(const char *name) {
    if (!strncasecmp(name, "BPFTRACE_", 9)) name += 9;
    for (int i = 0; i < CONFIG_COUNT; i++)
        if (!strcasecmp(config_rows[i].name, name)) return i;
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        if (!strcasecmp(aliases[i].alias, name)) return aliases[i].id;
    return -1;
}

void config_init(struct config *c) {
    for (int i = 0; i < CONFIG_COUNT; i++) c->values[i] = config_rows[i].def;
}

static bool one_of(const char *value, const char *const *words) {
    for (; *words; words++)
        if (!strcmp(value, *words)) return true;
    return false;
}

bool config_set(struct config *c, int id, const char *value, const char **why) {
    static const char *const modes[] = {"bpftrace", "perf", "raw", NULL};
    static const char *const missing[] = {"error", "warn", "ignore", NULL};
    static const char *const truths[] = {"true", "1", "false", "0", NULL};
    static const char *const licenses[] = {"Dual MIT/GPL",
                                           "Dual BSD/GPL",
                                           "Dual MPL/GPL",
                                           "GPL and additional rights",
                                           "GPL v2",
                                           "GPL",
                                           NULL};
    const struct config_row *row = &config_rows[id];
    char *end;
    errno = 0;
    unsigned long long n = strtoull(value, &end, 0);
    switch (row->type) {
    case CONFIG_UINT:
        *why = "Expected an unsigned integer";
        if (!isdigit((unsigned char)*value) || *end || errno) return false;
        *why = "It is out of range";
        if (n < row->min || (row->max && n > row->max)) return false;
        break;
    case CONFIG_BOOL:
        *why = "Expected true, false, 1 or 0";
        if (!one_of(value, truths)) return false;
        value = *value == 't' || *value == '1' ? "true" : "false";
        break;
    case CONFIG_STACK_MODE:
        *why = "Expected bpftrace, perf or raw";
        if (!one_of(value, modes)) return false;
        break;
    case CONFIG_MISSING:
        *why = "Expected error, warn or ignore";
        if (!one_of(value, missing)) return false;
        break;
    case CONFIG_LICENSE:
        *why = "Valid values: Dual MIT/GPL, Dual BSD/GPL, Dual MPL/GPL, GPL and additional rights, "
               "GPL v2, GPL";
        if (!one_of(value, licenses)) return false;
        break;
    case CONFIG_STRING:
    case CONFIG_SYMBOLS: break;
    }
    c->values[id] = value;
    return true;
}

bool config_from_environment(struct config *c, const char **bad, const char **why) {
    static const char *const prefixes[] = {"BPFTRACE_", "GAFF_"};
    for (int i = 0; i < CONFIG_COUNT; i++) {
        for (size_t p = 0; p < ARRAY_LEN(prefixes); p++) {
            char name[80];
            int n = snprintf(name, sizeof(name), "%s%s", prefixes[p], config_rows[i].name);
            for (int k = 0; k < n; k++) name[k] = (char)toupper((unsigned char)name[k]);
            const char *value = getenv(name);
            if (!value) continue;
            if (!config_set(c, i, value, why)) {
                *bad = config_rows[i].name;
                return false;
            }
            c->in_environment[i] = true;
        }
    }
    const char *old = getenv("BPFTRACE_STRLEN");
    *bad = "max_strlen";
    if (old && !config_set(c, CONFIG_max_strlen, old, why)) return false;
    if (getenv("BPFTRACE_NO_CPP_DEMANGLE")) c->values[CONFIG_cpp_demangle] = "false";
    return true;
}

uint64_t config_uint(const struct config *c, enum builtin_config id) {
    if (config_rows[id].type == CONFIG_BOOL) return c->values[id][0] == 't';
    return strtoull(c->values[id], NULL, 0);
}

const char *config_string(const struct config *c, enum builtin_config id) { return c->values[id]; }
