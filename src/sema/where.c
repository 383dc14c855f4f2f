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

static bool is_offered(const struct provider *p, unsigned where) {
    if (where & FN_REGS) return p->caps & PROBE_REGS;
    if (where & FN_USER) return p->caps & PROBE_USER;
    if (where & FN_UNLOCKED && p->context != CTX_ITER && !(p->caps & PROBE_FUNC)) return false;
    if (where & FN_TYPED) return p->prog_type == BPF_PROG_TYPE_TRACING;
    if (where & FN_ENTRY)
        return p->prog_type == BPF_PROG_TYPE_KPROBE && !(p->caps & (PROBE_USER | PROBE_RETVAL));
    return true;
}

// Names the probes that offer what this one does not.
static void hint_where(struct unit *u, const char *name, unsigned caps, unsigned where) {
    const char *list = NULL;
    for (const struct provider *const *p = provider_all(); *p; p++) {
        bool has = caps ? ((*p)->caps & caps) == caps : is_offered(*p, where);
        if (!caps && !has && (*p)->typed) has = is_offered((*p)->typed, where);
        if (has)
            list = arena_printf(u->arena, "%s%s%s", list ? list : "", list ? ", " : "", (*p)->name);
    }
    if (list) diag_hint(u->diags, "%s can be used in: %s", name, list);
}

void sema_where_variable(struct unit *u, const struct sema_program *p, struct span span,
                         const char *name, int id) {
    unsigned need = variable_rows[id].caps;
    if (!need) return;
    if (!p) {
        only_in_probe(u, span, name);
    } else if (need != PROBE_ANY && (p->provider->caps & need) != need) {
        diag(u->diags, span, builtin_not_here, name, p->provider->name);
        hint_where(u, name, need, 0);
    }
}

void sema_where_function(struct unit *u, const struct sema_program *p, struct span span, int fn) {
    const struct function_row *row = &function_rows[fn];
    if (!p) {
        if (row->where & (FN_PROBE | FN_REGS | FN_TYPED | FN_ENTRY | FN_USER))
            only_in_probe(u, span, row->name);
        return;
    }
    if (!is_offered(p->provider, row->where)) {
        diag(u->diags, span, builtin_not_here, row->name, p->provider->name);
        hint_where(u, row->name, 0, row->where);
    } else if (fn == FN_override && !feature_have(FEATURE_override)) {
        diag(u->diags, span, kernel_without, "override()", "CONFIG_BPF_KPROBE_OVERRIDE");
    } else if (fn == FN_skboutput && !feature_have(FEATURE_skboutput)) {
        diag(u->diags, span, kernel_too_old, "skboutput()", feature_rows[FEATURE_skboutput].since);
    } else if (fn == FN_socket_cookie && !feature_have(FEATURE_socket_cookie)) {
        diag(u->diags, span, kernel_too_old, "socket_cookie()",
             feature_rows[FEATURE_socket_cookie].since);
    }
}
