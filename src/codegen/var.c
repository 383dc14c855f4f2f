// SPDX-License-Identifier: Apache-2.0
// Builtin variables.
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codegen/cg.h"
#include "probes/feature.h"
#include "symbols/symbols.h"
#include "types/btf_peek.h"

#define SCALAR(v) cg_scalar_value((v), e->type)

// Both halves of a helper that packs two numbers, called once in a block.
static LLVMValueRef packed(struct cg *c, unsigned slot, unsigned helper, bool high) {
    slot += VAR_COUNT;
    if (!c->f->cached[slot] || c->is_shallow) {
        c->f->cached[slot] = cg_helper(c, helper, NULL, 0);
        c->f->cached_at[slot] = c->f->depth;
    }
    LLVMValueRef v = c->f->cached[slot];
    return high ? LLVMBuildLShr(c->b, v, cg_int(c, 32), "")
                : LLVMBuildAnd(c->b, v, cg_int(c, 0xffffffff), "");
}

struct cg_value cg_var_pid(struct cg *c, const struct ast_expr *e) {
    return SCALAR(packed(c, 0, BPF_FUNC_get_current_pid_tgid, true));
}
struct cg_value cg_var_tid(struct cg *c, const struct ast_expr *e) {
    return SCALAR(packed(c, 0, BPF_FUNC_get_current_pid_tgid, false));
}
struct cg_value cg_var_uid(struct cg *c, const struct ast_expr *e) {
    return SCALAR(packed(c, 1, BPF_FUNC_get_current_uid_gid, false));
}
struct cg_value cg_var_gid(struct cg *c, const struct ast_expr *e) {
    return SCALAR(packed(c, 1, BPF_FUNC_get_current_uid_gid, true));
}

LLVMValueRef cg_clock(struct cg *c, enum nsecs_clock clock) {
    unsigned id = BPF_FUNC_ktime_get_ns;
    if (clock == CLOCK_SRC_BOOT && feature_have(FEATURE_ktime_boot))
        id = BPF_FUNC_ktime_get_boot_ns;
    if ((clock == CLOCK_SRC_TAI || clock == CLOCK_SRC_SW_TAI) && feature_have(FEATURE_ktime_tai))
        id = 208; // bpf_ktime_get_tai_ns
    return cg_helper(c, id, NULL, 0);
}

struct cg_value cg_var_nsecs(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_clock(c, CLOCK_SRC_BOOT));
}

// Since the run began.
struct cg_value cg_var_elapsed(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef start = cg_state_read(c, MF_STATE_START);
    return SCALAR(LLVMBuildSub(c->b, cg_clock(c, CLOCK_SRC_BOOT), start, ""));
}

struct cg_value cg_var_cpu(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_helper(c, BPF_FUNC_get_smp_processor_id, NULL, 0));
}

long cg_possible_cpus(void) {
    long n = sysconf(_SC_NPROCESSORS_CONF);
    unsigned last = 0;
    FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
    if (f) {
        char text[128] = "";
        if (fgets(text, sizeof(text), f)) {
            const char *p = text + strlen(text);
            while (p > text && (p[-1] == '\n' || (p[-1] >= '0' && p[-1] <= '9'))) p--;
            last = (unsigned)atoi(p);
        }
        fclose(f);
    }
    return last + 1 > n ? last + 1 : n;
}

struct cg_value cg_var_ncpus(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_int(c, (uint64_t)cg_possible_cpus()));
}

// May programs read task->comm themselves, which takes a quarter of the helper's time?
static bool reads_comm(struct cg *c) {
    if (c->comm_is_asked) return c->comm_at;
    c->comm_is_asked = true;
    return feature_have(FEATURE_task_comm) && btf_peek_member("task_struct", "comm", &c->comm_at);
}

// The helper of some years' kernels writes nothing after the name's end (strscpy). Loads from the
// task are volatile, so that none becomes one with a load from elsewhere: the verifier refuses
// that.
void cg_comm_into(struct cg *c, LLVMValueRef to) {
    if (reads_comm(c)) {
        LLVMValueRef task = cg_helper_ptr(c, BPF_FUNC_get_current_task_btf, NULL, 0);
        for (uint32_t i = 0; i < 16; i += 8) {
            LLVMValueRef v = LLVMBuildLoad2(c->b, c->i64, cg_offset(c, task, c->comm_at + i), "");
            LLVMSetVolatile(v, true);
            LLVMBuildStore(c->b, v, cg_offset(c, to, i));
        }
        return;
    }
    LLVMValueRef args[] = {to, cg_int32(c, 16)};
    cg_zero(c, to, 16);
    cg_helper(c, BPF_FUNC_get_current_comm, args, 2);
}

