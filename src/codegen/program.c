// SPDX-License-Identifier: Apache-2.0
// Programs: one function for each sema_program in a section of its own, and functions of the
// script as BPF subprograms.
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"

enum { PROGRAM_STACK = 256, CALLBACK_STACK = 96 };

static LLVMMetadataRef subprogram(struct cg *c, const char *name, unsigned line, bool is_static,
                                  LLVMTypeRef type) {
    unsigned n = LLVMCountParamTypes(type);
    LLVMTypeRef params[8];
    LLVMMetadataRef types[9];
    LLVMMetadataRef integer =
        LLVMDIBuilderCreateBasicType(c->di, "int64", 5, 64, 5, LLVMDIFlagZero);
    LLVMMetadataRef pointer = LLVMDIBuilderCreatePointerType(
        c->di, LLVMDIBuilderCreateBasicType(c->di, "uint8", 5, 8, 7, LLVMDIFlagZero), 64, 0, 0, "",
        0);
    LLVMGetParamTypes(type, params);
    types[0] = integer;
    for (unsigned i = 0; i < n; i++)
        types[i + 1] = LLVMGetTypeKind(params[i]) == LLVMPointerTypeKind ? pointer : integer;
    LLVMMetadataRef sub =
        LLVMDIBuilderCreateSubroutineType(c->di, c->di_file, types, n + 1, LLVMDIFlagZero);
    LLVMMetadataRef sp =
        LLVMDIBuilderCreateFunction(c->di, c->di_file, name, strlen(name), "", 0, c->di_file, line,
                                    sub, is_static, true, line, LLVMDIFlagPrototyped, true);
    for (unsigned i = 0; i < n; i++) {
        char param[16];
        snprintf(param, sizeof(param), "a%u", i);
        LLVMDIBuilderCreateParameterVariable(c->di, sp, param, strlen(param), i + 1, c->di_file,
                                             line, types[i + 1], true, LLVMDIFlagZero);
    }
    return sp;
}

static void attribute(struct cg *c, LLVMValueRef fn, const char *key, const char *value) {
    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateStringAttribute(c->llvm, key, (unsigned)strlen(key), value,
                                                      (unsigned)strlen(value)));
}

static void enum_attribute(struct cg *c, LLVMValueRef fn, const char *name) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(c->llvm, kind, 0));
}

struct cg_function *cg_begin_function(struct cg *c, const char *name, const char *section,
                                      LLVMTypeRef type, uint32_t stack_limit, unsigned line) {
    struct cg_function *f = ARENA_NEW(c->arena, struct cg_function);
    f->outer = c->f;
    LLVMValueRef declared = LLVMGetNamedFunction(c->module, name);
    f->fn = declared ? declared : LLVMAddFunction(c->module, name, type);
    if (section)
        LLVMSetSection(f->fn, section);
    else
        LLVMSetLinkage(f->fn, LLVMInternalLinkage);
    enum_attribute(c, f->fn, "nounwind");
    if (!section) enum_attribute(c, f->fn, "noinline");
    // No loop may become a call of memset.
    attribute(c, f->fn, "no-builtins", "");
    f->scope = subprogram(c, name, line, !section, type);
    LLVMSetSubprogram(f->fn, f->scope);
    f->stack_limit = c->is_shallow ? 0 : stack_limit;
    c->f = f;
    f->entry = cg_block(c, "entry");
    f->setup = cg_block(c, "setup");
    f->body = cg_block(c, "body");
    f->leave = LLVMCreateBasicBlockInContext(c->llvm, "leave");
    f->place = LLVMDIBuilderCreateDebugLocation(c->llvm, line, 1, f->scope, NULL);
    LLVMSetCurrentDebugLocation2(c->b, f->place);
    cg_at(c, f->setup);
    LLVMBuildBr(c->b, f->body);
    cg_at(c, f->body);
    return f;
}

