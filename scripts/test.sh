#!/usr/bin/env bash
# Installs, builds and runs every test. `--ci` adds the sanitizers and short fuzzing, and prints the seconds of each stage.
set -euo pipefail
cd "$(dirname "$0")/.."

ci=false
[ "${1:-}" = "--ci" ] && ci=true

stage_name=""
stage_start=0
stage() {
  local now
  now=$(date +%s)
  [ -z "$stage_name" ] || echo "== $stage_name: $((now - stage_start)) s"
  stage_name=$1
  stage_start=$now
  [ -z "$stage_name" ] || echo "== $stage_name"
}

passed=0
failed=0
skipped=0
named_skips=$(mktemp)
trap 'rm -f "$named_skips"' EXIT
count() { # log, line of meson's summary
  local n
  n=$(sed -n "s/^$2: *\([0-9][0-9]*\).*/\1/p" "$1" | tail -1)
  echo "${n:-0}"
}
run_tests() { # build directory, arguments of meson test
  local log
  log=$(mktemp)
  rm -f "$1"/meson-logs/testlog.json # of an earlier run: where meson itself fails, nothing is counted
  # Half of the tests wait most of their time: one more than there are processors.
  meson test -C "$1" --no-rebuild --num-processes $(($(nproc) + 1)) --print-errorlogs "${@:2}" 2>&1 | tee "$log" || true
  if ! grep -q '^Ok:' "$log"; then
    failed=$((failed + 1)) # meson itself failed
  fi
  passed=$((passed + $(count "$log" Ok) + $(count "$log" 'Expected Fail')))
  failed=$((failed + $(count "$log" Fail) + $(count "$log" 'Unexpected Pass') + $(count "$log" Timeout)))
  # Programs name what they skip, also inside themselves (tests/skips.py); Meson's own log has what they say.
  python3 tests/skips.py count "$1"/meson-logs/testlog.json >"$named_skips.now" || failed=$((failed + 1))
  cat "$named_skips.now" >>"$named_skips"
  skipped=$((skipped + $(grep -c '^SKIPPED: ' "$named_skips.now" || true)))
  rm -f "$named_skips.now"
  rm -f "$log"
}

stage "packages"
if $ci; then scripts/setup.sh --sanitizers; else scripts/setup.sh --tests; fi

if $ci; then
  stage "format"
  if git ls-files '*.cpp' '*.hpp' | xargs clang-format-16 --dry-run -Werror; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
fi

stage "build"
scripts/build.sh build

stage "tests"
run_tests build

if $ci; then
  stage "build with address and undefined-behaviour sanitizers"
  scripts/build.sh build-asan -Db_sanitize=address,undefined -Doptimization=1 -- \
    tests/unit/unit_tests tests/sim/sim_tests tests/actors/actors_tests
  stage "tests with sanitizers"
  export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  run_tests build-asan --suite unit --suite sim --suite actors
  stage "build the fuzz targets"
  scripts/build.sh build-fuzz -Dfuzzers=true -Dtests=false -Db_sanitize=address,undefined -Doptimization=1 -- fuzzers
  stage "fuzzing, 20 s each"
  run_tests build-fuzz --suite fuzz
fi
stage ""

grep . "$named_skips" || true
echo "skipped: $skipped, not given: $(grep -c '^NOT GIVEN: ' "$named_skips" || true)"
if $ci; then failed=$((failed + skipped)); fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
