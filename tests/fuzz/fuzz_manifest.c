// SPDX-License-Identifier: Apache-2.0
// Any bytes as an object and as a manifest. Must be refused, or read into what can be written
// again.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "object/elf.h"
#include "object/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t len;
    char *error = NULL;
    // The sections' headers are read as words: the copy is aligned.
    void *copy = malloc(size ? size : 1);
    if (!copy) return 0;
    if (size) memcpy(copy, data, size);
    elf_find_section(copy, size, MANIFEST_SECTION, &len);
    free(elf_add_section(copy, size, MANIFEST_SECTION, "{}", 2, &len));
    struct manifest *m = manifest_read(copy, size, &error);
    if (m) {
        free(manifest_write(m, false));
        manifest_free(m);
    }
    free(error);
    free(copy);
    return 0;
}
