// SPDX-License-Identifier: Apache-2.0
// The two halves behind struct symbols: kernel.c and user.c.
#pragma once

#include "symbols/symbols.h"

struct kernel_symbols;
struct user_symbols;

struct kernel_symbols *kernel_symbols_read(void);
void kernel_symbols_free(struct kernel_symbols *k);
bool kernel_symbols_find(const struct kernel_symbols *k, uint64_t addr, const char **name,
                         uint64_t *offset, const char **module);

struct user_symbols *user_symbols_new(const struct symbols_options *opts);
void user_symbols_free(struct user_symbols *u);
size_t user_symbols_find(struct user_symbols *u, pid_t pid, uint64_t address,
                         enum symbols_place place, struct symbol_frame *out, size_t max);
size_t user_symbols_file(struct user_symbols *u, const char *path, uint64_t address,
                         enum symbols_place place, struct symbol_frame *out, size_t max);
bool user_symbols_build_id(struct user_symbols *u, pid_t pid, uint64_t addr, const char **id,
                           uint64_t *offset);
int user_symbols_watch(struct user_symbols *u); // the file descriptor, -1: not allowed
void user_symbols_watched(struct user_symbols *u);
void user_symbols_note(struct user_symbols *u, pid_t pid);
