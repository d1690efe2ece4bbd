#!/usr/bin/env bash
# Installs the programs that `make bench` compares with, apart from the project's own environment: var/rivals (Python
# packages at the versions of tests/bench/rivals.txt), ogr2ogr (Debian's gdal-bin) and wrk, which asks for tiles (both by
# root only, where they are missing). A rival that cannot be installed is said and left out: its fields of a figure are
# null; without wrk a line has no figure. Nothing to do: about 0.1 s.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh
. tools/python.sh

requirements=tests/bench/rivals.txt
place=var/rivals

# The stamp holds for this place only: the scripts in bin carry absolute paths.
wanted="$PWD $(cat "$requirements" tools/rivals.sh | sha256sum | cut -c1-64)"
is_ready() {
  [ -x "$place/bin/cjdb" ] && [ -x "$place/bin/py3dtiles" ] && [ -x "$place/bin/uvicorn" ] && [ -d "$place"/lib/python3*/site-packages/jionlp ] && is_usable "$place/bin/python" && [ "$(cat "$place/stamp" 2>/dev/null)" = "$wanted" ]
}

install_python_rivals() {
  local python
  python=$(find_python)
  map_pip_settings
  find_uv
  rm -rf "$place"
  if [ -n "$uv" ]; then
    "$uv" venv --quiet --python "${python:-3.11}" "$place" &&
      "$uv" pip install --quiet --python "$place/bin/python" -r "$requirements"
  else
    .venv/bin/python -m venv "$place" &&
      "$place/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
  fi && [ -x "$place/bin/cjdb" ] && [ -x "$place/bin/py3dtiles" ] && [ -x "$place/bin/uvicorn" ] && [ -d "$place"/lib/python3*/site-packages/jionlp ] && printf '%s\n' "$wanted" >"$place/stamp"
}

# install_debian PACKAGE. --no-upgrade: a library that changes under a running PostGIS would break it.
install_debian() {
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 --no-upgrade
    --no-install-recommends install "$1")
  "${install[@]}" >/dev/null 2>&1 || { apt-get -q update >/dev/null 2>&1 && "${install[@]}" >/dev/null 2>&1; }
}

# need PROGRAM PACKAGE LOSS: from Debian where it is missing; LOSS says what there will be no figure of without it.
need() {
  ! command -v "$1" >/dev/null || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    stage "$1 ($2)" install_debian "$2" || say "  $2 could not be installed: $3" >&2
  else
    say "  $1 is missing (apt-get install $2, as root): $3" >&2
  fi
}

main() {
  only_one rivals
  if ! is_ready; then
    need_space 800 .
    say "Rivals ($place)"
    stage "packages ($requirements)" install_python_rivals ||
      say "  the Python rivals could not be installed: their figures will be null" >&2
  fi
  need ogr2ogr gdal-bin "its figures will be null"
  need wrk wrk "mvt.cached will have no figure"
}
main
