#!/usr/bin/env python3
"""Other ends that are at their limit: issuers and SPOS-Services, against real binaries over real TLS.

Nobody is told a final failure because an issuer has enough to do, nobody is held for ever, and no result is lost (DIV-051, DIV-052).
"""

import concurrent.futures
import contextlib
import json
import pathlib
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import hostile_test  # noqa: E402
import phone as phones  # noqa: E402
import stack as stacks  # noqa: E402
from hostile_test import NETWORK, NOT_DEPLOYED, OPERATIONAL  # noqa: E402
from story_test import aids  # noqa: E402

BASE = hostile_test.HostileCase.options


class BusyCase(hostile_test.HostileCase):
    def restart_issuer(self, *arguments):
        self.stack.issuer.stop()
        self.stack.processes.remove(self.stack.issuer)
        self.stack.start_issuer(*arguments)


class AtItsLimit(BusyCase):
    """Many phones, few sessions at the issuer."""

    options = {**BASE, "issuer_wait_seconds": 300, "phone_lost_seconds": 60}
    phones, sessions = 40, 4

    def test_all_phones_are_served(self):
        self.restart_issuer("--sessions", self.sessions, "--retry-after", 1)
        started = [self.new_instance() for _ in range(self.phones)]
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(self.phones) as pool:
            results = list(pool.map(lambda s: s[0].deploy(s[1]), started))
        ends = [(r["processInfo"]["executionStatus"], r["serviceInstanceState"]) for r in results]
        self.assertEqual(ends, [(0, OPERATIONAL)] * self.phones)
        refused = self.stack.issuer.log().count("429, all")
        self.assertGreater(refused, 0, "the issuer was never at its limit")
        self.assertIn("takes no new orders for 1 s", self.log())
        print(f"{self.phones} phones, {self.sessions} sessions: {time.monotonic() - began:.1f} s, {refused} orders refused", file=sys.stderr)
        with concurrent.futures.ThreadPoolExecutor(self.phones) as pool:
            list(pool.map(lambda s: self.check_terminate(*s), started))


class Told(BusyCase):
    options = {**BASE, "issuer_wait_seconds": 5}

    def test_a_phone_that_would_wait_too_long_is_told_when_to_come_again(self):
        self.restart_issuer("--sessions", 0, "--retry-after", 12)
        phone, instance = self.new_instance()
        began = time.monotonic()
        result = phone.deploy(instance)
        self.assertLess(time.monotonic() - began, 10, "it was held although its turn could not come")
        info = result["processInfo"]
        self.assertEqual((info["executionStatus"], result["serviceInstanceState"]), (NETWORK, NOT_DEPLOYED), result)
        self.assertRegex(info["executionMessage"], r"busy, please try again in \d+ seconds$")
        self.assertTrue([line for line in self.process_log(info["processId"]) if "a repetition of the call may succeed" in line])
        self.assertEqual(aids(phone.card.registry()), phone.before)
        self.restart_issuer()
        time.sleep(max(0.0, began + 13 - time.monotonic()))
        self.check_recovery(phone, instance)


class Stopping(BusyCase):
    options = {**BASE, "issuer_wait_seconds": 300}

    def test_phones_that_wait_do_not_hold_up_a_stop(self):
        self.restart_issuer("--sessions", 0, "--retry-after", 2)
        started = [self.new_instance() for _ in range(6)]

        def deploy(phone, instance):
            with contextlib.suppress(Exception):
                phone.deploy(instance)

        threads = [threading.Thread(target=deploy, args=s) for s in started]
        for t in threads:
            t.start()
        stacks.wait_until(lambda: "takes no new orders" in self.log(), 20, "the issuer is not at its limit")
        began = time.monotonic()
        self.stack.processes.remove(self.device)
        self.assertEqual(self.device.stop(20), 0, self.device.log()[-2000:])
        self.assertLess(time.monotonic() - began, 5)
        for t in threads:
            t.join(60)
        self.restart_issuer()
        self.start_device()
        for phone, instance in started:
            phone.disconnect()
            self.assertEqual(self.state(phone), NOT_DEPLOYED)
        self.check_recovery(*started[0])


