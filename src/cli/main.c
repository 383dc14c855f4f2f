// SPDX-License-Identifier: Apache-2.0
// The program.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "runtime/runtime.h"

static int dispatch(const struct options *o) {
    bool as_bpftrace = !strcmp(o->program, "bpftrace");
    if (o->verbose) log_level = LOG_INFO;
    if (o->version) {
        printf("%s\n", as_bpftrace ? "bpftrace v0.27.0" : "gaff v" GAFF_VERSION);
        return 0;
    }
    if (o->info) return info_run();
    if (o->pins) return rt_pins_list(stdout);
    if (o->unpin) return rt_pin_remove(o->unpin);
    if (o->list) return list_run(o);
    if (o->help && !o->script && !o->file) {
        options_help(o);
        return 0;
    }
    if (!o->script && !o->file) {
        log_error("no script");
        log_hint("%s FILE, or %s -e 'SCRIPT'; --help says more", o->program, o->program);
        return 1;
    }
    return script_run(o);
}

// A standard stream that is closed would be the next file that is opened, maybe one of the kernel's
// rings, and take the output. Reads and writes of these fail as those of a closed one.
static void open_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd) return;
}

int main(int argc, char **argv) {
    open_standard_streams();
    struct options o = {0};
    int status = options_parse(&o, argc, argv);
    return status ? status - 1 : dispatch(&o);
}
