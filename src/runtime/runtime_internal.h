// SPDX-License-Identifier: Apache-2.0
// The state of a run, shared by the files of the runtime. rt_run (run.c) calls the phases in
// order: rt_load, rt_attach, rt_loop, rt_detach, rt_end, rt_close.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "object/manifest.h"
#include "output/output.h"
#include "probes/probe.h"
#include "runtime/runtime.h"
#include "symbols/symbols.h"
#include "types/type.h"

struct pending { // a control event that waits for its turn
    uint64_t time;
    size_t len;
    unsigned char *record;
};

struct runtime {
    const struct rt_options *opts;
    struct manifest *m;
    struct arena *arena;
    struct types *types;
    struct probe_env env;
    struct bpf_object *object;
    struct bpf_program **programs; // by index in the manifest
    struct bpf_map **maps;         // likewise
    bool *cleared, *zeroed;        // keyless maps that clear() emptied, that zero() set
    uint64_t *generations;         // of maps that have them
    bool *changed;                 // their generation, ahead of the print that is in the queue
    bool *emptied;                 // by a print, for the clear() or zero() that follows
    bool *reused;                  // pinned maps that were there before
    int pins;                      // PIN_FOLDER, locked from look-up to pinning; -1
    struct bpf_map *losses;
    volatile uint64_t *state; // enum mf_state, shared with the programs
    struct probe_links links;
    struct ring_buffer *events, *control;
    struct rt_packets *packets; // NULL: none
    struct pending *queue;
    size_t queue_len, queue_cap, queue_next; // next: what has not had its turn
    struct symbols *symbols;
    struct output *out;
    FILE *file; // -o, or stdout
    int sink;   // its file descriptor
    size_t ncpus;
    uint32_t ring_bytes; // of the data ring
    size_t attached;
    bool stop;          // leave the loop
    uint64_t exit_time; // ns; what came after exit() is not shown. 0: no exit() yet
    uint64_t deadline;  // ns, after a signal: what is not handled by then counts as lost. 0: none
    uint64_t unhandled; // events that were left at the deadline
    int signals;        // signalfd, or -1
    int programs_fd;    // of rt_watch_programs
    uint64_t handled;   // data events
    uint64_t read;      // bytes of the data ring
    bool has_attached;  // some probe other than begin and end is there
    int status;         // of exit()
    struct strbuf log;  // libbpf's messages while loading
    uint64_t lost_said; // lost events already reported
};

int rt_load(struct runtime *rt, const void *object, size_t len); // load.c
// refusal.c: shows a refusal of the verifier, in rt->log, against the script's text. False when the
// log has none. The log is cut.
bool rt_report_refusal(struct runtime *rt, const void *object, size_t len);
int rt_attach(struct runtime *rt); // attach.c
void rt_run_programs(struct runtime *rt, const char *provider);
void rt_run_iterators(struct runtime *rt); // each to its end; failures set the status
void rt_take_signals(struct runtime *rt);  // loop.c: from now on they wait for the loop
void rt_loop(struct runtime *rt);
void rt_drain(struct runtime *rt);
bool rt_is_after_exit(const struct runtime *rt, const void *record);
void rt_read_signals(struct runtime *rt); // those that wait; sets stop and the deadline
uint64_t rt_now(void);                    // ns, of the clock of exit_time and deadline
// sink.c: where the output goes, a file or, NULL, standard output; NULL after a message.
FILE *rt_sink_open(struct runtime *rt, const char *path);
int rt_handle(struct runtime *rt, const void *record, size_t len); // event.c
// map.c
// `then`: EVENT_CLEAR or EVENT_ZERO, which follows and is done here; else 0.
void rt_print_map(struct runtime *rt, uint32_t map, uint32_t top, uint32_t div,
                  enum mf_event_kind then);
void rt_print_item(struct runtime *rt, uint32_t map, const void *key, const void *value);
void rt_clear_map(struct runtime *rt, uint32_t map);
void rt_zero_map(struct runtime *rt, uint32_t map);
void rt_print_all_maps(struct runtime *rt);
// generation.c: is the entry with this key, as the kernel has it, of that generation?
bool rt_has_generation(const struct runtime *rt, uint32_t map, const void *key,
                       uint64_t generation);
// Changes the generation of new entries, and returns when no program uses the one before, which
// *old gets. Negative errno: nothing was changed.
int rt_next_generation(struct runtime *rt, uint32_t map, uint64_t *old);
// event.c: what the record is of; NULL: nothing known.
const struct mf_event *rt_event_of(const struct runtime *rt, const void *record, size_t len);
// trial.c: failures set the status
void rt_run_tests(struct runtime *rt);
void rt_run_benches(struct runtime *rt);
// pin.c: maps that outlive the run. Before the object is loaded: those that are there are taken,
// after a check of their types; negative errno after a message.
int rt_pins_reuse(struct runtime *rt);
// Once everything is attached: pins the new ones.
int rt_pins_keep(struct runtime *rt);
// wait.c: the loop's sleep.
enum { WAIT_RING = 1, WAIT_SIGNAL = 2, WAIT_CHILD = 4, WAIT_PROGRAMS = 8 };
struct waiting {
    int epoll, events,
        child;           // events: descriptor of the data ring; child: of what ends the run; -1
    bool naps;           // data events wake nobody
    uint64_t last, read; // ms, when data came last; rt->read then
};
void rt_wait_open(struct runtime *rt, struct waiting *w); // signals and rings are open
void rt_wait_close(struct waiting *w);
unsigned rt_wait(struct runtime *rt, struct waiting *w); // gives what has come, WAIT_*
// packets.c: capture files and the buffer of packets. Negative errno after a message.
int rt_packets_open(struct runtime *rt);
int rt_packets_fd(const struct runtime *rt); // to wait for; -1: none
void rt_packets_drain(struct runtime *rt);
void rt_packets_report(struct runtime *rt); // what was lost
void rt_packets_close(struct runtime *rt);
// losses.c
void rt_report_losses(struct runtime *rt, bool final);
// resolve.c: has programs watched, where user stacks or symbols are shown: they may have ended by
// then. Gives a file descriptor, or -1.
int rt_watch_programs(struct runtime *rt);
// Names for output.
struct output_resolver rt_resolver(struct runtime *rt);
