// SPDX-License-Identifier: Apache-2.0
// Every provider; each is defined in the file of its name.
#pragma once

#include "probes/probe.h"

extern const struct provider provider_begin, provider_end, provider_self, provider_test,
    provider_bench, provider_interval, provider_profile, provider_kprobe, provider_kretprobe,
    provider_tracepoint, provider_rawtracepoint, provider_fentry, provider_fexit, provider_uprobe,
    provider_uretprobe, provider_usdt, provider_watchpoint, provider_iter, provider_software,
    provider_hardware;
