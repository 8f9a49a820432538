#!/usr/bin/env bash
# Builds with optimization and measures SCP03 beside bare OpenSSL (bench/scp03_bench.cpp), then the REST API beside nginx
# (bench/rest_bench.py). Options go to that program; --scp03 measures SCP03 alone.
set -euo pipefail
cd "$(dirname "$0")/.."

build() {
  [ -d build-release ] || CXX="${CXX:-ccache clang++-16}" meson setup build-release --buildtype=release -Dtests=false
  ninja -C build-release "$@"
}

build bench/scp03_bench
build-release/bench/scp03_bench
[ "${1:-}" = "--scp03" ] && exit 0

missing=()
for program in wrk:wrk nginx:nginx-light; do
  PATH=$PATH:/usr/sbin command -v "${program%%:*}" >/dev/null || missing+=("${program##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "the benchmark needs the Debian packages: ${missing[*]}" >&2
  exit 1
fi
build app/tsms app/tsms-lab
TSMS_BUILD="$PWD/build-release" exec python3 bench/rest_bench.py "$@"
