// SPDX-License-Identifier: Apache-2.0
// Addresses and symbols, addresses of networks, processes, clocks.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "codegen/cg.h"
#include "symbols/symbols.h"

#define ARG(e, i) ((e)->call.args.data[i])
#define SCALAR(v) cg_scalar_value((v), e->type)

// ---- addresses ----

struct cg_value cg_fn_kaddr(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_int(c, symbols_kernel_address(ARG(e, 0)->string.data)));
}

// The symbol of the binary that the probe is in. Where position-independent code was loaded is seen
// from the instruction pointer, which is at the probe's own place.
struct cg_value cg_fn_uaddr(struct cg *c, const struct ast_expr *e) {
    uint64_t address = 0, place = 0, size;
    const struct mf_target *t =
        c->program && c->program->targets.len ? &c->program->targets.data[0] : NULL;
    if (!t || !t->module) return SCALAR(cg_int(c, 0));
    elf_find_address(t->module, ARG(e, 0)->string.data, &address, &size);
    bool moves = !elf_is_fixed(t->module) && !t->is_return && c->program->targets.len == 1;
    if (!moves) return SCALAR(cg_int(c, address));
    if (t->function)
        elf_find_address(t->module, t->function, &place, &size);
    else
        place = t->address;
    LLVMValueRef ip = cg_ctx_reg(c, probe_regs_ip());
    return SCALAR(LLVMBuildAdd(c->b, ip, cg_int(c, address - place - t->offset), ""));
}

// per_cpu_ptr: the symbol's address plus __per_cpu_offset[cpu].
struct cg_value cg_fn_percpu_kaddr(struct cg *c, const struct ast_expr *e) {
    uint64_t symbol = symbols_kernel_address(ARG(e, 0)->string.data);
    uint64_t table = symbols_kernel_address("__per_cpu_offset");
    LLVMValueRef cpu = e->call.args.len > 1 ? cg_scalar(c, ARG(e, 1))
                                            : cg_helper(c, BPF_FUNC_get_smp_processor_id, NULL, 0);
    LLVMValueRef at =
        LLVMBuildAdd(c->b, cg_int(c, table), LLVMBuildMul(c->b, cpu, cg_int(c, 8), ""), "");
    LLVMValueRef base = cg_fetch(c, at, types_int(c->u->types, 64, false), MEM_KERNEL);
    return SCALAR(LLVMBuildAdd(c->b, base, cg_int(c, symbol), ""));
}

struct cg_value cg_fn_ksym(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_scalar(c, ARG(e, 0)));
}

struct cg_value cg_fn_usym(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, 16, 8);
    LLVMBuildStore(c->b, cg_scalar(c, ARG(e, 0)), p);
    LLVMValueRef pid = LLVMBuildLShr(c->b, cg_helper(c, BPF_FUNC_get_current_pid_tgid, NULL, 0),
                                     cg_int(c, 32), "");
    LLVMBuildStore(c->b, pid, cg_offset(c, p, 8));
    return cg_address_value(p, e->type, MEM_BPF);
}

struct cg_value cg_fn_kptr(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_scalar(c, ARG(e, 0)));
}
struct cg_value cg_fn_uptr(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_scalar(c, ARG(e, 0)));
}

struct cg_value cg_fn_reg(struct cg *c, const struct ast_expr *e) {
    unsigned size;
    int offset = probe_regs_named(ARG(e, 0)->string.data, &size);
    return SCALAR(offset < 0 ? cg_int(c, 0) : cg_ctx_reg(c, offset));
}

// ---- network addresses ----

