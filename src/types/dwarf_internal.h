// SPDX-License-Identifier: Apache-2.0
// Private parts of the reader of DWARF: dwarf.c (files, functions, names),
// dwarf_type.c (types) and dwarf_line.c (places in source files).
#pragma once

#include "symbols/debugfile.h"
#include "types/dwarf.h"
#include "types/types_internal.h"

struct dwarf_range { // of code, [begin, end)
    uint64_t begin, end;
    size_t unit;
};
VEC_OF(dwarf_ranges, struct dwarf_range);

struct dwarf_entry { // of a function
    uint64_t address;
    Dwarf_Die die;
};
VEC_OF(dwarf_entries, struct dwarf_entry);

struct dwarf_unit {
    Dwarf_Die die;      // the tree: in the .dwo file where the unit was split
    Dwarf_Die skeleton; // has the unit's addresses
    struct dwarf_entries functions;
    bool functions_read;
};
VEC_OF(dwarf_units, struct dwarf_unit);

// A struct or enum whose inside is read later.
struct dwarf_type {
    struct type_origin origin;
    struct dwarf_file *file;
    Dwarf_Die die;
    struct type *type;
};
VEC_OF(dwarf_types, struct dwarf_type *);

struct dwarf_name { // the answer to a question, also that there is none
    const char *name;
    const struct type *type;
};
VEC_OF(dwarf_names, struct dwarf_name);

struct dwarf_file {
    struct types *types;
    const char *path;
    const char *why; // there is no debug information, or NULL
    struct debug_file file;
    struct dwarf_units units;
    bool units_read;
    struct dwarf_ranges ranges; // of the units' code
    bool ranges_read;
    struct dwarf_types seen;
    struct dwarf_names names;
    unsigned depth; // of conversions that are under way
};

// The name of a DIE, "" where it has none.
const char *die_name(Dwarf_Die *die);
// What DW_AT_type leads to, also through DW_AT_abstract_origin; false: void.
bool die_type(Dwarf_Die *die, Dwarf_Die *out);
bool die_flag(Dwarf_Die *die, unsigned attribute);

// dwarf.c: the program's file, opened at the first question.
struct dwarf_file *dwarf_file_of(struct types *t, const char *program);
void dwarf_read_units(struct dwarf_file *f);

// dwarf_type.c
// The type at `die`; NULL: void. Pointers have no address space: who traces the program knows it.
const struct type *dwarf_convert(struct dwarf_file *f, Dwarf_Die *die);
// The same as C writes it, in the form of bpftrace's listings: "const char*".
const char *dwarf_type_text(struct dwarf_file *f, Dwarf_Die *die);