struct cg_value cg_var_comm(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, 16, 8);
    cg_comm_into(c, p);
    return cg_address_value(p, e->type, MEM_BPF);
}

static LLVMValueRef task(struct cg *c) { return cg_helper(c, BPF_FUNC_get_current_task, NULL, 0); }

struct cg_value cg_var_curtask(struct cg *c, const struct ast_expr *e) {
    return SCALAR(task(c));
}
struct cg_value cg_var_rand(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef v = cg_helper(c, BPF_FUNC_get_prandom_u32, NULL, 0);
    return SCALAR(LLVMBuildAnd(c->b, v, cg_int(c, 0xffffffff), ""));
}
struct cg_value cg_var_cgroup(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_helper(c, BPF_FUNC_get_current_cgroup_id, NULL, 0));
}

// A field of task_struct reached through pointers: "real_parent", "tgid".
LLVMValueRef cg_task_field(struct cg *c, LLVMValueRef from, const char *const *path,
                           const struct type **type) {
    const struct type *of = types_find(c->u->types, "struct task_struct");
    struct type_field f;
    for (; of && *path; path++) {
        if (!types_find_field(c->u->types, of, *path, &f)) return cg_int(c, 0);
        from = LLVMBuildAdd(c->b, from, cg_int(c, f.offset), "");
        *type = f.type;
        if (f.type->kind != TYPE_POINTER) return from;
        from = cg_fetch(c, from, f.type, MEM_KERNEL);
        of = types_complete(c->u->types, f.type->target);
    }
    return from;
}

// Of a function's argument, else the current one.
static LLVMValueRef task_of(struct cg *c, const struct ast_expr *e) {
    bool given = e->kind == AST_CALL && e->call.args.len;
    return given ? cg_scalar(c, e->call.args.data[0]) : task(c);
}

static LLVMValueRef task_number(struct cg *c, LLVMValueRef from, const char *const *path) {
    const struct type *type = types_int(c->u->types, 32, true);
    LLVMValueRef at = cg_task_field(c, from, path, &type);
    return cg_fetch(c, at, type, MEM_KERNEL);
}

static struct cg_value task_comm(struct cg *c, const struct ast_expr *e, const char *const *path) {
    const struct type *type = NULL;
    LLVMValueRef at = cg_task_field(c, task_of(c, e), path, &type);
    LLVMValueRef p = cg_slot(c, 16, 8);
    cg_zero(c, p, 16);
    cg_read_str(c, p, cg_int(c, 16), at, MEM_KERNEL);
    return cg_address_value(p, e->type, MEM_BPF);
}

struct cg_value cg_var_ppid(struct cg *c, const struct ast_expr *e) {
    static const char *const path[] = {"real_parent", "tgid", NULL};
    return SCALAR(task_number(c, task_of(c, e), path));
}
struct cg_value cg_var_pcomm(struct cg *c, const struct ast_expr *e) {
    static const char *const path[] = {"real_parent", "comm", NULL};
    return task_comm(c, e, path);
}
struct cg_value cg_var_leader_comm(struct cg *c, const struct ast_expr *e) {
    static const char *const path[] = {"group_leader", "comm", NULL};
    return task_comm(c, e, path);
}
struct cg_value cg_var_leader_tid(struct cg *c, const struct ast_expr *e) {
    static const char *const path[] = {"group_leader", "pid", NULL};
    return SCALAR(task_number(c, task_of(c, e), path));
}
struct cg_value cg_var_args(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef p = cg_slot(c, e->type->size ? e->type->size : 1, 8);
    cg_zero(c, p, e->type->size);
    for (uint32_t i = 0; i < e->type->nfields; i++) {
        const struct type_field *f = &e->type->fields[i];
        struct ast_expr field = {.kind = AST_FIELD, .span = e->span, .type = f->type};
        field.field.base = (struct ast_expr *)e;
        field.field.name = f->name;
        cg_store(c, cg_offset(c, p, f->offset), f->type, cg_ctx_field(c, &field));
    }
    return cg_address_value(p, e->type, MEM_BPF);
}
struct cg_value cg_var_arg(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_ctx_arg(c, e->ident.arg, false));
}
struct cg_value cg_var_sarg(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_ctx_arg(c, e->ident.arg, true));
}
struct cg_value cg_var_retval(struct cg *c, const struct ast_expr *e) {
    return cg_ctx_retval(c, e->type);
}

