// SPDX-License-Identifier: Apache-2.0
// What each name means: variables by block scope, maps over the whole script; the others are in
// idents.c. Runs once for each program, before any typing.
#include "base/suggest.h"
#include "probes/feature.h"
#include "sema/sema_internal.h"

struct scope {
    struct scope *outer;
    struct sema_vars vars;
    unsigned loops; // loops around this scope
};

struct names {
    struct unit *u;
    struct sema_program *program;
    struct sema_fn *fn;
    struct scope *scope;
    struct ast_stmt *open_loops[64];
    unsigned nloops;
    unsigned asks;     // open sizeof, offsetof, typeinfo, typeof: nothing is read there
    unsigned whiles;   // open while loops
    bool in_condition; // of one of them
};

static void name_stmts(struct names *n, struct ast_stmts *s);
static void name_block(struct names *n, struct ast_stmts *s);
static void name_expr(struct names *n, struct ast_expr **pe);

// ---- variables ----

static struct sema_var *find_var(struct names *n, const char *name, struct scope **where) {
    for (struct scope *s = n->scope; s; s = s->outer)
        for (size_t i = s->vars.len; i-- > 0;)
            if (!strcmp(s->vars.data[i]->name, name)) {
                *where = s;
                return s->vars.data[i];
            }
    return NULL;
}

static struct sema_var *declare(struct names *n, const char *name, struct span span) {
    struct unit *u = n->u;
    struct sema_var *v = ARENA_NEW(u->arena, struct sema_var);
    struct sema_vars *all = n->fn ? &n->fn->vars : &n->program->vars;
    v->name = name;
    v->span = span;
    v->type = types_basic(u->types, TYPE_NONE);
    v->id = (unsigned)all->len;
    v->is_assigned = true;
    VEC_PUSH(u->arena, all, v);
    VEC_PUSH(u->arena, &n->scope->vars, v);
    return v;
}

// A variable of an outer scope that a loop's body uses travels through the loop's context.
static void capture(struct names *n, struct sema_var *v, const struct scope *home) {
    for (unsigned i = home->loops; i < n->nloops; i++) {
        struct ast_stmt *loop = n->open_loops[i];
        bool known = false;
        for (size_t k = 0; k < loop->loop.ncaptures; k++)
            known = known || loop->loop.captures[k] == v;
        if (known) continue;
        size_t cap = loop->loop.ncaptures;
        struct sema_var **list = arena_alloc(n->u->arena, (cap + 1) * sizeof(*list));
        if (cap) memcpy(list, loop->loop.captures, cap * sizeof(*list));
        list[cap] = v;
        loop->loop.captures = list;
        loop->loop.ncaptures++;
        v->is_captured = true;
    }
}

static void use_var(struct names *n, struct ast_expr *e, bool assigned) {
    struct scope *home;
    struct sema_var *v = find_var(n, e->var.name, &home);
    if (v) {
        capture(n, v, home);
        v->is_loop_changed = v->is_loop_changed || (assigned && home->loops < n->nloops);
        if (!assigned && !v->is_assigned && !n->asks)
            diag(n->u->diags, e->span, variable_early, v->name);
        v->is_assigned = v->is_assigned || assigned;
    } else if (assigned) {
        v = declare(n, e->var.name, e->span);
    } else {
        diag(n->u->diags, e->span, variable_undefined, e->var.name);
        struct suggest s = suggest_begin(e->var.name);
        for (struct scope *sc = n->scope; sc; sc = sc->outer)
            for (size_t i = 0; i < sc->vars.len; i++) suggest_offer(&s, sc->vars.data[i]->name);
        if (s.best) diag_hint(n->u->diags, "did you mean %s?", s.best);
        v = declare(n, e->var.name, e->span);
        v->type = types_basic(n->u->types, TYPE_ERROR);
    }
    v->is_loop_bound = v->is_loop_bound || n->in_condition;
    e->var.var = v;
}

// ---- expressions ----

