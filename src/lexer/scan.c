// SPDX-License-Identifier: Apache-2.0
// The scanner's actions: makes tokens out of what lexer.l matched, and reports what is malformed.
#include "lexer/lexer_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct span span_of(const struct lex *l, uint32_t begin, uint32_t end) {
    return (struct span){.src = l->src, .begin = begin, .end = end};
}

void lex_advance(struct lex *l, size_t n) {
    l->begin = l->end;
    l->end += (uint32_t)n;
}

static struct token *push(struct lex *l, int kind, uint32_t begin, uint32_t end) {
    struct token t = {.kind = kind, .span = span_of(l, begin, end)};
    t.text = arena_strndup(l->arena, l->src->text + begin, end - begin);
    t.len = end - begin;
    VEC_PUSH(l->arena, &l->tokens, t);
    return &l->tokens.data[l->tokens.len - 1];
}

void lex_push(struct lex *l, int kind) {
    if (kind == TOKEN_PRED_OPEN) l->in_predicate = true;
    push(l, kind, l->begin, l->end);
}

void lex_keyword_and_assign(struct lex *l, int kind) {
    push(l, kind, l->begin, l->begin + 6);
    push(l, '=', l->end - 1, l->end);
}

static int last_kind(const struct lex *l) {
    return l->tokens.len ? l->tokens.data[l->tokens.len - 1].kind : 0;
}

void lex_open(struct lex *l) {
    if (l->depth == 0 && last_kind(l) == '/') l->in_predicate = false;
    l->depth++;
    push(l, '{', l->begin, l->end);
}

bool lex_close(struct lex *l) {
    push(l, '}', l->begin, l->end);
    if (l->depth) l->depth--;
    return l->depth == 0 && !l->in_predicate;
}

void lex_invalid(struct lex *l) {
    unsigned char c = (unsigned char)l->src->text[l->begin];
    struct span at = span_of(l, l->begin, l->end);
    if (isprint(c))
        diag(l->diags, at, invalid_character, c);
    else
        diag(l->diags, at, invalid_byte, c);
    push(l, TOKEN_ERROR_CHAR, l->begin, l->end);
}

void lex_positional(struct lex *l) {
    struct token *t = push(l, TOKEN_POSITIONAL, l->begin, l->end);
    if (t->text[1] == '#') return;
    errno = 0;
    t->number = strtoull(t->text + 1, NULL, 10);
    if (t->number == 0 || t->number > 1000000) diag(l->diags, t->span, positional_range, t->text);
}

// ---- numbers ----

static const struct unit {
    const char *suffix;
    uint64_t ns;
} units[] = {
    {"ns", 1},          {"us", 1000},         {"ms", 1000000},       {"s", 1000000000},
    {"m", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000},
};

