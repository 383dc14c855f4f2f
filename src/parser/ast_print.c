// SPDX-License-Identifier: Apache-2.0
// Prints the tree for -d ast: one node on each line, children indented by one space.
#include <inttypes.h>

#include "parser/parser.h"

struct printer {
    FILE *out;
    unsigned depth;
};

static void line(struct printer *p, const char *fmt, ...) ATTR_PRINTF(2, 3);
static void print_expr(struct printer *p, const struct ast_expr *e);
static void print_stmts(struct printer *p, const struct ast_stmts *v);

static void line(struct printer *p, const char *fmt, ...) {
    va_list ap;
    for (unsigned i = 0; i < p->depth; i++) fputc(' ', p->out);
    va_start(ap, fmt);
    vfprintf(p->out, fmt, ap);
    va_end(ap);
    fputc('\n', p->out);
}

static const char *const binary_names[] = {
    [AST_ADD] = "+",   [AST_SUB] = "-",  [AST_MUL] = "*", [AST_DIV] = "/", [AST_MOD] = "%",
    [AST_SHL] = "<<",  [AST_SHR] = ">>", [AST_AND] = "&", [AST_OR] = "|",  [AST_XOR] = "^",
    [AST_LAND] = "&&", [AST_LOR] = "||", [AST_EQ] = "==", [AST_NE] = "!=", [AST_LT] = "<",
    [AST_LE] = "<=",   [AST_GT] = ">",   [AST_GE] = ">=",
};
static const char *const unary_names[] = {
    [AST_NEG] = "-",
    [AST_NOT] = "!",
    [AST_BITNOT] = "~",
    [AST_DEREF] = "*",
    [AST_ADDRESS] = "&",
    [AST_PRE_INC] = "++ (pre)",
    [AST_PRE_DEC] = "-- (pre)",
    [AST_POST_INC] = "++ (post)",
    [AST_POST_DEC] = "-- (post)",
};

static void print_type(struct printer *p, const struct ast_type *t) {
    if (!t) return;
    switch (t->kind) {
    case AST_TYPE_NAME: line(p, "type: %s", t->name); return;
    case AST_TYPE_POINTER: line(p, "type: pointer"); break;
    case AST_TYPE_ARRAY: line(p, "type: array"); break;
    case AST_TYPE_TUPLE: line(p, "type: tuple"); break;
    case AST_TYPE_TYPEOF: line(p, "type: typeof"); break;
    }
    p->depth++;
    print_type(p, t->target);
    if (t->count) print_expr(p, t->count);
    if (t->expr) print_expr(p, t->expr);
    for (size_t i = 0; i < t->elems.len; i++) print_type(p, t->elems.data[i]);
    p->depth--;
}

static void print_exprs(struct printer *p, const struct ast_exprs *v) {
    p->depth++;
    for (size_t i = 0; i < v->len; i++) print_expr(p, v->data[i]);
    p->depth--;
}

static void print_child(struct printer *p, const struct ast_expr *e) {
    if (!e) return;
    p->depth++;
    print_expr(p, e);
    p->depth--;
}

// What a block or macro ends in, when it is a value and no statement.
static void print_value(struct printer *p, const struct ast_expr *e) {
    if (!e) return;
    line(p, "value");
    print_child(p, e);
}

