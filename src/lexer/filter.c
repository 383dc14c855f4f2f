// SPDX-License-Identifier: Apache-2.0
// Tells apart what one token of look-ahead cannot: after this pass
//   (int32)x          begins with CAST_OPEN       sizeof(struct s)  holds TYPE_OPEN
//   (a = 1, b = 2)    begins with RECORD_OPEN     x = { 1; 2 }      holds BLOCK_OPEN
//   / pred / {        ends with PRED_CLOSE        f(if (x) {..})   holds IF_VALUE
// No type is looked up: a cast is a type's shape, ')' and something that begins an expression.
#include "lexer/lexer_internal.h"

#include <stdlib.h>
#include <string.h>

static int kind_at(const struct token_vec *t, size_t i) {
    return i < t->len ? t->data[i].kind : TOKEN_END;
}

static bool is_tag(int kind) {
    return kind == TOKEN_STRUCT || kind == TOKEN_UNION || kind == TOKEN_ENUM;
}

// Index after the bracket that closes the one at i, or 0.
static size_t skip_brackets(const struct token_vec *t, size_t i) {
    unsigned depth = 0;
    for (; i < t->len; i++) {
        int k = t->data[i].kind;
        if (k == '(' || k == '[') depth++;
        if (k == ')' || k == ']') {
            if (--depth == 0) return i + 1;
        }
        if (k == ';' || k == '{') return 0;
    }
    return 0;
}

// Skips a type's shape that begins at i; 0 when there is none. *words: plain names in it,
// *shaped: it has a tag, several words, a star or brackets, so it can only be a type.
static size_t skip_type(const struct token_vec *t, size_t i, bool *shaped) {
    *shaped = false;
    if (is_tag(kind_at(t, i)) && kind_at(t, i + 1) == TOKEN_IDENT) {
        *shaped = true;
        i += 2;
    } else if (kind_at(t, i) == TOKEN_TYPEOF && kind_at(t, i + 1) == '(') {
        *shaped = true;
        if (!(i = skip_brackets(t, i + 1))) return 0;
    } else if (kind_at(t, i) == TOKEN_IDENT) {
        size_t first = i;
        while (kind_at(t, i) == TOKEN_IDENT) i++;
        *shaped = i - first > 1;
    } else {
        return 0;
    }
    while (kind_at(t, i) == '*') i++, *shaped = true;
    while (kind_at(t, i) == '[') {
        bool empty = kind_at(t, i + 1) == ']';
        if (!empty && (kind_at(t, i + 1) != TOKEN_INT || kind_at(t, i + 2) != ']')) return 0;
        i += empty ? 2 : 3;
        *shaped = true;
    }
    return i;
}

