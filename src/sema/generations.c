// SPDX-License-Identifier: Apache-2.0
// Maps that are printed and then cleared, or set to zero. The runtime does this after the script
// did, while other processors go on counting; so that nothing of that is lost, such a map has two
// generations of entries. The printing changes them, and what is printed is then at rest.
#include <linux/bpf.h>

#include "probes/feature.h"
#include "sema/sema_internal.h"

enum { OLD_KEY_LIMIT = 512 };

struct mention {
    const struct sema_map *map;
    bool found;  // the map
    bool leaves; // what may end the program or do anything else
};

static void look(void *ctx, struct ast_expr **pe) {
    struct mention *m = ctx;
    const struct ast_expr *e = *pe;
    m->found |= e->kind == AST_MAP && e->map.map == m->map;
    m->leaves |= e->kind == AST_BLOCK_EXPR;
    m->leaves |= e->kind == AST_CALL && (e->call.fn || e->call.function == FN_exit);
}

// Is `s` a call of `function` with a whole map? Gives the call.
static struct ast_expr *map_call(const struct ast_stmt *s, int function) {
    if (s->kind != AST_EXPR_STMT || s->expr->kind != AST_CALL) return NULL;
    struct ast_expr *e = s->expr;
    if (e->call.fn || e->call.function != function || !e->call.args.len) return NULL;
    return e->call.args.data[0]->kind == AST_MAP ? e : NULL;
}

static const struct sema_map *map_of(const struct ast_expr *call) {
    return call->call.args.data[0]->map.map;
}

static bool may_have(const struct sema_map *m) {
    bool plain = m->bpf_type == BPF_MAP_TYPE_HASH || m->bpf_type == BPF_MAP_TYPE_PERCPU_HASH;
    if (m->key && !feature_have(FEATURE_big_keys) && m->key->size + 8 > OLD_KEY_LIMIT) return false;
    if (!m->key)
        plain |= m->bpf_type == BPF_MAP_TYPE_ARRAY || m->bpf_type == BPF_MAP_TYPE_PERCPU_ARRAY;
    return plain && !m->pin;
}

// The function that empties the map after statement `at`, with nothing about it in between.
static int emptied_by(const struct ast_stmts *s, size_t at, const struct sema_map *m) {
    static const int functions[] = {FN_clear, FN_zero};
    for (size_t i = at + 1; i < s->len; i++) {
        for (size_t k = 0; k < ARRAY_LEN(functions); k++) {
            const struct ast_expr *call = map_call(s->data[i], functions[k]);
            if (call && map_of(call) == m) return functions[k];
        }
        enum ast_stmt_kind kind = s->data[i]->kind;
        if (kind != AST_EXPR_STMT && kind != AST_ASSIGN && kind != AST_LET) return 0;
        struct mention mention = {.map = m};
        const struct ast_visitor v = {.ctx = &mention, .expr = look};
        ast_visit_stmt(&v, s->data[i]);
        if (mention.found || mention.leaves) return 0;
    }
    return 0;
}

static void pair(void *ctx, struct ast_stmts *s) {
    (void)ctx;
    for (size_t i = 0; i < s->len; i++) {
        struct ast_expr *print = map_call(s->data[i], FN_print);
        if (!print || !may_have(map_of(print))) continue;
        print->call.emptied_by = emptied_by(s, i, map_of(print));
        if (print->call.emptied_by) print->call.args.data[0]->map.map->has_generations = true;
    }
}

void sema_generations(struct unit *u) {
    const struct ast_visitor v = {.list = pair};
    for (size_t i = 0; i < u->programs.len; i++) ast_visit_stmts(&v, &u->programs.data[i]->body);
    for (size_t i = 0; i < u->fns.len; i++) ast_visit_stmts(&v, &u->fns.data[i]->body);
}
