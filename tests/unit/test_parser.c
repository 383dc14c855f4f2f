// SPDX-License-Identifier: Apache-2.0
// What the filter tells apart, and what the grammar makes of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "parser/parser.h"

struct parsed {
    struct arena *a;
    struct diags *d;
    struct ast_program *p;
};

static struct parsed parse(const char *text) {
    struct parsed r = {.a = arena_new()};
    r.d = diags_new(r.a);
    r.p = parse_program(r.a, r.d, source_new(r.a, "test", text, strlen(text)));
    return r;
}

// The expression of `begin { print(TEXT); }`.
static const struct ast_expr *argument(struct parsed *r, const char *text) {
    char script[256];
    snprintf(script, sizeof(script), "begin { print(%s); }", text);
    *r = parse(script);
    if (diags_errors(r->d)) fail_msg("%s is refused", text);
    return r->p->probes.data[0]->body.data[0]->expr->call.args.data[0];
}

static void parentheses(void **state) {
    static const struct {
        const char *text;
        enum ast_expr_kind kind;
    } cases[] = {
        {"(int32)x", AST_CAST},
        {"(struct a *)x", AST_CAST},
        {"(uint8[4])x", AST_CAST},
        {"(int8)-1", AST_CAST},
        {"(x) - 1", AST_BINARY},
        {"(a = 1, b = 2)", AST_RECORD},
        {"(1, 2)", AST_TUPLE},
        {"(1,)", AST_TUPLE},
        {"(1)", AST_INT},
        {"{ 1; 2 }", AST_BLOCK_EXPR},
        {"x ? 1 : 2", AST_TERNARY},
        {"x ?: 2", AST_TERNARY},
        {"if (x) { 1 } else { 2 }", AST_TERNARY},
        {"sizeof(struct a)", AST_SIZEOF},
        {"offsetof(struct a, b.c)", AST_OFFSETOF},
        {"typeof(x)", AST_TYPE_ARG},
        {"$t.1", AST_ELEMENT},
        {"a.b->c", AST_FIELD},
        {"@m[1, 2]", AST_INDEX},
        {"-5", AST_INT},
        {"- x", AST_UNARY},
        {"5ms", AST_INT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed r;
        const struct ast_expr *e = argument(&r, cases[i].text);
        if (e->kind != cases[i].kind) fail_msg("%s: kind %d", cases[i].text, e->kind);
        arena_free(r.a);
    }
}

static void numbers(void **state) {
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {{"1_000", 1000},       {"0x1F", 31},  {"010", 8},
                 {"1e3", 1000},         {"5us", 5000}, {"2m", 120000000000},
                 {"1h", 3600000000000}, {"7ns", 7},    {"18446744073709551615", UINT64_MAX}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed r;
        assert_int_equal(argument(&r, cases[i].text)->integer.value, cases[i].value);
        arena_free(r.a);
    }
}

static void attach_points_and_predicates(void **state) {
    (void)state;
    struct parsed r = parse("uprobe:/bin/sh:\"a b\", kprobe:f+0x4/x / 2 == 1/ { }\nBEGIN/1/{ }");
    assert_int_equal(diags_errors(r.d), 0);
    const struct ast_probe *p = r.p->probes.data[0];
    assert_int_equal(p->points.len, 2);
    assert_string_equal(p->points.data[0].text, "uprobe:/bin/sh:\"a b\"");
    assert_string_equal(p->points.data[1].text, "kprobe:f+0x4");
    assert_int_equal(p->predicate->binary.op, AST_EQ);
    assert_string_equal(r.p->probes.data[1]->points.data[0].text, "BEGIN");
    arena_free(r.a);
}

static void top_level(void **state) {
    (void)state;
    struct parsed r = parse("#!/usr/bin/gaff\n#include <linux/fs.h>\nstruct a { int x; };\n"
                            "config = { max_strlen = 5; stack_mode = perf }\nimport \"x.bt\";\n"
                            "let @m = lruhash(10);\nmacro f($a, @b, c) { $a + c }\n"
                            "fn g($a : int64) : int64 { return $a; }\nend { }");
    assert_int_equal(diags_errors(r.d), 0);
    assert_int_equal(r.p->c_texts.len, 2);
    assert_int_equal(r.p->config.len, 2);
    assert_int_equal(r.p->imports.len, 1);
    assert_string_equal(r.p->map_decls.data[0]->kind, "lruhash");
    assert_int_equal(r.p->macros.data[0]->params.len, 3);
    assert_non_null(r.p->macros.data[0]->value);
    assert_int_equal(r.p->fns.len, 1);
    arena_free(r.a);
}

static void several_errors_in_one_run(void **state) {
    (void)state;
    struct parsed r = parse("begin { $x = ; $y = 1; print(2 +); }\nend { if }");
    assert_true(diags_errors(r.d) >= 3);
    arena_free(r.a);
}

static void copies_are_deep(void **state) {
    struct parsed r;
    (void)state;
    const struct ast_expr *e = argument(&r, "$x + @m[1]");
    struct ast_expr *copy = ast_expr_clone(r.a, e);
    copy->binary.left->var.name = "$changed";
    assert_string_equal(e->binary.left->var.name, "$x");
    assert_ptr_not_equal(copy->binary.right->index.keys.data[0],
                         e->binary.right->index.keys.data[0]);
    arena_free(r.a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parentheses),
        cmocka_unit_test(numbers),
        cmocka_unit_test(attach_points_and_predicates),
        cmocka_unit_test(top_level),
        cmocka_unit_test(several_errors_in_one_run),
        cmocka_unit_test(copies_are_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
