// SPDX-License-Identifier: Apache-2.0
// Edit distance with transpositions, bounded: a third of the name's length may be wrong.
#include "base/suggest.h"

#include <string.h>

enum { LONGEST = 64 };

static unsigned min3(unsigned a, unsigned b, unsigned c) {
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

// Distance of two names shorter than LONGEST.
static unsigned distance(const char *a, size_t na, const char *b, size_t nb) {
    unsigned rows[3][LONGEST + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= nb; j++) last[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned cost = a[i - 1] != b[j - 1];
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        unsigned *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[nb];
}

struct suggest suggest_begin(const char *wrong) {
    unsigned third = (unsigned)strlen(wrong) / 3, limit = third ? third : 1;
    return (struct suggest){.wrong = wrong, .distance = limit + 1};
}

void suggest_offer(struct suggest *s, const char *candidate) {
    size_t na = strlen(s->wrong), nb = strlen(candidate);
    size_t gap = na > nb ? na - nb : nb - na;
    if (na >= LONGEST || nb >= LONGEST || !nb || gap >= s->distance) return;
    unsigned d = distance(s->wrong, na, candidate, nb);
    if (d >= s->distance || d == 0) return;
    s->distance = d;
    s->best = candidate;
}
