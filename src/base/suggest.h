// SPDX-License-Identifier: Apache-2.0
// The nearest of some names to a misspelt one, for hints.
#pragma once

#include <stddef.h>

struct suggest {
    const char *wrong;
    const char *best; // NULL while nothing is near enough
    unsigned distance;
};

// Begins a search for names near `wrong`.
struct suggest suggest_begin(const char *wrong);
// Offers a candidate, which must outlive the search.
void suggest_offer(struct suggest *s, const char *candidate);
