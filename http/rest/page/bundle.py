#!/usr/bin/env python3
"""Writes the documentation page as C++: our own files and the viewer that npm fetches. Without npm or without a registry
it writes a page that says so, unless the page is required.

usage: bundle.py OUT.cpp WORK_DIRECTORY enabled|auto|disabled [NPM]"""

import gzip
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
VIEWER = ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js")
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


def files(mode: str, npm: str | None, work: pathlib.Path) -> dict:
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
        return {"/": (HERE / "missing.html").read_bytes().replace(b"@REASON@", str(reason).encode())}
    return {"/": (HERE / "index.html").read_bytes(),
            **{f"/page/{name}": (HERE / name).read_bytes() for name in ("page.css", "page.js")},
            **{f"/page/{name}": (viewer / name).read_bytes() for name in VIEWER}}


def literal(octets: bytes) -> str:
    """Escapes of three digits each: none can run on into the next character."""
    lines = (octets[i:i + 32] for i in range(0, len(octets), 32))
    return "\n".join('    "' + "".join(f"\\{o:03o}" for o in line) + '"' for line in lines)


def main():
    out, work, mode, *npm = sys.argv[1:]
    rows = []
    for path, content in files(mode, npm[0] if npm else None, pathlib.Path(work)).items():
        packed = gzip.compress(content, 9, mtime=0)
        kind = TYPES[pathlib.Path(path).suffix or ".html"]
        rows.append(f'    {{"{path}", "{kind}",\n     std::string_view(\n{literal(packed)},\n     {len(packed)})}},\n')
    pathlib.Path(out).write_text(
        '#include "http/rest/page.hpp"\n\n#pragma GCC diagnostic ignored "-Woverlength-strings"\n\n'
        "namespace tsms::rest {\n\nnamespace {\nconstexpr page_file files[] = {\n" + "".join(rows) +
        "};\n} // namespace\n\nstd::span<const page_file> page_files() {\n    return files;\n}\n\n} // namespace tsms::rest\n")


main()
