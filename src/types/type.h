// SPDX-License-Identifier: Apache-2.0
// One representation of types, wherever they come from: BTF, DWARF, C text in a script, or the
// language itself. Types are immutable once built, live in an arena, and are interned: equal
// types made through one `struct types` are the same pointer, except tuples and structs read
// from different sources (use type_equal).
//
// The second half of this file is the border between generated code and the runtime: how a
// value of each kind lies in memory, in maps as in events. All integers are host-endian.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum type_kind {
    TYPE_ERROR, // an expression that failed: silences errors that follow from it
    TYPE_NONE,  // not inferred yet
    TYPE_VOID,
    TYPE_BOOL,
    TYPE_INT,
    TYPE_ENUM,
    TYPE_STRING, // char[size], NUL-terminated, zero-padded to its size
    TYPE_BUFFER, // uint32_t length, then size - 4 bytes
    TYPE_POINTER,
    TYPE_ARRAY,
    TYPE_STRUCT, // struct or union
    TYPE_TUPLE,  // also records: a tuple whose fields are named
    TYPE_KSTACK,
    TYPE_USTACK,
    TYPE_KSYM,
    TYPE_USYM,
    TYPE_INET,
    TYPE_MAC,
    TYPE_TIMESTAMP,
    TYPE_CGROUP_PATH,
    TYPE_USERNAME,
    TYPE_SYSCALL, // number of a system call, printed by name
    TYPE_PROBE,   // the `probe` builtin
    // map values that only aggregate
    TYPE_COUNT,
    TYPE_SUM,
    TYPE_AVG,
    TYPE_MIN,
    TYPE_MAX,
    TYPE_STATS,
    TYPE_HIST,
    TYPE_LHIST,
    TYPE_TSERIES,
};

enum type_space {
    SPACE_NONE,
    SPACE_KERNEL,
    SPACE_USER,
    SPACE_CONTEXT, // a program's context that only the program itself may read: the kernel
                   // translates each read
};

enum stack_mode { STACK_MODE_BPFTRACE, STACK_MODE_PERF, STACK_MODE_RAW, STACK_MODE_BUILD_ID };

struct type_field {
    const char *name; // "" for an anonymous struct or union member, and in plain tuples
    const struct type *type;
    uint32_t offset;     // bytes; of the storage unit for a bit field
    uint32_t bit_offset; // from the start of `offset`, for bit fields
    uint32_t bit_size;   // 0: not a bit field
    bool is_data_loc;    // tracepoint __data_loc: low 16 bits offset, high 16 length
    bool is_data_rel;    // __rel_loc
};

struct type {
    enum type_kind kind;
    uint32_t size;  // bytes
    uint32_t align; // bytes
    bool is_signed; // INT, ENUM; SUM/AVG/MIN/MAX/STATS of signed values
    bool is_union;
    bool is_char;          // INT of one byte that C calls char: arrays of it print as strings
    bool is_literal;       // INT of a literal that is not negative: takes the sign of what it meets
    bool is_float;         // INT, ARRAY: the bits of a floating-point value
    bool is_by_reference;  // complete STRUCT: functions are given the address of such an object
    bool is_percpu_ptr;    // POINTER into a per-CPU area (BTF type tag)
    enum type_space space; // POINTER: where it points; STRUCT/ARRAY lvalues carry it too
    const char *name;      // INT/ENUM/STRUCT: C name ("struct sk_buff", "unsigned int"), or NULL
    const struct type *target; // POINTER, ARRAY: element
    uint32_t count;            // ARRAY: elements
    // STRUCT, TUPLE. A struct's fields are read on first use: call types_complete first.
    const struct type_field *fields;
    uint32_t nfields;
    bool is_complete;
    // ENUM
    const struct type_enumerator {
        const char *name;
        int64_t value;
    } * enumerators;
    uint32_t nenumerators;
    // stacks: frames; HIST: bits of each power of two (0..5)
    uint32_t param;
    enum stack_mode mode;
    // LHIST: buckets; TSERIES: min = interval ns, max = number of intervals, step = tseries_agg
    int64_t min, max, step;
    // where its inside is read from: for find.c and the readers alone
    const struct type_origin *origin;
    uint32_t origin_id; // BTF: its number
};

enum tseries_agg { TSERIES_NONE, TSERIES_AVG, TSERIES_MIN, TSERIES_MAX, TSERIES_SUM };

// ---- values in memory -----------------------------------------------------------------------

