// SPDX-License-Identifier: Apache-2.0
// Statements.
#include "codegen/cg.h"

LLVMValueRef cg_var_address(struct cg *c, struct sema_var *v) {
    struct cg_home *home = v->cg;
    if (home && home->function == c->f) return cg_home_address(c, home);
    if (c->f->ctx_struct)
        for (size_t i = 0; i < c->f->ncaptures; i++) {
            if (c->f->captures[i] != v) continue;
            return LLVMBuildLoad2(c->b, c->ptr, cg_offset(c, c->f->ctx_struct, 8 * (i + 1)), "");
        }
    home = ARENA_NEW(c->arena, struct cg_home);
    // Each new value on the stack would be another state of the loop to verify.
    enum cg_where where = v->is_loop_bound     ? CG_ON_STACK
                          : v->is_loop_changed ? CG_IN_SCRATCH
                                               : CG_ANYWHERE;
    *home = cg_home_new(c, v->type->size ? v->type->size : 8, 8, where);
    v->cg = home;
    if (home->stack) { // LLVM would copy what a loop's first round has not written yet
        LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
        cg_at(c, c->f->entry);
        cg_zero(c, home->stack, (v->type->size + 7) & ~7u);
        cg_at(c, here);
    }
    return cg_home_address(c, home);
}

static void assign_var(struct cg *c, const struct ast_stmt *s) {
    struct sema_var *v = s->assign.target->var.var;
    if (s->assign.op < 0) {
        if (type_is_scalar(v->type)) {
            LLVMValueRef value = cg_scalar(c, s->assign.value);
            cg_store_int(c, cg_var_address(c, v), v->type, value);
            return;
        }
        // The value may be read from the variable itself: complete it before it is overwritten.
        struct cg_value value = cg_expr(c, s->assign.value);
        cg_store(c, cg_var_address(c, v), v->type, value);
        return;
    }
    LLVMValueRef p = cg_var_address(c, v);
    LLVMValueRef by = cg_scalar(c, s->assign.value);
    LLVMValueRef old = cg_load_int(c, p, v->type);
    cg_store_int(c, p, v->type, cg_arithmetic(c, (enum ast_binary)s->assign.op, old, by, v->type));
}

static bool is_aggregation(const struct ast_expr *e) {
    return e->kind == AST_CALL && !e->call.fn &&
           (function_rows[e->call.function].where & FN_MAP_VALUE);
}

static void assign_map(struct cg *c, const struct ast_stmt *s, const struct sema_map *m,
                       const struct ast_expr *key) {
    LLVMValueRef k = m->key ? cg_map_key(c, m, key) : NULL;
    if (is_aggregation(s->assign.value)) {
        cg_map_aggregate(c, m, k, s->assign.value);
        return;
    }
    if (s->assign.op < 0) {
        cg_map_write(c, m, k, s->assign.value);
        return;
    }
    LLVMValueRef by = cg_scalar(c, s->assign.value);
    LLVMValueRef cell = cg_map_entry(c, m, k);
    LLVMBasicBlockRef have = cg_block(c, "have"), end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), end, have);
    cg_at(c, have);
    if (m->value->kind == TYPE_POINTER)
        by = LLVMBuildMul(c->b, by, cg_int(c, m->value->target->size ? m->value->target->size : 1),
                          "");
    cg_map_mark_set(c, m, cell);
    bool atomic = (s->assign.op == AST_ADD || s->assign.op == AST_SUB) && m->value->size == 8;
    if (atomic) {
        if (s->assign.op == AST_SUB) by = LLVMBuildNeg(c->b, by, "");
        cg_atomic_add(c, cell, by);
    } else {
        LLVMValueRef old = cg_load_int(c, cell, m->value);
        cg_store_int(c, cell, m->value,
                     cg_arithmetic(c, (enum ast_binary)s->assign.op, old, by, m->value));
    }
    cg_jump(c, end);
    cg_at(c, end);
}

// $s += "x" and @s += "x"
static bool assign_text(struct cg *c, const struct ast_stmt *s) {
    const struct ast_expr *t = s->assign.target;
    if (s->assign.op != AST_ADD || t->type->kind != TYPE_STRING) return false;
    struct ast_expr sum = {.kind = AST_BINARY, .span = s->span, .type = t->type};
    sum.binary.op = AST_ADD;
    sum.binary.left = s->assign.target;
    sum.binary.right = s->assign.value;
    struct ast_stmt plain = *s;
    plain.assign.op = -1;
    plain.assign.value = &sum;
    const struct ast_expr *key, *map = cg_map_of(t, &key);
    if (map)
        assign_map(c, &plain, map->map.map, key);
    else
        assign_var(c, &plain);
    return true;
}

