#!/usr/bin/env python3
"""Runs the examples of docs/rest-api.md in both dialects, in their order and in one shell, as a script that ends with the
first command that fails. tour_test.py plays them where the README sends its reader there."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rest_world  # noqa: E402
import stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))


DOCUMENTED = "https://localhost:8443/sptsm/1.0"


class Examples(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-examples-")
        self.stack = stack.Stack(BUILD.resolve(), pathlib.Path(self.temporary.name))
        self.stack.init()
        self.stack.import_profiles()
        token = json.loads(self.stack.tsms("provider", "add", "--name", "demo", "--json").stdout)["longTermToken"]
        (self.stack.folder / "demo.token").write_text(token + "\n")
        for name, package in (("app.cap", "D27600018501"), ("extra.cap", "D27600018502")):
            self.stack.make_cap(name, package=package, applets=[package + "01"])
        self.stack.start_server("rest")

    def tearDown(self):
        self.assertEqual(set(self.stack.stop().values()), {0})
        self.temporary.cleanup()

    def test_examples(self):
        blocks = re.findall(r"^```sh\n(.*?)^```$", (stack.ROOT / "docs" / "rest-api.md").read_text(), re.M | re.S)
        self.assertGreater(len(blocks), 5)
        script = "set -euo pipefail\n" + "\n".join(f"echo '== {n}'\n{b}" for n, b in enumerate(blocks, 1))
        self.assertEqual(script.count(DOCUMENTED), 1)
        for version in rest_world.DIALECTS:
            here = f"https://localhost:{self.stack.rest_port}/sptsm/{version}"
            done = subprocess.run(["bash", "-c", script.replace(DOCUMENTED, here)], cwd=self.stack.folder,
                                  capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, f"{version}: {done.stdout}\n{done.stderr}")


if __name__ == "__main__":
    stack.main(verbosity=1)
