// SPDX-License-Identifier: Apache-2.0
// Debug information: types of map keys and values, so that BTF-aware tools print them, and the
// script's lines.
#include <string.h>

#include "codegen/cg.h"

static LLVMMetadataRef basic(struct cg *c, const char *name, uint32_t bytes, unsigned encoding) {
    return LLVMDIBuilderCreateBasicType(c->di, name, strlen(name), bytes * 8ull, encoding,
                                        LLVMDIFlagZero);
}

enum { ATE_boolean = 2, ATE_signed = 5, ATE_signed_char = 6, ATE_unsigned = 7 };

static LLVMMetadataRef integer(struct cg *c, uint32_t bytes, bool is_signed) {
    char name[16];
    snprintf(name, sizeof(name), "%sint%u", is_signed ? "" : "u", bytes * 8);
    return basic(c, name, bytes, is_signed ? ATE_signed : ATE_unsigned);
}

static LLVMMetadataRef array(struct cg *c, LLVMMetadataRef elem, uint32_t count, uint64_t bytes) {
    LLVMMetadataRef range = LLVMDIBuilderGetOrCreateSubrange(c->di, 0, count);
    return LLVMDIBuilderCreateArrayType(c->di, bytes * 8, 8, elem, &range, 1);
}

static LLVMMetadataRef bytes_of(struct cg *c, uint32_t n) {
    if (n % 8 == 0) return array(c, integer(c, 8, false), n / 8, n);
    return array(c, integer(c, 1, false), n, n);
}

static LLVMMetadataRef tuple(struct cg *c, const struct type *type) {
    LLVMMetadataRef members[64];
    uint32_t n = type->nfields < 64 ? type->nfields : 64;
    for (uint32_t i = 0; i < n; i++) {
        char name[32];
        const struct type_field *f = &type->fields[i];
        snprintf(name, sizeof(name), "%s", *f->name ? f->name : "");
        if (!*name) snprintf(name, sizeof(name), "f%u", i);
        members[i] = LLVMDIBuilderCreateMemberType(
            c->di, c->di_unit, name, strlen(name), c->di_file, 0, f->type->size * 8ull,
            f->type->align * 8, f->offset * 8ull, LLVMDIFlagZero, cg_di_type(c, f->type));
    }
    char name[32];
    snprintf(name, sizeof(name), "tuple_%u", c->serial++);
    return LLVMDIBuilderCreateStructType(c->di, c->di_unit, name, strlen(name), c->di_file, 0,
                                         type->size * 8ull, type->align * 8, LLVMDIFlagZero, NULL,
                                         members, n, 0, NULL, "", 0);
}

LLVMMetadataRef cg_di_type(struct cg *c, const struct type *type) {
    switch (type->kind) {
    case TYPE_BOOL: return basic(c, "bool", 1, ATE_boolean);
    case TYPE_INT:
    case TYPE_ENUM: return integer(c, type->size, type->is_signed);
    case TYPE_COUNT: return integer(c, 8, false);
    case TYPE_SUM: return integer(c, 8, type->is_signed);
    case TYPE_STRING: return array(c, basic(c, "char", 1, ATE_signed_char), type->size, type->size);
    case TYPE_TUPLE:
        if (type->nfields) return tuple(c, type);
        break;
    default: break;
    }
    return bytes_of(c, type->size);
}

static LLVMMetadataRef forward(struct cg *c, const struct type *type) {
    const char *name = type->name ? strchr(type->name, ' ') : NULL; // "struct x"
    name = name ? name + 1 : "";
    unsigned tag = type->is_union ? 0x17 /* DW_TAG_union_type */ : 0x13 /* DW_TAG_structure_type */;
    return LLVMDIBuilderCreateForwardDecl(c->di, tag, name, strlen(name), c->di_file, c->di_file, 0,
                                          0, 0, 0, "", 0);
}

static LLVMMetadataRef enumeration(struct cg *c, const struct type *type) {
    const char *name = type->name ? strchr(type->name, ' ') : NULL;
    name = name ? name + 1 : "";
    LLVMMetadataRef one =
        LLVMDIBuilderCreateEnumerator(c->di, "", 0, type->is_signed ? -1 : 1, !type->is_signed);
    return LLVMDIBuilderCreateEnumerationType(c->di, c->di_file, name, strlen(name), c->di_file, 0,
                                              type->size * 8ull, type->align * 8, &one, 1,
                                              integer(c, type->size, type->is_signed));
}

// The type of a parameter as C has it, for libbpf's linker: of structs it looks at the name.
LLVMMetadataRef cg_di_c_type(struct cg *c, const struct type *type) {
    switch (type->kind) {
    case TYPE_VOID: return NULL;
    case TYPE_POINTER:
        return LLVMDIBuilderCreatePointerType(c->di, cg_di_c_type(c, type->target), 64, 0, 0, "",
                                              0);
    case TYPE_STRUCT: return forward(c, type);
    case TYPE_ENUM: return enumeration(c, type);
    case TYPE_ARRAY: return array(c, cg_di_c_type(c, type->target), type->count, type->size);
    default: return cg_di_type(c, type);
    }
}

void cg_di_global(struct cg *c, LLVMValueRef global, const char *name, LLVMMetadataRef type) {
    LLVMMetadataRef empty = LLVMDIBuilderCreateExpression(c->di, NULL, 0);
    LLVMMetadataRef expression = LLVMDIBuilderCreateGlobalVariableExpression(
        c->di, c->di_unit, name, strlen(name), "", 0, c->di_file, 0, type, false, empty, NULL, 64);
    LLVMGlobalSetMetadata(global, LLVMGetMDKindIDInContext(c->llvm, "dbg", 3), expression);
}

enum { MAX_COLUMN = 1023 };

void cg_place(struct cg *c, struct span span) {
    if (!span.src) return; // of a node that stands for no text: what is around it goes on
    c->span = span;
    if (!c->f || !c->f->scope) return;
    unsigned line = 1, column = 1;
    if (span.src && span.src == c->u->source) source_position(span.src, span.begin, &line, &column);
    if (column > MAX_COLUMN) column = 0; // BTF would add what is above to the line
    LLVMSetCurrentDebugLocation2(
        c->b, LLVMDIBuilderCreateDebugLocation(c->llvm, line, column, c->f->scope, NULL));
}
