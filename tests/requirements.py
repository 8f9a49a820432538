#!/usr/bin/env python3
"""docs/requirements.md names every requirement once and counts right. A test is named file/test, or file/suite/test
where the file has two tests of that name. No name is unknown or ambiguous, and no test carries more than MOST rows
unless the document says why. Prints what is not covered, wholly or in part."""

import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNT = 382  # R-001 … R-382
MOST = 5
ROW = re.compile(r"^\| R-(\d{3}) \| [^|]+ \| (.+) \| ([^|]+) \|$")
REASON = re.compile(r"^\| `([^`]+)` \| ([^|]+) \|$")  # why a test carries more than MOST rows
BOOST = re.compile(r"BOOST_AUTO_TEST_(SUITE)\(\s*(\w+)|BOOST_AUTO_TEST_(SUITE_END)\("
                   r"|BOOST_(?:AUTO|FIXTURE|DATA)_TEST_CASE(?:_F)?\(\s*(\w+)")


def boost_cases(source: pathlib.Path):
    """The names of each case: with its file, and with its suite between them."""
    suites = []
    for begins, suite, ends, case in BOOST.findall(source.read_text()):
        if begins:
            suites.append(suite)
        elif ends:
            suites.pop()
        else:
            yield f"{source.stem}/{case}", "/".join([source.stem, *suites, case])


def known_tests() -> tuple:
    """How many tests a name means, and the names with suites of those that a name with none means."""
    names, longer = collections.Counter(), collections.defaultdict(list)
    operations = json.loads((ROOT / "tests/e2e/official_rest_api.json").read_text())["operations"]
    names.update(f"rest_conformance_test/{operation}" for operation in operations)
    for source in sorted((ROOT / "tests").rglob("*_test.*")):
        if source.suffix == ".cpp":
            for short, long in boost_cases(source):
                names[short] += 1
                longer[short].append(long)
        elif source.suffix == ".py":
            names.update(f"{source.stem}/{test}" for test in re.findall(r"def (test_\w+)", source.read_text()))
    names.update(long for short, two in longer.items() if names[short] > 1 for long in two)
    return names, longer


def kind_of(cell: str, kinds) -> str:
    return next((kind for kind in kinds if cell.startswith(kind + ":")), "with tests")


def tests_of(number: str, cell: str, kind: str, known: collections.Counter, longer: dict, wrong: list) -> list:
    """The tests that a row names. All that stands in backticks is a test, but behind "not shown:"."""
    shown, _, not_shown = cell.partition("not shown:")
    named = re.findall(r"`([^`]*)`", shown)
    if not named:
        wrong.append(f"R-{number}: names neither a test nor why there is none")
    if (kind == "partly") != bool(not_shown):
        wrong.append(f"R-{number}: ‘partly:’ and ‘not shown:’ belong together")
    for name in named:
        if name not in known:
            wrong.append(f"R-{number}: there is no test {name}")
        elif known[name] > 1:
            wrong.append(f"R-{number}: {name} is {known[name]} tests: {', '.join(longer[name]) or 'in one file'}")
    if len(set(named)) < len(named):
        wrong.append(f"R-{number}: names a test twice")
    return sorted(set(named))


def main() -> int:
    text = (ROOT / "docs/requirements.md").read_text()
    wrong, seen, carries, reasons = [], [], collections.defaultdict(list), set()
    known, longer = known_tests()
    count = {"with tests": 0, "partly": 0, "not covered": 0, "not testable": 0}
    for line in text.splitlines():
        reason = REASON.match(line)
        if reason:
            reasons.add(reason[1])
        row = ROW.match(line)
        if not row:
            if line.startswith("| R-"):
                wrong.append(f"unreadable row: {line}")
            continue
        number, what, cell = row.groups()
        seen.append(int(number))
        kind = kind_of(cell, count)
        count[kind] += 1
        if kind in ("with tests", "partly"):
            for name in tests_of(number, cell, kind, known, longer, wrong):
                carries[name].append(f"R-{number}")
        if kind in ("partly", "not covered"):
            print(f"R-{number} {what}: {cell}")
    missing = set(range(1, COUNT + 1)) - set(seen)
    wrong += [f"R-{n:03d} is missing" for n in sorted(missing)]
    wrong += [f"R-{n:03d} occurs more than once" for n in sorted(set(n for n in seen if seen.count(n) > 1))]
    many = {name for name, rows in carries.items() if len(rows) > MOST}
    wrong += [f"{name} carries {len(carries[name])} rows without a reason: {', '.join(carries[name])}"
              for name in sorted(many - reasons)]
    wrong += [f"{name} needs no reason, it carries {len(carries[name])} rows" for name in sorted(reasons - many)]
    summary = (f"{len(seen)} requirements: {count['with tests']} with tests, {count['partly']} partly, "
               f"{count['not covered']} not covered, {count['not testable']} not testable here.")
    if summary not in text:
        wrong.append(f"the counts are wrong, it has to be: {summary}")
    print("\n".join(wrong), file=sys.stderr)
    print(summary)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
