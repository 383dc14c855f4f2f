// SPDX-License-Identifier: Apache-2.0
// Script text to an array of tokens. The scanner (lexer.l) knows keywords only; the filter
// (filter.c) then looks ahead without limit to tell casts, records, block expressions and the end
// of a predicate apart, so that the grammar needs no look-up of types.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/source.h"
#include "base/vec.h"

// Numbers of tokens; single characters stand for themselves.
enum token_kind {
    TOKEN_END = 0,
    TOKEN_FIRST = 258,
#define T(id, text) TOKEN_##id,
#include "lexer/tokens.def"
#undef T
    TOKEN_LAST
};

struct token {
    int kind;
    struct span span;
    const char *text; // names and strings, in the arena
    size_t len;       // of text
    uint64_t number;  // INT, POSITIONAL
    bool is_unsigned; // INT with suffix u
};
VEC_OF(token_vec, struct token);

// Errors go to `d`. The last token is TOKEN_END.
struct token_vec lex_source(struct arena *a, struct diags *d, const struct source *src);
// For messages: "'+='", "identifier".
const char *lex_token_name(int kind);
