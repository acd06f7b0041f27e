#!/usr/bin/env bash
# Runs all tests, side by side and file by file, because those of one file may share a server or a
# browser: first the quick ones, then the acceptance tests.
#
#   tools/test.sh JOBS [PYTEST_OPTION...]

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

jobs=$1
shift
status=0

# run PYTEST_OPTION... : pytest's exit 5, "no tests collected", is fine when a selection was given
run() {
  .venv/bin/pytest "$@"
  local result=$?
  [[ $result -eq 5 && $selection -gt 0 ]] && return
  [[ $result -ne 0 ]] && status=$result
}

selection=$#
run --numprocesses "$jobs" --dist loadfile --ignore tests/acceptance "$@"
run --numprocesses "$jobs" --dist loadfile tests/acceptance "$@"
exit "$status"
