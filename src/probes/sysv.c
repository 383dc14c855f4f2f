// SPDX-License-Identifier: Apache-2.0
// The calling convention of x86-64: "System V Application Binary Interface, AMD64 Architecture
// Processor Supplement", section 3.2.3. A value has a class for each of its words of 8 bytes;
// what has more than two, or does not fit into the registers that are left, is on the stack.
// C++ objects that are not trivial are given by address (Itanium C++ ABI, 3.1.1).
#include "probes/sysv.h"

#include "probes/probe_internal.h"

enum word { WORD_NONE, WORD_INTEGER, WORD_VECTOR };
enum how { BY_WORDS, BY_STACK, BY_X87 };

enum { GENERAL_REGISTERS = 6, VECTOR_REGISTERS = 8 };

static const char in_vector[] =
    "a floating-point value is in a vector register, which no probe can "
    "read";

// An integer in the same word makes the word an integer.
static void merge(enum word *words, uint32_t from, uint32_t size, enum word word) {
    for (uint32_t i = from / 8; i <= (from + size - 1) / 8 && i < 2; i++)
        if (words[i] != WORD_INTEGER) words[i] = word;
}

// Is it given by address, for what it is or has inside?
static bool is_by_reference(struct types *t, const struct type *type) {
    if (type->kind == TYPE_ARRAY) return is_by_reference(t, type->target);
    if (type->kind != TYPE_STRUCT) return false;
    if (types_complete(t, type)->is_by_reference) return true;
    for (uint32_t i = 0; i < type->nfields; i++)
        if (is_by_reference(t, type->fields[i].type)) return true;
    return false;
}

static enum how classify(struct types *t, const struct type *type, uint32_t at, enum word *words) {
    if (!type->size) return BY_WORDS;
    if (at + type->size > 16) return BY_STACK;
    if (type->kind == TYPE_ARRAY && !type->is_float) {
        for (uint32_t i = 0; i < type->count; i++) {
            enum how how = classify(t, type->target, at + i * type->target->size, words);
            if (how != BY_WORDS) return how;
        }
        return BY_WORDS;
    }
    if (type->kind == TYPE_STRUCT) {
        types_complete(t, type);
        for (uint32_t i = 0; i < type->nfields; i++) {
            const struct type_field *f = &type->fields[i];
            enum how how = BY_WORDS;
            if (f->bit_size)
                merge(words, at + f->offset, (f->bit_offset + f->bit_size + 7) / 8, WORD_INTEGER);
            else
                how = classify(t, f->type, at + f->offset, words);
            if (how != BY_WORDS) return how;
        }
        return BY_WORDS;
    }
    if (type->is_float && type->kind == TYPE_ARRAY && type->target->size == 1) return BY_X87;
    if (type_is_scalar(type) && at % type->size) return BY_STACK; // packed
    merge(words, at, type->size, type->is_float ? WORD_VECTOR : WORD_INTEGER);
    return BY_WORDS;
}

static uint32_t alignment(struct types *t, const struct type *type) {
    uint32_t most = 8;
    if (type->kind == TYPE_ARRAY && type->align < 16) return alignment(t, type->target);
    if (type->kind != TYPE_STRUCT) return type->align > 8 ? type->align : 8;
    types_complete(t, type);
    for (uint32_t i = 0; i < type->nfields; i++) {
        uint32_t n = alignment(t, type->fields[i].type);
        if (n > most) most = n;
    }
    return most;
}

struct registers { // that are taken
    unsigned general, vector;
    uint64_t stack; // bytes
};

static struct probe_place on_stack(struct types *t, struct registers *r, const struct type *type) {
    uint32_t align = alignment(t, type);
    r->stack = (r->stack + align - 1) / align * align;
    // Above the return address.
    struct probe_place p = {
        .kind = PLACE_MEMORY, .reg = probe_regs_sp(), .index = -1, .offset = 8 + (int64_t)r->stack};
    r->stack += (type->size + 7) / 8 * 8ull;
    return p;
}

static struct probe_place by_address(struct registers *r, const char **why) {
    if (r->general < GENERAL_REGISTERS)
        return (struct probe_place){
            .kind = PLACE_MEMORY, .reg = probe_regs_arg(r->general++), .index = -1};
    r->stack += 8;
    *why = "it is an object whose address is on the stack";
    return (struct probe_place){.kind = PLACE_UNKNOWN};
}

static struct probe_place place_arg(struct types *t, struct registers *r, const struct type *type,
                                    const char **why) {
    enum word words[2] = {WORD_NONE, WORD_NONE};
    if (is_by_reference(t, type)) return by_address(r, why);
    if (classify(t, type, 0, words) != BY_WORDS) return on_stack(t, r, type);
    unsigned general = (words[0] == WORD_INTEGER) + (words[1] == WORD_INTEGER);
    unsigned vector = (words[0] == WORD_VECTOR) + (words[1] == WORD_VECTOR);
    if (type->kind == TYPE_ARRAY && vector) vector = 1; // a vector is in one register
    if (r->general + general > GENERAL_REGISTERS || r->vector + vector > VECTOR_REGISTERS)
        return on_stack(t, r, type);
    struct probe_place p = {.kind = general == 2 ? PLACE_REGISTERS : PLACE_REGISTER,
                            .reg = probe_regs_arg(r->general),
                            .index = general == 2 ? probe_regs_arg(r->general + 1) : -1};
    if (!type_is_scalar(type)) p.kind = PLACE_REGISTERS;
    r->general += general;
    r->vector += vector;
    if (general && !vector) return p;
    *why = vector ? in_vector : "it is empty";
    return (struct probe_place){.kind = PLACE_UNKNOWN};
}

static bool is_returned_in_memory(struct types *t, const struct type *ret) {
    enum word words[2] = {WORD_NONE, WORD_NONE};
    return is_by_reference(t, ret) || classify(t, ret, 0, words) == BY_STACK;
}

void sysv_place_args(struct types *t, const struct type *ret, struct probe_arg *args, size_t n) {
    struct registers r = {.general = is_returned_in_memory(t, ret)};
    for (size_t i = 0; i < n; i++) args[i].place = place_arg(t, &r, args[i].type, &args[i].why);
}

struct probe_place sysv_place_result(struct types *t, const struct type *ret, const char **why) {
    enum word words[2] = {WORD_NONE, WORD_NONE};
    unsigned size;
    int second = probe_regs_named("dx", &size);
    if (is_returned_in_memory(t, ret))
        return (struct probe_place){.kind = PLACE_MEMORY, .reg = probe_regs_retval(), .index = -1};
    enum how how = classify(t, ret, 0, words);
    if (how == BY_WORDS && type_is_scalar(ret) && words[0] == WORD_INTEGER)
        return (struct probe_place){.kind = PLACE_NONE};
    if (how == BY_WORDS && words[0] == WORD_INTEGER && words[1] != WORD_VECTOR)
        return (struct probe_place){.kind = PLACE_REGISTERS,
                                    .reg = probe_regs_retval(),
                                    .index = words[1] == WORD_INTEGER ? second : -1};
    *why = how == BY_X87 || words[0] ? in_vector : "it is empty";
    return (struct probe_place){.kind = PLACE_UNKNOWN};
}
