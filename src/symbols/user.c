// SPDX-License-Identifier: Apache-2.0
// User symbols: mappings of a process, kept once they were read, and a sorted table of functions
// for each mapped file, shared by all processes that map it.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/symbols_internal.h"

struct function {
    uint64_t offset, size; // in the file, bytes
    char *name;            // owned
};

struct image {
    char *build_id; // in hexadecimal, or NULL  // an ELF file
    char *path;     // owned; as the process named it
    dev_t dev;
    ino_t ino;
    struct function *functions;
    size_t n, cap;
    struct image *next;
};

struct mapping {
    uint64_t begin, end, offset;
    struct image *image; // NULL: anonymous
};

struct process {
    pid_t pid;
    struct mapping *maps;
    size_t n, cap;
    struct process *next;
};

struct user_symbols {
    struct symbols_options opts;
    struct process *processes;
    struct image *images;
};

struct user_symbols *user_symbols_new(const struct symbols_options *opts) {
    struct user_symbols *u = calloc(1, sizeof(*u));
    if (u) u->opts = *opts;
    return u;
}

static bool add_function(void *ctx, const char *name, uint64_t offset, uint64_t size) {
    struct image *im = ctx;
    if (im->n == im->cap) {
        size_t cap = im->cap ? im->cap * 2 : 256;
        struct function *more = realloc(im->functions, cap * sizeof(*more));
        if (!more) return false;
        im->functions = more;
        im->cap = cap;
    }
    char *copy = strndup(name, strcspn(name, "@"));
    if (!copy) return false;
    im->functions[im->n++] = (struct function){offset, size, copy};
    return true;
}

static int by_offset(const void *a, const void *b) {
    const struct function *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return x->size > y->size ? -1 : x->size < y->size;
}

// `path` is where the file can be opened; `shown` how messages call it.
static struct image *image_of(struct user_symbols *u, const char *path, const char *shown) {
    struct stat st;
    if (stat(path, &st)) return NULL;
    for (struct image *im = u->images; im; im = im->next)
        if (im->dev == st.st_dev && im->ino == st.st_ino) return im;
    struct image *im = calloc(1, sizeof(*im));
    if (!im || !(im->path = strdup(shown))) {
        free(im);
        return NULL;
    }
    im->dev = st.st_dev;
    im->ino = st.st_ino;
    im->build_id = elf_build_id(path);
    elf_each_function(path, add_function, im);
    if (im->n) qsort(im->functions, im->n, sizeof(*im->functions), by_offset);
    im->next = u->images;
    u->images = im;
    return im;
}

static void add_mapping(struct process *p, struct mapping m) {
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 16;
        struct mapping *more = realloc(p->maps, cap * sizeof(*more));
        if (!more) return;
        p->maps = more;
        p->cap = cap;
    }
    p->maps[p->n++] = m;
}

static void read_maps(struct user_symbols *u, struct process *p) {
    char path[64], root[4200];
    snprintf(path, sizeof(path), "/proc/%d/maps", p->pid);
    FILE *f = fopen(path, "re");
    if (!f) return;
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, f) > 0) {
        unsigned long long begin, end, offset;
        char perms[8];
        int at = 0;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %n", &begin, &end, perms, &offset, &at) < 4)
            continue;
        if (perms[2] != 'x') continue;
        struct mapping m = {.begin = begin, .end = end, .offset = offset};
        const char *name = at ? line + at : "";
        if (*name == '/') {
            snprintf(root, sizeof(root), "/proc/%d/root%s", p->pid, name);
            m.image = image_of(u, root, name);
        }
        add_mapping(p, m);
    }
    free(line);
    fclose(f);
}

static struct process *process_of(struct user_symbols *u, pid_t pid) {
    for (struct process *p = u->processes; p; p = p->next)
        if (p->pid == pid) return p;
    struct process *p = calloc(1, sizeof(*p));
    if (!p) return NULL;
    p->pid = pid;
    read_maps(u, p);
    p->next = u->processes;
    u->processes = p;
    return p;
}

void user_symbols_note(struct user_symbols *u, pid_t pid) { process_of(u, pid); }

static const struct mapping *mapping_at(const struct process *p, uint64_t addr) {
    for (size_t i = 0; i < p->n; i++)
        if (addr >= p->maps[i].begin && addr < p->maps[i].end) return &p->maps[i];
    return NULL;
}

static const struct function *function_at(const struct image *im, uint64_t offset) {
    size_t low = 0, high = im->n;
    if (!high || offset < im->functions[0].offset) return NULL;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (im->functions[mid].offset <= offset)
            low = mid;
        else
            high = mid;
    }
    while (low && im->functions[low - 1].offset == im->functions[low].offset) low--;
    const struct function *f = &im->functions[low];
    return f->size == 0 || offset < f->offset + f->size ? f : NULL;
}

// The file that is mapped at an address, and the place in it; NULL when there is none.
static struct image *image_at(struct user_symbols *u, pid_t pid, uint64_t addr, uint64_t *at) {
    struct process *p = process_of(u, pid);
    const struct mapping *m = p ? mapping_at(p, addr) : NULL;
    if (!m && p && kill(pid, 0) == 0) { // a library that was loaded since
        p->n = 0;
        read_maps(u, p);
        m = mapping_at(p, addr);
    }
    if (!m || !m->image) return NULL;
    *at = addr - m->begin + m->offset;
    return m->image;
}

bool user_symbols_build_id(struct user_symbols *u, pid_t pid, uint64_t addr, const char **id,
                           uint64_t *offset) {
    struct image *im = image_at(u, pid, addr, offset);
    if (!im) return false;
    *id = im->build_id ? im->build_id : "";
    return true;
}

bool user_symbols_find(struct user_symbols *u, pid_t pid, uint64_t addr, const char **name,
                       uint64_t *offset, const char **module) {
    uint64_t at;
    const struct image *im = image_at(u, pid, addr, &at);
    if (!im) return false;
    const struct function *f = function_at(im, at);
    *module = im->path;
    *name = f ? f->name : NULL;
    *offset = f ? at - f->offset : at;
    return true;
}

bool user_symbols_file(struct user_symbols *u, const char *path, uint64_t vaddr, const char **name,
                       uint64_t *offset) {
    uint64_t at;
    if (!elf_is_fixed(path) || !elf_offset_of(path, vaddr, &at)) return false;
    const struct image *im = image_of(u, path, path);
    const struct function *f = im ? function_at(im, at) : NULL;
    if (!f) return false;
    *name = f->name;
    *offset = at - f->offset;
    return true;
}

void user_symbols_free(struct user_symbols *u) {
    if (!u) return;
    for (struct process *p = u->processes, *next; p; p = next) {
        next = p->next;
        free(p->maps);
        free(p);
    }
    for (struct image *im = u->images, *next; im; im = next) {
        next = im->next;
        for (size_t i = 0; i < im->n; i++) free(im->functions[i].name);
        free(im->functions);
        free(im->path);
        free(im->build_id);
        free(im);
    }
    free(u);
}
