// SPDX-License-Identifier: Apache-2.0
// Maps as arguments of functions, what each kind of map allows, and the keys of tries.
#include <linux/bpf.h>

#include "base/suggest.h"
#include "probes/feature.h"
#include "sema/sema_internal.h"

#define ARG(e, i) ((e)->call.args.data[i])

static bool is_map_entry(const struct ast_expr *e) {
    return e->kind == AST_INDEX && e->index.base->kind == AST_MAP;
}

// ---- kinds ----

const struct map_kind *sema_declared_kind(struct unit *u, const struct ast_map_decl *d) {
    const struct map_kind *kind = map_kind_find(d->kind);
    if (kind) return kind;
    diag(u->diags, d->kind_span, map_decl_kind, d->kind);
    struct suggest s = suggest_begin(d->kind);
    for (size_t i = 0; i < nmap_kinds; i++) suggest_offer(&s, map_kinds[i].name);
    if (s.best) diag_hint(u->diags, "did you mean %s?", s.best);
    return NULL;
}

const struct map_kind *sema_map_kind(const struct sema_map *m) {
    return m->kind ? m->kind : &map_kinds[0];
}

bool sema_map_holds(const struct sema_map *m, enum map_op op) { return sema_map_kind(m)->ops & op; }

bool infer_map_allows(struct infer *in, const struct ast_expr *map, enum map_op op) {
    const struct sema_map *m = map->map.map;
    const struct map_kind *kind = sema_map_kind(m);
    if (kind->ops & op) return true;
    if (!in->final) return false;
    diag(in->u->diags, map->span, map_kind_use, m->name, kind->name, map_op_words(op));
    if (op == MAP_PUSH || op == MAP_POP)
        diag_hint(in->u->diags, "declare it: let %s = queue(100); or stack(100)%s", m->name,
                  op == MAP_PUSH ? ", bloom(100)" : "");
    else
        diag_hint(in->u->diags, "%s: %s", kind->name, kind->doc);
    return false;
}

// ---- tries ----

// An address as ntop() takes it, of either family: the one form in which a trie has them.
static bool trie_address(struct infer *in, struct ast_expr **address) {
    struct ast_expr *a = *address;
    const struct type *type = a->type;
    if (type->kind == TYPE_INET) return true;
    bool bytes = type->kind == TYPE_ARRAY && (type->size == 4 || type->size == 16);
    if (type->kind != TYPE_INT && !bytes) return false;
    struct ast_expr *call = ast_expr_new(in->u->arena, AST_CALL, a->span);
    call->call.name = "ntop";
    call->call.function = FN_ntop;
    VEC_PUSH(in->u->arena, &call->call.args, a);
    *address = call;
    infer_expr(in, address);
    return true;
}

// (prefix length, address) as a tuple has the layout of the kernel's struct bpf_lpm_trie_key, whose
// data are four bytes of padding and an inet value: one trie holds both families.
void infer_trie_key(struct infer *in, struct sema_map *m, struct ast_expr **key) {
    struct ast_expr *e = *key;
    struct ast_exprs *elems = &e->tuple.elems;
    bool pair = e->kind == AST_TUPLE && elems->len == 2;
    if (!pair || elems->data[0]->type->kind != TYPE_INT || !trie_address(in, &elems->data[1])) {
        if (in->final) diag(in->u->diags, e->span, map_trie_key, m->name);
        return;
    }
    int64_t bits;
    const struct ast_expr *address = elems->data[1];
    bool is_v4 = address->kind == AST_CALL && address->call.function == FN_ntop &&
                 address->call.args.len == 1 && ARG(address, 0)->type->size != 16;
    if (in->final && expr_int(elems->data[0], &bits) && (bits < 0 || bits > (is_v4 ? 32 : 128)))
        diag(in->u->diags, elems->data[0]->span, map_trie_prefix, (long long)bits);
    const struct type *types[] = {types_int(in->t, 32, false), types_basic(in->t, TYPE_INET)};
    infer_convert(in, &elems->data[0], types[0]);
    e->type = types_tuple(in->t, types, NULL, 2);
    if (m->key) return;
    m->key = e->type;
    m->key_span = e->span;
    in->changed = true;
}

// ---- pinned maps ----

static const struct type *widest(struct types *t, const struct type *type) {
    if (type->kind == TYPE_INT) return types_int(t, 64, type->is_signed);
    if (type->kind != TYPE_TUPLE) return type;
    const struct type **elems = types_alloc(t, (type->nfields + 1) * sizeof(*elems));
    const char **names = types_alloc(t, (type->nfields + 1) * sizeof(*names));
    bool named = false;
    for (uint32_t i = 0; i < type->nfields; i++) {
        elems[i] = widest(t, type->fields[i].type);
        names[i] = type->fields[i].name;
        named = named || *names[i];
    }
    return types_tuple(t, elems, named ? names : NULL, type->nfields);
}

// Maps that get no value but from each other hold zeros: @a[1] = @a[2].
bool infer_copied_maps(struct infer *in) {
    in->changed = false;
    for (size_t i = 0; i < in->u->maps.len; i++) {
        struct sema_map *m = in->u->maps.data[i];
        if (m->is_copied && m->value->kind == TYPE_NONE)
            infer_grow(in, &m->value, types_int_literal(in->t, 0));
    }
    return in->changed;
}

