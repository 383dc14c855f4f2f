// SPDX-License-Identifier: Apache-2.0
// uprobe and uretprobe: functions of programs and libraries, through the uprobe PMU.
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/suggest.h"
#include "probes/feature.h"
#include "probes/probe_internal.h"
#include "probes/providers.h"
#include "probes/uprobe_args.h"
#include "symbols/demangle.h"
#include "symbols/symbols.h"

struct search {
    struct probe_env *env;
    const char *provider, *path, *pattern;
    const char *written; // the path as the script has it
    bool is_return;
    probe_found found;
    void *ctx;
    int n;
    uint64_t last; // offset of the last match: aliases of one function are one place
    struct suggest suggest;
};

// A pattern that has "(" or "::" is meant for the demangled name.
static bool names_match(const char *pattern, const char *name) {
    if (probe_glob(pattern, name)) return true;
    if (strncmp(name, "_Z", 2)) return false;
    char *plain = demangle(name);
    if (!plain) return false;
    bool ok = probe_glob(pattern, plain);
    if (!ok && !strchr(pattern, '(')) { // without the parameters
        plain[strcspn(plain, "(")] = '\0';
        ok = probe_glob(pattern, plain);
    }
    free(plain);
    return ok;
}

static bool consider(void *ctx, const char *name, uint64_t offset, uint64_t size) {
    struct search *s = ctx;
    (void)size;
    char bare[512];
    snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(name, "@"), name);
    const char *before = s->suggest.best;
    suggest_offer(&s->suggest, bare);
    if (s->suggest.best != before) s->suggest.best = arena_strdup(s->env->arena, bare);
    if (!names_match(s->pattern, bare)) return true;
    if (s->n && s->last == offset) return true;
    s->last = offset;
    struct arena *a = s->env->arena;
    struct mf_target t = {.name = arena_printf(a, "%s:%s:%s", s->provider,
                                               probe_shown_path(s->written, s->path), bare),
                          .module = s->path,
                          .function = arena_strdup(a, bare),
                          .is_return = s->is_return,
                          .pid = s->env->pid};
    s->n++;
    return s->found(s->ctx, &t);
}

static const char *resolve(struct probe_env *env, const char *name) {
    char *path = elf_resolve_path(name, env->pid);
    if (!path) return NULL;
    const char *copy = arena_strdup(env->arena, path);
    free(path);
    return copy;
}

static int missing_file(struct probe_env *env, const char *path, struct probe_error *err) {
    probe_fail(env, err, "uprobe target file '%s' does not exist or is not executable", path);
    err->is_missing = true;
    return -1;
}

// uprobe:PATH:FUNCTION, uprobe:PATH:cpp:FUNCTION; uprobe:FUNCTION with -p or -c.
static bool split(struct probe_env *env, const struct probe_spec *spec, const char **path,
                  const char **function, struct probe_error *err) {
    if (spec->nparts == 4 && !strcmp(spec->parts[2], "cpp")) {
        *path = spec->parts[1];
        *function = spec->parts[3];
    } else if (spec->nparts == 3) {
        *path = spec->parts[1];
        *function = spec->parts[2];
    } else if (spec->nparts == 2 && (env->pid || env->program)) {
        *path = env->program ? env->program : arena_printf(env->arena, "/proc/%d/exe", env->pid);
        *function = spec->parts[1];
    } else {
        probe_fail(env, err, "%s probe type requires 2 or 3 arguments, found %u", spec->parts[0],
                   spec->nparts - 1);
        err->hint = "uprobe:PATH:FUNCTION[+OFFSET]; PATH may be left out with -p";
        return false;
    }
    if (**path && **function) return true;
    probe_fail(env, err, "%s needs a path and a function", spec->parts[0]);
    return false;
}

