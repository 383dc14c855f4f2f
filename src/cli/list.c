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

struct lister {
    const struct options *o;
    struct probe_env env;
    const struct provider *provider;
    const char *said; // why arguments are not shown, the last time it was said
    size_t n;         // probes that were listed
};

// Who tells the arguments: BTF has those of the kernel's functions, whatever probe is on them.
static const struct provider *describer(const struct provider *p) {
    bool kernel_function = (p->caps & PROBE_FUNC) && !(p->caps & PROBE_USER);
    if (p->describe || !kernel_function) return p;
    return provider_find(p->caps & PROBE_RETVAL ? "fexit" : "fentry");
}

static bool show(void *ctx, const struct mf_target *target) {
    struct lister *l = ctx;
    const struct provider *p = describer(l->provider);
    puts(target->name);
    l->n++;
    if (!l->o->verbose || !p->describe) return true;
    struct probe_layout layout = {0};
    struct probe_error err = {0};
    if (!p->describe(&l->env, target, &layout, &err)) {
        // Said once of a file; of a single function nothing is, most have no arguments to show.
        if (err.hint && (!l->said || strcmp(l->said, err.message)))
            log_warning("arguments are not shown: %s", err.message);
        if (err.hint) l->said = err.message;
        return true;
    }
    for (size_t i = 0; i < layout.args.len; i++) {
        printf("    %s\n", layout.args.data[i].decl);
    }
    if (layout.retval_decl) printf("    %s\n", layout.retval_decl);
    return true;
}

static void list_provider(struct lister *l, const struct provider *p, const char *pattern) {
    struct probe_spec spec;
    struct probe_error err = {0};
    if (!p->list || !probe_spec_parse(l->env.arena, pattern, &spec, &err)) return;
    spec.parts[0] = p->name;
    l->provider = p;
    p->list(&l->env, &spec, show, l);
}

// What a pattern lists that names no provider: returns have the names of the entries, and a timer
// is no place.
static bool is_place(const struct provider *p) { return !(p->caps & (PROBE_RETVAL | PROBE_TIMER)); }

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
    bool anywhere = !pattern[n] && strcmp(head, "*"); // a word: of whatever provider
    const char *around = probe_has_glob(head) ? "" : "*";
    size_t before = l->n;
    if (named) list_provider(l, named, pattern);
    for (const struct provider *const *p = provider_all(); !named && *p; p++) {
        if (!is_place(*p)) continue;
        if (anywhere)
            list_provider(l, *p, arena_printf(a, "%s:%s%s%s", (*p)->name, around, pattern, around));
        else if (probe_glob(head, (*p)->name))
            list_provider(l, *p, pattern);
    }
    if (l->n == before) explain_nothing(pattern, head);
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