static void name_call(struct names *n, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    unsigned arg;
    if (!e->call.args.len && sema_config_record(n->u, e, e->call.name)) return;
    int fn = function_find(e->call.name);
    struct sema_fn *user = sema_fn_find(n->u, e->call.name);
    int var = variable_find(e->call.name, &arg);
    const char *now = builtin_renamed(e->call.name);
    if (!user && now && function_find(now) >= 0) {
        e->call.name = now;
        fn = function_find(now);
    }
    if (!user && !e->call.args.len && var >= 0) { // pid() is pid
        sema_to_builtin(n->u, n->program, e, var, arg);
        return;
    }
    e->call.function = user ? -1 : fn;
    e->call.fn = user;
    if (!user && fn < 0) sema_unknown_function(n->u, e);
    if (!user && fn >= 0) sema_where_function(n->u, n->program, e->span, fn);
    for (size_t i = 0; i < e->call.args.len; i++) {
        struct ast_expr *a = e->call.args.data[i];
        if (a->kind == AST_IDENT && sema_word_argument(fn, a->ident.name)) {
            const char *word = a->ident.name;
            a->kind = AST_STRING;
            a->string.data = word;
            a->string.len = strlen(word);
        } else if (fn == FN_container_of && i == 2) {
            continue; // a member's name
        } else if (fn == FN_find && i == 2 && a->kind == AST_VAR) {
            use_var(n, a, true);
        } else {
            name_expr(n, &e->call.args.data[i]);
        }
    }
    if (!user && fn < 0) {
        e->kind = AST_INT;
        e->integer.value = 0;
        e->type = types_basic(n->u->types, TYPE_ERROR);
    }
}

static void name_exprs(struct names *n, struct ast_exprs *v) {
    for (size_t i = 0; i < v->len; i++) name_expr(n, &v->data[i]);
}

static void name_type(struct names *n, struct ast_type *t) {
    if (!t) return;
    name_type(n, t->target);
    if (t->count) name_expr(n, &t->count);
    if (t->expr) name_expr(n, &t->expr);
    for (size_t i = 0; i < t->elems.len; i++) name_type(n, t->elems.data[i]);
}

// sizeof(x): a type if there is one of this name, else the expression.
static void name_size(struct names *n, struct ast_expr *e) {
    struct ast_type *of = e->size.of;
    unsigned arg;
    int64_t value;
    const struct type *type;
    bool bare = of && of->kind == AST_TYPE_NAME && !strchr(of->name, ' ') &&
                !types_find_basic_name(n->u->types, of->name);
    if (bare && (variable_find(of->name, &arg) >= 0 ||
                 (!types_find_in(n->u->types, sema_traced_file(n->program), of->name) &&
                  types_find_constant(n->u->types, of->name, &value, &type)))) {
        struct ast_expr *x = ast_expr_new(n->u->arena, AST_IDENT, of->span);
        x->ident.name = of->name;
        e->size.of = NULL;
        e->size.expr = x;
    }
    name_type(n, e->size.of);
    if (e->size.expr) name_expr(n, &e->size.expr);
}

static void name_unary(struct names *n, struct ast_expr *e) {
    const struct ast_expr *x = e->unary.operand;
    struct scope *home;
    name_expr(n, &e->unary.operand);
    bool changes = e->unary.op >= AST_PRE_INC || e->unary.op == AST_ADDRESS;
    struct sema_var *v = changes && x->kind == AST_VAR ? find_var(n, x->var.name, &home) : NULL;
    if (v) v->is_loop_changed = v->is_loop_changed || home->loops < n->nloops;
}

