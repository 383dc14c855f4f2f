// SPDX-License-Identifier: Apache-2.0
// The program. The work is done on a thread with a large stack: how deep a script nests is then
// no question of the shell's limits.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"

enum { STACK_BYTES = 256 << 20 }; // reserved, not touched

struct job {
    int argc;
    char **argv;
    int status;
};

static int dispatch(const struct options *o)
{
    bool as_bpftrace = !strcmp(o->program, "bpftrace");
    if (o->verbose) log_level = LOG_INFO;
    if (o->version) {
        printf("%s\n", as_bpftrace ? "bpftrace v0.27.0" : "gaff v" GAFF_VERSION);
        return 0;
    }
    if (o->info) return info_run();
    if (o->list) return list_run(o);
    if (o->help) {
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

static void *work(void *arg)
{
    struct job *job = arg;
    struct options o = {0};
    int status = options_parse(&o, job->argc, job->argv);
    job->status = status ? status - 1 : dispatch(&o);
    return NULL;
}

int main(int argc, char **argv)
{
    struct job job = {.argc = argc, .argv = argv, .status = 1};
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (pthread_create(&thread, &attr, work, &job) == 0)
        pthread_join(thread, NULL);
    else
        work(&job);
    pthread_attr_destroy(&attr);
    return job.status;
}
