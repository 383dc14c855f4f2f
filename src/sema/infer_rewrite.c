// SPDX-License-Identifier: Apache-2.0
// Calls that become other nodes: assert(), container_of(), is_err(), the questions about types.
#include "sema/sema_internal.h"

#define ARG(e, i) ((e)->call.args.data[i])

static const struct type *to_bool(struct infer *in, struct ast_expr **pe, bool value) {
    (*pe)->kind = AST_BOOL;
    (*pe)->boolean = value;
    return infer_expr(in, pe);
}

// What has been checked leaves nothing to do.
static const struct type *to_nothing(struct infer *in, struct ast_expr **pe) {
    *pe = ast_expr_new(in->u->arena, AST_BLOCK_EXPR, (*pe)->span);
    return infer_expr(in, pe);
}

static struct ast_expr *node_int(struct infer *in, struct span span, int64_t value) {
    struct ast_expr *e = ast_expr_new(in->u->arena, AST_INT, span);
    e->integer.value = (uint64_t)value;
    e->integer.is_negative = value < 0;
    return e;
}

// assert(c, text): if (!c) { errorf(text); exit(1); }
static const struct type *rewrite_assert(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    struct arena *a = in->u->arena;
    struct ast_expr *report = ast_expr_new(a, AST_CALL, e->span);
    struct ast_expr *leave = ast_expr_new(a, AST_CALL, e->span);
    struct ast_expr *format = ast_expr_new(a, AST_STRING, e->span);
    format->string.data = "assert failed: %s";
    format->string.len = strlen(format->string.data);
    report->call.name = "errorf";
    report->call.function = FN_errorf;
    VEC_PUSH(a, &report->call.args, format);
    VEC_PUSH(a, &report->call.args, ARG(e, 1));
    leave->call.name = "exit";
    leave->call.function = FN_exit;
    VEC_PUSH(a, &leave->call.args, node_int(in, e->span, 1));
    struct ast_expr *negated = ast_expr_new(a, AST_UNARY, e->span);
    negated->unary.op = AST_NOT;
    negated->unary.operand = ARG(e, 0);
    struct ast_stmt *s = ast_stmt_new(a, AST_IF, e->span);
    struct ast_stmt *first = ast_stmt_new(a, AST_EXPR_STMT, e->span);
    struct ast_stmt *second = ast_stmt_new(a, AST_EXPR_STMT, e->span);
    first->expr = report;
    second->expr = leave;
    s->cond.cond = negated;
    VEC_PUSH(a, &s->cond.then, first);
    VEC_PUSH(a, &s->cond.then, second);
    struct ast_expr *block = ast_expr_new(a, AST_BLOCK_EXPR, e->span);
    VEC_PUSH(a, &block->block.stmts, s);
    *pe = block;
    return infer_expr(in, pe);
}

static const struct type *rewrite_container(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    const struct type *from = infer_expr(in, &ARG(e, 0));
    if (!is_known(from)) return from;
    struct ast_expr *of = ARG(e, 1), *member = ARG(e, 2);
    struct type_field f;
    const struct type *type = of->kind == AST_TYPE_ARG ? infer_written_type(in, of->size.of) : NULL;
    if (!type || type->kind != TYPE_STRUCT || member->kind != AST_IDENT ||
        from->kind != TYPE_POINTER) {
        if (in->final) diag(in->u->diags, e->span, container_form);
        return error_type(in);
    }
    if (!types_find_field(in->t, type, member->ident.name, &f)) {
        if (in->final)
            diag(in->u->diags, member->span, field_unknown, type_name(in->t, type),
                 member->ident.name);
        return error_type(in);
    }
    struct arena *a = in->u->arena;
    const struct type *u64 = types_int(in->t, 64, false);
    struct ast_expr *number = ast_expr_new(a, AST_CONVERT, e->span);
    number->cast.operand = ARG(e, 0);
    number->type = u64;
    struct ast_expr *minus = ast_expr_new(a, AST_BINARY, e->span);
    minus->binary.op = AST_SUB;
    minus->binary.left = number;
    minus->binary.right = node_int(in, e->span, f.offset);
    minus->binary.op_span = e->span;
    infer_expr(in, &minus);
    struct ast_expr *pointer = ast_expr_new(a, AST_CONVERT, e->span);
    pointer->cast.operand = minus;
    pointer->type = types_pointer(in->t, types_complete(in->t, type), from->space);
    *pe = pointer;
    return pointer->type;
}

