// SPDX-License-Identifier: Apache-2.0
// What the files of output share.
#pragma once

#include <time.h>

#include "output/output.h"

struct output {
    FILE *out;
    struct output_options opts;
    const struct manifest *manifest;
    struct output_resolver resolver;
    struct strbuf line;  // scratch of the writers
    int error;           // errno of the first failed write
    struct gfp *gfp;     // gfp.c: names of bits, read on first use
    uint64_t series_end; // of the map that is printed
    int64_t apart[4];    // ns from each clock (enum nsecs_clock) to wall time; 0: not known yet
};

// Writes text and flushes as -B says.
void output_write(struct output *o, const char *text, size_t len);
// The integer in a value of an integer-like type, extended by its sign.
int64_t value_int(const struct type *type, const void *data);
// json.c: the value as JSON.
void json_value(struct output *o, struct strbuf *b, const struct type *type, const void *data);
void json_string_text(struct strbuf *b, const char *text, size_t len);
// hist.c: buckets of a histogram as lines (text) or JSON; div divides counts.
void hist_text(struct strbuf *b, const struct type *type, const uint64_t *buckets, uint32_t div);
void hist_json(struct strbuf *b, const struct type *type, const uint64_t *buckets, uint32_t div);
// series.c: the last interval that has a value; o->series_end is the latest of those printed
// together.
uint64_t series_end(const struct type *type, const void *data);
void tseries_text(struct output *o, struct strbuf *b, const struct type *type, const void *data);
void tseries_json(struct output *o, struct strbuf *b, const struct type *type, const void *data);
// value.c: a map's value, of aggregations too.
void map_value(struct output *o, struct strbuf *b, const struct type *type, const void *data,
               uint32_t div);
// stack.c: the name of a function, or the bare address.
void symbol_text(struct output *o, struct strbuf *b, const struct output_address *a);
// A stack as text, each line indented.
void stack_text(struct output *o, struct strbuf *b, const struct type *type, const void *data,
                unsigned indent);
// gfp.c: flags of an allocation by name, "GFP_KERNEL|__GFP_ZERO", into an empty `b`.
void gfp_text(struct output *o, struct strbuf *b, uint64_t flags);
// ns of a clock to wall time, by how far the two were apart when that was first asked: times of one
// run compare to the microsecond.
struct timespec output_wall_time(struct output *o, uint64_t nsecs, uint32_t clock);
void output_time(struct output *o, struct strbuf *b, const struct value_timestamp *t);
