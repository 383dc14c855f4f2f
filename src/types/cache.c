// SPDX-License-Identifier: Apache-2.0
// One file for each entry, named by the hash of its key and written beside its place, then
// renamed. Its content:
//   "gaff-cache 1\n"
//   "key N\n" N bytes
//   "files N\n", then N lines "size mtime hash path\n" (mtime in ns; a path has no newline)
//   "data N\n" N bytes
//   "sum HASH\n" of everything before
#include "types/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/strbuf.h"

enum { MAX_ENTRY = 256 << 20, MAX_AGE = 60 * 24 * 3600 }; // bytes, seconds

static const char magic[] = "gaff-cache 1\n";

static uint64_t hash(const char *data, size_t len) { // FNV-1a
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)data[i]) * 1099511628211u;
    return h;
}

static uint64_t mtime_of(const struct stat *st) {
    return (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
}

// Ours, and nobody else may write it.
static bool is_private(const struct stat *st) {
    return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static char *read_fd(struct arena *a, int fd, size_t size, size_t *len) {
    char *data = arena_alloc(a, size + 1);
    *len = 0;
    for (ssize_t n; *len < size && (n = read(fd, data + *len, size - *len)) > 0;) *len += (size_t)n;
    return data;
}

char *cache_read_file(struct arena *a, const char *path, size_t max, size_t *len) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return NULL;
    char *data = NULL;
    errno = EINVAL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size <= max)
        data = read_fd(a, fd, (size_t)st.st_size, len);
    int err = data ? 0 : S_ISDIR(st.st_mode) ? EISDIR : errno;
    close(fd);
    errno = err;
    return data;
}

const char *cache_folder(struct arena *a) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct stat st;
    if (!base || *base != '/') {
        if (!home || *home != '/') return NULL;
        base = arena_printf(a, "%s/.cache", home);
    }
    const char *folder = arena_printf(a, "%s/gaff", base);
    if (lstat(folder, &st) && (mkdir(base, 0700), mkdir(folder, 0700) || lstat(folder, &st)))
        return NULL;
    return S_ISDIR(st.st_mode) && is_private(&st) ? folder : NULL;
}

static const char *entry_path(struct arena *a, const char *key, size_t key_len) {
    const char *folder = cache_folder(a);
    return folder ? arena_printf(a, "%s/c-%016" PRIx64, folder, hash(key, key_len)) : NULL;
}

// ---- reading ----

struct cursor {
    const char *p, *end;
};

// "WORD N\n"
static bool read_count(struct cursor *c, const char *word, uint64_t *n) {
    size_t w = strlen(word);
    char *stop;
    if ((size_t)(c->end - c->p) < w + 3 || strncmp(c->p, word, w) || c->p[w] != ' ') return false;
    *n = strtoull(c->p + w + 1, &stop, 10);
    if (*stop != '\n') return false;
    c->p = stop + 1;
    return *n <= MAX_ENTRY;
}

static bool read_bytes(struct cursor *c, const char *word, const char **data, size_t *len) {
    uint64_t n;
    if (!read_count(c, word, &n) || n > (size_t)(c->end - c->p)) return false;
    *data = c->p;
    *len = n;
    c->p += n;
    return true;
}

// Is the file as it was? The same size and time are taken as proof, else its content tells.
static bool file_unchanged(struct arena *a, struct cursor *c) {
    char *stop;
    struct stat st;
    uint64_t size = strtoull(c->p, &stop, 10), mtime = strtoull(stop, &stop, 10),
             sum = strtoull(stop, &stop, 16);
    const char *eol = memchr(stop, '\n', (size_t)(c->end - stop));
    if (*stop != ' ' || !eol) return false;
    const char *path = arena_strndup(a, stop + 1, (size_t)(eol - stop - 1));
    c->p = eol + 1;
    if (stat(path, &st) || (uint64_t)st.st_size != size) return false;
    if (mtime_of(&st) == mtime) return true;
    size_t len;
    const char *data = cache_read_file(a, path, MAX_ENTRY, &len);
    return data && hash(data, len) == sum;
}

