// SPDX-License-Identifier: Apache-2.0
// Where the output goes. A pipe whose reader is slow must not keep a signal from being seen: before
// each write it is waited for room and for signals; after one, only as long as events are handled.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/runtime_internal.h"

// Waits until the pipe takes bytes; false at the end of the time after a signal.
static bool wait_for_room(struct runtime *rt) {
    for (;;) {
        uint64_t now = rt_now();
        if (rt->deadline && now >= rt->deadline) return false;
        int timeout = rt->deadline ? (int)((rt->deadline - now) / 1000000) + 1 : -1;
        struct pollfd p[2] = {{.fd = rt->sink, .events = POLLOUT},
                              {.fd = rt->signals, .events = POLLIN}};
        if (poll(p, 2, timeout) < 0 && errno != EINTR) return true; // write() says what is wrong
        if (p[1].revents) rt_read_signals(rt);
        if (p[0].revents) return true;
    }
}

// For fopencookie(3): gives 0 on failure.
static ssize_t write_pipe(void *cookie, const char *data, size_t len) {
    struct runtime *rt = cookie;
    size_t done = 0;
    while (done < len) {
        if (!wait_for_room(rt)) {
            errno = ETIMEDOUT;
            return 0;
        }
        // So much has room in a pipe that is ready.
        ssize_t n = write(rt->sink, data + done, len - done < PIPE_BUF ? len - done : PIPE_BUF);
        if (n < 0 && errno != EAGAIN && errno != EINTR) return 0;
        if (n > 0) done += (size_t)n;
    }
    return (ssize_t)len;
}

static int close_pipe(void *cookie) {
    struct runtime *rt = cookie;
    return rt->sink == STDOUT_FILENO ? 0 : close(rt->sink);
}

FILE *rt_sink_open(struct runtime *rt, const char *path) {
    struct stat st;
    rt->sink = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
    if (rt->sink < 0) {
        log_error("Failed to open output file \"%s\": %s", path, strerror(errno));
        return NULL;
    }
    if (fstat(rt->sink, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
        return fopencookie(rt, "w",
                           (cookie_io_functions_t){.write = write_pipe, .close = close_pipe});
    return path ? fdopen(rt->sink, "w") : stdout;
}
