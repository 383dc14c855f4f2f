// SPDX-License-Identifier: Apache-2.0
// The passes of sema, in the order of sema.c, and what they share.
#pragma once

#include "sema/sema.h"

// Each reports to unit->diags; the driver stops after one that did.
void sema_setup(struct unit *u);      // setup.c: C text, imports, configuration
void sema_macros(struct unit *u);     // macro.c: expands calls of macros
void sema_positional(struct unit *u); // positional.c: $1, $#, getopt
void sema_attach(struct unit *u);     // attach.c: attach points to programs
void sema_names(struct unit *u);      // names.c: what each name means
// hoist.c: declares at the start of `body` the variables that are used after their blocks, as
// before bpftrace 0.22, and warns. The names of `body` must not be looked up yet.
void sema_hoist(struct unit *u, struct ast_stmts *body);
void sema_calls(struct unit *u);       // calls.c: functions that call functions
void sema_infer(struct unit *u);       // infer.c: types, checks, conversions
void sema_resources(struct unit *u);   // resources.c: what BPF maps there are
void sema_generations(struct unit *u); // generations.c: maps that are printed, then emptied
void sema_pinned(struct unit *u);      // pinned.c: what a pinned iterator can do

void sema_imports(struct unit *u); // import.c: files and folders that the script imports
// import_c.c: compiles a .bpf.c file and declares its functions.
void sema_import_c(struct unit *u, const char *path, struct span import);
void sema_declare_c_fns(struct unit *u);
// Why an imported function of this name cannot be called; NULL when there is none such.
const char *sema_c_fn_refused(const struct unit *u, const char *name);

// ctext.c: C text of the script and of its headers.
void sema_c_options(struct unit *u); // --include, -D
void sema_c_texts(struct unit *u, const struct ast_program *p);
void sema_c_add(struct unit *u, const char *text, size_t len, struct span span);
// After the last one. What the own reader does not understand is given to clang; reports what is
// wrong then.
void sema_c_done(struct unit *u);
// clang.c: a name of the script is unknown. May clang know it? True when it has just been asked
// for everything that the script's C text has: look again. It is asked once.
bool sema_c_ask(struct unit *u);
// Adds to the diagnostic that a name is unknown, why clang was no help.
void sema_c_hint(struct unit *u);

// names.c, also for user functions.
// The file whose types a probe's body speaks of: the program it traces; NULL: it traces none.
const char *sema_traced_file(const struct sema_program *p);
struct sema_map *sema_map_named(struct unit *u, const char *name, struct span span);

// idents.c: names that are no variables or maps. p: the program, NULL in a function of the script.
// Makes the identifier e the builtin, constant or call that it names; reports one that names none.
void sema_identifier(struct unit *u, const struct sema_program *p, struct ast_expr *e);
// Makes e, an identifier or a call without arguments, the builtin variable `id` (argN: arg).
void sema_to_builtin(struct unit *u, const struct sema_program *p, struct ast_expr *e, int id,
                     unsigned arg);
struct sema_fn *sema_fn_find(const struct unit *u, const char *name); // or NULL
// Reports that the function of this call does not exist.
void sema_unknown_function(struct unit *u, struct ast_expr *call);
// Is an argument of this builtin function a word of its own rather than an expression?
bool sema_word_argument(int fn, const char *word);

// while.c: does this while loop count by literal steps to a literal end? `around`: the body that it
// is in.
bool sema_while_counts(struct ast_stmts *around, struct ast_stmt *loop);
// setup.c: makes e of this name that record, if it is the name of one.
bool sema_config_record(struct unit *u, struct ast_expr *e, const char *name);
// where.c: may this builtin be used here? p: the program, NULL in a function of the script.
void sema_where_variable(struct unit *u, const struct sema_program *p, struct span span,
                         const char *name, int id);
void sema_where_function(struct unit *u, const struct sema_program *p, struct span span, int fn);

// ---- typing, shared by infer*.c ----

struct infer {
    struct unit *u;
    struct types *t;
    struct sema_program *program; // NULL in a user function
    struct sema_fn *fn;
    bool settled;   // nothing grows any more but by what asks for types (sizeof, typeinfo)
    bool final;     // all types are known: report, and insert conversions
    bool changed;   // some type grew in this round
    unsigned loops; // open loops, for break and continue
    size_t copies;  // of this place that unroll makes
    size_t size;    // of the program in statements; in the final round
    unsigned depth; // of reads of what is read, open here
};

void infer_assign_var(struct infer *in, struct sema_var *v, struct ast_expr **value,
                      struct span span);
