// SPDX-License-Identifier: Apache-2.0
// Runs the grammar over the token array and words its errors.
#include "parser/parser.h"

#include <string.h>

#include "parser/grammar.h"
#include "parser/parser_internal.h"

_Static_assert((int)TOKEN_BLOCK_OPEN == (int)BLOCK_OPEN, "tokens.def and %token disagree");
_Static_assert((int)TOKEN_ERROR_CHAR == (int)ERROR_CHAR, "tokens.def and %token disagree");

int parse_next(struct parse *p, union GAFF_STYPE *value, struct span *span) {
    const struct token *t = &p->tokens.data[p->next];
    if (p->next + 1 < p->tokens.len) p->next++;
    value->token = t;
    *span = t->span;
    return t->kind;
}

struct span parse_empty_span(struct parse *p) {
    struct span span = p->tokens.data[p->next].span;
    span.end = span.begin;
    return span;
}

void parse_exhausted(struct parse *p, struct span span, const char *message) {
    (void)message; // bison's own: only a lack of stack comes here
    diag(p->diags, span, nesting);
}

// Names of bison's symbols as messages show them: tokens.def has the words.
static const char *shown(struct arena *a, const char *symbol) {
    static const struct {
        const char *symbol;
        int kind;
    } names[] = {
#define T(id, text) {#id, TOKEN_##id},
#include "lexer/tokens.def"
#undef T
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (!strcmp(names[i].symbol, symbol)) return lex_token_name(names[i].kind);
    if (!strcmp(symbol, "END")) return "end of file";
    return arena_strdup(a, symbol);
}

void parse_unexpected(struct parse *p, struct span span, const char *got, const char **expected,
                      size_t nexpected) {
    const char *text = got ? arena_printf(p->arena, "unexpected %s", shown(p->arena, got)) : "";
    for (size_t i = 0; i < nexpected; i++)
        text = arena_printf(p->arena, "%s%s %s", text, i ? " or" : ", expecting",
                            shown(p->arena, expected[i]));
    if (got && !strcmp(got, "ERROR_CHAR")) return; // the scanner has said it
    diag(p->diags, span, syntax, text);
}

struct ast_program *parse_program(struct arena *a, struct diags *d, const struct source *src) {
    struct parse p = {.arena = a, .diags = d};
    p.program = ARENA_NEW(a, struct ast_program);
    p.program->source = src;
    p.tokens = lex_source(a, d, src);
    if (p.tokens.len > 1 || diags_errors(d)) gaff_parse(&p);
    return p.program;
}
