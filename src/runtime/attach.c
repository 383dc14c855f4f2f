// SPDX-License-Identifier: Apache-2.0
// Attaches every program to its targets, and runs those that gaff runs itself.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/runtime_internal.h"

struct failures {
    struct runtime *rt;
    size_t n;
};

static void failed(void *ctx, const struct mf_target *t, const char *why) {
    struct failures *f = ctx;
    const char *mode = manifest_config(f->rt->m, "missing_probes");
    if (!strcmp(mode, "ignore")) return;
    if (!strcmp(mode, "warn")) {
        if (!f->rt->opts->no_warnings) log_warning("Unable to attach probe: %s: %s", t->name, why);
        return;
    }
    f->n++;
    log_error("Unable to attach probe: %s: %s", t->name, why);
}

static void progress(size_t done, size_t all) {
    if (all > 200 && isatty(STDERR_FILENO)) fprintf(stderr, "\rattaching %zu of %zu", done, all);
}

static void progress_end(size_t all) {
    if (all > 200 && isatty(STDERR_FILENO)) fprintf(stderr, "\r%40s\r", "");
}

static void attach_program(struct runtime *rt, size_t i, bool newest_first, struct failures *f) {
    const struct mf_program *p = &rt->m->programs.data[i];
    const struct provider *provider = provider_of(p);
    if (newest_first != !!(provider->caps & PROBE_NEWEST_FIRST)) return;
    if (!provider->attach) {
        rt->attached += p->ntargets;
        return;
    }
    rt->has_attached = true;
    rt->attached +=
        provider->attach(&rt->env, rt->programs[i], rt->m->targets.data + p->first_target,
                         p->ntargets, p->first_target, &rt->links, failed, f);
    progress(rt->attached, rt->m->targets.len);
}

// In script order, so that several bodies on one event run in script order; backwards where the
// kernel runs the newest first.
int rt_attach(struct runtime *rt) {
    struct failures f = {.rt = rt};
    size_t all = rt->m->targets.len, n = rt->m->programs.len;
    for (size_t i = n; i-- > 0;) attach_program(rt, i, true, &f);
    for (size_t i = 0; i < n; i++) attach_program(rt, i, false, &f);
    progress_end(all);
    if (f.n) {
        log_hint("use config = { missing_probes = \"warn\" } to go on without such probes");
        return -EINVAL;
    }
    if (!rt->attached) {
        log_error("No probes were attached");
        return -ENOENT;
    }
    return 0;
}

// begin, end, self, test: raw tracepoint programs, run once.
void rt_run_programs(struct runtime *rt, const char *provider) {
    for (size_t i = 0; i < rt->m->programs.len; i++) {
        if (strcmp(rt->m->programs.data[i].provider, provider)) continue;
        LIBBPF_OPTS(bpf_test_run_opts, opts);
        int err = bpf_prog_test_run_opts(bpf_program__fd(rt->programs[i]), &opts);
        if (err) {
            log_error("cannot run the %s probe: %s", provider, strerror(-err));
            rt->status = 1;
            rt->stop = true;
        }
    }
}

// A failure to pin, shown at the probe.
static void not_pinned(struct runtime *rt, const struct mf_program *p, const struct mf_target *t,
                       int err) {
    output_error_at(rt->out, p->line, 0, 0, "cannot pin %s to %s: %s", t->name, t->pin,
                    strerror(-err));
    if (err == -EEXIST)
        log_hint("rm %s removes what is there", t->pin);
    else if (err == -EPERM)
        log_hint(
            "the file must be on a BPF file system, such as /sys/fs/bpf, its name without dots");
}

void rt_run_iterators(struct runtime *rt) {
    for (size_t i = 0; i < rt->m->programs.len; i++) {
        const struct mf_program *p = &rt->m->programs.data[i];
        const struct mf_target *t = &rt->m->targets.data[p->first_target];
        const struct provider *provider = provider_of(p);
        if (!provider->run) continue;
        int err = provider->run(rt->programs[i], t);
        if (!err && t->pin) {
            output_text(rt->out, "text", arena_printf(rt->arena, "Program pinned to %s\n", t->pin));
        } else if (err) {
            if (t->pin)
                not_pinned(rt, p, t, err);
            else
                log_error("cannot run %s: %s", t->name, strerror(-err));
            rt->status = 1;
        }
    }
}
