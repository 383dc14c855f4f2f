// SPDX-License-Identifier: Apache-2.0
// The border: a manifest survives being written and read; malformed ones are refused; a section
// is added to an ELF file and found again.
#include <elf.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "object/elf.h"
#include "object/manifest.h"
#include "output/output.h"

static struct manifest *sample(struct types *t) {
    struct manifest *m = manifest_new();
    const struct type *elems[] = {types_int(t, 32, true), types_string(t, 16)};
    const struct type *tuple = types_tuple(t, elems, NULL, 2);
    struct mf_target target = {.name = "kprobe:f", .function = "f", .offset = 4};
    struct mf_program program = {
        .symbol = "gaff_0", .provider = "kprobe", .ntargets = 1, .line = 3};
    struct mf_map map = {.name = "@a",
                         .symbol = "AT_a",
                         .key = tuple,
                         .value = types_aggregate(t, TYPE_COUNT, false),
                         .max_entries = 9};
    struct mf_map queue = {.name = "@q",
                           .symbol = "AT_q",
                           .key = types_int(t, 64, false),
                           .value = types_int(t, 64, true),
                           .max_entries = 4,
                           .bpf_type = BPF_MAP_TYPE_QUEUE,
                           .pin = "q"};
    struct mf_event event = {.kind = EVENT_PRINTF, .format = "%s\n", .size = 32};
    struct mf_field field = {.type = types_string(t, 16), .offset = 16};
    m->source_name = "x.bt";
    m->source_text = "end { \"\u00e4\" }";
    VEC_PUSH(m->arena, &m->targets, target);
    VEC_PUSH(m->arena, &m->programs, program);
    VEC_PUSH(m->arena, &m->maps, map);
    VEC_PUSH(m->arena, &m->maps, queue);
    VEC_PUSH(m->arena, &event.fields, field);
    VEC_PUSH(m->arena, &m->events, event);
    return m;
}

static void round_trip(void **state) {
    (void)state;
    struct arena *a = arena_new();
    struct types *t = types_new(a, NULL);
    struct manifest *m = sample(t);
    char *json = manifest_write(m, false), *error;
    struct manifest *back = manifest_read(json, strlen(json), &error);
    if (!back) fail_msg("%s", error);
    assert_string_equal(back->source_text, m->source_text);
    assert_string_equal(back->targets.data[0].function, "f");
    assert_int_equal(back->targets.data[0].offset, 4);
    assert_true(type_equal(back->maps.data[0].key, m->maps.data[0].key));
    assert_string_equal(back->maps.data[1].pin, "q");
    assert_int_equal(back->maps.data[1].bpf_type, BPF_MAP_TYPE_QUEUE);
    assert_int_equal(back->events.data[0].fields.data[0].offset, 16);
    char *again = manifest_write(back, false);
    assert_string_equal(again, json);
    free(again);
    free(json);
    manifest_free(back);
    manifest_free(m);
    arena_free(a);
}

static void refused(const char *json) {
    char *error;
    struct manifest *m = manifest_read(json, strlen(json), &error);
    if (m) fail_msg("accepted: %s", json);
    assert_non_null(error);
    free(error);
}

static void malformed_manifests(void **state) {
    (void)state;
    refused("");
    refused("[]");
    refused("{\"version\": 99}");
    const char *head = "{\"version\":1,\"source_name\":\"\",\"source\":\"\",\"license\":\"GPL\",";
    char text[512];
    snprintf(text, sizeof(text), "%s\"maps\":[{\"name\":\"@a\",\"symbol\":\"AT_a\",\"value\":7}]}",
             head);
    refused(text); // no such type
    snprintf(text, sizeof(text),
             "%s\"types\":[{\"kind\":4,\"size\":8}],\"events\":[{\"kind\":0,"
             "\"format\":\"\",\"size\":8,\"fields\":[{\"type\":0,\"offset\":4}]}]}",
             head);
    refused(text); // a field outside of its record
    snprintf(text, sizeof(text), "%s\"types\":[{\"kind\":9,\"size\":8,\"count\":1,\"target\":1}]}",
             head);
    refused(text); // an array of itself
    static const char *const bad_maps[] = {
        "\"key\":0,\"pin\":\"../x\"",   // a pin outside of its folder
        "\"scalar\":1,\"bpf_type\":22", // a queue without places
        "\"scalar\":1,\"bpf_type\":11", // a trie without prefixes
    };
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof(text),
                 "%s\"types\":[{\"kind\":4,\"size\":8}],\"maps\":[{\"name\":\"@a\","
                 "\"symbol\":\"AT_a\",\"value\":0,%s}]}",
                 head, bad_maps[i]);
        refused(text);
    }
}

