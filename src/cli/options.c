// SPDX-License-Identifier: Apache-2.0
// The table of options, its reader and --help.
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/log.h"
#include "builtins/builtins.h"
#include "builtins/map_kinds.h"
#include "cli/cli.h"
#include "probes/probe.h"

const struct option_row option_rows[] = {
#define O(letter, name, argument, id, doc) {letter, name, argument, doc, OPT_##id},
#include "cli/options.def"
#undef O
};
const size_t noption_rows = ARRAY_LEN(option_rows);

enum { LONG_BASE = 1000 };

// A list is optional after -l: the next word is its pattern if it is no option.
static void build(struct option *longs, char *shorts) {
    size_t n = 0;
    *shorts++ = ':';
    for (size_t i = 0; i < noption_rows; i++) {
        const struct option_row *r = &option_rows[i];
        bool optional = r->id == OPT_list;
        int has = !r->argument || optional ? no_argument : required_argument;
        if (r->letter) {
            *shorts++ = (char)r->letter;
            if (has == required_argument) *shorts++ = ':';
        }
        if (*r->name) longs[n++] = (struct option){r->name, has, NULL, LONG_BASE + (int)i};
    }
    longs[n] = (struct option){0};
    *shorts = '\0';
}

static void usage(const struct options *o, FILE *out) {
    fprintf(out,
            "USAGE:\n  %s [OPTION]... FILE [ARGUMENT]...\n"
            "  %s [OPTION]... -e 'SCRIPT' [ARGUMENT]...\n"
            "  - as FILE is standard input. See gaff(8).\n",
            o->program, o->program);
}

static int bad(const struct options *o, const char *what, const char *value) {
    log_error("%s: %s", what, value);
    log_hint("%s --help lists the options", o->program);
    return 2;
}

static int set_pid(struct options *o, const char *text) {
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (end == text || *end || errno) {
        const char *why = end == text || errno ? "invalid integer" : "invalid trailing bytes";
        log_error("Failed to parse pid: %s: %s", why, text);
        return 2;
    }
    if (v < 1 || v > 0x400000) {
        log_error("Pid out of range: %s", text);
        return 2;
    }
    if (kill((pid_t)v, 0) && errno == ESRCH) {
        log_error("Failed to watch pid: No such process: %ld", v);
        return 2;
    }
    o->pid = (pid_t)v;
    return 0;
}

static int set_buffering(struct options *o, const char *text) {
    static const char *const words[] = {"line", "full", "none"};
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(words[i], text)) {
            o->buffering = words[i][0];
            return 0;
        }
    return bad(o, "-B takes line, full or none", text);
}

static int set_format(struct options *o, const char *text) {
    if (strcmp(text, "text") && strcmp(text, "json")) return bad(o, "-f takes text or json", text);
    o->format = text;
    return 0;
}

