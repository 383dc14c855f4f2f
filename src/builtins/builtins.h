// SPDX-License-Identifier: Apache-2.0
// The one table of the language's variables, functions and configuration: variables.def,
// functions.def and config.def hold one row for each. The type checker, --help, the manual and
// the code generator's and runtime's dispatch are all expanded from these rows.
//
//   V(id, "name", "type", caps, "doc")
//       id: C identifier, for VAR_<id> and cg_var_<id>; caps: PROBE_* bits of probes/probe.h that
//       the probe must have, PROBE_ANY where a function of the script has none of it, else 0.
//       type: a language type name, or "" where sema computes it
//       (args, retval, curtask, func, ...).
//   F(id, "name", "signature", where, event, "doc")
//       id: for FN_<id> and cg_fn_<id>; signature: see signature.h; where: FN_* bits below;
//       event: the enum mf_event_kind it sends, or EVENT_NONE.
//   C(id, "name", type, "default", min, max, "doc")
//       type: CONFIG_UINT, CONFIG_BOOL, CONFIG_STRING, CONFIG_ENUM...; the environment names are
//       BPFTRACE_<NAME> and GAFF_<NAME>.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum builtin_variable {
#define V(id, name, type, caps, doc) VAR_##id,
#include "builtins/variables.def"
#undef V
    VAR_COUNT
};

enum builtin_function {
#define F(id, name, signature, where, event, doc) FN_##id,
#include "builtins/functions.def"
#undef F
    FN_COUNT
};

enum builtin_config {
#define C(id, name, type, def, min, max, doc) CONFIG_##id,
#include "builtins/config.def"
#undef C
    CONFIG_COUNT
};

enum config_type {
    CONFIG_UINT,
    CONFIG_BOOL,
    CONFIG_STRING,
    CONFIG_STACK_MODE,
    CONFIG_MISSING,
    CONFIG_SYMBOLS,
    CONFIG_LICENSE
};

enum function_where {
    FN_UNSAFE = 1 << 0,    // needs --unsafe
    FN_MAP_VALUE = 1 << 1, // only as the whole right side of an assignment to a map: count() ...
    FN_ASYNC = 1 << 2,     // acts when the runtime reads the event
    FN_STATEMENT = 1 << 3, // gives no value
    FN_REWRITTEN = 1 << 4, // sema turns the call into other nodes: no generator
    FN_UNBUILT = 1 << 11,  // parsed, and refused by name (FN_REWRITTEN too)
    // What it needs of the probe it is used in (never in a function of the script):
    FN_PROBE = 1 << 5,    // its context, whatever it is
    FN_REGS = 1 << 6,     // registers
    FN_TYPED = 1 << 7,    // pointers that the kernel types: fentry, fexit, rawtracepoint, iter
    FN_ENTRY = 1 << 8,    // the entry of a kernel function
    FN_UNLOCKED = 1 << 9, // no event, which may hold any lock: with FN_TYPED
    FN_USER = 1 << 10,    // a file of a user program
};

struct variable_row {
    const char *name, *type;
    unsigned caps;
    const char *doc;
};
struct function_row {
    const char *name, *signature;
    unsigned where;
    int event; // enum mf_event_kind, or -1
    const char *doc;
};
struct config_row {
    const char *name;
    enum config_type type;
    const char *def;
    uint64_t min, max; // of CONFIG_UINT; max 0: no limit
    const char *doc;
};

extern const struct variable_row variable_rows[VAR_COUNT];
extern const struct function_row function_rows[FN_COUNT];
extern const struct config_row config_rows[CONFIG_COUNT];

// -1 when there is none; "ctx" gives VAR_args,
// "arg3" and "sarg2" give VAR_arg and VAR_sarg with *n set.
int variable_find(const char *name, unsigned *n);
int function_find(const char *name);
// What a variable or function of the scripts of 2018 is called now ("stack": "kstack"), or NULL.
const char *builtin_renamed(const char *name);
int config_find(const char *name);

// Values of the configuration: defaults, then environment, then the script.
struct config {
    const char *values[CONFIG_COUNT];
    bool in_environment[CONFIG_COUNT]; // then the script's own value does not count
};
void config_init(struct config *c); // defaults
// Reads GAFF_* and BPFTRACE_*; false with *bad the name of a variable whose value is wrong.
bool config_from_environment(struct config *c, const char **bad, const char **why);
// False with *why (static text) when `value` does not fit. Keeps the pointer.
bool config_set(struct config *c, int id, const char *value, const char **why);
uint64_t config_uint(const struct config *c, enum builtin_config id); // also bool: 0 or 1
const char *config_string(const struct config *c, enum builtin_config id);
