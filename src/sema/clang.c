// SPDX-License-Identifier: Apache-2.0
// Asks clang for the types and macros of the script's C text, and shows what it complains about at
// the place in the script that it comes from.
#include "types/clang.h"

#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "object/elf.h"
#include "sema/sema_internal.h"

enum { MAX_ROUNDS = 8, MAX_NAMES = 4096 };

struct asking {
    struct unit *u;
    struct ast_strings names; // of macros that the script may use
    struct ast_strings args;
    bool is_eager;       // what is wrong with the C text is an error
    size_t reported;     // messages that became errors
    size_t dropped;      // names that are macros without a value
    size_t last_dropped; // index of one
    const char *first;   // the first message
};

// ---- what is asked ----

static void add_name(struct asking *k, const char *name) {
    for (size_t i = 0; i < k->names.len; i++)
        if (!strcmp(k->names.data[i], name)) return;
    if (k->names.len < MAX_NAMES) VEC_PUSH(k->u->arena, &k->names, name);
}

static void find_name(void *ctx, struct ast_expr **pe) {
    unsigned arg;
    const struct ast_expr *e = *pe;
    if (e->kind == AST_IDENT && variable_find(e->ident.name, &arg) < 0)
        add_name(ctx, e->ident.name);
    if ((e->kind == AST_SIZEOF || e->kind == AST_TYPE_ARG) && e->size.of &&
        e->size.of->kind == AST_TYPE_NAME && !strchr(e->size.of->name, ' '))
        add_name(ctx, e->size.of->name);
}

static void find_names(struct asking *k) {
    struct ast_visitor v = {.ctx = k, .expr = find_name};
    struct ast_program *p = k->u->ast;
    for (size_t i = 0; i < p->probes.len; i++) {
        if (p->probes.data[i]->predicate) ast_visit_expr(&v, &p->probes.data[i]->predicate);
        ast_visit_stmts(&v, &p->probes.data[i]->body);
    }
    for (size_t i = 0; i < p->fns.len; i++) ast_visit_stmts(&v, &p->fns.data[i]->body);
    for (size_t i = 0; i < p->macros.len; i++) {
        ast_visit_stmts(&v, &p->macros.data[i]->body);
        if (p->macros.data[i]->value) ast_visit_expr(&v, &p->macros.data[i]->value);
    }
}

// The header of an #include line, in the arena; NULL for other text.
static const char *included(struct unit *u, const struct ast_c_text *c) {
    const char *line = arena_strndup(u->arena, c->text, c->len), *p = line + strspn(line, "# \t");
    if (*line != '#' || strncmp(p, "include", 7)) return NULL;
    p += 7 + strspn(p + 7, " \t");
    if (*p != '<' && *p != '"') return NULL;
    return arena_strndup(u->arena, p + 1, strcspn(p + 1, ">\""));
}

static bool has_include(struct unit *u) {
    for (size_t i = 0; i < u->c_texts.len; i++)
        if (included(u, &u->c_texts.data[i])) return true;
    return false;
}

// The text at its own place: the line by a marker, the column by spaces.
static void put_text(struct unit *u, struct strbuf *b, const struct ast_c_text *c) {
    const char *header = included(u, c);
    bool may_be_absent = header && types_header_is_known(header);
    unsigned line = 1, column = 1;
    if (c->span.src) source_position(c->span.src, c->span.begin, &line, &column);
    if (may_be_absent) strbuf_printf(b, "#if __has_include(<%s>)\n", header);
    strbuf_printf(b, "# %u \"", line);
    for (const char *p = c->span.src ? c->span.src->name : "<command line>"; *p; p++) {
        if (*p == '"' || *p == '\\') strbuf_putc(b, '\\');
        strbuf_putc(b, *p);
    }
    strbuf_printf(b, "\"\n%*s%.*s\n", (int)column - 1, "", (int)c->len, c->text);
    if (may_be_absent) strbuf_puts(b, "#endif\n");
}

static char *question(struct asking *k) {
    struct unit *u = k->u;
    struct strbuf b = {0};
    for (size_t i = 0; i < u->c_texts.len; i++) put_text(u, &b, &u->c_texts.data[i]);
    for (size_t i = 0; i < k->names.len; i++)
        if (k->names.data[i]) strbuf_puts(&b, clang_probe(u->arena, k->names.data[i]));
    char *text = arena_strndup(u->arena, strbuf_str(&b), b.len);
    strbuf_free(&b);
    return text;
}

