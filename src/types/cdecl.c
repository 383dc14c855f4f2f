// SPDX-License-Identifier: Apache-2.0
// C definitions of a script: struct, union, enum and typedef, laid out as gcc does on x86-64 and
// aarch64 (System V ABI: natural alignment, bit fields within their storage unit).
#include "types/ctoken.h"

enum { MAX_NESTING = 64 };

VEC_OF(field_vec, struct type_field);

// A struct or union while its members are read.
struct layout {
    uint64_t bits; // next free bit (struct); always 0 for unions
    uint64_t size; // largest member, bits (union)
    uint32_t align;
    bool is_union, packed;
    struct field_vec fields;
};

struct declarator {
    const char *name; // "" when there is none
    const struct type *type;
};

static const struct type *specifiers(struct c_scan *s, bool *is_typedef);

static const struct type *error_type(struct c_scan *s) { return types_basic(s->types, TYPE_VOID); }

// __attribute__((packed, aligned(8))): gives what it says.
static void attributes(struct c_scan *s, bool *packed, uint32_t *align) {
    while (c_accept(s, "__attribute__")) {
        unsigned depth = 0;
        do {
            if (c_is(s, "(")) depth++;
            if (c_is(s, ")")) depth--;
            if (c_is(s, "packed") || c_is(s, "__packed__")) *packed = true;
            if (c_is(s, "aligned") || c_is(s, "__aligned__")) {
                c_next(s);
                if (!c_accept(s, "(")) continue;
                int64_t n = c_constant(s);
                if (n > 0 && n <= 4096) *align = (uint32_t)n;
            }
            c_next(s);
        } while (depth && s->kind != C_END);
    }
}

