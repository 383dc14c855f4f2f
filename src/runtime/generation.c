// SPDX-License-Identifier: Apache-2.0
// Generations of the entries of a map: what is printed and then emptied is read when no program
// can touch it any more.
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/runtime_internal.h"

// Long enough for programs that run now, where the kernel offers no way to wait for them.
enum { GRACE_US = 50000 };

bool rt_has_generation(const struct runtime *rt, uint32_t map, const void *key,
                       uint64_t generation) {
    const struct mf_map *m = &rt->m->maps.data[map];
    if (!m->has_generations) return true;
    uint64_t has = 0;
    memcpy(&has, key, bpf_map__key_size(rt->maps[map]) < sizeof(has) ? 4 : sizeof(has));
    return has == generation;
}

// The command waits until all code of the kernel that cannot be preempted, programs too, has run
// to its end: it calls synchronize_rcu (kernel/sched/membarrier.c).
static void wait_for_programs(void) {
    if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0)) usleep(GRACE_US);
}

static bool is_of_map(const struct mf_event *e) {
    return e->kind == EVENT_PRINT_MAP || e->kind == EVENT_PRINT_MAP_ITEM ||
           e->kind == EVENT_CLEAR || e->kind == EVENT_ZERO;
}

// Other maps that the queue prints and empties change at the same time: one wait is for all. Not
// past an exit(), after which nothing more is printed.
static void change_others(struct runtime *rt, bool *seen) {
    for (size_t i = rt->queue_next; i < rt->queue_len; i++) {
        const struct mf_event *e = rt_event_of(rt, rt->queue[i].record, rt->queue[i].len);
        if (e && e->kind == EVENT_EXIT) return;
        if (!e || !is_of_map(e) || seen[e->map]) continue;
        seen[e->map] = true;
        if (!e->then || !rt->m->maps.data[e->map].has_generations || rt->changed[e->map]) continue;
        rt->generations[e->map] = !rt->generations[e->map];
        rt->changed[e->map] = true;
    }
}

static int write_generations(struct runtime *rt) {
    struct bpf_map *variable = bpf_object__find_map_by_name(rt->object, MF_GENERATIONS);
    size_t size = rt->m->maps.len * sizeof(*rt->generations);
    uint32_t zero = 0;
    if (!variable || bpf_map__value_size(variable) != size) return -ENOENT;
    return bpf_map_update_elem(bpf_map__fd(variable), &zero, rt->generations, BPF_ANY);
}

int rt_next_generation(struct runtime *rt, uint32_t map, uint64_t *old) {
    size_t n = rt->m->maps.len;
    *old = !rt->generations[map];
    if (rt->changed[map]) {
        rt->changed[map] = false;
        return 0;
    }
    *old = rt->generations[map];
    uint64_t *before = calloc(n, sizeof(*before));
    bool *seen = calloc(n, 1);
    int err = before && seen ? 0 : -ENOMEM;
    if (!err) {
        memcpy(before, rt->generations, n * sizeof(*before));
        rt->generations[map] = !*old;
        seen[map] = true;
        change_others(rt, seen);
        err = write_generations(rt);
        for (uint32_t i = 0; err && i < n; i++) {
            if (i != map && rt->generations[i] != before[i]) rt->changed[i] = false;
            rt->generations[i] = before[i];
        }
    }
    free(before);
    free(seen);
    if (!err) wait_for_programs();
    return err;
}
