#!/usr/bin/env python3
"""Other ends that are at their limit: issuers and SPOS-Services, against real binaries over real TLS.

Nobody is told a final failure because an issuer has enough to do, nobody is held for ever, and no result is lost (DIV-051, DIV-052).
"""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import hostile_test  # noqa: E402
import phone as phones  # noqa: E402
import stack as stacks  # noqa: E402
from hostile_test import INTERRUPTED, NETWORK, NOT_DEPLOYED, OPERATIONAL  # noqa: E402
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
            stacks.wait_until(lambda phone=phone: self.state(phone) == NOT_DEPLOYED, 60, "a phone that does not come back is lost")
        self.check_recovery(*started[0])


class HangsUp(BusyCase):
    """Who has gone holds no place (DIV-112), and who does not want it any more says so (AMB-148)."""

    options = {**BASE, "phone_lost_seconds": 60, "long_poll_seconds": 20, "issuer_wait_seconds": 300}

    def send(self, path: str, document: dict, cookie: str = "") -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.stack.ca))
        connection = context.wrap_socket(socket.create_connection(("localhost", self.stack.device_port)), server_hostname="localhost")
        body = json.dumps(document).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        connection.sendall(head.encode() + (f"Cookie: {cookie}\r\n" if cookie else "").encode() + b"\r\n" + body)
        return connection

    def end_tls(self, connection: ssl.SSLSocket):
        connection.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):
            connection.unwrap()  # says close_notify, and does not wait for the server's

    def reset(self, connection: ssl.SSLSocket):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def test_who_hangs_up_while_he_waits_frees_his_place(self):
        phone, instance = self.new_instance()
        session = phone.open("deployService", **phones.deployment(instance))  # and is silent from now on
        parameters = {"handset": {"callerId": phone.caller, "secureComponents": [{"reader": "eSE1", "seType": "eSE"}]},
                      **phones.deployment(instance)}
        waiting = [self.send("/tsm-api/1.0/deployService", parameters) for _ in range(4)]
        time.sleep(1)

        def refused() -> str | None:
            """Why there is no place for one more; nothing if there is one: then he hangs up again."""
            with self.send("/tsm-api/1.0/deployService", parameters) as one_more:
                one_more.settimeout(1.5)
                with contextlib.suppress(TimeoutError):
                    return json.loads(one_more.recv(65536).partition(b"\r\n\r\n")[2])["result"]["processInfo"]["executionMessage"]

        told = re.search(r"another process is running, please try again in (\d+) seconds$", refused() or "")
        self.assertTrue(told)
        self.assertTrue(0 < int(told[1]) <= 60, told[0])
        gone = time.monotonic()
        for connection, leave in zip(waiting, (socket.socket.close, self.reset, self.end_tls, lambda c: c.shutdown(socket.SHUT_WR))):
            leave(connection)
        stacks.wait_until(lambda: self.log().count("the caller has gone") >= 4, 4, "they keep their places")
        self.assertLess(time.monotonic() - gone, 4)  # who waits is told after eight
        self.assertIsNone(refused())
        for connection in waiting:
            connection.close()

        status, _ = session.exchange("DELETE", f"/tsm-api/1.0/sessions/{session.id}", None, cookie="tsms-session=wrong.0")
        self.assertEqual(status, 404)
        self.assertEqual(session.exchange("DELETE", f"/tsm-api/1.0/sessions/{session.id}", None)[0], 200)
        result = session.wait_for_result()
        self.assertEqual((result["processInfo"]["executionStatus"], result["serviceInstanceState"]), (INTERRUPTED, NOT_DEPLOYED), result)
        self.assertTrue(result["processInfo"]["executionMessage"].endswith("manually cancelled"), result)
        self.assertEqual(session.exchange("DELETE", f"/tsm-api/1.0/sessions/{session.id}", None)[0], 409)
        self.assertEqual(aids(phone.card.registry()), phone.before)
        self.check_recovery(phone, instance)

    def interrupted(self, card: str, instance: str, told: str, later: float = 0) -> tuple[dict, str]:
        """Ctrl-C at a handset that deploys, so many seconds after it has said this: its result and what it said."""
        out, err = self.stack.folder / "interrupted.out", self.stack.folder / "interrupted.err"
        with open(out, "wb") as o, open(err, "wb") as e:
            handset = subprocess.Popen(
                [self.stack.program("tsms-handset"), "--url", f"https://localhost:{self.stack.device_port}", "--ca", self.stack.ca, "--json",
                 "--se", card, "deploy", instance, "--commands", "install,activate", "--finalize"], stdin=subprocess.DEVNULL, stdout=o, stderr=e)
        try:
            stacks.wait_until(lambda: re.search(told, err.read_text()), 20, "the handset is not there")
            time.sleep(later)
            handset.send_signal(signal.SIGINT)
            stacks.wait_until(lambda: "cancel" in err.read_text(), 20, "it does not say what has become of Ctrl-C")
            handset.wait(40)
        finally:
            handset.kill()
            handset.wait()
        return json.loads(out.read_text()), err.read_text()

    def cancelled_while_the_issuer_is_asked(self, card: str, instance: str):
        before = aids(self.stack.registry(card))
        began = time.monotonic()
        result, said = self.interrupted(self.stack.card(card), instance, r"process \S+ started", 1)
        self.assertLess(time.monotonic() - began, 8, "the user waits for an issuer that does not answer")
        self.assertIn("\ncancelled\n", said)
        info = result["processInfo"]
        self.assertEqual((info["executionStatus"], result["serviceInstanceState"]), (INTERRUPTED, NOT_DEPLOYED), result)
        self.assertTrue(info["executionMessage"].endswith("manually cancelled"), result)
        self.assertEqual(aids(self.stack.registry(card)), before)

    def test_ctrl_c(self):
        card = self.stack.card("interrupted.card")
        instance = self.stack.handset(card, "create", self.service, "1.0.0")["serviceInstance"]["id"]
        self.restart_issuer("--sessions", 0, "--retry-after", 2)
        self.cancelled_while_the_issuer_is_asked("interrupted.card", instance)
        self.restart_issuer()
        self.stack.issuer.process.send_signal(signal.SIGSTOP)
        try:
            self.cancelled_while_the_issuer_is_asked("interrupted.card", instance)
        finally:
            self.stack.issuer.process.send_signal(signal.SIGCONT)
        result, said = self.interrupted(card + "&faults=slow200@load", instance, r"\d+ % SERVICE_DEPLOYMENT_INSTALLATION")
        self.assertIn("too late to cancel", said)
        self.assertEqual((result["processInfo"]["executionStatus"], result["serviceInstanceState"]), (0, OPERATIONAL), result)

    def test_a_long_poll_ends_with_its_peer(self):
        self.restart_issuer("--sessions", 0, "--retry-after", 2)
        phone, instance = self.new_instance()
        session = phone.open("deployService", **phones.deployment(instance))
        phone.card.reset()
        session.handshake()
        report = session.execute(session.report(phones.void_report())[1], phones.Honest())  # what follows waits for the issuer
        waits = self.send(f"{session.path}/remoteManagement?sessionId={session.id}", report, session.cookie)
        time.sleep(2)
        began = time.monotonic()
        waits.shutdown(socket.SHUT_WR)
        while waits.recv(65536):
            pass
        self.assertLess(time.monotonic() - began, 4)
        waits.close()
        # The session has not noticed. A cancel while the issuer is asked ends that (AMB-148).
        self.assertEqual(session.exchange("DELETE", f"/tsm-api/1.0/sessions/{session.id}", None)[0], 200)
        began = time.monotonic()
        status, order = session.report(report)
        self.assertEqual((status, phones.apdus_of(order)), (200, []), order)
        self.assertLess(time.monotonic() - began, 4, "it waits for an issuer that takes nothing")
        self.restart_issuer()
        self.assertEqual(session.wait_for_result()["processInfo"]["executionStatus"], INTERRUPTED)
        self.check_recovery(phone, instance)


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
