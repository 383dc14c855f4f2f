// SPDX-License-Identifier: Apache-2.0
// The generator's state, its types, and the shape of a whole script. Next: gen_stmt.c.
#include "gen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builtins/builtins.h"

enum { FUEL = 260, MAX_TEXT = 12000 };

const struct gen_type gen_i64 = {.kind = GEN_INT, .bits = 64, .is_signed = true};
const struct gen_type gen_u64 = {.kind = GEN_INT, .bits = 64};
const struct gen_type gen_i32 = {.kind = GEN_INT, .bits = 32, .is_signed = true};
const struct gen_type gen_u32 = {.kind = GEN_INT, .bits = 32};
const struct gen_type gen_i8 = {.kind = GEN_INT, .bits = 8, .is_signed = true};
const struct gen_type gen_u8 = {.kind = GEN_INT, .bits = 8};
const struct gen_type gen_bool = {.kind = GEN_BOOL};
const struct gen_type gen_text = {.kind = GEN_STRING, .n = 16};
const struct gen_type gen_struct_pointer = {.kind = GEN_POINTER};

const struct gen_probe gen_probes[] = {
    {"begin", "begin", {{0}}},
    {"interval:s:1", "interval", {{0}}},
    {"tracepoint:syscalls:sys_enter_openat",
     "tracepoint",
     {{"args.dfd", &gen_i64}, {"args.flags", &gen_i64}, {"str(args.filename)", &gen_text}}},
    {"tracepoint:syscalls:sys_exit_read", "tracepoint", {{"args.ret", &gen_i64}}},
    {"tracepoint:sched:sched_switch",
     "tracepoint",
     {{"args.prev_pid", &gen_i32}, {"args.next_comm", &gen_text}, {"args.prev_state", &gen_i64}}},
    {"tracepoint:sched:sched_process_exec", "tracepoint", {{"str(args.filename)", &gen_text}}},
    {"kprobe:vfs_read",
     "kprobe",
     {{"arg0", &gen_u64}, {"arg2", &gen_u64}, {"(struct ou *)arg1", &gen_struct_pointer}}},
    {"kretprobe:vfs_read", "kretprobe", {{"(int64)retval", &gen_i64}}},
    {"profile:hz:99", "profile", {{0}}},
    {"software:page-faults:100", "software", {{0}}},
    {"rawtracepoint:sched_switch", "rawtracepoint", {{0}}},
    {"end", "end", {{0}}},
};
const size_t ngen_probes = sizeof(gen_probes) / sizeof(gen_probes[0]);

void gen_stream(uint64_t seed, uint8_t *data, size_t len) {
    uint64_t x = seed * 0xd1342543de82ef95u;
    for (size_t i = 0; i < len; i++) {
        x += 0x9e3779b97f4a7c15u;
        uint64_t z = x;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        data[i] = (uint8_t)((z ^ (z >> 31)) >> 24);
    }
}

unsigned gen_pick(struct gen *g, unsigned n) {
    unsigned byte = g->at < g->len ? g->data[g->at++] : 0;
    return byte * n >> 8;
}

// Zeroes (the end of the stream) say no.
bool gen_chance(struct gen *g, unsigned percent) {
    return gen_pick(g, 256) >= 256 - percent * 256 / 100;
}

void gen_put(struct gen *g, const char *fmt, ...) {
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    strbuf_puts(&g->out, text);
    if (g->out.len > MAX_TEXT) g->fuel = 0;
}

// ---- types ----

static const struct gen_type *integer(struct gen *g) {
    static const struct gen_type all[] = {
        {.kind = GEN_INT, .bits = 64, .is_signed = true}, {.kind = GEN_INT, .bits = 64},
        {.kind = GEN_INT, .bits = 32, .is_signed = true}, {.kind = GEN_INT, .bits = 32},
        {.kind = GEN_INT, .bits = 16, .is_signed = true}, {.kind = GEN_INT, .bits = 16},
        {.kind = GEN_INT, .bits = 8, .is_signed = true},  {.kind = GEN_INT, .bits = 8}};
    return &all[gen_pick(g, 8)];
}

