// SPDX-License-Identifier: Apache-2.0
// Source lines and inlined functions of addresses through elfutils' libdw. Units are found by a
// table of their code, which is made once; functions of a unit and its lines are read when an
// address is in it. Answers are kept, since stacks repeat. When there are many of either, all of
// it is dropped and begins anew: memory stays bounded however long the run is.
#include "symbols/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "base/attr.h"
#include "base/vec.h"
#include "symbols/debugfile.h"
#include "symbols/demangle.h"

enum {
    MAX_SCOPES = 16,       // namespaces in one another
    MAX_INLINED = 32,      // functions in one another
    MAX_ANSWERS = 1 << 14, // that are kept
    MAX_UNITS = 512,       // whose functions and lines are kept
    ANSWER_BUCKETS = 1 << 12,
    MAX_NESTED = 64, // ranges that are looked at before the nearest one
};

struct range { // of code, [begin, end)
    uint64_t begin, end;
    size_t unit;   // of a unit's code
    Dwarf_Die die; // of a function's
};
VEC_OF(ranges, struct range);

struct unit {
    Dwarf_Die die;      // the tree: in the .dwo file where the unit was split
    Dwarf_Die skeleton; // has the unit's addresses and lines
    struct ranges functions;
    bool read;
};
VEC_OF(units, struct unit);

struct answer {
    uint64_t address;
    const struct lines_frame *frames;
    size_t n;
    struct answer *next;
};

struct lines {
    struct lines_options opts;
    int fd;
    const char *name;
    bool tried; // to open the file
    struct debug_file file;
    // What is below lives in `arena` and is dropped with it.
    struct arena *arena;
    struct units units;
    struct ranges ranges; // of the units' code
    size_t nread, nanswers;
    struct answer **answers; // ANSWER_BUCKETS
};

struct lines *lines_new(int fd, const char *name, const struct lines_options *opts) {
    struct lines *s = calloc(1, sizeof(*s));
    if (!s) return NULL;
    s->opts = *opts;
    s->fd = fd;
    s->name = name;
    s->file.fd = -1;
    return s;
}

static void drop(struct lines *s) {
    debug_file_close(&s->file);
    arena_free(s->arena);
    *s = (struct lines){.opts = s->opts, .fd = s->fd, .name = s->name, .file = s->file};
}

void lines_free(struct lines *s) {
    if (!s) return;
    drop(s);
    free(s);
}

// ---- tables of code ----

static int by_begin(const void *a, const void *b) {
    const struct range *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end > y->end ? -1 : x->end < y->end;
}

static void sort(struct ranges *r) {
    if (r->len) qsort(r->data, r->len, sizeof(*r->data), by_begin);
}

static const struct range *range_at(const struct ranges *r, uint64_t address) {
    size_t low = 0, high = r->len;
    while (low < high) { // the first that begins behind the address
        size_t mid = low + (high - low) / 2;
        if (r->data[mid].begin <= address)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = low; i > 0 && low - i < MAX_NESTED; i--)
        if (address < r->data[i - 1].end) return &r->data[i - 1];
    return NULL;
}

static void add_ranges(struct lines *s, struct ranges *to, Dwarf_Die *of, size_t unit,
                       const Dwarf_Die *die) {
    Dwarf_Addr base, begin, end;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(of, at, &base, &begin, &end)) > 0;) {
        struct range r = {.begin = begin, .end = end, .unit = unit, .die = *die};
        VEC_PUSH(s->arena, to, r);
    }
}

static void open_file(struct lines *s) {
    char path[32];
    const char *why;
    s->tried = true;
    s->arena = arena_new();
    s->answers = arena_alloc(s->arena, ANSWER_BUCKETS * sizeof(struct answer *));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
    struct debug_search search = {s->arena, s->opts.dirs, s->opts.ndirs};
    if (!debug_file_open(&search, path, s->name, &s->file, &why)) return;
    Dwarf_Die top, split;
    for (Dwarf_CU *cu = NULL;
         dwarf_get_units(s->file.dwarf, cu, &cu, NULL, NULL, &top, &split) == 0;) {
        struct unit u = {.die = split.cu ? split : top, .skeleton = top};
        VEC_PUSH(s->arena, &s->units, u);
        add_ranges(s, &s->ranges, &u.skeleton, s->units.len - 1, &u.die);
    }
    sort(&s->ranges);
}

static void read_functions(struct lines *s, struct unit *u, Dwarf_Die *parent, unsigned depth) {
    Dwarf_Die die;
    if (depth > MAX_SCOPES || dwarf_child(parent, &die)) return;
    do {
        int tag = dwarf_tag(&die);
        if (tag == DW_TAG_namespace || tag == DW_TAG_module)
            read_functions(s, u, &die, depth + 1);
        else if (tag == DW_TAG_subprogram)
            add_ranges(s, &u->functions, &die, 0, &die);
    } while (dwarf_siblingof(&die, &die) == 0);
}

