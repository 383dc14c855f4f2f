// A program to trace: functions with arguments of several kinds, called in a fixed order.
// usage: calls [ROUNDS [PAUSE-MS]]
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Called as written: not inlined, cloned, reordered or given fewer arguments.
#define TRACED __attribute__((noipa))

struct point {
    int32_t x, y;
    uint8_t colour[4];
    const char *label;
};

volatile int counter = 7;
volatile long table_sum;

TRACED int add(int a, int b) { return a + b; }

TRACED int below_zero(int a) { return -a; }

TRACED long six(long a, long b, long c, long d, long e, long f) { return a + b + c + d + e + f; }

TRACED const char *greet(const char *name, size_t length) { return length ? name : "nobody"; }

TRACED int measure(struct point *p) { return p->x * p->x + p->y * p->y; }

// Takes as many milliseconds as it is told, so that its latency is known.
TRACED void wait_ms(int ms) { usleep(ms * 1000); }

TRACED int inner(int depth) {
    counter = depth;
    return depth;
}

TRACED int middle(int depth) { return inner(depth) + 1; }

TRACED int outer(int depth) { return middle(depth) + 1; }

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 1, pause = argc > 2 ? atoi(argv[2]) : 0;
    // On the stack, since a page of constants need not be in memory when a probe reads it.
    char name[] = "world", label[] = "corner";
    struct point p = {.x = 3, .y = -4, .colour = {1, 2, 3, 255}, .label = label};

    for (int i = 1; i <= rounds; i++) {
        table_sum += add(i, 40);
        table_sum += below_zero(i);
        table_sum += six(1, 2, 3, 4, 5, 6);
        table_sum += greet(name, 5)[0];
        table_sum += measure(&p);
        table_sum += outer(i);
        wait_ms(i);
        if (pause) usleep(pause * 1000);
    }
    return 0;
}
