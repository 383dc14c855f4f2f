// SPDX-License-Identifier: Apache-2.0
// Types out of DWARF. Structs and enums are named at once and read when their inside is asked for.
// The tags and attributes are those of "DWARF Debugging Information Format", versions 2 to 5.
#include <dwarf.h>
#include <stdlib.h>

#include "types/dwarf_internal.h"

enum { MAX_DEPTH = 64 };

static bool die_number(Dwarf_Die *die, unsigned attribute, uint64_t *out) {
    Dwarf_Attribute attr;
    Dwarf_Word value;
    if (!dwarf_attr_integrate(die, attribute, &attr) || dwarf_formudata(&attr, &value))
        return false;
    *out = value;
    return true;
}

static uint32_t die_size(Dwarf_Die *die) {
    int n = dwarf_bytesize(die);
    return n > 0 ? (uint32_t)n : 0;
}

static uint32_t align_of(uint32_t size) {
    return size % 8 == 0 ? 8 : size % 4 == 0 ? 4 : size % 2 == 0 ? 2 : 1;
}

// ---- base types, pointers, arrays ----

// What no integer holds: __int128, complex numbers, vectors, as words; x87's long double as bytes.
static const struct type *words_type(struct dwarf_file *f, uint32_t size, uint32_t unit,
                                     bool is_float) {
    if (size % unit) unit = 1;
    struct type w = *types_array(f->types, types_int(f->types, unit * 8, false), size / unit);
    w.is_float = is_float;
    if (size % 16 == 0) w.align = 16;
    return types_intern(f->types, &w);
}

static const struct type *convert_base(struct dwarf_file *f, Dwarf_Die *die) {
    uint64_t encoding = DW_ATE_unsigned;
    uint32_t size = die_size(die);
    die_number(die, DW_AT_encoding, &encoding);
    bool is_float = encoding == DW_ATE_float || encoding == DW_ATE_complex_float ||
                    encoding == DW_ATE_imaginary_float || encoding == DW_ATE_decimal_float;
    if (encoding == DW_ATE_boolean && size == 1) return types_basic(f->types, TYPE_BOOL);
    bool whole = size == 1 || size == 2 || size == 4 || size == 8;
    if (encoding == DW_ATE_complex_float) return words_type(f, size, size / 2, true);
    if (!whole) return words_type(f, size, strcmp(die_name(die), "long double") ? 8 : 1, is_float);
    struct type w = {.kind = TYPE_INT,
                     .size = size,
                     .align = size,
                     .is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char,
                     .is_char = size == 1 && !strcmp(die_name(die), "char"),
                     .is_float = is_float};
    return types_intern(f->types, &w);
}

static uint64_t dimension(Dwarf_Die *range) {
    uint64_t n = 0;
    if (die_number(range, DW_AT_count, &n)) return n;
    if (die_number(range, DW_AT_upper_bound, &n)) return (uint32_t)n == UINT32_MAX ? 0 : n + 1;
    return 0; // a flexible array, or one whose size is computed
}

static const struct type *convert_array(struct dwarf_file *f, Dwarf_Die *die) {
    Dwarf_Die elem, range;
    uint64_t counts[8];
    unsigned n = 0;
    if (die_flag(die, DW_AT_GNU_vector) && die_size(die))
        return words_type(f, die_size(die), 8, true);
    const struct type *type = dwarf_convert(f, die_type(die, &elem) ? &elem : NULL);
    if (dwarf_child(die, &range) == 0) do
            if (dwarf_tag(&range) == DW_TAG_subrange_type && n < ARRAY_LEN(counts))
                counts[n++] = dimension(&range);
        while (dwarf_siblingof(&range, &range) == 0);
    if (!n) counts[n++] = 0;
    while (n) { // the last dimension is the innermost
        uint64_t count = counts[--n];
        if (type->size && count > UINT32_MAX / type->size) count = 0;
        type = types_array(f->types, type, (uint32_t)count);
    }
    return type;
}