struct value_stack { // TYPE_KSTACK, TYPE_USTACK: 16 bytes
    uint64_t id;     // key into the map "gaff_stack_<frames>", whose value is u64[frames]
    uint32_t nr;     // frames that are valid; offset 8
    uint32_t pid;    // tgid for user stacks, else 0; offset 12
};
struct value_ksym { // 8 bytes
    uint64_t addr;
};
struct value_usym { // 16 bytes
    uint64_t addr;
    uint32_t pid; // tgid
    uint32_t pad;
};
struct value_inet {   // 20 bytes, align 4
    uint32_t family;  // AF_INET or AF_INET6
    uint8_t addr[16]; // network order; the first 4 for AF_INET
};
struct value_mac { // 6 bytes, align 1
    uint8_t addr[6];
};
struct value_timestamp { // 16 bytes
    uint64_t nsecs;      // of the clock `mode`
    uint32_t format;     // index into manifest.strings
    uint32_t clock;      // enum nsecs_clock
};
enum nsecs_clock { CLOCK_SRC_MONOTONIC, CLOCK_SRC_BOOT, CLOCK_SRC_TAI, CLOCK_SRC_SW_TAI };
struct value_cgroup_path { // 16 bytes
    uint64_t id;
    uint32_t pattern; // index into manifest.strings
    uint32_t pad;
};
// TYPE_USERNAME: uint64_t uid. TYPE_SYSCALL: uint64_t number.
// TYPE_PROBE: uint64_t index into manifest.targets. TYPE_COUNT: uint64_t. TYPE_SUM: (u)int64_t.
struct value_minmax { // TYPE_MIN, TYPE_MAX: 16 bytes
    uint64_t value;
    uint64_t is_set;
};
struct value_stats { // TYPE_AVG, TYPE_STATS: 16 bytes
    uint64_t total;
    uint64_t count;
};
// TYPE_HIST: uint64_t bucket[hist_buckets(bits)]. Bucket 0: negative values; bucket 1: zero;
// then v is in bucket 1 + log-linear index: for bits = 0 that is 2 + floor(log2(v)).
// For bits = k > 0: v < 2^k has its own bucket (1 + v); above, with m = floor(log2(v)),
// bucket 1 + ((m - k + 1) << k) + ((v >> (m - k)) & (2^k - 1)).
static inline uint32_t hist_buckets(uint32_t bits) {
    return bits ? 1 + ((64 - bits + 1) << bits) : 66;
}
// TYPE_LHIST: uint64_t bucket[lhist_buckets]: 0: below min; last: max and above.
static inline uint32_t lhist_buckets(int64_t min, int64_t max, int64_t step) {
    return (uint32_t)((max - min + step - 1) / step) + 2;
}
// TYPE_TSERIES: ring of intervals, struct value_tseries_slot[max]; slot = epoch % max.
struct value_tseries_slot { // 32 bytes
    uint64_t epoch;         // nsecs / interval
    uint64_t value;         // last value, sum, min or max
    uint64_t count;         // 0: empty
    uint64_t nsecs;         // time of the last value
};

// ---- the store of types ---------------------------------------------------------------------

struct types;

// How BTF, headers and debug information are found; NULL members mean the default.
struct types_options {
    const char *btf_path;            // else $BPFTRACE_BTF, else /sys/kernel/btf/vmlinux
    const char *const *include_dirs; // -I
    size_t ninclude_dirs;
    const char *script_dir;        // where #include "x.h" is looked for first, or NULL
    const char *const *debug_dirs; // --debuginfo: before /usr/lib/debug
    size_t ndebug_dirs;
};

// Cheap: reads nothing until a kernel type is asked for.
struct types *types_new(struct arena *a, const struct types_options *opts);
void types_free(struct types *t);

const struct type *types_basic(struct types *t, enum type_kind kind); // kinds without parameters
const struct type *types_int(struct types *t, unsigned bits, bool is_signed);
// The smallest signed integer that holds `value`, marked as a literal's; uint64 above INT64_MAX.
const struct type *types_int_literal(struct types *t, uint64_t value);
const struct type *types_string(struct types *t, uint32_t size);    // bytes, with the NUL
const struct type *types_buffer(struct types *t, uint32_t content); // bytes without the length
const struct type *types_pointer(struct types *t, const struct type *target, enum type_space s);
const struct type *types_array(struct types *t, const struct type *elem, uint32_t count);
// names NULL: a plain tuple; else a record. Lays fields out at natural alignment.
const struct type *types_tuple(struct types *t, const struct type *const *elems,
                               const char *const *names, uint32_t n);
const struct type *types_stack(struct types *t, enum type_kind kind, uint32_t frames,
                               enum stack_mode mode);
