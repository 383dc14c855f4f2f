// SPDX-License-Identifier: Apache-2.0
// Expressions of a wanted type. Next: gen_call.c, calls by the rows of src/builtins.
#include "gen.h"

#include <stdio.h>
#include <string.h>

#include "builtins/builtins.h"
#include "probes/probe.h"

typedef void (*maker)(struct gen *g, const struct gen_type *t);
#define CHOOSE(g, list) (list)[gen_pick((g), sizeof(list) / sizeof((list)[0]))]

void gen_int_small(struct gen *g) { gen_put(g, "%u", 1 + gen_pick(g, 20)); }

static void literal(struct gen *g, const struct gen_type *t) {
    static const char *const any[] = {"0", "1", "2", "7", "0x7f", "100", "12", "0177", "1e2"};
    static const char *const wide[] = {"255",        "256",        "65535",
                                       "2147483647", "4294967295", "9223372036854775807"};
    if (t->bits == 64 && gen_chance(g, 20))
        gen_put(g, "%s", CHOOSE(g, wide));
    else if (t->is_signed && gen_chance(g, 20))
        gen_put(g, "-%s", CHOOSE(g, any));
    else
        gen_put(g, "%s", CHOOSE(g, any));
}

// ---- leaves ----

static bool variable_of(struct gen *g, const struct gen_type *t) {
    unsigned found[GEN_VARS], n = 0;
    for (unsigned i = 0; i < g->nvars; i++)
        if (gen_type_same(g->vars[i].type, t)) found[n++] = i;
    if (!n) return false;
    gen_put(g, "%s", g->vars[found[gen_pick(g, n)]].name);
    return true;
}

static bool element_of(struct gen *g, const struct gen_type *t) {
    for (unsigned i = 0; i < g->nvars; i++) {
        const struct gen_var *v = &g->vars[i];
        if (v->type->kind != GEN_TUPLE && v->type->kind != GEN_RECORD) continue;
        for (unsigned k = 0; k < v->type->n; k++) {
            if (!gen_type_same(v->type->elems[k], t)) continue;
            if (v->type->kind == GEN_TUPLE)
                gen_put(g, "%s.%u", v->name, k);
            else
                gen_put(g, "%s.%c", v->name, 'a' + (int)k);
            return true;
        }
    }
    return false;
}

static bool argument_of(struct gen *g, const struct gen_type *t) {
    if (!g->probe) return false;
    for (unsigned i = 0, from = gen_pick(g, 6); i < 6; i++) {
        const struct gen_arg *a = &g->probe->args[(i + from) % 6];
        if (!a->text || !gen_type_same(a->type, t)) continue;
        gen_put(g, "%s", a->text);
        return true;
    }
    return false;
}

static bool map_read_of(struct gen *g, const struct gen_type *t) {
    for (unsigned i = 0, from = gen_pick(g, GEN_MAPS); i < g->nmaps; i++) {
        const struct gen_map *m = &g->maps[(i + from) % g->nmaps];
        bool number = !m->value && t->kind == GEN_INT && t->is_signed && m->aggregation == FN_count;
        if (!number && (!m->value || !gen_type_same(m->value, t))) continue;
        gen_map_entry(g, m);
        return true;
    }
    return false;
}

static bool builtin_of(struct gen *g, const struct gen_type *t) {
    const struct provider *p = g->probe ? provider_find(g->probe->provider) : NULL;
    unsigned p_caps = p ? p->caps : 0;
    for (unsigned i = 0, from = gen_pick(g, VAR_COUNT); i < VAR_COUNT; i++) {
        const struct variable_row *row = &variable_rows[(i + from) % VAR_COUNT];
        bool fits = t->kind == GEN_INT      ? !strncmp(row->type, t->is_signed ? "int" : "uint", 3)
                    : t->kind == GEN_BOOL   ? !strcmp(row->type, "bool")
                    : t->kind == GEN_STRING ? strstr(row->name, "comm") != NULL
                                            : false;
        bool missing = row->caps != PROBE_ANY && (row->caps & p_caps) != row->caps;
        if (!fits || missing || !p) continue;
        bool numbered = (row->caps & PROBE_ARGN) != 0;
        gen_put(g, numbered ? "%s%u" : "%s", row->name, gen_pick(g, 4));
        return true;
    }
    return false;
}

