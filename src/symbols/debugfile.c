// SPDX-License-Identifier: Apache-2.0
// Debug information that was split off a program: where distributions and objcopy put it, which
// GDB's manual describes ("Debugging Information in Separate Files"). What belongs to another
// build is refused, by build-id or by the checksum of the debug link.
#include "symbols/debugfile.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <zlib.h>

#include "base/attr.h"

// What a file says of the one that was split off it.
struct wanted {
    const unsigned char *build_id; // in the program's memory
    size_t build_id_len;           // 0: it has none
    const char *link;              // name of the debug link, or NULL
    GElf_Word crc;
    enum debug_need need;
};

static bool file_open(const char *path, struct debug_file *f) {
    *f = (struct debug_file){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (f->fd < 0) return false;
    elf_version(EV_CURRENT);
    f->elf = elf_begin(f->fd, ELF_C_READ_MMAP, NULL);
    if (f->elf && elf_kind(f->elf) == ELF_K_ELF) return true;
    debug_file_close(f);
    errno = ENOEXEC;
    return false;
}

void debug_file_close(struct debug_file *f) {
    if (f->dwarf) dwarf_end(f->dwarf);
    if (f->elf) elf_end(f->elf);
    if (f->fd >= 0) close(f->fd);
    *f = (struct debug_file){.fd = -1};
}

// Opens the DWARF inside, where there are units in it.
static bool has_dwarf(struct debug_file *f) {
    Dwarf_CU *unit = NULL;
    f->dwarf = dwarf_begin_elf(f->elf, DWARF_C_READ, NULL);
    if (f->dwarf && dwarf_get_units(f->dwarf, NULL, &unit, NULL, NULL, NULL, NULL) == 0)
        return true;
    if (f->dwarf) dwarf_end(f->dwarf);
    f->dwarf = NULL;
    return false;
}

static bool has_symbols(Elf *elf) {
    GElf_Shdr sh;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));)
        if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB) return true;
    return false;
}

static bool has(struct debug_file *f, enum debug_need need) {
    return need == DEBUG_DWARF ? has_dwarf(f) : has_symbols(f->elf);
}

// The build-id of a file, in its memory; its length, 0: it has none. By sections: in a debug file
// the segments are those of the program, and not there. (dwelf_elf_gnu_build_id does the same, but
// brings in all of libdwfl and, at the start of every run, a look for debuginfod's library.)
static size_t build_id(Elf *elf, const unsigned char **id) {
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
        GElf_Shdr sh;
        GElf_Nhdr note;
        size_t name, content;
        Elf_Data *data =
            gelf_getshdr(scn, &sh) && sh.sh_type == SHT_NOTE ? elf_getdata(scn, NULL) : NULL;
        for (size_t at = 0; data && (at = gelf_getnote(data, at, &note, &name, &content)) > 0;) {
            const char *bytes = data->d_buf;
            if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof("GNU") ||
                memcmp(bytes + name, "GNU", sizeof("GNU")))
                continue;
            *id = (const unsigned char *)bytes + content;
            return note.n_descsz;
        }
    }
    return 0;
}

// The checksum that a debug link holds: CRC-32 of the whole file.
static bool has_crc(const struct debug_file *f, GElf_Word want) {
    size_t len;
    const char *data = elf_rawfile(f->elf, &len);
    if (!data) return false;
    uLong crc = crc32(0, Z_NULL, 0);
    for (size_t at = 0; at < len;) {
        uInt n = len - at > 1 << 30 ? 1 << 30 : (uInt)(len - at);
        crc = crc32(crc, (const Bytef *)data + at, n);
        at += n;
    }
    return crc == want;
}

static bool belongs(const struct debug_file *f, const struct wanted *w) {
    const unsigned char *id;
    size_t n = w->build_id_len ? build_id(f->elf, &id) : 0;
    if (n) return n == w->build_id_len && !memcmp(id, w->build_id, n);
    return !w->link || has_crc(f, w->crc);
}

static bool try_file(const char *path, const struct wanted *w, struct debug_file *out) {
    struct debug_file f;
    if (!file_open(path, &f)) return false;
    if (belongs(&f, w) && has(&f, w->need)) {
        *out = f;
        return true;
    }
    debug_file_close(&f);
    return false;
}

static bool by_build_id(struct arena *a, const char *root, const struct wanted *w,
                        struct debug_file *out) {
    if (w->build_id_len < 2) return false;
    char *hex = arena_alloc(a, 2 * w->build_id_len + 1);
    for (size_t i = 0; i < w->build_id_len; i++) snprintf(hex + 2 * i, 3, "%02x", w->build_id[i]);
    return try_file(arena_printf(a, "%s/.build-id/%.2s/%s.debug", root, hex, hex + 2), w, out);
}

// `folder` is the program's, "" or with a slash at its end.
static bool by_link(struct arena *a, const char *root, const char *folder, const char *name,
                    const struct wanted *w, struct debug_file *out) {
    return (*folder == '/' && try_file(arena_printf(a, "%s%s%s", root, folder, name), w, out)) ||
           try_file(arena_printf(a, "%s/%s", root, name), w, out);
}

static bool find_split(const struct debug_search *s, const char *program, const struct wanted *w,
                       struct debug_file *out) {
    struct arena *a = s->arena;
    const char *slash = strrchr(program, '/'), *base = slash ? slash + 1 : program;
    const char *folder = arena_strndup(a, program, (size_t)(base - program));
    const char *name = w->link ? w->link : arena_printf(a, "%s.debug", base);
    const char *roots[65];
    size_t n = 0;
    // A relative folder is below that of the program, or below the current one.
    for (size_t i = 0; i < s->ndirs && n + 3 <= ARRAY_LEN(roots); i++) {
        const char *given = s->dirs[i];
        roots[n++] = given;
        if (*given != '/') roots[n++] = arena_printf(a, "%s%s", folder, given);
    }
    roots[n++] = "/usr/lib/debug";
    for (size_t i = 0; i < n; i++)
        if (by_build_id(a, roots[i], w, out)) return true;
    if (try_file(arena_printf(a, "%s%s", folder, name), w, out)) return true;
    if (try_file(arena_printf(a, "%s.debug/%s", folder, name), w, out)) return true;
    for (size_t i = 0; i < n; i++)
        if (by_link(a, roots[i], folder, name, w, out)) return true;
    return false;
}

bool debug_file_split(const struct debug_search *s, Elf *program, const char *name,
                      enum debug_need need, struct debug_file *out) {
    struct wanted w = {.need = need};
    w.build_id_len = build_id(program, &w.build_id);
    w.link = dwelf_elf_gnu_debuglink(program, &w.crc);
    return find_split(s, name, &w, out);
}

bool debug_file_open(const struct debug_search *s, const char *path, const char *name,
                     struct debug_file *out, const char **why) {
    struct debug_file f;
    if (!file_open(path, &f)) {
        *why = arena_printf(s->arena, "cannot read %s: %s", name, strerror(errno));
        return false;
    }
    if (gelf_getclass(f.elf) != ELFCLASS64) {
        *why = arena_printf(s->arena, "%s is a 32-bit program, whose debug information is not read",
                            name);
        debug_file_close(&f);
        return false;
    }
    if (has_dwarf(&f)) {
        *out = f;
        return true;
    }
    bool found = debug_file_split(s, f.elf, name, DEBUG_DWARF, out);
    debug_file_close(&f);
    if (!found) *why = arena_printf(s->arena, "%s has no debug information", name);
    return found;
}
