#!/usr/bin/env python3
"""What a hostile client can send to the REST port: always an error of TR 4.1.5.2 or of HTTP, never a 500, never the end
of the server, and never more memory than the limits allow."""

import dataclasses
import io
import json
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
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rest_world  # noqa: E402
import stack  # noqa: E402
from rest_world import DIALECTS, UNKNOWN, Form  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))
REQUEST_MEMORY = 16 << 20  # octets, rest.request_memory_mib of this test's server
# Binary, SQLite's caches, 64 connections, and the one large request that is carried out (docs/http-edge.md).
MOST_MEMORY = REQUEST_MEMORY + (96 << 20)
REQUEST_DEADLINE = 15  # seconds, http/net/server.hpp

CAP = "/executable-load-files"


def json_type(value) -> str:
    return {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
            type(None): "null"}[type(value)]


def replaced(body, path: tuple, value):
    """The body with another value at that place; "*" is the first key or element of whatever is there."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(body, list) and body:
        return [replaced(body[0], rest, value), *body[1:]]
    if step == "*":
        step = next(iter(body), "k") if isinstance(body, dict) else "k"
    inner = body.get(step) if isinstance(body, dict) else None
    return {**(body if isinstance(body, dict) else {}), step: replaced({} if inner is None else inner, rest, value)}


@dataclasses.dataclass
class Place:
    path: tuple
    types: set  # JSON types that the schema allows there


class Document:
    """The served OpenAPI document: where a body can hold what."""

    def __init__(self, document: dict):
        self.document = document

    def operations_with_json(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if "application/json" in operation.get("requestBody", {}).get("content", {}):
                    yield path, method.upper(), operation

    @staticmethod
    def body_schema(operation: dict) -> dict:
        return operation["requestBody"]["content"]["application/json"]["schema"]

    def places(self, schema: dict, path: tuple = ()):
        while "$ref" in schema or "allOf" in schema:
            schema = (schema["allOf"][0] if "allOf" in schema
                      else self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
        yield Place(path, {schema["type"]})
        for name, inner in schema.get("properties", {}).items():
            yield from self.places(inner, (*path, name))
        for word in ("items", "additionalProperties"):
            if schema.get(word):
                yield from self.places(schema[word], (*path, "*"))


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-hostile-")
        cls.stack = rest_world.RestStack(BUILD, pathlib.Path(cls.temporary.name))
        try:
            cls.stack.start()
            cls.stack.server.stop()
            config = cls.stack.data / "tsms.toml"
            text = config.read_text()
            assert "request_memory_mib = 64" in text
            config.write_text(text.replace("request_memory_mib = 64", f"request_memory_mib = {REQUEST_MEMORY >> 20}"))
            cls.stack.start_server("rest")
        except BaseException:
            cls.stack.kill()
            raise
        cls.clients = {d: cls.stack.client(d) for d in DIALECTS}
        cls.worlds = {d: cls.stack.world(c, d) for d, c in cls.clients.items()}
        cls.client = cls.clients["1.0"]

    @classmethod
    def tearDownClass(cls):
        for client in cls.clients.values():
            client.close()
        log = cls.stack.server.log()
        print(f"\nmost memory: {cls.peak_memory(cls) >> 20} MiB", file=sys.stderr)
        result = cls.stack.stop()
        cls.temporary.cleanup()
        if any(result.values()):
            raise AssertionError(f"processes did not stop cleanly: {result}\n{log}")
        if "rror" in log:
            raise AssertionError(f"the server logged errors:\n{log}")

    def tearDown(self):
        """After every test: the same process, its memory bounded, and it answers."""
        self.assertIsNone(self.stack.server.process.poll())
        self.assertLess(self.peak_memory(), MOST_MEMORY)
        self.client.close()
        self.assertEqual(self.client.send("GET", "/services").status, 200)

    def peak_memory(self) -> int:
        status = pathlib.Path(f"/proc/{self.stack.server.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) << 10

    # -- below HTTP

    def open(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("localhost", self.stack.rest_port), timeout=30)
        return self.client.context.wrap_socket(plain, server_hostname="localhost")

    def head(self, method="POST", path="/services", *fields: str) -> bytes:
        lines = [f"{method} /sptsm/1.0{path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self.client.token}",
                 *(fields or ("Content-Type: application/json",))]
        return "\r\n".join(lines).encode() + b"\r\n"

    def exchange(self, octets: bytes, pieces=()) -> tuple[int, bytes]:
        """Status (0: closed without an answer) and everything that came; maybe before the server has read all."""
        with self.open() as connection:
            try:
                connection.sendall(octets)
                for piece in pieces:
                    connection.sendall(piece)
            except OSError:
                pass
            return self.answer_of(connection)

    @staticmethod
    def answer_of(connection) -> tuple[int, bytes]:
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
                head, blank, body = answer.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                if blank and length and len(body) >= int(length[1]):
                    break
        except OSError:
            pass
        status = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
        return (int(status[1]) if status else 0), answer

    # -- JSON

    def refused(self, body: bytes, category: int = 1002, path="/services", method="POST", content_type=None):
        answer = self.client.send(method, path, body, content_type=content_type)
        self.assertEqual((answer.status, answer.category), (400, category), f"{body[:80]}: {answer}")

    def test_json_that_is_none(self):
        good = b'{"name": "x", "spParameters": {"a": "1"}}'
        for end in range(1, len(good)):
            self.refused(good[:end])
        for body in (b'{"name":"a","name":"b"}', b'{"name":"a","n\\u0061me":"b"}', b"{name:1}", b"{'name':1}",
                     b'{"name":1,}',
                     b'{"name":NaN}', b'{"name":01}', b'{"name":+1}', b"{}{}", b"{} x", b"// x\n{}",
                     b"\xef\xbb\xbf{", b"\0",
                     b'{"name":"\0"}', b'{"name":"\xff"}', b'{"name":"\xc0\xaf"}', b'{"name":"\xed\xa0\x80"}',
                     b'{"name":"\\ud800"}', b'{"name":"\\x"}', b'{"\xff":1}', b'{"name":"' + b"\n" + b'"}',
                     b"[", b'"', b" "):
            self.refused(body)
        for body in (b"[]", b"7", b"null", b"true", b'"x"', b"1e400", b"-0", b"[[]]"):
            answer = self.client.send("POST", "/services", body)
            self.assertIn(answer.category, (1002, 1008), f"{body}: {answer}")

    def test_json_that_is_deep_wide_or_long(self):
        for depth in (100, 1000, 100000):
            self.refused(b"[" * depth + b"]" * depth)
            self.refused(b'{"a":' * depth + b"1" + b"}" * depth)
            self.refused(b'{"name":"x","spParameters":' + b"[" * depth + b"]" * depth + b"}")
        wide = json.dumps({f"k{n}": n for n in range(60000)}).encode()
        self.assertIn(self.client.send("POST", "/services", wide).category, (1002, 1007))
        many = json.dumps({"name": "x", "spParameters": {f"k{n}": "" for n in range(30000)}}).encode()
        self.assertIn(self.client.send("POST", "/services", many).status, (200, 400))
        self.refused(b'{"name":"' + b"x" * (1 << 20) + b'"}')

    def test_documents_that_cost_much_memory(self):
        """64 at once, each as large as a document may be, and of as many values as fit in."""
        bodies = (b'{"name":"x","spParameters":[' + b"0," * 49000 + b"0]}",
                  b'{"name":"x","spParameters":{' + b",".join(b'"%x":[]' % n for n in range(49000)) + b"}}",
                  b"[" + b"{}," * 300000 + b"{}]", b'{"name":"' + b"\\u00e9" * 170000 + b'"}')
        outcomes = []

        def one(number: int):
            body = bodies[number % len(bodies)]
            status, answer = self.exchange(self.head("POST", "/services", "Content-Type: application/json",
                                                     f"Content-Length: {len(body)}") + b"\r\n" + body)
            outcomes.append((status, json.loads(answer.partition(b"\r\n\r\n")[2])["errorCategory"]))

        threads = [threading.Thread(target=one, args=(n,)) for n in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(outcomes), 64)
        self.assertLessEqual(set(outcomes), {(400, 1002), (400, 1008), (500, 2000)})
        self.assertIn((400, 1008), outcomes)

    def test_one_hundred_megabytes(self):
        before = self.peak_memory()
        piece = b'"' + b"x" * ((1 << 20) - 2) + b","
        length = 100 * len(piece)
        for path in ("/services", CAP, "/nothing", "/services/x"):
            announced = self.head("POST", path, "Content-Type: application/json", f"Content-Length: {length}") + b"\r\n"
            status, answer = self.exchange(announced, [piece] * 100)
            self.assertIn(status, (0, 400, 404, 405), answer[:200])
            chunked = self.head("POST", path, "Content-Type: application/json", "Transfer-Encoding: chunked") + b"\r\n"
            status, answer = self.exchange(chunked, [b"%x\r\n%s\r\n" % (len(piece), piece)] * 100)
            self.assertIn(status, (0, 400, 404, 405), answer[:200])
        self.assertLess(self.peak_memory() - before, 32 << 20)

    def test_wrong_types_at_every_attribute(self):
        """Every JSON body of every operation of the served document, at every place of it, also inside lists and maps.
        A value of a type that the schema does not have is refused; what has the type may still be refused."""
        wrong = (True, 0, -1, 1 << 62, 1.5, 1e300, "", " ", "x", "x" * 256, "é" * 128, "\ud83d\ude00" * 200, "\0", "../..",
                 "'; DROP TABLE entity; --", UNKNOWN, [], [None], [[]], [7], ["x"], [{}], {}, {"a": None}, {"a": []},
                 {"": ""}, {"a": {"b": {}}}, {"a": "x" * 256}, {UNKNOWN: [UNKNOWN]}, None)
        for dialect, client in self.clients.items():
            w = self.worlds[dialect]
            document = Document(client.good("GET", "/openapi.json"))
            sent = 0
            for path, method, operation in document.operations_with_json():
                schema = document.body_schema(operation)
                good = self.good(w, operation["operationId"])
                for place in document.places(schema):
                    for value in wrong:
                        body = json.dumps(replaced(good, place.path, value)).encode()
                        answer = client.send(method, w.path(path), body)
                        sent += 1
                        about = f"{method} {path} {place.path} = {value!r:.60}: {answer}"
                        self.assertIn(answer.category if answer.status == 400 else answer.status,
                                      (200, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1016), about)
                        if value is not None and json_type(value) not in place.types and value != "":
                            self.assertEqual(answer.status, 400, about)
                        if answer.status == 400:
                            self.assertLessEqual(len(answer.document["errorMessage"]), 255, about)
            self.assertGreater(sent, 3000)

    @staticmethod
    def good(w: rest_world.World, operation: str):
        """A body that the operation takes, with something at every place that can hold something."""
        i = w.ids
        one = i["flavorId"] if w.dialect == "1.0.4" else [i["flavorId"]]
        entities = {
            "Service": {"name": "x", "accessAuthorizedDeviceApps": ["A" * 40], "spParameters": {"k": "v"},
                        "sposConfigId": i["sposConfigId"]},
            "Flavor": {"name": "x", "executableLoadFileIds": [i["elfId"]], "applicationInstantiationConfigs": [
                {"executableModuleId": i["emId"], "applicationConfigId": i["applicationConfigId"]}],
                "spParameters": {"k": "v"}, "featureConfig": {"genericOptions": {"k": True}},
                "contextSpecificAttributes": {"k": "v"}},
            "Version": {"tag": "1.0.0", "allowedDeployments": {i["flavorId"]: [i["scpId"]]}},
            "AppConfig": {"instanceAid": next(rest_world.APPLICATION_AIDS),
                          "installConfig": {"privileges": ["GlobalService"]}, "activationConfig": {},
                          "personalizationConfig": {"certificateId": i["certificateId"]}},
            "SposConfig": {"url": "https://x.example", "certificateId": i["certificateId"]},
        }
        links = {"linkElfs": [i["elfId"]], "unlinkElfs": [UNKNOWN], "linkFlavors": {i["flavorId"]: [i["scpId"]]},
                 "unlinkFlavors": [UNKNOWN], "linkSecureComponentProfiles": {i["scpId"]: one},
                 "unlinkSecureComponentProfiles": [UNKNOWN]}
        return links.get(operation) or entities[operation.removeprefix("create").removeprefix("modify")]

    def test_bodies_of_links(self):
        w = self.worlds["1.0"]
        flavor, version = "/services/{serviceId}/flavors/{flavorId}", "/services/{serviceId}/versions/{tag}"
        for path in (flavor + "/executable-load-files", version + "/flavors", version + "/secure-component-profiles"):
            for method in ("POST", "PUT"):
                for body in (b"null", b"7", b'"x"', b'["x"]', b"[null]", b"[[]]", b"[{}]", b'{"x":1}', b'{"x":[]}',
                             b'{"":""}',
                             b'{"%s":7}' % UNKNOWN.encode(), b'{"%s":[7]}' % UNKNOWN.encode()):
                    answer = self.client.send(method, w.path(path), body)
                    self.assertIn(answer.category, (1008, 1009), f"{method} {path} {body}: {answer}")

    def test_content_types(self):
        body = b'{"name":"x"}'
        for kind in ("text/plain", "application/jsonx", "application/json+x", "multipart/form-data", "x" * 1000, ",",
                     ";"):
            self.refused(body, content_type=kind)
        for kind in ("text/plain", "multipart/form-data", "multipart/form-data; boundary=",
                     "multipart/mixed; boundary=b",
                     "multipart/form-data; boundary=" + "b" * 71, 'multipart/form-data; boundary="b',
                     "multipart/form-data; boundary=a; boundary=b"):
            self.refused(b"--b\r\n", path=CAP, content_type=kind)

    def test_forms(self):
        form, kind = Form([("elf-file", "a.cap", b"x")]).encode()
        for end in range(1, len(form) - 2):
            self.refused(form[:end], path=CAP, content_type=kind)
        part = b'--b\r\nContent-Disposition: form-data; name="elf-filename"\r\n\r\nx\r\n'
        self.refused(form + b"an epilogue", 1013, CAP, content_type=kind)  # RFC 2046 5.1.1; the file is no CAP
        for body in (b"", b"x" + form, form[:-2] + b"x", form + b"x" * 16385, part * 17 + b"--b--\r\n", b"--b\r\n\r\n\r\n--b--\r\n",
                     b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
                     b'--b\r\nContent-Disposition: attachment; name="elf-file"\r\n\r\nx\r\n--b--\r\n',
                     b'--b\r\nContent-Disposition: form-data; name="a"; name="b"\r\n\r\nx\r\n--b--\r\n',
                     b"--b\r\n" + b"X: " + b"y" * 5000 + b"\r\n\r\nx\r\n--b--\r\n"):
            self.refused(body, path=CAP, content_type=kind)
        for name in ("../../etc/passwd", "..\\..\\x.cap"):
            made = self.client.good("POST", CAP, Form([("elf-file", name, self.stack.files.cap)]))
            self.assertEqual(made["fileName"], re.split(r"[/\\]", name)[-1])
        self.refused(Form([("elf-file", "a\x07.cap", self.stack.files.cap)]).encode()[0], 1008, CAP, content_type=kind)

    def test_load_files_that_unpack_to_too_much(self):
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            for component in ("Header", "Directory", "Applet"):
                archive.writestr(f"x/javacard/{component}.cap", b"\0" * (200 << 20))
        self.assertLess(len(bomb.getvalue()), 2 << 20)
        answer = self.client.send("POST", CAP, Form([("elf-file", "bomb.cap", bomb.getvalue())]))
        self.assertEqual(answer.category, 1013, answer)

    # -- HTTP

    def test_requests_that_can_be_read_in_two_ways(self):
        length = "Content-Length: 12"
        for fields in ((length, "Content-Length: 13"), (length, "Transfer-Encoding: chunked"),
                       ("Transfer-Encoding: gzip, chunked",), ("Content-Length: -1",), ("Content-Length: 1x",),
                       ("Content-Length: 99999999999999999999999",), ("Content-Length : 12",),
                       (" Content-Length: 12",)):
            status, answer = self.exchange(self.head("POST", "/services", "Content-Type: application/json", *fields) +
                                           b'\r\n{"name":"x"}')
            self.assertIn(status, (0, 400, 501), f"{fields}: {answer[:100]}")
        two = self.head() + b"Host: other\r\nContent-Length: 0\r\n\r\n"
        self.assertIn(self.exchange(two)[0], (0, 400))
        for line in (b"GET\r\n\r\n", b"GET /sptsm/1.0/services\r\n\r\n", b"GET http:// HTTP/1.1\r\n\r\n",
                     b"\x00\x01\x02\r\n\r\n",
                     b"GET /sptsm/1.0/services HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            self.assertIn(self.exchange(line)[0], (0, 400, 505), line)
        for path in ("/services/%", "/services/%zz", "/services/%00", "/services?%", "/services/" + "%2e%2e/" * 50):
            status, answer = self.exchange(self.head("GET", path, "Accept: */*") + b"\r\n")
            self.assertIn(status, (400, 404, 405), f"{path}: {answer[:100]}")

    def test_floods_of_headers(self):
        for fields in ([f"X-{n}: y" for n in range(200)], ["X: " + "y" * 20000], [f"X-{n}: {'y' * 1000}"
                                                                                  for n in range(60)]):
            status, answer = self.exchange(self.head("GET", "/services", *fields) + b"\r\n")
            self.assertIn(status, (0, 400, 431), answer[:100])
        status, answer = self.exchange(self.head("GET", "/services?" + "x" * 20000, "Accept: */*") + b"\r\n")
        self.assertIn(status, (0, 400, 414, 431), answer[:100])

        def endless():
            for n in range(20000):
                yield f"X-{n}: {'y' * 500}\r\n".encode()

        self.assertIn(self.exchange(self.head("GET", "/services", "Accept: */*"), endless())[0], (0, 400, 431))

    def test_chunked_bodies(self):
        head = self.head("POST", "/services", "Content-Type: application/json", "Transfer-Encoding: chunked") + b"\r\n"
        status, answer = self.exchange(head, [b"%x\r\n%c\r\n" % (1, c) for c in b'{"name":"x"}'] + [b"0\r\n\r\n"])
        self.assertEqual(status, 200, answer)
        for body in (b"x\r\n", b"-1\r\n\r\n", b"ffffffffffffffffff\r\n", b"1\r\n{}\r\n0\r\n\r\n", b"2;" + b"x" * 20000,
                     b"0\r\nX: " + b"y" * 20000):
            self.assertIn(self.exchange(head, [body])[0], (0, 400, 413, 431), body[:20])

    def test_slow_clients_do_not_hold_others_up(self):
        """One that sends an octet now and then, one that sends half a head, one that does not even begin with TLS."""
        length = self.head("POST", "/services", "Content-Type: application/json", "Content-Length: 1000") + b"\r\n"
        outcomes = {}

        def trickle(name: str, first: bytes, octet: bytes, connect):
            start = time.monotonic()
            with connect() as connection:
                try:
                    connection.sendall(first)
                    while time.monotonic() - start < 2 * REQUEST_DEADLINE:
                        connection.sendall(octet)
                        time.sleep(0.5)
                except OSError:
                    pass
            outcomes[name] = time.monotonic() - start

        plain = lambda: socket.create_connection(("localhost", self.stack.rest_port), timeout=30)  # noqa: E731
        threads = [threading.Thread(target=trickle, args=a) for n in range(10) for a in (
            (f"body {n}", length, b" ", self.open), (f"head {n}", b"GET / HTTP/1.1\r\nX: ", b"y", self.open),
            (f"handshake {n}", b"\x16\x03\x01\x02\x00", b"\x01", plain))]
        for thread in threads:
            thread.start()
        while any(t.is_alive() for t in threads):
            start = time.monotonic()
            self.assertEqual(self.client.send("GET", "/services").status, 200)
            self.assertLess(time.monotonic() - start, 2)
            time.sleep(0.5)
        for thread in threads:
            thread.join()
        for name, seconds in outcomes.items():
            self.assertLess(seconds, REQUEST_DEADLINE + 5, name)

    def test_what_is_no_tls(self):
        get = f"GET /sptsm/1.0/services HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.client.token}\r\n\r\n"
        for octets in (b"GET / HTTP/1.1\r\n\r\n", get.encode(), b"\0" * 100, b"\x16\x03\x01" + b"\xff" * 1000,
                       b"\x80\x2e\x01\x00\x02"):
            with socket.create_connection(("localhost", self.stack.rest_port), timeout=20) as plain:
                answered = b""
                try:
                    plain.sendall(octets)
                    plain.shutdown(socket.SHUT_WR)
                    while part := plain.recv(4096):
                        answered += part
                except OSError:
                    pass
                self.assertNotIn(b"HTTP/", answered)
                self.assertLessEqual(len(answered), 7)  # at most an alert (RFC 8446 6)

    def test_tokens(self):
        for token in ("x" * 8000, "é".encode().decode("latin-1"), "' OR 1=1 --", "\t", self.client.token.lower(),
                      self.client.token[:-1]):
            answer = self.client.send("GET", "/services", token=token)
            self.assertEqual(answer.category, 1000, token[:20])


if __name__ == "__main__":
    stack.main(verbosity=1)