static int match_file(struct search *s, const char *path, const char *function,
                      struct probe_error *err) {
    uint64_t offset, address;
    struct arena *a = s->env->arena;
    s->path = path;
    const char *shown = probe_shown_path(s->written, path);
    if (probe_number(function, &address)) {
        struct mf_target t = {.name = arena_printf(a, "%s:%s:%s", s->provider, shown, function),
                              .module = path,
                              .address = address,
                              .is_return = s->is_return,
                              .pid = s->env->pid};
        s->n++;
        s->found(s->ctx, &t);
        return s->n;
    }
    if (!probe_split_offset(a, function, &s->pattern, &offset)) {
        probe_fail(s->env, err, "Invalid offset in '%s'", function);
        return -1;
    }
    if (offset) {
        struct mf_target t = {.name = arena_printf(a, "%s:%s:%s", s->provider, shown, function),
                              .module = path,
                              .function = s->pattern,
                              .offset = offset,
                              .pid = s->env->pid};
        uint64_t at, size;
        if (s->is_return) {
            probe_fail(s->env, err, "Offset not allowed for uretprobe");
            return -1;
        }
        if (elf_find_symbol(path, s->pattern, &at, &size)) {
            if (size && offset >= size) {
                probe_fail(s->env, err, "Offset outside the function bounds ('%s' size is %llu)",
                           s->pattern, (unsigned long long)size);
                return -1;
            }
            s->n++;
            s->found(s->ctx, &t);
            return s->n;
        }
    }
    if (!elf_each_function(path, consider, s)) {
        probe_fail(s->env, err, "cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    return s->n;
}

// Since glibc 2.34 libpthread and others are parts of libc, and their files are empty or gone: the
// libc beside the file `real`, or that of the system.
static const char *libc_instead(struct probe_env *env, const char *path, const char *real) {
    static const char *const merged[] = {"libpthread", "libdl", "librt", "libutil", "libanl"};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t i = 0, n = strcspn(name, ".-");
    while (i < ARRAY_LEN(merged) && (strlen(merged[i]) != n || strncmp(name, merged[i], n))) i++;
    if (i == ARRAY_LEN(merged)) return NULL;
    const char *end = real ? strrchr(real, '/') : NULL;
    const char *beside =
        end ? resolve(env, arena_printf(env->arena, "%.*s/libc.so.6", (int)(end - real), real))
            : NULL;
    return beside ? beside : resolve(env, "libc");
}

// The function in libc, where the file that was named has it no more.
static int match_libc(struct search *s, const char *path, const char *real, const char *function,
                      struct probe_error *err) {
    const char *libc = libc_instead(s->env, path, real);
    if (!libc || match_file(s, libc, function, err) <= 0) return 0;
    err->warning = arena_printf(s->env->arena, "%s is in %s here", function, libc);
    return s->n;
}

// uprobe:PATH@FILE:LINE[:COLUMN]: the part before the '@', or NULL where it is no such point.
static const char *source_point(struct probe_env *env, const struct probe_spec *spec,
                                const char **file) {
    const char *text = spec->nparts > 2 ? spec->parts[1] : "", *at = strchr(text, '@');
    if (!at || at == text || !at[1] || access(text, F_OK) == 0) return NULL;
    *file = at + 1;
    return arena_strndup(env->arena, text, (size_t)(at - text));
}

static int match_line(struct probe_env *env, const struct probe_spec *spec, const char *path,
                      const char *file, probe_found found, void *ctx, struct probe_error *err) {
    const char *real = resolve(env, path), *line = spec->parts[2];
    const char *column = spec->nparts > 3 ? spec->parts[3] : NULL;
    struct mf_target t = {.module = real, .pid = env->pid};
    if (provider_find(spec->parts[0]) != &provider_uprobe || spec->nparts > 4) {
        probe_fail(env, err, "a line of a source file is given as uprobe:PATH@FILE:LINE[:COLUMN]");
        return -1;
    }
    if (!real) return missing_file(env, path, err);
    if (!uprobe_find_line(env, real, file, line, column, &t.address, err)) return -1;
    t.name = arena_printf(env->arena, "uprobe:%s@%s:%s%s%s", real, file, line, column ? ":" : "",
                          column ? column : "");
    found(ctx, &t);
    return 1;
}

struct file_search { // one of several files
    struct search *s;
    const char *function;
    struct probe_error *err;
};

static bool search_file(void *ctx, const char *path) {
    struct file_search *f = ctx;
    match_file(f->s, path, f->function, f->err);
    return true;
}

static int match(struct probe_env *env, const struct probe_spec *spec, probe_found found, void *ctx,
                 struct probe_error *err) {
    const char *path, *function, *file;
    const char *provider = provider_find(spec->parts[0])->name;
    if ((path = source_point(env, spec, &file)))
        return match_line(env, spec, path, file, found, ctx, err);
    if (!split(env, spec, &path, &function, err)) return -1;
    struct search s = {.env = env,
                       .provider = provider,
                       .written = path,
                       .is_return = !strcmp(provider, "uretprobe"),
                       .found = found,
                       .ctx = ctx,
                       .suggest = suggest_begin(function)};
    if (probe_has_glob(path)) {
        struct file_search each = {.s = &s, .function = function, .err = err};
        probe_each_file(env, path, search_file, &each);
        if (!s.n) probe_fail(env, err, "No matches for %s", spec->text);
        return s.n;
    }
    const char *real = resolve(env, path);
    if (real && match_file(&s, real, function, err) < 0) return -1;
    if (s.n || match_libc(&s, path, real, function, err)) return s.n;
    if (!real) return missing_file(env, path, err);
    if (probe_has_glob(function)) {
        probe_fail(env, err, "No matches for %s", spec->text);
        return 0;
    }
    probe_fail(env, err, "Could not resolve symbol: %s:%s", real, function);
    if (s.suggest.best) err->hint = arena_printf(env->arena, "did you mean %s?", s.suggest.best);
    return 0;
}

VEC_OF(target_vec, struct mf_target);

struct gather {
    struct probe_env *env;
    struct target_vec targets;
};

static bool gather(void *ctx, const struct mf_target *t) {
    struct gather *g = ctx;
    VEC_PUSH(g->env->arena, &g->targets, *t);
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct mf_target *)a)->name, ((const struct mf_target *)b)->name);
}

