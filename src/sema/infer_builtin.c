// SPDX-License-Identifier: Apache-2.0
// Types of builtin variables.
#include "sema/sema_internal.h"

static const struct type *task_pointer(struct infer *in) {
    const struct type *task = types_find(in->t, "struct task_struct");
    return types_pointer(in->t, task ? task : types_basic(in->t, TYPE_VOID), SPACE_KERNEL);
}

static enum stack_mode default_mode(struct infer *in) {
    const char *mode = config_string(&in->u->config, CONFIG_stack_mode);
    return !strcmp(mode, "perf")  ? STACK_MODE_PERF
           : !strcmp(mode, "raw") ? STACK_MODE_RAW
                                  : STACK_MODE_BPFTRACE;
}

// Where the pointers lead that the probe itself gives.
static enum type_space probe_space(const struct infer *in) {
    return in->program->provider->caps & PROBE_USER ? SPACE_USER : SPACE_KERNEL;
}

static const struct type *infer_retval(struct infer *in, const struct ast_expr *e) {
    const struct type *type = in->program ? in->program->layout.retval : NULL;
    if (!type) return types_int(in->t, 64, true);
    if (in->program->layout.retval_place.kind == PLACE_UNKNOWN) {
        if (in->final)
            diag(in->u->diags, e->span, place_unknown, "retval", in->program->layout.retval_why);
        return error_type(in);
    }
    if (type->kind == TYPE_POINTER && !type->space)
        return types_pointer(in->t, types_complete(in->t, type->target), probe_space(in));
    return types_complete(in->t, type);
}

// What the kernel gives to the program, as far as types tell.
static const struct type *infer_ctx(struct infer *in) {
    enum probe_context context = in->program ? in->program->provider->context : CTX_NONE;
    const char *name = NULL;
    switch (context) {
    case CTX_REGS: name = "struct pt_regs"; break;
    case CTX_PERF: name = "struct bpf_perf_event_data"; break;
    case CTX_BTF: name = "uint64"; break;
    default: name = "uint8"; break;
    }
    const struct type *to = types_find(in->t, name);
    if (!to) to = types_find_basic_name(in->t, name);
    return types_pointer(in->t, to ? to : types_basic(in->t, TYPE_VOID),
                         context == CTX_PERF ? SPACE_CONTEXT : SPACE_KERNEL);
}

// All arguments as a record. Data of variable length cannot be part of one.
static const struct type *args_whole(struct infer *in, const struct ast_expr *e) {
    const struct probe_args *args = in->program ? &in->program->layout.args : NULL;
    size_t n = args ? args->len : 0;
    const struct type **elems = arena_alloc(in->u->arena, (n + 1) * sizeof(*elems));
    const char **names = arena_alloc(in->u->arena, (n + 1) * sizeof(*names));
    bool ok = n > 0;
    for (size_t i = 0; i < n; i++) {
        elems[i] = types_complete(in->t, args->data[i].type);
        names[i] = args->data[i].name;
        if (args->data[i].place.kind == PLACE_UNKNOWN)
            return infer_unreadable(in, e, &args->data[i]);
        ok = ok && !args->data[i].is_data_loc && !args->data[i].is_data_rel && elems[i]->size;
        if (elems[i]->kind == TYPE_POINTER && !elems[i]->space)
            elems[i] = types_pointer(in->t, elems[i]->target, probe_space(in));
    }
    if (ok) return types_tuple(in->t, elems, names, (uint32_t)n);
    if (in->final) {
        diag(in->u->diags, e->span, args_whole);
        if (n)
            diag_hint(in->u->diags, "name a field: args.%s", names[n - 1]);
        else
            diag_hint(in->u->diags, "this probe has no arguments");
    }
    return error_type(in);
}

const struct type *infer_builtin(struct infer *in, struct ast_expr *e) {
    struct types *t = in->t;
    const char *written = variable_rows[e->ident.variable].type;
    if (*written) return types_find_basic_name(t, written);
    switch ((enum builtin_variable)e->ident.variable) {
    case VAR_comm:
    case VAR_pcomm:
    case VAR_leader_comm: return types_string(t, 16);
    case VAR_curtask: return task_pointer(in);
    case VAR_args: return args_whole(in, e);
    case VAR_ctx: return infer_ctx(in);
    case VAR_cpid:
        if (in->final && !in->u->options.program && !in->never)
            diag(in->u->diags, e->span, no_command);
        return types_int(t, 32, false);
    case VAR_retval: return infer_retval(in, e);
    case VAR_func:
        return types_basic(
            t, in->program && (in->program->provider->caps & PROBE_USER) ? TYPE_USYM : TYPE_KSYM);
    case VAR_probe: return types_basic(t, TYPE_PROBE);
    case VAR_probetype:
        return types_string(
            t, (uint32_t)strlen(in->program ? provider_kind(in->program->provider) : "") + 1);
    case VAR_kstack: return types_stack(t, TYPE_KSTACK, 127, default_mode(in));
    case VAR_ustack: return types_stack(t, TYPE_USTACK, 127, default_mode(in));
    case VAR_username: return types_basic(t, TYPE_USERNAME);
    default: return types_int(t, 64, false);
    }
}