static void name_expr(struct names *n, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    switch (e->kind) {
    case AST_INT:
    case AST_BOOL:
    case AST_STRING:
    case AST_POSITIONAL:
    case AST_BUILTIN: break;
    case AST_IDENT: sema_identifier(n->u, n->program, e); break;
    case AST_VAR: use_var(n, e, false); break;
    case AST_MAP: e->map.map = sema_map_named(n->u, e->map.name, e->span); break;
    case AST_INDEX:
        name_expr(n, &e->index.base);
        name_exprs(n, &e->index.keys);
        break;
    case AST_FIELD: name_expr(n, &e->field.base); break;
    case AST_ELEMENT: name_expr(n, &e->element.base); break;
    case AST_CALL: name_call(n, pe); break;
    case AST_UNARY: name_unary(n, e); break;
    case AST_BINARY:
        name_expr(n, &e->binary.left);
        name_expr(n, &e->binary.right);
        break;
    case AST_TERNARY:
        name_expr(n, &e->ternary.cond);
        name_expr(n, &e->ternary.then);
        name_expr(n, &e->ternary.otherwise);
        break;
    case AST_CAST:
    case AST_CONVERT:
        name_type(n, e->cast.to);
        name_expr(n, &e->cast.operand);
        break;
    case AST_SIZEOF:
    case AST_OFFSETOF:
    case AST_TYPEINFO:
    case AST_TYPE_ARG:
        n->asks++;
        name_size(n, e);
        n->asks--;
        break;
    case AST_TUPLE:
    case AST_RECORD: name_exprs(n, &e->tuple.elems); break;
    case AST_BLOCK_EXPR: {
        struct scope inner = {.outer = n->scope, .loops = n->nloops};
        n->scope = &inner;
        name_stmts(n, &e->block.stmts);
        if (e->block.value) name_expr(n, &e->block.value);
        n->scope = inner.outer;
        break;
    }
    case AST_COMPTIME: name_expr(n, &e->comptime); break;
    }
}

static void name_target(struct names *n, struct ast_expr **pe) {
    if ((*pe)->kind == AST_VAR)
        use_var(n, *pe, true);
    else
        name_expr(n, pe);
}

// What a while loop's condition is made of, or that of an if in it, which may break.
static void name_condition(struct names *n, struct ast_expr **pe, bool of_loop) {
    bool before = n->in_condition;
    n->in_condition = of_loop;
    name_expr(n, pe);
    n->in_condition = before;
}

// A loop whose body is a function that the kernel calls.
static void name_called_loop(struct names *n, struct ast_stmt *s) {
    if (n->nloops == ARRAY_LEN(n->open_loops)) {
        diag(n->u->diags, s->span, nesting);
        return;
    }
    n->open_loops[n->nloops++] = s;
    struct scope inner = {.outer = n->scope, .loops = n->nloops};
    unsigned whiles = n->whiles;
    n->scope = &inner;
    n->whiles = 0;
    if (s->kind == AST_WHILE) {
        name_condition(n, &s->loop.cond, false);
    } else {
        s->loop.var->var.var = declare(n, s->loop.var->var.name, s->loop.var->span);
        s->loop.var->var.var->is_loop_kv = s->kind == AST_FOR_MAP;
    }
    name_stmts(n, &s->loop.body);
    n->whiles = whiles;
    n->scope = inner.outer;
    n->nloops--;
}

static void name_loop(struct names *n, struct ast_stmt *s) {
    if (s->kind == AST_WHILE)
        s->loop.is_open = !sema_while_counts(n->fn ? &n->fn->body : &n->program->body, s);
    if (s->kind == AST_FOR_MAP || s->kind == AST_FOR_RANGE) {
        if (s->loop.from) name_expr(n, &s->loop.from);
        if (s->loop.to) name_expr(n, &s->loop.to);
        if (s->loop.map) name_expr(n, &s->loop.map);
        name_called_loop(n, s);
    } else if (s->loop.is_open && feature_have(FEATURE_loop)) {
        name_called_loop(n, s);
    } else {
        name_condition(n, &s->loop.cond, s->kind == AST_WHILE);
        n->whiles += s->kind == AST_WHILE;
        name_block(n, &s->loop.body);
        n->whiles -= s->kind == AST_WHILE;
    }
}

static void name_let(struct names *n, struct ast_stmt *s) {
    if (s->let.value) name_expr(n, &s->let.value);
    name_type(n, s->let.type);
    for (size_t i = 0; i < n->scope->vars.len; i++)
        if (!strcmp(n->scope->vars.data[i]->name, s->let.var->var.name)) {
            diag(n->u->diags, s->let.var->span, variable_twice, s->let.var->var.name);
            diag_note(n->u->diags, n->scope->vars.data[i]->span, "first declared here");
        }
    struct sema_var *v = declare(n, s->let.var->var.name, s->let.var->span);
    v->is_assigned = s->let.value != NULL;
    s->let.var->var.var = v;
}

