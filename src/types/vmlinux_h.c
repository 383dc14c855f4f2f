// SPDX-License-Identifier: Apache-2.0
// vmlinux.h, the header of all the kernel's types, which BPF programs in C include. libbpf writes
// the types as C; the file stays in the cache folder, one for each kernel.
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "types/cache.h"
#include "types/clang_internal.h"

static const char *btf_file(void) {
    const char *path = getenv("BPFTRACE_BTF");
    return path && *path ? path : "/sys/kernel/btf/vmlinux";
}

const char *vmlinux_h_folder(struct arena *a) {
    const char *folder = cache_folder(a), *path = btf_file();
    struct utsname uts;
    struct stat st;
    if (!folder || uname(&uts) || stat(path, &st)) return NULL;
    const char *id =
        arena_printf(a, "%s %s %s %lld", path, uts.release, uts.version, (long long)st.st_size);
    uint64_t h = 14695981039346656037u;
    for (; *id; id++) h = (h ^ (unsigned char)*id) * 1099511628211u;
    return arena_printf(a, "%s/btf-%016" PRIx64, folder, h);
}

static void print(void *ctx, const char *fmt, va_list args) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vfprintf(ctx, fmt, args);
#pragma GCC diagnostic pop
}

static bool write_types(FILE *f, const struct btf *btf) {
    struct btf_dump *d = btf_dump__new(btf, print, f, NULL);
    if (!d) return false;
    fputs(
        "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n"
        "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
        "#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)\n"
        "#endif\n",
        f);
    int err = 0;
    for (uint32_t id = 1, n = btf__type_cnt(btf); id < n && !err; id++)
        err = btf_dump__dump_type(d, id);
    fputs("#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n#endif\n", f);
    btf_dump__free(d);
    return !err;
}

bool vmlinux_h_make(struct arena *a) {
    const char *folder = vmlinux_h_folder(a);
    if (!folder || (mkdir(folder, 0700) && errno != EEXIST)) return false;
    const char *path = arena_printf(a, "%s/vmlinux.h", folder);
    const char *beside = arena_printf(a, "%s.%d", path, (int)getpid());
    if (access(path, R_OK) == 0) return true;
    struct btf *btf = btf__parse(btf_file(), NULL);
    if (libbpf_get_error(btf)) return false;
    FILE *f = fopen(beside, "wxe");
    bool ok = f && write_types(f, btf);
    if (f && fclose(f)) ok = false;
    ok = ok && rename(beside, path) == 0;
    if (!ok) unlink(beside);
    btf__free(btf);
    return ok;
}
