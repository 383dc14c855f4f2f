// SPDX-License-Identifier: Apache-2.0
// The event loop: two rings, signals, the end of the traced process. Control events wait in a
// queue until the data events that are older than they have been handled.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/runtime_internal.h"

// How long events that wait are handled after a signal, and after how many events a signal is
// looked for: an event can start a program, and new ones come meanwhile.
enum { DRAIN_SECONDS = 3, TICKS = 64 };

uint64_t rt_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t time_of(const void *record) {
    uint64_t t;
    memcpy(&t, (const char *)record + 8, 8);
    return t;
}

bool rt_is_after_exit(const struct runtime *rt, const void *record) {
    return rt->exit_time && time_of(record) > rt->exit_time;
}

// Control events up to a time, in their order.
static void run_queue(struct runtime *rt, uint64_t until) {
    rt->queue_next = 0;
    while (rt->queue_next < rt->queue_len && rt->queue[rt->queue_next].time <= until) {
        struct pending p = rt->queue[rt->queue_next++];
        if (!rt_is_after_exit(rt, p.record)) rt_handle(rt, p.record, p.len);
        free(p.record);
    }
    if (!rt->queue_next) return;
    rt->queue_len -= rt->queue_next;
    memmove(rt->queue, rt->queue + rt->queue_next, rt->queue_len * sizeof(*rt->queue));
}

static int on_control(void *ctx, void *data, size_t len) {
    struct runtime *rt = ctx;
    if (len < 16) return 0;
    if (rt->queue_len == rt->queue_cap) {
        size_t cap = rt->queue_cap ? rt->queue_cap * 2 : 16;
        struct pending *more = realloc(rt->queue, cap * sizeof(*more));
        if (!more) return 0;
        rt->queue = more;
        rt->queue_cap = cap;
    }
    struct pending p = {.time = time_of(data), .len = len, .record = malloc(len)};
    if (!p.record) return 0;
    memcpy(p.record, data, len);
    size_t at = rt->queue_len++;
    while (at && rt->queue[at - 1].time > p.time) { // CPUs may be a little out of order
        rt->queue[at] = rt->queue[at - 1];
        at--;
    }
    rt->queue[at] = p;
    return 0;
}

void rt_read_signals(struct runtime *rt) {
    struct signalfd_siginfo info;
    while (rt->signals >= 0 && read(rt->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGUSR1) {
            rt_run_programs(rt, "self");
            continue;
        }
        if (rt->deadline) _exit(130); // asked twice: at once
        rt->stop = true;
        rt->deadline = rt_now() + DRAIN_SECONDS * 1000000000ull;
    }
}

static int on_event(void *ctx, void *data, size_t len) {
    struct runtime *rt = ctx;
    if (len < 16) return 0;
    rt->read += len;
    if (rt->control) ring_buffer__consume(rt->control);
    if (rt->queue_len) run_queue(rt, time_of(data));
    if (rt_is_after_exit(rt, data)) return 0;
    if (rt->deadline && rt_now() > rt->deadline) {
        rt->unhandled++;
        return 0;
    }
    rt_handle(rt, data, len);
    bool was_running = !rt->stop;
    if (++rt->handled % TICKS == 0) rt_read_signals(rt);
    return output_error(rt->out) || (was_running && rt->stop) ? -1 : 0;
}

static struct ring_buffer *open_ring(struct runtime *rt, const char *name,
                                     ring_buffer_sample_fn handler) {
    struct bpf_map *map = bpf_object__find_map_by_name(rt->object, name);
    if (!map) return NULL;
    struct ring_buffer *r = ring_buffer__new(bpf_map__fd(map), handler, rt, NULL);
    if (!r) log_error("cannot map the buffer %s: %s", name, strerror(errno));
    return r;
}

static void open_rings(struct runtime *rt) {
    if (!rt->control) rt->control = open_ring(rt, "gaff_control", on_control);
    if (!rt->events) rt->events = open_ring(rt, "gaff_events", on_event);
}

void rt_drain(struct runtime *rt) {
    open_rings(rt);
    if (rt->control) ring_buffer__consume(rt->control);
    if (rt->events) ring_buffer__consume(rt->events);
    rt_packets_drain(rt);
    if (rt->control) ring_buffer__consume(rt->control);
    run_queue(rt, UINT64_MAX);
    if (output_flush(rt->out)) rt->stop = true;
}

void rt_take_signals(struct runtime *rt) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    rt->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// exit() also sets a word of the state: it counts even if its event found no room in the ring.
static bool exit_was_called(const struct runtime *rt) { return rt->state[MF_STATE_EXIT]; }

static void release_child(struct runtime *rt) {
    if (rt->opts->child_go < 0 || !rt->opts->child) return;
    if (write(rt->opts->child_go, "g", 1) != 1) log_warning("the command has ended already");
    close(rt->opts->child_go);
}

void rt_loop(struct runtime *rt) {
    struct waiting w;
    open_rings(rt);
    rt_wait_open(rt, &w);
    rt_run_programs(rt, "begin");
    rt_drain(rt);
    rt_run_iterators(rt);
    release_child(rt);
    if (rt->opts->test) rt_run_tests(rt);
    if (rt->opts->bench) rt_run_benches(rt);
    bool is_gone = (rt->opts->child || rt->opts->pid) && w.child < 0; // since before it was watched
    if (is_gone || !rt->has_attached || rt->opts->test || rt->opts->bench) rt->stop = true;
    while (!rt->stop) {
        unsigned what = rt_wait(rt, &w);
        if (what & WAIT_SIGNAL) rt_read_signals(rt);
        if (what & WAIT_CHILD) rt->stop = true;
        if (what & WAIT_PROGRAMS) symbols_watched(rt->symbols);
        rt_drain(rt);
        if (exit_was_called(rt)) rt->stop = true;
        rt_report_losses(rt, false);
    }
    rt_wait_close(&w);
}