static void warn_unassigned(struct unit *u, const struct sema_vars *vars) {
    for (size_t i = 0; i < vars->len; i++)
        if (!vars->data[i]->is_assigned)
            diag(u->diags, vars->data[i]->span, variable_unassigned, vars->data[i]->name);
}

static void name_stmt(struct names *n, struct ast_stmt *s) {
    switch (s->kind) {
    case AST_EXPR_STMT:
    case AST_RETURN:
        if (s->expr) name_expr(n, &s->expr);
        break;
    case AST_ASSIGN:
        name_expr(n, &s->assign.value);
        name_target(n, &s->assign.target);
        break;
    case AST_LET: name_let(n, s); break;
    case AST_IF:
        name_condition(n, &s->cond.cond, n->whiles > 0);
        name_block(n, &s->cond.then);
        name_block(n, &s->cond.otherwise);
        break;
    case AST_WHILE:
    case AST_UNROLL:
    case AST_FOR_RANGE:
    case AST_FOR_MAP: name_loop(n, s); break;
    case AST_BLOCK: name_block(n, &s->block); break;
    case AST_BREAK:
    case AST_CONTINUE:
    case AST_ERROR_STMT: break;
    }
}

static void name_stmts(struct names *n, struct ast_stmts *s) {
    for (size_t i = 0; i < s->len; i++) name_stmt(n, s->data[i]);
}

static void name_block(struct names *n, struct ast_stmts *s) {
    struct scope inner = {.outer = n->scope, .loops = n->nloops};
    n->scope = &inner;
    name_stmts(n, s);
    n->scope = inner.outer;
}

// ---- the pass ----

static void declare_fns(struct unit *u) {
    for (size_t i = 0; i < u->ast->fns.len; i++) {
        struct sema_fn *fn = ARENA_NEW(u->arena, struct sema_fn);
        fn->decl = u->ast->fns.data[i];
        fn->index = (unsigned)i;
        fn->body = fn->decl->body;
        if (sema_fn_find(u, fn->decl->name))
            diag(u->diags, fn->decl->name_span, fn_twice, fn->decl->name);
        VEC_PUSH(u->arena, &u->fns, fn);
    }
}

static void name_fn(struct unit *u, struct sema_fn *fn) {
    struct scope scope = {0};
    struct names n = {.u = u, .fn = fn, .scope = &scope};
    for (size_t i = 0; i < fn->decl->params.len; i++) {
        const struct ast_param *p = &fn->decl->params.data[i];
        if (p->name[0] != '$' || !p->type) {
            diag(u->diags, p->span, fn_param, p->name);
            continue;
        }
        name_type(&n, p->type);
        struct sema_var *v = declare(&n, p->name, p->span);
        VEC_PUSH(u->arena, &fn->params, v);
    }
    name_stmts(&n, &fn->body);
}

void sema_names(struct unit *u) {
    for (size_t i = 0; i < u->ast->map_decls.len; i++) {
        const struct ast_map_decl *d = u->ast->map_decls.data[i];
        struct sema_map *m = sema_map_named(u, d->name, d->span);
        if (m->decl) diag(u->diags, d->span, map_twice, d->name);
        m->decl = d;
        m->kind = sema_declared_kind(u, d);
    }
    declare_fns(u);
    sema_declare_c_fns(u);
    for (size_t i = 0; i < u->fns.len; i++)
        if (!u->fns.data[i]->external) name_fn(u, u->fns.data[i]);
    for (size_t i = 0; i < u->programs.len; i++) {
        struct scope scope = {0};
        struct names n = {.u = u, .program = u->programs.data[i], .scope = &scope};
        if (n.program->predicate) name_expr(&n, &n.program->predicate);
        sema_hoist(u, &n.program->body);
        name_stmts(&n, &n.program->body);
        warn_unassigned(u, &n.program->vars);
    }
}
