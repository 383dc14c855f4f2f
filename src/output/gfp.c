// SPDX-License-Identifier: Apache-2.0
// %gr: the flags of an allocation (gfp_t) as the kernel's own trace events write them: first the
// combinations that have a name, then single bits, then what is left as a number. Which bit has
// which name differs by release and configuration: the kernel's enum of them says it from 6.10 on,
// and before that the first 24 are the same from 5.10 on (include/linux/gfp.h, gfp_types.h).
#include <stdlib.h>
#include <string.h>

#include "output/output_internal.h"

enum { MAX_BITS = 32 };

struct gfp {
    char names[MAX_BITS][32]; // without "__GFP_"; "" for a bit without a name
};

static const char *const before_6_10[] = {
    "DMA",   "HIGHMEM",    "DMA32",         "MOVABLE",  "RECLAIMABLE",    "HIGH",
    "IO",    "FS",         "ZERO",          "ATOMIC",   "DIRECT_RECLAIM", "KSWAPD_RECLAIM",
    "WRITE", "NOWARN",     "RETRY_MAYFAIL", "NOFAIL",   "NORETRY",        "MEMALLOC",
    "COMP",  "NOMEMALLOC", "HARDWALL",      "THISNODE", "ACCOUNT",        "ZEROTAGS",
};

// Larger ones first: a name takes its bits away from those behind it. A bit that the kernel does
// not have counts for nothing.
#define RECLAIM "DIRECT_RECLAIM KSWAPD_RECLAIM "
#define USER    RECLAIM "IO FS HARDWALL "
#define LIGHT   "IO FS HARDWALL HIGHMEM MOVABLE COMP NOMEMALLOC NOWARN "
static const struct {
    const char *name, *bits;
} combinations[] = {
    {"GFP_TRANSHUGE", LIGHT "DIRECT_RECLAIM"},
    {"GFP_TRANSHUGE_LIGHT", LIGHT},
    {"GFP_HIGHUSER_MOVABLE", USER "HIGHMEM MOVABLE"},
    {"GFP_HIGHUSER", USER "HIGHMEM"},
    {"GFP_USER", USER},
    {"GFP_KERNEL_ACCOUNT", RECLAIM "IO FS ACCOUNT"},
    {"GFP_KERNEL", RECLAIM "IO FS"},
    {"GFP_NOFS", RECLAIM "IO"},
    {"GFP_ATOMIC", "HIGH ATOMIC KSWAPD_RECLAIM"}, // until 6.2
    {"GFP_ATOMIC", "HIGH KSWAPD_RECLAIM"},
    {"GFP_NOIO", RECLAIM},
    {"GFP_NOWAIT", "KSWAPD_RECLAIM NOWARN"},
    {"GFP_DMA", "DMA"},
    {"GFP_DMA32", "DMA32"},
};

// "___GFP_ZERO_BIT" names "ZERO".
static void take_name(struct gfp *g, const char *name, int64_t bit) {
    static const char prefix[] = "___GFP_", suffix[] = "_BIT";
    size_t begin = sizeof(prefix) - 1, end = strlen(name);
    if (bit < 0 || bit >= MAX_BITS || end < begin + sizeof(suffix)) return;
    if (strncmp(name, prefix, begin) || strcmp(name + end - 4, suffix)) return;
    snprintf(g->names[bit], sizeof(g->names[bit]), "%.*s", (int)(end - 4 - begin), name + begin);
    if (!strcmp(g->names[bit], "UNUSED") || !strcmp(g->names[bit], "LAST")) *g->names[bit] = '\0';
}

static struct gfp *names_new(struct output *o) {
    struct gfp *g = calloc(1, sizeof(*g));
    const struct output_resolver *r = &o->resolver;
    const struct type *e = r->kernel_enum ? r->kernel_enum(r->ctx, "___GFP_DMA_BIT") : NULL;
    if (!g) return NULL;
    for (uint32_t i = 0; e && i < e->nenumerators; i++)
        take_name(g, e->enumerators[i].name, e->enumerators[i].value);
    for (size_t i = 0; !e && i < sizeof(before_6_10) / sizeof(*before_6_10); i++)
        strcpy(g->names[i], before_6_10[i]);
    return g;
}

static uint32_t mask_of(const struct gfp *g, const char *bits) {
    uint32_t mask = 0;
    for (size_t n; *(bits += strspn(bits, " ")); bits += n) {
        n = strcspn(bits, " ");
        for (unsigned i = 0; i < MAX_BITS; i++)
            if (strlen(g->names[i]) == n && !memcmp(g->names[i], bits, n)) mask |= 1u << i;
    }
    return mask;
}

static void put(struct strbuf *b, const char *prefix, const char *name) {
    strbuf_printf(b, "%s%s%s", b->len ? "|" : "", prefix, name);
}

void gfp_text(struct output *o, struct strbuf *b, uint64_t flags) {
    if (!o->gfp && !(o->gfp = names_new(o))) return;
    for (size_t i = 0; i < sizeof(combinations) / sizeof(*combinations); i++) {
        uint32_t mask = mask_of(o->gfp, combinations[i].bits);
        if (!mask || (flags & mask) != mask) continue;
        put(b, "", combinations[i].name);
        flags &= ~(uint64_t)mask;
    }
    for (unsigned i = 0; i < MAX_BITS; i++) {
        if (!(flags >> i & 1) || !*o->gfp->names[i]) continue;
        put(b, "__GFP_", o->gfp->names[i]);
        flags &= ~(1ull << i);
    }
    if (flags || !b->len)
        strbuf_printf(b, flags ? "%s0x%llx" : "%s%llx", b->len ? "|" : "",
                      (unsigned long long)flags);
}
