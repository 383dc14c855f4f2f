// SPDX-License-Identifier: Apache-2.0
// Functions that send events: printf and its kin, print, clear, zero, exit, time, cat, system,
// join.
#include <linux/bpf.h>

#include "codegen/cg.h"

#define ARG(e, i) ((e)->call.args.data[i])

static struct cg_value nothing(struct cg *c, const struct ast_expr *e) {
    return cg_scalar_value(cg_int(c, 0), e->type);
}

static struct cg_value formatted(struct cg *c, const struct ast_expr *e, enum mf_event_kind kind) {
    struct mf_event row = {.kind = kind, .format = ARG(e, 0)->string.data};
    cg_send(c, &row, (const struct ast_expr *const *)e->call.args.data + 1, e->call.args.len - 1,
            e);
    return nothing(c, e);
}

struct cg_value cg_fn_printf(struct cg *c, const struct ast_expr *e) {
    if (sema_is_pinned(c->program)) return cg_seq_printf(c, e);
    return formatted(c, e, EVENT_PRINTF);
}
struct cg_value cg_fn_errorf(struct cg *c, const struct ast_expr *e) {
    return formatted(c, e, EVENT_ERRORF);
}
struct cg_value cg_fn_warnf(struct cg *c, const struct ast_expr *e) {
    return formatted(c, e, EVENT_WARNF);
}
struct cg_value cg_fn_system(struct cg *c, const struct ast_expr *e) {
    return formatted(c, e, EVENT_SYSTEM);
}
struct cg_value cg_fn_cat(struct cg *c, const struct ast_expr *e) {
    return formatted(c, e, EVENT_CAT);
}

// bpf_trace_printk takes three values.
struct cg_value cg_fn_debugf(struct cg *c, const struct ast_expr *e) {
    uint32_t size = ARG(e, 0)->type->size;
    LLVMValueRef format = cg_materialize(c, cg_expr(c, ARG(e, 0)));
    LLVMValueRef args[5] = {format, cg_int32(c, size)};
    unsigned n = 2;
    for (size_t i = 1; i < e->call.args.len && n < 5; i++) args[n++] = cg_scalar(c, ARG(e, i));
    cg_helper(c, BPF_FUNC_trace_printk, args, n);
    return nothing(c, e);
}

struct cg_value cg_fn_time(struct cg *c, const struct ast_expr *e) {
    struct mf_event row = {.kind = EVENT_TIME,
                           .format = e->call.args.len ? ARG(e, 0)->string.data : "%H:%M:%S\n"};
    cg_send(c, &row, NULL, 0, e);
    return nothing(c, e);
}

static uint32_t literal(const struct ast_expr *e, size_t i) {
    return e->call.args.len > i ? (uint32_t)ARG(e, i)->integer.value : 0;
}

static void print_entry(struct cg *c, const struct ast_expr *e, const struct sema_map *m,
                        const struct ast_expr *key) {
    struct mf_event row = {.kind = EVENT_PRINT_MAP_ITEM, .map = m->index};
    cg_send(c, &row, &key, 1, e); // the key: the runtime looks the value up
}

struct cg_value cg_fn_print(struct cg *c, const struct ast_expr *e) {
    const struct ast_expr *key, *map = cg_map_of(ARG(e, 0), &key);
    if (map && key && map->map.map->value->kind >= TYPE_STATS) {
        print_entry(c, e, map->map.map, key);
    } else if (ARG(e, 0)->kind == AST_MAP) {
        struct mf_event row = {.kind = EVENT_PRINT_MAP,
                               .map = map->map.map->index,
                               .top = literal(e, 1),
                               .div = literal(e, 2),
                               .then = e->call.emptied_by == FN_clear  ? EVENT_CLEAR
                                       : e->call.emptied_by == FN_zero ? EVENT_ZERO
                                                                       : (enum mf_event_kind)0};
        cg_send(c, &row, NULL, 0, e);
    } else {
        struct mf_event row = {.kind = EVENT_PRINT};
        const struct ast_expr *value = ARG(e, 0);
        cg_send(c, &row, &value, 1, e);
    }
    return nothing(c, e);
}

