// SPDX-License-Identifier: Apache-2.0
// A reader of BTF (Documentation/bpf/btf.rst in the kernel's tree) that converts only the types
// that are asked for. One pass over a file finds where each type begins and chains types by the
// hash of their name; modules are split BTF on top of vmlinux and are read when vmlinux does not
// have the answer.
#include "types/btf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "types/btf_peek.h"
#include "types/types_internal.h"

enum { HASH_BITS = 16, HASH_SIZE = 1 << HASH_BITS, MAX_MODULES = 512 };

struct btf_file {
    struct type_origin origin;
    const char *name; // "vmlinux" or the module's
    char *data;       // owned
    const char *types, *strings;
    uint32_t strings_len;
    uint32_t first_id, ntypes; // ids [first_id, first_id + ntypes)
    uint32_t *offsets;         // of each type, from `types`
    uint32_t *next;            // chain of the same hash, 0 ends
    uint32_t *buckets;         // first id of a chain
    const struct type **cache; // converted types
    struct btf_file *base;     // NULL for vmlinux
    struct types *owner;
    int fd; // of the kernel's object, for modules; 0 unknown
};

struct btf_store {
    struct btf_file *vmlinux;
    struct btf_file *modules[MAX_MODULES];
    size_t nmodules;
    bool modules_read;
};

static uint32_t hash_name(const char *s) {
    uint32_t h = 2166136261u;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 16777619u;
    return (h ^ (h >> 16)) & (HASH_SIZE - 1);
}

static const char *string_at(const struct btf_file *f, uint32_t off) {
    uint32_t base_len = f->base ? f->base->strings_len : 0;
    if (off < base_len) return string_at(f->base, off);
    off -= base_len;
    return off < f->strings_len ? f->strings + off : "";
}

static const struct btf_file *file_of(const struct btf_file *f, uint32_t id) {
    return f->base && id < f->first_id ? f->base : f;
}

static const struct btf_type *type_at(const struct btf_file *f, uint32_t id) {
    f = file_of(f, id);
    if (id < f->first_id || id - f->first_id >= f->ntypes) return NULL;
    return (const struct btf_type *)(f->types + f->offsets[id - f->first_id]);
}

static bool index_types(struct btf_file *f, uint32_t len) {
    uint32_t cap = len / 16 + 1;
    f->offsets = malloc(cap * sizeof(*f->offsets));
    f->buckets = calloc(HASH_SIZE, sizeof(*f->buckets));
    if (!f->offsets || !f->buckets) return false;
    for (uint32_t off = 0; off + sizeof(struct btf_type) <= len;) {
        const struct btf_type *bt = (const struct btf_type *)(f->types + off);
        long extra = btf_extra_size(bt);
        if (extra < 0 || off + sizeof(*bt) + (size_t)extra > len) return false;
        f->offsets[f->ntypes++] = off;
        off += (uint32_t)sizeof(*bt) + (uint32_t)extra;
    }
    f->next = calloc(f->ntypes + 1, sizeof(*f->next));
    f->cache = calloc(f->ntypes + 1, sizeof(*f->cache));
    if (!f->next || !f->cache) return false;
    for (uint32_t i = f->ntypes; i-- > 0;) { // backwards: chains are in the file's order
        const struct btf_type *bt = (const struct btf_type *)(f->types + f->offsets[i]);
        if (!bt->name_off) continue;
        uint32_t h = hash_name(string_at(f, bt->name_off));
        f->next[i] = f->buckets[h];
        f->buckets[h] = f->first_id + i;
    }
    return true;
}

static void file_free(struct btf_file *f) {
    if (!f) return;
    if (f->fd > 0) close(f->fd);
    free(f->data);
    free(f->offsets);
    free(f->next);
    free(f->buckets);
    free(f->cache);
    free(f);
}

static void complete(struct types *t, struct type *type);

