// SPDX-License-Identifier: Apache-2.0
// Parses prototype strings.
#include "builtins/signature.h"

#include <string.h>

static const char *const kinds[] = {"int",   "ptr", "string", "literal",
                                    "const", "any", "map",    "var"};

const char *signature_kind_name(enum signature_kind kind) {
    static const char *const words[] = {
        "an integer",         "a pointer", "a string", "a string literal",
        "an integer literal", "a value",   "a map",    "a variable"};
    return words[kind];
}

static bool add(struct signature *out, const char *word, size_t len, bool optional) {
    if (len == 3 && !strncmp(word, "...", 3)) return out->varargs = true;
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strlen(kinds[i]) != len || strncmp(kinds[i], word, len)) continue;
        if (out->total == SIGNATURE_MAX || (!optional && out->required < out->total)) return false;
        out->args[out->total++] = (enum signature_kind)i;
        if (!optional) out->required++;
        return true;
    }
    return false;
}

bool signature_parse(const char *text, struct signature *out) {
    *out = (struct signature){0};
    const char *open = strchr(text, '(');
    if (!open || (size_t)(open - text) >= sizeof(out->result)) return false;
    memcpy(out->result, text, (size_t)(open - text));
    for (const char *p = open + 1; *p != ')';) {
        if (!*p) return false;
        if (*p == ' ' || *p == ',') {
            p++;
            continue;
        }
        bool optional = *p == '[';
        if (optional) p++;
        size_t n = strcspn(p, " ,])");
        if (!add(out, p, n, optional)) return false;
        p += n;
        if (optional && *p++ != ']') return false;
    }
    return true;
}
