// SPDX-License-Identifier: Apache-2.0
// Probe providers: each kind of probe is one file that fills one `struct provider`, listed in
// registry.c. No other folder asks which provider it has: it asks a capability or calls a slot.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/vec.h"
#include "object/manifest.h"
#include "types/btf.h"
#include "types/type.h"

// How a program reads what its context offers; interpreted by codegen.
enum probe_context {
    CTX_NONE,   // begin, end, interval: no data
    CTX_REGS,   // ctx is struct pt_regs *
    CTX_RECORD, // ctx is a tracepoint record: fields at byte offsets
    CTX_BTF,    // ctx is uint64_t[]: arguments by index, typed by BTF
    CTX_PERF,   // ctx is struct bpf_perf_event_data *: pt_regs first
    CTX_ITER,   // ctx is struct bpf_iter__x *
};

enum probe_caps {
    PROBE_ARGS = 1 << 0,          // `args`
    PROBE_ARGN = 1 << 1,          // arg0...argN
    PROBE_RETVAL = 1 << 2,        // retval
    PROBE_REGS = 1 << 3,          // reg("ip")
    PROBE_FUNC = 1 << 4,          // func
    PROBE_USER = 1 << 5,          // in a user program: pointers are user pointers
    PROBE_STACK = 1 << 6,         // kstack, ustack make sense
    PROBE_TASK = 1 << 7,          // runs in the context of a task: pid, comm ... mean something
    PROBE_RUN_ONCE = 1 << 8,      // begin, end, self, test: run by gaff itself, never attached
    PROBE_TIMER = 1 << 9,         // interval, profile
    PROBE_ONE_TARGET = 1 << 10,   // a program can be attached to one target only
    PROBE_NEWEST_FIRST = 1 << 12, // of several programs on one event the kernel runs the one first
                                  // that was attached last
    PROBE_PLACED_ARGS = 1 << 13,  // argN is where the probe's own description says
    PROBE_ANY = 1 << 14,          // no capability: of a variable that needs a probe, whichever
    PROBE_NO_COOKIE = 1 << 11,    // the link carries no cookie: identity needs one program each
};

// What a script wrote, split at ':' (quotes removed).
struct probe_spec {
    const char *text;     // whole, as written
    const char *parts[6]; // parts[0] is the provider's name as written
    unsigned nparts;
    pid_t pid; // -p / -c, or 0
};

// Why a spec is wrong, and what may help; both in the arena. hint may be NULL.
struct probe_error {
    const char *message;
    const char *hint;
    bool is_missing; // the file of the target is not there
};

struct probe_env {
    struct arena *arena;
    struct types *types;
    pid_t pid;           // -p / -c, or 0: also filters wildcards of user probes
    const char *program; // path of the program of -c, or NULL
    bool want_children;  // unused for now
};

// Where an argument is: a constant, a register, the words of a struct in `reg` and `index`, or
// memory that registers lead to (reg + index * scale + offset). Registers are byte offsets into
// pt_regs, -1: none.
struct probe_place {
    enum {
        PLACE_NONE,
        PLACE_UNKNOWN,
        PLACE_CONSTANT,
        PLACE_REGISTER,
        PLACE_REGISTERS,
        PLACE_MEMORY
    } kind;
    int reg, index;
    unsigned scale, shift; // shift: bits below the argument in its register
    int64_t offset;        // or the constant
};

struct probe_arg {
    const char *name;
    const struct type *type;
    // where: CTX_RECORD and CTX_ITER: byte offset; CTX_BTF: index of the uint64_t;
    // CTX_REGS: index of the argument register (retval: see probe_regs)
    uint32_t offset;
    const char *decl; // as C declares it, for listings: "const char * name"
    bool is_data_loc; // RECORD: __data_loc string or array
    bool is_data_rel;
    struct probe_place place; // CTX_REGS
    const char *why;          // PLACE_UNKNOWN: why it cannot be read, or NULL
};
VEC_OF(probe_args, struct probe_arg);

struct probe_layout {
    struct probe_args args;          // `args`
    const char *retval_decl;         // for listings
    const struct type *retval;       // NULL: none known (then uint64 where PROBE_RETVAL)
    const struct type *record;       // CTX_RECORD: the struct behind `args`
    unsigned retval_index;           // CTX_BTF: index of the return value
    struct probe_place retval_place; // CTX_REGS; PLACE_NONE: the register of results
    const char *retval_why;          // PLACE_UNKNOWN: why it cannot be read
};