// ---- with which options ----

static void add_arg(struct asking *k, const char *option, const char *value) {
    VEC_PUSH(k->u->arena, &k->args, option);
    if (value) VEC_PUSH(k->u->arena, &k->args, value);
}

// The kernel's headers: $BPFTRACE_KERNEL_SOURCE and _BUILD, else those of the running kernel.
static const char *kernel_folder(struct unit *u, const char *variable, const char *link) {
    const char *set = getenv(variable);
    struct utsname uts;
    if (set && *set) return set;
    return uname(&uts) ? "" : arena_printf(u->arena, "/lib/modules/%s/%s", uts.release, link);
}

static bool exists(struct unit *u, const char *folder, const char *name) {
    return access(arena_printf(u->arena, "%s/%s", folder, name), R_OK) == 0;
}

// The kernel's own headers are used when the script includes one that is there.
static void add_kernel(struct asking *k) {
    struct unit *u = k->u;
    const char *build = kernel_folder(u, "BPFTRACE_KERNEL_BUILD", "build");
    const char *source = kernel_folder(u, "BPFTRACE_KERNEL_SOURCE", "source");
    if (!exists(u, source, "include/linux/kconfig.h")) source = build;
    if (!exists(u, build, "include/generated/autoconf.h")) build = source;
    bool wanted = false;
    for (size_t i = 0; i < u->c_texts.len && !wanted; i++) {
        const char *header = included(u, &u->c_texts.data[i]);
        wanted = header && types_header_is_known(header) &&
                 exists(u, source, arena_printf(u->arena, "include/%s", header));
    }
    if (!wanted) return;
    static const char *const folders[] = {
        "arch/x86/include",      "arch/x86/include/generated",      "include",
        "arch/x86/include/uapi", "arch/x86/include/generated/uapi", "include/uapi",
        "include/generated/uapi"};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        add_arg(k, "-isystem", arena_printf(u->arena, "%s/%s", source, folders[i]));
        if (strcmp(source, build))
            add_arg(k, "-isystem", arena_printf(u->arena, "%s/%s", build, folders[i]));
    }
    add_arg(k, "-include", arena_printf(u->arena, "%s/include/linux/kconfig.h", source));
    add_arg(k, "-D__KERNEL__", NULL);
    add_arg(k, "-D__BPF_TRACING__", NULL);
    add_arg(k, "-fshort-wchar", NULL);
}

// Where the headers in quotes of this source are.
static void add_folder(struct asking *k, const struct source *source) {
    const char *slash = strrchr(source->name, '/');
    size_t n = slash ? (size_t)(slash - source->name) + 1 : 0;
    const char *folder = n ? arena_strndup(k->u->arena, source->name, n) : ".";
    for (size_t i = 0; i < k->args.len; i++)
        if (!strcmp(k->args.data[i], folder)) return;
    add_arg(k, "-iquote", folder);
}

static void find_args(struct asking *k) {
    struct unit *u = k->u;
    if (types_have_btf(u->types, NULL)) add_arg(k, "-DBPFTRACE_HAVE_BTF", NULL);
    add_folder(k, u->source);
    for (size_t i = 0; i < u->c_texts.len; i++)
        if (u->c_texts.data[i].span.src) add_folder(k, u->c_texts.data[i].span.src);
    for (size_t i = 0; i < u->options.ninclude_dirs; i++)
        add_arg(k, "-I", u->options.include_dirs[i]);
    add_kernel(k);
}

// ---- what clang complains about ----

// The place in the script, its imports or the command line; false when it is elsewhere.
static bool find_place(struct unit *u, const struct clang_message *m, struct span *span) {
    *span = (struct span){.src = NULL};
    if (!strcmp(m->file, "<command line>")) return true;
    for (size_t i = 0; i < u->c_texts.len; i++) {
        const struct source *s = u->c_texts.data[i].span.src;
        if (!s || strcmp(s->name, m->file) || !m->line || m->line > s->nlines) continue;
        uint32_t begin = s->lines[m->line - 1], end = begin;
        while (end < s->len && s->text[end] != '\n') end++;
        if (m->column) {
            begin += m->column - 1;
            end = begin + 1;
        }
        *span = (struct span){.src = s, .begin = begin, .end = end};
        return begin <= s->len;
    }
    return false;
}

