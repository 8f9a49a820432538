#!/usr/bin/env python3
"""The device role is stopped or killed in the middle of processes, its supervisor starts it again, and apps with our SDK notice nothing
(DIV-108): success, one process, one result for the SPOS."""

import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack as stacks  # noqa: E402
from story_test import BUILD, NOT_DEPLOYED, OPERATIONAL, StoryCase, aids  # noqa: E402
from supervisor_test import EARLY, Supervisor  # noqa: E402

PHONES = int(os.environ.get("TSMS_PHONES", "50"))
INTERRUPTED = 6
SLOW = 25  # milliseconds for each APDU, so that there is a middle

# What the rows of a running process say when the role ends.
MOMENTS = {
    "begun": "SELECT 1 FROM processes WHERE ended IS NULL AND instance = ?",
    "its start acknowledged": "SELECT 1 FROM processes WHERE ended IS NULL AND acknowledged = 1 AND instance = ?",
    "commands on their way": "SELECT 1 FROM processes p JOIN card_log l ON l.process = p.id WHERE p.ended IS NULL AND p.instance = ? AND l.response = 1",
    "a change on its way": "SELECT 1 FROM processes p JOIN journal j ON j.process = p.id WHERE p.ended IS NULL AND p.instance = ?",
}


class ForManyPhones(stacks.Stack):
    def start_server(self, role: str | None = None):
        self.configure("device", calls_per_address=100000, calls_per_app=100000, calls_at_once_per_address=1000,
                       unproven_per_address=10000, unproven_per_card=10000)
        super().start_server(role)


