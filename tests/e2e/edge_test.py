#!/usr/bin/env python3
"""Strangers who connect and say nothing, against both ports with the default configuration: others are served meanwhile, and the operator
sees what happens. 127.0.0.2 and its neighbours are the strangers, 127.0.0.1 everybody else."""

import contextlib
import http.client
import io
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
import zipfile

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


class Asking:
    """What the operator sees of self.stack."""

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


class Edge(Asking, unittest.TestCase):
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
        """As long as they may be, but for the last octet: they are read before anybody has shown who he is. Longer ones, and reports to no
        session, are refused by their head."""
        asker = phones.Phone(self.stack, None)
        kinds = (("/tsm-api/1.0/terminateService", 65536, b"400"), ("/tsm-api/1.0/terminateService", 1048576, b"413"),
                 ("/gp/seram/remoteManagement?sessionId=guessed", 1048576, b"404"))
        answers, lock = [], threading.Lock()
        all_sent, enough = threading.Barrier(121), threading.Event()

        def send(path: str, octets: int, expected: bytes):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nCookie: tsms-session=guessed.1\r\nContent-Length: {octets}\r\n\r\n".encode()
            sent = octets - 1 if octets == 65536 else 1000
            plain = socket.create_connection(("127.0.0.1", self.stack.device_port), timeout=20, source_address=("127.0.0.2", 0))
            with asker.context.wrap_socket(plain, server_hostname="localhost") as connection:
                with contextlib.suppress(OSError):
                    connection.sendall(head + b" " * sent)
                all_sent.wait(60)
                enough.wait(60)
                with contextlib.suppress(OSError):
                    if octets == 65536:
                        connection.sendall(b"x")
                    answer = connection.recv(4096)
                    with lock:
                        answers.append((answer[9:12], expected))

        threads = [threading.Thread(target=send, args=kinds[n % 3]) for n in range(120)]
        for thread in threads:
            thread.start()
        all_sent.wait(60)
        self.ask_device()
        status = pathlib.Path(f"/proc/{self.pid_of('device')}/status").read_text()
        held = int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) >> 10
        enough.set()
        for thread in threads:
            thread.join()
        self.assertLess(held, 50, "MiB")  # 3 for bodies, 120 connections, and what was there
        for told, expected in answers:
            self.assertEqual(told, expected)
        self.assertEqual(len(answers), 120)

    def test_the_operations_port_itself(self):
        port = self.stack.ops_port
        self.crowd.connect(port, 100, ["127.0.0.1"])
        stacks.wait_until(lambda: self.answers_health("device"), 10, "the operations port does not answer")

    def test_the_operations_port_says_what_it_refuses(self):
        for role in ("device", "rest"):
            self.assertEqual(self.operations(role, "/nothing"), (404, '{"error":"no such resource"}'))
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.stack.ops_port + (role == "rest"),
                                                               timeout=10)) as connection:
                connection.request("POST", "/health", body=b"")
                answer = connection.getresponse()
                self.assertEqual((answer.status, answer.headers["Allow"], json.loads(answer.read())),
                                 (405, "GET, HEAD", {"error": "method not allowed"}))

    def answers_health(self, role: str) -> bool:
        try:
            return self.operations(role, "/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


class Throttle:
    """A link between a client and a port of loopback that carries so many octets a second in each direction."""

    PIECE = 512

    def __init__(self, port: int, octets_per_second: int):
        self.port, self.pause = port, self.PIECE / octets_per_second
        self.listening = socket.socket()
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(16)
        self.carried = 0
        self.sockets = [self.listening]
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def port_of_clients(self) -> int:
        return self.listening.getsockname()[1]

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port_of_clients}"

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                server = socket.socket()
                server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # what has not been carried is the sender's to hold
                server.connect(("127.0.0.1", self.port))
                self.sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    def carry(self, source, sink):
        with contextlib.suppress(OSError):
            while piece := source.recv(self.PIECE):
                time.sleep(self.pause * len(piece) / self.PIECE)
                sink.sendall(piece)
                self.carried += len(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def close(self):
        for one in self.sockets:
            one.close()


class SlowLinks(Asking, unittest.TestCase):
    """Transfers that move are carried, however long they take; those that drip are cut and told so. The limits are scaled so that it takes
    seconds: 4000 octets a second over one second, one second for a head, two for the whole, ten for a silent phone."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-slow-")
        cls.stack = stacks.Stack(BUILD, pathlib.Path(cls.temporary.name))
        try:
            cls.stack.init()
            pace = {"octets_per_second": 4000, "progress_seconds": 1, "whole_seconds": 2, "head_seconds": 1}
            cls.stack.configure("rest", **pace)
            cls.stack.configure("device", **pace, phone_lost_seconds=10, long_poll_seconds=2)
            cls.stack.import_profiles()
            cls.stack.add_issuer()
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

    @contextlib.contextmanager
    def connection(self, port: int):
        plain = socket.create_connection(("127.0.0.1", port), timeout=30)
        with self.rest.context.wrap_socket(plain, server_hostname="localhost") as tls:
            yield tls

    def send_slowly(self, tls, octets: bytes, piece: int, pause: float) -> bytes:
        """Until everything is sent or there is an answer."""
        for at in range(0, len(octets), piece):
            try:
                tls.sendall(octets[at:at + piece])
                tls.settimeout(pause)
                answer = tls.recv(65536)
                tls.settimeout(30)
                return answer + self.rest_of(tls)
            except TimeoutError:
                tls.settimeout(30)
            except OSError:
                break
        return self.rest_of(tls)

    @staticmethod
    def rest_of(tls) -> bytes:
        answer = b""
        with contextlib.suppress(OSError):
            while more := tls.recv(65536):
                answer += more
        return answer

    def ask(self, port: int, text: bytes) -> tuple[int, dict]:
        with self.connection(port) as tls:
            tls.sendall(text)
            answer = self.rest_of(tls)
        return self.read(answer)

    def read(self, answer: bytes) -> tuple[int, dict]:
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 "), answer[:200])
        self.assertIn(b"application/json", head)
        return int(head[9:12]), json.loads(body)

    def upload_of(self, content: bytes) -> bytes:
        form = (b"--b\r\nContent-Disposition: form-data; name=\"elf-file\"; filename=\"slow.cap\"\r\n\r\n" + content + b"\r\n--b--\r\n")
        return (f"POST /sptsm/1.0/executable-load-files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.rest.token}\r\n"
                f"Connection: close\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(form)}\r\n\r\n").encode() + form

    def test_an_honest_slow_upload(self):
        cap = self.stack.make_cap("slow.cap", 50000, "D27600018701", ["D2760001870101"])
        stored = io.BytesIO()  # as large as it is
        with zipfile.ZipFile(cap) as packed, zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as unpacked:
            for name in packed.namelist():
                unpacked.writestr(name, packed.read(name))
        request = self.upload_of(stored.getvalue())
        self.assertGreater(len(request), 40000)
        with self.connection(self.stack.rest_port) as tls:
            began = time.monotonic()
            status, told = self.read(self.send_slowly(tls, request, 1000, 0.1))
        self.assertEqual(status, 200, told)
        self.assertGreater(time.monotonic() - began, 4)  # twice what the whole may take beside its octets

    def test_a_dripping_upload_is_cut_and_told(self):
        request = self.upload_of(b"x" * 50000)
        head = request.index(b"\r\n\r\n") + 4
        with self.connection(self.stack.rest_port) as tls:
            tls.sendall(request[:head])
            began = time.monotonic()
            status, told = self.read(self.send_slowly(tls, request[head:], 1, 0.9))  # one octet a second
        self.assertEqual((status, told["errorCategory"]), (408, 1002), told)
        self.assertLess(time.monotonic() - began, 4)

    def test_a_dripping_call_is_cut_and_told(self):
        with self.connection(self.stack.device_port) as tls:
            tls.sendall(b"POST /tsm-api/1.0/terminateService HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
            began = time.monotonic()
            status, told = self.read(self.send_slowly(tls, b"x" * 5000, 1, 0.9))
        self.assertEqual((status, list(told)), (408, ["error"]), told)
        self.assertLess(time.monotonic() - began, 4)

    def test_refusals_below_http_are_the_apis_errors(self):
        get = b"GET / HTTP/1.1\r\nHost: x\r\n"
        refused = ((417, get + b"Expect: x\r\n\r\n"), (431, get + b"A: " + b"a" * 20000 + b"\r\n\r\n"),
                   (501, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"), (505, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
                   (400, b"GET / HTTP/1.1\r\n\r\n"), (400, b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"))
        for expected, text in refused:
            with self.subTest(expected, text=text[:40]):
                status, told = self.ask(self.stack.rest_port, text)
                self.assertEqual((status, told["errorCategory"], sorted(told)), (expected, 1002, ["errorCategory", "errorMessage"]))
                self.assertEqual((self.ask(self.stack.device_port, text)[0], *self.ask(self.stack.device_port, text)[1]), (expected, "error"))
                with contextlib.closing(socket.create_connection(("127.0.0.1", self.stack.ops_port), timeout=10)) as plain:
                    plain.sendall(text.replace(b"http://", b"https://"))  # not the scheme of this port
                    status, told = self.read(self.rest_of(plain))
                self.assertEqual((status, list(told)), (expected, ["error"]))

    def test_targets_in_absolute_form(self):
        """RFC 9112 3.2.2, with an empty line in front (2.2)."""
        status, told = self.ask(self.stack.rest_port, (f"\r\nGET https://proxied.example/sptsm/1.0/services HTTP/1.1\r\nHost: x\r\n"
                                                       f"Connection: close\r\nAuthorization: Bearer {self.rest.token}\r\n\r\n").encode())
        self.assertEqual((status, type(told)), (200, list))
        status, told = self.ask(self.stack.device_port, b"\r\nPOST HTTPS://proxied.example:9443/tsm-api/1.0/terminateService HTTP/1.1\r\n"
                                b"Host: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
        self.assertEqual((status, list(told)), (400, ["error"]))  # it is no call, but it has been found
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.stack.ops_port), timeout=10)) as plain:
            plain.sendall(b"\r\nGET http://proxied.example/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertEqual(self.read(self.rest_of(plain)), (200, {"status": "ok"}))

    def test_a_head_in_a_large_record(self):
        """Python sends head and body as one TLS record. It takes longer than a head may beside its octets, and nobody can read the head before."""
        body = json.dumps({"serviceInstanceId": UNKNOWN}).encode().ljust(16000)
        link = Throttle(self.stack.device_port, 6000)
        self.addCleanup(link.close)
        began = time.monotonic()
        with self.connection(link.port_of_clients) as tls:
            tls.sendall(b"POST /tsm-api/1.0/terminateService HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
                        b"Content-Length: 16000\r\n\r\n" + body)
            answer = self.rest_of(tls)
        self.assertGreater(time.monotonic() - began, 2)
        self.assertTrue(answer.startswith(b"HTTP/1.1 "), answer)
        self.assertFalse(answer.startswith(b"HTTP/1.1 408"), answer)

    def closing(self) -> int:
        """Connections of the REST port whose end the system has sent or wants to send (FIN-WAIT-1)."""
        lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(line[1].endswith(f":{self.stack.rest_port:04X}") and line[3] == "04" for line in lines)

    def test_answers_that_close_are_counted_until_they_are_taken(self):
        """The system takes an answer whole, and with it the end of the connection: both stay in memory until the peer reads."""
        bound, count, sockets, most = 128, 300, [], 0
        self.addCleanup(lambda: [one.close() for one in sockets])
        for _ in range(count):
            plain = socket.socket()
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.bind(("127.0.0.2", 0))
            plain.settimeout(10)
            plain.connect(("127.0.0.1", self.stack.rest_port))
            with contextlib.suppress(OSError):  # refused: its address has as many as it may
                sockets.append(self.rest.context.wrap_socket(plain, server_hostname="localhost"))
                sockets[-1].sendall(b"GET /sptsm/1.0/openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            most = max(most, self.closing())
        self.assertGreater(len(sockets), 10)
        self.assertLessEqual(most, bound)
        self.assertIsInstance(self.rest.call("GET", "/services"), list)
        stacks.wait_until(lambda: self.closing() == 0 and self.metric("rest", "connections") <= 1, 15, "answers are kept that nobody takes")
        self.assertGreater(self.metric("rest", "answers_timed_out_total"), 10)

    def test_a_phone_with_a_slow_link_gets_its_load_file(self):
        """An order takes longer than an answer may take to begin, than a phone may be silent, and than the whole beside its octets. A record of
        16384 octets would take longer than a head may."""
        cap = self.stack.make_cap("phone.cap", 50000, "D27600018702", ["D2760001870201"])
        service = stacks.publish_service(self.rest, [cap], name="slow phone")["service"]["id"]
        card = self.stack.card("slow.card")
        instance = self.stack.handset(card, "create", service, "1.0.0")["serviceInstance"]["id"]
        link = Throttle(self.stack.device_port, 9000)
        self.addCleanup(link.close)
        began = time.monotonic()
        done = self.stack.run("tsms-handset", "--url", link.url, "--ca", self.stack.ca, "--json", "--answer-seconds", "4", "--se", card,
                              "deploy", instance, "--commands", "install,activate", "--finalize", check=False)
        self.assertEqual(json.loads(done.stdout)["processInfo"]["executionStatus"], 0, done.stdout + done.stderr)
        self.assertGreater(time.monotonic() - began, 11)
        self.assertLess(link.carried, 250000)  # the order was carried once


if __name__ == "__main__":
    stacks.main(verbosity=1)
