#!/usr/bin/env python3
"""A Python test that hangs is ended by its deadline, is named, and has failed (tests/e2e/stack.py)."""

import os
import pathlib
import subprocess
import sys
import unittest

HANGS = """
import contextlib, socket, sys, threading, time, unittest
sys.path.insert(0, sys.argv.pop(1))
import stack

class Hangs(unittest.TestCase):
    def test_quick(self):
        pass

    def test_socket(self):
        with contextlib.suppress(OSError, Exception):
            listener = socket.create_server(("127.0.0.1", 0))
            listener.accept()
        time.sleep(60)

    @classmethod
    def tearDownClass(cls):
        print("torn down", file=sys.stderr)

unittest.main()
"""


class Deadlines(unittest.TestCase):
    def test_a_test_that_hangs_is_named(self):
        folder = pathlib.Path(__file__).resolve().parent / "e2e"
        done = subprocess.run([sys.executable, "-c", HANGS, str(folder)], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "TSMS_TEST_SECONDS": "1"})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("__main__.Hangs.test_socket has not ended 1 s after the start of the program", done.stderr)
        self.assertIn("in accept", done.stderr)  # where
        self.assertIn("torn down", done.stderr)
        self.assertIn("Ran 2 tests", done.stderr)


if __name__ == "__main__":
    unittest.main()
