// SPDX-License-Identifier: Apache-2.0
// Compiler attributes, behind names of our own so that no other file spells them.
#pragma once

#define ATTR_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define ATTR_NORETURN           __attribute__((noreturn))
#define ATTR_UNUSED             __attribute__((unused))
#define ATTR_FALLTHROUGH        __attribute__((fallthrough))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
