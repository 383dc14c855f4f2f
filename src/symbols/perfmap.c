// SPDX-License-Identifier: Apache-2.0
// Files of just-in-time compilers, read as they grow. Code that was made later replaces what was
// at its addresses.
#include "symbols/perfmap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 64 << 20, MAX_NESTED = 64 }; // of a file that are read; see perfmap_function

struct function {
    uint64_t begin, end;
    uint32_t name;  // offset into names
    uint32_t order; // of the lines
};

struct perfmap {
    char name[48];
    int fd;
    off_t done; // bytes that were read
    struct function *functions;
    size_t n, cap;
    char *names;
    size_t names_len, names_cap;
};

// The number of a process in its own namespace, which it knows itself by.
static pid_t own_number(pid_t pid) {
    char path[64], line[512];
    pid_t own = pid;
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "NSpid:", 6)) continue;
        const char *last = strrchr(line, '\t');
        if (last) own = atoi(last + 1);
        break;
    }
    if (f) fclose(f);
    return own;
}

struct perfmap *perfmap_open(pid_t pid) {
    char path[128], name[48];
    struct stat st;
    snprintf(name, sizeof(name), "/tmp/perf-%d.map", own_number(pid));
    snprintf(path, sizeof(path), "/proc/%d/root%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0) fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW); // it has ended
    struct perfmap *m =
        fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? calloc(1, sizeof(*m)) : NULL;
    if (!m) {
        if (fd >= 0) close(fd);
        return NULL;
    }
    memcpy(m->name, name, sizeof(name));
    m->fd = fd;
    return m;
}

void perfmap_free(struct perfmap *m) {
    if (!m) return;
    close(m->fd);
    free(m->functions);
    free(m->names);
    free(m);
}

const char *perfmap_name(const struct perfmap *m) { return m->name; }

static bool add_name(struct perfmap *m, const char *name, size_t len, uint32_t *at) {
    if (m->names_len + len + 1 > m->names_cap) {
        size_t cap = m->names_cap * 2 + len + 4096;
        char *more = realloc(m->names, cap);
        if (!more) return false;
        m->names = more;
        m->names_cap = cap;
    }
    *at = (uint32_t)m->names_len;
    memcpy(m->names + *at, name, len);
    m->names[*at + len] = '\0';
    m->names_len += len + 1;
    return true;
}

static void add_line(struct perfmap *m, char *line) {
    char *rest;
    uint64_t begin = strtoull(line, &rest, 16);
    if (rest == line || *rest != ' ') return;
    char *size_text = rest + 1;
    uint64_t size = strtoull(size_text, &rest, 16);
    if (rest == size_text || *rest != ' ' || !rest[1]) return;
    if (m->n == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 256;
        struct function *more = realloc(m->functions, cap * sizeof(*more));
        if (!more) return;
        m->functions = more;
        m->cap = cap;
    }
    struct function f = {.begin = begin, .end = begin + size, .order = (uint32_t)m->n};
    if (add_name(m, rest + 1, strlen(rest + 1), &f.name)) m->functions[m->n++] = f;
}

static int by_begin(const void *a, const void *b) {
    const struct function *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

// Whole lines only: the process may be writing one.
static void read_more(struct perfmap *m) {
    struct stat st;
    if (fstat(m->fd, &st) || st.st_size <= m->done || m->done >= MAX_BYTES) return;
    size_t len = (size_t)(st.st_size < MAX_BYTES ? st.st_size - m->done : MAX_BYTES - m->done);
    char *text = malloc(len + 1);
    ssize_t got = text ? pread(m->fd, text, len, m->done) : -1;
    size_t used = 0;
    for (char *line = text; got > 0;) {
        char *end = memchr(line, '\n', (size_t)got - used);
        if (!end) break;
        *end = '\0';
        add_line(m, line);
        line = end + 1;
        used = (size_t)(line - text);
    }
    free(text);
    m->done += (off_t)used;
    if (used && m->n) qsort(m->functions, m->n, sizeof(*m->functions), by_begin);
}

const char *perfmap_function(struct perfmap *m, uint64_t address, uint64_t *begin) {
    read_more(m);
    size_t low = 0, high = m->n;
    while (low < high) { // the first that begins behind the address
        size_t mid = low + (high - low) / 2;
        if (m->functions[mid].begin <= address)
            low = mid + 1;
        else
            high = mid;
    }
    const struct function *best = NULL;
    for (size_t i = low; i > 0 && low - i < MAX_NESTED; i--) {
        const struct function *f = &m->functions[i - 1];
        if (address < f->end && (!best || f->order > best->order)) best = f;
    }
    if (!best) return NULL;
    *begin = best->begin;
    return m->names + best->name;
}
