// SPDX-License-Identifier: Apache-2.0
// What the grammar's actions call (build.c). A struct parse lives for one parse.
#pragma once

#include "base/diag.h"
#include "lexer/lexer.h"
#include "parser/ast.h"

struct field_list { // of records, record types and offsetof
    struct ast_exprs exprs;
    struct ast_types types;
    struct ast_strings names;
};

struct parse {
    struct arena *arena;
    struct diags *diags;
    struct ast_program *program;
    struct token_vec tokens;
    size_t next;
};

union GAFF_STYPE;
int parse_next(struct parse *p, union GAFF_STYPE *value, struct span *span);
struct span parse_empty_span(struct parse *p);
void parse_exhausted(struct parse *p, struct span span, const char *message);
void parse_unexpected(struct parse *p, struct span span, const char *got, const char **expected,
                      size_t nexpected);

void parse_add_c(struct parse *p, const struct token *t);
void parse_add_config(struct parse *p, const struct ast_config_items *items);
void parse_add_import(struct parse *p, const struct token *path, struct span span);
void parse_add_map(struct parse *p, const struct token *name, const struct token *kind,
                   const struct ast_exprs *args, const struct ast_config_items *options,
                   struct span span);
void parse_add_macro(struct parse *p, const struct token *name, const struct ast_params *params,
                     const struct ast_stmts *body, struct span span);
void parse_add_fn(struct parse *p, const struct token *name, const struct ast_params *params,
                  struct ast_type *ret, const struct ast_stmts *body, struct span span);
void parse_add_probe(struct parse *p, const struct ast_attach_points *points,
                     struct ast_expr *predicate, const struct ast_stmts *body, struct span span);
void parse_point(struct parse *p, struct ast_attach_points *v, const struct token *t);
void parse_config(struct parse *p, struct ast_config_items *v, const struct token *name,
                  struct ast_expr *value);
void parse_param(struct parse *p, struct ast_params *v, const struct token *name,
                 struct ast_type *type);

struct ast_stmt *parse_expr_stmt(struct parse *p, struct ast_expr *e, struct span span);
struct ast_stmt *parse_assign(struct parse *p, struct ast_expr *target, int op,
                              struct ast_expr *value, struct span span);
struct ast_stmt *parse_let(struct parse *p, const struct token *var, struct ast_type *type,
                           struct ast_expr *value, struct span span);
struct ast_stmt *parse_if(struct parse *p, struct ast_expr *cond, const struct ast_stmts *then,
                          const struct ast_stmts *otherwise, struct span span);
struct ast_stmt *parse_else_if(struct parse *p, struct ast_expr *cond, const struct ast_stmts *then,
                               struct ast_stmt *otherwise, struct span span);
struct ast_stmt *parse_while(struct parse *p, enum ast_stmt_kind kind, struct ast_expr *cond,
                             const struct ast_stmts *body, struct span span);
struct ast_stmt *parse_for(struct parse *p, const struct token *var, struct ast_expr *from,
                           struct ast_expr *to, const struct ast_stmts *body, struct span span);

struct ast_expr *parse_block_expr(struct parse *p, const struct ast_stmts *stmts,
                                  struct ast_stmt *last, struct span span);
struct ast_expr *parse_ternary(struct parse *p, struct ast_expr *cond, struct ast_expr *then,
                               struct ast_expr *otherwise, struct span span);
struct ast_expr *parse_binary(struct parse *p, enum ast_binary op, struct ast_expr *left,
                              struct ast_expr *right, struct span op_span);
struct ast_expr *parse_unary(struct parse *p, enum ast_unary op, struct ast_expr *e,
                             struct span span);
struct ast_expr *parse_cast(struct parse *p, struct ast_type *to, struct ast_expr *e,
                            struct span span);
struct ast_expr *parse_index(struct parse *p, struct ast_expr *base, const struct ast_exprs *keys,
                             struct span span);
struct ast_expr *parse_field(struct parse *p, struct ast_expr *base, const struct token *name,
                             bool is_arrow, struct span span);
struct ast_expr *parse_element(struct parse *p, struct ast_expr *base, const struct token *index,
                               struct span span);
struct ast_expr *parse_int(struct parse *p, const struct token *t);
struct ast_expr *parse_string(struct parse *p, const struct token *t);
struct ast_expr *parse_positional(struct parse *p, const struct token *t);
struct ast_expr *parse_name(struct parse *p, enum ast_expr_kind kind, const struct token *t);
struct ast_expr *parse_call(struct parse *p, const struct token *name, const struct ast_exprs *args,
                            struct span span);
struct ast_expr *parse_call_type(struct parse *p, const struct token *name, struct ast_type *type,
                                 struct span span);
struct ast_expr *parse_type_arg(struct parse *p, struct ast_type *of, struct ast_expr *e,
                                struct span span);
struct ast_expr *parse_elvis(struct parse *p, struct ast_expr *cond, struct ast_expr *otherwise,
                             struct span span);
struct ast_expr *parse_tuple(struct parse *p, struct ast_expr *first, const struct ast_exprs *rest,
                             struct span span);
struct ast_expr *parse_record(struct parse *p, const struct field_list *fields, struct span span);
void parse_record_field(struct parse *p, struct field_list *f, const struct token *name,
                        struct ast_expr *value);
struct ast_expr *parse_sizeof(struct parse *p, struct ast_type *of, struct ast_expr *e,
                              struct span span);
struct ast_expr *parse_offsetof(struct parse *p, struct ast_type *of, struct ast_expr *e,
                                const struct field_list *path, struct span span);
struct ast_expr *parse_typeinfo(struct parse *p, struct ast_type *of, struct ast_expr *e,
                                struct span span);

struct ast_type *parse_type(struct parse *p, enum ast_type_kind kind, struct ast_type *target,
                            struct span span);
struct ast_type *parse_type_name(struct parse *p, struct ast_type *before, const struct token *word,
                                 struct span span);
struct ast_type *parse_type_tag(struct parse *p, const char *tag, const struct token *name,
                                struct span span);
void parse_type_field(struct parse *p, struct field_list *f, const struct token *name,
                      struct ast_type *type);
