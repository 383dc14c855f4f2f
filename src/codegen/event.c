// SPDX-License-Identifier: Apache-2.0
// Events to the runtime (layout: object/manifest.h), and the counters of what is lost.
#include <linux/bpf.h>

#include "codegen/cg.h"
#include "probes/feature.h"

// void gaff_lost(i64 index): out of line, because it is rarely called and often there.
static LLVMValueRef make_lost(struct cg *c) {
    struct cg_function *before = c->f;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    uint32_t n = (uint32_t)(MF_FAILED_UPDATES + c->u->maps.len);
    LLVMValueRef map =
        cg_map_global(c, "gaff_losses", BPF_MAP_TYPE_PERCPU_ARRAY, n, NULL, NULL, 8, 0);
    LLVMTypeRef type = LLVMFunctionType(c->i64, &c->i64, 1, false);
    struct cg_function *f = cg_begin_function(c, "gaff_lost", NULL, type, 64, 1);
    LLVMValueRef key = cg_slot(c, 4, 4);
    LLVMBuildStore(c->b, LLVMBuildTrunc(c->b, LLVMGetParam(f->fn, 0), c->i32, ""), key);
    LLVMValueRef args[] = {map, key};
    LLVMValueRef cell = cg_helper_ptr(c, BPF_FUNC_map_lookup_elem, args, 2);
    LLVMBasicBlockRef have = cg_block(c, "have");
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), f->leave, have);
    cg_at(c, have);
    LLVMValueRef old = LLVMBuildLoad2(c->b, c->i64, cell, "");
    LLVMBuildStore(c->b, LLVMBuildAdd(c->b, old, cg_int(c, 1), ""), cell);
    LLVMValueRef fn = f->fn;
    cg_end_function(c, cg_int(c, 0));
    c->f = before;
    cg_at(c, here);
    return fn;
}

void cg_count_loss(struct cg *c, uint32_t index) {
    LLVMMetadataRef place = LLVMGetCurrentDebugLocation2(c->b);
    if (!c->lost) c->lost = make_lost(c);
    LLVMSetCurrentDebugLocation2(c->b, place);
    LLVMTypeRef type = LLVMFunctionType(c->i64, &c->i64, 1, false);
    LLVMValueRef arg = cg_int(c, index);
    LLVMBuildCall2(c->b, type, c->lost, &arg, 1, "");
}

static bool is_control(enum mf_event_kind kind) {
    return kind == EVENT_PRINT_MAP || kind == EVENT_CLEAR || kind == EVENT_ZERO ||
           kind == EVENT_EXIT;
}

static LLVMValueRef ring(struct cg *c, bool control) {
    LLVMValueRef *map = control ? &c->control : &c->events;
    if (!*map)
        *map = cg_map_global(c, control ? "gaff_control" : "gaff_events", BPF_MAP_TYPE_RINGBUF,
                             control ? 1 << 18 : 1 << 22, NULL, NULL, 0, 0);
    return *map;
}

uint32_t cg_string(struct cg *c, const char *text) {
    struct mf_strings *v = &c->manifest->strings;
    for (size_t i = 0; i < v->len; i++)
        if (!strcmp(v->data[i], text)) return (uint32_t)i;
    VEC_PUSH(c->manifest->arena, v, text);
    return (uint32_t)v->len - 1;
}

static uint32_t lay_out(struct cg *c, struct mf_event *row, const struct ast_expr *const *args,
                        size_t n) {
    uint32_t at = MF_EVENT_BYTES;
    for (size_t i = 0; i < n; i++) {
        const struct type *type = args[i]->type;
        uint32_t align = type_is_scalar(type) ? type->align : 8; // others are copied by words
        at = (at + align - 1) / align * align;
        types_complete_all(c->u->types, type);
        struct mf_field f = {.type = type, .offset = at};
        VEC_PUSH(c->manifest->arena, &row->fields, f);
        at += type->size;
    }
    return (at + 7) & ~7u;
}

static void find_statements(void *ctx, struct ast_expr **e) {
    bool *found = ctx;
    if ((*e)->kind == AST_BLOCK_EXPR) *found = true;
}

// What is reserved must be submitted on every way out, so not where an argument has statements
// that may return. Kernels without bpf_loop, where loops are jumps, take a place reserved in the
// next round for one that was never given back.
static bool can_reserve(struct cg *c, const struct ast_expr *const *args, size_t n) {
    if (c->f->nloops && !feature_have(FEATURE_loop)) return false;
    bool statements = false;
    struct ast_visitor v = {.ctx = &statements, .expr = find_statements};
    for (size_t i = 0; i < n; i++) {
        struct ast_expr *e = (struct ast_expr *)args[i]; // only looked at
        bool known = e == c->prepared_for;
        if (!known) ast_visit_expr(&v, &e);
    }
    return !statements;
}

