// SPDX-License-Identifier: Apache-2.0
// --test and --bench: the script's own tests, judged by what they return, and its benchmarks, timed
// by the kernel's statistics of BPF programs.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/runtime_internal.h"

enum { BENCH_MS = 200, BENCH_BATCH = 1000, BENCH_MOST = 1000000 };

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static const char *name_of(const struct runtime *rt, size_t program) {
    const struct mf_target *t = &rt->m->targets.data[rt->m->programs.data[program].first_target];
    return t->function ? t->function : t->name;
}

static bool is_of(const struct runtime *rt, size_t program, const char *provider) {
    return !strcmp(rt->m->programs.data[program].provider, provider);
}

static size_t count_of(const struct runtime *rt, const char *provider) {
    size_t n = 0;
    for (size_t i = 0; i < rt->m->programs.len; i++) n += is_of(rt, i, provider);
    return n;
}

// ---- tests ----

struct verdict {
    bool passed;
    uint64_t ns;
    char *output; // what the test printed, owned
    size_t len;
};

// A test passes that returns 0 and does not exit with another status (as a failed assert does).
static void try_one(struct runtime *rt, size_t program, struct verdict *v) {
    LIBBPF_OPTS(bpf_test_run_opts, opts);
    FILE *capture = open_memstream(&v->output, &v->len);
    FILE *before = capture ? output_redirect(rt->out, capture) : NULL;
    uint64_t begin = now_ns();
    int err = bpf_prog_test_run_opts(bpf_program__fd(rt->programs[program]), &opts);
    v->ns = now_ns() - begin;
    rt_drain(rt);
    if (capture) {
        output_redirect(rt->out, before);
        fclose(capture);
    }
    v->passed = !err && !opts.retval && !rt->status;
    rt->status = 0;
    rt->stop = false;
    rt->exit_time = 0;
}

static void put_ran(struct runtime *rt, size_t passed, const char *const *failed, size_t nfailed) {
    size_t n = passed + nfailed;
    output_mark(rt->out, true, "==========", "%zu %s ran.", n, n == 1 ? "test" : "tests");
    output_mark(rt->out, true, "  PASSED  ", "%zu %s.", passed, passed == 1 ? "test" : "tests");
    if (!nfailed) return;
    output_mark(rt->out, false, "  FAILED  ", "%zu %s, listed below:", nfailed,
                nfailed == 1 ? "test" : "tests");
    for (size_t i = 0; i < nfailed; i++) output_mark(rt->out, false, "  FAILED  ", "%s", failed[i]);
}

void rt_run_tests(struct runtime *rt) {
    size_t n = count_of(rt, "test"), passed = 0, nfailed = 0;
    const char **failed = calloc(n + 1, sizeof(*failed));
    if (!failed) return;
    output_mark(rt->out, true, "==========", "Running %zu tests.", n);
    for (size_t i = 0; i < rt->m->programs.len; i++) {
        if (!is_of(rt, i, "test")) continue;
        struct verdict v = {0};
        output_mark(rt->out, true, " RUN      ", "%s", name_of(rt, i));
        try_one(rt, i, &v);
        if (!v.passed && v.len && !output_is_json(rt->out)) output_text(rt->out, "text", v.output);
        output_test(rt->out, name_of(rt, i), v.passed, v.ns, v.output ? v.output : "");
        free(v.output);
        if (v.passed)
            passed++;
        else
            failed[nfailed++] = name_of(rt, i);
    }
    put_ran(rt, passed, failed, nfailed);
    free(failed);
    rt->status = nfailed ? 1 : 0;
}

// ---- benchmarks ----

static bool run_stats(int fd, uint64_t *ns, uint64_t *runs) {
    struct bpf_prog_info info = {0};
    uint32_t len = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd, &info, &len)) return false;
    *ns = info.run_time_ns;
    *runs = info.run_cnt;
    return true;
}

static void bench_one(struct runtime *rt, size_t program) {
    int fd = bpf_program__fd(rt->programs[program]);
    uint64_t ns = 0, runs = 0, until = now_ns() + BENCH_MS * 1000000ull, done = 0;
    do {
        for (int i = 0; i < BENCH_BATCH; i++) {
            LIBBPF_OPTS(bpf_test_run_opts, opts);
            int err = bpf_prog_test_run_opts(fd, &opts);
            if (!err) continue;
            log_error("cannot run bench:%s: %s", name_of(rt, program), strerror(-err));
            rt->status = 1;
            return;
        }
        done += BENCH_BATCH;
    } while (now_ns() < until && done < BENCH_MOST);
    if (run_stats(fd, &ns, &runs) && runs)
        output_bench(rt->out, name_of(rt, program), ns / runs, runs);
    rt_drain(rt);
}

void rt_run_benches(struct runtime *rt) {
    int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
    if (stats < 0) {
        log_error("statistics of BPF programs cannot be turned on: %s", strerror(errno));
        rt->status = 1;
        return;
    }
    output_bench_head(rt->out);
    for (size_t i = 0; i < rt->m->programs.len; i++)
        if (is_of(rt, i, "bench")) bench_one(rt, i);
    close(stats);
}
