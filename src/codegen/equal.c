// SPDX-License-Identifier: Apache-2.0
// Are two strings equal, of which neither is a literal? By words of eight bytes, with one branch
// in each: a verifier keeps every branch that it has yet to follow, and takes 8,192 in all.
#include "codegen/cg.h"

enum { WORD = 8, UNROLLED = 8 /* words; longer ones lie in maps, where indexes may vary */ };

struct comparison {
    LLVMValueRef a, b;
    bool whole;            // a's NUL is compared too; else b may go on
    LLVMBasicBlockRef end; // results meet here
    LLVMValueRef results[UNROLLED + 2];
    LLVMBasicBlockRef froms[UNROLLED + 2];
    unsigned n;
};

// `bytes` (1 to 8) of a string as a word, zeroes above.
static LLVMValueRef word_at(struct cg *c, LLVMValueRef p, LLVMValueRef i, uint32_t bytes) {
    LLVMValueRef word = NULL, from = LLVMBuildInBoundsGEP2(c->b, c->i8, p, &i, 1, "");
    for (uint32_t at = 0; at < bytes;) {
        uint32_t n = bytes - at >= 8 ? 8 : bytes - at >= 4 ? 4 : bytes - at >= 2 ? 2 : 1;
        LLVMValueRef v = LLVMBuildLoad2(c->b, cg_int_type(c, n), cg_offset(c, from, at), "");
        LLVMSetAlignment(v, n);
        if (n < 8) v = LLVMBuildZExt(c->b, v, c->i64, "");
        if (at) v = LLVMBuildShl(c->b, v, cg_int(c, 8ull * at), "");
        word = word ? LLVMBuildOr(c->b, word, v, "") : v;
        at += n;
    }
    return word;
}

// Compares one word; what decides goes to the end. The builder is left where nothing has.
static void compare_word(struct cg *c, struct comparison *x, LLVMValueRef i, uint32_t bytes) {
    LLVMValueRef a = word_at(c, x->a, i, bytes), b = word_at(c, x->b, i, bytes);
    // The lowest bit set is the top bit of a's first NUL.
    LLVMValueRef nul = LLVMBuildSub(c->b, a, cg_int(c, 0x0101010101010101), "");
    nul = LLVMBuildAnd(c->b, nul, LLVMBuildNot(c->b, a, ""), "");
    nul = LLVMBuildAnd(c->b, nul, cg_int(c, 0x8080808080808080), "");
    // The bits up to the NUL's end, or to its begin; all where there is none.
    LLVMValueRef mask;
    if (x->whole) {
        mask = LLVMBuildXor(c->b, nul, LLVMBuildSub(c->b, nul, cg_int(c, 1), ""), "");
    } else {
        mask = LLVMBuildAnd(c->b, nul, LLVMBuildNeg(c->b, nul, ""), "");
        mask = LLVMBuildLShr(c->b, mask, cg_int(c, 7), "");
        mask = LLVMBuildSub(c->b, mask, cg_int(c, 1), "");
    }
    LLVMValueRef bad = LLVMBuildAnd(c->b, LLVMBuildXor(c->b, a, b, ""), mask, "");
    LLVMValueRef decided = cg_nonzero(c, LLVMBuildOr(c->b, bad, nul, ""));
    x->results[x->n] = LLVMBuildNot(c->b, cg_nonzero(c, bad), "");
    x->froms[x->n++] = LLVMGetInsertBlock(c->b);
    LLVMBasicBlockRef on = cg_block(c, "on");
    LLVMBuildCondBr(c->b, decided, x->end, on);
    cg_at(c, on);
}

static void compare_loop(struct cg *c, struct comparison *x, uint32_t words) {
    LLVMBasicBlockRef before = LLVMGetInsertBlock(c->b), loop = cg_block(c, "words"),
                      done = cg_block(c, "done");
    LLVMBuildBr(c->b, loop);
    cg_at(c, loop);
    LLVMValueRef i = LLVMBuildPhi(c->b, c->i64, "i");
    compare_word(c, x, i, WORD);
    LLVMValueRef next = LLVMBuildAdd(c->b, i, cg_int(c, WORD), "");
    LLVMValueRef more = LLVMBuildICmp(c->b, LLVMIntULT, next, cg_int(c, words * WORD), "");
    LLVMValueRef is[] = {cg_int(c, 0), next};
    LLVMBasicBlockRef froms[] = {before, LLVMGetInsertBlock(c->b)};
    LLVMBuildCondBr(c->b, more, loop, done);
    LLVMAddIncoming(i, is, froms, 2);
    cg_at(c, done);
}

// Compares up to n bytes, or to the end of a. whole: b must end there too, else only begin so.
LLVMValueRef cg_equal_strings(struct cg *c, LLVMValueRef a, LLVMValueRef b, uint32_t n,
                              bool whole) {
    struct comparison x = {.a = a, .b = b, .whole = whole, .end = cg_block(c, "compared")};
    uint32_t words = n / WORD, tail = n % WORD;
    if (words > UNROLLED)
        compare_loop(c, &x, words);
    else
        for (uint32_t i = 0; i < words; i++) compare_word(c, &x, cg_int(c, i * WORD), WORD);
    if (tail) compare_word(c, &x, cg_int(c, words * WORD), tail);
    x.results[x.n] = LLVMConstInt(c->i1, 1, false);
    x.froms[x.n++] = LLVMGetInsertBlock(c->b);
    LLVMBuildBr(c->b, x.end);
    cg_at(c, x.end);
    LLVMValueRef phi = LLVMBuildPhi(c->b, c->i1, "");
    LLVMAddIncoming(phi, x.results, x.froms, x.n);
    return phi;
}
