// SPDX-License-Identifier: Apache-2.0
// Finds tracefs and the kernel's traceable functions: available_filter_functions where tracefs
// has it (ftrace), else the text symbols of /proc/kallsyms.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "probes/probe_internal.h"

const char *tracefs_path(void) {
    static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
    char probe[64];
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        snprintf(probe, sizeof(probe), "%s/events", places[i]);
        if (access(probe, R_OK) == 0) return places[i];
    }
    return NULL;
}

static FILE *open_list(bool *kallsyms) {
    const char *root = tracefs_path();
    char path[96];
    *kallsyms = false;
    if (root) {
        snprintf(path, sizeof(path), "%s/available_filter_functions", root);
        FILE *f = fopen(path, "re");
        if (f) return f;
    }
    *kallsyms = true;
    return fopen("/proc/kallsyms", "re");
}

// One line into name and module, in place; false for lines that are no function.
static bool parse_line(char *line, bool kallsyms, struct kfunction *out) {
    line[strcspn(line, "\n")] = '\0';
    char *name = line;
    if (kallsyms) {
        char *type = strchr(line, ' ');
        if (!type || !strchr("tTwW", type[1]) || type[2] != ' ') return false;
        name = type + 3;
    }
    char *module = strpbrk(name, "[\t ");
    out->module = "";
    if (module) {
        char *open = strchr(module, '[');
        if (open) {
            open[strcspn(open, "]")] = '\0';
            out->module = open + 1;
        }
        *module = '\0';
    }
    out->name = name;
    // Padding before functions, and trampolines of static calls: code, but no functions.
    static const char *const others[] = {"__ftrace_invalid", "__pfx_", "__SCT__"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (!strncmp(name, others[i], strlen(others[i]))) return false;
    return *name != '\0';
}

void kfunctions_each(bool (*each)(void *ctx, const struct kfunction *f), void *ctx) {
    bool kallsyms;
    FILE *f = open_list(&kallsyms);
    if (!f) return;
    char *line = NULL;
    size_t cap = 0;
    struct kfunction k;
    while (getline(&line, &cap, f) > 0)
        if (parse_line(line, kallsyms, &k) && !each(ctx, &k)) break;
    free(line);
    fclose(f);
}

struct have {
    const char *module, *name;
    bool found;
};

static bool is_it(void *ctx, const struct kfunction *f) {
    struct have *h = ctx;
    if (strcmp(f->name, h->name)) return true;
    if (h->module && strcmp(h->module, f->module) &&
        !(!strcmp(h->module, "vmlinux") && !*f->module))
        return true;
    h->found = true;
    return false;
}

bool kfunctions_have(const char *module, const char *name) {
    struct have h = {.module = module, .name = name};
    kfunctions_each(is_it, &h);
    return h.found;
}

enum { MAX_NEAR = 4 };

struct near {
    const char *stem;
    struct arena *arena;
    struct suggest suggest;
    const char *list; // "a, b"
    unsigned count;
};

// A function that was split or cloned keeps its name and gets a suffix; one that was renamed
// often keeps it as a part.
static bool offer(void *ctx, const struct kfunction *f) {
    struct near *n = ctx;
    if (strstr(f->name, n->stem) && n->count < MAX_NEAR) {
        n->list = n->count ? arena_printf(n->arena, "%s, %s", n->list, f->name)
                           : arena_strdup(n->arena, f->name);
        n->count++;
    }
    const char *before = n->suggest.best;
    suggest_offer(&n->suggest, f->name);
    if (n->suggest.best != before) n->suggest.best = arena_strdup(n->arena, f->name);
    return true;
}

const char *kfunctions_near(struct arena *a, const char *name) {
    struct near n = {.stem = name, .arena = a, .suggest = suggest_begin(name)};
    while (*n.stem == '_') n.stem++;
    if (strlen(n.stem) < 4) n.stem = name;
    kfunctions_each(offer, &n);
    if (n.suggest.best && !(n.list && strstr(n.list, n.suggest.best)))
        n.list = n.list ? arena_printf(a, "%s, %s", n.suggest.best, n.list) : n.suggest.best;
    return n.list;
}