static void pin_names(void **state) {
    (void)state;
    char name[202];
    memset(name, 'a', sizeof(name));
    name[201] = '\0';
    assert_false(manifest_pin_ok(name));
    name[200] = '\0';
    assert_true(manifest_pin_ok(name));
    assert_true(manifest_pin_ok("shared counts"));
    static const char *const bad[] = {"", ".", "..", "a/b", "a.b", "a:type", "a\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) assert_false(manifest_pin_ok(bad[i]));
}

static void sections(void **state) {
    (void)state;
    Elf64_Ehdr h = {.e_shoff = sizeof(h), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 1};
    // One section: the table of names, which holds the empty name only.
    Elf64_Shdr names = {
        .sh_type = SHT_STRTAB, .sh_offset = sizeof(h) + sizeof(names), .sh_size = 1};
    unsigned char file[sizeof(h) + sizeof(names) + 1] = {0};
    size_t len, n;
    memcpy(h.e_ident, ELFMAG, SELFMAG);
    h.e_ident[EI_CLASS] = ELFCLASS64;
    memcpy(file, &h, sizeof(h));
    memcpy(file + sizeof(h), &names, sizeof(names));
    void *out = elf_add_section(file, sizeof(file), ".gaff", "hello", 5, &len);
    assert_non_null(out);
    const char *found = elf_find_section(out, len, ".gaff", &n);
    assert_int_equal(n, 5);
    assert_memory_equal(found, "hello", 5);
    assert_null(elf_find_section(out, len, ".none", &n));
    assert_null(elf_find_section(out, 20, ".gaff", &n));
    assert_null(elf_add_section("no ELF", 6, ".gaff", "", 0, &len));
    free(out);
}

// ---- output of decoded values ----

static void check_format(const char *format, const struct type *type, const void *data,
                         const char *want) {
    struct manifest *m = manifest_new();
    struct output_options opts = {0};
    struct output *o = output_new(stdout, &opts, m, NULL);
    struct mf_field field = {.type = type};
    struct mf_fields fields = {.data = &field, .len = 1, .cap = 1};
    struct strbuf b = {0};
    output_format(o, &b, format, &fields, data);
    assert_string_equal(strbuf_str(&b), want);
    strbuf_free(&b);
    output_free(o);
    manifest_free(m);
}

static void formats(void **state) {
    (void)state;
    struct arena *a = arena_new();
    struct types *t = types_new(a, NULL);
    int64_t minus = -1;
    uint64_t big = 0x12345678abcdef;
    check_format("%d|", types_int(t, 64, true), &minus, "-1|");
    check_format("%x %%", types_int(t, 64, true), &minus, "ffffffff %");
    check_format("%lx", types_int(t, 64, true), &minus, "ffffffffffffffff");
    check_format("%hhx", types_int(t, 64, false), &big, "ef");
    check_format("%-6hx|", types_int(t, 64, false), &big, "cdef  |");
    check_format("%5s|", types_string(t, 4), "abc", "  abc|");
    check_format("50%\n", types_int(t, 64, true), &minus, "50%\n");
    check_format("%s", types_basic(t, TYPE_BOOL), "\1", "true");
    arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(malformed_manifests),
        cmocka_unit_test(pin_names),  cmocka_unit_test(sections),
        cmocka_unit_test(formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
