// SPDX-License-Identifier: Apache-2.0
// The grammar of the language. Actions only build nodes (build.c); what a name means is for sema.
// Error productions at statements and brackets let one run report several mistakes.
%code requires {
#include "parser/parser_internal.h"
}

%define api.pure full
%define api.prefix {gaff_}
%define lr.type ielr
%define parse.lac full
%define parse.error custom
%define api.location.type {struct span}
%locations
%expect 0
%param {struct parse *p}

%code {
#define YYMAXDEPTH 12000
#define YYLLOC_DEFAULT(now, rhs, n)                                                                \
    (now) = (n) ? span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n)) : parse_empty_span(p)
static int gaff_lex(GAFF_STYPE *value, struct span *span, struct parse *p)
{
    return parse_next(p, value, span);
}
static void gaff_error(struct span *span, struct parse *p, const char *message)
{
    parse_exhausted(p, *span, message);
}
#define A p->arena
}

%union {
    const struct token *token;
    struct ast_expr *expr;
    struct ast_stmt *stmt;
    struct ast_type *type;
    struct ast_exprs exprs;
    struct ast_stmts stmts;
    struct ast_types types;
    struct ast_strings names;
    struct ast_attach_points points;
    struct ast_params params;
    struct ast_config_items items;
    struct field_list fields;
    int op;
}

%token END 0
%token YYUNDEF 257
%token <token> ERROR_CHAR 259
%token <token> INT STRING IDENT VAR MAP POSITIONAL POINT C_TEXT
%token <token> CONFIG MACRO IMPORT FN LET IF ELSE WHILE FOR UNROLL BREAK CONTINUE RETURN
%token <token> TRUE FALSE SIZEOF OFFSETOF TYPEOF TYPEINFO COMPTIME STRUCT UNION ENUM
%token <token> ARROW DOTDOT INC DEC SHL SHR LE GE EQ NE LAND LOR
%token <token> ADD_ASSIGN SUB_ASSIGN MUL_ASSIGN DIV_ASSIGN MOD_ASSIGN SHL_ASSIGN SHR_ASSIGN
%token <token> AND_ASSIGN OR_ASSIGN XOR_ASSIGN
%token <token> PRED_OPEN PRED_CLOSE CAST_OPEN TYPE_OPEN RECORD_OPEN BLOCK_OPEN IF_VALUE
%token <token> '(' ')' '[' ']' '{' '}' ';' ',' '.' ':' '?' '=' '+' '-' '*' '/' '%' '&' '|' '^' '!' '~' '<' '>'

%type <expr> expr ternary lor land or xor and equality relation shift sum product unary postfix primary
%type <expr> predicate block_expr value_body
%type <stmt> simple compound if_stmt loop
%type <stmts> body stmts
%type <exprs> args args1
%type <type> type type_base words type_paren
%type <types> type_list
%type <fields> record_fields field_path type_fields
%type <points> points
%type <params> params params1
%type <items> config_items map_options map_named
%type <op> assign_op
%type <token> field_name keyword

%start program

%%

// begin { ... } config = { ... } macro f($x) { ... } #include <x.h>
program:
    %empty
  | program item
  | program ';'
  ;

item:
    C_TEXT                                   { parse_add_c(p, $1); }
  | CONFIG '=' BLOCK_OPEN config_items '}'   { parse_add_config(p, &$4); }
  | IMPORT STRING                            { parse_add_import(p, $2, @$); }
  | LET MAP is_kind IDENT '(' args ')' map_options { parse_add_map(p, $2, $4, &$6, &$8, @$); }
  | LET MAP is_kind IDENT '(' args1 ',' map_named ')' { parse_add_map(p, $2, $4, &$6, &$8, @$); }
  | MACRO IDENT '(' params ')' body          { parse_add_macro(p, $2, &$4, &$6, @$); }
  | FN IDENT '(' params ')' ':' type body    { parse_add_fn(p, $2, &$4, $7, &$8, @$); }
  | FN IDENT '(' params ')' body             { parse_add_fn(p, $2, &$4, NULL, &$6, @$); }
  | points predicate body                    { parse_add_probe(p, &$1, $2, &$3, @$); }
  | error '}'                                { yyerrok; }
  ;

is_kind: '=' | ':' ;

points:
    POINT                  { $$ = (struct ast_attach_points){0}; parse_point(p, &$$, $1); }
  | points ',' POINT       { $$ = $1; parse_point(p, &$$, $3); }
  | points ','             { $$ = $1; }
  ;

