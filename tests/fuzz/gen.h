// SPDX-License-Identifier: Apache-2.0
// A generator of scripts: a stream of choices in, a mostly well-typed script out. The same stream
// gives the same script, so that a fuzzer can mutate it and a number names a program. Calls are
// made from the rows of src/builtins: a new row is covered without a change here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/strbuf.h"

enum gen_kind {
    GEN_INT,
    GEN_BOOL,
    GEN_STRING,
    GEN_TUPLE,
    GEN_RECORD,
    GEN_ARRAY,
    GEN_POINTER, // to a struct of the preamble
    GEN_STRUCT,  // that struct (n 1: the one in it)
    GEN_OTHER,   // what one row of the functions gives: inet, ksym_t, kstack...
};

struct gen_type {
    enum gen_kind kind;
    unsigned bits;  // INT
    bool is_signed; // INT
    unsigned n;     // STRING, ARRAY: length; TUPLE, RECORD: elements
    int row;        // OTHER: enum builtin_function
    const struct gen_type *elems[3];
};

struct gen_var {
    char name[16];
    const struct gen_type *type;
    bool is_constant; // a loop's own variable: read only
};

struct gen_map {
    char name[16];
    const struct gen_type *key;   // NULL: keyless
    const struct gen_type *value; // NULL: an aggregation
    int aggregation;              // enum builtin_function
};

struct gen_fn { // fn, or macro of expressions
    char name[16];
    const struct gen_type *params[3], *result;
    unsigned n;
};

enum { GEN_VARS = 64, GEN_MAPS = 8, GEN_FNS = 4 };

struct gen {
    struct arena *arena;
    struct strbuf out;
    const uint8_t *data; // choices; after them: zeroes, which pick what is smallest
    size_t len, at;
    unsigned fuel; // nodes that may still be made
    unsigned serial, depth, loops;
    const struct gen_probe *probe; // NULL in functions
    struct gen_var vars[GEN_VARS];
    unsigned nvars;
    struct gen_map maps[GEN_MAPS];
    unsigned nmaps;
    struct gen_fn fns[GEN_FNS];
    unsigned nfns;
    bool no_walks; // of maps, which the oldest kernel has not
    bool wrong; // now and then a mistake, for the diagnostics
};

// What every stream may choose between.
struct gen_options {
    bool with_mistakes;
};

// Writes the script of `len` choices; the caller frees.
char *gen_script(const uint8_t *data, size_t len, const struct gen_options *options);
// A stream of `len` choices from a number.
void gen_stream(uint64_t seed, uint8_t *data, size_t len);

// ---- between the files of the generator ----

struct gen_arg { // of a probe: args.NAME, argN...
    const char *text;
    const struct gen_type *type;
};
struct gen_probe {
    const char *point;
    const char *provider;
    struct gen_arg args[6];
};
extern const struct gen_probe gen_probes[];
extern const size_t ngen_probes;
extern const struct gen_type gen_i64, gen_u64, gen_i32, gen_u32, gen_i8, gen_u8, gen_bool, gen_text,
    gen_struct_pointer;

unsigned gen_pick(struct gen *g, unsigned n); // 0 .. n - 1, n up to 256
bool gen_chance(struct gen *g, unsigned percent);
void gen_put(struct gen *g, const char *fmt, ...) ATTR_PRINTF(2, 3);
const struct gen_type *gen_type(struct gen *g, unsigned depth); // any
void gen_type_name(struct gen *g, const struct gen_type *t);
bool gen_type_same(const struct gen_type *a, const struct gen_type *b);
struct gen_map *gen_map_any(struct gen *g);
void gen_map_entry(struct gen *g, const struct gen_map *m); // @m or @m[key]

void gen_expr(struct gen *g, const struct gen_type *t);    // gen_expr.c
void gen_int_small(struct gen *g);                         // a literal
bool gen_call_of(struct gen *g, const struct gen_type *t); // gen_call.c: false: no row gives it
void gen_call_row(struct gen *g, int row);
void gen_aggregation(struct gen *g, int row);
int gen_row_where(struct gen *g, unsigned mask, unsigned want);
int gen_row_of_value(struct gen *g);
void gen_stmts(struct gen *g, unsigned most); // gen_stmt.c
void gen_statement(struct gen *g);
void gen_printf(struct gen *g, const char *name);
void gen_map_write(struct gen *g, struct gen_map *m);
