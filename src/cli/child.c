// SPDX-License-Identifier: Apache-2.0
// The command of -c: forked before anything is attached, it waits for a byte and then execs.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "symbols/symbols.h"

enum { MAX_ARGS = 256, END_MS = 2000 };

// Words, with quotes and backslashes as a shell has them. Gives their number.
static size_t split(char *text, char **argv) {
    size_t n = 0;
    char *in = text, *out = text;
    while (*in && n + 1 < MAX_ARGS) {
        while (*in == ' ' || *in == '\t') in++;
        if (!*in) break;
        argv[n++] = out;
        char quote = 0;
        for (; *in && (quote || (*in != ' ' && *in != '\t')); in++) {
            if (*in == quote)
                quote = 0;
            else if (!quote && (*in == '"' || *in == '\''))
                quote = *in;
            else if (*in == '\\' && quote != '\'' && in[1])
                *out++ = *++in;
            else
                *out++ = *in;
        }
        if (*in) in++;
        *out++ = '\0';
    }
    argv[n] = NULL;
    return n;
}

// A failed exec is told to the tracer by its errno; after a good one the pipe is closed.
static void run_child(char **argv, int gate, int failure) {
    char byte;
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (read(gate, &byte, 1) != 1) _exit(1); // the tracer gave up
    close(gate);
    execvp(argv[0], argv);
    int err = errno;
    _exit(write(failure, &err, sizeof(err)) == sizeof(err) ? 127 : 126);
}

bool child_start(const char *command, struct child *c) {
    char *text = strdup(command), *argv[MAX_ARGS];
    int gate[2], failure[2];
    struct stat st;
    *c = (struct child){.go = -1, .failure = -1};
    if (!text || !split(text, argv) || !(c->path = elf_resolve_path(argv[0], 0)) ||
        stat(c->path, &st) || !S_ISREG(st.st_mode) || access(c->path, X_OK)) {
        log_error("Failed to fork child: path '%s' does not exist or is not executable", command);
        free(text);
        return false;
    }
    if (pipe2(gate, O_CLOEXEC) || pipe2(failure, O_CLOEXEC)) {
        log_error("cannot start the command: %s", strerror(errno));
        free(text);
        return false;
    }
    c->pid = fork();
    if (c->pid == 0) {
        close(gate[1]);
        run_child(argv, gate[0], failure[1]);
    }
    close(gate[0]);
    close(failure[1]);
    c->go = gate[1];
    c->failure = failure[0];
    free(text);
    return c->pid > 0;
}

// A command that does not end when it is asked to is killed.
static void end_process(pid_t pid) {
    kill(pid, SIGTERM);
    unsigned step = 100; // us
    for (unsigned waited = 0; waited < END_MS * 1000; waited += step) {
        if (waitpid(pid, NULL, WNOHANG)) return;
        usleep(step);
        if (step < 10000) step *= 2;
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

bool child_end(struct child *c) {
    int err = 0;
    if (c->pid > 0) end_process(c->pid);
    bool failed = c->failure >= 0 && read(c->failure, &err, sizeof(err)) == sizeof(err);
    if (failed) log_error("cannot run '%s': %s", c->path, strerror(err));
    if (c->failure >= 0) close(c->failure);
    free(c->path);
    return !failed;
}