static char *read_all(const char *path, size_t *len) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    struct stat st;
    size_t cap = fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size + 1 : 1 << 16;
    char *data = malloc(cap);
    *len = 0;
    for (ssize_t n; data && (n = read(fd, data + *len, cap - *len)) != 0;) {
        if (n < 0) {
            int err = errno;
            free(data);
            close(fd);
            errno = err;
            return NULL;
        }
        *len += (size_t)n;
        if (*len == cap) {
            char *more = realloc(data, cap *= 2);
            if (!more) free(data);
            data = more;
        }
    }
    close(fd);
    return data;
}

// Takes `data`, from malloc.
static struct btf_file *file_from(struct types *t, char *data, size_t len, const char *name,
                                  struct btf_file *base) {
    struct btf_file *f = calloc(1, sizeof(*f));
    const struct btf_header *h = (const struct btf_header *)data;
    if (!f) goto bad;
    f->origin.complete = complete;
    f->data = data;
    data = NULL;
    f->name = arena_strdup(t->arena, name);
    f->owner = t;
    f->base = base;
    f->first_id = base ? base->first_id + base->ntypes : 1;
    if (len < sizeof(*h) || h->magic != BTF_MAGIC || h->hdr_len > len) goto bad;
    size_t room = len - h->hdr_len;
    if (h->type_off > room || h->type_len > room - h->type_off || h->str_off > room ||
        h->str_len > room - h->str_off)
        goto bad;
    f->types = f->data + h->hdr_len + h->type_off;
    f->strings = f->data + h->hdr_len + h->str_off;
    f->strings_len = h->str_len;
    if (h->str_len && f->strings[h->str_len - 1]) goto bad;
    if (index_types(f, h->type_len)) return f;
bad:
    free(data);
    file_free(f);
    errno = EINVAL;
    return NULL;
}

static struct btf_file *file_open(struct types *t, const char *path, const char *name,
                                  struct btf_file *base) {
    size_t len;
    char *data = read_all(path, &len);
    return data ? file_from(t, data, len, name, base) : NULL;
}

bool types_add_btf(struct types *t, const void *data, size_t len) {
    char *copy = malloc(len ? len : 1);
    if (!copy) return false;
    memcpy(copy, data, len);
    struct btf_file *f = file_from(t, copy, len, "", NULL);
    if (!f) return false;
    VEC_PUSH(t->arena, &t->c_files, f);
    return true;
}

static struct btf_store *store(struct types *t) {
    if (t->btf_tried) return t->btf;
    t->btf_tried = true;
    const char *path = t->opts.btf_path ? t->opts.btf_path : getenv("BPFTRACE_BTF");
    if (!path || !*path) path = "/sys/kernel/btf/vmlinux";
    struct btf_file *f = file_open(t, path, "vmlinux", NULL);
    if (!f) {
        t->btf_why = arena_printf(t->arena, "cannot read BTF from %s: %s", path, strerror(errno));
        return NULL;
    }
    t->btf = ARENA_NEW(t->arena, struct btf_store);
    t->btf->vmlinux = f;
    return t->btf;
}

static void read_modules(struct types *t, struct btf_store *s) {
    if (s->modules_read) return;
    s->modules_read = true;
    if (t->opts.btf_path || getenv("BPFTRACE_BTF")) return;
    DIR *dir = opendir("/sys/kernel/btf");
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir)) && s->nmodules < MAX_MODULES;) {
        if (e->d_name[0] == '.' || !strcmp(e->d_name, "vmlinux")) continue;
        char path[512];
        snprintf(path, sizeof(path), "/sys/kernel/btf/%s", e->d_name);
        struct btf_file *f = file_open(t, path, e->d_name, s->vmlinux);
        if (f) s->modules[s->nmodules++] = f;
    }
    closedir(dir);
}

void btf_free(struct btf_store *b) {
    if (!b) return;
    file_free(b->vmlinux);
    for (size_t i = 0; i < b->nmodules; i++) file_free(b->modules[i]);
}

