// SPDX-License-Identifier: Apache-2.0
// Types as written in the script, casts, and the operators that ask about types: sizeof,
// offsetof, typeinfo, which become constants.
#include "base/suggest.h"
#include "sema/sema_internal.h"
#include "types/btf.h"
#include "types/dwarf.h"

const struct type *infer_find_type(struct infer *in, const char *name) {
    const char *file = sema_traced_file(in->program);
    const struct type *found = types_find_in(in->t, file, name);
    return found || !sema_c_ask(in->u) ? found : types_find_in(in->t, file, name);
}

void infer_debug_hint(struct infer *in) {
    const char *file = sema_traced_file(in->program), *why;
    if (file && !types_have_dwarf(in->t, file, &why))
        diag_hint(in->u->diags, "%s: compile it with -g, or install its debug symbols", why);
}

static bool offer_tag(void *ctx, const char *module, const char *name) {
    (void)module;
    suggest_offer(ctx, name);
    return true;
}

// The nearest type with the same tag, if the name has one.
static void suggest_type(struct infer *in, const char *name) {
    const char *space = strchr(name, ' ');
    if (!space) return;
    const char *tag = arena_printf(in->u->arena, "%.*s", (int)(space - name), name);
    struct suggest s = suggest_begin(space + 1);
    types_each_tagged(in->t, tag, offer_tag, &s);
    if (s.best) diag_hint(in->u->diags, "did you mean %s %s?", tag, s.best);
}

static const struct type *unknown_type(struct infer *in, const struct ast_type *t) {
    const char *why;
    diag(in->u->diags, t->span, type_unknown, t->name);
    suggest_type(in, t->name);
    infer_debug_hint(in);
    sema_c_hint(in->u);
    if (!types_have_btf(in->t, &why)) diag_hint(in->u->diags, "%s", why);
    return error_type(in);
}

static const struct type *named_type(struct infer *in, const struct ast_type *t) {
    if (!strcmp(t->name, "string"))
        return types_string(in->t, (uint32_t)config_uint(&in->u->config, CONFIG_max_strlen));
    if (!strcmp(t->name, "buffer"))
        return types_buffer(in->t, (uint32_t)config_uint(&in->u->config, CONFIG_max_strlen));
    if (!strcmp(t->name, "kstack_t") || !strcmp(t->name, "ustack_t"))
        return types_stack(in->t, t->name[0] == 'k' ? TYPE_KSTACK : TYPE_USTACK, 127,
                           STACK_MODE_BPFTRACE);
    const struct type *found = infer_find_type(in, t->name);
    return found ? found : unknown_type(in, t);
}

static const struct type *array_type(struct infer *in, struct ast_type *t) {
    int64_t n = 0;
    if (t->count) {
        infer_expr(in, &t->count);
        if (!expr_int(t->count, &n) || n < 0 || n > 1 << 20) {
            diag(in->u->diags, t->count->span, array_size);
            return error_type(in);
        }
    }
    if (t->target->kind == AST_TYPE_NAME && !strcmp(t->target->name, "string"))
        return types_string(in->t, (uint32_t)n);
    if (t->target->kind == AST_TYPE_NAME && !strcmp(t->target->name, "buffer"))
        return types_buffer(in->t, (uint32_t)n);
    const struct type *elem = infer_written_type(in, t->target);
    return is_known(elem) ? types_array(in->t, elem, (uint32_t)n) : elem;
}

