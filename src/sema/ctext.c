// SPDX-License-Identifier: Apache-2.0
// The C text of a script, in order: what the command line defines and includes, what imports bring,
// definitions and preprocessor lines. The own reader takes it all; where it does not understand
// something, clang.c may.
#include "sema/sema_internal.h"

void sema_c_add(struct unit *u, const char *text, size_t len, struct span span) {
    const char *error;
    size_t at;
    struct ast_c_text c = {.text = text, .len = len, .span = span};
    VEC_PUSH(u->arena, &u->c_texts, c);
    if (types_add_c(u->types, text, len, &error, &at)) return;
    if (span.src) {
        span.begin += (uint32_t)at;
        span.end = span.begin + 1;
    }
    struct c_failure f = {.span = span, .why = error};
    VEC_PUSH(u->arena, &u->c_failures, f);
}

void sema_c_texts(struct unit *u, const struct ast_program *p) {
    for (size_t i = 0; i < p->c_texts.len; i++)
        sema_c_add(u, p->c_texts.data[i].text, p->c_texts.data[i].len, p->c_texts.data[i].span);
}

void sema_c_options(struct unit *u) {
    const struct span nowhere = {.src = NULL};
    for (size_t i = 0; i < u->options.ndefines; i++) {
        const char *d = u->options.defines[i], *is = strchr(d, '=');
        const char *line = is ? arena_printf(u->arena, "#define %.*s %s", (int)(is - d), d, is + 1)
                              : arena_printf(u->arena, "#define %s 1", d);
        sema_c_add(u, line, strlen(line), nowhere);
    }
    for (size_t i = 0; i < u->options.nincludes; i++) {
        const char *line = arena_printf(u->arena, "#include \"%s\"", u->options.includes[i]);
        sema_c_add(u, line, strlen(line), nowhere);
    }
}

void sema_c_error(struct unit *u, struct span span, const char *why) {
    if (strstr(why, "file not found")) // as clang and the own reader both say it
        diag(u->diags, span, c_header_missing, why);
    else
        diag(u->diags, span, c_definition, why);
}

void sema_c_done(struct unit *u) {
    if (!u->c_failures.len && !types_unread_header(u->types)) return;
    size_t before = diags_errors(u->diags);
    if (sema_c_ask(u) || diags_errors(u->diags) > before) return;
    for (size_t i = 0; i < u->c_failures.len; i++) {
        sema_c_error(u, u->c_failures.data[i].span, u->c_failures.data[i].why);
        sema_c_hint(u);
    }
}
