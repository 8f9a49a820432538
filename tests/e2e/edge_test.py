#!/usr/bin/env python3
"""Strangers who connect and say nothing, against both ports with the default configuration: others are served meanwhile, and the operator
sees what happens. 127.0.0.2 and its neighbours are the strangers, 127.0.0.1 everybody else."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import phone as phones  # noqa: E402
import stack as stacks  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stacks.ROOT / "build"))
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class Crowd:
    """Idle TCP connections."""

    def __init__(self):
        self.sockets = []

    def connect(self, port: int, count: int, addresses=("127.0.0.2",)):
        for number in range(count):
            one = socket.socket()
            one.bind((addresses[number % len(addresses)], 0))
            one.settimeout(10)
            one.connect(("127.0.0.1", port))
            self.sockets.append(one)

    def close(self):
        for one in self.sockets:
            one.close()
        self.sockets.clear()


class Edge(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-edge-")
        cls.stack = stacks.Stack(BUILD, pathlib.Path(cls.temporary.name))
        try:
            cls.stack.init()
            cls.stack.import_profiles()
            cls.stack.start_server()
            cls.rest = cls.stack.add_provider()
        except BaseException:
            cls.stack.kill()
            raise

    @classmethod
    def tearDownClass(cls):
        codes = cls.stack.stop()
        cls.temporary.cleanup()
        if any(codes.values()):
            raise AssertionError(f"processes did not stop cleanly: {codes}")

    def setUp(self):
        self.crowd = Crowd()
        self.addCleanup(self.crowd.close)

    def operations(self, role: str, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.ops_port + (role == "rest"), timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def metric(self, role: str, name: str) -> float:
        status, text = self.operations(role, "/metrics")
        self.assertEqual(status, 200)
        found = re.search(rf"(?m)^{re.escape('tsms_' + name)} (\S+)$", text)
        self.assertIsNotNone(found, f"{name} is not in\n{text}")
        return float(found[1])

    def state(self, role: str) -> tuple:
        health, ready = self.operations(role, "/health"), self.operations(role, "/ready")
        return health[0], ready[0], json.loads(ready[1])["status"]

    def ask_rest(self):
        self.assertIsInstance(self.rest.call("GET", "/services"), list)

    def ask_device(self):
        asker = phones.Phone(self.stack, None)
        status, answer, _ = asker.call("terminateService", serviceInstanceId=UNKNOWN)
        asker.disconnect()
        self.assertEqual((status, answer["result"]["processInfo"]["executionStatus"]), (200, 4), answer)

    def others_are_served(self, ask):
        for _ in range(5):
            began = time.monotonic()
            ask()
            self.assertLess(time.monotonic() - began, 3)

    def one_address(self, role: str, port: int, count: int, bound: int, ask):
        before = self.metric(role, 'connections_refused_total{reason="address"}')
        self.crowd.connect(port, count)
        self.others_are_served(ask)
        self.assertLessEqual(self.metric(role, "connections_unproven"), bound + 1)
        turned_away = (self.metric(role, 'connections_refused_total{reason="address"}') - before
                       + self.metric(role, "connections_displaced_total"))
        self.assertGreaterEqual(turned_away, count - bound)
        self.assertEqual(self.state(role), (200, 200, "ok"))
        log = self.stack.server.log()
        self.assertRegex(log, rf"{role}: connection of 127\.0\.0\.2 (refused|closed).*{role}\.connections_per_address")
        self.assertLessEqual(len(re.findall(rf"{role}: connection of", log)), 2, log)  # not one for each
        stacks.wait_until(lambda: self.metric(role, "connections") == 0, 15, "silent connections are still open")
        self.assertGreater(self.metric(role, "handshakes_timed_out_total"), 0)

    def test_one_address_at_the_rest_port(self):
        self.one_address("rest", self.stack.rest_port, 512, 128, self.ask_rest)

    def test_one_address_at_the_device_port(self):
        self.one_address("device", self.stack.device_port, 1000, 250, self.ask_device)

    def test_several_addresses(self):
        """More than half of all connections say nothing, but nobody of them has most."""
        for role, port, ask in (("rest", self.stack.rest_port, self.ask_rest), ("device", self.stack.device_port, self.ask_device)):
            self.crowd.connect(port, 1000, [f"127.0.0.{n}" for n in range(2, 22)])
            stacks.wait_until(lambda: self.state(role) == (200, 503, "full"), 5, f"the {role} role does not say that it is full")
            self.others_are_served(ask)
            self.assertGreater(self.metric(role, "connections_displaced_total"), 0)
            self.crowd.close()
            stacks.wait_until(lambda: self.state(role) == (200, 200, "ok"), 20, f"the {role} role is full for ever")

    def pid_of(self, role: str) -> int:
        parent = self.stack.server.process.pid
        children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return next(int(p) for p in children if pathlib.Path(f"/proc/{p}/cmdline").read_bytes().endswith(role.encode() + b"\0"))

    def test_bodies_of_nobody_at_the_device_port(self):
        """Each as long as it may be, but for its last octet: they are read before anybody has shown who he is."""
        asker = phones.Phone(self.stack, None)
        head = b"POST /tsm-api/1.0/terminateService HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n"
        answers, lock = [], threading.Lock()
        all_sent, enough = threading.Barrier(121), threading.Event()

        def send():
            plain = socket.create_connection(("127.0.0.1", self.stack.device_port), timeout=20, source_address=("127.0.0.2", 0))
            with asker.context.wrap_socket(plain, server_hostname="localhost") as connection:
                with contextlib.suppress(OSError):
                    connection.sendall(head + b" " * 1048575)
                all_sent.wait(60)
                enough.wait(60)
                with contextlib.suppress(OSError):
                    connection.sendall(b"x")
                    answer = connection.recv(4096)
                    with lock:
                        answers.append(answer[9:12])

        threads = [threading.Thread(target=send) for _ in range(120)]
        for thread in threads:
            thread.start()
        all_sent.wait(60)
        self.ask_device()
        status = pathlib.Path(f"/proc/{self.pid_of('device')}/status").read_text()
        held = int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) >> 10
        enough.set()
        for thread in threads:
            thread.join()
        self.assertLess(held, 110, "MiB")  # 64 for bodies, 120 connections, and what was there
        self.assertEqual(set(answers) - {b"400", b"503"}, set())
        self.assertGreater(answers.count(b"503"), 30)

    def test_the_operations_port_itself(self):
        port = self.stack.ops_port
        self.crowd.connect(port, 100, ["127.0.0.1"])
        stacks.wait_until(lambda: self.answers_health("device"), 10, "the operations port does not answer")

    def answers_health(self, role: str) -> bool:
        try:
            return self.operations(role, "/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


if __name__ == "__main__":
    stacks.main(verbosity=1)
