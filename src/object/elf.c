// SPDX-License-Identifier: Apache-2.0
// Adds a section to a 64-bit ELF file: its data, a longer table of section names and a longer
// table of headers go to the end; everything before stays where it is. (ELF-64 Object File
// Format, version 1.5.)
#include "object/elf.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// Checks that every header and every section's data lie inside the file.
static const Elf64_Shdr *sections(const void *elf, size_t len, const Elf64_Ehdr **header) {
    const Elf64_Ehdr *h = elf;
    if (len < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) ||
        h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_shentsize != sizeof(Elf64_Shdr))
        return NULL;
    if (h->e_shoff % 8 || h->e_shoff > len ||
        h->e_shnum > (len - h->e_shoff) / sizeof(Elf64_Shdr) || h->e_shstrndx >= h->e_shnum)
        return NULL;
    const Elf64_Shdr *s = (const Elf64_Shdr *)((const char *)elf + h->e_shoff);
    for (unsigned i = 0; i < h->e_shnum; i++)
        if (s[i].sh_type != SHT_NOBITS && s[i].sh_type != SHT_NULL &&
            (s[i].sh_offset > len || s[i].sh_size > len - s[i].sh_offset))
            return NULL;
    *header = h;
    return s;
}

static size_t align8(size_t n) { return (n + 7) & ~(size_t)7; }

void *elf_add_section(const void *elf, size_t len, const char *name, const void *data,
                      size_t data_len, size_t *out_len) {
    const Elf64_Ehdr *h;
    const Elf64_Shdr *s = sections(elf, len, &h);
    if (!s) return NULL;
    const Elf64_Shdr *names = &s[h->e_shstrndx];
    size_t name_len = strlen(name) + 1, names_len = names->sh_size + name_len;
    size_t data_at = align8(len), names_at = align8(data_at + data_len);
    size_t headers_at = align8(names_at + names_len);
    size_t total = headers_at + (h->e_shnum + 1u) * sizeof(*s);
    char *out = calloc(1, total);
    if (!out) return NULL;
    memcpy(out, elf, len);
    memcpy(out + data_at, data, data_len);
    memcpy(out + names_at, (const char *)elf + names->sh_offset, names->sh_size);
    memcpy(out + names_at + names->sh_size, name, name_len);
    Elf64_Shdr *copy = (Elf64_Shdr *)(out + headers_at);
    memcpy(copy, s, h->e_shnum * sizeof(*s));
    copy[h->e_shstrndx].sh_offset = names_at;
    copy[h->e_shstrndx].sh_size = names_len;
    copy[h->e_shnum] = (Elf64_Shdr){.sh_name = (Elf64_Word)names->sh_size,
                                    .sh_type = SHT_PROGBITS,
                                    .sh_offset = data_at,
                                    .sh_size = data_len,
                                    .sh_addralign = 1};
    Elf64_Ehdr *header = (Elf64_Ehdr *)out;
    header->e_shoff = headers_at;
    header->e_shnum++;
    *out_len = total;
    return out;
}

const void *elf_find_section(const void *elf, size_t len, const char *name, size_t *out_len) {
    const Elf64_Ehdr *h;
    const Elf64_Shdr *s = sections(elf, len, &h);
    if (!s) return NULL;
    const char *names = (const char *)elf + s[h->e_shstrndx].sh_offset;
    size_t names_len = s[h->e_shstrndx].sh_size, n = strlen(name) + 1;
    for (unsigned i = 0; i < h->e_shnum; i++) {
        if (s[i].sh_name > names_len || names_len - s[i].sh_name < n) continue;
        if (memcmp(names + s[i].sh_name, name, n) || s[i].sh_type == SHT_NOBITS) continue;
        *out_len = s[i].sh_size;
        return (const char *)elf + s[i].sh_offset;
    }
    return NULL;
}

void elf_hide_functions(void *elf, size_t len) {
    const Elf64_Ehdr *h;
    const Elf64_Shdr *s = sections(elf, len, &h);
    for (unsigned i = 0; s && i < h->e_shnum; i++) {
        if (s[i].sh_type != SHT_SYMTAB) continue;
        Elf64_Sym *symbols = (Elf64_Sym *)((char *)elf + s[i].sh_offset);
        for (size_t k = 0; k < s[i].sh_size / sizeof(*symbols); k++)
            if (ELF64_ST_TYPE(symbols[k].st_info) == STT_FUNC &&
                ELF64_ST_BIND(symbols[k].st_info) != STB_LOCAL)
                symbols[k].st_other = (unsigned char)((symbols[k].st_other & ~3) | STV_HIDDEN);
    }
}

// Is the section of this number one that every object may have, for libbpf?
static bool is_shared(const char *elf, const Elf64_Ehdr *h, const Elf64_Shdr *s, unsigned section) {
    if (!section || section >= h->e_shnum) return true;
    const Elf64_Shdr *names = &s[h->e_shstrndx];
    if (s[section].sh_name >= names->sh_size) return true;
    const char *name = elf + names->sh_offset + s[section].sh_name;
    size_t most = names->sh_size - s[section].sh_name;
    return !strncmp(name, "license", most) || !strncmp(name, "version", most);
}

void elf_each_definition(const void *elf, size_t len, void (*each)(void *, const char *),
                         void *ctx) {
    const Elf64_Ehdr *h;
    const Elf64_Shdr *s = sections(elf, len, &h);
    for (unsigned i = 0; s && i < h->e_shnum; i++) {
        if (s[i].sh_type != SHT_SYMTAB || s[i].sh_link >= h->e_shnum) continue;
        const Elf64_Sym *symbols = (const Elf64_Sym *)((const char *)elf + s[i].sh_offset);
        const Elf64_Shdr *strings = &s[s[i].sh_link];
        for (size_t k = 0; k < s[i].sh_size / sizeof(*symbols); k++)
            if (ELF64_ST_BIND(symbols[k].st_info) == STB_GLOBAL &&
                !is_shared(elf, h, s, symbols[k].st_shndx) && symbols[k].st_name < strings->sh_size)
                each(ctx, (const char *)elf + strings->sh_offset + symbols[k].st_name);
    }
}