static bool list_file(void *ctx, const char *path) {
    struct search *s = ctx;
    s->path = path;
    elf_each_function(path, consider, s);
    return true;
}

static void list(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                 void *ctx) {
    struct probe_error err = {0};
    const char *path, *function;
    if (spec->nparts < 2) return;
    if (spec->nparts == 2) {
        if (!(env->pid || env->program)) return;
        if (!split(env, spec, &path, &function, &err)) return;
    } else {
        path = spec->parts[1];
        function = spec->parts[spec->nparts - 1];
    }
    struct gather all = {.env = env};
    const char *provider = provider_find(spec->parts[0])->name;
    struct search s = {.env = env,
                       .provider = provider,
                       .written = path,
                       .is_return = !strcmp(provider, "uretprobe"),
                       .pattern = *function ? function : "*",
                       .found = gather,
                       .ctx = &all,
                       .suggest = suggest_begin("")};
    probe_each_file(env, path, list_file, &s);
    if (all.targets.len)
        qsort(all.targets.data, all.targets.len, sizeof(*all.targets.data), by_name);
    for (size_t i = 0; i < all.targets.len; i++)
        if (!found(ctx, &all.targets.data[i])) return;
}

// The file offset of the instruction that a target names.
static bool place_of(const struct mf_target *t, uint64_t *at, const char **why) {
    if (t->function && !elf_find_symbol(t->module, t->function, at, NULL)) {
        *why = "no such function any more";
        return false;
    }
    if (!t->function && !elf_offset_of(t->module, t->address, at)) {
        *why = "no code is mapped at this address";
        return false;
    }
    *at += t->offset;
    return true;
}

