// SPDX-License-Identifier: Apache-2.0
// usdt: static probes of programs and libraries, one uprobe for each of their places. A probe that
// has a semaphore is switched on through it by the kernel, for as long as the perf event lives.
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "base/suggest.h"
#include "probes/probe_internal.h"
#include "probes/providers.h"
#include "probes/usdt_args.h"
#include "symbols/symbols.h"

struct search {
    struct probe_env *env;
    const char *written; // the path as the script has it
    const char *path, *provider, *name;
    probe_found found;
    void *ctx;
    int n;
    bool stopped;
    struct suggest suggest;
};

static bool consider(void *ctx, const struct usdt_note *note) {
    struct search *s = ctx;
    struct arena *a = s->env->arena;
    const char *before = s->suggest.best;
    suggest_offer(&s->suggest, note->name);
    if (s->suggest.best != before) s->suggest.best = arena_strdup(a, note->name);
    if (!probe_glob(s->provider, note->provider) || !probe_glob(s->name, note->name)) return true;
    struct mf_target t = {.name = arena_printf(a, "usdt:%s:%s:%s",
                                               probe_shown_path(s->written, s->path),
                                               note->provider, note->name),
                          .module = s->path,
                          .address = note->address,
                          .pid = s->env->pid};
    s->n++;
    s->stopped = !s->found(s->ctx, &t);
    return !s->stopped;
}

static bool search_file(void *ctx, const char *path) {
    struct search *s = ctx;
    s->path = path;
    elf_each_usdt(path, consider, s);
    return !s->stopped;
}

// The last part; an empty provider before it ("usdt:PATH::NAME") leaves its colon there.
static const char *name_of(const struct probe_spec *spec) {
    const char *name = spec->nparts > 2 ? spec->parts[spec->nparts - 1] : "*";
    return name + strspn(name, ":");
}

static struct search search_of(struct probe_env *env, const struct probe_spec *spec,
                               probe_found found, void *ctx) {
    return (struct search){.env = env,
                           .written = spec->nparts > 1 ? spec->parts[1] : "",
                           .provider = spec->nparts > 3 && *spec->parts[2] ? spec->parts[2] : "*",
                           .name = name_of(spec),
                           .found = found,
                           .ctx = ctx,
                           .suggest = suggest_begin(name_of(spec))};
}

static int match(struct probe_env *env, const struct probe_spec *spec, probe_found found, void *ctx,
                 struct probe_error *err) {
    if (spec->nparts < 3 || spec->nparts > 4 || !*name_of(spec)) {
        probe_fail(env, err, "usdt probe type requires 2 or 3 arguments, found %u",
                   spec->nparts - 1);
        err->hint = "usdt:PATH:[PROVIDER:]NAME; PATH * is every file that a process has mapped";
        return -1;
    }
    const char *path = spec->parts[1];
    struct search s = search_of(env, spec, found, ctx);
    if (!probe_each_file(env, path, search_file, &s)) {
        probe_fail(env, err, "usdt target file '%s' does not exist or is not executable", path);
        err->is_missing = true;
        return -1;
    }
    if (s.n) return s.n;
    if (probe_has_glob(s.name) || probe_has_glob(path) || !s.path) {
        probe_fail(env, err, "No matches for %s", spec->text);
        return 0;
    }
    probe_fail(env, err, "%s has no static probe %s", s.path, s.name);
    if (s.suggest.best) err->hint = arena_printf(env->arena, "did you mean %s?", s.suggest.best);
    return 0;
}

VEC_OF(name_vec, const char *);

// A probe has as many places as the compiler made copies of it; it is listed once.
struct listing {
    probe_found found;
    void *ctx;
    struct arena *arena;
    struct name_vec seen;
};

static bool list_once(void *ctx, const struct mf_target *t) {
    struct listing *l = ctx;
    for (size_t i = 0; i < l->seen.len; i++)
        if (!strcmp(l->seen.data[i], t->name)) return true;
    VEC_PUSH(l->arena, &l->seen, t->name);
    return l->found(l->ctx, t);
}

static void list(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                 void *ctx) {
    struct listing l = {.found = found, .ctx = ctx, .arena = env->arena};
    if (spec->nparts < 2 && env->pid <= 0) return;
    struct search s = search_of(env, spec, list_once, &l);
    const char *path = spec->nparts > 1 ? spec->parts[1] : "*";
    if (spec->nparts > 2 || !probe_any_file(path) || env->pid > 0 || env->program)
        probe_each_file(env, path, search_file, &s);
}

// ---- one place ----

struct place {
    uint64_t address, semaphore;
    const char *args; // in env's arena
    struct arena *arena;
    bool found;
};

static bool is_place(void *ctx, const struct usdt_note *note) {
    struct place *p = ctx;
    if (note->address != p->address) return true;
    p->semaphore = note->semaphore;
    p->args = arena_strdup(p->arena, note->args);
    return !(p->found = true);
}

static struct place place_of(struct probe_env *env, const struct mf_target *t) {
    struct place p = {.address = t->address, .arena = env->arena};
    elf_each_usdt(t->module, is_place, &p);
    return p;
}

static bool describe(struct probe_env *env, const struct mf_target *t, struct probe_layout *out,
                     struct probe_error *err) {
    struct place p = place_of(env, t);
    if (!p.found) return probe_fail(env, err, "%s is not there any more", t->name);
    struct probe_arg arg = {0};
    for (const char *text = p.args; usdt_next_arg(env, &text, t->module, t->address, &arg);
         arg = (struct probe_arg){0}) {
        arg.name = arena_printf(env->arena, "arg%zu", out->args.len);
        VEC_PUSH(env->arena, &out->args, arg);
    }
    return true;
}

static size_t attach(struct probe_env *env, struct bpf_program *prog,
                     const struct mf_target *targets, size_t n, uint64_t first_cookie,
                     struct probe_links *links, probe_failed failed, void *ctx) {
    int type = perf_pmu_type("uprobe");
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mf_target *t = &targets[i];
        const char *why = "this kernel has no uprobes (CONFIG_UPROBE_EVENTS)";
        uint64_t at;
        struct place p = place_of(env, t);
        bool ok = type >= 0;
        if (ok && !(ok = p.found && elf_offset_of(t->module, t->address, &at)))
            why = "the probe is not there any more";
        // The semaphore's offset is in the upper half: ref_ctr_offset of the PMU's format.
        struct perf_event_attr attr = {.type = (uint32_t)type,
                                       .config = p.semaphore << 32,
                                       .config1 = (uintptr_t)t->module,
                                       .config2 = ok ? at : 0};
        // Several places are one probe: it is counted once, and is one in keys.
        if (!ok || !perf_attach(&attr, bpf_program__fd(prog), t->pid, t->pid > 0 ? -1 : 0,
                                t->identity, links, &why))
            failed(ctx, t, why);
        else
            done += t->identity == first_cookie + i;
    }
    return done;
}

const struct provider provider_usdt = {
    .name = "usdt",
    .aliases = {"U"},
    .doc = "Static probe of a program or library",
    .syntax = "usdt:PATH:[PROVIDER:]NAME",
    .caps = PROBE_ARGN | PROBE_PLACED_ARGS | PROBE_REGS | PROBE_FUNC | PROBE_USER | PROBE_STACK |
            PROBE_TASK | PROBE_NEWEST_FIRST,
    .context = CTX_REGS,
    .prog_type = BPF_PROG_TYPE_KPROBE,
    .match = match,
    .list = list,
    .describe = describe,
    .attach = attach,
};
