// SPDX-License-Identifier: Apache-2.0
// tracepoint: static events with a record, described by their format file in tracefs.
#include <ctype.h>
#include <dirent.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/suggest.h"
#include "probes/probe_internal.h"
#include "probes/providers.h"

typedef bool (*each_event)(void *ctx, const char *category, const char *event);

static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool events_of(const char *root, const char *category, each_event each, void *ctx) {
    char path[512];
    struct dirent **names;
    // What cannot be enabled (the records of ftrace itself) cannot be traced.
    snprintf(path, sizeof(path), "%s/events/%s/enable", root, category);
    if (access(path, F_OK)) return true;
    snprintf(path, sizeof(path), "%s/events/%s", root, category);
    int n = scandir(path, &names, NULL, compare_names);
    bool go_on = true;
    for (int i = 0; i < n; i++) {
        if (go_on && names[i]->d_type == DT_DIR && names[i]->d_name[0] != '.')
            go_on = each(ctx, category, names[i]->d_name);
        free(names[i]);
    }
    if (n >= 0) free(names);
    return go_on;
}

static void events_each(const char *category, each_event each, void *ctx) {
    const char *root = tracefs_path();
    char path[256];
    struct dirent **names;
    if (!root) return;
    snprintf(path, sizeof(path), "%s/events", root);
    int n = scandir(path, &names, NULL, compare_names);
    bool go_on = true;
    for (int i = 0; i < n; i++) {
        if (go_on && names[i]->d_type == DT_DIR && names[i]->d_name[0] != '.' &&
            probe_glob(category, names[i]->d_name))
            go_on = events_of(root, names[i]->d_name, each, ctx);
        free(names[i]);
    }
    if (n >= 0) free(names);
}

struct search {
    struct probe_env *env;
    const char *pattern;
    bool either; // the pattern may be the category's as well
    probe_found found;
    void *ctx;
    int n;
};

static bool consider(void *ctx, const char *category, const char *event) {
    struct search *s = ctx;
    bool is_asked =
        probe_glob(s->pattern, event) || (s->either && probe_glob(s->pattern, category));
    if (!is_asked) return true;
    struct arena *a = s->env->arena;
    struct mf_target t = {.name = arena_printf(a, "tracepoint:%s:%s", category, event),
                          .module = arena_strdup(a, category),
                          .function = arena_strdup(a, event)};
    s->n++;
    return s->found(s->ctx, &t);
}

struct nearest {
    struct suggest suggest;
    struct arena *arena;
};

static bool offer(void *ctx, const char *category, const char *event) {
    struct nearest *n = ctx;
    char full[1024];
    snprintf(full, sizeof(full), "%s:%s", category, event);
    const char *before = n->suggest.best;
    suggest_offer(&n->suggest, full);
    if (n->suggest.best != before) n->suggest.best = arena_strdup(n->arena, full);
    return true;
}

static int match(struct probe_env *env, const struct probe_spec *spec, probe_found found, void *ctx,
                 struct probe_error *err) {
    if (spec->nparts != 3) {
        probe_fail(env, err, "tracepoint probe type requires 2 arguments, found %u",
                   spec->nparts - 1);
        err->hint = "tracepoint:CATEGORY:EVENT";
        return -1;
    }
    if (!tracefs_path()) {
        probe_fail(env, err, "tracepoints need tracefs, which is not mounted or not readable");
        err->hint = "mount -t tracefs tracefs /sys/kernel/tracing";
        return -1;
    }
    const char *category = spec->parts[1];
    struct search s = {
        .env = env, .pattern = spec->parts[spec->nparts - 1], .found = found, .ctx = ctx};
    events_each(category, consider, &s);
    if (s.n) return s.n;
    if (probe_has_glob(s.pattern) || probe_has_glob(category)) {
        probe_fail(env, err, "No matches for %s", spec->text);
        return 0;
    }
    probe_fail(env, err, "tracepoint not found: %s:%s", category, s.pattern);
    const char *full = arena_printf(env->arena, "%s:%s", category, s.pattern);
    struct nearest n = {.suggest = suggest_begin(full), .arena = env->arena};
    events_each("*", offer, &n);
    if (n.suggest.best)
        err->hint = arena_printf(env->arena, "did you mean tracepoint:%s?", n.suggest.best);
    return 0;
}