predicate:
    %empty                      { $$ = NULL; }
  | PRED_OPEN expr PRED_CLOSE   { $$ = $2; }
  | PRED_OPEN error PRED_CLOSE  { $$ = NULL; yyerrok; }
  ;

// max_map_keys = 10; missing_probes = "warn";
config_items:
    %empty                              { $$ = (struct ast_config_items){0}; }
  | config_items IDENT '=' expr         { $$ = $1; parse_config(p, &$$, $2, $4); }
  | config_items ';'                    { $$ = $1; }
  | config_items error ';'              { $$ = $1; yyerrok; }
  ;

// let @m = hash(100, pin = "name")
map_named:
    IDENT '=' expr                  { $$ = (struct ast_config_items){0}; parse_config(p, &$$, $1, $3); }
  | map_named ',' IDENT '=' expr    { $$ = $1; parse_config(p, &$$, $3, $5); }
  ;

map_options:
    %empty                    { $$ = (struct ast_config_items){0}; }
  | map_options ',' IDENT '=' expr  { $$ = $1; parse_config(p, &$$, $3, $5); }
  | map_options IDENT '=' expr  { $$ = $1; parse_config(p, &$$, $2, $4); }
  ;

params:
    %empty      { $$ = (struct ast_params){0}; }
  | params1     { $$ = $1; }
  ;
params1:
    VAR                       { $$ = (struct ast_params){0}; parse_param(p, &$$, $1, NULL); }
  | MAP                       { $$ = (struct ast_params){0}; parse_param(p, &$$, $1, NULL); }
  | IDENT                     { $$ = (struct ast_params){0}; parse_param(p, &$$, $1, NULL); }
  | VAR ':' type              { $$ = (struct ast_params){0}; parse_param(p, &$$, $1, $3); }
  | params1 ',' VAR           { $$ = $1; parse_param(p, &$$, $3, NULL); }
  | params1 ',' MAP           { $$ = $1; parse_param(p, &$$, $3, NULL); }
  | params1 ',' IDENT         { $$ = $1; parse_param(p, &$$, $3, NULL); }
  | params1 ',' VAR ':' type  { $$ = $1; parse_param(p, &$$, $3, $5); }
  ;

// ---- statements ----

body:
    '{' stmts '}'          { $$ = $2; }
  | '{' stmts simple '}'   { $$ = $2; VEC_PUSH(A, &$$, $3); }
  | '{' stmts error '}'    { $$ = $2; yyerrok; }
  ;

block_expr:
    BLOCK_OPEN stmts simple '}'  { $$ = parse_block_expr(p, &$2, $3, @$); }
  | BLOCK_OPEN stmts '}'         { $$ = parse_block_expr(p, &$2, NULL, @$); }
  ;

value_body:
    '{' stmts simple '}'  { $$ = parse_block_expr(p, &$2, $3, @$); }
  ;

stmts:
    %empty               { $$ = (struct ast_stmts){0}; }
  | stmts simple ';'     { $$ = $1; VEC_PUSH(A, &$$, $2); }
  | stmts compound       { $$ = $1; VEC_PUSH(A, &$$, $2); }
  | stmts ';'            { $$ = $1; }
  | stmts error ';'      { $$ = $1; yyerrok; }
  ;

// $x = 1   let $x : int32 = 1   @a[1] += 2   break
simple:
    expr                         { $$ = parse_expr_stmt(p, $1, @$); }
  | expr '=' expr                { $$ = parse_assign(p, $1, -1, $3, @$); }
  | expr assign_op expr          { $$ = parse_assign(p, $1, $2, $3, @$); }
  | LET VAR                      { $$ = parse_let(p, $2, NULL, NULL, @$); }
  | LET VAR ':' type             { $$ = parse_let(p, $2, $4, NULL, @$); }
  | LET VAR '=' expr             { $$ = parse_let(p, $2, NULL, $4, @$); }
  | LET VAR ':' type '=' expr    { $$ = parse_let(p, $2, $4, $6, @$); }
  | BREAK                        { $$ = ast_stmt_new(A, AST_BREAK, @$); }
  | CONTINUE                     { $$ = ast_stmt_new(A, AST_CONTINUE, @$); }
  | RETURN                       { $$ = ast_stmt_new(A, AST_RETURN, @$); }
  | RETURN expr                  { $$ = ast_stmt_new(A, AST_RETURN, @$); $$->expr = $2; }
  ;

