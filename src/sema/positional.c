// SPDX-License-Identifier: Apache-2.0
// Parameters of the command line: $1, $#, and named ones through getopt().
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "base/strbuf.h"
#include "sema/sema_internal.h"

static bool is_named(const char *param) { return param[0] == '-' && param[1] == '-' && param[2]; }

// The n-th positional parameter (from 1), or NULL.
static const char *positional(const struct unit *u, unsigned n) {
    for (size_t i = 0; i < u->options.nparams; i++) {
        if (is_named(u->options.params[i])) continue;
        if (--n == 0) return u->options.params[i];
    }
    return NULL;
}

static unsigned count(const struct unit *u) {
    unsigned n = 0;
    for (size_t i = 0; i < u->options.nparams; i++) n += !is_named(u->options.params[i]);
    return n;
}

static void to_int(struct ast_expr *e, uint64_t value, bool negative) {
    e->kind = AST_INT;
    e->integer.value = value;
    e->integer.is_negative = negative;
    e->integer.is_unsigned = false;
}

static void to_string(struct ast_expr *e, const char *text) {
    e->kind = AST_STRING;
    e->string.data = text;
    e->string.len = strlen(text);
}

// An integer where the text is one, else a string.
static void replace(struct ast_expr *e, const char *text) {
    char *end;
    errno = 0;
    if (*text == '-') {
        long long v = strtoll(text, &end, 0);
        if (end != text && !*end && !errno) {
            to_int(e, (uint64_t)v, v < 0);
            return;
        }
    } else {
        unsigned long long v = strtoull(text, &end, 0);
        if (end != text && !*end && !errno) {
            to_int(e, v, false);
            return;
        }
    }
    to_string(e, text);
}

static const char *named(const struct unit *u, const char *name) {
    size_t n = strlen(name);
    for (size_t i = 0; i < u->options.nparams; i++) {
        const char *p = u->options.params[i];
        if (is_named(p) && !strncmp(p + 2, name, n) && (!p[2 + n] || p[2 + n] == '='))
            return p[2 + n] ? p + 2 + n + 1 : "";
    }
    return NULL;
}

// ---- named parameters ----

struct known_param {
    const char *name, *doc;     // doc may be NULL
    const struct ast_expr *def; // the default, or NULL: false
    struct span span;           // of the first use
};
VEC_OF(known_params, struct known_param);

struct walk {
    struct unit *u;
    struct known_params known; // that the script asks for
};

static bool same_default(const struct ast_expr *a, const struct ast_expr *b) {
    if (!a || !b) { // getopt("x") is getopt("x", false)
        const struct ast_expr *given = a ? a : b;
        return !given || (given->kind == AST_BOOL && !given->boolean);
    }
    if (a->kind != b->kind) return false;
    if (a->kind == AST_STRING) return !strcmp(a->string.data, b->string.data);
    if (a->kind == AST_BOOL) return a->boolean == b->boolean;
    return a->integer.value == b->integer.value;
}

static void know(struct walk *w, const struct ast_expr *e, const char *name,
                 const struct ast_expr *def, const char *doc) {
    for (size_t i = 0; i < w->known.len; i++) {
        struct known_param *k = &w->known.data[i];
        if (strcmp(k->name, name)) continue;
        if (doc) k->doc = doc;
        if (same_default(k->def, def)) return;
        diag(w->u->diags, e->span, getopt_default, name);
        diag_note(w->u->diags, k->span, "first used here");
        return;
    }
    VEC_PUSH(w->u->arena, &w->known, ((struct known_param){name, doc, def, e->span}));
}

static bool truth_of(const char *text, bool *value) {
    *value = !strcasecmp(text, "true") || !strcmp(text, "1") || !*text;
    return *value || !strcasecmp(text, "false") || !strcmp(text, "0");
}

// The value given on the command line in place of `def`, whose type decides.
static void take_value(struct unit *u, struct ast_expr *e, const char *name,
                       const struct ast_expr *def, const char *value) {
    const struct span nowhere = {.src = NULL}; // the command line is wrong, not the script
    bool v = def && def->kind == AST_BOOL && def->boolean;
    if (!def || def->kind == AST_BOOL) {
        if (value && !truth_of(value, &v))
            diag(u->diags, nowhere, getopt_value, name, "expects a boolean", value);
        e->kind = AST_BOOL;
        e->boolean = v;
    } else if (!value) {
        struct span span = e->span;
        *e = *def;
        e->span = span;
    } else if (def->kind == AST_STRING) {
        to_string(e, value);
    } else if (!*value) {
        diag(u->diags, nowhere, getopt_value, name, "expects an integer", "true");
    } else {
        replace(e, value);
        if (e->kind != AST_INT)
            diag(u->diags, nowhere, getopt_value, name, "invalid integer", value);
    }
}

static void expand_getopt(struct walk *w, struct ast_expr *e) {
    struct ast_exprs args = e->call.args;
    const struct ast_expr *def = args.len > 1 ? args.data[1] : NULL;
    const struct ast_expr *doc = args.len > 2 ? args.data[2] : NULL;
    bool is_form =
        args.len >= 1 && args.len <= 3 && args.data[0]->kind == AST_STRING &&
        (!def || def->kind == AST_BOOL || def->kind == AST_INT || def->kind == AST_STRING) &&
        (!doc || doc->kind == AST_STRING);
    if (!is_form) {
        diag(w->u->diags, e->span, getopt_form);
        return;
    }
    const char *name = args.data[0]->string.data;
    know(w, e, name, def, doc ? doc->string.data : NULL);
    take_value(w->u, e, name, def, named(w->u, name));
}

