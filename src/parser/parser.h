// SPDX-License-Identifier: Apache-2.0
// Text to syntax tree.
#pragma once

#include <stdio.h>

#include "base/diag.h"
#include "parser/ast.h"

// Parses a whole script. Errors go to `d`; the tree that is returned then has holes and must not
// go further. Never NULL.
struct ast_program *parse_program(struct arena *a, struct diags *d, const struct source *src);
// Prints the tree, one node on each line, indented; with types where sema has set them.
void ast_print(const struct ast_program *p, FILE *out);
