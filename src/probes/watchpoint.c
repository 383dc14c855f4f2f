// SPDX-License-Identifier: Apache-2.0
// watchpoint: reads, writes or execution of an address, by the processor's debug registers.
#include <dirent.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "probes/probe_internal.h"
#include "probes/providers.h"

// HW_BREAKPOINT_R and so on of the kernel's linux/hw_breakpoint.h, whose other names clash with
// ours.
enum { MODE_R = 1, MODE_W = 2, MODE_X = 4 };

// "rw" to its bits; 0 when a letter is unknown or there twice, or x is not alone: debug
// registers of x86 and arm64 cannot do both.
static uint32_t mode_of(const char *text) {
    uint32_t mode = 0;
    for (const char *p = text; *p; p++) {
        uint32_t bit = *p == 'r' ? MODE_R : *p == 'w' ? MODE_W : *p == 'x' ? MODE_X : 0;
        if (!bit || (mode & bit)) return 0;
        mode |= bit;
    }
    return (mode & MODE_X) && mode != MODE_X ? 0 : mode;
}

static int match(struct probe_env *env, const struct probe_spec *spec, probe_found found, void *ctx,
                 struct probe_error *err) {
    struct mf_target t = {.name = arena_strdup(env->arena, spec->text), .pid = env->pid};
    err->hint = "watchpoint:ADDRESS:LENGTH:MODE, as in watchpoint:0x10000000:8:rw";
    if (spec->nparts != 4) {
        probe_fail(env, err, "watchpoint probe type requires 3 arguments, found %u",
                   spec->nparts - 1);
        return -1;
    }
    if (!probe_number(spec->parts[1], &t.address)) {
        probe_fail(env, err, "Invalid address '%s' of a watchpoint", spec->parts[1]);
        return -1;
    }
    if (!probe_number(spec->parts[2], &t.value) ||
        (t.value != 1 && t.value != 2 && t.value != 4 && t.value != 8)) {
        probe_fail(env, err, "Invalid length '%s' of a watchpoint: it is 1, 2, 4 or 8",
                   spec->parts[2]);
        return -1;
    }
    if (t.address % t.value) {
        probe_fail(env, err, "The address of a watchpoint must be a multiple of its length");
        return -1;
    }
    if (!mode_of(spec->parts[3])) {
        probe_fail(env, err, "Invalid mode '%s' of a watchpoint: it is r, w, rw or x",
                   spec->parts[3]);
        return -1;
    }
    t.function = arena_strdup(env->arena, spec->parts[3]);
    err->hint = NULL;
    found(ctx, &t);
    return 1;
}

// What a watchpoint is opened on: each thread of a process, and those it will make; without a
// process, each processor.
static unsigned attach_to(struct perf_event_attr *attr, struct bpf_program *prog, pid_t pid,
                          uint64_t cookie, struct probe_links *links, const char **why) {
    int fd = bpf_program__fd(prog);
    unsigned n = 0;
    if (pid <= 0) {
        int cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
        for (int cpu = 0; cpu < cpus; cpu++) n += perf_attach(attr, fd, 0, cpu, cookie, links, why);
        return n;
    }
    char path[64];
    attr->inherit = 1;
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    *why = "the process has ended";
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (*d->d_name != '.') n += perf_attach(attr, fd, atoi(d->d_name), -1, cookie, links, why);
    if (dir) closedir(dir);
    return n;
}

static size_t attach(struct probe_env *env, struct bpf_program *prog,
                     const struct mf_target *targets, size_t n, uint64_t first_cookie,
                     struct probe_links *links, probe_failed failed, void *ctx) {
    (void)env;
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mf_target *t = &targets[i];
        const char *why = "";
        uint32_t mode = mode_of(t->function);
        struct perf_event_attr attr = {.type = PERF_TYPE_BREAKPOINT,
                                       .bp_type = mode,
                                       .bp_addr = t->address,
                                       .bp_len = mode == MODE_X ? sizeof(long) : t->value,
                                       .sample_period = 1};
        if (attach_to(&attr, prog, t->pid, first_cookie + i, links, &why))
            done++;
        else
            failed(ctx, t, why);
    }
    return done;
}

const struct provider provider_watchpoint = {
    .name = "watchpoint",
    .aliases = {"w"},
    .doc = "Access to an address in memory",
    .syntax = "watchpoint:ADDRESS:LENGTH:MODE",
    .caps = PROBE_REGS | PROBE_STACK | PROBE_TASK | PROBE_ADDRESS | PROBE_ONE_TARGET,
    .context = CTX_PERF,
    .prog_type = BPF_PROG_TYPE_PERF_EVENT,
    .match = match,
    .attach = attach,
};