static bool skip_qualifier(struct c_scan *s) {
    static const char *const words[] = {"const",    "volatile",   "static",   "extern", "inline",
                                        "restrict", "__restrict", "register", "__user", "__rcu",
                                        "__kernel", "__percpu",   "__iomem",  "_Atomic"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (c_accept(s, words[i])) return true;
    if (!c_is(s, "__attribute__")) return false;
    bool packed;
    uint32_t align;
    attributes(s, &packed, &align);
    return true;
}

static void skip_parens(struct c_scan *s) {
    unsigned depth = 0;
    do {
        if (c_is(s, "(")) depth++;
        if (c_is(s, ")")) depth--;
        c_next(s);
    } while (depth && s->kind != C_END);
}

// Array suffixes, outermost first.
static const struct type *array_suffix(struct c_scan *s, const struct type *elem) {
    if (!c_accept(s, "[")) return elem;
    int64_t n = c_is(s, "]") ? 0 : c_constant(s);
    c_expect(s, "]");
    if (++s->depth > MAX_NESTING) {
        c_fail(s, "too many dimensions");
        return elem;
    }
    elem = array_suffix(s, elem);
    s->depth--;
    if (n < 0 || (uint64_t)n * (elem->size ? elem->size : 1) > 1 << 30) {
        c_fail(s, "array size is out of range");
        return elem;
    }
    return types_array(s->types, elem, (uint32_t)n);
}

static struct declarator read_declarator(struct c_scan *s, const struct type *base) {
    struct declarator d = {.name = "", .type = base};
    for (;;) {
        if (c_accept(s, "*"))
            d.type = types_pointer(s->types, d.type, SPACE_NONE);
        else if (!skip_qualifier(s))
            break;
    }
    if (c_is(s, "(")) { // a pointer to a function: its own type does not matter
        c_next(s);
        while (c_accept(s, "*") || skip_qualifier(s)) {
        }
        if (s->kind == C_WORD) d.name = s->word, c_next(s);
        while (c_is(s, "[")) array_suffix(s, error_type(s));
        c_expect(s, ")");
        if (c_is(s, "(")) skip_parens(s);
        d.type = types_pointer(s->types, error_type(s), SPACE_NONE);
        return d;
    }
    if (s->kind == C_WORD) d.name = s->word, c_next(s);
    if (c_is(s, "(")) { // a function: as a member of nothing
        skip_parens(s);
        d.type = types_pointer(s->types, error_type(s), SPACE_NONE);
        return d;
    }
    d.type = array_suffix(s, d.type);
    return d;
}

static uint64_t round_bits(uint64_t bits, uint64_t to) {
    return to ? (bits + to - 1) / to * to : bits;
}

static void add_bit_field(struct c_scan *s, struct layout *l, struct declarator d, int64_t width) {
    uint64_t unit = (uint64_t)d.type->size * 8;
    if (!type_is_integer(d.type) || width < 0 || (uint64_t)width > unit) {
        c_fail(s, "width of bit field '%s' is out of range", d.name);
        return;
    }
    if (width == 0) {
        l->bits = round_bits(l->bits, unit);
        return;
    }
    if (!l->packed && l->bits / unit != (l->bits + (uint64_t)width - 1) / unit)
        l->bits = round_bits(l->bits, unit);
    if (!l->packed && d.type->align > l->align && *d.name) l->align = d.type->align;
    struct type_field f = {.name = d.name,
                           .type = d.type,
                           .offset = (uint32_t)(l->bits / 8),
                           .bit_offset = (uint32_t)(l->bits % 8),
                           .bit_size = (uint32_t)width};
    if (*d.name) VEC_PUSH(s->types->arena, &l->fields, f);
    if (l->is_union)
        l->size = (uint64_t)width > l->size ? (uint64_t)width : l->size;
    else
        l->bits += (uint64_t)width;
}

static void add_field(struct c_scan *s, struct layout *l, struct declarator d, uint32_t aligned) {
    uint32_t align = l->packed ? 1 : d.type->align ? d.type->align : 1;
    if (aligned > align) align = aligned;
    if (d.type->kind == TYPE_STRUCT && !d.type->is_complete && !d.type->origin)
        c_fail(s, "field '%s' has incomplete type '%s'", d.name, d.type->name);
    if (!l->is_union) l->bits = round_bits(l->bits, (uint64_t)align * 8);
    struct type_field f = {
        .name = d.name, .type = d.type, .offset = l->is_union ? 0 : (uint32_t)(l->bits / 8)};
    VEC_PUSH(s->types->arena, &l->fields, f);
    if (align > l->align) l->align = align;
    uint64_t bits = (uint64_t)d.type->size * 8;
    if (l->is_union)
        l->size = bits > l->size ? bits : l->size;
    else
        l->bits += bits;
    if (l->bits > (uint64_t)1 << 32) c_fail(s, "struct is too large");
}

static void members(struct c_scan *s, struct layout *l) {
    while (!c_is(s, "}") && s->kind != C_END) {
        if (c_accept(s, ";")) continue;
        const struct type *base = specifiers(s, NULL);
        if (c_is(s, ";")) { // an anonymous struct or union
            if (base->kind == TYPE_STRUCT)
                add_field(s, l, (struct declarator){.name = "", .type = base}, 0);
            c_next(s);
            continue;
        }
        do {
            struct declarator d = read_declarator(s, base);
            bool packed = false;
            uint32_t align = 0;
            if (c_accept(s, ":"))
                add_bit_field(s, l, d, c_constant(s));
            else {
                attributes(s, &packed, &align);
                add_field(s, l, d, align);
            }
        } while (c_accept(s, ","));
        if (!c_is(s, "}")) c_expect(s, ";"); // the last one may go without
    }
}

static struct type *find_tag(struct c_scan *s, const char *full) {
    struct named_types *v = &s->types->names;
    for (size_t i = v->len; i-- > 0;)
        if (!strcmp(v->data[i].name, full)) return (struct type *)v->data[i].type;
    return NULL;
}

static void name_type(struct c_scan *s, const char *name, const struct type *type) {
    struct named_type n = {.name = name, .type = type};
    VEC_PUSH(s->types->arena, &s->types->names, n);
}

static struct type *new_tagged(struct c_scan *s, enum type_kind kind, const char *full) {
    struct type *t = ARENA_NEW(s->types->arena, struct type);
    t->kind = kind;
    t->name = full;
    t->align = 1;
    if (full) name_type(s, full, t);
    return t;
}

// Does a packed attribute follow the closing brace? It changes the layout of what comes before.
static bool packed_ahead(const struct c_scan *s) {
    struct c_scan ahead = *s;
    bool packed = false;
    uint32_t align;
    for (unsigned depth = 1; depth && ahead.kind != C_END; c_next(&ahead)) {
        if (c_is(&ahead, "{")) depth++;
        if (c_is(&ahead, "}")) depth--;
    }
    attributes(&ahead, &packed, &align);
    return packed;
}

static const struct type *struct_specifier(struct c_scan *s, bool is_union) {
    bool packed = false;
    uint32_t align = 0;
    c_next(s);
    attributes(s, &packed, &align);
    const char *full = NULL;
    if (s->kind == C_WORD) {
        full = arena_printf(s->types->arena, "%s %s", is_union ? "union" : "struct", s->word);
        c_next(s);
    }
    struct type *t = full ? find_tag(s, full) : NULL;
    if (!c_is(s, "{")) {
        if (!full) c_fail(s, "expected a name or '{'");
        if (t) return t;
        const struct type *known = full ? types_find(s->types, full) : NULL;
        if (known) return known;
        t = new_tagged(s, TYPE_STRUCT, full);
        t->is_union = is_union;
        return t;
    }
    if (t && t->is_complete) c_fail(s, "redefinition of '%s'", full);
    if (!t) t = new_tagged(s, TYPE_STRUCT, full);
    if (++s->depth > MAX_NESTING) c_fail(s, "nested too deeply");
    c_next(s);
    struct layout l = {.align = 1, .is_union = is_union, .packed = packed || packed_ahead(s)};
    members(s, &l);
    c_expect(s, "}");
    s->depth--;
    attributes(s, &l.packed, &align);
    if (align > l.align) l.align = align;
    uint64_t bits = round_bits(is_union ? l.size : l.bits, (uint64_t)l.align * 8);
    t->is_union = is_union;
    t->size = (uint32_t)(bits / 8);
    t->align = l.align;
    t->fields = l.fields.data;
    t->nfields = (uint32_t)l.fields.len;
    t->is_complete = !s->error; // else clang may know it
    return t;
}

VEC_OF(enumerator_vec, struct type_enumerator);

static const struct type *enum_specifier(struct c_scan *s) {
    const char *full = NULL;
    c_next(s);
    if (c_is(s, "class")) c_next(s);
    if (s->kind == C_WORD) {
        full = arena_printf(s->types->arena, "enum %s", s->word);
        c_next(s);
    }
    struct type *t = full ? find_tag(s, full) : NULL;
    if (!c_accept(s, "{")) {
        const struct type *known = t ? t : full ? types_find(s->types, full) : NULL;
        return known ? known : types_int(s->types, 32, false);
    }
    if (t) c_fail(s, "redefinition of '%s'", full);
    t = new_tagged(s, TYPE_ENUM, full);
    t->size = t->align = 4;
    struct enumerator_vec list = {0};
    int64_t next = 0;
    while (s->kind == C_WORD) {
        const char *name = s->word;
        for (size_t i = 0; i < s->types->values.len; i++)
            if (!strcmp(s->types->values.data[i].name, name))
                c_fail(s, "redefinition of enumerator '%s'", name);
        c_next(s);
        if (c_accept(s, "=")) next = c_constant(s);
        struct named_value v = {.name = name, .value = next, .type = t};
        VEC_PUSH(s->types->arena, &s->types->values, v);
        VEC_PUSH(s->types->arena, &list, ((struct type_enumerator){name, next}));
        if (next < 0) t->is_signed = true;
        if (next > UINT32_MAX || next < INT32_MIN) t->size = t->align = 8;
        next = (int64_t)((uint64_t)next + 1);
        if (!c_accept(s, ",")) break;
    }
    c_expect(s, "}");
    t->enumerators = list.data;
    t->nenumerators = (uint32_t)list.len;
    t->is_complete = true;
    return t;
}

static bool is_base_word(const char *w) {
    static const char *const words[] = {"unsigned", "signed", "long",  "short",
                                        "int",      "char",   "float", "double"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (!strcmp(w, words[i])) return true;
    return false;
}

// The base type of a declaration. is_typedef NULL: typedef is not allowed here.
static const struct type *specifiers(struct c_scan *s, bool *is_typedef) {
    const struct type *found = NULL;
    char words[128] = "";
    for (;;) {
        if (is_typedef && c_accept(s, "typedef"))
            *is_typedef = true;
        else if (skip_qualifier(s))
            continue;
        else if (!found && (c_is(s, "struct") || c_is(s, "union")))
            found = struct_specifier(s, c_is(s, "union"));
        else if (!found && c_is(s, "enum"))
            found = enum_specifier(s);
        else if (s->kind == C_WORD && !found && (is_base_word(s->word) || !*words)) {
            if (*words && !is_base_word(words) && !strchr(words, ' ')) break;
            if (strlen(words) + strlen(s->word) + 2 > sizeof(words)) break;
            if (*words) strcat(words, " ");
            strcat(words, s->word);
            bool more = is_base_word(s->word);
            c_next(s);
            if (!more) break;
        } else
            break;
    }
    while (skip_qualifier(s)) {
    }
    if (!found && *words && !(found = types_find(s->types, words)))
        c_fail(s, "unknown type name '%s'", words);
    if (!found && !s->error) c_fail(s, "expected a type before '%s'", s->word ? s->word : "number");
    return found ? found : error_type(s);
}

const struct type *c_type_name(struct c_scan *s) {
    const struct type *base = specifiers(s, NULL);
    return read_declarator(s, base).type;
}

static void declaration(struct c_scan *s) {
    bool is_typedef = false;
    const struct type *base = specifiers(s, &is_typedef);
    while (!c_is(s, ";") && s->kind != C_END) {
        struct declarator d = read_declarator(s, base);
        if (!*d.name) {
            c_fail(s, "expected a name before '%s'", s->word ? s->word : "number");
            return;
        }
        if (is_typedef) {
            name_type(s, d.name, d.type);
            bool tagged = d.type->kind == TYPE_STRUCT || d.type->kind == TYPE_ENUM;
            if (tagged && !d.type->name) ((struct type *)d.type)->name = d.name;
        }
        bool packed;
        uint32_t align;
        attributes(s, &packed, &align);
        if (!c_accept(s, ",")) break;
    }
    if (s->kind != C_END) c_expect(s, ";");
}

// Preprocessor lines may stand between members: they are taken out of the text (blanked), and
// what an inactive branch holds goes with them.
static char *preprocess(struct c_scan *s, const char *text, size_t len) {
    char *out = arena_strndup(s->types->arena, text, len);
    for (size_t i = 0; i < len;) {
        size_t end = i;
        while (end < len && !(out[end] == '\n' && (end == 0 || out[end - 1] != '\\'))) end++;
        size_t word = i;
        while (word < end && (out[word] == ' ' || out[word] == '\t')) word++;
        bool directive = word < end && out[word] == '#';
        if (directive) {
            s->at = word;
            cpp_line(s, out + word, end - word);
        }
        if (directive || !cpp_active(s->types))
            for (size_t j = i; j < end; j++)
                if (out[j] != '\n') out[j] = ' ';
        i = end + 1;
    }
    return out;
}

bool types_add_c(struct types *t, const char *text, size_t len, const char **error,
                 size_t *error_offset) {
    struct c_scan lines = {.types = t, .text = text};
    char *rest = preprocess(&lines, text, len);
    struct c_scan s;
    c_begin(&s, t, rest, len);
    if (lines.error) s.error = lines.error, s.error_at = lines.error_at;
    while (s.kind != C_END && !s.error)
        if (!c_accept(&s, ";")) declaration(&s);
    *error = s.error;
    *error_offset = s.error ? s.error_at : 0;
    return !s.error;
}
