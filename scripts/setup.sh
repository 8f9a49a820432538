#!/usr/bin/env bash
# Installs the Debian 12 packages that tsms is built and tested with. Uses sudo only for apt-get, and only for what is missing.
set -euo pipefail

packages=(
  # build
  clang-16 lld-16 meson ninja-build ccache pkg-config
  # libraries
  libcaf-dev libsqlitecpp-dev libsqlite3-dev libssl-dev libsimdjson-dev rapidjson-dev libcli11-dev
  libtomlplusplus-dev libspdlog-dev libfmt-dev libzip-dev libpcsclite-dev libboost-dev libboost-test-dev
  # tests and demo
  python3 curl jq openssl ca-certificates git
)
case "${1:-}" in
--tests | --sanitizers)
  packages+=(pcscd vsmartcard-vpcd opensc chromium fonts-dejavu-core)
  # npm fetches the viewer of the API's documentation page, and what tests/clients runs with node
  command -v npm >/dev/null && command -v node >/dev/null || packages+=(nodejs npm)
  ;;&
--sanitizers) packages+=(libclang-rt-16-dev llvm-16 clang-format-16) ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

echo "installing Debian packages: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "no sudo; install these packages as root: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
