// SPDX-License-Identifier: Apache-2.0
// kprobe and kretprobe: kernel functions, through one multi-link where the kernel has them and
// there are several targets, else through the kprobe PMU.
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "probes/feature.h"
#include "probes/probe_internal.h"
#include "probes/providers.h"
#include "symbols/symbols.h"

struct search {
    struct probe_env *env;
    const char *provider, *module, *pattern;
    bool is_return;
    probe_found found;
    void *ctx;
    int n;
};

static bool module_matches(const char *pattern, const char *module) {
    if (!pattern) return true;
    return probe_glob(pattern, *module ? module : "vmlinux");
}

static bool consider(void *ctx, const struct kfunction *f) {
    struct search *s = ctx;
    if (!module_matches(s->module, f->module) || !probe_glob(s->pattern, f->name)) return true;
    // Parts of functions that the compiler made are not entered as functions are.
    if (strstr(f->name, ".cold") || strstr(f->name, ".part.")) return true;
    struct arena *a = s->env->arena;
    struct mf_target t = {.function = arena_strdup(a, f->name), .is_return = s->is_return};
    t.module = s->module && *f->module ? arena_strdup(a, f->module) : NULL;
    t.name = s->module ? arena_printf(a, "%s:%s:%s", s->provider,
                                      *f->module ? f->module : "vmlinux", t.function)
                       : arena_printf(a, "%s:%s", s->provider, t.function);
    s->n++;
    return s->found(s->ctx, &t);
}

static const char *canonical(const char *name) { return provider_find(name)->name; }

// Does the offset lie inside the function? The next symbol ends it.
static bool offset_ok(const char *function, uint64_t offset) {
    struct symbols *s = symbols_new(NULL);
    const char *name = NULL, *module;
    uint64_t at = 0, start = symbols_kernel_address(function);
    bool ok =
        !start || !s || !symbols_kernel(s, start + offset, &name, &at, &module) || at == offset;
    symbols_free(s);
    return ok;
}

// Scripts name the function of the source, of which the compiler may have left one clone alone.
static bool take_clone(struct probe_env *env, struct mf_target *t, struct probe_error *err) {
    const char *clone = kfunctions_clone(env->arena, t->module, t->function);
    if (!clone) return false;
    err->warning =
        arena_printf(env->arena, "%s is %s in this kernel: the compiler may have dropped arguments",
                     t->function, clone);
    t->function = clone;
    return true;
}

static int match(struct probe_env *env, const struct probe_spec *spec, probe_found found, void *ctx,
                 struct probe_error *err) {
    const char *provider = canonical(spec->parts[0]);
    if (spec->nparts < 2 || spec->nparts > 3 || !*spec->parts[spec->nparts - 1]) {
        probe_fail(env, err, "%s probe type requires 1 or 2 arguments, found %u", provider,
                   spec->nparts - 1);
        err->hint = "kprobe:[MODULE:]FUNCTION[+OFFSET]";
        return -1;
    }
    struct search s = {.env = env,
                       .provider = provider,
                       .module = spec->nparts == 3 ? spec->parts[1] : NULL,
                       .is_return = !strcmp(provider, "kretprobe"),
                       .found = found,
                       .ctx = ctx};
    uint64_t offset;
    if (!probe_split_offset(env->arena, spec->parts[spec->nparts - 1], &s.pattern, &offset)) {
        probe_fail(env, err, "Invalid offset in '%s'", spec->text);
        return -1;
    }
    if (probe_has_glob(s.pattern) || (s.module && probe_has_glob(s.module))) {
        if (offset) {
            probe_fail(env, err, "Cannot use a wildcard in a probe with an offset");
            return -1;
        }
        kfunctions_each(consider, &s);
        if (!s.n) probe_fail(env, err, "No matches for %s", spec->text);
        return s.n;
    }
    if (offset && s.is_return) {
        probe_fail(env, err, "Offset not allowed for kretprobe");
        return -1;
    }
    struct mf_target t = {.name =
                              arena_printf(env->arena, "%s%s", provider, strchr(spec->text, ':')),
                          .module = s.module,
                          .function = s.pattern,
                          .offset = offset,
                          .is_return = s.is_return};
    uint64_t address;
    if (probe_number(s.pattern, &address)) {
        t.function = NULL;
        t.address = address;
    } else if (!kfunctions_have(s.module, s.pattern) && !take_clone(env, &t, err)) {
        probe_fail(env, err, "Function %s does not exist or cannot be traced", s.pattern);
        const char *near = kfunctions_near(env->arena, s.pattern);
        if (near) err->hint = arena_printf(env->arena, "this kernel has: %s", near);
        return 0;
    }
    if (offset && t.function && !offset_ok(t.function, offset)) {
        probe_fail(env, err, "Offset outside the function bounds: %s+%llu", t.function,
                   (unsigned long long)offset);
        return -1;
    }
    found(ctx, &t);
    return 1;
}

static void list(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                 void *ctx) {
    const char *provider = canonical(spec->parts[0]);
    struct search s = {.env = env,
                       .provider = provider,
                       .is_return = !strcmp(provider, "kretprobe"),
                       .pattern = spec->nparts > 1 ? spec->parts[spec->nparts - 1] : "*",
                       .module = spec->nparts > 2 ? spec->parts[1] : NULL,
                       .found = found,
                       .ctx = ctx};
    kfunctions_each(consider, &s);
}

