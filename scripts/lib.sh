# Shared by the scripts of this folder; sourced, never run.
# Sets $top (the source tree) and $cache (downloads kept outside the tree).

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gaff

say() { printf '== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit "${status:-1}"; }

# Root's commands also work for a user with sudo; -n, since nobody may be there to ask.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# May this machine itself load BPF programs and read trace events? Mounts tracefs if it can.
can_trace_here() {
  [ "$(id -u)" = 0 ] || return 1
  local dir=/sys/kernel/tracing
  [ -d $dir/events ] || mount -t tracefs tracefs $dir 2>/dev/null || true
  [ -d $dir/events/raw_syscalls ] || return 1
  # A locked-down kernel or a container refuses the first of these already.
  python3 - <<'PY' 2>/dev/null
import ctypes, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
insns = struct.pack('<BBhi', 0xb7, 0, 0, 0) + struct.pack('<BBhi', 0x95, 0, 0, 0)
code, licence = ctypes.create_string_buffer(insns), ctypes.create_string_buffer(b'GPL')
BPF_PROG_LOAD, TRACEPOINT = 5, 5
attr = struct.pack('<IIQQ', TRACEPOINT, 2, ctypes.addressof(code), ctypes.addressof(licence))
buf = ctypes.create_string_buffer(attr.ljust(128, b'\0'))
sys.exit(libc.syscall(321, BPF_PROG_LOAD, buf, 128) < 0)
PY
}

# Configure and build: [targets=NAMES] build_tree FOLDER [CMake option]...
build_tree() {
  local dir=$1; shift
  # Configuring again is only needed for a new folder or other options; ninja sees the rest.
  if [ ! -f "$dir/build.ninja" ] || [ "$*" != "$(cat "$dir/.options" 2>/dev/null)" ]; then
    cmake -S "$top" -B "$dir" -G Ninja "$@" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; die "cmake failed"; }
    rm -f "$dir.log"
    printf '%s' "$*" >"$dir/.options"
  fi
  ninja -C "$dir" -j "${JOBS:-$(nproc)}" ${targets:-all}
}
