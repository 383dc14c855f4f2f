// SPDX-License-Identifier: Apache-2.0
// Static probes in ELF files: notes named "stapsdt" of type 3, in .note.stapsdt. A note's
// descriptor is three words (the probe's address, the link-time address of .stapsdt.base, that of
// the semaphore or 0) and three strings (provider, name, arguments). Source: <sys/sdt.h>.
#include <string.h>

#include "symbols/elf_file.h"
#include "symbols/symbols.h"

enum { NOTE_STAPSDT = 3 };

static bool find_section(Elf *elf, const char *name, GElf_Shdr *out, Elf_Scn **scn) {
    size_t names = 0;
    if (elf_getshdrstrndx(elf, &names)) return false;
    for (*scn = NULL; (*scn = elf_nextscn(elf, *scn));) {
        if (!gelf_getshdr(*scn, out)) continue;
        const char *found = elf_strptr(elf, names, out->sh_name);
        if (found && !strcmp(found, name)) return true;
    }
    return false;
}

// The string at *p, which moves behind it; NULL when it does not end before `end`.
static const char *take_string(const char **p, const char *end) {
    const char *s = *p, *nul = s < end ? memchr(s, '\0', (size_t)(end - s)) : NULL;
    if (!nul) return NULL;
    *p = nul + 1;
    return s;
}

// base: where .stapsdt.base really is; it tells how far prelinking moved the file.
static bool decode(Elf *elf, const char *desc, size_t size, uint64_t base, struct usdt_note *out) {
    uint64_t words[3];
    const char *p = desc + sizeof(words), *end = desc + size;
    if (size < sizeof(words)) return false;
    memcpy(words, desc, sizeof(words));
    uint64_t moved = base && words[1] ? base - words[1] : 0;
    out->address = words[0] + moved;
    out->semaphore = 0;
    if (words[2] && !elf_file_offset(elf, words[2] + moved, 0, &out->semaphore)) return false;
    out->provider = take_string(&p, end);
    out->name = out->provider ? take_string(&p, end) : NULL;
    out->args = out->name ? take_string(&p, end) : NULL;
    return out->args != NULL;
}

bool elf_each_usdt(const char *path, bool (*each)(void *ctx, const struct usdt_note *note),
                   void *ctx) {
    struct elf_file f;
    GElf_Shdr sh;
    Elf_Scn *scn;
    if (!elf_file_open(&f, path)) return false;
    uint64_t base = find_section(f.elf, ".stapsdt.base", &sh, &scn) ? sh.sh_addr : 0;
    bool have =
        gelf_getclass(f.elf) == ELFCLASS64 && find_section(f.elf, ".note.stapsdt", &sh, &scn);
    Elf_Data *data = have ? elf_getdata(scn, NULL) : NULL;
    GElf_Nhdr note;
    size_t name, desc;
    for (size_t at = 0; data && (at = gelf_getnote(data, at, &note, &name, &desc)) > 0;) {
        struct usdt_note n;
        const char *bytes = data->d_buf;
        if (note.n_type != NOTE_STAPSDT || note.n_namesz != 8 || memcmp(bytes + name, "stapsdt", 8))
            continue;
        if (decode(f.elf, bytes + desc, note.n_descsz, base, &n) && !each(ctx, &n)) break;
    }
    elf_file_close(&f);
    return true;
}
