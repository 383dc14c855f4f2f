// SPDX-License-Identifier: Apache-2.0
// Long straight-line bodies are split into subprograms: a jump reaches 32767 instructions, and
// compile time would grow faster than the script. Only statements that use no variable and leave
// nothing behind but maps and events can move.
#include "codegen/cg.h"

enum { LONG_BODY = 300, PART = 100 };

struct probe_result {
    bool stays;
};

static void look(void *ctx, struct ast_expr **pe) {
    struct probe_result *r = ctx;
    const struct ast_expr *e = *pe;
    if (e->kind == AST_VAR || e->kind == AST_BLOCK_EXPR) r->stays = true;
    if (e->kind == AST_CALL && !e->call.fn && e->call.function == FN_exit) r->stays = true;
}

static bool can_move(const struct ast_stmt *s) {
    if (s->kind != AST_ASSIGN && s->kind != AST_EXPR_STMT) return false;
    struct probe_result r = {0};
    struct ast_visitor v = {.ctx = &r, .expr = look};
    struct ast_stmt *one = (struct ast_stmt *)s;
    struct ast_stmts list = {.data = &one, .len = 1, .cap = 1};
    ast_visit_stmts(&v, &list);
    return !r.stays;
}

static void call_part(struct cg *c, const struct ast_stmts *part) {
    char name[32];
    struct span span = part->data[0]->span;
    unsigned line = 1, column;
    if (span.src == c->u->source) source_position(span.src, span.begin, &line, &column);
    snprintf(name, sizeof(name), "gaff_part_%u", c->serial++);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    LLVMTypeRef type = LLVMFunctionType(c->i64, &c->ptr, 1, false);
    LLVMValueRef ctx = c->f->ctx;
    uint32_t scratch = c->scratch_used;
    struct cg_function *f = cg_begin_function(c, name, NULL, type, 128, line);
    f->ctx = LLVMGetParam(f->fn, 0);
    LLVMValueRef fn = f->fn;
    cg_stmts(c, part);
    cg_end_function(c, cg_int(c, 0));
    c->scratch_used = scratch; // nothing of the part lives on
    cg_at(c, here);
    cg_place(c, span);
    LLVMBuildCall2(c->b, type, fn, &ctx, 1, "");
}

bool cg_split(struct cg *c, const struct ast_stmts *s) {
    if (s->len < LONG_BODY || !c->f->ctx || c->f->nloops) return false;
    for (size_t i = 0; i < s->len;) {
        size_t n = 0;
        while (i + n < s->len && n < PART && can_move(s->data[i + n])) n++;
        struct ast_stmts part = {.data = s->data + i, .len = n ? n : 1, .cap = n ? n : 1};
        if (n > 8)
            call_part(c, &part);
        else
            cg_stmts(c, &part);
        i += part.len;
    }
    return true;
}
