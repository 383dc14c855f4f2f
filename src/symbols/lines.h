// SPDX-License-Identifier: Apache-2.0
// Where code came from: source lines and inlined functions, by the DWARF of one file.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines;

struct lines_frame {
    const char *name; // of the function, demangled if so asked; NULL: none
    const char *file; // NULL: not known
    unsigned line;
    bool inlined;
    uint64_t entry; // of the function, where it is not inlined
};

struct lines_options {
    const char *const *dirs; // with debug information, borrowed
    size_t ndirs;
    bool demangle;
};

// `fd`, borrowed, is the program's file and stays open; `name`, borrowed, what it is called. Its
// debug information is opened at the first question.
struct lines *lines_new(int fd, const char *name, const struct lines_options *opts);
void lines_free(struct lines *s);
// What the code at a virtual address of the file belongs to: the functions that are inlined there,
// innermost first, then the function itself. 0: nothing is known. Strings are valid until the next
// call.
size_t lines_frames(struct lines *s, uint64_t address, struct lines_frame *out, size_t max);
