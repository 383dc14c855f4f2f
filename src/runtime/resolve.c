// SPDX-License-Identifier: Apache-2.0
// Names for output: stacks from their maps, symbols, cgroup paths.
#include <fnmatch.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/runtime_internal.h"

static uint32_t stack(void *ctx, const struct type *type, const struct value_stack *v,
                      uint64_t *ips, uint32_t max) {
    struct runtime *rt = ctx;
    char name[32];
    snprintf(name, sizeof(name), "gaff_stack_%u", type->param);
    struct bpf_map *map = bpf_object__find_map_by_name(rt->object, name);
    uint64_t *frames = calloc(type->param ? type->param : 1, 8);
    uint32_t n = v->nr < max ? v->nr : max;
    if (!map || !frames || bpf_map_lookup_elem(bpf_map__fd(map), &v->id, frames)) n = 0;
    if (n > type->param) n = type->param;
    if (n) memcpy(ips, frames, n * 8ull);
    free(frames);
    return n;
}

static size_t frames(void *ctx, const struct output_address *a, enum symbols_place place,
                     struct symbol_frame *out, size_t max) {
    struct runtime *rt = ctx;
    if (a->kernel) return symbols_kernel_frames(rt->symbols, a->address, place, out, max);
    size_t n = symbols_user(rt->symbols, (pid_t)a->pid, a->address, place, out, max);
    // The process is gone: the programs that the script names may still tell.
    for (size_t i = 0; !n && i < rt->m->targets.len; i++) {
        const char *program = rt->m->targets.data[i].module;
        if (program && *program == '/')
            n = symbols_file(rt->symbols, program, a->address, place, out, max);
    }
    return n;
}

// Does a value of the type show names of a program's code?
static bool has_code(const struct type *t) {
    if (!t) return false;
    if (t->kind == TYPE_USTACK) return t->mode != STACK_MODE_RAW;
    for (uint32_t i = 0; t->kind == TYPE_TUPLE && i < t->nfields; i++)
        if (has_code(t->fields[i].type)) return true;
    return t->kind == TYPE_USYM;
}

int rt_watch_programs(struct runtime *rt) {
    bool wanted = false;
    for (size_t i = 0; i < rt->m->maps.len; i++)
        wanted |= has_code(rt->m->maps.data[i].key) || has_code(rt->m->maps.data[i].value);
    for (size_t i = 0; i < rt->m->events.len; i++)
        for (size_t k = 0; k < rt->m->events.data[i].fields.len; k++)
            wanted |= has_code(rt->m->events.data[i].fields.data[k].type);
    if (!wanted) return -1;
    int fd = symbols_watch(rt->symbols);
    if (rt->opts->pid) symbols_note_process(rt->symbols, rt->opts->pid);
    return fd;
}

static bool build_id(void *ctx, uint32_t pid, uint64_t addr, const char **id, uint64_t *offset) {
    return symbols_build_id(((struct runtime *)ctx)->symbols, (pid_t)pid, addr, id, offset);
}

static struct {
    uint64_t id;
    char *found;
} search;

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)ftw;
    if (type != FTW_D || st->st_ino != search.id) return 0;
    search.found = strdup(path);
    return 1;
}

static char *cgroup_path(void *ctx, uint64_t id, const char *pattern) {
    static const char root[] = "/sys/fs/cgroup";
    (void)ctx;
    search.id = id;
    search.found = NULL;
    nftw(root, visit, 16, FTW_PHYS);
    if (!search.found) return NULL;
    const char *rest = search.found + strlen(root);
    char *text = NULL;
    if (*pattern && fnmatch(pattern, "unified", 0)) {
        free(search.found);
        return NULL;
    }
    if (asprintf(&text, "unified:%s", *rest ? rest : "/") < 0) text = NULL;
    free(search.found);
    return text;
}

static const struct type *kernel_enum(void *ctx, const char *constant) {
    struct runtime *rt = ctx;
    const struct type *type = NULL;
    int64_t value;
    if (!types_find_constant(rt->types, constant, &value, &type) || !type) return NULL;
    return type->kind == TYPE_ENUM ? types_complete(rt->types, type) : NULL;
}

struct output_resolver rt_resolver(struct runtime *rt) {
    return (struct output_resolver){.ctx = rt,
                                    .stack = stack,
                                    .frames = frames,
                                    .build_id = build_id,
                                    .cgroup_path = cgroup_path,
                                    .kernel_enum = kernel_enum};
}
