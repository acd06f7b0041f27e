#!/usr/bin/env bash
# Makes this checkout ready to work: a virtual environment with the locked packages, the project
# itself, the Voice SDK and, for the tests, a browser and a synthesizer of speech.
#
#   tools/setup.sh run     what `midcall dev` needs
#   tools/setup.sh check   what the linters and mypy need
#   tools/setup.sh test    what all the tests need
#   tools/setup.sh soak    what `make soak` needs beside that
#   tools/setup.sh lock    what tools/lock.sh needs
#
# Running it again costs next to nothing: each step leaves a stamp with the hash of the files that it
# followed, and is skipped while they stay the same. The stamps live inside what they vouch for
# (.venv, node_modules), so removing that removes them.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly VENV=.venv
apt_is_fresh=no

say() { printf 'setup: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# --- Debian packages -------------------------------------------------------------------------------

# apt_install WHAT_FOR PACKAGE...
apt_install() {
  local what_for=$1
  shift
  local refusal="$what_for is missing: install the Debian package(s) '$*' (as root: apt-get install $*), then run this again."
  command -v apt-get >/dev/null || fail "$refusal"

  local as_root=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || fail "$refusal"
    as_root=(sudo)
    # Without a terminal nobody can type a password.
    [[ -t 0 ]] || as_root=(sudo --non-interactive)
    "${as_root[@]}" true || fail "$refusal"
  fi

  say "installing $* ($what_for)"
  if [[ $apt_is_fresh = no ]]; then
    "${as_root[@]}" apt-get update -qq || say "apt-get update failed; trying with the lists that are here"
    apt_is_fresh=yes
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null || fail "$refusal"
}

# --- Stamps ----------------------------------------------------------------------------------------

# hash_of FILE... : one hash for the content of all of them
hash_of() { cat -- "$@" | sha256sum | cut -d' ' -f1; }

# stamped STAMP HASH : true when the step that left STAMP followed the same files
stamped() { [[ -f $1 && $(<"$1") = "$2" ]]; }

# --- Python ----------------------------------------------------------------------------------------

is_new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13 python3.14; do
    if is_new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  fail "Python 3.11 or newer is needed; name it with PYTHON=/path/to/python3 if it is not on the PATH."
}

make_venv() {
  if [[ -x $VENV/bin/python ]] && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    return
  fi
  local python
  python=$(find_python)
  # Debian ships venv without ensurepip unless python3-venv is installed.
  "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install "Python's venv module" python3-venv
  say "making $VENV with $("$python" --version)"
  "$python" -m venv --clear "$VENV"
}

# install_locked STAMP_NAME FILE... : exactly the packages that the lock files name, hashes checked
install_locked() {
  local stamp=$VENV/.midcall-$1
  shift
  local hash
  hash=$(hash_of "$@")
  stamped "$stamp" "$hash" && return
  say "installing the packages of $*"
  local options=() file
  for file in "$@"; do options+=(--requirement "$file"); done
  # -qq: errors only.
  "$VENV/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes "${options[@]}"
  echo "$hash" >"$stamp"
}

install_project() {
  local hash
  hash=$(hash_of pyproject.toml)
  stamped "$VENV/.midcall-project" "$hash" && [[ -x $VENV/bin/midcall ]] && return
  say "installing midcall itself, editable"
  # No isolation: the builder comes from the lock files too.
  "$VENV/bin/python" -m pip install -qq --disable-pip-version-check \
    --no-deps --no-build-isolation --editable .
  echo "$hash" >"$VENV/.midcall-project"
}

install_for_run() { install_locked run requirements/build.txt requirements/run.txt; }
install_for_dev() { install_locked dev requirements/dev.txt; }

# --- Node and the SDK ------------------------------------------------------------------------------

ensure_npm() {
  command -v npm >/dev/null || apt_install "npm, which brings the Voice SDK," nodejs npm
}

install_sdk() {
  local hash
  hash=$(hash_of package.json package-lock.json .npmrc)
  stamped node_modules/.midcall-sdk "$hash" && return
  ensure_npm
  say "getting the Voice SDK"
  npm ci --no-audit --no-fund --loglevel=error >&2
  echo "$hash" >node_modules/.midcall-sdk
}

# --- Browser ---------------------------------------------------------------------------------------

ensure_chromium() {
  command -v chromium >/dev/null || apt_install "Chromium, for the browser tests," chromium
}

# --- Speech ----------------------------------------------------------------------------------------

ensure_espeak() {
  command -v espeak-ng >/dev/null || apt_install "espeak-ng, which speaks <Say>," espeak-ng
}

# A server does without it: <Say> is then a silence of fitting length, and a warning in the log.
hint_at_espeak() {
  command -v espeak-ng >/dev/null ||
    say "<Say> is silent until there is a synthesizer: apt-get install espeak-ng"
}

# --- Browsers' stores of trusted authorities ---------------------------------------------------------

hint_at_certutil() {
  command -v certutil >/dev/null ||
    say "the tests of 'midcall trust' are skipped: apt-get install libnss3-tools"
}

# --- The Twilio CLI, as npm has it --------------------------------------------------------------------

readonly TWILIO_CLI_VERSION=6.2.4

install_twilio_cli() {
  stamped .twilio-cli/.stamp "$TWILIO_CLI_VERSION" && return
  ensure_npm
  say "getting the Twilio CLI, which takes a minute"
  npm install --no-audit --no-fund --loglevel=error --prefix .twilio-cli \
    "twilio-cli@$TWILIO_CLI_VERSION" >&2
  echo "$TWILIO_CLI_VERSION" >.twilio-cli/.stamp
}

# ---------------------------------------------------------------------------------------------------

case "${1:-}" in
  run)
    make_venv
    install_for_run
    install_project
    install_sdk
    hint_at_espeak
    ;;
  check)
    make_venv
    install_for_dev
    install_project
    ;;
  test)
    make_venv
    install_for_dev
    install_project
    install_sdk
    ensure_chromium
    ensure_espeak
    hint_at_certutil
    ;;
  soak)
    "$0" test
    install_twilio_cli
    ;;
  lock)
    make_venv
    # The lock files may not exist yet, or may be what has to be mended: uv comes by itself.
    [[ -x $VENV/bin/uv ]] || "$VENV/bin/python" -m pip install -qq --disable-pip-version-check uv
    ensure_npm
    ;;
  *)
    fail "usage: tools/setup.sh run|check|test|soak|lock"
    ;;
esac
