// SPDX-License-Identifier: Apache-2.0
// How deep the stack of an object's programs gets: the kernel allows 512 bytes for a program and
// all that it calls, callbacks too, each frame rounded up (check_max_stack_depth of the kernel's
// verifier). What LLVM adds to our variables is known from the code alone.
#include <elf.h>
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"

enum { FRAME = 32, MAX_FRAMES = 8, FP = 10 };

struct object { // sections and symbols of an ELF file that LLVM wrote: trusted
    const char *data;
    const Elf64_Shdr *sections;
    unsigned nsections;
    const Elf64_Sym *symbols;
    size_t nsymbols;
};

static bool open_object(struct object *o, const void *data) {
    const Elf64_Ehdr *h = data;
    o->data = data;
    o->sections = (const Elf64_Shdr *)(o->data + h->e_shoff);
    o->nsections = h->e_shnum;
    for (unsigned i = 0; i < o->nsections; i++) {
        if (o->sections[i].sh_type != SHT_SYMTAB) continue;
        o->symbols = (const Elf64_Sym *)(o->data + o->sections[i].sh_offset);
        o->nsymbols = o->sections[i].sh_size / sizeof(*o->symbols);
        return true;
    }
    return false;
}

static const Elf64_Sym *function_at(const struct object *o, unsigned section, uint64_t at) {
    for (size_t i = 0; i < o->nsymbols; i++) {
        const Elf64_Sym *s = &o->symbols[i];
        if (ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_shndx == section && at >= s->st_value &&
            at < s->st_value + s->st_size)
            return s;
    }
    return NULL;
}

// The symbol that the instruction at `offset` of `section` is relocated by.
static const Elf64_Sym *relocation(const struct object *o, unsigned section, uint64_t offset) {
    for (unsigned i = 0; i < o->nsections; i++) {
        const Elf64_Shdr *s = &o->sections[i];
        if (s->sh_type != SHT_REL || s->sh_info != section) continue;
        const Elf64_Rel *rel = (const Elf64_Rel *)(o->data + s->sh_offset);
        for (size_t k = 0; k < s->sh_size / sizeof(*rel); k++)
            if (rel[k].r_offset == offset) return &o->symbols[ELF64_R_SYM(rel[k].r_info)];
    }
    return NULL;
}

// What an instruction calls, or takes the address of for a helper to call.
static const Elf64_Sym *callee(const struct object *o, unsigned section, uint64_t offset,
                               const struct bpf_insn *insn) {
    bool call = insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
    bool address = insn->code == (BPF_LD | BPF_IMM | BPF_DW);
    if (!call && !address) return NULL;
    const Elf64_Sym *s = relocation(o, section, offset);
    if (!s) return call ? function_at(o, section, offset + 8 + (uint64_t)insn->imm * 8) : NULL;
    if (ELF64_ST_TYPE(s->st_info) == STT_FUNC) return s;
    if (ELF64_ST_TYPE(s->st_info) != STT_SECTION) return NULL;
    return function_at(o, s->st_shndx, call ? (uint64_t)(insn->imm + 1) * 8 : (uint64_t)insn->imm);
}

// The lowest byte below the frame pointer that an instruction names; *copies: registers that hold
// the frame pointer.
static uint32_t reach(const struct bpf_insn *insn, uint32_t *copies) {
    unsigned class = BPF_CLASS(insn->code);
    int off = 0;
    if (class == BPF_LDX && insn->src_reg == FP) off = insn->off;
    if ((class == BPF_ST || class == BPF_STX) && insn->dst_reg == FP) off = insn->off;
    bool copied = *copies & 1u << insn->dst_reg;
    if (insn->code == (BPF_ALU64 | BPF_ADD | BPF_K) && copied) off = insn->imm;
    if (class == BPF_LDX || class == BPF_ALU || class == BPF_ALU64)
        *copies &= ~(1u << insn->dst_reg);
    if (insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && insn->src_reg == FP)
        *copies |= 1u << insn->dst_reg;
    return off < 0 ? (uint32_t)-off : 0;
}

static uint32_t depth_of(const struct object *o, const Elf64_Sym *fn, unsigned frames) {
    const char *code = o->data + o->sections[fn->st_shndx].sh_offset;
    uint32_t own = 1, deepest = 0, copies = 0;
    if (frames > MAX_FRAMES) return 0;
    for (uint64_t at = fn->st_value; at + 8 <= fn->st_value + fn->st_size; at += 8) {
        struct bpf_insn insn;
        memcpy(&insn, code + at, sizeof(insn));
        uint32_t n = reach(&insn, &copies);
        if (n > own) own = n;
        const Elf64_Sym *called = callee(o, fn->st_shndx, at, &insn);
        uint32_t below = called ? depth_of(o, called, frames + 1) : 0;
        if (below > deepest) deepest = below;
        if (insn.code == (BPF_LD | BPF_IMM | BPF_DW)) at += 8;
    }
    return (own + FRAME - 1) / FRAME * FRAME + deepest;
}

uint32_t cg_stack_depth(const void *elf) {
    struct object o;
    uint32_t most = 0;
    if (!open_object(&o, elf)) return 0;
    for (size_t i = 0; i < o.nsymbols; i++) {
        const Elf64_Sym *s = &o.symbols[i];
        if (ELF64_ST_TYPE(s->st_info) != STT_FUNC || ELF64_ST_BIND(s->st_info) == STB_LOCAL)
            continue;
        uint32_t n = depth_of(&o, s, 1);
        if (n > most) most = n;
    }
    return most;
}
