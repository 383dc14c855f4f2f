// SPDX-License-Identifier: Apache-2.0
// Calls, made from the rows of builtins/functions.def and their signatures. Where a signature says
// less than a call needs, the table below has the rest.
#include "gen.h"

#include <string.h>

#include "builtins/builtins.h"
#include "builtins/signature.h"
#include "probes/probe.h"

// Arguments by row. Words: $i integer, $u unsigned, $s string, $p pointer, $a bytes, $k keyed map
// and its key, $m map; else alternatives of text, parted by '|'.
static const struct hint {
    int row;
    const char *args[4];
} hints[] = {
    {FN_time, {"\"%H:%M\\n\""}},
    {FN_join, {"$p", "\",\""}},
    {FN_exit, {"$i"}},
    {FN_clear, {"$m"}},
    {FN_zero, {"$m"}},
    {FN_delete, {"$k"}},
    {FN_has_key, {"$k"}},
    {FN_len, {"$K|$K|$S"}},
    {FN_str, {"$p", "$i|5|100"}},
    {FN_buf, {"$a|$p, 5|$p, $i|(&($p)->i), 8"}},
    {FN_kaddr, {"\"vfs_read\""}},
    {FN_percpu_kaddr, {"\"cpu_number\"", "$i"}},
    {FN_ksym, {"$u"}},
    {FN_usym, {"$u"}},
    {FN_ntop, {"$i", "$i"}},
    {FN_pton, {"\"127.0.0.1\"|\"::1\""}},
    {FN_macaddr, {"(uint8[6])$u"}},
    {FN_bswap, {"$i|$u"}},
    {FN_strncmp, {"$s", "$s", "1|3|8|20"}},
    {FN_memcmp, {"$s|$a", "$s|$a", "1|3"}},
    {FN_kptr, {"$p"}},
    {FN_uptr, {"$p"}},
    {FN_reg, {"\"ip\"|\"ax\"|\"sp\""}},
    {FN_kstack, {"raw", "5"}},
    {FN_ustack, {"perf", "7"}},
    {FN_nsecs, {"monotonic|boot|sw_tai"}},
    {FN_pid, {"curr_ns|init"}},
    {FN_tid, {"curr_ns|init"}},
    {FN_ppid, {"curtask"}},
    {FN_comm, {"curtask"}},
    {FN_signal, {"10|\"SIGUSR1\""}},
    {FN_signal_thread, {"10|\"SIGUSR1\""}},
    {FN_cgroupid, {"\"/sys/fs/cgroup\""}},
    {FN_cgroup_path, {"cgroup", "\"*\""}},
    {FN_strftime, {"\"%H:%M:%S\"", "nsecs|$u"}},
    {FN_system, {"\"true\""}},
    {FN_cat, {"\"/proc/uptime\""}},
    {FN_hist, {"$i", "0|2|5"}},
    {FN_lhist, {"$i", "0|5", "10|100", "1|2"}},
    {FN_tseries, {"$i", "1s|100ms", "5|20", "\"avg\"|\"max\"|\"sum\""}},
    {FN_getopt, {"\"opt\"", "1|true|\"x\"", "\"text\""}},
    {FN_assert, {"$i", "\"text\""}},
    {FN_static_assert, {"1", "\"text\""}},
    {FN_container_of, {"&(($p)->i)", "typeof(struct ou)", "i"}},
    {FN_default_str_length, {NULL}},
};

// Rows whose calls compile only where other things are so: a probe, a file, a program.
static bool is_special(int row) {
    static const int rows[] = {FN_fail,   FN_uaddr, FN_path,         FN_override, FN_find,
                               FN_getopt, FN_kaddr, FN_percpu_kaddr, FN_push};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i] == row) return true;
    return false;
}

static bool is_allowed(const struct gen *g, int row) {
    if (is_special(row) || (function_rows[row].where & FN_UNBUILT)) return false;
    const struct provider *p = g->probe ? provider_find(g->probe->provider) : NULL;
    if (row == FN_len && g->no_walks) return false;
    unsigned where = function_rows[row].where;
    if ((where & FN_PROBE) && !p) return false;
    if ((where & FN_REGS) && !(p && (p->caps & PROBE_REGS))) return false;
    if (where & (FN_TYPED | FN_ENTRY)) return false;
    if (row == FN_strftime) return p != NULL;
    return true;
}

static const struct gen_map *keyed_map(struct gen *g) {
    for (unsigned i = 0, from = gen_pick(g, GEN_MAPS); i < g->nmaps; i++) {
        const struct gen_map *m = &g->maps[(i + from) % g->nmaps];
        if (m->key) return m;
    }
    return NULL;
}

static void map_and_key(struct gen *g) {
    const struct gen_map *m = keyed_map(g);
    if (!m) {
        gen_put(g, "@other, 1");
        return;
    }
    gen_put(g, "%s, ", m->name);
    gen_expr(g, m->key);
}