static void print_string(struct printer *p, const struct ast_expr *e) {
    for (unsigned i = 0; i < p->depth; i++) fputc(' ', p->out);
    fputs("string: \"", p->out);
    for (size_t i = 0; i < e->string.len; i++) {
        unsigned char c = (unsigned char)e->string.data[i];
        if (c == '"' || c == '\\')
            fprintf(p->out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", p->out);
        else if (c < 0x20)
            fprintf(p->out, "\\x%02x", c);
        else
            fputc(c, p->out);
    }
    fputs("\"\n", p->out);
}

static void print_size(struct printer *p, const struct ast_expr *e, const char *name) {
    line(p, "%s", name);
    p->depth++;
    print_type(p, e->size.of);
    if (e->size.expr) print_expr(p, e->size.expr);
    for (size_t i = 0; i < e->size.fields.len; i++) line(p, "field: %s", e->size.fields.data[i]);
    p->depth--;
}

static void print_int(struct printer *p, const struct ast_expr *e) {
    if (e->integer.is_negative)
        line(p, "int: %" PRId64, (int64_t)e->integer.value);
    else
        line(p, "int: %" PRIu64, e->integer.value);
}

static void print_expr(struct printer *p, const struct ast_expr *e) {
    switch (e->kind) {
    case AST_INT: print_int(p, e); break;
    case AST_BOOL: line(p, "bool: %s", e->boolean ? "true" : "false"); break;
    case AST_STRING: print_string(p, e); break;
    case AST_POSITIONAL:
        if (e->positional.index)
            line(p, "param: $%u", e->positional.index);
        else
            line(p, "param: $#");
        break;
    case AST_IDENT: line(p, "identifier: %s", e->ident.name); break;
    case AST_BUILTIN: line(p, "builtin: %s", e->ident.name); break;
    case AST_VAR: line(p, "variable: %s", e->var.name); break;
    case AST_MAP: line(p, "map: %s", e->map.name); break;
    case AST_INDEX:
        line(p, "[]");
        print_child(p, e->index.base);
        print_exprs(p, &e->index.keys);
        break;
    case AST_FIELD:
        line(p, "%s %s", e->field.is_arrow ? "->" : ".", e->field.name);
        print_child(p, e->field.base);
        break;
    case AST_ELEMENT:
        line(p, ". %u", e->element.index);
        print_child(p, e->element.base);
        break;
    case AST_CALL:
        line(p, "call: %s", e->call.name);
        print_exprs(p, &e->call.args);
        break;
    case AST_UNARY:
        line(p, "%s", unary_names[e->unary.op]);
        print_child(p, e->unary.operand);
        break;
    case AST_BINARY:
        line(p, "%s", binary_names[e->binary.op]);
        print_child(p, e->binary.left);
        print_child(p, e->binary.right);
        break;
    case AST_TERNARY:
        line(p, "?:");
        print_child(p, e->ternary.cond);
        print_child(p, e->ternary.then);
        print_child(p, e->ternary.otherwise);
        break;
    case AST_CAST:
        line(p, "cast");
        p->depth++;
        print_type(p, e->cast.to);
        p->depth--;
        print_child(p, e->cast.operand);
        break;
    case AST_CONVERT:
        line(p, "convert");
        print_child(p, e->cast.operand);
        break;
    case AST_SIZEOF: print_size(p, e, "sizeof"); break;
    case AST_OFFSETOF: print_size(p, e, "offsetof"); break;
    case AST_TYPEINFO: print_size(p, e, "typeinfo"); break;
    case AST_TYPE_ARG: print_size(p, e, "type"); break;
    case AST_TUPLE:
        line(p, "tuple");
        print_exprs(p, &e->tuple.elems);
        break;
    case AST_RECORD:
        line(p, "record");
        for (size_t i = 0; i < e->tuple.elems.len; i++) {
            p->depth++;
            line(p, "%s =", e->tuple.names.data[i]);
            print_child(p, e->tuple.elems.data[i]);
            p->depth--;
        }
        break;
    case AST_BLOCK_EXPR:
        line(p, "block");
        print_stmts(p, &e->block.stmts);
        print_value(p, e->block.value);
        break;
    case AST_COMPTIME:
        line(p, "comptime");
        print_child(p, e->comptime);
        break;
    }
}

static void print_loop(struct printer *p, const struct ast_stmt *s, const char *name) {
    line(p, "%s", name);
    print_child(p, s->loop.var);
    print_child(p, s->loop.cond);
    print_child(p, s->loop.from);
    print_child(p, s->loop.to);
    print_child(p, s->loop.map);
    print_stmts(p, &s->loop.body);
}

static void print_stmt(struct printer *p, const struct ast_stmt *s) {
    switch (s->kind) {
    case AST_EXPR_STMT: print_expr(p, s->expr); break;
    case AST_ASSIGN:
        line(p, "%s=", s->assign.op >= 0 ? binary_names[s->assign.op] : "");
        print_child(p, s->assign.target);
        print_child(p, s->assign.value);
        break;
    case AST_LET:
        line(p, "let");
        print_child(p, s->let.var);
        p->depth++;
        print_type(p, s->let.type);
        p->depth--;
        print_child(p, s->let.value);
        break;
    case AST_IF:
        line(p, s->cond.is_comptime ? "if comptime" : "if");
        print_child(p, s->cond.cond);
        line(p, "then");
        print_stmts(p, &s->cond.then);
        if (s->cond.otherwise.len) {
            line(p, "else");
            print_stmts(p, &s->cond.otherwise);
        }
        break;
    case AST_WHILE: print_loop(p, s, "while"); break;
    case AST_UNROLL: print_loop(p, s, "unroll"); break;
    case AST_FOR_RANGE:
    case AST_FOR_MAP: print_loop(p, s, "for"); break;
    case AST_BREAK: line(p, "break"); break;
    case AST_CONTINUE: line(p, "continue"); break;
    case AST_RETURN:
        line(p, "return");
        print_child(p, s->expr);
        break;
    case AST_BLOCK:
        line(p, "{");
        print_stmts(p, &s->block);
        break;
    case AST_ERROR_STMT: break;
    }
}

static void print_stmts(struct printer *p, const struct ast_stmts *v) {
    p->depth++;
    for (size_t i = 0; i < v->len; i++) print_stmt(p, v->data[i]);
    p->depth--;
}

static void print_callables(struct printer *p, const struct ast_callables *v, const char *what) {
    for (size_t i = 0; i < v->len; i++) {
        const struct ast_callable *c = v->data[i];
        line(p, "%s: %s", what, c->name);
        for (size_t j = 0; j < c->params.len; j++) {
            p->depth++;
            line(p, "param: %s", c->params.data[j].name);
            p->depth++;
            print_type(p, c->params.data[j].type);
            p->depth -= 2;
        }
        print_stmts(p, &c->body);
        print_value(p, c->value);
    }
}

void ast_print(const struct ast_program *program, FILE *out) {
    struct printer p = {.out = out};
    line(&p, "Program");
    p.depth++;
    for (size_t i = 0; i < program->c_texts.len; i++)
        line(&p, "c: %s", program->c_texts.data[i].text);
    for (size_t i = 0; i < program->imports.len; i++)
        line(&p, "import: %s", program->imports.data[i].path);
    for (size_t i = 0; i < program->config.len; i++) {
        line(&p, "config: %s", program->config.data[i].name);
        print_child(&p, program->config.data[i].value);
    }
    for (size_t i = 0; i < program->map_decls.len; i++) {
        line(&p, "map: %s %s", program->map_decls.data[i]->name, program->map_decls.data[i]->kind);
        print_child(&p, program->map_decls.data[i]->size);
        const struct ast_config_items *options = &program->map_decls.data[i]->options;
        for (size_t k = 0; k < options->len; k++) {
            line(&p, "option: %s", options->data[k].name);
            print_child(&p, options->data[k].value);
        }
    }
    print_callables(&p, &program->macros, "macro");
    print_callables(&p, &program->fns, "fn");
    for (size_t i = 0; i < program->probes.len; i++) {
        const struct ast_probe *probe = program->probes.data[i];
        for (size_t j = 0; j < probe->points.len; j++) line(&p, "%s", probe->points.data[j].text);
        if (probe->predicate) {
            line(&p, "pred");
            print_child(&p, probe->predicate);
        }
        print_stmts(&p, &probe->body);
    }
}
