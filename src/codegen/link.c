// SPDX-License-Identifier: Apache-2.0
// Joins the script's object with those of the BPF C that it imports, by libbpf's linker. It takes
// paths only: the objects lie in memory files, which have one under /proc.
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "codegen/cg.h"
#include "object/elf.h"

static struct strbuf *said; // libbpf's callback has no context

static int keep(enum libbpf_print_level level, const char *fmt, va_list ap) {
    char text[512];
    if (level != LIBBPF_WARN || !said) return 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof(text), fmt, ap);
#pragma GCC diagnostic pop
    if (!said->len) strbuf_puts(said, text);
    return 0;
}

struct memory_file {
    int fd;
    char path[64];
};

static bool open_file(struct memory_file *f, const void *data, size_t len) {
    f->fd = memfd_create("gaff", MFD_CLOEXEC);
    snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
    for (const char *p = data; f->fd >= 0 && len;) {
        ssize_t n = write(f->fd, p, len);
        if (n <= 0) return false;
        p += n;
        len -= (size_t)n;
    }
    return f->fd >= 0;
}

static int add(struct bpf_linker *linker, const void *data, size_t len) {
    struct memory_file f;
    int err = open_file(&f, data, len) ? bpf_linker__add_file(linker, f.path, NULL) : -errno;
    if (f.fd >= 0) close(f.fd);
    return err;
}

static void *read_back(const struct memory_file *f, size_t *len) {
    struct stat st;
    if (fstat(f->fd, &st)) return NULL;
    char *data = malloc((size_t)st.st_size + 1);
    *len = 0;
    for (ssize_t n; data && *len < (size_t)st.st_size; *len += (size_t)n)
        if ((n = pread(f->fd, data + *len, (size_t)st.st_size - *len, (off_t)*len)) <= 0) break;
    return data;
}

static int link_all(const struct unit *u, const struct memory_file *out, const void *object,
                    size_t len, const char **where) {
    struct bpf_linker *linker = bpf_linker__new(out->path, NULL);
    if (!linker) return -errno;
    int err = add(linker, object, len);
    for (size_t i = 0; i < u->c_objects.len && !err; i++) {
        const struct c_object *o = &u->c_objects.data[i];
        *where = o->path;
        // Hidden functions are verified where they are called, with what is known there, as those
        // of the script are.
        void *copy = arena_alloc(u->arena, o->len);
        memcpy(copy, o->data, o->len);
        elf_hide_functions(copy, o->len);
        err = add(linker, copy, o->len);
    }
    if (!err) err = bpf_linker__finalize(linker);
    bpf_linker__free(linker);
    return err;
}

void *cg_link(const struct unit *u, const void *object, size_t *len) {
    struct memory_file out;
    struct strbuf text = {0};
    const char *where = "the script";
    void *linked = NULL;
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    said = &text;
    libbpf_print_fn_t before = libbpf_set_print(keep);
    int err = open_file(&out, NULL, 0) ? link_all(u, &out, object, *len, &where) : -errno;
    libbpf_set_print(before);
    said = NULL;
    if (!err)
        linked = read_back(&out, len);
    else
        fprintf(stderr, "ERROR: cannot link %s: %s\n", where,
                text.len ? strbuf_str(&text) : strerror(-err));
    if (out.fd >= 0) close(out.fd);
    strbuf_free(&text);
    return linked;
}
