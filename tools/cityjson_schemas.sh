#!/usr/bin/env bash
# CityJSON's own schemas, for the tests: var/judges/cityjson. They are those of cjval, the validator of CityJSON's authors,
# which comes as source by the machine's own settings for cargo; nothing of it is compiled. Nothing to do: about 0.1 s.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

place=var/judges/cityjson
version=0.10.0
wanted="cjval $version $(sha256sum <tools/cityjson_schemas.sh | cut -c1-64)"

fetch() {
  local found
  (cd / && CARGO_NET_RETRY=0 CARGO_HTTP_TIMEOUT=20 cargo info --quiet "cjval@$version" >/dev/null)
  found=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/src" -type d -path "*/cjval-$version/schemas/20" | head -1)
  [ -n "$found" ] || fail "cargo did not keep the source of cjval $version"
  rm -rf "$place"
  mkdir -p "$place"
  cp "$found/cityjson.min.schema.json" "$found/cityjsonfeature.min.schema.json" "$place"
  printf '%s\n' "$wanted" >"$place/stamp"
}

main() {
  only_one cityjson_schemas
  [ "$(cat "$place/stamp" 2>/dev/null)" != "$wanted" ] || return 0
  command -v cargo >/dev/null || fail "cargo (1.82 or later) is needed to fetch CityJSON's schemas"
  stage "CityJSON's schemas ($place)" fetch
}
main
