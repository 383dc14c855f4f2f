// SPDX-License-Identifier: Apache-2.0
// Every row of the tables of builtins is well-formed and found by its name.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "builtins/builtins.h"
#include "builtins/signature.h"

static void signatures_parse(void **state) {
    (void)state;
    for (int i = 0; i < FN_COUNT; i++) {
        struct signature s;
        if (!signature_parse(function_rows[i].signature, &s))
            fail_msg("%s: %s", function_rows[i].name, function_rows[i].signature);
        assert_true(strlen(function_rows[i].doc) > 3);
        assert_true(*s.result);
    }
}

static void signature_forms(void **state) {
    (void)state;
    struct signature s;
    assert_true(signature_parse("void(literal, [int], ...)", &s));
    assert_int_equal(s.required, 1);
    assert_int_equal(s.total, 2);
    assert_true(s.varargs);
    assert_string_equal(s.result, "void");
    assert_false(signature_parse("void(nothing)", &s));
    assert_false(signature_parse("void([int], int)", &s));
    assert_false(signature_parse("void(int", &s));
    assert_false(signature_parse("void", &s));
}

static void names_are_found(void **state) {
    (void)state;
    unsigned n;
    for (int i = 0; i < FN_COUNT; i++) assert_int_equal(function_find(function_rows[i].name), i);
    assert_int_equal(variable_find("pid", &n), VAR_pid);
    assert_int_equal(variable_find("arg12", &n), VAR_arg);
    assert_int_equal(n, 12);
    assert_int_equal(variable_find("arg", &n), -1);
    assert_int_equal(variable_find("argx", &n), -1);
    assert_int_equal(function_find("no_such_function"), -1);
}

static void configuration_is_checked(void **state) {
    (void)state;
    struct config c;
    const char *why;
    config_init(&c);
    assert_int_equal(config_uint(&c, CONFIG_max_strlen), 1024);
    assert_true(config_set(&c, config_find("max_strlen"), "64", &why));
    assert_int_equal(config_uint(&c, CONFIG_max_strlen), 64);
    assert_false(config_set(&c, config_find("max_strlen"), "many", &why));
    assert_false(config_set(&c, config_find("max_strlen"), "0", &why));
    assert_false(config_set(&c, config_find("stack_mode"), "none", &why));
    assert_true(config_set(&c, config_find("BPFTRACE_STACK_MODE"), "perf", &why));
    assert_string_equal(config_string(&c, CONFIG_stack_mode), "perf");
    assert_int_equal(config_find("no_such_variable"), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_parse),
        cmocka_unit_test(signature_forms),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(configuration_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
