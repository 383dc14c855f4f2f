// SPDX-License-Identifier: Apache-2.0
// Providers whose arguments BTF types: fentry and fexit (trampolines of kernel functions) and
// rawtracepoint.
#include <errno.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/suggest.h"
#include "probes/probe_internal.h"
#include "probes/providers.h"

struct search {
    struct probe_env *env;
    const char *provider, *module, *pattern, *prefix;
    probe_found found;
    void *ctx;
    int n;
    bool with_module;
    struct suggest suggest;
};

static bool consider(void *ctx, const char *module, const char *name) {
    struct search *s = ctx;
    if (!probe_glob(s->module, module)) return true;
    if (!probe_glob(s->pattern, name)) return true;
    struct arena *a = s->env->arena;
    struct mf_target t = {.name = arena_printf(a, "%s:%s:%s", s->provider, module, name),
                          .module = module,
                          .function = arena_strdup(a, name),
                          .is_return = !strcmp(s->provider, "fexit")};
    s->n++;
    return s->found(s->ctx, &t);
}

static bool offer(void *ctx, const char *module, const char *name) {
    (void)module;
    suggest_offer(&((struct search *)ctx)->suggest, name);
    return true;
}

static int match_fentry(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                        void *ctx, struct probe_error *err) {
    const char *provider = provider_find(spec->parts[0])->name, *why;
    if (spec->nparts < 2 || spec->nparts > 3 || !*spec->parts[spec->nparts - 1]) {
        probe_fail(env, err, "%s probe type requires 1 or 2 arguments, found %u", provider,
                   spec->nparts - 1);
        err->hint = "fentry:[MODULE:]FUNCTION";
        return -1;
    }
    if (!types_have_btf(env->types, &why)) {
        probe_fail(env, err, "%s needs BTF: %s", provider, why);
        err->hint = "use kprobe or kretprobe, or a kernel with CONFIG_DEBUG_INFO_BTF";
        return -1;
    }
    const char *function = spec->parts[spec->nparts - 1];
    struct search s = {.env = env,
                       .provider = provider,
                       .module = spec->nparts == 3 ? spec->parts[1] : "*",
                       .pattern = function,
                       .found = found,
                       .ctx = ctx};
    if (!probe_has_glob(function) && !probe_has_glob(s.module)) {
        const struct type_func *f = types_find_func(env->types, s.module, function);
        if (f) consider(&s, f->module, function);
    } else if (!probe_has_glob(function)) {
        const struct type_func *f = types_find_func(env->types, NULL, function);
        if (f && probe_glob(s.module, f->module)) consider(&s, f->module, function);
    } else {
        types_each_func(env->types, NULL, consider, &s);
    }
    if (s.n) return s.n;
    s.suggest = suggest_begin(function);
    types_each_func(env->types, NULL, offer, &s);
    probe_fail(env, err, "Function %s has no BTF or cannot be traced", function);
    if (s.suggest.best) err->hint = arena_printf(env->arena, "did you mean %s?", s.suggest.best);
    return 0;
}

static void list_fentry(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                        void *ctx) {
    struct search s = {.env = env,
                       .provider = provider_find(spec->parts[0])->name,
                       .module = spec->nparts > 2 ? spec->parts[1] : "*",
                       .pattern = spec->nparts > 1 ? spec->parts[spec->nparts - 1] : "*",
                       .found = found,
                       .ctx = ctx};
    types_each_func(env->types, NULL, consider, &s);
}

static void describe_func(struct probe_env *env, const struct type_func *f,
                          struct probe_layout *out) {
    for (uint32_t i = 0; i < f->nparams; i++) {
        struct probe_arg a = {.name = f->params[i].name, .type = f->params[i].type, .offset = i};
        a.decl = arena_printf(env->arena, "%s %s", f->params[i].decl, a.name);
        VEC_PUSH(env->arena, &out->args, a);
    }
}

static bool describe_fentry(struct probe_env *env, const struct mf_target *t,
                            struct probe_layout *out, struct probe_error *err) {
    const struct type_func *f = types_find_func(env->types, t->module, t->function);
    if (!f) return probe_fail(env, err, "no BTF for %s", t->function);
    describe_func(env, f, out);
    if (t->is_return) {
        out->retval = f->ret;
        out->retval_decl = arena_printf(env->arena, "%s retval", f->ret_decl);
        out->retval_index = f->nparams;
    }
    return true;
}

static int prepare_fentry(struct probe_env *env, struct bpf_program *prog,
                          const struct mf_target *targets, size_t n, struct probe_error *err) {
    (void)n;
    bpf_program__set_expected_attach_type(prog,
                                          targets->is_return ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY);
    // libbpf takes "module:function" from 1.5 on; before, it looks for the name in all modules.
    const char *name = targets->function;
    int rc = -ENOENT;
    if (targets->module && strcmp(targets->module, "vmlinux"))
        rc = bpf_program__set_attach_target(
            prog, 0, arena_printf(env->arena, "%s:%s", targets->module, name));
    if (rc) rc = bpf_program__set_attach_target(prog, 0, name);
    if (rc) probe_fail(env, err, "no BTF for %s", targets->function);
    return rc;
}

static size_t attach_trace(struct probe_env *env, struct bpf_program *prog,
                           const struct mf_target *targets, size_t n, uint64_t first_cookie,
                           struct probe_links *links, probe_failed failed, void *ctx) {
    (void)env;
    (void)first_cookie;
    (void)n;
    int fd = bpf_raw_tracepoint_open(NULL, bpf_program__fd(prog));
    if (fd < 0) {
        failed(ctx, targets, perf_why(-fd, "attaching the program"));
        return 0;
    }
    probe_links_add(links, fd);
    return 1;
}

