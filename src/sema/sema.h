// SPDX-License-Identifier: Apache-2.0
// From a syntax tree to a typed program that codegen can take as it is. The passes, in order,
// are listed in sema.c. After sema_run without errors:
//   - unit.programs holds one entry for each BPF program: an action block with one context layout
//   - every expression has a type; conversions are explicit (AST_CONVERT) wherever the width,
//     sign or string size of an operand is not that of where it goes
//   - both sides of an arithmetic or comparison operator have the same integer type, or are
//     pointers, strings, buffers, arrays, tuples that codegen compares by bytes
//   - macros, comptime, sizeof, offsetof, constants, positional parameters are gone
//   - every map has key and value types; every AST_INDEX of a map has exactly one key, converted
//     to the map's key type (several keys: an AST_TUPLE)
#pragma once

#include <stdbool.h>

#include "base/diag.h"
#include "builtins/builtins.h"
#include "builtins/map_kinds.h"
#include "object/manifest.h"
#include "parser/ast.h"
#include "probes/probe.h"
#include "types/btf.h"
#include "types/type.h"

struct sema_var {
    const char *name;            // "$x"
    const struct type *type;     // NONE while not inferred
    const struct type *declared; // by let with a type, or NULL
    struct span span;            // of its first assignment or let
    unsigned id;                 // unique in the program
    bool is_assigned;            // at a place before the one that is being named
    bool is_captured;            // used in the body of a loop of an outer scope
    bool is_loop_changed;        // and changed there: the verifier must not follow its value
    bool is_loop_bound;          // a while loop ends by it: the verifier must follow its value
    bool is_loop_kv;             // $kv of a map loop: a tuple (key, value), read only
    void *cg;                    // codegen's
};
VEC_OF(sema_vars, struct sema_var *);

struct sema_map {
    const char *name;       // "@x"
    const struct type *key; // NULL: keyless
    const struct type *value;
    struct span span;                 // of its first use
    struct span key_span, value_span; // where key and value types come from
    bool is_scalar;                   // used without a key
    const struct ast_map_decl *decl;  // or NULL
    const struct map_kind *kind;      // as declared, or NULL
    unsigned index;                   // in unit.maps and in manifest.maps
    bool is_percpu;                   // by its aggregation or its declaration
    uint32_t bpf_type;                // enum bpf_map_type, chosen by sema's resources pass
    uint32_t max_entries;
    const char *pin;
    bool is_read_in_kernel; // its value is used in expressions
    bool is_iterated;
    bool is_deleted;    // keyless, and delete() empties it: then it may be absent
    bool frees_entries; // by delete(), clear() or zero(), or in the hands of others as it is pinned
    bool has_generations; // printed and emptied: its key in the kernel begins with a generation
};
VEC_OF(sema_maps, struct sema_map *);

struct c_object { // a BPF object of an imported .bpf.c file
    const char *path;
    const void *data;
    size_t len;
    struct span span; // of the import
};
VEC_OF(c_objects, struct c_object);
VEC_OF(c_funcs, const struct type_func *);

struct sema_fn {                      // fn name(...)
    const struct ast_callable *decl;  // of an imported C function: its name alone
    const struct type_func *external; // the imported C function, or NULL
    struct sema_vars params;
    struct sema_vars vars;
    const struct type *ret;
    struct ast_stmts body;
    unsigned index;
    void *cg;
};
VEC_OF(sema_fns, struct sema_fn *);

struct sema_program {
    const struct ast_probe *probe; // what it was made from
    const struct provider *provider;
    struct mf_targets targets;  // all with the same layout
    struct probe_layout layout; // of `args`, retval
    struct ast_expr *predicate; // own copy, typed; or NULL
    struct ast_stmts body;      // own copy, typed
    struct sema_vars vars;
    bool uses_identity; // `probe`, `func` where the target matters
    bool is_sleepable;
    bool is_typed; // provider is the `typed` one of the provider that the script names
};
VEC_OF(sema_programs, struct sema_program *);

struct unit_options {
    const char *const *params; // positional and named ones, after the script
    size_t nparams;
    const char *const *include_dirs;
    size_t ninclude_dirs;
    const char *const *includes;
    size_t nincludes;
    const char *const *defines; // -D: NAME or NAME=VALUE
    size_t ndefines;
    pid_t pid;           // -p, or that of -c
    const char *program; // of -c
    bool unsafe;
    bool helper_errors; // -k: report helpers that fail
    bool no_warnings;
    bool test_mode, bench_mode;
    bool params_help; // say what named parameters there are instead of a run
    bool no_kernel;   // --check without BTF or privileges where avoidable
};

struct c_failure { // C text that the own reader does not understand
    struct span span;
    const char *why;
};
VEC_OF(c_failures, struct c_failure);

struct unit {
    struct arena *arena; // owns everything here
    struct diags *diags;
    const struct source *source;
    struct unit_options options;
    struct types *types;
    struct config config;
    struct ast_program *ast;
    struct ast_c_texts c_texts; // of the script, its imports and the command line, in order
    struct c_failures c_failures;
    struct c_objects c_objects;
    struct c_funcs c_funcs; // functions of c_objects
    bool c_asked;           // clang was asked, or there was none
    const char *c_no_help;  // why clang was no help, for a hint; or NULL
    struct sema_maps maps;
    const struct sema_map *clock; // of tseries(): config dummy_ts_map; or NULL
    struct sema_programs programs;
    struct sema_fns fns;
    struct probe_env env;
};

// printf() as a pinned iterator does it: by bpf_seq_printf. pinned.c
enum { SEQ_VALUES = 12 };
struct seq_format {
    const char *text;             // for the kernel
    unsigned n;                   // values
    char letters[SEQ_VALUES];     // what the script wrote for each: 's', 'c', 'd' ...
    const char *why;              // false: why not
    const struct ast_expr *where; // and what is to blame
};
bool sema_seq_format(struct arena *a, const struct ast_expr *call, struct seq_format *out);
bool sema_is_pinned(const struct sema_program *p);

// Does everything after parsing. False when errors were reported to unit->diags.
// Needs arena, diags, source, options, types, config, ast to be set.
bool sema_run(struct unit *u);
