// SPDX-License-Identifier: Apache-2.0
// software and hardware: every n-th event of a counter of perf, on every processor.
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/suggest.h"
#include "probes/probe_internal.h"
#include "probes/providers.h"

struct counter {
    const char *name, *alias;
    uint64_t config, period;
};

static const struct counter software[] = {
    {"alignment-faults", NULL, PERF_COUNT_SW_ALIGNMENT_FAULTS, 1},
    {"bpf-output", NULL, PERF_COUNT_SW_BPF_OUTPUT, 1},
    {"context-switches", "cs", PERF_COUNT_SW_CONTEXT_SWITCHES, 1000},
    {"cpu-clock", "cpu", PERF_COUNT_SW_CPU_CLOCK, 1000000},
    {"cpu-migrations", NULL, PERF_COUNT_SW_CPU_MIGRATIONS, 1},
    {"dummy", NULL, PERF_COUNT_SW_DUMMY, 1},
    {"emulation-faults", NULL, PERF_COUNT_SW_EMULATION_FAULTS, 1},
    {"major-faults", NULL, PERF_COUNT_SW_PAGE_FAULTS_MAJ, 1},
    {"minor-faults", NULL, PERF_COUNT_SW_PAGE_FAULTS_MIN, 100},
    {"page-faults", "faults", PERF_COUNT_SW_PAGE_FAULTS, 100},
    {"task-clock", NULL, PERF_COUNT_SW_TASK_CLOCK, 1},
    {0},
};

static const struct counter hardware[] = {
    {"backend-stalls", NULL, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, 1000000},
    {"branch-instructions", "branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS, 100000},
    {"branch-misses", NULL, PERF_COUNT_HW_BRANCH_MISSES, 100000},
    {"bus-cycles", NULL, PERF_COUNT_HW_BUS_CYCLES, 100000},
    {"cache-misses", NULL, PERF_COUNT_HW_CACHE_MISSES, 1000000},
    {"cache-references", NULL, PERF_COUNT_HW_CACHE_REFERENCES, 1000000},
    {"cpu-cycles", "cycles", PERF_COUNT_HW_CPU_CYCLES, 1000000},
    {"frontend-stalls", NULL, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, 1000000},
    {"instructions", NULL, PERF_COUNT_HW_INSTRUCTIONS, 1000000},
    {"ref-cycles", NULL, PERF_COUNT_HW_REF_CPU_CYCLES, 1000000},
    {0},
};

static const struct counter *find(const struct counter *c, const char *name) {
    for (; c->name; c++)
        if (!strcmp(c->name, name) || (c->alias && !strcmp(c->alias, name))) return c;
    return NULL;
}

static int match_in(struct probe_env *env, const struct counter *table, const char *provider,
                    const struct probe_spec *spec, probe_found found, void *ctx,
                    struct probe_error *err) {
    if (spec->nparts < 2 || spec->nparts > 3) {
        probe_fail(env, err, "%s probe type requires 1 or 2 arguments, found %u", provider,
                   spec->nparts - 1);
        return -1;
    }
    struct mf_target t = {.name =
                              arena_printf(env->arena, "%s%s", provider, strchr(spec->text, ':')),
                          .function = spec->parts[1]};
    if (spec->nparts == 3 && *spec->parts[2] && !probe_number(spec->parts[2], &t.value)) {
        probe_fail(env, err, "Invalid count '%s'", spec->parts[2]);
        return -1;
    }
    const struct counter *c = find(table, spec->parts[1]);
    if (!c) {
        struct suggest s = suggest_begin(spec->parts[1]);
        for (const struct counter *p = table; p->name; p++) suggest_offer(&s, p->name);
        probe_fail(env, err, "%s is not a %s probe", spec->parts[1], provider);
        if (s.best) err->hint = arena_printf(env->arena, "did you mean %s?", s.best);
        return 0;
    }
    t.function = c->name;
    if (!t.value) t.value = c->period;
    found(ctx, &t);
    return 1;
}

static void list_in(struct probe_env *env, const struct counter *table, const char *provider,
                    const struct probe_spec *spec, probe_found found, void *ctx) {
    const char *pattern = spec->nparts > 1 ? spec->parts[1] : "*";
    for (const struct counter *c = table; c->name; c++) {
        const char *names[] = {c->name, c->alias};
        for (size_t i = 0; i < 2; i++) {
            if (!names[i] || !probe_glob(pattern, names[i])) continue;
            struct mf_target t = {.name = arena_printf(env->arena, "%s:%s:", provider, names[i]),
                                  .function = c->name};
            if (!found(ctx, &t)) return;
        }
    }
}

static size_t attach_in(const struct counter *table, uint32_t type, struct bpf_program *prog,
                        const struct mf_target *targets, size_t n, uint64_t first_cookie,
                        struct probe_links *links, probe_failed failed, void *ctx, pid_t pid) {
    size_t done = 0;
    int cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
    for (size_t i = 0; i < n; i++) {
        const struct counter *c = find(table, targets[i].function);
        const char *why = "no such counter";
        int on = 0;
        for (int cpu = 0; c && cpu < cpus; cpu++) {
            struct perf_event_attr attr = {
                .type = type, .config = c->config, .sample_period = targets[i].value};
            on +=
                perf_attach(&attr, bpf_program__fd(prog), pid, cpu, first_cookie + i, links, &why);
        }
        if (on)
            done++;
        else
            failed(ctx, &targets[i], why);
    }
    return done;
}

#define COUNTER(id, table, type)                                                                   \
    static int match_##id(struct probe_env *env, const struct probe_spec *spec, probe_found found, \
                          void *ctx, struct probe_error *err) {                                    \
        return match_in(env, table, #id, spec, found, ctx, err);                                   \
    }                                                                                              \
    static void list_##id(struct probe_env *env, const struct probe_spec *spec, probe_found found, \
                          void *ctx) {                                                             \
        list_in(env, table, #id, spec, found, ctx);                                                \
    }                                                                                              \
    static size_t attach_##id(struct probe_env *env, struct bpf_program *prog,                     \
                              const struct mf_target *targets, size_t n, uint64_t first_cookie,    \
                              struct probe_links *links, probe_failed failed, void *ctx) {         \
        return attach_in(table, type, prog, targets, n, first_cookie, links, failed, ctx,          \
                         env->pid);                                                                \
    }

COUNTER(software, software, PERF_TYPE_SOFTWARE)
COUNTER(hardware, hardware, PERF_TYPE_HARDWARE)

#define COUNTER_CAPS (PROBE_REGS | PROBE_STACK | PROBE_TASK)

const struct provider provider_software = {
    .name = "software",
    .aliases = {"s"},
    .doc = "Every n-th event that the kernel counts",
    .syntax = "software:EVENT[:COUNT]",
    .caps = COUNTER_CAPS,
    .context = CTX_PERF,
    .prog_type = BPF_PROG_TYPE_PERF_EVENT,
    .match = match_software,
    .list = list_software,
    .attach = attach_software,
};

const struct provider provider_hardware = {
    .name = "hardware",
    .aliases = {"h"},
    .doc = "Every n-th event that the processor counts",
    .syntax = "hardware:EVENT[:COUNT]",
    .caps = COUNTER_CAPS,
    .context = CTX_PERF,
    .prog_type = BPF_PROG_TYPE_PERF_EVENT,
    .match = match_hardware,
    .list = list_hardware,
    .attach = attach_hardware,
};