// A multi-link is for one file. Before 6.11 its pid filter was a thread's, so that one process
// is left to perf events.
static bool use_multi(const struct mf_target *targets, size_t n) {
    if (n < 2 || targets[0].pid > 0 || !feature_have(FEATURE_uprobe_multi)) return false;
    for (size_t i = 1; i < n; i++)
        if (strcmp(targets[i].module, targets[0].module)) return false;
    return true;
}

static int prepare(struct probe_env *env, struct bpf_program *prog, const struct mf_target *targets,
                   size_t n, struct probe_error *err) {
    (void)env;
    (void)err;
    if (use_multi(targets, n))
        bpf_program__set_expected_attach_type(prog,
                                              (enum bpf_attach_type)FEATURE_TRACE_UPROBE_MULTI);
    return 0;
}

static int link_multi(struct bpf_program *prog, const struct mf_target *targets, size_t n,
                      uint64_t first_cookie) {
    uint64_t *offsets = calloc(n, sizeof(*offsets)), *cookies = calloc(n, sizeof(*cookies));
    int err = offsets && cookies ? 0 : -ENOMEM;
    const char *why;
    for (size_t i = 0; !err && i < n; i++) {
        cookies[i] = first_cookie + i;
        if (!place_of(&targets[i], &offsets[i], &why)) err = -ENOENT;
    }
    int fd = err ? err
                 : uprobe_multi_link(bpf_program__fd(prog), targets[0].module, offsets, cookies,
                                     (uint32_t)n, targets[0].is_return);
    free(offsets);
    free(cookies);
    return fd;
}

static bool attach_one(struct bpf_program *prog, const struct mf_target *t, uint64_t cookie,
                       struct probe_links *links, const char **why) {
    int type = perf_pmu_type("uprobe");
    uint64_t at = 0;
    if (type < 0) {
        *why = "this kernel has no uprobes (CONFIG_UPROBE_EVENTS)";
        return false;
    }
    if (!place_of(t, &at, why)) return false;
    struct perf_event_attr attr = {
        .type = (uint32_t)type, .config1 = (uintptr_t)t->module, .config2 = at};
    if (t->is_return) attr.config = 1ull << perf_pmu_retprobe_bit("uprobe");
    return perf_attach(&attr, bpf_program__fd(prog), t->pid, t->pid > 0 ? -1 : 0, cookie, links,
                       why);
}

static size_t attach(struct probe_env *env, struct bpf_program *prog,
                     const struct mf_target *targets, size_t n, uint64_t first_cookie,
                     struct probe_links *links, probe_failed failed, void *ctx) {
    (void)env;
    if (use_multi(targets, n))
        return perf_attach_multi(link_multi, prog, targets, n, first_cookie, links, failed, ctx);
    return perf_attach_each(attach_one, prog, targets, n, first_cookie, links, failed, ctx);
}

#define UPROBE_CAPS                                                                                \
    (PROBE_ARGN | PROBE_ARGS | PROBE_REGS | PROBE_FUNC | PROBE_USER | PROBE_STACK | PROBE_TASK |   \
     PROBE_NEWEST_FIRST)

const struct provider provider_uprobe = {
    .name = "uprobe",
    .aliases = {"u"},
    .doc = "Entry of a function of a program or library",
    .syntax = "uprobe:PATH:FUNCTION[+OFFSET]",
    .caps = UPROBE_CAPS,
    .context = CTX_REGS,
    .prog_type = BPF_PROG_TYPE_KPROBE,
    .match = match,
    .list = list,
    .describe = uprobe_describe,
    .prepare = prepare,
    .attach = attach,
};

const struct provider provider_uretprobe = {
    .name = "uretprobe",
    .aliases = {"ur"},
    .doc = "Return of a function of a program or library",
    .syntax = "uretprobe:PATH:FUNCTION",
    .caps = (UPROBE_CAPS & ~(PROBE_ARGN | PROBE_ARGS)) | PROBE_RETVAL,
    .context = CTX_REGS,
    .prog_type = BPF_PROG_TYPE_KPROBE,
    .match = match,
    .list = list,
    .describe = uprobe_describe,
    .prepare = prepare,
    .attach = attach,
};