static struct cg_value whole_map(struct cg *c, const struct ast_expr *e, enum mf_event_kind kind) {
    struct mf_event row = {.kind = kind, .map = ARG(e, 0)->map.map->index};
    cg_send(c, &row, NULL, 0, e);
    return nothing(c, e);
}
struct cg_value cg_fn_clear(struct cg *c, const struct ast_expr *e) {
    return whole_map(c, e, EVENT_CLEAR);
}
struct cg_value cg_fn_zero(struct cg *c, const struct ast_expr *e) {
    return whole_map(c, e, EVENT_ZERO);
}

// The flag in memory reaches the runtime even if the ring is full. The program ends here.
struct cg_value cg_fn_exit(struct cg *c, const struct ast_expr *e) {
    struct ast_expr zero = {
        .kind = AST_INT, .span = e->span, .type = types_int(c->u->types, 64, true)};
    const struct ast_expr *status = e->call.args.len ? ARG(e, 0) : &zero;
    cg_state_write(c, MF_STATE_EXIT, cg_int(c, 1));
    struct mf_event row = {.kind = EVENT_EXIT};
    cg_send(c, &row, &status, 1, e);
    cg_return(c, cg_int(c, 0));
    cg_at(c, cg_block(c, "dead"));
    return nothing(c, e);
}

enum { JOIN_ARGS = 16, JOIN_BYTES = 1024 / JOIN_ARGS * 4 };

// The strings one after another, each in a place of its own: char[JOIN_ARGS][JOIN_BYTES].
struct cg_value cg_fn_join(struct cg *c, const struct ast_expr *e) {
    struct types *t = c->u->types;
    const struct type *text = types_string(t, JOIN_BYTES);
    struct mf_event row = {.kind = EVENT_JOIN,
                           .format = e->call.args.len > 1 ? ARG(e, 1)->string.data : " "};
    LLVMValueRef buffer = cg_slot(c, JOIN_ARGS * JOIN_BYTES, 8);
    cg_zero(c, buffer, JOIN_ARGS * JOIN_BYTES);
    struct cg_value v = cg_expr(c, ARG(e, 0));
    const struct type *list_type = ARG(e, 0)->type;
    bool user = c->program && (c->program->provider->caps & PROBE_USER);
    enum cg_memory m = list_type->kind == TYPE_POINTER ? cg_memory_of(c, list_type)
                       : v.is_address                  ? v.memory
                       : user                          ? MEM_USER
                                                       : MEM_KERNEL;
    LLVMValueRef list = v.v;
    if (v.is_address && v.memory == MEM_BPF) {
        list = LLVMBuildPtrToInt(c->b, v.v, c->i64, "");
        m = MEM_KERNEL;
    }
    const struct type *pointer = types_pointer(t, types_basic(t, TYPE_VOID), SPACE_NONE);
    for (unsigned i = 0; i < JOIN_ARGS; i++) {
        LLVMValueRef at = LLVMBuildAdd(c->b, list, cg_int(c, 8 * i), "");
        LLVMValueRef arg = cg_fetch(c, at, pointer, m);
        cg_read_str(c, cg_offset(c, buffer, (uint64_t)i * JOIN_BYTES), cg_int(c, JOIN_BYTES), arg,
                    m);
    }
    struct ast_expr carrier = {
        .kind = AST_CONVERT, .span = e->span, .type = types_array(t, text, JOIN_ARGS)};
    const struct ast_expr *field = &carrier;
    c->prepared = cg_address_value(buffer, carrier.type, MEM_BPF);
    c->prepared_for = &carrier;
    cg_send(c, &row, &field, 1, e);
    c->prepared_for = NULL;
    return nothing(c, e);
}