class Outbox(BusyCase):
    def outbox(self, *arguments, check: bool = True):
        return self.stack.tsms("outbox", *arguments, check=check)

    def listed(self, process: str) -> dict | None:
        found = json.loads(self.outbox("list", "--json", "--process", process).stdout)
        return found[0] if found else None

    def stop_spos(self):
        self.stack.spos.stop()
        self.stack.processes.remove(self.stack.spos)

    def arrived(self, process: str):
        return any(r["processId"] == process for r in self.stack.spos_results())

    def test_the_operator_lists_retries_and_drops(self):
        phone, instance = self.new_instance()
        self.stop_spos()
        process = phone.deploy(instance)["processInfo"]["processId"]
        waiting = stacks.wait_until(lambda: (d := self.listed(process)) and d["attempts"] >= 2 and d, 30, "no two attempts")
        self.assertEqual((waiting["condition"], waiting["providerName"], waiting["waitedSeconds"]), ("waiting", "demo", 5), waiting)
        self.assertTrue(waiting["lastError"])
        lines = self.outbox("list").stdout.splitlines()
        self.assertRegex(lines[0], r"^ID +STATE +ATTEMPTS +WAITED \(S\) +PROCESS +PROVIDER")
        self.assertTrue([line for line in lines[1:] if process in line and "demo" in line])
        self.assertEqual(json.loads(self.outbox("list", "--given-up", "--json").stdout), [])

        dropped = phone.terminate(instance)["processInfo"]["processId"]
        stacks.wait_until(lambda: self.listed(dropped), 10, "the result does not wait")
        self.outbox("drop", "--process", dropped)
        self.assertIsNone(self.listed(dropped))
        self.assertNotEqual(self.outbox("drop", "--process", dropped, check=False).returncode, 0)

        self.stack.start_spos()
        done = json.loads(self.outbox("retry", "--provider", "demo", "--json").stdout)
        self.assertGreaterEqual(done["retried"], 1)
        stacks.wait_until(lambda: self.arrived(process), 20, "the retried result has not arrived")
        stacks.wait_until(lambda: self.listed(process) is None, 10, "the delivered result still waits")
        time.sleep(2)
        self.assertFalse(self.arrived(dropped))

    def test_it_works_while_the_server_is_down(self):
        phone, instance = self.new_instance()
        self.stop_spos()
        process = phone.deploy(instance)["processInfo"]["processId"]
        stacks.wait_until(lambda: (d := self.listed(process)) and d["attempts"] >= 1, 20, "no attempt")
        self.stack.processes.remove(self.device)
        self.assertEqual(self.device.stop(20), 0)
        self.outbox("retry", "--all")
        self.assertEqual(self.listed(process)["attempts"], 0)
        self.stack.start_spos()
        self.start_device()
        stacks.wait_until(lambda: self.arrived(process), 20, "the retried result has not arrived")


class Locked(BusyCase):
    """Somebody holds instances.db."""

    def test_a_stranger_is_refused_while_writes_wait(self):
        handsets, stranger = [self.new_phone() for _ in range(4)], phones.Phone(self.stack, None, caller="3F" * 20)
        for phone in handsets:
            phone.instances(self.service)

        def create(phone):
            with contextlib.suppress(Exception):
                self.create(phone)

        with concurrent.futures.ThreadPoolExecutor(len(handsets)) as pool, \
                contextlib.closing(sqlite3.connect(self.stack.data / "instances.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting, longest = [pool.submit(create, phone) for phone in handsets], 0.0
            while not all(w.done() for w in waiting):
                began = time.monotonic()
                status, _, answer = stranger.exchange("POST", "/tsm-api/1.0/getServiceInstances", {
                    "serviceId": "none", "handset": {"callerId": "3F" * 20, "secureComponents": [{"reader": "a", "seType": "eSE"}]}},
                    {"Authorization": "Bearer another"})
                self.assertEqual(status, 401, answer)
                longest = max(longest, time.monotonic() - began)
            other.execute("ROLLBACK")
        stranger.disconnect()
        self.assertLess(longest, 2)  # as long as each of the writes waits, one after the other


if __name__ == "__main__":
    stacks.main(verbosity=2)
