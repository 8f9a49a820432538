#!/usr/bin/env python3
"""Uploads are streamed: what many of them at once cost the server in memory, and how early one is refused."""

import http.client
import os
import pathlib
import re
import socket
import ssl
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rest_world  # noqa: E402
import stack  # noqa: E402
from rest_world import UNKNOWN, Form  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))
LOAD_FILE = 2 << 20
AT_ONCE = 64
PATH = "/executable-load-files"


class Sender:
    """One request on a connection of its own, sent as slowly as the test wants."""

    def __init__(self, test, method: str, path: str, token: str, *fields: str):
        plain = socket.create_connection(("localhost", test.stack.rest_port), timeout=30)
        self.socket = test.context.wrap_socket(plain, server_hostname="localhost")
        lines = [f"{method} /sptsm/1.0{path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", *fields]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")

    def send(self, octets: bytes):
        self.socket.sendall(octets)

    def answer(self) -> rest_world.Answer:
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        return rest_world.Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def close(self):
        self.socket.close()


class Uploads(unittest.TestCase):
    config = {}

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-upload-")
        self.stack = rest_world.RestStack(BUILD, pathlib.Path(self.temporary.name))
        try:
            self.stack.start()
            self.client = self.stack.client("1.0")
        except BaseException:
            self.stack.kill()
            raise
        self.context = ssl.create_default_context(cafile=str(self.stack.ca))

    def tearDown(self):
        self.client.close()
        result = self.stack.stop()
        self.temporary.cleanup()
        self.assertFalse(any(result.values()), result)

    def configure(self, **options):
        """Starts the server again with these options."""
        file = self.stack.data / "tsms.toml"
        text = file.read_text()
        for name, value in options.items():
            text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
            assert found == 1, name
        file.write_text(text)
        self.stack.server.stop()
        self.stack.start_server("rest")
        self.client = self.stack.client("1.0")

    def memory(self, what: str) -> int:
        """Octets that are the process's own: VmHWM and VmRSS count pages of files that it has mapped, too."""
        status = pathlib.Path(f"/proc/{self.stack.server.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) << 10

    def form(self, size: int) -> tuple[bytes, bytes]:
        """Head and content of a form whose file has that size and is no CAP file."""
        body, _ = Form([("elf-file", "big.cap", b"\1" * size)]).encode()
        return body[:200], body[200:]

    def sender(self, length: int, path: str = PATH, token: str | None = None, method: str = "POST",
               content_type: str = "multipart/form-data; boundary=b") -> Sender:
        return Sender(self, method, path, token or self.client.token, f"Content-Type: {content_type}",
                      f"Content-Length: {length}")

    def test_memory_does_not_follow_the_number_of_uploads(self):
        """64 uploads of the largest size, all of them in the server but for their last octets."""
        head, content = self.form(LOAD_FILE)
        warm = self.sender(len(head) + len(content))  # what one costs is there once
        warm.send(head + content)
        self.assertEqual(warm.answer().category, 1013)
        before = self.memory("VmHWM")
        senders = [self.sender(len(head) + len(content)) for _ in range(AT_ONCE)]
        waiting = self.memory("VmRSS")
        threads = [threading.Thread(target=s.send, args=(head + content[:-100],)) for s in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(0.5)
        held = self.memory("VmRSS")
        for sender in senders:
            sender.send(content[-100:])
        self.assertEqual({s.answer().category for s in senders}, {1013})
        for sender in senders:
            sender.close()
        peak = self.memory("VmHWM")
        print(f"\n{AT_ONCE} uploads of {LOAD_FILE >> 20} MiB: resident {before >> 20} MiB before, {waiting >> 20} with the "
              f"connections, {held >> 20} while they are held, peak {peak >> 20} MiB", file=sys.stderr)
        # 128 MiB are there; a connection's own buffers (TLS, input, the first octets of the file) are docs/http-edge.md's.
        self.assertLess(held - waiting, AT_ONCE * 128 << 10)
        self.assertLess(peak - before, 32 << 20)
        self.assertEqual(list(self.stack.data.glob("upload-*")), [])

    def test_good_files_survive_the_crowd(self):
        results = []

        def one(number: int):
            client = self.stack.client("1.0")
            made = client.good("POST", PATH, Form([("elf-file", f"{number}.cap", self.stack.files.cap)]))
            results.append(client.send("GET", f"{PATH}/{made['id']}/binary").body == self.stack.files.cap)
            client.close()

        threads = [threading.Thread(target=one, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 16)

    def test_large_bodies_and_answers_share_what_is_configured(self):
        self.configure(request_memory_mib=4)
        head, rest = b'{"name": "x", "spParameters": {"k": "', b"y" * ((1 << 20) - 1000)
        before = self.memory("VmHWM")
        senders = [Sender(self, "POST", "/services", self.client.token, "Content-Type: application/json",
                          f"Content-Length: {len(head) + len(rest) + 3}") for _ in range(16)]
        refused = 0
        for sender in senders:
            try:
                sender.send(head + rest)
            except OSError:  # it has its answer already
                pass
        for sender in senders:
            try:
                sender.send(b'"}}')
            except OSError:
                pass
            answer = sender.answer()
            self.assertIn(answer.category, (1008, 2000), answer)
            if answer.status == 500:
                refused += 1
                self.assertEqual(answer.headers["retry-after"], "1")
            sender.close()
        self.assertGreaterEqual(refused, 11)
        self.assertLess(refused, 16)
        self.assertLess(self.memory("VmHWM") - before, 40 << 20)
        self.assertEqual(self.client.send("POST", "/services", head + b'"}}').status, 200)

    def test_room_for_uploads_is_bounded(self):
        self.configure(upload_room_mib=4)
        head, content = self.form(LOAD_FILE)
        held = [self.sender(len(head) + len(content)) for _ in range(2)]
        for sender in held:
            sender.send(head + content[:-100])
        time.sleep(0.5)
        third = self.sender(len(head) + len(content))
        third.send(head + content[:100000])
        answer = third.answer()
        self.assertEqual((answer.status, answer.category), (500, 2000))
        self.assertEqual(answer.headers["retry-after"], "1")
        for sender in held:
            sender.send(content[-100:])
            self.assertEqual(sender.answer().category, 1013)
        made = self.client.send("POST", PATH, Form([("elf-file", "x.cap", self.stack.files.cap)]))
        self.assertEqual(made.status, 200)
        for sender in (*held, third):
            sender.close()

    def test_what_cannot_succeed_is_refused_before_it_is_sent(self):
        """The answer is there although not one octet of the body has come."""
        elf = self.client.good("POST", PATH, Form([("elf-file", "x.cap", self.stack.files.cap)]))["id"]
        stranger = self.stack.client("1.0", provider=1)
        large = LOAD_FILE
        for category, sender in ((1000, self.sender(large, token="nobody")),
                                 (1009, self.sender(large, f"{PATH}/{UNKNOWN}", method="PUT")),
                                 (1009, self.sender(large, f"{PATH}/{elf}", stranger.token, "PUT")),
                                 (1002, self.sender(large, "/services", method="GET")),
                                 (1002, self.sender(3 * large, content_type="text/plain")),
                                 (1014, self.sender(3 * large)),
                                 (1002, self.sender(large, "/services", content_type="application/json"))):
            start = time.monotonic()
            answer = sender.answer()
            self.assertEqual(answer.category, category, answer)
            self.assertLess(time.monotonic() - start, 2)
            self.assertEqual(answer.headers["connection"], "close")
            sender.close()
        stranger.close()

    def test_what_has_gone_wrong_is_refused_at_once(self):
        """Malformed from its first part on, nothing but preamble, or chunked and too large: the rest is not waited for."""
        for begin in (b"--b--x", b"--b\r\nX: y\r\n\r\n", b"--x\r\n" + b"y" * 20000):
            sender = self.sender(LOAD_FILE)
            sender.send(begin)
            self.assertEqual(sender.answer().category, 1002, begin[:10])
            sender.close()
        chunked = Sender(self, "POST", PATH, self.client.token, "Content-Type: multipart/form-data; boundary=b",
                         "Transfer-Encoding: chunked")
        head, content = self.form(3 * LOAD_FILE)
        body = head + content
        try:
            for at in range(0, len(body), 65536):
                piece = body[at:at + 65536]
                chunked.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        except OSError:
            pass
        self.assertEqual(chunked.answer().category, 1014)
        chunked.close()

    def test_small_refused_bodies_keep_the_connection(self):
        """A client that sent a small body for nothing can go on where it is."""
        for method, path, token, category in (("POST", "/services", "nobody", 1000), ("GET", "/services", None, 1002),
                                              ("DELETE", f"/services/{UNKNOWN}", None, 1002)):
            sender = self.sender(2, path, token, method, "application/json")
            sender.send(b"{}")
            answer = sender.answer()
            self.assertEqual(answer.category, category)
            self.assertNotIn("connection", answer.headers)
            sender.send(f"GET /sptsm/1.0/services HTTP/1.1\r\nHost: x\r\nAuthorization: {self.client.token}\r\n\r\n"
                        .encode())
            self.assertEqual(sender.answer().status, 200)
            sender.close()

    def test_an_upload_that_is_broken_off_leaves_nothing(self):
        head, content = self.form(LOAD_FILE)
        for _ in range(8):
            sender = self.sender(len(head) + len(content))
            sender.send(head + content[:1 << 20])
            sender.close()
        stack.wait_until(lambda: not self.open_files(), 20, "the files of broken uploads are still open")
        self.assertEqual(self.client.good("GET", PATH), [])

    def open_files(self) -> list:
        """Files without a name in the data directory that the server has open."""
        out = []
        for entry in pathlib.Path(f"/proc/{self.stack.server.process.pid}/fd").iterdir():
            try:
                target = os.readlink(entry)
            except OSError:
                continue
            if target.startswith(str(self.stack.data)) and target.endswith(" (deleted)"):
                out.append(target)
        return out


if __name__ == "__main__":
    stack.may_look_into_the_server()
    stack.main(verbosity=1)
