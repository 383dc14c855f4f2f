// SPDX-License-Identifier: Apache-2.0
// Types of everything, to a fixed point over the whole script, then one last round that reports
// what is wrong and inserts conversions. Statements are here; expressions in the other infer_*.c.
#include <linux/bpf.h>

#include "probes/feature.h"
#include "sema/sema_internal.h"

enum { MAX_ROUNDS = 64, MAX_STATEMENTS = 32768 };

// ---- what variables and maps hold ----

void infer_grow(struct infer *in, const struct type **have, const struct type *type) {
    if (*have == type || (*have && type_identical(*have, type))) return;
    *have = type;
    in->changed = true;
}

// The type that holds what was stored so far and a value of `type`; NULL when there is none.
static const struct type *grown(struct infer *in, const struct type *have,
                                const struct type *type) {
    type = type_stored(in->t, type);
    if (have->kind == TYPE_NONE) return type;
    // 0 stands for no pointer yet.
    if (have->is_literal && type->kind == TYPE_POINTER) return type;
    if (type->is_literal && have->kind == TYPE_POINTER) return have;
    const struct type *both = type_unify(in->t, have, type);
    // A pointer to a variable follows it while that one grows.
    bool follows = have->kind == TYPE_POINTER && type->kind == TYPE_POINTER && !in->final &&
                   type_is_integer(have->target) && type_is_integer(type->target);
    return both || !follows ? both : type;
}

void infer_assign_var(struct infer *in, struct sema_var *v, struct ast_expr **value,
                      struct span span) {
    const struct type *type = (*value)->type;
    if (!is_known(type) || v->type->kind == TYPE_ERROR) return;
    if (type->kind == TYPE_VOID || type->kind == TYPE_HIST || type->kind == TYPE_LHIST) {
        if (in->final) diag(in->u->diags, (*value)->span, no_value, type_name(in->t, type));
        return;
    }
    if (v->declared) {
        if (in->final && !type_assignable(v->declared, type)) {
            diag(in->u->diags, span, variable_type, v->name, type_name(in->t, type),
                 type_name(in->t, v->declared));
            diag_note(in->u->diags, v->span, "declared here");
        } else if (in->final && (*value)->kind == AST_INT && v->declared->kind == TYPE_INT &&
                   !literal_fits(*value, v->declared)) {
            diag(in->u->diags, (*value)->span, literal_range, type_name(in->t, v->declared));
        }
        infer_store(in, value, v->declared);
        return;
    }
    const struct type *next = grown(in, v->type, type);
    if (!next) {
        if (in->final) {
            diag(in->u->diags, span, variable_type, v->name, type_name(in->t, type),
                 type_name(in->t, v->type));
            diag_note(in->u->diags, v->span, "first assigned here");
        }
        return;
    }
    infer_grow(in, &v->type, next);
    infer_store(in, value, v->type);
}

void infer_map_key(struct infer *in, struct sema_map *m, struct ast_expr **key) {
    const struct type *type = (*key)->type;
    if (!is_known(type)) return;
    if (sema_map_kind(m)->bpf_type == BPF_MAP_TYPE_LPM_TRIE) {
        infer_trie_key(in, m, key);
        return;
    }
    if (type->kind == TYPE_VOID || type_is_aggregate(type)) {
        if (in->final) diag(in->u->diags, (*key)->span, map_key_kind, type_name(in->t, type));
        return;
    }
    const struct type *have = m->key ? m->key : none_type(in);
    const struct type *next = grown(in, have, type);
    if (!next) {
        if (in->final) {
            diag(in->u->diags, (*key)->span, map_key_type, m->name, type_name(in->t, type),
                 type_name(in->t, m->key));
            diag_note(in->u->diags, m->key_span, "the key's type comes from here");
        }
        return;
    }
    if (!m->key) m->key_span = (*key)->span;
    infer_grow(in, &m->key, next);
    infer_store(in, key, m->key);
}

