// SPDX-License-Identifier: Apache-2.0
// Types: interning, layout of tuples and of C definitions, constants, BTF of the running kernel
// where it can be read.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "types/btf.h"
#include "types/type.h"

struct fixture {
    struct arena *a;
    struct types *t;
};

static int set_up(void **state) {
    static struct fixture f;
    f.a = arena_new();
    f.t = types_new(f.a, NULL);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    types_free(f->t);
    arena_free(f->a);
    return 0;
}

static void add(struct types *t, const char *text) {
    const char *error;
    size_t at;
    if (!types_add_c(t, text, strlen(text), &error, &at)) fail_msg("%s at %zu", error, at);
}

static const char *refused(struct types *t, const char *text) {
    const char *error;
    size_t at;
    assert_false(types_add_c(t, text, strlen(text), &error, &at));
    return error;
}

static void equal_types_are_one(void **state) {
    struct types *t = ((struct fixture *)*state)->t;
    const struct type *i = types_int(t, 32, true);
    assert_ptr_equal(i, types_find(t, "int"));
    assert_ptr_equal(types_pointer(t, i, SPACE_USER), types_pointer(t, i, SPACE_USER));
    assert_ptr_not_equal(types_pointer(t, i, SPACE_USER), types_pointer(t, i, SPACE_KERNEL));
    assert_string_equal(type_name(t, types_pointer(t, i, SPACE_NONE)), "int32 *");
    assert_string_equal(type_name(t, types_string(t, 16)), "string[16]");
    assert_ptr_equal(types_find(t, "long unsigned int"), types_int(t, 64, false));
    assert_null(types_find(t, "long char int long long"));
}

static void tuples_are_aligned(void **state) {
    struct types *t = ((struct fixture *)*state)->t;
    const struct type *elems[] = {types_int(t, 8, true), types_int(t, 64, true),
                                  types_string(t, 3)};
    const struct type *tuple = types_tuple(t, elems, NULL, 3);
    assert_int_equal(tuple->fields[1].offset, 8);
    assert_int_equal(tuple->fields[2].offset, 16);
    assert_int_equal(tuple->size, 24);
    assert_string_equal(type_name(t, tuple), "(int8,int64,string[3])");
}

static void structs_have_c_layout(void **state) {
    struct types *t = ((struct fixture *)*state)->t;
    struct type_field f;
    add(t, "struct inner { char c; int i; };\n"
           "struct outer { short s; struct inner in[2]; union { long l; char b[3]; }; };");
    const struct type *o = types_find(t, "struct outer");
    assert_non_null(o);
    assert_int_equal(o->size, 32);
    assert_true(types_find_field(t, o, "in", &f));
    assert_int_equal(f.offset, 4);
    assert_true(types_find_field(t, o, "b", &f)); // through the anonymous union
    assert_int_equal(f.offset, 24);
    assert_false(types_find_field(t, o, "none", &f));
    add(t, "struct packed { char c; int i; } __attribute__((packed));");
    assert_int_equal(types_find(t, "struct packed")->size, 5);
}

static void bit_fields_share_units(void **state) {
    struct types *t = ((struct fixture *)*state)->t;
    struct type_field f;
    add(t, "struct bits { unsigned a : 3; unsigned b : 5; unsigned c : 30; };");
    const struct type *s = types_find(t, "struct bits");
    assert_int_equal(s->size, 8);
    assert_true(types_find_field(t, s, "b", &f));
    assert_int_equal(f.bit_offset + f.offset * 8, 3);
    assert_int_equal(f.bit_size, 5);
    assert_true(types_find_field(t, s, "c", &f));
    assert_int_equal(f.offset, 4);
}

static void constants_and_conditions(void **state) {
    struct types *t = ((struct fixture *)*state)->t;
    int64_t v;
    const struct type *type;
    add(t, "enum color { RED, GREEN = 5, BLUE };");
    add(t, "#define SIZE (4 * 1024)\n");
    add(t, "#if SIZE > 10 && !defined(NOTHING)\nstruct yes { int x; };\n#else\nstruct no { int x; "
           "};\n#endif\n");
    assert_true(types_find_constant(t, "BLUE", &v, &type));
    assert_int_equal(v, 6);
    assert_string_equal(type->name, "enum color");
    assert_true(types_find_constant(t, "SIZE", &v, &type));
    assert_int_equal(v, 4096);
    assert_true(types_find_constant(t, "AF_INET6", &v, &type));
    assert_int_equal(v, 10);
    assert_non_null(types_find(t, "struct yes"));
}

static void mistakes_are_named(void **state) {
    struct types *t = ((struct fixture *)*state)->t;
    assert_non_null(strstr(refused(t, "struct a { no_such_type x; };"), "no_such_type"));
    assert_non_null(strstr(refused(t, "#include \"nowhere.h\"\n"), "nowhere.h"));
    refused(t, "struct b { int x[-1]; };");
    refused(t, "struct c { int x : 99; };");
    refused(t, "struct d { int");
    refused(t, "#endif\n");
}

static void kernel_types(void **state) {
    struct types *t = ((struct fixture *)*state)->t;
    struct type_field f;
    if (access("/sys/kernel/btf/vmlinux", R_OK)) skip();
    const struct type *task = types_find(t, "struct task_struct");
    assert_non_null(task);
    assert_true(types_find_field(t, task, "comm", &f));
    assert_int_equal(f.type->count, 16);
    assert_true(types_find_field(t, task, "real_parent", &f));
    assert_string_equal(f.type->target->name, "struct task_struct");
    const struct type_func *fn = types_find_func(t, NULL, "vfs_read");
    assert_non_null(fn);
    assert_string_equal(fn->params[0].name, "file");
    assert_null(types_find(t, "struct no_such_struct_at_all"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_types_are_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tuples_are_aligned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(structs_have_c_layout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bit_fields_share_units, set_up, tear_down),
        cmocka_unit_test_setup_teardown(constants_and_conditions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mistakes_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kernel_types, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
