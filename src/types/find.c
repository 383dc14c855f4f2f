// SPDX-License-Identifier: Apache-2.0
// Types, fields and constants by name: the script's definitions first, then the language's and
// C's names, then the traced program's debug information, then BTF.
#include <stdlib.h>

#include "types/dwarf.h"
#include "types/types_internal.h"

static const struct {
    const char *name;
    uint8_t bits;
    bool is_signed;
} int_names[] = {
    {"int8", 8, true},
    {"int16", 16, true},
    {"int32", 32, true},
    {"int64", 64, true},
    {"uint8", 8, false},
    {"uint16", 16, false},
    {"uint32", 32, false},
    {"uint64", 64, false},
    {"s8", 8, true},
    {"s16", 16, true},
    {"s32", 32, true},
    {"s64", 64, true},
    {"u8", 8, false},
    {"u16", 16, false},
    {"u32", 32, false},
    {"u64", 64, false},
    {"__s8", 8, true},
    {"__s16", 16, true},
    {"__s32", 32, true},
    {"__s64", 64, true},
    {"__u8", 8, false},
    {"__u16", 16, false},
    {"__u32", 32, false},
    {"__u64", 64, false},
    {"int8_t", 8, true},
    {"int16_t", 16, true},
    {"int32_t", 32, true},
    {"int64_t", 64, true},
    {"uint8_t", 8, false},
    {"uint16_t", 16, false},
    {"uint32_t", 32, false},
    {"uint64_t", 64, false},
    {"u_int8_t", 8, false},
    {"u_int16_t", 16, false},
    {"u_int32_t", 32, false},
    {"u_int64_t", 64, false},
    {"__be16", 16, false},
    {"__be32", 32, false},
    {"__be64", 64, false},
    {"__le16", 16, false},
    {"__le32", 32, false},
    {"__le64", 64, false},
    {"size_t", 64, false},
    {"ssize_t", 64, true},
    {"uintptr_t", 64, false},
    {"intptr_t", 64, true},
    {"ptrdiff_t", 64, true},
    {"pid_t", 32, true},
    {"uid_t", 32, false},
    {"gid_t", 32, false},
    {"off_t", 64, true},
    {"loff_t", 64, true},
    {"mode_t", 32, false},
    {"umode_t", 16, false},
    {"dev_t", 32, false},
    {"ino_t", 64, false},
    {"time_t", 64, true},
    {"time64_t", 64, true},
    {"ktime_t", 64, true},
    {"sector_t", 64, false},
    {"gfp_t", 32, false},
    {"socklen_t", 32, false},
    {"in_addr_t", 32, false},
    {"in_port_t", 16, false},
    {"sa_family_t", 16, false},
    {"clockid_t", 32, true},
    {"uint", 32, false},
    {"ulong", 64, false},
    {"ushort", 16, false},
    {"uchar", 8, false},
    {"wchar_t", 32, true},
    {"key_t", 32, true},
    {"nlink_t", 64, false},
    {"suseconds_t", 64, true},
    {"useconds_t", 32, false},
    {"fmode_t", 32, false},
    {"dma_addr_t", 64, false},
    {"phys_addr_t", 64, false},
    {"resource_size_t", 64, false},
    {"blkcnt_t", 64, false},
    {"cputime_t", 64, false},
};

static const struct type *char_type(struct types *t, bool is_signed) {
    struct type w = {
        .kind = TYPE_INT, .size = 1, .align = 1, .is_signed = is_signed, .is_char = true};
    return types_intern(t, &w);
}

// C's base types: any order of unsigned, signed, short, long, int, char.
static const struct type *c_words(struct types *t, const char *name) {
    unsigned longs = 0, shorts = 0, chars = 0, ints = 0, words = 0;
    bool is_unsigned = false, has_sign = false;
    char buf[64];
    if (strlen(name) >= sizeof(buf)) return NULL;
    strcpy(buf, name);
    char *save = NULL;
    for (char *w = strtok_r(buf, " ", &save); w; w = strtok_r(NULL, " ", &save), words++) {
        if (!strcmp(w, "long"))
            longs++;
        else if (!strcmp(w, "short"))
            shorts++;
        else if (!strcmp(w, "char"))
            chars++;
        else if (!strcmp(w, "int"))
            ints++;
        else if (!strcmp(w, "unsigned") || !strcmp(w, "signed"))
            is_unsigned = w[0] == 'u', has_sign = true;
        else
            return NULL;
    }
    if (!words || longs > 2 || shorts > 1 || chars > 1 || ints > 1) return NULL;
    (void)has_sign;
    if (chars) return char_type(t, !is_unsigned);
    return types_int(t, longs ? 64 : shorts ? 16 : 32, !is_unsigned);
}

