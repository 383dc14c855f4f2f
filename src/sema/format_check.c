// SPDX-License-Identifier: Apache-2.0
// Format strings against their arguments.
#include <ctype.h>

#include "sema/sema_internal.h"

struct conversion {
    char letter; // d u x X o p s c r, g for gr, or 0 at the end
    size_t at;   // offset of '%'
    bool star;
};

// The next conversion at or after *pos; what stands for a percent sign is skipped. False for a
// malformed one.
static bool next(const char *f, size_t *pos, struct conversion *c) {
    for (;;) {
        const char *p = strchr(f + *pos, '%');
        if (!p) {
            c->letter = 0;
            return true;
        }
        c->at = (size_t)(p - f);
        p++;
        size_t percent = manifest_percent(p - 1);
        if (percent) {
            *pos = (size_t)(p - 1 + percent - f);
            continue;
        }
        p += strspn(p, "-+ #0'");
        c->star = *p == '*';
        if (c->star) p++;
        while (isdigit((unsigned char)*p)) p++;
        if (*p == '.') {
            p++;
            if (*p == '*') p++, c->star = true;
            while (isdigit((unsigned char)*p)) p++;
        }
        p += strspn(p, "hlzjt");
        c->letter = *p;
        if (p[0] == 'g' && p[1] == 'r') {
            *pos = (size_t)(p + 2 - f);
            return true;
        }
        if (!*p || !strchr("diuxXopscr", *p)) return false;
        p++;
        if (c->letter == 'r' && (*p == 'x' || *p == 'h')) p++;
        *pos = (size_t)(p - f);
        return true;
    }
}

static bool prints_as_text(const struct type *t) {
    switch (t->kind) {
    case TYPE_STRING:
    case TYPE_ARRAY:
    case TYPE_KSTACK:
    case TYPE_USTACK:
    case TYPE_KSYM:
    case TYPE_USYM:
    case TYPE_INET:
    case TYPE_MAC:
    case TYPE_TIMESTAMP:
    case TYPE_CGROUP_PATH:
    case TYPE_USERNAME:
    case TYPE_SYSCALL:
    case TYPE_PROBE:
    case TYPE_ENUM:
    case TYPE_TUPLE:
    case TYPE_STRUCT:
    case TYPE_BOOL:
    case TYPE_BUFFER: return true;
    default: return false;
    }
}

static bool fits(char letter, const struct type *t) {
    switch (letter) {
    case 's': return prints_as_text(t) || type_is_scalar(t) || type_is_aggregate(t);
    case 'r': return t->kind == TYPE_BUFFER;
    case 'c':
    case 'g': return type_is_integer(t);
    case 'p': return type_is_scalar(t);
    default:
        return type_is_scalar(t) || type_is_aggregate(t) || t->kind == TYPE_TIMESTAMP ||
               t->kind == TYPE_KSYM || t->kind == TYPE_USERNAME;
    }
}

void infer_printf(struct infer *in, struct ast_expr *e) {
    if (!in->final) return;
    const struct ast_expr *format = e->call.args.data[0];
    size_t pos = 0, used = 1, n = e->call.args.len;
    for (;;) {
        struct conversion c;
        if (!next(format->string.data, &pos, &c)) {
            const char *bad = format->string.data + c.at;
            size_t len = 1 + strspn(bad + 1, "-+ #0'.123456789*hlzjt");
            if (isgraph((unsigned char)bad[len])) len++;
            diag(in->u->diags, format->span, format_conversion,
                 arena_strndup(in->u->arena, bad, len));
            return;
        }
        if (!c.letter) break;
        if (c.star) {
            diag(in->u->diags, format->span, format_star);
            return;
        }
        if (used >= n) {
            used++;
            continue;
        }
        struct ast_expr *a = e->call.args.data[used++];
        if (is_known(a->type) && !fits(c.letter, a->type))
            diag(in->u->diags, a->span, format_type, e->call.name,
                 c.letter == 'g' ? "gr" : (const char[]){c.letter, '\0'},
                 type_name(in->t, a->type));
    }
    if (used > n)
        diag(in->u->diags, e->span, format_few, n - 1, used - 1);
    else if (used < n)
        diag(in->u->diags, e->span, format_many, n - 1, used - 1);
    for (size_t i = 1; i < n; i++) {
        const struct type *type = e->call.args.data[i]->type;
        struct ast_expr *a = e->call.args.data[i];
        // A literal is as wide as it must be: %x of -1 has eight digits.
        if (a->kind == AST_INT && type->kind == TYPE_INT) a->type = literal_type(in->t, a);
        if (type->kind == TYPE_ARRAY && type->target->is_char && type->count)
            infer_convert(in, &e->call.args.data[i], type_stored(in->t, type));
    }
}
