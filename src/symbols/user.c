// SPDX-License-Identifier: Apache-2.0
// User symbols: finds the process, its mapping, the file that is mapped, the function in it. Files
// are shared by all processes that map them. What is kept is bounded, oldest use first out.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "symbols/image.h"
#include "symbols/process.h"
#include "symbols/symbols_internal.h"
#include "symbols/watch.h"

enum {
    MAX_PROCESSES = 4096,
    PROCESS_BUCKETS = 1024,
    MAX_PARENTS = 8,
    MAX_IMAGES = 256,
    MAX_IMAGE_BYTES = 256 << 20, // of their tables of functions
};

struct held_image {
    struct image *image;
    uint64_t used;
};

struct user_symbols {
    struct lines_options opts;
    bool lines;
    struct process *processes[PROCESS_BUCKETS]; // by pid
    size_t nprocesses;
    struct held_image images[MAX_IMAGES];
    size_t nimages;
    struct image *vdso;
    bool vdso_tried;
    struct watch *watch; // NULL: none
    uint64_t clock;      // of uses
};

struct user_symbols *user_symbols_new(const struct symbols_options *opts) {
    struct user_symbols *u = calloc(1, sizeof(*u));
    if (!u) return NULL;
    u->opts = (struct lines_options){opts->debug_dirs, opts->ndebug_dirs, opts->demangle};
    u->lines = opts->lines;
    return u;
}

void user_symbols_free(struct user_symbols *u) {
    if (!u) return;
    for (size_t i = 0; i < PROCESS_BUCKETS; i++)
        for (struct process *p = u->processes[i], *next; p; p = next) {
            next = p->next;
            process_free(p);
        }
    for (size_t i = 0; i < u->nimages; i++) image_free(u->images[i].image);
    image_free(u->vdso);
    watch_close(u->watch);
    free(u);
}

// ---- processes ----

static void forget_process(struct user_symbols *u) {
    struct process **oldest = NULL;
    for (size_t i = 0; i < PROCESS_BUCKETS; i++)
        for (struct process **p = &u->processes[i]; *p; p = &(*p)->next)
            if (!oldest || (*p)->used < (*oldest)->used) oldest = p;
    if (!oldest) return;
    struct process *gone = *oldest;
    *oldest = gone->next;
    process_free(gone);
    u->nprocesses--;
}

// The process as it is kept, or a new one of which nothing is known.
static struct process *process_kept(struct user_symbols *u, pid_t pid) {
    struct process **bucket = &u->processes[(unsigned)pid % PROCESS_BUCKETS], *p = *bucket;
    while (p && p->pid != pid) p = p->next;
    if (!p) {
        if (u->nprocesses >= MAX_PROCESSES) forget_process(u);
        p = process_new(pid);
        if (!p) return NULL;
        p->next = *bucket;
        *bucket = p;
        u->nprocesses++;
    }
    p->used = ++u->clock;
    return p;
}

static struct process *process_of(struct user_symbols *u, pid_t pid, bool check) {
    if (u->watch && check) watch_read(u->watch);
    struct process *p = process_kept(u, pid);
    if (p && (check || !p->identity)) process_check(p);
    return p;
}

void user_symbols_note(struct user_symbols *u, pid_t pid) { process_of(u, pid, true); }

static void on_mapped(void *ctx, pid_t pid, uint64_t begin, uint64_t size, uint64_t offset,
                      ino_t ino, const char *name) {
    struct process *p = process_kept(ctx, pid);
    struct mapping m = {.begin = begin, .end = begin + size, .offset = offset, .ino = ino};
    if (p) process_mapped(p, m, name);
}

static void on_exec(void *ctx, pid_t pid) {
    struct process *p = process_kept(ctx, pid);
    if (p) process_began(p, 0);
}

static void on_forked(void *ctx, pid_t pid, pid_t parent) {
    struct process *p = process_kept(ctx, pid);
    if (p) process_began(p, parent);
}

int user_symbols_watch(struct user_symbols *u) {
    struct watch_handler handler = {u, on_mapped, on_exec, on_forked};
    if (!u->watch) u->watch = watch_open(&handler);
    return u->watch ? watch_fd(u->watch) : -1;
}

void user_symbols_watched(struct user_symbols *u) {
    if (u->watch) watch_read(u->watch);
}

// The mapping that holds an address, in *p; or in the process that *p was a copy of.
static struct mapping *mapping_of(struct user_symbols *u, struct process **p, uint64_t address) {
    struct mapping *m = *p ? process_mapping(*p, address) : NULL;
    for (int i = 0; i < MAX_PARENTS && *p && !m && (*p)->parent; i++) {
        *p = process_of(u, (*p)->parent, false);
        m = *p ? process_mapping(*p, address) : NULL;
    }
    return m;
}

// ---- files ----

static void unmap_image(void *ctx, struct mapping *m) {
    if (m->image != ctx) return;
    m->image = NULL;
    m->tried = false;
}

static void forget_image(struct user_symbols *u) {
    size_t oldest = 0;
    for (size_t i = 1; i < u->nimages; i++)
        if (u->images[i].used < u->images[oldest].used) oldest = i;
    struct image *gone = u->images[oldest].image;
    for (size_t i = 0; i < PROCESS_BUCKETS; i++)
        for (struct process *p = u->processes[i]; p; p = p->next)
            process_each(p, unmap_image, gone);
    image_free(gone);
    u->images[oldest] = u->images[--u->nimages];
}

