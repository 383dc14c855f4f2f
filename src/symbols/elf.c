// SPDX-License-Identifier: Apache-2.0
// Function symbols of ELF files, and where programs and libraries are found.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/elf_file.h"
#include "symbols/symbols.h"

bool elf_file_open(struct elf_file *f, const char *path) {
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    f->elf = NULL;
    if (f->fd < 0) return false;
    elf_version(EV_CURRENT);
    f->elf = elf_begin(f->fd, ELF_C_READ_MMAP, NULL);
    if (f->elf && elf_kind(f->elf) == ELF_K_ELF) return true;
    if (f->elf) elf_end(f->elf);
    close(f->fd);
    errno = ENOEXEC;
    return false;
}

void elf_file_close(struct elf_file *f) {
    elf_end(f->elf);
    close(f->fd);
}

bool elf_file_offset(Elf *elf, uint64_t vaddr, uint32_t flags, uint64_t *offset) {
    size_t n = 0;
    if (elf_getphdrnum(elf, &n)) return false;
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD ||
            (ph.p_flags & flags) != flags)
            continue;
        if (vaddr >= ph.p_vaddr && vaddr < ph.p_vaddr + ph.p_memsz) {
            *offset = vaddr - ph.p_vaddr + ph.p_offset;
            return true;
        }
    }
    return false;
}

static char *note_build_id(Elf_Data *data) {
    GElf_Nhdr note;
    size_t name, desc, next;
    for (size_t at = 0; (next = gelf_getnote(data, at, &note, &name, &desc)) > 0; at = next) {
        const char *bytes = data->d_buf;
        if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof("GNU") ||
            memcmp(bytes + name, "GNU", sizeof("GNU")))
            continue;
        char *hex = calloc(note.n_descsz + 1, 2);
        for (size_t i = 0; hex && i < note.n_descsz; i++)
            snprintf(hex + 2 * i, 3, "%02x", (unsigned char)bytes[desc + i]);
        return hex;
    }
    return NULL;
}

char *elf_file_build_id(Elf *elf) {
    char *id = NULL;
    size_t n = 0;
    if (elf_getphdrnum(elf, &n)) n = 0;
    for (size_t i = 0; i < n && !id; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_NOTE) continue;
        Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)ph.p_offset, ph.p_filesz,
                                              ph.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
        if (data) id = note_build_id(data);
    }
    return id;
}

typedef bool (*each_symbol)(void *ctx, const char *name, uint64_t offset, uint64_t size);

static bool each_in_table(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh, each_symbol each,
                          void *ctx) {
    Elf_Data *data = elf_getdata(scn, NULL);
    size_t n = sh->sh_entsize ? sh->sh_size / sh->sh_entsize : 0;
    for (size_t i = 0; data && i < n; i++) {
        GElf_Sym sym;
        if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF) continue;
        unsigned type = GELF_ST_TYPE(sym.st_info);
        if (type != STT_FUNC && type != STT_GNU_IFUNC) continue;
        const char *name = elf_strptr(elf, sh->sh_link, sym.st_name);
        uint64_t offset;
        if (!name || !*name || !elf_file_offset(elf, sym.st_value, PF_X, &offset)) continue;
        if (!each(ctx, name, offset, sym.st_size)) return false;
    }
    return true;
}

// .symtab has everything that .dynsym has; the latter is read where the former was stripped.
bool elf_each_function(const char *path, each_symbol each, void *ctx) {
    struct elf_file f;
    if (!elf_file_open(&f, path)) return false;
    Elf_Scn *tables[2] = {0};
    GElf_Shdr headers[2], sh;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(f.elf, scn));) {
        if (!gelf_getshdr(scn, &sh)) continue;
        int slot = sh.sh_type == SHT_SYMTAB ? 0 : sh.sh_type == SHT_DYNSYM ? 1 : -1;
        if (slot < 0) continue;
        tables[slot] = scn;
        headers[slot] = sh;
    }
    int slot = tables[0] ? 0 : 1;
    if (tables[slot]) each_in_table(f.elf, tables[slot], &headers[slot], each, ctx);
    elf_file_close(&f);
    return true;
}

struct search {
    const char *name;
    uint64_t offset, size;
    bool found;
};

static bool is_it(void *ctx, const char *name, uint64_t offset, uint64_t size) {
    struct search *s = ctx;
    size_t n = strlen(s->name);
    // Versioned names ("malloc@@GLIBC_2.2.5") are the same function.
    if (strncmp(name, s->name, n) || (name[n] && name[n] != '@')) return true;
    s->offset = offset;
    s->size = size;
    s->found = true;
    return false;
}

bool elf_find_symbol(const char *path, const char *name, uint64_t *offset, uint64_t *size) {
    struct search s = {.name = name};
    if (!elf_each_function(path, is_it, &s) || !s.found) return false;
    *offset = s.offset;
    if (size) *size = s.size;
    return true;
}

