#!/usr/bin/env python3
"""Writes the documentation page as C++: our own files and the viewer that npm fetches. Without npm or without a registry
it writes a page that says so, unless the page is required.

It runs with every build, and does nothing where the page is as its sources want it. A page without viewer is made anew
when npm has come, and where npm could not fetch it, after ten minutes.

usage: bundle.py OUT.cpp WORK_DIRECTORY enabled|auto|disabled"""

import gzip
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
VIEWER = ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js")
RETRY_SECONDS = 600
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}


class Missing(Exception):
    pass


def fetch(npm: str, work: pathlib.Path) -> pathlib.Path:
    """The folder of the viewer, in exactly the version of the lock file. No script of a package runs."""
    work.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, work / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "npm_config_update_notifier": "false"})
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Missing(f"npm does not work: {e}") from e
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        raise Missing("npm could not fetch the viewer")
    return work / "node_modules" / "swagger-ui-dist"


def files(mode: str, npm: str | None, work: pathlib.Path) -> tuple[dict, str]:
    """The page's files, and why there is no viewer among them."""
    try:
        if mode == "disabled":
            raise Missing("it was switched off")
        if not npm:
            raise Missing("npm was not there")
        viewer = fetch(npm, work)
    except Missing as reason:
        if mode == "enabled":
            sys.exit(f"the documentation page cannot be built: {reason}; -Dapi_page=auto builds without it")
        print(f"documentation page without viewer: {reason}", file=sys.stderr)
        return {"/": (HERE / "missing.html").read_bytes().replace(b"@REASON@", str(reason).encode())}, str(reason)
    return {"/": (HERE / "index.html").read_bytes(),
            **{f"/page/{name}": (HERE / name).read_bytes() for name in ("page.css", "page.js")},
            **{f"/page/{name}": (viewer / name).read_bytes() for name in VIEWER}}, ""


def is_good(out: pathlib.Path, stamp: pathlib.Path, wanted: dict) -> bool:
    """The page that is there has its viewer, or there is no new reason to hope for one."""
    try:
        before = json.loads(stamp.read_text())
    except (OSError, ValueError):
        return False
    if not out.exists() or any(before.get(k) != wanted[k] for k in ("mode", "sources")):
        return False
    if not before.get("missing") or not wanted["npm"]:
        return True
    return before.get("npm") is True and time.time() - before.get("tried", 0) < RETRY_SECONDS


def literal(octets: bytes) -> str:
    """Escapes of three digits each: none can run on into the next character."""
    lines = (octets[i:i + 32] for i in range(0, len(octets), 32))
    return "\n".join('    "' + "".join(f"\\{o:03o}" for o in line) + '"' for line in lines)


def main():
    out, work, mode = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    npm = None if mode == "disabled" else shutil.which("npm")
    sources = b"".join(p.read_bytes() for p in sorted(HERE.iterdir()) if p.is_file())
    wanted = {"mode": mode, "npm": npm is not None, "sources": hashlib.sha256(sources).hexdigest()}
    stamp = work.with_suffix(".stamp")
    if is_good(out, stamp, wanted):
        return
    content, missing = files(mode, npm, work)
    text = source_of(content)
    if not out.exists() or out.read_text() != text:
        out.write_text(text)
    stamp.write_text(json.dumps({**wanted, "missing": missing, "tried": int(time.time())}))


def source_of(content: dict) -> str:
    rows = []
    for path, octets in content.items():
        packed = gzip.compress(octets, 9, mtime=0)
        kind = TYPES[pathlib.Path(path).suffix or ".html"]
        rows.append(f'    {{"{path}", "{kind}",\n     std::string_view(\n{literal(packed)},\n     {len(packed)})}},\n')
    return ('#include "http/rest/page.hpp"\n\n#pragma GCC diagnostic ignored "-Woverlength-strings"\n\n'
            "namespace tsms::rest {\n\nnamespace {\nconstexpr page_file files[] = {\n" + "".join(rows) +
            "};\n} // namespace\n\nstd::span<const page_file> page_files() {\n    return files;\n}\n\n} // namespace tsms::rest\n")


main()
