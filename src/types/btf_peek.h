// SPDX-License-Identifier: Apache-2.0
// One question to the running kernel's BTF without reading all of it, and what its readers share.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct btf_type;

// Bytes that follow struct btf_type for its kind; negative for an unknown kind.
long btf_extra_size(const struct btf_type *bt);
// Where a direct member of a struct begins, in bytes. Reads the file up to the struct only, which
// for the kernel's oldest ones is a few pages. False when there is no BTF or no such member.
bool btf_peek_member(const char *structure, const char *member, uint32_t *offset);