assign_op:
    ADD_ASSIGN { $$ = AST_ADD; } | SUB_ASSIGN { $$ = AST_SUB; } | MUL_ASSIGN { $$ = AST_MUL; }
  | DIV_ASSIGN { $$ = AST_DIV; } | MOD_ASSIGN { $$ = AST_MOD; } | SHL_ASSIGN { $$ = AST_SHL; }
  | SHR_ASSIGN { $$ = AST_SHR; } | AND_ASSIGN { $$ = AST_AND; } | OR_ASSIGN { $$ = AST_OR; }
  | XOR_ASSIGN { $$ = AST_XOR; }
  ;

compound:
    body     { $$ = ast_stmt_new(A, AST_BLOCK, @$); $$->block = $1; }
  | if_stmt
  | loop
  ;

// if (x) { } else if (y) { } else { }     if comptime (x) { }
if_stmt:
    IF expr body               { $$ = parse_if(p, $2, &$3, NULL, @$); }
  | IF expr body ELSE body     { $$ = parse_if(p, $2, &$3, &$5, @$); }
  | IF expr body ELSE if_stmt  { $$ = parse_else_if(p, $2, &$3, $5, @$); }
  ;

// while ($i < 5) { }   for ($i : 0..5) { }   for ($kv : @m) { }   unroll (5) { }
loop:
    WHILE expr body                          { $$ = parse_while(p, AST_WHILE, $2, &$3, @$); }
  | UNROLL expr body                         { $$ = parse_while(p, AST_UNROLL, $2, &$3, @$); }
  | FOR '(' VAR ':' expr ')' body            { $$ = parse_for(p, $3, $5, NULL, &$7, @$); }
  | FOR '(' VAR ':' expr DOTDOT expr ')' body { $$ = parse_for(p, $3, $5, $7, &$9, @$); }
  | FOR VAR ':' expr body                    { $$ = parse_for(p, $2, $4, NULL, &$5, @$); }
  | FOR VAR ':' expr DOTDOT expr body        { $$ = parse_for(p, $2, $4, $6, &$7, @$); }
  ;

// ---- expressions ----

expr: ternary ;

ternary:
    lor
  | lor '?' expr ':' ternary  { $$ = parse_ternary(p, $1, $3, $5, @$); }
  | lor '?' ':' ternary       { $$ = parse_elvis(p, $1, $4, @$); }
  ;
lor:      land     | lor LOR land        { $$ = parse_binary(p, AST_LOR, $1, $3, @2); } ;
land:     or       | land LAND or        { $$ = parse_binary(p, AST_LAND, $1, $3, @2); } ;
or:       xor      | or '|' xor          { $$ = parse_binary(p, AST_OR, $1, $3, @2); } ;
xor:      and      | xor '^' and         { $$ = parse_binary(p, AST_XOR, $1, $3, @2); } ;
and:      equality | and '&' equality    { $$ = parse_binary(p, AST_AND, $1, $3, @2); } ;
equality: relation
  | equality EQ relation  { $$ = parse_binary(p, AST_EQ, $1, $3, @2); }
  | equality NE relation  { $$ = parse_binary(p, AST_NE, $1, $3, @2); }
  ;
relation: shift
  | relation '<' shift  { $$ = parse_binary(p, AST_LT, $1, $3, @2); }
  | relation '>' shift  { $$ = parse_binary(p, AST_GT, $1, $3, @2); }
  | relation LE shift   { $$ = parse_binary(p, AST_LE, $1, $3, @2); }
  | relation GE shift   { $$ = parse_binary(p, AST_GE, $1, $3, @2); }
  ;
shift: sum
  | shift SHL sum  { $$ = parse_binary(p, AST_SHL, $1, $3, @2); }
  | shift SHR sum  { $$ = parse_binary(p, AST_SHR, $1, $3, @2); }
  ;
sum: product
  | sum '+' product  { $$ = parse_binary(p, AST_ADD, $1, $3, @2); }
  | sum '-' product  { $$ = parse_binary(p, AST_SUB, $1, $3, @2); }
  ;
product: unary
  | product '*' unary  { $$ = parse_binary(p, AST_MUL, $1, $3, @2); }
  | product '/' unary  { $$ = parse_binary(p, AST_DIV, $1, $3, @2); }
  | product '%' unary  { $$ = parse_binary(p, AST_MOD, $1, $3, @2); }
  ;

