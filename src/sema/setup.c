// SPDX-License-Identifier: Apache-2.0
// What comes before the probes: imports, C definitions, configuration.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/suggest.h"
#include "parser/parser.h"
#include "probes/feature.h"
#include "sema/sema_internal.h"

enum { MAX_IMPORTS = 64, MAX_SCRIPT = 32 << 20 };

static void add_c_texts(struct unit *u, const struct ast_program *p) {
    for (size_t i = 0; i < p->c_texts.len; i++) {
        const struct ast_c_text *c = &p->c_texts.data[i];
        const char *error;
        size_t at;
        if (types_add_c(u->types, c->text, c->len, &error, &at)) continue;
        struct span span = c->span;
        span.begin += (uint32_t)at;
        span.end = span.begin + 1;
        diag(u->diags, span, c_definition, error);
    }
}

// ---- imports ----

static char *read_file(struct arena *a, const char *path, size_t *len) {
    struct stat st;
    FILE *f = fopen(path, "re");
    char *text = NULL;
    if (!f) return NULL;
    if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_SCRIPT) {
        text = arena_alloc(a, (size_t)st.st_size + 1);
        *len = fread(text, 1, (size_t)st.st_size, f);
    } else {
        errno = EINVAL;
    }
    fclose(f);
    return text;
}

static void import_one(struct unit *u, const struct ast_import *import, const char *folder,
                       size_t *count);

static void absorb(struct unit *u, struct ast_program *p, const char *folder, size_t *count) {
    for (size_t i = 0; i < p->imports.len; i++) import_one(u, &p->imports.data[i], folder, count);
    add_c_texts(u, p);
    struct ast_program *to = u->ast;
    for (size_t i = 0; i < p->macros.len; i++) VEC_PUSH(u->arena, &to->macros, p->macros.data[i]);
    for (size_t i = 0; i < p->fns.len; i++) VEC_PUSH(u->arena, &to->fns, p->fns.data[i]);
    for (size_t i = 0; i < p->map_decls.len; i++)
        VEC_PUSH(u->arena, &to->map_decls, p->map_decls.data[i]);
    for (size_t i = 0; i < p->probes.len; i++) VEC_PUSH(u->arena, &to->probes, p->probes.data[i]);
}

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

static void import_one(struct unit *u, const struct ast_import *import, const char *folder,
                       size_t *count) {
    if (++*count > MAX_IMPORTS) {
        diag(u->diags, import->span, import_depth);
        return;
    }
    const char *path =
        *import->path == '/' ? import->path : arena_printf(u->arena, "%s/%s", folder, import->path);
    if (ends_with(path, ".bpf.c") || !(ends_with(path, ".bt") || ends_with(path, ".h"))) {
        diag(u->diags, import->span, import_kind, import->path);
        return;
    }
    size_t len = 0;
    char *text = read_file(u->arena, path, &len);
    if (!text) {
        diag(u->diags, import->span, import_read, import->path, strerror(errno));
        return;
    }
    const struct source *src = source_new(u->arena, path, text, len);
    if (ends_with(path, ".h")) {
        const char *error;
        size_t at;
        struct span place = {.src = src};
        if (!types_add_c(u->types, text, len, &error, &at)) {
            place.begin = (uint32_t)at;
            place.end = place.begin + 1;
            diag(u->diags, place, c_definition, error);
        }
        return;
    }
    char *slash = strrchr(path, '/');
    absorb(u, parse_program(u->arena, u->diags, src),
           arena_strndup(u->arena, path, (size_t)(slash - path)), count);
}

// ---- configuration ----

static const char *item_text(struct unit *u, const struct ast_expr *e) {
    switch (e->kind) {
    case AST_INT: return arena_printf(u->arena, "%llu", (unsigned long long)e->integer.value);
    case AST_BOOL: return e->boolean ? "true" : "false";
    case AST_STRING: return e->string.data;
    case AST_IDENT: return e->ident.name;
    default: return NULL;
    }
}

static void set_config(struct unit *u, const struct ast_config_item *item) {
    int id = config_find(item->name);
    if (id < 0) {
        diag(u->diags, item->span, config_unknown, item->name);
        struct suggest s = suggest_begin(item->name);
        for (int i = 0; i < CONFIG_COUNT; i++) suggest_offer(&s, config_rows[i].name);
        if (s.best) diag_hint(u->diags, "did you mean %s?", s.best);
        return;
    }
    const char *value = item_text(u, item->value), *why = "expected a number, a word or a string";
    // The environment has the last word.
    struct config ignored = u->config;
    struct config *into = u->config.in_environment[id] ? &ignored : &u->config;
    if (!value || !config_set(into, id, value, &why))
        diag(u->diags, item->value->span, config_value, config_rows[id].name,
             value ? value : "an expression", why);
}

// Where a key may have 512 bytes only, strings that nobody sized are to fit into one.
static void fit_strings(struct unit *u) {
    if (u->config.values[CONFIG_max_strlen] == config_rows[CONFIG_max_strlen].def &&
        !feature_have(FEATURE_big_keys))
        u->config.values[CONFIG_max_strlen] = "256";
}

// `config` and config(): every configuration variable as a record.
bool sema_config_record(struct unit *u, struct ast_expr *e, const char *name) {
    if (strcmp(name, "config") && strcmp(name, "__builtin_config")) return false;
    struct arena *a = u->arena;
    struct ast_exprs elems = {0};
    struct ast_strings names = {0};
    for (int i = 0; i < CONFIG_COUNT; i++) {
        enum config_type type = config_rows[i].type;
        struct ast_expr *v = ast_expr_new(a,
                                          type == CONFIG_UINT   ? AST_INT
                                          : type == CONFIG_BOOL ? AST_BOOL
                                                                : AST_STRING,
                                          e->span);
        const char *text = u->config.values[i];
        if (type == CONFIG_UINT) {
            v->integer.value = config_uint(&u->config, (enum builtin_config)i);
        } else if (type == CONFIG_BOOL) {
            v->boolean = text[0] == 't';
        } else {
            v->string.data = text;
            v->string.len = strlen(text);
        }
        VEC_PUSH(a, &elems, v);
        VEC_PUSH(a, &names, config_rows[i].name);
    }
    e->kind = AST_RECORD;
    e->tuple.elems = elems;
    e->tuple.names = names;
    return true;
}

void sema_setup(struct unit *u) {
    size_t count = 0;
    const struct span nowhere = {.src = NULL};
    const char *slash = strrchr(u->source->name, '/');
    const char *folder =
        slash ? arena_strndup(u->arena, u->source->name, (size_t)(slash - u->source->name)) : ".";
    for (size_t i = 0; i < u->options.nincludes; i++) {
        const char *error,
            *line = arena_printf(u->arena, "#include \"%s\"", u->options.includes[i]);
        size_t at;
        if (!types_add_c(u->types, line, strlen(line), &error, &at))
            diag(u->diags, nowhere, c_definition, error);
    }
    struct ast_imports imports = u->ast->imports;
    for (size_t i = 0; i < imports.len; i++) import_one(u, &imports.data[i], folder, &count);
    add_c_texts(u, u->ast);
    for (size_t i = 0; i < u->ast->config.len; i++) set_config(u, &u->ast->config.data[i]);
    fit_strings(u);
}
