// A program to trace by its debug information: arguments and results of every kind that C has,
// given in registers and on the stack. usage: typed [ROUNDS]
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TRACED __attribute__((noipa))

enum colour { RED = 1, GREEN = 2, BLUE = 4 };
enum weight { LIGHT = -1, HEAVY = 1 };

typedef struct {
    int16_t x, y;
} spot;

struct item;
typedef int (*visit)(struct item *);

struct item {
    uint32_t ready : 1;
    uint32_t kind : 3;
    int32_t delta : 5;
    enum colour colour;
    char name[8];
    int32_t grid[2][3];
    spot corners[2];
    union {
        uint64_t whole;
        uint8_t bytes[8];
    };
    struct {
        int32_t depth;
    } inner;
    struct item *next;
    const char *label;
    visit visitor;
    double ratio;
    __int128 wide;
};

struct links {
    struct item *to[2];
};
struct pair {
    int64_t first, second;
};
struct big {
    int64_t words[4];
};
struct animal { // classes.cc has another one
    int legs;
};
struct mixed {
    double ratio;
    int64_t count;
};

volatile int64_t sum;

TRACED int visit_item(struct item *item) { return item->inner.depth; }

TRACED int linked(struct links *links) { return links->to[1]->inner.depth; }

TRACED struct item *pass(struct item *item, enum colour colour, char letter, bool flag) {
    sum += colour + letter + flag;
    return item;
}

TRACED int8_t narrow(int8_t a, uint16_t b, enum weight w) { return (int8_t)(a - b + w); }

// The floating-point argument is in a register of its own kind: `after` is in the second one.
TRACED long around(long before, double middle, long after) { return before + (long)middle + after; }

TRACED long many(int a, int b, int c, int d, int e, int f, short seventh, struct big big, int last) {
    struct animal animal = {a};
    return animal.legs + b + c + d + e + f + seventh + big.words[1] + last;
}

TRACED long by_value(spot spot, struct pair pair, struct mixed mixed, int last) {
    return spot.x + pair.second + mixed.count + last;
}

TRACED struct pair two(long a) { return (struct pair){a, a * 2}; }

TRACED struct big four(int a, int b) { return (struct big){{a, b, a + b, a * b}}; }

TRACED double half(double x) { return x / 2; }

TRACED __int128 wide(__int128 a, int b) { return a + b; }

// A place whose name and number tests can rely on.
#line 500 "numbered.c"
TRACED void nothing(void) {
    int64_t before = sum;

    sum = before + 1;
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 1;
    char label[] = "on the stack";
    struct item next = {.inner.depth = 8, .label = label};
    struct item item = {.ready = 1,
                        .kind = 5,
                        .delta = 9,
                        .colour = GREEN,
                        .name = "first",
                        .grid = {{1, 2, 3}, {4, 5, 6}},
                        .corners = {{-1, 2}, {3, -4}},
                        .bytes = {1, 2},
                        .inner.depth = 7,
                        .next = &next,
                        .label = label,
                        .visitor = visit_item,
                        .ratio = 0.5,
                        .wide = 9};
    struct links links = {{&item, &next}};
    struct big big = {{10, 20, 30, 40}};
    for (int i = 0; i < rounds; i++) {
        sum += pass(&item, BLUE, 'x', true)->visitor(&item);
        sum += linked(&links);
        sum += narrow(-3, 40000, LIGHT);
        sum += around(1, 2.5, 3);
        sum += many(1, 2, 3, 4, 5, 6, -7, big, 8);
        sum += by_value((spot){-1, 2}, (struct pair){3, 4}, (struct mixed){0.5, 6}, 7);
        sum += two(21).second + four(3, 5).words[3] + (long)half(3) + (long)wide(-1, 6);
        nothing();
    }
    return 0;
}
