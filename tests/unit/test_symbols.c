// SPDX-License-Identifier: Apache-2.0
// Names of addresses in programs: of this very one, of one that has ended, of code that was made
// while it ran, of files that are damaged.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "symbols/symbols.h"

int known_function(int n);
__attribute__((noinline)) int known_function(int n) { return n * 3 + getpid(); }

static struct symbols *symbols_make(void) {
    struct symbols_options opts = {.demangle = true, .lines = true};
    return symbols_new(&opts);
}

static const struct symbol_frame *look_up(struct symbols *s, pid_t pid, uint64_t address) {
    static struct symbol_frame frames[SYMBOLS_MAX_FRAMES];
    size_t n = symbols_user(s, pid, address, SYMBOLS_TOP, frames, SYMBOLS_MAX_FRAMES);
    return n ? &frames[n - 1] : NULL;
}

static void own_function(void **state) {
    (void)state;
    struct symbols *s = symbols_make();
    const struct symbol_frame *f = look_up(s, getpid(), (uintptr_t)known_function + 2);
    assert_non_null(f);
    assert_string_equal(f->name, "known_function");
    assert_int_equal(f->offset, 2);
    assert_null(look_up(s, getpid(), 8));
    symbols_free(s);
}

static void ended_process(void **state) {
    (void)state;
    struct symbols *s = symbols_make();
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    symbols_note_process(s, child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    const struct symbol_frame *f = look_up(s, child, (uintptr_t)known_function);
    assert_non_null(f);
    assert_string_equal(f->name, "known_function");
    symbols_free(s);
}

// Code that is made later replaces what was there; the file is read on as it grows.
static void made_code(void **state) {
    (void)state;
    char path[64];
    unsigned char *page =
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "nonsense\n%lx 100 first one\n%lx zz broken\n%lx 10 half", (long)page, (long)page,
            (long)page + 16);
    fflush(f);
    struct symbols *s = symbols_make();
    const struct symbol_frame *frame = look_up(s, getpid(), (uintptr_t)page + 20);
    assert_non_null(frame);
    assert_string_equal(frame->name, "first one");
    assert_int_equal(frame->offset, 20);
    assert_string_equal(frame->module, path);
    fprintf(f, " a line\n");
    fclose(f);
    frame = look_up(s, getpid(), (uintptr_t)page + 20);
    assert_string_equal(frame->name, "half a line");
    assert_int_equal(frame->offset, 4);
    assert_string_equal(look_up(s, getpid(), (uintptr_t)page + 40)->name, "first one");
    symbols_free(s);
    unlink(path);
    munmap(page, 4096);
}

// Whatever is mapped, and whatever the address: an answer or none.
static void every_mapping(void **state) {
    (void)state;
    struct symbols *s = symbols_make();
    FILE *f = fopen("/proc/self/maps", "re");
    char line[4400], perms[8];
    unsigned long begin, end;
    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%lx-%lx %7s", &begin, &end, perms) != 3 || perms[2] != 'x') continue;
        for (unsigned long at = begin; at < end; at += (end - begin) / 50 + 1) {
            const struct symbol_frame *frame = look_up(s, getpid(), at);
            if (frame && frame->name) assert_true(strlen(frame->name) > 0);
        }
    }
    if (f) fclose(f);
    symbols_free(s);
}

// More processes than are kept; they need not exist.
static void many_processes(void **state) {
    (void)state;
    struct symbols *s = symbols_make();
    for (int pid = 1 << 23; pid < (1 << 23) + 6000; pid++) symbols_note_process(s, pid);
    assert_non_null(look_up(s, getpid(), (uintptr_t)known_function));
    symbols_free(s);
}

// This program with bytes changed, and cut off.
static void damaged_file(void **state) {
    (void)state;
    char path[] = "/tmp/gaff-symbols-XXXXXX";
    int fd = mkstemp(path), self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && self >= 0);
    size_t len = 1 << 16;
    unsigned char *bytes = malloc(len);
    struct symbol_frame frames[SYMBOLS_MAX_FRAMES];
    srand(1);
    for (int round = 0; round < 40; round++) {
        ssize_t n = pread(self, bytes, len, 0);
        assert_true(n > 64);
        for (int i = 0; i < 8; i++) bytes[rand() % 512] = (unsigned char)rand();
        memcpy(bytes, "\177ELF\2\1\1", 7);
        bytes[16] = 2; // ET_EXEC: loaded where it says
        size_t keep = round % 4 ? (size_t)n : (size_t)(rand() % n);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, bytes, keep, 0), keep);
        struct symbols *s = symbols_make();
        for (uint64_t at = 0; at < 1 << 20; at += 4099)
            symbols_file(s, path, at, SYMBOLS_TOP, frames, SYMBOLS_MAX_FRAMES);
        symbols_free(s);
    }
    free(bytes);
    close(fd);
    close(self);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_function),   cmocka_unit_test(ended_process),
        cmocka_unit_test(made_code),      cmocka_unit_test(every_mapping),
        cmocka_unit_test(many_processes), cmocka_unit_test(damaged_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
