// SPDX-License-Identifier: Apache-2.0
// Calls: argument counts and kinds by signature, result types. Those that sema turns into other
// nodes are in infer_rewrite.c.
#include <arpa/inet.h>

#include "base/suggest.h"
#include "builtins/signature.h"
#include "probes/feature.h"
#include "sema/sema_internal.h"
#include "types/btf.h"
#include "symbols/symbols.h"

#define ARG(e, i) ((e)->call.args.data[i])

static bool is_map_entry(const struct ast_expr *e) {
    return e->kind == AST_INDEX && e->index.base->kind == AST_MAP;
}

// ---- checking against the signature ----

static bool count_ok(struct infer *in, const struct ast_expr *e, const struct signature *sig) {
    size_t n = e->call.args.len;
    if (n >= sig->required && (sig->varargs || n <= sig->total)) return true;
    if (!in->final) return false;
    struct arena *a = in->u->arena;
    const char *least = sig->required == 1 ? "one" : arena_printf(a, "%u", sig->required);
    const char *most = sig->total == 1 ? "one" : arena_printf(a, "%u", sig->total);
    if (sig->required == sig->total && !sig->varargs)
        diag(in->u->diags, e->span, argument_count, e->call.name, least,
             sig->required == 1 ? "" : "s", n);
    else if (n < sig->required)
        diag(in->u->diags, e->span, argument_few, e->call.name, least,
             sig->required == 1 ? "" : "s", n);
    else
        diag(in->u->diags, e->span, argument_many, e->call.name, most, sig->total == 1 ? "" : "s",
             n);
    return false;
}

static bool kind_ok(enum signature_kind kind, const struct ast_expr *a) {
    switch (kind) {
    case SIG_ANY: return true;
    case SIG_INT: return type_is_integer(a->type);
    case SIG_PTR: return type_is_scalar(a->type) || a->type->kind == TYPE_ARRAY;
    case SIG_STRING: return type_is_text(a->type);
    case SIG_LITERAL: return a->kind == AST_STRING;
    case SIG_CONST: return a->kind == AST_INT;
    case SIG_MAP: return a->kind == AST_MAP;
    case SIG_VAR: return a->kind == AST_VAR;
    }
    return false;
}

// Which arguments name a map as a whole, so that reading its value is not meant?
static bool names_map(int fn, size_t i, const struct ast_expr *a) {
    if (a->kind != AST_MAP || i != 0) return false;
    return fn == FN_print || fn == FN_clear || fn == FN_zero || fn == FN_len;
}

static bool infer_args(struct infer *in, struct ast_expr *e, const struct signature *sig) {
    bool known = true;
    for (size_t i = 0; i < e->call.args.len; i++) {
        struct ast_expr *a = ARG(e, i);
        if (names_map(e->call.function, i, a)) {
            a->type = a->map.map->value;
            continue;
        }
        if (e->call.function == FN_find && i == 2) continue;
        if (e->call.function == FN_print && i == 0 && is_map_entry(a) &&
            a->index.base->map.map->value->kind >= TYPE_STATS) {
            infer_entry(in, a);
            continue;
        }
        infer_expr(in, &ARG(e, i));
        a = ARG(e, i);
        if (!is_known(a->type)) {
            known = false;
        } else if (i < sig->total && !kind_ok(sig->args[i], a)) {
            if (in->final)
                diag(in->u->diags, a->span, argument_kind, e->call.name,
                     signature_kind_name(sig->args[i]), type_name(in->t, a->type));
            known = false;
        } else if (a->type->kind == TYPE_VOID) {
            if (in->final) diag(in->u->diags, a->span, no_value, "void");
            known = false;
        }
    }
    return known;
}

