#!/usr/bin/env python3
"""No test is left out in silence. Test programs in Python end through stack.main(), which names what was skipped; no test in
C++ is disabled; and scripts/test.sh counts what programs say (`skips.py count testlog.json…`: a line for each)."""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
WAYS_ROUND = {
    "*_test.py": r"unittest\.main\(|sys\.exit\((?:77|0)\)|os\._exit\(",
    "*_test.cpp": r"\b(?:disabled|precondition|enable_if|enabled)\s*\(|\breturn 77\b|--run_test=!",
}


def named(log: pathlib.Path) -> list:
    """What the programs of a run have skipped, and what they were not given. A program that ended with 77 and says nothing counts too."""
    lines = []
    for text in log.read_text().splitlines():
        test = json.loads(text)
        said = re.findall(r"(?m)^(?:SKIPPED|NOT GIVEN): .*$", test.get("stdout") or "")
        if test["result"] == "SKIP" and not any(line.startswith("SKIPPED") for line in said):
            said.append(f"SKIPPED: {test['name']}: it does not say why")
        lines += said
    return lines


def ways_round() -> list:
    wrong = []
    for pattern, forbidden in WAYS_ROUND.items():
        for source in sorted((ROOT / "tests").rglob(pattern)):
            text = source.read_text()
            wrong += [f"{source.relative_to(ROOT)}: ‘{found[0]}’ leaves tests out and nobody counts it"
                      for found in re.finditer(forbidden, text)]
            if source.suffix == ".py" and not re.search(r"\bstacks?\.main\(", text):
                wrong.append(f"{source.relative_to(ROOT)}: does not end through stack.main()")
    return wrong


if __name__ == "__main__":
    if sys.argv[1:2] == ["count"]:
        print("\n".join(line for name in sys.argv[2:] for line in named(pathlib.Path(name))))
        sys.exit(0)
    problems = ways_round()
    print("\n".join(problems), file=sys.stderr)
    sys.exit(1 if problems else 0)
