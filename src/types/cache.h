// SPDX-License-Identifier: Apache-2.0
// Results of clang, kept in the user's cache folder ($XDG_CACHE_HOME/gaff or ~/.cache/gaff). An
// entry holds its whole key (clang, command, text) and what is known of each file that was read,
// so that it is checked without starting clang. Entries that are damaged or belong to somebody
// else are as good as none.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/vec.h"

VEC_OF(cache_files, const char *);

// The folder, made (0700) if it is not there, in the arena. NULL when there is none that is ours
// alone to write.
const char *cache_folder(struct arena *a);
// What was stored under `key`, in the arena, when every file it came from still is as it was.
// Else NULL.
const char *cache_load(struct arena *a, const char *key, size_t key_len, size_t *len);
// Stores `data`, which came from reading `files`. Failures are silent: the cache only saves time.
void cache_store(struct arena *a, const char *key, size_t key_len, const struct cache_files *files,
                 const char *data, size_t len);
// Reads a whole file of at most `max` bytes into the arena, with a NUL after it. NULL with errno.
char *cache_read_file(struct arena *a, const char *path, size_t max, size_t *len);
