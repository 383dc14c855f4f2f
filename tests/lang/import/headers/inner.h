#pragma once
struct inner {
    long a;
};
