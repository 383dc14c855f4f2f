// SPDX-License-Identifier: Apache-2.0
// The manifest in memory.
#include "object/manifest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct manifest *manifest_new(void) {
    struct arena *a = arena_new();
    struct manifest *m = ARENA_NEW(a, struct manifest);
    m->arena = a;
    m->source_name = m->source_text = "";
    m->license = "GPL";
    return m;
}

void manifest_free(struct manifest *m) {
    if (m) arena_free(m->arena);
}

const char *manifest_config(const struct manifest *m, const char *name) {
    for (size_t i = 0; i < m->config.len; i++)
        if (!strcmp(m->config.data[i].name, name)) return m->config.data[i].value;
    return "";
}

uint64_t manifest_config_uint(const struct manifest *m, const char *name) {
    const char *v = manifest_config(m, name);
    return !strcmp(v, "true") ? 1 : strtoull(v, NULL, 0);
}

bool manifest_pin_ok(const char *name) {
    size_t n = strlen(name);
    if (n < 1 || n > 200) return false;
    for (; *name; name++)
        // The file system of pins takes no dots.
        if ((unsigned char)*name < ' ' || *name == 0x7f || strchr("/.:", *name)) return false;
    return true;
}

size_t manifest_percent(const char *p) {
    size_t n = 1 + strspn(p + 1, "-+ #0'");
    n += strspn(p + n, "0123456789.");
    if (p[n] == '%') return n + 1;
    if (!isspace((unsigned char)p[1]) && p[1]) return 0;
    n += strspn(p + n, "hlzjt");
    return p[n] && strchr("diuxXopscrg", p[n]) ? 0 : 1;
}
