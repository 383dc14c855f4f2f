// SPDX-License-Identifier: Apache-2.0
// Symbols of functions that a stripped program keeps as a small ELF file in its section
// .gnu_debugdata, compressed with xz ("MiniDebugInfo" in GDB's manual).
#include <stdlib.h>
#include <string.h>

#include <lzma.h>

#include "symbols/elf_file.h"

enum { MEMORY_LIMIT = 256 << 20, MOST = 256 << 20 };

static void *unpack(const Elf_Data *packed, size_t *len) {
    lzma_stream x = LZMA_STREAM_INIT;
    size_t cap = packed->d_size * 4 + 4096;
    unsigned char *out = malloc(cap);
    if (!out || lzma_stream_decoder(&x, MEMORY_LIMIT, 0) != LZMA_OK) {
        free(out);
        return NULL;
    }
    x.next_in = packed->d_buf;
    x.avail_in = packed->d_size;
    x.next_out = out;
    x.avail_out = cap;
    lzma_ret ret = LZMA_OK;
    while (ret == LZMA_OK) {
        if (!x.avail_out) {
            unsigned char *more = cap < MOST ? realloc(out, cap * 2) : NULL;
            if (!more) break;
            out = more;
            x.next_out = out + cap;
            x.avail_out = cap;
            cap *= 2;
        }
        ret = lzma_code(&x, x.avail_in ? LZMA_RUN : LZMA_FINISH);
    }
    *len = x.total_out;
    lzma_end(&x);
    if (ret == LZMA_STREAM_END) return out;
    free(out);
    return NULL;
}

Elf *elf_minidebug(Elf *program, void **memory) {
    size_t names = 0, len;
    GElf_Shdr sh;
    *memory = NULL;
    if (elf_getshdrstrndx(program, &names)) return NULL;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(program, scn));) {
        const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(program, names, sh.sh_name) : NULL;
        if (!name || strcmp(name, ".gnu_debugdata")) continue;
        const Elf_Data *packed = elf_rawdata(scn, NULL);
        *memory = packed && packed->d_size ? unpack(packed, &len) : NULL;
        Elf *elf = *memory ? elf_memory(*memory, len) : NULL;
        if (elf && elf_kind(elf) == ELF_K_ELF) return elf;
        if (elf) elf_end(elf);
        free(*memory);
        *memory = NULL;
    }
    return NULL;
}
