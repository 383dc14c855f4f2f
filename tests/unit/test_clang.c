// SPDX-License-Identifier: Apache-2.0
// What gaff does with clang but for running it: the cache, its messages, types from LLVM's text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "types/cache.h"
#include "types/clang_internal.h"

static char folder[] = "/tmp/gaff-test-XXXXXX";
static char file[64];

static int set_up(void **state) {
    *state = arena_new();
    return mkdtemp(folder) && snprintf(file, sizeof(file), "%s/x.h", folder) > 0 &&
                   setenv("XDG_CACHE_HOME", folder, 1) == 0
               ? 0
               : -1;
}

static int tear_down(void **state) {
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    arena_free(*state);
    return system(command);
}

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const char *load(struct arena *a, const char *key) {
    size_t len;
    return cache_load(a, key, strlen(key), &len);
}

static void store(struct arena *a, const char *key) {
    const char *paths[] = {file};
    struct cache_files files = {.data = paths, .len = 1};
    cache_store(a, key, strlen(key), &files, "answer", 6);
}

static void entries_last_until_a_file_changes(void **state) {
    struct arena *a = *state;
    put(file, "int x;\n");
    assert_null(load(a, "key"));
    store(a, "key");
    assert_memory_equal(load(a, "key"), "answer", 6);
    assert_null(load(a, "other key"));
    // The same content at another time is as good; other content is not.
    put(file, "int x;\n");
    assert_non_null(load(a, "key"));
    put(file, "int y;\n");
    assert_null(load(a, "key"));
    unlink(file);
    assert_null(load(a, "key"));
}

// Every byte that is changed, and every length, makes an entry useless or leaves it as it was.
static void damaged_entries_are_none(void **state) {
    struct arena *a = *state;
    char command[256], path[128] = "";
    put(file, "int x;\n");
    snprintf(command, sizeof(command), "rm -f %s/gaff/c-*", folder);
    assert_int_equal(system(command), 0);
    store(a, "key");
    snprintf(command, sizeof(command), "ls %s/gaff/c-*", folder);
    FILE *ls = popen(command, "r");
    assert_non_null(ls);
    assert_non_null(fgets(path, sizeof(path), ls));
    pclose(ls);
    path[strcspn(path, "\n")] = '\0';
    size_t len;
    char *good = cache_read_file(a, path, 1 << 20, &len);
    for (size_t i = 0; i < len; i++) {
        FILE *f = fopen(path, "w");
        fwrite(good, 1, i, f);
        fclose(f);
        if (i + 1 < len) assert_null(load(a, "key"));
        f = fopen(path, "w");
        fwrite(good, 1, i, f);
        fputc(good[i] ^ 1, f);
        fwrite(good + i + 1, 1, len - i - 1, f);
        fclose(f);
        const char *got = load(a, "key");
        if (got) assert_memory_equal(got, "answer", 6);
    }
}

static void what_others_may_write_is_not_used(void **state) {
    struct arena *a = *state;
    char cache[64];
    put(file, "int x;\n");
    store(a, "key");
    assert_non_null(load(a, "key"));
    snprintf(cache, sizeof(cache), "%s/gaff", folder);
    chmod(cache, 0777);
    assert_null(cache_folder(a));
    assert_null(load(a, "key"));
    chmod(cache, 0700);
    assert_non_null(load(a, "key"));
}

static void messages_have_places(void **state) {
    struct clang_message m;
    const char *text = "clang: note: something\n"
                       "In file included from a b.bt:3:\n"
                       "/x/y.h:12:7: fatal error: 'z.h' file not found\n"
                       "/x/y.h:12:7: note: here: 1:2: error: no\n"
                       "error: nowhere\n"
                       "a:1:2: error: last";
    assert_true(clang_next_message(*state, &text, &m));
    assert_string_equal(m.file, "a b.bt");
    assert_int_equal(m.line, 3);
    assert_false(m.is_error);
    assert_true(clang_next_message(*state, &text, &m));
    assert_string_equal(m.file, "/x/y.h");
    assert_string_equal(m.text, "'z.h' file not found");
    assert_int_equal(m.column, 7);
    assert_true(clang_next_message(*state, &text, &m));
    assert_string_equal(m.text, "last");
    assert_false(clang_next_message(*state, &text, &m));
}

static void values_and_types_are_taken_from_llvms_text(void **state) {
    struct strbuf module = {0}, values = {0};
    clang_ir_filter(*state,
                    "target triple = \"x86_64\"\n"
                    "@__gaff_v_N = dso_local constant i64 -5, align 8, !dbg !0\n"
                    "@__gaff_v_S = dso_local constant i64 0, align 8, !dbg !1\n"
                    "@.str = private unnamed_addr constant [6 x i8] c\"a\\22b c\\00\", align 1\n"
                    "@__gaff_s_S = dso_local constant ptr @.str, align 8, !dbg !2\n"
                    "@__gaff_s_N = dso_local constant ptr null, align 8, !dbg !3\n"
                    "define i32 @f() {\n  ret i32 0\n}\n"
                    "!2 = distinct !DICompileUnit(language: 1, enums: !4, retainedTypes: !124)\n"
                    "!4 = !{!5, !6}\n"
                    "!124 = !{!7}\n",
                    &module, &values);
    assert_string_equal(strbuf_str(&values), "i N -5\ni S 0\ns S a\"b c\n");
    assert_null(strstr(strbuf_str(&module), "define"));
    assert_null(strstr(strbuf_str(&module), "target"));
    assert_non_null(strstr(strbuf_str(&module), "baseType: !5,"));
    assert_non_null(strstr(strbuf_str(&module), "baseType: !7, size: 8, offset: 16)"));
    assert_non_null(strstr(strbuf_str(&module), "scope: !2,"));
    strbuf_free(&module);
    strbuf_free(&values);
    clang_ir_filter(*state, "@__gaff_v_ = \n@__gaff_s_A = constant @.str\n@.str = c\"\\\n!1 = !{!",
                    &module, &values);
    strbuf_free(&module);
    strbuf_free(&values);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_last_until_a_file_changes),
        cmocka_unit_test(damaged_entries_are_none),
        cmocka_unit_test(what_others_may_write_is_not_used),
        cmocka_unit_test(messages_have_places),
        cmocka_unit_test(values_and_types_are_taken_from_llvms_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
