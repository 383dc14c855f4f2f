// SPDX-License-Identifier: Apache-2.0
// Diagnostics: collected while compiling, sorted by place, printed once in the shape
//   stdin:1:18-20: ERROR: text
//   <source line>
//                    ~~
//   HINT: text
// Ids, severities and texts are rows of diag.def: D(id, severity, "format"). Every id has a test.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/source.h"

// A hint alone is an answer that was asked for in place of a run.
enum diag_severity { DIAG_WARNING, DIAG_ERROR, DIAG_HINT };

enum diag_id {
#define D(id, severity, fmt) DIAG_##id,
#include "base/diag.def"
#undef D
    DIAG_COUNT
};

// The formats as arrays, so that the compiler checks arguments against them.
#define D(id, severity, fmt) ATTR_UNUSED static const char diag_format_##id[] = fmt;
#include "base/diag.def"
#undef D

struct diags;

struct diags *diags_new(struct arena *a);
// Reports D(id, ...) at a place: diag(d, span, unknown_function, name).
// The same id at the same place is reported once.
#define diag(d, span, id, ...) diag_report((d), (span), DIAG_##id, diag_format_##id, ##__VA_ARGS__)
void diag_report(struct diags *d, struct span span, enum diag_id id, const char *fmt, ...)
    ATTR_PRINTF(4, 5);
// Adds to the diagnostic reported last: a hint, or a second place with a text.
void diag_hint(struct diags *d, const char *fmt, ...) ATTR_PRINTF(2, 3);
void diag_note(struct diags *d, struct span span, const char *fmt, ...) ATTR_PRINTF(3, 4);
size_t diags_errors(const struct diags *d);
void diags_no_warnings(struct diags *d); // drop warnings from now on
// Prints everything collected since the last print. colour: ANSI sequences. Where the environment
// has DIAG_IDS_ENV, a line "ID: id" follows each error: for programs that sort them.
#define DIAG_IDS_ENV "__GAFF_DIAGNOSTIC_IDS"
void diags_print(struct diags *d, FILE *out, bool colour);
