// SPDX-License-Identifier: Apache-2.0
// Results of tests and benchmarks, as text or JSON.
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "output/output_internal.h"

FILE *output_redirect(struct output *o, FILE *to) {
    FILE *before = o->out;
    output_flush(o);
    o->out = to;
    return before;
}

bool output_is_json(const struct output *o) { return o->opts.json; }

void output_mark(struct output *o, bool good, const char *mark, const char *format, ...) {
    if (o->opts.json) return;
    bool colour = isatty(fileno(o->out));
    va_list ap;
    strbuf_clear(&o->line);
    strbuf_printf(&o->line,
                  colour ? good ? "\033[32m[%s]\033[0m " : "\033[31m[%s]\033[0m " : "[%s] ", mark);
    va_start(ap, format);
    strbuf_vprintf(&o->line, format, ap);
    va_end(ap);
    strbuf_putc(&o->line, '\n');
    output_write(o, o->line.data, o->line.len);
}

void output_test(struct output *o, const char *name, bool passed, uint64_t ns,
                 const char *printed) {
    if (!o->opts.json) {
        bool small = ns < 10000;
        output_mark(o, passed, passed ? "       OK " : "  FAILED  ", "%s (%" PRIu64 " %s)", name,
                    small ? ns : ns / 1000, small ? "ns" : "μs");
        return;
    }
    strbuf_clear(&o->line);
    strbuf_puts(&o->line, "{\"type\": \"test_result\", \"data\": {");
    json_string_text(&o->line, name, strlen(name));
    strbuf_printf(&o->line, ": {\"duration\": %" PRIu64 ", \"passed\": %s, \"output\": ", ns,
                  passed ? "true" : "false");
    json_string_text(&o->line, printed, strlen(printed));
    strbuf_puts(&o->line, "}}}\n");
    output_write(o, o->line.data, o->line.len);
}

void output_bench_head(struct output *o) {
    if (o->opts.json) return;
    strbuf_clear(&o->line);
    strbuf_printf(&o->line, "%-40s %-14s %s\n", "Benchmark", "Time(ns)", "Iterations");
    for (int i = 0; i < 66; i++) strbuf_putc(&o->line, '-');
    strbuf_putc(&o->line, '\n');
    output_write(o, o->line.data, o->line.len);
}

void output_bench(struct output *o, const char *name, uint64_t ns, uint64_t runs) {
    strbuf_clear(&o->line);
    if (o->opts.json) {
        strbuf_puts(&o->line, "{\"type\": \"benchmark_result\", \"data\": {");
        json_string_text(&o->line, name, strlen(name));
        strbuf_printf(&o->line, ": {\"average\": %" PRIu64 ", \"iters\": %" PRIu64 "}}}\n", ns,
                      runs);
    } else {
        strbuf_printf(&o->line, "%-40s %-14" PRIu64 " %" PRIu64 "\n", name, ns, runs);
    }
    output_write(o, o->line.data, o->line.len);
}
