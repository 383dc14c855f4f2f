// SPDX-License-Identifier: Apache-2.0
// Prototype strings of functions.def: "result(kind, [kind], ...)". Brackets: may be left out;
// "..." at the end: any number of further arguments.
//   int      an integer        ptr    a pointer or an integer   string   a string
//   literal  a string literal  const  an integer literal        any      anything
//   map      a map by name     var    a $variable
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum signature_kind {
    SIG_INT,
    SIG_PTR,
    SIG_STRING,
    SIG_LITERAL,
    SIG_CONST,
    SIG_ANY,
    SIG_MAP,
    SIG_VAR
};

enum { SIGNATURE_MAX = 6 };

struct signature {
    char result[24];
    enum signature_kind args[SIGNATURE_MAX];
    unsigned required, total; // arguments; total counts optional ones
    bool varargs;
};

// False when the text is malformed (a mistake in functions.def).
bool signature_parse(const char *text, struct signature *out);
const char *signature_kind_name(enum signature_kind kind);