// Receives matches; return false to stop.
typedef bool (*probe_found)(void *ctx, const struct mf_target *target);

struct bpf_program;
struct probe_links;

struct provider {
    const char *name;       // canonical: "kprobe"
    const char *aliases[4]; // "k"
    const char *doc;        // one line for --help and the manual
    const char *syntax;     // "kprobe:[MODULE:]FUNCTION[+OFFSET]"
    unsigned caps;
    enum probe_context context;
    uint32_t prog_type; // enum bpf_prog_type
    // Checks a spec's form and expands it into targets, also by wildcard: calls `found` for
    // each. Gives the number found, or -1 with *err filled. A spec that matches nothing is 0 with
    // err filled as well (message and hint: near names).
    int (*match)(struct probe_env *env, const struct probe_spec *spec, probe_found found, void *ctx,
                 struct probe_error *err);
    // Lists every probe whose full name matches a glob ("*" for all), for -l.
    void (*list)(struct probe_env *env, const struct probe_spec *spec, probe_found found,
                 void *ctx);
    // Describes args and return value of a target. NULL: it has none. False: not known, and
    // *err says why (only an error if the script uses them).
    bool (*describe)(struct probe_env *env, const struct mf_target *target,
                     struct probe_layout *out, struct probe_error *err);
    // Before load: sets attach type, attach_btf_id ... of a program. May be NULL.
    // `prog` is libbpf's. Gives 0 or negative errno with *err filled.
    int (*prepare)(struct probe_env *env, struct bpf_program *prog, const struct mf_target *targets,
                   size_t ntargets, struct probe_error *err);
    // Attaches one loaded program to all its targets; `cookie` of target i is first_cookie + i.
    // Adds to *links. Targets that fail are reported through `failed` (each with a reason) and
    // the rest goes on. Gives the number of targets attached. NULL: run by the runtime itself.
    size_t (*attach)(struct probe_env *env, struct bpf_program *prog,
                     const struct mf_target *targets, size_t ntargets, uint64_t first_cookie,
                     struct probe_links *links,
                     void (*failed)(void *ctx, const struct mf_target *t, const char *why),
                     void *ctx);
    // Runs a loaded program to its end, after the begin probes: for what is no event. NULL but for
    // iterators. One whose target has a path (pin) becomes a file instead. Gives 0 or a negative
    // errno.
    int (*run)(struct bpf_program *prog, const struct mf_target *target);
    // The same probe as a program whose pointers the kernel types, for bodies that call a function
    // which takes only such. NULL: these programs are of that kind already, or there is none.
    const struct provider *typed;
};

// What a run has attached, as descriptors.
struct fd_list {
    int *fds;
    size_t len, cap;
};
struct probe_links {
    struct fd_list links;  // closed, they are detached
    struct fd_list events; // perf events that programs are attached to by links
};
// Both take the descriptor.
void probe_links_add(struct probe_links *l, int fd);
void probe_links_add_event(struct probe_links *l, int fd);
// Detaches everything. Events are released soon after, by a process that is left behind.
void probe_links_close(struct probe_links *l);
// Hits that the kernel says were missed are read from program info by the runtime.

// By name or alias; NULL when there is none. Names are case-sensitive except BEGIN and END.
const struct provider *provider_find(const char *name);
// Of a program of the manifest; NULL when there is none.
const struct provider *provider_of(const struct mf_program *program);
// What `probetype` says: the name, or "special" for what gaff runs itself.
const char *provider_kind(const struct provider *p);
// All providers, NULL-terminated, in the order of --help.
const struct provider *const *provider_all(void);
// Splits "kprobe:vfs_read+4" at colons outside quotes. False with *err on a malformed text.
bool probe_spec_parse(struct arena *a, const char *text, struct probe_spec *out,
                      struct probe_error *err);
bool probe_glob(const char *pattern, const char *text); // * and [..] as bpftrace's wildcards
bool probe_has_glob(const char *text);

// pt_regs of this architecture: byte offset of argument n, of the return value, instruction
// pointer, stack pointer, or of a register by name; -1 when there is none.
int probe_regs_arg(unsigned n);
int probe_regs_retval(void);
int probe_regs_ip(void);
int probe_regs_sp(void);
int probe_regs_fp(void);
int probe_regs_named(const char *name, unsigned *size);

// Where tracefs is mounted and readable; NULL: nowhere.
const char *tracefs_path(void);
