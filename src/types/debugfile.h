// SPDX-License-Identifier: Apache-2.0
// Which file holds the debug information of a program or library.
#pragma once

#include <elfutils/libdw.h>

#include "types/types_internal.h"

struct debug_file {
    int fd; // owned, -1: none
    Elf *elf;
    Dwarf *dwarf; // NULL: there is no debug information
};

// Opens the DWARF of the program at `path`: its own, or that of a file which was split off and is
// found by build-id or by debug link, in the folders of `t`'s options and in /usr/lib/debug. False
// with *why in t's arena when there is none. Nothing is asked of the network.
bool debug_file_open(struct types *t, const char *path, struct debug_file *out, const char **why);
void debug_file_close(struct debug_file *f);
