// SPDX-License-Identifier: Apache-2.0
// Mappings of a process. Which files they are is up to user.c.
#include "symbols/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { READ_AGAIN = 10000000 }; // ns: not more often, where an address is in no mapping

// When the process began and where its program's code is, from /proc/PID/stat: the fields 22 and
// 26 of proc(5), counted here from the third, which follows the name in parentheses.
static uint64_t identity_of(pid_t pid) {
    enum { STATE = 3, START_TIME = 22, START_CODE = 26, START_STACK = 28 };
    char path[64], text[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *f = fopen(path, "re");
    size_t len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    if (f) fclose(f);
    text[len] = '\0';
    char *at = strrchr(text, ')');
    uint64_t id = 0;
    if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X') return 0;
    at += 2;
    for (int field = STATE; field <= START_STACK; field++) {
        if (field == START_TIME || field == START_CODE || field == START_STACK)
            id = id * 1000003 + strtoull(at, NULL, 10);
        at = strchr(at, ' ');
        if (!at++) break;
    }
    return id ? id : 1;
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void maps_free(struct mappings *m) {
    for (size_t i = 0; i < m->n; i++) free(m->data[i].name);
    free(m->data);
    *m = (struct mappings){0};
}

static void add_mapping(struct mappings *maps, struct mapping m, const char *name) {
    if (maps->n == maps->cap) {
        size_t cap = maps->cap ? maps->cap * 2 : 8;
        struct mapping *more = realloc(maps->data, cap * sizeof(*more));
        if (!more) return;
        maps->data = more;
        maps->cap = cap;
    }
    m.name = strdup(name);
    if (m.name) maps->data[maps->n++] = m;
}

static void read_maps(struct process *p) {
    char path[64], *line = NULL;
    size_t cap = 0;
    struct mappings maps = {0};
    p->read_at = now();
    snprintf(path, sizeof(path), "/proc/%d/maps", p->pid);
    FILE *f = fopen(path, "re");
    while (f && getline(&line, &cap, f) > 0) {
        unsigned long long begin, end, offset, ino;
        char perms[8];
        int at = 0;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%llx-%llx %7s %llx %*s %llu %n", &begin, &end, perms, &offset, &ino,
                   &at) < 5)
            continue;
        if (perms[2] != 'x') continue;
        struct mapping m = {.begin = begin, .end = end, .offset = offset, .ino = (ino_t)ino};
        add_mapping(&maps, m, at ? line + at : "");
    }
    free(line);
    if (f) fclose(f);
    if (!maps.n) return; // it has ended: what is known stays
    maps_free(&p->older);
    p->older = p->maps;
    p->maps = maps;
}

struct process *process_new(pid_t pid) {
    struct process *p = calloc(1, sizeof(*p));
    if (p) p->pid = pid;
    return p;
}

void process_read(struct process *p) {
    p->identity = identity_of(p->pid);
    read_maps(p);
}

void process_began(struct process *p, pid_t parent) {
    if (p->maps.n) {
        maps_free(&p->older);
        p->older = p->maps;
        p->maps = (struct mappings){0};
    }
    p->parent = parent;
    p->identity = 0;
}

void process_mapped(struct process *p, struct mapping m, const char *name) {
    struct mappings *maps = &p->maps;
    size_t from = 0;
    while (from < maps->n && maps->data[from].end <= m.begin) from++;
    size_t to = from; // what it replaces
    while (to < maps->n && maps->data[to].begin < m.end) free(maps->data[to++].name);
    memmove(maps->data + from, maps->data + to, (maps->n - to) * sizeof(*maps->data));
    maps->n -= to - from;
    size_t n = maps->n;
    add_mapping(maps, m, name);
    if (maps->n == n) return;
    struct mapping last = maps->data[n];
    memmove(maps->data + from + 1, maps->data + from, (n - from) * sizeof(*maps->data));
    maps->data[from] = last;
}

void process_free(struct process *p) {
    if (!p) return;
    maps_free(&p->maps);
    maps_free(&p->older);
    perfmap_free(p->jit);
    free(p);
}

void process_check(struct process *p) {
    uint64_t id = identity_of(p->pid);
    if (!id || id == p->identity) return;
    process_read(p);
    p->jit_tried = p->jit != NULL;
}

static struct mapping *mapping_at(const struct mappings *maps, uint64_t address) {
    size_t low = 0, high = maps->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (maps->data[mid].end <= address)
            low = mid + 1;
        else
            high = mid;
    }
    return low < maps->n && address >= maps->data[low].begin ? &maps->data[low] : NULL;
}

struct mapping *process_mapping(struct process *p, uint64_t address) {
    struct mapping *m = mapping_at(&p->maps, address);
    if (!m) m = mapping_at(&p->older, address);
    bool again = now() - p->read_at >= READ_AGAIN;
    if (m || !again || !identity_of(p->pid)) return m;
    read_maps(p); // a library that was loaded since
    return mapping_at(&p->maps, address);
}

void process_each(struct process *p, void (*each)(void *ctx, struct mapping *m), void *ctx) {
    for (size_t i = 0; i < p->maps.n; i++) each(ctx, &p->maps.data[i]);
    for (size_t i = 0; i < p->older.n; i++) each(ctx, &p->older.data[i]);
}

const char *process_jit(struct process *p, uint64_t address, uint64_t *begin) {
    if (!p->jit_tried) {
        p->jit_tried = true;
        p->jit = perfmap_open(p->pid);
    }
    return p->jit ? perfmap_function(p->jit, address, begin) : NULL;
}