// Other scripts, with other numbers, have the same map: its integers take 64 bits.
bool infer_widen_pins(struct infer *in) {
    in->changed = false;
    for (size_t i = 0; i < in->u->maps.len; i++) {
        struct sema_map *m = in->u->maps.data[i];
        bool pinned = false;
        for (size_t k = 0; m->decl && k < m->decl->options.len; k++)
            pinned = pinned || !strcmp(m->decl->options.data[k].name, "pin");
        if (!pinned) continue;
        if (m->value->kind != TYPE_NONE) infer_grow(in, &m->value, widest(in->t, m->value));
        if (m->key && sema_map_kind(m)->bpf_type != BPF_MAP_TYPE_LPM_TRIE)
            infer_grow(in, &m->key, widest(in->t, m->key));
    }
    return in->changed;
}

// ---- keys as arguments ----

// delete(@m[k]) and delete(@m, k) both become delete(@m, k).
static void split_entry(struct infer *in, struct ast_expr *e) {
    struct ast_expr *entry = ARG(e, 0);
    if (!is_map_entry(entry) || e->call.args.len != 1) return;
    struct ast_exprs keys = entry->index.keys;
    struct ast_expr *key = keys.data[0];
    if (keys.len > 1) {
        key = ast_expr_new(in->u->arena, AST_TUPLE, entry->span);
        key->tuple.elems = keys;
    }
    e->call.args = (struct ast_exprs){0};
    VEC_PUSH(in->u->arena, &e->call.args, entry->index.base);
    VEC_PUSH(in->u->arena, &e->call.args, key);
}

bool infer_need_map(struct infer *in, const struct ast_expr *e, enum map_op op) {
    if (e->call.args.len && ARG(e, 0)->kind == AST_MAP) return infer_map_allows(in, ARG(e, 0), op);
    if (in->final)
        diag(in->u->diags, e->call.args.len ? ARG(e, 0)->span : e->span, map_expected,
             e->call.name);
    return false;
}

const struct type *infer_keyed(struct infer *in, struct ast_expr *e) {
    const struct type *bool_type = types_basic(in->t, TYPE_BOOL);
    if (e->call.function == FN_delete) split_entry(in, e);
    static const enum map_op ops[] = {
        [FN_delete] = MAP_DELETE, [FN_has_key] = MAP_HAS, [FN_find] = MAP_KEYED};
    if (!infer_need_map(in, e, ops[e->call.function])) return error_type(in);
    struct sema_map *m = ARG(e, 0)->map.map;
    ARG(e, 0)->type = m->value;
    if (e->call.function == FN_delete) m->frees_entries = true;
    if (sema_map_holds(m, MAP_PUSH)) return infer_list(in, e);
    if (e->call.args.len < 2) {
        if (e->call.function == FN_delete && (m->is_scalar || !m->key)) {
            m->is_deleted = true;
            return bool_type;
        }
        if (in->final) diag(in->u->diags, e->span, map_needs_key, m->name);
        return error_type(in);
    }
    if (m->is_scalar && in->final) {
        diag(in->u->diags, e->span, map_scalar_call, e->call.name);
        return error_type(in);
    }
    infer_expr(in, &ARG(e, 1));
    if (m->is_scalar) return bool_type;
    infer_map_key(in, m, &ARG(e, 1));
    if (e->call.function == FN_find && is_known(m->value)) {
        struct ast_expr *var = ARG(e, 2);
        struct ast_expr probe = {.kind = AST_BUILTIN, .span = var->span};
        if (var->kind != AST_VAR) {
            if (in->final)
                diag(in->u->diags, var->span, argument_kind, "find", "a variable", "value");
            return error_type(in);
        }
        probe.type = map_read_type(in, m, ARG(e, 0));
        struct ast_expr *value = &probe;
        infer_assign_var(in, var->var.var, &value, var->span);
        var->type = var->var.var->type;
    }
    return bool_type;
}

// ---- queues, stacks, Bloom filters ----

// push(@q, v), pop(@q), peek(@q); also has_key(@b, v) of a Bloom filter, whose values are its keys.
const struct type *infer_list(struct infer *in, struct ast_expr *e) {
    int fn = e->call.function;
    enum map_op op = fn == FN_push ? MAP_PUSH : fn == FN_has_key ? MAP_HAS : MAP_POP;
    if (!infer_need_map(in, e, op)) return error_type(in);
    struct sema_map *m = ARG(e, 0)->map.map;
    if (in->final && m->kind->feature >= 0 && !feature_have((enum feature)m->kind->feature))
        diag(in->u->diags, e->span, kernel_too_old, m->kind->name,
             feature_rows[m->kind->feature].since);
    if (e->call.args.len > 1) {
        const struct type *type = infer_expr(in, &ARG(e, 1));
        if (type_is_aggregate(type)) {
            if (in->final) diag(in->u->diags, ARG(e, 1)->span, no_value, type_name(in->t, type));
            return error_type(in);
        }
        infer_assign_map(in, m, &ARG(e, 1), e->span);
    } else if (in->final && m->value->kind == TYPE_NONE) {
        diag(in->u->diags, e->span, map_undefined, m->name);
        return error_type(in);
    }
    ARG(e, 0)->type = m->value;
    if (fn == FN_push) return types_basic(in->t, TYPE_VOID);
    return fn == FN_has_key ? types_basic(in->t, TYPE_BOOL) : m->value;
}
