// SPDX-License-Identifier: Apache-2.0
// The syntax tree: arena-owned nodes, each with a span. `sema` rewrites some nodes in place and
// fills the members marked "sema"; after sema the tree is read-only and holds only what
// codegen knows (the comment on each kind says what happens to it).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/source.h"
#include "base/vec.h"

struct type;
struct sema_var;
struct sema_map;
struct sema_fn;
struct ast_expr;
struct ast_stmt;
struct ast_type;

VEC_OF(ast_exprs, struct ast_expr *);
VEC_OF(ast_stmts, struct ast_stmt *);
VEC_OF(ast_strings, const char *);

// ---- types as written -----------------------------------------------------------------------

enum ast_type_kind {
    AST_TYPE_NAME,    // "int32", "struct task_struct", "unsigned long"
    AST_TYPE_POINTER, // T *
    AST_TYPE_ARRAY,   // T[n]; n may be absent (casts to arrays of inferred size); string[n] and
                      // buffer[n] too: sema tells them by the name of `target`
    AST_TYPE_TUPLE,   // (T, T) or (a: T, b: T)
    AST_TYPE_TYPEOF,  // typeof(expr or type)
};

VEC_OF(ast_types, struct ast_type *);

struct ast_type {
    enum ast_type_kind kind;
    struct span span;
    const char *name;         // NAME, one space between words
    struct ast_type *target;  // POINTER, ARRAY; TYPEOF of a type
    struct ast_expr *count;   // ARRAY: NULL for []
    struct ast_types elems;   // TUPLE
    struct ast_strings names; // TUPLE of a record, else empty
    struct ast_expr *expr;    // TYPEOF of an expression
};

// ---- expressions ----------------------------------------------------------------------------

enum ast_expr_kind {
    AST_INT,        // 42, 0x1f, 1e3, 5m, 10ms, enum constants after sema
    AST_BOOL,       // true, false
    AST_STRING,     // "..." with escapes resolved; may hold NUL bytes only at its end
    AST_POSITIONAL, // $1, $#. After sema: AST_INT, or AST_STRING as argument of str()
    AST_IDENT,      // bare name: builtin, constant, macro. After sema: BUILTIN, INT or inlined
    AST_BUILTIN,    // sema: a row of builtins/variables.def
    AST_VAR,        // $x
    AST_MAP,        // @x without a key: keyless map, or the map itself as an argument
    AST_INDEX,      // base[keys]: a map with keys, array, pointer or string
    AST_FIELD,      // base.name, base->name (is_arrow). Of `args` too.
    AST_ELEMENT,    // tuple.0
    AST_CALL,       // name(args)
    AST_UNARY,
    AST_BINARY,
    AST_TERNARY,
    AST_CAST,
    AST_SIZEOF,     // After sema: INT
    AST_OFFSETOF,   // After sema: INT
    AST_TYPEINFO,   // After sema: constants
    AST_TUPLE,      // (1, 2), (1,), ()
    AST_RECORD,     // (a=1, b=2)
    AST_BLOCK_EXPR, // { stmts; expr }: also what macros become
    AST_COMPTIME,   // comptime expr. After sema: folded
    AST_TYPE_ARG,   // typeof(x), struct x as a macro's argument: size.of. After sema: gone
    AST_CONVERT,    // sema: implicit conversion of `cast.operand` to `type`
};

enum ast_unary {
    AST_NEG,
    AST_NOT,
    AST_BITNOT,
    AST_DEREF,
    AST_ADDRESS,
    AST_PRE_INC,
    AST_PRE_DEC,
    AST_POST_INC,
    AST_POST_DEC,
};

enum ast_binary {
    AST_ADD,
    AST_SUB,
    AST_MUL,
    AST_DIV,
    AST_MOD,
    AST_SHL,
    AST_SHR,
    AST_AND,
    AST_OR,
    AST_XOR,
    AST_LAND,
    AST_LOR,
    AST_EQ,
    AST_NE,
    AST_LT,
    AST_LE,
    AST_GT,
    AST_GE,
};