struct cg_value cg_var_func(struct cg *c, const struct ast_expr *e) {
    const struct provider *p = c->program->provider;
    LLVMValueRef ip;
    // Of a user function bpf_get_func_ip knows the entry since 6.6; its return is elsewhere.
    bool asks = p->caps & PROBE_USER
                    ? (p->caps & PROBE_RETVAL) && feature_have(FEATURE_uprobe_multi)
                    : feature_have(FEATURE_func_ip);
    if (asks) {
        LLVMValueRef args[] = {c->f->ctx};
        ip = cg_helper(c, BPF_FUNC_get_func_ip, args, 1);
    } else if (p->context == CTX_BTF || ((p->caps & PROBE_RETVAL) && !(p->caps & PROBE_USER))) {
        // Before bpf_get_func_ip: such a program has one target, known here.
        ip = cg_int(c, symbols_kernel_address(c->program->targets.data[0].function));
    } else {
        ip = cg_ctx_reg(c, probe_regs_ip());
    }
    if (e->type->kind == TYPE_KSYM) return SCALAR(ip);
    LLVMValueRef s = cg_slot(c, 16, 8);
    LLVMBuildStore(c->b, ip, s);
    LLVMBuildStore(c->b, cg_var_pid(c, e).v, cg_offset(c, s, 8));
    return cg_address_value(s, e->type, MEM_BPF);
}

struct cg_value cg_var_ctx(struct cg *c, const struct ast_expr *e) {
    return SCALAR(LLVMBuildPtrToInt(c->b, c->f->ctx, c->i64, ""));
}

// The index of the target: a constant where there is one, else the attach cookie.
struct cg_value cg_var_probe(struct cg *c, const struct ast_expr *e) {
    if (!c->program) return SCALAR(cg_int(c, c->manifest->targets.len));
    if (c->program->targets.len < 2) return SCALAR(cg_int(c, cg_identity(c, c->program, 0)));
    c->identity = true;
    LLVMValueRef args[] = {c->f->ctx};
    return SCALAR(cg_helper(c, BPF_FUNC_get_attach_cookie, args, 1));
}

struct cg_value cg_var_probetype(struct cg *c, const struct ast_expr *e) {
    struct ast_expr text = {.kind = AST_STRING, .span = e->span, .type = e->type};
    text.string.data = c->program ? provider_kind(c->program->provider) : "";
    text.string.len = strlen(text.string.data);
    return cg_expr(c, &text);
}

struct cg_value cg_var_cpid(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_int(c, c->u->options.program ? (uint64_t)c->u->options.pid : 0));
}
struct cg_value cg_var_has_cpid(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_int(c, c->u->options.program != NULL));
}
struct cg_value cg_var_numaid(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_helper(c, BPF_FUNC_get_numa_node_id, NULL, 0));
}
struct cg_value cg_var_jiffies(struct cg *c, const struct ast_expr *e) {
    return SCALAR(cg_helper(c, BPF_FUNC_jiffies64, NULL, 0));
}

// The low two bits of the code segment are the privilege level.
struct cg_value cg_var_usermode(struct cg *c, const struct ast_expr *e) {
    unsigned size;
    int cs = probe_regs_named("cs", &size);
    if (c->program && (c->program->provider->caps & PROBE_RUN_ONCE)) return SCALAR(cg_int(c, 1));
    if (cs < 0 || !c->program || !(c->program->provider->caps & PROBE_REGS))
        return SCALAR(cg_int(c, 0));
    LLVMValueRef ring = LLVMBuildAnd(c->b, cg_ctx_reg(c, cs), cg_int(c, 3), "");
    return SCALAR(cg_bool(c, cg_nonzero(c, ring)));
}
struct cg_value cg_var_username(struct cg *c, const struct ast_expr *e) {
    return SCALAR(packed(c, 1, BPF_FUNC_get_current_uid_gid, false));
}

// ---- stacks ----

