// SPDX-License-Identifier: Apache-2.0
// What the files of code generation share. Scalars (integers, booleans, enums, pointers into the
// kernel or a program) are i64, extended by the sign of their type; everything else is an address.
#pragma once

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>

#include "codegen/codegen.h"

enum cg_memory { MEM_BPF, MEM_KERNEL, MEM_USER }; // where an address points

struct cg_value {
    LLVMValueRef v; // i64 for scalars; a pointer for MEM_BPF; an i64 address for the others
    const struct type *type;
    bool is_address;
    enum cg_memory memory;
};

enum { CG_CACHED = VAR_COUNT + 8, CG_MAX_LOOPS = 64 };

// A loop that is open in the current function.
struct cg_loop {
    LLVMBasicBlockRef next, done; // where continue and break go
    bool is_callback;             // the function itself is the loop's body
};

// The function being generated: a program, a loop's callback, or a function of the script.
struct cg_function {
    struct cg_function *outer; // of a callback: the function that loops
    LLVMValueRef fn, ctx;      // ctx: what the kernel gave the program (NULL in functions)
    LLVMBasicBlockRef entry;   // allocas
    LLVMBasicBlockRef setup;   // look-up of scratch memory
    LLVMBasicBlockRef body;
    LLVMBasicBlockRef leave; // early return
    LLVMValueRef result;     // alloca of the return value
    LLVMValueRef scratch;    // base, or NULL while unused
    LLVMValueRef fetch;      // 8 bytes that every single read reuses, or NULL
    LLVMMetadataRef scope;   // DISubprogram
    LLVMMetadataRef place;   // its first line
    uint32_t stack_used;     // bytes
    uint32_t stack_limit;
    LLVMValueRef cached[CG_CACHED];
    unsigned cached_at[CG_CACHED]; // depth of the block that computed it
    unsigned depth;                // of conditional blocks
    struct cg_loop loops[CG_MAX_LOOPS];
    unsigned nloops;
    bool counts_turns;       // in an unroll that is a loop
    LLVMValueRef broke;      // callback: alloca-like cell that ends all loops (return inside)
    LLVMValueRef ctx_struct; // callback: captured pointers
    struct sema_var **captures;
    size_t ncaptures;
    const struct sema_fn *user; // fn of the script
};

VEC_OF(cg_values, LLVMValueRef);

struct cg {
    const struct unit *u;
    struct arena *arena;
    struct manifest *manifest;
    LLVMContextRef llvm;
    LLVMModuleRef module;
    LLVMBuilderRef b;
    LLVMDIBuilderRef di;
    LLVMMetadataRef di_file, di_unit;
    LLVMTypeRef i1, i8, i16, i32, i64, ptr, void_type;
    const struct sema_program *program;
    struct cg_function *f;
    LLVMValueRef *maps; // by sema_map.index
    LLVMValueRef events, control, packets, losses, state, scratch_map, generations;
    struct cg_stack_map {
        uint32_t frames;
        LLVMValueRef map;
    } stacks[16];
    unsigned nstacks;
    uint32_t scratch_used, scratch_max; // bytes: of this program, of all
    uint32_t scratch_fns;               // of the script's functions, before those of programs
    struct cg_values scratch_keys;      // where functions store the key of their look-up
    uint32_t comm_at;                   // in task_struct; 0: not asked, or it cannot be read there
    bool comm_is_asked;
    LLVMValueRef lost;                   // void gaff_lost(i32 index)
    bool has_control;                    // some event goes to the control ring: all carry the time
    uint32_t first_target;               // index in the manifest of the program's first target
    bool identity;                       // the program reads its attach cookie
    bool has_jumps_back;                 // some loop is one in the code too
    unsigned serial;                     // for names
    bool is_shallow;                     // no variable on the stack that need not be there
    bool is_too_deep;                    // more stack than the kernel allows
    const char *failure;                 // what LLVM said of the code, NULL: nothing
    struct cg_value prepared;            // a value that was computed before its event was reserved,
    const struct ast_expr *prepared_for; // and the node that stands for it
    struct span span;                    // what is being generated
};