// Fields of the preamble's structs and of the kernel's, through a pointer.
static void field(struct gen *g, const struct gen_type *t) {
    static const char *const of_signed[] = {"i.a",       "v[1]",    "next->v[3]",    "p",
                                            "next->i.a", "w[1][2]", "next->next->p", "q[2]"};
    static const char *const of_unsigned[] = {"x", "i.b", "i.c", "next->i.c", "next->x"};
    static const char *const of_text[] = {"i.name", "next->i.name"};
    static const char *const of_task[] = {"curtask->pid", "curtask->parent->tgid",
                                          "curtask->real_parent->real_parent->pid"};
    if (t->kind == GEN_INT && t->is_signed && gen_chance(g, 20)) {
        gen_put(g, "%s", CHOOSE(g, of_task));
        return;
    }
    if (t->kind == GEN_STRING && gen_chance(g, 40)) {
        gen_put(g, "%s", gen_chance(g, 50) ? "curtask->comm" : "curtask->parent->comm");
        return;
    }
    static const struct gen_type outer = {.kind = GEN_STRUCT};
    bool by_value = gen_chance(g, 30);
    gen_put(g, "(");
    gen_expr(g, by_value ? &outer : &gen_struct_pointer);
    gen_put(g, by_value ? ").%s" : ")->%s",
            t->kind == GEN_STRING ? CHOOSE(g, of_text)
            : t->is_signed        ? CHOOSE(g, of_signed)
                                  : CHOOSE(g, of_unsigned));
}

static void ternary(struct gen *g, const struct gen_type *t) {
    gen_put(g, "(");
    gen_expr(g, &gen_bool);
    gen_put(g, " ? ");
    gen_expr(g, t);
    gen_put(g, " : ");
    gen_expr(g, t);
    gen_put(g, ")");
}

static void block(struct gen *g, const struct gen_type *t) {
    unsigned vars = g->nvars;
    gen_put(g, "({ ");
    gen_stmts(g, 1);
    gen_expr(g, t);
    gen_put(g, " })");
    g->nvars = vars;
}

// ---- integers ----

static void binary(struct gen *g, const struct gen_type *t) {
    static const char *const ops[] = {"+", "*", "&", "|", "^", "-", "/", "%", "<<", ">>"};
    const char *op = CHOOSE(g, ops);
    gen_put(g, "(");
    gen_expr(g, t);
    gen_put(g, " %s ", op);
    if (*op == '<' || *op == '>')
        gen_int_small(g);
    else if (*op == '/' || *op == '%')
        gen_int_small(g);
    else
        gen_expr(g, t);
    gen_put(g, ")");
}

static void unary(struct gen *g, const struct gen_type *t) {
    gen_put(g, "%s(", t->is_signed && gen_chance(g, 50) ? "-" : "~");
    gen_expr(g, t);
    gen_put(g, ")");
}

static void cast(struct gen *g, const struct gen_type *t) {
    static const struct gen_type *const from[] = {&gen_i64, &gen_u64, &gen_i32, &gen_u32,
                                                  &gen_i8,  &gen_u8,  &gen_bool};
    gen_put(g, "(");
    gen_type_name(g, t);
    gen_put(g, ")(");
    gen_expr(g, CHOOSE(g, from));
    gen_put(g, ")");
}

static void step(struct gen *g, const struct gen_type *t) {
    for (unsigned i = 0; i < g->nvars; i++) {
        const struct gen_var *v = &g->vars[i];
        if (v->is_constant || v->type->kind != GEN_INT || v->type->is_signed != t->is_signed)
            continue;
        bool before = gen_chance(g, 50);
        const char *op = gen_chance(g, 50) ? "++" : "--";
        gen_put(g, before ? "%2$s%1$s" : "%1$s%2$s", v->name, op);
        return;
    }
    literal(g, t);
}

