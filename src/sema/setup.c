// SPDX-License-Identifier: Apache-2.0
// What comes before the probes: imports (import.c), C definitions (ctext.c), configuration; the
// list of maps.
#include "base/suggest.h"
#include "probes/feature.h"
#include "sema/sema_internal.h"

struct sema_map *sema_map_named(struct unit *u, const char *name, struct span span) {
    for (size_t i = 0; i < u->maps.len; i++)
        if (!strcmp(u->maps.data[i]->name, name)) return u->maps.data[i];
    struct sema_map *m = ARENA_NEW(u->arena, struct sema_map);
    m->name = name;
    m->span = span;
    m->index = (unsigned)u->maps.len;
    m->value = types_basic(u->types, TYPE_NONE);
    VEC_PUSH(u->arena, &u->maps, m);
    return m;
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
        diag(u->diags, span_join(item->span, item->value->span), config_unknown, item->name);
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
    sema_c_options(u);
    sema_imports(u);
    sema_c_texts(u, u->ast);
    sema_c_done(u);
    for (size_t i = 0; i < u->ast->config.len; i++) set_config(u, &u->ast->config.data[i]);
    fit_strings(u);
}
