# Why: the few facts and helpers that lab-install, with-lab, lab-clean and
# test-lab must agree on: where things lie, who owns a lab, what is left of one.
# Sourced, never run.
# shellcheck shell=bash disable=SC2034 # used by those who source it

LAB_CACHE=${RECONCILER_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/reconciler-lab}
LAB_PARENT=${TMPDIR:-/tmp}
LAB_PREFIX=reconciler-lab.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# The lab itself failed, as opposed to the command in it: 125, as `docker run` has it.
die() {
  say "$*"
  exit 125
}

# Prints the comment at the head of the script.
usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }

require_root() { [ "$(id -u)" = 0 ] || die "needs root (namespaces, mounts and a Docker engine)"; }

consul_path() { printf '%s\n' "$LAB_CACHE/consul/usr/bin/consul"; }

# Where the programs of the newest engine are, as in PATH.
newest_engine_path() { printf '%s\n' "$LAB_CACHE/engine/usr/sbin:$LAB_CACHE/engine/usr/bin"; }

# True if a program asks for no dynamic loader, whose path would stand in clear
# in the first page of the file (a small machine has neither file nor readelf).
is_static() { ! head -c 4096 "$1" | grep -qaE '/lib[0-9a-z]*/ld-[a-z0-9._-]+\.so'; }

# The busybox the images are made of: it must be static, for there is no libc in them.
busybox_path() {
  local candidate
  for candidate in "$(command -v busybox || true)" "$LAB_CACHE/busybox-static/bin/busybox"; do
    [ -x "$candidate" ] && is_static "$candidate" && printf '%s\n' "$candidate" && return
  done
  return 1
}

# wait_for PID: waits through signals, whose traps must set `signalled`; returns PID's status.
wait_for() {
  local status
  while :; do
    signalled='' status=0
    wait "$1" || status=$?
    [ -n "$signalled" ] || return "$status"
  done
}

# Field 22 of /proc/PID/stat, or nothing. A pid alone does not name a process: pids come back.
start_time() {
  local stat fields
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
  # The name in field 2 may hold anything; what follows it starts with field 3.
  read -r -a fields <<<"${stat##*) }"
  printf '%s\n' "${fields[19]}"
}

# is_alive PID START_TIME
is_alive() { [ -n "$1" ] && [ "$(start_time "$1")" = "$2" ]; }

# The cgroup that holds a lab's containers, by the lab's directory.
cgroup_name() { printf '%s\n' "${1##*/}" | tr . -; }

cgroup_dirs() { # LAB
  local dir name
  name=$(cgroup_name "$1")
  for dir in /sys/fs/cgroup/"$name" /sys/fs/cgroup/*/"$name"; do
    [ ! -d "$dir" ] || printf '%s\n' "$dir"
  done
}

# Removes what outlives the processes of a lab: its cgroups and its directory.
# Mounts and interfaces were private to namespaces and are gone with them.
remove_remains() { # LAB
  local dir
  for dir in $(cgroup_dirs "$1"); do
    # A cgroup stays busy for a moment after its last process.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null && break
      sleep 0.1
    done
  done
  ! grep -qF " $1/" /proc/self/mountinfo || return 0 # never delete through a mount; leftovers reports it
  rm -rf --one-file-system -- "$1"
}

# The number of a namespace that ended is given to the next one, which may be of a lab that
# another shell has just started.
is_of_another_lab() { # PROCESS LAB
  local named
  named=$({ tr '\0' '\n' <"$1/environ" | sed -n 's/^\(RECONCILER_\)\{0,1\}LAB=//p' | head -n 1; } 2>/dev/null) || true
  [ -n "$named" ] && [ "$named" != "$2" ]
}

# Prints what is left of a lab; nothing if all is gone. NAMESPACES are links as
# /proc/PID/ns shows them, for example "net:[4026532001]".
leftovers() { # LAB NAMESPACES...
  local lab=$1 ns process
  shift
  for ns in "$@"; do
    for process in $(find /proc -maxdepth 3 -path "/proc/[0-9]*/ns/${ns%%:*}" -lname "${ns//[\[\]]/\\&}" -printf '%H%P\n' 2>/dev/null |
      sed 's|^/proc\([0-9]*\)/.*|/proc/\1|'); do
      is_of_another_lab "$process" "$lab" || echo "process in $ns: $process"
    done
  done
  grep -F " $lab" /proc/self/mountinfo | sed 's/^/mount: /' || true
  cgroup_dirs "$lab" | sed 's/^/cgroup: /'
  [ ! -e "$lab" ] || printf 'directory: %s\n' "$lab"
}
