#!/usr/bin/env bash
# Configures and builds: scripts/build.sh [DIRECTORY [meson options…]] [-- target…]. The directory defaults to build.
set -euo pipefail
cd "$(dirname "$0")/.."

directory=${1:-build}
[ $# -gt 0 ] && shift
options=()
while [ $# -gt 0 ] && [ "$1" != "--" ]; do
  options+=("$1")
  shift
done
[ "${1:-}" = "--" ] && shift

# Objects are the same in every checkout: the cache may serve another one's.
export CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_NOHASHDIR=1
if [ ! -f "$directory/build.ninja" ]; then
  CXX="${CXX:-ccache clang++-16}" meson setup "$directory" "${options[@]}"
fi
ninja -C "$directory" "$@"
