// SPDX-License-Identifier: Apache-2.0
// Functions that give the text of a number, out of a table in the object's read-only data.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "codegen/cg.h"

#define ARG(e, i) ((e)->call.args.data[i])

// Text i of a table; NULL: there is none. `buffer` may be used for it.
typedef const char *(*text_at)(unsigned i, char *buffer, size_t size);

// A constant of n + 1 texts of `width` bytes; the last is for all other numbers.
static LLVMValueRef table_global(struct cg *c, const char *name, unsigned n, uint32_t width,
                                 text_at at, const char *other) {
    LLVMValueRef global = LLVMGetNamedGlobal(c->module, name);
    if (global) return global;
    LLVMTypeRef text = LLVMArrayType2(c->i8, width);
    LLVMValueRef *rows = arena_alloc(c->arena, (n + 1) * sizeof(LLVMValueRef));
    for (unsigned i = 0; i <= n; i++) {
        char buffer[64], padded[256] = {0};
        const char *s = i < n ? at(i, buffer, sizeof(buffer)) : NULL;
        snprintf(padded, width, "%s", s ? s : other);
        rows[i] = LLVMConstStringInContext2(c->llvm, padded, width, true);
    }
    LLVMValueRef value = LLVMConstArray2(text, rows, n + 1);
    global = LLVMAddGlobal(c->module, LLVMTypeOf(value), name);
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, true);
    LLVMSetSection(global, ".rodata");
    return global;
}

static struct cg_value table_text(struct cg *c, const struct ast_expr *e, LLVMValueRef table,
                                  unsigned n, LLVMValueRef index) {
    index = cg_opaque(c, index);
    LLVMValueRef over = LLVMBuildICmp(c->b, LLVMIntUGE, index, cg_int(c, n), "");
    index = cg_opaque(c, LLVMBuildSelect(c->b, over, cg_int(c, n), index, ""));
    LLVMValueRef at = LLVMBuildMul(c->b, index, cg_int(c, e->type->size), "");
    return cg_address_value(LLVMBuildInBoundsGEP2(c->b, c->i8, table, &at, 1, ""), e->type,
                            MEM_BPF);
}

enum { ERRNOS = 134, SIGNALS = 65 };

static const char *errno_text(unsigned i, char *buffer, size_t size) {
    (void)buffer;
    (void)size;
    return strerrordesc_np((int)i);
}

struct cg_value cg_fn_strerror(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef v = cg_scalar(c, ARG(e, 0));
    LLVMValueRef code = LLVMBuildSelect(c->b, cg_negative(c, v), LLVMBuildNeg(c->b, v, ""), v, "");
    LLVMValueRef table =
        table_global(c, "gaff_errno", ERRNOS, e->type->size, errno_text, "Unknown error");
    return table_text(c, e, table, ERRNOS, code);
}

static const char *signal_text(unsigned i, char *buffer, size_t size) {
    const char *text = sigdescr_np((int)i);
    if (text) return text;
    snprintf(buffer, size, "Unknown signal %u", i);
    return buffer;
}

struct cg_value cg_fn_signal_name(struct cg *c, const struct ast_expr *e) {
    LLVMValueRef table =
        table_global(c, "gaff_signals", SIGNALS, e->type->size, signal_text, "N/A");
    return table_text(c, e, table, SIGNALS, cg_scalar(c, ARG(e, 0)));
}
