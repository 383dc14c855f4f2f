// SPDX-License-Identifier: Apache-2.0
// What processes map, read from /proc and kept when they are gone.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "symbols/perfmap.h"

struct image;

struct mapping {                 // of code
    uint64_t begin, end, offset; // [begin, end); offset in the file
    ino_t ino;
    char *name;          // owned, as /proc has it: a path, "[vdso]", ""
    struct image *image; // the user's: what it found for the mapping
    bool tried;          // to find it
};

struct mappings {
    struct mapping *data;
    size_t n, cap;
};

struct process {
    pid_t pid;
    pid_t parent;         // whose mappings it began with; 0: not known
    uint64_t identity;    // changes when the number is another process's, and at exec; 0: not known
    uint64_t read_at;     // ns, when the mappings were read
    struct mappings maps; // sorted
    struct mappings older; // from before they were read again
    struct perfmap *jit;
    bool jit_tried;
    uint64_t used; // the user's: when it was asked for
    struct process *next;
};

struct process *process_new(pid_t pid);
// What is told of it, not read from /proc: that it began, as a copy of its parent, with no
// mappings that are its own; that it has a new one.
void process_began(struct process *p, pid_t parent);
void process_mapped(struct process *p, struct mapping m, const char *name);
// From /proc, if it lives.
void process_read(struct process *p);
void process_free(struct process *p);
// The process may have called exec, or another one may have its number: then reads anew.
void process_check(struct process *p);
// The mapping that holds an address, NULL if none does. Of a process that lives, what was mapped
// since is found too.
struct mapping *process_mapping(struct process *p, uint64_t address);
// Calls each(ctx, mapping) for all.
void process_each(struct process *p, void (*each)(void *ctx, struct mapping *m), void *ctx);
// The function that a just-in-time compiler made there, or NULL.
const char *process_jit(struct process *p, uint64_t address, uint64_t *begin);
