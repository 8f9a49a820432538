#!/usr/bin/env python3
"""An app is killed in the middle of what it has begun, and starts again: with what its SDK has kept (--pending) its next call begins at
once, where everybody else waits until the phone counts as lost; what was begun ends with 6, and its SPOS is told once (DIV-113)."""

import collections
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import restart_test  # noqa: E402
import stack as stacks  # noqa: E402
from story_test import OPERATIONAL, StoryCase, aids  # noqa: E402

INTERRUPTED, PROCESS_RUNNING = 6, 13
SOON = 2          # seconds
PHONE_LOST = 300  # likewise (device.phone_lost_seconds)
CHANGES = "a change on its way"
BEFORE = "before its answer"
MOMENTS = [BEFORE, *restart_test.MOMENTS]
DEPLOY = ("--commands", "install,activate", "--finalize")


class Takeover(StoryCase):
    stack_class = restart_test.ForManyPhones
    rows, pid_of, end_role, let_it_live = (restart_test.Restart.rows, restart_test.Restart.pid_of, restart_test.Restart.end_role,
                                           restart_test.Restart.let_it_live)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cap = cls.stack.make_cap("one.cap")

    def phone(self, card: str, pending: pathlib.Path | None, *arguments) -> subprocess.Popen:
        keeps = ["--pending", str(pending)] if pending else []
        return subprocess.Popen([str(self.stack.program("tsms-handset")), "--url", f"https://localhost:{self.stack.device_port}",
                                 "--ca", str(self.stack.ca), "--json", "--se", card, *keeps, *arguments],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def kept(pending: pathlib.Path) -> list:
        return [c["callId"] for c in json.loads(pending.read_text())["pendingCalls"]] if pending.exists() else []

    def begins_and_is_killed(self, card: str, pending: pathlib.Path, instance: str, moment: str, *arguments) -> str:
        """The callId that it leaves."""
        before = {p for p, in self.rows("SELECT id FROM processes WHERE instance = ?", instance)}
        phone = self.phone(f"{card}&faults=slow{restart_test.SLOW}@any", pending, *arguments)
        try:
            if moment == BEFORE:
                stacks.wait_until(lambda: self.kept(pending) or phone.poll() is not None, 30, moment)
            else:
                stacks.wait_until(lambda: self.rows(restart_test.MOMENTS[moment], instance) or phone.poll() is not None, 30, moment)
            self.assertIsNone(phone.poll(), f"it was too fast for ‘{moment}’")
        finally:
            phone.kill()
            phone.communicate()
        self.assertEqual(len(self.kept(pending)), 1)
        self.left = {p for p, in self.rows("SELECT id FROM processes WHERE instance = ?", instance)} - before
        return self.kept(pending)[0]

    def begins_at_once(self, card: str, pending: pathlib.Path, instance: str, left: str, *arguments) -> dict:
        known = [p for p, in self.rows("SELECT id FROM processes WHERE instance = ?", instance)]
        phone = self.phone(card, pending, *arguments)
        try:
            stacks.wait_until(lambda: left != (self.kept(pending) or [left])[-1] or phone.poll() is not None, 20, "its call")
            leaves = time.monotonic()

            def others():
                """Of a call that was killed before its answer, the process may have begun and ended only now."""
                return [p for p, status in self.rows("SELECT id, status FROM processes WHERE instance = ?", instance)
                        if p not in known and status != INTERRUPTED]

            stacks.wait_until(others, SOON, f"the new process does not begin: {phone.poll()}")
            self.assertLess(time.monotonic() - leaves, SOON)
            out, err = phone.communicate(timeout=60)
        finally:
            phone.kill()
        self.assertTrue(out, err)
        told = json.loads(out)
        self.assertEqual((told["processInfo"]["executionStatus"], told["processInfo"]["executionMessage"]), (0, ""), told)
        self.assertEqual(self.kept(pending), [])
        self.wait_for_result(told["processInfo"]["processId"])
        for process in self.left:
            self.assertEqual(self.rows("SELECT status FROM processes WHERE id = ?", process), [(INTERRUPTED,)])
            self.assertEqual(self.wait_for_result(process)["executionStatus"], INTERRUPTED)
        return told

    def nobody_is_told_twice(self):
        for process, times in collections.Counter(r["processId"] for r in self.stack.spos_results()).items():
            self.assertEqual(times, 1, process)

    def story(self, name: str, moment: str, between=lambda: None):
        published = stacks.publish_service(self.rest, [self.cap], spos_config=self.spos_config, name=name)
        card, pending = self.stack.card(f"{name}.card"), self.stack.folder / f"{name}.pending"
        instance = self.create(card, published)
        before = aids(self.stack.registry(f"{name}.card"))
        left = self.begins_and_is_killed(card, pending, instance, moment, "deploy", instance, *DEPLOY)
        between()
        if moment == CHANGES:
            told = self.begins_at_once(card, pending, instance, left, "terminate", instance)
            self.assertEqual(told["processInfo"]["executionStatus"], 0)
            instance = self.create(card, published)
            self.deploy(card, instance)
        else:
            told = self.begins_at_once(card, pending, instance, left, "deploy", instance, *DEPLOY)
            self.assertEqual(told["serviceInstanceState"], OPERATIONAL)
        left = self.begins_and_is_killed(card, pending, instance, moment, "terminate", instance)
        between()
        self.begins_at_once(card, pending, instance, left, "terminate", instance)
        self.assertEqual(aids(self.stack.registry(f"{name}.card")), before)
        self.nobody_is_told_twice()

    def test_app_killed(self):
        for number, moment in enumerate(MOMENTS):
            with self.subTest(moment=moment):
                self.story(f"app{number}", moment)

    def test_app_and_server_killed(self):
        def server():
            self.let_it_live()
            self.end_role(signal.SIGKILL)

        for number, moment in enumerate(MOMENTS):
            with self.subTest(moment=moment):
                self.story(f"both{number}", moment, server)

    def is_told_to_wait(self, card: str, instance: str, *options):
        told = self.stack.handset(card, "deploy", instance, *DEPLOY, *options, check=False)["processInfo"]
        self.assertEqual(told["executionStatus"], PROCESS_RUNNING, told)
        self.assertRegex(told["executionMessage"], r"another process is running, please try again in \d+ seconds$")
        seconds = int(told["executionMessage"].split()[-2])
        self.assertTrue(200 < seconds <= PHONE_LOST, told)  # the lease of the card is longer

    def test_who_proves_nothing_after_a_restart_waits_for_the_phone_and_not_for_the_lease(self):
        published = stacks.publish_service(self.rest, [self.cap], spos_config=self.spos_config, name="parked")
        card, pending = self.stack.card("parked.card"), self.stack.folder / "parked.pending"
        instance = self.create(card, published)
        left = self.begins_and_is_killed(card, pending, instance, "commands on their way", "deploy", instance, *DEPLOY)
        self.let_it_live()
        self.end_role(signal.SIGKILL)
        self.is_told_to_wait(card, instance)
        self.begins_at_once(card, pending, instance, left, "deploy", instance, *DEPLOY)
        self.nobody_is_told_twice()

    def test_who_proves_nothing_waits_and_is_told_how_long(self):
        published = stacks.publish_service(self.rest, [self.cap], spos_config=self.spos_config, name="strangers")
        card, pending = self.stack.card("strangers.card"), self.stack.folder / "strangers.pending"
        instance = self.create(card, published)
        left = self.begins_and_is_killed(card, pending, instance, "commands on their way", "deploy", instance, *DEPLOY)
        copied, guessed = self.stack.folder / "copied.pending", self.stack.folder / "guessed.pending"
        shutil.copy(pending, copied)
        guessed.write_text(pending.read_text().replace(left, "0" * 32))
        guessed.chmod(0o600)
        for who, options in {"without": [], "guessed": ["--pending", str(guessed)],
                             "another app": ["--pending", str(copied), "--caller-id", "B" * 64]}.items():
            with self.subTest(who=who):
                self.is_told_to_wait(card, instance, *options)
                self.assertEqual(self.rows("SELECT count(*) FROM processes WHERE ended IS NULL AND instance = ?", instance), [(1,)])
        self.begins_at_once(card, pending, instance, left, "deploy", instance, *DEPLOY)
        self.nobody_is_told_twice()

    def test_a_file_that_is_not_ours_is_refused(self):
        card = self.stack.card("nobody.card")
        foreign = self.stack.folder / "foreign"
        foreign.write_text("somebody's\n")
        for mode, why in ((0o600, "is not what the SDK has saved there"), (0o644, "chmod 600")):
            foreign.chmod(mode)
            done = self.stack.run("tsms-handset", "--url", f"https://localhost:{self.stack.device_port}", "--ca", self.stack.ca, "--se", card,
                                  "--pending", foreign, "instances", "x", check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(why, done.stderr)
            self.assertEqual(foreign.read_text(), "somebody's\n")


del StoryCase  # it has run elsewhere

if __name__ == "__main__":
    stacks.main(verbosity=1)
