// SPDX-License-Identifier: Apache-2.0
// clang compiles the C text for this machine, since headers are full of what its ABI decides, and
// only the BPF back end writes BTF. Between the two lies this: of LLVM's text form only metadata
// is kept (LangRef, "Specialized Metadata Nodes"), so that no code, no inline assembly and no data
// layout of the machine gets in the way, and one variable whose type has every other type as a
// member makes the back end write them all, whole.
#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "types/clang_internal.h"

// Ids that no compiler gives: they count from 0.
#define ID_MEMBERS    "!4000000000"
#define ID_STRUCT     "!4000000001"
#define ID_VARIABLE   "!4000000002"
#define ID_EXPRESSION "!4000000003"

enum { MAX_TYPES = 60000 }; // members of a struct in BTF: less than 65536

struct line {
    const char *p;
    size_t len;
};

static bool begins(const struct line *l, const char *with) {
    size_t n = strlen(with);
    return l->len >= n && !memcmp(l->p, with, n);
}

static bool next_line(const char **text, struct line *l) {
    if (!**text) return false;
    l->p = *text;
    l->len = strcspn(*text, "\n");
    *text += l->len + ((*text)[l->len] == '\n');
    return true;
}

// The id after `field` in a node's line, such as "retainedTypes: !124"; 0 when there is none.
static unsigned id_after(struct arena *a, const struct line *l, const char *field) {
    const char *at = strstr(arena_strndup(a, l->p, l->len), field);
    return at ? (unsigned)strtoul(at + strlen(field), NULL, 10) : 0;
}

// A member for each id of the list "!N = !{!1, !2}" that has not had one.
static void add_members(struct strbuf *b, const struct line *list, unsigned *count) {
    const char *p = memchr(list->p, '{', list->len), *end = list->p + list->len;
    for (p = p ? p + 1 : end; p < end && *p == '!' && *count < MAX_TYPES; ++*count) {
        char *stop;
        unsigned long id = strtoul(p + 1, &stop, 10);
        strbuf_printf(b,
                      "%s!DIDerivedType(tag: DW_TAG_member, name: \"m\", baseType: !%lu, size: 8, "
                      "offset: %u)",
                      *count ? ", " : "", id, *count * 8);
        for (p = stop; p < end && (*p == ',' || *p == ' ');) p++;
    }
}

// Every type: those of the lists `enums` and `retainedTypes` of the compilation unit.
static void add_all_types(struct arena *a, const char *ir, struct strbuf *module) {
    struct line l;
    unsigned unit = 0, enums = 0, retained = 0, count = 0;
    for (const char *p = ir; next_line(&p, &l);) {
        if (!begins(&l, "!") || !memmem(l.p, l.len, "!DICompileUnit(", 15)) continue;
        unit = (unsigned)strtoul(l.p + 1, NULL, 10);
        enums = id_after(a, &l, "enums: !");
        retained = id_after(a, &l, "retainedTypes: !");
        break;
    }
    strbuf_puts(module, ID_MEMBERS " = !{");
    char heads[2][32];
    snprintf(heads[0], sizeof(heads[0]), "!%u = !{", enums);
    snprintf(heads[1], sizeof(heads[1]), "!%u = !{", retained);
    for (const char *p = ir; next_line(&p, &l);)
        if ((enums && begins(&l, heads[0])) || (retained && begins(&l, heads[1])))
            add_members(module, &l, &count);
    strbuf_printf(
        module,
        "}\n" ID_STRUCT " = distinct !DICompositeType(tag: DW_TAG_structure_type, name: "
        "\"__gaff_all\", size: %u, elements: " ID_MEMBERS ")\n" ID_VARIABLE
        " = distinct !DIGlobalVariable(name: \"__gaff_all\", scope: !%u, line: 1, type: " ID_STRUCT
        ", isLocal: false, isDefinition: true)\n" ID_EXPRESSION
        " = !DIGlobalVariableExpression(var: " ID_VARIABLE
        ", expr: !DIExpression())\n@__gaff_all = global i8 0, !dbg " ID_EXPRESSION "\n",
        count * 8 + 8, unit);
}

static int hex_digit(char c) { return isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10; }

// The text of a string's variable, `@.str.3 = ... c"text\00"`, on one line; false when it has
// characters that a line cannot hold.
static bool string_text(const char *ir, const char *name, size_t name_len, struct strbuf *out) {
    struct line l;
    for (const char *p = ir; next_line(&p, &l);) {
        if (l.len < name_len + 3 || memcmp(l.p, name, name_len) || l.p[name_len] != ' ') continue;
        const char *c = memmem(l.p, l.len, " c\"", 3);
        for (c = c ? c + 3 : ""; *c && *c != '"'; c++) {
            char byte = *c;
            if (byte == '\\' && isxdigit((unsigned char)c[1]) && isxdigit((unsigned char)c[2])) {
                byte = (char)(hex_digit(c[1]) * 16 + hex_digit(c[2]));
                c += 2;
            }
            if (!byte) return true;
            if (!isprint((unsigned char)byte) && byte != '\033' && byte != '\t') return false;
            strbuf_putc(out, byte);
        }
    }
    return false;
}

// `@__gaff_v_NAME = ... constant i64 5, ...` and `@__gaff_s_NAME = ... constant ptr @.str, ...`
static void add_value(const char *ir, const struct line *l, struct strbuf *values) {
    bool number = begins(l, "@" CLANG_NUMBER);
    if (!number && !begins(l, "@" CLANG_STRING)) return;
    const char *name = l->p + 1 + strlen(CLANG_NUMBER), *end = l->p + l->len;
    size_t n = strcspn(name, " ");
    const char *at = memmem(name, (size_t)(end - name), " constant ", 10);
    if (!at) return;
    if (number) {
        at = memmem(at, (size_t)(end - at), "i64 ", 4);
        if (at)
            strbuf_printf(values, "i %.*s %" PRId64 "\n", (int)n, name,
                          (int64_t)strtoll(at + 4, NULL, 10));
        return;
    }
    const char *target = memmem(at, (size_t)(end - at), "@.str", 5);
    struct strbuf text = {0};
    if (target && string_text(ir, target, strcspn(target, ",) \n"), &text))
        strbuf_printf(values, "s %.*s %s\n", (int)n, name, strbuf_str(&text));
    strbuf_free(&text);
}

void clang_ir_filter(struct arena *a, const char *ir, struct strbuf *module,
                     struct strbuf *values) {
    struct line l;
    for (const char *p = ir; next_line(&p, &l);) {
        if (begins(&l, "!")) {
            strbuf_add(module, l.p, l.len);
            strbuf_putc(module, '\n');
        } else if (begins(&l, "@")) {
            add_value(ir, &l, values);
        }
    }
    add_all_types(a, ir, module);
}