// ---- builder shorthands (value.c) ----
LLVMValueRef cg_int(struct cg *c, uint64_t v);   // i64
LLVMValueRef cg_int32(struct cg *c, uint32_t v); // i32
LLVMBasicBlockRef cg_block(struct cg *c, const char *name);
void cg_at(struct cg *c, LLVMBasicBlockRef block); // builder goes to its end
void cg_jump(struct cg *c, LLVMBasicBlockRef to);
LLVMValueRef cg_is_null(struct cg *c, LLVMValueRef p);
LLVMValueRef cg_helper(struct cg *c, unsigned id, const LLVMValueRef *args, unsigned n); // i64
LLVMValueRef cg_helper_ptr(struct cg *c, unsigned id, const LLVMValueRef *args, unsigned n);
LLVMValueRef cg_offset(struct cg *c, LLVMValueRef p, uint64_t bytes); // p + bytes
LLVMValueRef cg_bool(struct cg *c, LLVMValueRef i1);                  // i1 to i64
LLVMValueRef cg_nonzero(struct cg *c, LLVMValueRef i64);              // i64 to i1
LLVMTypeRef cg_int_type(struct cg *c, uint32_t bytes);
// Scopes of cached values: what is computed inside a branch is forgotten after it.
LLVMValueRef cg_opaque(struct cg *c, LLVMValueRef i64);
void cg_enter(struct cg *c);
void cg_leave(struct cg *c);

// ---- memory (memory.c) ----
// A place for `size` bytes until the program ends: stack when small, else scratch memory. The
// address that cg_slot gives is computed where it is called; what is also used in blocks that
// this one does not lead to (variables) keeps its home and asks for the address in each.
struct cg_home {
    struct cg_function *function;
    LLVMValueRef stack; // or NULL
    uint32_t at;        // bytes into scratch memory
};
enum cg_where { CG_ANYWHERE, CG_ON_STACK, CG_IN_SCRATCH };
struct cg_home cg_home_new(struct cg *c, uint32_t size, uint32_t align, enum cg_where where);
LLVMValueRef cg_home_address(struct cg *c, const struct cg_home *home);
LLVMValueRef cg_slot(struct cg *c, uint32_t size, uint32_t align);
// What a callback is given must be on the stack, and so must what decides when a loop ends: the
// verifier knows no values in maps.
// Until cg_stack_done, after which the place may be another's.
LLVMValueRef cg_stack_slot(struct cg *c, uint32_t size);
void cg_stack_done(struct cg *c, LLVMValueRef slot, uint32_t size);
LLVMValueRef cg_scratch_slot(struct cg *c, uint32_t size); // what is read at any index must be here
void cg_make_scratch(struct cg *c);                        // at the end: its map
void cg_zero(struct cg *c, LLVMValueRef p, uint32_t size);
void cg_copy(struct cg *c, LLVMValueRef to, LLVMValueRef from, uint32_t size); // BPF to BPF
void cg_read(struct cg *c, LLVMValueRef to, LLVMValueRef size, LLVMValueRef address,
             enum cg_memory memory); // size: i64; gives nothing: a fault leaves zeroes
LLVMValueRef cg_read_str(struct cg *c, LLVMValueRef to, LLVMValueRef size, LLVMValueRef address,
                         enum cg_memory memory); // bytes with the NUL, negative on a fault
LLVMValueRef cg_load_int(struct cg *c, LLVMValueRef p, const struct type *type); // to i64
void cg_store_int(struct cg *c, LLVMValueRef p, const struct type *type, LLVMValueRef v);
// Reads a scalar from any memory.
LLVMValueRef cg_fetch(struct cg *c, LLVMValueRef address, const struct type *type,
                      enum cg_memory memory);
enum cg_memory cg_memory_of(struct cg *c, const struct type *pointer);

// ---- values ----
struct cg_value cg_scalar_value(LLVMValueRef v, const struct type *type);
struct cg_value cg_address_value(LLVMValueRef p, const struct type *type, enum cg_memory m);
struct cg_value cg_expr(struct cg *c, const struct ast_expr *e); // expr.c
LLVMValueRef cg_scalar(struct cg *c, const struct ast_expr *e);  // i64
LLVMValueRef cg_truth(struct cg *c, const struct ast_expr *e);   // i1
void cg_store(struct cg *c, LLVMValueRef to, const struct type *type, struct cg_value v);
// Evaluates straight into memory. zero: bytes after a string's end must be zero (map keys).
void cg_expr_into(struct cg *c, const struct ast_expr *e, LLVMValueRef to, bool zero);
LLVMValueRef cg_materialize(struct cg *c, struct cg_value v); // address in BPF memory
void cg_str_into(struct cg *c, const struct ast_expr *e, LLVMValueRef to, bool zero); // fn_string.c
struct cg_value cg_convert(struct cg *c, struct cg_value v, const struct type *to);
struct cg_value cg_binary(struct cg *c, const struct ast_expr *e); // ops.c
struct cg_value cg_unary(struct cg *c, const struct ast_expr *e);
LLVMValueRef cg_equal_bytes(struct cg *c, LLVMValueRef a, LLVMValueRef b, uint32_t size); // i1
LLVMValueRef cg_equal_strings(struct cg *c, LLVMValueRef a, LLVMValueRef b, uint32_t n,
                              bool whole); // i1; equal.c
