// SPDX-License-Identifier: Apache-2.0
// --fmt works on tokens, not on the tree: nothing that the script says can get lost, and comments
// keep their places. Space never matters between tokens, so all that is decided here is where
// lines end and where a space stands; the result is read again to prove it.
#include "parser/format.h"

#include <string.h>

#include "lexer/lexer.h"
#include "parser/parser.h"

enum { INDENT = 2, MAX_NEST = 4096 };

struct opener {
    int kind;     // of the token that opened
    bool is_for;  // "for (": its colon stands alone
    bool is_list; // braces of config: one item on each line
};

struct formatter {
    const struct source *src;
    struct strbuf *out;
    struct opener nest[MAX_NEST];
    size_t depth;     // of nest
    unsigned braces;  // among them
    unsigned ternary; // ? without its :
    int prev;         // the token before; 0 at the start
    bool prev_prefix; // it is an operator before its operand, or the ) of a cast
    int newlines;     // owed before the next text
    bool at_start;    // of the output
};

static bool one_of(int kind, const int *kinds, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (kinds[i] == kind) return true;
    return false;
}
#define ONE_OF(kind, ...)                                                                          \
    one_of((kind), (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static bool is_open(int k) {
    return ONE_OF(k, '(', '[', '{', TOKEN_CAST_OPEN, TOKEN_TYPE_OPEN, TOKEN_RECORD_OPEN,
                  TOKEN_BLOCK_OPEN);
}
static bool is_brace(int k) { return k == '{' || k == TOKEN_BLOCK_OPEN; }

// Can a value end here, so that what follows is an operator between two?
static bool ends_operand(const struct formatter *f) {
    if (f->prev_prefix) return false;
    return ONE_OF(f->prev, TOKEN_INT, TOKEN_STRING, TOKEN_IDENT, TOKEN_VAR, TOKEN_MAP,
                  TOKEN_POSITIONAL, TOKEN_TRUE, TOKEN_FALSE, TOKEN_INC, TOKEN_DEC, ')', ']', '}');
}

static bool in_type(const struct formatter *f) {
    return f->depth && ONE_OF(f->nest[f->depth - 1].kind, TOKEN_CAST_OPEN, TOKEN_TYPE_OPEN);
}

static bool in_brace(const struct formatter *f) {
    return !f->depth || is_brace(f->nest[f->depth - 1].kind);
}

static bool is_prefix(const struct formatter *f, int k) {
    if (ONE_OF(k, '!', '~')) return true;
    if (in_type(f) && k == '*') return true; // "char **"
    return ONE_OF(k, '-', '+', '*', '&', TOKEN_INC, TOKEN_DEC) && !ends_operand(f);
}

// ---- lines ----

static void text(struct formatter *f, const char *s, size_t n, unsigned extra) {
    if (f->newlines && !f->at_start) {
        for (int i = 0; i < f->newlines; i++) strbuf_putc(f->out, '\n');
        for (unsigned i = 0; i < f->braces * INDENT + extra; i++) strbuf_putc(f->out, ' ');
    }
    f->newlines = 0;
    f->at_start = false;
    strbuf_add(f->out, s, n);
}

static void owe(struct formatter *f, int n) {
    if (f->newlines < n) f->newlines = n;
}

// ---- the gap between two tokens: comments, and the blank lines that are kept ----

struct gap {
    int lines;    // ends of line since the last token or comment
    bool comment; // it had one
};

// The "#!" line, which no token holds, counts as one.
static size_t comment_length(const char *s, const char *end, bool first) {
    bool shebang = first && s + 1 < end && s[0] == '#' && s[1] == '!';
    if (!shebang && (s + 1 >= end || *s != '/')) return 0;
    if (s[1] == '/' || shebang) {
        const char *eol = memchr(s, '\n', (size_t)(end - s));
        return (size_t)((eol ? eol : end) - s);
    }
    if (s[1] != '*') return 0;
    for (const char *p = s + 2; p + 1 < end; p++)
        if (p[0] == '*' && p[1] == '/') return (size_t)(p + 2 - s);
    return 0;
}

static void comment(struct formatter *f, const char *s, size_t n, int lines) {
    bool own_line = lines || f->at_start;
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r')) n--;
    if (own_line) {
        owe(f, lines > 1 && f->prev && !is_brace(f->prev) ? 2 : 1);
        text(f, s, n, 0);
    } else { // behind what it is about, on the same line
        int owed = f->newlines;
        f->newlines = 0;
        strbuf_putc(f->out, ' ');
        text(f, s, n, 0);
        f->newlines = owed;
    }
    if (s[1] != '*') owe(f, 1);
}

static struct gap walk_gap(struct formatter *f, uint32_t from, uint32_t to) {
    struct gap g = {0};
    const char *s = f->src->text + from, *end = f->src->text + to;
    while (s < end) {
        size_t n = comment_length(s, end, s == f->src->text);
        if (!n) {
            g.lines += *s++ == '\n';
            continue;
        }
        comment(f, s, n, g.lines);
        g = (struct gap){.comment = true};
        s += n;
    }
    return g;
}

// ---- space within a line ----

static bool glued_after(const struct formatter *f) {
    if (f->prev_prefix) return true;
    return ONE_OF(f->prev, '(', '[', '.', TOKEN_CAST_OPEN, TOKEN_TYPE_OPEN, TOKEN_RECORD_OPEN,
                  TOKEN_ARROW, TOKEN_DOTDOT, TOKEN_PRED_OPEN);
}

static bool glued_before(const struct formatter *f, int k) {
    if (ONE_OF(k, ')', ']', ',', ';', '.', TOKEN_ARROW, TOKEN_DOTDOT, TOKEN_PRED_CLOSE))
        return true;
    if (k == '[') return ends_operand(f);
    if (ONE_OF(k, TOKEN_INC, TOKEN_DEC)) return ends_operand(f);
    if (ONE_OF(k, '(', TOKEN_TYPE_OPEN, TOKEN_CAST_OPEN, TOKEN_RECORD_OPEN))
        return ONE_OF(f->prev, TOKEN_IDENT, TOKEN_SIZEOF, TOKEN_OFFSETOF, TOKEN_TYPEOF,
                      TOKEN_TYPEINFO);
    if (k == ':') return !f->ternary && !(f->depth && f->nest[f->depth - 1].is_for);
    return false;
}

static void space(struct formatter *f, const struct token *t) {
    if (!f->prev || f->newlines) return;
    size_t n = f->out->len;
    char last = n ? f->out->data[n - 1] : '\n', first = f->src->text[t->span.begin];
    // Two operators must not run into one another, nor a slash and a star into a comment.
    bool merges = strchr("-+&*/", last) && strchr("-+&*/", first) && (last == first || last == '/');
    bool glued = glued_after(f) || glued_before(f, t->kind);
    bool type_star = in_type(f) && t->kind == '*' && f->prev != '*';
    if (!glued || type_star || (merges && !ONE_OF(t->kind, TOKEN_INC, TOKEN_DEC)) ||
        (merges && f->prev_prefix))
        if (!(in_type(f) && t->kind == '*' && f->prev == '*')) strbuf_putc(f->out, ' ');
}

// ---- one token ----

// Lines that the script's author broke inside a statement stay broken.
static void keep_break(struct formatter *f, const struct token *t, const struct gap *g) {
    if (f->newlines) {
        if (g->lines > 1 && !is_brace(f->prev) && t->kind != '}') owe(f, 2);
        return;
    }
    bool head = !f->depth; // attach points and predicates stay together
    if (g->lines && !head && !is_brace(t->kind) && !glued_before(f, t->kind)) owe(f, 1);
    if (g->comment && g->lines) owe(f, 1);
}

static void open_nest(struct formatter *f, int k) {
    if (f->depth == MAX_NEST) return;
    bool is_list = k == '{' && f->prev == '=';
    f->nest[f->depth++] =
        (struct opener){.kind = k, .is_for = f->prev == TOKEN_FOR, .is_list = is_list};
}

static int close_nest(struct formatter *f) { return f->depth ? f->nest[--f->depth].kind : 0; }

// What is owed behind a token.
static void after(struct formatter *f, int k, int next) {
    bool top = !f->depth;
    if (is_brace(k)) owe(f, next == '}' ? 0 : 1);
    if (k == TOKEN_C_TEXT) owe(f, 1);
    if (k == ';' && in_brace(f)) owe(f, 1);
    if (k == ',' && (top || f->nest[f->depth - 1].is_list)) owe(f, 1);
    if (k != '}') return;
    if (ONE_OF(next, TOKEN_ELSE, ';', ')', ']', ',', '.', '?', ':')) return;
    owe(f, top && next != TOKEN_C_TEXT ? 2 : 1);
}

// Does a line that begins with this token go on with a statement?
static bool continues(const struct formatter *f, int k) {
    if (!f->depth || k == '}') return false;
    if (!in_brace(f)) return true;
    return f->prev && !ONE_OF(f->prev, ';', '{', '}', TOKEN_BLOCK_OPEN, ',', TOKEN_C_TEXT);
}

static void put_token(struct formatter *f, const struct token *t, int next) {
    int k = t->kind;
    bool prefix = is_prefix(f, k);
    unsigned extra = continues(f, k) ? 2 * INDENT : 0;
    if (k == '}' && !is_brace(f->prev)) owe(f, 1);
    if (k == TOKEN_C_TEXT && !f->at_start) owe(f, 1);
    if (k == '}' || k == ')' || k == ']') {
        int opened = close_nest(f);
        if (is_brace(opened) && f->braces) f->braces--;
        prefix = opened == TOKEN_CAST_OPEN;
    }
    space(f, t);
    const char *s = f->src->text + t->span.begin;
    size_t n = t->span.end - t->span.begin;
    while (n && strchr(" \t\r\n", s[n - 1])) n--;
    text(f, s, n, extra);
    if (k == '?') f->ternary++;
    if (k == ':' && f->ternary) f->ternary--;
    if (is_open(k)) open_nest(f, k);
    if (is_brace(k)) f->braces++;
    after(f, k, next);
    f->prev = k;
    f->prev_prefix = prefix;
}

static bool same_tokens(struct arena *a, const struct token_vec *x, const struct strbuf *text) {
    struct diags *d = diags_new(a);
    const struct source *src = source_new(a, "formatted", text->data, text->len);
    struct token_vec y = lex_source(a, d, src);
    if (x->len != y.len) return false;
    for (size_t i = 0; i < y.len; i++) {
        const struct token *p = &x->data[i], *q = &y.data[i];
        if (p->kind != q->kind || p->len != q->len || memcmp(p->text, q->text, p->len))
            return false;
    }
    return true;
}

bool format_source(struct arena *a, struct diags *d, const struct source *src, struct strbuf *out) {
    parse_program(a, d, src);
    if (diags_errors(d)) return false;
    struct token_vec tokens = lex_source(a, d, src);
    struct formatter *f = ARENA_NEW(a, struct formatter);
    struct strbuf text = {0};
    *f = (struct formatter){.src = src, .out = &text, .at_start = true};
    uint32_t at = 0;
    for (size_t i = 0; i < tokens.len; i++) {
        const struct token *t = &tokens.data[i];
        struct gap g = walk_gap(f, at, t->span.begin);
        if (t->kind == TOKEN_END) break;
        keep_break(f, t, &g);
        put_token(f, t, i + 1 < tokens.len ? tokens.data[i + 1].kind : TOKEN_END);
        at = t->span.end;
    }
    if (text.len) strbuf_putc(&text, '\n');
    bool same = same_tokens(a, &tokens, &text);
    if (same)
        strbuf_add(out, text.data, text.len);
    else
        strbuf_add(out, src->text, src->len);
    strbuf_free(&text);
    return same;
}
