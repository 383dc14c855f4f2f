// SPDX-License-Identifier: Apache-2.0
// One perf event for each processor, of the kind that counts nothing and reports mappings of code,
// exec and fork. The layout of the records is in perf_event_open(2).
#include "symbols/watch.h"

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RING_BYTES = 64 << 10 }; // for each processor; a power of two

struct ring {
    int fd;
    struct perf_event_mmap_page *page; // the data is behind it
};

struct record {
    uint64_t time, order;
    size_t at; // in text
};

struct watch {
    struct watch_handler handler;
    struct ring *rings;
    size_t nrings;
    int epoll;
    struct record *records; // those of one reading
    size_t n, cap;
    unsigned char *text; // their bytes
    size_t len, text_cap;
};

static int open_event(int cpu) {
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                   .size = sizeof(attr),
                                   .config = PERF_COUNT_SW_DUMMY,
                                   .sample_type = PERF_SAMPLE_TIME,
                                   .sample_id_all = 1, // the time is at each record's end
                                   .mmap = 1,
                                   .mmap2 = 1,
                                   .comm = 1,
                                   .comm_exec = 1,
                                   .task = 1,
                                   .watermark = 1,
                                   .wakeup_watermark = RING_BYTES / 2};
    return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static bool open_ring(struct watch *w, int cpu) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int fd = open_event(cpu);
    if (fd < 0) return false;
    void *data = mmap(NULL, page + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    struct epoll_event e = {.events = EPOLLIN};
    if (data == MAP_FAILED || epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e)) {
        if (data != MAP_FAILED) munmap(data, page + RING_BYTES);
        close(fd);
        return false;
    }
    w->rings[w->nrings++] = (struct ring){fd, data};
    return true;
}

struct watch *watch_open(const struct watch_handler *handler) {
    struct watch *w = calloc(1, sizeof(*w));
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    if (!w) return NULL;
    w->handler = *handler;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->rings = cpus > 0 ? calloc((size_t)cpus, sizeof(*w->rings)) : NULL;
    for (int cpu = 0; w->rings && cpu < cpus; cpu++) open_ring(w, cpu); // some may be offline
    if (w->nrings) return w;
    watch_close(w);
    return NULL;
}

void watch_close(struct watch *w) {
    if (!w) return;
    for (size_t i = 0; i < w->nrings; i++) {
        munmap(w->rings[i].page, (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES);
        close(w->rings[i].fd);
    }
    if (w->epoll >= 0) close(w->epoll);
    free(w->rings);
    free(w->records);
    free(w->text);
    free(w);
}

int watch_fd(const struct watch *w) { return w->epoll; }

// ---- reading ----

// A copy of one record, which may go around the end of the ring.
static void take(struct watch *w, const unsigned char *data, uint64_t at, size_t size) {
    if (w->len + size > w->text_cap) {
        size_t cap = w->text_cap * 2 + size + 4096;
        unsigned char *more = realloc(w->text, cap);
        if (!more) return;
        w->text = more;
        w->text_cap = cap;
    }
    if (w->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 64;
        struct record *more = realloc(w->records, cap * sizeof(*more));
        if (!more) return;
        w->records = more;
        w->cap = cap;
    }
    size_t from = at % RING_BYTES, first = size < RING_BYTES - from ? size : RING_BYTES - from;
    memcpy(w->text + w->len, data + from, first);
    memcpy(w->text + w->len + first, data, size - first);
    struct record r = {.order = w->n, .at = w->len};
    memcpy(&r.time, w->text + w->len + size - sizeof(r.time), sizeof(r.time));
    w->records[w->n++] = r;
    w->len += size;
}

static void read_ring(struct watch *w, struct ring *r) {
    const unsigned char *data = (const unsigned char *)r->page + sysconf(_SC_PAGESIZE);
    uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = r->page->data_tail;
    while (tail < head) { // headers are aligned to their size: none goes around the end
        struct perf_event_header header;
        memcpy(&header, data + tail % RING_BYTES, sizeof(header));
        if (header.size < sizeof(header) + sizeof(uint64_t)) break;
        take(w, data, tail, header.size);
        tail += header.size;
    }
    __atomic_store_n(&r->page->data_tail, head, __ATOMIC_RELEASE);
}

static int by_time(const void *a, const void *b) {
    const struct record *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

struct mmap2_record {
    struct perf_event_header header;
    uint32_t pid, tid;
    uint64_t address, size, offset;
    uint32_t major, minor;
    uint64_t ino, generation;
    uint32_t protection, flags;
    // then the name, with a zero at its end, padded; the time
};

struct task_record { // PERF_RECORD_FORK; PERF_RECORD_COMM begins alike with pid, tid
    struct perf_event_header header;
    uint32_t pid, parent;
};

static void hand_over(const struct watch_handler *h, const unsigned char *text) {
    struct perf_event_header header;
    struct mmap2_record m;
    struct task_record t;
    memcpy(&header, text, sizeof(header));
    memcpy(&t, text, sizeof(t));
    if (header.type == PERF_RECORD_COMM && (header.misc & PERF_RECORD_MISC_COMM_EXEC))
        h->exec(h->ctx, (pid_t)t.pid);
    if (header.type == PERF_RECORD_FORK && t.pid != t.parent) // else a thread
        h->forked(h->ctx, (pid_t)t.pid, (pid_t)t.parent);
    if (header.type != PERF_RECORD_MMAP2 || header.size <= sizeof(m) + sizeof(uint64_t)) return;
    memcpy(&m, text, sizeof(m));
    h->mapped(h->ctx, (pid_t)m.pid, m.address, m.size, m.offset, (ino_t)m.ino,
              (const char *)text + sizeof(m));
}

void watch_read(struct watch *w) {
    w->n = w->len = 0;
    for (size_t i = 0; i < w->nrings; i++) read_ring(w, &w->rings[i]);
    if (w->n > 1) qsort(w->records, w->n, sizeof(*w->records), by_time);
    for (size_t i = 0; i < w->n; i++) hand_over(&w->handler, w->text + w->records[i].at);
}
