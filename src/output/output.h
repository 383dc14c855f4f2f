// SPDX-License-Identifier: Apache-2.0
// Prints values, maps and messages as text or JSON. One value model: a type and the bytes of
// the value as types/type.h lays them out.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/strbuf.h"
#include "object/manifest.h"
#include "symbols/symbols.h"
#include "types/type.h"

struct output;

struct output_address { // of code
    bool kernel;
    uint32_t pid; // of a program
    uint64_t address;
};

// What output asks the runtime: names of addresses, stacks, strings of the manifest.
struct output_resolver {
    void *ctx;
    // Frames of a stack; gives how many were copied to `ips` (at most max).
    uint32_t (*stack)(void *ctx, const struct type *type, const struct value_stack *v,
                      uint64_t *ips, uint32_t max);
    // What is at an address, as symbols_user gives it.
    size_t (*frames)(void *ctx, const struct output_address *a, enum symbols_place place,
                     struct symbol_frame *out, size_t max);
    bool (*build_id)(void *ctx, uint32_t pid, uint64_t addr, const char **id, uint64_t *offset);
    char *(*cgroup_path)(void *ctx, uint64_t id, const char *pattern); // freed by the caller
    // The running kernel's enum that has this constant, complete; NULL when there is none.
    const struct type *(*kernel_enum)(void *ctx, const char *constant);
};

struct output_options {
    bool json;
    int buffering; // 'l', 'f', 'n'
};

struct output *output_new(FILE *out, const struct output_options *opts, const struct manifest *m,
                          const struct output_resolver *resolver);
void output_free(struct output *o);
// 0, or the errno of the first write that failed (EPIPE, ENOSPC).
int output_error(const struct output *o);
int output_flush(struct output *o);

// Appends a value as print() shows it in text.
void output_value(struct output *o, struct strbuf *b, const struct type *type, const void *data);
// printf: formats the fields of a record. Appends to `b`.
void output_format(struct output *o, struct strbuf *b, const char *format,
                   const struct mf_fields *fields, const void *record);
// Writes text that an event produced; kind is the JSON type ("printf", "time", ...).
void output_text(struct output *o, const char *kind, const char *text);
// print(value): a line.
void output_print_value(struct output *o, const struct type *type, const void *data);

// One entry of a map: key (NULL for keyless) and value, per-CPU values already merged.
struct output_entry {
    const void *key;
    const void *value;
};
// Prints a map, sorted as bpftrace sorts, with print()'s top and div (0: not given).
// A keyless map that holds nothing has n = 0.
void output_map(struct output *o, const struct mf_map *map, const struct output_entry *entries,
                size_t n, uint32_t top, uint32_t div);
void output_map_item(struct output *o, const struct mf_map *map, const struct output_entry *e);
// Other lines of the JSON stream: attached_probes, lost_events; in text: to stderr, or nothing.
void output_attached(struct output *o, size_t n);
void output_lost(struct output *o, uint64_t n);
// errorf, warnf: kind is "errorf" or "warnf"; with the place of the call.
void output_message(struct output *o, const char *kind, const struct mf_event *e, const char *text);
// What went wrong at a place of the script while it ran; `code` is what the helper gave.
void output_runtime_error(struct output *o, const struct mf_event *e, int code);
// An error of the run at a place of the script, with its line; column 0: none. To stderr.
void output_error_at(struct output *o, uint32_t line, uint32_t column, uint32_t end,
                     const char *format, ...) ATTR_PRINTF(5, 6);
// A line of the script, and below it an underline from a column to before another, all 1-based.
// column 0: no underline.
void output_excerpt(FILE *out, const char *source, uint32_t line, uint32_t column, uint32_t end);
// ---- results of --test and --bench (trial.c) ----
// Writes to another file from now on; gives the file before.
FILE *output_redirect(struct output *o, FILE *to);
bool output_is_json(const struct output *o);
// "[ mark ] text", in colour on a terminal; nothing in JSON.
void output_mark(struct output *o, bool good, const char *mark, const char *format, ...)
    ATTR_PRINTF(4, 5);
// One test: how long it ran (ns) and, in JSON, what it printed.
void output_test(struct output *o, const char *name, bool passed, uint64_t ns, const char *printed);
void output_bench_head(struct output *o);
void output_bench(struct output *o, const char *name, uint64_t ns, uint64_t runs); // ns: of one run
// Merges the per-CPU copies of an aggregate into `out` (type->size bytes).
void output_merge_percpu(const struct type *type, const void *const *copies, size_t ncpus,
                         void *out);
