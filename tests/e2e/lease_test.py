#!/usr/bin/env python3
"""Two device roles on the same databases: who sleeps past his lease of a card neither writes nor sends anything when the other one has
gone on with it, and until then the other one keeps off (DIV-101)."""

import contextlib
import json
import pathlib
import re
import signal
import sqlite3
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import hostile_test  # noqa: E402
import phone as phones  # noqa: E402
import stack as stacks  # noqa: E402
from hostile_test import INSTALLING, INTERRUPTED, INVALID_STATE, OPERATIONAL  # noqa: E402
from phone import Honest, apdus_of  # noqa: E402
from story_test import aids  # noqa: E402

LEASE = 3  # seconds


class Twin:
    """The stack as a phone of the second server sees it."""

    def __init__(self, stack, port: int):
        self.stack, self.device_port = stack, port

    def __getattr__(self, name):
        return getattr(self.stack, name)


class SleepsBehind(Honest):
    """The first server falls asleep while the phone works on one order; the report is for when it wakes up."""

    def __init__(self, at: int, server, database, meanwhile):
        self.at, self.server, self.database, self.meanwhile = at, server, database, meanwhile
        self.orders_after = []

    def sleep(self):
        """Not within a transaction, in which nobody else could write."""
        while True:
            self.server.process.send_signal(signal.SIGSTOP)
            with contextlib.closing(sqlite3.connect(self.database, timeout=0.1, isolation_level=None)) as db:
                with contextlib.suppress(sqlite3.OperationalError):
                    db.execute("BEGIN IMMEDIATE")
                    db.execute("ROLLBACK")
                    return
            self.server.process.send_signal(signal.SIGCONT)
            time.sleep(0.02)

    def report(self, agent, number, order, report):
        if number > self.at:
            self.orders_after += apdus_of(order)
        if number != self.at:
            return report
        self.sleep()
        try:
            self.meanwhile()
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        return report


