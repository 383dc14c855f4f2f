// SPDX-License-Identifier: Apache-2.0
// Addresses and stacks as text: a line for a function, and one for each that is inlined in it.
#include <inttypes.h>
#include <string.h>

#include "output/output_internal.h"

enum { MAX_FRAMES = 1024 };

static size_t look_up(struct output *o, const struct output_address *a, enum symbols_place place,
                      struct symbol_frame *out, size_t max) {
    return o->resolver.frames ? o->resolver.frames(o->resolver.ctx, a, place, out, max) : 0;
}

void symbol_text(struct output *o, struct strbuf *b, const struct output_address *a) {
    struct symbol_frame f;
    if (look_up(o, a, SYMBOLS_NAME, &f, 1) && f.name)
        strbuf_puts(b, f.name);
    else
        strbuf_printf(b, "0x%" PRIx64, a->address);
}

// "function+12@/source/file.c:34", "[inlined] function@..."
static void put_frame(struct strbuf *b, const struct symbol_frame *f) {
    if (f->inlined)
        strbuf_printf(b, "[inlined] %s", f->name);
    else
        strbuf_printf(b, "%s+%" PRIu64, f->name, f->offset);
    if (f->file) strbuf_printf(b, "@%s:%u", f->file, f->line);
}

// "function+12 (/program)", "function (inlined)"; functions of the kernel have no file.
static void put_perf_frame(struct strbuf *b, const struct symbol_frame *f, bool kernel) {
    strbuf_puts(b, f->name);
    if (f->inlined)
        strbuf_puts(b, " (inlined)");
    else
        strbuf_printf(b, "+%" PRIu64, f->offset);
    if (!f->inlined && !kernel) strbuf_printf(b, " (%s)", f->module);
}

static void put_address(struct output *o, struct strbuf *b, const struct output_address *a,
                        enum symbols_place place, bool perf, unsigned indent) {
    struct symbol_frame frames[SYMBOLS_MAX_FRAMES];
    size_t n = look_up(o, a, place, frames, SYMBOLS_MAX_FRAMES);
    bool known = false;
    for (size_t i = 0; i <= n; i++) {
        if (i == n ? known : !frames[i].name) continue;
        if (perf)
            strbuf_printf(b, "\t%" PRIx64 " ", a->address);
        else
            strbuf_printf(b, "%*s", (int)indent, "");
        if (i == n)
            strbuf_printf(b, "0x%" PRIx64 "%s", a->address,
                          perf && !a->kernel ? " ([unknown])" : "");
        else if (perf)
            put_perf_frame(b, &frames[i], a->kernel);
        else
            put_frame(b, &frames[i]);
        strbuf_putc(b, '\n');
        known = true;
    }
}

// The build-id of the file and the place in it; the bare address where no file is mapped.
static void put_build_id(struct output *o, struct strbuf *b, uint32_t pid, uint64_t ip) {
    const char *id = "";
    uint64_t offset;
    bool known =
        o->resolver.build_id && o->resolver.build_id(o->resolver.ctx, pid, ip, &id, &offset);
    if (known && *id)
        strbuf_printf(b, "%s 0x%" PRIx64 "\n", id, offset);
    else
        strbuf_printf(b, "0x%" PRIx64 "\n", ip);
}

void stack_text(struct output *o, struct strbuf *b, const struct type *type, const void *data,
                unsigned indent) {
    struct value_stack v;
    uint64_t ips[MAX_FRAMES];
    memcpy(&v, data, sizeof(v));
    uint32_t n = v.nr && o->resolver.stack
                     ? o->resolver.stack(o->resolver.ctx, type, &v, ips,
                                         type->param < MAX_FRAMES ? type->param : MAX_FRAMES)
                     : 0;
    strbuf_putc(b, '\n');
    for (uint32_t i = 0; i < n; i++) {
        struct output_address a = {
            .kernel = type->kind == TYPE_KSTACK, .pid = v.pid, .address = ips[i]};
        // All but the first are where calls return to.
        enum symbols_place place = i ? SYMBOLS_CALLER : SYMBOLS_TOP;
        switch ((enum stack_mode)type->mode) {
        case STACK_MODE_RAW: strbuf_printf(b, "%" PRIx64 "\n", ips[i]); break;
        case STACK_MODE_BUILD_ID: put_build_id(o, b, v.pid, ips[i]); break;
        case STACK_MODE_PERF:
        case STACK_MODE_BPFTRACE:
            put_address(o, b, &a, place, type->mode == STACK_MODE_PERF, indent);
        }
    }
}
