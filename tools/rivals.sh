#!/usr/bin/env bash
# Installs the programs that `make bench` compares with, apart from the project's own environment: var/rivals (Python
# packages at the versions of tests/bench/rivals.txt) and ogr2ogr (Debian's gdal-bin, by root only, where it is missing).
# A rival that cannot be installed is said and left out: its fields of a figure are null. Nothing to do: about 0.1 s.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh
. tools/python.sh

requirements=tests/bench/rivals.txt
place=var/rivals

# The stamp holds for this place only: the scripts in bin carry absolute paths.
wanted="$PWD $(cat "$requirements" tools/rivals.sh | sha256sum | cut -c1-64)"
is_ready() {
  [ -x "$place/bin/cjdb" ] && [ -x "$place/bin/py3dtiles" ] && is_usable "$place/bin/python" && [ "$(cat "$place/stamp" 2>/dev/null)" = "$wanted" ]
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
  fi && [ -x "$place/bin/cjdb" ] && [ -x "$place/bin/py3dtiles" ] && printf '%s\n' "$wanted" >"$place/stamp"
}

# --no-upgrade: a library that changes under a running PostGIS would break it.
install_ogr2ogr() {
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 --no-upgrade
    --no-install-recommends install gdal-bin)
  "${install[@]}" >/dev/null 2>&1 || { apt-get -q update >/dev/null 2>&1 && "${install[@]}" >/dev/null 2>&1; }
}

main() {
  only_one rivals
  if ! is_ready; then
    need_space 700 .
    say "Rivals ($place)"
    stage "packages ($requirements)" install_python_rivals ||
      say "  cjdb and py3dtiles could not be installed: their figures will be null" >&2
  fi
  command -v ogr2ogr >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    stage "ogr2ogr (gdal-bin)" install_ogr2ogr || say "  gdal-bin could not be installed: ogr2ogr's figures will be null" >&2
  else
    say "  ogr2ogr is missing (apt-get install gdal-bin, as root): its figures will be null" >&2
  fi
}
main