static bool use_multi(const struct mf_target *targets, size_t n) {
    if (n < 2 || !feature_have(FEATURE_kprobe_multi)) return false;
    for (size_t i = 0; i < n; i++)
        if (targets[i].offset || !targets[i].function) return false;
    return true;
}

static int prepare(struct probe_env *env, struct bpf_program *prog, const struct mf_target *targets,
                   size_t n, struct probe_error *err) {
    (void)env;
    (void)err;
    if (use_multi(targets, n)) bpf_program__set_expected_attach_type(prog, BPF_TRACE_KPROBE_MULTI);
    return 0;
}

static int link_multi(struct bpf_program *prog, const struct mf_target *targets, size_t n,
                      uint64_t first_cookie) {
    const char **names = calloc(n, sizeof(*names));
    __u64 *cookies = calloc(n, sizeof(*cookies));
    int fd = -ENOMEM;
    if (names && cookies) {
        for (size_t i = 0; i < n; i++) {
            names[i] = targets[i].function;
            cookies[i] = first_cookie + i;
        }
        LIBBPF_OPTS(bpf_link_create_opts, opts);
        opts.kprobe_multi.syms = names;
        opts.kprobe_multi.cookies = cookies;
        opts.kprobe_multi.cnt = (__u32)n;
        opts.kprobe_multi.flags = targets[0].is_return ? BPF_F_KPROBE_MULTI_RETURN : 0;
        fd = bpf_link_create(bpf_program__fd(prog), 0, BPF_TRACE_KPROBE_MULTI, &opts);
    }
    free(names);
    free(cookies);
    return fd;
}

// Since 6.7 the kernel refuses a name that several functions have (EADDRNOTAVAIL, trace_kprobe.c):
// the script means them all, and they are attached by their addresses.
static bool attach_namesakes(struct perf_event_attr attr, struct bpf_program *prog,
                             const struct mf_target *t, uint64_t cookie, struct probe_links *links,
                             const char **why) {
    FILE *f = fopen("/proc/kallsyms", "re");
    char line[512], name[256], module[64];
    unsigned long long address;
    bool any = false;
    while (f && fgets(line, sizeof(line), f)) {
        char kind;
        int n = sscanf(line, "%llx %c %255s [%63[^]]", &address, &kind, name, module);
        if (n < 3 || !address || strcmp(name, t->function) || !strchr("tTwW", kind)) continue;
        if (t->module && strcmp(t->module, n == 4 ? module : "vmlinux")) continue;
        attr.config1 = 0;
        attr.config2 = address + t->offset;
        any |= perf_attach(&attr, bpf_program__fd(prog), 0, 0, cookie, links, why);
    }
    if (f) fclose(f);
    return any;
}

static bool attach_one(struct bpf_program *prog, const struct mf_target *t, uint64_t cookie,
                       struct probe_links *links, const char **why) {
    int type = perf_pmu_type("kprobe");
    if (type < 0) {
        *why = "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)";
        return false;
    }
    char name[256];
    struct perf_event_attr attr = {.type = (uint32_t)type, .config2 = t->offset};
    if (t->function) {
        if (t->module && strcmp(t->module, "vmlinux"))
            snprintf(name, sizeof(name), "%s:%s", t->module, t->function);
        else
            snprintf(name, sizeof(name), "%s", t->function);
        attr.config1 = (uintptr_t)name;
    } else {
        attr.config2 = t->address;
    }
    if (t->is_return) attr.config = 1ull << perf_pmu_retprobe_bit("kprobe");
    if (perf_attach(&attr, bpf_program__fd(prog), 0, 0, cookie, links, why)) return true;
    return errno == EADDRNOTAVAIL && t->function &&
           attach_namesakes(attr, prog, t, cookie, links, why);
}

static size_t attach(struct probe_env *env, struct bpf_program *prog,
                     const struct mf_target *targets, size_t n, uint64_t first_cookie,
                     struct probe_links *links, probe_failed failed, void *ctx) {
    (void)env;
    if (use_multi(targets, n))
        return perf_attach_multi(link_multi, prog, targets, n, first_cookie, links, failed, ctx);
    return perf_attach_each(attach_one, prog, targets, n, first_cookie, links, failed, ctx);
}

#define KPROBE_CAPS (PROBE_ARGN | PROBE_REGS | PROBE_FUNC | PROBE_STACK | PROBE_TASK)

const struct provider provider_kprobe = {
    .name = "kprobe",
    .aliases = {"k"},
    .doc = "Entry of a kernel function",
    .syntax = "kprobe:[MODULE:]FUNCTION[+OFFSET]",
    .caps = KPROBE_CAPS | PROBE_NEWEST_FIRST,
    .context = CTX_REGS,
    .prog_type = BPF_PROG_TYPE_KPROBE,
    .match = match,
    .list = list,
    .prepare = prepare,
    .attach = attach,
};

const struct provider provider_kretprobe = {
    .name = "kretprobe",
    .aliases = {"kr"},
    .doc = "Return of a kernel function",
    .syntax = "kretprobe:[MODULE:]FUNCTION",
    .caps = (KPROBE_CAPS & ~PROBE_ARGN) | PROBE_RETVAL,
    .context = CTX_REGS,
    .prog_type = BPF_PROG_TYPE_KPROBE,
    .match = match,
    .list = list,
    .prepare = prepare,
    .attach = attach,
};