const struct type *types_find_basic(struct types *t, const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(int_names); i++)
        if (!strcmp(int_names[i].name, name))
            return types_int(t, int_names[i].bits, int_names[i].is_signed);
    if (!strcmp(name, "bool") || !strcmp(name, "_Bool")) return types_basic(t, TYPE_BOOL);
    if (!strcmp(name, "void")) return types_basic(t, TYPE_VOID);
    if (!strcmp(name, "float")) return types_int(t, 32, false);
    if (!strcmp(name, "double")) return types_int(t, 64, false);
    static const struct {
        const char *name;
        enum type_kind kind;
    } kinds[] = {
        {"ksym_t", TYPE_KSYM},   {"usym_t", TYPE_USYM},       {"inet", TYPE_INET},
        {"macaddr_t", TYPE_MAC}, {"username", TYPE_USERNAME}, {"count_t", TYPE_COUNT},
        {"sum_t", TYPE_SUM},     {"avg_t", TYPE_AVG},         {"min_t", TYPE_MIN},
        {"max_t", TYPE_MAX},     {"stats_t", TYPE_STATS},     {"timestamp", TYPE_TIMESTAMP},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (!strcmp(kinds[i].name, name)) return types_basic(t, kinds[i].kind);
    return c_words(t, name);
}

static const struct type *script_type(struct types *t, const char *name) {
    for (size_t i = t->names.len; i-- > 0;)
        if (!strcmp(t->names.data[i].name, name)) return t->names.data[i].type;
    return NULL;
}

static const char *const tags[] = {"struct", "union", "enum"};

// Declared in the script, with no definition there.
static bool is_declared_only(const struct type *type) {
    return type->kind == TYPE_STRUCT && !type->is_complete && !type->origin;
}

// What the script or the language defines.
static const struct type *find_defined(struct types *t, const char *name) {
    const struct type *found = script_type(t, name);
    if (!found) found = types_find_basic(t, name);
    for (size_t i = 0; !found && i < ARRAY_LEN(tags); i++)
        found = script_type(t, arena_printf(t->arena, "%s %s", tags[i], name));
    return found;
}

const struct type *types_find(struct types *t, const char *name) {
    const struct type *own = find_defined(t, name), *found;
    if (own && !is_declared_only(own)) return own;
    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        size_t n = strlen(tags[i]);
        if (strncmp(name, tags[i], n) || name[n] != ' ') continue;
        found = btf_find_type(t, tags[i], name + n + 1);
        return found ? found : own;
    }
    if (strchr(name, ' ')) return own;
    if ((found = btf_find_type(t, "typedef", name))) return found;
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if ((found = btf_find_type(t, tags[i], name))) return found;
    return own;
}

const struct type *types_find_in(struct types *t, const char *program, const char *name) {
    const struct type *found = find_defined(t, name);
    if (found && is_declared_only(found)) found = NULL;
    if (!found && program) found = dwarf_find_type(t, program, name);
    return found ? found : types_find(t, name);
}

// A pointer may have been made to what was only declared then, and is defined now.
static void adopt_definition(struct types *t, struct type *type) {
    const struct type *real = types_find(t, type->name);
    if (!real || real == type || real->kind != TYPE_STRUCT) return;
    types_complete(t, real);
    const char *name = type->name;
    *type = *real;
    type->name = name;
}

const struct type *types_complete(struct types *t, const struct type *type) {
    if (is_declared_only(type) && type->name && t->c_files.len)
        adopt_definition(t, (struct type *)type);
    if (!type->is_complete && type->origin) type->origin->complete(t, (struct type *)type);
    return type;
}

void types_complete_all(struct types *t, const struct type *type) {
    if (type->kind == TYPE_ARRAY) types_complete_all(t, type->target);
    if (type->kind != TYPE_STRUCT && type->kind != TYPE_TUPLE && type->kind != TYPE_ENUM) return;
    types_complete(t, type);
    for (uint32_t i = 0; i < type->nfields; i++) types_complete_all(t, type->fields[i].type);
}

bool types_find_field(struct types *t, const struct type *type, const char *name,
                      struct type_field *out) {
    types_complete(t, type);
    for (uint32_t i = 0; i < type->nfields; i++) {
        const struct type_field *f = &type->fields[i];
        if (f->name && !strcmp(f->name, name)) {
            *out = *f;
            return true;
        }
    }
    for (uint32_t i = 0; i < type->nfields; i++) {
        const struct type_field *f = &type->fields[i];
        if (f->name && *f->name) continue;
        if (f->type->kind != TYPE_STRUCT || !types_find_field(t, f->type, name, out)) continue;
        out->offset += f->offset;
        return true;
    }
    return false;
}

bool types_find_constant(struct types *t, const char *name, int64_t *value,
                         const struct type **type) {
    *type = NULL;
    for (size_t i = 0; i < t->values.len; i++) {
        if (strcmp(t->values.data[i].name, name)) continue;
        *value = t->values.data[i].value;
        *type = t->values.data[i].type;
        return true;
    }
    struct define *d = define_find(t, name);
    if (d) return define_value(t, d, value);
    if (constant_find(name, value)) return true;
    return btf_find_constant(t, name, value, type);
}

void types_each_constant(struct types *t, void (*each)(void *ctx, const char *name), void *ctx) {
    for (size_t i = 0; i < t->values.len; i++) each(ctx, t->values.data[i].name);
    for (size_t i = 0; i < t->defines.len; i++) each(ctx, t->defines.data[i].name);
    constant_each(each, ctx);
    btf_each_constant(t, each, ctx);
}

const struct type *types_find_basic_name(struct types *t, const char *name) {
    return types_find_basic(t, name);
}
