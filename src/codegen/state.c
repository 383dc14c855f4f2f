// SPDX-License-Identifier: Apache-2.0
// The words that programs share with the runtime (enum mf_state).
#include <linux/bpf.h>

#include "codegen/cg.h"

void cg_state_make(struct cg *c) {
    c->state = cg_map_global(c, "gaff_state", BPF_MAP_TYPE_ARRAY, 1, NULL, NULL, MF_STATE_WORDS * 8,
                             BPF_F_MMAPABLE);
}

// The address of a word, in the block where it is known to be there; *end is where both ways meet.
static LLVMValueRef find(struct cg *c, enum mf_state word, LLVMBasicBlockRef *end) {
    LLVMValueRef key = cg_slot(c, 4, 4);
    LLVMBuildStore(c->b, cg_int32(c, 0), key);
    LLVMValueRef args[] = {c->state, key};
    LLVMValueRef words = cg_helper_ptr(c, BPF_FUNC_map_lookup_elem, args, 2);
    LLVMBasicBlockRef have = cg_block(c, "state");
    *end = cg_block(c, "end");
    LLVMBuildCondBr(c->b, cg_is_null(c, words), *end, have);
    cg_at(c, have);
    return cg_offset(c, words, word * 8u);
}

LLVMValueRef cg_state_read(struct cg *c, enum mf_state word) {
    LLVMBasicBlockRef end, from = LLVMGetInsertBlock(c->b);
    LLVMValueRef at = find(c, word, &end);
    LLVMValueRef values[] = {cg_int(c, 0), LLVMBuildLoad2(c->b, c->i64, at, "")};
    LLVMBasicBlockRef froms[] = {from, LLVMGetInsertBlock(c->b)};
    cg_jump(c, end);
    cg_at(c, end);
    LLVMValueRef phi = LLVMBuildPhi(c->b, c->i64, "");
    LLVMAddIncoming(phi, values, froms, 2);
    return phi;
}

void cg_state_write(struct cg *c, enum mf_state word, LLVMValueRef value) {
    LLVMBasicBlockRef end;
    LLVMValueRef at = find(c, word, &end);
    LLVMBuildStore(c->b, value, at);
    cg_jump(c, end);
    cg_at(c, end);
}
