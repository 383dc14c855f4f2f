// SPDX-License-Identifier: Apache-2.0
// The program.
#include <stdio.h>
#include <string.h>

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

int main(int argc, char **argv) {
    struct options o = {0};
    int status = options_parse(&o, argc, argv);
    return status ? status - 1 : dispatch(&o);
}
