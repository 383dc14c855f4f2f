// SPDX-License-Identifier: Apache-2.0
// Runs an object: load, attach, read events until the end, detach, print what remains. Knows
// nothing of scripts, and is linked without LLVM.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct rt_options {
    const char *const *command;    // -c, split into argv (NULL-terminated), or NULL
    pid_t child;                   // -c: the child, stopped before exec; 0
    int child_go;                  // write one byte and close to let it exec; -1
    pid_t pid;                     // -p
    const char *output_path;       // -o
    const char *const *debug_dirs; // --debuginfo
    size_t ndebug_dirs;
    const char *format;               // "text" or "json"
    int buffering;                    // -B: 'l' line, 'f' full, 'n' none; 0 default
    bool quiet, verbose, verify_only; // -q, -v, --dry-run
    bool keep_errors;                 // -k: print failures of helpers
    bool no_warnings;
    bool unsafe;
    bool test, bench; // run the script's tests, benchmarks, then end
};

// Pinned maps (pins.c). Each gives an exit status, after a message where it is 1.
int rt_pins_list(FILE *out); // a table: name, kind, key, value, entries
int rt_pin_remove(const char *name);

// Gives the exit status of the program (0; 1 after errors that were printed; exit()'s argument).
// `object` stays the caller's.
int rt_run(const void *object, size_t len, const struct rt_options *opts);
