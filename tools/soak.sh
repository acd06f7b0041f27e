#!/usr/bin/env bash
# Runs for a long time what `make test` runs for a short one: kills, and inputs made by chance; and
# the Twilio CLI, which takes long to get.
#
#   tools/soak.sh [PYTEST_OPTION...]
#
# The environment says how long; each part ends after its own time at the latest, and counts as
# failed then:
#
#   CRASH_KILLS    how often the whole server is killed under load        200
#   CRASH_SEED     when, as far as chance decides that; printed           chosen
#   TEST_KILLS     how often the store alone is killed                    200
#   SOAK_EXAMPLES  how many examples each property and fuzz test takes    5000
#   PART_MINUTES   how long each part may take                            60

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

export CRASH_KILLS=${CRASH_KILLS:-200}
export TEST_KILLS=${TEST_KILLS:-200}
export SOAK_EXAMPLES=${SOAK_EXAMPLES:-5000}
minutes=${PART_MINUTES:-60}
options=("$@")
failed=()

# part NAME PYTEST_OPTION... : one part under its own heading; it need not stop the others
part() {
  local name=$1 began=$SECONDS result
  shift
  printf '\n== %s\n   pytest %s\n\n' "$name" "$*"
  # A test's own limit is for a short run.
  timeout --kill-after=30 "${minutes}m" \
    .venv/bin/pytest --timeout 0 "$@" ${options[@]+"${options[@]}"}
  result=$?
  printf '\n-- %s: ' "$name"
  case $result in
    0) printf 'passed' ;;
    124 | 137) printf 'not done after %s minutes' "$minutes" ;;
    *) printf 'failed (pytest says %s)' "$result" ;;
  esac
  printf ', %s s\n' "$((SECONDS - began))"
  [[ $result -eq 0 ]] || failed+=("$name")
}

# Those that take as many examples as they are told to; some say a smaller number themselves.
mapfile -t by_chance < <(grep --recursive --files-with-matches --include='*.py' '@given' tests |
  grep '/test_[^/]*$' | sort)

export TWILIO_CLI=$PWD/.twilio-cli/node_modules/.bin/twilio

part "what takes long" -m long --numprocesses auto --dist loadfile tests
part "the Twilio CLI, unmodified" tests/acceptance/test_env.py
part "the server, killed $CRASH_KILLS times under load" -s tests/crash/test_kills.py
part "the store, killed $TEST_KILLS times" tests/integration/store/test_kill.py
part "inputs made by chance, $SOAK_EXAMPLES for each test" --numprocesses auto "${by_chance[@]}"

printf '\n'
if [[ ${#failed[@]} -gt 0 ]]; then
  printf 'soak: failed: %s\n' "${failed[@]}"
  exit 1
fi
printf 'soak: all parts passed\n'
