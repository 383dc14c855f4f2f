// SPDX-License-Identifier: Apache-2.0
// Attach-point texts: splitting at colons, wildcards, and the helpers that providers share.
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "probes/probe_internal.h"

// "uprobe:/bin/sh:\"ns::f(int)\"": colons inside quotes do not split. A bare symbol with "::"
// is kept whole as well.
bool probe_spec_parse(struct arena *a, const char *text, struct probe_spec *out,
                      struct probe_error *err) {
    *out = (struct probe_spec){.text = text};
    char *part = arena_alloc(a, strlen(text) + 1);
    size_t n = 0;
    bool quoted = false;
    for (const char *p = text;; p++) {
        if (*p == '"') {
            quoted = !quoted;
            continue;
        }
        bool scope = p[0] == ':' && (p[1] == ':' || (p > text && p[-1] == ':')) && p > text;
        if (*p && (*p != ':' || quoted || (scope && out->nparts >= 2))) {
            part[n++] = *p;
            continue;
        }
        if (out->nparts == ARRAY_LEN(out->parts)) {
            err->message = "Too many parts in attach point";
            return false;
        }
        out->parts[out->nparts++] = arena_strndup(a, part, n);
        n = 0;
        if (!*p) break;
    }
    if (quoted) {
        err->message = "Unterminated quote in attach point";
        return false;
    }
    return true;
}

bool probe_has_glob(const char *text) { return strpbrk(text, "*[?") != NULL; }

bool probe_glob(const char *pattern, const char *text) { return fnmatch(pattern, text, 0) == 0; }

bool probe_fail(struct probe_env *env, struct probe_error *err, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    err->message = arena_vprintf(env->arena, fmt, ap);
    va_end(ap);
    return false;
}

bool probe_number(const char *text, uint64_t *out) {
    char digits[64], *end;
    size_t n = 0;
    if (!isdigit((unsigned char)*text)) return false;
    for (; *text && n < sizeof(digits) - 1; text++)
        if (*text != '_') digits[n++] = *text;
    digits[n] = '\0';
    errno = 0;
    *out = strtoull(digits, &end, 0);
    if (errno || *text) return false;
    if (*end != 'e' || !isdigit((unsigned char)end[1])) return !*end;
    for (unsigned long zeros = strtoul(end + 1, &end, 10); zeros; zeros--)
        if (__builtin_mul_overflow(*out, (uint64_t)10, out)) return false;
    return !*end;
}

// "func+0x10" is split in place; false when what follows '+' is no number.
bool probe_split_offset(struct arena *a, const char *text, const char **symbol, uint64_t *offset) {
    const char *plus = strrchr(text, '+');
    *offset = 0;
    *symbol = text;
    if (!plus || plus == text) return true;
    if (!isdigit((unsigned char)plus[1])) return !strncmp(text, "operator", 8);
    *symbol = arena_strndup(a, text, (size_t)(plus - text));
    return probe_number(plus + 1, offset);
}