static void user_call(struct gen *g, const struct gen_type *t) {
    for (unsigned i = 0; i < g->nfns; i++) {
        const struct gen_fn *f = &g->fns[i];
        if (f->result->is_signed != t->is_signed) continue;
        gen_put(g, "%s(", f->name);
        for (unsigned k = 0; k < f->n; k++) {
            if (k) gen_put(g, ", ");
            gen_expr(g, f->params[k]);
        }
        gen_put(g, ")");
        return;
    }
    literal(g, t);
}

static void constant(struct gen *g, const struct gen_type *t) {
    static const char *const all[] = {"sizeof(struct ou)", "offsetof(struct ou, i.name)",
                                      "AF_INET6",          "sizeof(int32)",
                                      "comptime (1 + 2)",  "sizeof((int16)1)",
                                      "(uint8)GREEN"};
    gen_put(g, "(%sint64)%s", t->is_signed ? "" : "u", CHOOSE(g, all));
}

static void item(struct gen *g, const struct gen_type *t) {
    struct gen_type bytes = {.kind = GEN_ARRAY, .n = 4};
    gen_put(g, "(%sint64)(", t->is_signed ? "" : "u");
    gen_expr(g, &bytes);
    gen_put(g, ")[%u]", gen_pick(g, 4));
}

static void call(struct gen *g, const struct gen_type *t) {
    if (!gen_call_of(g, t)) literal(g, t);
}

static void integer(struct gen *g, const struct gen_type *t) {
    static const maker all[] = {binary, binary, binary, cast,      ternary,  call, call,
                                field,  unary,  step,   user_call, constant, item, block};
    CHOOSE(g, all)(g, t);
}

// ---- the other types ----

static void truth(struct gen *g, const struct gen_type *t) {
    static const char *const ops[] = {"==", "!=", "<", ">", "<=", ">="};
    unsigned k = gen_pick(g, 8);
    const struct gen_type *of = k < 4 ? (gen_chance(g, 50) ? &gen_i64 : &gen_u64) : &gen_text;
    if (k == 6) {
        gen_put(g, "!(");
        gen_expr(g, t);
        gen_put(g, ")");
    } else if (k == 7 && gen_call_of(g, t)) {
    } else if (k == 5 || k == 7) {
        gen_put(g, "(");
        gen_expr(g, t);
        gen_put(g, gen_chance(g, 50) ? " && " : " || ");
        gen_expr(g, t);
        gen_put(g, ")");
    } else {
        if (gen_chance(g, 10)) of = gen_type(g, 2);
        if (of->kind == GEN_OTHER) of = &gen_u64;
        bool ordered = of->kind == GEN_INT;
        gen_put(g, "(");
        gen_expr(g, of);
        gen_put(g, " %s ", ops[gen_pick(g, ordered ? 6 : 2)]);
        gen_expr(g, of);
        gen_put(g, ")");
    }
}

static void text_literal(struct gen *g) {
    static const char *const all[] = {
        "\"\"",      "\"a\"",
        "\"hello\"", "\"sixteen bytes..\"",
        "\"%d\\n\"", "\"a longer text that has more than forty bytes in it\""};
    gen_put(g, "%s", CHOOSE(g, all));
}

static void text(struct gen *g, const struct gen_type *t) {
    switch (gen_pick(g, 6)) {
    case 0:
    case 1:
        if (gen_call_of(g, t)) return;
        text_literal(g);
        return;
    case 2: ternary(g, t); return;
    case 3:
        gen_put(g, "str(");
        field(g, &gen_text);
        gen_put(g, ")");
        return;
    case 4:
        gen_put(g, "(");
        gen_expr(g, &gen_text);
        gen_put(g, " + ");
        gen_expr(g, &gen_text);
        gen_put(g, ")");
        return;
    default: block(g, t); return;
    }
}

static void elements(struct gen *g, const struct gen_type *t) {
    gen_put(g, "(");
    for (unsigned i = 0; i < t->n; i++) {
        if (i) gen_put(g, ", ");
        if (t->kind == GEN_RECORD) gen_put(g, "%c = ", 'a' + (int)i);
        gen_expr(g, t->elems[i]);
    }
    gen_put(g, ")");
}