static const struct type *infer_print(struct infer *in, struct ast_expr *e) {
    struct ast_expr *a = ARG(e, 0);
    const struct type *type = a->type;
    if (!in->final) return types_basic(in->t, TYPE_VOID);
    if (a->kind == AST_MAP && !infer_map_allows(in, a, MAP_PRINT)) return error_type(in);
    if (a->kind == AST_MAP) {
        if (in->loops) diag(in->u->diags, e->span, print_in_loop);
        if (a->map.map->value->kind == TYPE_STATS && e->call.args.len > 1)
            diag(in->u->diags, e->span, print_stats);
        return types_basic(in->t, TYPE_VOID);
    }
    if (e->call.args.len > 1) diag(in->u->diags, e->span, print_extra);
    if (is_known(type) && type->kind == TYPE_VOID) diag(in->u->diags, a->span, no_value, "void");
    return types_basic(in->t, TYPE_VOID);
}

// ---- aggregations ----

static const struct type *infer_aggregation(struct infer *in, struct ast_expr *e) {
    const struct type *arg = e->call.args.len ? ARG(e, 0)->type : NULL;
    bool is_signed =
        arg && arg->is_signed && !(ARG(e, 0)->kind == AST_INT && !ARG(e, 0)->integer.is_negative);
    if (arg && ARG(e, 0)->kind == AST_INT) is_signed = true;
    if (arg) infer_convert(in, &ARG(e, 0), types_int(in->t, 64, is_signed));
    int64_t a[4] = {0};
    for (size_t i = 1; i < e->call.args.len && i < 4; i++) expr_int(ARG(e, i), &a[i]);
    switch ((enum builtin_function)e->call.function) {
    case FN_count: return types_basic(in->t, TYPE_COUNT);
    case FN_sum: return types_aggregate(in->t, TYPE_SUM, is_signed);
    case FN_avg: return types_aggregate(in->t, TYPE_AVG, is_signed);
    case FN_min: return types_aggregate(in->t, TYPE_MIN, is_signed);
    case FN_max: return types_aggregate(in->t, TYPE_MAX, is_signed);
    case FN_stats: return types_aggregate(in->t, TYPE_STATS, is_signed);
    case FN_hist:
        if (a[1] < 0 || a[1] > 5) {
            if (in->final) diag(in->u->diags, ARG(e, 1)->span, hist_bits, (long long)a[1]);
            return error_type(in);
        }
        return types_hist(in->t, (uint32_t)a[1]);
    case FN_lhist:
        if (a[3] <= 0 || a[1] >= a[2] || (a[2] - a[1]) / a[3] + 2 > 1002 || a[3] > a[2] - a[1]) {
            if (in->final) diag(in->u->diags, e->span, lhist_range);
            return error_type(in);
        }
        return types_lhist(in->t, a[1], a[2], a[3]);
    case FN_tseries: {
        static const char *const words[] = {"", "avg", "min", "max", "sum"};
        enum tseries_agg agg = TSERIES_NONE;
        for (size_t i = 1; e->call.args.len > 3 && i < ARRAY_LEN(words); i++)
            if (!strcmp(ARG(e, 3)->string.data, words[i])) agg = (enum tseries_agg)i;
        bool bad_agg = e->call.args.len > 3 && agg == TSERIES_NONE;
        if (a[1] <= 0 || a[2] <= 0 || a[2] > 1000000 || bad_agg) {
            if (in->final) diag(in->u->diags, e->span, tseries_range);
            return error_type(in);
        }
        return types_tseries(in->t, (uint64_t)a[1], (uint32_t)a[2], agg, is_signed);
    }
    default: return error_type(in);
    }
}

// ---- strings and memory ----

static const struct type *infer_str(struct infer *in, struct ast_expr *e) {
    const struct type *type = ARG(e, 0)->type;
    uint64_t max = config_uint(&in->u->config, CONFIG_max_strlen), size = max + 1;
    int64_t n;
    bool ok = type_is_scalar(type) || type_is_text(type) ||
              (type->kind == TYPE_ARRAY && type->target->size == 1);
    if (!ok) {
        if (in->final)
            diag(in->u->diags, ARG(e, 0)->span, argument_kind, "str", "a pointer or a string",
                 type_name(in->t, type));
        return error_type(in);
    }
    if (type->kind == TYPE_ARRAY && type->count && type->count < size) size = type->count + 1;
    if (e->call.args.len > 1) {
        if (expr_int(ARG(e, 1), &n)) {
            if (n < 0) {
                if (in->final) diag(in->u->diags, ARG(e, 1)->span, length_negative);
                return error_type(in);
            }
            // The length counts the NUL; a literal has its own.
            uint64_t bytes = (uint64_t)n + (ARG(e, 0)->kind == AST_STRING);
            if (bytes < size) size = bytes ? bytes : 1;
        }
        infer_convert(in, &ARG(e, 1), types_int(in->t, 64, false));
    }
    if (type->kind == TYPE_STRING && type->size < size) size = type->size;
    return types_string(in->t, (uint32_t)size);
}