static bool is_integer_suffix(const char *s, bool *is_unsigned) {
    static const char *const known[] = {"u", "l", "ul", "ll", "ull", "lu", "llu"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (!strcasecmp(s, known[i])) {
            *is_unsigned = strpbrk(s, "uU") != NULL;
            return true;
        }
    return false;
}

// Digits without their separators, up to the first character that is none.
static size_t digits_of(const char *text, int base, char *out, size_t size) {
    size_t i = 0, n = 0;
    for (; text[i]; i++) {
        if (text[i] == '_') continue;
        bool ok = base == 16 ? isxdigit((unsigned char)text[i]) : isdigit((unsigned char)text[i]);
        if (!ok) break;
        if (n + 1 < size) out[n++] = text[i];
    }
    out[n] = '\0';
    return i;
}

static bool scale(uint64_t *value, uint64_t by) {
    return !__builtin_mul_overflow(*value, by, value);
}

static bool scientific(uint64_t *value, const char *exponent) {
    char *end;
    unsigned long e = strtoul(exponent, &end, 10);
    if (end == exponent || *end || e > 19) return false;
    while (e--)
        if (!scale(value, 10)) return false;
    return true;
}

void lex_number(struct lex *l) {
    struct token *t = push(l, TOKEN_INT, l->begin, l->end);
    char digits[80];
    const char *s = t->text;
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    if (hex) s += 2;
    size_t used = digits_of(s, hex ? 16 : 10, digits, sizeof(digits));
    const char *rest = s + used;
    int base = hex ? 16 : digits[0] == '0' && digits[1] && !*rest ? 8 : 10;
    char *end;
    errno = 0;
    t->number = strtoull(digits, &end, base);
    if (errno == ERANGE) {
        diag(l->diags, t->span, number_range, t->text);
        return;
    }
    if (!*rest && digits[0] && !*end) return;
    if (is_integer_suffix(rest, &t->is_unsigned) && digits[0]) return;
    for (size_t i = 0; i < ARRAY_LEN(units) && !hex; i++) {
        if (strcmp(rest, units[i].suffix)) continue;
        if (!scale(&t->number, units[i].ns)) diag(l->diags, t->span, number_range, t->text);
        return;
    }
    if (!hex && (rest[0] == 'e' || rest[0] == 'E') && scientific(&t->number, rest + 1)) return;
    diag(l->diags, t->span, number_form, t->text);
    diag_hint(l->diags, "a number may end in a unit of time: ns us ms s m h d");
}

// ---- attach points ----

static bool is_word(const char *text, size_t len, const char *word) {
    return strlen(word) == len && !memcmp(text, word, len);
}

// May the slash at text[len] belong to a path? Of an iterator's file only if the path begins there
// or before: iter:task/PREDICATE/, iter:task:/sys/fs/bpf/FILE.
static bool has_path(const char *text, size_t len) {
    static const char *const with[] = {"uprobe", "uretprobe", "usdt", "u", "ur", "U"};
    const char *colon = memchr(text, ':', len);
    if (!colon) return false;
    size_t n = (size_t)(colon - text);
    for (size_t i = 0; i < ARRAY_LEN(with); i++)
        if (is_word(text, n, with[i])) return true;
    if (!is_word(text, n, "iter") && !is_word(text, n, "it")) return false;
    colon = memchr(colon + 1, ':', len - n - 1);
    return colon && colon[1] == '/';
}

// An attach point ends at white space, a comma or a brace outside quotes; where its kind has no
// path in it, a slash begins the predicate.
size_t lex_point(struct lex *l) {
    const char *text = l->src->text + l->begin;
    size_t len = l->src->len - l->begin, i = 0;
    bool quoted = false;
    for (; i < len && text[i]; i++) {
        if (text[i] == '"') quoted = !quoted;
        if (text[i] == '\n' && quoted) break;
        if (quoted) continue;
        if (isspace((unsigned char)text[i]) || strchr(",{};", text[i])) break;
        if (text[i] == '/' && !has_path(text, i)) break;
    }
    if (i == 0) i = 1;
    l->end = l->begin + (uint32_t)i;
    bool bad = !(isalpha((unsigned char)text[0]) || strchr("_*?[$\"", text[0])) || !text[0];
    if (bad)
        lex_invalid(l);
    else
        push(l, TOKEN_POINT, l->begin, l->end);
    return i;
}

// ---- comments and C text ----

void lex_comment_begin(struct lex *l, int state) {
    l->resume = state;
    l->start = l->begin;
}

void lex_comment_unterminated(struct lex *l) {
    diag(l->diags, span_of(l, l->start, l->start + 2), comment_unterminated);
}

void lex_c_text(struct lex *l, const char *text, size_t len) {
    // A #! line, which is often put below the licence.
    size_t at = strspn(text, " \t");
    if (len > at + 1 && text[at] == '#' && text[at + 1] == '!') return;
    push(l, TOKEN_C_TEXT, l->begin, l->end);
}

void lex_c_begin(struct lex *l, bool is_typedef) {
    l->start = l->begin;
    l->is_typedef = is_typedef;
}

bool lex_c_close(struct lex *l) {
    if (l->depth) l->depth--;
    return l->depth == 0 && !l->is_typedef;
}

bool lex_c_close_last(struct lex *l) {
    if (l->depth) l->depth--;
    return l->depth == 0 && !(l->is_typedef && l->src->text[l->end - 1] != ';');
}

void lex_c_end(struct lex *l) { push(l, TOKEN_C_TEXT, l->start, l->end); }

void lex_c_unterminated(struct lex *l) {
    diag(l->diags, span_of(l, l->start, l->start + 6), c_unterminated);
}

// ---- strings ----

void lex_string_begin(struct lex *l) {
    l->start = l->begin;
    strbuf_clear(&l->string);
}

bool lex_string_end(struct lex *l) {
    bool import = last_kind(l) == TOKEN_IMPORT;
    struct token *t = push(l, TOKEN_STRING, l->start, l->end);
    t->text = arena_strndup(l->arena, strbuf_str(&l->string), l->string.len);
    t->len = l->string.len;
    return import && l->depth == 0;
}

void lex_string_escape(struct lex *l, const char *digits, int base) {
    unsigned long v = strtoul(digits, NULL, base);
    strbuf_putc(&l->string, (char)v);
}

void lex_string_char(struct lex *l, char c) {
    static const char names[] = "abfnrtv\\\"'?", values[] = "\a\b\f\n\r\t\v\\\"'?";
    const char *at = c ? strchr(names, c) : NULL;
    if (at)
        strbuf_putc(&l->string, values[at - names]);
    else
        diag(l->diags, span_of(l, l->begin, l->end), string_escape, c);
}

void lex_string_text(struct lex *l, const char *text, size_t len) {
    strbuf_add(&l->string, text, len);
}

void lex_string_newline(struct lex *l) { strbuf_putc(&l->string, '\n'); }

void lex_string_unterminated(struct lex *l) {
    diag(l->diags, span_of(l, l->start, l->start + 1), string_unterminated);
}

// ---- entry ----

// One message for a file that is no script, where each of its bytes would give one.
static bool is_text(struct lex *l) {
    const char *nul = memchr(l->src->text, 0, l->src->len);
    if (!nul) return true;
    uint32_t at = (uint32_t)(nul - l->src->text);
    diag(l->diags, span_of(l, at, at + 1), not_text);
    push(l, TOKEN_ERROR_CHAR, at, at + 1);
    return false;
}

struct token_vec lex_source(struct arena *a, struct diags *d, const struct source *src) {
    struct lex l = {.arena = a, .diags = d, .src = src};
    if (is_text(&l)) lex_scan(&l);
    strbuf_free(&l.string);
    uint32_t end = (uint32_t)src->len;
    push(&l, TOKEN_END, end, end);
    lex_filter(&l.tokens);
    return l.tokens;
}

const char *lex_token_name(int kind) {
    static const char *const names[] = {
#define T(id, text) [TOKEN_##id - TOKEN_FIRST] = text,
#include "lexer/tokens.def"
#undef T
    };
    if (kind == TOKEN_END) return "end of file";
    if (kind > TOKEN_FIRST && kind < TOKEN_LAST) return names[kind - TOKEN_FIRST];
    return NULL;
}
