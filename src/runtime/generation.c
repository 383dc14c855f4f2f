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

int rt_next_generation(struct runtime *rt, uint32_t map) {
    struct bpf_map *variable = bpf_object__find_map_by_name(rt->object, MF_GENERATIONS);
    size_t size = variable ? bpf_map__value_size(variable) : 0;
    uint32_t zero = 0;
    if (size < (map + 1) * sizeof(uint64_t)) return -ENOENT;
    uint64_t *value = calloc(1, size);
    if (!value) return -ENOMEM;
    rt->generations[map] = !rt->generations[map];
    memcpy(value, rt->generations, rt->m->maps.len * sizeof(*value));
    int err = bpf_map_update_elem(bpf_map__fd(variable), &zero, value, BPF_ANY);
    free(value);
    if (err)
        rt->generations[map] = !rt->generations[map];
    else
        wait_for_programs();
    return err;
}
