// SPDX-License-Identifier: Apache-2.0
// Loops. unroll and a while that counts are loops in the program; every other while and for over a
// range are bpf_loop, for over a map bpf_for_each_map_elem, with the body as a callback. What the
// body uses of the surroundings is reached through a struct on the stack: word 0 is set by
// `return`, then one pointer for each captured variable, the program's own context, the first value
// of a range, and what is returned.
#include <linux/bpf.h>

#include "codegen/cg.h"
#include "probes/feature.h"

static void open_loop(struct cg *c, LLVMBasicBlockRef next, LLVMBasicBlockRef done) {
    if (c->f->nloops == CG_MAX_LOOPS) return;
    c->f->loops[c->f->nloops++] = (struct cg_loop){.next = next, .done = done};
}

static void warn_ended(struct cg *c, const struct ast_stmt *s, LLVMValueRef ended, unsigned turns) {
    LLVMBasicBlockRef warn = cg_block(c, "ended"), on = cg_block(c, "on");
    LLVMBuildCondBr(c->b, ended, warn, on);
    cg_at(c, warn);
    cg_place(c, s->span);
    cg_warn(c, arena_printf(c->arena, "The loop was ended after %u turns.", turns));
    cg_jump(c, on);
    cg_at(c, on);
}

enum {
    CALLED_TURNS = 1 << 23, // of bpf_loop
    // Without it. The verifier remembers at most 8192 branches that it has yet to follow.
    LIMITED_TURNS = 512,
    NESTED_TURNS = 32,
};

static bool has_open_while(const struct ast_stmts *s) {
    for (size_t i = 0; i < s->len; i++) {
        const struct ast_stmt *x = s->data[i];
        if (x->kind == AST_WHILE && x->loop.is_open) return true;
        bool loop = x->kind == AST_WHILE || x->kind == AST_UNROLL || x->kind == AST_FOR_RANGE;
        if (loop && has_open_while(&x->loop.body)) return true;
        if (x->kind == AST_BLOCK && has_open_while(&x->block)) return true;
        if (x->kind == AST_IF &&
            (has_open_while(&x->cond.then) || has_open_while(&x->cond.otherwise)))
            return true;
    }
    return false;
}

// Before bpf_loop, one that does not count gets an end: the turns are counted on the stack, where
// the verifier follows them.
static LLVMValueRef limit_turns(struct cg *c, LLVMBasicBlockRef test, LLVMBasicBlockRef most,
                                uint64_t turns) {
    LLVMValueRef turn = cg_stack_slot(c, 8);
    LLVMBasicBlockRef more = cg_block(c, "more");
    LLVMBuildStore(c->b, cg_int(c, 0), turn);
    cg_jump(c, test);
    cg_at(c, test);
    LLVMValueRef i = LLVMBuildLoad2(c->b, c->i64, turn, "");
    LLVMValueRef below = LLVMBuildICmp(c->b, LLVMIntULT, i, cg_int(c, turns), "");
    LLVMBuildCondBr(c->b, below, more, most);
    cg_at(c, more);
    LLVMBuildStore(c->b, LLVMBuildAdd(c->b, i, cg_int(c, 1), ""), turn);
    return turn;
}

static void while_loop(struct cg *c, const struct ast_stmt *s) {
    c->has_jumps_back = true;
    LLVMBasicBlockRef test = cg_block(c, "while"), body = cg_block(c, "do"),
                      end = cg_block(c, "end");
    LLVMValueRef turn = NULL;
    bool nested = c->f->nloops || has_open_while(&s->loop.body);
    unsigned turns = nested ? NESTED_TURNS : LIMITED_TURNS;
    if (s->loop.is_open) {
        turn = limit_turns(c, test, end, turns);
    } else {
        cg_jump(c, test);
        cg_at(c, test);
    }
    cg_enter(c);
    LLVMBuildCondBr(c->b, cg_truth(c, s->loop.cond), body, end);
    cg_at(c, body);
    open_loop(c, test, end);
    cg_stmts(c, &s->loop.body);
    c->f->nloops--;
    cg_leave(c);
    cg_jump(c, test);
    cg_at(c, end);
    if (!turn) return;
    LLVMValueRef i = LLVMBuildLoad2(c->b, c->i64, turn, "");
    warn_ended(c, s, LLVMBuildICmp(c->b, LLVMIntEQ, i, cg_int(c, turns), ""), turns);
}

