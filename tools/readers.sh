#!/usr/bin/env bash
# Installs what the tests read our files with: independent readers, the glTF validator, the browser's driver.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

install_in() {
  local folder=$1 wanted
  [ -f "$folder/package-lock.json" ] || return 0
  wanted=$(sha256sum "$folder/package.json" "$folder/package-lock.json" | sha256sum | cut -c1-64)
  [ "$(cat "$folder/node_modules/.datong-cim" 2>/dev/null)" != "$wanted" ] || return 0
  stage "npm ci in $folder" npm --prefix "$folder" ci --ignore-scripts --no-audit --no-fund --loglevel=error
  printf '%s\n' "$wanted" >"$folder/node_modules/.datong-cim"
}

command -v npm >/dev/null || fail "npm is needed for the tests that read our files with other people's readers"
only_one readers
install_in tests/readers
install_in tests/browser
