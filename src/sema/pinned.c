// SPDX-License-Identifier: Apache-2.0
// Iterators that are pinned to a file: the kernel runs them when somebody reads it, long after gaff
// has ended. What they print goes into that file, formatted by the kernel (bpf_seq_printf).
#include <ctype.h>
#include <string.h>

#include "sema/sema_internal.h"

#define ARG(e, i) ((e)->call.args.data[i])

// ---- formats ----

VEC_OF(seq_text, char);

struct translation {
    struct arena *arena;
    const struct ast_expr *call;
    struct seq_format *out;
    struct seq_text text;
};

static bool refuse(struct translation *t, const struct ast_expr *where, const char *why) {
    t->out->where = where;
    t->out->why = why;
    return false;
}

static void put(struct translation *t, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) VEC_PUSH(t->arena, &t->text, text[i]);
}

static void puts_text(struct translation *t, const char *text) { put(t, text, strlen(text)); }

// What the kernel prints as text: else as a number.
static bool is_text(const struct type *type) { return type->kind == TYPE_STRING; }

static bool is_number(const struct type *type) {
    return type->kind == TYPE_INT || type->kind == TYPE_ENUM || type->kind == TYPE_POINTER ||
           type->kind == TYPE_BOOL;
}

// The kernel knows these flags and a width, no precision.
static bool put_flags(struct translation *t, const char *flags, size_t n) {
    if (strspn(flags, "-+ 0123456789") < n)
        return refuse(t, ARG(t->call, 0), "the kernel takes only a width and -, +, 0 in a format");
    puts_text(t, "%");
    put(t, flags, n);
    return true;
}

static bool put_value(struct translation *t, const char *flags, size_t n, bool is_long, char letter,
                      const struct ast_expr *a) {
    bool text = is_text(a->type), pointer = letter == 'p';
    if (!text && !is_number(a->type))
        return refuse(t, a, "the kernel can print only numbers and strings");
    if (letter == 's' && !text) { // shown as print() does
        if (a->type->kind == TYPE_ENUM || a->type->kind == TYPE_BOOL)
            return refuse(t, a, "the kernel does not know its name: convert it to an integer");
        pointer = a->type->kind == TYPE_POINTER;
        letter = a->type->is_signed ? 'd' : 'u';
        is_long = true;
    }
    if (n && *flags == '#' && (letter == 'x' || letter == 'X')) {
        puts_text(t, letter == 'x' ? "0x" : "0X");
        flags++, n--;
    }
    if (pointer) {
        puts_text(t, "0x%llx");
        return !n || refuse(t, ARG(t->call, 0), "the kernel pads no pointers");
    }
    if (!put_flags(t, flags, n)) return false;
    if (letter == 's' || letter == 'c')
        puts_text(t, "s");
    else
        put(t, is_long ? (const char[]){'l', 'l', letter} : &letter, is_long ? 3 : 1);
    return true;
}

// One conversion, after its '%'; gives what follows, NULL when it is refused.
static const char *conversion(struct translation *t, const char *p) {
    size_t flags = strspn(p, "-+ #0'123456789.");
    const char *letter = p + flags + strspn(p + flags, "hlzjt");
    size_t length = (size_t)(letter - p) - flags, used = t->out->n;
    if (!*letter || !strchr("duixXpsc", *letter) || memchr(p + flags, 'h', length))
        return refuse(t, ARG(t->call, 0), "the kernel has no such conversion"), NULL;
    if (used == SEQ_VALUES)
        return refuse(t, ARG(t->call, used + 1), "the kernel prints at most 12 values at once"),
               NULL;
    if (used + 1 >= t->call->call.args.len)
        return refuse(t, t->call, "a value is missing"), NULL; // said already
    t->out->letters[t->out->n++] = *letter;
    return put_value(t, p, flags, length > 0, *letter, ARG(t->call, used + 1)) ? letter + 1 : NULL;
}

static bool translate(struct translation *t, const char *format) {
    for (const char *p = format; *p;) {
        if (*p == '%' && p[1] != '%' && p[1] && !isspace((unsigned char)p[1])) {
            if (!(p = conversion(t, p + 1))) return false;
            continue;
        }
        if (!isprint((unsigned char)*p) && !isspace((unsigned char)*p))
            return refuse(t, ARG(t->call, 0), "the kernel's formats are plain ASCII");
        put(t, *p == '%' ? "%%" : p, *p == '%' ? 2 : 1);
        p += *p == '%' && p[1] == '%' ? 2 : 1;
    }
    return true;
}

bool sema_seq_format(struct arena *a, const struct ast_expr *call, struct seq_format *out) {
    struct translation t = {.arena = a, .call = call, .out = out};
    *out = (struct seq_format){0};
    if (!translate(&t, ARG(call, 0)->string.data)) return false;
    VEC_PUSH(a, &t.text, '\0');
    out->text = t.text.data;
    return true;
}

// ---- the pass ----

struct walk {
    struct unit *u;
    bool in_fn;
};

bool sema_is_pinned(const struct sema_program *p) {
    return p && p->targets.len && p->targets.data[0].pin;
}

static void look(void *ctx, struct ast_expr **pe) {
    struct walk *w = ctx;
    const struct ast_expr *e = *pe;
    struct seq_format format;
    if (e->kind != AST_CALL) return;
    if (e->call.fn) {
        struct walk inner = {.u = w->u, .in_fn = true};
        struct ast_visitor v = {.ctx = &inner, .expr = look};
        if (!e->call.fn->external) ast_visit_stmts(&v, &e->call.fn->body);
        return;
    }
    if (!(function_rows[e->call.function].where & FN_ASYNC)) return;
    if (e->call.function != FN_printf || w->in_fn) {
        diag(w->u->diags, e->span, pinned_call, e->call.name,
             w->in_fn ? "a function that a pinned iterator calls"
                      : "an iterator that is pinned to a file");
        diag_hint(w->u->diags,
                  "gaff has ended when the file of a pinned iterator is read: print with "
                  "printf() in the probe itself");
    } else if (!sema_seq_format(w->u->arena, e, &format)) {
        diag(w->u->diags, format.where->span, pinned_format, format.why);
    }
}

void sema_pinned(struct unit *u) {
    for (size_t i = 0; i < u->programs.len; i++) {
        struct sema_program *p = u->programs.data[i];
        if (!sema_is_pinned(p)) continue;
        struct walk w = {.u = u};
        struct ast_visitor v = {.ctx = &w, .expr = look};
        if (p->predicate) ast_visit_expr(&v, &p->predicate);
        ast_visit_stmts(&v, &p->body);
    }
}
