#!/usr/bin/env python3
"""How long a person with a phone waits: the life of three Services over a network with a round trip of 100 ms, on a card
that takes 20 ms for a command. Real programs, real TLS. Call it through scripts/bench.sh --latency.

The network is a relay on loopback that holds back what comes by half a round trip in each direction, and the first
octets of a connection by one more (SYN, SYN-ACK). The card is the lab's with the fault slow20@any. The way to the
issuer costs nothing here. Bandwidth and loss are not played.
"""

import argparse
import json
import os
import pathlib
import queue
import socket
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import stack  # noqa: E402


class Relay:
    """Carries connections to a port of this machine, each octet half a round trip later."""

    def __init__(self, target: int, round_trip: float):
        self.target, self.round_trip = target, round_trip
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            phone, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            opened = time.monotonic() + self.round_trip
            for source, sink in ((phone, server), (server, phone)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                on_the_way: queue.Queue = queue.Queue()
                threading.Thread(target=self.read, args=(source, on_the_way, opened), daemon=True).start()
                threading.Thread(target=self.write, args=(sink, on_the_way), daemon=True).start()

    def read(self, source: socket.socket, on_the_way: queue.Queue, opened: float):
        octets = b"more"
        while octets:
            try:
                octets = source.recv(65536)
            except OSError:
                octets = b""
            on_the_way.put((max(time.monotonic(), opened) + self.round_trip / 2, octets))

    def write(self, sink: socket.socket, on_the_way: queue.Queue):
        while True:
            due, octets = on_the_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not octets:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(octets)
            except OSError:
                return


class Phone:
    """tsms-handset behind the relay; each call is a program, and so a connection, of its own."""

    def __init__(self, running: stack.Stack, round_trip: float, apdu_seconds: float):
        self.running, self.round_trip, self.apdu_seconds = running, round_trip, apdu_seconds
        self.relay = Relay(running.device_port, round_trip)
        self.card = running.card() + f"&faults=slow{round(apdu_seconds * 1000)}@any"

    def call(self, title: str, *arguments) -> dict:
        stats = self.running.folder / "stats.json"
        done = self.running.run("tsms-handset", "--url", f"https://localhost:{self.relay.port}", "--ca", self.running.ca,
                                "--json", "--se", self.card, "--stats", stats, *arguments)
        told = json.loads(stats.read_text())
        took = told["milliseconds"] / 1000
        bound = told["exchanges"] * self.round_trip + told["apdus"] * self.apdu_seconds
        print(f"| {title:<38} | {told['exchanges']:>9} | {told['apdus']:>5} | {took:>7.2f} | {bound:>7.2f} | {took / bound:>5.2f} |",
              flush=True)
        return json.loads(done.stdout)

    def create(self, published: dict) -> str:
        service, version = published["service"]["id"], published["version"]
        return self.call("createServiceInstance", "create", service, version)["serviceInstance"]["id"]

    def deploy(self, title: str, instance: str):
        self.call(f"deployService, {title}", "deploy", instance, "--commands", "install,activate", "--finalize")


def publish(running: stack.Stack, rest: stack.Rest, number: int, load_size: int, **options) -> dict:
    package = f"D276000185AA{number:02X}"
    cap = running.make_cap(f"{number}.cap", load_size, package, [package + "01"])
    return stack.publish_service(rest, [cap], name=f"S{number}", **options)


def life(running: stack.Stack, rest: stack.Rest, phone: Phone, load_size: int):
    first = publish(running, rest, 1, load_size)
    ruled = publish(running, rest, 2, load_size, device_apps=["A" * 40])
    plain = publish(running, rest, 3, load_size)
    newer = running.make_cap("newer.cap", load_size, "D276000185AA03", ["D276000185AA0301"], "1.1")
    print(f"| {'call':<38} | exchanges | APDUs | seconds |   bound | ratio |")
    print(f"|{'-' * 40}|{'-' * 10}:|{'-' * 6}:|{'-' * 8}:|{'-' * 8}:|{'-' * 6}:|")
    phone.call("checkServiceDeploymentAvailable", "check", first["service"]["id"], "x.x.x")
    a = phone.create(first)
    phone.deploy("new domain", a)
    b = phone.create(ruled)
    phone.deploy("issuer's rules", b)
    c = phone.create(plain)
    phone.deploy("no issuer", c)
    phone.call("getServiceInstances", "instances", plain["service"]["id"])
    phone.call("suspend", "suspend", c)
    phone.call("resume", "resume", c)
    stack.publish_version(rest, plain["service"], [stack.upload_part(rest, newer)], "1.1.0")
    phone.call("updateService, no issuer", "update", c, "1.1.0", "--commands", "install,activate", "--finalize")
    phone.call("terminate, domain stays", "terminate", c)
    phone.call("terminate, domain stays, issuer's rules", "terminate", b)
    phone.call("terminate, last", "terminate", a)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--round-trip", type=float, default=0.1, help="seconds")
    options.add_argument("--apdu", type=float, default=0.02, help="seconds")
    options.add_argument("--load-size", type=int, default=8000, help="octets of each load file")
    chosen = options.parse_args()
    build = pathlib.Path(os.environ.get("TSMS_BUILD", ROOT / "build-release"))
    with tempfile.TemporaryDirectory(prefix="tsms-bench-") as folder:
        running = stack.Stack(build, pathlib.Path(folder))
        try:
            rest = running.start()
            life(running, rest, Phone(running, chosen.round_trip, chosen.apdu), chosen.load_size)
        finally:
            running.stop()


main()