static struct unit *unit_at(struct lines *s, uint64_t address) {
    const struct range *r = range_at(&s->ranges, address);
    if (!r) return NULL;
    struct unit *u = &s->units.data[r->unit];
    if (!u->read) {
        u->read = true;
        s->nread++;
        read_functions(s, u, &u->die, 0);
        sort(&u->functions);
    }
    return u;
}

// ---- one address ----

static const char *name_of(struct lines *s, Dwarf_Die *die) {
    Dwarf_Attribute attr;
    const char *mangled = NULL;
    if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attr) ||
        dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attr))
        mangled = dwarf_formstring(&attr);
    char *plain = mangled && s->opts.demangle ? demangle(mangled) : NULL;
    const char *name = plain ? arena_strdup(s->arena, plain) : mangled;
    free(plain);
    return name ? name : dwarf_diename(die);
}

// The inlined functions that an address is in, outermost first.
static size_t inlined_at(Dwarf_Die die, uint64_t address, Dwarf_Die out[MAX_INLINED]) {
    Dwarf_Die child;
    size_t n = 0;
    while (n < MAX_INLINED && dwarf_child(&die, &child) == 0) {
        int tag, next = 0;
        do {
            tag = dwarf_tag(&child);
            bool block = tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine ||
                         tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
            if (block && dwarf_haspc(&child, address) > 0) break;
            next = dwarf_siblingof(&child, &child);
        } while (next == 0);
        if (next) break;
        if (tag == DW_TAG_inlined_subroutine) out[n++] = child;
        die = child;
    }
    return n;
}

struct place {
    const char *file;
    int line;
};

static struct place line_at(struct unit *u, uint64_t address) {
    struct place p = {0};
    Dwarf_Line *line = dwarf_getsrc_die(&u->skeleton, address);
    if (line && dwarf_lineno(line, &p.line) == 0 && p.line)
        p.file = dwarf_linesrc(line, NULL, NULL);
    return p;
}

// Where the function that is inlined at `die` was called.
static struct place call_of(struct unit *u, Dwarf_Die *die) {
    struct place p = {0};
    Dwarf_Attribute attr;
    Dwarf_Word file = 0, line = 0;
    Dwarf_Files *files;
    size_t n;
    if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &file) ||
        dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &line) ||
        dwarf_getsrcfiles(&u->skeleton, &files, &n) || file >= n)
        return p;
    p.file = dwarf_filesrc(files, file, NULL, NULL);
    p.line = (int)line;
    return p;
}

static struct lines_frame frame(const char *name, struct place p) {
    return (struct lines_frame){
        .name = name, .file = p.file, .line = p.file ? (unsigned)p.line : 0};
}

static void resolve(struct lines *s, struct answer *a) {
    struct unit *u = unit_at(s, a->address);
    if (!u) return;
    const struct range *r = range_at(&u->functions, a->address);
    Dwarf_Die inlined[MAX_INLINED];
    size_t n = r ? inlined_at(r->die, a->address, inlined) : 0;
    struct lines_frame *out = arena_alloc(s->arena, (n + 1) * sizeof(*out));
    struct place place = line_at(u, a->address);
    for (size_t i = 0; i < n; i++) {
        Dwarf_Die *die = &inlined[n - 1 - i];
        out[i] = frame(name_of(s, die), place);
        out[i].inlined = true;
        place = call_of(u, die);
    }
    Dwarf_Die function = {0};
    Dwarf_Addr entry = 0;
    if (r) function = r->die;
    out[n] = frame(r ? name_of(s, &function) : NULL, place);
    if (r && dwarf_entrypc(&function, &entry)) entry = r->begin;
    out[n].entry = entry;
    a->frames = out;
    a->n = n + 1;
}

size_t lines_frames(struct lines *s, uint64_t address, struct lines_frame *out, size_t max) {
    if (s->nanswers >= MAX_ANSWERS || s->nread >= MAX_UNITS) drop(s);
    if (!s->tried) open_file(s);
    if (!s->file.dwarf) return 0;
    struct answer **bucket = &s->answers[(address ^ address >> 12) % ANSWER_BUCKETS];
    struct answer *a = *bucket;
    while (a && a->address != address) a = a->next;
    if (!a) {
        a = ARENA_NEW(s->arena, struct answer);
        a->address = address;
        a->next = *bucket;
        *bucket = a;
        s->nanswers++;
        resolve(s, a);
    }
    size_t n = a->n < max ? a->n : max;
    // The function itself is what must not be missing.
    if (n) memcpy(out, a->frames + (a->n - n), n * sizeof(*out));
    return n;
}