enum { UNROLL_MOST = 500 /* statements; beyond, jumps may not reach and compiling takes long */ };

// How many statements come of it when every unroll in it is unrolled.
static uint64_t unrolled_size(const struct ast_stmts *stmts) {
    uint64_t n = 0;
    for (size_t i = 0; i < stmts->len && n <= UNROLL_MOST; i++) {
        const struct ast_stmt *s = stmts->data[i];
        n++;
        if (s->kind == AST_IF)
            n += unrolled_size(&s->cond.then) + unrolled_size(&s->cond.otherwise);
        if (s->kind == AST_BLOCK) n += unrolled_size(&s->block);
        if (s->kind == AST_UNROLL)
            n += s->loop.cond->integer.value * unrolled_size(&s->loop.body);
        else if (s->kind == AST_WHILE)
            n += unrolled_size(&s->loop.body);
    }
    return n;
}

// One turn of an unroll or of what stands for it.
// No loop of the language: break and continue in it are those of the loop around it.
static void unrolled_turn(struct cg *c, const struct ast_stmt *s, LLVMBasicBlockRef next) {
    cg_enter(c);
    cg_stmts(c, &s->loop.body);
    cg_leave(c);
    cg_jump(c, next);
    cg_at(c, next);
}

// A large unroll: a loop that counts its turns on the stack, where the verifier follows them.
static void counted_loop(struct cg *c, const struct ast_stmt *s) {
    c->has_jumps_back = true;
    LLVMValueRef turn = cg_stack_slot(c, 8);
    LLVMBasicBlockRef test = cg_block(c, "unroll"), body = cg_block(c, "turn"),
                      next = cg_block(c, "next"), end = cg_block(c, "end");
    LLVMBuildStore(c->b, cg_int(c, 0), turn);
    cg_jump(c, test);
    cg_at(c, test);
    LLVMValueRef i = LLVMBuildLoad2(c->b, c->i64, turn, "");
    LLVMValueRef more =
        LLVMBuildICmp(c->b, LLVMIntULT, i, cg_int(c, s->loop.cond->integer.value), "");
    LLVMBuildCondBr(c->b, more, body, end);
    cg_at(c, body);
    unrolled_turn(c, s, next);
    i = LLVMBuildLoad2(c->b, c->i64, turn, "");
    LLVMBuildStore(c->b, LLVMBuildAdd(c->b, i, cg_int(c, 1), ""), turn);
    cg_jump(c, test);
    cg_at(c, end);
}

static void unroll(struct cg *c, const struct ast_stmt *s) {
    uint64_t n = s->loop.cond->integer.value;
    if (c->f->counts_turns || n * unrolled_size(&s->loop.body) > UNROLL_MOST) {
        bool before = c->f->counts_turns;
        c->f->counts_turns = true; // and what is in it as well
        counted_loop(c, s);
        c->f->counts_turns = before;
        return;
    }
    LLVMBasicBlockRef end = cg_block(c, "end");
    for (uint64_t i = 0; i < n; i++) unrolled_turn(c, s, cg_block(c, "next"));
    cg_jump(c, end);
    cg_at(c, end);
}

// ---- callbacks ----

static uint32_t context_bytes(const struct ast_stmt *s) {
    return (uint32_t)(8 * (s->loop.ncaptures + 4));
}

static LLVMValueRef context_struct(struct cg *c, const struct ast_stmt *s) {
    LLVMValueRef p = cg_stack_slot(c, context_bytes(s));
    LLVMBuildStore(c->b, cg_int(c, 0), p);
    LLVMBuildStore(c->b, cg_int(c, 0), cg_offset(c, p, 8 * (s->loop.ncaptures + 3)));
    for (size_t i = 0; i < s->loop.ncaptures; i++)
        LLVMBuildStore(c->b, cg_var_address(c, s->loop.captures[i]), cg_offset(c, p, 8 * (i + 1)));
    if (c->f->ctx) LLVMBuildStore(c->b, c->f->ctx, cg_offset(c, p, 8 * (s->loop.ncaptures + 1)));
    return p;
}

