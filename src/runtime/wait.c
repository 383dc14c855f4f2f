// SPDX-License-Identifier: Apache-2.0
// What the event loop sleeps on. To be woken costs the traced program microseconds for each event,
// a hundred times what the event takes itself: where events come often they wake nobody, and the
// reader looks for them after each nap, until one has brought nothing.
#include <linux/bpf.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/runtime_internal.h"

// A nap must not fill the ring, nor give the processor to others while it does: there is none with
// a small ring, nor after events that took more than a part of it.
enum { NAP_MS = 2, WAIT_MS = 1000, SMALL_RING = 1 << 20, FULL_PART = 64 };

static uint64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void watch(struct waiting *w, int fd, uint32_t what) {
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = what};
    if (fd >= 0) epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int open_pid(pid_t pid) { return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1; }

void rt_wait_open(struct runtime *rt, struct waiting *w) {
    *w = (struct waiting){.epoll = epoll_create1(EPOLL_CLOEXEC), .events = -1};
    w->child = open_pid(rt->opts->child ? rt->opts->child : rt->opts->pid);
    watch(w, rt->signals, WAIT_SIGNAL);
    watch(w, w->child, WAIT_CHILD);
    watch(w, rt->programs_fd, WAIT_PROGRAMS);
    if (rt->events) watch(w, w->events = ring_buffer__epoll_fd(rt->events), WAIT_RING);
    if (rt->control) watch(w, ring_buffer__epoll_fd(rt->control), WAIT_RING);
    watch(w, rt_packets_fd(rt), WAIT_RING);
}

void rt_wait_close(struct waiting *w) {
    if (w->epoll >= 0) close(w->epoll);
    if (w->child >= 0) close(w->child);
}

// From now on data events wake the reader, or do not.
static void set_naps(struct runtime *rt, struct waiting *w, bool naps) {
    struct epoll_event e = {.events = naps ? 0 : EPOLLIN, .data.u32 = WAIT_RING};
    rt->state[MF_STATE_SUBMIT] = naps ? BPF_RB_NO_WAKEUP : 0;
    epoll_ctl(w->epoll, EPOLL_CTL_MOD, w->events, &e);
    w->naps = naps;
}

// Decides from what the last wait brought.
static int choose_timeout(struct runtime *rt, struct waiting *w) {
    uint64_t bytes = rt->read - w->read, now = now_ms();
    bool soon = now - w->last <= NAP_MS;
    w->read = rt->read;
    if (bytes) w->last = now;
    if (w->naps && !bytes) {
        set_naps(rt, w, false);
        return NAP_MS; // an event may have been on its way that was told not to wake
    }
    if (!w->naps && bytes && soon && rt->ring_bytes >= SMALL_RING) set_naps(rt, w, true);
    if (!w->naps) return WAIT_MS;
    return bytes > rt->ring_bytes / FULL_PART ? 0 : NAP_MS;
}

unsigned rt_wait(struct runtime *rt, struct waiting *w) {
    struct epoll_event e[8];
    unsigned what = 0;
    int n = epoll_wait(w->epoll, e, 8, choose_timeout(rt, w));
    for (int i = 0; i < n; i++) what |= e[i].data.u32;
    return what;
}
