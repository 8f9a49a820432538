#!/usr/bin/env python3
"""Answers that get lost, come twice or come too late between app and TSM, of calls as of orders: one process, one result, the app has it,
the SPOS is told once (DIV-107)."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socketserver
import sqlite3
import ssl
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import phone as phones  # noqa: E402
import stack as stacks  # noqa: E402
import supervisor_test  # noqa: E402
from story_test import NOT_DEPLOYED, OPERATIONAL, SUSPENDED, StoryCase, aids  # noqa: E402

INVALID_REQUEST, ALREADY_DEPLOYED, PROCESS_RUNNING = 4, 8, 13
PATIENCE = 2  # seconds that the handset waits for an answer
MOST = 20     # answers of one function


class Line:
    """Between handset and device port: it sees every exchange, and what `fault` says of the answer with this number (from 0) happens to it."""

    def __init__(self, stack):
        self.stack, self.lock = stack, threading.Lock()
        self.fault, self.at, self.seen = "none", -1, 0
        self.unequal = []
        self.kill = lambda: None  # what ends the server
        inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        inside.load_cert_chain(stack.data / "device.pem", stack.data / "device-key.pem")
        self.outside = ssl.create_default_context(cafile=str(stack.ca))
        line = self

        class Handler(socketserver.StreamRequestHandler):
            def setup(self):
                self.request.settimeout(30)
                self.request = inside.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self):
                with contextlib.suppress(OSError):
                    super().finish()
                self.request.close()

            def handle(self):
                try:
                    while line.exchange(self.rfile, self.wfile):
                        pass
                except OSError:
                    pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

            def handle_error(self, request, client_address):
                """A handset that hangs up is no news."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.device_port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __getattr__(self, name):
        return getattr(self.stack, name)

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def next(self, fault: str, at: int):
        with self.lock:
            self.fault, self.at, self.seen = fault, at, 0

    def forward(self, method: str, path: str, headers: dict, body: bytes):
        connection = http.client.HTTPSConnection("localhost", self.stack.device_port, context=self.outside, timeout=40)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def exchange(self, from_phone, to_phone) -> bool:
        request = from_phone.readline().decode().split()
        if len(request) != 3:
            return False
        headers = http.client.parse_headers(from_phone)
        body = from_phone.read(int(headers.get("Content-Length", 0)))
        with self.lock:
            fault = self.fault if self.seen == self.at else "none"
            self.seen += 1
        asked = (request[0], request[1], {k: v for k, v in headers.items() if k.lower() != "host"}, body)
        if fault == "unheard":  # the request does not get there
            return False
        if fault == "doubled":
            answers = [None, None]
            twice = [threading.Thread(target=lambda i=i: answers.__setitem__(i, self.forward(*asked))) for i in range(2)]
            for one in twice:
                one.start()
            for one in twice:
                one.join()
            if answers[0][0] != answers[1][0]:
                self.unequal.append((request[1], answers))
            answer = answers[1]
        else:
            answer = self.forward(*asked)
        if fault == "killed":  # with the answer goes the server
            self.kill()
        if fault in ("lost", "killed"):
            return False
        if fault == "late":
            time.sleep(PATIENCE + 0.5)
        status, fields, content = answer
        to_phone.write(f"HTTP/1.1 {status} X\r\n".encode())
        for name, value in fields:
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                to_phone.write(f"{name}: {value}\r\n".encode())
        to_phone.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        to_phone.flush()
        return True


