// SPDX-License-Identifier: Apache-2.0
// A walk over BTF in the order of the file that stops at what is looked for. Reading and indexing
// all of vmlinux takes longer than the rest of a start; that is btf.c's, for scripts with types.
#include "types/btf_peek.h"

#include <fcntl.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP = 16384 };

long btf_extra_size(const struct btf_type *bt) {
    uint32_t n = BTF_INFO_VLEN(bt->info);
    switch (BTF_INFO_KIND(bt->info)) {
    case BTF_KIND_INT: return 4;
    case BTF_KIND_ARRAY: return sizeof(struct btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION: return (long)(n * sizeof(struct btf_member));
    case BTF_KIND_ENUM: return (long)(n * sizeof(struct btf_enum));
    case BTF_KIND_FUNC_PROTO: return (long)(n * sizeof(struct btf_param));
    case BTF_KIND_VAR: return sizeof(struct btf_var);
    case BTF_KIND_DATASEC: return (long)(n * sizeof(struct btf_var_secinfo));
    case BTF_KIND_DECL_TAG: return 4;
    case 19 /* BTF_KIND_ENUM64 */: return (long)(n * 12);
    case BTF_KIND_PTR:
    case BTF_KIND_FWD:
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_CONST:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_FUNC:
    case BTF_KIND_FLOAT:
    case 18 /* BTF_KIND_TYPE_TAG */: return 0;
    default: return -1;
    }
}

// A section of the file, read as far as was asked for.
struct section {
    int fd;
    uint32_t at, len, have; // in the file; its length; read so far
    char *data;
};

static bool read_up_to(struct section *s, uint64_t end) {
    if (end > s->len) return false;
    while (s->have < end) {
        uint32_t want = s->len - s->have < STEP ? s->len - s->have : STEP;
        char *more = realloc(s->data, s->have + want);
        if (!more) return false;
        s->data = more;
        ssize_t n = pread(s->fd, s->data + s->have, want, (off_t)s->at + s->have);
        if (n <= 0) return false;
        s->have += (uint32_t)n;
    }
    return true;
}

static bool string_is(struct section *strings, uint32_t at, const char *text) {
    size_t n = strlen(text) + 1;
    return read_up_to(strings, (uint64_t)at + n) && !memcmp(strings->data + at, text, n);
}

static bool find_member(struct section *types, struct section *strings, uint64_t at,
                        const char *member, uint32_t *offset) {
    struct btf_type head;
    memcpy(&head, types->data + at, sizeof(head));
    uint32_t n = BTF_INFO_VLEN(head.info);
    at += sizeof(head);
    if (!read_up_to(types, at + n * sizeof(struct btf_member))) return false;
    for (uint32_t i = 0; i < n; i++, at += sizeof(struct btf_member)) {
        struct btf_member m;
        memcpy(&m, types->data + at, sizeof(m));
        if (!string_is(strings, m.name_off, member)) continue;
        *offset = (BTF_INFO_KFLAG(head.info) ? BTF_MEMBER_BIT_OFFSET(m.offset) : m.offset) / 8;
        return true;
    }
    return false;
}

static bool find(struct section *types, struct section *strings, const char *structure,
                 const char *member, uint32_t *offset) {
    for (uint64_t at = 0; read_up_to(types, at + sizeof(struct btf_type));) {
        struct btf_type head;
        memcpy(&head, types->data + at, sizeof(head));
        bool is_struct = BTF_INFO_KIND(head.info) == BTF_KIND_STRUCT;
        if (is_struct && string_is(strings, head.name_off, structure))
            return find_member(types, strings, at, member, offset);
        long extra = btf_extra_size(&head);
        if (extra < 0) return false;
        at += sizeof(head) + (uint64_t)extra;
    }
    return false;
}

bool btf_peek_member(const char *structure, const char *member, uint32_t *offset) {
    struct btf_header h;
    int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = pread(fd, &h, sizeof(h), 0) == sizeof(h) && h.magic == BTF_MAGIC;
    if (ok) {
        struct section types = {.fd = fd, .at = h.hdr_len + h.type_off, .len = h.type_len};
        struct section strings = {.fd = fd, .at = h.hdr_len + h.str_off, .len = h.str_len};
        ok = find(&types, &strings, structure, member, offset);
        free(types.data);
        free(strings.data);
    }
    close(fd);
    return ok;
}
