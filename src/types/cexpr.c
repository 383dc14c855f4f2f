// SPDX-License-Identifier: Apache-2.0
// Constant expressions of C text: array sizes, enum values, bit widths, #define, #if.
#include "types/ctoken.h"

#include <stdlib.h>

static int64_t unary(struct c_scan *s);
static int64_t binary(struct c_scan *s, int level);

enum { MAX_DEPTH = 200 };

static int64_t primary(struct c_scan *s) {
    int64_t v = 0;
    const struct type *type;
    if (s->kind == C_NUMBER) {
        v = s->number;
        c_next(s);
    } else if (c_accept(s, "(")) {
        if (s->kind == C_WORD && types_find_basic(s->types, s->word)) { // a cast: ignored
            c_type_name(s);
            c_expect(s, ")");
            return unary(s);
        }
        v = c_constant(s);
        c_expect(s, ")");
    } else if (c_accept(s, "sizeof")) {
        c_expect(s, "(");
        if ((type = c_type_name(s))) v = type->size;
        c_expect(s, ")");
    } else if (s->kind == C_WORD) {
        if (!types_find_constant(s->types, s->word, &v, &type))
            c_fail(s, "'%s' is not a constant", s->word);
        c_next(s);
    } else {
        c_fail(s, "expected a constant");
    }
    return v;
}

static int64_t unary(struct c_scan *s) {
    int64_t v = 0;
    if (++s->depth > MAX_DEPTH)
        c_fail(s, "nested too deeply");
    else if (c_accept(s, "-"))
        v = (int64_t)(0 - (uint64_t)unary(s));
    else if (c_accept(s, "+"))
        v = unary(s);
    else if (c_accept(s, "!"))
        v = !unary(s);
    else if (c_accept(s, "~"))
        v = ~unary(s);
    else
        v = primary(s);
    s->depth--;
    return v;
}

static const char *const operators[][5] = {
    {"||"},       {"&&"},     {"|"},           {"^"}, {"&"}, {"==", "!="}, {"<", ">", "<=", ">="},
    {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"},
};

static int64_t apply(struct c_scan *s, const char *op, int64_t a, int64_t b) {
    uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
    if (!strcmp(op, "||")) return a || b;
    if (!strcmp(op, "&&")) return a && b;
    if (!strcmp(op, "==")) return a == b;
    if (!strcmp(op, "!=")) return a != b;
    if (!strcmp(op, "<=")) return a <= b;
    if (!strcmp(op, ">=")) return a >= b;
    if (!strcmp(op, "<<")) return b >= 0 && b < 64 ? (int64_t)(ua << b) : 0;
    if (!strcmp(op, ">>")) return b >= 0 && b < 64 ? (int64_t)(ua >> b) : 0;
    switch (op[0]) {
    case '|': return a | b;
    case '^': return a ^ b;
    case '&': return a & b;
    case '<': return a < b;
    case '>': return a > b;
    case '+': return (int64_t)(ua + ub);
    case '-': return (int64_t)(ua - ub);
    case '*': return (int64_t)(ua * ub);
    }
    if (b == 0 || (a == INT64_MIN && b == -1)) {
        c_fail(s, "division by zero");
        return 0;
    }
    return op[0] == '/' ? a / b : a % b;
}

static const char *operator_at(const struct c_scan *s, int level) {
    for (size_t i = 0; i < 5 && operators[level][i]; i++)
        if (c_is(s, operators[level][i])) return operators[level][i];
    return NULL;
}

static int64_t binary(struct c_scan *s, int level) {
    if (level == (int)ARRAY_LEN(operators)) return unary(s);
    int64_t v = binary(s, level + 1);
    for (const char *op; (op = operator_at(s, level));) {
        c_next(s);
        v = apply(s, op, v, binary(s, level + 1));
    }
    return v;
}

int64_t c_constant(struct c_scan *s) {
    int64_t v = binary(s, 0);
    if (!c_accept(s, "?")) return v;
    int64_t a = c_constant(s);
    c_expect(s, ":");
    int64_t b = c_constant(s);
    return v ? a : b;
}
