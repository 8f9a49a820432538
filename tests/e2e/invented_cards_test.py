#!/usr/bin/env python3
"""What a stranger with nothing may cause (DIV-061, DIV-062): cards that do not exist, and apps without a credential."""

import contextlib
import json
import os
import pathlib
import sqlite3
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import hostile_test as hostile  # noqa: E402
import phone as phones  # noqa: E402
import stack as stacks  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stacks.ROOT / "build"))

TSM_NOT_AVAILABLE, NOT_AUTHENTICATED, NOT_ELIGIBLE, OPERATIONAL = 1, 5, 8, 21
GET_CPLC = bytes.fromhex("80CA9F7F")


class Invented:
    """A real card's answers under a CPLC that no issuer has ever given away: software needs no card for them."""

    def __init__(self, card: phones.Card, serial: int):
        self.card, self.serial, self.atr = card, serial, card.atr

    def reset(self):
        self.card.reset()

    def transmit(self, apdu: bytes) -> bytes:
        answer = self.card.transmit(apdu)
        if apdu[:4] == GET_CPLC and answer[-2:] == b"\x90\x00":
            at = len(answer) - 2 - 42 + 12  # the serial number in it: what follows says who issued the card
            answer = answer[:at] + (0xF0000000 + self.serial).to_bytes(4, "big") + answer[at + 4:]
        return answer


