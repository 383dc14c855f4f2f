// SPDX-License-Identifier: Apache-2.0
// Private parts of the store of types, shared by type.c, find.c, btf.c and cdecl.c.
#pragma once

#include "base/vec.h"
#include "types/btf.h"
#include "types/type.h"

struct named_type { // struct, union, enum ("struct x") and typedef names of the script
    const char *name;
    const struct type *type;
};
VEC_OF(named_types, struct named_type);

struct named_value { // enum constants of the script
    const char *name;
    int64_t value;
    const struct type *type;
};
VEC_OF(named_values, struct named_value);

struct define { // #define NAME text
    const char *name;
    const char *text;
    bool busy; // being evaluated: guards against recursion
};
VEC_OF(defines, struct define);

struct condition { // an #if that is open
    bool active;   // its lines count
    bool taken;    // some branch was taken
    bool parent;   // the surroundings are active
};
VEC_OF(conditions, struct condition);

VEC_OF(type_vec, struct type *);

struct btf_store;
VEC_OF(btf_files, struct btf_file *);

// Who reads the inside of a struct or enum: the first member of what a reader keeps for it.
struct type_origin {
    void (*complete)(struct types *t, struct type *type);
};

struct dwarf_file;
VEC_OF(dwarf_files, struct dwarf_file *);

enum { INTERN_BUCKETS = 256 };

struct open_header { // one that is being read; on the stack of its reader
    const char *path;
    const struct open_header *outer;
};

struct types {
    struct arena *arena;
    struct types_options opts;
    struct type_vec interned[INTERN_BUCKETS];
    struct named_types names;
    struct named_values values;
    struct defines defines;
    struct conditions conditions;
    struct btf_store *btf; // NULL until asked for
    bool btf_tried;
    struct dwarf_files dwarf_files;         // of the programs that were asked about
    const char *btf_why;                    // why there is none
    struct btf_files c_files;               // what clang made of C text, before the kernel's
    const struct open_header *open_headers; // the innermost
    const char *unread; // the first header that the own reader does not understand, and why
};

// Gives the one type that is like *want (not for structs, enums, tuples).
const struct type *types_intern(struct types *t, const struct type *want);

// find.c: "unsigned long int" and the like; NULL when it is no basic name.
const struct type *types_find_basic(struct types *t, const char *name);

// btf.c
const struct type *btf_find_type(struct types *t, const char *tag, const char *name);
bool btf_find_constant(struct types *t, const char *name, int64_t *value, const struct type **type);
// Calls each() for every enumerator that the script's C code and the kernel know.
void btf_each_constant(struct types *t, void (*each)(void *ctx, const char *name), void *ctx);
void btf_free(struct btf_store *b);
void btf_files_free(struct btf_files *files);

// dwarf.c
void dwarf_free(struct types *t);

// constants.c: the built-in table.
bool constant_find(const char *name, int64_t *value);
void constant_each(void (*each)(void *ctx, const char *name), void *ctx);

// cdecl.c: evaluates a #define; false when it is no integer.
bool define_value(struct types *t, struct define *d, int64_t *value);
struct define *define_find(struct types *t, const char *name);