static const struct type *infer_buf(struct infer *in, struct ast_expr *e) {
    const struct type *type = ARG(e, 0)->type;
    uint64_t size = config_uint(&in->u->config, CONFIG_max_strlen);
    int64_t n;
    bool array = type->kind == TYPE_ARRAY || type->kind == TYPE_STRING;
    if (!array && !type_is_scalar(type)) {
        if (in->final)
            diag(in->u->diags, ARG(e, 0)->span, argument_kind, "buf", "a pointer or an array",
                 type_name(in->t, type));
        return error_type(in);
    }
    if (array && type->size) size = type->size;
    if (!array && e->call.args.len < 2) {
        if (in->final) diag(in->u->diags, e->span, buf_length);
        return error_type(in);
    }
    if (e->call.args.len > 1) {
        if (expr_int(ARG(e, 1), &n) && n > 0 && (uint64_t)n < size) size = (uint64_t)n;
        infer_convert(in, &ARG(e, 1), types_int(in->t, 64, false));
    }
    return types_buffer(in->t, (uint32_t)size);
}

static const struct type *infer_pton(struct infer *in, struct ast_expr *e) {
    unsigned char bytes[16];
    const char *text = ARG(e, 0)->string.data;
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, bytes) != 1) {
        if (in->final) diag(in->u->diags, ARG(e, 0)->span, pton_address, text);
        return error_type(in);
    }
    return types_array(in->t, types_int(in->t, 8, false), family == AF_INET ? 4 : 16);
}

// Points to an integer of the symbol's size, where it has that of one.
static const struct type *infer_uaddr(struct infer *in, const struct ast_expr *e) {
    const char *file = sema_traced_file(in->program), *name = ARG(e, 0)->string.data;
    uint64_t address, size = 8;
    if (file && !elf_find_address(file, name, &address, &size)) {
        if (in->final) diag(in->u->diags, ARG(e, 0)->span, symbol_unknown_in, name, file);
        return error_type(in);
    }
    unsigned bits = size == 1 || size == 2 || size == 4 ? (unsigned)size * 8 : 64;
    return types_pointer(in->t, types_int(in->t, bits, false), SPACE_USER);
}

static const struct type *infer_stack(struct infer *in, struct ast_expr *e) {
    static const char *const modes[] = {"bpftrace", "perf", "raw", "build_id"};
    bool kernel = e->call.function == FN_kstack;
    const char *def = config_string(&in->u->config, CONFIG_stack_mode);
    int64_t frames = 127;
    const struct ast_expr *mode = NULL, *limit = NULL;
    for (size_t i = 0; i < e->call.args.len; i++) {
        if (ARG(e, i)->kind == AST_STRING && !mode && i == 0)
            mode = ARG(e, i);
        else if (ARG(e, i)->kind == AST_INT && !limit)
            limit = ARG(e, i);
        else if (in->final)
            diag(in->u->diags, ARG(e, i)->span, stack_argument, e->call.name);
    }
    if (limit && (!expr_int(limit, &frames) || frames < 0 || frames > 1024)) {
        if (in->final) diag(in->u->diags, limit->span, stack_frames);
        return error_type(in);
    }
    const char *word = mode ? mode->string.data : def;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (!strcmp(modes[i], word))
            return types_stack(in->t, kernel ? TYPE_KSTACK : TYPE_USTACK, (uint32_t)frames,
                               (enum stack_mode)i);
    if (in->final) diag(in->u->diags, mode->span, stack_argument, e->call.name);
    return error_type(in);
}

