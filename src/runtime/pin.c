// SPDX-License-Identifier: Apache-2.0
// Pinned maps of a run: taken from where an earlier run left them, if they are of the types that
// the script has, or pinned for the next.
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "builtins/map_kinds.h"
#include "runtime/pin_internal.h"
#include "runtime/runtime_internal.h"

// ---- types in words ----

static void put_type(struct runtime *rt, struct strbuf *b, const struct type *t, unsigned depth);

static void put_fields(struct runtime *rt, struct strbuf *b, const struct type *t, unsigned depth) {
    for (uint32_t i = 0; i < t->nfields && depth < 8; i++) {
        const struct type_field *f = &t->fields[i];
        if (i) strbuf_putc(b, ',');
        if (f->name && *f->name) strbuf_printf(b, "%s=", f->name);
        put_type(rt, b, f->type, depth + 1);
        if (f->bit_size) strbuf_printf(b, ":%u", f->bit_size);
    }
}

// As messages spell it, with everything that changes its layout. A manifest does not have what
// pointers point to.
static void put_type(struct runtime *rt, struct strbuf *b, const struct type *t, unsigned depth) {
    switch (t->kind) {
    case TYPE_POINTER: strbuf_puts(b, "pointer"); break;
    case TYPE_ARRAY:
        put_type(rt, b, t->target, depth + 1);
        strbuf_printf(b, "[%u]", t->count);
        break;
    case TYPE_TUPLE:
        strbuf_putc(b, '(');
        put_fields(rt, b, t, depth);
        strbuf_putc(b, ')');
        break;
    case TYPE_STRUCT:
        strbuf_printf(b, "%s{", type_name(rt->types, t));
        put_fields(rt, b, t, depth);
        strbuf_putc(b, '}');
        break;
    case TYPE_HIST:
        strbuf_puts(b, "hist_t");
        if (t->param) strbuf_printf(b, "(%u)", t->param);
        break;
    case TYPE_LHIST:
    case TYPE_TSERIES:
        strbuf_printf(b, "%s(%lld,%lld,%lld)", type_name(rt->types, t), (long long)t->min,
                      (long long)t->max, (long long)t->step);
        break;
    default: strbuf_puts(b, type_name(rt->types, t)); break;
    }
}

// The four lines of a pin, to be freed.
static char *describe(struct runtime *rt, const struct mf_map *m) {
    struct strbuf b = {0};
    bool keyed = m->key && m->bpf_type != BPF_MAP_TYPE_QUEUE && m->bpf_type != BPF_MAP_TYPE_STACK;
    strbuf_printf(&b, "%s\n", map_kind_name(m->bpf_type));
    if (keyed)
        put_type(rt, &b, m->key, 0);
    else
        strbuf_putc(&b, '-');
    strbuf_putc(&b, '\n');
    put_type(rt, &b, m->value, 0);
    strbuf_printf(&b, "\n%u\n", m->max_entries);
    return strbuf_take(&b);
}

// "hash(100): uint64 -> count_t"; changes the text.
static void put_signature(struct strbuf *b, char *lines) {
    const char *kind = strsep(&lines, "\n"), *key = lines ? strsep(&lines, "\n") : "?",
               *value = lines ? strsep(&lines, "\n") : "?",
               *entries = lines ? strsep(&lines, "\n") : "?";
    strbuf_printf(b, "%s(%s): ", kind, entries);
    if (strcmp(key, "-")) strbuf_printf(b, "%s -> ", key);
    strbuf_puts(b, value);
}

// ---- reuse ----

static bool same_in_kernel(const struct runtime *rt, uint32_t i, const struct bpf_map_info *info) {
    const struct bpf_map *map = rt->maps[i];
    return info->type == bpf_map__type(map) && info->key_size == bpf_map__key_size(map) &&
           info->value_size == bpf_map__value_size(map) &&
           info->max_entries == bpf_map__max_entries(map);
}

