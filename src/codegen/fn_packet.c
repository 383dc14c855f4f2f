// SPDX-License-Identifier: Apache-2.0
// Sockets and packets: what the kernel gives only to programs whose pointers it types.
#include <errno.h>
#include <linux/bpf.h>

#include "codegen/cg.h"

#define ARG(e, i) ((e)->call.args.data[i])

// Of the flags of bpf_skb_output, the bits that hold how much of the packet is sent.
enum { LENGTH_SHIFT = 32, LENGTH_MAX = 0xfffff };

static struct cg_value result(struct cg *c, const struct ast_expr *e, LLVMValueRef cell,
                              LLVMBasicBlockRef end) {
    cg_jump(c, end);
    cg_at(c, end);
    return cg_scalar_value(LLVMBuildLoad2(c->b, c->i64, cell, ""), e->type);
}

struct cg_value cg_fn_socket_cookie(struct cg *c, const struct ast_expr *e) {
    LLVMBasicBlockRef end = cg_block(c, "cookie");
    LLVMValueRef cell = cg_slot(c, 8, 8);
    LLVMBuildStore(c->b, cg_int(c, 0), cell);
    LLVMValueRef sk = cg_typed_pointer(c, ARG(e, 0), end);
    cg_place(c, e->span);
    LLVMBuildStore(c->b, cg_helper(c, BPF_FUNC_get_socket_cookie, &sk, 1), cell);
    return result(c, e, cell, end);
}

// The bytes of the packet follow the record: they go through a perf buffer, since the ring buffer
// has no such helper.
static LLVMValueRef packets(struct cg *c) {
    const struct type *u32 = types_int(c->u->types, 32, false);
    if (!c->packets)
        c->packets =
            cg_map_global(c, "gaff_packets", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 0, u32, u32, 4, 0);
    return c->packets;
}

// A packet's length on the wire, behind its own header.
static LLVMValueRef wire_length(struct cg *c, LLVMValueRef skb) {
    const struct type *type = types_int(c->u->types, 32, false);
    const struct type *of = types_find(c->u->types, "struct sk_buff");
    struct type_field f;
    if (!of || !types_find_field(c->u->types, types_complete(c->u->types, of), "len", &f))
        return cg_int(c, 0);
    LLVMValueRef at = LLVMBuildPtrToInt(c->b, skb, c->i64, "");
    return cg_fetch(c, LLVMBuildAdd(c->b, at, cg_int(c, f.offset), ""), type, MEM_KERNEL);
}

struct cg_value cg_fn_skboutput(struct cg *c, const struct ast_expr *e) {
    struct mf_event row = {
        .kind = EVENT_SKBOUTPUT, .format = ARG(e, 0)->string.data, .size = MF_PACKET_BYTES};
    uint32_t id = cg_event_add(c, &row, e);
    LLVMBasicBlockRef end = cg_block(c, "packet");
    LLVMValueRef cell = cg_slot(c, 8, 8), record = cg_slot(c, row.size, 8);
    LLVMBuildStore(c->b, cg_int(c, (uint64_t)-EINVAL), cell);
    LLVMValueRef length = cg_scalar(c, ARG(e, 2)), offset = cg_scalar(c, ARG(e, 3));
    LLVMValueRef skb = cg_typed_pointer(c, ARG(e, 1), end);
    cg_place(c, e->span);
    LLVMValueRef over = LLVMBuildICmp(c->b, LLVMIntUGT, length, cg_int(c, LENGTH_MAX), "");
    length = LLVMBuildSelect(c->b, over, cg_int(c, LENGTH_MAX), length, "");
    cg_event_head(c, id, record);
    LLVMValueRef fields[] = {[MF_PACKET_TIME] = cg_helper(c, BPF_FUNC_ktime_get_boot_ns, NULL, 0),
                             [MF_PACKET_OFFSET] = offset,
                             [MF_PACKET_LENGTH] = length,
                             [MF_PACKET_WIRE] = wire_length(c, skb)};
    for (unsigned i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        LLVMBuildStore(c->b, fields[i], cg_offset(c, record, MF_EVENT_BYTES + 8 * i));
    LLVMValueRef flags = LLVMBuildOr(c->b, LLVMBuildShl(c->b, length, cg_int(c, LENGTH_SHIFT), ""),
                                     cg_int(c, BPF_F_CURRENT_CPU), "");
    LLVMValueRef args[] = {skb, packets(c), flags, record, cg_int(c, row.size)};
    LLVMValueRef rc = cg_helper(c, BPF_FUNC_skb_output, args, 5);
    rc = LLVMBuildSExt(c->b, LLVMBuildTrunc(c->b, rc, c->i32, ""), c->i64, "");
    LLVMBuildStore(c->b, rc, cell);
    return result(c, e, cell, end);
}
