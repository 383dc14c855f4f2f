// SPDX-License-Identifier: Apache-2.0
// skboutput(): packets from the kernel into capture files (pcap; link type RAW: they begin with
// their IP header).
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/runtime_internal.h"

enum { LINKTYPE_RAW = 101, SNAPLEN = 65535, DEFAULT_PAGES = 64 };

struct pcap_head {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy, snaplen, linktype;
};

struct pcap_packet {
    uint32_t seconds, microseconds;
    uint32_t captured, length; // bytes: in the file, on the wire
};

struct rt_packets {
    struct perf_buffer *buffer;
    FILE **files; // by event; events of one path share a file
    size_t nevents;
    uint64_t boot; // ns since the epoch at which the machine started
    uint64_t lost;
    int error; // errno of the first write that failed
};

static uint64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void put(struct rt_packets *p, FILE *f, const void *data, size_t n) {
    if (!p->error && fwrite(data, 1, n, f) != n) p->error = errno ? errno : EIO;
}

// ---- files ----

static void put_head(struct rt_packets *p, FILE *f) {
    const struct pcap_head head = {
        .magic = 0xa1b2c3d4, .major = 2, .minor = 4, .snaplen = SNAPLEN, .linktype = LINKTYPE_RAW};
    put(p, f, &head, sizeof(head));
    if (fflush(f) && !p->error) p->error = errno;
}

static FILE *open_file(struct runtime *rt, struct rt_packets *p, size_t event) {
    const struct mf_event *e = &rt->m->events.data[event], *other = rt->m->events.data;
    for (size_t i = 0; i < event; i++)
        if (p->files[i] && !strcmp(other[i].format, e->format)) return p->files[i];
    FILE *f = fopen(e->format, "we");
    if (!f)
        output_error_at(rt->out, e->line, e->column, e->end_column,
                        "cannot write the capture file '%s': %s", e->format, strerror(errno));
    else
        put_head(p, f);
    return f;
}

// ---- the buffer ----

static void on_packet(void *ctx, int cpu, void *data, uint32_t len) {
    struct runtime *rt = ctx;
    struct rt_packets *p = rt->packets;
    uint64_t field[MF_PACKET_FIELDS];
    uint32_t id;
    (void)cpu;
    if (len < MF_PACKET_BYTES) return;
    memcpy(&id, data, sizeof(id));
    if (id >= p->nevents || !p->files[id] || rt_is_after_exit(rt, data)) return;
    memcpy(field, (const char *)data + MF_EVENT_BYTES, sizeof(field));
    // The kernel rounds the record up.
    uint64_t there = len - MF_PACKET_BYTES, offset = field[MF_PACKET_OFFSET];
    if (field[MF_PACKET_LENGTH] < there) there = field[MF_PACKET_LENGTH];
    if (offset >= there) return;
    uint64_t captured = there - offset, wire = field[MF_PACKET_WIRE], ns;
    wire = wire > there ? wire - offset : captured;
    ns = p->boot + field[MF_PACKET_TIME];
    const struct pcap_packet head = {.seconds = (uint32_t)(ns / 1000000000),
                                     .microseconds = (uint32_t)(ns % 1000000000 / 1000),
                                     .captured = (uint32_t)captured,
                                     .length = (uint32_t)wire};
    put(p, p->files[id], &head, sizeof(head));
    put(p, p->files[id], (const char *)data + MF_PACKET_BYTES + offset, captured);
}

static void on_lost(void *ctx, int cpu, unsigned long long n) {
    (void)cpu;
    ((struct runtime *)ctx)->packets->lost += n;
}

static size_t pages_of(struct runtime *rt) {
    uint64_t wanted = manifest_config_uint(rt->m, "perf_rb_pages");
    size_t pages = 1;
    if (!wanted) wanted = DEFAULT_PAGES;
    while (pages < wanted && pages < 1u << 18) pages *= 2;
    return pages;
}

int rt_packets_open(struct runtime *rt) {
    struct bpf_map *map = bpf_object__find_map_by_name(rt->object, "gaff_packets");
    size_t n = rt->m->events.len;
    if (!map) return 0;
    struct rt_packets *p = arena_alloc(rt->arena, sizeof(*p));
    *p = (struct rt_packets){.nevents = n,
                             .files = arena_alloc(rt->arena, (n + 1) * sizeof(FILE *)),
                             .boot = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME)};
    memset(p->files, 0, (n + 1) * sizeof(FILE *));
    rt->packets = p;
    for (size_t i = 0; i < n; i++)
        if (rt->m->events.data[i].kind == EVENT_SKBOUTPUT && !(p->files[i] = open_file(rt, p, i)))
            return -EINVAL;
    p->buffer = perf_buffer__new(bpf_map__fd(map), pages_of(rt), on_packet, on_lost, rt, NULL);
    if (p->buffer) return 0;
    int err = -errno;
    log_error("cannot map the buffers of packets: %s", strerror(errno));
    log_hint("perf_rb_pages is the number of pages for each processor, now %zu", pages_of(rt));
    return err;
}

int rt_packets_fd(const struct runtime *rt) {
    return rt->packets ? perf_buffer__epoll_fd(rt->packets->buffer) : -1;
}

// A failed write is said once, and ends the run.
void rt_packets_drain(struct runtime *rt) {
    struct rt_packets *p = rt->packets;
    bool said = p && p->error;
    if (!p || said) return;
    perf_buffer__consume(p->buffer);
    for (size_t i = 0; i < p->nevents; i++)
        if (p->files[i] && fflush(p->files[i]) && !p->error) p->error = errno;
    if (!p->error) return;
    log_error("cannot write a capture file: %s", strerror(p->error));
    if (!rt->status) rt->status = 1;
    rt->stop = true;
}

void rt_packets_report(struct runtime *rt) {
    if (!rt->packets || !rt->packets->lost) return;
    log_warning("skboutput: %llu packets were lost: the buffer of a processor was full",
                (unsigned long long)rt->packets->lost);
    log_hint("raise perf_rb_pages (now %zu), for example with BPFTRACE_PERF_RB_PAGES",
             pages_of(rt));
}

void rt_packets_close(struct runtime *rt) {
    struct rt_packets *p = rt->packets;
    if (!p) return;
    perf_buffer__free(p->buffer);
    for (size_t i = 0; i < p->nevents; i++) {
        bool shared = false;
        for (size_t k = 0; k < i && !shared; k++) shared = p->files[k] == p->files[i];
        if (p->files[i] && !shared) fclose(p->files[i]);
    }
    rt->packets = NULL;
}
