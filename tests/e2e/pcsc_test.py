#!/usr/bin/env python3
"""The simulated card in a virtual PC/SC reader: pcscd, OpenSC and tsms-handset believe that it is a card.

Exits with 77 (skipped) and says why where pcscd cannot run.
"""

import ctypes
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))
DRIVER = pathlib.Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PCSCD_SOCKET = "/run/pcscd/pcscd.comm"  # compiled into pcscd: there can be only one
READER = "tsms Prüfgerät"  # names of readers are UTF-8
FIRST, SECOND = f"{READER} 00 00", f"{READER} 00 01"
PORT = 35963  # of the first slot, the second has the next
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


class VirtualReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-pcsc-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.stack = stack.Stack(BUILD, cls.folder)
        cls.processes = []
        try:
            readers = cls.folder / "readers"
            readers.mkdir()
            (readers / "vpcd").write_text(f'FRIENDLYNAME "{READER}"\nDEVICENAME /dev/null:{PORT:#x}\n'
                                          f"LIBPATH {DRIVER}\nCHANNELID {PORT:#x}\n")
            cls.pcscd = cls.start("pcscd", "pcscd", "-f", "-i", "-c", readers)
            cls.pcscd.wait_for_port(PORT + len(PERSONALITIES) - 1)
            cls.cards = [None] * len(PERSONALITIES)
            for slot in range(len(PERSONALITIES)):
                cls.insert(slot)
            cls.wait_for_cards()
        except BaseException:
            cls.show_logs()
            cls.clean_up()
            raise

    @classmethod
    def start(cls, name, *arguments):
        process = stack.Process(cls.folder, name, list(arguments))
        cls.processes.append(process)
        return process

    @classmethod
    def insert(cls, slot, *options):
        """Puts the card of this slot into the reader, with faults where they are given."""
        profile = PERSONALITIES[slot]
        cls.cards[slot] = cls.start(f"{profile}-{len(cls.processes)}", cls.stack.program("tsms-lab"), "card", "--state",
                                    cls.folder / f"{profile}.card", "--profile", profile, "--vpcd",
                                    f"127.0.0.1:{PORT + slot}", *options)

    @classmethod
    def take_out(cls, slot):
        cls.cards[slot].kill()
        cls.processes.remove(cls.cards[slot])
        cls.cards[slot] = None
        time.sleep(1)  # pcscd looks every 0.4 s; a card that is back before that is never seen again

    @classmethod
    def exchange(cls, slot, *options):
        cls.take_out(slot)
        stack.wait_until(lambda: cls.cards_seen() == len(PERSONALITIES) - 1, 20, "pcscd does not see that the card is gone")
        cls.insert(slot, *options)
        cls.wait_for_cards()

    @classmethod
    def wait_for_cards(cls):
        stack.wait_until(cls.card_is_seen, 20, "pcscd sees no card")

    @classmethod
    def show_logs(cls):
        for process in cls.processes + cls.stack.processes:
            print(f"--- {process.name}\n{process.output()[-3000:]}\n{process.log()[-3000:]}", file=sys.stderr)

    @classmethod
    def clean_up(cls):
        for process in reversed(cls.processes):
            process.stop()
        cls.temporary.cleanup()

    @classmethod
    def tearDownClass(cls):
        cls.clean_up()

    @classmethod
    def card_is_seen(cls) -> bool:
        for process in cls.processes:
            if process.process.poll() is not None:
                raise RuntimeError(f"{process.name} ended with {process.process.returncode}")
        return cls.cards_seen() == len(PERSONALITIES)

    @classmethod
    def cards_seen(cls) -> int:
        return cls.opensc("-l").count("Yes ")

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

    def test_a_card_of_another_program_is_busy(self):
        """Not: there is none."""
        pcsc = ctypes.CDLL("libpcsclite.so.1")
        context, card, protocol = ctypes.c_long(), ctypes.c_long(), ctypes.c_ulong()
        self.assertEqual(pcsc.SCardEstablishContext(ctypes.c_ulong(2), None, None, ctypes.byref(context)), 0)
        self.addCleanup(pcsc.SCardReleaseContext, context)
        exclusive, any_protocol, reset = ctypes.c_ulong(1), ctypes.c_ulong(3), ctypes.c_ulong(1)
        self.assertEqual(pcsc.SCardConnect(context, FIRST.encode(), exclusive, any_protocol, ctypes.byref(card), ctypes.byref(protocol)), 0)
        try:
            done = self.stack.run("tsms-handset", "--json", "--se", f"pcsc:{FIRST}", "apdu", ISD, check=False)
        finally:
            pcsc.SCardDisconnect(card, reset)
        self.assertNotEqual(done.returncode, 0)
        told = json.loads(done.stdout)["error"]
        self.assertIn(f"the card in '{FIRST}' is busy", told)
        self.assertIn("another program uses the card", told)
        self.assertNotIn("no card", told)

    def test_a_mute_card_is_said_so(self):
        self.exchange(0, "--faults", "mute@get-data:1")
        try:
            done = self.handset_apdu(FIRST, ISD, "80CA9F7F00", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("PC/SC", done.stderr)
        finally:
            self.exchange(0)

    def test_handset_names_the_readers_that_there_are(self):
        done = self.handset_apdu("no such reader", ISD, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(FIRST, done.stderr)

    def test_service_lives_and_dies_through_the_readers(self):
        rest = self.stack.start()
        try:
            cap = self.stack.make_cap("pcsc.cap", 8000, "D27600018A01", ["D27600018A0101"])
            published = stack.publish_service(rest, [cap])
            for reader in (FIRST, SECOND):
                with self.subTest(reader=reader):
                    self.live_and_die(reader, published["service"]["id"])
            for slot in range(len(PERSONALITIES)):
                with self.subTest(taken_out=PERSONALITIES[slot]):
                    self.taken_out_in_the_middle(slot, published["service"]["id"])
            with self.subTest("a card that loses its power and comes back by itself"):
                self.torn_in_the_middle(published["service"]["id"])
        finally:
            self.assertEqual(set(self.stack.stop().values()), {0})

    def deploy(self, reader, instance, check=True):
        return self.stack.handset(f"pcsc:{reader}?type=eSE", "deploy", instance, "--commands", "install,activate", "--finalize",
                                  check=check)["processInfo"]

    def taken_out_in_the_middle(self, slot, service):
        """The card's process is killed while a deploy is under way: the app is told why, and the card comes back as it was."""
        reader = (FIRST, SECOND)[slot]
        card = f"pcsc:{reader}?type=eSE"
        instance = self.stack.handset(card, "create", service, "1.0.0")["serviceInstance"]["id"]
        before = self.stack.registry(f"{PERSONALITIES[slot]}.card")
        self.exchange(slot, "--faults", "slow40@any")
        told = {}
        deploying = threading.Thread(target=lambda: told.update(self.deploy(reader, instance, check=False)))
        deploying.start()

        def loading():
            return len(self.stack.registry(f"{PERSONALITIES[slot]}.card")["applications"]) > len(before["applications"]) + 1

        stack.wait_until(loading, 30, "the deploy does not come to the service's domain")
        self.take_out(slot)
        deploying.join(60)
        self.assertEqual(told.get("executionStatus"), 9, told)
        self.assertIn(f"PC/SC: transmission to '{reader}'", told["executionMessage"])
        self.assertIn("taken out", told["executionMessage"])
        gone = self.handset_apdu(reader, ISD, check=False)
        self.assertNotEqual(gone.returncode, 0)
        self.assertIn("put the card into the reader", gone.stderr)

        self.insert(slot)
        self.wait_for_cards()
        self.assertEqual(self.deploy(reader, instance)["executionStatus"], 0)
        terminated = self.stack.handset(card, "terminate", instance)
        self.assertEqual(terminated["processInfo"]["executionStatus"], 0, terminated)
        self.assertEqual([a["aid"] for a in self.stack.registry(f"{PERSONALITIES[slot]}.card")["applications"]],
                         [a["aid"] for a in before["applications"]])

    def torn_in_the_middle(self, service):
        instance = self.stack.handset(f"pcsc:{FIRST}?type=eSE", "create", service, "1.0.0")["serviceInstance"]["id"]
        self.exchange(0, "--faults", "tear-after@load:2")
        told = self.deploy(FIRST, instance, check=False)
        self.assertEqual(told["executionStatus"], 9, told)
        self.wait_for_cards()  # nobody puts it back: the simulated hand does
        self.assertEqual(self.deploy(FIRST, instance)["executionStatus"], 0)
        self.stack.handset(f"pcsc:{FIRST}?type=eSE", "terminate", instance)
        self.exchange(0)

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
    reason = why_pcscd_cannot_run() or stack.leave_the_network()
    if reason:
        stack.skip_all(reason)
    stack.main(verbosity=2)
