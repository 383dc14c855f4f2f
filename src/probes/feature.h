// SPDX-License-Identifier: Apache-2.0
// What this kernel can do: one row of feature.def for each helper, link, map or program type that
// not every supported kernel has: X(id, "name", "first release", "doc"). Probed on first use,
// then cached; GAFF_NO_FEATURE="name,name" pretends that some are missing, for tests.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum feature {
#define X(id, name, since, doc) FEATURE_##id,
#include "probes/feature.def"
#undef X
    FEATURE_COUNT
};

struct feature_row {
    const char *name;  // as --info prints it
    const char *since; // "5.17"
    const char *doc;
};
extern const struct feature_row feature_rows[FEATURE_COUNT];

// Newer than Debian 12's linux/bpf.h and libbpf: BPF_TRACE_UPROBE_MULTI.
enum { FEATURE_TRACE_UPROBE_MULTI = 48 };

// One link for n uprobes of a file, at its offsets (in bytes), by bpf(2) itself; cookies may be
// NULL. Gives a descriptor, the caller's, or a negative errno.
int uprobe_multi_link(int prog_fd, const char *path, const uint64_t *offsets,
                      const uint64_t *cookies, uint32_t n, bool is_return);

// May this process ask the kernel? Who may not still compiles (--check), as for a kernel that has
// all that the script needs.
bool feature_can_ask(void);

bool feature_have(enum feature f);
