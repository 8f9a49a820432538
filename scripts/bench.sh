#!/usr/bin/env bash
# Builds with optimization and measures SCP03 beside bare OpenSSL (bench/scp03_bench.cpp), then how long a phone waits
# over a slow network (bench/latency_bench.py), then the REST API beside nginx (bench/rest_bench.py). --scp03 and
# --latency measure only that; options behind --latency, and all others, go to the program.
set -euo pipefail
cd "$(dirname "$0")/.."

build() {
  [ -d build-release ] || CXX="${CXX:-ccache clang++-16}" meson setup build-release --buildtype=release -Dtests=false
  ninja -C build-release "$@"
}
export TSMS_BUILD="$PWD/build-release"

latency() {
  build app/tsms app/tsms-lab app/tsms-handset
  python3 bench/latency_bench.py "$@"
}

if [ "${1:-}" = "--latency" ]; then
  latency "${@:2}"
  exit 0
fi

build bench/scp03_bench
build-release/bench/scp03_bench
[ "${1:-}" = "--scp03" ] && exit 0

latency

missing=()
for program in wrk:wrk nginx:nginx-light; do
  PATH=$PATH:/usr/sbin command -v "${program%%:*}" >/dev/null || missing+=("${program##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "the benchmark needs the Debian packages: ${missing[*]}" >&2
  exit 1
fi
exec python3 bench/rest_bench.py "$@"
