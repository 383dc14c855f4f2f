// SPDX-License-Identifier: Apache-2.0
// iter: runs once for each object that the kernel has of a kind. Iterator NAME is the function
// bpf_iter_NAME, and its context struct bpf_iter__NAME: what to iterate over is what BTF lists.
#include <errno.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/suggest.h"
#include "probes/probe_internal.h"
#include "probes/providers.h"

struct search {
    struct probe_env *env;
    const char *pattern;
    const char *pin; // or NULL
    probe_found found;
    void *ctx;
    int n;
    struct suggest suggest;
};

// The context of an iterator, NULL when the kernel has no such one.
static const struct type *context_of(struct probe_env *env, const char *name) {
    char full[128];
    snprintf(full, sizeof(full), "struct bpf_iter__%s", name);
    const struct type *t = types_find(env->types, full);
    t = t ? types_complete(env->types, t) : NULL;
    return t && t->nfields ? t : NULL;
}

static bool consider(void *ctx, const char *module, const char *function) {
    struct search *s = ctx;
    (void)module;
    if (strncmp(function, "bpf_iter_", 9)) return true;
    const char *name = function + 9;
    if (!context_of(s->env, name)) return true; // bpf_iter_run_prog and the like
    suggest_offer(&s->suggest, name);
    if (!probe_glob(s->pattern, name)) return true;
    struct arena *a = s->env->arena;
    struct mf_target t = {.name = arena_printf(a, "iter:%s", name),
                          .function = arena_strdup(a, name),
                          .pin = s->pin,
                          .pid = s->env->pid};
    s->n++;
    return s->found(s->ctx, &t);
}

// A path may be absolute, or relative to where the BPF file system usually is.
static const char *pin_path(struct probe_env *env, const char *text) {
    return *text == '/' ? text : arena_printf(env->arena, "/sys/fs/bpf/%s", text);
}

static int match(struct probe_env *env, const struct probe_spec *spec, probe_found found, void *ctx,
                 struct probe_error *err) {
    unsigned n = spec->nparts - 1;
    if (n < 1 || n > 2 || !*spec->parts[n]) {
        probe_fail(env, err, "iter probe type requires 1 or 2 arguments, found %u",
                   *spec->parts[n] ? n : n - 1);
        err->hint = "iter:NAME or iter:NAME:FILE; gaff -l 'iter:*' lists the names";
        return -1;
    }
    if (spec->nparts == 3 && probe_has_glob(spec->parts[1])) {
        probe_fail(env, err, "one iterator only can be pinned to a file");
        err->hint = "name it: gaff -l 'iter:*' lists them";
        return -1;
    }
    struct search s = {.env = env,
                       .pattern = spec->parts[1],
                       .pin = spec->nparts == 3 ? pin_path(env, spec->parts[2]) : NULL,
                       .found = found,
                       .ctx = ctx,
                       .suggest = suggest_begin(spec->parts[1])};
    types_each_func(env->types, NULL, consider, &s);
    if (s.n) return s.n;
    probe_fail(env, err, "this kernel has no iterator %s", s.pattern);
    if (s.suggest.best)
        err->hint = arena_printf(env->arena, "did you mean iter:%s?", s.suggest.best);
    return 0;
}

static void list(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                 void *ctx) {
    struct search s = {.env = env,
                       .pattern = spec->nparts > 1 ? spec->parts[1] : "*",
                       .found = found,
                       .ctx = ctx,
                       .suggest = suggest_begin("")};
    types_each_func(env->types, NULL, consider, &s);
}

// Pointers are each in an anonymous union, which gives them 8 bytes on 32-bit machines too.
static bool describe(struct probe_env *env, const struct mf_target *t, struct probe_layout *out,
                     struct probe_error *err) {
    const struct type *context = context_of(env, t->function);
    if (!context) return probe_fail(env, err, "no BTF for %s", t->name);
    for (uint32_t i = 0; i < context->nfields; i++) {
        struct type_field f = context->fields[i];
        if (!f.name || !*f.name) {
            const struct type *inner = types_complete(env->types, f.type);
            if (!inner || !inner->nfields) continue;
            f.name = inner->fields[0].name;
            f.type = inner->fields[0].type;
        }
        struct probe_arg arg = {.name = f.name, .type = f.type, .offset = f.offset};
        arg.decl = arena_printf(env->arena, "%s %s", type_name(env->types, f.type), f.name);
        VEC_PUSH(env->arena, &out->args, arg);
    }
    out->record = context;
    return true;
}

static int prepare(struct probe_env *env, struct bpf_program *prog, const struct mf_target *targets,
                   size_t n, struct probe_error *err) {
    (void)n;
    bpf_program__set_expected_attach_type(prog, BPF_TRACE_ITER);
    int rc = bpf_program__set_attach_target(prog, 0, targets->function);
    if (rc) probe_fail(env, err, "no BTF for iterator %s", targets->function);
    return rc;
}

// Reading an iterator to its end is what runs the program.
static int read_all(int link) {
    char nothing[64];
    ssize_t n = 0;
    int fd = bpf_iter_create(link);
    if (fd < 0) return fd;
    while ((n = read(fd, nothing, sizeof(nothing))) > 0) {
    }
    int err = n < 0 ? -errno : 0;
    close(fd);
    return err;
}

static int run(struct bpf_program *prog, const struct mf_target *target) {
    int link = bpf_link_create(bpf_program__fd(prog), 0, BPF_TRACE_ITER, NULL);
    if (link < 0) return link;
    int err = target->pin ? bpf_obj_pin(link, target->pin) : read_all(link);
    close(link);
    return err;
}

const struct provider provider_iter = {
    .name = "iter",
    .aliases = {"it"},
    .doc = "Each object of a kind that the kernel has",
    .syntax = "iter:NAME[:FILE]",
    .caps = PROBE_ARGS | PROBE_ONE_TARGET | PROBE_NO_COOKIE,
    .context = CTX_ITER,
    .prog_type = BPF_PROG_TYPE_TRACING,
    .match = match,
    .list = list,
    .describe = describe,
    .prepare = prepare,
    .run = run,
};