// A word-wise multiplicative hash of the frames, in a loop that the verifier walks.
static LLVMValueRef hash_frames(struct cg *c, LLVMValueRef buffer, LLVMValueRef nr,
                                uint32_t frames) {
    LLVMBasicBlockRef before = LLVMGetInsertBlock(c->b);
    LLVMBasicBlockRef loop = cg_block(c, "hash"), body = cg_block(c, "frame"),
                      end = cg_block(c, "end");
    LLVMBuildBr(c->b, loop);
    cg_at(c, loop);
    LLVMValueRef i = LLVMBuildPhi(c->b, c->i64, "i"), h = LLVMBuildPhi(c->b, c->i64, "h");
    LLVMValueRef more = LLVMBuildICmp(c->b, LLVMIntULT, i, nr, "");
    LLVMValueRef in = LLVMBuildICmp(c->b, LLVMIntULT, i, cg_int(c, frames), "");
    LLVMBuildCondBr(c->b, LLVMBuildAnd(c->b, more, in, ""), body, end);
    cg_at(c, body);
    LLVMValueRef at = LLVMBuildMul(c->b, i, cg_int(c, 8), "");
    LLVMValueRef ip =
        LLVMBuildLoad2(c->b, c->i64, LLVMBuildInBoundsGEP2(c->b, c->i8, buffer, &at, 1, ""), "");
    LLVMValueRef x =
        LLVMBuildMul(c->b, LLVMBuildXor(c->b, h, ip, ""), cg_int(c, 0x9e3779b97f4a7c15ull), "");
    x = LLVMBuildXor(c->b, x, LLVMBuildLShr(c->b, x, cg_int(c, 29), ""), "");
    LLVMValueRef next = LLVMBuildAdd(c->b, i, cg_int(c, 1), "");
    LLVMBuildBr(c->b, loop);
    LLVMBasicBlockRef froms[] = {before, body};
    LLVMValueRef is[] = {cg_int(c, 0), next}, hs[] = {cg_int(c, 1), x};
    LLVMAddIncoming(i, is, froms, 2);
    LLVMAddIncoming(h, hs, froms, 2);
    cg_at(c, end);
    return h;
}

struct cg_value cg_stack(struct cg *c, const struct type *type) {
    bool user = type->kind == TYPE_USTACK;
    uint32_t frames = type->param, bytes = frames * 8;
    LLVMValueRef out = cg_slot(c, 16, 8);
    cg_zero(c, out, 16);
    if (!frames) return cg_address_value(out, type, MEM_BPF); // kstack(0): none is asked for
    LLVMValueRef map = cg_stack_map(c, frames), buffer = cg_slot(c, bytes < 72 ? 72 : bytes, 8);
    LLVMValueRef args[] = {c->f->ctx, buffer, cg_int32(c, bytes),
                           cg_int(c, user ? BPF_F_USER_STACK : 0)};
    LLVMValueRef got = cg_helper(c, BPF_FUNC_get_stack, args, 4);
    LLVMBasicBlockRef ok = cg_block(c, "stack"), end = cg_block(c, "end"),
                      fresh = cg_block(c, "fresh"), known = cg_block(c, "known");
    LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntSGT, got, cg_int(c, 0), ""), ok, end);
    cg_at(c, ok);
    LLVMValueRef nr = LLVMBuildLShr(c->b, got, cg_int(c, 3), "");
    LLVMValueRef id = hash_frames(c, buffer, nr, frames);
    LLVMBuildStore(c->b, id, out);
    LLVMBuildStore(c->b, LLVMBuildTrunc(c->b, nr, c->i32, ""), cg_offset(c, out, 8));
    if (user) {
        LLVMValueRef pid = LLVMBuildLShr(c->b, cg_helper(c, BPF_FUNC_get_current_pid_tgid, NULL, 0),
                                         cg_int(c, 32), "");
        LLVMBuildStore(c->b, LLVMBuildTrunc(c->b, pid, c->i32, ""), cg_offset(c, out, 12));
    }
    LLVMValueRef look[] = {map, out};
    LLVMValueRef cell = cg_helper_ptr(c, BPF_FUNC_map_lookup_elem, look, 2);
    LLVMBuildCondBr(c->b, cg_is_null(c, cell), fresh, end);
    cg_at(c, fresh);
    LLVMValueRef update[] = {map, out, buffer, cg_int(c, BPF_ANY)};
    LLVMValueRef rc = cg_helper(c, BPF_FUNC_map_update_elem, update, 4);
    LLVMValueRef low = LLVMBuildTrunc(c->b, rc, c->i32, ""); // see cg_map_update
    LLVMBuildCondBr(c->b, LLVMBuildICmp(c->b, LLVMIntSLT, low, cg_int32(c, 0), ""), known, end);
    cg_at(c, known);
    cg_count_loss(c, MF_LOST_STACKS);
    cg_jump(c, end);
    cg_at(c, end);
    return cg_address_value(out, type, MEM_BPF);
}

struct cg_value cg_var_kstack(struct cg *c, const struct ast_expr *e) {
    return cg_stack(c, e->type);
}
struct cg_value cg_var_ustack(struct cg *c, const struct ast_expr *e) {
    return cg_stack(c, e->type);
}