void infer_assign_map(struct infer *in, struct sema_map *m, struct ast_expr **value,
                      struct span span) {
    const struct type *type = (*value)->type;
    if (type->kind == TYPE_NONE) m->is_copied = true;
    if (!is_known(type)) return;
    if (type->kind == TYPE_VOID) {
        if (in->final) diag(in->u->diags, (*value)->span, no_value, "void");
        return;
    }
    const struct type *next = grown(in, m->value, type);
    if (next && m->value->kind != TYPE_NONE &&
        type_is_aggregate(next) != type_is_aggregate(m->value))
        next = NULL;
    if (!next) {
        if (in->final) {
            if (type_is_aggregate(type) && type->kind == m->value->kind)
                diag(in->u->diags, span, hist_differs, m->name, type_name(in->t, m->value));
            else
                diag(in->u->diags, span, map_value_type, m->name, type_name(in->t, type),
                     type_name(in->t, m->value));
            diag_note(in->u->diags, m->value_span, "the value's type comes from here");
        }
        return;
    }
    if (m->value->kind == TYPE_NONE) m->value_span = span;
    infer_grow(in, &m->value, next);
    if (!type_is_aggregate(m->value)) infer_store(in, value, m->value);
}

// ---- statements ----

static const struct sema_map *target_map(const struct ast_expr *e) {
    if (e->kind == AST_MAP) return e->map.map;
    return e->kind == AST_INDEX && e->index.base->kind == AST_MAP ? e->index.base->map.map : NULL;
}

static bool is_map_value_call(const struct ast_expr *e) {
    return e->kind == AST_CALL && e->call.function >= 0 &&
           (function_rows[e->call.function].where & FN_MAP_VALUE);
}

// x op= y counts in 64 bits, as x = x op y does, unless the type of x is written.
static const struct type *grow_compound(struct infer *in, struct ast_stmt *s, struct sema_map *m,
                                        const struct type *left, const struct type *right) {
    struct ast_expr *target = s->assign.target;
    struct sema_var *v = target->kind == AST_VAR ? target->var.var : NULL;
    const struct type **have = m ? &m->value : v && !v->declared ? &v->type : NULL;
    bool is_int = left->kind == TYPE_INT || (m && left->kind == TYPE_NONE);
    if (!have || !is_int || !type_is_integer(right) || type_is_aggregate(*have)) return left;
    if (m && (*have)->kind == TYPE_NONE) m->value_span = s->span;
    bool literal = (left->is_literal || left->kind == TYPE_NONE) && right->is_literal;
    bool is_signed = s->assign.op == AST_SUB || left->is_signed || right->is_signed;
    if (right->is_literal && left->kind == TYPE_INT) is_signed = left->is_signed;
    const struct type *work = literal && s->assign.op != AST_SUB
                                  ? types_int_literal(in->t, INT64_MAX)
                                  : types_int(in->t, 64, is_signed);
    infer_grow(in, have, type_unify(in->t, *have, work));
    return target->type = *have;
}

static void infer_compound(struct infer *in, struct ast_stmt *s) {
    struct ast_expr *target = s->assign.target;
    const struct type *left = infer_expr(in, &s->assign.target);
    const struct type *right = infer_expr(in, &s->assign.value);
    struct sema_map *m = (struct sema_map *)target_map(target);
    left = grow_compound(in, s, m, left, right);
    if (!is_known(left) || !is_known(right)) return;
    bool concat = s->assign.op == AST_ADD && left->kind == TYPE_STRING;
    bool pointer = left->kind == TYPE_POINTER && type_is_integer(right) &&
                   (s->assign.op == AST_ADD || s->assign.op == AST_SUB);
    if (m && type_is_aggregate(m->value)) {
        if (in->final) {
            diag(in->u->diags, s->span, map_aggregate_write, m->name, type_name(in->t, m->value));
            diag_note(in->u->diags, m->value_span, "the value's type comes from here");
        }
        return;
    }
    if (!concat && !pointer && !(type_is_integer(left) && type_is_integer(right))) {
        if (in->final)
            diag(in->u->diags, s->span, operands, type_name(in->t, left), type_name(in->t, right));
        return;
    }
    if (type_is_integer(left)) {
        int64_t v;
        if ((s->assign.op == AST_DIV || s->assign.op == AST_MOD) && in->final &&
            expr_int(s->assign.value, &v) && v == 0)
            diag(in->u->diags, s->assign.value->span, division_by_zero);
        infer_convert(in, &s->assign.value, left);
    }
}

// @ = { ...; avg($x) } is { ...; @ = avg($x) }.
static bool hoist_aggregation(struct infer *in, struct ast_stmt *s) {
    struct ast_expr *value = s->assign.value;
    if (value->kind != AST_BLOCK_EXPR || !value->block.value ||
        !is_map_value_call(value->block.value))
        return false;
    struct ast_stmt *assign = ast_stmt_new(in->u->arena, AST_ASSIGN, s->span);
    *assign = *s;
    assign->assign.value = value->block.value;
    struct ast_stmts body = value->block.stmts;
    VEC_PUSH(in->u->arena, &body, assign);
    s->kind = AST_BLOCK;
    s->block = body;
    infer_stmts(in, &s->block);
    return true;
}

