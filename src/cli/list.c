// SPDX-License-Identifier: Apache-2.0
// -l: lists probes, with -v their arguments and types; those of a pattern, or of a script.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/suggest.h"
#include "cli/cli.h"
#include "parser/parser.h"
#include "probes/probe.h"

VEC_OF(listed, struct mf_target);
VEC_OF(providers, const struct provider *);

struct lister {
    const struct options *o;
    struct listed found; // of one pattern and provider
    struct probe_env env;
    const struct provider *provider;
    size_t shown;     // for one pattern
    const char *said; // why arguments are not shown, the last time it was said
};

// Who tells the arguments: BTF has those of the kernel's functions, whatever probe is on them.
static const struct provider *describer(const struct provider *p) {
    bool kernel_function = (p->caps & PROBE_FUNC) && !(p->caps & PROBE_USER);
    if (p->describe || !kernel_function) return p;
    return provider_find(p->caps & PROBE_RETVAL ? "fexit" : "fentry");
}

// An argument as the probe has it: arg0 and so on, where its name is not known there.
static void show_argument(const struct lister *l, const struct probe_arg *arg, size_t i) {
    if (l->provider->describe) {
        printf("    %s\n", arg->decl);
        return;
    }
    size_t n = strlen(arg->decl), name = strlen(arg->name);
    printf("    %.*sarg%zu\n", (int)(n > name ? n - name : n), arg->decl, i);
}

static void show(struct lister *l, const struct mf_target *target) {
    const struct provider *p = describer(l->provider);
    puts(target->name);
    if (!l->o->verbose || !p->describe) return;
    struct probe_layout layout = {0};
    struct probe_error err = {0};
    if (!p->describe(&l->env, target, &layout, &err)) {
        // Said once of a file; of a single function nothing is, most have no arguments to show.
        if (err.hint && (!l->said || strcmp(l->said, err.message)))
            log_warning("arguments are not shown: %s", err.message);
        if (err.hint) l->said = err.message;
        return;
    }
    bool has_args = l->provider->describe || (l->provider->caps & PROBE_ARGN);
    for (size_t i = 0; has_args && i < layout.args.len; i++)
        if (layout.args.data[i].decl) show_argument(l, &layout.args.data[i], i);
    if (layout.retval_decl) printf("    %s\n", layout.retval_decl);
}

static bool collect(void *ctx, const struct mf_target *target) {
    struct lister *l = ctx;
    VEC_PUSH(l->env.arena, &l->found, *target);
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct mf_target *)a)->name, ((const struct mf_target *)b)->name);
}

static void list_provider(struct lister *l, const struct provider *p, const char *pattern) {
    struct probe_spec spec;
    struct probe_error err = {0};
    if (!p->list || !probe_spec_parse(l->env.arena, pattern, &spec, &err)) return;
    spec.parts[0] = p->name;
    l->provider = p;
    l->found.len = 0;
    p->list(&l->env, &spec, collect, l);
    struct mf_target *t = l->found.data;
    if (l->found.len) qsort(t, l->found.len, sizeof(*t), by_name);
    // Static functions of one name are one probe.
    for (size_t i = 0; i < l->found.len; i++)
        if (!i || strcmp(t[i].name, t[i - 1].name)) show(l, &t[i]);
    l->shown += l->found.len;
}

// What a pattern lists that names no provider: returns have the names of the entries, and a timer
// is no place.
static bool is_place(const struct provider *p) { return !(p->caps & (PROBE_RETVAL | PROBE_TIMER)); }