static const struct type *convert_pointer(struct dwarf_file *f, Dwarf_Die *die) {
    Dwarf_Die to;
    const struct type *target = dwarf_convert(f, die_type(die, &to) ? &to : NULL);
    // In C++ what a reference to an array refers to is indexed like the array.
    if (target->kind == TYPE_ARRAY && dwarf_tag(die) != DW_TAG_pointer_type)
        target = target->target;
    return types_pointer(f->types, target, SPACE_NONE);
}

// A pointer to a member is an offset; one to a member function is two words (Itanium C++ ABI, 2.3).
static const struct type *convert_member_pointer(struct dwarf_file *f, Dwarf_Die *die) {
    Dwarf_Die to;
    bool function = die_type(die, &to) && dwarf_tag(&to) == DW_TAG_subroutine_type;
    return function ? words_type(f, 16, 8, false) : types_int(f->types, 64, true);
}

// ---- structs and enums ----

static bool tag_is_struct(int tag) {
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

static bool member_offset(Dwarf_Die *die, uint64_t *out) {
    Dwarf_Attribute attr;
    Dwarf_Op *ops;
    size_t n;
    *out = 0;
    if (!dwarf_attr_integrate(die, DW_AT_data_member_location, &attr)) return true; // of a union
    Dwarf_Word value;
    if (dwarf_formudata(&attr, &value) == 0) {
        *out = value;
        return true;
    }
    // DWARF 2 has an expression; a longer one finds a virtual base, which only a run can.
    if (dwarf_getlocation(&attr, &ops, &n) || n != 1 || ops->atom != DW_OP_plus_uconst)
        return false;
    *out = ops->number;
    return true;
}

// Fields of bits: DWARF 4 counts from the struct's start, DWARF 2 from the high end of a unit.
static void bit_place(Dwarf_Die *die, struct type_field *field) {
    uint64_t width = 0, at = 0, unit = field->type->size;
    if (!die_number(die, DW_AT_bit_size, &width)) return;
    if (!die_number(die, DW_AT_data_bit_offset, &at) && die_number(die, DW_AT_bit_offset, &at)) {
        die_number(die, DW_AT_byte_size, &unit);
        at = field->offset * 8ull + unit * 8 - at - width;
    } else {
        at += field->offset * 8ull;
    }
    field->offset = (uint32_t)(at / 8);
    field->bit_offset = at % 8;
    field->bit_size = (uint32_t)width;
}

// A broken file may have a struct inside itself, if both are as large; nobody who goes through
// types expects that. `budget` is of DIEs that are looked at.
static bool holds_itself(Dwarf_Die *inner, const Dwarf_Die *outer, unsigned *budget) {
    Dwarf_Die member, type;
    if (inner->addr == outer->addr) return true;
    if (dwarf_child(inner, &member)) return false;
    do {
        if (!*budget || !--*budget) return true;
        int tag = dwarf_tag(&member);
        if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || !die_type(&member, &type))
            continue;
        while (dwarf_peel_type(&type, &type) == 0 && dwarf_tag(&type) == DW_TAG_array_type)
            if (!die_type(&type, &type)) return true;
        if (die_size(&type) == die_size(inner) && holds_itself(&type, outer, budget)) return true;
    } while (dwarf_siblingof(&member, &member) == 0);
    return false;
}

// Can a member of this type be at `offset` of the struct?
static bool fits(Dwarf_Die *outer, Dwarf_Die *type, const struct type_field *field) {
    unsigned budget = 4096;
    uint64_t size = die_size(outer);
    if (field->offset + (uint64_t)field->type->size > size) return field->type->size == 0;
    Dwarf_Die inner = *type;
    while (dwarf_peel_type(&inner, &inner) == 0 && dwarf_tag(&inner) == DW_TAG_array_type)
        if (!die_type(&inner, &inner)) return true;
    return die_size(&inner) != size || !tag_is_struct(dwarf_tag(&inner)) ||
           !holds_itself(&inner, outer, &budget);
}