struct ast_expr {
    enum ast_expr_kind kind;
    struct span span;
    const struct type *type; // sema: never NULL afterwards
    union {
        struct {
            uint64_t value;
            bool is_negative; // value is then its two's complement
            bool is_unsigned; // suffix u
        } integer;            // INT
        bool boolean;
        struct {
            const char *data;
            size_t len; // without the final NUL
        } string;
        struct {
            unsigned index; // 1 for $1; 0 for $#
        } positional;
        struct {
            const char *name;
            int variable; // BUILTIN: enum builtin_variable (builtins/builtins.h)
            unsigned arg; // BUILTIN argN, sargN: N
        } ident;          // IDENT, BUILTIN
        struct {
            const char *name;     // with its $
            struct sema_var *var; // sema
        } var;
        struct {
            const char *name;     // with its @
            struct sema_map *map; // sema
        } map;
        struct {
            struct ast_expr *base;
            struct ast_exprs keys; // @m[a, b] and @m[(a, b)] are the same after sema: one key
        } index;
        struct {
            struct ast_expr *base;
            const char *name;
            bool is_arrow;
            struct span name_span;
        } field;
        struct {
            struct ast_expr *base;
            unsigned index;
        } element;
        struct {
            const char *name;
            struct span name_span;
            struct ast_exprs args;
            int function;       // sema: enum builtin_function, or -1 for a call of `fn`
            struct sema_fn *fn; // sema: user function
            int emptied_by;     // sema: print(@m) that clear() or zero() follows: which; or 0
        } call;
        struct {
            enum ast_unary op;
            struct ast_expr *operand;
        } unary;
        struct {
            enum ast_binary op;
            struct ast_expr *left, *right;
            struct span op_span;
        } binary;
        struct {
            struct ast_expr *cond, *then, *otherwise;
        } ternary;
        struct {
            struct ast_type *to; // NULL for CONVERT
            struct ast_expr *operand;
        } cast;
        struct {
            struct ast_type *of; // or
            struct ast_expr *expr;
            struct ast_strings fields; // OFFSETOF: a.b.c
        } size;
        struct {
            struct ast_exprs elems;
            struct ast_strings names; // RECORD
        } tuple;
        struct {
            struct ast_stmts stmts;
            struct ast_expr *value; // NULL: void
        } block;
        struct ast_expr *comptime;
    };
};

// ---- statements -----------------------------------------------------------------------------

enum ast_stmt_kind {
    AST_EXPR_STMT,
    AST_ASSIGN, // target op= value. After sema `op` is only set for compound assignment
    AST_LET,    // let $x : T = e
    AST_IF,     // also `if comptime`: after sema only the branch taken remains, as AST_BLOCK
    AST_WHILE,
    AST_FOR_RANGE, // for ($i : a..b)
    AST_FOR_MAP,   // for ($kv : @map)
    AST_UNROLL,
    AST_BREAK,
    AST_CONTINUE,
    AST_RETURN,
    AST_BLOCK,
    AST_ERROR_STMT, // where the parser recovered
};

struct ast_stmt {
    enum ast_stmt_kind kind;
    struct span span;
    union {
        struct ast_expr *expr; // EXPR_STMT; RETURN (or NULL)
        struct {
            struct ast_expr *target; // VAR, MAP, INDEX, ELEMENT/FIELD of those
            int op;                  // enum ast_binary of a compound assignment, or -1
            struct ast_expr *value;
        } assign;
        struct {
            struct ast_expr *var;   // VAR
            struct ast_type *type;  // or NULL
            struct ast_expr *value; // or NULL
        } let;
        struct {
            struct ast_expr *cond;
            struct ast_stmts then, otherwise;
            bool is_comptime;
        } cond; // IF
        struct {
            struct ast_expr *var;       // FOR_*: VAR
            struct ast_expr *cond;      // WHILE; UNROLL: count
            struct ast_expr *from, *to; // FOR_RANGE
            struct ast_expr *map;       // FOR_MAP: MAP
            struct ast_stmts body;
            struct sema_var **captures; // sema: variables of outer scopes used in the body
            size_t ncaptures;
            bool is_open; // WHILE: sema: nothing in the script shows how often it turns
        } loop;
        struct ast_stmts block;
    };
};

