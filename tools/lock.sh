#!/usr/bin/env bash
# Writes requirements/*.txt and package-lock.json from pyproject.toml and package.json.
#
# Pins stay as they are unless --upgrade is given. The files carry versions and hashes only: no
# index, no download address, no local path, so that they mean the same everywhere.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# pin FILE UV_OPTION...
pin() {
  local file=$1
  shift
  # One file for every platform, and one version of a package for every Python from 3.11 on.
  .venv/bin/uv pip compile --quiet --output-file "requirements/$file" \
    --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' "$@"
}

mkdir -p requirements
# dev.txt holds everything; the smaller files repeat its pins.
pin dev.txt pyproject.toml --group dev "$@"
pin run.txt pyproject.toml --constraint requirements/dev.txt
pin build.txt --group pyproject.toml:build --constraint requirements/dev.txt

npm install --package-lock-only --loglevel=error

if grep -nE '://|file:|^--' requirements/*.txt || grep -n '"resolved"' package-lock.json; then
  echo "lock: the lock files name where this machine gets its packages (see above)" >&2
  exit 1
fi
