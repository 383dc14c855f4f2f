// SPDX-License-Identifier: Apache-2.0
// A run from its object to its status: the phases in order, and what is cleaned up.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "object/elf.h"
#include "runtime/runtime_internal.h"

static bool open_manifest(struct runtime *rt, const void *object, size_t len) {
    size_t n;
    char *error;
    const char *json = elf_find_section(object, len, MANIFEST_SECTION, &n);
    if (!json) {
        log_error("object: there is no section %s", MANIFEST_SECTION);
        return false;
    }
    rt->m = manifest_read(json, n, &error);
    if (rt->m) return true;
    log_error("object: the manifest is malformed: %s", error ? error : "out of memory");
    free(error);
    return false;
}

static bool open_output(struct runtime *rt) {
    const struct rt_options *o = rt->opts;
    rt->file = rt_sink_open(rt, o->output_path);
    if (!rt->file) return false;
    if (o->buffering == 'l') setvbuf(rt->file, NULL, _IOLBF, 0);
    if (o->buffering == 'n') setvbuf(rt->file, NULL, _IONBF, 0);
    struct output_options options = {.json = o->format && !strcmp(o->format, "json"),
                                     .buffering = o->buffering};
    struct output_resolver resolver = rt_resolver(rt);
    rt->out = output_new(rt->file, &options, rt->m, &resolver);
    return rt->out != NULL;
}

static void note_start(struct runtime *rt) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    rt->state[MF_STATE_START] = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void announce(struct runtime *rt) {
    if (!rt->opts->quiet) output_attached(rt->out, rt->attached);
    if (getenv("__BPFTRACE_NOTIFY_PROBES_ATTACHED") || getenv("__GAFF_NOTIFY_PROBES_ATTACHED")) {
        puts("__BPFTRACE_NOTIFY_PROBES_ATTACHED");
        fflush(stdout);
    }
}

static void finish(struct runtime *rt) {
    probe_links_close(&rt->links);
    rt_drain(rt);
    rt->exit_time = rt->deadline = 0;
    rt_run_programs(rt, "end");
    rt_drain(rt);
    bool text = !rt->opts->format || strcmp(rt->opts->format, "json");
    if (text) output_text(rt->out, "text", "\n\n");
    rt_print_all_maps(rt);
    rt_report_losses(rt, true);
    int err = output_flush(rt->out);
    if (err) {
        log_error("cannot write the output: %s",
                  err == ETIMEDOUT ? "nobody reads it" : strerror(err));
        if (!rt->status) rt->status = 1;
    }
}

static void close_all(struct runtime *rt) {
    probe_links_close(&rt->links);
    if (rt->pins >= 0) close(rt->pins);
    if (rt->state) munmap((void *)rt->state, MF_STATE_WORDS * sizeof(*rt->state));
    if (rt->signals >= 0) close(rt->signals);
    ring_buffer__free(rt->events);
    ring_buffer__free(rt->control);
    rt_packets_close(rt);
    for (size_t i = 0; i < rt->queue_len; i++) free(rt->queue[i].record);
    free(rt->queue);
    bpf_object__close(rt->object);
    symbols_free(rt->symbols);
    output_free(rt->out);
    if (rt->file && rt->file != stdout) fclose(rt->file);
    types_free(rt->types);
    manifest_free(rt->m);
    arena_free(rt->arena);
}

int rt_run(const void *object, size_t len, const struct rt_options *opts) {
    struct runtime rt = {.opts = opts, .status = 0, .signals = -1, .pins = -1, .programs_fd = -1};
    int status = 1;
    signal(SIGPIPE, SIG_IGN);
    rt.arena = arena_new();
    rt.types = types_new(rt.arena, NULL);
    rt.env = (struct probe_env){.arena = rt.arena, .types = rt.types, .pid = opts->pid};
    int cpus = libbpf_num_possible_cpus();
    rt.ncpus = cpus > 0 ? (size_t)cpus : 1;
    if (!open_manifest(&rt, object, len)) goto out;
    struct symbols_options symbols = {.demangle = manifest_config_uint(rt.m, "cpp_demangle") != 0,
                                      .lines = manifest_config_uint(rt.m, "show_debug_info") != 0,
                                      .debug_dirs = opts->debug_dirs,
                                      .ndebug_dirs = opts->ndebug_dirs};
    rt.symbols = symbols_new(&symbols);
    if (!open_output(&rt)) goto out;
    if (rt_load(&rt, object, len)) goto out;
    if (opts->verify_only) {
        status = 0;
        goto out;
    }
    if (rt_packets_open(&rt)) goto out;
    note_start(&rt);
    rt.programs_fd = rt_watch_programs(&rt);
    if (rt_attach(&rt)) goto out;
    if (rt_pins_keep(&rt)) goto out;
    rt_take_signals(
        &rt); // until here they end the program; from the announcement on they are asked for
    announce(&rt);
    rt_loop(&rt);
    finish(&rt);
    status = rt.status;
out:
    close_all(&rt);
    return status;
}
