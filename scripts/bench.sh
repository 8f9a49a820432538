#!/usr/bin/env bash
# Builds with optimization and measures the REST API beside nginx (bench/rest_bench.py). Options go to that program.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for program in wrk:wrk nginx:nginx-light; do
  PATH=$PATH:/usr/sbin command -v "${program%%:*}" >/dev/null || missing+=("${program##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "the benchmark needs the Debian packages: ${missing[*]}" >&2
  exit 1
fi
[ -d build-release ] || CXX="${CXX:-ccache clang++-16}" meson setup build-release --buildtype=release -Dtests=false
ninja -C build-release app/tsms app/tsms-lab
TSMS_BUILD="$PWD/build-release" exec python3 bench/rest_bench.py "$@"