LLVMValueRef cg_equal_literal(struct cg *c, LLVMValueRef p, const char *text, size_t len,
                              uint32_t room);                     // i1
struct cg_value cg_field(struct cg *c, const struct ast_expr *e); // access.c
struct cg_value cg_index(struct cg *c, const struct ast_expr *e);
struct cg_value cg_element(struct cg *c, const struct ast_expr *e);
struct cg_value cg_deref(struct cg *c, LLVMValueRef address, const struct type *type,
                         enum cg_memory m);             // the value at an address
void cg_stmts(struct cg *c, const struct ast_stmts *s); // stmt.c
bool cg_split(struct cg *c, const struct ast_stmts *s); // split.c: true if it generated them
// Leaves the function, or the loop whose body is a callback and then what is around it. value: i64.
void cg_return(struct cg *c, LLVMValueRef value);
LLVMValueRef cg_var_address(struct cg *c, struct sema_var *v);
void cg_loop(struct cg *c, const struct ast_stmt *s); // loop.c

LLVMValueRef cg_arithmetic(struct cg *c, enum ast_binary op, LLVMValueRef a, LLVMValueRef b,
                           const struct type *type);                   // ops.c
struct cg_value cg_address_of(struct cg *c, const struct ast_expr *e); // access.c

// ---- maps (map.c) ----
void cg_atomic_add(struct cg *c, LLVMValueRef cell, LLVMValueRef by);
struct cg_value cg_map_step(struct cg *c, const struct ast_expr *e, const struct sema_map *m,
                            const struct ast_expr *key, bool up, bool post);
LLVMValueRef cg_map_key(struct cg *c, const struct sema_map *m, const struct ast_expr *key);
// Of a keyless array, which is there before any assignment: where the word is that says there was
// one; else 0.
uint32_t cg_map_set_offset(const struct sema_map *m); // maps.c
void cg_map_mark_set(struct cg *c, const struct sema_map *m, LLVMValueRef cell);
LLVMValueRef cg_map_no_key(struct cg *c, const struct sema_map *m); // of a keyless map
LLVMValueRef cg_map_generation(struct cg *c, const struct sema_map *m);
// The key's type in the kernel; NULL: keyless.
const struct type *cg_map_key_type(struct cg *c, const struct sema_map *m);           // maps.c
LLVMValueRef cg_map_lookup(struct cg *c, const struct sema_map *m, LLVMValueRef key); // may be null
// Address of the entry's value, made with zeroes if it is not there; may be null (full).
LLVMValueRef cg_map_entry(struct cg *c, const struct sema_map *m, LLVMValueRef key);
struct cg_value cg_map_read(struct cg *c, const struct sema_map *m, LLVMValueRef key);
void cg_map_write(struct cg *c, const struct sema_map *m, LLVMValueRef key,
                  const struct ast_expr *value);
void cg_map_update(struct cg *c, const struct sema_map *m, LLVMValueRef key, LLVMValueRef value,
                   uint64_t flags);
void cg_map_aggregate(struct cg *c, const struct sema_map *m, LLVMValueRef key,
                      const struct ast_expr *call); // fn_aggregate.c
const struct ast_expr *cg_map_of(const struct ast_expr *e, const struct ast_expr **key);
void cg_count_loss(struct cg *c, uint32_t index);
LLVMValueRef cg_read_aggregate(struct cg *c, const struct sema_map *m, LLVMValueRef key);

long cg_possible_cpus(void); // var.c

// ---- words shared with the runtime (state.c) ----
void cg_state_make(struct cg *c);                             // their map
LLVMValueRef cg_state_read(struct cg *c, enum mf_state word); // i64
void cg_state_write(struct cg *c, enum mf_state word, LLVMValueRef value);

