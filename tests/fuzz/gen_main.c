// SPDX-License-Identifier: Apache-2.0
// gaff-gen SEED [--mistakes]: prints the script of a number. gaff-gen FIRST COUNT FOLDER: writes
// scripts FOLDER/N.bt for COUNT numbers. gaff-gen FILE: the script of a fuzzer's input.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"

enum { CHOICES = 1200 };

static char *script(uint64_t seed, bool mistakes) {
    uint8_t data[CHOICES];
    struct gen_options options = {.with_mistakes = mistakes};
    gen_stream(seed, data, sizeof(data));
    return gen_script(data, sizeof(data), &options);
}

static int of_file(const char *path) {
    uint8_t data[1 << 16];
    struct gen_options options = {.with_mistakes = true};
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t n = fread(data, 1, sizeof(data), f);
    fclose(f);
    char *text = gen_script(data, n, &options);
    fputs(text, stdout);
    free(text);
    return 0;
}

static int many(uint64_t first, uint64_t count, const char *folder) {
    for (uint64_t i = first; i < first + count; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%llu.bt", folder, (unsigned long long)i);
        char *text = script(i, false);
        FILE *f = fopen(path, "w");
        bool bad = !f || fputs(text, f) < 0 || fclose(f);
        free(text);
        if (!bad) continue;
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: gaff-gen SEED [--mistakes] | FIRST COUNT FOLDER | FILE\n");
        return 2;
    }
    char *end;
    uint64_t first = strtoull(argv[1], &end, 10);
    if (*end) return of_file(argv[1]);
    if (argc > 3) return many(first, strtoull(argv[2], NULL, 10), argv[3]);
    char *text = script(first, argc > 2 && !strcmp(argv[2], "--mistakes"));
    fputs(text, stdout);
    free(text);
    return 0;
}
