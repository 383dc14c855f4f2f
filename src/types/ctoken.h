// SPDX-License-Identifier: Apache-2.0
// Tokens of C text, for the parser of definitions (cdecl.c) and of preprocessor lines (cpp.c).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "types/types_internal.h"

enum c_kind { C_END, C_WORD, C_NUMBER, C_PUNCT, C_BAD };

struct c_scan {
    struct types *types;
    const char *text; // NUL-terminated copy
    size_t pos;       // where the next token is looked for
    enum c_kind kind; // the current token
    size_t at;        // its offset
    const char *word; // WORD: in the arena; PUNCT: one or two characters
    int64_t number;
    const char *error; // first error, or NULL
    size_t error_at;
    unsigned depth; // of nested declarations and parentheses
};

void c_begin(struct c_scan *s, struct types *t, const char *text, size_t len);
void c_next(struct c_scan *s);
bool c_is(const struct c_scan *s, const char *text); // the current token is this word or sign
bool c_accept(struct c_scan *s, const char *text);
void c_expect(struct c_scan *s, const char *text);
void c_fail(struct c_scan *s, const char *fmt, ...) ATTR_PRINTF(2, 3);
// cexpr.c: a constant expression; 0 after an error.
int64_t c_constant(struct c_scan *s);
// cdecl.c: `sizeof (` type `)` inside constant expressions; the current token is the type's first.
const struct type *c_type_name(struct c_scan *s);
// cpp.c: a line that begins with '#'.
void cpp_line(struct c_scan *s, const char *text, size_t len);
bool cpp_active(const struct types *t); // are lines here to be read?
// header.c: reads a header of the include folders or beside the script; false: not found.
bool header_read(struct types *t, const char *name, bool quoted);