class LostAnswers(StoryCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.line = Line(cls.stack)
        cap = cls.stack.make_cap("lost.cap", 2000, "D27600018551", ["D2760001855101"])
        cls.service = stacks.publish_service(cls.rest, [cap], spos_config=cls.spos_config)["service"]["id"]

    @classmethod
    def tearDownClass(cls):
        cls.line.close()
        super().tearDownClass()

    def ask(self, card: str, fault: str, at: int, *function) -> dict:
        """A function whose answer with this number is treated so."""
        self.line.next(fault, at)
        told = stacks.Stack.handset(self.line, card, "--answer-seconds", str(PATIENCE), *function, check=False)
        self.touched = self.touched or self.line.seen > at
        return told

    def told_of(self, process: str) -> list:
        results = lambda: [r for r in self.stack.spos_results() if r["processId"] == process]  # noqa: E731
        stacks.wait_until(results, 20, f"the SPOS is not told of {process}")
        return results()

    def life(self, fault: str, at: int) -> bool:
        """A Service Instance from its making to its end. False where no function has an answer with this number."""
        self.touched = False
        card = self.stack.card(f"{fault}-{at}.card")
        ask = lambda *function: self.ask(card, fault, at, *function)  # noqa: E731
        self.assertEqual(ask("check", self.service, "1.0.0")["deploymentAvailable"], 1)
        before = aids(self.stack.registry(f"{fault}-{at}.card"))
        created = ask("create", self.service, "1.0.0")
        self.assertEqual(created["executionStatus"], 0, created)
        instance = created["serviceInstance"]["id"]
        found = ask("instances", self.service)["serviceInstances"]
        self.assertEqual([i["id"] for i in found], [instance], "one call has made one instance")
        processes = []
        for function, state in ((("deploy", instance, "--commands", "install,activate", "--finalize"), OPERATIONAL),
                                (("suspend", instance), SUSPENDED), (("resume", instance), OPERATIONAL),
                                (("terminate", instance), NOT_DEPLOYED)):
            done = ask(*function)
            self.assertEqual(done["processInfo"]["executionStatus"], 0, (function, done))
            processes.append(done["processInfo"]["processId"])
            told = self.told_of(processes[-1])
            self.assertEqual([r["executionStatus"] for r in told], [0], told)
            if state != NOT_DEPLOYED:
                (now,) = self.stack.handset(card, "instances", self.service)["serviceInstances"]
                self.assertEqual(now["state"], state, function)
        self.assertEqual(len(set(processes)), len(processes))
        self.assertEqual(aids(self.stack.registry(f"{fault}-{at}.card")), before)
        return self.touched

    def lives(self, fault: str):
        before = len(self.stack.spos_results())
        lives = 0
        while self.life(fault, lives):
            lives += 1
            self.assertLess(lives, MOST)
        self.assertGreater(lives, 4, "a deploy has more answers")
        time.sleep(1)
        self.assertEqual(len(self.stack.spos_results()) - before, 4 * (lives + 1), "each process once, and no other one")

    def test_every_answer_is_lost_once(self):
        self.lives("lost")

    def test_every_request_is_lost_once(self):
        self.lives("unheard")

    def test_every_request_comes_twice(self):
        self.lives("doubled")
        self.assertEqual(self.line.unequal, [])

    def test_the_first_answer_comes_too_late(self):
        self.life("late", 0)


class Killed(StoryCase):
    """The server dies behind an answer of createServiceInstance, which gets lost: whoever asks again has the one instance."""

    pid_of = supervisor_test.Supervisor.pid_of

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cap = cls.stack.make_cap("killed.cap", 2000, "D27600018553", ["D2760001855301"])

    def publish(self, name: str) -> str:
        return stacks.publish_service(self.rest, [self.cap], spos_config=self.spos_config, name=name)["service"]["id"]

    def kill(self):
        victim = self.pid_of("device")
        os.kill(victim, signal.SIGKILL)
        stacks.wait_until(lambda: self.pid_of("device") not in (None, victim) and stacks.listens(self.stack.device_port), 60,
                          "the device role does not come back")

    def instances(self, service: str) -> list:
        with contextlib.closing(sqlite3.connect(f"file:{self.stack.data}/instances.db?mode=ro", uri=True)) as db:
            return [id for (id,) in db.execute("SELECT id FROM service_instances WHERE service = ?", (service,))]

    def test_our_sdk_gets_the_instance(self):
        line = Line(self.stack)
        self.addCleanup(line.close)
        line.kill = self.kill
        for killed in range(MOST):
            service = self.publish(f"killed{killed}")
            card = self.stack.card(f"killed{killed}.card")
            line.next("killed", killed)
            created = stacks.Stack.handset(line, card, "--answer-seconds", str(PATIENCE), "create", service, "1.0.0", check=False)
            self.assertEqual((created["executionStatus"], created["executionMessage"]), (0, ""), killed)
            self.assertEqual(self.instances(service), [created["serviceInstance"]["id"]], killed)
            if line.seen <= killed:
                break
        self.assertGreaterEqual(killed, 2, "the order, and the result")
        self.assertEqual(self.stack.spos_results(), [], "nothing has failed")

    def test_the_answer_is_the_first_one_in_every_life_of_the_server(self):
        service = self.publish("every life")
        phone = phones.Phone(self.stack, phones.Card(self.stack, "lives.card"))
        self.addCleanup(phone.card.close)
        self.addCleanup(phone.disconnect)
        asked = {"serviceId": service, "version": "1.0.0", "callId": "0123456789abcdef" * 2}
        status, answer, cookie = phone.call("createServiceInstance", **asked)
        first = phones.Session(phone, answer, cookie).play()
        self.assertEqual(first["executionStatus"], 0, first)
        for first_report in (False, True):
            phone.disconnect()
            self.kill()
            status, again, _ = phone.call("createServiceInstance", **asked, firstReport=first_report)
            self.assertEqual((status, again.get("result")), (200, first), "without a look at the card")
            status, other, _ = phone.call("createServiceInstance", **{**asked, "version": "1.1.0"})
            self.assertEqual((status, other["result"]["executionStatus"]), (200, INVALID_REQUEST), other)
        self.assertEqual(self.instances(service), [first["serviceInstance"]["id"]])
        status, other, _ = phone.call("createServiceInstance", **{**asked, "callId": "f" * 32})
        self.assertEqual(phones.Session(phone, other, _).play()["executionStatus"], ALREADY_DEPLOYED, other)


class Repeated(StoryCase):
    """What the server says to a call that comes again."""

    ID = "00112233445566778899aabbccddeeff"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cap = cls.stack.make_cap("repeated.cap", 2000, "D27600018552", ["D2760001855201"])
        cls.service = stacks.publish_service(cls.rest, [cap], spos_config=cls.spos_config)["service"]["id"]

    def phone(self, name: str) -> phones.Phone:
        phone = phones.Phone(self.stack, phones.Card(self.stack, name))
        self.addCleanup(phone.card.close)
        self.addCleanup(phone.disconnect)
        return phone

    def test_whoever_repeats_a_call_gets_what_it_got(self):
        phone = self.phone("repeated.card")
        asked = {"serviceId": self.service, "version": "1.0.0", "callId": self.ID, "firstReport": True}
        first, again = phone.call("createServiceInstance", **asked), phone.call("createServiceInstance", **asked)
        self.assertEqual(first[0], 200, first)
        self.assertEqual(first, again, "session, order and cookie")
        # A Local Agent that knows only the specification goes on in the same session.
        status, plain, cookie = phone.call("createServiceInstance", **{**asked, "firstReport": False})
        self.assertEqual((status, plain["sessionId"]), (200, first[1]["sessionId"]))
        result = phones.Session(phone, plain, cookie).play()
        self.assertEqual(result["executionStatus"], 0, result)
        self.assertEqual(len(phone.instances(self.service)), 1)
        for name, value in (("version", "1.1.0"), ("serviceId", "0" * 36)):
            status, other, _ = phone.call("createServiceInstance", **{**asked, name: value})
            self.assertEqual((status, other["result"]["executionStatus"]), (200, INVALID_REQUEST), other)
            self.assertIn("belongs to another call", other["result"]["executionMessage"])
        status, other, _ = phone.call("checkServiceDeploymentAvailable", **asked)
        self.assertEqual(other["result"]["executionStatus"], INVALID_REQUEST, other)
        stranger = phones.Phone(self.stack, phone.card, caller="4F" * 32)
        self.addCleanup(stranger.disconnect)
        self.assertEqual(stranger.call("createServiceInstance", **asked)[1]["result"]["executionStatus"], INVALID_REQUEST)

    def test_what_was_refused_stays_refused(self):
        phone = self.phone("refused.card")
        instance = phone.ask("createServiceInstance", serviceId=self.service, version="1.0.0")["serviceInstance"]["id"]
        deploying = phone.open("deployService", **phones.deployment(instance))
        asked = {"serviceInstanceId": instance, "callId": "f" * 32, "firstReport": True}
        refused = phone.call("terminateService", **asked)
        self.assertEqual(refused[1]["result"]["processInfo"]["executionStatus"], PROCESS_RUNNING, refused)
        self.assertEqual(deploying.play()["processInfo"]["executionStatus"], 0)
        self.assertEqual(phone.call("terminateService", **asked), refused, "its caller has been told")
        self.assertEqual(phone.terminate(instance)["processInfo"]["executionStatus"], 0)

    def test_a_call_id_is_32_digits(self):
        phone = self.phone("digits.card")
        for bad in ("", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 31 + "\x00", 7, None, ["0" * 32]):
            status, answer, _ = phone.call("getServiceInstances", serviceId=self.service, callId=bad)
            self.assertEqual(status, 400, (bad, answer))
            self.assertIn("callId", answer["error"])
        self.assertEqual(phone.call("getServiceInstances", serviceId=self.service, callId="0" * 32)[0], 200)


if __name__ == "__main__":
    stacks.main()