static void list(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                 void *ctx) {
    // tracepoint:WORD is a category or an event.
    bool either = spec->nparts == 2;
    struct search s = {.env = env,
                       .pattern = spec->nparts > 1 ? spec->parts[spec->nparts - 1] : "*",
                       .either = either,
                       .found = found,
                       .ctx = ctx};
    events_each(spec->nparts > 2 ? spec->parts[1] : "*", consider, &s);
}

// ---- format files ----

// "field:unsigned char name[16];	offset:8;	size:16;	signed:0;"
static bool parse_field(struct probe_env *env, const char *line, struct type_field *out) {
    char decl[256];
    unsigned offset, size;
    int is_signed = 0;
    const char *field = strstr(line, "field:");
    if (!field) return false;
    size_t n = strcspn(field + 6, ";");
    if (n >= sizeof(decl)) return false;
    memcpy(decl, field + 6, n);
    decl[n] = '\0';
    if (sscanf(field + 6 + n, "; offset:%u; size:%u; signed:%d", &offset, &size, &is_signed) < 2)
        return false;
    *out = (struct type_field){.offset = offset};
    char *name = strrchr(decl, ' ');
    if (!name) return false;
    *name++ = '\0';
    uint64_t count = 0;
    char *bracket = strchr(name, '[');
    bool array = bracket != NULL;
    if (bracket) {
        *bracket = '\0';
        // A macro as the size (TASK_COMM_LEN) is answered by the field's own size.
        if (!probe_number(arena_strndup(env->arena, bracket + 1, strcspn(bracket + 1, "]")),
                          &count))
            count = 0;
    }
    out->name = arena_strdup(env->arena, name);
    out->is_data_loc = !strncmp(decl, "__data_loc ", 11);
    out->is_data_rel = !strncmp(decl, "__rel_loc ", 10);
    const char *base = out->is_data_loc ? decl + 11 : out->is_data_rel ? decl + 10 : decl;
    while (!strncmp(base, "const ", 6)) base += 6;
    struct types *t = env->types;
    bool is_char = !strncmp(base, "char", 4) || !strncmp(base, "const char", 10);
    size_t len = strlen(base);
    bool pointer = len && base[len - 1] == '*';
    if (out->is_data_loc || out->is_data_rel) {
        const struct type *elem = is_char ? types_find(t, "char") : types_int(t, 8, false);
        out->type = types_array(t, elem, 0);
        return true;
    }
    if (pointer) {
        char target[256];
        snprintf(target, sizeof(target), "%.*s", (int)len - 1, base);
        for (size_t k = strlen(target); k && target[k - 1] == ' ';) target[--k] = '\0';
        const char *bare = target;
        while (!strncmp(bare, "const ", 6)) bare += 6;
        const struct type *to = NULL;
        if (strchr(bare, '*'))
            to = types_pointer(t, types_find(t, "char"), SPACE_NONE);
        else
            to = types_find_basic_name(t, bare);
        if (!to && (!strncmp(bare, "struct ", 7) || !strncmp(bare, "union ", 6)))
            to = types_find(t, bare);
        out->type = types_pointer(t, to ? to : types_basic(t, TYPE_VOID), SPACE_NONE);
        if (array) out->type = types_array(t, out->type, size / 8);
        return true;
    }
    if (array && count == 0) count = size;
    uint32_t elem_size = array ? (uint32_t)(size / (count ? count : 1)) : size;
    const struct type *elem = is_char                 ? types_find(t, "char")
                              : !strcmp(base, "bool") ? types_basic(t, TYPE_BOOL)
                              : elem_size == 1 || elem_size == 2 || elem_size == 4 || elem_size == 8
                                  ? types_int(t, elem_size * 8, is_signed)
                                  : types_array(t, types_int(t, 8, false), elem_size);
    out->type = array ? types_array(t, elem, (uint32_t)count) : elem;
    return true;
}