const struct type *infer_written_type(struct infer *in, struct ast_type *t) {
    switch (t->kind) {
    case AST_TYPE_NAME: return named_type(in, t);
    case AST_TYPE_ARRAY: return array_type(in, t);
    case AST_TYPE_POINTER: {
        const struct type *to;
        // Where nothing tells which structs there are, a pointer needs no definition.
        if (t->target->kind == AST_TYPE_NAME && !strncmp(t->target->name, "struct ", 7) &&
            !types_have_btf(in->t, NULL) && !infer_find_type(in, t->target->name))
            to = types_struct(in->t, t->target->name, 0, NULL, 0);
        else
            to = infer_written_type(in, t->target);
        return to->kind == TYPE_ERROR || to->kind == TYPE_NONE
                   ? to
                   : types_pointer(in->t, to, SPACE_NONE);
    }
    case AST_TYPE_TYPEOF:
        if (t->target) return infer_written_type(in, t->target);
        return infer_expr(in, &t->expr);
    case AST_TYPE_TUPLE: {
        uint32_t n = (uint32_t)t->elems.len;
        const struct type **elems = arena_alloc(in->u->arena, (n + 1) * sizeof(*elems));
        for (uint32_t i = 0; i < n; i++)
            if (!is_known(elems[i] = infer_written_type(in, t->elems.data[i]))) return elems[i];
        return types_tuple(in->t, elems, t->names.len ? t->names.data : NULL, n);
    }
    }
    return error_type(in);
}

static const struct type *bad_cast(struct infer *in, const struct ast_expr *e,
                                   const struct type *from, const struct type *to) {
    if (in->final) diag(in->u->diags, e->span, cast, type_name(in->t, from), type_name(in->t, to));
    return error_type(in);
}

static bool castable(const struct type *to, const struct type *from) {
    if (type_equal(to, from) || type_assignable(to, from)) return true;
    if (type_is_scalar(to) && type_is_scalar(from)) return true;
    if (to->kind == TYPE_BOOL && from->kind == TYPE_STRING) return true;
    // Bytes of an array as an integer, and the other way round.
    if (to->kind == TYPE_INT && (from->kind == TYPE_ARRAY || from->kind == TYPE_STRING))
        return from->size <= 8;
    if (to->kind == TYPE_ARRAY && type_is_integer(from))
        return to->size == from->size || to->count == 0 || to->size <= 8;
    if (to->kind == TYPE_ARRAY && (from->kind == TYPE_ARRAY || from->kind == TYPE_STRING))
        return to->size == from->size || to->count == 0;
    if (to->kind == TYPE_POINTER && from->kind == TYPE_ARRAY) return true;
    if (to->kind == TYPE_INT && (from->kind == TYPE_KSYM || from->kind == TYPE_USYM ||
                                 from->kind == TYPE_TIMESTAMP || from->kind == TYPE_MAC))
        return true;
    return false;
}

static const struct type *infer_cast_expr(struct infer *in, struct ast_expr *e) {
    const struct type *from = infer_expr(in, &e->cast.operand);
    const struct type *to = infer_written_type(in, e->cast.to);
    if (!is_known(from)) return from;
    if (!is_known(to)) return to;
    if (to->kind == TYPE_STRUCT && from->kind != TYPE_STRUCT) {
        if (in->final) {
            diag(in->u->diags, e->span, cast, type_name(in->t, from), type_name(in->t, to));
            diag_hint(in->u->diags, "cast to a pointer: (%s *)", type_name(in->t, to));
        }
        return error_type(in);
    }
    if (to->kind == TYPE_ARRAY && to->count == 0 && to->target->size)
        to = types_array(in->t, to->target, from->size / to->target->size);
    // An array takes the bytes of an integer as large as it must be.
    if (to->kind == TYPE_ARRAY && e->cast.operand->kind == AST_INT && from->kind == TYPE_INT)
        e->cast.operand->type = literal_type(in->t, e->cast.operand);
    if (to->kind == TYPE_VOID || !castable(to, from)) return bad_cast(in, e, from, to);
    if (in->final && type_identical(to, from))
        diag(in->u->diags, e->span, cast_unnecessary, type_name(in->t, from));
    if (to->kind == TYPE_POINTER && !to->space) {
        enum type_space space = from->kind == TYPE_POINTER ? from->space : SPACE_NONE;
        if (!space) space = expr_space(in, e->cast.operand);
        to = types_pointer(in->t, types_complete(in->t, to->target), space);
    }
    return to;
}

