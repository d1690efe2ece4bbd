# What the scripts beside this file share: saying things, timing stages, one run at a time. Sourced, never run.

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# stage NAME COMMAND...: runs the command and tells its time.
stage() {
  local name=$1 begun=${EPOCHREALTIME/./} ended
  shift
  "$@"
  ended=${EPOCHREALTIME/./}
  printf '  %-44s %6d.%d s\n' "$name" $(((ended - begun) / 1000000)) $(((ended - begun) / 100000 % 10))
}

# only_one NAME: waits until no other run in this checkout does the same. The lock ends with the script.
only_one() {
  mkdir -p var/run 2>/dev/null && [ -w var/run ] || fail "$PWD/var/run cannot be written: make the checkout your own"
  exec 9>"var/run/$1.lock"
  flock 9
}

# need_space MEGABYTES FOLDER: refuses early what would end in a full disk.
need_space() {
  local free
  free=$(df -Pm "$2" | awk 'NR == 2 {print $4}')
  [ "$free" -ge "$1" ] || fail "the disk of $2 has $free MB free, $1 MB are needed: free some, then run it again"
}