struct cg_value cg_fn_ntop(struct cg *c, const struct ast_expr *e) {
    const struct ast_expr *a = ARG(e, e->call.args.len - 1);
    LLVMValueRef p = cg_slot(c, 24, 8);
    cg_zero(c, p, 24);
    bool wide = a->type->size == 16;
    LLVMValueRef family =
        e->call.args.len > 1 ? cg_scalar(c, ARG(e, 0)) : cg_int(c, wide ? AF_INET6 : AF_INET);
    LLVMBuildStore(c->b, LLVMBuildTrunc(c->b, family, c->i32, ""), p);
    struct cg_value v = cg_expr(c, a);
    LLVMValueRef to = cg_offset(c, p, 4);
    if (!v.is_address)
        LLVMBuildStore(c->b, LLVMBuildTrunc(c->b, v.v, c->i32, ""), to);
    else if (v.memory == MEM_BPF)
        cg_copy(c, to, v.v, wide ? 16 : 4);
    else
        cg_read(c, to, cg_int(c, wide ? 16 : 4), v.v, v.memory);
    return cg_address_value(p, e->type, MEM_BPF);
}

struct cg_value cg_fn_pton(struct cg *c, const struct ast_expr *e) {
    unsigned char bytes[16] = {0};
    const char *text = ARG(e, 0)->string.data;
    inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, bytes);
    LLVMValueRef p = cg_slot(c, e->type->size, 8);
    for (uint32_t i = 0; i < e->type->size; i++)
        LLVMBuildStore(c->b, LLVMConstInt(c->i8, bytes[i], false), cg_offset(c, p, i));
    return cg_address_value(p, e->type, MEM_BPF);
}

struct cg_value cg_fn_macaddr(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, 8, 8);
    struct cg_value v = cg_expr(c, ARG(e, 0));
    cg_zero(c, p, 8);
    if (v.is_address && v.memory == MEM_BPF)
        cg_copy(c, p, v.v, 6);
    else
        cg_read(c, p, cg_int(c, 6), v.v,
                v.is_address                            ? v.memory
                : ARG(e, 0)->type->kind == TYPE_POINTER ? cg_memory_of(c, ARG(e, 0)->type)
                                                        : MEM_KERNEL);
    return cg_address_value(p, e->type, MEM_BPF);
}

// ---- processes ----

struct cg_value cg_fn_pid(struct cg *c, const struct ast_expr *e) {
    return cg_var_pid(c, e);
}
struct cg_value cg_fn_tid(struct cg *c, const struct ast_expr *e) {
    return cg_var_tid(c, e);
}

struct cg_value cg_fn_ppid(struct cg *c, const struct ast_expr *e) {
    return cg_var_ppid(c, e);
}
struct cg_value cg_fn_pcomm(struct cg *c, const struct ast_expr *e) {
    return cg_var_pcomm(c, e);
}
struct cg_value cg_fn_leader_comm(struct cg *c, const struct ast_expr *e) {
    return cg_var_leader_comm(c, e);
}
struct cg_value cg_fn_leader_tid(struct cg *c, const struct ast_expr *e) {
    return cg_var_leader_tid(c, e);
}

struct cg_value cg_fn_comm(struct cg *c, const struct ast_expr *e) {
    return cg_var_comm(c, e);
}

struct cg_value cg_fn_kstack(struct cg *c, const struct ast_expr *e) {
    return cg_stack(c, e->type);
}
struct cg_value cg_fn_ustack(struct cg *c, const struct ast_expr *e) {
    return cg_stack(c, e->type);
}

struct cg_value cg_fn_nsecs(struct cg *c, const struct ast_expr *e) {
    static const char *const words[] = {"monotonic", "boot", "tai", "sw_tai"};
    enum nsecs_clock clock = CLOCK_SRC_BOOT;
    for (unsigned i = 0; e->call.args.len && i < 4; i++)
        if (!strcmp(ARG(e, 0)->string.data, words[i])) clock = (enum nsecs_clock)i;
    return SCALAR(cg_clock(c, clock));
}

static uint64_t signal_number(const char *name) {
    if (!strncmp(name, "SIG", 3)) name += 3;
    for (int i = 1; i < 32; i++) {
        const char *abbrev = sigabbrev_np(i);
        if (abbrev && !strcmp(abbrev, name)) return (uint64_t)i;
    }
    return 0;
}

