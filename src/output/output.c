// SPDX-License-Identifier: Apache-2.0
// The one writer: text or JSON lines, buffered as -B says; the first failed write is kept.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/output_internal.h"

struct output *output_new(FILE *out, const struct output_options *opts, const struct manifest *m,
                          const struct output_resolver *resolver) {
    struct output *o = calloc(1, sizeof(*o));
    if (!o) return NULL;
    o->out = out;
    o->opts = *opts;
    o->manifest = m;
    if (resolver) o->resolver = *resolver;
    return o;
}

void output_free(struct output *o) {
    if (!o) return;
    strbuf_free(&o->line);
    free(o->gfp);
    free(o);
}

int output_error(const struct output *o) { return o->error; }

int output_flush(struct output *o) {
    if (fflush(o->out) && !o->error) o->error = errno;
    return o->error;
}

void output_write(struct output *o, const char *text, size_t len) {
    if (o->error || !len) return;
    if (fwrite(text, 1, len, o->out) != len) o->error = errno ? errno : EIO;
    if (o->opts.buffering == 'n') output_flush(o);
}

static void json_line(struct output *o, const char *kind, const char *text, size_t len) {
    strbuf_clear(&o->line);
    strbuf_printf(&o->line, "{\"type\": \"%s\", \"data\": ", kind);
    json_string_text(&o->line, text, len);
    strbuf_puts(&o->line, "}\n");
    output_write(o, o->line.data, o->line.len);
}

void output_text(struct output *o, const char *kind, const char *text) {
    if (o->opts.json)
        json_line(o, kind, text, strlen(text));
    else
        output_write(o, text, strlen(text));
}

void output_print_value(struct output *o, const struct type *type, const void *data) {
    strbuf_clear(&o->line);
    if (o->opts.json) {
        strbuf_puts(&o->line, "{\"type\": \"value\", \"data\": ");
        json_value(o, &o->line, type, data);
        strbuf_putc(&o->line, '}');
    } else {
        output_value(o, &o->line, type, data);
    }
    strbuf_putc(&o->line, '\n');
    output_write(o, o->line.data, o->line.len);
}

void output_attached(struct output *o, size_t n) {
    if (o->opts.json) {
        strbuf_clear(&o->line);
        strbuf_printf(
            &o->line,
            "{\"type\": \"attached_probes\", \"count\": %zu, \"data\": {\"probes\": %zu}}\n", n, n);
        output_write(o, o->line.data, o->line.len);
        output_flush(o);
    } else {
        fprintf(stderr, "Attached %zu probe%s\n", n, n == 1 ? "" : "s");
    }
}

void output_lost(struct output *o, uint64_t n) {
    if (o->opts.json) {
        strbuf_clear(&o->line);
        strbuf_printf(
            &o->line,
            "{\"type\": \"lost_events\", \"count\": %llu, \"data\": {\"events\": %llu}}\n",
            (unsigned long long)n, (unsigned long long)n);
        output_write(o, o->line.data, o->line.len);
    } else {
        output_flush(o);
        fprintf(stderr, "Lost %llu events\n", (unsigned long long)n);
    }
}

void output_message(struct output *o, const char *kind, const struct mf_event *e,
                    const char *text) {
    const char *name = e->at.file ? e->at.file : o->manifest->source_name;
    if (!o->opts.json) {
        size_t n = strlen(text);
        output_flush(o);
        output_place(stderr, o, &e->at);
        fprintf(stderr, ": %s: %s%s", *kind == 'e' ? "ERROR" : "WARNING", text,
                n && text[n - 1] == '\n' ? "" : "\n");
        output_expansions(stderr, o, e);
        return;
    }
    strbuf_clear(&o->line);
    strbuf_printf(&o->line, "{\"type\": \"%s\", \"msg\": ", kind);
    json_string_text(&o->line, text, strlen(text));
    strbuf_puts(&o->line, ", \"filename\": ");
    json_string_text(&o->line, name, strlen(name));
    strbuf_printf(&o->line, ", \"line\": %u, \"col\": %u}\n", e->at.line, e->at.column);
    output_write(o, o->line.data, o->line.len);
}