static bool is_file_of(const char *name, const char *file) { // "<NAME>"
    size_t n = strlen(name);
    return strlen(file) == n + 2 && !strncmp(file + 1, name, n);
}

// An unbalanced parenthesis may spoil the next name too: that one is tried again.
static void drop_name(struct asking *k, const char *file) {
    size_t before = MAX_NAMES; // the one before that was asked for
    for (size_t i = 0; i < k->names.len; i++) {
        const char *name = k->names.data[i];
        if (name && is_file_of(name, file)) {
            if (before != k->last_dropped) {
                k->names.data[i] = NULL;
                k->last_dropped = i;
                k->dropped++;
            }
            return;
        }
        if (name || i == k->last_dropped) before = i;
    }
}

static void one_message(struct asking *k, const struct clang_message *m, struct span include) {
    struct span span;
    if (*m->file == '<' && strcmp(m->file, "<command line>")) {
        drop_name(k, m->file);
        return;
    }
    if (!k->first) k->first = m->text;
    k->reported++;
    if (!k->is_eager) return;
    if (find_place(k->u, m, &span))
        sema_c_error(k->u, span, m->text);
    else
        diag(k->u->diags, include, c_header, m->file + (strncmp(m->file, "./", 2) ? 0 : 2), m->line,
             m->text);
}

static void read_messages(struct asking *k, const char *text) {
    struct span include = {.src = NULL}, span;
    bool in_stack = false;
    k->reported = k->dropped = 0;
    k->last_dropped = MAX_NAMES + 1;
    struct clang_message m;
    for (const char *p = text; clang_next_message(k->u->arena, &p, &m);) {
        if (m.is_error)
            one_message(k, &m, include);
        else if ((!in_stack || !include.src) && find_place(k->u, &m, &span))
            include = span;
        in_stack = !m.is_error;
    }
    if (k->reported || k->dropped) return;
    k->first = *text ? arena_strndup(k->u->arena, text, strcspn(text, "\n")) : "without a message";
    k->reported++;
    if (k->is_eager) diag(k->u->diags, (struct span){.src = NULL}, clang_fails, k->first);
}

// ---- the answer ----

static void add_values(struct unit *u, const char *values) {
    while (*values) {
        size_t n = strcspn(values, "\n"), name = strcspn(values + 2, " ");
        const char *key = arena_strndup(u->arena, values + 2, name);
        const char *value = arena_strndup(u->arena, values + 3 + name, n - 3 - name);
        if (*values == 's') value = arena_printf(u->arena, "\"%s\"", value);
        types_add_define(u->types, key, value);
        values += n + (values[n] == '\n');
    }
}

static bool add_answer(struct unit *u, const struct clang_answer *answer) {
    size_t len;
    const void *btf = elf_find_section(answer->data, answer->len, ".BTF", &len);
    add_values(u, answer->values);
    return btf && types_add_btf(u->types, btf, len);
}

bool sema_c_ask(struct unit *u) {
    struct asking k = {.u = u, .is_eager = u->c_failures.len || types_unread_header(u->types)};
    if (u->c_asked || !(k.is_eager || has_include(u))) return false;
    u->c_asked = true;
    find_names(&k);
    find_args(&k);
    for (unsigned round = 0; round < MAX_ROUNDS; round++) {
        struct clang_job job = {.text = question(&k), .args = k.args.data, .nargs = k.args.len};
        struct clang_answer answer = clang_compile(u->arena, &job);
        if (answer.status == CLANG_OK) return add_answer(u, &answer);
        if (answer.status == CLANG_ABSENT) {
            u->c_no_help =
                "install clang, which reads what C headers have beyond plain definitions";
            return false;
        }
        read_messages(&k, answer.messages);
        if (k.reported || !k.dropped) break;
    }
    u->c_no_help = arena_printf(u->arena, "clang does not compile the headers: %s",
                                k.first ? k.first : "its messages are not understood");
    return false;
}

void sema_c_hint(struct unit *u) {
    if (!u->c_no_help) return;
    const char *unread = types_unread_header(u->types);
    diag_hint(u->diags, "%s", u->c_no_help);
    if (unread) diag_hint(u->diags, "%s", unread);
}
