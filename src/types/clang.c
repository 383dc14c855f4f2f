// SPDX-License-Identifier: Apache-2.0
// Finds clang, starts it in a folder of its own and reads what it wrote. Types take two steps: the
// text is compiled for this machine to LLVM's text form, and its debug information (clang_ir.c)
// by the BPF back end to BTF.
#include "types/clang.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "types/cache.h"
#include "types/clang_internal.h"

extern char **environ;

enum { NEWEST = 29, OLDEST = 11, MAX_OUTPUT = 1 << 30, MAX_ARGS = 160 };

static bool is_program(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static const char *in_path(struct arena *a, const char *name) {
    const char *path = getenv("PATH");
    for (const char *p = path ? path : "/usr/bin:/bin"; *p; p += *p == ':') {
        size_t n = strcspn(p, ":");
        const char *full = arena_printf(a, "%.*s/%s", (int)n, p, name);
        p += n;
        if (*full == '/' && is_program(full)) return full;
    }
    return NULL;
}

const char *clang_path(struct arena *a) {
    const char *chosen = getenv("GAFF_CLANG"), *found;
    if (chosen && *chosen)
        return !strchr(chosen, '/') ? in_path(a, chosen) : is_program(chosen) ? chosen : NULL;
    if ((found = in_path(a, "clang"))) return found;
    for (int version = NEWEST; version >= OLDEST; version--)
        if ((found = in_path(a, arena_printf(a, "clang-%d", version)))) return found;
    return NULL;
}

const char *clang_probe(struct arena *a, const char *name) {
    return arena_printf(a,
                        "#ifdef %s\n# 1 \"<%s>\"\n"
                        "const long long " CLANG_NUMBER "%s = "
                        "_Generic((%s), char *: 0, const char *: 0, default: (%s));\n"
                        "const char *const " CLANG_STRING "%s = "
                        "_Generic((%s), char *: (%s), const char *: (%s), default: (void *)0);\n"
                        "#endif\n",
                        name, name, name, name, name, name, name, name, name);
}

// ---- one run ----

struct run {
    struct arena *a;
    const char *clang;
    const char *folder; // for its files
};

static const char *file_in(const struct run *r, const char *name) {
    return arena_printf(r->a, "%s/%s", r->folder, name);
}

static bool put_file(const struct run *r, const char *name, const char *data, size_t len) {
    FILE *f = fopen(file_in(r, name), "we");
    if (!f) return false;
    bool ok = fwrite(data, 1, len, f) == len;
    return fclose(f) == 0 && ok;
}

// Runs it to its end; what it says goes to the file "messages". True when it succeeded.
static bool spawn(const struct run *r, const char *const *args, size_t nargs) {
    const char *argv[MAX_ARGS + 2] = {r->clang};
    pid_t pid;
    int status = -1;
    if (nargs > MAX_ARGS) return false;
    memcpy(argv + 1, args, nargs * sizeof(*args));
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, file_in(r, "messages"),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    if (posix_spawn(&pid, r->clang, &files, NULL, (char *const *)argv, environ) == 0)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
    posix_spawn_file_actions_destroy(&files);
    return status == 0;
}

struct args {
    const char *v[MAX_ARGS];
    size_t n;
};

static void add(struct args *args, const char *arg) {
    if (args->n < MAX_ARGS) args->v[args->n++] = arg;
}

// The command but for the names of files.
static struct args command(const struct clang_job *job) {
    static const char *const common[] = {"-x",
                                         "c",
                                         "-c",
                                         "-g",
                                         "-std=gnu11",
                                         "-ferror-limit=0",
                                         "-fno-color-diagnostics",
                                         "-fno-caret-diagnostics",
                                         "-fno-diagnostics-fixit-info",
                                         "-fno-diagnostics-show-option"};
    static const char *const types[] = {"-O0",
                                        "-w",
                                        "-S",
                                        "-emit-llvm",
                                        "-fno-eliminate-unused-debug-types",
                                        "-DBPF_NO_PRESERVE_ACCESS_INDEX"};
    static const char *const object[] = {"-O2",
                                         "-target",
                                         "bpf",
                                         "-mcpu=v3",
                                         "-Wno-everything",
                                         "-Werror=implicit-function-declaration",
                                         "-D__TARGET_ARCH_x86"};
    struct args args = {0};
    for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++) add(&args, common[i]);
    if (job->is_object)
        for (size_t i = 0; i < sizeof(object) / sizeof(*object); i++) add(&args, object[i]);
    else
        for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) add(&args, types[i]);
    for (size_t i = 0; i < job->nargs; i++) add(&args, job->args[i]);
    if (job->is_object) { // where Debian has <asm/types.h>
        add(&args, "-idirafter");
        add(&args, "/usr/include/x86_64-linux-gnu");
    }
    return args;
}

// The files of a dependency rule, "out: a b \<newline> c": but for those of the run's own folder.
static struct cache_files dependencies(const struct run *r) {
    struct cache_files out = {0};
    size_t len, own = strlen(r->folder);
    const char *text = cache_read_file(r->a, file_in(r, "deps"), MAX_OUTPUT, &len);
    const char *p = text ? strstr(text, ": ") : NULL;
    struct strbuf word = {0};
    for (p = p ? p + 2 : ""; *p; p++) {
        if (*p == '\\' && (p[1] == ' ' || p[1] == '#'))
            strbuf_putc(&word, *++p);
        else if (*p != ' ' && *p != '\n' && !(*p == '\\' && p[1] == '\n'))
            strbuf_putc(&word, *p);
        if ((*p == ' ' || *p == '\n' || !p[1]) && word.len) {
            const char *path = strbuf_str(&word);
            if (strncmp(path, r->folder, own)) VEC_PUSH(r->a, &out, arena_strdup(r->a, path));
            strbuf_clear(&word);
        }
    }
    strbuf_free(&word);
    return out;
}