// Names that mean a type wherever they stand.
static bool is_type_name(const char *s) {
    static const char *const known[] = {"int",    "char",  "short",  "long",   "unsigned",
                                        "signed", "bool",  "string", "buffer", "void",
                                        "size_t", "float", "double"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (!strcmp(s, known[i])) return true;
    size_t n = strlen(s);
    if (n > 2 && !strcmp(s + n - 2, "_t")) return true;
    const char *digits = s + strcspn(s, "0123456789");
    size_t head = (size_t)(digits - s);
    bool width = !strcmp(digits, "8") || !strcmp(digits, "16") || !strcmp(digits, "32") ||
                 !strcmp(digits, "64");
    static const char *const stems[] = {"int", "uint", "u", "s", "__u", "__s", "__be", "__le"};
    for (size_t i = 0; width && i < ARRAY_LEN(stems); i++)
        if (strlen(stems[i]) == head && !strncmp(s, stems[i], head)) return true;
    return false;
}

// Can kind begin an expression? `sure`: even where it could also go on with one.
static bool begins_expression(int kind, bool sure) {
    switch (kind) {
    case TOKEN_INT:
    case TOKEN_STRING:
    case TOKEN_IDENT:
    case TOKEN_VAR:
    case TOKEN_MAP:
    case TOKEN_POSITIONAL:
    case TOKEN_TRUE:
    case TOKEN_FALSE:
    case TOKEN_SIZEOF:
    case TOKEN_OFFSETOF:
    case TOKEN_TYPEINFO:
    case TOKEN_COMPTIME:
    case '(':
    case '!':
    case '~': return true;
    case '-':
    case '+':
    case '*':
    case '&':
    case TOKEN_INC:
    case TOKEN_DEC:
    case '{': return sure && kind != '{';
    default: return false;
    }
}

static int paren_kind(const struct token_vec *t, size_t i) {
    int before = i ? t->data[i - 1].kind : 0;
    bool shaped;
    if (before == TOKEN_SIZEOF || before == TOKEN_TYPEOF || before == TOKEN_OFFSETOF ||
        before == TOKEN_TYPEINFO) {
        size_t end = skip_type(t, i + 1, &shaped);
        return end && (kind_at(t, end) == ')' || kind_at(t, end) == ',') ? TOKEN_TYPE_OPEN : '(';
    }
    if (kind_at(t, i + 1) == TOKEN_IDENT && kind_at(t, i + 2) == '=') return TOKEN_RECORD_OPEN;
    // A call's arguments are never a cast; `if (a) (b)` is not written.
    if (before == TOKEN_IDENT || before == TOKEN_IF || before == TOKEN_IF_VALUE ||
        before == TOKEN_WHILE)
        return '(';
    size_t end = skip_type(t, i + 1, &shaped);
    if (!end || kind_at(t, end) != ')') return '(';
    bool sure = shaped || is_type_name(t->data[i + 1].text);
    return begins_expression(kind_at(t, end + 1), sure) ? TOKEN_CAST_OPEN : '(';
}

// The comma after the last of several attach points, which may be there.
static bool ends_points(const struct token_vec *t, size_t i) {
    return i > 1 && t->data[i - 1].kind == ',' && t->data[i - 2].kind == TOKEN_POINT;
}

// A brace where an expression must stand begins a block expression.
static bool wants_expression(int before) {
    switch (before) {
    case '=':
    case '(':
    case ',':
    case '[':
    case '?':
    case ':':
    case '+':
    case '-':
    case '*':
    case '%':
    case '<':
    case '>':
    case '&':
    case '|':
    case '^':
    case '!':
    case '~':
    case TOKEN_RETURN:
    case TOKEN_COMPTIME:
    case TOKEN_PRED_OPEN:
    case TOKEN_CAST_OPEN: return true;
    default: return before >= TOKEN_SHL && before <= TOKEN_XOR_ASSIGN;
    }
}

// Index after the block that begins with the next '{' at or after i, or 0.
static size_t skip_block(const struct token_vec *t, size_t i) {
    unsigned depth = 0;
    for (; i < t->len; i++) {
        int k = t->data[i].kind;
        if (k == '{' || k == TOKEN_BLOCK_OPEN) depth++;
        if (k == '}' && --depth == 0) return i + 1;
        if (k == ';' && !depth) return 0;
    }
    return 0;
}

// Is the `if` at i the last thing of its block, with an else? Then it is the block's value.
static bool ends_block(const struct token_vec *t, size_t i) {
    while (kind_at(t, i) == TOKEN_IF) {
        i = skip_block(t, i + 1);
        if (!i || kind_at(t, i) != TOKEN_ELSE) return false;
        if (kind_at(t, ++i) == '{') i = skip_block(t, i);
    }
    return i && kind_at(t, i) == '}';
}

// Open braces, and which of them hold a value: those of an `if` that is one.
struct braces {
    bool value[256];
    unsigned depth;
    bool next_is_value; // the next '{' belongs to such an `if`
    bool closed_value;  // the last '}' closed one
};

static void track_braces(struct braces *b, int kind) {
    if (kind == TOKEN_IF_VALUE) b->next_is_value = true;
    if (kind == TOKEN_ELSE && b->closed_value) b->next_is_value = true;
    b->closed_value = false;
    if (kind == '{' || kind == TOKEN_BLOCK_OPEN) {
        if (b->depth < ARRAY_LEN(b->value)) b->value[b->depth] = b->next_is_value;
        b->depth++;
        b->next_is_value = false;
    }
    if (kind == '}' && b->depth) {
        b->depth--;
        b->closed_value = b->depth < ARRAY_LEN(b->value) && b->value[b->depth];
    }
}

static bool in_value_block(const struct braces *b) {
    return b->depth && b->depth <= ARRAY_LEN(b->value) && b->value[b->depth - 1];
}

void lex_filter(struct token_vec *tokens) {
    bool in_predicate = false;
    struct braces braces = {.depth = 0};
    for (size_t i = 0; i < tokens->len; i++) {
        struct token *t = &tokens->data[i];
        switch (t->kind) {
        case '(': t->kind = paren_kind(tokens, i); break;
        case '{':
            if (i && wants_expression(tokens->data[i - 1].kind) && !ends_points(tokens, i))
                t->kind = TOKEN_BLOCK_OPEN;
            break;
        case TOKEN_IF:
            if (i && (wants_expression(tokens->data[i - 1].kind) ||
                      (in_value_block(&braces) && tokens->data[i - 1].kind != TOKEN_ELSE &&
                       ends_block(tokens, i))))
                t->kind = TOKEN_IF_VALUE;
            break;
        case TOKEN_PRED_OPEN: in_predicate = true; break;
        case '/':
            if (in_predicate && kind_at(tokens, i + 1) == '{') {
                t->kind = TOKEN_PRED_CLOSE;
                in_predicate = false;
            }
            break;
        }
        track_braces(&braces, t->kind);
    }
}
