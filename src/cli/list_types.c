// SPDX-License-Identifier: Apache-2.0
// -l 'struct NAME': types of the kernel and its modules, with -v as C declares them. libbpf's
// btf_dump writes the declarations: it is read here alone, where start-up does not matter.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/log.h"
#include "cli/cli.h"
#include "probes/probe.h"

struct type_lister {
    bool verbose;
    const char *tag;     // "struct", "union", "enum"
    const char *pattern; // of the name
    size_t n;
};

static void put(void *ctx, const char *format, va_list args) {
    (void)ctx;
    vprintf(format, args);
}

static void put_members(const struct btf *btf, struct btf_dump *dump, const struct btf_type *t) {
    const struct btf_member *m = btf_members(t);
    for (unsigned i = 0; i < btf_vlen(t); i++, m++) {
        LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts,
                    .field_name = btf__name_by_offset(btf, m->name_off), .indent_level = 1);
        unsigned bits = btf_member_bitfield_size(t, i);
        putchar('\t');
        btf_dump__emit_type_decl(dump, m->type, &opts);
        if (bits) printf(": %u", bits);
        puts(";");
    }
}

static void put_enumerators(const struct btf *btf, const struct btf_type *t) {
    for (unsigned i = 0; i < btf_vlen(t); i++) {
        bool wide = btf_is_enum64(t);
        const char *name =
            btf__name_by_offset(btf, wide ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off);
        long long value =
            wide ? (long long)btf_enum64_value(&btf_enum64(t)[i]) : btf_enum(t)[i].val;
        printf("\t%s = %lld,\n", name, value);
    }
}

static bool has_tag(const struct btf_type *t, const char *tag) {
    return btf_is_struct(t)  ? !strcmp(tag, "struct")
           : btf_is_union(t) ? !strcmp(tag, "union")
                             : btf_is_any_enum(t) && !strcmp(tag, "enum");
}

// The types of one BTF object from id `first` on; `module` names it.
static void list_btf(struct type_lister *l, const struct btf *btf, unsigned first,
                     const char *module) {
    struct btf_dump *dump = l->verbose ? btf_dump__new(btf, put, NULL, NULL) : NULL;
    if (l->verbose && !dump) return;
    for (unsigned id = first; id < btf__type_cnt(btf); id++) {
        const struct btf_type *t = btf__type_by_id(btf, id);
        if (!has_tag(t, l->tag)) continue;
        const char *name = btf__name_by_offset(btf, t->name_off);
        if (!*name || !probe_glob(l->pattern, name)) continue;
        l->n++;
        if (!dump) {
            printf("%s %s\n", l->tag, name);
            continue;
        }
        printf("%s: %s %s {\n", module, l->tag, name);
        if (btf_is_any_enum(t))
            put_enumerators(btf, t);
        else
            put_members(btf, dump, t);
        puts("};\n");
    }
    btf_dump__free(dump);
}

static void list_modules(struct type_lister *l, struct btf *vmlinux) {
    DIR *dir = opendir("/sys/kernel/btf");
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.' || !strcmp(e->d_name, "vmlinux")) continue;
        char path[512];
        snprintf(path, sizeof(path), "/sys/kernel/btf/%s", e->d_name);
        struct btf *btf = btf__parse_split(path, vmlinux);
        if (btf) list_btf(l, btf, btf__type_cnt(vmlinux), e->d_name);
        btf__free(btf);
    }
    closedir(dir);
}

bool list_types(const char *text, bool verbose) {
    const char *space = strchr(text, ' ');
    char tag[8];
    snprintf(tag, sizeof(tag), "%.*s", (int)(space - text), text);
    struct type_lister l = {.verbose = verbose, .tag = tag, .pattern = space + 1};
    const char *given = getenv("BPFTRACE_BTF");
    struct btf *vmlinux = given && *given ? btf__parse(given, NULL) : btf__load_vmlinux_btf();
    if (!vmlinux) {
        log_error("no BTF of the kernel to list types from");
        return false;
    }
    list_btf(&l, vmlinux, 1, "vmlinux");
    if (!given || !*given) list_modules(&l, vmlinux);
    btf__free(vmlinux);
    if (!l.n) log_warning("no such type: %s", text);
    return l.n > 0;
}
