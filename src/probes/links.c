// SPDX-License-Identifier: Apache-2.0
// Detaching. Closing a link waits for a grace period of the kernel, but links wait together. To
// release a perf event the kernel waits as well, tens of milliseconds for a tracepoint, one after
// another: once the links are closed nothing is attached to events any more, and a process of their
// own is left to wait for them.
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe_internal.h"

enum { MAX_THREADS = 64 }; // they only wait

static void add(struct fd_list *l, int fd) {
    if (l->len == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        int *fds = realloc(l->fds, cap * sizeof(*fds));
        if (!fds) return; // the descriptor stays open until the process ends
        l->fds = fds;
        l->cap = cap;
    }
    l->fds[l->len++] = fd;
}

void probe_links_add(struct probe_links *l, int fd) { add(&l->links, fd); }

void probe_links_add_event(struct probe_links *l, int fd) { add(&l->events, fd); }

struct closing {
    const struct fd_list *list;
    size_t first, step;
};

static void *close_some(void *arg) {
    const struct closing *c = arg;
    for (size_t i = c->first; i < c->list->len; i += c->step)
        if (c->list->fds[i] >= 0) close(c->list->fds[i]);
    return NULL;
}

static void close_together(const struct fd_list *l) {
    pthread_t threads[MAX_THREADS];
    struct closing work[MAX_THREADS];
    bool started[MAX_THREADS] = {false};
    size_t n = l->len < MAX_THREADS ? l->len : MAX_THREADS;
    for (size_t i = 0; i < n; i++) {
        work[i] = (struct closing){.list = l, .first = i, .step = n};
        started[i] = i + 1 < n && !pthread_create(&threads[i], NULL, close_some, &work[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (!started[i]) close_some(&work[i]);
    for (size_t i = 0; i < n; i++)
        if (started[i]) pthread_join(threads[i], NULL);
}

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

// Everything that is open but the list, which is sorted.
static void close_others(const struct fd_list *l) {
    unsigned from = 0;
    for (size_t i = 0; i < l->len; i++) {
        if (l->fds[i] < 0) continue;
        unsigned fd = (unsigned)l->fds[i];
        if (fd > from) syscall(SYS_close_range, from, fd - 1, 0);
        from = fd + 1;
    }
    syscall(SYS_close_range, from, ~0u, 0);
}

// Leaves the list to a process that holds nothing else. It begins when this one has closed its own,
// which takes no time while the other has them: the last to close waits.
static void leave(const struct fd_list *l) {
    int gate[2] = {-1, -1};
    if (!l->len) return;
    pid_t pid = pipe2(gate, O_CLOEXEC) ? -1 : fork();
    if (pid == 0) {
        char byte;
        close(gate[1]);
        while (read(gate[0], &byte, 1) > 0) continue;
        qsort(l->fds, l->len, sizeof(*l->fds), compare);
        close_others(l);
        // One by one: a new run that waits for the kernel's lock then has its turn after the next.
        for (size_t i = 0; i < l->len; i++)
            if (l->fds[i] >= 0) close(l->fds[i]);
        _exit(0);
    }
    close_together(l);
    if (gate[0] >= 0) close(gate[0]);
    if (gate[1] >= 0) close(gate[1]);
}

struct probe_links_length probe_links_length(const struct probe_links *l) {
    return (struct probe_links_length){l->links.len, l->events.len};
}

static void close_range_of(struct fd_list *l, size_t from, size_t to) {
    for (size_t i = from; i < to && i < l->len; i++) {
        if (l->fds[i] >= 0) close(l->fds[i]);
        l->fds[i] = -1;
    }
}

void probe_links_close_some(struct probe_links *l, struct probe_links_length from,
                            struct probe_links_length to) {
    close_range_of(&l->links, from.links, to.links);
    close_range_of(&l->events, from.events, to.events);
}

void probe_links_close(struct probe_links *l) {
    close_together(&l->links);
    leave(&l->events);
    free(l->links.fds);
    free(l->events.fds);
    *l = (struct probe_links){0};
}