void btf_files_free(struct btf_files *files) {
    for (size_t i = 0; i < files->len; i++) file_free(files->data[i]);
}

bool types_have_btf(struct types *t, const char **why) {
    bool have = store(t) != NULL;
    if (why) *why = have ? NULL : t->btf_why;
    return have;
}

// ---- conversion ----

static const struct type *convert(struct btf_file *f, uint32_t id);

static const struct type *convert_int(struct types *t, const struct btf_type *bt) {
    uint32_t encoding = *(const uint32_t *)(bt + 1);
    if (BTF_INT_ENCODING(encoding) & BTF_INT_BOOL) return types_basic(t, TYPE_BOOL);
    struct type w = {.kind = TYPE_INT, .size = bt->size, .align = bt->size};
    w.is_signed = BTF_INT_ENCODING(encoding) & BTF_INT_SIGNED;
    return types_intern(t, &w);
}

static bool is_modifier(unsigned kind) {
    return kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_RESTRICT ||
           kind == 18;
}

// Is the C type `char` behind an array's element? BTF marks no char; its name tells.
static bool is_char_id(const struct btf_file *f, uint32_t id) {
    for (unsigned i = 0; i < 32; i++) {
        const struct btf_type *bt = type_at(f, id);
        if (!bt) return false;
        unsigned kind = BTF_INFO_KIND(bt->info);
        if (kind == BTF_KIND_INT) return !strcmp(string_at(f, bt->name_off), "char");
        if (!is_modifier(kind) && kind != BTF_KIND_TYPEDEF) return false;
        id = bt->type;
    }
    return false;
}

static const struct type *convert_pointer(struct btf_file *f, const struct btf_type *bt) {
    struct types *t = f->owner;
    enum type_space space = SPACE_NONE;
    bool percpu = false;
    uint32_t id = bt->type;
    for (const struct btf_type *to; (to = type_at(f, id)) && is_modifier(BTF_INFO_KIND(to->info));
         id = to->type) {
        if (BTF_INFO_KIND(to->info) != 18) continue;
        const char *tag = string_at(f, to->name_off);
        if (!strcmp(tag, "user")) space = SPACE_USER;
        if (!strcmp(tag, "percpu")) percpu = true;
    }
    const struct type *target = is_char_id(f, id) ? types_find_basic(t, "char") : convert(f, id);
    struct type w = {.kind = TYPE_POINTER,
                     .size = 8,
                     .align = 8,
                     .target = target,
                     .space = space,
                     .is_percpu_ptr = percpu};
    return types_intern(t, &w);
}

// A struct, union or enum whose inside is read later; `name` may come from a typedef.
static struct type *convert_tagged(struct btf_file *f, uint32_t id, const struct btf_type *bt,
                                   const char *tag, const char *name) {
    struct types *t = f->owner;
    struct type *n = ARENA_NEW(t->arena, struct type);
    unsigned kind = BTF_INFO_KIND(bt->info);
    n->kind = kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_FWD
                  ? TYPE_STRUCT
                  : TYPE_ENUM;
    n->size = kind == BTF_KIND_FWD ? 0 : bt->size;
    n->align = n->size % 8 == 0 ? 8 : n->size % 4 == 0 ? 4 : n->size % 2 == 0 ? 2 : 1;
    n->is_union = kind == BTF_KIND_UNION;
    n->is_signed = n->kind == TYPE_ENUM && BTF_INFO_KFLAG(bt->info);
    n->name = *name ? arena_printf(t->arena, "%s %s", tag, name) : NULL;
    n->origin = &f->origin;
    n->origin_id = id;
    return n;
}

static uint32_t find_id(const struct btf_file *f, unsigned kind, const char *name) {
    for (uint32_t id = f->buckets[hash_name(name)]; id; id = f->next[id - f->first_id]) {
        const struct btf_type *bt = type_at(f, id);
        unsigned k = BTF_INFO_KIND(bt->info);
        if ((k == kind || (k == 19 && kind == BTF_KIND_ENUM)) &&
            !strcmp(string_at(f, bt->name_off), name))
            return id;
    }
    return 0;
}

