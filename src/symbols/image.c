// SPDX-License-Identifier: Apache-2.0
// Functions of an ELF file in one sorted table: its own, those of the file that was split off it,
// those it keeps compressed. Names lie in one block.
#include "symbols/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/debugfile.h"
#include "symbols/demangle.h"
#include "symbols/elf_file.h"

struct function {
    uint64_t begin, size; // virtual, bytes; size 0: up to the next one
    uint32_t name;        // offset into names
    uint8_t rank;         // which of several names is shown: the lowest
    bool plain;           // the name was demangled, or need not be
};

struct segment { // of code
    uint64_t offset, address, size;
};

enum { MAX_SEGMENTS = 8, MAX_NESTED = 64 };

struct image {
    struct lines_options opts;
    char *name; // owned
    char *id;   // owned, or NULL
    int fd;     // -1: in memory
    Elf *elf;   // until the functions were read
    dev_t dev;
    ino_t ino;
    bool fixed, read;
    struct segment segments[MAX_SEGMENTS];
    size_t nsegments;
    struct function *functions;
    size_t n, cap;
    char *names;
    size_t names_len, names_cap;
    struct lines *lines; // NULL: not asked for yet
};

static void read_segments(struct image *im) {
    size_t n = 0;
    GElf_Ehdr header;
    im->fixed = gelf_getehdr(im->elf, &header) && header.e_type == ET_EXEC;
    if (elf_getphdrnum(im->elf, &n)) n = 0;
    for (size_t i = 0; i < n && im->nsegments < MAX_SEGMENTS; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(im->elf, (int)i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
            continue;
        im->segments[im->nsegments++] = (struct segment){ph.p_offset, ph.p_vaddr, ph.p_memsz};
    }
}

// Takes the ELF file, which may be NULL.
static struct image *image_new(Elf *elf, int fd, const char *name) {
    struct image *im = elf && elf_kind(elf) == ELF_K_ELF ? calloc(1, sizeof(*im)) : NULL;
    if (im) im->name = strdup(name);
    if (!im || !im->name) {
        if (elf) elf_end(elf);
        if (fd >= 0) close(fd);
        free(im);
        return NULL;
    }
    im->fd = fd;
    im->elf = elf;
    im->id = elf_file_build_id(elf);
    read_segments(im);
    return im;
}

struct image *image_open(const char *path, const char *name, const struct lines_options *opts) {
    struct stat st;
    // A device or a pipe may be mapped too: to open it could block, or do something.
    if (stat(path, &st) || !S_ISREG(st.st_mode)) return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return NULL;
    elf_version(EV_CURRENT);
    struct image *im = image_new(elf_begin(fd, ELF_C_READ_MMAP, NULL), fd, name);
    if (!im) return NULL;
    im->opts = *opts;
    im->dev = st.st_dev;
    im->ino = st.st_ino;
    return im;
}

struct image *image_vdso(void) {
    unsigned char *page = (unsigned char *)getauxval(AT_SYSINFO_EHDR);
    if (!page) return NULL;
    elf_version(EV_CURRENT);
    Elf64_Ehdr header;
    memcpy(&header, page, sizeof(header));
    size_t len = header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
    return image_new(elf_memory((char *)page, len), -1, "[vdso]");
}

void image_free(struct image *im) {
    if (!im) return;
    lines_free(im->lines);
    if (im->elf) elf_end(im->elf);
    if (im->fd >= 0) close(im->fd);
    free(im->functions);
    free(im->names);
    free(im->name);
    free(im->id);
    free(im);
}

const char *image_name(const struct image *im) { return im->name; }
const char *image_build_id(const struct image *im) { return im->id ? im->id : ""; }
bool image_is_fixed(const struct image *im) { return im->fixed; }

bool image_is(const struct image *im, dev_t dev, ino_t ino) {
    return im->fd >= 0 && im->dev == dev && im->ino == ino;
}

size_t image_size(const struct image *im) {
    return sizeof(*im) + im->cap * sizeof(*im->functions) + im->names_cap;
}

static const struct segment *segment_at(const struct image *im, uint64_t address) {
    for (size_t i = 0; i < im->nsegments; i++)
        if (address - im->segments[i].address < im->segments[i].size) return &im->segments[i];
    return NULL;
}

bool image_address(const struct image *im, uint64_t offset, uint64_t *address) {
    for (size_t i = 0; i < im->nsegments; i++) {
        const struct segment *s = &im->segments[i];
        if (offset - s->offset >= s->size) continue;
        *address = offset - s->offset + s->address;
        return true;
    }
    return false;
}

// ---- functions ----

static bool add_name(struct image *im, const char *name, size_t len, uint32_t *at) {
    if (im->names_len + len + 1 > im->names_cap) {
        size_t cap = im->names_cap * 2 + len + 4096;
        char *more = cap < UINT32_MAX ? realloc(im->names, cap) : NULL;
        if (!more) return false;
        im->names = more;
        im->names_cap = cap;
    }
    *at = (uint32_t)im->names_len;
    memcpy(im->names + *at, name, len);
    im->names[*at + len] = '\0';
    im->names_len += len + 1;
    return true;
}

static void add_function(struct image *im, struct function f, const char *name) {
    if (im->n == im->cap) {
        size_t cap = im->cap ? im->cap * 2 : 256;
        struct function *more = realloc(im->functions, cap * sizeof(*more));
        if (!more) return;
        im->functions = more;
        im->cap = cap;
    }
    // Versions ("malloc@@GLIBC_2.2.5") are no part of the name.
    if (add_name(im, name, strcspn(name, "@"), &f.name)) im->functions[im->n++] = f;
}

// Names that programs use come before those that only the file knows.
static uint8_t rank_of(const GElf_Sym *sym, const char *name) {
    unsigned bind = GELF_ST_BIND(sym->st_info);
    uint8_t rank = bind == STB_GLOBAL ? 0 : bind == STB_WEAK ? 1 : 2;
    if (GELF_ST_TYPE(sym->st_info) == STT_NOTYPE) rank += 8;
    return *name == '_' ? rank + 4 : rank;
}

static void read_table(struct image *im, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh) {
    Elf_Data *data = elf_getdata(scn, NULL);
    size_t n = sh->sh_entsize ? sh->sh_size / sh->sh_entsize : 0;
    for (size_t i = 0; data && i < n; i++) {
        GElf_Sym sym;
        if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF) continue;
        unsigned type = GELF_ST_TYPE(sym.st_info);
        // Assembly often leaves the type out; $x and the like mark kinds of code on ARM.
        bool code = type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
        const char *name = code ? elf_strptr(elf, sh->sh_link, sym.st_name) : NULL;
        if (!name || !*name || *name == '$' || !segment_at(im, sym.st_value)) continue;
        struct function f = {
            .begin = sym.st_value, .size = sym.st_size, .rank = rank_of(&sym, name)};
        add_function(im, f, name);
    }
}

