// SPDX-License-Identifier: Apache-2.0
// interval and profile: the CPU clock of perf, on one processor or on all.
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "probes/probe_internal.h"
#include "probes/providers.h"

static const struct {
    const char *name;
    uint64_t ns; // 0: hertz
} units[] = {{"ns", 1},          {"us", 1000},         {"ms", 1000000}, {"s", 1000000000},
             {"m", 60000000000}, {"h", 3600000000000}, {"hz", 0}};

// "5s", "100ms", "99hz": number and unit in one word.
static bool duration(const char *text, uint64_t *value, const char **unit) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    *value = strtoull(text, &end, 10);
    *unit = end;
    return true;
}

static int match(struct probe_env *env, const struct probe_spec *spec, probe_found found, void *ctx,
                 struct probe_error *err) {
    uint64_t value = 0;
    const char *unit = "";
    bool ok = false;
    if (spec->nparts == 3) {
        unit = spec->parts[1];
        ok = probe_number(spec->parts[2], &value);
    } else if (spec->nparts == 2) {
        ok = duration(spec->parts[1], &value, &unit);
        if (ok && !*unit) unit = "ns";
    }
    if (!ok) {
        probe_fail(env, err, "Invalid %s: expected %s:UNIT:NUMBER or %s:NUMBERUNIT", spec->parts[0],
                   spec->parts[0], spec->parts[0]);
        err->hint = "units are us, ms, s, m, h, hz: interval:s:1, interval:100ms, profile:hz:99";
        return -1;
    }
    if (value < 1) {
        probe_fail(env, err, "Invalid %s rate: it must be at least 1", spec->parts[0]);
        return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcmp(units[i].name, unit)) continue;
        struct mf_target t = {.is_hz = !units[i].ns, .value = value};
        if (units[i].ns && __builtin_mul_overflow(value, units[i].ns, &t.value)) break;
        const char *canonical = !strcmp(spec->parts[0], "i")   ? "interval"
                                : !strcmp(spec->parts[0], "p") ? "profile"
                                                               : spec->parts[0];
        t.name = arena_printf(env->arena, "%s%s", canonical, strchr(spec->text, ':'));
        found(ctx, &t);
        return 1;
    }
    probe_fail(env, err, "'%s' is not a unit of time", unit);
    err->hint = "units are us, ms, s, m, h, hz";
    return -1;
}

// The units; a listing has no numbers.
static void list(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                 void *ctx) {
    static const char *const listed[] = {"hz", "ms", "s", "us"};
    for (size_t i = 0; i < ARRAY_LEN(listed); i++) {
        if (spec->nparts > 1 && !probe_glob(spec->parts[1], listed[i])) continue;
        struct mf_target t = {.name = arena_printf(env->arena, "%s:%s:",
                                                   provider_find(spec->parts[0])->name, listed[i])};
        if (!found(ctx, &t)) return;
    }
}

static size_t attach_on(struct bpf_program *prog, const struct mf_target *t, uint64_t cookie,
                        int first, int last, struct probe_links *links, const char **why) {
    for (int cpu = first; cpu <= last; cpu++) {
        struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                       .config = PERF_COUNT_SW_CPU_CLOCK,
                                       .freq = t->is_hz,
                                       .sample_period = t->value};
        if (!perf_attach(&attr, bpf_program__fd(prog), 0, cpu, cookie, links, why)) {
            // A processor that is off is no failure.
            if (cpu > first) continue;
            return 0;
        }
    }
    return 1;
}

static size_t attach_each(struct bpf_program *prog, const struct mf_target *targets, size_t n,
                          uint64_t first_cookie, int last_cpu, struct probe_links *links,
                          probe_failed failed, void *ctx) {
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        const char *why = "";
        size_t ok = attach_on(prog, &targets[i], first_cookie + i, 0, last_cpu, links, &why);
        if (!ok) failed(ctx, &targets[i], why);
        done += ok;
    }
    return done;
}

static size_t attach_interval(struct probe_env *env, struct bpf_program *prog,
                              const struct mf_target *targets, size_t n, uint64_t first_cookie,
                              struct probe_links *links, probe_failed failed, void *ctx) {
    (void)env;
    return attach_each(prog, targets, n, first_cookie, 0, links, failed, ctx);
}

static size_t attach_profile(struct probe_env *env, struct bpf_program *prog,
                             const struct mf_target *targets, size_t n, uint64_t first_cookie,
                             struct probe_links *links, probe_failed failed, void *ctx) {
    (void)env;
    int cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
    return attach_each(prog, targets, n, first_cookie, cpus - 1, links, failed, ctx);
}

const struct provider provider_interval = {
    .name = "interval",
    .aliases = {"i"},
    .doc = "Every so often, on one processor",
    .syntax = "interval:us|ms|s|m|h|hz:N",
    .caps = PROBE_TIMER | PROBE_REGS | PROBE_STACK,
    .context = CTX_PERF,
    .prog_type = BPF_PROG_TYPE_PERF_EVENT,
    .match = match,
    .list = list,
    .attach = attach_interval,
};

const struct provider provider_profile = {
    .name = "profile",
    .aliases = {"p"},
    .doc = "Every so often, on every processor",
    .syntax = "profile:us|ms|s|m|h|hz:N",
    .caps = PROBE_TIMER | PROBE_REGS | PROBE_STACK | PROBE_TASK,
    .context = CTX_PERF,
    .prog_type = BPF_PROG_TYPE_PERF_EVENT,
    .match = match,
    .list = list,
    .attach = attach_profile,
};
