// SPDX-License-Identifier: Apache-2.0
// The manifest: everything the runtime must know to attach, decode and print a compiled script.
// It is written as JSON into the section ".gaff" of the BPF ELF file. Strings inside it belong
// to the manifest's arena; types are values of types/type.h, rebuilt by the reader.
//
// An event record, in the ring buffers "gaff_events" (data) and "gaff_control" (actions that
// must never be lost):
//   0  uint32_t event    index into manifest.events
//   4  uint32_t zero
//   8  uint64_t time     ns (CLOCK_MONOTONIC) if the script sends to both rings, else 0
//  16  the fields, each at its offset
// Special maps of the object, all optional:
//   gaff_events, gaff_control  BPF_MAP_TYPE_RINGBUF
//   gaff_packets  perf event array, of EVENT_SKBOUTPUT: records with packets behind them
//   gaff_losses   per-CPU array of uint64_t: 0: data events lost, 1: control events lost,
//                 2: stacks not stored, 3: reads of user memory that failed,
//                 4 + i: updates of map i that failed
//   gaff_state    array of 1 x uint64_t[MF_STATE_WORDS], which the runtime maps: enum mf_state
//   gaff_scratch  per-CPU array of 1, scratch memory of programs
//   gaff_stack_N  hash: uint64_t id -> uint64_t[N], N frames
//   AT_x          map @x ("AT_" for @)
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "types/type.h"

enum { MF_EVENT_BYTES = 16 }; // before the fields

// What a record of EVENT_SKBOUTPUT holds, each a uint64_t; the packet's bytes follow it.
enum mf_packet {
    MF_PACKET_TIME,   // ns since boot (CLOCK_BOOTTIME)
    MF_PACKET_OFFSET, // bytes at the packet's beginning that are left out
    MF_PACKET_LENGTH, // bytes that were asked for, with those
    MF_PACKET_WIRE,   // bytes of the whole packet, with those
    MF_PACKET_FIELDS,
    MF_PACKET_BYTES = MF_EVENT_BYTES + 8 * MF_PACKET_FIELDS
};

#define MANIFEST_VERSION 1
#define MANIFEST_SECTION ".gaff"

enum mf_losses {
    MF_LOST_EVENTS,
    MF_LOST_CONTROL,
    MF_LOST_STACKS,
    MF_FAILED_USER_READS,
    MF_FAILED_UPDATES, // + index of the map
};

enum mf_state {
    MF_STATE_EXIT,   // not 0: exit() ran
    MF_STATE_START,  // ns (CLOCK_BOOTTIME) when the run began
    MF_STATE_SUBMIT, // flags for submitting data events: BPF_RB_NO_WAKEUP while the reader naps
    MF_STATE_WORDS = 8
};

// One place to attach to. Providers fill what they need; the rest is zero.
struct mf_target {
    const char *name;     // as `probe` prints: "kprobe:vfs_read", "interval:s:1"
    const char *module;   // kernel module; category of a tracepoint; path of a binary
    const char *function; // symbol, tracepoint event, software/hardware event
    const char *pin;      // path of the file that an iterator becomes, or NULL
    uint64_t offset;      // bytes from the symbol; file offset once resolved
    uint64_t address;     // absolute address when the script gave one
    uint64_t value;       // interval/profile: period in ns, or Hz if is_hz; software: count
    bool is_hz;
    bool is_return;    // kretprobe, uretprobe, fexit
    int32_t pid;       // 0: any
    uint32_t program;  // index into manifest.programs
    uint32_t identity; // index of the first target of this name: several places can be one probe
};
VEC_OF(mf_targets, struct mf_target);

// One BPF program of the object.
struct mf_program {
    const char *symbol;              // ELF function name
    const char *provider;            // name of a row of probes/registry.c
    uint32_t first_target, ntargets; // its targets are contiguous in manifest.targets
    uint32_t line;                   // of the probe in the script
    bool needs_cookie;               // reads its target's index from the attach cookie
    bool is_sleepable;
    bool is_typed; // of the provider's kind whose pointers the kernel types
};
VEC_OF(mf_programs, struct mf_program);

// A key of an lpmtrie is a tuple (uint32, inet): before the address, its prefix covers four bytes
// of padding and four of the family.
enum { MF_TRIE_FAMILY_BITS = 64 };