static struct cg_function *begin_callback(struct cg *c, const struct ast_stmt *s, LLVMTypeRef type,
                                          unsigned ctx_param) {
    char name[32];
    unsigned line = 1, column;
    if (s->span.src == c->u->source) source_position(s->span.src, s->span.begin, &line, &column);
    snprintf(name, sizeof(name), "gaff_loop_%u", c->serial++);
    struct cg_function *f = cg_begin_function(c, name, NULL, type, 96, line);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    cg_at(c, f->entry);
    f->result = LLVMBuildAlloca(c->b, c->i64, "result");
    LLVMBuildStore(c->b, cg_int(c, 0), f->result);
    cg_at(c, here);
    f->ctx_struct = LLVMGetParam(f->fn, ctx_param);
    f->broke = f->ctx_struct;
    if (f->outer->ctx)
        f->ctx = LLVMBuildLoad2(c->b, c->ptr,
                                cg_offset(c, f->ctx_struct, 8 * (s->loop.ncaptures + 1)), "");
    f->captures = s->loop.captures;
    f->ncaptures = s->loop.ncaptures;
    return f;
}

static LLVMValueRef end_callback(struct cg *c, const struct ast_stmt *s) {
    LLVMValueRef fn = c->f->fn;
    LLVMBasicBlockRef next = cg_block(c, "next"), done = cg_block(c, "done");
    if (s->kind == AST_WHILE) {
        LLVMBasicBlockRef body = cg_block(c, "do");
        LLVMBuildCondBr(c->b, cg_truth(c, s->loop.cond), body, done);
        cg_at(c, body);
    }
    open_loop(c, next, done);
    cg_stmts(c, &s->loop.body);
    c->f->nloops--;
    cg_jump(c, next);
    cg_at(c, done); // break
    LLVMBuildStore(c->b, cg_int(c, 1), c->f->result);
    cg_jump(c, c->f->leave);
    cg_at(c, next);
    cg_jump(c, c->f->leave);
    cg_end_function(c, cg_int(c, 0));
    return fn;
}

// After the loop: a return inside it ends this function too.
static void propagate_return(struct cg *c, const struct ast_stmt *s, LLVMValueRef context) {
    LLVMBasicBlockRef out = cg_block(c, "return"), on = cg_block(c, "on");
    LLVMValueRef broke = LLVMBuildLoad2(c->b, c->i64, context, "");
    LLVMBuildCondBr(c->b, cg_nonzero(c, broke), out, on);
    cg_at(c, out);
    LLVMValueRef value = cg_offset(c, context, 8 * (s->loop.ncaptures + 3));
    cg_return(c, LLVMBuildLoad2(c->b, c->i64, value, ""));
    cg_at(c, on);
}

static bool has_return(const struct ast_stmts *s) {
    for (size_t i = 0; i < s->len; i++) {
        const struct ast_stmt *x = s->data[i];
        switch (x->kind) {
        case AST_RETURN: return true;
        case AST_EXPR_STMT: // exit() returns as well
            if (x->expr->kind == AST_CALL && !x->expr->call.fn && x->expr->call.function == FN_exit)
                return true;
            break;
        case AST_IF:
            if (has_return(&x->cond.then) || has_return(&x->cond.otherwise)) return true;
            break;
        case AST_BLOCK:
            if (has_return(&x->block)) return true;
            break;
        case AST_WHILE:
        case AST_UNROLL:
        case AST_FOR_RANGE:
        case AST_FOR_MAP:
            if (has_return(&x->loop.body)) return true;
            break;
        default: break;
        }
    }
    return false;
}

static void find_block(void *ctx, struct ast_expr **e) {
    bool *found = ctx;
    if ((*e)->kind == AST_BLOCK_EXPR) *found = true;
}

