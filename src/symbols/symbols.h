// SPDX-License-Identifier: Apache-2.0
// Addresses to names, of the kernel and of programs; read on first use.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct symbols;

struct symbols_options {
    bool demangle;                 // C++ and Rust names
    bool lines;                    // source lines and inlined functions
    const char *const *debug_dirs; // folders with debug information, borrowed
    size_t ndebug_dirs;
};

enum symbols_place { // what an address is
    SYMBOLS_NAME,    // of a function: only its name is wanted
    SYMBOLS_TOP,     // where the code is now: the first of a stack
    SYMBOLS_CALLER,  // where it returns to: the call is before it, maybe on another line
};

// One line of a stack. Strings are valid until the next call.
struct symbol_frame {
    const char *name;   // NULL: only the mapping is known
    uint64_t offset;    // from the function's begin; of inlined ones 0
    const char *module; // the mapped file
    const char *file;   // of the source; NULL: not known
    unsigned line;
    bool inlined;
};

enum { SYMBOLS_MAX_FRAMES = 33 }; // for one address

struct symbols *symbols_new(const struct symbols_options *opts);
void symbols_free(struct symbols *s);
// Kernel symbol that holds `addr`. name is borrowed until symbols_free; false: unknown.
bool symbols_kernel(struct symbols *s, uint64_t addr, const char **name, uint64_t *offset,
                    const char **module);
// What is at an address of a process (tgid): the functions that are inlined there, innermost
// first, then the function itself. Gives how many; 0: nothing is known.
size_t symbols_user(struct symbols *s, pid_t pid, uint64_t addr, enum symbols_place place,
                    struct symbol_frame *out, size_t max);
// The same in a program that is loaded where its file says (not position-independent): for
// processes that are gone.
size_t symbols_file(struct symbols *s, const char *path, uint64_t vaddr, enum symbols_place place,
                    struct symbol_frame *out, size_t max);
// The GNU build-id, in hexadecimal, of the file that is mapped at an address, and the place in the
// file. False when the mapping is not known; an empty id: the file has none.
bool symbols_build_id(struct symbols *s, pid_t pid, uint64_t addr, const char **id,
                      uint64_t *offset);
// The same in the kernel.
size_t symbols_kernel_frames(struct symbols *s, uint64_t addr, enum symbols_place place,
                             struct symbol_frame *out, size_t max);
// Notes what programs map from now on: those that end can be named later. Gives a file descriptor
// that is readable when symbols_watched is to be called, -1 where the kernel does not allow it.
int symbols_watch(struct symbols *s);
void symbols_watched(struct symbols *s);
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
// Is it a program that is loaded at the addresses in the file (ET_EXEC)?
bool elf_is_fixed(const char *path);
// Finds a program in PATH or a library by name ("libc", "libc.so.6"); result to be freed.
char *elf_resolve_path(const char *name, pid_t pid);
