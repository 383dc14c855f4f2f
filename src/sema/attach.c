// SPDX-License-Identifier: Apache-2.0
// Attach points to programs: each action block becomes one program for every context layout that
// its targets have, with a copy of the body of its own.
#include "base/suggest.h"
#include "probes/feature.h"
#include "sema/sema_internal.h"

struct use { // what a body reads, found before any typing
    bool args, retval, argn, probe, func;
    bool types; // names of types
    bool typed; // functions that take only pointers which the kernel types
};

static void scan(void *ctx, struct ast_expr **pe) {
    struct use *use = ctx;
    const struct ast_expr *e = *pe;
    const char *name = e->kind == AST_IDENT  ? e->ident.name
                       : e->kind == AST_CALL ? e->call.name
                                             : NULL;
    unsigned n;
    if (!name) return;
    int id = variable_find(name, &n);
    use->args |= id == VAR_args;
    use->argn |= id == VAR_arg;
    use->retval |= id == VAR_retval;
    use->probe |= id == VAR_probe;
    use->func |= id == VAR_func;
    int fn = e->kind == AST_CALL ? function_find(name) : -1;
    use->typed |= fn >= 0 && (function_rows[fn].where & FN_TYPED);
}

static void scan_type(void *ctx, struct ast_type **t) {
    ((struct use *)ctx)->types |= (*t)->kind == AST_TYPE_NAME;
}

static struct use scan_probe(struct ast_probe *p) {
    struct use use = {0};
    struct ast_visitor v = {.ctx = &use, .expr = scan, .type = scan_type};
    if (p->predicate) ast_visit_expr(&v, &p->predicate);
    ast_visit_stmts(&v, &p->body);
    return use;
}

struct collector {
    struct unit *u;
    struct mf_targets targets;
};

static bool collect(void *ctx, const struct mf_target *target) {
    struct collector *c = ctx;
    VEC_PUSH(c->u->arena, &c->targets, *target);
    return true;
}

static void report_missing(struct unit *u, const struct ast_attach_point *point,
                           const struct probe_error *err) {
    const char *mode = config_string(&u->config, CONFIG_missing_probes);
    const char *text = err->message ? err->message : "no match";
    if (!strcmp(mode, "ignore")) return;
    if (!strcmp(mode, "warn"))
        diag(u->diags, point->span, attach_missing_warning, text);
    else
        diag(u->diags, point->span, attach_missing, text);
    if (err->hint) diag_hint(u->diags, "%s", err->hint);
}

static const struct provider *find_provider(struct unit *u, const struct ast_attach_point *point,
                                            const char *name) {
    const struct provider *found = provider_find(name);
    if (found) return found;
    diag(u->diags, point->span, provider_unknown, name);
    struct suggest s = suggest_begin(name);
    for (const struct provider *const *p = provider_all(); *p; p++) suggest_offer(&s, (*p)->name);
    if (s.best) diag_hint(u->diags, "did you mean %s?", s.best);
    return NULL;
}

static bool same_place(const struct probe_place *a, const struct probe_place *b) {
    return a->kind == b->kind && a->reg == b->reg && a->index == b->index && a->scale == b->scale &&
           a->shift == b->shift && a->offset == b->offset;
}

static bool same_layout(const struct probe_layout *a, const struct probe_layout *b) {
    if (a->args.len != b->args.len || !a->retval != !b->retval) return false;
    if (a->retval && !type_equal(a->retval, b->retval)) return false;
    if (!same_place(&a->retval_place, &b->retval_place)) return false;
    for (size_t i = 0; i < a->args.len; i++) {
        const struct probe_arg *x = &a->args.data[i], *y = &b->args.data[i];
        if (strcmp(x->name, y->name) || x->offset != y->offset ||
            x->is_data_loc != y->is_data_loc || !same_place(&x->place, &y->place) ||
            !type_equal(x->type, y->type))
            return false;
    }
    return true;
}

static struct sema_program *new_program(struct unit *u, const struct ast_probe *probe,
                                        const struct provider *provider,
                                        const struct probe_layout *layout) {
    struct sema_program *p = ARENA_NEW(u->arena, struct sema_program);
    p->probe = probe;
    p->provider = provider;
    p->is_typed = provider != provider_find(provider->name);
    p->layout = *layout;
    p->predicate = ast_expr_clone(u->arena, probe->predicate);
    p->body = ast_stmts_clone(u->arena, &probe->body);
    VEC_PUSH(u->arena, &u->programs, p);
    return p;
}

// Must every target have a program of its own?
static bool alone(const struct provider *p, const struct use *use) {
    if (p->caps & PROBE_ONE_TARGET) return true;
    bool identity =
        use->probe || (use->func && (p->context != CTX_REGS || (p->caps & PROBE_RETVAL)));
    if (use->func && p->context == CTX_REGS && !(p->caps & PROBE_USER) &&
        !feature_have(FEATURE_func_ip))
        identity = true;
    return identity && ((p->caps & PROBE_NO_COOKIE) || !feature_have(FEATURE_cookie));
}