const struct gen_type *gen_type(struct gen *g, unsigned depth) {
    static const unsigned lengths[] = {16, 8, 1, 64, 200};
    unsigned k = gen_pick(g, 16);
    if (k < 7) return integer(g);
    struct gen_type *t = ARENA_NEW(g->arena, struct gen_type);
    if (k < 10) {
        *t = (struct gen_type){.kind = GEN_STRING, .n = lengths[gen_pick(g, 5)]};
        return t;
    }
    if (k == 10) return &gen_bool;
    if (k == 11) return &gen_struct_pointer;
    if (k == 12 && depth) {
        t->kind = GEN_OTHER;
        t->row = gen_row_of_value(g);
        return t;
    }
    if (k == 13 && gen_chance(g, 40)) {
        *t = (struct gen_type){.kind = GEN_STRUCT, .n = gen_pick(g, 2)};
        return t;
    }
    if (k == 13) {
        *t = (struct gen_type){.kind = GEN_ARRAY, .n = 1 + gen_pick(g, 8)};
        return t;
    }
    if (depth == 0) return integer(g);
    t->kind = k == 14 ? GEN_RECORD : GEN_TUPLE;
    t->n = 1 + gen_pick(g, 3);
    if (t->n == 1 && t->kind == GEN_TUPLE) t->n = 2;
    for (unsigned i = 0; i < t->n; i++) t->elems[i] = gen_type(g, depth - 1);
    return t;
}

bool gen_type_same(const struct gen_type *a, const struct gen_type *b) {
    if (a->kind != b->kind) return false;
    if (a->kind == GEN_INT) return a->is_signed == b->is_signed;
    if (a->kind == GEN_ARRAY || a->kind == GEN_STRUCT) return a->n == b->n;
    if (a->kind == GEN_OTHER) return a->row == b->row;
    if (a->kind != GEN_TUPLE && a->kind != GEN_RECORD) return true;
    if (a->n != b->n) return false;
    for (unsigned i = 0; i < a->n; i++)
        if (!gen_type_same(a->elems[i], b->elems[i])) return false;
    return true;
}

void gen_type_name(struct gen *g, const struct gen_type *t) {
    switch (t->kind) {
    case GEN_INT: gen_put(g, "%sint%u", t->is_signed ? "" : "u", t->bits); break;
    case GEN_BOOL: gen_put(g, "bool"); break;
    case GEN_STRING: gen_put(g, "string[%u]", t->n); break;
    case GEN_ARRAY: gen_put(g, "uint8[%u]", t->n); break;
    case GEN_POINTER: gen_put(g, "struct ou *"); break;
    case GEN_STRUCT: gen_put(g, t->n ? "struct in" : "struct ou"); break;
    default: gen_put(g, "int64"); break;
    }
}

// ---- maps ----

struct gen_map *gen_map_any(struct gen *g) {
    if (g->nmaps && (g->nmaps == GEN_MAPS || !gen_chance(g, 35)))
        return &g->maps[gen_pick(g, g->nmaps)];
    struct gen_map *m = &g->maps[g->nmaps];
    snprintf(m->name, sizeof(m->name), "@m%u", g->nmaps++);
    if (gen_chance(g, 75)) m->key = gen_type(g, 2);
    if (m->key && m->key->kind == GEN_OTHER) m->key = &gen_i64;
    if (gen_chance(g, 35))
        m->aggregation = gen_row_where(g, FN_MAP_VALUE, FN_MAP_VALUE);
    else
        m->value = gen_type(g, 2);
    return m;
}

