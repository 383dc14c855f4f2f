#pragma once
#include "inner.h"
#define TWICE(x) ((x) * 2)
struct outer {
    struct inner in;
    char pad[TWICE(4)];
};