static bool is_data(void *ctx, const GElf_Sym *sym, const char *name) {
    struct search *s = ctx;
    if (strcmp(name, s->name)) return false;
    s->offset = sym->st_value;
    s->size = sym->st_size;
    return s->found = true;
}

bool elf_find_address(const char *path, const char *name, uint64_t *vaddr, uint64_t *size) {
    struct elf_file f;
    struct search s = {.name = name};
    if (!elf_file_open(&f, path)) return false;
    GElf_Shdr sh;
    for (Elf_Scn *scn = NULL; !s.found && (scn = elf_nextscn(f.elf, scn));) {
        if (!gelf_getshdr(scn, &sh) || (sh.sh_type != SHT_SYMTAB && sh.sh_type != SHT_DYNSYM))
            continue;
        Elf_Data *data = elf_getdata(scn, NULL);
        size_t n = sh.sh_entsize ? sh.sh_size / sh.sh_entsize : 0;
        for (size_t i = 0; data && i < n && !s.found; i++) {
            GElf_Sym sym;
            if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF) continue;
            const char *found = elf_strptr(f.elf, sh.sh_link, sym.st_name);
            if (found) is_data(&s, &sym, found);
        }
    }
    elf_file_close(&f);
    *vaddr = s.offset;
    *size = s.size;
    return s.found;
}

bool elf_offset_of(const char *path, uint64_t vaddr, uint64_t *offset) {
    struct elf_file f;
    if (!elf_file_open(&f, path)) return false;
    bool ok = elf_file_offset(f.elf, vaddr, PF_X, offset);
    elf_file_close(&f);
    return ok;
}

bool elf_address_of(const char *path, uint64_t offset, uint64_t *vaddr) {
    struct elf_file f;
    size_t n = 0;
    bool found = false;
    if (!elf_file_open(&f, path)) return false;
    if (elf_getphdrnum(f.elf, &n)) n = 0;
    for (size_t i = 0; i < n && !found; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(f.elf, (int)i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
            continue;
        found = offset >= ph.p_offset && offset - ph.p_offset < ph.p_filesz;
        if (found) *vaddr = offset - ph.p_offset + ph.p_vaddr;
    }
    elf_file_close(&f);
    return found;
}

bool elf_is_fixed(const char *path) {
    struct elf_file f;
    GElf_Ehdr header;
    if (!elf_file_open(&f, path)) return false;
    bool fixed = gelf_getehdr(f.elf, &header) && header.e_type == ET_EXEC;
    elf_file_close(&f);
    return fixed;
}

// ---- paths ----

static char *in_path_list(const char *list, const char *name) {
    char path[4096];
    for (const char *p = list; p && *p;) {
        size_t n = strcspn(p, ":");
        snprintf(path, sizeof(path), "%.*s/%s", (int)n, p, name);
        if (access(path, R_OK) == 0) return strdup(path);
        p += n + (p[n] == ':');
    }
    return NULL;
}

// "libc", "c", "libc.so.6" in the usual library folders.
static char *library(const char *name) {
    static const char *const folders[] = {"/lib/x86_64-linux-gnu",
                                          "/usr/lib/x86_64-linux-gnu",
                                          "/lib/aarch64-linux-gnu",
                                          "/usr/lib/aarch64-linux-gnu",
                                          "/lib64",
                                          "/usr/lib64",
                                          "/lib",
                                          "/usr/lib",
                                          "/usr/local/lib"};
    static const char *const forms[] = {
        "%s/%s",      "%s/%s.so",   "%s/%s.so.6", "%s/lib%s.so.6", "%s/lib%s.so",
        "%s/%s.so.2", "%s/%s.so.1", "%s/%s.so.3", "%s/lib%s.so.1", "%s/lib%s.so.3"};
    char path[4096];
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(path, sizeof(path), forms[k], folders[i], name);
#pragma GCC diagnostic pop
            struct elf_file f;
            if (access(path, R_OK) == 0 && elf_file_open(&f, path)) { // no linker scripts
                elf_file_close(&f);
                return strdup(path);
            }
        }
    return NULL;
}

char *elf_resolve_path(const char *name, pid_t pid) {
    char path[4096];
    if (strchr(name, '/')) {
        if (pid > 0 && name[0] == '/') { // as the process sees it
            snprintf(path, sizeof(path), "/proc/%d/root%s", pid, name);
            if (access(path, R_OK) == 0 && access(name, R_OK) != 0) return strdup(path);
        }
        char *real = realpath(name, NULL);
        return real ? real : access(name, R_OK) == 0 ? strdup(name) : NULL;
    }
    char *found = in_path_list(getenv("PATH"), name);
    return found ? found : library(name);
}