// A forward declaration: the definition of the same name, if the file itself or vmlinux has it.
static const struct type *convert_forward(struct btf_file *f, uint32_t id,
                                          const struct btf_type *bt) {
    const char *name = string_at(f, bt->name_off);
    bool is_union = BTF_INFO_KFLAG(bt->info);
    unsigned kind = is_union ? BTF_KIND_UNION : BTF_KIND_STRUCT;
    struct btf_file *home = f->base ? f->base : f;
    uint32_t real = find_id(home, kind, name);
    if (real) return convert(home, real);
    struct btf_store *kernel = store(f->owner);
    if (kernel && (real = find_id(kernel->vmlinux, kind, name)))
        return convert(kernel->vmlinux, real);
    struct type *n = convert_tagged(f, id, bt, is_union ? "union" : "struct", name);
    n->is_union = is_union;
    n->is_complete = true;
    return n;
}

static const struct type *convert_array(struct btf_file *f, const struct btf_type *bt) {
    const struct btf_array *a = (const struct btf_array *)(bt + 1);
    const struct type *elem =
        is_char_id(f, a->type) ? types_find_basic(f->owner, "char") : convert(f, a->type);
    return types_array(f->owner, elem, a->nelems);
}

static const struct type *convert_fresh(struct btf_file *f, uint32_t id,
                                        const struct btf_type *bt) {
    struct types *t = f->owner;
    const char *name = string_at(f, bt->name_off);
    switch (BTF_INFO_KIND(bt->info)) {
    case BTF_KIND_INT: return convert_int(t, bt);
    case BTF_KIND_PTR: return convert_pointer(f, bt);
    case BTF_KIND_ARRAY: return convert_array(f, bt);
    case BTF_KIND_STRUCT: return convert_tagged(f, id, bt, "struct", name);
    case BTF_KIND_UNION: return convert_tagged(f, id, bt, "union", name);
    case BTF_KIND_ENUM:
    case 19: return convert_tagged(f, id, bt, "enum", name);
    case BTF_KIND_FWD: return convert_forward(f, id, bt);
    case BTF_KIND_TYPEDEF:
        if (!strcmp(name, "bool")) return types_basic(t, TYPE_BOOL);
        return convert(f, bt->type);
    case BTF_KIND_VOLATILE:
    case BTF_KIND_CONST:
    case BTF_KIND_RESTRICT:
    case 18: return convert(f, bt->type);
    case BTF_KIND_FLOAT: return types_int(t, bt->size * 8, false);
    default: return types_basic(t, TYPE_VOID);
    }
}

static const struct type *convert(struct btf_file *f, uint32_t id) {
    if (id == 0) return types_basic(f->owner, TYPE_VOID);
    struct btf_file *home = (struct btf_file *)file_of(f, id);
    const struct btf_type *bt = type_at(home, id);
    if (!bt) return types_basic(f->owner, TYPE_VOID);
    const struct type **slot = &home->cache[id - home->first_id];
    if (!*slot) *slot = convert_fresh(home, id, bt);
    return *slot;
}

static void complete_enum(const struct btf_file *f, const struct btf_type *bt, struct type *type) {
    uint32_t n = BTF_INFO_VLEN(bt->info);
    struct type_enumerator *list = arena_alloc(f->owner->arena, (n + 1) * sizeof(*list));
    if (BTF_INFO_KIND(bt->info) == BTF_KIND_ENUM) {
        const struct btf_enum *e = (const struct btf_enum *)(bt + 1);
        for (uint32_t i = 0; i < n; i++)
            list[i] =
                (struct type_enumerator){string_at(f, e[i].name_off),
                                         type->is_signed ? e[i].val : (int64_t)(uint32_t)e[i].val};
    } else {
        const uint32_t *e = (const uint32_t *)(bt + 1);
        for (uint32_t i = 0; i < n; i++)
            list[i] = (struct type_enumerator){
                string_at(f, e[3 * i]), (int64_t)(e[3 * i + 1] | (uint64_t)e[3 * i + 2] << 32)};
    }
    type->enumerators = list;
    type->nenumerators = n;
}

