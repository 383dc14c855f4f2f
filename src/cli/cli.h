// SPDX-License-Identifier: Apache-2.0
// The command line's own types.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/source.h"

enum option_id {
    OPT_script,
    OPT_list,
    OPT_command,
    OPT_pid,
    OPT_output,
    OPT_format,
    OPT_buffering,
    OPT_dump,
    OPT_include_dir,
    OPT_include,
    OPT_debuginfo,
    OPT_define,
    OPT_quiet,
    OPT_verbose,
    OPT_helper_errors,
    OPT_unsafe,
    OPT_dry_run,
    OPT_check,
    OPT_fmt,
    OPT_no_warnings,
    OPT_test,
    OPT_bench,
    OPT_pins,
    OPT_unpin,
    OPT_info,
    OPT_help,
    OPT_version,
    OPT_ignored,
    OPT_ignored_arg,
    OPT_no_feature,
};

struct option_row {
    int letter; // 0: none
    const char *name, *argument, *doc;
    enum option_id id;
};
extern const struct option_row option_rows[];
extern const size_t noption_rows;

struct options {
    const char *program; // argv[0]'s last part
    const char *script;  // -e
    const char *file;    // or "-"
    const char *list_pattern;
    const char *command, *output, *format;
    const char *unpin;
    const char *dump[8];
    size_t ndump;
    const char *include_dirs[32], *includes[32], *defines[32];
    const char *debug_dirs[32];
    size_t ninclude_dirs, nincludes, ndefines, ndebug_dirs;
    const char *const *params;
    size_t nparams;
    pid_t pid;
    int buffering;
    bool list, quiet, verbose, helper_errors, unsafe, dry_run, check, fmt, no_warnings, test, bench,
        info, pins, help, version;
};

// Reads argv. 0: go on; else the exit status plus one, after a message.
int options_parse(struct options *o, int argc, char **argv);
void options_help(const struct options *o);

int list_run(const struct options *o); // list.c
// Types of the kernel: `text` is "struct GLOB", "union GLOB" or "enum GLOB". False when there are
// none.
bool list_types(const char *text, bool verbose); // list_types.c
// A script's text out of a file ("-": standard input) in the arena; NULL after a message.
const struct source *script_read(struct arena *a, const char *file); // script.c
int info_run(void);                                                  // info.c
int script_run(const struct options *o);                             // script.c

struct child { // child.c: a command that waits for its start
    pid_t pid;
    int go;      // write a byte to let it exec; -1
    int failure; // gives the errno of an exec that failed; -1
    char *path;  // of the program, owned
};
// Forks; the child waits. False after a message.
bool child_start(const char *command, struct child *c);
// Ends it, if it has not ended. False, after a message, when the command could not be run.
bool child_end(struct child *c);
