// SPDX-License-Identifier: Apache-2.0
// Debug information of programs through elfutils' libdw: functions by their address, types by
// their name. Units are walked along their first level (and namespaces) alone; what is inside a
// DIE is read when it is asked for. Conversion of types is in dwarf_type.c.
#include "types/dwarf.h"

#include <stdlib.h>

#include <dwarf.h>

#include "types/dwarf_internal.h"

enum { MAX_SCOPES = 16 };

const char *die_name(Dwarf_Die *die) {
    const char *name = dwarf_diename(die);
    return name ? name : "";
}

bool die_type(Dwarf_Die *die, Dwarf_Die *out) {
    Dwarf_Attribute attr;
    return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, out);
}

bool die_flag(Dwarf_Die *die, unsigned attribute) {
    Dwarf_Attribute attr;
    bool value;
    return dwarf_attr(die, attribute, &attr) && dwarf_formflag(&attr, &value) == 0 && value;
}

struct dwarf_file *dwarf_file_of(struct types *t, const char *program) {
    for (size_t i = 0; i < t->dwarf_files.len; i++)
        if (!strcmp(t->dwarf_files.data[i]->path, program)) return t->dwarf_files.data[i];
    struct dwarf_file *f = ARENA_NEW(t->arena, struct dwarf_file);
    f->types = t;
    f->path = arena_strdup(t->arena, program);
    f->file.fd = -1;
    struct debug_search search = {t->arena, t->opts.debug_dirs, t->opts.ndebug_dirs};
    debug_file_open(&search, program, program, &f->file, &f->why);
    VEC_PUSH(t->arena, &t->dwarf_files, f);
    return f;
}

void dwarf_free(struct types *t) {
    for (size_t i = 0; i < t->dwarf_files.len; i++) debug_file_close(&t->dwarf_files.data[i]->file);
}

bool types_have_dwarf(struct types *t, const char *program, const char **why) {
    struct dwarf_file *f = dwarf_file_of(t, program);
    if (why) *why = f->why;
    return f->file.dwarf != NULL;
}

void dwarf_read_units(struct dwarf_file *f) {
    if (f->units_read) return;
    f->units_read = true;
    Dwarf_Die top, split;
    for (Dwarf_CU *unit = NULL;
         dwarf_get_units(f->file.dwarf, unit, &unit, NULL, NULL, &top, &split) == 0;) {
        struct dwarf_unit u = {.die = split.cu ? split : top, .skeleton = top};
        VEC_PUSH(f->types->arena, &f->units, u);
    }
}

// ---- functions ----

static void read_ranges(struct dwarf_file *f) {
    if (f->ranges_read) return;
    f->ranges_read = true;
    dwarf_read_units(f);
    for (size_t i = 0; i < f->units.len; i++) {
        Dwarf_Addr base, begin, end;
        for (ptrdiff_t at = 0;
             (at = dwarf_ranges(&f->units.data[i].skeleton, at, &base, &begin, &end)) > 0;) {
            struct dwarf_range r = {begin, end, i};
            VEC_PUSH(f->types->arena, &f->ranges, r);
        }
    }
}

// Where the code of a function begins: of one in several parts, the first is entered.
static bool entry_of(Dwarf_Die *die, uint64_t *address) {
    Dwarf_Addr base, begin, end;
    bool found = dwarf_entrypc(die, &begin) == 0 || dwarf_ranges(die, 0, &base, &begin, &end) > 0;
    if (found) *address = begin;
    return found;
}

// Functions with code among the children of a DIE, and in its namespaces.
static void read_functions(struct dwarf_file *f, struct dwarf_unit *u, Dwarf_Die *parent,
                           unsigned depth) {
    Dwarf_Die die;
    if (depth > MAX_SCOPES || dwarf_child(parent, &die)) return;
    do {
        int tag = dwarf_tag(&die);
        struct dwarf_entry entry = {.die = die};
        if (tag == DW_TAG_namespace || tag == DW_TAG_module)
            read_functions(f, u, &die, depth + 1);
        else if (tag == DW_TAG_subprogram && entry_of(&die, &entry.address))
            VEC_PUSH(f->types->arena, &u->functions, entry);
    } while (dwarf_siblingof(&die, &die) == 0);
}

static bool find_entry(struct dwarf_file *f, uint64_t address, Dwarf_Die *out) {
    read_ranges(f);
    for (size_t i = 0; i < f->ranges.len; i++) {
        const struct dwarf_range *r = &f->ranges.data[i];
        if (address < r->begin || address >= r->end) continue;
        struct dwarf_unit *u = &f->units.data[r->unit];
        if (!u->functions_read) read_functions(f, u, &u->die, 0);
        u->functions_read = true;
        for (size_t k = 0; k < u->functions.len; k++) {
            if (u->functions.data[k].address != address) continue;
            *out = u->functions.data[k].die;
            return true;
        }
    }
    return false;
}

VEC_OF(params, struct type_param);

