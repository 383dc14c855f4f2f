// SPDX-License-Identifier: Apache-2.0
// The ordered list of passes.
#include "sema/sema_internal.h"

static void (*const passes[])(struct unit *u) = {
    sema_setup, sema_macros, sema_positional, sema_attach,    sema_names,
    sema_calls, sema_infer,  sema_pinned,     sema_resources, sema_generations,
};

bool sema_run(struct unit *u) {
    u->env = (struct probe_env){
        .arena = u->arena, .types = u->types, .pid = u->options.pid, .program = u->options.program};
    for (size_t i = 0; i < ARRAY_LEN(passes); i++) {
        passes[i](u);
        if (diags_errors(u->diags)) return false;
    }
    return true;
}