static struct cg_value send_signal(struct cg *c, const struct ast_expr *e, unsigned helper) {
    LLVMValueRef n = ARG(e, 0)->kind == AST_STRING
                         ? cg_int(c, signal_number(ARG(e, 0)->string.data))
                         : cg_scalar(c, ARG(e, 0));
    LLVMValueRef args[] = {LLVMBuildTrunc(c->b, n, c->i32, "")};
    return SCALAR(cg_helper(c, helper, args, 1));
}
struct cg_value cg_fn_signal(struct cg *c, const struct ast_expr *e) {
    return send_signal(c, e, BPF_FUNC_send_signal);
}
struct cg_value cg_fn_signal_thread(struct cg *c, const struct ast_expr *e) {
    return send_signal(c, e, BPF_FUNC_send_signal_thread);
}

struct cg_value cg_fn_write_user(struct cg *c, const struct ast_expr *e) {
    struct cg_value from = cg_expr(c, ARG(e, 1));
    LLVMValueRef bytes = cg_materialize(c, from), n = cg_int(c, from.type->size);
    if (e->call.args.len > 2) {
        n = cg_opaque(c, cg_scalar(c, ARG(e, 2)));
        LLVMValueRef over = LLVMBuildICmp(c->b, LLVMIntUGT, n, cg_int(c, from.type->size), "");
        n = LLVMBuildSelect(c->b, over, cg_int(c, from.type->size), n, "");
    }
    LLVMValueRef args[] = {cg_scalar(c, ARG(e, 0)), bytes, LLVMBuildTrunc(c->b, n, c->i32, "")};
    LLVMValueRef rc = cg_helper(c, BPF_FUNC_probe_write_user, args, 3);
    return SCALAR(cg_bool(c, LLVMBuildNot(c->b, cg_nonzero(c, rc), "")));
}

struct cg_value cg_fn_override(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef args[] = {c->f->ctx, cg_scalar(c, ARG(e, 0))};
    return SCALAR(cg_helper(c, BPF_FUNC_override_return, args, 2));
}

// The id of a cgroup is its folder's inode (or file handle, which begins with it).
struct cg_value cg_fn_cgroupid(struct cg *c, const struct ast_expr *e) {
    struct stat st;
    return SCALAR(cg_int(c, stat(ARG(e, 0)->string.data, &st) ? 0 : st.st_ino));
}

struct cg_value cg_fn_cgroup_path(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, 16, 8);
    uint32_t pattern = cg_string(c, e->call.args.len > 1 ? ARG(e, 1)->string.data : "");
    LLVMBuildStore(c->b, cg_scalar(c, ARG(e, 0)), p);
    LLVMBuildStore(c->b, cg_int(c, pattern), cg_offset(c, p, 8));
    return cg_address_value(p, e->type, MEM_BPF);
}

struct cg_value cg_fn_syscall_name(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_scalar(c, ARG(e, 0)));
}

struct cg_value cg_fn_strftime(struct cg *c, const struct ast_expr *e) {
    const struct ast_expr *when = ARG(e, 1);
    const struct ast_expr *inner = when->kind == AST_CONVERT ? when->cast.operand : when;
    enum nsecs_clock clock = CLOCK_SRC_BOOT;
    if (inner->kind == AST_CALL && inner->call.function == FN_nsecs && inner->call.args.len) {
        const char *word = inner->call.args.data[0]->string.data;
        clock = !strcmp(word, "monotonic") ? CLOCK_SRC_MONOTONIC
                : !strcmp(word, "tai")     ? CLOCK_SRC_TAI
                : !strcmp(word, "sw_tai")  ? CLOCK_SRC_SW_TAI
                                           : CLOCK_SRC_BOOT;
    }
    LLVMValueRef p = cg_slot(c, 16, 8);
    uint64_t tail = cg_string(c, ARG(e, 0)->string.data) | (uint64_t)clock << 32;
    LLVMBuildStore(c->b, cg_scalar(c, when), p);
    LLVMBuildStore(c->b, cg_int(c, tail), cg_offset(c, p, 8));
    return cg_address_value(p, e->type, MEM_BPF);
}