static const struct type *infer_space(struct infer *in, struct ast_expr *e, enum type_space space) {
    const struct type *type = ARG(e, 0)->type;
    if (type->kind == TYPE_POINTER) return types_pointer(in->t, type->target, space);
    if (type->kind == TYPE_INT) return types_pointer(in->t, types_basic(in->t, TYPE_VOID), space);
    if (in->final)
        diag(in->u->diags, ARG(e, 0)->span, argument_kind, e->call.name, "a pointer",
             type_name(in->t, type));
    return error_type(in);
}

// Is it a pointer to a struct, or that struct, or one that begins with it? The kernel takes either.
static bool leads_to(struct infer *in, const struct type *type, const char *name) {
    bool pointer = type->kind == TYPE_POINTER;
    for (unsigned depth = 0; depth < 8; depth++) {
        type = types_complete(in->t, pointer ? type->target : type);
        pointer = false;
        if (type->kind != TYPE_STRUCT) return false;
        if (!strcmp(type_name(in->t, type), name)) return true;
        if (!type->nfields) return false;
        type = type->fields[0].type;
    }
    return false;
}

// An argument for a helper that takes only pointers which the kernel types.
static bool check_typed(struct infer *in, const struct ast_expr *e, size_t i, const char *name) {
    const struct type *type = ARG(e, i)->type;
    if (leads_to(in, type, name)) return true;
    if (in->final)
        diag(in->u->diags, ARG(e, i)->span, argument_kind, e->call.name,
             arena_printf(in->u->arena, "a pointer to %s", name), type_name(in->t, type));
    return false;
}

static const struct type *infer_skboutput(struct infer *in, struct ast_expr *e) {
    if (!check_typed(in, e, 1, "struct sk_buff")) return error_type(in);
    infer_convert(in, &ARG(e, 2), types_int(in->t, 64, false));
    infer_convert(in, &ARG(e, 3), types_int(in->t, 64, false));
    return types_int(in->t, 32, true);
}

static const struct type *infer_path(struct infer *in, struct ast_expr *e) {
    uint64_t size = config_uint(&in->u->config, CONFIG_max_strlen);
    int64_t n;
    if (!check_typed(in, e, 0, "struct path")) return error_type(in);
    if (e->call.args.len > 1 && expr_int(ARG(e, 1), &n) && n > 0 && n < 1 << 20) size = (uint64_t)n;
    return types_string(in->t, (uint32_t)size);
}

static const struct type *infer_unwatch(struct infer *in, struct ast_expr *e) {
    const struct type *type = ARG(e, 0)->type;
    if (type_is_integer(type))
        infer_convert(in, &ARG(e, 0), types_int(in->t, 64, false));
    else if (in->final && type->kind != TYPE_POINTER)
        diag(in->u->diags, ARG(e, 0)->span, argument_kind, "unwatch", "an address",
             type_name(in->t, type));
    return types_basic(in->t, TYPE_VOID);
}

static const struct type *infer_map_len(struct infer *in, const struct ast_expr *e) {
    if (!infer_map_allows(in, ARG(e, 0), MAP_EACH)) return error_type(in);
    if (ARG(e, 0)->map.map->is_scalar) {
        if (in->final) diag(in->u->diags, e->span, map_scalar_call, "len");
        return error_type(in);
    }
    if (in->final && !feature_have(FEATURE_map_for_each))
        diag(in->u->diags, e->span, kernel_too_old, "len() of a map",
             feature_rows[FEATURE_map_for_each].since);
    return types_int(in->t, 64, true);
}

static const struct type *infer_len(struct infer *in, const struct ast_expr *e) {
    if (ARG(e, 0)->kind == AST_MAP) return infer_map_len(in, e);
    const struct type *type = ARG(e, 0)->type;
    if (type->kind == TYPE_KSTACK || type->kind == TYPE_USTACK) return types_int(in->t, 64, true);
    if (in->final)
        diag(in->u->diags, ARG(e, 0)->span, argument_kind, "len", "a map or a stack",
             type_name(in->t, type));
    return error_type(in);
}