static const char *messages(const struct run *r) {
    size_t len;
    const char *text = cache_read_file(r->a, file_in(r, "messages"), MAX_OUTPUT, &len);
    return text ? text : "";
}

// From LLVM's text form to a payload: the values, a NUL, the object with BTF.
static bool second_step(const struct run *r, struct strbuf *payload) {
    size_t len;
    const char *ir = cache_read_file(r->a, file_in(r, "out"), MAX_OUTPUT, &len);
    if (!ir) return false;
    struct strbuf module = {0};
    clang_ir_filter(r->a, ir, &module, payload);
    strbuf_putc(payload, '\0');
    bool ok = put_file(r, "module.ll", strbuf_str(&module), module.len);
    strbuf_free(&module);
    const char *args[] = {
        "-target", "bpf", "-g", "-c", "-x", "ir", file_in(r, "module.ll"), "-o", file_in(r, "out")};
    if (!ok || !spawn(r, args, sizeof(args) / sizeof(*args))) return false;
    const char *object = cache_read_file(r->a, file_in(r, "out"), MAX_OUTPUT, &len);
    if (object) strbuf_add(payload, object, len);
    return object != NULL;
}

// Fills `payload`; false when clang refused.
static bool compile(const struct run *r, const struct clang_job *job, struct args args,
                    struct strbuf *payload) {
    if (job->text && !put_file(r, "in.c", job->text, strlen(job->text))) return false;
    const char *more[] = {"-MD",
                          "-MF",
                          file_in(r, "deps"),
                          "-o",
                          file_in(r, "out"),
                          job->text ? file_in(r, "in.c") : job->file};
    for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) add(&args, more[i]);
    if (!spawn(r, args.v, args.n)) return false;
    if (!job->is_object) return second_step(r, payload);
    size_t len;
    const char *object = cache_read_file(r->a, file_in(r, "out"), MAX_OUTPUT, &len);
    if (object) strbuf_add(payload, object, len);
    return object != NULL;
}

static void remove_folder(const struct run *r) {
    static const char *const names[] = {"in.c", "out", "deps", "messages", "module.ll"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) unlink(file_in(r, names[i]));
    rmdir(r->folder);
}

static const char *make_folder(struct arena *a) {
    const char *base = cache_folder(a), *tmp = getenv("TMPDIR");
    if (!base) base = tmp && *tmp == '/' ? tmp : "/tmp";
    return mkdtemp(arena_printf(a, "%s/run-XXXXXX", base));
}

// ---- answers ----

// The object is copied to where its headers are aligned.
static struct clang_answer answer_of(struct arena *a, const struct clang_job *job, const char *data,
                                     size_t len) {
    size_t values = job->is_object ? 0 : strnlen(data, len);
    size_t at = job->is_object ? 0 : values < len ? values + 1 : values;
    char *object = arena_alloc(a, len - at + 1);
    memcpy(object, data + at, len - at);
    return (struct clang_answer){
        .status = CLANG_OK, .data = object, .len = len - at, .values = job->is_object ? "" : data};
}

// All that the answer depends on but the files that are included.
static void make_key(struct strbuf *key, const struct run *r, const struct clang_job *job,
                     const struct args *args) {
    struct stat st = {0};
    char *cwd = getcwd(NULL, 0);
    stat(r->clang, &st);
    strbuf_printf(key, "%s %lld %lld.%09ld\n%s\n", r->clang, (long long)st.st_size,
                  (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, cwd ? cwd : "");
    for (size_t i = 0; i < args->n; i++) strbuf_printf(key, "%s\n", args->v[i]);
    strbuf_printf(key, "%s\n", job->text ? job->text : job->file);
    free(cwd);
}

static struct clang_answer run_clang(struct run *r, const struct clang_job *job,
                                     const struct args *args, const struct strbuf *key) {
    struct clang_answer out = {.status = CLANG_REFUSED, .messages = "cannot make a folder for it"};
    struct strbuf payload = {0};
    if (!(r->folder = make_folder(r->a))) return out;
    bool ok = compile(r, job, *args, &payload);
    out.messages = messages(r);
    if (!ok && strstr(out.messages, "'vmlinux.h' file not found") && vmlinux_h_make(r->a)) {
        strbuf_clear(&payload);
        ok = compile(r, job, *args, &payload);
        out.messages = messages(r);
    }
    if (ok) {
        struct cache_files files = dependencies(r);
        char *data = arena_alloc(r->a, payload.len + 1);
        memcpy(data, payload.data, payload.len);
        cache_store(r->a, key->data, key->len, &files, data, payload.len);
        out = answer_of(r->a, job, data, payload.len);
    }
    remove_folder(r);
    strbuf_free(&payload);
    return out;
}

struct clang_answer clang_compile(struct arena *a, const struct clang_job *job) {
    struct run r = {.a = a, .clang = clang_path(a)};
    if (!r.clang) return (struct clang_answer){.status = CLANG_ABSENT, .messages = ""};
    struct args args = command(job);
    const char *kernel = vmlinux_h_folder(a);
    if (kernel) {
        add(&args, "-idirafter");
        add(&args, kernel);
    }
    struct strbuf key = {0};
    make_key(&key, &r, job, &args);
    size_t len;
    const char *known = cache_load(a, key.data, key.len, &len);
    struct clang_answer out =
        known ? answer_of(a, job, known, len) : run_clang(&r, job, &args, &key);
    strbuf_free(&key);
    return out;
}