static void array(struct gen *g, const struct gen_type *t) {
    if (t->n == 4 && gen_chance(g, 50)) {
        gen_put(g, "pton(\"127.0.0.1\")");
        return;
    }
    gen_put(g, "(uint8[%u])", t->n);
    if (gen_chance(g, 50)) {
        gen_put(g, "(uint%u)", t->n > 4 ? 64 : t->n > 2 ? 32 : t->n * 8);
        gen_expr(g, &gen_u64);
    } else {
        gen_expr(g, &gen_u64);
    }
}

static void pointer(struct gen *g) {
    unsigned k = gen_pick(g, 5);
    if (k == 3) {
        gen_put(g, "(");
        gen_expr(g, &gen_struct_pointer);
        gen_put(g, ")->next");
        return;
    }
    if (k == 4) {
        gen_put(g, "(");
        gen_expr(g, &gen_struct_pointer);
        gen_put(g, " + ");
        gen_expr(g, &gen_i64);
        gen_put(g, ")");
        return;
    }
    gen_put(g, "%s(struct ou *)", k == 2 ? "uptr(" : "");
    if (g->fuel && gen_chance(g, 50)) {
        gen_put(g, "(uint64)(");
        gen_expr(g, &gen_u64);
        gen_put(g, ")");
    } else {
        gen_put(g, "(uint64)0x1000");
    }
    if (k == 2) gen_put(g, ")");
}

static void structure(struct gen *g, const struct gen_type *t) {
    unsigned k = gen_pick(g, 3);
    if (t->n && k == 0) {
        static const struct gen_type outer = {.kind = GEN_STRUCT};
        gen_put(g, "(");
        gen_expr(g, &outer);
        gen_put(g, ").i");
        return;
    }
    gen_put(g, t->n ? "(" : "*(");
    gen_expr(g, &gen_struct_pointer);
    gen_put(g, t->n ? ")->i" : ")");
}

static void leaf(struct gen *g, const struct gen_type *t) {
    switch (t->kind) {
    case GEN_INT: literal(g, t); break;
    case GEN_BOOL: gen_put(g, gen_chance(g, 50) ? "true" : "false"); break;
    case GEN_STRING: text_literal(g); break;
    case GEN_POINTER: gen_put(g, "(struct ou *)(uint64)0"); break;
    case GEN_ARRAY: gen_put(g, "(uint8[%u])(uint64)1", t->n); break;
    case GEN_STRUCT: gen_put(g, "*(struct %s *)(uint64)0", t->n ? "in" : "ou"); break;
    case GEN_TUPLE:
    case GEN_RECORD: elements(g, t); break;
    case GEN_OTHER: gen_call_row(g, t->row); break;
    }
}

static void made(struct gen *g, const struct gen_type *t) {
    switch (t->kind) {
    case GEN_INT: integer(g, t); break;
    case GEN_BOOL: truth(g, t); break;
    case GEN_STRING: text(g, t); break;
    case GEN_POINTER: pointer(g); break;
    case GEN_ARRAY: array(g, t); break;
    case GEN_STRUCT: structure(g, t); break;
    case GEN_TUPLE:
    case GEN_RECORD: elements(g, t); break;
    case GEN_OTHER: gen_call_row(g, t->row); break;
    }
}

// A mistake now and then: another type than the one that is wanted.
static const struct gen_type *maybe_wrong(struct gen *g, const struct gen_type *t) {
    return g->wrong && gen_pick(g, 256) == 255 ? gen_type(g, 2) : t;
}

void gen_expr(struct gen *g, const struct gen_type *t) {
    t = maybe_wrong(g, t);
    bool empty = !g->fuel || g->depth > 8;
    if (g->fuel) g->fuel--;
    g->depth++;
    unsigned k = gen_pick(g, 16);
    bool done = (k < 5 && variable_of(g, t)) || (k == 5 && element_of(g, t)) ||
                (k == 6 && argument_of(g, t)) || (!empty && k == 7 && map_read_of(g, t)) ||
                (k == 8 && builtin_of(g, t));
    if (!done) (empty || k == 9 ? leaf : made)(g, t);
    g->depth--;
}