static const struct type *infer_strftime(struct infer *in, struct ast_expr *e) {
    if (in->final && ARG(e, 1)->kind == AST_INT && ARG(e, 1)->integer.is_negative)
        diag(in->u->diags, ARG(e, 1)->span, time_negative);
    infer_convert(in, &ARG(e, 1), types_int(in->t, 64, false));
    return types_basic(in->t, TYPE_TIMESTAMP);
}

static const struct type *infer_kaddr(struct infer *in, const struct ast_expr *e) {
    if (in->final && !symbols_kernel_address(ARG(e, 0)->string.data))
        diag(in->u->diags, e->span, symbol_unknown, ARG(e, 0)->string.data);
    return types_pointer(in->t, types_int(in->t, 64, false), SPACE_KERNEL);
}

static const struct type *infer_strncmp(struct infer *in, struct ast_expr *e) {
    int64_t n;
    if (in->final && expr_int(ARG(e, 2), &n) && n < 0)
        diag(in->u->diags, ARG(e, 2)->span, length_negative);
    for (int i = 0; i < 2; i++) infer_convert(in, &ARG(e, i), type_stored(in->t, ARG(e, i)->type));
    return types_int(in->t, 64, false);
}

// ---- results ----

static void check_register(struct infer *in, const struct ast_expr *name) {
    unsigned size;
    if (probe_regs_named(name->string.data, &size) >= 0) return;
    diag(in->u->diags, name->span, reg_unknown, name->string.data);
    struct suggest s = suggest_begin(name->string.data);
    const char *known;
    for (unsigned i = 0; (known = probe_regs_name(i)); i++) suggest_offer(&s, known);
    if (s.best) diag_hint(in->u->diags, "did you mean %s?", s.best);
}

static const struct type *result_of(struct infer *in, struct ast_expr *e) {
    struct types *t = in->t;
    switch ((enum builtin_function)e->call.function) {
    case FN_debugf:
        if (in->final) diag(in->u->diags, e->span, trace_pipe);
        infer_printf(in, e);
        return types_basic(t, TYPE_VOID);
    case FN_printf:
    case FN_errorf:
    case FN_warnf:
    case FN_system:
    case FN_cat: infer_printf(in, e); return types_basic(t, TYPE_VOID);
    case FN_print: return infer_print(in, e);
    case FN_exit:
        if (e->call.args.len) infer_convert(in, &ARG(e, 0), types_int(t, 64, true));
        return types_basic(t, TYPE_VOID);
    case FN_unwatch: return infer_unwatch(in, e);
    case FN_len: return infer_len(in, e);
    case FN_str: return infer_str(in, e);
    case FN_buf: return infer_buf(in, e);
    case FN_pton: return infer_pton(in, e);
    case FN_kstack:
    case FN_ustack: return infer_stack(in, e);
    case FN_kptr: return infer_space(in, e, SPACE_KERNEL);
    case FN_uptr: return infer_space(in, e, SPACE_USER);
    case FN_path: return infer_path(in, e);
    case FN_skboutput: return infer_skboutput(in, e);
    case FN_socket_cookie:
        if (!check_typed(in, e, 0, "struct sock_common")) return error_type(in);
        break;
    case FN_comm: return types_string(t, 16);
    case FN_pcomm:
    case FN_leader_comm:
        if (!check_typed(in, e, 0, "struct task_struct")) return error_type(in);
        return types_string(t, 16);
    case FN_ppid:
    case FN_leader_tid:
        if (!check_typed(in, e, 0, "struct task_struct")) return error_type(in);
        break;
    case FN_ksym: return types_basic(t, TYPE_KSYM);
    case FN_usym: return types_basic(t, TYPE_USYM);
    case FN_ntop:
    case FN_macaddr:
        if (in->final && ARG(e, e->call.args.len - 1)->kind == AST_STRING)
            diag(in->u->diags, ARG(e, e->call.args.len - 1)->span, address_literal, e->call.name);
        return types_basic(t, e->call.function == FN_ntop ? TYPE_INET : TYPE_MAC);
    case FN_cgroup_path: return types_basic(t, TYPE_CGROUP_PATH);
    case FN_syscall_name: return types_basic(t, TYPE_SYSCALL);
    case FN_strerror: return types_string(t, 64);
    case FN_signal_name: return types_string(t, 32);
    case FN_strftime: return infer_strftime(in, e);
    case FN_bswap: return types_int(t, ARG(e, 0)->type->size * 8, false);
    case FN_uaddr: return infer_uaddr(in, e);
    case FN_reg:
        if (in->final) check_register(in, ARG(e, 0));
        return types_int(t, 64, false);
    case FN_percpu_kaddr:
    case FN_kaddr: return infer_kaddr(in, e);
    case FN_strncmp: return infer_strncmp(in, e);
    case FN_strcontains:
    case FN_strstr:
    case FN_strlen:
        for (size_t i = 0; i < e->call.args.len; i++)
            infer_convert(in, &ARG(e, i), type_stored(t, ARG(e, i)->type));
        break;
    default: break;
    }
    struct signature sig;
    signature_parse(function_rows[e->call.function].signature, &sig);
    const struct type *type = types_find_basic_name(t, sig.result);
    return type ? type : types_basic(t, TYPE_VOID);
}

