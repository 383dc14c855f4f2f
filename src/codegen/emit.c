// SPDX-License-Identifier: Apache-2.0
// The module's beginning and end: set-up of LLVM, optimisation, the ELF object with the manifest
// in it, and the dumps of -d.
#include <llvm-c/Analysis.h>
#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codegen/cg.h"
#include "object/elf.h"

static const char triple[] = "bpfel";
enum { MAX_STACK = 512 };

// What LLVM cannot go on after, such as a jump that is too far: said in our words, with status 1.
static void on_fatal(const char *reason) {
    fflush(stdout);
    fprintf(stderr,
            "ERROR: a block of the script is too large or too complex for a BPF program: %s\n"
            "HINT: divide it into several blocks\n",
            reason);
    _exit(1);
}

static LLVMTargetMachineRef machine_new(void) {
    LLVMTargetRef target;
    char *error = NULL;
    LLVMInstallFatalErrorHandler(on_fatal);
    LLVMInitializeBPFTargetInfo();
    LLVMInitializeBPFTarget();
    LLVMInitializeBPFTargetMC();
    LLVMInitializeBPFAsmPrinter();
    LLVMInitializeBPFAsmParser(); // of the instructions that LLVM must not change
    if (LLVMGetTargetFromTriple(triple, &target, &error)) {
        fprintf(stderr, "ERROR: internal: LLVM has no BPF back end: %s\n", error);
        LLVMDisposeMessage(error);
        return NULL;
    }
    return LLVMCreateTargetMachine(target, triple, "v3", "", LLVMCodeGenLevelDefault,
                                   LLVMRelocDefault, LLVMCodeModelDefault);
}

// LLVM goes on after what it says here: that a function's stack is too large.
static void on_diagnostic(LLVMDiagnosticInfoRef info, void *arg) {
    struct cg *c = arg;
    if (LLVMGetDiagInfoSeverity(info) != LLVMDSError || c->failure) return;
    char *text = LLVMGetDiagInfoDescription(info);
    c->failure = arena_strdup(c->arena, text);
    LLVMDisposeMessage(text);
}

static void begin_module(struct cg *c, LLVMTargetMachineRef machine) {
    c->llvm = LLVMContextCreate();
    LLVMContextSetDiagnosticHandler(c->llvm, on_diagnostic, c);
    c->module = LLVMModuleCreateWithNameInContext("gaff", c->llvm);
    LLVMSetTarget(c->module, triple);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
    LLVMSetModuleDataLayout(c->module, layout);
    LLVMDisposeTargetData(layout);
    c->b = LLVMCreateBuilderInContext(c->llvm);
    c->i1 = LLVMInt1TypeInContext(c->llvm);
    c->i8 = LLVMInt8TypeInContext(c->llvm);
    c->i16 = LLVMInt16TypeInContext(c->llvm);
    c->i32 = LLVMInt32TypeInContext(c->llvm);
    c->i64 = LLVMInt64TypeInContext(c->llvm);
    c->ptr = LLVMPointerTypeInContext(c->llvm, 0);
    c->void_type = LLVMVoidTypeInContext(c->llvm);
    LLVMMetadataRef version =
        LLVMValueAsMetadata(LLVMConstInt(c->i32, LLVMDebugMetadataVersion(), false));
    LLVMAddModuleFlag(c->module, LLVMModuleFlagBehaviorWarning, "Debug Info Version", 18, version);
    c->di = LLVMCreateDIBuilder(c->module);
    const char *name = c->u->source->name;
    const char *slash = strrchr(name, '/');
    if (slash) name = slash + 1; // no absolute paths in objects
    c->di_file = LLVMDIBuilderCreateFile(c->di, name, strlen(name), ".", 1);
    c->di_unit = LLVMDIBuilderCreateCompileUnit(
        c->di, LLVMDWARFSourceLanguageC99, c->di_file, "gaff", 4, true, "", 0, 0, "", 0,
        LLVMDWARFEmissionFull, 0, false, false, "", 0, "", 0);
}

