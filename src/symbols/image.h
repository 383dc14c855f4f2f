// SPDX-License-Identifier: Apache-2.0
// A file of code that processes map: its functions by address. Addresses are virtual, as the file
// has them; its tables are read at the first question.
#pragma once

#include <sys/types.h>

#include "symbols/lines.h"

struct image;

// A file that can be opened at `path` and is shown as `name`. NULL when it cannot be read or is no
// ELF file. opts is borrowed.
struct image *image_open(const char *path, const char *name, const struct lines_options *opts);
// The kernel's page of code in every process, as this one has it; NULL when there is none.
struct image *image_vdso(void);
void image_free(struct image *im);
const char *image_name(const struct image *im);
// In hexadecimal, "" when it has none.
const char *image_build_id(const struct image *im);
bool image_is(const struct image *im, dev_t dev, ino_t ino);
bool image_is_fixed(const struct image *im); // loaded at the addresses in the file (ET_EXEC)
// Bytes of memory that its tables take.
size_t image_size(const struct image *im);
// Virtual address of a place in the file; false when no segment has it.
bool image_address(const struct image *im, uint64_t offset, uint64_t *address);
// The function that holds an address, demangled if so asked; NULL: unknown. Valid until the next
// call.
const char *image_function(struct image *im, uint64_t address, uint64_t *begin);
// As lines_frames; 0 also where there is no debug information.
size_t image_lines(struct image *im, uint64_t address, struct lines_frame *out, size_t max);
