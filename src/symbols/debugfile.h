// SPDX-License-Identifier: Apache-2.0
// Which file holds the debug information of a program or library.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <elfutils/libdw.h>

#include "base/arena.h"

struct debug_file {
    int fd; // owned, -1: none
    Elf *elf;
    Dwarf *dwarf; // NULL: there is no debug information
};

// Where it is looked for; /usr/lib/debug always.
struct debug_search {
    struct arena *arena;     // of paths and messages
    const char *const *dirs; // folders
    size_t ndirs;
};

enum debug_need { DEBUG_DWARF, DEBUG_SYMBOLS };

// Opens the DWARF of the program that can be read at `path` and is known as `name`: its own, or
// that of a file which was split off and is found by build-id or by debug link. False with *why
// when there is none. Nothing is asked of the network.
bool debug_file_open(const struct debug_search *s, const char *path, const char *name,
                     struct debug_file *out, const char **why);
// The file that was split off a program, if it has what is needed.
bool debug_file_split(const struct debug_search *s, Elf *program, const char *name,
                      enum debug_need need, struct debug_file *out);
void debug_file_close(struct debug_file *f);