uint32_t cg_event_add(struct cg *c, struct mf_event *row, const struct ast_expr *where) {
    if (where && where->span.src) {
        unsigned line;
        source_position(where->span.src, where->span.end, &line, &row->end_column);
        source_position(where->span.src, where->span.begin, &row->line, &row->column);
    }
    VEC_PUSH(c->manifest->arena, &c->manifest->events, *row);
    return (uint32_t)c->manifest->events.len - 1;
}

void cg_event_head(struct cg *c, uint32_t id, LLVMValueRef record) {
    LLVMBuildStore(c->b, cg_int(c, id), record);
    LLVMValueRef now = c->has_control ? cg_helper(c, BPF_FUNC_ktime_get_ns, NULL, 0) : cg_int(c, 0);
    LLVMBuildStore(c->b, now, cg_offset(c, record, 8));
}

static void fill(struct cg *c, const struct mf_event *row, uint32_t id,
                 const struct ast_expr *const *args, size_t n, LLVMValueRef p) {
    cg_event_head(c, id, p);
    for (size_t i = 0; i < n; i++)
        cg_expr_into(c, args[i], cg_offset(c, p, row->fields.data[i].offset), false);
}

void cg_send(struct cg *c, struct mf_event *row, const struct ast_expr *const *args, size_t n,
             const struct ast_expr *where) {
    bool control = is_control(row->kind);
    row->size = lay_out(c, row, args, n);
    uint32_t id = cg_event_add(c, row, where);
    LLVMBasicBlockRef full = cg_block(c, "lost"), end = cg_block(c, "end");
    bool in_place = can_reserve(c, args, n);
    LLVMValueRef map = ring(c, control), size = cg_int(c, row->size), none = cg_int(c, 0), p;
    if (in_place) {
        LLVMValueRef reserve[] = {map, size, none};
        p = cg_helper_ptr(c, BPF_FUNC_ringbuf_reserve, reserve, 3);
        LLVMBasicBlockRef have = cg_block(c, "send");
        LLVMBuildCondBr(c->b, cg_is_null(c, p), full, have);
        cg_at(c, have);
    } else {
        p = cg_scratch_slot(c, row->size);
    }
    cg_enter(c);
    fill(c, row, id, args, n, p);
    cg_leave(c);
    LLVMValueRef flags = control ? none : cg_state_read(c, MF_STATE_SUBMIT);
    if (in_place) {
        LLVMValueRef submit[] = {p, flags};
        cg_helper(c, BPF_FUNC_ringbuf_submit, submit, 2);
        cg_jump(c, end);
    } else {
        LLVMValueRef output[] = {map, p, size, flags};
        LLVMValueRef rc = cg_helper(c, BPF_FUNC_ringbuf_output, output, 4);
        LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntSLT, rc, none, ""), full, end);
    }
    cg_at(c, full);
    cg_count_loss(c, control ? MF_LOST_CONTROL : MF_LOST_EVENTS);
    cg_jump(c, end);
    cg_at(c, end);
}

static void send_error(struct cg *c, struct mf_event *row, const struct ast_expr *const *args,
                       size_t n) {
    const struct ast_expr here = {.span = c->span};
    row->kind = EVENT_RUNTIME_ERROR;
    cg_send(c, row, args, n, &here);
}

void cg_warn(struct cg *c, const char *text) {
    struct mf_event row = {.format = text};
    send_error(c, &row, NULL, 0);
}

void cg_check(struct cg *c, LLVMValueRef failed, LLVMValueRef code, const char *helper,
              const char *text) {
    if (!c->u->options.helper_errors) return;
    LLVMBasicBlockRef bad = cg_block(c, "failed"), on = cg_block(c, "on");
    LLVMBuildCondBr(c->b, failed, bad, on);
    cg_at(c, bad);
    const struct ast_expr node = {.kind = AST_CONVERT, .type = types_int(c->u->types, 64, true)};
    const struct ast_expr *field = &node;
    struct mf_event row = {.format = text, .helper = helper};
    const struct cg_value prepared = c->prepared;
    const struct ast_expr *prepared_for = c->prepared_for;
    c->prepared = cg_scalar_value(code, node.type);
    c->prepared_for = &node;
    send_error(c, &row, &field, 1);
    c->prepared = prepared;
    c->prepared_for = prepared_for;
    cg_jump(c, on);
    cg_at(c, on);
}
