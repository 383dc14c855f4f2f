// SPDX-License-Identifier: Apache-2.0
// What was lost, counted in the kernel: events, updates of full maps, stacks, missed hits.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "runtime/runtime_internal.h"

static uint64_t counter(struct runtime *rt, uint32_t index) {
    uint64_t total = 0, *values = calloc(rt->ncpus, 8);
    if (values && rt->losses && bpf_map_lookup_elem(bpf_map__fd(rt->losses), &index, values) == 0)
        for (size_t i = 0; i < rt->ncpus; i++) total += values[i];
    free(values);
    return total;
}

static void report_maps(struct runtime *rt) {
    for (uint32_t i = 0; i < rt->m->maps.len; i++) {
        uint64_t n = counter(rt, MF_FAILED_UPDATES + i);
        if (!n) continue;
        log_warning("Map full; can't update element: %s lost %llu updates beyond its %u entries",
                    rt->m->maps.data[i].name, (unsigned long long)n,
                    rt->m->maps.data[i].max_entries);
        uint32_t max = rt->m->maps.data[i].max_entries;
        if (max == manifest_config_uint(rt->m, "max_map_keys"))
            log_hint("raise max_map_keys (now %u), for example with BPFTRACE_MAX_MAP_KEYS", max);
        else
            log_hint("raise the number in its declaration (now %u)", max);
    }
}

static void report_missed(struct runtime *rt) {
    for (size_t i = 0; i < rt->m->programs.len; i++) {
        struct bpf_prog_info info = {0};
        uint32_t len = sizeof(info);
        if (bpf_obj_get_info_by_fd(bpf_program__fd(rt->programs[i]), &info, &len)) continue;
        if (!info.recursion_misses) continue;
        log_warning("%s: %llu hits were skipped because another probe was running",
                    rt->m->targets.data[rt->m->programs.data[i].first_target].name,
                    (unsigned long long)info.recursion_misses);
    }
}

void rt_report_losses(struct runtime *rt, bool final) {
    if (!rt->losses && !final) return;
    uint64_t lost = (rt->losses ? counter(rt, MF_LOST_EVENTS) : 0) + rt->unhandled;
    if (lost > rt->lost_said) {
        output_lost(rt->out, lost - rt->lost_said);
        rt->lost_said = lost;
    }
    if (!final || rt->opts->no_warnings) return;
    report_missed(rt);
    rt_packets_report(rt);
    if (!rt->losses) return;
    uint64_t control = counter(rt, MF_LOST_CONTROL), stacks = counter(rt, MF_LOST_STACKS);
    if (control)
        log_warning("%llu calls of print, clear or zero were lost: the control buffer was full",
                    (unsigned long long)control);
    if (stacks) log_warning("%llu stacks could not be stored", (unsigned long long)stacks);
    report_maps(rt);
}
