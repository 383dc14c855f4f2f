// SPDX-License-Identifier: Apache-2.0
// A refusal by the verifier, shown against the script: the place comes from the line information of
// the object for the instruction that the verifier's log ends with, the reason from its last line.
#include <ctype.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "object/elf.h"
#include "output/output.h"
#include "probes/feature.h"
#include "runtime/runtime_internal.h"

struct place {
    unsigned line, column; // 1-based; column 0: unknown
};

// ---- line information: .BTF.ext (Documentation/bpf/btf.rst) ----

struct ext_header {
    uint16_t magic;
    uint8_t version, flags;
    uint32_t hdr_len, func_off, func_len, line_off, line_len;
};

struct line_record {
    uint32_t insn_off; // bytes from the start of the section
    uint32_t file_off, text_off;
    uint32_t line_col; // line << 10 | column
};

static bool section_is(const void *object, size_t len, uint32_t name_off, const char *name) {
    size_t n;
    const char *btf = elf_find_section(object, len, ".BTF", &n);
    const struct btf_header *h = (const void *)btf;
    if (!btf || n < sizeof(*h)) return false;
    uint64_t at = (uint64_t)h->hdr_len + h->str_off + name_off;
    return at < n && strnlen(btf + at, n - at) == strlen(name) && !strcmp(btf + at, name);
}

// The last record of the section that is not behind the instruction.
static struct place find_line(const void *object, size_t len, const char *section, uint32_t insn) {
    struct place found = {0};
    size_t n;
    const char *ext = elf_find_section(object, len, ".BTF.ext", &n);
    struct ext_header h;
    if (!ext || n < sizeof(h)) return found;
    memcpy(&h, ext, sizeof(h));
    uint64_t at = (uint64_t)h.hdr_len + h.line_off, end = at + h.line_len;
    uint32_t size, head[2]; // head: name of a section, number of its records
    if (end > n || h.line_len < sizeof(size)) return found;
    memcpy(&size, ext + at, sizeof(size));
    at += sizeof(size);
    if (size < sizeof(struct line_record)) return found;
    while (at + sizeof(head) <= end) {
        memcpy(head, ext + at, sizeof(head));
        at += sizeof(head);
        bool ours = section_is(object, len, head[0], section);
        for (uint32_t i = 0; i < head[1] && at + size <= end; i++, at += size) {
            struct line_record r;
            memcpy(&r, ext + at, sizeof(r));
            if (!ours || r.insn_off / 8 > insn) continue;
            found = (struct place){.line = r.line_col >> 10, .column = r.line_col & 1023};
        }
    }
    return found;
}

// ---- the verifier's log ----

// The last line of the log that says why, not the statistics after it. Cuts the log there.
static const char *reason_of(char *text) {
    char *end = text ? strstr(text, "\nprocessed ") : NULL;
    if (!end) return NULL;
    *end = '\0';
    for (char *line; (line = strrchr(text, '\n')); *line = '\0')
        if (strncmp(line + 1, "cur state:", 10) && strncmp(line + 1, "old state:", 10))
            return line + 1;
    return text;
}

// The program that libbpf names: "prog 'gaff_3': BPF program load failed".
static size_t failed_program(const struct runtime *rt) {
    const char *at = rt->log.data ? strstr(rt->log.data, "prog 'gaff_") : NULL;
    return at ? strtoul(at + 11, NULL, 10) : SIZE_MAX;
}

// The last instruction below a number that was looked at: "12: (85) call bpf_d_path#147". NULL when
// there is none.
static const char *last_instruction(const char *log, size_t below) {
    const char *last = NULL;
    for (const char *p = log; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        const char *digits = p;
        while (isdigit((unsigned char)*p)) p++;
        if (p != digits && !strncmp(p, ": (", 3) && strtoul(digits, NULL, 10) < below)
            last = digits;
    }
    return last;
}

// The helper that a line names, "bpf_d_path" of "unknown func bpf_d_path#147": its length in *n.
static const char *helper_in(const char *line, size_t *n) {
    const char *name = line ? strstr(line, "bpf_") : NULL;
    const char *eol = line ? strchr(line, '\n') : NULL;
    *n = name ? strcspn(name, "#\n ") : 0;
    return name && (!eol || name < eol) && name[*n] == '#' ? name : NULL;
}

// ---- reasons ----