static void add_license(struct cg *c) {
    const char *text = config_string(&c->u->config, CONFIG_license);
    LLVMValueRef value = LLVMConstStringInContext2(c->llvm, text, strlen(text), false);
    LLVMValueRef global = LLVMAddGlobal(c->module, LLVMTypeOf(value), "_license");
    LLVMSetInitializer(global, value);
    LLVMSetSection(global, "license");
    if (!c->u->c_objects.len) return;
    struct type chars = {.kind = TYPE_STRING, .size = (uint32_t)strlen(text) + 1};
    cg_di_global(c, global, "_license", cg_di_type(c, &chars)); // the linker looks for it
}

static void dump_ir(LLVMModuleRef module, FILE *out) {
    if (!out) return;
    char *text = LLVMPrintModuleToString(module);
    fputs(text, out);
    LLVMDisposeMessage(text);
}

// Assembly text is what people read; the object comes from the same machine.
static void dump_assembly(LLVMModuleRef module, LLVMTargetMachineRef machine, FILE *out) {
    LLVMMemoryBufferRef buffer;
    char *error = NULL;
    if (!out) return;
    LLVMModuleRef copy = LLVMCloneModule(module);
    if (!LLVMTargetMachineEmitToMemoryBuffer(machine, copy, LLVMAssemblyFile, &error, &buffer)) {
        const char *p = LLVMGetBufferStart(buffer), *end = p + LLVMGetBufferSize(buffer);
        for (bool code = true; p < end;) {
            const char *eol = memchr(p, '\n', (size_t)(end - p));
            size_t n = eol ? (size_t)(eol - p) : (size_t)(end - p);
            if (n > 9 && !memcmp(p, "\t.section", 9))
                code = !memmem(p, n, "debug", 5) && !memmem(p, n, "BTF", 3);
            bool noise =
                n > 2 && p[0] == '\t' && p[1] == '.' && (p[2] == 'l' || p[2] == 'c' || p[2] == 'f');
            bool label = n > 2 && p[0] == '.' && p[1] == 'L' && strncmp(p, ".LBB", 4);
            if (code && !noise && !label) fprintf(out, "%.*s\n", (int)n, p);
            p += n + 1;
        }
        LLVMDisposeMemoryBuffer(buffer);
    }
    LLVMDisposeMessage(error);
    LLVMDisposeModule(copy);
}

// Before 6.2 a loop may only be closed by a jump: where LLVM moves blocks, an instruction can fall
// through to the loop's head ("back-edge from insn"). In the order of the source none does.
static void keep_order_of_blocks(void) {
    static bool is_set; // LLVM takes an option once
    static const char *const words[] = {"gaff", "-disable-block-placement"};
    if (is_set) return;
    is_set = true;
    LLVMParseCommandLineOptions(2, words, NULL);
}

static bool optimise(struct cg *c, LLVMTargetMachineRef machine) {
    if (c->has_jumps_back) keep_order_of_blocks();
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    // Loops are left as they are: unrolling and vectorising only grow what is verified.
    LLVMPassBuilderOptionsSetLoopUnrolling(options, false);
    LLVMPassBuilderOptionsSetLoopVectorization(options, false);
    LLVMPassBuilderOptionsSetSLPVectorization(options, false);
    LLVMErrorRef error = LLVMRunPasses(c->module, "default<O2>", machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (!error) return true;
    char *text = LLVMGetErrorMessage(error);
    fprintf(stderr, "ERROR: internal: %s\n", text);
    LLVMDisposeErrorMessage(text);
    return false;
}

static void *assemble(struct cg *c, LLVMTargetMachineRef machine, size_t *len) {
    LLVMMemoryBufferRef buffer;
    char *error = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(machine, c->module, LLVMObjectFile, &error, &buffer)) {
        fprintf(stderr, "ERROR: internal: %s\n", error);
        LLVMDisposeMessage(error);
        return NULL;
    }
    c->is_too_deep = c->failure || cg_stack_depth(LLVMGetBufferStart(buffer)) > MAX_STACK;
    size_t elf_len = LLVMGetBufferSize(buffer);
    void *linked = NULL;
    const void *elf = LLVMGetBufferStart(buffer);
    if (c->u->c_objects.len) elf = linked = cg_link(c->u, elf, &elf_len);
    char *json = manifest_write(c->manifest, false);
    void *object =
        elf ? elf_add_section(elf, elf_len, MANIFEST_SECTION, json, strlen(json), len) : NULL;
    free(json);
    free(linked);
    LLVMDisposeMemoryBuffer(buffer);
    return object;
}

