// SPDX-License-Identifier: Apache-2.0
// import "path": scripts are parsed and join the importing one, headers become C text, BPF C is
// compiled (import_c.c), a folder is all of these in it, by name. A path begins at the folder of
// the script that has it, then at those of -I. What everybody may write is refused.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "parser/parser.h"
#include "sema/sema_internal.h"
#include "types/cache.h"

enum { MAX_DEPTH = 16, MAX_SCRIPT = 32 << 20 };

struct import_seen { // a file is imported once, however it is called
    dev_t device;
    ino_t inode;
};
VEC_OF(import_seen_vec, struct import_seen);

struct importer {
    struct unit *u;
    struct import_seen_vec seen;
    unsigned depth;
};

static void import_path(struct importer *im, const char *path, const struct ast_import *import);

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

static bool is_importable(const char *name) {
    return ends_with(name, ".bt") || ends_with(name, ".h") || ends_with(name, ".bpf.c");
}

static const char *folder_of(struct arena *a, const char *path) {
    const char *slash = strrchr(path, '/');
    return !slash ? "." : slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
}

// ---- which file ----

static bool is_seen(struct importer *im, const struct stat *st) {
    for (size_t i = 0; i < im->seen.len; i++)
        if (im->seen.data[i].device == st->st_dev && im->seen.data[i].inode == st->st_ino)
            return true;
    struct import_seen s = {st->st_dev, st->st_ino};
    VEC_PUSH(im->u->arena, &im->seen, s);
    return false;
}

static bool is_writable(struct importer *im, const char *path, const struct ast_import *import) {
    struct stat st;
    const char *const places[] = {path, folder_of(im->u->arena, path)};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (stat(places[i], &st) || !(st.st_mode & S_IWOTH)) continue;
        diag(im->u->diags, import->span, import_writable, import->path, places[i]);
        diag_hint(im->u->diags, "chmod o-w %s", places[i]);
        return true;
    }
    return false;
}

// The first place where there is something; NULL after a message.
static const char *find(struct importer *im, const struct ast_import *import, const char *folder) {
    struct unit *u = im->u;
    struct strbuf tried = {0};
    struct stat st;
    const char *found = NULL;
    int err = ENOENT;
    bool absolute = *import->path == '/';
    for (size_t i = 0; i <= (absolute ? 0 : u->options.ninclude_dirs) && !found; i++) {
        const char *from = i ? u->options.include_dirs[i - 1] : folder;
        bool here = absolute || !strcmp(from, ".");
        const char *path =
            here ? import->path : arena_printf(u->arena, "%s/%s", from, import->path);
        if (stat(path, &st) == 0)
            found = path;
        else if (errno != ENOENT)
            err = errno;
        strbuf_printf(&tried, "%s%s", i ? ", " : "", path);
    }
    if (!found) {
        diag(u->diags, import->span, import_read, import->path, strerror(err));
        diag_hint(u->diags, "looked for %s", strbuf_str(&tried));
    }
    strbuf_free(&tried);
    return found;
}

// ---- what is in it ----

static void absorb(struct importer *im, const struct ast_program *p, const char *path) {
    struct unit *u = im->u;
    struct ast_program *to = u->ast;
    const char *folder = folder_of(u->arena, path);
    if (p->config.len) diag(u->diags, p->config.data[0].span, import_config);
    for (size_t i = 0; i < p->imports.len; i++) {
        const char *inner = find(im, &p->imports.data[i], folder);
        if (inner) import_path(im, inner, &p->imports.data[i]);
    }
    sema_c_texts(u, p);
    for (size_t i = 0; i < p->macros.len; i++) VEC_PUSH(u->arena, &to->macros, p->macros.data[i]);
    for (size_t i = 0; i < p->fns.len; i++) VEC_PUSH(u->arena, &to->fns, p->fns.data[i]);
    for (size_t i = 0; i < p->map_decls.len; i++)
        VEC_PUSH(u->arena, &to->map_decls, p->map_decls.data[i]);
    for (size_t i = 0; i < p->probes.len; i++) VEC_PUSH(u->arena, &to->probes, p->probes.data[i]);
}

static void import_file(struct importer *im, const char *path, const struct ast_import *import) {
    struct unit *u = im->u;
    size_t len = 0;
    if (ends_with(path, ".bpf.c")) {
        sema_import_c(u, path, import->span);
        return;
    }
    const char *text = cache_read_file(u->arena, path, MAX_SCRIPT, &len);
    if (!text) {
        diag(u->diags, import->span, import_read, import->path, strerror(errno));
        return;
    }
    const struct source *src = source_new(u->arena, path, text, len);
    if (ends_with(path, ".h"))
        sema_c_add(u, src->text, len, (struct span){.src = src, .end = (uint32_t)len});
    else
        absorb(im, parse_program(u->arena, u->diags, src), path);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void import_folder(struct importer *im, const char *path, const struct ast_import *import) {
    struct unit *u = im->u;
    struct ast_strings names = {0};
    DIR *dir = opendir(path);
    if (!dir) {
        diag(u->diags, import->span, import_read, import->path, strerror(errno));
        return;
    }
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.' && is_importable(e->d_name))
            VEC_PUSH(u->arena, &names, arena_strdup(u->arena, e->d_name));
    closedir(dir);
    if (names.len) qsort(names.data, names.len, sizeof(*names.data), by_name);
    for (size_t i = 0; i < names.len; i++)
        import_path(im, arena_printf(u->arena, "%s/%s", path, names.data[i]), import);
    if (!names.len)
        diag(u->diags, import->span, import_read, import->path, "the folder has nothing to import");
}

static void import_path(struct importer *im, const char *path, const struct ast_import *import) {
    struct stat st;
    if (stat(path, &st) || is_writable(im, path, import)) return;
    if (im->depth == MAX_DEPTH) {
        diag(im->u->diags, import->span, import_depth);
        return;
    }
    bool is_folder = S_ISDIR(st.st_mode);
    if (!is_folder && !(S_ISREG(st.st_mode) && is_importable(path))) {
        diag(im->u->diags, import->span, import_kind, import->path);
        return;
    }
    if (!is_folder && is_seen(im, &st)) return;
    im->depth++;
    if (is_folder)
        import_folder(im, path, import);
    else
        import_file(im, path, import);
    im->depth--;
}

void sema_imports(struct unit *u) {
    struct importer im = {.u = u};
    struct ast_imports imports = u->ast->imports; // absorbing changes the script's tree
    const char *folder = folder_of(u->arena, u->source->name);
    struct stat st;
    if (imports.len && stat(u->source->name, &st) == 0) is_seen(&im, &st);
    for (size_t i = 0; i < imports.len; i++) {
        const char *path = find(&im, &imports.data[i], folder);
        if (path) import_path(&im, path, &imports.data[i]);
    }
}
