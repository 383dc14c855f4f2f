// SPDX-License-Identifier: Apache-2.0
// The folder of pinned maps: opened, listed, emptied.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/log.h"
#include "base/suggest.h"
#include "object/manifest.h"
#include "runtime/pin_internal.h"
#include "runtime/runtime.h"

void pin_path(char *out, const char *name, const char *suffix) {
    snprintf(out, PIN_PATH, "%s/%s%s", PIN_FOLDER, name, suffix);
}

static int not_mounted(void) {
    log_error("pinned maps need a BPF file system on " PIN_MOUNT);
    log_hint("mount -t bpf bpf " PIN_MOUNT);
    return -ENODEV;
}

static int refused(const char *what, int err) {
    log_error(PIN_FOLDER ": %s: %s", what, strerror(err));
    if (err == EPERM || err == EACCES) log_hint("pinned maps belong to who made them, mostly root");
    return -err;
}

// What others may write could be swapped for their own maps.
static int check_owner(int fd) {
    struct stat st;
    if (fstat(fd, &st)) return refused("cannot be read", errno);
    if ((st.st_uid == geteuid() || st.st_uid == 0) && !(st.st_mode & 022)) return 0;
    log_error(PIN_FOLDER ": others than its owner may write into it, or it is another user's");
    log_hint("chmod 700 " PIN_FOLDER);
    return -EPERM;
}

int pin_folder_open(bool make) {
    struct statfs fs;
    if (statfs(PIN_MOUNT, &fs) || fs.f_type != BPF_FS_MAGIC) return not_mounted();
    if (make && mkdir(PIN_FOLDER, 0700) && errno != EEXIST) return refused("cannot be made", errno);
    int fd = open(PIN_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && !make) return -ENOENT;
    if (fd < 0) return refused("cannot be opened", errno);
    int err = check_owner(fd);
    if (!err && flock(fd, LOCK_EX)) err = refused("cannot be locked", errno);
    if (!err) return fd;
    close(fd);
    return err;
}

char *pin_text_read(const char *name) {
    char path[PIN_PATH], *text = NULL;
    struct bpf_map_info info = {0};
    uint32_t len = sizeof(info), zero = 0;
    pin_path(path, name, ":type");
    int fd = bpf_obj_get(path);
    if (fd < 0) return NULL;
    bool ok = !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_MAP_TYPE_ARRAY &&
              info.key_size == 4 && info.value_size <= PIN_TEXT;
    if (ok && (text = calloc(1, info.value_size + 1)) && bpf_map_lookup_elem(fd, &zero, text)) {
        free(text);
        text = NULL;
    }
    close(fd);
    return text;
}

// ---- what is there ----

static int is_pin(const struct dirent *e) { return e->d_name[0] != '.' && !strchr(e->d_name, ':'); }

// Names of all pinned maps, sorted, to be freed one by one; 0 also when there is no folder.
static int list_names(struct dirent ***names) {
    int n = scandir(PIN_FOLDER, names, is_pin, alphasort);
    if (n < 0) *names = NULL;
    return n < 0 ? 0 : n;
}

static void free_names(struct dirent **names, int n) {
    for (int i = 0; i < n; i++) free(names[i]);
    free(names);
}

// How many entries there are; -1 where the kernel cannot tell.
static int64_t count_entries(int fd, const struct bpf_map_info *info) {
    if (info->type == BPF_MAP_TYPE_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_ARRAY)
        return info->max_entries;
    unsigned char *keys = calloc(2, info->key_size ? info->key_size : 1), *next;
    int64_t n = 0;
    if (!info->key_size || !keys) n = -1;
    next = keys ? keys + info->key_size : NULL;
    for (bool first = true; n >= 0 && n < info->max_entries; first = false, n++) {
        if (bpf_map_get_next_key(fd, first ? NULL : keys, next)) break;
        memcpy(keys, next, info->key_size);
    }
    free(keys);
    return n;
}

static void list_one(FILE *out, const char *name) {
    char path[PIN_PATH], count[32] = "-";
    struct bpf_map_info info = {0};
    uint32_t len = sizeof(info);
    char *text = pin_text_read(name), *rest = text;
    const char *kind = text ? strsep(&rest, "\n") : "?", *key = rest ? strsep(&rest, "\n") : "?",
               *value = rest ? strsep(&rest, "\n") : "?";
    pin_path(path, name, "");
    int fd = bpf_obj_get(path);
    if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len)) {
        int64_t n = count_entries(fd, &info);
        if (n >= 0) snprintf(count, sizeof(count), "%lld", (long long)n);
    }
    fprintf(out, "%-20s %-13s %-20s %-20s %s of %u\n", name, kind, key, value, count,
            info.max_entries);
    if (fd >= 0) close(fd);
    free(text);
}

int rt_pins_list(FILE *out) {
    int folder = pin_folder_open(false);
    if (folder < 0) return folder == -ENOENT ? 0 : 1;
    struct dirent **names;
    int n = list_names(&names);
    if (n) fprintf(out, "%-20s %-13s %-20s %-20s %s\n", "NAME", "KIND", "KEY", "VALUE", "ENTRIES");
    for (int i = 0; i < n; i++) list_one(out, names[i]->d_name);
    free_names(names, n);
    close(folder);
    return 0;
}

static void unknown(const char *name) {
    struct dirent **names;
    int n = list_names(&names);
    struct suggest s = suggest_begin(name);
    for (int i = 0; i < n; i++) suggest_offer(&s, names[i]->d_name);
    log_error("no map is pinned as '%s'", name);
    if (s.best) log_hint("did you mean %s?", s.best);
    free_names(names, n);
}

int rt_pin_remove(const char *name) {
    char path[PIN_PATH];
    int folder = pin_folder_open(false);
    if (folder < 0 && folder != -ENOENT) return 1;
    int err = ENOENT;
    if (manifest_pin_ok(name)) {
        pin_path(path, name, "");
        err = unlink(path) ? errno : 0;
    }
    if (err == ENOENT) {
        unknown(name);
    } else if (err) {
        refused(name, err);
    } else {
        pin_path(path, name, ":type");
        unlink(path);
    }
    if (folder >= 0) close(folder);
    return err != 0;
}