static void begin_manifest(struct cg *c) {
    struct manifest *m = c->manifest = manifest_new();
    m->source_name = arena_strdup(m->arena, c->u->source->name);
    m->source_text = arena_strndup(m->arena, c->u->source->text, c->u->source->len);
    m->license = config_string(&c->u->config, CONFIG_license);
    for (int i = 0; i < CONFIG_COUNT; i++) {
        struct mf_config_item item = {config_rows[i].name, c->u->config.values[i]};
        VEC_PUSH(m->arena, &m->config, item);
    }
}

// Do events go to both rings? Only then must they carry the time that puts them in order.
static void find_control(void *ctx, struct ast_expr **pe) {
    const struct ast_expr *e = *pe;
    struct cg *c = ctx;
    if (e->kind != AST_CALL || e->call.fn) return;
    int fn = e->call.function;
    bool map = fn == FN_print && e->call.args.len && e->call.args.data[0]->kind == AST_MAP;
    if (map || fn == FN_clear || fn == FN_zero || fn == FN_exit) c->has_control = true;
}

static void scan_programs(struct cg *c) {
    struct ast_visitor v = {.ctx = c, .expr = find_control};
    for (size_t i = 0; i < c->u->programs.len; i++) {
        struct sema_program *p = c->u->programs.data[i];
        if (p->predicate) ast_visit_expr(&v, &p->predicate);
        ast_visit_stmts(&v, &p->body);
    }
    for (size_t i = 0; i < c->u->fns.len; i++) ast_visit_stmts(&v, &c->u->fns.data[i]->body);
}

static void *finish(struct cg *c, LLVMTargetMachineRef machine, const struct cg_dump *dump,
                    size_t *len) {
    char *error = NULL;
    LLVMDIBuilderFinalize(c->di);
    if (dump) dump_ir(c->module, dump->ir);
    if (LLVMVerifyModule(c->module, LLVMReturnStatusAction, &error)) {
        fprintf(stderr, "ERROR: internal: malformed code: %s\n", error);
        LLVMDisposeMessage(error);
        return NULL;
    }
    LLVMDisposeMessage(error);
    if (!optimise(c, machine)) return NULL;
    if (dump) {
        dump_ir(c->module, dump->ir_opt);
        dump_assembly(c->module, machine, dump->bpf);
    }
    return assemble(c, machine, len);
}

// shallow: as little as can be is put on the stack.
static void *compile(const struct unit *u, const struct cg_dump *dump, bool shallow, bool *too_deep,
                     size_t *len) {
    LLVMTargetMachineRef machine = machine_new();
    if (!machine) return NULL;
    struct cg *c = ARENA_NEW(u->arena, struct cg);
    c->is_shallow = shallow;
    c->u = u;
    c->arena = u->arena;
    begin_manifest(c);
    begin_module(c, machine);
    add_license(c);
    scan_programs(c);
    cg_maps(c);
    cg_programs(c);
    cg_make_scratch(c);
    void *object = finish(c, machine, dump, len);
    LLVMDisposeDIBuilder(c->di);
    LLVMDisposeBuilder(c->b);
    LLVMDisposeModule(c->module);
    LLVMContextDispose(c->llvm);
    LLVMDisposeTargetMachine(machine);
    manifest_free(c->manifest);
    *too_deep = c->is_too_deep;
    if (object && c->failure && shallow) on_fatal(c->failure);
    return object;
}

// Variables are fastest on the stack; where it does not hold them and what LLVM keeps there, the
// code is made again, with them in scratch memory.
void *cg_compile(const struct unit *u, const struct cg_dump *dump, size_t *len) {
    bool too_deep, wanted = dump && (dump->ir || dump->ir_opt || dump->bpf);
    void *object = compile(u, wanted ? NULL : dump, false, &too_deep, len);
    if (!object || (!too_deep && !wanted)) return object;
    free(object);
    return compile(u, dump, too_deep, &too_deep, len);
}

const char *cg_llvm_version(void) {
    static char text[32];
    unsigned major, minor, patch;
    LLVMGetVersion(&major, &minor, &patch);
    snprintf(text, sizeof(text), "%u.%u.%u, " GAFF_LLVM_LINK, major, minor, patch);
    return text;
}
