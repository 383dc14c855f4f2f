// SPDX-License-Identifier: Apache-2.0
// struct symbols: each half is made when it is asked for.
#include "symbols/symbols.h"

#include <stdlib.h>

#include "symbols/symbols_internal.h"

struct symbols {
    struct symbols_options opts;
    struct kernel_symbols *kernel;
    struct user_symbols *user;
};

struct symbols *symbols_new(const struct symbols_options *opts) {
    struct symbols *s = calloc(1, sizeof(*s));
    if (s && opts) s->opts = *opts;
    return s;
}

void symbols_free(struct symbols *s) {
    if (!s) return;
    kernel_symbols_free(s->kernel);
    user_symbols_free(s->user);
    free(s);
}

bool symbols_kernel(struct symbols *s, uint64_t addr, const char **name, uint64_t *offset,
                    const char **module) {
    if (!s->kernel) s->kernel = kernel_symbols_read();
    return kernel_symbols_find(s->kernel, addr, name, offset, module);
}

size_t symbols_kernel_frames(struct symbols *s, uint64_t addr, enum symbols_place place,
                             struct symbol_frame *out, size_t max) {
    (void)place;
    *out = (struct symbol_frame){0};
    return max && symbols_kernel(s, addr, &out->name, &out->offset, &out->module);
}

static struct user_symbols *user_half(struct symbols *s) {
    if (!s->user) s->user = user_symbols_new(&s->opts);
    return s->user;
}

size_t symbols_user(struct symbols *s, pid_t pid, uint64_t addr, enum symbols_place place,
                    struct symbol_frame *out, size_t max) {
    struct user_symbols *u = user_half(s);
    return u ? user_symbols_find(u, pid, addr, place, out, max) : 0;
}

size_t symbols_file(struct symbols *s, const char *path, uint64_t vaddr, enum symbols_place place,
                    struct symbol_frame *out, size_t max) {
    struct user_symbols *u = user_half(s);
    return u ? user_symbols_file(u, path, vaddr, place, out, max) : 0;
}

bool symbols_build_id(struct symbols *s, pid_t pid, uint64_t addr, const char **id,
                      uint64_t *offset) {
    struct user_symbols *u = user_half(s);
    return u && user_symbols_build_id(u, pid, addr, id, offset);
}

int symbols_watch(struct symbols *s) {
    struct user_symbols *u = user_half(s);
    return u ? user_symbols_watch(u) : -1;
}

void symbols_watched(struct symbols *s) {
    if (s->user) user_symbols_watched(s->user);
}

void symbols_note_process(struct symbols *s, pid_t pid) {
    struct user_symbols *u = user_half(s);
    if (u) user_symbols_note(u, pid);
}
