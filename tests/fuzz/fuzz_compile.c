// SPDX-License-Identifier: Apache-2.0
// The whole compiler, in memory: bytes are the choices of the generator (gen.h), whose script is
// scanned, parsed, typed and, if nothing is wrong with it, made into an object. Code generation
// must give one: LLVM's fatal errors, which end the program elsewhere, are crashes here.
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "gen.h"
#include "parser/parser.h"
#include "sema/sema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

// What on_fatal of codegen calls. libFuzzer itself ends by _Exit.
void _exit(int status) {
    (void)status;
    abort();
}

// Kernel types of the scripts, in a file of their own: vmlinux takes long to read, each time.
static void write_btf(const char *path) {
    struct btf *b = btf__new_empty();
    FILE *f = fopen(path, "we");
    if (!b || !f) abort();
    int integer = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
    int letter = btf__add_int(b, "char", 1, BTF_INT_CHAR);
    int comm = btf__add_array(b, integer, letter, 16);
    int task = btf__add_struct(b, "task_struct", 64), pointer = task + 1;
    btf__add_field(b, "pid", integer, 0, 0);
    btf__add_field(b, "tgid", integer, 32, 0);
    btf__add_field(b, "comm", comm, 64, 0);
    btf__add_field(b, "parent", pointer, 192, 0);
    btf__add_field(b, "real_parent", pointer, 256, 0);
    btf__add_field(b, "group_leader", pointer, 320, 0);
    btf__add_ptr(b, task);
    uint32_t len;
    const void *bytes = btf__raw_data(b, &len);
    if (!bytes || fwrite(bytes, 1, len, f) != len || fclose(f)) abort();
    btf__free(b);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    char path[] = "/tmp/gaff-fuzz-btf.XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) abort();
    close(fd);
    write_btf(path);
    setenv("BPFTRACE_BTF", path, 1);
    setenv("GAFF_CLANG", "/dev/null", 1); // there is none
    return 0;
}

static const struct source *script(struct arena *a, const uint8_t *data, size_t size) {
    struct gen_options options = {.with_mistakes = true};
    char *text = gen_script(data, size, &options);
    const struct source *src = source_new(a, "fuzz", arena_strdup(a, text), strlen(text));
    free(text);
    return src;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 4096) return 0;
    struct arena *a = arena_new();
    struct unit u = {.arena = a, .diags = diags_new(a)};
    size_t len;
    u.source = script(a, data, size);
    u.types = types_new(a, NULL);
    config_init(&u.config);
    u.options.unsafe = true;
    u.ast = parse_program(a, u.diags, u.source);
    if (!diags_errors(u.diags) && sema_run(&u)) {
        struct cg_dump dump = {0};
        void *object = cg_compile(&u, &dump, &len);
        if (!object) abort();
        free(object);
    }
    FILE *null = fopen("/dev/null", "w");
    if (null) {
        diags_print(u.diags, null, false);
        fclose(null);
    }
    types_free(u.types);
    arena_free(a);
    return 0;
}