// What the script takes, one on each line, or in one line after an error.
static const char *known_list(const struct walk *w, bool lines) {
    struct strbuf b = {0};
    if (!w->known.len) return "no custom program options defined.";
    strbuf_puts(&b, "expected program options:");
    for (size_t i = 0; i < w->known.len; i++) {
        const struct known_param *k = &w->known.data[i];
        strbuf_printf(&b, "%s--%s", lines ? "\n" : i ? ", " : " ", k->name);
        if (lines && k->doc && *k->doc) strbuf_printf(&b, ": %s", k->doc);
    }
    const char *text = arena_strdup(w->u->arena, strbuf_str(&b));
    strbuf_free(&b);
    return text;
}

static bool is_known_param(const struct walk *w, const char *given) {
    size_t n = strcspn(given, "=");
    for (size_t i = 0; i < w->known.len; i++)
        if (strlen(w->known.data[i].name) == n && !strncmp(given, w->known.data[i].name, n))
            return true;
    return false;
}

static void check_named(const struct walk *w) {
    const struct span nowhere = {.src = NULL};
    struct strbuf unknown = {0};
    bool help = w->u->options.params_help;
    for (size_t i = 0; i < w->u->options.nparams; i++) {
        const char *p = w->u->options.params[i];
        if (!is_named(p) || is_known_param(w, p + 2)) continue;
        if (!strcmp(p, "--help"))
            help = true;
        else
            strbuf_printf(&unknown, "%s%.*s", unknown.len ? ", " : "", (int)strcspn(p, "="), p);
    }
    if (unknown.len) {
        diag(w->u->diags, nowhere, getopt_unexpected, strbuf_str(&unknown));
        diag_hint(w->u->diags, "%s", known_list(w, help));
    } else if (help) {
        diag(w->u->diags, nowhere, getopt_help, known_list(w, true));
    }
    strbuf_free(&unknown);
}

// ---- positional parameters ----

// The number n of an expression that was written "$n"; 0 if it was not.
static unsigned written_parameter(const struct ast_expr *e) {
    const struct source *src = e->span.src;
    if ((e->kind != AST_INT && e->kind != AST_STRING) || !src || e->span.begin >= src->len ||
        src->text[e->span.begin] != '$')
        return 0;
    return (unsigned)strtoul(src->text + e->span.begin + 1, NULL, 10);
}

// str($1) is the parameter's text, also when it looks like a number; str($1 + 2) leaves the
// first two characters out.
static void expand_str(struct unit *u, struct ast_expr *e) {
    struct ast_expr *arg = e->call.args.data[0];
    uint64_t skip = 0;
    if (arg->kind == AST_BINARY && arg->binary.op == AST_ADD &&
        arg->binary.right->kind == AST_INT && !arg->binary.right->integer.is_negative) {
        skip = arg->binary.right->integer.value;
        arg = arg->binary.left;
    }
    unsigned n = written_parameter(arg);
    if (!n) return;
    const char *text = positional(u, n);
    if (!text) text = "";
    text += skip < strlen(text) ? skip : strlen(text);
    int64_t limit;
    struct ast_expr *size = e->call.args.len > 1 ? e->call.args.data[1] : NULL;
    bool bounded = size && expr_int(size, &limit) && limit >= 0;
    to_string(e, text);
    if (bounded && (uint64_t)limit < e->string.len) {
        e->string.len = (size_t)limit;
        e->string.data = arena_strndup(u->arena, text, (size_t)limit);
    }
}

// An absent parameter is 0, and "" in str().
static void absent(struct unit *u, struct ast_expr *e) {
    diag(u->diags, e->span, positional_empty, e->positional.index);
    to_int(e, 0, false);
}

static void visit(void *ctx, struct ast_expr **pe) {
    struct walk *w = ctx;
    struct unit *u = w->u;
    struct ast_expr *e = *pe;
    if (e->kind == AST_POSITIONAL) {
        if (!e->positional.index) {
            to_int(e, count(u), false);
            return;
        }
        const char *text = positional(u, e->positional.index);
        if (text)
            replace(e, text);
        else
            absent(u, e);
        e->type = NULL;
        return;
    }
    if (e->kind != AST_CALL) return;
    if (!strcmp(e->call.name, "getopt")) {
        expand_getopt(w, e);
        return;
    }
    if (!strcmp(e->call.name, "str") && e->call.args.len) expand_str(u, e);
}

// "$1" inside an attach point.
static void expand_point(struct unit *u, struct ast_attach_point *point) {
    const char *dollar = strchr(point->text, '$');
    while (dollar) {
        char *end;
        unsigned long n = strtoul(dollar + 1, &end, 10);
        if (end == dollar + 1) {
            dollar = strchr(dollar + 1, '$');
            continue;
        }
        const char *value = positional(u, (unsigned)n);
        if (!value) {
            diag(u->diags, point->span, point_param, (unsigned)n);
            return;
        }
        size_t head = (size_t)(dollar - point->text);
        point->text = arena_printf(u->arena, "%.*s%s%s", (int)head, point->text, value, end);
        dollar = strchr(point->text + head + strlen(value), '$');
    }
}

void sema_positional(struct unit *u) {
    struct walk w = {.u = u};
    struct ast_visitor v = {.ctx = &w, .expr = visit};
    for (size_t i = 0; i < u->ast->probes.len; i++) {
        struct ast_probe *p = u->ast->probes.data[i];
        for (size_t k = 0; k < p->points.len; k++) expand_point(u, &p->points.data[k]);
        if (p->predicate) ast_visit_expr(&v, &p->predicate);
        ast_visit_stmts(&v, &p->body);
    }
    for (size_t i = 0; i < u->ast->fns.len; i++) ast_visit_stmts(&v, &u->ast->fns.data[i]->body);
    check_named(&w);
}
