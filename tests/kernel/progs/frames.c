// Calls getppid() from an inlined function, and once from code that it makes itself, of which it
// tells in /tmp/perf-PID.map. Built with debug information.
// usage: frames [MILLISECONDS-BEFORE-THE-END]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile int sink;

// At getppid's first instruction the frame of its caller is not made yet, so this one is missed.
__attribute__((noinline)) void ask(void) {
    sink += getppid();
}

static inline __attribute__((always_inline)) int innermost(int n) {
    ask();
    return n + 1;
}

static inline __attribute__((always_inline)) int between(int n) {
    return innermost(n) + 1;
}

__attribute__((noinline)) int holder(int n) {
    int r = between(n);
    sink += r;
    return r;
}

__attribute__((noinline)) void target(void) {
    ask();
    sink++;
}

#ifdef __x86_64__
// push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret
static const unsigned char made[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};

static void call_made_code(void) {
    char name[64];
    unsigned char *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    memcpy(page, made, sizeof(made));
    snprintf(name, sizeof(name), "/tmp/perf-%d.map", getpid());
    FILE *f = fopen(name, "w");
    if (f) {
        fprintf(f, "%lx %zx jit:made code\n", (unsigned long)page, sizeof(made));
        fclose(f);
    }
    void (*function)(void (*)(void)) = (void (*)(void (*)(void)))page;
    function(target);
    usleep(1000000);
    unlink(name);
}
#else
static void call_made_code(void) {}
#endif

int main(int argc, char **argv) {
    holder(argc);
    if (argc > 1) usleep((unsigned)atoi(argv[1]) * 1000);
    call_made_code();
    return 0;
}
