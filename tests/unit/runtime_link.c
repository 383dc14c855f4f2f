// SPDX-License-Identifier: Apache-2.0
// Links the runtime library alone: if it needed LLVM or the syntax tree, this would not link.
// Also runs it against what is no object, which must end in a message and status 1.
#include <stdio.h>

#include "runtime/runtime.h"

int main(void) {
    static const char garbage[64] = "\177ELF but no more than that";
    struct rt_options opts = {.child_go = -1};
    int status = rt_run(garbage, sizeof(garbage), &opts);
    if (status != 1) {
        fprintf(stderr, "status %d, expected 1\n", status);
        return 1;
    }
    return 0;
}
