// SPDX-License-Identifier: Apache-2.0
// What each kind of event does: one handler for each enum mf_event_kind.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/runtime_internal.h"

typedef void (*handler)(struct runtime *rt, const struct mf_event *e, const void *record);

static const void *field(const struct mf_event *e, size_t i, const void *record) {
    return (const char *)record + e->fields.data[i].offset;
}

static void on_printf(struct runtime *rt, const struct mf_event *e, const void *record) {
    struct strbuf b = {0};
    output_format(rt->out, &b, e->format, &e->fields, record);
    output_text(rt->out, "printf", strbuf_str(&b));
    strbuf_free(&b);
}

static void message(struct runtime *rt, const struct mf_event *e, const void *record,
                    const char *kind) {
    struct strbuf b = {0};
    output_format(rt->out, &b, e->format, &e->fields, record);
    output_message(rt->out, kind, e, strbuf_str(&b));
    strbuf_free(&b);
}
static void on_errorf(struct runtime *rt, const struct mf_event *e, const void *record) {
    message(rt, e, record, "errorf");
}
static void on_warnf(struct runtime *rt, const struct mf_event *e, const void *record) {
    if (!rt->opts->no_warnings) message(rt, e, record, "warnf");
}

static void on_system(struct runtime *rt, const struct mf_event *e, const void *record) {
    struct strbuf b = {0};
    if (!rt->opts->unsafe) return;
    output_format(rt->out, &b, e->format, &e->fields, record);
    output_flush(rt->out);
    FILE *p = popen(strbuf_str(&b), "re");
    char text[4096];
    while (p && fgets(text, sizeof(text), p)) output_text(rt->out, "syscall", text);
    if (p) pclose(p);
    strbuf_free(&b);
}

static void on_cat(struct runtime *rt, const struct mf_event *e, const void *record) {
    struct strbuf path = {0}, text = {0};
    output_format(rt->out, &path, e->format, &e->fields, record);
    FILE *f = fopen(strbuf_str(&path), "re");
    if (!f) {
        output_flush(rt->out);
        log_error("failed to open file '%s' (%s)", strbuf_str(&path), strerror(errno));
    } else {
        uint64_t left = manifest_config_uint(rt->m, "max_cat_bytes");
        char chunk[4096];
        size_t n;
        while (left && (n = fread(chunk, 1, left < sizeof(chunk) ? left : sizeof(chunk), f)) > 0) {
            strbuf_add(&text, chunk, n);
            left -= n;
        }
        fclose(f);
        output_text(rt->out, "cat", strbuf_str(&text));
    }
    strbuf_free(&path);
    strbuf_free(&text);
}

static void on_time(struct runtime *rt, const struct mf_event *e, const void *record) {
    char text[512];
    time_t now = time(NULL);
    struct tm tm;
    (void)record;
    localtime_r(&now, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (strftime(text, sizeof(text), e->format, &tm)) output_text(rt->out, "time", text);
#pragma GCC diagnostic pop
}

static void on_join(struct runtime *rt, const struct mf_event *e, const void *record) {
    const struct type *list = e->fields.data[0].type;
    const char *p = field(e, 0, record);
    struct strbuf b = {0};
    if (list->kind != TYPE_ARRAY) return;
    for (uint32_t i = 0; i < list->count; i++, p += list->target->size) {
        size_t n = strnlen(p, list->target->size);
        if (!n) break;
        if (i) strbuf_puts(&b, e->format);
        strbuf_add(&b, p, n);
    }
    strbuf_putc(&b, '\n');
    output_text(rt->out, "join", strbuf_str(&b));
    strbuf_free(&b);
}

static void on_print(struct runtime *rt, const struct mf_event *e, const void *record) {
    output_print_value(rt->out, e->fields.data[0].type, field(e, 0, record));
}
static void on_print_map(struct runtime *rt, const struct mf_event *e, const void *record) {
    (void)record;
    rt_print_map(rt, e->map, e->top, e->div, e->then);
}
static void on_print_map_item(struct runtime *rt, const struct mf_event *e, const void *record) {
    rt_print_item(rt, e->map, field(e, 0, record), e->fields.len > 1 ? field(e, 1, record) : NULL);
}
static void on_clear(struct runtime *rt, const struct mf_event *e, const void *record) {
    (void)record;
    rt_clear_map(rt, e->map);
}
static void on_zero(struct runtime *rt, const struct mf_event *e, const void *record) {
    (void)record;
    rt_zero_map(rt, e->map);
}
static void on_exit_event(struct runtime *rt, const struct mf_event *e, const void *record) {
    int64_t status;
    memcpy(&status, field(e, 0, record), 8);
    if (!rt->status) rt->status = (int)status;
    if (!rt->exit_time) memcpy(&rt->exit_time, (const char *)record + 8, 8);
    rt->stop = true;
}
static void on_runtime_error(struct runtime *rt, const struct mf_event *e, const void *record) {
    int64_t code = 0;
    if (e->helper) memcpy(&code, field(e, 0, record), 8);
    output_runtime_error(rt->out, e, (int)code);
}
static void on_nothing(struct runtime *rt, const struct mf_event *e, const void *record) {
    (void)rt;
    (void)e;
    (void)record;
}

static const handler handlers[] = {
    [EVENT_PRINTF] = on_printf,
    [EVENT_ERRORF] = on_errorf,
    [EVENT_WARNF] = on_warnf,
    [EVENT_SYSTEM] = on_system,
    [EVENT_CAT] = on_cat,
    [EVENT_TIME] = on_time,
    [EVENT_JOIN] = on_join,
    [EVENT_PRINT] = on_print,
    [EVENT_PRINT_MAP] = on_print_map,
    [EVENT_PRINT_MAP_ITEM] = on_print_map_item,
    [EVENT_CLEAR] = on_clear,
    [EVENT_ZERO] = on_zero,
    [EVENT_EXIT] = on_exit_event,
    [EVENT_SKBOUTPUT] = on_nothing,
    [EVENT_DEBUGF] = on_nothing,
    [EVENT_RUNTIME_ERROR] = on_runtime_error,
};

const struct mf_event *rt_event_of(const struct runtime *rt, const void *record, size_t len) {
    uint32_t id;
    memcpy(&id, record, 4);
    const struct mf_event *e = id < rt->m->events.len ? &rt->m->events.data[id] : NULL;
    return e && len >= e->size ? e : NULL;
}

int rt_handle(struct runtime *rt, const void *record, size_t len) {
    const struct mf_event *e = rt_event_of(rt, record, len);
    if (e) handlers[e->kind](rt, e, record);
    return 0;
}
