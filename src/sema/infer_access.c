// SPDX-License-Identifier: Apache-2.0
// Types of map entries, array elements, fields and tuple elements.
#include "base/suggest.h"
#include "probes/probe.h"
#include "sema/sema_internal.h"

static bool is_args(const struct ast_expr *e) {
    return e->kind == AST_BUILTIN && e->ident.variable == VAR_args;
}

// @m[a, b] and @m[(a, b)] are the same: one key, a tuple.
static void join_keys(struct infer *in, struct ast_expr *e) {
    if (e->index.keys.len < 2) return;
    struct ast_expr *tuple = ast_expr_new(
        in->u->arena, AST_TUPLE,
        span_join(e->index.keys.data[0]->span, e->index.keys.data[e->index.keys.len - 1]->span));
    tuple->tuple.elems = e->index.keys;
    e->index.keys = (struct ast_exprs){0};
    VEC_PUSH(in->u->arena, &e->index.keys, tuple);
}

// An entry as the target of an assignment or of print(): its key is typed, its value not read.
const struct type *infer_entry(struct infer *in, struct ast_expr *e) {
    struct sema_map *m = e->index.base->map.map;
    if (!infer_map_allows(in, e->index.base, MAP_KEYED)) return error_type(in);
    join_keys(in, e);
    infer_expr(in, &e->index.keys.data[0]);
    if (m->is_scalar) {
        if (in->final) {
            diag(in->u->diags, e->span, map_no_key, m->name);
            diag_note(in->u->diags, m->scalar_span, "it has no key here");
        }
        return error_type(in);
    }
    infer_map_key(in, m, &e->index.keys.data[0]);
    e->index.base->type = m->value;
    e->type = m->value;
    return m->value;
}

static const struct type *no_index(struct infer *in, const struct ast_expr *e,
                                   const struct type *type) {
    if (in->final) diag(in->u->diags, e->span, index_type, type_name(in->t, type));
    return error_type(in);
}

static const struct type *qualified(struct infer *in, const struct ast_expr *e,
                                    const struct type *type) {
    type = types_complete(in->t, type);
    if (type->kind == TYPE_POINTER && !type->space)
        return types_pointer(in->t, type->target, expr_space(in, e));
    return type;
}

const struct type *infer_index(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    if (e->index.base->kind == AST_MAP) {
        struct sema_map *m = e->index.base->map.map;
        // An array in a keyless map is indexed like any array.
        bool array = m->is_scalar && !m->key &&
                     (m->value->kind == TYPE_ARRAY || m->value->kind == TYPE_POINTER ||
                      m->value->kind == TYPE_STRING);
        if (!array) {
            const struct type *value = infer_entry(in, e);
            if (!is_known(value)) return value;
            return map_read_type(in, m, e);
        }
    }
    const struct type *base = infer_expr(in, &e->index.base);
    join_keys(in, e);
    const struct type *key = infer_expr(in, &e->index.keys.data[0]);
    if (!is_known(base)) return base;
    if (is_known(key) && !type_is_integer(key)) {
        if (in->final)
            diag(in->u->diags, e->index.keys.data[0]->span, index_key, type_name(in->t, key));
        return error_type(in);
    }
    int64_t n;
    if (base->kind == TYPE_TUPLE && expr_int(e->index.keys.data[0], &n) && n >= 0) {
        struct ast_expr *inner = e->index.base; // the old spelling of $t.1
        e->kind = AST_ELEMENT;
        e->element.base = inner;
        e->element.index = (unsigned)n;
        return infer_element(in, pe);
    }
    if (base->kind == TYPE_ARRAY) {
        if (in->final && base->count && expr_int(e->index.keys.data[0], &n) &&
            (n < 0 || n >= base->count))
            diag(in->u->diags, e->span, index_range, (long long)n, base->count);
        return qualified(in, e, base->target);
    }
    if (base->kind == TYPE_POINTER && base->target->kind != TYPE_VOID)
        return qualified(in, e, base->target);
    if (base->kind == TYPE_STRING) return types_int(in->t, 8, true);
    return no_index(in, e, base);
}

// ---- fields ----

const struct type *infer_unreadable(struct infer *in, const struct ast_expr *e,
                                    const struct probe_arg *a) {
    const char *name = arena_printf(in->u->arena, "args.%s", a->name);
    if (in->final) diag(in->u->diags, e->span, place_unknown, name, a->why);
    return error_type(in);
}

// A record says of an enum its name and size alone; what its values are called is asked of BTF when
// the field is used.
static const struct type *enum_of(struct infer *in, const struct probe_arg *a) {
    if (a->type->kind != TYPE_INT || !a->decl || strncmp(a->decl, "enum ", 5)) return a->type;
    const char *space = strchr(a->decl + 5, ' ');
    const char *name = arena_strndup(in->u->arena, a->decl, (size_t)(space ? space - a->decl : 0));
    const struct type *found = space ? types_find(in->t, name) : NULL;
    return found && found->kind == TYPE_ENUM && found->size == a->type->size ? found : a->type;
}

