#!/usr/bin/env bash
# Makes .venv: Python, the pinned packages, this checkout and the command `cim`. Nothing to do: about 0.1 s.
#   tools/environment.sh        what the server needs
#   tools/environment.sh dev    also what the tests and checks need
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh
. tools/python.sh

kind=${1:-run}
case $kind in
  run) requirements=requirements.txt ;;
  dev) requirements=requirements-dev.txt ;;
  *) fail "usage: tools/environment.sh [dev]" ;;
esac

# The stamp holds for this place only: the scripts in .venv/bin carry absolute paths.
wanted="$PWD $(cat "$requirements" pyproject.toml tools/environment.sh tools/python.sh | sha256sum | cut -c1-64)"
is_ready() {
  [ -x .venv/bin/cim ] && [ -e .venv/bin/python ] && [ "$(cat ".venv/stamp-$kind" 2>/dev/null)" = "$wanted" ]
}

install_packages() {
  if [ -n "$uv" ]; then
    "$uv" pip install --quiet --python .venv/bin/python -r "$requirements"
  else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
  fi
}

# An editable installation without a build: one path, one command. It needs no network and no build tools.
install_checkout() {
  local site
  site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  printf '%s\n' "$PWD" >"$site/datong_cim.pth"
  cat >.venv/bin/cim.new <<SCRIPT
#!/bin/sh
'''exec' "$PWD/.venv/bin/python" "\$0" "\$@"
' '''
import sys

from api.cli import main

if __name__ == "__main__":
    sys.exit(main())
SCRIPT
  chmod +x .venv/bin/cim.new
  mv -f .venv/bin/cim.new .venv/bin/cim
}

# Python keeps what it compiled beside each source, unless it is told not to, as many containers tell it: then every process
# would compile its thousands of modules anew, which takes it two seconds. So each is imported once where that is kept.
keep_compiled() {
  env -u PYTHONDONTWRITEBYTECODE .venv/bin/python - >/dev/null 2>&1 <<'PYTHON' || true
import importlib
import pkgutil

for root in ("cim", "loaders", "tilesets", "api"):
    for module in pkgutil.walk_packages(importlib.import_module(root).__path__, f"{root}."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
PYTHON
}

main() {
  is_ready && return
  only_one environment
  is_ready && return # another run has just done it
  need_space 1200 .
  rm -f ".venv/stamp-$kind"
  say "Python environment (.venv)"
  map_pip_settings
  if ! is_usable .venv/bin/python; then
    rm -rf .venv
    stage "virtual environment" make_venv
  fi
  stage "uv" find_uv
  stage "packages ($requirements)" install_packages
  stage "this checkout, command .venv/bin/cim" install_checkout
  [ -z "${PYTHONDONTWRITEBYTECODE:-}" ] || stage "compiled modules" keep_compiled
  printf '%s\n' "$wanted" >".venv/stamp-$kind"
}
main
