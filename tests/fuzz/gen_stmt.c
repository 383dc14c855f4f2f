// SPDX-License-Identifier: Apache-2.0
// Statements. Next: gen_expr.c.
#include "gen.h"

#include <stdio.h>

#include "builtins/builtins.h"

#define CHOOSE(g, list) (list)[gen_pick((g), sizeof(list) / sizeof((list)[0]))]

static struct gen_var *new_var(struct gen *g, const struct gen_type *t) {
    if (g->nvars == GEN_VARS) g->nvars--;
    struct gen_var *v = &g->vars[g->nvars];
    *v = (struct gen_var){.type = t};
    snprintf(v->name, sizeof(v->name), "$v%u", g->serial++);
    return v;
}

// Visible only behind its first assignment.
static void declare(struct gen *g) {
    const struct gen_type *t = gen_type(g, 2);
    struct gen_var *v = new_var(g, t);
    bool plain = t->kind <= GEN_STRING || t->kind == GEN_ARRAY || t->kind == GEN_POINTER;
    char name[16];
    snprintf(name, sizeof(name), "%s", v->name);
    unsigned k = gen_pick(g, 4);
    gen_put(g, "%s%s", k ? "let " : "", name);
    bool typed = k > 1 && plain;
    if (typed) {
        gen_put(g, ": ");
        gen_type_name(g, t);
    }
    gen_put(g, " = ");
    if (typed && t->kind == GEN_INT && t->bits < 64) {
        gen_put(g, "(");
        gen_type_name(g, t);
        gen_put(g, ")(");
        gen_expr(g, t);
        gen_put(g, ")");
    } else if (typed && t->kind == GEN_STRING) {
        gen_put(g, "\"\"");
    } else {
        gen_expr(g, t);
    }
    gen_put(g, ";\n");
    v = new_var(g, t);
    snprintf(v->name, sizeof(v->name), "%s", name);
    g->nvars++;
}

static void assign(struct gen *g) {
    static const char *const ops[] = {"=", "+=", "-=", "*=", "&=", "|=", "^=", "<<=", ">>="};
    for (unsigned i = 0, from = gen_pick(g, GEN_VARS); i < g->nvars; i++) {
        const struct gen_var *v = &g->vars[(i + from) % g->nvars];
        if (v->is_constant || v->type->kind != GEN_INT) continue;
        const char *op = CHOOSE(g, ops);
        gen_put(g, "%s %s (", v->name, op);
        gen_type_name(g, v->type);
        gen_put(g, ")(");
        if (op[1] == op[0])
            gen_int_small(g);
        else
            gen_expr(g, v->type);
        gen_put(g, ");\n");
        return;
    }
    declare(g);
}

void gen_map_write(struct gen *g, struct gen_map *m) {
    static const char *const ops[] = {"+=", "-=", "|=", "^="};
    gen_map_entry(g, m);
    if (m->value && m->value->kind == GEN_INT && gen_chance(g, 20)) {
        gen_put(g, "%s;\n", gen_chance(g, 50) ? "++" : "--");
        return;
    }
    bool compound = m->value && m->value->kind == GEN_INT && gen_chance(g, 20);
    gen_put(g, " %s ", compound ? CHOOSE(g, ops) : "=");
    if (m->value)
        gen_expr(g, m->value);
    else
        gen_aggregation(g, m->aggregation);
    gen_put(g, ";\n");
}

static void map_write(struct gen *g) { gen_map_write(g, gen_map_any(g)); }

// ---- printing ----

static const char *conversion(struct gen *g, const struct gen_type *t) {
    static const char *const numbers[] = {"%d",    "%u",     "%x", "%lld", "%5d",
                                          "%-8lu", "%08llx", "%c", "%p"};
    static const char *const texts[] = {"%s", "%10s", "%-4s", "%.3s"};
    switch (t->kind) {
    case GEN_INT: return CHOOSE(g, numbers);
    case GEN_BOOL: return gen_chance(g, 50) ? "%d" : "%s";
    case GEN_POINTER: return "%p";
    case GEN_STRING: return CHOOSE(g, texts);
    case GEN_OTHER: return t->row == FN_buf ? "%r" : "%s";
    default: return NULL;
    }
}

void gen_printf(struct gen *g, const char *name) {
    const struct gen_type *types[4];
    unsigned n = gen_pick(g, 5), made = 0;
    gen_put(g, "%s(\"text", name);
    for (unsigned i = 0; i < n; i++) {
        const struct gen_type *t = gen_type(g, 1);
        if (t->kind == GEN_OTHER && (t->row == FN_kptr || t->row == FN_uptr)) continue;
        const char *c = conversion(g, t);
        if (!c) continue;
        gen_put(g, " %s", c);
        types[made++] = t;
    }
    gen_put(g, "\\n\"");
    for (unsigned i = 0; i < made; i++) {
        gen_put(g, ", ");
        gen_expr(g, types[i]);
    }
    gen_put(g, ");\n");
}

static void print_text(struct gen *g) { gen_printf(g, "printf"); }

