// SPDX-License-Identifier: Apache-2.0
// The standard form of a script.
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"
#include "base/strbuf.h"

// Appends the script in standard form to *out: the same tokens and comments, other space. Errors
// of syntax go to `d`, and then nothing is appended. False also when the result would not read
// as the same tokens, which is a defect here; the script is then appended as it was.
bool format_source(struct arena *a, struct diags *d, const struct source *src, struct strbuf *out);
