// SPDX-License-Identifier: Apache-2.0
// Collects diagnostics, sorts them by place and prints them in bpftrace's shape.
#include "base/diag.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

enum { MAX_PRINTED = 50, MAX_LINE = 200, CONTEXT = 80, MAX_EXPANSIONS = 3 };

struct note {
    struct span span;
    const char *text;
    struct note *next;
};

struct diagnostic {
    enum diag_id id;
    struct span span;
    const char *text;
    struct note *notes; // second places, in order
    struct note *hints; // span unused
    size_t order;
};
VEC_OF(diagnostic_vec, struct diagnostic *);

struct diags {
    struct arena *arena;
    struct diagnostic_vec all;
    struct diagnostic *last; // NULL after a suppressed one
    size_t errors;
    bool no_warnings;
};

static const enum diag_severity severities[] = {
#define ERROR                DIAG_ERROR
#define WARNING              DIAG_WARNING
#define HINT                 DIAG_HINT
#define D(id, severity, fmt) [DIAG_##id] = severity,
#include "base/diag.def"
#undef D
#undef ERROR
#undef HINT
#undef WARNING
};

// What scripts/check-scripts tells refusals apart by.
static const char *const id_names[] = {
#define D(id, severity, fmt) [DIAG_##id] = #id,
#include "base/diag.def"
#undef D
};

struct diags *diags_new(struct arena *a) {
    struct diags *d = ARENA_NEW(a, struct diags);
    d->arena = a;
    return d;
}

// The same mistake is reported once, even if several passes or copies of a body meet it.
static bool is_known(const struct diags *d, struct span span, enum diag_id id) {
    for (size_t i = d->all.len; i-- > 0;) {
        const struct diagnostic *o = d->all.data[i];
        if (o->id == id && span.src && o->span.src == span.src && o->span.begin == span.begin &&
            o->span.end == span.end)
            return true;
    }
    return false;
}

void diag_report(struct diags *d, struct span span, enum diag_id id, const char *fmt, ...) {
    d->last = NULL;
    if (severities[id] == DIAG_WARNING && d->no_warnings) return;
    if (is_known(d, span, id)) return;
    struct diagnostic *n = ARENA_NEW(d->arena, struct diagnostic);
    va_list ap;
    va_start(ap, fmt);
    n->text = arena_vprintf(d->arena, fmt, ap);
    va_end(ap);
    n->id = id;
    n->span = span;
    n->order = d->all.len;
    VEC_PUSH(d->arena, &d->all, n);
    d->last = n;
    d->errors += severities[id] != DIAG_WARNING;
}

static void note_append(struct note **list, struct note *n) {
    while (*list) list = &(*list)->next;
    *list = n;
}

void diag_hint(struct diags *d, const char *fmt, ...) {
    if (!d->last) return;
    struct note *n = ARENA_NEW(d->arena, struct note);
    va_list ap;
    va_start(ap, fmt);
    n->text = arena_vprintf(d->arena, fmt, ap);
    va_end(ap);
    note_append(&d->last->hints, n);
}

void diag_note(struct diags *d, struct span span, const char *fmt, ...) {
    if (!d->last) return;
    struct note *n = ARENA_NEW(d->arena, struct note);
    va_list ap;
    va_start(ap, fmt);
    n->text = arena_vprintf(d->arena, fmt, ap);
    va_end(ap);
    n->span = span;
    note_append(&d->last->notes, n);
}

size_t diags_errors(const struct diags *d) { return d->errors; }

void diags_no_warnings(struct diags *d) { d->no_warnings = true; }