static void infer_assign(struct infer *in, struct ast_stmt *s) {
    if (hoist_aggregation(in, s)) return;
    struct ast_expr *target = s->assign.target;
    struct sema_map *m = (struct sema_map *)target_map(target);
    if (s->assign.op >= 0) {
        infer_compound(in, s);
        return;
    }
    if (target->kind == AST_INDEX && m) {
        infer_entry(in, target);
    } else if (target->kind == AST_MAP && m) {
        if (!infer_map_allows(in, target, MAP_SCALAR)) return;
        if (m->key && in->final) {
            diag(in->u->diags, target->span, map_needs_key, m->name);
            diag_note(in->u->diags, m->key_span, "it has a key here");
        }
        infer_map_scalar(m, target);
    }
    in->stored = m ? s->assign.value : NULL;
    infer_expr(in, &s->assign.value);
    if (m && is_map_value_call(s->assign.value)) {
        infer_assign_map(in, m, &s->assign.value, s->span);
        target->type = m->value;
        return;
    }
    if (m) {
        infer_assign_map(in, m, &s->assign.value, s->span);
        target->type = m->value;
    } else if (target->kind == AST_VAR) {
        if (target->var.var->is_loop_kv && in->final)
            diag(in->u->diags, target->span, loop_variable_write, target->var.name);
        infer_assign_var(in, target->var.var, &s->assign.value, s->span);
        target->type = target->var.var->type;
    } else if (in->final) {
        diag(in->u->diags, target->span, assign_target);
    }
}

static void infer_let(struct infer *in, struct ast_stmt *s) {
    struct sema_var *v = s->let.var->var.var;
    if (s->let.type && !v->declared) {
        const struct type *type = infer_written_type(in, s->let.type);
        if (is_known(type)) {
            v->declared = v->type = type;
            in->changed = true;
        }
    }
    if (s->let.value) {
        infer_expr(in, &s->let.value);
        infer_assign_var(in, v, &s->let.value, s->span);
    }
    s->let.var->type = v->type;
}

static void infer_cond(struct infer *in, struct ast_expr **cond) {
    const struct type *type = infer_expr(in, cond);
    if (!is_known(type) || !in->final) return;
    bool ok = type_is_scalar(type) || type->kind == TYPE_STRING || type->kind == TYPE_KSYM;
    if (!ok) diag(in->u->diags, (*cond)->span, condition_type, type_name(in->t, type));
}

static void infer_if(struct infer *in, struct ast_stmt *s) {
    if (!s->cond.is_comptime) {
        infer_cond(in, &s->cond.cond);
        const struct ast_expr *known = s->cond.cond;
        bool yes = known->kind == AST_BOOL && known->boolean;
        bool no = known->kind == AST_BOOL && !known->boolean;
        in->never += no;
        infer_stmts(in, &s->cond.then);
        in->never += yes - no;
        infer_stmts(in, &s->cond.otherwise);
        in->never -= yes;
        return;
    }
    int64_t value;
    infer_expr(in, &s->cond.cond);
    if (!expr_int(s->cond.cond, &value)) {
        if (in->final) diag(in->u->diags, s->cond.cond->span, comptime);
        return;
    }
    struct ast_stmts taken = value ? s->cond.then : s->cond.otherwise;
    s->kind = AST_BLOCK;
    s->block = taken;
    infer_stmts(in, &s->block);
    in->changed = true;
}