unary: postfix
  | '-' unary               { $$ = parse_unary(p, AST_NEG, $2, @$); }
  | '+' unary               { $$ = $2; }
  | '!' unary               { $$ = parse_unary(p, AST_NOT, $2, @$); }
  | '~' unary               { $$ = parse_unary(p, AST_BITNOT, $2, @$); }
  | '*' unary               { $$ = parse_unary(p, AST_DEREF, $2, @$); }
  | '&' unary               { $$ = parse_unary(p, AST_ADDRESS, $2, @$); }
  | INC unary               { $$ = parse_unary(p, AST_PRE_INC, $2, @$); }
  | DEC unary               { $$ = parse_unary(p, AST_PRE_DEC, $2, @$); }
  | CAST_OPEN type ')' unary { $$ = parse_cast(p, $2, $4, @$); }
  | COMPTIME unary          { $$ = ast_expr_new(A, AST_COMPTIME, @$); $$->comptime = $2; }
  ;

postfix: primary
  | postfix INC                  { $$ = parse_unary(p, AST_POST_INC, $1, @$); }
  | postfix DEC                  { $$ = parse_unary(p, AST_POST_DEC, $1, @$); }
  | postfix '[' args1 ']'        { $$ = parse_index(p, $1, &$3, @$); }
  | postfix '[' error ']'        { $$ = $1; yyerrok; }
  | postfix '.' field_name       { $$ = parse_field(p, $1, $3, false, @$); }
  | postfix ARROW field_name     { $$ = parse_field(p, $1, $3, true, @$); }
  | postfix '.' INT              { $$ = parse_element(p, $1, $3, @$); }
  ;

field_name: IDENT | keyword ;
keyword: CONFIG | MACRO | IMPORT | FN | LET | IF | ELSE | WHILE | FOR | UNROLL | BREAK | CONTINUE
  | RETURN | TRUE | FALSE | SIZEOF | OFFSETOF | TYPEOF | TYPEINFO | COMPTIME | STRUCT | UNION | ENUM ;

primary:
    INT                          { $$ = parse_int(p, $1); }
  | STRING                       { $$ = parse_string(p, $1); }
  | TRUE                         { $$ = ast_expr_new(A, AST_BOOL, @$); $$->boolean = true; }
  | FALSE                        { $$ = ast_expr_new(A, AST_BOOL, @$); }
  | POSITIONAL                   { $$ = parse_positional(p, $1); }
  | IDENT                        { $$ = parse_name(p, AST_IDENT, $1); }
  | VAR                          { $$ = parse_name(p, AST_VAR, $1); }
  | MAP                          { $$ = parse_name(p, AST_MAP, $1); }
  | IDENT '(' args ')'           { $$ = parse_call(p, $1, &$3, @$); }
  | IDENT '(' type_paren ')'     { $$ = parse_call_type(p, $1, $3, @$); }
  | TYPEOF TYPE_OPEN type ')'    { $$ = parse_type_arg(p, $3, NULL, @$); }
  | TYPEOF '(' expr ')'          { $$ = parse_type_arg(p, NULL, $3, @$); }
  | IF_VALUE expr value_body ELSE value_body { $$ = parse_ternary(p, $2, $3, $5, @$); }
  | IDENT '(' error ')'          { struct ast_exprs none = {0}; $$ = parse_call(p, $1, &none, @$); yyerrok; }
  | '(' expr ')'                 { $$ = $2; }
  | '(' error ')'                { $$ = ast_expr_new(A, AST_INT, @$); yyerrok; }
  | '(' ')'                      { $$ = ast_expr_new(A, AST_TUPLE, @$); }
  | '(' expr ',' ')'             { $$ = parse_tuple(p, $2, NULL, @$); }
  | '(' expr ',' args1 ')'       { $$ = parse_tuple(p, $2, &$4, @$); }
  | RECORD_OPEN record_fields ')' { $$ = parse_record(p, &$2, @$); }
  | RECORD_OPEN record_fields ',' ')' { $$ = parse_record(p, &$2, @$); }
  | SIZEOF TYPE_OPEN type ')'    { $$ = parse_sizeof(p, $3, NULL, @$); }
  | SIZEOF '(' expr ')'          { $$ = parse_sizeof(p, NULL, $3, @$); }
  | OFFSETOF TYPE_OPEN type ',' field_path ')' { $$ = parse_offsetof(p, $3, NULL, &$5, @$); }
  | OFFSETOF '(' expr ',' field_path ')'       { $$ = parse_offsetof(p, NULL, $3, &$5, @$); }
  | TYPEINFO TYPE_OPEN type ')'  { $$ = parse_typeinfo(p, $3, NULL, @$); }
  | TYPEINFO '(' expr ')'        { $$ = parse_typeinfo(p, NULL, $3, @$); }
  | block_expr
  ;

