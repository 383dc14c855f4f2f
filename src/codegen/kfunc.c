// SPDX-License-Identifier: Apache-2.0
// Functions of the kernel that programs may call (kfuncs): declared as external functions in the
// section ".ksyms", whose BTF types libbpf compares with the kernel's.
#include <linux/bpf.h>
#include <string.h>

#include "codegen/cg.h"

// struct task_struct *: what is inside is not compared.
static LLVMMetadataRef task_pointer(struct cg *c) {
    static const char name[] = "task_struct";
    LLVMMetadataRef task =
        LLVMDIBuilderCreateStructType(c->di, c->di_unit, name, strlen(name), c->di_file, 0, 0, 8,
                                      LLVMDIFlagZero, NULL, NULL, 0, 0, NULL, "", 0);
    return LLVMDIBuilderCreatePointerType(c->di, task, 64, 0, 0, "", 0);
}

// types: of the result (NULL: void) and the one parameter.
static LLVMValueRef call(struct cg *c, const char *name, LLVMMetadataRef types[2],
                         LLVMValueRef arg) {
    LLVMTypeRef param = LLVMTypeOf(arg);
    LLVMTypeRef type = LLVMFunctionType(types[0] ? c->ptr : c->void_type, &param, 1, false);
    LLVMValueRef fn = LLVMGetNamedFunction(c->module, name);
    if (!fn) {
        fn = LLVMAddFunction(c->module, name, type);
        LLVMSetSection(fn, ".ksyms");
        LLVMMetadataRef sub =
            LLVMDIBuilderCreateSubroutineType(c->di, c->di_file, types, 2, LLVMDIFlagZero);
        LLVMSetSubprogram(fn, LLVMDIBuilderCreateFunction(c->di, c->di_file, name, strlen(name), "",
                                                          0, c->di_file, 1, sub, false, false, 1,
                                                          LLVMDIFlagPrototyped, true));
    }
    return LLVMBuildCall2(c->b, type, fn, &arg, 1, "");
}

// Name of the thread with an id, "" when there is none: the kernel finds the task, and holds it
// until it is given back.
struct cg_value cg_fn_comm(struct cg *c, const struct ast_expr *e) {
    static const char *const path[] = {"comm", NULL};
    const struct type *type = NULL;
    LLVMMetadataRef number = LLVMDIBuilderCreateBasicType(c->di, "int", 3, 32, 5, LLVMDIFlagZero);
    LLVMMetadataRef task = task_pointer(c);
    LLVMValueRef p = cg_slot(c, 16, 8);
    cg_zero(c, p, 16);
    LLVMValueRef id = LLVMBuildTrunc(c->b, cg_scalar(c, e->call.args.data[0]), c->i32, "");
    cg_place(c, e->span);
    LLVMValueRef found = call(c, "bpf_task_from_pid", (LLVMMetadataRef[]){task, number}, id);
    LLVMBasicBlockRef have = cg_block(c, "have"), end = cg_block(c, "comm");
    LLVMBuildCondBr(c->b, cg_is_null(c, found), end, have);
    cg_at(c, have);
    LLVMValueRef at = cg_task_field(c, LLVMBuildPtrToInt(c->b, found, c->i64, ""), path, &type);
    cg_read_str(c, p, cg_int(c, 16), at, MEM_KERNEL);
    call(c, "bpf_task_release", (LLVMMetadataRef[]){NULL, task}, found);
    cg_jump(c, end);
    cg_at(c, end);
    return cg_address_value(p, e->type, MEM_BPF);
}
