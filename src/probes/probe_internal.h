// SPDX-License-Identifier: Apache-2.0
// What the providers share.
#pragma once

#include <stdarg.h>

#include "probes/probe.h"

struct bpf_program;

// Fills err->message and gives false.
bool probe_fail(struct probe_env *env, struct probe_error *err, const char *fmt, ...)
    ATTR_PRINTF(3, 4);
bool probe_number(const char *text, uint64_t *out);
bool probe_split_offset(struct arena *a, const char *text, const char **symbol, uint64_t *offset);

typedef void (*probe_failed)(void *ctx, const struct mf_target *t, const char *why);

// perf.c: opens a perf event and attaches a program to it, with a cookie where the kernel has
// them. False after an error: *why is set, and errno when the event could not be opened.
struct perf_event_attr;
bool perf_attach(struct perf_event_attr *attr, int prog_fd, pid_t pid, int cpu, uint64_t cookie,
                 struct probe_links *links, const char **why);
// Attaches a program to each of its targets by `one`; gives how many succeeded.
size_t perf_attach_each(bool (*one)(struct bpf_program *prog, const struct mf_target *t,
                                    uint64_t cookie, struct probe_links *links, const char **why),
                        struct bpf_program *prog, const struct mf_target *targets, size_t n,
                        uint64_t first_cookie, struct probe_links *links, probe_failed failed,
                        void *ctx);

// Makes one link for all n targets, whose cookies count up from first_cookie: its descriptor, or a
// negative errno.
typedef int (*multi_link)(struct bpf_program *prog, const struct mf_target *targets, size_t n,
                          uint64_t first_cookie);

// Attaches targets by as few multi-links as can be: a target that is refused is reported through
// `failed` and costs no other. Gives how many are attached.
size_t perf_attach_multi(multi_link link, struct bpf_program *prog, const struct mf_target *targets,
                         size_t n, uint64_t first_cookie, struct probe_links *links,
                         probe_failed failed, void *ctx);
// The type number of a dynamic PMU ("kprobe", "uprobe"), or -1.
int perf_pmu_type(const char *name);
// The bit of `retprobe` in the PMU's config.
int perf_pmu_retprobe_bit(const char *name);
const char *perf_why(int err, const char *doing);

// user_files.c: each file that a user probe's path names, once: a path, a program in PATH, a
// library's name, a wildcard; "*" or "": what the process of -p has mapped, the program of -c, or
// else what any process has mapped. Paths are in the arena. False when the one file is not there.
bool probe_each_file(struct probe_env *env, const char *path,
                     bool (*each)(void *ctx, const char *path), void *ctx);
bool probe_any_file(const char *path);
// How a probe's name shows the file `real` that the script wrote as `path`: as written if that is a
// path.
const char *probe_shown_path(const char *path, const char *real);

// kfunctions.c: functions of the kernel that can be traced.
struct kfunction {
    const char *name, *module; // module "" for the kernel itself
};
// Calls each for every function; *traceable says whether the list is the kernel's own.
void kfunctions_each(bool (*each)(void *ctx, const struct kfunction *f), void *ctx);
bool kfunctions_have(const char *module, const char *name);
// The one clone that the compiler made of a function in place of it ("name.isra.0"), or NULL.
const char *kfunctions_clone(struct arena *a, const char *module, const char *name);
// All of them, for many questions: read once, in the arena.
struct kfunction_set;
struct kfunction_set *kfunctions_read(struct arena *a);
bool kfunctions_contain(const struct kfunction_set *set, const char *name);
// Near names, for a hint; NULL when there are none.
const char *kfunctions_near(struct arena *a, const char *name);
