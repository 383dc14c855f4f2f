// SPDX-License-Identifier: Apache-2.0
// Any bytes as a script: scanned, parsed, typed. Must end in diagnostics or a typed program.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "parser/parser.h"
#include "sema/sema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    // No kernel types: the fuzzer explores the language, not vmlinux.
    setenv("BPFTRACE_BTF", "/dev/null", 1);
    setenv("GAFF_CLANG", "/dev/null", 1); // there is none
    setenv("GAFF_NO_FEATURE", "cookie,get_func_ip", 1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 4096) return 0;
    struct arena *a = arena_new();
    struct unit u = {.arena = a, .diags = diags_new(a)};
    u.source = source_new(a, "fuzz", (const char *)data, size);
    u.types = types_new(a, NULL);
    config_init(&u.config);
    u.options.unsafe = true;
    u.ast = parse_program(a, u.diags, u.source);
    if (!diags_errors(u.diags)) sema_run(&u);
    FILE *null = fopen("/dev/null", "w");
    if (null) {
        diags_print(u.diags, null, false);
        fclose(null);
    }
    types_free(u.types);
    arena_free(a);
    return 0;
}