static void word(struct gen *g, char c) {
    struct gen_type bytes = {.kind = GEN_ARRAY, .n = 4};
    switch (c) {
    case 'i': gen_expr(g, &gen_i64); break;
    case 'u':
        gen_put(g, "(uint64)(");
        gen_expr(g, &gen_u64);
        gen_put(g, ")");
        break;
    case 's': gen_expr(g, &gen_text); break;
    case 'p': gen_expr(g, &gen_struct_pointer); break;
    case 'a': gen_expr(g, &bytes); break;
    case 'k': map_and_key(g); break;
    case 'K': gen_put(g, "%s", keyed_map(g) ? keyed_map(g)->name : "@other"); break;
    case 'S': gen_put(g, g->probe ? "kstack" : "@other"); break;
    case 'm': gen_put(g, "%s", gen_map_any(g)->name); break;
    default: break;
    }
}

static void hinted(struct gen *g, const char *text) {
    unsigned n = 1;
    for (const char *p = text; *p; p++) n += *p == '|';
    for (unsigned skip = gen_pick(g, n); skip; skip--) text = strchr(text, '|') + 1;
    for (; *text && *text != '|'; text++) {
        if (*text == '$' && text[1])
            word(g, *++text);
        else
            gen_put(g, "%c", *text);
    }
}

static void by_kind(struct gen *g, enum signature_kind kind) {
    switch (kind) {
    case SIG_INT: gen_expr(g, gen_chance(g, 50) ? &gen_i64 : &gen_u64); break;
    case SIG_PTR: gen_expr(g, &gen_struct_pointer); break;
    case SIG_STRING: gen_expr(g, &gen_text); break;
    case SIG_LITERAL: gen_put(g, "\"text\""); break;
    case SIG_CONST: gen_int_small(g); break;
    case SIG_ANY: gen_expr(g, gen_type(g, 1)); break;
    case SIG_MAP: gen_put(g, "%s", gen_map_any(g)->name); break;
    case SIG_VAR: gen_put(g, "%s", g->nvars ? g->vars[0].name : "$x"); break;
    }
}

void gen_call_row(struct gen *g, int row) {
    struct signature sig;
    const struct hint *hint = NULL;
    signature_parse(function_rows[row].signature, &sig);
    for (unsigned i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
        if (hints[i].row == row) hint = &hints[i];
    unsigned n = sig.required;
    while (n < sig.total && row != FN_buf && gen_chance(g, 40)) n++;
    if (row == FN_kstack || row == FN_ustack) n = sig.total; // always the same type
    gen_put(g, "%s(", function_rows[row].name);
    for (unsigned i = 0; i < n; i++) {
        if (i) gen_put(g, ", ");
        if (hint && i < 4 && hint->args[i]) {
            hinted(g, hint->args[i]);
            if (!strcmp(hint->args[i], "$k")) i++; // it is two
        } else {
            by_kind(g, sig.args[i]);
        }
    }
    gen_put(g, ")");
}

void gen_aggregation(struct gen *g, int row) {
    // Buckets are part of the type: always the same.
    static const struct {
        int row;
        const char *rest;
    } fixed[] = {{FN_hist, ", 2"}, {FN_lhist, ", 0, 100, 5"}, {FN_tseries, ", 1s, 10"}};
    gen_put(g, "%s(", function_rows[row].name);
    if (row != FN_count) {
        gen_expr(g, &gen_i64);
        for (unsigned i = 0; i < 3; i++)
            if (fixed[i].row == row) gen_put(g, "%s", fixed[i].rest);
    }
    gen_put(g, ")");
}

// A row of those whose bits under `mask` are `want`.
int gen_row_where(struct gen *g, unsigned mask, unsigned want) {
    for (unsigned i = 0, from = gen_pick(g, FN_COUNT); i < FN_COUNT; i++) {
        int row = (int)((i + from) % FN_COUNT);
        if ((function_rows[row].where & mask) == want && is_allowed(g, row)) return row;
    }
    return FN_print;
}

static bool gives(const char *result, const struct gen_type *t) {
    switch (t->kind) {
    case GEN_INT:
        return !strncmp(result, t->is_signed ? "int" : "uint", t->is_signed ? 3 : 4) &&
               strncmp(result, "inet", 4) != 0;
    case GEN_BOOL: return !strcmp(result, "bool");
    case GEN_STRING: return !strcmp(result, "string");
    default: return false;
    }
}

// A row whose values are of a kind of their own: ksym_t, inet...
int gen_row_of_value(struct gen *g) {
    static const char *const others[] = {"int", "uint", "bool", "string", "any", "array", "void"};
    for (unsigned i = 0, from = gen_pick(g, FN_COUNT); i < FN_COUNT; i++) {
        int row = (int)((i + from) % FN_COUNT);
        bool own = !(function_rows[row].where & FN_MAP_VALUE) && is_allowed(g, row);
        for (unsigned k = 0; k < sizeof(others) / sizeof(others[0]); k++)
            own = own && strncmp(function_rows[row].signature, others[k], strlen(others[k]));
        if (own) return row;
    }
    return FN_ksym;
}

bool gen_call_of(struct gen *g, const struct gen_type *t) {
    for (unsigned i = 0, from = gen_pick(g, FN_COUNT); i < FN_COUNT; i++) {
        int row = (int)((i + from) % FN_COUNT);
        if (!gives(function_rows[row].signature, t) || !is_allowed(g, row)) continue;
        if (function_rows[row].where & FN_MAP_VALUE) continue;
        gen_call_row(g, row);
        return true;
    }
    return false;
}