// SUM, AVG, MIN, MAX, STATS, COUNT with the sign of what goes in.
const struct type *types_aggregate(struct types *t, enum type_kind kind, bool is_signed);
const struct type *types_hist(struct types *t, uint32_t bits);
const struct type *types_lhist(struct types *t, int64_t min, int64_t max, int64_t step);
const struct type *types_tseries(struct types *t, uint64_t interval_ns, uint32_t intervals,
                                 enum tseries_agg agg, bool is_signed);

// Finds a type by its C or language name: "int32", "uint64_t", "unsigned long", "pid_t",
// "struct task_struct", "union u", "enum e", typedef names, "task_struct" (bpftrace accepts the
// tag without `struct` in casts), "bool", "void". Script definitions first, then the language's
// names, then BTF. NULL when there is none.
const struct type *types_find(struct types *t, const char *name);
// The same for a script's part that traces a program: what the script and the language do not
// define is looked for in the debug information of the file `program` before BTF. NULL: no program.
const struct type *types_find_in(struct types *t, const char *program, const char *name);
// Reads the fields of a struct or the enumerators of an enum, if not yet done.
// Gives the completed type (same pointer). Incomplete declarations stay without fields.
const struct type *types_complete(struct types *t, const struct type *type);
// The same for all that lies inside a value of the type: what printing one needs.
void types_complete_all(struct types *t, const struct type *type);
// A field by name, also through anonymous members: `out` gets the field with its offset from
// the start of `type`. False when there is none.
bool types_find_field(struct types *t, const struct type *type, const char *name,
                      struct type_field *out);
// An enum constant of the script or of BTF, or a constant of the built-in table (AF_INET,
// ENOENT, O_RDONLY...) or #define of the script that folds to an integer.
bool types_find_constant(struct types *t, const char *name, int64_t *value,
                         const struct type **type);
// The same where a program is traced: the constants of its enums come after those of the script.
bool types_find_constant_in(struct types *t, const char *program, const char *name, int64_t *value,
                            const struct type **type);
// Calls `each` for every known struct field/constant name near nothing in particular: for hints.
void types_each_constant(struct types *t, void (*each)(void *ctx, const char *name), void *ctx);

// Adds C declarations (struct, union, enum, typedef definitions; preprocessor lines
// #include/#define/#ifdef). On failure gives false, with *error a message in the arena and
// *error_offset its byte offset in `text`.
bool types_add_c(struct types *t, const char *text, size_t len, const char **error,
                 size_t *error_offset);
// What is wrong with the first header that was found but not understood, "x.h:5: why"; what it
// defines from there on is not known. NULL when there is none. Names of the header's own text.
const char *types_unread_header(const struct types *t);
// Adds the types of a BTF section, which is copied: they are found before those of the kernel.
// False when it is malformed.
bool types_add_btf(struct types *t, const void *data, size_t len);
// Adds a constant as if by #define. `name` and `text` are copied.
void types_add_define(struct types *t, const char *name, const char *text);
// The replacement text of a #define of the script, NULL when there is none. One with parameters
// is found where params is no NULL: *params is then what stands between its parentheses, else NULL.
const char *types_find_define(struct types *t, const char *name, const char **params);
// Is `header` one whose content BTF and the built-in table cover (<linux/*.h>, <net/*.h>,
// <asm/*.h>, <uapi/...>, libc's)? Others must be read.
bool types_header_is_known(const char *header);

// Same kind, size, sign, target, fields: values of one can be copied to the other.
bool type_equal(const struct type *a, const struct type *b);
// Equal, and literals at the same places.
bool type_identical(const struct type *a, const struct type *b);
// The name as bpftrace spells it in messages: "int64", "string[16]", "struct foo *",
// "(int64,string[4])", "uint8[4]". In the arena of `t`.
const char *type_name(struct types *t, const struct type *type);
static inline bool type_is_integer(const struct type *t) {
    return t->kind == TYPE_INT || t->kind == TYPE_ENUM || t->kind == TYPE_BOOL;
}
static inline bool type_is_aggregate(const struct type *t) { return t->kind >= TYPE_COUNT; }
static inline bool type_is_scalar(const struct type *t) {
    return type_is_integer(t) || t->kind == TYPE_POINTER;
}
// Name of a constant of the built-in table by prefix and value, without the prefix:
// ("__NR_", 0) gives "read". NULL when there is none.
const char *types_constant_name(const char *prefix, int64_t value);
// Only the language's and C's own names, never BTF: "unsigned long", "uint32", "char".
const struct type *types_find_basic_name(struct types *t, const char *name);
// Memory in the arena of the store.
void *types_alloc(struct types *t, size_t size);
