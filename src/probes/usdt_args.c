// SPDX-License-Identifier: Apache-2.0
// Where the arguments of static probes are: "SIZE@OPERAND", separated by spaces, in the assembler's
// words for the operand. Source: <sys/sdt.h> and the constraint it gives the compiler ("nor").
#include <stdlib.h>
#include <string.h>

#include "probes/probe_internal.h"
#include "probes/usdt_args.h"
#include "symbols/symbols.h"

// A register in any of its widths to its place in pt_regs: "eax", "%al", "r9d", "w3". -1: unknown.
static int register_offset(const char *name, size_t n, unsigned *shift) {
    char r[8];
    unsigned size;
    *shift = 0;
    if (n && *name == '%') name++, n--;
    if (n < 2 || n >= sizeof(r)) return -1;
    memcpy(r, name, n);
    r[n] = '\0';
    int whole = probe_regs_named(r, &size);
    if (whole >= 0) return whole;
    if ((*r == 'w' || *r == 'x') && r[1] >= '0' && r[1] <= '9') { // arm64
        *r = 'r';
        return probe_regs_named(r, &size);
    }
    if (*r == 'r' && r[1] >= '0' && r[1] <= '9' && strchr("bwd", r[n - 1])) { // r9d
        r[n - 1] = '\0';
        return probe_regs_named(r, &size);
    }
    if (n == 3 && (*r == 'r' || *r == 'e')) return probe_regs_named(r + 1, &size); // rax, eax
    if (n == 3 && r[2] == 'l') {                                                   // sil, bpl
        r[2] = '\0';
        return probe_regs_named(r, &size);
    }
    if (n == 2 && (r[1] == 'l' || r[1] == 'h')) { // al, ah
        *shift = r[1] == 'h' ? 8 : 0;
        r[1] = 'x';
        return probe_regs_named(r, &size);
    }
    return -1;
}

// "16", "sym", "sym+16", "16+sym": a displacement before the bracket. *symbolic: it has a symbol,
// by the address that the file gives it.
static bool displacement(const char *s, size_t n, const char *path, int64_t *out, bool *symbolic) {
    char text[256], *end;
    if (n >= sizeof(text)) return false;
    memcpy(text, s, n);
    text[n] = '\0';
    *out = 0;
    for (char *part = text; *part;) {
        int64_t number = strtoll(part, &end, 0);
        if (end == part) {
            uint64_t at, size;
            size_t len = strcspn(part, "+");
            char keep = part[len];
            part[len] = '\0';
            if (!elf_find_address(path, part, &at, &size)) return false;
            part[len] = keep;
            number = (int64_t)at;
            *symbolic = true;
            end = part + len;
        }
        *out += number;
        part = *end == '+' ? end + 1 : end;
        if (*end && *end != '+' && *end != '-') return false;
    }
    return true;
}

// "(%rax)", "(%rax,%rbx,8)", "(,%rbx,4)".
static bool x86_memory(const char *s, size_t n, struct probe_place *p) {
    unsigned shift;
    const char *comma = memchr(s, ',', n);
    size_t first = comma ? (size_t)(comma - s) : n;
    if (first && (p->reg = register_offset(s, first, &shift)) < 0) return false;
    if (!comma) return first > 0;
    const char *index = comma + 1;
    size_t len = n - first - 1;
    const char *second = memchr(index, ',', len);
    size_t index_len = second ? (size_t)(second - index) : len;
    if ((p->index = register_offset(index, index_len, &shift)) < 0) return false;
    p->scale = second ? (unsigned)strtoul(second + 1, NULL, 10) : 1;
    return true;
}

static bool place(const char *s, size_t n, const char *path, uint64_t address,
                  struct probe_place *p) {
    *p = (struct probe_place){.kind = PLACE_UNKNOWN, .reg = -1, .index = -1};
    if (!n) return false;
    if (*s == '$' || (*s != '[' && !memchr(s, '(', n) && strchr("-0123456789", *s))) {
        char *end;
        p->offset = strtoll(s + (*s == '$'), &end, 0);
        p->kind = PLACE_CONSTANT;
        return end == s + n;
    }
    const char *open = memchr(s, *s == '[' ? '[' : '(', n);
    if (!open) {
        p->kind = PLACE_REGISTER;
        return (p->reg = register_offset(s, n, &p->shift)) >= 0;
    }
    p->kind = PLACE_MEMORY;
    const char *inside = open + 1;
    size_t len = n - (size_t)(inside - s) - 1;
    if (*open == '[') { // arm64: "[sp, 16]"
        unsigned shift;
        size_t reg = strcspn(inside, ",]");
        if (inside[reg] == ',') p->offset = strtoll(inside + reg + 1, NULL, 0);
        return (p->reg = register_offset(inside, reg, &shift)) >= 0;
    }
    bool symbolic = false;
    if (!displacement(s, (size_t)(open - s), path, &p->offset, &symbolic) ||
        !x86_memory(inside, len, p))
        return false;
    // sym(%rip) is the symbol itself, as far from the probe as it is in the file.
    if (symbolic && p->reg == probe_regs_ip()) p->offset -= (int64_t)address;
    return true;
}

bool usdt_next_arg(struct probe_env *env, const char **text, const char *path, uint64_t address,
                   struct probe_arg *out) {
    const char *s = *text + strspn(*text, " ");
    if (!*s) return false;
    const char *end = s; // a space inside brackets does not end it
    for (bool in = false; *end && (in || *end != ' '); end++)
        in = *end == '[' || *end == '(' ? true : *end == ']' || *end == ')' ? false : in;
    *text = end;
    char *at;
    long size = strtol(s, &at, 10);
    bool sized = *at == '@';
    if (!sized) size = 8;
    const char *operand = sized ? at + 1 : s;
    unsigned bytes = (unsigned)labs(size);
    bool known = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
    out->type = types_int(env->types, known ? bytes * 8 : 64, size < 0);
    out->decl = arena_strndup(env->arena, s, (size_t)(end - s));
    if (!known || !place(operand, (size_t)(end - operand), path, address, &out->place))
        out->place.kind = PLACE_UNKNOWN;
    return true;
}
