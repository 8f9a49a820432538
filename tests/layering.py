#!/usr/bin/env python3
"""Fails on an #include that goes against the order of the folders (docs/architecture.md) or brings a library where it does not belong."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# folder -> folders whose headers it may include (beside its own and base/). A narrower path wins over its parent.
ALLOWED = {
    "base": [],
    "model": [],
    "json": [],
    "crypto": [],
    "gp": ["crypto"],
    "process": ["gp", "model", "crypto"],
    "store": ["model", "crypto", "json", "gp"],
    "actors": ["process", "store", "gp", "model", "crypto", "json"],
    "http/net": ["crypto", "json"],
    "http/wire": ["model", "json", "crypto", "gp/apdu.hpp"],
    "http/rest": ["http/wire", "http/net", "store", "model", "json", "crypto", "gp", "actors"],
    "http/device": ["http/wire", "http/net", "actors", "model", "json", "crypto"],
    "http/ops": ["http/net", "actors", "json", "model"],
    "http": ["http/wire", "http/net", "actors/ports.hpp", "model", "json", "crypto"],
    "sdk": ["http/net", "http/wire", "gp/apdu.hpp", "gp/tlv.hpp", "model", "json", "crypto"],
    # The card's side of SCP03 is its own code; the issuer is a host and uses the host's.
    "lab/card": ["gp/apdu.hpp", "gp/tlv.hpp", "crypto", "json", "lab"],
    "lab/issuer": ["lab", "gp", "crypto", "json", "http/net", "http/wire", "model"],
    "lab": ["gp/apdu.hpp", "gp/tlv.hpp", "crypto", "json", "http/net", "http/wire", "model"],
    "app": ["model", "json", "crypto", "gp", "process", "store", "actors", "http", "sdk", "lab"],
    "tests": ["model", "json", "crypto", "gp", "process", "store", "actors", "http", "sdk", "lab", "app"],
    "bench": ["model", "json", "crypto", "gp", "process", "store", "actors", "http", "sdk", "lab", "app"],
}

# library header, or header of an implementation -> path prefixes that may include it
LIBRARIES = {
    r"boost/beast": ["http/net/"],
    r"caf/": ["actors/", "app/tsms/", "tests/actors/", "http/device/"],
    r"SQLiteCpp/|sqlite3\.h|store/sqlite/": ["store/sqlite/", "tests/"],
    r"store/memory/": ["store/memory/", "tests/"],
    r"simdjson\.h|rapidjson/": ["json/"],
    r"CLI/": ["app/"],
    r"toml\+\+/": ["app/"],
    r"zip\.h": ["gp/", "lab/", "tests/"],
    r"openssl/": ["crypto/", "http/net/", "tests/", "bench/"],
    r"winscard\.h|PCSC/": ["sdk/", "tests/"],
}

# What gives long-lived keys in the clear is for the implementation of the vault (crypto/vault.hpp) alone. Beside it a header of crypto/
# declares no function that returns a secret but these: random octets, and the KDF of what an SCP03 channel lives on.
KEYS_IN_THE_CLEAR = "crypto/inside/"
KEYS_PLACES = ("crypto/", "tests/unit/")
RETURNS_SECRET = re.compile(r"^\s*(?:virtual |static |inline |const )*(?:[\w:]+<)*secret\b[\w&>, ]* (\w+)\(")
SECRETS_OF_THE_MOMENT = ("take_secret", "scp03_kdf")

# Everybody else takes the time from a time_source (base/time.hpp); the deadlines of sockets are http/net's own.
CLOCK = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock|clock)::now\b|\btime\(nullptr\)|\bclock_gettime\(|\bgettimeofday\(")
CLOCK_PLACES = ("base/", "http/net/", "tests/", "bench/")

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def folder_of(path: str) -> str | None:
    matches = [f for f in ALLOWED if path.startswith(f + "/")]
    return max(matches, key=len) if matches else None


def check(path: pathlib.Path) -> list[str]:
    name = path.relative_to(ROOT).as_posix()
    folder = folder_of(name)
    if folder is None:
        return []
    errors = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if CLOCK.search(line) and not name.startswith(CLOCK_PLACES):
            errors.append(f"{name}:{number}: takes the time from a clock of its own (base/time.hpp)")
        secret = RETURNS_SECRET.match(line)
        if (secret and path.suffix == ".hpp" and name.startswith("crypto/") and not name.startswith(KEYS_IN_THE_CLEAR)
                and secret.group(1) not in SECRETS_OF_THE_MOMENT):
            errors.append(f"{name}:{number}: {secret.group(1)}() returns a secret: a key that lives long must not leave crypto/")
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(2)
        if target.startswith(KEYS_IN_THE_CLEAR) and not name.startswith(KEYS_PLACES):
            errors.append(f"{name}:{number}: {target} is only for {', '.join(KEYS_PLACES)}")
        for pattern, places in LIBRARIES.items():
            if re.match(pattern, target) and not any(name.startswith(p) for p in places):
                errors.append(f"{name}:{number}: {target} is only for {', '.join(places)}")
        if match.group(1) == "<" or not (ROOT / target).exists():
            continue
        own = target.startswith((folder + "/", "base/")) or folder_of(target) == folder
        if not own and not any(target == a or target.startswith(a + "/") for a in ALLOWED[folder]):
            errors.append(f"{name}:{number}: {folder}/ must not include {target}")
    return errors


def main() -> int:
    errors = []
    for pattern in ("**/*.hpp", "**/*.cpp"):
        for path in sorted(ROOT.glob(pattern)):
            if not any(part.startswith("build") or part == "subprojects" for part in path.relative_to(ROOT).parts):
                errors += check(path)
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