static void print_other(struct gen *g) {
    static const char *const names[] = {"printf", "errorf", "warnf"};
    gen_printf(g, CHOOSE(g, names));
}

static void print_value(struct gen *g) {
    gen_put(g, "print(");
    if (gen_chance(g, 40))
        gen_put(g, "%s%s", gen_map_any(g)->name, gen_chance(g, 20) ? ", 5, 2" : "");
    else if (gen_chance(g, 30))
        gen_map_entry(g, gen_map_any(g));
    else
        gen_expr(g, gen_type(g, 2));
    gen_put(g, ");\n");
}

static void action(struct gen *g) {
    int row = gen_row_where(g, FN_STATEMENT | FN_REWRITTEN, FN_STATEMENT);
    switch (row) {
    case FN_printf:
    case FN_errorf:
    case FN_warnf: gen_printf(g, function_rows[row].name); return;
    case FN_debugf: gen_put(g, "debugf(\"x\\n\")"); break;
    default: gen_call_row(g, row); break;
    }
    gen_put(g, ";\n");
}

static void forget(struct gen *g) {
    unsigned n = gen_pick(g, 3);
    gen_call_row(g, n == 0 ? FN_delete : n == 1 ? FN_clear : FN_zero);
    gen_put(g, ";\n");
}

// ---- control ----

static void body(struct gen *g, unsigned most) {
    unsigned vars = g->nvars;
    gen_put(g, "{\n");
    gen_stmts(g, most);
    gen_put(g, "}\n");
    g->nvars = vars;
}

static void conditional(struct gen *g) {
    gen_put(g, "if (");
    gen_expr(g, gen_chance(g, 70) ? &gen_bool : &gen_i64);
    gen_put(g, ") ");
    body(g, 3);
    if (!gen_chance(g, 40)) return;
    gen_put(g, "else ");
    body(g, 2);
}

static void loop_body(struct gen *g) {
    g->loops++;
    body(g, 3);
    g->loops--;
}

static void while_loop(struct gen *g) {
    struct gen_var *v = new_var(g, &gen_i64);
    v->is_constant = true;
    g->nvars++;
    gen_put(g, "let %s : int64 = 0;\nwhile (%s < %u) {\n%s++;\n", v->name, v->name,
            1 + gen_pick(g, 10), v->name);
    unsigned vars = g->nvars;
    g->loops++;
    gen_stmts(g, 2);
    g->loops--;
    g->nvars = vars;
    gen_put(g, "}\n");
}

static void range_loop(struct gen *g) {
    static const unsigned ends[] = {3, 1, 0, 10, 64, 200};
    struct gen_var *v = new_var(g, &gen_i64);
    v->is_constant = true;
    gen_put(g, "for (%s : %u..%u) ", v->name, gen_pick(g, 3), g->loops ? 4 : CHOOSE(g, ends));
    g->nvars++;
    loop_body(g);
    g->nvars--;
}

static void map_loop(struct gen *g) {
    const struct gen_map *m = gen_map_any(g);
    if (!m->key || !m->value || g->no_walks) {
        range_loop(g);
        return;
    }
    struct gen_type *pair = ARENA_NEW(g->arena, struct gen_type);
    *pair = (struct gen_type){.kind = GEN_TUPLE, .n = 2, .elems = {m->key, m->value}};
    struct gen_var *v = new_var(g, pair);
    v->is_constant = true;
    gen_put(g, "for (%s : %s) ", v->name, m->name);
    g->nvars++;
    loop_body(g);
    g->nvars--;
}

static void unroll(struct gen *g) {
    gen_put(g, "unroll (%u) ", 1 + gen_pick(g, 4));
    body(g, 2);
}

// Kept inside a branch, so that what follows is still reached.
static void leave(struct gen *g) {
    static const char *const all[] = {"return", "exit()", "break", "continue"};
    gen_put(g, "if (");
    gen_expr(g, &gen_bool);
    gen_put(g, ") { %s; }\n", g->probe ? all[gen_pick(g, g->loops ? 4 : 2)] : "return 1");
}

static void step(struct gen *g) {
    for (unsigned i = 0; i < g->nvars; i++) {
        if (g->vars[i].is_constant || g->vars[i].type->kind != GEN_INT) continue;
        gen_put(g, "%s%s;\n", g->vars[i].name, gen_chance(g, 50) ? "++" : "--");
        return;
    }
    map_write(g);
}

void gen_statement(struct gen *g) {
    static void (*const all[])(struct gen *) = {
        map_write,   map_write,   map_write,   declare,    declare,     declare,
        assign,      assign,      print_text,  print_text, print_value, print_value,
        print_other, conditional, conditional, range_loop, map_loop,    while_loop,
        unroll,      leave,       step,        action,     action,      forget};
    if (g->fuel) g->fuel--;
    g->depth++;
    if (!g->fuel || g->depth > 5)
        map_write(g);
    else
        CHOOSE(g, all)(g);
    g->depth--;
}

void gen_stmts(struct gen *g, unsigned most) {
    for (unsigned n = 1 + gen_pick(g, most); n; n--) gen_statement(g);
}
