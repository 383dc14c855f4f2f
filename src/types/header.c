// SPDX-License-Identifier: Apache-2.0
// Headers of the user: looked for beside the script and in the -I folders, and read with the same
// parser as definitions in the script.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "types/ctoken.h"

enum { MAX_HEADER = 8 << 20 };

static char *slurp(struct arena *a, const char *path, size_t *len) {
    FILE *f = fopen(path, "re");
    if (!f) return NULL;
    char *data = NULL;
    if (fseek(f, 0, SEEK_END) == 0) {
        long n = ftell(f);
        if (n >= 0 && n <= MAX_HEADER) {
            rewind(f);
            data = arena_alloc(a, (size_t)n + 1);
            *len = fread(data, 1, (size_t)n, f);
        }
    }
    fclose(f);
    return data;
}

static bool read_from(struct types *t, const char *folder, const char *name) {
    size_t len = 0, at;
    const char *error;
    const char *path = arena_printf(t->arena, "%s/%s", folder, name);
    for (const struct open_header *h = t->open_headers; h; h = h->outer)
        if (!strcmp(h->path, path)) return true; // it includes itself: a guard would end this, too
    char *text = slurp(t->arena, path, &len);
    if (!text) return false;
    struct open_header open = {.path = path, .outer = t->open_headers};
    t->open_headers = &open;
    // Nothing is said here: the script may not need what was not understood.
    if (!types_add_c(t, text, len, &error, &at) && !t->unread) {
        unsigned line = 1;
        for (size_t i = 0; i < at && i < len; i++) line += text[i] == '\n';
        t->unread = arena_printf(t->arena, "%s:%u: %s", name, line, error);
    }
    t->open_headers = open.outer;
    return true;
}

const char *types_unread_header(const struct types *t) { return t->unread; }

bool header_read(struct types *t, const char *name, bool quoted) {
    if (*name == '/') return read_from(t, "", name);
    if (quoted && read_from(t, t->opts.script_dir ? t->opts.script_dir : ".", name)) return true;
    for (size_t i = 0; i < t->opts.ninclude_dirs; i++)
        if (read_from(t, t->opts.include_dirs[i], name)) return true;
    return false;
}
