// SPDX-License-Identifier: Apache-2.0
// struct pt_regs as programs see it: byte offsets of registers, for each architecture, always
// compiled and chosen by data. Sources: arch/x86/include/asm/ptrace.h and struct user_pt_regs of
// arch/arm64/include/uapi/asm/ptrace.h.
#include <string.h>

#include "probes/probe.h"

struct reg {
    const char *name;
    int offset;
};

struct arch_regs {
    int args[8];
    unsigned nargs;
    int retval, ip, sp, fp;
    const struct reg *named;
    size_t nnamed;
};

static const struct reg x86_64_named[] = {
    {"r15", 0},     {"r14", 8},  {"r13", 16}, {"r12", 24},      {"bp", 32},  {"bx", 40},
    {"r11", 48},    {"r10", 56}, {"r9", 64},  {"r8", 72},       {"ax", 80},  {"cx", 88},
    {"dx", 96},     {"si", 104}, {"di", 112}, {"orig_ax", 120}, {"ip", 128}, {"cs", 136},
    {"flags", 144}, {"sp", 152}, {"ss", 160}, {"pc", 128},
};

static const struct reg arm64_named[] = {
    {"r0", 0},    {"r1", 8},    {"r2", 16},   {"r3", 24},      {"r4", 32},   {"r5", 40},
    {"r6", 48},   {"r7", 56},   {"r8", 64},   {"r9", 72},      {"r10", 80},  {"r11", 88},
    {"r12", 96},  {"r13", 104}, {"r14", 112}, {"r15", 120},    {"r16", 128}, {"r17", 136},
    {"r18", 144}, {"r19", 152}, {"r20", 160}, {"r21", 168},    {"r22", 176}, {"r23", 184},
    {"r24", 192}, {"r25", 200}, {"r26", 208}, {"r27", 216},    {"r28", 224}, {"fp", 232},
    {"lr", 240},  {"sp", 248},  {"pc", 256},  {"pstate", 264},
};

static const struct arch_regs x86_64_regs = {
    .args = {112, 104, 96, 88, 72, 64},
    .nargs = 6,
    .retval = 80,
    .ip = 128,
    .sp = 152,
    .fp = 32,
    .named = x86_64_named,
    .nnamed = ARRAY_LEN(x86_64_named),
};

static const struct arch_regs arm64_regs = {
    .args = {0, 8, 16, 24, 32, 40, 48, 56},
    .nargs = 8,
    .retval = 0,
    .ip = 256,
    .sp = 248,
    .fp = 232,
    .named = arm64_named,
    .nnamed = ARRAY_LEN(arm64_named),
};

static const struct arch_regs *arch(void) {
#if defined(__aarch64__)
    const bool arm = true;
#else
    const bool arm = false;
#endif
    return arm ? &arm64_regs : &x86_64_regs;
}

int probe_regs_arg(unsigned n) { return n < arch()->nargs ? arch()->args[n] : -1; }

int probe_regs_retval(void) { return arch()->retval; }

int probe_regs_ip(void) { return arch()->ip; }

int probe_regs_sp(void) { return arch()->sp; }

int probe_regs_fp(void) { return arch()->fp; }

int probe_regs_named(const char *name, unsigned *size) {
    *size = 8;
    for (size_t i = 0; i < arch()->nnamed; i++)
        if (!strcmp(arch()->named[i].name, name)) return arch()->named[i].offset;
    return -1;
}

const char *probe_regs_name(unsigned i) {
    return i < arch()->nnamed ? arch()->named[i].name : NULL;
}