// A section of the object with the generation of each map's entries: uint64_t[maps].
#define MF_GENERATIONS ".data.gens"
enum { MF_GENERATION_BYTES = 8 };

struct mf_map {
    const char *name;         // "@x"
    const char *symbol;       // "AT_x"
    const struct type *key;   // NULL: keyless; a tuple for several keys; of a queue or stack
                              // uint64, the place at which an element is printed
    const struct type *value; // aggregates too
    bool is_percpu;
    bool is_scalar;       // keyless: array of one; printed without a key
    bool is_percpu_array; // per-CPU array
    uint32_t max_entries;
    uint32_t bpf_type; // enum bpf_map_type
    const char *pin;   // file name of the pinned map, or NULL
    // Of a keyless array: where behind the value a word says that it was assigned, if it ever was
    // with what may be zero; 0: no such word.
    uint32_t set_offset;
    // Its entries are of two generations: in the kernel the key is that number, a uint64_t that
    // the variable MF_GENERATIONS has for each map, then `key`; of a keyless array it is the index.
    bool has_generations;
};
VEC_OF(mf_maps, struct mf_map);

enum mf_event_kind {
    EVENT_NONE = -1,
    EVENT_PRINTF, // format + fields
    EVENT_ERRORF, // to stderr, with the place
    EVENT_WARNF,
    EVENT_SYSTEM,         // format + fields
    EVENT_CAT,            // format + fields; config max_cat_bytes
    EVENT_TIME,           // format is strftime's; no field
    EVENT_JOIN,           // format: delimiter; field 0: array of strings, field 1: count
    EVENT_PRINT,          // print(value): field 0
    EVENT_PRINT_MAP,      // map; top, div (0: not given); then
    EVENT_PRINT_MAP_ITEM, // print(@m[k]): field 0 key, field 1 value
    EVENT_CLEAR,          // map
    EVENT_ZERO,           // map
    EVENT_EXIT,           // field 0: status, uint64_t
    EVENT_SKBOUTPUT,      // format: file name; the record: enum mf_packet
    EVENT_DEBUGF,
    EVENT_RUNTIME_ERROR, // format: text, or NULL: that of the return code; helper: or NULL; field
                         // 0: return code, if there is a helper
};

struct mf_field {
    const struct type *type;
    uint32_t offset;  // bytes from the record's start
    const char *name; // or NULL
};
VEC_OF(mf_fields, struct mf_field);

struct mf_event {
    enum mf_event_kind kind;
    const char *format; // or NULL
    const char *helper; // RUNTIME_ERROR: the BPF helper that failed, or NULL
    struct mf_fields fields;
    uint32_t size; // bytes of the whole record
    uint32_t map;  // index into manifest.maps
    uint32_t top, div;
    enum mf_event_kind then;           // PRINT_MAP: CLEAR or ZERO, which follows; else 0
    uint32_t line, column, end_column; // of the call, 1-based
};
VEC_OF(mf_events, struct mf_event);

struct mf_config_item {
    const char *name;
    const char *value;
};
VEC_OF(mf_config, struct mf_config_item);

VEC_OF(mf_strings, const char *);

struct manifest {
    struct arena *arena; // owns everything below; the manifest itself too
    const char *source_name;
    const char *source_text;
    const char *license;
    struct mf_programs programs;
    struct mf_targets targets;
    struct mf_maps maps;
    struct mf_events events;
    struct mf_strings strings; // strftime formats, cgroup patterns
    struct mf_config config;   // every configuration variable with its final value
};

// May a map be pinned by this name? It becomes a file's, beside one of the same name and ":type".
bool manifest_pin_ok(const char *name);
struct manifest *manifest_new(void);
void manifest_free(struct manifest *m);
// Gives JSON text, to be freed by the caller. pretty: for -d manifest.
char *manifest_write(const struct manifest *m, bool pretty);
// NULL on malformed input, with *error (to be freed) saying what is wrong. Input is untrusted:
// every index and length is checked.
struct manifest *manifest_read(const char *json, size_t len, char **error);
// Value of a configuration variable, "" when absent.
const char *manifest_config(const struct manifest *m, const char *name);
uint64_t manifest_config_uint(const struct manifest *m, const char *name);