static void infer_for_map(struct infer *in, struct ast_stmt *s) {
    struct sema_var *v = s->loop.var->var.var;
    if (s->loop.map->kind != AST_MAP) {
        if (in->final) diag(in->u->diags, s->loop.map->span, loop_over);
        return;
    }
    if (!infer_map_allows(in, s->loop.map, MAP_EACH)) return;
    struct sema_map *m = s->loop.map->map.map;
    m->is_iterated = true;
    if (in->final && !feature_have(FEATURE_map_for_each))
        diag(in->u->diags, s->span, kernel_too_old, "a loop over a map",
             feature_rows[FEATURE_map_for_each].since);
    s->loop.map->type = m->value;
    if (in->final && (m->is_scalar || !m->key)) {
        if (m->is_scalar)
            diag(in->u->diags, s->loop.map->span, loop_scalar, m->name);
        else
            diag(in->u->diags, s->loop.map->span, map_undefined, m->name);
        return;
    }
    if (!m->key || m->value->kind == TYPE_NONE) return;
    const struct type *value = m->value;
    if (type_is_aggregate(value)) {
        if (value->kind >= TYPE_STATS) {
            if (in->final)
                diag(in->u->diags, s->loop.map->span, loop_aggregate, m->name,
                     type_name(in->t, value));
            return;
        }
        value = types_int(in->t, 64, value->kind == TYPE_COUNT || value->is_signed);
    }
    const struct type *pair[] = {m->key, value};
    const struct type *kv = types_tuple(in->t, pair, NULL, 2);
    infer_grow(in, &v->type, kv);
    s->loop.var->type = v->type;
}

static void infer_loop(struct infer *in, struct ast_stmt *s) {
    if (s->kind == AST_FOR_MAP) infer_for_map(in, s);
    if (s->kind == AST_FOR_RANGE) {
        const struct type *from = infer_expr(in, &s->loop.from);
        const struct type *to = infer_expr(in, &s->loop.to);
        struct sema_var *v = s->loop.var->var.var;
        const struct type *i64 = types_int(in->t, 64, true);
        if (in->final &&
            ((is_known(from) && !type_is_integer(from)) || (is_known(to) && !type_is_integer(to))))
            diag(in->u->diags, s->loop.from->span, range_type);
        infer_convert(in, &s->loop.from, i64);
        infer_convert(in, &s->loop.to, i64);
        if (v->type != i64) {
            v->type = v->declared = i64;
            in->changed = true;
        }
        s->loop.var->type = v->type;
    }
    if (s->kind == AST_WHILE) {
        infer_cond(in, &s->loop.cond);
        if (in->final) {
            diag(in->u->diags, s->span, while_deprecated);
            diag_hint(in->u->diags,
                      "For loops support ranges (e.g. `for ($x : $start..$end) { ... }`), and can "
                      "be used in place of while. These are more easily proven to be bounded by "
                      "the verifier.");
        }
    }
    if (s->kind == AST_UNROLL) {
        int64_t n = 0;
        infer_expr(in, &s->loop.cond);
        bool known = expr_int(s->loop.cond, &n);
        if (in->final && !known)
            diag(in->u->diags, s->loop.cond->span, unroll_count);
        else if (in->final && n > 100)
            diag(in->u->diags, s->loop.cond->span, unroll_most);
        else if (in->final && n < 1)
            diag(in->u->diags, s->loop.cond->span, unroll_least);
    }
    size_t copies = in->copies;
    int64_t times;
    if (s->kind == AST_UNROLL && expr_int(s->loop.cond, &times) && times > 0 &&
        in->copies <= MAX_STATEMENTS)
        in->copies *= (size_t)times;
    in->loops += s->kind != AST_UNROLL;
    infer_stmts(in, &s->loop.body);
    in->loops -= s->kind != AST_UNROLL;
    in->copies = copies;
}

static void infer_return(struct infer *in, struct ast_stmt *s) {
    if (s->expr) infer_expr(in, &s->expr);
    if (in->fn) {
        const struct type *ret = in->fn->ret;
        if (in->final && s->expr && ret && !type_assignable(ret, s->expr->type))
            diag(in->u->diags, s->expr->span, return_type, type_name(in->t, s->expr->type),
                 type_name(in->t, ret));
        if (s->expr && ret) infer_convert(in, &s->expr, ret);
        return;
    }
    if (s->expr && in->final && is_known(s->expr->type) && !type_is_integer(s->expr->type))
        diag(in->u->diags, s->expr->span, return_type, type_name(in->t, s->expr->type), "int64");
}

// Calls whose value tells how what they do went.
static bool has_effect(const struct ast_expr *e) {
    switch ((enum builtin_function)e->call.function) {
    case FN_delete:
    case FN_find:
    case FN_pop:
    case FN_skboutput:
    case FN_write_user: return true;
    default: return function_rows[e->call.function].where & FN_MAP_VALUE;
    }
}

// An expression that does nothing but give a value.
static bool is_pure(const struct ast_expr *e) {
    switch (e->kind) {
    case AST_UNARY: return e->unary.op < AST_PRE_INC;
    case AST_CALL: return e->type->kind != TYPE_VOID && !e->call.fn && !has_effect(e);
    case AST_TERNARY: return is_pure(e->ternary.then) && is_pure(e->ternary.otherwise);
    case AST_BLOCK_EXPR:
    case AST_CONVERT: return false;
    default: return true;
    }
}

