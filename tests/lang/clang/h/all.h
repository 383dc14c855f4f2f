#ifndef ALL_H
#define ALL_H
#include <stdint.h>

#define MOST (sizeof(int) * 10)
#define NAME "hello"
#define SQUARE(x) ((x) * (x))
#define NINE SQUARE(3)
#define NO_VALUE (unknown

enum { FIRST = 5, LAST = 1ull << 40 };

static inline int square(int x)
{
    return SQUARE(x);
}

struct inner {
    uint8_t a;
    long double wide;
};

struct outer {
    struct inner *in;
    struct inner v;
    unsigned bits : 3;
    char name[sizeof(struct inner) / 4];
};
typedef struct outer outer_t;

#endif