static int set_dump(struct options *o, const char *text) {
    static const char *const words[] = {"ast", "ir", "ir-opt", "bpf", "manifest", "all"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (!strcmp(words[i], text) && o->ndump < ARRAY_LEN(o->dump)) {
            o->dump[o->ndump++] = words[i];
            return 0;
        }
    return bad(o, "-d takes ast, ir, ir-opt, bpf, manifest or all", text);
}

static int apply(struct options *o, enum option_id id, const char *arg) {
    switch (id) {
    case OPT_script: o->script = arg; break;
    case OPT_list: o->list = true; break;
    case OPT_command: o->command = arg; break;
    case OPT_pid: return set_pid(o, arg);
    case OPT_output: o->output = arg; break;
    case OPT_format: return set_format(o, arg);
    case OPT_buffering: return set_buffering(o, arg);
    case OPT_dump: return set_dump(o, arg);
    case OPT_include_dir:
        if (o->ninclude_dirs < ARRAY_LEN(o->include_dirs))
            o->include_dirs[o->ninclude_dirs++] = arg;
        break;
    case OPT_include:
        if (o->nincludes < ARRAY_LEN(o->includes)) o->includes[o->nincludes++] = arg;
        break;
    case OPT_debuginfo:
        if (o->ndebug_dirs < ARRAY_LEN(o->debug_dirs)) o->debug_dirs[o->ndebug_dirs++] = arg;
        break;
    case OPT_define:
        if (o->ndefines < ARRAY_LEN(o->defines)) o->defines[o->ndefines++] = arg;
        break;
    case OPT_quiet: o->quiet = true; break;
    case OPT_verbose: o->verbose = true; break;
    case OPT_helper_errors: o->helper_errors = true; break;
    case OPT_unsafe: o->unsafe = true; break;
    case OPT_dry_run: o->dry_run = true; break;
    case OPT_check: o->check = true; break;
    case OPT_fmt: o->fmt = true; break;
    case OPT_no_warnings: o->no_warnings = true; break;
    case OPT_test: o->test = true; break;
    case OPT_bench: o->bench = true; break;
    case OPT_pins: o->pins = true; break;
    case OPT_unpin: o->unpin = arg; break;
    case OPT_info: o->info = true; break;
    case OPT_help: o->help = true; break;
    case OPT_version: o->version = true; break;
    case OPT_no_feature: setenv("GAFF_NO_FEATURE", arg, 1); break;
    case OPT_ignored:
    case OPT_ignored_arg: break;
    }
    return 0;
}

static const struct option_row *row_of(int c) {
    if (c >= LONG_BASE) return &option_rows[c - LONG_BASE];
    for (size_t i = 0; i < noption_rows; i++)
        if (option_rows[i].letter == c) return &option_rows[i];
    return NULL;
}

int options_parse(struct options *o, int argc, char **argv) {
    struct option longs[64];
    char shorts[128];
    const char *slash = strrchr(argv[0], '/');
    o->program = slash ? slash + 1 : argv[0];
    build(longs, shorts);
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (c == ':') return bad(o, "option needs a value", argv[optind - 1]);
        const struct option_row *r = c == '?' ? NULL : row_of(c);
        if (!r) {
            char letter[] = {'-', (char)optopt, '\0'};
            int status = bad(o, "unknown option", optopt ? letter : argv[optind - 1]);
            usage(o, stderr);
            return status;
        }
        int status = apply(o, r->id, optarg);
        if (status) return status;
    }
    if (o->list) {
        if (optind < argc) o->list_pattern = argv[optind++];
        return 0;
    }
    if (!o->script && optind < argc) o->file = argv[optind++];
    o->params = (const char *const *)argv + optind;
    o->nparams = (size_t)(argc - optind);
    if (o->command && o->pid) return bad(o, "-c and -p exclude each other", o->command);
    if (o->command && !*o->command) return bad(o, "-c needs a command", "it is empty");
    return 0;
}

static void help_options(void) {
    for (size_t i = 0; i < noption_rows; i++) {
        const struct option_row *r = &option_rows[i];
        char left[48] = "";
        if (r->id == OPT_ignored || r->id == OPT_ignored_arg) continue;
        if (r->letter && *r->name)
            snprintf(left, sizeof(left), "-%c, --%s", r->letter, r->name);
        else if (r->letter)
            snprintf(left, sizeof(left), "-%c", r->letter);
        else
            snprintf(left, sizeof(left), "    --%s", r->name);
        if (r->argument) {
            size_t n = strlen(left);
            snprintf(left + n, sizeof(left) - n, " %s", r->argument);
        }
        printf("  %-26s %s\n", left, r->doc);
    }
}

void options_help(const struct options *o) {
    usage(o, stdout);
    puts("\nOPTIONS:");
    help_options();
    puts("\nPROBES:");
    for (const struct provider *const *p = provider_all(); *p; p++)
        printf("  %-26s %s\n", (*p)->syntax, (*p)->doc);
    puts("\nVARIABLES:");
    for (int i = 0; i < VAR_COUNT; i++)
        printf("  %-26s %s\n", variable_rows[i].name, variable_rows[i].doc);
    puts("\nFUNCTIONS:");
    for (int i = 0; i < FN_COUNT; i++)
        printf("  %-26s %s\n", function_rows[i].name, function_rows[i].doc);
    puts("\nKINDS OF MAPS (let @name = kind(entries); or kind(entries, pin = \"name\")):");
    for (size_t i = 0; i < nmap_kinds; i++)
        printf("  %-26s %s\n", map_kinds[i].name, map_kinds[i].doc);
    puts("\nCONFIGURATION (config = { name = value }, or BPFTRACE_NAME, GAFF_NAME):");
    for (int i = 0; i < CONFIG_COUNT; i++)
        printf("  %-26s %s (%s)\n", config_rows[i].name, config_rows[i].doc,
               *config_rows[i].def ? config_rows[i].def : "none");
    puts("\nEXAMPLES:\n"
         "  gaff -l 'tracepoint:syscalls:*open*'\n"
         "  gaff -e 'kprobe:vfs_read { @[comm] = count(); }'\n"
         "  gaff -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }' -c 'ls -l'");
}