static void infer_expr_stmt(struct infer *in, struct ast_stmt *s) {
    infer_expr(in, &s->expr);
    if (in->final && is_known(s->expr->type) && is_pure(s->expr))
        diag(in->u->diags, s->expr->span, value_discarded);
}

static void infer_stmt(struct infer *in, struct ast_stmt *s) {
    switch (s->kind) {
    case AST_EXPR_STMT: infer_expr_stmt(in, s); break;
    case AST_ASSIGN: infer_assign(in, s); break;
    case AST_LET: infer_let(in, s); break;
    case AST_IF: infer_if(in, s); break;
    case AST_WHILE:
    case AST_UNROLL:
    case AST_FOR_RANGE:
    case AST_FOR_MAP: infer_loop(in, s); break;
    case AST_BREAK:
    case AST_CONTINUE:
        if (!in->loops && in->final)
            diag(in->u->diags, s->span, outside_loop, s->kind == AST_BREAK ? "break" : "continue");
        break;
    case AST_RETURN: infer_return(in, s); break;
    case AST_BLOCK: infer_stmts(in, &s->block); break;
    case AST_ERROR_STMT: break;
    }
}

static bool ends_here(const struct ast_stmt *s) {
    if (s->kind == AST_BREAK || s->kind == AST_CONTINUE || s->kind == AST_RETURN) return true;
    return s->kind == AST_EXPR_STMT && s->expr->kind == AST_CALL && !s->expr->call.fn &&
           s->expr->call.function == FN_exit;
}

// The kernel verifies at most a million instructions; long before, compiling takes minutes.
static void measure(struct infer *in, struct span at) {
    bool fitted = in->size <= MAX_STATEMENTS;
    in->size += in->copies;
    if (fitted && in->size > MAX_STATEMENTS) {
        diag(in->u->diags, at, too_large, (unsigned)MAX_STATEMENTS);
        diag_hint(in->u->diags, "`for ($i : 0..N)` runs a body many times but holds it once");
    }
}

void infer_stmts(struct infer *in, struct ast_stmts *s) {
    for (size_t i = 0; i < s->len; i++) {
        if (in->final) measure(in, s->data[i]->span);
        if (in->final && i && ends_here(s->data[i - 1]))
            diag(in->u->diags, s->data[i]->span, unreachable);
        infer_stmt(in, s->data[i]);
    }
}

// ---- the pass ----

static void infer_fn(struct infer *in, struct sema_fn *fn) {
    if (fn->external) return;
    in->fn = fn;
    in->program = NULL;
    in->size = 0;
    for (size_t i = 0; i < fn->params.len; i++) {
        struct sema_var *v = fn->params.data[i];
        if (!v->declared)
            v->declared = v->type = infer_written_type(in, fn->decl->params.data[i].type);
    }
    if (!fn->ret)
        fn->ret =
            fn->decl->ret ? infer_written_type(in, fn->decl->ret) : types_basic(in->t, TYPE_VOID);
    if (in->final && fn->decl->ret && is_known(fn->ret) && fn->ret->kind != TYPE_VOID &&
        !type_is_scalar(fn->ret))
        diag(in->u->diags, fn->decl->ret->span, fn_result, type_name(in->t, fn->ret));
    infer_stmts(in, &fn->body);
    in->fn = NULL;
}

static void round_of(struct infer *in) {
    struct unit *u = in->u;
    in->changed = false;
    for (size_t i = 0; i < u->fns.len; i++) infer_fn(in, u->fns.data[i]);
    for (size_t i = 0; i < u->programs.len; i++) {
        in->program = u->programs.data[i];
        in->size = 0;
        if (in->program->predicate) infer_cond(in, &in->program->predicate);
        infer_stmts(in, &in->program->body);
    }
}

static void until_settled(struct infer *in) {
    unsigned rounds = 0;
    do {
        round_of(in);
    } while (in->changed && ++rounds < MAX_ROUNDS);
}

void sema_infer(struct unit *u) {
    struct infer in = {.u = u, .t = u->types, .copies = 1};
    until_settled(&in);
    if (infer_copied_maps(&in)) until_settled(&in);
    if (infer_widen_pins(&in)) until_settled(&in);
    in.settled = true;
    until_settled(&in);
    in.final = true;
    round_of(&in);
}