// ---- top level ------------------------------------------------------------------------------

struct ast_attach_point {
    const char *text; // as written, quotes and all: "kprobe:vfs_read+4", "uprobe:/bin/sh:\"f\""
    struct span span;
};
VEC_OF(ast_attach_points, struct ast_attach_point);

struct ast_probe {
    struct span span;
    struct ast_attach_points points;
    struct ast_expr *predicate; // or NULL
    struct ast_stmts body;
};

struct ast_config_item {
    const char *name;
    struct span span;
    struct ast_expr *value; // INT, BOOL, STRING or IDENT
};
VEC_OF(ast_config_items, struct ast_config_item);

struct ast_param {    // of a macro or fn
    const char *name; // "$x" variable, "@m" map, "x" expression
    struct span span;
    struct ast_type *type; // fn: required; macro: NULL
};
VEC_OF(ast_params, struct ast_param);

struct ast_callable { // macro name(params) { ... } and fn name($a : T) : T { ... }
    const char *name;
    struct span span, name_span;
    struct ast_params params;
    struct ast_type *ret; // fn
    struct ast_stmts body;
    struct ast_expr *value; // macro: trailing expression, or NULL
};
VEC_OF(ast_callables, struct ast_callable *);

struct ast_map_decl { // let @m = hash(100, pin = "x") / let @m : lruhash(100)
    const char *name;
    struct span span;
    const char *kind;
    struct span kind_span;
    struct ast_expr *size;           // or NULL
    struct ast_config_items options; // pin = "name"
};
VEC_OF(ast_map_decls, struct ast_map_decl *);

struct ast_import {
    const char *path;
    struct span span;
};
VEC_OF(ast_imports, struct ast_import);

struct ast_c_text { // struct/union/enum/typedef definitions and preprocessor lines, as written
    const char *text;
    size_t len;
    struct span span;
};
VEC_OF(ast_c_texts, struct ast_c_text);

VEC_OF(ast_probes, struct ast_probe *);

struct ast_program {
    const struct source *source;
    struct ast_c_texts c_texts;
    struct ast_config_items config;
    struct ast_imports imports;
    struct ast_map_decls map_decls;
    struct ast_callables macros;
    struct ast_callables fns;
    struct ast_probes probes; // in script order
};

// A deep copy, with every "sema" member empty.
struct ast_expr *ast_expr_clone(struct arena *a, const struct ast_expr *e);
struct ast_stmts ast_stmts_clone(struct arena *a, const struct ast_stmts *s);
struct ast_expr *ast_expr_new(struct arena *a, enum ast_expr_kind kind, struct span span);
struct ast_stmt *ast_stmt_new(struct arena *a, enum ast_stmt_kind kind, struct span span);

// Visits everything below, children first; `expr` may replace the node it is given, and `type` the
// type. Each may be NULL.
struct ast_visitor {
    void *ctx;
    void (*expr)(void *ctx, struct ast_expr **e);
    void (*type)(void *ctx, struct ast_type **t);
    void (*stmt)(void *ctx, struct ast_stmt *s);
    void (*list)(void *ctx, struct ast_stmts *s); // before the statements in it
};
void ast_visit_expr(const struct ast_visitor *v, struct ast_expr **e);
void ast_visit_stmt(const struct ast_visitor *v, struct ast_stmt *s);
void ast_visit_stmts(const struct ast_visitor *v, struct ast_stmts *s);
