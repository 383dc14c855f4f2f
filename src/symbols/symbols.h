// SPDX-License-Identifier: Apache-2.0
// Addresses to names, of the kernel and of programs; read on first use.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct symbols;

struct symbols_options {
    bool cache_by_pid;     // cache_user_symbols=PER_PID
    bool cache_by_program; // PER_PROGRAM
    bool demangle;         // C++ and Rust names
};

struct symbols *symbols_new(const struct symbols_options *opts);
void symbols_free(struct symbols *s);
// Kernel symbol that holds `addr`. name is borrowed until symbols_free; false: unknown.
bool symbols_kernel(struct symbols *s, uint64_t addr, const char **name, uint64_t *offset,
                    const char **module);
// User symbol of a process (tgid). *module is the mapped file. name is NULL when only the
// mapping is known. False: nothing known. Strings are valid until the next call.
bool symbols_user(struct symbols *s, pid_t pid, uint64_t addr, const char **name, uint64_t *offset,
                  const char **module);
// A function of a program that is loaded where its file says (not position-independent), by
// address: for processes that are gone.
bool symbols_file(struct symbols *s, const char *path, uint64_t vaddr, const char **name,
                  uint64_t *offset);
// The GNU build-id, in hexadecimal, of the file that is mapped at an address, and the place in the
// file. False when the mapping is not known; an empty id: the file has none.
bool symbols_build_id(struct symbols *s, pid_t pid, uint64_t addr, const char **id,
                      uint64_t *offset);
// Remembers the mappings of a process while it lives, for later lookups.
void symbols_note_process(struct symbols *s, pid_t pid);
// Address of a kernel symbol by name, 0 when there is none.
uint64_t symbols_kernel_address(const char *name);

// Functions of an ELF file (its own and its debug file's): each(ctx, name, file offset, size).
// Return false from `each` to stop. False when the file cannot be read (errno set).
bool elf_each_function(const char *path,
                       bool (*each)(void *ctx, const char *name, uint64_t offset, uint64_t size),
                       void *ctx);
// Value (file offset) of a symbol; false when there is none. size may be NULL.
bool elf_find_symbol(const char *path, const char *name, uint64_t *offset, uint64_t *size);
// Virtual address of a symbol of any kind (a variable too), as the file has it.
bool elf_find_address(const char *path, const char *name, uint64_t *vaddr, uint64_t *size);
// File offset of a virtual address; false when no segment holds it.
bool elf_offset_of(const char *path, uint64_t vaddr, uint64_t *offset);
// The other way: the virtual address of a file offset.
bool elf_address_of(const char *path, uint64_t offset, uint64_t *vaddr);
// A static probe (<sys/sdt.h>). Strings are valid during the call that shows it.
struct usdt_note {
    const char *provider, *name, *args;
    uint64_t address;   // virtual, as the file has it
    uint64_t semaphore; // file offset; 0: it has none
};
// Static probes of an ELF file, in its order; a probe may be there several times. Return false
// from `each` to stop. False when the file cannot be read (errno set).
bool elf_each_usdt(const char *path, bool (*each)(void *ctx, const struct usdt_note *note),
                   void *ctx);
// The GNU build-id of an ELF file in hexadecimal, to be freed; NULL when it has none.
char *elf_build_id(const char *path);
// Is it a program that is loaded at the addresses in the file (ET_EXEC)?
bool elf_is_fixed(const char *path);
// Finds a program in PATH or a library by name ("libc", "libc.so.6"); result to be freed.
char *elf_resolve_path(const char *name, pid_t pid);
