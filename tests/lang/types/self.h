#include "self.h"
struct self {
    int x;
};
