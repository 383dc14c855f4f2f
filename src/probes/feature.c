// SPDX-License-Identifier: Apache-2.0
// How each kernel feature is found out: a file, or the smallest program that uses it is offered
// to the verifier.
#include "probes/feature.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/attr.h"

const struct feature_row feature_rows[FEATURE_COUNT] = {
#define X(id, name, since, doc) {name, since, doc},
#include "probes/feature.def"
#undef X
};

// Is helper `id` known for programs of this type? An unknown helper is refused with a message
// that names it; a known one may be refused for its arguments.
#define INSN(op, d, s, o, i)                                                                       \
    ((struct bpf_insn){.code = (op), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})

// libbpf's own probe knows the kernels' words up to its release only.
static bool takes_helper(enum bpf_prog_type type, struct bpf_prog_load_opts opts,
                         enum bpf_func_id id) {
    static const char *const refusals[] = {"invalid func ", "unknown func ", "cannot use helper "};
    const struct bpf_insn insns[] = {INSN(BPF_JMP | BPF_CALL, 0, 0, 0, (int)id),
                                     INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
    char log[4096] = "";
    opts.log_buf = log;
    opts.log_size = sizeof(log);
    opts.log_level = 1;
    int fd = bpf_prog_load(type, "gaff_probe", "GPL", insns, ARRAY_LEN(insns), &opts);
    if (fd >= 0) close(fd);
    if (fd == -EPERM && !*log) return false; // may not ask
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        if (strstr(log, refusals[i])) return false;
    return true;
}

static bool have_helper(enum bpf_prog_type type, enum bpf_func_id id) {
    LIBBPF_OPTS(bpf_prog_load_opts, opts);
    return takes_helper(type, opts, id);
}

// Of programs whose arguments BTF types; those need something to attach to.
static bool have_typed_helper(enum bpf_func_id id) {
    int target = libbpf_find_vmlinux_btf_id("sched_switch", BPF_TRACE_RAW_TP);
    LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP,
                .attach_btf_id = (__u32)target);
    return target >= 0 && takes_helper(BPF_PROG_TYPE_TRACING, opts, id);
}

static bool loads(enum bpf_prog_type type, enum bpf_attach_type attach,
                  const struct bpf_insn *insns, size_t n) {
    LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);
    int fd = bpf_prog_load(type, "gaff_probe", "GPL", insns, n, &opts);
    if (fd < 0) return false;
    close(fd);
    return true;
}

static const struct bpf_insn return_0[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0},
                                           {.code = BPF_JMP | BPF_EXIT}};

static bool probe_btf(void) { return access("/sys/kernel/btf/vmlinux", R_OK) == 0; }
static bool probe_module_btf(void) {
    return probe_btf() && have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_current_task_btf);
}
static bool probe_ringbuf(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_ringbuf_reserve);
}
static bool probe_cookie(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie);
}
static bool probe_func_ip(void) { return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_func_ip); }

// The link type exists since 5.18, but needs CONFIG_FPROBE: only making a link tells.
static bool try_kprobe_multi(unsigned attach) {
    LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = (enum bpf_attach_type)attach);
    int prog = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "gaff_probe", "GPL", return_0,
                             ARRAY_LEN(return_0), &load);
    if (prog < 0) return false;
    const char *symbol = "bpf_prog_put";
    LIBBPF_OPTS(bpf_link_create_opts, opts);
    opts.kprobe_multi.syms = &symbol;
    opts.kprobe_multi.cnt = 1;
    int link = bpf_link_create(prog, 0, (enum bpf_attach_type)attach, &opts);
    close(prog);
    if (link < 0) return false;
    close(link);
    return true;
}
static bool probe_kprobe_multi(void) { return try_kprobe_multi(BPF_TRACE_KPROBE_MULTI); }
static bool probe_kprobe_session(void) {
    return try_kprobe_multi(56); // BPF_TRACE_KPROBE_SESSION
}
int uprobe_multi_link(int prog_fd, const char *path, const uint64_t *offsets,
                      const uint64_t *cookies, uint32_t n, bool is_return) {
    struct { // union bpf_attr, link_create.uprobe_multi, of linux/bpf.h since 6.6
        uint32_t prog_fd, target_fd, attach_type, flags;
        uint64_t path, offsets, ref_ctr_offsets, cookies;
        uint32_t count, multi_flags, pid, pad;
    } attr = {.prog_fd = (uint32_t)prog_fd,
              .attach_type = FEATURE_TRACE_UPROBE_MULTI,
              .path = (uintptr_t)path,
              .offsets = (uintptr_t)offsets,
              .cookies = (uintptr_t)cookies,
              .count = n,
              .multi_flags = is_return ? 1 /* BPF_F_UPROBE_MULTI_RETURN */ : 0};
    int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
    return fd < 0 ? -errno : fd;
}