static int by_provider(const void *a, const void *b) {
    const struct provider *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

// A pattern that names no provider is for each that it fits; a word is a function or event of
// whatever provider, or, where there is none, a part of their names.
static void list_everywhere(struct lister *l, const char *head, const char *pattern) {
    struct arena *a = l->env.arena;
    bool is_word = !strchr(pattern, ':') && strcmp(pattern, "*");
    struct providers places = {0};
    for (const struct provider *const *p = provider_all(); *p; p++)
        if (is_place(*p) && (*p)->list) VEC_PUSH(a, &places, *p);
    qsort(places.data, places.len, sizeof(*places.data), by_provider);
    for (int part = 0; part <= is_word && !l->shown; part++) {
        const char *around = part ? "*" : "";
        for (size_t i = 0; i < places.len; i++) {
            const struct provider *p = places.data[i];
            if (is_word)
                list_provider(l, p, arena_printf(a, "%s:%s%s%s", p->name, around, pattern, around));
            else if (probe_glob(head, p->name))
                list_provider(l, p, pattern);
        }
    }
}

static void explain_nothing(const char *pattern, const char *head) {
    if (pattern[strlen(head)] && !probe_has_glob(head) && !provider_find(head)) {
        struct suggest s = suggest_begin(head);
        for (const struct provider *const *p = provider_all(); *p; p++)
            suggest_offer(&s, (*p)->name);
        log_warning("Invalid probe type: %s", head);
        if (s.best) log_hint("did you mean %s?", s.best);
    } else if (!tracefs_path()) {
        log_warning("no probe matches %s: tracefs is not mounted or not readable", pattern);
        log_hint("as root: mount -t tracefs tracefs /sys/kernel/tracing");
    } else {
        log_warning("no probe matches %s", pattern);
    }
}

static int list_pattern(struct lister *l, const char *pattern) {
    struct arena *a = l->env.arena;
    if (!strncmp(pattern, "struct ", 7) || !strncmp(pattern, "union ", 6) ||
        !strncmp(pattern, "enum ", 5))
        return !list_types(pattern, l->o->verbose);
    size_t n = strcspn(pattern, ":");
    const char *head = arena_strndup(a, pattern, n);
    const struct provider *named = provider_find(head);
    l->shown = 0;
    if (named)
        list_provider(l, named, pattern);
    else
        list_everywhere(l, head, pattern);
    if (!l->shown) explain_nothing(pattern, head);
    return 0;
}

// "a:b,c:d": each. A comma inside quotes or braces belongs to its pattern.
static int list_patterns(struct lister *l, const char *text) {
    int status = 0;
    unsigned depth = 0;
    bool quoted = false;
    const char *begin = text;
    for (const char *p = text;; p++) {
        if (*p == '"') quoted = !quoted;
        if (*p == '{') depth++;
        if (*p == '}' && depth) depth--;
        if (*p && (*p != ',' || quoted || depth)) continue;
        while (*begin == ' ') begin++;
        if (p > begin)
            status |= list_pattern(l, arena_strndup(l->env.arena, begin, (size_t)(p - begin)));
        if (!*p) return status;
        begin = p + 1;
    }
}

// The probes of a script.
static int list_script(struct lister *l, const struct source *src) {
    struct diags *d = diags_new(l->env.arena);
    struct ast_program *ast = parse_program(l->env.arena, d, src);
    bool bad = diags_errors(d) > 0;
    int status = bad;
    diags_print(d, stderr, isatty(STDERR_FILENO));
    for (size_t i = 0; !bad && i < ast->probes.len; i++) {
        const struct ast_probe *p = ast->probes.data[i];
        for (size_t k = 0; k < p->points.len; k++)
            status |= list_pattern(l, p->points.data[k].text);
    }
    return status;
}

static int list_asked(struct lister *l) {
    const struct options *o = l->o;
    const char *pattern = o->list_pattern;
    if (o->script)
        return list_script(l, source_new(l->env.arena, "stdin", o->script, strlen(o->script)));
    if (!pattern) return list_patterns(l, "*");
    bool like_file = !strchr(pattern, ':') && !strchr(pattern, '*');
    if (like_file && access(pattern, R_OK) == 0) {
        const struct source *src = script_read(l->env.arena, pattern);
        return src ? list_script(l, src) : 1;
    }
    size_t n = strlen(pattern);
    if (n > 3 && !strcmp(pattern + n - 3, ".bt"))
        log_warning("It appears that '%s' is a filename but the file does not exist. Treating '%s' "
                    "as a search pattern.",
                    pattern, pattern);
    return list_patterns(l, pattern);
}

int list_run(const struct options *o) {
    struct arena *a = arena_new();
    struct lister l = {.o = o};
    struct types_options types = {.debug_dirs = o->debug_dirs, .ndebug_dirs = o->ndebug_dirs};
    static char buffer[1 << 16];
    l.env = (struct probe_env){.arena = a, .types = types_new(a, &types), .pid = o->pid};
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    int status = list_asked(&l);
    fflush(stdout);
    types_free(l.env.types);
    arena_free(a);
    return status;
}