// Closes the function: `result` (i64) is returned where the body ends, 0 (or the stored result)
// where it left early.
void cg_end_function(struct cg *c, LLVMValueRef result) {
    struct cg_function *f = c->f;
    LLVMTypeRef ret = LLVMGetReturnType(LLVMGlobalGetValueType(f->fn));
    bool is32 = LLVMGetTypeKind(ret) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(ret) == 32;
    if (f->result && !LLVMGetBasicBlockTerminator(LLVMGetInsertBlock(c->b))) {
        LLVMBuildStore(c->b, result, f->result);
    }
    cg_jump(c, f->leave);
    LLVMAppendExistingBasicBlock(f->fn, f->leave);
    cg_at(c, f->leave);
    LLVMValueRef v = f->result ? LLVMBuildLoad2(c->b, c->i64, f->result, "") : result;
    if (is32) v = LLVMBuildTrunc(c->b, v, c->i32, "");
    LLVMBuildRet(c->b, v);
    cg_at(c, f->entry);
    LLVMSetCurrentDebugLocation2(c->b, f->place);
    LLVMBuildBr(c->b, f->setup);
    c->f = f->outer;
}

static LLVMValueRef result_cell(struct cg *c) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(c->b);
    cg_at(c, c->f->entry);
    LLVMValueRef cell = LLVMBuildAlloca(c->b, c->i64, "result");
    LLVMBuildStore(c->b, cg_int(c, 0), cell);
    cg_at(c, here);
    return cell;
}

// The kernel calls an iterator's program once more at the end, without an object: the first pointer
// behind the meta data.
static void skip_the_end(struct cg *c) {
    const struct probe_args *args = &c->program->layout.args;
    if (args->len < 2 || args->data[1].type->kind != TYPE_POINTER) return;
    LLVMBasicBlockRef have = cg_block(c, "object");
    LLVMValueRef object = cg_iter_pointer(c, &args->data[1]);
    LLVMBuildCondBr(c->b, cg_nonzero(c, object), have, c->f->leave);
    cg_at(c, have);
}

// Only static probes have several places each.
uint32_t cg_identity(struct cg *c, const struct sema_program *p, size_t i) {
    const struct mf_targets *known = &c->manifest->targets;
    const char *name = p->targets.data[i].name;
    size_t first = c->first_target;
    if (!(p->provider->caps & PROBE_PLACED_ARGS)) return (uint32_t)(first + i);
    for (size_t k = 0; k < first; k++)
        if (!strcmp(known->data[k].name, name)) return known->data[k].identity;
    for (size_t k = 0; k < i; k++)
        if (!strcmp(p->targets.data[k].name, name)) return (uint32_t)(first + k);
    return (uint32_t)(first + i);
}

static void one_program(struct cg *c, const struct sema_program *p, size_t index) {
    char name[32], section[32];
    unsigned line = 1, column;
    if (p->probe->span.src == c->u->source)
        source_position(p->probe->span.src, p->probe->span.begin, &line, &column);
    snprintf(name, sizeof(name), "gaff_%zu", index);
    snprintf(section, sizeof(section), "gaff/%zu", index);
    LLVMTypeRef type = LLVMFunctionType(c->i64, &c->ptr, 1, false);
    c->program = p;
    c->first_target = (uint32_t)c->manifest->targets.len;
    c->identity = false;
    c->scratch_used = c->scratch_fns;
    c->f = NULL;
    struct cg_function *f = cg_begin_function(c, name, section, type, PROGRAM_STACK, line);
    f->ctx = LLVMGetParam(f->fn, 0);
    f->result = result_cell(c);
    if (p->provider->context == CTX_ITER) skip_the_end(c);
    if (p->predicate) {
        cg_place(c, p->predicate->span);
        LLVMBasicBlockRef yes = cg_block(c, "hit");
        LLVMBuildCondBr(c->b, cg_truth(c, p->predicate), yes, f->leave);
        cg_at(c, yes);
    }
    cg_stmts(c, &p->body);
    cg_end_function(c, cg_int(c, 0));
    struct mf_program row = {.symbol = arena_strdup(c->arena, name),
                             .provider = p->provider->name,
                             .first_target = c->first_target,
                             .ntargets = (uint32_t)p->targets.len,
                             .line = line,
                             .needs_cookie = c->identity,
                             .is_sleepable = p->is_sleepable,
                             .is_typed = p->is_typed};
    for (size_t i = 0; i < p->targets.len; i++) {
        struct mf_target t = p->targets.data[i];
        t.identity = cg_identity(c, p, i);
        t.program = (uint32_t)index;
        VEC_PUSH(c->manifest->arena, &c->manifest->targets, t);
    }
    VEC_PUSH(c->manifest->arena, &c->manifest->programs, row);
}