static void complete_struct(struct btf_file *f, const struct btf_type *bt, struct type *type) {
    uint32_t n = BTF_INFO_VLEN(bt->info);
    const struct btf_member *m = (const struct btf_member *)(bt + 1);
    struct type_field *fields = arena_alloc(f->owner->arena, (n + 1) * sizeof(*fields));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits = m[i].offset, width = 0;
        if (BTF_INFO_KFLAG(bt->info)) {
            width = BTF_MEMBER_BITFIELD_SIZE(bits);
            bits = BTF_MEMBER_BIT_OFFSET(bits);
        }
        fields[i] = (struct type_field){.name = string_at(f, m[i].name_off),
                                        .type = convert(f, m[i].type),
                                        .offset = bits / 8,
                                        .bit_offset = bits % 8,
                                        .bit_size = width};
    }
    type->fields = fields;
    type->nfields = n;
}

static void complete(struct types *t, struct type *type) {
    (void)t;
    struct btf_file *f = (struct btf_file *)type->origin;
    const struct btf_type *bt = type_at(f, type->origin_id);
    type->is_complete = true;
    if (type->kind == TYPE_ENUM)
        complete_enum(f, bt, type);
    else if (BTF_INFO_KIND(bt->info) != BTF_KIND_FWD)
        complete_struct(f, bt, type);
}

// ---- questions ----

static uint32_t find_anywhere(struct types *t, unsigned kind, const char *name,
                              struct btf_file **file) {
    struct btf_store *s = store(t);
    if (!s) return 0;
    *file = s->vmlinux;
    uint32_t id = find_id(s->vmlinux, kind, name);
    if (id) return id;
    read_modules(t, s);
    for (size_t i = 0; i < s->nmodules; i++)
        if ((id = find_id(*file = s->modules[i], kind, name))) return id;
    return 0;
}

static bool same_shape(const struct btf_file *a, uint32_t x, const struct btf_file *b, uint32_t y) {
    const struct btf_type *s = type_at(a, x), *t = type_at(b, y);
    return s->size == t->size && BTF_INFO_VLEN(s->info) == BTF_INFO_VLEN(t->info);
}

// In what was compiled from C text, then in the kernel's. What is the same in both is taken from
// the kernel, which says of pointers where they point.
static uint32_t find_first(struct types *t, unsigned kind, const char *name,
                           struct btf_file **file) {
    struct btf_file *kernel = NULL;
    uint32_t id = find_anywhere(t, kind, name, &kernel), own;
    for (size_t i = 0; i < t->c_files.len; i++) {
        struct btf_file *f = t->c_files.data[i];
        if (!(own = find_id(f, kind, name))) continue;
        bool tagged = kind != BTF_KIND_TYPEDEF;
        if (id && (!tagged || same_shape(f, own, kernel, id))) break;
        *file = f;
        return own;
    }
    *file = kernel;
    return id;
}

static unsigned kind_of_tag(const char *tag) {
    return !strcmp(tag, "struct")  ? BTF_KIND_STRUCT
           : !strcmp(tag, "union") ? BTF_KIND_UNION
           : !strcmp(tag, "enum")  ? BTF_KIND_ENUM
                                   : BTF_KIND_TYPEDEF;
}

// The tag's kind; a typedef of an anonymous struct gets the typedef's name.
const struct type *btf_find_type(struct types *t, const char *tag, const char *name) {
    unsigned kind = kind_of_tag(tag);
    struct btf_file *f;
    uint32_t id = find_first(t, kind, name, &f);
    if (!id) return NULL;
    const struct type *type = convert(f, id);
    bool tagged = type->kind == TYPE_STRUCT || type->kind == TYPE_ENUM;
    if (kind == BTF_KIND_TYPEDEF && tagged && !type->name)
        ((struct type *)type)->name = arena_strdup(t->arena, name);
    return type;
}