// ---- events (event.c) ----
// Reserves, fills from the row's fields and submits.
void cg_send(struct cg *c, struct mf_event *row, const struct ast_expr *const *args, size_t n,
             const struct ast_expr *where);
// Adds an event that is laid out, at the place of a node: gives its index. Of a record: what it
// begins with.
uint32_t cg_event_add(struct cg *c, struct mf_event *row, const struct ast_expr *where);
void cg_event_head(struct cg *c, uint32_t id, LLVMValueRef record);
// A warning of the program itself, at the place of the code around it.
void cg_warn(struct cg *c, const char *text);
// With -k: a warning where `failed` (i1), with what the helper gave (i64), and a text; NULL: that
// of the errno.
void cg_check(struct cg *c, LLVMValueRef failed, LLVMValueRef code, const char *helper,
              const char *text);
LLVMValueRef cg_negative(struct cg *c, LLVMValueRef v); // i1
uint32_t cg_string(struct cg *c, const char *text);     // index into manifest.strings

// ---- module level ----
LLVMValueRef cg_map_global(struct cg *c, const char *name, uint32_t type, uint32_t max_entries,
                           const struct type *key, const struct type *value, uint32_t value_size,
                           uint32_t flags); // maps.c
LLVMValueRef cg_stack_map(struct cg *c, uint32_t frames);
LLVMMetadataRef cg_di_type(struct cg *c, const struct type *type); // di.c
LLVMMetadataRef cg_di_c_type(struct cg *c, const struct type *type);
// Links the script's object, of *len bytes, with those of imported C. Gives what the caller frees
// and its length in *len; NULL after a message.
void *cg_link(const struct unit *u, const void *object, size_t *len); // link.c
// Says the type of a global variable, which BTF then has.
void cg_di_global(struct cg *c, LLVMValueRef global, const char *name, LLVMMetadataRef type);
// Index in the manifest of the first target with the name of the program's target i.
uint32_t cg_identity(struct cg *c, const struct sema_program *p, size_t i);
void cg_place(struct cg *c, struct span span); // debug location
struct cg_function *cg_begin_function(struct cg *c, const char *name, const char *section,
                                      LLVMTypeRef type, uint32_t stack_limit, unsigned line);
void cg_end_function(struct cg *c, LLVMValueRef result);
void cg_programs(struct cg *c); // program.c
void cg_user_fn(struct cg *c, struct sema_fn *fn);
void *cg_emit(struct cg *c, const struct cg_dump *dump, size_t *len); // emit.c
uint32_t cg_stack_depth(const void *elf); // depth.c: bytes, of LLVM's object
void cg_maps(struct cg *c);
LLVMValueRef cg_ctx_arg(struct cg *c, unsigned n, bool on_stack); // context.c
LLVMValueRef cg_iter_pointer(struct cg *c, const struct probe_arg *a);
// A pointer for a helper that takes only those which the verifier types; where one on the way is
// NULL, control goes to `null`.
LLVMValueRef cg_typed_pointer(struct cg *c, const struct ast_expr *e,
                              LLVMBasicBlockRef null); // typed.c
struct cg_value cg_ctx_field(struct cg *c, const struct ast_expr *e);
LLVMValueRef cg_ctx_reg(struct cg *c, int offset);
struct cg_value cg_ctx_retval(struct cg *c, const struct type *type);
void cg_bug(struct cg *c, const struct ast_expr *e, const char *what);

// ---- shared by generators ----
struct cg_value cg_seq_printf(struct cg *c, const struct ast_expr *e); // fn_seq.c
void cg_comm_into(struct cg *c, LLVMValueRef to);                      // var.c
LLVMValueRef cg_clock(struct cg *c, enum nsecs_clock clock);           // var.c
struct cg_value cg_stack(struct cg *c, const struct type *type);       // var.c
LLVMValueRef cg_task_field(struct cg *c, LLVMValueRef from, const char *const *path,
                           const struct type **type); // var.c

// ---- generators, one for each row of builtins/*.def ----
#define F(id, name, signature, where, event, doc)                                                  \
    struct cg_value cg_fn_##id(struct cg *c, const struct ast_expr *e);
#define R(id, name, signature, where, event, doc)
#include "builtins/functions.def"
#undef F
#define V(id, name, type, caps, doc)                                                               \
    struct cg_value cg_var_##id(struct cg *c, const struct ast_expr *e);
#include "builtins/variables.def"
#undef V
