// SPDX-License-Identifier: Apache-2.0
// From script text to a run: source, parse, sema, codegen, runtime; -d shows the stages between.
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "cli/cli.h"
#include "codegen/codegen.h"
#include "object/elf.h"
#include "parser/format.h"
#include "parser/parser.h"
#include "runtime/runtime.h"
#include "sema/sema.h"

enum { MAX_SCRIPT = 64 << 20 };

const struct source *script_read(struct arena *a, const char *file) {
    bool input = !strcmp(file, "-");
    FILE *f = input ? stdin : fopen(file, "re");
    struct strbuf text = {0};
    char chunk[1 << 16];
    struct stat st;
    if (f && fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        fclose(f);
        f = NULL;
    }
    if (!f) {
        log_error("failed to open file '%s': %s", file, strerror(errno));
        return NULL;
    }
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0 && text.len < MAX_SCRIPT;)
        strbuf_add(&text, chunk, n);
    bool failed = ferror(f);
    if (!input) fclose(f);
    const struct source *src = NULL;
    if (failed)
        log_error("failed to read file '%s': %s", file, strerror(errno));
    else
        src = source_new(a, input ? "stdin" : file, strbuf_str(&text), text.len);
    strbuf_free(&text);
    return src;
}

static bool wants(const struct options *o, const char *stage) {
    for (size_t i = 0; i < o->ndump; i++)
        if (!strcmp(o->dump[i], stage) || !strcmp(o->dump[i], "all")) return true;
    return false;
}

static bool set_config(struct unit *u) {
    const char *name, *why;
    config_init(&u->config);
    if (config_from_environment(&u->config, &name, &why)) return true;
    log_error("environment: %s: %s", name, why);
    return false;
}

static void fill_options(struct unit *u, const struct options *o, const struct child *child) {
    u->options = (struct unit_options){.params = o->params,
                                       .nparams = o->nparams,
                                       .include_dirs = o->include_dirs,
                                       .ninclude_dirs = o->ninclude_dirs,
                                       .includes = o->includes,
                                       .nincludes = o->nincludes,
                                       .defines = o->defines,
                                       .ndefines = o->ndefines,
                                       .pid = child->pid > 0 ? child->pid : o->pid,
                                       .program = child->path,
                                       .unsafe = o->unsafe,
                                       .helper_errors = o->helper_errors,
                                       .no_warnings = o->no_warnings,
                                       .test_mode = o->test,
                                       .bench_mode = o->bench,
                                       .params_help = o->help,
                                       .no_kernel = o->check};
}

// Gives the exit status.
static int format(struct unit *u) {
    struct strbuf text = {0};
    bool ok = format_source(u->arena, u->diags, u->source, &text);
    diags_print(u->diags, stderr, isatty(STDERR_FILENO));
    if (!ok && !diags_errors(u->diags))
        log_warning("the script is left as it was: please report it");
    bool written = !text.len || fwrite(text.data, 1, text.len, stdout) == text.len;
    if (fflush(stdout) || !written) {
        log_error("cannot write the output: %s", strerror(errno));
        ok = false;
    }
    strbuf_free(&text);
    return !ok;
}

// Compiles to an object; NULL after messages. With --fmt *len is the exit status.
static void *compile(struct unit *u, const struct options *o, size_t *len) {
    if (o->no_warnings) diags_no_warnings(u->diags);
    if (o->fmt) {
        *len = (size_t)format(u);
        return NULL;
    }
    u->ast = parse_program(u->arena, u->diags, u->source);
    bool ok = !diags_errors(u->diags);
    if (ok && wants(o, "ast")) ast_print(u->ast, stdout);
    bool only_ast = o->ndump == 1 && wants(o, "ast") && strcmp(o->dump[0], "all");
    if (ok && !only_ast) ok = sema_run(u);
    fflush(stdout);
    diags_print(u->diags, stderr, isatty(STDERR_FILENO));
    if (!ok || only_ast) return NULL;
    struct cg_dump dump = {.ir = wants(o, "ir") ? stdout : NULL,
                           .ir_opt = wants(o, "ir-opt") ? stdout : NULL,
                           .bpf = wants(o, "bpf") ? stdout : NULL};
    return cg_compile(u, &dump, len);
}

// Compiling is done on a thread with a large stack: how deep a script may nest is then no
// question of the shell's limits. Running stays on the main thread, whose pid is its tid.
enum { STACK_BYTES = 256 << 20 }; // reserved, not touched

struct job {
    struct unit *u;
    const struct options *o;
    void *object;
    size_t len;
};

static void *compile_job(void *arg) {
    struct job *job = arg;
    job->object = compile(job->u, job->o, &job->len);
    return NULL;
}

static void *compile_deep(struct unit *u, const struct options *o, size_t *len) {
    struct job job = {.u = u, .o = o};
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (pthread_create(&thread, &attr, compile_job, &job) == 0)
        pthread_join(thread, NULL);
    else
        compile_job(&job);
    pthread_attr_destroy(&attr);
    *len = job.len;
    return job.object;
}

static void dump_manifest(const void *object, size_t len) {
    size_t n;
    char *error;
    const char *json = elf_find_section(object, len, MANIFEST_SECTION, &n);
    struct manifest *m = json ? manifest_read(json, n, &error) : NULL;
    if (!m) return;
    char *text = manifest_write(m, true);
    puts(text);
    free(text);
    manifest_free(m);
}

static int run(const struct options *o, const struct child *child, const void *object, size_t len) {
    struct rt_options rt = {.child = child->pid,
                            .debug_dirs = o->debug_dirs,
                            .ndebug_dirs = o->ndebug_dirs,
                            .child_go = child->go,
                            .pid = o->pid,
                            .output_path = o->output,
                            .format = o->format,
                            .buffering = o->buffering,
                            .quiet = o->quiet,
                            .verbose = o->verbose,
                            .verify_only = o->dry_run,
                            .keep_errors = o->helper_errors,
                            .no_warnings = o->no_warnings,
                            .unsafe = o->unsafe,
                            .test = o->test,
                            .bench = o->bench};
    return rt_run(object, len, &rt);
}

int script_run(const struct options *o) {
    struct arena *a = arena_new();
    struct child child = {.go = -1, .failure = -1};
    int status = 1;
    struct unit u = {.arena = a, .diags = diags_new(a)};
    void *object = NULL;
    size_t len = 0;
    u.source =
        o->script ? source_new(a, "stdin", o->script, strlen(o->script)) : script_read(a, o->file);
    if (!u.source || !set_config(&u)) goto out;
    if (o->command && !child_start(o->command, &child)) goto out;
    const char *slash = strrchr(u.source->name, '/');
    struct types_options types = {
        .include_dirs = o->include_dirs,
        .ninclude_dirs = o->ninclude_dirs,
        .debug_dirs = o->debug_dirs,
        .ndebug_dirs = o->ndebug_dirs,
        .script_dir =
            slash ? arena_strndup(a, u.source->name, (size_t)(slash - u.source->name)) : NULL};
    u.types = types_new(a, &types);
    fill_options(&u, o, &child);
    object = compile_deep(&u, o, &len);
    if (!object) {
        status = o->fmt ? (int)len : diags_errors(u.diags) || !o->ndump;
        goto out;
    }
    status = 0;
    if (wants(o, "manifest")) dump_manifest(object, len);
    if (o->check || o->ndump) goto out;
    types_free(u.types);
    u.types = NULL;
    status = run(o, &child, object, len);
out:
    free(object);
    types_free(u.types);
    if (child.pid && !child_end(&child)) status = 1;
    arena_free(a);
    return status;
}
