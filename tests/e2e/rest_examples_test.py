#!/usr/bin/env python3
"""Runs the examples of docs/rest-api.md, in their order and in one shell."""

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


class Examples(unittest.TestCase):
    def test_examples(self):
        blocks = re.findall(r"^```sh\n(.*?)^```$", (stack.ROOT / "docs" / "rest-api.md").read_text(), re.M | re.S)
        self.assertGreater(len(blocks), 5)
        with tempfile.TemporaryDirectory(prefix="tsms-examples-") as folder:
            running = rest_world.RestStack(BUILD.resolve(), pathlib.Path(folder))
            try:
                running.start()
                script = "set -euo pipefail\n" + "\n".join(f"echo '== {n}'\n{b}" for n, b in enumerate(blocks, 1))
                for version in rest_world.DIALECTS:
                    given = {"TSMS": f"https://localhost:{running.rest_port}/sptsm/{version}", "CA": str(running.ca),
                             "LONG_TERM_TOKEN": running.long_term[0]["longTermToken"], "CAP": f"{folder}/app.cap"}
                    done = subprocess.run(["bash", "-c", script], cwd=folder, env={**os.environ, **given},
                                          capture_output=True, text=True, timeout=120)
                    self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
            finally:
                running.stop()


if __name__ == "__main__":
    unittest.main(verbosity=1)