static const struct type *rewrite_is_err(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    const struct type *type = infer_expr(in, &ARG(e, 0));
    if (!is_known(type)) return type;
    struct ast_expr *number = ast_expr_new(in->u->arena, AST_CONVERT, e->span);
    number->cast.operand = ARG(e, 0);
    number->type = types_int(in->t, 64, false);
    struct ast_expr *limit = node_int(in, e->span, -4095);
    limit->integer.is_negative = false;
    limit->integer.is_unsigned = true;
    e->kind = AST_BINARY;
    e->binary.op = AST_GE;
    e->binary.left = number;
    e->binary.right = limit;
    e->binary.op_span = e->span;
    return infer_expr(in, pe);
}

static const struct type *rewrite_concat(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe, *left = ARG(e, 0), *right = ARG(e, 1);
    e->kind = AST_BINARY;
    e->binary.op = AST_ADD;
    e->binary.left = left;
    e->binary.right = right;
    e->binary.op_span = e->span;
    return infer_expr(in, pe);
}

static const struct type *refuse(struct infer *in, const struct ast_expr *e) {
    if (!in->final) return error_type(in);
    const char *name = function_rows[e->call.function].name;
    diag(in->u->diags, e->span, not_supported, arena_printf(in->u->arena, "%s()", name));
    if (e->call.function == FN_dw_ustack)
        diag_hint(in->u->diags, "ustack() follows frame pointers: it needs programs that were "
                                "built with -fno-omit-frame-pointer");
    return error_type(in);
}

const struct type *infer_rewritten(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    struct ast_expr *a = e->call.args.len ? ARG(e, 0) : NULL;
    int fn = e->call.function;
    if (function_rows[fn].where & FN_UNBUILT) return refuse(in, e);
    if (fn == FN_assert) return rewrite_assert(in, pe);
    if (fn == FN_container_of) return rewrite_container(in, pe);
    if (fn == FN_is_err) return rewrite_is_err(in, pe);
    if (fn == FN_str_concat) return rewrite_concat(in, pe);
    if (fn == FN_kfunc_exist)
        return to_bool(in, pe, types_find_func(in->t, NULL, a->string.data) != NULL);
    if (fn == FN_kfunc_allowed) return to_bool(in, pe, false); // nothing calls kfuncs
    if (fn == FN_default_str_length) {
        *pe = node_int(in, e->span, (int64_t)config_uint(&in->u->config, CONFIG_max_strlen));
        return infer_expr(in, pe);
    }
    if (fn == FN_is_literal) return to_bool(in, pe, expr_is_literal(a));
    const struct type *type = fn == FN_fail ? NULL : infer_expr(in, &ARG(e, 0));
    if (fn == FN_fail) {
        if (in->final) diag(in->u->diags, e->span, fail, a->string.data);
        return types_basic(in->t, TYPE_VOID);
    }
    if (!is_known(type)) return type;
    switch (fn) {
    case FN_is_ptr: return to_bool(in, pe, type->kind == TYPE_POINTER);
    case FN_is_str: return to_bool(in, pe, type_is_text(type));
    case FN_assert_str:
        if (in->final && !type_is_text(type))
            diag(in->u->diags, a->span, argument_kind, "assert_str", "a string",
                 type_name(in->t, type));
        return in->final ? to_nothing(in, pe) : types_basic(in->t, TYPE_VOID);
    case FN_strcap:
        *pe = node_int(in, e->span, type->kind == TYPE_ARRAY ? type->count : type->size);
        return infer_expr(in, pe);
    case FN_is_array: return to_bool(in, pe, type->kind == TYPE_ARRAY);
    case FN_is_integer: return to_bool(in, pe, type->kind == TYPE_INT);
    case FN_is_unsigned_integer: return to_bool(in, pe, type->kind == TYPE_INT && !type->is_signed);
    case FN_static_assert: {
        int64_t value;
        if (!expr_int(ARG(e, 0), &value)) {
            if (in->final) diag(in->u->diags, e->span, comptime);
        } else if (!value && in->final) {
            diag(in->u->diags, e->span, fail,
                 e->call.args.len > 1 && ARG(e, 1)->kind == AST_STRING ? ARG(e, 1)->string.data
                                                                       : "static_assert");
        }
        return in->final ? to_nothing(in, pe) : types_basic(in->t, TYPE_VOID);
    }
    default: return error_type(in);
    }
}