static int compare(const void *pa, const void *pb) {
    const struct diagnostic *a = *(struct diagnostic *const *)pa;
    const struct diagnostic *b = *(struct diagnostic *const *)pb;
    if (a->span.src == b->span.src && a->span.begin != b->span.begin)
        return a->span.begin < b->span.begin ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool is_continuation(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

static bool is_printable(char c) { return c == '\t' || (unsigned char)c >= 0x20; }

// The source line, clipped around the place when it is very long, and the underline. Bytes that
// would disturb a terminal are shown as '?'.
static void print_line(const struct span *span, FILE *out, const char *on, const char *off) {
    const struct source *s = span->src;
    unsigned line, column;
    source_position(s, span->begin, &line, &column);
    size_t start = s->lines[line - 1];
    size_t end = line < s->nlines ? s->lines[line] - 1 : s->len;
    size_t from = start, to = end;
    if (end - start > MAX_LINE) {
        if (span->begin - start > CONTEXT) from = span->begin - CONTEXT;
        if (to - from > MAX_LINE) to = from + MAX_LINE;
        while (from < to && is_continuation(s->text[from])) from++;
    }
    const char *before = from > start ? "..." : "", *after = to < end ? "..." : "";
    fputs(before, out);
    for (size_t i = from; i < to; i++) fputc(is_printable(s->text[i]) ? s->text[i] : '?', out);
    fprintf(out, "%s\n%*s", after, (int)strlen(before), "");
    for (size_t i = from; i < span->begin && i < to; i++)
        if (!is_continuation(s->text[i])) fputc(s->text[i] == '\t' ? '\t' : ' ', out);
    fputs(on, out);
    size_t stop = span->end < to ? span->end : to, n = 0;
    for (size_t i = span->begin; i < stop; i++)
        if (!is_continuation(s->text[i])) fputc('~', out), n++;
    if (!n) fputc('~', out);
    fprintf(out, "%s\n", off);
}

static void print_place(const struct span *span, FILE *out) {
    if (!span->src) return;
    unsigned line, column, last_line, last_column;
    source_position(span->src, span->begin, &line, &column);
    source_position(span->src, span->end > span->begin ? span->end : span->begin, &last_line,
                    &last_column);
    if (last_line != line)
        fprintf(out, "%s:%u-%u: ", span->src->name, line, last_line);
    else if (last_column <= column + 1)
        fprintf(out, "%s:%u:%u-%u: ", span->src->name, line, column, column + 1);
    else
        fprintf(out, "%s:%u:%u-%u: ", span->src->name, line, column, last_column);
}

// The calls of the macros around a place, inner ones first; of many the first and the last one.
static void print_expansions(const struct span *at, FILE *out) {
    for (unsigned depth = 0; at; at = at->expanded, depth++) {
        if (depth >= MAX_EXPANSIONS && at->expanded) continue;
        print_place(at, out);
        fputs("NOTE: expanded from here\n", out);
        print_line(at, out, "", "");
    }
}

static void print_one(const struct diagnostic *d, FILE *out, bool colour) {
    static const char *const labels[] = {"WARNING", "ERROR", "HINT"};
    bool error = severities[d->id] == DIAG_ERROR;
    const char *on = !colour ? "" : error ? "\033[31m" : "\033[33m", *off = colour ? "\033[0m" : "";
    print_place(&d->span, out);
    fprintf(out, "%s%s: %s%s\n", on, labels[severities[d->id]], d->text, off);
    if (d->span.src) print_line(&d->span, out, on, off);
    print_expansions(d->span.expanded, out);
    for (const struct note *n = d->notes; n; n = n->next) {
        print_place(&n->span, out);
        fprintf(out, "NOTE: %s\n", n->text);
        if (n->span.src) print_line(&n->span, out, "", "");
    }
    for (const struct note *n = d->hints; n; n = n->next) fprintf(out, "HINT: %s\n", n->text);
    if (error && getenv(DIAG_IDS_ENV)) fprintf(out, "ID: %s\n", id_names[d->id]);
}

void diags_print(struct diags *d, FILE *out, bool colour) {
    if (d->all.len) qsort(d->all.data, d->all.len, sizeof(*d->all.data), compare);
    for (size_t i = 0; i < d->all.len && i < MAX_PRINTED; i++)
        print_one(d->all.data[i], out, colour);
    if (d->all.len > MAX_PRINTED) fprintf(out, "(%zu more messages)\n", d->all.len - MAX_PRINTED);
    d->all.len = 0;
    d->last = NULL;
}