// Loading tells nothing: old kernels ignore the attach type. A link to a folder is refused with
// EBADF by kernels that know it, and EINVAL by others.
static bool probe_uprobe_multi(void) {
    LIBBPF_OPTS(bpf_prog_load_opts, load,
                .expected_attach_type = (enum bpf_attach_type)FEATURE_TRACE_UPROBE_MULTI);
    int prog = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "gaff_probe", "GPL", return_0,
                             ARRAY_LEN(return_0), &load);
    if (prog < 0) return false;
    uint64_t offset = 0;
    int link = uprobe_multi_link(prog, "/", &offset, NULL, 1, false);
    if (link >= 0) close(link);
    close(prog);
    return link == -EBADF;
}
static bool probe_fentry(void) {
    if (!probe_btf()) return false;
    int id = libbpf_find_vmlinux_btf_id("bpf_prog_put", BPF_TRACE_FENTRY);
    if (id < 0) return false;
    LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
                .attach_btf_id = (__u32)id);
    int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "gaff_probe", "GPL", return_0,
                           ARRAY_LEN(return_0), &opts);
    if (fd < 0) return false;
    int link = bpf_raw_tracepoint_open(NULL, fd);
    close(fd);
    if (link < 0) return false;
    close(link);
    return true;
}
static bool probe_loop(void) { return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_loop); }
static bool probe_map_for_each(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_for_each_map_elem);
}
static bool probe_percpu_lookup(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_map_lookup_percpu_elem);
}
static bool probe_probe_read_kernel(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_probe_read_kernel);
}
static bool probe_dpath(void) {
    // bpf_d_path is for tracing programs; libbpf cannot probe those: 5.10 brought both it and
    // the loop-free ring buffer reserve that 5.8 has, so the later helper tells.
    return probe_btf() && have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_snprintf_btf);
}
static bool probe_ktime_boot(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_ktime_get_boot_ns);
}
static bool probe_ktime_tai(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, (enum bpf_func_id)208 /* ktime_get_tai_ns */);
}
static bool probe_jiffies(void) { return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_jiffies64); }
static bool probe_signal(void) { return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_send_signal); }
static bool probe_override(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_override_return);
}
static bool probe_socket_cookie(void) { return have_typed_helper(BPF_FUNC_get_socket_cookie); }
static bool probe_skboutput(void) { return have_typed_helper(BPF_FUNC_skb_output); }
static bool probe_iter(void) {
    return probe_btf() && have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_ringbuf_reserve);
}
static bool probe_strncmp(void) { return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_strncmp); }
static bool probe_task_btf(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_current_task_btf);
}
// Of the release that pads names with zeroes (strscpy_pad in __set_task_comm).
static bool probe_task_comm(void) { return probe_btf() && probe_strncmp(); }
static bool probe_big_keys(void) {
    int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "gaff_probe", 1024, 8, 1, NULL);
    if (fd >= 0) close(fd);
    return fd >= 0;
}
// Nothing smaller than an fentry of the right function shows it: a helper of the same release does.
static bool probe_scalar_args(void) {
    return have_helper(BPF_PROG_TYPE_KPROBE, (enum bpf_func_id)191 /* copy_from_user_task */);
}
static bool probe_atomic_fetch(void) {
    struct bpf_insn insns[] = {
        INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0),
        INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
        INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 10, 0, -8, BPF_ADD | BPF_FETCH),
        INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
    };
    return loads(BPF_PROG_TYPE_KPROBE, 0, insns, ARRAY_LEN(insns));
}

static bool probe_bloom(void) {
    int fd = bpf_map_create(BPF_MAP_TYPE_BLOOM_FILTER, "gaff_probe", 0, 8, 1, NULL);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static bool (*const probes[FEATURE_COUNT])(void) = {
#define X(id, name, since, doc) [FEATURE_##id] = probe_##id,
#include "probes/feature.def"
#undef X
};

// GAFF_NO_FEATURE="cookie,loop"
static bool is_disabled(const char *name) {
    const char *list = getenv("GAFF_NO_FEATURE");
    size_t n = strlen(name);
    while (list && *list) {
        size_t len = strcspn(list, ", ");
        if (len == n && !strncmp(list, name, n)) return true;
        list += len + (list[len] != '\0');
    }
    return false;
}

bool feature_can_ask(void) {
    static signed char known;
    if (!known) {
        int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "gaff_probe", 4, 8, 1, NULL);
        known = fd >= 0 || errno != EPERM ? 1 : -1;
        if (fd >= 0) close(fd);
    }
    return known > 0;
}

bool feature_have(enum feature f) {
    static signed char known[FEATURE_COUNT]; // 0: not asked, 1: yes, -1: no
    if (!known[f]) {
        libbpf_print_fn_t before = libbpf_set_print(NULL);
        known[f] =
            !is_disabled(feature_rows[f].name) && (probes[f]() || !feature_can_ask()) ? 1 : -1;
        libbpf_set_print(before);
    }
    return known[f] > 0;
}
