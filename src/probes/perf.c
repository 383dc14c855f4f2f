// SPDX-License-Identifier: Apache-2.0
// Perf events as the carrier of programs: kprobes, uprobes, tracepoints, timers, counters.
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "probes/feature.h"
#include "probes/probe_internal.h"

// The first number in a file of sysfs: "9" or "config:0".
static int read_number(const char *path) {
    FILE *f = fopen(path, "re");
    int n = -1;
    if (!f) return -1;
    char line[64];
    if (fgets(line, sizeof(line), f)) {
        const char *digits = line + strcspn(line, "0123456789");
        if (*digits) n = atoi(digits);
    }
    fclose(f);
    return n;
}

int perf_pmu_type(const char *name) {
    char path[96];
    snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", name);
    return read_number(path);
}

int perf_pmu_retprobe_bit(const char *name) {
    char path[96];
    snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/format/retprobe", name);
    int bit = read_number(path);
    return bit < 0 ? 0 : bit;
}

const char *perf_why(int err, const char *doing) {
    static _Thread_local char text[256];
    const char *hint = "";
    if (err == EPERM || err == EACCES)
        hint = " (needs root or CAP_PERFMON and CAP_BPF, and no kernel lockdown)";
    else if (err == EILSEQ)
        hint = " (an offset that is not at an instruction's start)";
    else if (err == EADDRNOTAVAIL)
        hint = " (the kernel does not allow probes there)";
    snprintf(text, sizeof(text), "%s: %s%s", doing, strerror(err), hint);
    return text;
}

bool perf_attach(struct perf_event_attr *attr, int prog_fd, pid_t pid, int cpu, uint64_t cookie,
                 struct probe_links *links, const char **why) {
    attr->size = sizeof(*attr);
    int fd =
        (int)syscall(SYS_perf_event_open, attr, pid > 0 ? pid : -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) {
        int err = errno;
        *why = perf_why(err, "perf_event_open");
        errno = err;
        return false;
    }
    if (feature_have(FEATURE_cookie)) {
        LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = cookie);
        int link = bpf_link_create(prog_fd, fd, BPF_PERF_EVENT, &opts);
        if (link < 0) {
            *why = perf_why(-link, "attaching the program");
            close(fd);
            return false;
        }
        ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
        probe_links_add(links, link);
        probe_links_add_event(links, fd);
        return true;
    }
    if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
        *why = perf_why(errno, "PERF_EVENT_IOC_SET_BPF");
        close(fd);
        return false;
    }
    probe_links_add(links, fd);
    return true;
}

size_t perf_attach_each(bool (*one)(struct bpf_program *prog, const struct mf_target *t,
                                    uint64_t cookie, struct probe_links *links, const char **why),
                        struct bpf_program *prog, const struct mf_target *targets, size_t n,
                        uint64_t first_cookie, struct probe_links *links, probe_failed failed,
                        void *ctx) {
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        const char *why = "";
        if (one(prog, &targets[i], first_cookie + i, links, &why))
            done++;
        else
            failed(ctx, &targets[i], why);
    }
    return done;
}

size_t perf_attach_multi(multi_link link, struct bpf_program *prog, const struct mf_target *targets,
                         size_t n, uint64_t first_cookie, struct probe_links *links,
                         probe_failed failed, void *ctx) {
    int fd = link(prog, targets, n, first_cookie);
    if (fd >= 0) {
        probe_links_add(links, fd);
        return n;
    }
    if (n == 1) {
        failed(ctx, targets, perf_why(-fd, "attaching the program"));
        return 0;
    }
    // One function that cannot be traced refuses them all: find it by halves.
    size_t half = n / 2;
    return perf_attach_multi(link, prog, targets, half, first_cookie, links, failed, ctx) +
           perf_attach_multi(link, prog, targets + half, n - half, first_cookie + half, links,
                             failed, ctx);
}