// ---- raw tracepoints ----

static bool raw_name(struct search *s, const char *name) {
    if (!probe_glob(s->pattern, name)) return true;
    struct arena *a = s->env->arena;
    struct mf_target t = {.name = arena_printf(a, "rawtracepoint:%s", name),
                          .function = arena_strdup(a, name)};
    s->n++;
    return s->found(s->ctx, &t);
}

static bool consider_raw(void *ctx, const char *module, const char *name) {
    (void)module;
    return raw_name(ctx, name);
}

static int match_raw(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                     void *ctx, struct probe_error *err) {
    if (spec->nparts < 2 || spec->nparts > 3 || !*spec->parts[spec->nparts - 1]) {
        probe_fail(env, err, "rawtracepoint probe type requires 1 or 2 arguments, found %u",
                   spec->nparts - 1);
        return -1;
    }
    struct search s = {
        .env = env, .pattern = spec->parts[spec->nparts - 1], .found = found, .ctx = ctx};
    if (probe_has_glob(s.pattern)) {
        types_each_raw_tracepoint(env->types, consider_raw, &s);
        if (!s.n) probe_fail(env, err, "No matches for %s", spec->text);
        return s.n;
    }
    bool known = types_find_raw_tracepoint(env->types, NULL, s.pattern) != NULL;
    if (!known && types_have_btf(env->types, NULL)) {
        probe_fail(env, err, "rawtracepoint %s does not exist", s.pattern);
        return 0;
    }
    raw_name(&s, s.pattern);
    return 1;
}

static void list_raw(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                     void *ctx) {
    struct search s = {.env = env,
                       .pattern = spec->nparts > 1 ? spec->parts[spec->nparts - 1] : "*",
                       .found = found,
                       .ctx = ctx};
    types_each_raw_tracepoint(env->types, consider_raw, &s);
}

static bool describe_raw(struct probe_env *env, const struct mf_target *t, struct probe_layout *out,
                         struct probe_error *err) {
    const struct type_func *f = types_find_raw_tracepoint(env->types, NULL, t->function);
    if (!f) return probe_fail(env, err, "no BTF for raw tracepoint %s", t->function);
    describe_func(env, f, out);
    return true;
}

static int prepare_raw(struct probe_env *env, struct bpf_program *prog,
                       const struct mf_target *targets, size_t n, struct probe_error *err) {
    (void)n;
    bpf_program__set_expected_attach_type(prog, BPF_TRACE_RAW_TP);
    int rc = bpf_program__set_attach_target(prog, 0, targets->function);
    if (rc) probe_fail(env, err, "no BTF for raw tracepoint %s", targets->function);
    return rc;
}

static size_t attach_raw(struct probe_env *env, struct bpf_program *prog,
                         const struct mf_target *targets, size_t n, uint64_t first_cookie,
                         struct probe_links *links, probe_failed failed, void *ctx) {
    (void)env;
    (void)first_cookie;
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        int fd = bpf_raw_tracepoint_open(targets[i].function, bpf_program__fd(prog));
        if (fd < 0) {
            failed(ctx, &targets[i], perf_why(-fd, "opening the raw tracepoint"));
            continue;
        }
        probe_links_add(links, fd);
        done++;
    }
    return done;
}

#define TRACE_CAPS (PROBE_ARGS | PROBE_ARGN | PROBE_FUNC | PROBE_STACK | PROBE_TASK)

const struct provider provider_fentry = {
    .name = "fentry",
    .aliases = {"kfunc", "f"},
    .doc = "Entry of a kernel function, with typed arguments",
    .syntax = "fentry:[MODULE:]FUNCTION",
    .caps = TRACE_CAPS | PROBE_ONE_TARGET | PROBE_NEWEST_FIRST,
    .context = CTX_BTF,
    .prog_type = BPF_PROG_TYPE_TRACING,
    .match = match_fentry,
    .list = list_fentry,
    .describe = describe_fentry,
    .prepare = prepare_fentry,
    .attach = attach_trace,
};

const struct provider provider_fexit = {
    .name = "fexit",
    .aliases = {"kretfunc", "fr"},
    .doc = "Return of a kernel function, with typed arguments and return value",
    .syntax = "fexit:[MODULE:]FUNCTION",
    .caps = TRACE_CAPS | PROBE_RETVAL | PROBE_ONE_TARGET | PROBE_NEWEST_FIRST,
    .context = CTX_BTF,
    .prog_type = BPF_PROG_TYPE_TRACING,
    .match = match_fentry,
    .list = list_fentry,
    .describe = describe_fentry,
    .prepare = prepare_fentry,
    .attach = attach_trace,
};

// One event only, and slower to load: the kernel must be told which arguments there are.
static const struct provider typed_rawtracepoint = {
    .name = "rawtracepoint",
    .caps = PROBE_ARGS | PROBE_ARGN | PROBE_STACK | PROBE_TASK | PROBE_NO_COOKIE | PROBE_ONE_TARGET,
    .context = CTX_BTF,
    .prog_type = BPF_PROG_TYPE_TRACING,
    .match = match_raw,
    .describe = describe_raw,
    .prepare = prepare_raw,
    .attach = attach_trace,
};

const struct provider provider_rawtracepoint = {
    .name = "rawtracepoint",
    .aliases = {"rt"},
    .doc = "Static event of the kernel, before its record is made",
    .syntax = "rawtracepoint:EVENT",
    .caps = PROBE_ARGS | PROBE_ARGN | PROBE_STACK | PROBE_TASK | PROBE_NO_COOKIE,
    .context = CTX_BTF,
    .prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
    .match = match_raw,
    .list = list_raw,
    .describe = describe_raw,
    .attach = attach_raw,
    .typed = &typed_rawtracepoint,
};