// Of a block in an expression it is not asked what it holds.
static bool may_return(const struct ast_stmts *s) {
    bool block = false;
    struct ast_visitor v = {.ctx = &block, .expr = find_block};
    if (has_return(s)) return true;
    ast_visit_stmts(&v, (struct ast_stmts *)s); // only looks
    return block;
}

// Without bpf_loop: a loop in the program, whose bounds the verifier must see.
static void plain_range(struct cg *c, const struct ast_stmt *s) {
    struct sema_var *v = s->loop.var->var.var;
    LLVMValueRef from = cg_scalar(c, s->loop.from), to = cg_scalar(c, s->loop.to);
    LLVMValueRef cell = cg_stack_slot(c, 8);
    LLVMBuildStore(c->b, from, cell);
    LLVMBasicBlockRef test = cg_block(c, "for"), body = cg_block(c, "do"),
                      next = cg_block(c, "next"), end = cg_block(c, "end");
    cg_jump(c, test);
    cg_at(c, test);
    LLVMValueRef i = LLVMBuildLoad2(c->b, c->i64, cell, "");
    LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntSLT, i, to, ""), body, end);
    cg_at(c, body);
    cg_enter(c);
    cg_store_int(c, cg_var_address(c, v), v->type, i);
    open_loop(c, next, end);
    cg_stmts(c, &s->loop.body);
    c->f->nloops--;
    cg_leave(c);
    cg_jump(c, next);
    cg_at(c, next);
    LLVMValueRef old = LLVMBuildLoad2(c->b, c->i64, cell, "");
    LLVMBuildStore(c->b, LLVMBuildAdd(c->b, old, cg_int(c, 1), ""), cell);
    cg_jump(c, test);
    cg_at(c, end);
}

static void range_loop(struct cg *c, const struct ast_stmt *s) {
    if (!feature_have(FEATURE_loop)) {
        plain_range(c, s);
        return;
    }
    struct sema_var *v = s->loop.var->var.var;
    LLVMValueRef from = cg_scalar(c, s->loop.from), to = cg_scalar(c, s->loop.to);
    // Not called for nothing: where the verifier knows that, it drops the body but not its address.
    LLVMBasicBlockRef some = cg_block(c, "for"), end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntSGT, to, from, ""), some, end);
    cg_at(c, some);
    cg_enter(c);
    LLVMValueRef count = LLVMBuildSub(c->b, to, from, "");
    LLVMValueRef context = context_struct(c, s);
    // The first value travels in the last word.
    uint64_t first_at = 8 * (s->loop.ncaptures + 2);
    LLVMBuildStore(c->b, from, cg_offset(c, context, first_at));
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    LLVMTypeRef params[] = {c->i64, c->ptr};
    struct cg_function *f = begin_callback(c, s, LLVMFunctionType(c->i64, params, 2, false), 1);
    LLVMValueRef first = LLVMBuildLoad2(c->b, c->i64, cg_offset(c, f->ctx_struct, first_at), "");
    LLVMValueRef i = LLVMBuildAdd(c->b, first, LLVMGetParam(f->fn, 0), "");
    cg_store_int(c, cg_var_address(c, v), v->type, i);
    LLVMValueRef fn = end_callback(c, s);
    cg_at(c, here);
    cg_place(c, s->span);
    LLVMValueRef args[] = {LLVMBuildTrunc(c->b, count, c->i32, ""), fn, context, cg_int(c, 0)};
    cg_helper(c, BPF_FUNC_loop, args, 4);
    if (may_return(&s->loop.body)) propagate_return(c, s, context);
    cg_stack_done(c, context, context_bytes(s));
    cg_leave(c);
    cg_jump(c, end);
    cg_at(c, end);
}

// In a callback: goes on to the next entry if this one is of the generation that is being read
// out. Gives the key without it.
static LLVMValueRef of_this_generation(struct cg *c, const struct sema_map *m, LLVMValueRef key) {
    LLVMValueRef old = LLVMBuildLoad2(c->b, c->i64, key, "");
    LLVMValueRef same = LLVMBuildICmp(c->b, LLVMIntEQ, old, cg_map_generation(c, m), "");
    LLVMBasicBlockRef skip = cg_block(c, "skip"), on = cg_block(c, "on");
    LLVMBuildCondBr(c->b, same, on, skip);
    cg_at(c, skip);
    LLVMBuildStore(c->b, cg_int(c, 0), c->f->result);
    cg_jump(c, c->f->leave);
    cg_at(c, on);
    return cg_offset(c, key, MF_GENERATION_BYTES);
}

