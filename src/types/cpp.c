// SPDX-License-Identifier: Apache-2.0
// Preprocessor lines of a script: #include of headers whose content BTF and the built-in table
// hold, #define of constants, and conditions. BPFTRACE_HAVE_BTF is defined where there is BTF.
#include "types/ctoken.h"

#include <ctype.h>
#include <stdlib.h>

struct define *define_find(struct types *t, const char *name) {
    for (size_t i = t->defines.len; i-- > 0;)
        if (!strcmp(t->defines.data[i].name, name)) return &t->defines.data[i];
    return NULL;
}

bool define_value(struct types *t, struct define *d, int64_t *value) {
    if (d->busy || d->params || !*d->text) return false;
    d->busy = true;
    struct c_scan s;
    c_begin(&s, t, d->text, strlen(d->text));
    *value = c_constant(&s);
    d = define_find(t, d->name); // the vector may have moved
    d->busy = false;
    return !s.error && s.kind == C_END;
}

const char *types_find_define(struct types *t, const char *name, const char **params) {
    const struct define *d = define_find(t, name);
    if (d && params) *params = d->params;
    return d && (params || !d->params) ? d->text : NULL;
}

void types_add_define(struct types *t, const char *name, const char *text) {
    struct define d = {.name = arena_strdup(t->arena, name), .text = arena_strdup(t->arena, text)};
    VEC_PUSH(t->arena, &t->defines, d);
}

bool types_header_is_known(const char *header) {
    static const char *const folders[] = {
        "linux/", "net/",         "asm/",   "uapi/", "sys/",   "netinet/", "arpa/",   "bits/",
        "trace/", "asm-generic/", "scsi/",  "rdma/", "sound/", "drm/",     "crypto/", "kernel/",
        "mm/",    "fs/",          "block/", "acpi/", "bpf/",   "video/"};
    static const char *const files[] = {
        "stdint.h", "stdbool.h", "stddef.h", "stdio.h",    "stdlib.h",  "string.h", "errno.h",
        "fcntl.h",  "unistd.h",  "signal.h", "limits.h",   "time.h",    "dirent.h", "poll.h",
        "sched.h",  "pthread.h", "netdb.h",  "inttypes.h", "vmlinux.h", "sys.h",    "ctype.h"};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        if (!strncmp(header, folders[i], strlen(folders[i]))) return true;
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (!strcmp(header, files[i])) return true;
    return false;
}

bool cpp_active(const struct types *t) {
    return !t->conditions.len || t->conditions.data[t->conditions.len - 1].active;
}

static void include(struct c_scan *s, const char *rest) {
    char close = *rest == '<' ? '>' : '"';
    const char *end = *rest == '<' || *rest == '"' ? strchr(rest + 1, close) : NULL;
    if (!end) {
        c_fail(s, "#include needs <header> or \"header\"");
        return;
    }
    const char *name = arena_strndup(s->types->arena, rest + 1, (size_t)(end - rest - 1));
    if (!types_header_is_known(name) && !header_read(s->types, name, close == '"'))
        c_fail(s,
               "'%s' file not found: it is neither a kernel or C library header, whose types "
               "come from BTF, nor in the include folders",
               name);
}

static void define(struct c_scan *s, const char *rest) {
    size_t n = 0;
    while (isalnum((unsigned char)rest[n]) || rest[n] == '_') n++;
    if (!n) {
        c_fail(s, "#define needs a name");
        return;
    }
    struct arena *a = s->types->arena;
    struct define d = {.name = arena_strndup(a, rest, n)};
    const char *text = rest + n;
    if (*text == '(') {
        n = strcspn(text, ")");
        if (!text[n]) {
            c_fail(s, "#define %s: the closing ')' is missing", d.name);
            return;
        }
        d.params = arena_strndup(a, text + 1, n - 1);
        text += n + 1;
    }
    while (isspace((unsigned char)*text)) text++;
    d.text = arena_strdup(a, text);
    VEC_PUSH(a, &s->types->defines, d);
}

static bool is_defined(struct types *t, const char *name) {
    if (!strcmp(name, "BPFTRACE_HAVE_BTF")) return types_have_btf(t, NULL);
    return define_find(t, name) != NULL;
}

