// SPDX-License-Identifier: Apache-2.0
// The list of providers, in the order of --help.
#include <string.h>

#include "probes/probe_internal.h"
#include "probes/providers.h"

// One on each line, for those who add one.
// clang-format off
static const struct provider *const providers[] = {
    &provider_begin,
    &provider_end,
    &provider_self,
    &provider_test,
    &provider_bench,
    &provider_interval,
    &provider_profile,
    &provider_kprobe,
    &provider_kretprobe,
    &provider_tracepoint,
    &provider_rawtracepoint,
    &provider_fentry,
    &provider_fexit,
    &provider_uprobe,
    &provider_uretprobe,
    &provider_usdt,
    &provider_software,
    &provider_hardware,
    &provider_watchpoint,
    &provider_iter,
    NULL,
};
// clang-format on

const struct provider *const *provider_all(void) { return providers; }

const struct provider *provider_find(const char *name) {
    for (const struct provider *const *p = providers; *p; p++) {
        if (!strcmp((*p)->name, name)) return *p;
        for (size_t i = 0; i < ARRAY_LEN((*p)->aliases) && (*p)->aliases[i]; i++)
            if (!strcmp((*p)->aliases[i], name)) return *p;
    }
    return NULL;
}

const struct provider *provider_of(const struct mf_program *program) {
    const struct provider *p = provider_find(program->provider);
    return p && program->is_typed ? p->typed : p;
}

const char *provider_kind(const struct provider *p) {
    return p->caps & PROBE_RUN_ONCE ? "special" : p->name;
}