static bool enum_has(const struct btf_file *f, uint32_t id, const char *name) {
    const struct btf_type *bt = type_at(f, id);
    unsigned kind = BTF_INFO_KIND(bt->info);
    if (kind != BTF_KIND_ENUM && kind != 19) return false;
    const uint32_t *e = (const uint32_t *)(bt + 1);
    unsigned words = kind == 19 ? 3 : 2;
    for (uint32_t i = 0; i < BTF_INFO_VLEN(bt->info); i++)
        if (!strcmp(string_at(f, e[i * words]), name)) return true;
    return false;
}

static bool constant_in(struct btf_file *f, const char *name, int64_t *value,
                        const struct type **type) {
    for (uint32_t id = f->first_id; id < f->first_id + f->ntypes; id++) {
        if (!enum_has(f, id, name)) continue;
        const struct type *e = types_complete(f->owner, convert(f, id));
        for (uint32_t i = 0; i < e->nenumerators; i++) {
            if (strcmp(e->enumerators[i].name, name)) continue;
            *value = e->enumerators[i].value;
            *type = e;
            return true;
        }
    }
    return false;
}

bool btf_find_constant(struct types *t, const char *name, int64_t *value,
                       const struct type **type) {
    for (size_t i = 0; i < t->c_files.len; i++)
        if (constant_in(t->c_files.data[i], name, value, type)) return true;
    struct btf_store *s = store(t);
    if (!s) return false;
    if (constant_in(s->vmlinux, name, value, type)) return true;
    read_modules(t, s);
    for (size_t i = 0; i < s->nmodules; i++)
        if (constant_in(s->modules[i], name, value, type)) return true;
    return false;
}

static void each_enumerator(const struct btf_file *f, void (*each)(void *ctx, const char *name),
                            void *ctx) {
    for (uint32_t id = f->first_id; id < f->first_id + f->ntypes; id++) {
        const struct btf_type *bt = type_at(f, id);
        unsigned kind = BTF_INFO_KIND(bt->info), words = kind == 19 ? 3 : 2;
        if (kind != BTF_KIND_ENUM && kind != 19) continue;
        const uint32_t *e = (const uint32_t *)(bt + 1);
        for (uint32_t i = 0; i < BTF_INFO_VLEN(bt->info); i++)
            each(ctx, string_at(f, e[i * words]));
    }
}

void btf_each_constant(struct types *t, void (*each)(void *ctx, const char *name), void *ctx) {
    for (size_t i = 0; i < t->c_files.len; i++) each_enumerator(t->c_files.data[i], each, ctx);
    struct btf_store *s = store(t);
    if (s) each_enumerator(s->vmlinux, each, ctx);
}

static int module_fd(const char *name) {
    uint32_t id = 0;
    while (bpf_btf_get_next_id(id, &id) == 0) {
        int fd = bpf_btf_get_fd_by_id(id);
        if (fd < 0) continue;
        char got[64] = "";
        struct bpf_btf_info info = {.name = (uintptr_t)got, .name_len = sizeof(got)};
        uint32_t len = sizeof(info);
        if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.kernel_btf && !strcmp(got, name))
            return fd;
        close(fd);
    }
    return 0;
}