// A copy of the entry's key, for the look-ups of its values on each CPU.
static LLVMValueRef own_key(struct cg *c, const struct sema_map *m, LLVMValueRef key) {
    uint32_t size = cg_map_key_type(c, m)->size;
    LLVMValueRef p = cg_slot(c, size, 8);
    cg_copy(c, p, key, size);
    return p;
}

static void called_while(struct cg *c, const struct ast_stmt *s) {
    cg_enter(c);
    LLVMValueRef context = context_struct(c, s);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    LLVMTypeRef params[] = {c->i64, c->ptr};
    begin_callback(c, s, LLVMFunctionType(c->i64, params, 2, false), 1);
    LLVMValueRef fn = end_callback(c, s);
    cg_at(c, here);
    cg_place(c, s->span);
    LLVMValueRef args[] = {LLVMConstInt(c->i32, CALLED_TURNS, false), fn, context, cg_int(c, 0)};
    LLVMValueRef turns = cg_helper(c, BPF_FUNC_loop, args, 4);
    if (may_return(&s->loop.body)) propagate_return(c, s, context);
    cg_stack_done(c, context, context_bytes(s));
    // The turn that finds the end counts as well.
    warn_ended(c, s, LLVMBuildICmp(c->b, LLVMIntEQ, turns, cg_int(c, CALLED_TURNS), ""),
               CALLED_TURNS);
    cg_leave(c);
}

static void map_loop(struct cg *c, const struct ast_stmt *s) {
    const struct sema_map *m = s->loop.map->map.map;
    struct sema_var *kv = s->loop.var->var.var;
    LLVMValueRef context = context_struct(c, s);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    LLVMTypeRef params[] = {c->ptr, c->ptr, c->ptr, c->ptr};
    struct cg_function *f = begin_callback(c, s, LLVMFunctionType(c->i64, params, 4, false), 3);
    LLVMValueRef pair = cg_var_address(c, kv);
    const struct type_field *key = &kv->type->fields[0], *value = &kv->type->fields[1];
    LLVMValueRef k = LLVMGetParam(f->fn, 1), v = LLVMGetParam(f->fn, 2), whole = k;
    if (m->has_generations) k = of_this_generation(c, m, k);
    cg_zero(c, pair, kv->type->size);
    cg_copy(c, cg_offset(c, pair, key->offset), k, key->type->size);
    if (type_is_aggregate(m->value)) {
        LLVMValueRef own =
            m->has_generations ? own_key(c, m, whole) : cg_offset(c, pair, key->offset);
        LLVMValueRef sum = cg_read_aggregate(c, m, own);
        cg_store_int(c, cg_offset(c, pair, value->offset), value->type, sum);
    } else {
        cg_copy(c, cg_offset(c, pair, value->offset), v, value->type->size);
    }
    LLVMValueRef fn = end_callback(c, s);
    cg_at(c, here);
    cg_place(c, s->span);
    LLVMValueRef args[] = {c->maps[m->index], fn, context, cg_int(c, 0)};
    cg_helper(c, BPF_FUNC_for_each_map_elem, args, 4);
    if (may_return(&s->loop.body)) propagate_return(c, s, context);
    cg_stack_done(c, context, context_bytes(s));
}

void cg_loop(struct cg *c, const struct ast_stmt *s) {
    switch (s->kind) {
    case AST_WHILE:
        (s->loop.is_open && feature_have(FEATURE_loop) ? called_while : while_loop)(c, s);
        break;
    case AST_UNROLL: unroll(c, s); break;
    case AST_FOR_RANGE: range_loop(c, s); break;
    case AST_FOR_MAP: map_loop(c, s); break;
    default: break;
    }
}
