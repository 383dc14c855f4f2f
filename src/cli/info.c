// SPDX-License-Identifier: Apache-2.0
// --info: what this kernel and this build can do.
#include <stdio.h>
#include <sys/utsname.h>

#include "cli/cli.h"
#include "codegen/codegen.h"
#include "probes/feature.h"
#include "probes/probe.h"

int info_run(void) {
    struct utsname u;
    uname(&u);
    printf("System\n  OS: %s %s %s\n  Arch: %s\n\n", u.sysname, u.release, u.version, u.machine);
    printf("Build\n  version: %s\n  LLVM: %s\n  libdw (DWARF support): yes\n\n", GAFF_VERSION,
           cg_llvm_version());
    puts("Kernel features");
    for (int i = 0; i < FEATURE_COUNT; i++)
        printf("  %s: %s\n", feature_rows[i].name,
               !feature_can_ask()              ? "unknown"
               : feature_have((enum feature)i) ? "yes"
                                               : "no");
    printf("  Loop support: yes\n  get_ktime_ns: yes\n");
    puts("\nProbe types");
    for (const struct provider *const *p = provider_all(); *p; p++)
        if ((*p)->attach) printf("  %s: yes\n", (*p)->name);
    return 0;
}
