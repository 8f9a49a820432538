#!/usr/bin/env python3
"""docs/requirements.md names every requirement once, names only tests that exist, and counts right. Prints what is not
covered."""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNT = 382  # R-001 … R-382
ROW = re.compile(r"^\| R-(\d{3}) \| [^|]+ \| (.+) \| ([^|]+) \|$")


def known_tests() -> set:
    names = set(json.loads((ROOT / "tests/e2e/official_rest_api.json").read_text())["operations"])
    for source in (ROOT / "tests").rglob("*_test.cpp"):
        names.update(re.findall(r"BOOST_(?:AUTO|FIXTURE|DATA)_TEST_CASE\(\s*(\w+)", source.read_text()))
    for source in (ROOT / "tests").rglob("*_test.py"):
        names.update(re.findall(r"def (test_\w+)", source.read_text()))
    return names


def main() -> int:
    text = (ROOT / "docs/requirements.md").read_text()
    tests = known_tests()
    wrong, seen, count = [], [], {"with tests": 0, "not covered": 0, "not testable": 0}
    for line in text.splitlines():
        row = ROW.match(line)
        if not row:
            if line.startswith("| R-"):
                wrong.append(f"unreadable row: {line}")
            continue
        number, what, cell = row.groups()
        seen.append(int(number))
        kind = next((k for k in count if cell.startswith(k + ":")), "with tests")
        count[kind] += 1
        if kind == "with tests":
            unknown = [name for name in re.findall(r"`(\w+)`", cell) if name not in tests]
            wrong += [f"R-{number}: there is no test {name}" for name in unknown]
            if "`" not in cell:
                wrong.append(f"R-{number}: names neither a test nor why there is none")
        elif kind == "not covered":
            print(f"R-{number} {what}: {cell}")
    missing = set(range(1, COUNT + 1)) - set(seen)
    wrong += [f"R-{n:03d} is missing" for n in sorted(missing)]
    wrong += [f"R-{n:03d} occurs more than once" for n in sorted(set(n for n in seen if seen.count(n) > 1))]
    summary = (f"{len(seen)} requirements: {count['with tests']} with tests, {count['not covered']} not covered, "
               f"{count['not testable']} not testable here.")
    if summary not in text:
        wrong.append(f"the counts are wrong, it has to be: {summary}")
    print("\n".join(wrong), file=sys.stderr)
    print(summary)
    return 1 if wrong else 0


sys.exit(main())