static const struct type *args_field(struct infer *in, struct ast_expr *e) {
    const struct probe_layout *l = &in->program->layout;
    for (size_t i = 0; i < l->args.len; i++) {
        const struct probe_arg *a = &l->args.data[i];
        if (strcmp(a->name, e->field.name)) continue;
        e->field.base->type = types_basic(in->t, TYPE_VOID);
        if (a->place.kind == PLACE_UNKNOWN) return infer_unreadable(in, e, a);
        const struct type *type = types_complete(in->t, enum_of(in, a));
        // A __data_loc array is read through a pointer into the record.
        if (a->is_data_loc || a->is_data_rel)
            return types_pointer(in->t, type->target, SPACE_KERNEL);
        if (type->kind == TYPE_POINTER && !type->space) {
            bool user = in->program->provider->caps & PROBE_USER;
            return types_pointer(in->t, type->target, user ? SPACE_USER : SPACE_KERNEL);
        }
        return type;
    }
    if (in->final) {
        diag(in->u->diags, e->field.name_span, args_field, e->field.name);
        struct suggest s = suggest_begin(e->field.name);
        for (size_t i = 0; i < l->args.len; i++) suggest_offer(&s, l->args.data[i].name);
        if (s.best) diag_hint(in->u->diags, "did you mean %s?", s.best);
        if (!l->args.len) diag_hint(in->u->diags, "this probe has no arguments");
    }
    return error_type(in);
}

static void suggest_fields(struct types *t, const struct type *type, struct suggest *s) {
    types_complete(t, type);
    for (uint32_t i = 0; i < type->nfields; i++) {
        const struct type_field *f = &type->fields[i];
        if (f->name && *f->name)
            suggest_offer(s, f->name);
        else if (f->type->kind == TYPE_STRUCT)
            suggest_fields(t, f->type, s);
    }
}

static const struct type *no_field(struct infer *in, const struct ast_expr *e,
                                   const struct type *type) {
    if (!in->final) return error_type(in);
    if (type->nfields == 0) {
        diag(in->u->diags, e->field.name_span, struct_unknown, type_name(in->t, type));
        infer_debug_hint(in);
        sema_c_hint(in->u);
        return error_type(in);
    }
    // A struct of the kernel or of a program may have had the field in another version.
    const char *name = type_name(in->t, type);
    if (type->origin)
        diag(in->u->diags, e->field.name_span, field_absent, name, e->field.name);
    else
        diag(in->u->diags, e->field.name_span, field_unknown, name, e->field.name);
    struct suggest s = suggest_begin(e->field.name);
    suggest_fields(in->t, type, &s);
    if (s.best) diag_hint(in->u->diags, "did you mean %s?", s.best);
    return error_type(in);
}

const struct type *infer_field(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    if (is_args(e->field.base) && in->program) return args_field(in, e);
    const struct type *base = infer_expr(in, &e->field.base);
    if (!is_known(base)) return base;
    const struct type *s = base->kind == TYPE_POINTER ? base->target : base;
    if (s->kind == TYPE_TUPLE) {
        for (uint32_t i = 0; i < s->nfields; i++) {
            if (!*s->fields[i].name || strcmp(s->fields[i].name, e->field.name)) continue;
            struct ast_expr *inner = e->field.base;
            e->kind = AST_ELEMENT;
            e->element.base = inner;
            e->element.index = i;
            return s->fields[i].type;
        }
        return no_field(in, e, s);
    }
    if (s->kind != TYPE_STRUCT) {
        if (in->final) diag(in->u->diags, e->span, field_of, type_name(in->t, base));
        return error_type(in);
    }
    struct type_field f;
    bool found = types_find_field(in->t, s, e->field.name, &f);
    if (!found && !s->nfields && sema_c_ask(in->u))
        found = types_find_field(in->t, s, e->field.name, &f);
    if (!found) return no_field(in, e, s);
    return qualified(in, e, f.type);
}

const struct type *infer_element(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    const struct type *base = infer_expr(in, &e->element.base);
    if (!is_known(base)) return base;
    if (base->kind != TYPE_TUPLE) {
        if (in->final) diag(in->u->diags, e->span, element_of, type_name(in->t, base));
        return error_type(in);
    }
    if (e->element.index >= base->nfields) {
        if (in->final) diag(in->u->diags, e->span, element_range, e->element.index, base->nfields);
        return error_type(in);
    }
    return base->fields[e->element.index].type;
}
