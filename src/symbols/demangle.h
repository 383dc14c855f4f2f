// SPDX-License-Identifier: Apache-2.0
// C++ names as people write them.
#pragma once

// The demangled name, to be freed; NULL when `name` is not mangled.
char *demangle(const char *name);