class InventedCards(hostile.HostileCase):
    BUDGET = 60
    # A process that nobody reports to any more must not outlive the test.
    options = {**hostile.HostileCase.options, "unproven_per_address": BUDGET}

    def rows(self, query: str) -> int:
        with contextlib.closing(sqlite3.connect(f"file:{self.stack.data}/instances.db?mode=ro", uri=True)) as db:
            return db.execute(query).fetchone()[0]

    def traces(self) -> dict:
        lines = [json.loads(line) for line in (self.stack.folder / "issuer.json").read_text().splitlines()]
        orders = {line["request"]["remoteManagementOrder"]["orderId"] for line in lines if "request" in line}
        return {"cards": self.rows("SELECT count(*) FROM secure_components"),
                "instances": self.rows("SELECT count(*) FROM service_instances"),
                "processes": self.rows("SELECT count(*) FROM processes"),
                "orders": len(orders),
                "messages": len(self.stack.spos_results()) + self.rows("SELECT count(*) FROM outbox")}

    def attack(self, count: int) -> list:
        """Each invents a card, creates, and deploys if it may. What the functions said."""
        real, told = self.new_card(), []
        for serial in range(count):
            stranger = phones.Phone(self.stack, Invented(real, serial))
            created = stranger.ask("createServiceInstance", serviceId=self.service, version="1.0.0")
            told.append(created)
            if created["executionStatus"] == 0:
                with contextlib.suppress(phones.Refused):
                    told.append(stranger.deploy(created["serviceInstance"]["id"])["processInfo"])
            stranger.disconnect()
        return told

    def test_a_stranger_leaves_so_many_traces(self):
        # More honest handsets than the budget has room for: each gives back what it cost when its issuer has proven it.
        proven = []
        for _ in range(self.BUDGET // 3 + 2):
            phone, instance = self.new_instance()
            deployed = phone.deploy(instance)
            self.assertEqual(deployed["serviceInstanceState"], OPERATIONAL, deployed)
            proven.append((phone, instance))
        leaver, left = proven.pop()
        self.check_terminate(leaver, left)
        unproven, waiting = self.new_instance()
        stacks.wait_until(lambda: self.rows("SELECT count(*) FROM outbox") == 0, 20, "the SPOS has not everything")
        before = self.traces()

        over, failures, lives = threading.Event(), [], []

        def live():
            while not over.is_set():
                for phone, instance in proven[:3]:
                    for suspend in (True, False):
                        done = phone.ask("suspendOrResumeService", serviceInstanceId=instance, suspensionControl=suspend)
                        lives.append(done["processInfo"]["processId"])
                        if done["processInfo"]["executionStatus"] != 0:
                            failures.append(done)

        living = threading.Thread(target=live)
        living.start()
        try:
            told = self.attack(150)
        finally:
            over.set()
            living.join(60)
        self.assertEqual(failures, [])
        self.assertGreater(len(lives), 5)

        refused = [t for t in told if t["executionStatus"] == TSM_NOT_AVAILABLE]
        self.assertGreater(len(refused), 100, told[-3:])
        self.assertRegex(refused[-1]["executionMessage"], r"try again in \d+ seconds")
        stacks.wait_until(lambda: self.rows("SELECT count(*) FROM outbox") == 0, 20, "the SPOS has not everything")
        caused = {name: count - before[name] for name, count in self.traces().items()}
        for name in ("processes", "messages"):
            caused[name] -= len(lives)
        print("150 invented cards:", caused, file=sys.stderr)
        self.assertGreater(caused["cards"], 0)
        self.assertLessEqual(sum(caused.values()), self.BUDGET + 5)  # and what came back meanwhile
        # Each order that the issuer refutes costs its address as much as four more handsets.
        self.assertLessEqual(caused["orders"], self.BUDGET // 13 + 1)

        lines = [line for line in self.log().splitlines() if "device.unproven_per_address" in line]
        self.assertTrue(0 < len(lines) < 10, lines)
        self.assertIn("127.0.0.1", lines[0])

        # A new card at this address has to wait, and one that has left: nothing can prove it. A proven one has not.
        status, answer, _ = unproven.call("deployService", **phones.deployment(waiting))
        self.assertEqual(status, 429, answer)
        self.assertRegex(answer["error"], r"try again in \d+ seconds")
        phone, instance = proven[0]
        self.check_terminate(phone, instance)
        for gone in (phone, leaver):
            created = gone.ask("createServiceInstance", serviceId=self.service, version="1.0.0")
            self.assertEqual(created["executionStatus"], TSM_NOT_AVAILABLE, created)
            self.assertRegex(created["executionMessage"], r"try again in \d+ seconds")

        # Messages of creations that fail (AMB-140) are bounded too; the app is told all the same.
        keeper, _ = proven[1]
        for _ in range(self.BUDGET + 10):
            again = keeper.ask("createServiceInstance", serviceId=self.service, version="1.0.0")
            self.assertEqual(again["executionStatus"], NOT_ELIGIBLE, again)
        stacks.wait_until(lambda: self.rows("SELECT count(*) FROM outbox") == 0, 20, "the SPOS has not everything")
        told = [r for r in self.stack.spos_results() if r["executionStatus"] == NOT_ELIGIBLE]
        self.assertTrue(self.BUDGET <= len(told) <= self.BUDGET + 2, len(told))


class Credentials(unittest.TestCase):
    """AMB-236: apps without a credential are let in where the operator has asked for it."""

    CALLER = "3F" * 20

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tsms-credentials-")
        self.addCleanup(folder.cleanup)
        self.stack = stacks.Stack(BUILD, pathlib.Path(folder.name))
        self.addCleanup(self.stack.kill)

    def serve(self, *options):
        s = self.stack
        made = s.run("tsms", "init", "--data", s.data, *options)
        s.start_server()
        stacks.wait_until(lambda: "fingerprint" in s.server.output(), 10, "no banner")
        return made.stdout, (s.data / "tsms.toml").read_text(), s.server.output()

    def call(self, credential: str | None = None):
        phone = phones.Phone(self.stack, None, caller=self.CALLER)
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        status, _, answer = phone.exchange("POST", "/tsm-api/1.0/getServiceInstances", {
            "serviceId": "none", "handset": {"callerId": self.CALLER, "secureComponents": [{"reader": "a", "seType": "eSE"}]}},
            headers)
        return status, json.loads(answer)

    def test_by_default_every_app_needs_one(self):
        printed, config, banner = self.serve()
        self.assertIn("tsms app add", printed)
        self.assertRegex(config, r"(?m)^accept_unknown_apps = false$")
        self.assertNotIn("WARNING", banner)
        status, answer = self.call()
        self.assertEqual(status, 401, answer)
        self.assertIn("tsms app add", answer["error"])
        told = self.stack.handset(self.stack.card(), "instances", "none", check=False)
        self.assertEqual(told["executionStatus"], NOT_AUTHENTICATED, told)
        self.assertIn("tsms app add", told["executionMessage"])

        self.stack.tsms("provider", "add", "--name", "demo")
        added = json.loads(self.stack.tsms("app", "add", "--caller", self.CALLER, "--provider", "demo", "--json").stdout)
        status, answer = self.call(added["credential"])
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.call("another")[0], 401)

    def test_development_says_so(self):
        printed, config, banner = self.serve("--development")
        self.assertIn("without a credential", printed)
        self.assertRegex(config, r"(?m)^# Made with --development.*accept_unknown_apps")
        self.assertRegex(config, r"(?m)^accept_unknown_apps = true$")
        self.assertRegex(banner, r"(?s)\n +WARNING .*tsms app add.*without a credential.*for development only\n")
        self.assertEqual(self.call()[0], 200)


if __name__ == "__main__":
    stacks.main(verbosity=2)
