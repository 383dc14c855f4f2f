// SPDX-License-Identifier: Apache-2.0
// Probes that gaff itself runs: begin and end, self:signal, test and bench. They are raw
// tracepoint programs that are never attached; the runtime runs them with BPF_PROG_TEST_RUN.
#include <linux/bpf.h>

#include "probes/probe_internal.h"
#include "probes/providers.h"

static int match_plain(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                       void *ctx, struct probe_error *err) {
    if (spec->nparts > 1) {
        probe_fail(env, err, "%s takes no arguments", spec->parts[0]);
        return -1;
    }
    struct mf_target t = {.name = provider_find(spec->parts[0])->name};
    found(ctx, &t);
    return 1;
}

static int match_named(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                       void *ctx, struct probe_error *err) {
    if (spec->nparts != 2 || !*spec->parts[1]) {
        probe_fail(env, err, "%s needs a name: %s:NAME", spec->parts[0], spec->parts[0]);
        return -1;
    }
    struct mf_target t = {.name = spec->text, .function = spec->parts[1]};
    found(ctx, &t);
    return 1;
}

static int match_self(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                      void *ctx, struct probe_error *err) {
    static const char *const signals[] = {"SIGUSR1"};
    if (spec->nparts != 3 || strcmp(spec->parts[1], "signal")) {
        probe_fail(env, err, "self probes are self:signal:SIGUSR1");
        return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        if (strcmp(signals[i], spec->parts[2])) continue;
        struct mf_target t = {.name = spec->text, .function = spec->parts[2]};
        found(ctx, &t);
        return 1;
    }
    probe_fail(env, err, "%s is not a supported signal", spec->parts[2]);
    return -1;
}

static void list_self(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                      void *ctx) {
    (void)env;
    struct mf_target t = {.name = "self:signal:SIGUSR1", .function = "SIGUSR1"};
    bool fits = spec->nparts < 3 || probe_glob(spec->parts[2], t.function);
    if (spec->nparts > 1 && fits && probe_glob(spec->parts[1], "signal")) found(ctx, &t);
}

#define SELF_RUN(id, text, alias, matcher, lister, about, form)                                    \
    const struct provider provider_##id = {                                                        \
        .name = text,                                                                              \
        .aliases = {alias},                                                                        \
        .doc = about,                                                                              \
        .syntax = form,                                                                            \
        .caps = PROBE_RUN_ONCE | PROBE_TASK,                                                       \
        .context = CTX_NONE,                                                                       \
        .prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,                                                 \
        .match = matcher,                                                                          \
        .list = lister,                                                                            \
    }

SELF_RUN(begin, "begin", "BEGIN", match_plain, NULL, "Once, after all probes are attached",
         "begin");
SELF_RUN(end, "end", "END", match_plain, NULL, "Once, after all probes are detached", "end");
SELF_RUN(self, "self", NULL, match_self, list_self, "When gaff itself gets a signal",
         "self:signal:SIGUSR1");
SELF_RUN(test, "test", NULL, match_named, NULL, "A test case, run with --test", "test:NAME");
SELF_RUN(bench, "bench", NULL, match_named, NULL, "A benchmark, run with --bench", "bench:NAME");
