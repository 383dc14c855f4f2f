// SPDX-License-Identifier: Apache-2.0
// An ELF file that is open for reading; shared by the readers of this folder.
#pragma once

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>

struct elf_file {
    int fd;
    Elf *elf;
};

// False when it cannot be read or is no ELF file (errno set).
bool elf_file_open(struct elf_file *f, const char *path);
void elf_file_close(struct elf_file *f);
// File offset of a virtual address, in a segment that has all of `flags` (PF_X; 0: any).
bool elf_file_offset(Elf *elf, uint64_t vaddr, uint32_t flags, uint64_t *offset);
// The GNU build-id in hexadecimal, to be freed; NULL when it has none.
char *elf_file_build_id(Elf *elf);
// The small file with symbols inside a stripped one (minidebug.c), or NULL. *memory is to be freed
// after it was ended.
Elf *elf_minidebug(Elf *program, void **memory);
