// SPDX-License-Identifier: Apache-2.0
// base: arena, strings, positions, suggestions, diagnostics.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/diag.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "base/vec.h"

VEC_OF(int_vec, int);

static void arena_keeps_everything(void **state) {
    (void)state;
    struct arena *a = arena_new();
    struct int_vec v = {0};
    char *big = arena_alloc(a, 1 << 20);
    for (int i = 0; i < 10000; i++) VEC_PUSH(a, &v, i);
    for (int i = 0; i < 10000; i++) assert_int_equal(v.data[i], i);
    for (size_t i = 0; i < 1 << 20; i++) assert_int_equal(big[i], 0);
    assert_string_equal(arena_printf(a, "%s-%d", "x", 7), "x-7");
    assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
    arena_free(a);
}

static void strbuf_grows(void **state) {
    (void)state;
    struct strbuf b = {0};
    assert_string_equal(strbuf_str(&b), "");
    for (int i = 0; i < 1000; i++) strbuf_printf(&b, "%d,", i % 10);
    assert_int_equal(b.len, 2000);
    strbuf_clear(&b);
    strbuf_puts(&b, "end");
    char *s = strbuf_take(&b);
    assert_string_equal(s, "end");
    assert_null(b.data);
    free(s);
}

static void positions_are_one_based(void **state) {
    (void)state;
    struct arena *a = arena_new();
    unsigned line, column;
    const struct source *s = source_new(a, "x", "ab\n\ncd", 6);
    source_position(s, 0, &line, &column);
    assert_int_equal(line * 100 + column, 101);
    source_position(s, 3, &line, &column);
    assert_int_equal(line * 100 + column, 201);
    source_position(s, 5, &line, &column);
    assert_int_equal(line * 100 + column, 302);
    arena_free(a);
}

static void suggestions_are_near(void **state) {
    (void)state;
    struct suggest s = suggest_begin("pritnf");
    suggest_offer(&s, "print");
    suggest_offer(&s, "printf");
    suggest_offer(&s, "unrelated");
    assert_string_equal(s.best, "printf");
    s = suggest_begin("zzzz");
    suggest_offer(&s, "printf");
    assert_null(s.best);
}

static char *printed(struct diags *d) {
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    diags_print(d, f, false);
    fclose(f);
    return text;
}

static void diagnostics_show_their_place(void **state) {
    (void)state;
    struct arena *a = arena_new();
    struct diags *d = diags_new(a);
    const struct source *s = source_new(a, "stdin", "begin { x }\n\ty", 14);
    diag(d, ((struct span){.src = s, .begin = 13, .end = 14}), identifier_unknown, "y");
    diag(d, ((struct span){.src = s, .begin = 8, .end = 9}), identifier_unknown, "x");
    diag_hint(d, "did you mean %s?", "z");
    diag(d, ((struct span){.src = s, .begin = 8, .end = 9}), identifier_unknown, "x");
    assert_int_equal(diags_errors(d), 2);
    char *text = printed(d);
    assert_string_equal(text, "stdin:1:9-10: ERROR: Unknown identifier: 'x'\n"
                              "begin { x }\n"
                              "        ~\n"
                              "HINT: did you mean z?\n"
                              "stdin:2:2-3: ERROR: Unknown identifier: 'y'\n"
                              "\ty\n"
                              "\t~\n");
    free(text);
    arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_keeps_everything),       cmocka_unit_test(strbuf_grows),
        cmocka_unit_test(positions_are_one_based),      cmocka_unit_test(suggestions_are_near),
        cmocka_unit_test(diagnostics_show_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
