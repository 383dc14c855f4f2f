// SPDX-License-Identifier: Apache-2.0
// What comes before the probes: imports (import.c), C definitions (ctext.c), configuration.
#include "base/suggest.h"
#include "probes/feature.h"
#include "sema/sema_internal.h"

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

void sema_setup(struct unit *u) {
    sema_c_options(u);
    sema_imports(u);
    sema_c_texts(u, u->ast);
    sema_c_done(u);
    for (size_t i = 0; i < u->ast->config.len; i++) set_config(u, &u->ast->config.data[i]);
    fit_strings(u);
}