void infer_map_key(struct infer *in, struct sema_map *m, struct ast_expr **key);
void infer_assign_map(struct infer *in, struct sema_map *m, struct ast_expr **value,
                      struct span span);
const struct type *infer_expr(struct infer *in, struct ast_expr **e);
void infer_stmts(struct infer *in, struct ast_stmts *s);
const struct type *infer_call(struct infer *in, struct ast_expr **e);      // infer_call.c
const struct type *infer_rewritten(struct infer *in, struct ast_expr **e); // infer_rewrite.c
const struct type *infer_binary(struct infer *in, struct ast_expr **e);    // infer_binary.c
const struct type *infer_unary(struct infer *in, struct ast_expr **e);
const struct type *infer_cast(struct infer *in, struct ast_expr **e); // infer_cast.c
const struct type *infer_written_type(struct infer *in, struct ast_type *t);
const struct type *infer_index(struct infer *in, struct ast_expr **e); // infer_access.c
const struct type *infer_entry(struct infer *in, struct ast_expr *e);
const struct type *infer_field(struct infer *in, struct ast_expr **e);
const struct type *infer_element(struct infer *in, struct ast_expr **e);
const struct type *infer_builtin(struct infer *in, struct ast_expr *e); // infer_builtin.c
void infer_printf(struct infer *in, struct ast_expr *call);             // format_check.c

// infer_map.c
// The kind that a declaration names; NULL after a message when there is none.
const struct map_kind *sema_declared_kind(struct unit *u, const struct ast_map_decl *d);
const struct map_kind *sema_map_kind(const struct sema_map *m); // hash where none is declared
bool sema_map_holds(const struct sema_map *m, enum map_op op);  // does its kind allow this?
// The same, reported in the final round.
bool infer_map_allows(struct infer *in, const struct ast_expr *map, enum map_op op);
// Is a call's first argument a map that allows this?
bool infer_need_map(struct infer *in, const struct ast_expr *call, enum map_op op);
const struct type *infer_keyed(struct infer *in, struct ast_expr *e); // delete, has_key, find
const struct type *infer_list(struct infer *in, struct ast_expr *e);  // push, pop, peek
bool infer_widen_pins(struct infer *in); // once types have grown; true if one grows by it
void infer_trie_key(struct infer *in, struct sema_map *m, struct ast_expr **key);

// widen.c
// What holds values of both; NULL when nothing does. NONE counts as nothing known.
const struct type *type_unify(struct types *t, const struct type *a, const struct type *b);
// *have becomes `type`; another round follows when that is new.
void infer_grow(struct infer *in, const struct type **have, const struct type *type);
// The type a map or variable takes for a value: char arrays become strings.
const struct type *type_stored(struct types *t, const struct type *type);
bool type_is_text(const struct type *type); // a string or an array of char
bool type_assignable(const struct type *to, const struct type *from);
// In the final round: makes *e have type `want`, by AST_CONVERT where it has another.
void infer_convert(struct infer *in, struct ast_expr **e, const struct type *want);
// The same, with a warning where an integer may not fit.
void infer_store(struct infer *in, struct ast_expr **e, const struct type *want);
const struct type_field *tuple_field(const struct type *tuple, const struct type_field *like,
                                     uint32_t place);
const struct type *literal_type(struct types *t, const struct ast_expr *e); // the smallest
bool expr_is_literal(const struct ast_expr *e);
// The value of an integer literal (also after conversions).
bool expr_int(const struct ast_expr *e, int64_t *value);
// Does an integer literal fit a type?
bool literal_fits(const struct ast_expr *e, const struct type *type);
const struct type *map_read_type(struct infer *in, const struct sema_map *m,
                                 const struct ast_expr *e); // infer_expr.c
// A named type in the surroundings of the current probe: of the program that it traces, too.
const struct type *infer_find_type(struct infer *in, const char *name); // infer_cast.c
// After an error about a type: that the traced program has no debug information, if it has none.
void infer_debug_hint(struct infer *in);
// args.NAME, or all of them, where a place cannot be read: reports it.
const struct type *infer_unreadable(struct infer *in, const struct ast_expr *e,
                                    const struct probe_arg *a); // infer_access.c
enum type_space expr_space(const struct infer *in, const struct ast_expr *e);
const struct type *none_type(struct infer *in);
const struct type *error_type(struct infer *in);
static inline bool is_known(const struct type *t) {
    return t->kind != TYPE_NONE && t->kind != TYPE_ERROR;
}