args:
    %empty     { $$ = (struct ast_exprs){0}; }
  | args1      { $$ = $1; }
  | args1 ','  { $$ = $1; }
  ;
args1:
    expr            { $$ = (struct ast_exprs){0}; VEC_PUSH(A, &$$, $1); }
  | args1 ',' expr  { $$ = $1; VEC_PUSH(A, &$$, $3); }
  ;

// a = 1, b = "x"
record_fields:
    IDENT '=' expr                    { $$ = (struct field_list){0}; parse_record_field(p, &$$, $1, $3); }
  | record_fields ',' IDENT '=' expr  { $$ = $1; parse_record_field(p, &$$, $3, $5); }
  ;
// a.b.c
field_path:
    field_name                 { $$ = (struct field_list){0}; VEC_PUSH(A, &$$.names, $1->text); }
  | field_path '.' field_name  { $$ = $1; VEC_PUSH(A, &$$.names, $3->text); }
  ;

// ---- types ----

// struct foo *   int32[4]   (int32, string[8])   (a : int32)   typeof($x)
type:
    type_base
  | type '*'                { $$ = parse_type(p, AST_TYPE_POINTER, $1, @$); }
  | type '[' ']'            { $$ = parse_type(p, AST_TYPE_ARRAY, $1, @$); }
  | type '[' expr ']'       { $$ = parse_type(p, AST_TYPE_ARRAY, $1, @$); $$->count = $3; }
  ;
type_base:
    words
  | TYPEOF TYPE_OPEN type ')'  { $$ = parse_type(p, AST_TYPE_TYPEOF, $3, @$); }
  | TYPEOF '(' expr ')'        { $$ = parse_type(p, AST_TYPE_TYPEOF, NULL, @$); $$->expr = $3; }
  | '(' type_list ')'          { $$ = parse_type(p, AST_TYPE_TUPLE, NULL, @$); $$->elems = $2; }
  | '(' type_fields ')'        { $$ = parse_type(p, AST_TYPE_TUPLE, NULL, @$); $$->elems = $2.types; $$->names = $2.names; }
  ;
words:
    IDENT         { $$ = parse_type_name(p, NULL, $1, @$); }
  | STRUCT IDENT  { $$ = parse_type_tag(p, "struct", $2, @$); }
  | UNION IDENT   { $$ = parse_type_tag(p, "union", $2, @$); }
  | ENUM IDENT    { $$ = parse_type_tag(p, "enum", $2, @$); }
  | words IDENT   { $$ = parse_type_name(p, $1, $2, @$); }
  ;
type_list:
    %empty              { $$ = (struct ast_types){0}; }
  | type                { $$ = (struct ast_types){0}; VEC_PUSH(A, &$$, $1); }
  | type_list ',' type  { $$ = $1; VEC_PUSH(A, &$$, $3); }
  ;
type_fields:
    IDENT ':' type                  { $$ = (struct field_list){0}; parse_type_field(p, &$$, $1, $3); }
  | type_fields ',' IDENT ':' type  { $$ = $1; parse_type_field(p, &$$, $3, $5); }
  ;
// As a macro's argument: only what cannot be an expression.
type_paren:
    STRUCT IDENT    { $$ = parse_type_tag(p, "struct", $2, @$); }
  | UNION IDENT     { $$ = parse_type_tag(p, "union", $2, @$); }
  | ENUM IDENT      { $$ = parse_type_tag(p, "enum", $2, @$); }
  | type_paren '*'  { $$ = parse_type(p, AST_TYPE_POINTER, $1, @$); }
  ;

%%

static int yyreport_syntax_error(const yypcontext_t *context, struct parse *p)
{
    yysymbol_kind_t expected[6];
    int n = yypcontext_expected_tokens(context, expected, 6);
    const char *names[6];
    for (int i = 0; i < n; i++) names[i] = yysymbol_name(expected[i]);
    yysymbol_kind_t got = yypcontext_token(context);
    parse_unexpected(p, *yypcontext_location(context),
                     got == YYSYMBOL_YYEMPTY ? NULL : yysymbol_name(got), names,
                     n > 0 && n <= 4 ? (size_t)n : 0);
    return 0;
}
