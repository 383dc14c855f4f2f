// SPDX-License-Identifier: Apache-2.0
// Constants of a program's enums, by their bare names.
#include "types/dwarf.h"

#include <dwarf.h>

#include "types/dwarf_internal.h"

enum { MAX_SCOPES = 16 };

static void read_enum(struct dwarf_file *f, Dwarf_Die *of) {
    Dwarf_Die item;
    if (die_flag(of, DW_AT_declaration) || dwarf_child(of, &item)) return;
    do {
        struct dwarf_constant c = {.name = die_name(&item), .of = *of};
        if (dwarf_tag(&item) == DW_TAG_enumerator) VEC_PUSH(f->types->arena, &f->constants, c);
    } while (dwarf_siblingof(&item, &item) == 0);
}

static void read_scope(struct dwarf_file *f, Dwarf_Die *scope, unsigned depth) {
    Dwarf_Die die;
    if (depth > MAX_SCOPES || dwarf_child(scope, &die)) return;
    do {
        switch (dwarf_tag(&die)) {
        case DW_TAG_enumeration_type: read_enum(f, &die); break;
        case DW_TAG_namespace:
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
        case DW_TAG_union_type: read_scope(f, &die, depth + 1); break;
        default: break;
        }
    } while (dwarf_siblingof(&die, &die) == 0);
}

static void read_constants(struct dwarf_file *f) {
    if (f->constants_read || !f->file.dwarf) return;
    f->constants_read = true;
    dwarf_read_units(f);
    for (size_t i = 0; i < f->units.len; i++) read_scope(f, &f->units.data[i].die, 0);
}

bool dwarf_find_constant(struct types *t, const char *program, const char *name, int64_t *value,
                         const struct type **type) {
    struct dwarf_file *f = dwarf_file_of(t, program);
    read_constants(f);
    for (size_t i = 0; i < f->constants.len; i++) {
        struct dwarf_constant *c = &f->constants.data[i];
        if (strcmp(c->name, name)) continue;
        *type = types_complete(t, dwarf_convert(f, &c->of));
        for (uint32_t k = 0; k < (*type)->nenumerators; k++) {
            if (strcmp((*type)->enumerators[k].name, name)) continue;
            *value = (*type)->enumerators[k].value;
            return true;
        }
    }
    return false;
}

void dwarf_each_constant(struct types *t, const char *program,
                         void (*each)(void *ctx, const char *name), void *ctx) {
    struct dwarf_file *f = dwarf_file_of(t, program);
    read_constants(f);
    for (size_t i = 0; i < f->constants.len; i++) each(ctx, f->constants.data[i].name);
}
