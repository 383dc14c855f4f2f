// SPDX-License-Identifier: Apache-2.0
// Places in source files to addresses, by the line tables of DWARF.
#include <dwarf.h>

#include "types/dwarf_internal.h"

struct place {
    const char *file; // as asked for: the end of a path
    int line, column; // column 0: any
    const char *path; // that the file turned out to be, or NULL
    bool found;
    uint64_t address;
};

// Does a path end with these components?
static bool ends_with(const char *path, const char *end) {
    size_t n = strlen(path), m = strlen(end);
    if (n < m || strcmp(path + n - m, end)) return false;
    return n == m || *end == '/' || path[n - m - 1] == '/';
}

// The first statement of the line in a unit. False with *why when the name fits two files.
static bool search_unit(struct dwarf_file *f, struct dwarf_unit *u, struct place *p,
                        const char **why) {
    Dwarf_Lines *lines;
    size_t n;
    if (dwarf_getsrclines(&u->skeleton, &lines, &n)) return true;
    for (size_t i = 0; i < n; i++) {
        Dwarf_Line *line = dwarf_onesrcline(lines, i);
        const char *source = dwarf_linesrc(line, NULL, NULL);
        int number = 0, column = 0;
        bool begins = false;
        Dwarf_Addr address;
        if (!source || !ends_with(source, p->file)) continue;
        if (p->path && strcmp(p->path, source)) {
            *why = arena_printf(f->types->arena, "%s is the name of several files: %s, %s", p->file,
                                p->path, source);
            return false;
        }
        if (!p->path) p->path = arena_strdup(f->types->arena, source);
        dwarf_lineno(line, &number);
        dwarf_linecol(line, &column);
        dwarf_linebeginstatement(line, &begins);
        if (p->found || number != p->line || (p->column && column != p->column) || !begins ||
            dwarf_lineaddr(line, &address))
            continue;
        p->found = true;
        p->address = address;
    }
    return true;
}

bool dwarf_find_line(struct types *t, const char *program, const char *file, int line, int column,
                     uint64_t *address, const char **why) {
    struct dwarf_file *f = dwarf_file_of(t, program);
    struct place p = {.file = file, .line = line, .column = column};
    if ((*why = f->why)) return false;
    dwarf_read_units(f);
    // Units of that file first: the tables of all would take long. Then code of an included file.
    for (int included = 0; included < 2 && !p.path; included++)
        for (size_t i = 0; i < f->units.len; i++) {
            struct dwarf_unit *u = &f->units.data[i];
            bool own = ends_with(die_name(&u->die), file) || ends_with(file, die_name(&u->die));
            if (own != !included) continue;
            if (!search_unit(f, u, &p, why)) return false;
        }
    *address = p.address;
    if (p.found) return true;
    *why = p.path ? arena_printf(t->arena, "there is no statement at line %d of %s", line, file)
                  : arena_printf(t->arena, "no source file of %s is named %s", program, file);
    return false;
}