static const struct type *infer_user_call(struct infer *in, struct ast_expr *e) {
    struct sema_fn *fn = e->call.fn;
    if (e->call.args.len != fn->params.len) {
        if (in->final)
            diag(in->u->diags, e->span, argument_count, e->call.name,
                 arena_printf(in->u->arena, "%zu", fn->params.len), fn->params.len == 1 ? "" : "s",
                 e->call.args.len);
        return error_type(in);
    }
    for (size_t i = 0; i < e->call.args.len; i++) {
        const struct type *type = infer_expr(in, &ARG(e, i));
        const struct type *want = fn->params.data[i]->declared;
        if (in->final && want && !type_assignable(want, type))
            diag(in->u->diags, ARG(e, i)->span, argument_kind, e->call.name, type_name(in->t, want),
                 type_name(in->t, type));
        else if (in->final && want && want->kind == TYPE_INT && ARG(e, i)->kind == AST_INT &&
                 !literal_fits(ARG(e, i), want))
            diag(in->u->diags, ARG(e, i)->span, literal_range, type_name(in->t, want));
        infer_store(in, &ARG(e, i), want);
    }
    return fn->ret ? fn->ret : none_type(in);
}

const struct type *infer_call(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    if (e->call.fn) return infer_user_call(in, e);
    int fn = e->call.function;
    const struct function_row *row = &function_rows[fn];
    struct signature sig;
    signature_parse(row->signature, &sig);
    if (!count_ok(in, e, &sig)) return error_type(in);
    if ((row->where & FN_UNSAFE) && !in->u->options.unsafe) {
        if (in->final) {
            diag(in->u->diags, e->span, unsafe, row->name);
            diag_hint(in->u->diags, "run with --unsafe to allow it");
        }
        return error_type(in);
    }
    if (row->where & FN_REWRITTEN) return infer_rewritten(in, pe);
    if (fn == FN_delete || fn == FN_has_key || fn == FN_find) return infer_keyed(in, e);
    if (fn == FN_push || fn == FN_pop || fn == FN_peek) return infer_list(in, e);
    if (fn == FN_clear || fn == FN_zero) {
        if (!infer_need_map(in, e, fn == FN_zero ? MAP_ZERO : MAP_CLEAR)) return error_type(in);
        ARG(e, 0)->map.map->frees_entries = true;
    }
    if (!infer_args(in, e, &sig)) {
        for (size_t i = 0; i < e->call.args.len; i++)
            if (ARG(e, i)->type && ARG(e, i)->type->kind == TYPE_NONE) return none_type(in);
        return error_type(in);
    }
    if ((row->where & FN_MAP_VALUE) && in->final && in->stored != e) {
        diag(in->u->diags, e->span, map_function_alone, row->name);
        return error_type(in);
    }
    if (row->where & FN_MAP_VALUE) return infer_aggregation(in, e);
    return result_of(in, e);
}
