// SPDX-License-Identifier: Apache-2.0
// Pinned maps: /sys/fs/bpf/gaff/NAME, and beside each NAME:type, an array of one that holds what
// the kernel does not know of it, four lines of text: kind, key's type ("-": none), value's type,
// number of entries.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIN_MOUNT  "/sys/fs/bpf"
#define PIN_FOLDER PIN_MOUNT "/gaff"

enum { PIN_PATH = 256, PIN_TEXT = 64 << 10 }; // bytes

// Opens the folder (making it, for the user alone, if `make`) and locks it until the descriptor
// is closed. -ENOENT, said by nobody, when it is not there and not to be made; other negative
// errnos after a message.
int pin_folder_open(bool make);
void pin_path(char *out, const char *name, const char *suffix); // PIN_PATH bytes
// The four lines of a pin, to be freed; NULL when there are none.
char *pin_text_read(const char *name);