VEC_OF(fields, struct type_field);

// A base class is like an anonymous member: its members are found through it.
static void add_member(struct dwarf_file *f, Dwarf_Die *outer, Dwarf_Die *die, struct fields *out) {
    int tag = dwarf_tag(die);
    uint64_t offset;
    Dwarf_Die of;
    if (tag != DW_TAG_member && tag != DW_TAG_inheritance) return;
    if (tag == DW_TAG_member && die_flag(die, DW_AT_external)) return; // static
    if (!die_type(die, &of) || !member_offset(die, &offset) || offset > UINT32_MAX) return;
    const char *name = tag == DW_TAG_member ? die_name(die) : "";
    struct type_field field = {.name = arena_strdup(f->types->arena, name),
                               .type = dwarf_convert(f, &of),
                               .offset = (uint32_t)offset};
    bit_place(die, &field);
    if (!field.bit_size && !fits(outer, &of, &field)) return;
    VEC_PUSH(f->types->arena, out, field);
}

// The parameter of a copy or move constructor is a reference to the class, and the only one.
static bool is_copy(Dwarf_Die *of, Dwarf_Die *constructor) {
    Dwarf_Die param, type;
    bool found = false;
    if (dwarf_child(constructor, &param)) return false;
    do {
        if (dwarf_tag(&param) != DW_TAG_formal_parameter || die_flag(&param, DW_AT_artificial))
            continue;
        if (found || !die_type(&param, &type)) return false;
        int tag = dwarf_tag(&type);
        if (tag != DW_TAG_reference_type && tag != DW_TAG_rvalue_reference_type) return false;
        found =
            die_type(&type, &type) && dwarf_peel_type(&type, &type) == 0 && type.addr == of->addr;
        if (!found) return false;
    } while (dwarf_siblingof(&param, &param) == 0);
    return found;
}

// A destructor or copy constructor that somebody wrote: copying such an object is more than copying
// its bytes (Itanium C++ ABI, "non-trivial for the purposes of calls").
static bool is_own_copying(Dwarf_Die *of, Dwarf_Die *member) {
    uint64_t defaulted = 0;
    if (dwarf_tag(member) != DW_TAG_subprogram || die_flag(member, DW_AT_artificial) ||
        die_flag(member, DW_AT_deleted))
        return false;
    die_number(member, DW_AT_defaulted, &defaulted);
    if (defaulted == DW_DEFAULTED_in_class) return false;
    const char *name = die_name(member), *class = die_name(of);
    if (*name == '~') return true;
    size_t n = strcspn(class, "<"); // constructors of templates have no arguments in their name
    return strlen(name) == n && !strncmp(name, class, n) && is_copy(of, member);
}

// Must functions be given the address of such an object? clang says so; for gcc what makes it so is
// looked for. What it has inside may demand the same.
static bool is_by_reference(Dwarf_Die *die) {
    uint64_t how = 0;
    Dwarf_Die member;
    if (die_number(die, DW_AT_calling_convention, &how)) return how == DW_CC_pass_by_reference;
    if (dwarf_hasattr(die, DW_AT_containing_type)) return true; // it has virtual functions
    if (dwarf_child(die, &member)) return false;
    do
        if (is_own_copying(die, &member)) return true;
    while (dwarf_siblingof(&member, &member) == 0);
    return false;
}

static void complete_struct(struct dwarf_file *f, Dwarf_Die *die, struct type *type) {
    struct fields fields = {0};
    Dwarf_Die member;
    if (dwarf_child(die, &member) == 0) do
            add_member(f, die, &member, &fields);
        while (dwarf_siblingof(&member, &member) == 0);
    type->fields = fields.data;
    type->nfields = (uint32_t)fields.len;
    type->is_by_reference = is_by_reference(die);
}