static void assign(struct cg *c, const struct ast_stmt *s) {
    const struct ast_expr *key, *map = cg_map_of(s->assign.target, &key);
    if (assign_text(c, s)) return;
    if (map)
        assign_map(c, s, map->map.map, key);
    else if (s->assign.target->kind == AST_VAR)
        assign_var(c, s);
    else
        cg_bug(c, s->assign.target, "assignment to what is neither variable nor map");
}

static void let(struct cg *c, const struct ast_stmt *s) {
    struct sema_var *v = s->let.var->var.var;
    if (v->type->kind == TYPE_NONE || v->type->kind == TYPE_ERROR) return; // never used
    if (s->let.value) {
        struct ast_stmt plain = {.kind = AST_ASSIGN, .span = s->span};
        plain.assign.target = s->let.var;
        plain.assign.op = -1;
        plain.assign.value = s->let.value;
        assign_var(c, &plain);
        return;
    }
    LLVMValueRef p = cg_var_address(c, v);
    cg_zero(c, p, v->type->size ? v->type->size : 8);
}

static void conditional(struct cg *c, const struct ast_stmt *s) {
    bool other = s->cond.otherwise.len != 0;
    LLVMBasicBlockRef yes = cg_block(c, "then"), end = cg_block(c, "end");
    LLVMBasicBlockRef no = other ? cg_block(c, "else") : end;
    LLVMBuildCondBr(c->b, cg_truth(c, s->cond.cond), yes, no);
    cg_at(c, yes);
    cg_enter(c);
    cg_stmts(c, &s->cond.then);
    cg_leave(c);
    cg_jump(c, end);
    if (other) {
        cg_at(c, no);
        cg_enter(c);
        cg_stmts(c, &s->cond.otherwise);
        cg_leave(c);
        cg_jump(c, end);
    }
    cg_at(c, end);
}

// Statements after a jump are dead; they get a block of their own, which LLVM drops.
static void after_jump(struct cg *c) { cg_at(c, cg_block(c, "dead")); }

static void jump_statement(struct cg *c, const struct ast_stmt *s) {
    struct cg_function *f = c->f;
    if (!f->nloops) return;
    const struct cg_loop *l = &f->loops[f->nloops - 1];
    cg_jump(c, s->kind == AST_BREAK ? l->done : l->next);
    after_jump(c);
}

void cg_return(struct cg *c, LLVMValueRef value) {
    if (c->f->broke) { // inside a callback: the loop ends, and then what is around it
        LLVMBuildStore(c->b, cg_int(c, 1), c->f->broke);
        LLVMBuildStore(c->b, value, cg_offset(c, c->f->ctx_struct, 8 * (c->f->ncaptures + 3)));
        LLVMBuildStore(c->b, cg_int(c, 1), c->f->result);
    } else {
        LLVMBuildStore(c->b, value, c->f->result);
    }
    cg_jump(c, c->f->leave);
}

static void return_statement(struct cg *c, const struct ast_stmt *s) {
    cg_return(c, s->expr ? cg_scalar(c, s->expr) : cg_int(c, 0));
    after_jump(c);
}

static void statement(struct cg *c, const struct ast_stmt *s) {
    cg_place(c, s->span);
    switch (s->kind) {
    case AST_EXPR_STMT: cg_expr(c, s->expr); break;
    case AST_ASSIGN: assign(c, s); break;
    case AST_LET: let(c, s); break;
    case AST_IF: conditional(c, s); break;
    case AST_WHILE:
    case AST_UNROLL:
    case AST_FOR_RANGE:
    case AST_FOR_MAP: cg_loop(c, s); break;
    case AST_BREAK:
    case AST_CONTINUE: jump_statement(c, s); break;
    case AST_RETURN: return_statement(c, s); break;
    case AST_BLOCK: cg_stmts(c, &s->block); break;
    case AST_ERROR_STMT: break;
    }
}

void cg_stmts(struct cg *c, const struct ast_stmts *s) {
    if (cg_split(c, s)) return;
    for (size_t i = 0; i < s->len; i++) statement(c, s->data[i]);
}
