// SPDX-License-Identifier: Apache-2.0
// What the files that deal with clang share: clang.c starts it, clang_ir.c makes types out of what
// it gives, vmlinux_h.c writes the header of the kernel's types.
#pragma once

#include "base/strbuf.h"
#include "types/clang.h"

// Names of the variables that stand for a macro's value: as a number, and as a string (null when it
// is none).
#define CLANG_NUMBER "__gaff_v_"
#define CLANG_STRING "__gaff_s_"

// Takes the debug information out of a module in LLVM's text form: `module` becomes one that the
// BPF back end takes, with a variable that refers to every type of the C text; `values` gets a
// line "i NAME NUMBER" or "s NAME TEXT" for each of the variables above.
void clang_ir_filter(struct arena *a, const char *ir, struct strbuf *module, struct strbuf *values);

// The folder for a vmlinux.h of this kernel's BTF (or $BPFTRACE_BTF's); NULL without a cache.
const char *vmlinux_h_folder(struct arena *a);
// Writes it there, unless it is there. False when there is no BTF.
bool vmlinux_h_make(struct arena *a);