VEC_OF(enumerators, struct type_enumerator);

static void complete_enum(struct dwarf_file *f, Dwarf_Die *die, struct type *type) {
    struct enumerators list = {0};
    Dwarf_Die item;
    Dwarf_Attribute attr;
    if (dwarf_child(die, &item) == 0) do {
            Dwarf_Word u = 0;
            Dwarf_Sword s = 0;
            if (dwarf_tag(&item) != DW_TAG_enumerator ||
                !dwarf_attr(&item, DW_AT_const_value, &attr))
                continue;
            if (type->is_signed)
                dwarf_formsdata(&attr, &s);
            else if (dwarf_formudata(&attr, &u) == 0)
                s = (Dwarf_Sword)u;
            struct type_enumerator e = {arena_strdup(f->types->arena, die_name(&item)), s};
            VEC_PUSH(f->types->arena, &list, e);
        } while (dwarf_siblingof(&item, &item) == 0);
    type->enumerators = list.data;
    type->nenumerators = (uint32_t)list.len;
}

// Reads the inside. Of a declaration, that of the definition, which another unit may have.
static void complete(struct types *t, struct type *type) {
    struct dwarf_type *d = (struct dwarf_type *)type->origin;
    type->is_complete = true;
    if (die_flag(&d->die, DW_AT_declaration)) {
        const struct type *real = type->name ? dwarf_find_type(t, d->file->path, type->name) : NULL;
        if (!real || real == type || real->kind != type->kind) return;
        types_complete(t, real);
        type->size = real->size;
        type->align = real->align;
        type->fields = real->fields;
        type->nfields = real->nfields;
        type->enumerators = real->enumerators;
        type->nenumerators = real->nenumerators;
        type->is_by_reference = real->is_by_reference;
    } else if (type->kind == TYPE_ENUM) {
        complete_enum(d->file, &d->die, type);
    } else {
        complete_struct(d->file, &d->die, type);
    }
}

static bool is_signed_enum(Dwarf_Die *die) {
    Dwarf_Die of, item;
    Dwarf_Attribute attr;
    uint64_t encoding;
    if (die_type(die, &of) && dwarf_peel_type(&of, &of) == 0 &&
        die_number(&of, DW_AT_encoding, &encoding))
        return encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
    if (dwarf_child(die, &item)) return false;
    return dwarf_attr(&item, DW_AT_const_value, &attr) && dwarf_whatform(&attr) == DW_FORM_sdata;
}

static const char *tag_word(int tag) {
    return tag == DW_TAG_union_type ? "union" : tag == DW_TAG_enumeration_type ? "enum" : "struct";
}

// `name` may come from a typedef of what has no name itself.
static const struct type *convert_tagged(struct dwarf_file *f, Dwarf_Die *die, const char *name) {
    struct arena *a = f->types->arena;
    Dwarf_Attribute signature;
    Dwarf_Die unit; // a declaration that names its definition in a type unit
    if (dwarf_attr(die, DW_AT_signature, &signature) && dwarf_formref_die(&signature, &unit))
        die = &unit;
    for (size_t i = 0; i < f->seen.len; i++)
        if (f->seen.data[i]->die.addr == die->addr) return f->seen.data[i]->type;
    int tag = dwarf_tag(die);
    bool is_enum = tag == DW_TAG_enumeration_type;
    const char *own = die_name(die);
    struct type *type = ARENA_NEW(a, struct type);
    struct dwarf_type *d = ARENA_NEW(a, struct dwarf_type);
    *d = (struct dwarf_type){.origin.complete = complete, .file = f, .die = *die, .type = type};
    type->kind = is_enum ? TYPE_ENUM : TYPE_STRUCT;
    type->size = die_size(die);
    type->align = align_of(type->size);
    type->is_union = tag == DW_TAG_union_type;
    type->is_signed = is_enum && is_signed_enum(die);
    type->name = *own   ? arena_printf(a, "%s %s", tag_word(tag), own)
                 : name ? arena_strdup(a, name)
                        : NULL;
    type->origin = &d->origin;
    VEC_PUSH(a, &f->seen, d);
    return type;
}

