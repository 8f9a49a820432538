#!/usr/bin/env python3
"""The simulated card in a virtual PC/SC reader: pcscd, OpenSC and tsms-handset believe that it is a card.

Exits with 77 (skipped) and says why where pcscd cannot run.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))
DRIVER = pathlib.Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PCSCD_SOCKET = "/run/pcscd/pcscd.comm"  # compiled into pcscd: there can be only one
READER = "tsms test"
FIRST, SECOND = f"{READER} 00 00", f"{READER} 00 01"
PERSONALITIES = ("jc305", "t0")  # of the cards in them
ISD = "A000000151000000"


def why_pcscd_cannot_run() -> str | None:
    missing = [p for p in ("pcscd", "opensc-tool") if not shutil.which(p)]
    if missing or not DRIVER.exists():
        return f"{', '.join(missing) or DRIVER} is missing; scripts/setup.sh --tests installs it"
    if os.geteuid() != 0:
        return "only root can run pcscd"
    with socket.socket(socket.AF_UNIX) as s:
        if s.connect_ex(PCSCD_SOCKET) == 0:
            return f"another pcscd owns {PCSCD_SOCKET}"
    return None


def consecutive_listeners() -> list[socket.socket]:
    for _ in range(100):
        first = socket.create_server(("127.0.0.1", 0))
        try:
            return [first, socket.create_server(("127.0.0.1", first.getsockname()[1] + 1))]
        except (OSError, OverflowError):
            first.close()
    raise RuntimeError("no two free ports behind each other")


def port_of(s: socket.socket) -> int:
    return s.getsockname()[1]


class Relay:
    """Between one slot of the reader driver and its card. The driver would listen on all addresses; told to connect instead, it connects to
    the card's side, and so does the card: somebody on loopback must listen for both."""

    def __init__(self, slot: socket.socket):
        self.slot = slot
        self.card = socket.create_server(("127.0.0.1", 0))
        self.open = [self.slot, self.card]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            card, _ = self.card.accept()
            reader, _ = self.slot.accept()
        except OSError:
            return  # closed before both came
        self.open += [card, reader]
        threading.Thread(target=self.pump, args=(card, reader), daemon=True).start()
        self.pump(reader, card)

    @staticmethod
    def pump(source: socket.socket, sink: socket.socket):
        sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                # The driver writes length and payload separately: see lab/vpcd.cpp.
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                octets = source.recv(65536)
                if not octets:
                    break
                sink.sendall(octets)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        for s in self.open:
            s.close()


class VirtualReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-pcsc-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.stack = stack.Stack(BUILD, cls.folder)
        slots = consecutive_listeners()  # where the driver looks for the cards of its two slots
        port = port_of(slots[0])
        cls.relays = [Relay(slot) for slot in slots]
        cls.processes = []
        try:
            readers = cls.folder / "readers"
            readers.mkdir()
            (readers / "vpcd").write_text(f'FRIENDLYNAME "{READER}"\nDEVICENAME 127.0.0.1:{port:#x}\n'
                                          f"LIBPATH {DRIVER}\nCHANNELID {port:#x}\n")
            for profile, relay in zip(PERSONALITIES, cls.relays):
                cls.start(profile, cls.stack.program("tsms-lab"), "card", "--state", cls.folder / f"{profile}.card",
                          "--profile", profile, "--vpcd", f"127.0.0.1:{port_of(relay.card)}")
            cls.start("pcscd", "pcscd", "-f", "-i", "-c", readers)
            stack.wait_until(cls.card_is_seen, 20, "pcscd sees no card")
        except BaseException:
            cls.show_logs()
            cls.clean_up()
            raise

    @classmethod
    def start(cls, name, *arguments):
        cls.processes.append(stack.Process(cls.folder, name, list(arguments)))

    @classmethod
    def show_logs(cls):
        for process in cls.processes + cls.stack.processes:
            print(f"--- {process.name}\n{process.output()[-3000:]}\n{process.log()[-3000:]}", file=sys.stderr)

    @classmethod
    def clean_up(cls):
        for process in reversed(cls.processes):
            process.stop()
        for relay in cls.relays:
            relay.close()
        cls.temporary.cleanup()

    @classmethod
    def tearDownClass(cls):
        cls.clean_up()

    @classmethod
    def card_is_seen(cls) -> bool:
        for process in cls.processes:
            if process.process.poll() is not None:
                raise RuntimeError(f"{process.name} ended with {process.process.returncode}")
        return cls.opensc("-l").count("Yes ") == len(PERSONALITIES)

    @staticmethod
    def opensc(*arguments) -> str:
        done = subprocess.run(["opensc-tool", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr

    def handset_apdu(self, reader, *arguments, check=True):
        return self.stack.run("tsms-handset", "--se", f"pcsc:{reader}", "apdu", *arguments, check=check)

    def test_opensc_finds_the_cards(self):
        listed = json.loads(self.stack.run("tsms-lab", "card", "--list", "--json").stdout)
        for slot, profile in enumerate(PERSONALITIES):
            atr = self.opensc("-r", str(slot), "-a").strip().replace(":", "").upper()
            self.assertIn(next(p["atr"] for p in listed if p["name"] == profile), atr)

    def test_opensc_talks_to_the_security_domain(self):
        aid = ":".join(ISD[i:i + 2] for i in range(0, len(ISD), 2))
        for slot in ("0", "1"):
            answer = self.opensc("-r", slot, "-s", f"00:A4:04:00:08:{aid}:00", "-s", "80:CA:9F:7F:00")
            self.assertEqual(answer.count("SW1=0x90, SW2=0x00"), 2, answer)
            self.assertIn("9F 7F 2A", answer)

    def test_handset_talks_to_the_security_domain(self):
        for reader in (FIRST, SECOND):
            done = self.handset_apdu(reader, ISD, "80CA9F7F00", "80CA006600")
            self.assertIn("9F7F2A", done.stdout)
            self.assertIn("2A864886FC6B", done.stdout)  # the OID of GlobalPlatform in the card recognition data

    def test_handset_names_the_readers_that_there_are(self):
        done = self.handset_apdu("no such reader", ISD, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(FIRST, done.stderr)

    def test_service_lives_and_dies_through_the_readers(self):
        rest = self.stack.start()
        try:
            self.import_profile_of_the_second_card()
            cap = self.stack.make_cap("pcsc.cap", 8000, "D27600018A01", ["D27600018A0101"])
            published = stack.publish_service(rest, [cap])
            for reader in (FIRST, SECOND):
                with self.subTest(reader=reader):
                    self.live_and_die(reader, published["service"]["id"])
        finally:
            self.assertEqual(set(self.stack.stop().values()), {0})

    def import_profile_of_the_second_card(self):
        known = json.loads(stack.PROFILES.read_text())
        listed = json.loads(self.stack.run("tsms-lab", "card", "--list", "--json").stdout)
        profile = next(p for p in known if p["name"] == "tsms-lab jc305")
        profile |= {"name": "tsms-lab t0", "os": "tsms-lab t0"}
        profile["identification"]["atr"] = [next(p["atr"] for p in listed if p["name"] == "t0")]
        file = self.folder / "t0.json"
        file.write_text(json.dumps([profile]))
        self.stack.tsms("profile", "import", file)

    def live_and_die(self, reader, service):
        card, applet = f"pcsc:{reader}?type=eSE", "D27600018A0101"
        created = self.stack.handset(card, "create", service, "1.0.0")
        instance = created["serviceInstance"]["id"]
        deployed = self.stack.handset(card, "deploy", instance, "--commands", "install,activate", "--finalize")
        self.assertEqual(deployed["processInfo"]["executionStatus"], 0, deployed)
        self.assertIn("9000", self.handset_apdu(reader, applet, "00010000").stdout)
        terminated = self.stack.handset(card, "terminate", instance)
        self.assertEqual(terminated["processInfo"]["executionStatus"], 0, terminated)
        self.assertNotEqual(self.handset_apdu(reader, applet, check=False).returncode, 0)


if __name__ == "__main__":
    reason = why_pcscd_cannot_run()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main(verbosity=2)