// A type as C writes it, for listings.
static const char *c_text(const struct btf_file *f, uint32_t id, unsigned depth) {
    struct arena *a = f->owner->arena;
    const struct btf_type *bt = id ? type_at(f, id) : NULL;
    if (!bt || depth > 16) return "void";
    const char *name = string_at(f, bt->name_off);
    switch (BTF_INFO_KIND(bt->info)) {
    case BTF_KIND_PTR: {
        const char *to = c_text(f, bt->type, depth + 1);
        return arena_printf(a, to[strlen(to) - 1] == '*' ? "%s*" : "%s *", to);
    }
    case BTF_KIND_CONST: return arena_printf(a, "const %s", c_text(f, bt->type, depth + 1));
    case BTF_KIND_VOLATILE: return arena_printf(a, "volatile %s", c_text(f, bt->type, depth + 1));
    case BTF_KIND_RESTRICT:
    case 18: return c_text(f, bt->type, depth + 1);
    case BTF_KIND_STRUCT: return arena_printf(a, "struct %s", name);
    case BTF_KIND_UNION: return arena_printf(a, "union %s", name);
    case BTF_KIND_FWD:
        return arena_printf(a, "%s %s", BTF_INFO_KFLAG(bt->info) ? "union" : "struct", name);
    case BTF_KIND_ENUM:
    case 19: return arena_printf(a, "enum %s", name);
    case BTF_KIND_ARRAY: {
        const struct btf_array *array = (const struct btf_array *)(bt + 1);
        return arena_printf(a, "%s[%u]", c_text(f, array->type, depth + 1), array->nelems);
    }
    case BTF_KIND_FUNC_PROTO: return "void (*)()";
    default: return *name ? name : "void";
    }
}

static const struct type_func *make_func(struct btf_file *f, const char *name, uint32_t id,
                                         uint32_t proto_id, unsigned skip) {
    struct arena *a = f->owner->arena;
    const struct btf_type *proto = type_at(f, proto_id);
    if (!proto || BTF_INFO_KIND(proto->info) != BTF_KIND_FUNC_PROTO) return NULL;
    const struct btf_param *in = (const struct btf_param *)(proto + 1);
    uint32_t n = BTF_INFO_VLEN(proto->info);
    if (n && !in[n - 1].type) n--; // variadic
    struct type_func *out = ARENA_NEW(a, struct type_func);
    struct type_param *params = arena_alloc(a, (n + 1) * sizeof(*params));
    for (uint32_t i = skip; i < n; i++) {
        const char *param = string_at(f, in[i].name_off);
        params[i - skip].name = *param ? param : arena_printf(a, "arg%u", i - skip);
        params[i - skip].type = convert(f, in[i].type);
        params[i - skip].decl = c_text(f, in[i].type, 0);
    }
    *out = (struct type_func){.name = arena_strdup(a, name),
                              .module = f->name,
                              .btf_id = id,
                              .params = params,
                              .nparams = n > skip ? n - skip : 0,
                              .ret = convert(f, proto->type),
                              .ret_decl = c_text(f, proto->type, 0)};
    if (f->base) {
        if (!f->fd) f->fd = module_fd(f->name);
        out->btf_fd = f->fd;
    }
    return out;
}

static struct btf_file *file_named(struct types *t, const char *module) {
    struct btf_store *s = store(t);
    if (!s) return NULL;
    if (!strcmp(module, "vmlinux")) return s->vmlinux;
    read_modules(t, s);
    for (size_t i = 0; i < s->nmodules; i++)
        if (!strcmp(s->modules[i]->name, module)) return s->modules[i];
    return NULL;
}

const struct type_func *types_find_func(struct types *t, const char *module, const char *name) {
    struct btf_file *f = NULL;
    uint32_t id = 0;
    if (module && *module) {
        f = file_named(t, module);
        if (f) id = find_id(f, BTF_KIND_FUNC, name);
    } else {
        id = find_anywhere(t, BTF_KIND_FUNC, name, &f);
    }
    return id ? make_func(f, name, id, type_at(f, id)->type, 0) : NULL;
}