VEC_OF(field_vec, struct type_field);

static bool describe(struct probe_env *env, const struct mf_target *target,
                     struct probe_layout *out, struct probe_error *err) {
    const char *root = tracefs_path();
    char path[512];
    snprintf(path, sizeof(path), "%s/events/%s/%s/format", root ? root : "", target->module,
             target->function);
    FILE *f = fopen(path, "re");
    if (!f) return probe_fail(env, err, "cannot read the format of %s: %s", target->name, path);
    struct field_vec fields = {0};
    char *line = NULL;
    size_t cap = 0;
    uint32_t size = 8;
    // syscalls' arguments are user pointers, whatever they are called.
    bool user = !strcmp(target->module, "syscalls");
    while (getline(&line, &cap, f) > 0) {
        struct type_field field;
        if (!parse_field(env, line, &field)) continue;
        uint32_t end = field.offset + (field.type->size ? field.type->size : 4);
        if (end > size) size = end;
        if (user && field.type->kind == TYPE_POINTER)
            field.type = types_pointer(env->types, field.type->target, SPACE_USER);
        struct probe_arg arg = {.name = field.name,
                                .type = field.type,
                                .offset = field.offset,
                                .is_data_loc = field.is_data_loc,
                                .is_data_rel = field.is_data_rel};
        const char *decl = strstr(line, "field:") + 6;
        arg.decl = arena_strndup(env->arena, decl, strcspn(decl, ";"));
        VEC_PUSH(env->arena, &fields, field);
        // The first eight bytes are the kernel's own: programs may not read them.
        if (strncmp(field.name, "common_", 7)) VEC_PUSH(env->arena, &out->args, arg);
    }
    free(line);
    fclose(f);
    char name[256];
    snprintf(name, sizeof(name), "struct _tracepoint_%s_%s", target->module, target->function);
    out->record = types_struct(env->types, name, size, fields.data, (uint32_t)fields.len);
    return true;
}

static int event_id(const struct mf_target *t) {
    const char *root = tracefs_path();
    char path[512];
    int id = -1;
    if (!root) return -1;
    snprintf(path, sizeof(path), "%s/events/%s/%s/id", root, t->module, t->function);
    FILE *f = fopen(path, "re");
    if (!f) return -1;
    if (fscanf(f, "%d", &id) != 1) id = -1;
    fclose(f);
    return id;
}

static size_t attach(struct probe_env *env, struct bpf_program *prog,
                     const struct mf_target *targets, size_t n, uint64_t first_cookie,
                     struct probe_links *links, probe_failed failed, void *ctx) {
    (void)env;
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        int id = event_id(&targets[i]);
        const char *why = "no such tracepoint";
        struct perf_event_attr attr = {
            .type = PERF_TYPE_TRACEPOINT, .config = (uint64_t)id, .sample_period = 1};
        if (id >= 0 &&
            perf_attach(&attr, bpf_program__fd(prog), 0, 0, first_cookie + i, links, &why))
            done++;
        else
            failed(ctx, &targets[i], why);
    }
    return done;
}

const struct provider provider_tracepoint = {
    .name = "tracepoint",
    .aliases = {"t"},
    .doc = "Static event of the kernel",
    .syntax = "tracepoint:CATEGORY:EVENT",
    .caps = PROBE_ARGS | PROBE_STACK | PROBE_TASK,
    .context = CTX_RECORD,
    .prog_type = BPF_PROG_TYPE_TRACEPOINT,
    .match = match,
    .list = list,
    .describe = describe,
    .attach = attach,
};