// Types of one program say nothing of another's, even where they have the same names.
static bool same_types(const struct provider *p, const struct use *use, const struct mf_target *a,
                       const struct mf_target *b) {
    if (!(p->caps & PROBE_USER) || !a->module || !b->module) return true;
    return !(use->types || use->args || use->retval) || !strcmp(a->module, b->module);
}

static void add_targets(struct unit *u, const struct ast_probe *probe,
                        const struct ast_attach_point *point, const struct provider *provider,
                        const struct mf_targets *targets, const struct use *use, size_t first) {
    // A bare register needs no description.
    bool argn =
        use->argn && (provider->context != CTX_REGS || (provider->caps & PROBE_PLACED_ARGS));
    bool typed =
        provider->describe && (use->args || use->retval || argn || provider->context == CTX_ITER);
    struct probe_error why = {0};
    size_t unknown = 0;
    for (size_t i = 0; i < targets->len; i++) {
        struct probe_layout layout = {0};
        struct probe_error err = {0};
        if (typed && !provider->describe(&u->env, &targets->data[i], &layout, &err)) {
            if (!why.message) why = err;
            unknown++;
        }
        struct sema_program *home = NULL;
        if (!alone(provider, use))
            for (size_t k = first; k < u->programs.len && !home; k++)
                if (u->programs.data[k]->provider == provider &&
                    same_types(provider, use, &u->programs.data[k]->targets.data[0],
                               &targets->data[i]) &&
                    same_layout(&u->programs.data[k]->layout, &layout))
                    home = u->programs.data[k];
        if (!home) home = new_program(u, probe, provider, &layout);
        home->uses_identity = use->probe;
        VEC_PUSH(u->arena, &home->targets, targets->data[i]);
    }
    if (!use->args || !unknown || unknown < targets->len) return;
    diag(u->diags, point->span, args_unknown, why.message ? why.message : "unknown");
    if (why.hint) diag_hint(u->diags, "%s", why.hint);
}

static void attach_point(struct unit *u, const struct ast_probe *probe,
                         const struct ast_attach_point *point, const struct use *use, size_t first,
                         size_t *total) {
    struct probe_spec spec;
    struct probe_error err = {0};
    if (!probe_spec_parse(u->arena, point->text, &spec, &err)) {
        diag(u->diags, point->span, attach_form, err.message);
        return;
    }
    const struct provider *provider = find_provider(u, point, spec.parts[0]);
    if (!provider) return;
    if (provider == provider_find("test") && !u->options.test_mode) return;
    if (provider == provider_find("bench") && !u->options.bench_mode) return;
    spec.pid = u->options.pid;
    struct collector c = {.u = u};
    int n = provider->match(&u->env, &spec, collect, &c, &err);
    // A file that is not there is no mistake where another point of the list is.
    if (n < 0 && err.is_missing && u->programs.len > first) n = 0;
    if (n == 0 && (err.is_missing || probe_has_glob(point->text)) && probe->points.len > 1) {
        diag(u->diags, point->span, attach_missing_warning, err.message ? err.message : "no match");
        return;
    }
    if (n < 0) {
        if (err.is_missing)
            diag(u->diags, point->span, attach_missing, err.message);
        else
            diag(u->diags, point->span, attach_form, err.message);
        if (err.hint) diag_hint(u->diags, "%s", err.hint);
        return;
    }
    if (n == 0) report_missing(u, point, &err);
    *total += c.targets.len;
    uint64_t max = config_uint(&u->config, CONFIG_max_probes);
    if (*total > max) {
        diag(u->diags, point->span, too_many_probes, *total, (size_t)max);
        diag_hint(u->diags,
                  "raise the limit with config = { max_probes = %zu } or "
                  "BPFTRACE_MAX_PROBES",
                  *total);
        return;
    }
    bool typed = use->typed && provider->typed && types_have_btf(u->types, NULL);
    add_targets(u, probe, point, typed ? provider->typed : provider, &c.targets, use, first);
}

const char *sema_traced_file(const struct sema_program *p) {
    return p && (p->provider->caps & PROBE_USER) && p->targets.len ? p->targets.data[0].module
                                                                   : NULL;
}

void sema_attach(struct unit *u) {
    size_t total = 0;
    for (size_t i = 0; i < u->ast->probes.len; i++) {
        struct ast_probe *p = u->ast->probes.data[i];
        struct use use = scan_probe(p);
        size_t first = u->programs.len;
        for (size_t k = 0; k < p->points.len; k++)
            attach_point(u, p, &p->points.data[k], &use, first, &total);
    }
    if (!u->programs.len && !diags_errors(u->diags)) {
        struct span none = {.src = NULL};
        diag(u->diags, none, no_probes);
    }
}
