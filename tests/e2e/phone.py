"""A phone in Python: a Local Agent that speaks the device protocol itself (docs/tsm-api-wire.md) and carries APDUs to a simulated card,
so that a test can lie, drop, repeat, forge and vanish at every point."""

import contextlib
import http.client
import json
import socket
import ssl
import struct
import subprocess
import urllib.parse

import stack as stacks

POWER_OFF, POWER_ON, GET_ATR = b"\x00", b"\x01", b"\x04"


class Vanished(Exception):
    """The phone says nothing any more."""


class Card:
    """A card of tsms-lab behind a virtual reader of our own."""

    def __init__(self, stack, name: str, profile: str = "jc305"):
        self.stack, self.name = stack, name
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(1)
            listening.settimeout(20)
            port = listening.getsockname()[1]
            self.process = subprocess.Popen(
                [stack.program("tsms-lab"), "card", "--state", stack.folder / name, "--profile", profile,
                 "--vpcd", f"127.0.0.1:{port}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.reader, _ = listening.accept()
        self.reader.settimeout(20)
        self.sent = 0
        self.atr = self._answered(GET_ATR)

    def _send(self, payload: bytes):
        self.reader.sendall(struct.pack(">H", len(payload)) + payload)

    def _receive(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            part = self.reader.recv(count - len(octets))
            if not part:
                raise ConnectionError("the card is gone")
            octets += part
        return octets

    def _answered(self, payload: bytes) -> bytes:
        self._send(payload)
        return self._receive(struct.unpack(">H", self._receive(2))[0])

    def reset(self):
        self._send(POWER_OFF)
        self._send(POWER_ON)

    def transmit(self, apdu: bytes) -> bytes:
        self.sent += 1
        return self._answered(apdu)

    def registry(self) -> dict:
        return self.stack.registry(self.name)

    def close(self):
        self.reader.close()
        self.process.terminate()
        self.process.wait(10)


class Honest:
    """What an agent does with each order. Liars override one of these."""

    def transmit(self, agent, number: int, index: int, apdu: bytes) -> bytes:
        return agent.card.transmit(apdu)

    def report(self, agent, number: int, order: dict, report: dict) -> dict:
        return report


def apdus_of(order: dict) -> list:
    return [a for c in order.get("ramCommands", []) if c["ramCommandType"] == "seRamCommand" for a in c["listOfCAPDU"]]


def notifications_of(order: dict) -> list:
    return [json.loads(c["deviceAppNotification"]) for c in order.get("ramCommands", [])
            if c["ramCommandType"] == "notificationCommand"]


def void_report(status: str = "POLLING", error: str = "") -> dict:
    about = {"localAgentStatusEnum": status, "executedSeRamCommands": 0}
    if error:
        about["errorMsg"] = error
    return {"localAgentStatus": about}


class Session:
    """One SERAM management session of a phone; keeps the cookie as the server gives it."""

    def __init__(self, phone, answer: dict, cookie: str):
        self.phone, self.id, self.cookie = phone, answer["sessionId"], cookie
        self.path = urllib.parse.urlparse(answer["raEndpoint"]).path
        self.orders = 0

    @property
    def card(self):
        return self.phone.card

    def exchange(self, method: str, path: str, body, cookie: str | None = None, keep: bool = True):
        """Status and parsed answer. `cookie` replaces ours; an empty one is not sent."""
        cookie = self.cookie if cookie is None else cookie
        status, headers, answer = self.phone.exchange(method, path, body, {"Cookie": cookie} if cookie else {})
        if keep and "Set-Cookie" in headers:
            self.cookie = headers["Set-Cookie"].split(";")[0]
        return status, json.loads(answer) if answer else None

    def handshake(self, secure_elements=None, **how):
        if secure_elements is None:
            secure_elements = [{"seType": "eSE", "seId": self.phone.reader}]
        return self.exchange("POST", f"{self.path}/handshake?sessionId={self.id}", {"secureElements": secure_elements}, **how)

    def report(self, report, **how):
        return self.exchange("POST", f"{self.path}/remoteManagement?sessionId={self.id}", report, **how)

    def result(self, **how):
        return self.exchange("GET", f"/tsm-api/1.0/sessions/{self.id}/result", None, **how)

    def wait_for_result(self, seconds: float = 30) -> dict:
        def fetched():
            status, answer = self.result()
            if status not in (200, 202):
                raise AssertionError(f"the result's status is {status}: {answer}")
            return answer["result"] if status == 200 else None

        return stacks.wait_until(fetched, seconds, f"session {self.id} has no result")

    def execute(self, order: dict, manner: Honest) -> dict:
        report = void_report("PROCESSED" if order.get("ramCommands") else "POLLING")
        index = 0
        for command in order.get("ramCommands", []):
            if command["ramCommandType"] != "seRamCommand":
                continue
            answers = []
            report.setdefault("ramResponses", []).append({"ramResponseType": "seRamResponse", "listOfRAPDU": answers})
            for apdu in command["listOfCAPDU"]:
                answers.append(manner.transmit(self, self.orders, index, bytes.fromhex(apdu)).hex().upper())
                index += 1
            report["localAgentStatus"]["executedSeRamCommands"] += 1
        return report

    def play(self, manner: Honest = Honest()) -> dict:
        """From the handshake to the result. Raises Vanished where the manner does."""
        self.card.reset()
        status, answer = self.handshake()
        assert status == 200, (status, answer)
        report = void_report()
        for _ in range(200):
            status, order = self.report(report)
            if status != 200:
                raise AssertionError(f"order {self.orders + 1}: status {status}, {order}")
            self.orders += 1
            if any(c["ramCommandType"] == "ramStopCommand" for c in order.get("ramCommands", [])):
                return self.wait_for_result()
            report = manner.report(self, self.orders, order, self.execute(order, manner))
        raise AssertionError("the orders never end")


class Phone:
    def __init__(self, stack, card: Card, reader: str = "eSE1", caller: str = "3F" * 20):
        self.stack, self.card, self.reader, self.caller = stack, card, reader, caller
        self.context = ssl.create_default_context(cafile=str(stack.ca))
        self.connection = None

    def exchange(self, method: str, path: str, body, headers: dict | None = None, timeout: float = 40):
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = http.client.HTTPSConnection("localhost", self.stack.device_port, context=self.context,
                                                              timeout=timeout)
            try:
                self.connection.request(method, path, body=content,
                                        headers={"Content-Type": "application/json", **(headers or {})})
                response = self.connection.getresponse()
                return response.status, response.headers, response.read()
            except (http.client.HTTPException, OSError):
                self.disconnect()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def disconnect(self):
        if self.connection is not None:
            with contextlib.suppress(OSError):
                self.connection.close()
        self.connection = None

    def call(self, function: str, **parameters):
        handset = {"callerId": self.caller, "secureComponents": [
            {"reader": self.reader, "seType": "eSE", "atr": self.card.atr.hex().upper() if self.card else ""}]}
        status, headers, answer = self.exchange("POST", f"/tsm-api/1.0/{function}", {"handset": handset, **parameters})
        return status, json.loads(answer), (headers.get("Set-Cookie") or "").split(";")[0]

    def open(self, function: str, **parameters) -> Session:
        status, answer, cookie = self.call(function, **parameters)
        if status != 200 or "sessionId" not in answer:
            raise Refused(status, answer)
        return Session(self, answer, cookie)

    def ask(self, function: str, manner: Honest = Honest(), **parameters) -> dict:
        """The function's result, whether or not the server wants to see the card."""
        try:
            return self.open(function, **parameters).play(manner)
        except Refused as refused:
            if refused.result is None:
                raise
            return refused.result

    def deploy(self, instance: str, manner: Honest = Honest()) -> dict:
        return self.ask("deployService", manner, **deployment(instance))

    def terminate(self, instance: str, manner: Honest = Honest()) -> dict:
        return self.ask("terminateService", manner, serviceInstanceId=instance)

    def instances(self, service: str) -> list:
        return self.ask("getServiceInstances", serviceId=service)["serviceInstances"]


class Refused(Exception):
    def __init__(self, status: int, answer: dict):
        super().__init__(f"{status}: {answer}")
        self.status = status
        self.result = answer.get("result")


def deployment(instance: str) -> dict:
    return {"serviceInstanceId": instance, "finalizeDeployment": True,
            "serviceCommands": [{"type": "install"}, {"type": "activate", "suspensionControl": False}]}
