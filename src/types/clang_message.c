// SPDX-License-Identifier: Apache-2.0
// Reads what clang says: "FILE:LINE:COLUMN: error: TEXT".
#include <stdlib.h>
#include <string.h>

#include "types/clang.h"

static bool parse(struct arena *a, const char *line, struct clang_message *m) {
    static const char from[] = "In file included from ";
    static const char *const errors[] = {"fatal error: ", "error: "};
    bool is_include = !strncmp(line, from, sizeof(from) - 1);
    if (is_include) line += sizeof(from) - 1;
    for (const char *c = strchr(line, ':'); c; c = strchr(c + 1, ':')) {
        char *end;
        unsigned long at = strtoul(c + 1, &end, 10);
        if (end == c + 1 || *end != ':') continue;
        *m = (struct clang_message){.file = arena_strndup(a, line, (size_t)(c - line)),
                                    .line = (unsigned)at};
        if (is_include) return true;
        m->column = (unsigned)strtoul(end + 1, &end, 10);
        m->text = end + (*end == ':');
        m->text += strspn(m->text, " ");
        for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
            if (strncmp(m->text, errors[i], strlen(errors[i]))) continue;
            m->text += strlen(errors[i]);
            m->is_error = true;
            return true;
        }
        return false;
    }
    return false;
}

bool clang_next_message(struct arena *a, const char **text, struct clang_message *m) {
    while (**text) {
        size_t n = strcspn(*text, "\n");
        const char *line = arena_strndup(a, *text, n);
        *text += n + ((*text)[n] == '\n');
        if (parse(a, line, m)) return true;
    }
    return false;
}
