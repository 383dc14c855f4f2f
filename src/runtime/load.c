// SPDX-License-Identifier: Apache-2.0
// Opens and loads the object; what the verifier refuses is for refusal.c.
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "probes/feature.h"
#include "runtime/runtime_internal.h"

static struct runtime *loading; // libbpf's callback has no context

static int keep_message(enum libbpf_print_level level, const char *fmt, va_list ap) {
    if (!loading || level == LIBBPF_DEBUG) return 0;
    char text[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    if (n >= (int)sizeof(text)) { // the verifier's log comes as one message
        char *all = NULL;
        if (vasprintf(&all, fmt, again) >= 0) {
            strbuf_puts(&loading->log, all);
            free(all);
        }
    } else if (n > 0) {
        strbuf_puts(&loading->log, text);
    }
    va_end(again);
#pragma GCC diagnostic pop
    return 0;
}

static int no_privileges(void) {
    log_error("gaff needs the right to load BPF programs");
    log_hint("run it as root, or with CAP_BPF and CAP_PERFMON; in a container these must be "
             "granted, and the kernel must not be in lockdown mode");
    return -EPERM;
}

static struct bpf_map *find_map(struct runtime *rt, const char *name) {
    return bpf_object__find_map_by_name(rt->object, name);
}

static uint32_t ring_bytes(struct runtime *rt) {
    uint64_t pages = manifest_config_uint(rt->m, "perf_rb_pages");
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), bytes = pages * page;
    if (!pages) bytes = 4u << 20;
    uint64_t size = page;
    while (size < bytes && size < 1u << 30) size *= 2;
    return (uint32_t)size;
}

static int prepare_programs(struct runtime *rt) {
    for (size_t i = 0; i < rt->m->programs.len; i++) {
        const struct mf_program *p = &rt->m->programs.data[i];
        const struct provider *provider = provider_of(p);
        struct bpf_program *prog = bpf_object__find_program_by_name(rt->object, p->symbol);
        if (!provider || !prog) {
            log_error("object: program '%s' of provider '%s' is unknown", p->symbol, p->provider);
            return -EINVAL;
        }
        rt->programs[i] = prog;
        bpf_program__set_type(prog, (enum bpf_prog_type)provider->prog_type);
        struct probe_error err = {0};
        if (provider->prepare &&
            provider->prepare(&rt->env, prog, rt->m->targets.data + p->first_target, p->ntargets,
                              &err)) {
            log_error("%s: %s", rt->m->targets.data[p->first_target].name,
                      err.message ? err.message : "cannot be prepared");
            return -EINVAL;
        }
    }
    return 0;
}

// Programs that imported C defines belong to nobody.
static void leave_others(struct runtime *rt) {
    struct bpf_program *prog;
    bpf_object__for_each_program(prog, rt->object) {
        bool ours = false;
        for (size_t i = 0; i < rt->m->programs.len && !ours; i++) ours = rt->programs[i] == prog;
        if (!ours) bpf_program__set_autoload(prog, false);
    }
}

static int prepare_maps(struct runtime *rt) {
    for (size_t i = 0; i < rt->m->maps.len; i++)
        if (!(rt->maps[i] = find_map(rt, rt->m->maps.data[i].symbol))) {
            log_error("object: map '%s' is missing", rt->m->maps.data[i].symbol);
            return -EINVAL;
        }
    struct bpf_map *events = find_map(rt, "gaff_events");
    rt->ring_bytes = ring_bytes(rt);
    if (events) bpf_map__set_max_entries(events, rt->ring_bytes);
    rt->losses = find_map(rt, "gaff_losses");
    return 0;
}

static int map_state(struct runtime *rt) {
    struct bpf_map *map = find_map(rt, "gaff_state");
    void *p = mmap(NULL, MF_STATE_WORDS * sizeof(*rt->state), PROT_READ | PROT_WRITE, MAP_SHARED,
                   map ? bpf_map__fd(map) : -1, 0);
    if (p == MAP_FAILED) {
        log_error("cannot map the state of the run: %s", strerror(errno));
        return -EINVAL;
    }
    rt->state = p;
    return 0;
}

static void report_load(struct runtime *rt, const void *object, size_t len, int err) {
    if (rt->opts->verbose && rt->log.data) fprintf(stderr, "%s\n", rt->log.data);
    if (rt_report_refusal(rt, object, len)) return;
    if (err == -EPERM || err == -EACCES) {
        no_privileges();
        return;
    }
    log_error("cannot load the programs: %s", strerror(-err));
    if (rt->log.data && !rt->opts->verbose) log_hint("-v shows the kernel's messages");
}

int rt_load(struct runtime *rt, const void *object, size_t len) {
    // Before 5.11 maps count against this limit.
    struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY}, files;
    setrlimit(RLIMIT_MEMLOCK, &unlimited);
    // Each probe without a multi-link takes two descriptors.
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        struct rlimit more = {1 << 20, 1 << 20};
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &more)) setrlimit(RLIMIT_NOFILE, &files);
    }
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    loading = rt;
    libbpf_set_print(keep_message);
    LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "gaff");
    rt->object = bpf_object__open_mem(object, len, &opts);
    int err = rt->object ? 0 : -errno;
    if (err) {
        log_error("cannot open the object: %s", strerror(-err));
    } else {
        rt->programs = arena_alloc(rt->arena, (rt->m->programs.len + 1) * sizeof(*rt->programs));
        rt->maps = arena_alloc(rt->arena, (rt->m->maps.len + 1) * sizeof(*rt->maps));
        rt->cleared = arena_alloc(rt->arena, rt->m->maps.len + 1);
        rt->zeroed = arena_alloc(rt->arena, rt->m->maps.len + 1);
        rt->generations = arena_alloc(rt->arena, (rt->m->maps.len + 1) * sizeof(uint64_t));
        rt->changed = arena_alloc(rt->arena, rt->m->maps.len + 1);
        rt->emptied = arena_alloc(rt->arena, rt->m->maps.len + 1);
        rt->reused = arena_alloc(rt->arena, rt->m->maps.len + 1);
        err = prepare_maps(rt);
        if (!err) err = rt_pins_reuse(rt);
        if (!err) err = prepare_programs(rt);
        if (!err) leave_others(rt);
        if (!err && (err = bpf_object__load(rt->object))) report_load(rt, object, len, err);
        if (!err) err = map_state(rt);
    }
    loading = NULL;
    libbpf_set_print(NULL);
    strbuf_free(&rt->log);
    return err;
}
