#!/usr/bin/env python3
"""The documentation page is looked for with every build: one that was built before npm came gets its viewer, and one that
has it keeps it."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BUNDLE = pathlib.Path(__file__).resolve().parent.parent / "http" / "rest" / "page" / "bundle.py"
NPM = """#!/bin/sh
echo asked >>"{log}"
mkdir -p node_modules/swagger-ui-dist
for f in swagger-ui.css swagger-ui-bundle.js swagger-ui-standalone-preset.js; do echo x >node_modules/swagger-ui-dist/$f; done
exit {code}
"""


class Bundle(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-page-")
        self.folder = pathlib.Path(self.temporary.name)
        self.out, self.log, self.bin = (self.folder / name for name in ("page.cpp", "asked", "bin"))
        self.bin.mkdir()

    def tearDown(self):
        self.temporary.cleanup()

    def npm(self, code: int = 0):
        program = self.bin / "npm"
        program.write_text(NPM.format(log=self.log, code=code))
        program.chmod(0o755)

    def build(self, mode: str = "auto") -> bool:
        """Whether the page has its viewer; one that is not made anew keeps its time."""
        subprocess.run([sys.executable, BUNDLE, self.out, self.folder / "page", mode], check=True, capture_output=True,
                       env={"PATH": f"{self.bin}:/bin"} if (self.bin / "npm").exists() else {"PATH": str(self.bin)})
        return "/page/page.js" in self.out.read_text()

    def asked(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def test_npm_comes_later(self):
        self.assertFalse(self.build())
        first = self.out.stat().st_mtime_ns
        self.assertFalse(self.build())
        self.assertEqual(self.out.stat().st_mtime_ns, first)
        self.npm()
        self.assertTrue(self.build())
        self.assertTrue(self.build())
        self.assertEqual(self.asked(), 1)
        (self.bin / "npm").unlink()
        self.assertTrue(self.build())

    def test_npm_that_cannot_fetch_is_not_asked_with_every_build(self):
        self.npm(code=1)
        for _ in range(3):
            self.assertFalse(self.build())
        self.assertEqual(self.asked(), 1)
        stamp = self.folder / "page.stamp"
        before = json.loads(stamp.read_text())
        stamp.write_text(json.dumps({**before, "tried": before["tried"] - 3600}))
        self.npm()
        self.assertTrue(self.build())

    def test_switched_off(self):
        self.npm()
        self.assertFalse(self.build("disabled"))
        self.assertEqual(self.asked(), 0)
        self.assertTrue(self.build("auto"))


unittest.main()
