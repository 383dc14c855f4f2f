// SPDX-License-Identifier: Apache-2.0
// Source lines of the kernel's own code (not of its modules), by the image with debug information
// that distributions install beside it. The running kernel may lie elsewhere than its image says.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/attr.h"
#include "symbols/elf_file.h"
#include "symbols/lines.h"
#include "symbols/symbols_internal.h"

struct kernel_lines {
    struct lines *lines; // NULL: there are none
    char *path;
    int fd;
    uint64_t moved; // bytes from where the image says to where it is
};

// The build-id of the running kernel: /sys/kernel/notes is its section of notes.
static char *running_build_id(void) {
    _Alignas(4) char notes[4096];
    FILE *f = fopen("/sys/kernel/notes", "re");
    size_t n = f ? fread(notes, 1, sizeof(notes), f) : 0;
    if (f) fclose(f);
    for (size_t at = 0; at + sizeof(Elf64_Nhdr) <= n;) {
        Elf64_Nhdr note;
        memcpy(&note, notes + at, sizeof(note));
        size_t name = at + sizeof(note), content = name + (note.n_namesz + 3) / 4 * 4;
        size_t end = content + (note.n_descsz + 3) / 4 * 4;
        if (content < name || end < content || end > n) break;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(notes + name, "GNU", 4))
            return elf_hex(notes + content, note.n_descsz);
        at = end;
    }
    return NULL;
}

// Is it an image of the running kernel? Without build-ids, who named the file must know.
static bool is_running(const char *path) {
    struct elf_file f;
    if (!elf_file_open(&f, path)) return false;
    char *running = running_build_id(), *id = elf_file_build_id(f.elf);
    bool same = !running || !id || !strcmp(running, id);
    free(running);
    free(id);
    elf_file_close(&f);
    return same;
}

static char *find_image(const char *given) {
    static const char *const places[] = {"/usr/lib/debug/boot/vmlinux-%s",
                                         "/usr/lib/debug/lib/modules/%s/vmlinux",
                                         "/lib/modules/%s/vmlinux",
                                         "/boot/vmlinux-%s",
                                         "/lib/modules/%s/build/vmlinux",
                                         "/usr/lib/debug/usr/lib/modules/%s/vmlinux",
                                         "/usr/lib/debug/boot/vmlinux-%s.debug"};
    struct utsname u;
    if (given && *given) return is_running(given) ? strdup(given) : NULL;
    if (uname(&u)) return NULL;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const char *hole = strstr(places[i], "%s");
        char path[512];
        snprintf(path, sizeof(path), "%.*s%s%s", (int)(hole - places[i]), places[i], u.release,
                 hole + 2);
        if (access(path, R_OK) == 0 && is_running(path)) return strdup(path);
    }
    return NULL;
}

struct kernel_lines *kernel_lines_open(const char *image, const struct lines_options *opts) {
    struct kernel_lines *k = calloc(1, sizeof(*k));
    if (!k) return NULL;
    k->fd = -1;
    k->path = find_image(image);
    uint64_t said, size, is = symbols_kernel_address("_stext");
    if (!k->path || !is || !elf_find_address(k->path, "_stext", &said, &size)) return k;
    k->moved = is - said;
    k->fd = open(k->path, O_RDONLY | O_CLOEXEC);
    if (k->fd >= 0) k->lines = lines_new(k->fd, k->path, opts);
    return k;
}

void kernel_lines_close(struct kernel_lines *k) {
    if (!k) return;
    lines_free(k->lines);
    if (k->fd >= 0) close(k->fd);
    free(k->path);
    free(k);
}

size_t kernel_lines_find(struct kernel_lines *k, uint64_t address, struct lines_frame *out,
                         size_t max) {
    return k && k->lines ? lines_frames(k->lines, address - k->moved, out, max) : 0;
}