static const char *parse_entry(struct arena *a, const char *text, size_t text_len, const char *key,
                               size_t key_len, size_t *len) {
    struct cursor c = {text, text + text_len};
    const char *data, *got;
    size_t got_len;
    uint64_t files;
    if (text_len < sizeof(magic) || memcmp(text, magic, sizeof(magic) - 1)) return NULL;
    c.p += sizeof(magic) - 1;
    if (!read_bytes(&c, "key", &got, &got_len) || got_len != key_len || memcmp(got, key, key_len))
        return NULL;
    if (!read_count(&c, "files", &files)) return NULL;
    while (files--)
        if (!file_unchanged(a, &c)) return NULL;
    if (!read_bytes(&c, "data", &data, len)) return NULL;
    size_t before = (size_t)(c.p - text);
    if ((size_t)(c.end - c.p) < 5 || memcmp(c.p, "sum ", 4)) return NULL;
    return strtoull(c.p + 4, NULL, 16) == hash(text, before) ? data : NULL;
}

const char *cache_load(struct arena *a, const char *key, size_t key_len, size_t *len) {
    const char *path = entry_path(a, key, key_len);
    struct stat st;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd < 0) return NULL;
    const char *data = NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_private(&st) && st.st_size < MAX_ENTRY) {
        size_t n;
        const char *text = read_fd(a, fd, (size_t)st.st_size, &n);
        data = parse_entry(a, text, n, key, key_len, len);
    }
    close(fd);
    return data;
}

// ---- writing ----

static bool add_file(struct arena *a, struct strbuf *b, const char *path) {
    struct stat st;
    size_t len;
    if (strchr(path, '\n') || stat(path, &st)) return false;
    const char *data = cache_read_file(a, path, MAX_ENTRY, &len);
    if (!data || len != (size_t)st.st_size) return false;
    strbuf_printf(b, "%zu %" PRIu64 " %016" PRIx64 " %s\n", len, mtime_of(&st), hash(data, len),
                  path);
    return true;
}

static bool write_file(const char *path, const char *data, size_t len) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    bool ok = true;
    for (ssize_t n; ok && len; data += n, len -= (size_t)n) ok = (n = write(fd, data, len)) > 0;
    return close(fd) == 0 && ok;
}

// Entries that were not written for a long time go: each change of a script makes a new one.
static void prune(struct arena *a, const char *folder) {
    DIR *dir = opendir(folder);
    time_t now = time(NULL);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        const char *path = arena_printf(a, "%s/%s", folder, e->d_name);
        struct stat st;
        if (!strncmp(e->d_name, "c-", 2) && lstat(path, &st) == 0 && now - st.st_mtime > MAX_AGE)
            unlink(path);
    }
    if (dir) closedir(dir);
}

void cache_store(struct arena *a, const char *key, size_t key_len, const struct cache_files *files,
                 const char *data, size_t len) {
    const char *path = entry_path(a, key, key_len);
    struct strbuf b = {0};
    if (!path) return;
    strbuf_printf(&b, "%skey %zu\n", magic, key_len);
    strbuf_add(&b, key, key_len);
    strbuf_printf(&b, "files %zu\n", files->len);
    bool ok = true;
    for (size_t i = 0; i < files->len && ok; i++) ok = add_file(a, &b, files->data[i]);
    strbuf_printf(&b, "data %zu\n", len);
    strbuf_add(&b, data, len);
    strbuf_printf(&b, "sum %016" PRIx64 "\n", hash(b.data, b.len));
    prune(a, cache_folder(a));
    const char *beside = arena_printf(a, "%s.%d", path, (int)getpid());
    if (ok && write_file(beside, b.data, b.len) && rename(beside, path) == 0) beside = NULL;
    if (ok && beside) unlink(beside);
    strbuf_free(&b);
}
