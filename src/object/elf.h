// SPDX-License-Identifier: Apache-2.0
// Adds the manifest to a BPF ELF file, and finds it there.
#pragma once

#include <stddef.h>

// Returns a new file (caller frees, *out_len bytes) that is `elf` with one more, non-allocated
// section. NULL when `elf` is not a 64-bit ELF file.
void *elf_add_section(const void *elf, size_t len, const char *name, const void *data,
                      size_t data_len, size_t *out_len);
// Points into `elf`; NULL when absent or malformed.
const void *elf_find_section(const void *elf, size_t len, const char *name, size_t *out_len);
// Makes every global function of the file hidden (STV_HIDDEN), in place.
void elf_hide_functions(void *elf, size_t len);
// Calls each(ctx, name) for every symbol that the file defines for others, not as weak, and
// not as its license or version.
void elf_each_definition(const void *elf, size_t len, void (*each)(void *, const char *),
                         void *ctx);
