// SPDX-License-Identifier: Apache-2.0
// usdt: static probes of programs. Its attach points are parsed; this release cannot attach them.
#include <linux/bpf.h>

#include "probes/probe_internal.h"
#include "probes/providers.h"

static int match(struct probe_env *env, const struct probe_spec *spec, probe_found found, void *ctx,
                 struct probe_error *err) {
    (void)spec;
    (void)found;
    (void)ctx;
    probe_fail(env, err, "usdt probes are not supported by this release");
    return -1;
}

const struct provider provider_usdt = {
    .name = "usdt",
    .aliases = {"U"},
    .doc = "Static probe of a program or library (not in this release)",
    .syntax = "usdt:PATH:[PROVIDER:]NAME",
    .caps = PROBE_ARGN | PROBE_REGS | PROBE_USER | PROBE_STACK | PROBE_TASK,
    .context = CTX_REGS,
    .prog_type = BPF_PROG_TYPE_KPROBE,
    .match = match,
};
