// SPDX-License-Identifier: Apache-2.0
// Errors of a running script: the place, the reason, the line of the script.
#include <stdarg.h>
#include <string.h>

#include "output/output_internal.h"

void output_excerpt(FILE *out, const char *source, uint32_t line, uint32_t column, uint32_t end) {
    for (uint32_t i = 1; i < line && source; i++) {
        source = strchr(source, '\n');
        if (source) source++;
    }
    if (!source || !*source || !line) return;
    fprintf(out, "%.*s\n", (int)strcspn(source, "\n"), source);
    if (!column) return;
    for (uint32_t i = 1; i < column && *source && *source != '\n'; i++, source++)
        fputc(*source == '\t' ? '\t' : ' ', out);
    uint32_t n = end > column ? end - column : 1;
    while (n--) fputc('~', out);
    fputc('\n', out);
}

void output_error_at(struct output *o, uint32_t line, uint32_t column, uint32_t end,
                     const char *format, ...) {
    va_list ap;
    output_flush(o);
    fprintf(stderr, "%s:%u", o->manifest->source_name, line);
    if (column) fprintf(stderr, ":%u-%u", column, end);
    fputs(": ERROR: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    output_excerpt(stderr, o->manifest->source_text, line, column, end);
}

static void put_json(struct output *o, const struct mf_event *e, int code, const char *text) {
    const char *name = o->manifest->source_name;
    strbuf_clear(&o->line);
    strbuf_printf(&o->line,
                  "{\"type\": \"%s\", \"msg\": ", e->helper ? "helper_error" : "runtime_error");
    json_string_text(&o->line, text, strlen(text));
    if (e->helper)
        strbuf_printf(&o->line, ", \"helper\": \"%s\", \"retcode\": %d", e->helper, code);
    strbuf_puts(&o->line, ", \"filename\": ");
    json_string_text(&o->line, name, strlen(name));
    strbuf_printf(&o->line, ", \"line\": %u, \"col\": %u}\n", e->line, e->column);
    output_write(o, o->line.data, o->line.len);
}

void output_runtime_error(struct output *o, const struct mf_event *e, int code) {
    const char *text = e->format ? e->format : strerror(-code);
    if (o->opts.json) {
        put_json(o, e, code, text);
        return;
    }
    output_flush(o);
    fprintf(stderr, "%s:%u:%u", o->manifest->source_name, e->line, e->column);
    if (e->end_column > e->column) fprintf(stderr, "-%u", e->end_column);
    fprintf(stderr, ": WARNING: %s\n", text);
    if (e->helper) fprintf(stderr, "Additional Info - helper: %s, retcode: %d\n", e->helper, code);
    if (e->column)
        output_excerpt(stderr, o->manifest->source_text, e->line, e->column, e->end_column);
}