// Code that was made from a function may list its parameters in part only; what it was made from
// has all, in order.
static void read_params(struct dwarf_file *f, Dwarf_Die *function, struct params *out) {
    struct arena *a = f->types->arena;
    Dwarf_Die from = *function, die, type;
    Dwarf_Attribute attr;
    if (dwarf_attr(function, DW_AT_abstract_origin, &attr)) dwarf_formref_die(&attr, &from);
    if (dwarf_child(&from, &die)) return;
    do {
        if (dwarf_tag(&die) != DW_TAG_formal_parameter) continue;
        bool typed = die_type(&die, &type);
        const char *name = die_name(&die);
        if (!strcmp(name, "__in_chrg")) continue; // GCC's own, for destructors: never given
        struct type_param p = {.name = *name ? arena_strdup(a, name)
                                             : arena_printf(a, "arg%zu", out->len),
                               .type = dwarf_convert(f, typed ? &type : NULL)};
        const char *text = dwarf_type_text(f, typed ? &type : NULL);
        p.decl = *name ? arena_printf(a, "%s %s", text, name) : text;
        VEC_PUSH(a, out, p);
    } while (dwarf_siblingof(&die, &die) == 0);
}

const struct type_func *dwarf_find_func(struct types *t, const char *program, uint64_t entry,
                                        const char **why) {
    struct dwarf_file *f = dwarf_file_of(t, program);
    Dwarf_Die die, type;
    if ((*why = f->why)) return NULL;
    if (!find_entry(f, entry, &die)) {
        *why = arena_printf(t->arena, "%s has no debug information of it", program);
        return NULL;
    }
    struct params params = {0};
    read_params(f, &die, &params);
    bool typed = die_type(&die, &type);
    struct type_func *out = ARENA_NEW(t->arena, struct type_func);
    *out = (struct type_func){.name = arena_strdup(t->arena, die_name(&die)),
                              .module = f->path,
                              .params = params.data,
                              .nparams = (uint32_t)params.len,
                              .ret = dwarf_convert(f, typed ? &type : NULL),
                              .ret_decl = dwarf_type_text(f, typed ? &type : NULL)};
    return out;
}

// ---- types by name ----

struct search {
    const char *name; // without "struct "
    bool any_scope;   // the name is given without its namespaces
    unsigned tags;    // TAG_* that are wanted
    Dwarf_Die found;
};

enum { TAG_STRUCT = 1, TAG_UNION = 2, TAG_ENUM = 4, TAG_TYPEDEF = 8 };

static unsigned tag_bit(int tag) {
    switch (tag) {
    case DW_TAG_structure_type:
    case DW_TAG_class_type: return TAG_STRUCT;
    case DW_TAG_union_type: return TAG_UNION;
    case DW_TAG_enumeration_type: return TAG_ENUM;
    case DW_TAG_typedef: return TAG_TYPEDEF;
    default: return 0;
    }
}

static bool search_scope(struct search *s, Dwarf_Die *parent, const char *name, unsigned depth);

// Goes into a namespace or class that the rest of the name may be in.
static bool search_inner(struct search *s, Dwarf_Die *scope, const char *name, unsigned depth) {
    const char *own = die_name(scope);
    size_t n = strlen(own);
    if (!n) return search_scope(s, scope, name, depth + 1);
    if (!strncmp(name, own, n) && !strncmp(name + n, "::", 2))
        return search_scope(s, scope, name + n + 2, depth + 1);
    return s->any_scope && search_scope(s, scope, name, depth + 1);
}

static bool search_scope(struct search *s, Dwarf_Die *parent, const char *name, unsigned depth) {
    Dwarf_Die die;
    if (depth > MAX_SCOPES || dwarf_child(parent, &die)) return false;
    do {
        int tag = dwarf_tag(&die);
        unsigned bit = tag_bit(tag);
        if ((bit & s->tags) && !strcmp(die_name(&die), name) &&
            !die_flag(&die, DW_AT_declaration)) {
            s->found = die;
            return true;
        }
        bool scope = tag == DW_TAG_namespace || (bit == TAG_STRUCT && strstr(name, "::"));
        if (scope && search_inner(s, &die, name, depth)) return true;
    } while (dwarf_siblingof(&die, &die) == 0);
    return false;
}

static const struct type *search_file(struct dwarf_file *f, const char *name) {
    static const struct {
        const char *word;
        unsigned tags;
    } words[] = {{"struct ", TAG_STRUCT},
                 {"class ", TAG_STRUCT},
                 {"union ", TAG_UNION},
                 {"enum ", TAG_ENUM},
                 {"", TAG_STRUCT | TAG_UNION | TAG_ENUM | TAG_TYPEDEF}};
    struct search s = {0};
    for (size_t i = 0; !s.tags; i++) {
        size_t n = strlen(words[i].word);
        if (strncmp(name, words[i].word, n)) continue;
        s.name = name + n;
        s.tags = words[i].tags;
    }
    dwarf_read_units(f);
    for (int any = 0; any < 2; any++) {
        s.any_scope = any;
        for (size_t i = 0; i < f->units.len; i++)
            if (search_scope(&s, &f->units.data[i].die, s.name, 0))
                return dwarf_convert(f, &s.found);
    }
    return NULL;
}

const struct type *dwarf_find_type(struct types *t, const char *program, const char *name) {
    struct dwarf_file *f = dwarf_file_of(t, program);
    if (!f->file.dwarf) return NULL;
    for (size_t i = 0; i < f->names.len; i++)
        if (!strcmp(f->names.data[i].name, name)) return f->names.data[i].type;
    struct dwarf_name answer = {arena_strdup(t->arena, name), search_file(f, name)};
    VEC_PUSH(t->arena, &f->names, answer);
    return answer.type;
}