static const struct type *to_constant(struct infer *in, struct ast_expr **pe, uint64_t value) {
    struct ast_expr *e = *pe;
    e->kind = AST_INT;
    e->type = NULL;
    e->integer.value = value;
    e->integer.is_negative = false;
    e->integer.is_unsigned = false;
    return infer_expr(in, pe);
}

static const struct type *asked(struct infer *in, struct ast_expr *e) {
    return e->size.of ? infer_written_type(in, e->size.of) : infer_expr(in, &e->size.expr);
}

static const struct type *infer_offsetof(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    const struct type *type = asked(in, e);
    if (!is_known(type)) return type;
    if (type->kind == TYPE_POINTER) type = type->target;
    uint64_t offset = 0;
    for (size_t i = 0; i < e->size.fields.len; i++) {
        struct type_field f;
        if (type->kind != TYPE_STRUCT ||
            !types_find_field(in->t, type, e->size.fields.data[i], &f)) {
            diag(in->u->diags, e->span, field_unknown, type_name(in->t, type),
                 e->size.fields.data[i]);
            return error_type(in);
        }
        offset += f.offset;
        type = f.type;
    }
    return to_constant(in, pe, offset);
}

static struct ast_expr *string_node(struct infer *in, struct span span, const char *text) {
    struct ast_expr *e = ast_expr_new(in->u->arena, AST_STRING, span);
    e->string.data = text;
    e->string.len = strlen(text);
    return e;
}

static const char *base_kind(struct types *t, const struct type *type) {
    switch (type->kind) {
    case TYPE_INT:
    case TYPE_ENUM: return "int";
    case TYPE_STRING: return "string";
    case TYPE_BUFFER: return "buffer";
    case TYPE_POINTER: return "pointer";
    case TYPE_ARRAY: return "array";
    case TYPE_STRUCT: return "c_type";
    case TYPE_TUPLE: return type->nfields && *type->fields[0].name ? "record" : "tuple";
    default: return type_name(t, type);
    }
}

// A record of what is known about the type: btf_id, base_type, full_type.
static const struct type *infer_typeinfo(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    const struct type *type = asked(in, e);
    if (!is_known(type)) return type;
    if (!in->settled) return none_type(in);
    struct ast_expr *id = ast_expr_new(in->u->arena, AST_INT, e->span);
    id->integer.value = type->origin_id;
    struct ast_expr *base = string_node(in, e->span, base_kind(in->t, type));
    struct ast_expr *full = string_node(in, e->span, type_name(in->t, type));
    e->kind = AST_RECORD;
    e->tuple.elems = (struct ast_exprs){0};
    e->tuple.names = (struct ast_strings){0};
    VEC_PUSH(in->u->arena, &e->tuple.elems, id);
    VEC_PUSH(in->u->arena, &e->tuple.elems, base);
    VEC_PUSH(in->u->arena, &e->tuple.elems, full);
    VEC_PUSH(in->u->arena, &e->tuple.names, "btf_id");
    VEC_PUSH(in->u->arena, &e->tuple.names, "base_type");
    VEC_PUSH(in->u->arena, &e->tuple.names, "full_type");
    return infer_expr(in, pe);
}

const struct type *infer_cast(struct infer *in, struct ast_expr **pe) {
    struct ast_expr *e = *pe;
    if (e->kind == AST_CAST) return infer_cast_expr(in, e);
    if (e->kind == AST_OFFSETOF) return infer_offsetof(in, pe);
    if (e->kind == AST_TYPEINFO) return infer_typeinfo(in, pe);
    const struct type *type = asked(in, e);
    if (!is_known(type)) return type;
    types_complete(in->t, type);
    // The type of an expression may still grow: the constant is made once it is settled.
    if (!e->size.of && !in->settled) return none_type(in);
    return to_constant(in, pe, type->size);
}