// #if: defined(X) is replaced by 0 or 1, other names that are not defined count as 0.
static bool condition_value(struct c_scan *s, const char *rest) {
    struct strbuf b = {0};
    for (const char *p = rest; *p;) {
        size_t n = 0;
        while (isalnum((unsigned char)p[n]) || p[n] == '_') n++;
        if (!n || isdigit((unsigned char)*p)) {
            strbuf_add(&b, p, n ? n : 1);
            p += n ? n : 1;
            continue;
        }
        const char *word = arena_strndup(s->types->arena, p, n);
        p += n;
        if (!strcmp(word, "defined")) {
            p += strspn(p, " \t(");
            for (n = 0; isalnum((unsigned char)p[n]) || p[n] == '_'; n++) {
            }
            word = arena_strndup(s->types->arena, p, n);
            p += n;
            while (*p == ' ' || *p == '\t') p++;
            if (*p == ')') p++;
            strbuf_puts(&b, is_defined(s->types, word) ? " 1 " : " 0 ");
        } else {
            strbuf_printf(&b, " %s ", is_defined(s->types, word) ? word : "0");
        }
    }
    struct c_scan inner;
    c_begin(&inner, s->types, strbuf_str(&b), b.len);
    strbuf_free(&b);
    int64_t v = c_constant(&inner);
    if (inner.error) c_fail(s, "%s", inner.error);
    return v != 0;
}

static void open_condition(struct c_scan *s, const char *word, const char *rest) {
    bool parent = cpp_active(s->types), value = false;
    size_t n = 0;
    while (isalnum((unsigned char)rest[n]) || rest[n] == '_') n++;
    const char *name = arena_strndup(s->types->arena, rest, n);
    if (parent)
        value = !strcmp(word, "ifdef")    ? is_defined(s->types, name)
                : !strcmp(word, "ifndef") ? !is_defined(s->types, name)
                                          : condition_value(s, rest);
    struct condition c = {.active = parent && value, .taken = value, .parent = parent};
    VEC_PUSH(s->types->arena, &s->types->conditions, c);
}

static bool change_condition(struct c_scan *s, const char *word, const char *rest) {
    bool is_else = !strcmp(word, "else"), is_elif = !strcmp(word, "elif");
    if (!is_else && !is_elif && strcmp(word, "endif")) return false;
    struct conditions *v = &s->types->conditions;
    if (!v->len) {
        c_fail(s, "#%s without #if", word);
        return true;
    }
    struct condition *c = &v->data[v->len - 1];
    if (!is_else && !is_elif) {
        v->len--;
        return true;
    }
    c->active = c->parent && !c->taken && (is_else || condition_value(s, rest));
    c->taken = c->taken || c->active;
    return true;
}

void cpp_line(struct c_scan *s, const char *text, size_t len) {
    // Continuations become spaces, comments go.
    char *line = arena_strndup(s->types->arena, text, len);
    for (char *p = line; *p; p++)
        if (p[0] == '\\' && p[1] == '\n') p[0] = p[1] = ' ';
    char *comment = strstr(line, "//");
    if (comment) *comment = '\0';
    while ((comment = strstr(line, "/*"))) {
        char *end = strstr(comment, "*/");
        memset(comment, ' ', end ? (size_t)(end + 2 - comment) : strlen(comment));
    }
    for (size_t n = strlen(line); n && isspace((unsigned char)line[n - 1]);) line[--n] = '\0';
    const char *p = line + 1;
    while (isspace((unsigned char)*p)) p++;
    size_t n = 0;
    while (isalpha((unsigned char)p[n])) n++;
    const char *word = arena_strndup(s->types->arena, p, n), *rest = p + n;
    while (isspace((unsigned char)*rest)) rest++;
    if (change_condition(s, word, rest)) return;
    if (!strcmp(word, "ifdef") || !strcmp(word, "ifndef") || !strcmp(word, "if")) {
        open_condition(s, word, rest);
        return;
    }
    if (!cpp_active(s->types) || !*word || !strcmp(word, "pragma")) return;
    if (!strcmp(word, "include")) {
        include(s, rest);
    } else if (!strcmp(word, "define")) {
        define(s, rest);
    } else if (!strcmp(word, "undef")) {
        struct define *d = define_find(s->types, rest);
        if (d) d->name = "";
    } else {
        c_fail(s, "unknown preprocessor line '#%s'", word);
    }
}
