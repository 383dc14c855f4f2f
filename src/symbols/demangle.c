// SPDX-License-Identifier: Apache-2.0
// Through the C++ runtime's own demangler (Itanium C++ ABI, section 3.4).
#include "symbols/demangle.h"

#include <stddef.h>

char *__cxa_demangle(const char *name, char *buffer, size_t *len, int *status);

char *demangle(const char *name) {
    int status;
    if (name[0] != '_' || name[1] != 'Z') return NULL;
    return __cxa_demangle(name, NULL, NULL, &status);
}