// Says whether .symtab is there, which has what .dynsym has and more.
static bool read_tables(struct image *im, Elf *elf) {
    Elf_Scn *tables[2] = {0};
    GElf_Shdr headers[2], sh;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
        if (!gelf_getshdr(scn, &sh)) continue;
        int slot = sh.sh_type == SHT_SYMTAB ? 0 : sh.sh_type == SHT_DYNSYM ? 1 : -1;
        if (slot < 0) continue;
        tables[slot] = scn;
        headers[slot] = sh;
    }
    int slot = tables[0] ? 0 : 1;
    if (tables[slot]) read_table(im, elf, tables[slot], &headers[slot]);
    return tables[0] != NULL;
}

static int by_begin(const void *a, const void *b) {
    const struct function *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (!x->size != !y->size) return x->size ? 1 : -1; // the best is the last
    if (x->rank != y->rank) return x->rank > y->rank ? -1 : 1;
    return x->name > y->name ? -1 : x->name < y->name;
}

static void read_functions(struct image *im) {
    im->read = true;
    if (!read_tables(im, im->elf)) {
        struct debug_file debug;
        void *memory;
        struct arena *arena = arena_new();
        struct debug_search search = {arena, im->opts.dirs, im->opts.ndirs};
        Elf *mini = elf_minidebug(im->elf, &memory);
        if (mini) {
            read_tables(im, mini);
            elf_end(mini);
            free(memory);
        }
        if (im->fd >= 0 && debug_file_split(&search, im->elf, im->name, DEBUG_SYMBOLS, &debug)) {
            read_tables(im, debug.elf);
            debug_file_close(&debug);
        }
        arena_free(arena);
    }
    elf_end(im->elf);
    im->elf = NULL;
    if (im->n) qsort(im->functions, im->n, sizeof(*im->functions), by_begin);
}

static struct function *function_at(struct image *im, uint64_t address) {
    size_t low = 0, high = im->n;
    while (low < high) { // the first that begins behind the address
        size_t mid = low + (high - low) / 2;
        if (im->functions[mid].begin <= address)
            low = mid + 1;
        else
            high = mid;
    }
    struct function *nearest = low ? &im->functions[low - 1] : NULL;
    if (nearest && !nearest->size && segment_at(im, nearest->begin) == segment_at(im, address))
        return nearest;
    // Functions may lie in one another.
    for (size_t i = low; i > 0 && low - i < MAX_NESTED; i--) {
        struct function *f = &im->functions[i - 1];
        if (address - f->begin < f->size) return f;
    }
    return NULL;
}

const char *image_function(struct image *im, uint64_t address, uint64_t *begin) {
    if (!im->read) read_functions(im);
    struct function *f = function_at(im, address);
    if (!f) return NULL;
    if (!f->plain && im->opts.demangle) {
        char *plain = demangle(im->names + f->name);
        if (plain) add_name(im, plain, strlen(plain), &f->name);
        free(plain);
    }
    f->plain = true;
    *begin = f->begin;
    return im->names + f->name;
}

size_t image_lines(struct image *im, uint64_t address, struct lines_frame *out, size_t max) {
    if (im->fd < 0) return 0;
    if (!im->lines) im->lines = lines_new(im->fd, im->name, &im->opts);
    return im->lines ? lines_frames(im->lines, address, out, max) : 0;
}
