// Writes to one address, from its first thread and from one that it makes. usage: touch [ROUNDS]
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

static void *touch(void *p) {
    *(volatile long *)p += 1;
    return NULL;
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 1;
    long *p = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    pthread_t thread;
    for (int i = 0; i < rounds; i++) touch(p);
    if (pthread_create(&thread, NULL, touch, p)) return 1;
    pthread_join(thread, NULL);
    return 0;
}
