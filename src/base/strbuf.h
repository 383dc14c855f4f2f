// SPDX-License-Identifier: Apache-2.0
// A growable string on the heap, always NUL-terminated once something was added.
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/attr.h"

struct strbuf {
    char *data; // owned; NULL while empty
    size_t len; // bytes before the NUL
    size_t cap;
};

void strbuf_free(struct strbuf *b);
void strbuf_clear(struct strbuf *b);
void strbuf_add(struct strbuf *b, const char *data, size_t len);
void strbuf_puts(struct strbuf *b, const char *s);
void strbuf_putc(struct strbuf *b, char c);
void strbuf_printf(struct strbuf *b, const char *fmt, ...) ATTR_PRINTF(2, 3);
void strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap) ATTR_PRINTF(2, 0);
// The text, "" when empty; owned by the buffer.
const char *strbuf_str(const struct strbuf *b);
// Gives the text to the caller, who frees it; the buffer is empty again.
char *strbuf_take(struct strbuf *b);