void gen_map_entry(struct gen *g, const struct gen_map *m) {
    gen_put(g, "%s", m->name);
    if (!m->key) return;
    gen_put(g, "[");
    if (m->key->kind == GEN_TUPLE) { // several keys are the tuple of them
        for (unsigned i = 0; i < m->key->n; i++) {
            if (i) gen_put(g, ", ");
            gen_expr(g, m->key->elems[i]);
        }
    } else {
        gen_expr(g, m->key);
    }
    gen_put(g, "]");
}

// ---- scripts ----

static const char preamble[] =
    "enum color { RED, GREEN = 5, BLUE };\n"
    "struct in { int a; unsigned short b : 3; unsigned short c : 7; char name[8]; };\n"
    "struct ou { unsigned char x; struct in i; long v[4]; struct ou *next; char *s;\n"
    "  union { int p; char q[4]; }; enum color color; short w[2][3]; };\n";

static void callable(struct gen *g, bool macro) {
    struct gen_fn *f = &g->fns[g->nfns];
    f->n = gen_pick(g, 4);
    f->result = gen_chance(g, 50) ? &gen_i64 : &gen_u64;
    snprintf(f->name, sizeof(f->name), "%c%u", macro ? 'M' : 'f', g->serial++);
    gen_put(g, "%s %s(", macro ? "macro" : "fn", f->name);
    unsigned vars = g->nvars;
    for (unsigned i = 0; i < f->n; i++) {
        struct gen_var *v = &g->vars[g->nvars++];
        v->type = f->params[i] = gen_chance(g, 50) ? &gen_i64 : &gen_u32;
        v->is_constant = macro;
        snprintf(v->name, sizeof(v->name), "%s%u", macro ? "p" : "$p", g->serial++);
        gen_put(g, "%s%s", i ? ", " : "", v->name);
        if (!macro) {
            gen_put(g, " : ");
            gen_type_name(g, v->type);
        }
    }
    gen_put(g, ")");
    if (!macro) gen_put(g, " : %s", f->result == &gen_i64 ? "int64" : "uint64");
    gen_put(g, " {\n");
    if (gen_chance(g, 60)) gen_stmts(g, 2);
    if (!macro) gen_put(g, "return ");
    gen_expr(g, f->result);
    gen_put(g, "%s\n}\n", macro ? "" : ";");
    g->nvars = vars;
    g->nfns++;
}

static void probe(struct gen *g) {
    g->probe = &gen_probes[gen_pick(g, (unsigned)ngen_probes)];
    g->nvars = g->loops = 0;
    gen_put(g, "%s", g->probe->point);
    if (gen_chance(g, 25)) {
        gen_put(g, " / ");
        gen_expr(g, gen_chance(g, 50) ? &gen_bool : &gen_i64);
        gen_put(g, " /");
    }
    gen_put(g, " {\n");
    gen_stmts(g, 6);
    gen_put(g, "}\n");
    g->probe = NULL;
}

// A map that is only read has no type.
static void write_rest(struct gen *g) {
    g->probe = &gen_probes[0];
    g->fuel = g->nvars = 0;
    gen_put(g, "begin {\n@other[1] = 1;\n");
    for (unsigned i = 0; i < g->nmaps; i++) gen_map_write(g, &g->maps[i]);
    gen_put(g, "}\n");
}

char *gen_script(const uint8_t *data, size_t len, const struct gen_options *options) {
    struct gen g = {.arena = arena_new(), .data = data, .len = len, .fuel = FUEL};
    g.wrong = options && options->with_mistakes;
    strbuf_puts(&g.out, preamble);
    g.no_walks = !gen_chance(&g, 40);
    if (gen_chance(&g, 15)) gen_put(&g, "config = { max_strlen = %u }\n", 32 + gen_pick(&g, 256));
    for (unsigned i = gen_pick(&g, 3); i; i--) callable(&g, gen_chance(&g, 50));
    for (unsigned i = 1 + gen_pick(&g, 3); i; i--) probe(&g);
    write_rest(&g);
    arena_free(g.arena);
    return strbuf_take(&g.out);
}
