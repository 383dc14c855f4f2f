// SPDX-License-Identifier: Apache-2.0
// -l: lists probes, with -v their arguments and types.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "probes/probe.h"

struct lister {
    const struct options *o;
    struct probe_env env;
    const struct provider *provider;
    size_t n;
};

static const char *c_name(struct types *t, const struct type *type) { return type_name(t, type); }

static bool show(void *ctx, const struct mf_target *target) {
    struct lister *l = ctx;
    l->n++;
    puts(target->name);
    if (!l->o->verbose || !l->provider->describe) return true;
    struct probe_layout layout = {0};
    struct probe_error err = {0};
    if (!l->provider->describe(&l->env, target, &layout, &err)) return true;
    for (size_t i = 0; i < layout.args.len; i++) {
        printf("    %s\n", layout.args.data[i].decl);
    }
    if (layout.retval_decl) printf("    %s\n", layout.retval_decl);
    return true;
}

// "struct NAME": its fields, as bpftrace -lv 'struct x' shows them.
static int list_struct(struct lister *l, const char *name) {
    const struct type *type = types_find(l->env.types, name);
    if (!type || type->kind != TYPE_STRUCT) {
        log_error("no such type: %s", name);
        return 1;
    }
    types_complete(l->env.types, type);
    if (!l->o->verbose) {
        puts(name);
        return 0;
    }
    printf("%s {\n", name);
    for (uint32_t i = 0; i < type->nfields; i++)
        printf("        %s %s;\n", c_name(l->env.types, type->fields[i].type),
               type->fields[i].name);
    puts("};");
    return 0;
}

static void list_provider(struct lister *l, const struct provider *p, const char *pattern) {
    struct probe_spec spec;
    struct probe_error err = {0};
    if (!p->list || !probe_spec_parse(l->env.arena, pattern, &spec, &err)) return;
    spec.parts[0] = p->name;
    l->provider = p;
    p->list(&l->env, &spec, show, l);
}

int list_run(const struct options *o) {
    struct arena *a = arena_new();
    struct lister l = {.o = o};
    int status = 0;
    l.env = (struct probe_env){.arena = a, .types = types_new(a, NULL), .pid = o->pid};
    const char *pattern = o->list_pattern ? o->list_pattern : "*";
    static char buffer[1 << 16];
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    if (!strncmp(pattern, "struct ", 7) || !strncmp(pattern, "union ", 6)) {
        status = list_struct(&l, pattern);
    } else {
        size_t n = strcspn(pattern, ":");
        const char *head = arena_strndup(a, pattern, n);
        const struct provider *named = provider_find(head);
        if (named) {
            list_provider(&l, named, pattern);
        } else if (pattern[n] || probe_has_glob(head)) {
            for (const struct provider *const *p = provider_all(); *p; p++)
                if (probe_glob(head, (*p)->name)) list_provider(&l, *p, pattern);
        } else { // a bare word: anywhere
            for (const struct provider *const *p = provider_all(); *p; p++)
                list_provider(&l, *p, arena_printf(a, "%s:*%s*", (*p)->name, pattern));
        }
    }
    fflush(stdout);
    types_free(l.env.types);
    arena_free(a);
    return status;
}
