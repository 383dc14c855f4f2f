// SPDX-License-Identifier: Apache-2.0
// The rows of variables.def and functions.def as tables, and look-up by name, old spellings too.
#include "builtins/builtins.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "object/manifest.h"
#include "probes/probe.h"

const struct variable_row variable_rows[VAR_COUNT] = {
#define V(id, name, type, caps, doc) {name, type, caps, doc},
#include "builtins/variables.def"
#undef V
};

const struct function_row function_rows[FN_COUNT] = {
#define F(id, name, signature, where, event, doc) {name, signature, where, event, doc},
#include "builtins/functions.def"
#undef F
};

// The internal spelling of every builtin begins with __builtin_.
static const char *canonical(const char *name) {
    if (!strncmp(name, "__builtin_", 10)) return name + 10;
    return name;
}

// "arg12" with prefix "arg": 12.
static bool numbered(const char *name, const char *prefix, unsigned *n) {
    size_t len = strlen(prefix);
    if (strncmp(name, prefix, len) || !isdigit((unsigned char)name[len])) return false;
    char *end;
    unsigned long v = strtoul(name + len, &end, 10);
    if (*end || v > 1000) return false;
    *n = (unsigned)v;
    return true;
}

int variable_find(const char *name, unsigned *n) {
    *n = 0;
    if (numbered(name, "arg", n)) return VAR_arg;
    if (numbered(name, "sarg", n)) return VAR_sarg;
    name = canonical(name);
    for (int i = 0; i < VAR_COUNT; i++)
        if (i != VAR_arg && i != VAR_sarg && !strcmp(variable_rows[i].name, name)) return i;
    return -1;
}

const char *builtin_renamed(const char *name) {
    static const char *const renamed[][2] = {
        {"name", "probe"}, {"stack", "kstack"}, {"sym", "ksym"}, {"quantize", "hist"}};
    for (size_t i = 0; i < ARRAY_LEN(renamed); i++)
        if (!strcmp(renamed[i][0], name)) return renamed[i][1];
    return NULL;
}

int function_find(const char *name) {
    name = canonical(name);
    for (int i = 0; i < FN_COUNT; i++)
        if (!strcmp(function_rows[i].name, name)) return i;
    return -1;
}
