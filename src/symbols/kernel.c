// SPDX-License-Identifier: Apache-2.0
// Kernel symbols: /proc/kallsyms, read once into one block of names and a sorted table.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/symbols_internal.h"

struct ksym {
    uint64_t addr;
    uint32_t name;   // offset into names
    uint32_t module; // offset into names, 0 for the kernel itself
};

struct kernel_symbols {
    char *names;
    size_t names_len, names_cap;
    struct ksym *syms;
    size_t n, cap;
};

static uint32_t add_name(struct kernel_symbols *k, const char *s, size_t len) {
    if (k->names_len + len + 1 > k->names_cap) {
        size_t cap = (k->names_cap ? k->names_cap * 2 : 1 << 20) + len;
        char *more = realloc(k->names, cap);
        if (!more) return 0;
        k->names = more;
        k->names_cap = cap;
    }
    uint32_t at = (uint32_t)k->names_len;
    memcpy(k->names + at, s, len);
    k->names[at + len] = '\0';
    k->names_len += len + 1;
    return at;
}

static void add_symbol(struct kernel_symbols *k, struct ksym s) {
    if (k->n == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 1 << 16;
        struct ksym *more = realloc(k->syms, cap * sizeof(*more));
        if (!more) return;
        k->syms = more;
        k->cap = cap;
    }
    k->syms[k->n++] = s;
}

// "ffffffff81000000 T name\t[module]"
static void add_line(struct kernel_symbols *k, const char *line) {
    char *end;
    uint64_t addr = strtoull(line, &end, 16);
    if (*end != ' ' || !end[1] || end[2] != ' ' || !addr) return;
    if (end[1] == 'a' || end[1] == 'A') return; // absolute: per-CPU offsets
    const char *name = end + 3;
    size_t len = strcspn(name, "\t\n ");
    const char *open = strchr(name + len, '[');
    struct ksym s = {.addr = addr, .name = add_name(k, name, len)};
    if (open) s.module = add_name(k, open + 1, strcspn(open + 1, "]\n"));
    add_symbol(k, s);
}

static int by_address(const void *a, const void *b) {
    const struct ksym *x = a, *y = b;
    if (x->addr != y->addr) return x->addr < y->addr ? -1 : 1;
    return x->name < y->name ? -1 : 1;
}

struct kernel_symbols *kernel_symbols_read(void) {
    FILE *f = fopen("/proc/kallsyms", "re");
    struct kernel_symbols *k = calloc(1, sizeof(*k));
    if (f && k) {
        add_name(k, "", 0);
        char *line = NULL;
        size_t cap = 0;
        while (getline(&line, &cap, f) > 0) add_line(k, line);
        free(line);
        if (k->n) qsort(k->syms, k->n, sizeof(*k->syms), by_address);
    }
    if (f) fclose(f);
    return k;
}

void kernel_symbols_free(struct kernel_symbols *k) {
    if (!k) return;
    free(k->names);
    free(k->syms);
    free(k);
}

bool kernel_symbols_find(const struct kernel_symbols *k, uint64_t addr, const char **name,
                         uint64_t *offset, const char **module) {
    size_t low = 0, high = k ? k->n : 0;
    if (!high || addr < k->syms[0].addr) return false;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (k->syms[mid].addr <= addr)
            low = mid;
        else
            high = mid;
    }
    // Several names for one address: the first in the file's order.
    while (low && k->syms[low - 1].addr == k->syms[low].addr) low--;
    const struct ksym *s = &k->syms[low];
    *name = k->names + s->name;
    *offset = addr - s->addr;
    if (module) *module = s->module ? k->names + s->module : NULL;
    return true;
}

uint64_t symbols_kernel_address(const char *wanted) {
    FILE *f = fopen("/proc/kallsyms", "re");
    uint64_t found = 0;
    char *line = NULL;
    size_t cap = 0, n = strlen(wanted);
    while (f && !found && getline(&line, &cap, f) > 0) {
        char *end;
        uint64_t addr = strtoull(line, &end, 16);
        if (*end != ' ' || strlen(end) < 4) continue;
        const char *name = end + 3;
        if (!strncmp(name, wanted, n) && strchr("\t\n ", name[n])) found = addr;
    }
    free(line);
    if (f) fclose(f);
    return found;
}