static int other_type(struct runtime *rt, uint32_t i, char *have, const struct bpf_map_info *info) {
    const struct mf_map *m = &rt->m->maps.data[i];
    struct strbuf there = {0}, here = {0};
    char *want = describe(rt, m);
    if (!have)
        strbuf_puts(&there, "not one that gaff pinned");
    else if (!strcmp(have, want)) // changed by other hands
        strbuf_printf(&there, "a kernel map of type %u, key %u, value %u bytes, %u entries",
                      info->type, info->key_size, info->value_size, info->max_entries);
    else
        put_signature(&there, have);
    put_signature(&here, want);
    log_error("%s: the map pinned as '%s' is %s; the script's is %s", m->name, m->pin,
              strbuf_str(&there), strbuf_str(&here));
    log_hint("gaff --unpin %s removes it, or pin under another name", m->pin);
    strbuf_free(&there);
    strbuf_free(&here);
    free(want);
    return -EEXIST;
}

static int take(struct runtime *rt, uint32_t i, int fd) {
    const struct mf_map *m = &rt->m->maps.data[i];
    struct bpf_map_info info = {0};
    uint32_t len = sizeof(info);
    char *have = pin_text_read(m->pin), *want = describe(rt, m);
    int err = 0;
    if (bpf_obj_get_info_by_fd(fd, &info, &len) || !have || strcmp(have, want) ||
        !same_in_kernel(rt, i, &info))
        err = other_type(rt, i, have, &info);
    else if ((err = bpf_map__reuse_fd(rt->maps[i], fd)))
        log_error("%s: the map pinned as '%s' cannot be used: %s", m->name, m->pin, strerror(-err));
    rt->reused[i] = !err;
    free(have);
    free(want);
    return err;
}

int rt_pins_reuse(struct runtime *rt) {
    for (uint32_t i = 0; i < rt->m->maps.len; i++) {
        const struct mf_map *m = &rt->m->maps.data[i];
        char path[PIN_PATH];
        if (!m->pin) continue;
        if (rt->pins < 0 && (rt->pins = pin_folder_open(!rt->opts->verify_only)) < 0)
            return rt->pins == -ENOENT ? 0 : rt->pins; // nothing is there, and nothing will be
        pin_path(path, m->pin, "");
        int fd = bpf_obj_get(path);
        if (fd < 0 && errno == ENOENT) continue;
        int err = fd < 0 ? -errno : take(rt, i, fd);
        if (fd < 0) log_error("%s: %s cannot be opened: %s", m->name, path, strerror(-err));
        if (fd >= 0) close(fd);
        if (err) return err;
    }
    return 0;
}

// ---- pinning ----

// The text of a map's types, in a map of its own that nobody changes any more.
static int pin_text(const char *text, const char *path) {
    uint32_t zero = 0, size = (uint32_t)strlen(text) + 1;
    int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "gaff_type", 4, size, 1, NULL);
    if (fd < 0) return -errno;
    int err = bpf_map_update_elem(fd, &zero, text, BPF_ANY);
    if (!err) bpf_map_freeze(fd);
    if (!err) err = unlink(path) && errno != ENOENT ? -errno : bpf_obj_pin(fd, path);
    close(fd);
    return err;
}

static int keep(struct runtime *rt, uint32_t i) {
    const struct mf_map *m = &rt->m->maps.data[i];
    char path[PIN_PATH], text_path[PIN_PATH], *text = describe(rt, m);
    pin_path(path, m->pin, "");
    pin_path(text_path, m->pin, ":type");
    int err = strlen(text) < PIN_TEXT ? pin_text(text, text_path) : -E2BIG;
    if (!err) err = bpf_obj_pin(bpf_map__fd(rt->maps[i]), path);
    if (err) {
        unlink(text_path);
        log_error("%s cannot be pinned as %s: %s", m->name, path, strerror(-err));
    }
    free(text);
    return err;
}

int rt_pins_keep(struct runtime *rt) {
    int err = 0;
    for (uint32_t i = 0; i < rt->m->maps.len && !err; i++)
        if (rt->m->maps.data[i].pin && !rt->reused[i]) err = keep(rt, i);
    if (rt->pins >= 0) close(rt->pins);
    rt->pins = -1;
    return err;
}