// Makes room for one more.
static void bound_images(struct user_symbols *u) {
    size_t bytes = 0;
    for (size_t i = 0; i < u->nimages; i++) bytes += image_size(u->images[i].image);
    while (u->nimages && (u->nimages == MAX_IMAGES || bytes > MAX_IMAGE_BYTES)) {
        forget_image(u);
        bytes = 0;
        for (size_t i = 0; i < u->nimages; i++) bytes += image_size(u->images[i].image);
    }
}

// `path` is where the file can be opened; `name` how messages call it. ino 0: any file there.
static struct image *image_of(struct user_symbols *u, const char *path, const char *name,
                              ino_t ino) {
    struct stat st;
    if (stat(path, &st) || (ino && st.st_ino != ino)) return NULL;
    for (size_t i = 0; i < u->nimages; i++)
        if (image_is(u->images[i].image, st.st_dev, st.st_ino)) return u->images[i].image;
    bound_images(u);
    struct image *im = image_open(path, name, &u->opts);
    if (im) u->images[u->nimages++] = (struct held_image){im, ++u->clock};
    return im;
}

static struct image *vdso(struct user_symbols *u) {
    if (!u->vdso_tried) u->vdso = image_vdso();
    u->vdso_tried = true;
    return u->vdso;
}

// The very file that is mapped, also when it was deleted or replaced; where the kernel does not
// give it, the one of that path as the process sees it; and when the process is gone, as we do. A
// file of another inode is another file.
static struct image *find_image(struct user_symbols *u, pid_t pid, const struct mapping *m) {
    char path[4200];
    if (!strcmp(m->name, "[vdso]")) return vdso(u);
    if (*m->name != '/') return NULL;
    snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid, (unsigned long long)m->begin,
             (unsigned long long)m->end);
    struct image *im = image_of(u, path, m->name, m->ino);
    if (im) return im;
    snprintf(path, sizeof(path), "/proc/%d/root%s", pid, m->name);
    im = image_of(u, path, m->name, m->ino);
    return im ? im : image_of(u, m->name, m->name, m->ino);
}

static struct image *image_at(struct user_symbols *u, const struct process *p, struct mapping *m) {
    if (!m->tried) m->image = find_image(u, p->pid, m);
    m->tried = true;
    for (size_t i = 0; m->image && i < u->nimages; i++)
        if (u->images[i].image == m->image) u->images[i].used = ++u->clock;
    return m->image;
}

// ---- answers ----

// What an image knows of an address: the function and, where asked for, what is inlined there.
static size_t frames_of(const struct user_symbols *u, struct image *im, uint64_t address,
                        enum symbols_place place, struct symbol_frame *out, size_t max) {
    struct lines_frame found[SYMBOLS_MAX_FRAMES];
    uint64_t begin = address, pc = place == SYMBOLS_CALLER ? address - 1 : address;
    size_t n = u->lines && place != SYMBOLS_NAME
                   ? image_lines(im, pc, found, max < SYMBOLS_MAX_FRAMES ? max : SYMBOLS_MAX_FRAMES)
                   : 0;
    const char *name = image_function(im, address, &begin);
    for (size_t i = 0; i < n; i++)
        out[i] = (struct symbol_frame){.name = found[i].name,
                                       .module = image_name(im),
                                       .file = found[i].file,
                                       .line = found[i].line,
                                       .inlined = found[i].inlined};
    if (!n) out[n++] = (struct symbol_frame){.module = image_name(im)};
    struct symbol_frame *function = &out[n - 1];
    if (name)
        function->name = name;
    else if (function->name)
        begin = found[n - 1].entry;
    function->offset = address - begin;
    return n;
}

size_t user_symbols_find(struct user_symbols *u, pid_t pid, uint64_t address,
                         enum symbols_place place, struct symbol_frame *out, size_t max) {
    struct process *p = process_of(u, pid, place != SYMBOLS_CALLER);
    struct mapping *m = mapping_of(u, &p, address);
    if (!m) return 0;
    uint64_t at, begin;
    struct image *im = image_at(u, p, m);
    if (im && image_address(im, address - m->begin + m->offset, &at))
        return frames_of(u, im, at, place, out, max);
    const char *name = process_jit(p, address, &begin);
    *out = (struct symbol_frame){.name = name, .module = m->name};
    if (!name) return 1;
    out->offset = address - begin;
    out->module = perfmap_name(p->jit);
    return 1;
}

bool user_symbols_build_id(struct user_symbols *u, pid_t pid, uint64_t address, const char **id,
                           uint64_t *offset) {
    struct process *p = process_of(u, pid, false);
    struct mapping *m = mapping_of(u, &p, address);
    struct image *im = m ? image_at(u, p, m) : NULL;
    if (!im) return false;
    *id = image_build_id(im);
    *offset = address - m->begin + m->offset;
    return true;
}

size_t user_symbols_file(struct user_symbols *u, const char *path, uint64_t address,
                         enum symbols_place place, struct symbol_frame *out, size_t max) {
    struct image *im = image_of(u, path, path, 0);
    uint64_t begin;
    if (!im || !image_is_fixed(im) || !image_function(im, address, &begin)) return 0;
    return frames_of(u, im, address, place, out, max);
}
