# How a virtual environment and uv are come by on a bare Debian 12, with root or without. Sourced, never run.

uv=""

# is_usable PROGRAM: whether it is a Python 3.11 that runs.
is_usable() {
  [ -x "$1" ] && [ "$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 3.11 ]
}

find_python() {
  local name found
  for name in python3.11 python3; do
    found=$(command -v "$name" || true)
    if [ -n "$found" ] && is_usable "$found"; then
      printf '%s\n' "$found"
      return
    fi
  done
}

# pip's settings for networks behind a proxy, a mirror or an own certificate hold for uv too, where uv has none.
map_pip_settings() {
  local bundle=/etc/ssl/certs/ca-certificates.crt
  if [ -z "${SSL_CERT_FILE:-}" ]; then
    if [ -n "${PIP_CERT:-}" ]; then
      export SSL_CERT_FILE=$PIP_CERT
    elif [ -r "$bundle" ]; then
      export SSL_CERT_FILE=$bundle
    fi
  fi
  map_setting PIP_INDEX_URL UV_DEFAULT_INDEX index-url
  map_setting PIP_EXTRA_INDEX_URL UV_INDEX extra-index-url
  map_setting PIP_FIND_LINKS UV_FIND_LINKS find-links
  UV_FIND_LINKS=$(existing_links "${UV_FIND_LINKS:-}")
  map_setting PIP_TRUSTED_HOST UV_INSECURE_HOST trusted-host
  map_setting PIP_PROXY ALL_PROXY proxy
  export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-${PIP_DEFAULT_TIMEOUT:-60}}
}

# pip parts links by spaces, uv by commas; pip passes over a folder that is not there, uv stops at it.
existing_links() {
  local link kept=()
  for link in ${1//,/ }; do
    case $link in *://*) kept+=("$link") ;; *) [ ! -e "$link" ] || kept+=("$link") ;; esac
  done
  (IFS=, && printf '%s' "${kept[*]-}")
}

# map_setting PIP_VARIABLE UV_VARIABLE KEY: from the environment, else from pip's own files.
map_setting() {
  local value=${!1:-}
  [ -z "${!2:-}" ] || return 0
  [ -n "$value" ] || value=$(pip_file_setting "$3")
  [ -z "$value" ] || export "$2=$value"
}

pip_file_setting() {
  local file files=("${PIP_CONFIG_FILE:-/dev/null}" "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf")
  for file in "${files[@]}" "$HOME/.pip/pip.conf" /etc/pip.conf; do
    [ -r "$file" ] || continue
    awk -v key="$1" '
      /^\[/ { global = ($0 ~ /^\[(global|install)\]/) }
      global && $0 ~ "^" key "[ \t]*=" { sub(/^[^=]*=[ \t]*/, ""); if ($0 != "") { print; exit } }' "$file"
  done | head -n 1
}

has_ensurepip() { "$1" -c 'import venv, ensurepip; ensurepip.version()' >/dev/null 2>&1; }

make_venv() {
  local python
  python=$(find_python)
  if command -v uv >/dev/null; then
    uv venv --quiet --python "${python:-3.11}" .venv && return
  fi
  [ -n "$python" ] || fail "Python 3.11 is not on this machine: apt-get install python3 (Debian 12), or install uv"
  has_ensurepip "$python" || become_root_for_venv || true
  if has_ensurepip "$python"; then
    "$python" -m venv .venv
  else
    "$python" -m venv --without-pip .venv
    bootstrap_pip
  fi
}

# Debian keeps ensurepip in a package of its own.
become_root_for_venv() {
  local become=()
  command -v apt-get >/dev/null || return 1
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
    become=(sudo -n)
  fi
  say "  installing python3-venv with apt-get"
  local install=("${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120
    --no-install-recommends install python3-venv)
  "${install[@]}" >/dev/null 2>&1 || { "${become[@]}" apt-get -q update >/dev/null && "${install[@]}" >/dev/null; }
}

# Without root: pip's wheel out of Debian's own package, fetched and verified by apt into a folder of ours.
bootstrap_pip() {
  local work wheel
  command -v apt-get >/dev/null || fail "Python lacks ensurepip: install python3-venv, or install uv"
  say "  fetching pip from Debian's python3-pip-whl (no root needed)"
  work=$(mktemp -d "$PWD/.venv/pip.XXXXXX")
  mkdir -p "$work/lists/partial" "$work/archives/partial"
  local options=(-q -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work" -o "Dir::Cache::archives=$work/archives"
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Sandbox::User=)
  (
    cd "$work"
    apt-get "${options[@]}" update >log 2>&1 && apt-get "${options[@]}" download python3-pip-whl >>log 2>&1
  ) || fail "apt-get could not fetch python3-pip-whl: $(grep -m 1 '^E:' "$work/log" || tail -n 1 "$work/log")"
  dpkg-deb -x "$work"/python3-pip-whl_*.deb "$work/unpacked"
  wheel=$(echo "$work"/unpacked/usr/share/python-wheels/pip-*.whl)
  PYTHONPATH=$wheel .venv/bin/python -m pip install --quiet --no-index --disable-pip-version-check "$wheel"
  rm -rf "$work"
}

# uv: the one on the PATH, else one of our own in the environment (pip takes nine times as long); pip serves as well.
find_uv() {
  uv=$(command -v uv || true)
  [ -z "$uv" ] || return 0
  if [ ! -x .venv/bin/uv ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5,<1' ||
      say "  uv could not be installed: pip takes its place, which takes some minutes"
  fi
  [ ! -x .venv/bin/uv ] || uv=.venv/bin/uv
}
