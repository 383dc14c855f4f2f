// A program with static probes: arguments in registers, memory and as constants, a probe in two
// places, one behind a semaphore. usage: marks [ROUNDS]
#define _SDT_HAS_SEMAPHORES 1
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sdt.h>

#define SEMAPHORE __attribute__((section(".probes"), used))

SEMAPHORE unsigned short shop_order_semaphore, shop_stock_semaphore, shop_guarded_semaphore,
    depot_order_semaphore;

volatile int32_t stock[4] = {10, -20, 30, 40};
volatile uint8_t small = 200;

__attribute__((noipa)) void order(const char *what, int count, long price) {
    DTRACE_PROBE3(shop, order, what, count, price);
    DTRACE_PROBE1(depot, order, (int8_t)-7);
}

__attribute__((noipa)) void take(int i) {
    DTRACE_PROBE2(shop, stock, stock[i & 3], small);
    if (i > 1) DTRACE_PROBE2(shop, stock, (long)-1, (uint16_t)65535);
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 1;
    for (int i = 0; i < rounds; i++) {
        order("apples", i + 3, -5000000000L);
        take(i);
        if (shop_guarded_semaphore) {
            puts("guarded");
            DTRACE_PROBE(shop, guarded);
        }
    }
    return 0;
}
