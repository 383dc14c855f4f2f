// SPDX-License-Identifier: Apache-2.0
// clang as a compiler of C text, for what the own reader (cdecl.c) and BTF do not have. It is a
// program of the system, looked for and started only when a script needs it; what it gave is kept
// (cache.h) and then used without starting it again.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum clang_status {
    CLANG_OK,
    CLANG_ABSENT,  // there is none
    CLANG_REFUSED, // it does not compile: see messages
};

struct clang_job {
    const char *text; // C text, or NULL: `file` is compiled
    const char *file; // path
    const char *const *args;
    size_t nargs;
    bool is_object; // BPF code is wanted; else types, from a compilation for this machine
};

struct clang_answer {
    enum clang_status status;
    const char *data; // OK: an ELF object with BTF, in the arena
    size_t len;
    const char *values;   // OK, types: lines "i NAME NUMBER" and "s NAME TEXT" of macros asked for
    const char *messages; // REFUSED: clang's text, "FILE:LINE:COLUMN: error: ..."; never NULL
};

// The program: $GAFF_CLANG if set, else the first of `clang`, `clang-NN` (newest first) in PATH.
// NULL when there is none.
const char *clang_path(struct arena *a);
// Compiles, or takes the answer from the cache. Everything in the answer is in the arena.
struct clang_answer clang_compile(struct arena *a, const struct clang_job *job);
// C text that makes the values of a macro part of the answer, if it is one: an #ifdef with a place
// of its own, so that a message about it can be told by its file, "<NAME>". In the arena.
const char *clang_probe(struct arena *a, const char *name);

// One of clang's messages: an error, or "In file included from FILE:LINE:", which comes before the
// error, outermost first.
struct clang_message {
    const char *file, *text; // text: NULL for an inclusion
    unsigned line, column;   // from 1; column 0 for an inclusion
    bool is_error;
};
// The next of them in *text, which moves behind it; warnings and notes are passed over. False at
// the end.
bool clang_next_message(struct arena *a, const char **text, struct clang_message *m);