class TwoServers(hostile_test.HostileCase):
    options = {**hostile_test.HostileCase.options, "server_name": '"one"', "lease_seconds": LEASE}

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.twin = Twin(cls.stack, stacks.free_port())
        cls.serve_too("second", "two", cls.twin.device_port)

    @classmethod
    def serve_too(cls, folder_name: str, name: str, port: int) -> int:
        """Another device role on the same databases. Its port of operations."""
        s, folder = cls.stack, cls.stack.folder / folder_name
        folder.mkdir()
        for file in s.data.iterdir():  # the same databases and keys, its own configuration, locks and marks
            if file.name != "tsms.toml" and file.suffix != ".lock" and not file.name.endswith(("-mark", "-wal", "-shm")):
                (folder / file.name).symlink_to(file)
        (folder / "tsms.toml").write_text((s.data / "tsms.toml").read_text().replace('server_name = "one"', f'server_name = "{name}"'))
        operations = stacks.free_port()
        server = stacks.Process(s.folder, folder_name, [s.program("tsms"), "serve", "--data", folder, "--role", "device"],
                                {"TSMS_DEVICE_PORT": str(port), "TSMS_OPS_PORT": str(operations)})
        s.processes.append(server)
        server.wait_for_port(port)
        return operations

    def rows(self, statement: str, *values) -> list:
        with sqlite3.connect(f"file:{self.stack.data}/instances.db?mode=ro", uri=True) as db:
            return db.execute(statement, values).fetchall()

    def at_the_second(self, phone) -> phones.Phone:
        other = phones.Phone(self.twin, phone.card)
        other.before = phone.before
        return other

    def sleeps(self, at: int):
        phone, instance = self.new_instance()
        other = self.at_the_second(phone)
        seen = {}

        def meanwhile():
            (process, owner), = self.rows("SELECT id, owner FROM processes WHERE ended IS NULL AND instance = ?", instance)
            self.assertEqual(owner, "one")
            seen["process"] = process
            early = other.deploy(instance)
            self.assertEqual(early["processInfo"]["executionStatus"], INVALID_STATE, early)
            told = re.search(r"another process is running, please try again in (\d+) seconds$", early["processInfo"]["executionMessage"])
            self.assertTrue(told, early)
            self.assertLessEqual(int(told[1]), LEASE)
            time.sleep(LEASE + 1)
            later = other.deploy(instance)
            self.assertEqual((later["processInfo"]["executionStatus"], later["serviceInstanceState"]), (0, OPERATIONAL), later)
            seen["rows"] = self.rows_of(instance, process)
            seen["card"] = aids(phone.card.registry())

        manner = SleepsBehind(at, self.device, self.stack.data / "instances.db", meanwhile)
        woken = phone.deploy(instance, manner)
        self.assertEqual(woken["processInfo"]["executionStatus"], INTERRUPTED, woken)  # as it is stored, whatever it has seen
        self.assertEqual(manner.orders_after, [], "an order left the server that had lost the card")
        self.assertEqual(self.rows_of(instance, seen["process"]), seen["rows"], "it wrote, though it had lost the card")
        self.assertEqual(aids(phone.card.registry()), seen["card"])
        self.assertEqual(self.rows("SELECT status FROM processes WHERE id = ?", seen["process"]), [(INTERRUPTED,)])
        told = stacks.wait_until(lambda: [r for r in self.stack.spos_results() if r["processId"] == seen["process"]], 20,
                                 "the SPOS is not told how the process ended")
        self.assertEqual({r["executionStatus"] for r in told}, {INTERRUPTED})
        self.check_terminate(other, instance)
        for one in (phone, other):
            one.disconnect()

    def rows_of(self, instance: str, process: str) -> list:
        """Whatever a process can write, here and at the issuer. What its server goes on to say of it in the sequence log, that it has
        lost its lease for example, is no work on the card."""
        return [self.rows("SELECT document FROM service_instances WHERE id = ?", instance),
                self.rows("SELECT c.document FROM secure_components c JOIN processes p ON p.card = c.id WHERE p.id = ?", process),
                self.rows("SELECT * FROM processes WHERE id = ?", process),
                self.rows("SELECT * FROM journal WHERE process = ?", process),
                self.rows("SELECT process, response, apdu FROM card_log WHERE process = ? AND response = 0 AND apdu <> ''", process),
                (self.stack.folder / "issuer.json").read_text(), self.stack.issuer.log()]

    def test_asleep_in_the_middle(self):
        """Orders would follow."""
        self.sleeps(3)

    def test_asleep_before_the_issuer_has_done_its_part(self):
        """It would tell that its order is carried out, and hand over keys."""
        self.sleeps(INSTALLING - 1)

    def test_asleep_before_the_end(self):
        """Only the result is missing, which says that all went well."""
        self.sleeps(INSTALLING)

    def test_an_operator_who_breaks_a_lease_need_not_wait(self):
        """The server that has the card is gone for good, as far as he knows; should it live, it writes nothing any more."""
        phone, instance = self.new_instance()
        other = self.at_the_second(phone)
        seen = {}

        def meanwhile():
            (process, card), = self.rows("SELECT id, card FROM processes WHERE ended IS NULL AND instance = ?", instance)
            shown = json.loads(self.stack.tsms("card", "show", "--card", card).stdout)
            self.assertEqual([(one["process"], one["server"]) for one in shown["leases"]], [(process, "one")], shown)
            refused = self.stack.tsms("card", "lost", "--card", card, check=False)
            self.assertIn("card release --lease", refused.stderr)
            release = lambda *more, **how: self.stack.tsms("card", "release", "--lease", "--card", card, *more, **how)  # noqa: E731
            self.assertEqual(json.loads(release("--json").stdout), {"broken": 1})
            self.assertEqual(release().stdout, "broken: a server that runs ends the process when the card is used next or within the hour, "
                                               "else the one that starts next\n")  # it has not ended yet
            self.assertTrue(self.rows("SELECT 1 FROM audit WHERE subject = ? AND what LIKE 'process abandoned, of ‘one’%'", process))
            later = other.deploy(instance)
            self.assertEqual((later["processInfo"]["executionStatus"], later["serviceInstanceState"]), (0, OPERATIONAL), later)
            self.assertEqual(json.loads(release("--json").stdout), {"broken": 0})
            self.assertEqual(release().stdout, "no process works on this secure component: nothing was changed\n")
            seen["rows"] = self.rows_of(instance, process)

        manner = SleepsBehind(3, self.device, self.stack.data / "instances.db", meanwhile)
        woken = phone.deploy(instance, manner)
        self.assertEqual(woken["processInfo"]["executionStatus"], INTERRUPTED, woken)
        self.assertIn("nobody went on with it", woken["processInfo"]["executionMessage"])
        self.assertEqual(manner.orders_after, [])
        self.check_terminate(other, instance)
        for one in (phone, other):
            one.disconnect()

    def test_a_card_that_nobody_knows_has_no_lease_to_break(self):
        for more in ((), ("--json",)):
            refused = self.stack.tsms("card", "release", "--lease", "--card", "no such card", *more, check=False)
            why = "there is no secure component ‘no such card’ (tsms card list)"
            self.assertEqual((refused.returncode, refused.stderr), (1, f"tsms: {why}\n"))
            self.assertEqual(json.loads(refused.stdout) if more else refused.stdout, {"error": why} if more else "")

    def test_a_server_whose_name_is_taken_says_so(self):
        health = self.serve_too("third", "three", stacks.free_port())
        self.assertEqual(self.health(health)[0], 200)
        again = self.serve_too("fourth", "three", stacks.free_port())
        status, text = self.health(health)
        self.assertEqual(status, 503, text)
        self.assertIn("another server ‘three’ has started", text)
        self.assertEqual(self.health(again)[0], 200)

    def health(self, port: int) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def test_a_server_that_is_killed_has_its_cards_back_when_the_phone_is_lost(self):
        phone, instance = self.new_instance()
        killed = threading.Event()

        class Killed(Honest):
            def report(manner, agent, number, order, report):  # noqa: N805
                if number == 3:
                    self.kill_device()
                    killed.set()
                    raise phones.Vanished
                return report

        with self.assertRaises(phones.Vanished):
            phone.deploy(instance, Killed())
        self.assertTrue(killed.is_set())
        phone.disconnect()
        self.start_device()
        stacks.wait_until(lambda: not self.rows("SELECT 1 FROM processes WHERE ended IS NULL"), 30, "a phone that does not come back is lost")
        self.check_recovery(phone, instance)
        phone.disconnect()
        self.assertTrue(self.rows("SELECT 1 FROM servers WHERE owner = 'one' AND epoch >= 2"))


if __name__ == "__main__":
    stacks.main(verbosity=1)