static const struct type *convert_bare(struct dwarf_file *f, Dwarf_Die *die, const char *name) {
    switch (dwarf_tag(die)) {
    case DW_TAG_base_type: return convert_base(f, die);
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type: return convert_pointer(f, die);
    case DW_TAG_ptr_to_member_type: return convert_member_pointer(f, die);
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type: return convert_tagged(f, die, name);
    case DW_TAG_array_type: return convert_array(f, die);
    case DW_TAG_unspecified_type: // of nullptr
        return types_pointer(f->types, types_basic(f->types, TYPE_VOID), SPACE_NONE);
    default: return types_basic(f->types, TYPE_VOID);
    }
}

static bool is_qualifier(int tag) {
    return tag == DW_TAG_const_type || tag == DW_TAG_volatile_type || tag == DW_TAG_restrict_type ||
           tag == DW_TAG_atomic_type;
}

const struct type *dwarf_convert(struct dwarf_file *f, Dwarf_Die *die) {
    const char *name = NULL;
    Dwarf_Die at;
    if (die) at = *die;
    for (unsigned i = 0; die && i < MAX_DEPTH; i++) {
        int tag = dwarf_tag(&at);
        if (!is_qualifier(tag) && tag != DW_TAG_typedef) {
            if (f->depth >= MAX_DEPTH) break; // no compiler writes such a type
            f->depth++;
            const struct type *type = convert_bare(f, &at, name);
            f->depth--;
            return type;
        }
        if (tag == DW_TAG_typedef) name = die_name(&at);
        if (!die_type(&at, &at)) break;
    }
    return types_basic(f->types, TYPE_VOID);
}

// ---- text ----

static const char *text_of(struct dwarf_file *f, Dwarf_Die *die, unsigned depth) {
    struct arena *a = f->types->arena;
    Dwarf_Die of;
    if (!die || depth > MAX_DEPTH) return "void";
    int tag = dwarf_tag(die);
    const char *name = die_name(die);
    const char *inner = "void";
    if (tag_is_struct(tag) || tag == DW_TAG_enumeration_type)
        return arena_printf(a, "%s %s", tag == DW_TAG_class_type ? "class" : tag_word(tag),
                            *name ? name : "<anonymous>");
    if (tag == DW_TAG_base_type || tag == DW_TAG_typedef) return arena_strdup(a, name);
    if (tag == DW_TAG_subroutine_type) return "void (*)()";
    if (tag == DW_TAG_unspecified_type) return "void*";
    if (die_type(die, &of)) inner = text_of(f, &of, depth + 1);
    switch (tag) {
    case DW_TAG_pointer_type: return strchr(inner, '(') ? inner : arena_printf(a, "%s*", inner);
    case DW_TAG_reference_type: return arena_printf(a, "%s&", inner);
    case DW_TAG_rvalue_reference_type: return arena_printf(a, "%s&&", inner);
    case DW_TAG_ptr_to_member_type: return arena_printf(a, "%s ::*", inner);
    case DW_TAG_array_type: {
        const struct type *array = dwarf_convert(f, die);
        return arena_printf(a, "%s[%u]", inner, array->count);
    }
    case DW_TAG_const_type:
    case DW_TAG_volatile_type: {
        const char *word = tag == DW_TAG_const_type ? "const" : "volatile";
        char last = inner[strlen(inner) - 1];
        return last == '*' || last == '&' ? arena_printf(a, "%s %s", inner, word)
                                          : arena_printf(a, "%s %s", word, inner);
    }
    default: return inner;
    }
}

const char *dwarf_type_text(struct dwarf_file *f, Dwarf_Die *die) { return text_of(f, die, 0); }
