// SPDX-License-Identifier: Apache-2.0
// What programs map from now on, as the kernel tells it by perf events: so that code can be named
// of a process that has ended before it was asked about.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct watch;

struct watch_handler {
    void *ctx;
    void (*mapped)(void *ctx, pid_t pid, uint64_t begin, uint64_t size, uint64_t offset, ino_t ino,
                   const char *name);
    void (*exec)(void *ctx, pid_t pid); // its mappings are gone
    void (*forked)(void *ctx, pid_t pid, pid_t parent);
};

// NULL when the kernel does not allow it.
struct watch *watch_open(const struct watch_handler *handler);
void watch_close(struct watch *w);
int watch_fd(const struct watch *w); // readable when much is waiting
// Hands over what happened since, in the order of time.
void watch_read(struct watch *w);
