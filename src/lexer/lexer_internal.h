// SPDX-License-Identifier: Apache-2.0
// What the scanner's actions call (scan.c). A struct lex lives for one scan.
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"
#include "lexer/lexer.h"

struct lex {
    struct arena *arena;
    struct diags *diags;
    const struct source *src;
    struct token_vec tokens;
    uint32_t begin, end; // of the text that was matched last
    unsigned depth;      // of braces
    bool in_predicate;   // between its two slashes
    int resume;          // start condition after a comment
    uint32_t start;      // of the comment, string or C definition being read
    bool is_typedef;
    struct strbuf string;
};

void lex_scan(struct lex *l);

void lex_advance(struct lex *l, size_t n);
void lex_push(struct lex *l, int kind);
void lex_keyword_and_assign(struct lex *l, int kind);
void lex_open(struct lex *l);
bool lex_close(struct lex *l); // true: back at the top level
void lex_number(struct lex *l);
void lex_positional(struct lex *l);
void lex_invalid(struct lex *l);
size_t lex_point(struct lex *l); // bytes of the attach point that begins here
void lex_comment_begin(struct lex *l, int state);
void lex_comment_unterminated(struct lex *l);
void lex_c_text(struct lex *l, const char *text, size_t len);
void lex_c_begin(struct lex *l, bool is_typedef);
bool lex_c_close(struct lex *l);      // "}": true when the definition ends here
bool lex_c_close_last(struct lex *l); // "};": likewise
void lex_c_end(struct lex *l);
void lex_c_unterminated(struct lex *l);
void lex_string_begin(struct lex *l);
bool lex_string_end(struct lex *l); // true: back at the top level
void lex_string_escape(struct lex *l, const char *digits, int base);
void lex_string_char(struct lex *l, char c);
void lex_string_text(struct lex *l, const char *text, size_t len);
void lex_string_newline(struct lex *l);
void lex_string_unterminated(struct lex *l);

// filter.c: rewrites the kinds of brackets and of the predicate's slashes.
void lex_filter(struct token_vec *tokens);