// What the kernel's words mean and what helps; the first row whose text is in them.
static const struct reason {
    const char *kernel; // part of the verifier's last line
    bool is_helper;     // a helper is refused: it is named
    const char *words;  // NULL: the kernel's
    const char *hint;
} reasons[] = {
    {"helper call is not allowed in probe", true, NULL, NULL},
    {"program of this type cannot use helper", true, NULL,
     "the kernel offers this helper to other kinds of probes"},
    {"unknown func", true, NULL,
     "the kernel offers this helper to other kinds of probes, or does not have it yet"},
    {"program is too large", false, "it has too many paths for the kernel to check",
     "divide the block into several, or make its loops and strings smaller"},
    {"jumps is too complex", false, "it has too many branches for the kernel to check",
     "divide the block into several, or make its loops smaller"},
    {"combined stack size", false, "it needs more stack than the kernel gives",
     "call fewer functions inside one another, or hand over less"},
    {"expected=ptr_", false, "a pointer given to a helper is not of the kind that it takes",
     "only pointers that the kernel typed will do: args or a field reached from them, not a number "
     "or a value that was stored"},
    {"expected=sock_common", false, "the kernel does not take this pointer for a socket",
     "only a socket that args names itself will do; new kernels take none that a packet refers to"},
    {"expected=trusted_ptr_", false, "a pointer given to a helper may be invalid by then",
     "only a pointer taken straight from args will do"},
    {"infinite loop detected", false, "it may never end", NULL},
};

static const struct reason *find_reason(const char *text) {
    static const struct reason other = {
        .hint = "a valid script should never be refused: please report it; -v shows the "
                "verifier's whole log"};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (strstr(text, reasons[i].kernel)) return &reasons[i];
    return &other;
}

static const char *hint_of(const struct reason *r, const char *helper, size_t n) {
    bool too_much = r->words && strstr(r->words, "too many");
    if (too_much && !feature_have(FEATURE_loop))
        return "before Linux 5.17 (bpf_loop) the kernel follows every round of a loop and of a "
               "search "
               "in a string: make ranges or max_strlen smaller";
    if (r->hint || n != strlen("bpf_d_path") || strncmp(helper, "bpf_d_path", n)) return r->hint;
    // btf_allowlist_d_path in kernel/trace/bpf_trace.c
    return "the kernel allows it in fentry and fexit of functions that hold no locks: dentry_open, "
           "filp_close, vfs_fallocate, vfs_getattr, vfs_truncate, security_file_open and the like";
}

// ---- the message ----

// Where the expression that begins at a place ends: a name with what it is called with, indexed by,
// or what is reached from it. The object's line information has beginnings only.
static unsigned end_column(const char *source, struct place at) {
    for (unsigned i = 1; i < at.line && source; i++) {
        source = strchr(source, '\n');
        if (source) source++;
    }
    if (!source || !at.column || strcspn(source, "\n") < at.column) return 0;
    const char *start = source + at.column - 1, *p = start;
    while (*p == '@' || *p == '$' || *p == '*' || *p == '&') p++;
    for (unsigned depth = 0; *p && *p != '\n'; p++) {
        bool opens = *p == '(' || *p == '[', closes = *p == ')' || *p == ']';
        bool in_name = isalnum((unsigned char)*p) || *p == '_' || *p == '.' ||
                       (p[0] == '-' && p[1] == '>') || (p > start && p[-1] == '-' && *p == '>');
        if (!depth && !opens && !in_name) break;
        if (closes && !--depth && p[1] != '.' && p[1] != '-' && p[1] != '[') {
            p++;
            break;
        }
        depth += opens;
    }
    return at.column + (unsigned)(p > start ? p - start : 1);
}

static struct place place_of(struct runtime *rt, const void *object, size_t len, size_t program) {
    char section[32];
    struct place at = {.line = rt->m->programs.data[program].line};
    // Functions of the script, loops and imported C stand behind the program's own instructions:
    // what is refused in them is shown at the call.
    size_t bytes = 0;
    snprintf(section, sizeof(section), "gaff/%zu", program);
    elf_find_section(object, len, section, &bytes);
    const char *insn = last_instruction(rt->log.data, bytes / 8);
    if (!insn) return at;
    uint32_t index = (uint32_t)strtoul(insn, NULL, 10);
    struct place exact = find_line(object, len, section, index);
    return exact.line ? exact : at;
}

bool rt_report_refusal(struct runtime *rt, const void *object, size_t len) {
    size_t program = failed_program(rt), n = 0;
    const char *text = program < rt->m->programs.len ? reason_of(rt->log.data) : NULL;
    if (!text) return false;
    const struct reason *r = find_reason(text);
    const char *helper = r->is_helper ? helper_in(text, &n) : NULL;
    if (r->is_helper && !helper) helper = helper_in(last_instruction(rt->log.data, SIZE_MAX), &n);
    struct place at = place_of(rt, object, len, program);
    unsigned end = end_column(rt->m->source_text, at);
    fflush(stdout);
    fprintf(stderr, "%s:%u", rt->m->source_name, at.line);
    if (end) fprintf(stderr, ":%u-%u", at.column, end);
    if (helper)
        fprintf(stderr, ": ERROR: helper %.*s not allowed in probe\n", (int)n, helper);
    else
        fprintf(stderr, ": ERROR: the kernel refuses the program of %s: %s%s%s%s\n",
                rt->m->targets.data[rt->m->programs.data[program].first_target].name,
                r->words ? r->words : text, r->words ? " (" : "", r->words ? text : "",
                r->words ? ")" : "");
    output_excerpt(stderr, rt->m->source_text, at.line, end ? at.column : 0, end);
    const char *hint = hint_of(r, helper, n);
    if (hint) log_hint("%s", hint);
    return true;
}
