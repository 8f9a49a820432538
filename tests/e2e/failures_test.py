#!/usr/bin/env python3
"""tsms-handset and tsms-lab with --json: whatever ends them early, they say what and why as one JSON document."""

import json
import os
import pathlib
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack as stacks  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stacks.ROOT / "build"))
AID = "A000000151000000"


class Failures(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="tsms-failures-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.stack = stacks.Stack(BUILD, self.folder)
        self.card = f"sim:{self.folder}/phone.card?profile=jc305"

    def failure(self, program: str, *arguments) -> str:
        """What the one document on standard output says."""
        done = self.stack.run(program, *arguments, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertTrue(done.stderr.strip(), "people are told too")
        told = json.loads(done.stdout)
        self.assertTrue(told["error"])
        return told["error"]

    def test_the_handset(self):
        ended = {
            ("--json",): "say which command",
            ("--json", "nonsense"): "there is no command ‘nonsense’",
            ("create", "--json"): "SERVICE",
            ("--json", "--answer-seconds", "x", "instances", "S"): "answer-seconds",
            ("--json", "--ca", self.folder / "none.pem", "instances", "S"): "none.pem",
            ("--json", "--credential-file", self.folder / "none", "instances", "S"): "none",
            ("--json", "--url", "http://x", "--se", self.card, "instances", "S"): "http://x",
            ("--json", "--se", "usb:1", "instances", "S"): "usb:1",
            ("--json", "--se", self.card + "&x=1", "instances", "S"): "unknown option",
            ("--json", "--se", self.card, "--se", self.card, "instances", "S"): "two secure components",
            ("--json", "--stats", self.folder / "none" / "stats", "instances", "S"): "cannot write",
            ("--json", "--se", self.card, "deploy", "I", "--commands", "nothing"): "nothing",
            ("--json", "--se", self.card, "deploy", "I", "--commands", "install", "--data", "x"): "key=value",
            ("--json", "apdu", AID): "no secure component",
            ("--json", "--se", self.card, "apdu", "A0"): "no AID",
            ("--json", "--se", self.card, "apdu", AID, "xx"): "no C-APDU",
        }
        for arguments, words in ended.items():
            with self.subTest(arguments=arguments):
                self.assertIn(words, self.failure("tsms-handset", *arguments))

    def test_what_the_card_answered_before_is_told_with_the_failure(self):
        done = self.stack.run("tsms-handset", "--json", "--se", self.card + "&faults=tear-before@get-data:1", "apdu", AID, "80CA9F7F00",
                              check=False)
        self.assertNotEqual(done.returncode, 0)
        told = json.loads(done.stdout)
        self.assertEqual(len(told["exchanges"]), 1, told)
        self.assertTrue(told["error"])

    def test_names_that_are_no_text(self):
        name = os.fsencode(self.folder) + b"/f\xfcr.pem"
        done = self.stack.run("tsms-handset", "--json", "--ca", os.fsdecode(name), "instances", "S", check=False)
        self.assertIn("f\\xFCr.pem", json.loads(done.stdout)["error"])

    def test_the_lab(self):
        state, tls = self.folder / "state.json", self.folder / "tls"
        broken = self.folder / "broken.json"
        broken.write_text("{")
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        listening = ("--tls-dir", tls, "--json", "--port", port)
        ended = {
            ("--json",): "say which command",
            ("card", "--json", "--nonsense"): "nonsense",
            ("card", "--json"): "--state",
            ("card", "--json", "--state", state, "--profile", "none"): "none",
            ("card", "--json", "--state", broken): "broken.json",
            ("card", "--json", "--state", state, "--faults", "nonsense"): "nonsense",
            ("card", "--json", "--state", state, "--allow", "x"): "--allow",
            ("cap", "--json", "--out", self.folder / "none" / "x.cap"): "cannot be written",
            ("cap", "--json", "--out", self.folder / "x.cap", "--package", "A0"): "no AID",
            ("cap", "--json", "--out", self.folder / "x.cap", "--package-version", "x"): "no version",
            ("issuer", "--json"): "is required",
            ("issuer", "--state", self.folder / "issuer.json", *listening): str(port),
            ("issuer", "--state", self.folder / "issuer.json", "--transport-key", "x", *listening): "--transport-key",
            ("issuer", "--state", self.folder / "issuer.json", "--lie", "nonsense", *listening): "nonsense",
            ("spos", "--state", self.folder / "spos.json", *listening): str(port),
            ("spos", "--state", broken, *listening): "broken.json",
        }
        for arguments, words in ended.items():
            with self.subTest(arguments=arguments):
                self.assertIn(words, self.failure("tsms-lab", *arguments))
        done = self.stack.run("tsms-lab", "card", "--json", "--state", state, "--vpcd", "nonsense", check=False)
        registry, failure = done.stdout.splitlines()  # one document a line: what it did, and what it could not
        self.assertIn("applications", json.loads(registry))
        self.assertIn("HOST:PORT", json.loads(failure)["error"])


if __name__ == "__main__":
    stacks.main(verbosity=1)