// The kernel has a function for each raw tracepoint whose prototype names the arguments; the
// typedef btf_trace_<name> has their types only.
const struct type_func *types_find_raw_tracepoint(struct types *t, const char *module,
                                                  const char *name) {
    static const char *const forms[] = {"__probestub_", "__traceiter_", "btf_trace_"};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const char *full = arena_printf(t->arena, "%s%s", forms[i], name);
        unsigned kind = i < 2 ? BTF_KIND_FUNC : BTF_KIND_TYPEDEF;
        struct btf_file *f = NULL;
        uint32_t id = 0;
        if (module && *module) {
            f = file_named(t, module);
            if (f) id = find_id(f, kind, full);
        } else {
            id = find_anywhere(t, kind, full, &f);
        }
        if (!id) continue;
        uint32_t proto = type_at(f, id)->type;
        if (kind == BTF_KIND_TYPEDEF) { // a pointer to the prototype
            const struct btf_type *pointer = type_at(f, proto);
            if (!pointer || BTF_INFO_KIND(pointer->info) != BTF_KIND_PTR) return NULL;
            proto = pointer->type;
        }
        return make_func(f, name, id, proto, 1);
    }
    return NULL;
}

// The names of one kind that begin with `prefix`, without it.
struct names {
    unsigned kind;
    const char *prefix;
    bool (*each)(void *ctx, const char *module, const char *name);
    void *ctx;
};

static bool each_in(const struct btf_file *f, const struct names *names) {
    size_t n = strlen(names->prefix);
    for (uint32_t id = f->first_id; id < f->first_id + f->ntypes; id++) {
        const struct btf_type *bt = type_at(f, id);
        if (BTF_INFO_KIND(bt->info) != names->kind) continue;
        const char *name = string_at(f, bt->name_off);
        if (strncmp(name, names->prefix, n)) continue;
        if (!names->each(names->ctx, f->name, name + n)) return false;
    }
    return true;
}

static void each_name(struct types *t, const char *module, const struct names *names) {
    struct btf_store *s = store(t);
    if (!s) return;
    bool all = !module || !*module;
    if (all || !strcmp(module, "vmlinux"))
        if (!each_in(s->vmlinux, names)) return;
    if (!all && !strcmp(module, "vmlinux")) return;
    read_modules(t, s);
    for (size_t i = 0; i < s->nmodules; i++)
        if ((all || strchr(module, '*') || !strcmp(module, s->modules[i]->name)) &&
            !each_in(s->modules[i], names))
            return;
}

void types_each_func(struct types *t, const char *module,
                     bool (*each)(void *ctx, const char *module, const char *name), void *ctx) {
    each_name(t, module, &(struct names){BTF_KIND_FUNC, "", each, ctx});
}

void types_each_tagged(struct types *t, const char *tag,
                       bool (*each)(void *ctx, const char *module, const char *name), void *ctx) {
    size_t n = strlen(tag);
    for (size_t i = 0; i < t->names.len; i++) {
        const char *name = t->names.data[i].name;
        if (!strncmp(name, tag, n) && name[n] == ' ' && !each(ctx, "", name + n + 1)) return;
    }
    each_name(t, NULL, &(struct names){kind_of_tag(tag), "", each, ctx});
}

void types_each_raw_tracepoint(struct types *t,
                               bool (*each)(void *ctx, const char *module, const char *name),
                               void *ctx) {
    each_name(t, NULL, &(struct names){BTF_KIND_TYPEDEF, "btf_trace_", each, ctx});
}

void types_each_c_func(struct types *t, void (*each)(void *ctx, const struct type_func *f),
                       void *ctx) {
    if (!t->c_files.len) return;
    struct btf_file *f = t->c_files.data[t->c_files.len - 1];
    for (uint32_t id = f->first_id; id < f->first_id + f->ntypes; id++) {
        const struct btf_type *bt = type_at(f, id);
        bool is_global = BTF_INFO_VLEN(bt->info) == BTF_FUNC_GLOBAL;
        if (BTF_INFO_KIND(bt->info) != BTF_KIND_FUNC || !is_global) continue;
        const struct type_func *func = make_func(f, string_at(f, bt->name_off), id, bt->type, 0);
        if (func) each(ctx, func);
    }
}