static LLVMTypeRef user_fn_type(struct cg *c, const struct sema_fn *fn) {
    LLVMTypeRef params[5];
    unsigned n = (unsigned)fn->params.len;
    for (unsigned i = 0; i < n; i++)
        params[i] = type_is_scalar(fn->params.data[i]->type) ? c->i64 : c->ptr;
    return LLVMFunctionType(c->i64, params, n, false);
}

void cg_user_fn(struct cg *c, struct sema_fn *fn) {
    unsigned n = (unsigned)fn->params.len, line = 1, column;
    if (fn->decl->span.src == c->u->source)
        source_position(fn->decl->span.src, fn->decl->span.begin, &line, &column);
    LLVMTypeRef type = user_fn_type(c, fn);
    c->program = NULL;
    c->f = NULL;
    struct cg_function *f = cg_begin_function(c, fn->decl->name, NULL, type, CALLBACK_STACK, line);
    f->user = fn;
    f->result = result_cell(c);
    for (unsigned i = 0; i < n; i++) {
        const struct type *t = fn->params.data[i]->type;
        LLVMValueRef to = cg_var_address(c, fn->params.data[i]), from = LLVMGetParam(f->fn, i);
        if (type_is_scalar(t))
            cg_store_int(c, to, t, from);
        else
            cg_copy(c, to, from, t->size);
    }
    cg_stmts(c, &fn->body);
    cg_end_function(c, cg_int(c, 0));
}

// A function of an imported object: declared with the types that its BTF has, which the linker
// compares.
static void external_fn(struct cg *c, struct sema_fn *fn) {
    const char *name = fn->decl->name;
    unsigned n = fn->external->nparams;
    LLVMTypeRef params[8];
    LLVMMetadataRef types[9] = {cg_di_c_type(c, fn->external->ret)};
    for (unsigned i = 0; i < n; i++) {
        params[i] = c->i64;
        types[i + 1] = cg_di_c_type(c, fn->external->params[i].type);
    }
    LLVMValueRef f = LLVMAddFunction(c->module, name, LLVMFunctionType(c->i64, params, n, false));
    LLVMMetadataRef sub =
        LLVMDIBuilderCreateSubroutineType(c->di, c->di_file, types, n + 1, LLVMDIFlagZero);
    LLVMSetSubprogram(f, LLVMDIBuilderCreateFunction(c->di, c->di_file, name, strlen(name), "", 0,
                                                     c->di_file, 1, sub, false, false, 1,
                                                     LLVMDIFlagPrototyped, true));
    fn->cg = f;
}

void cg_programs(struct cg *c) {
    for (size_t i = 0; i < c->u->fns.len; i++) { // all, before the body of one calls another
        struct sema_fn *fn = c->u->fns.data[i];
        if (fn->external)
            external_fn(c, fn);
        else
            fn->cg = LLVMAddFunction(c->module, fn->decl->name, user_fn_type(c, fn));
    }
    for (size_t i = 0; i < c->u->fns.len; i++)
        if (!c->u->fns.data[i]->external) cg_user_fn(c, c->u->fns.data[i]);
    c->scratch_fns = c->scratch_used; // what a function uses is not its callers'
    for (size_t i = 0; i < c->u->programs.len; i++) one_program(c, c->u->programs.data[i], i);
}
