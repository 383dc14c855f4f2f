// SPDX-License-Identifier: Apache-2.0
// Scans C text. Comments are white space.
#include "types/ctoken.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

void c_fail(struct c_scan *s, const char *fmt, ...) {
    if (!s->error) {
        va_list ap;
        va_start(ap, fmt);
        s->error = arena_vprintf(s->types->arena, fmt, ap);
        va_end(ap);
        s->error_at = s->at;
    }
    s->kind = C_END; // every loop ends
}

static void skip_space(struct c_scan *s) {
    for (;;) {
        const char *p = s->text + s->pos;
        if (isspace((unsigned char)*p) || (p[0] == '\\' && p[1] == '\n')) {
            s->pos++;
        } else if (p[0] == '/' && p[1] == '/') {
            s->pos += strcspn(p, "\n");
        } else if (p[0] == '/' && p[1] == '*') {
            const char *end = strstr(p + 2, "*/");
            s->pos = end ? (size_t)(end + 2 - s->text) : strlen(s->text);
        } else {
            return;
        }
    }
}

static void scan_number(struct c_scan *s) {
    char *end;
    s->kind = C_NUMBER;
    s->number = (int64_t)strtoull(s->text + s->pos, &end, 0);
    while (strchr("uUlL", *end) && *end) end++;
    if (isalnum((unsigned char)*end) || *end == '.') {
        c_fail(s, "not an integer constant");
        return;
    }
    s->pos = (size_t)(end - s->text);
}

static void scan_char(struct c_scan *s) {
    const char *p = s->text + s->pos + 1;
    s->kind = C_NUMBER;
    s->number = (unsigned char)*p;
    if (*p == '\\' && p[1]) {
        p++;
        s->number = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p == '0' ? 0 : *p;
    }
    if (!*p || p[1] != '\'') {
        c_fail(s, "malformed character constant");
        return;
    }
    s->pos = (size_t)(p + 2 - s->text);
}

void c_next(struct c_scan *s) {
    if (s->error) return;
    skip_space(s);
    const char *p = s->text + s->pos;
    s->at = s->pos;
    if (!*p) {
        s->kind = C_END;
        s->word = "end of text";
    } else if (isalpha((unsigned char)*p) || *p == '_') {
        size_t n = 1;
        while (isalnum((unsigned char)p[n]) || p[n] == '_') n++;
        s->kind = C_WORD;
        s->word = arena_strndup(s->types->arena, p, n);
        s->pos += n;
    } else if (isdigit((unsigned char)*p)) {
        scan_number(s);
    } else if (*p == '\'') {
        scan_char(s);
    } else {
        static const char *const two[] = {"<<", ">>", "<=", ">=", "==", "!=", "&&", "||"};
        size_t n = 1;
        for (size_t i = 0; i < ARRAY_LEN(two); i++)
            if (!strncmp(p, two[i], 2)) n = 2;
        if (!strncmp(p, "...", 3)) n = 3;
        s->kind = C_PUNCT;
        s->word = arena_strndup(s->types->arena, p, n);
        s->pos += n;
    }
}

void c_begin(struct c_scan *s, struct types *t, const char *text, size_t len) {
    *s = (struct c_scan){.types = t, .text = arena_strndup(t->arena, text, len)};
    c_next(s);
}

bool c_is(const struct c_scan *s, const char *text) {
    return (s->kind == C_WORD || s->kind == C_PUNCT) && !strcmp(s->word, text);
}

bool c_accept(struct c_scan *s, const char *text) {
    if (!c_is(s, text)) return false;
    c_next(s);
    return true;
}

void c_expect(struct c_scan *s, const char *text) {
    if (!c_accept(s, text))
        c_fail(s, "expected '%s' before '%s'", text, s->kind == C_NUMBER ? "number" : s->word);
}
