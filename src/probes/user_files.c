// SPDX-License-Identifier: Apache-2.0
// The files that the path of a user probe names.
#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/probe_internal.h"
#include "symbols/symbols.h"

enum { SEEN_BUCKETS = 1024 };

VEC_OF(path_vec, const char *);

struct walk {
    struct probe_env *env;
    bool (*each)(void *ctx, const char *path);
    void *ctx;
    bool stopped;
    struct path_vec seen[SEEN_BUCKETS]; // by the hash of the path
};

static void show_once(struct walk *w, const char *path) {
    uint32_t hash = 2166136261u;
    for (const char *p = path; *p; p++) hash = (hash ^ (unsigned char)*p) * 16777619u;
    struct path_vec *bucket = &w->seen[hash % SEEN_BUCKETS];
    for (size_t i = 0; i < bucket->len; i++)
        if (!strcmp(bucket->data[i], path)) return;
    const char *kept = arena_strdup(w->env->arena, path);
    VEC_PUSH(w->env->arena, bucket, kept);
    if (!w->stopped) w->stopped = !w->each(w->ctx, kept);
}

// Every file that the process has mapped to run code from.
static void walk_process(struct walk *w, const char *pid) {
    char name[32], last[4096] = "", line[4400];
    snprintf(name, sizeof(name), "/proc/%.12s/maps", pid);
    FILE *f = fopen(name, "re");
    while (f && !w->stopped && fgets(line, sizeof(line), f)) {
        char perms[8], path[4096];
        if (sscanf(line, "%*s %7s %*s %*s %*s %4095s", perms, path) != 2) continue;
        if (perms[2] != 'x' || *path != '/' || !strcmp(path, last)) continue;
        snprintf(last, sizeof(last), "%s", path);
        show_once(w, path);
    }
    if (f) fclose(f);
}

static void walk_all(struct walk *w) {
    DIR *dir = opendir("/proc");
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir)) && !w->stopped;)
        if (isdigit((unsigned char)e->d_name[0])) walk_process(w, e->d_name);
    closedir(dir);
}

static void walk_glob(struct walk *w, const char *pattern) {
    glob_t files = {0};
    if (glob(pattern, 0, NULL, &files) == 0)
        for (size_t i = 0; i < files.gl_pathc && !w->stopped; i++) show_once(w, files.gl_pathv[i]);
    globfree(&files);
}

bool probe_any_file(const char *path) { return !*path || !strcmp(path, "*"); }

const char *probe_shown_path(const char *path, const char *real) {
    return strchr(path, '/') && !probe_has_glob(path) ? path : real;
}

bool probe_each_file(struct probe_env *env, const char *path,
                     bool (*each)(void *ctx, const char *path), void *ctx) {
    struct walk *w = ARENA_NEW(env->arena, struct walk);
    w->env = env;
    w->each = each;
    w->ctx = ctx;
    bool any = probe_any_file(path);
    if (any && env->program) { // of -c: what it will map is not known yet
        path = env->program;
    } else if (any && env->pid > 0) {
        char pid[16];
        snprintf(pid, sizeof(pid), "%d", env->pid);
        walk_process(w, pid);
        return true;
    } else if (any) {
        walk_all(w);
        return true;
    }
    if (probe_has_glob(path)) {
        walk_glob(w, path);
        return true;
    }
    char *real = elf_resolve_path(path, env->pid);
    if (!real) return false;
    show_once(w, real);
    free(real);
    return true;
}