class Restart(StoryCase):
    stack_class = ForManyPhones

    def rows(self, statement: str, *values) -> list:
        with sqlite3.connect(f"file:{self.stack.data}/instances.db?mode=ro", uri=True) as db:
            return db.execute(statement, values).fetchall()

    pid_of = Supervisor.pid_of

    ready = time.monotonic()

    def let_it_live(self):
        """A role that dies soon after its start waits."""
        time.sleep(max(0, Restart.ready + EARLY + 0.5 - time.monotonic()))

    def end_role(self, how: signal.Signals):
        victim = self.pid_of("device")
        os.kill(victim, how)
        stacks.wait_until(lambda: self.pid_of("device") not in (None, victim) and stacks.listens(self.stack.device_port), 60,
                          "the device role does not come back")
        Restart.ready = time.monotonic()

    def play(self, card: str, instance: str, moment: str, how: signal.Signals, *arguments) -> dict:
        """The handset calls, and at this moment the role ends."""
        self.let_it_live()
        handset = subprocess.Popen([str(self.stack.program("tsms-handset")), "--url", f"https://localhost:{self.stack.device_port}",
                                    "--ca", str(self.stack.ca), "--json", "--se", f"{card}&faults=slow{SLOW}@any", *arguments],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            stacks.wait_until(lambda: self.rows(MOMENTS[moment], instance) or handset.poll() is not None, 30, moment)
            self.assertIsNone(handset.poll(), f"it was too fast for ‘{moment}’")
            self.end_role(how)
            out, err = handset.communicate(timeout=60)
        finally:
            handset.kill()
        self.assertTrue(out, err)
        self.assertEqual(len(re.findall(r"^process \S+ started$", err, re.M)), 1, "the app is told once: " + err)
        return json.loads(out)

    def check_one(self, instance: str, before: int, result: dict):
        """One process more, with the id that the app was told, and one result for the SPOS."""
        told = result["processInfo"]
        self.assertEqual((told["executionStatus"], told["executionMessage"]), (0, ""), result)
        processes = self.rows("SELECT id, status FROM processes WHERE instance = ? ORDER BY started", instance)
        self.assertEqual(len(processes), before + 1, processes)
        self.assertEqual(processes[-1], (told["processId"], 0))
        mine = stacks.wait_until(lambda: [r for r in self.stack.spos_results() if r["processId"] == told["processId"]], 20,
                                 "the SPOS is not told")
        self.assertEqual([r["executionStatus"] for r in mine], [0])

    def story(self, name: str, how: signal.Signals, moment: str):
        published = stacks.publish_service(self.rest, [self.cap], spos_config=self.spos_config, name=name)
        card = self.stack.card(f"{name}.card")
        instance = self.create(card, published)
        before = aids(self.stack.registry(f"{name}.card"))
        deployed = self.play(card, instance, moment, how, "deploy", instance, "--commands", "install,activate", "--finalize")
        self.check_one(instance, 0, deployed)
        self.assertEqual(deployed["serviceInstanceState"], OPERATIONAL)
        stacks.publish_version(self.rest, published["service"], [stacks.upload_part(self.rest, self.other_cap)], "2.0.0")
        updated = self.play(card, instance, moment, how, "update", instance, "2.0.0", "--commands", "install,activate", "--finalize")
        self.check_one(instance, 1, updated)
        ended = self.play(card, instance, moment, how, "terminate", instance)
        self.check_one(instance, 2, ended)
        self.assertEqual(aids(self.stack.registry(f"{name}.card")), before)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cap = cls.stack.make_cap("one.cap")
        cls.other_cap = cls.stack.make_cap("two.cap", load_size=2500)

    def test_stopped(self):
        for number, moment in enumerate(MOMENTS):
            with self.subTest(moment=moment):
                self.story(f"stopped{number}", signal.SIGTERM, moment)

    def test_killed(self):
        for number, moment in enumerate(MOMENTS):
            with self.subTest(moment=moment):
                self.story(f"killed{number}", signal.SIGKILL, moment)

    def restart_issuer(self, *arguments):
        self.stack.issuer.stop()
        self.stack.processes.remove(self.stack.issuer)
        self.stack.start_issuer(*arguments)

    def load(self, published: dict, folder: str) -> subprocess.Popen:
        """So many phones, all at once."""
        ((self.before,),) = self.rows("SELECT coalesce(max(rowid), 0) FROM processes")
        (self.stack.folder / folder).mkdir()
        return subprocess.Popen([str(BUILD / "bench" / "device_load"), f"https://localhost:{self.stack.device_port}", str(self.stack.ca),
                                 published["service"]["id"], "1.0.0", str(self.stack.folder / folder), str(PHONES)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def check_all_succeed(self, phones: subprocess.Popen):
        out, err = phones.communicate(timeout=120)
        for step in map(json.loads, out.splitlines()):
            self.assertEqual(step["byStatus"], {"0": PHONES}, out + err)
        others = self.rows("SELECT count(*) FROM processes WHERE rowid > ? AND (ended IS NULL OR status <> 0)", self.before)
        self.assertEqual(others, [(0,)], out + err)

    def test_a_stop_does_not_wait_for_phones_that_wait(self):
        published = stacks.publish_service(self.rest, [self.cap], name="waiting")
        self.let_it_live()
        self.restart_issuer("--sessions", 0, "--retry-after", 2)  # so that every phone waits for its next order
        phones = self.load(published, "waiting")
        try:
            waiting = f"SELECT count(*) FROM processes WHERE rowid > {self.before} AND ended IS NULL AND acknowledged = 1"
            stacks.wait_until(lambda: self.rows(waiting) == [(PHONES,)] or phones.poll() is not None, 60, "they do not wait")
            time.sleep(1)
            victim, began = self.pid_of("device"), time.monotonic()
            os.kill(victim, signal.SIGTERM)
            stacks.wait_until(lambda: self.pid_of("device") != victim, 30, "the device role does not stop")
            took = time.monotonic() - began
            self.assertLess(took, 5)
            print(f"{PHONES} phones wait, the device role stops within {took:.2f} s", file=sys.stderr)
            stacks.wait_until(lambda: self.pid_of("device") and stacks.listens(self.stack.device_port), 60, "it does not come back")
            Restart.ready = time.monotonic()
            self.restart_issuer()
            self.check_all_succeed(phones)
        finally:
            phones.kill()

    def test_what_was_cancelled_is_not_entered_again(self):
        """The role is killed when the cancel has been answered, and before its result may have been."""
        published = stacks.publish_service(self.rest, [self.cap], spos_config=self.spos_config, name="cancelled")
        card = self.stack.card("cancelled.card")
        instance = self.create(card, published)
        before = aids(self.stack.registry("cancelled.card"))
        self.let_it_live()
        self.restart_issuer("--sessions", 0, "--retry-after", 2)
        out, err = self.stack.folder / "cancelled.out", self.stack.folder / "cancelled.err"
        with open(out, "wb") as o, open(err, "wb") as e:
            handset = subprocess.Popen([str(self.stack.program("tsms-handset")), "--url", f"https://localhost:{self.stack.device_port}",
                                        "--ca", str(self.stack.ca), "--json", "--se", card, "deploy", instance, "--commands",
                                        "install,activate", "--finalize"], stdin=subprocess.DEVNULL, stdout=o, stderr=e)
        try:
            stacks.wait_until(lambda: self.rows(MOMENTS["its start acknowledged"], instance), 30, "no process")
            handset.send_signal(signal.SIGINT)
            stacks.wait_until(lambda: "\ncancelled\n" in err.read_text(), 20, "the cancel is not answered")
            self.end_role(signal.SIGKILL)
            self.restart_issuer()
            handset.wait(60)
        finally:
            handset.kill()
            handset.wait()
        result = json.loads(out.read_text())
        self.assertEqual((result["processInfo"]["executionStatus"], result["serviceInstanceState"]), (INTERRUPTED, NOT_DEPLOYED), result)
        ends = self.rows("SELECT id, status FROM processes WHERE instance = ?", instance)
        self.assertEqual({status for _, status in ends}, {INTERRUPTED}, ends)
        self.assertEqual(aids(self.stack.registry("cancelled.card")), before)
        for process, _ in ends:
            told = stacks.wait_until(lambda: [r for r in self.stack.spos_results() if r["processId"] == process], 20, "the SPOS is not told")
            self.assertEqual([r["executionStatus"] for r in told], [INTERRUPTED])
        self.assertEqual(self.deploy(card, instance)["processInfo"]["executionStatus"], 0)

    def test_many_phones(self):
        """All at once: none of their processes is lost, and no call."""
        published = stacks.publish_service(self.rest, [self.cap], name="many")
        self.let_it_live()
        phones = self.load(published, "many")
        try:
            stacks.wait_until(lambda: self.rows("SELECT 1 FROM processes WHERE ended IS NULL") or phones.poll() is not None, 60, "processes")
            self.end_role(signal.SIGKILL)
            self.assertTrue(self.rows("SELECT 1 FROM audit WHERE what LIKE 'process taken over%'"))
            self.check_all_succeed(phones)
        finally:
            phones.kill()


del Supervisor, StoryCase  # they have run elsewhere

if __name__ == "__main__":
    stacks.main(verbosity=1)
