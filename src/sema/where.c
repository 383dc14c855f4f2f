// SPDX-License-Identifier: Apache-2.0
// Where a builtin may be used: in a function or only in a probe, by what the probe's provider
// offers, and by the programs that the kernel lets call the helper behind it.
#include <linux/bpf.h>

#include "probes/feature.h"
#include "sema/sema_internal.h"

// A function of the script runs without the context of a probe.
static void only_in_probe(struct unit *u, struct span span, const char *name) {
    diag(u->diags, span, builtin_in_fn, name);
    diag_hint(u->diags, "let the probe give its value as an argument");
}

void sema_where_variable(struct unit *u, const struct sema_program *p, struct span span,
                         const char *name, int id) {
    unsigned need = variable_rows[id].caps;
    if (!need) return;
    if (!p)
        only_in_probe(u, span, name);
    else if (need == PROBE_ANY ? id == VAR_ctx && p->provider->context == CTX_NONE
                               : !(p->provider->caps & need))
        diag(u->diags, span, builtin_not_here, name, p->provider->name);
}

static bool is_offered(const struct provider *p, unsigned where) {
    if (where & FN_REGS) return p->caps & PROBE_REGS;
    if (where & FN_TYPED) return p->prog_type == BPF_PROG_TYPE_TRACING;
    if (where & FN_ENTRY)
        return p->prog_type == BPF_PROG_TYPE_KPROBE && !(p->caps & (PROBE_USER | PROBE_RETVAL));
    return true;
}

void sema_where_function(struct unit *u, const struct sema_program *p, struct span span, int fn) {
    const struct function_row *row = &function_rows[fn];
    if (!p) {
        if (row->where & (FN_PROBE | FN_REGS | FN_TYPED | FN_ENTRY))
            only_in_probe(u, span, row->name);
        return;
    }
    if (!is_offered(p->provider, row->where)) {
        diag(u->diags, span, builtin_not_here, row->name, p->provider->name);
    } else if (fn == FN_override && !feature_have(FEATURE_override)) {
        diag(u->diags, span, kernel_without, "override()", "CONFIG_BPF_KPROBE_OVERRIDE");
    } else if (fn == FN_socket_cookie && !feature_have(FEATURE_socket_cookie)) {
        diag(u->diags, span, kernel_too_old, "socket_cookie()",
             feature_rows[FEATURE_socket_cookie].since);
    }
}
