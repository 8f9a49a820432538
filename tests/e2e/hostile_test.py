#!/usr/bin/env python3
"""Everything that is wrong with phones, cards, issuers and power supplies, against real binaries over real TLS.

After each attack the same is asked: which error (TR 4.2.4.4), which state (TR 3.2.2, AMB-100, AMB-101), and does an honest phone bring the
card to OPERATIONAL and, with terminate, back to what it was?
"""

import concurrent.futures
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import signal
import socket
import sqlite3
import ssl
import stat
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import phone as phones  # noqa: E402
import stack as stacks  # noqa: E402
from phone import Honest, Vanished, apdus_of, void_report  # noqa: E402
from story_test import TSM_DOMAIN, aids  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stacks.ROOT / "build"))

NOT_DEPLOYED, OPERATIONAL, IN_ERROR = 1, 21, 25
TSM_NOT_AVAILABLE, INTERNAL, NETWORK, INVALID_REQUEST, INTERRUPTED, CONTENT, INACCESSIBLE, INVALID_STATE, UNSPECIFIED = 1, 2, 3, 4, 6, 7, 9, 13, 100

INSTALLING = 5  # the order of a deploy that installs; 2 to 4 are the issuer's

# -- liars -----------------------------------------------------------------------------------------------------------------------


class Says(Honest):
    """A status instead of the report to one order; the card sees none of its commands."""

    def __init__(self, at: int, status: str, error: str = ""):
        self.at, self.status, self.error = at, status, error

    def transmit(self, agent, number, index, apdu):
        return b"" if number == self.at else agent.card.transmit(apdu)

    def report(self, agent, number, order, report):
        return void_report(self.status, self.error) if number == self.at else report


class Rewrites(Honest):
    """The card does everything; the list of answers to one order is changed."""

    def __init__(self, at: int, change):
        self.at, self.change = at, change

    def report(self, agent, number, order, report):
        if number == self.at:
            lists = report["ramResponses"]
            changed = self.change([r for part in lists for r in part["listOfRAPDU"]])
            report["ramResponses"] = [{"ramResponseType": "seRamResponse", "listOfRAPDU": changed}]
        return report


class Answers(Honest):
    """The card never sees one command (by instruction) and something else answers."""

    def __init__(self, instruction: int, response: bytes, at: int = INSTALLING, all_of_it: bool = True):
        self.instruction, self.response, self.at, self.all_of_it = instruction, response, at, all_of_it
        self.done = False

    def transmit(self, agent, number, index, apdu):
        if number == self.at and apdu[1] == self.instruction and (self.all_of_it or not self.done):
            self.done = True
            return self.response
        return agent.card.transmit(apdu)


class Vanishes(Honest):
    """No report to one order; the card has seen a part of it."""

    def __init__(self, at: int, after: int = 1000):
        self.at, self.after = at, after

    def transmit(self, agent, number, index, apdu):
        if number == self.at and index >= self.after:
            raise Vanished
        return agent.card.transmit(apdu)

    def report(self, agent, number, order, report):
        if number == self.at:
            raise Vanished
        return report


class Swaps(Honest):
    """From one order on another card answers, with the CPLC of the first if `disguised`."""

    def __init__(self, other, at: int, cplc: bytes | None = None):
        self.other, self.at, self.cplc = other, at, cplc

    def transmit(self, agent, number, index, apdu):
        if number < self.at:
            return agent.card.transmit(apdu)
        if self.cplc and apdu[:4].hex() == "80ca9f7f":
            return self.cplc
        return self.other.transmit(apdu)


class Repeats(Honest):
    """Each report goes out three times: the order that follows is always the same one."""

    def __init__(self, test):
        self.test = test

    def report(self, agent, number, order, report):
        before = agent.cookie
        status, first = agent.report(report)
        self.test.assertEqual(status, 200)
        after = agent.cookie
        for _ in range(2):
            agent.cookie = before
            status, again = agent.report(report)
            self.test.assertEqual((status, again), (200, first))
            self.test.assertEqual(agent.cookie, after)
        agent.cookie = before
        return report  # and once more, as the report that counts


def flipped(response: str) -> str:
    """One bit of the R-MAC, or of the card cryptogram of INITIALIZE UPDATE."""
    octets = bytearray(bytes.fromhex(response))
    octets[-8 if len(octets) >= 8 else 0] ^= 1
    return octets.hex()


def at_index(index: int, change):
    def rewrite(answers: list) -> list:
        return [change(a) if i == index % len(answers) else a for i, a in enumerate(answers)]

    return rewrite


# -- the stage ---------------------------------------------------------------------------------------------------------------------


class HostileCase(unittest.TestCase):
    """One stack for the class, both roles without supervisor, so that a test can kill one."""

    options = {"phone_lost_seconds": 12, "long_poll_seconds": 2, "calls_per_address": 10000, "calls_per_app": 10000,
               "unproven_per_address": 10000, "unproven_per_card": 10000}

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-hostile-")
        cls.stack = stacks.Stack(BUILD, pathlib.Path(cls.temporary.name))
        cls.cards, cls.names, cls.lock = [], iter(range(10000)), threading.Lock()
        cls.device, cls.device_logs = None, []
        try:
            cls.prepare()
        except BaseException:
            cls.show_logs()
            cls.stack.kill()
            raise

    @classmethod
    def prepare(cls):
        s = cls.stack
        s.init()
        config = (s.data / "tsms.toml").read_text()
        for option, value in cls.options.items():
            config, count = re.subn(rf"(?m)^{option} = .*$", f"{option} = {value}", config)
            assert count == 1, option
        (s.data / "tsms.toml").write_text(config)
        s.import_profiles()
        s.add_issuer()
        told = s.start_spos()
        s.rest_role = cls.start_role("rest", s.rest_port)
        cls.start_device()
        cls.rest = s.add_provider()
        cap = s.make_cap("hostile.cap", 3000, "D27600018501", ["D2760001850101", "D2760001850102"])
        published = stacks.publish_service(cls.rest, [cap], spos_config=stacks.add_spos_config(cls.rest, told),
                                           device_apps=["A" * 40])
        cls.service = published["service"]["id"]
        cls.sd_aid = published["service"]["sdAid"]

    @classmethod
    def start_role(cls, role: str, port: int, name: str | None = None):
        s = cls.stack
        env = {"TSMS_REST_PORT": str(s.rest_port), "TSMS_DEVICE_PORT": str(s.device_port), "TSMS_OPS_PORT": str(s.ops_port)}
        process = stacks.Process(s.folder, name or role, [s.program("tsms"), "serve", "--data", s.data, "--role", role], env)
        s.processes.append(process)
        process.wait_for_port(port)
        return process

    @classmethod
    def start_device(cls):
        cls.device = cls.start_role("device", cls.stack.device_port, f"device-{len(cls.device_logs)}")
        cls.device_logs.append(cls.device)

    @classmethod
    def kill_device(cls):
        cls.device.kill()
        cls.stack.processes.remove(cls.device)

    @classmethod
    def show_logs(cls):
        for process in cls.stack.processes:
            print(f"--- {process.name}\n{process.output()[-2000:]}\n{process.log()[-8000:]}", file=sys.stderr)

    @classmethod
    def tearDownClass(cls):
        for card in cls.cards:
            card.close()
        codes = cls.stack.stop()
        cls.temporary.cleanup()
        if any(codes.values()):
            raise AssertionError(f"processes did not stop cleanly: {codes}")

    def new_card(self, profile: str = "jc305") -> phones.Card:
        with self.lock:
            name = f"{next(self.names)}.card"
        card = phones.Card(self.stack, name, profile)
        with self.lock:
            self.cards.append(card)
        return card

    def new_phone(self) -> phones.Phone:
        phone = phones.Phone(self.stack, self.new_card())
        phone.before = aids(phone.card.registry())
        return phone

    def create(self, phone) -> str:
        created = phone.ask("createServiceInstance", serviceId=self.service, version="1.0.0")
        self.assertEqual(created["executionStatus"], 0, created)
        return created["serviceInstance"]["id"]

    def new_instance(self):
        phone = self.new_phone()
        return phone, self.create(phone)

    def state(self, phone) -> int:
        found = phone.instances(self.service)
        return found[0]["state"] if found else 0

    def wait_for_state(self, phone, allowed, seconds: float = 25) -> int:
        """Waits until no process runs any more: INITIALIZED is no resting state (AMB-101)."""
        def resting():
            state = self.state(phone)
            return state if state in allowed else None

        return stacks.wait_until(resting, seconds, f"the state is {self.state(phone)}, none of {allowed},")

    def wait_until_phones_are_lost(self):
        """A process whose phone does not come back after a restart ends when that is lost (DIV-108)."""
        with contextlib.closing(sqlite3.connect(f"file:{self.stack.data}/instances.db?mode=ro", uri=True)) as db:
            stacks.wait_until(lambda: not db.execute("SELECT 1 FROM processes WHERE ended IS NULL").fetchall(), 60, "phones are not lost")

    def check_recovery(self, phone, instance: str):
        """An honest phone deploys, the card has it, and terminate leaves the card as it was."""
        deployed = phone.deploy(instance)
        self.assertEqual((deployed["processInfo"]["executionStatus"], deployed["serviceInstanceState"]), (0, OPERATIONAL), deployed)
        on_card = aids(phone.card.registry())
        for aid in ("D27600018501", "D2760001850101", "D2760001850102", self.sd_aid):
            self.assertIn(aid, on_card)
        self.check_terminate(phone, instance)

    def check_terminate(self, phone, instance: str):
        ended = phone.terminate(instance)
        self.assertEqual(ended["processInfo"]["executionStatus"], 0, ended)
        self.assertEqual(aids(phone.card.registry()), phone.before)
        self.assertEqual(self.state(phone), 0)

    def log(self) -> str:
        return "".join(d.log() for d in self.device_logs)

    def process_log(self, process: str) -> list:
        return [line for line in self.log().splitlines() if f"process {process}" in line]

    def spos_of(self, instance: str) -> list:
        return [r for r in self.stack.spos_results() if r["serviceInstanceId"] == instance]

    def in_parallel(self, work, items, threads: int = 6):
        """Each item once; every failure is shown, not only the first."""
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            running = {name: pool.submit(work, *arguments) for name, *arguments in items}
            for name, one in running.items():
                with self.subTest(name):
                    one.result(120)


# -- phones and cards ----------------------------------------------------------------------------------------------------------------


class Liars(HostileCase):
    def lie(self, manner, statuses, states):
        phone, instance = self.new_instance()
        result = phone.deploy(instance, manner)
        info = result["processInfo"]
        self.assertIn(info["executionStatus"], statuses, result)
        self.assertIn(result["serviceInstanceState"], states, result)
        self.assertEqual(self.state(phone), result["serviceInstanceState"])
        self.assertTrue(info["executionMessage"])
        self.assertLess(len(info["executionMessage"]), 500)
        self.assertRegex(info["executionMessage"], r"\A[^\x00-\x1f]*\Z")
        ends = [line for line in self.process_log(info["processId"]) if f"status {info['executionStatus']}" in line]
        self.assertEqual(len(ends), 1, "one log line names how the process ended, and why")
        self.assertIn(info["executionMessage"], ends[0])
        self.check_recovery(phone, instance)

        def told():
            return len(self.spos_of(instance)) >= 3

        stacks.wait_until(told, 20, "the SPOS has not all three results")
        told = {r["processId"]: r for r in self.spos_of(instance)}[info["processId"]]
        self.assertEqual((told["executionStatus"], told["serviceStartState"], told["serviceEndState"]),
                         (info["executionStatus"], NOT_DEPLOYED, result["serviceInstanceState"]))

    def test_deploy(self):
        untouched, touched, either = {NOT_DEPLOYED}, {IN_ERROR}, {NOT_DEPLOYED, IN_ERROR}
        cases = []
        for at in range(2, INSTALLING + 1):
            cases += [
                (f"{at} unavailable", Says(at, "UNAVAILABLE_SE", "no card"), {INACCESSIBLE}, untouched),
                (f"{at} failure", Says(at, "UNKNOWN_FAILURE", "\n\x1b[31mforged line\r\n" * 3), {INTERRUPTED}, untouched),
                (f"{at} last answer forged", Rewrites(at, at_index(-1, flipped)), {INACCESSIBLE, UNSPECIFIED}, either),
            ]
        for at in (3, INSTALLING):
            cases += [
                (f"{at} ungranted", Says(at, "UNGRANTED_ACCESS"), {INACCESSIBLE}, untouched),
                (f"{at} processed without answers", Says(at, "PROCESSED"), {INTERRUPTED, INACCESSIBLE}, either),
                (f"{at} one answer too many", Rewrites(at, lambda a: a + ["9000"]), {INTERRUPTED}, either),
                (f"{at} one answer too few", Rewrites(at, lambda a: a[:-1]), {INTERRUPTED, INACCESSIBLE}, either),
                (f"{at} no status words", Rewrites(at, lambda a: ["00"] * len(a)), {INTERRUPTED, INACCESSIBLE}, either),
                (f"{at} empty", Rewrites(at, lambda a: [""] * len(a)), {INTERRUPTED, INACCESSIBLE}, either),
                (f"{at} reversed", Rewrites(at, lambda a: a[::-1]), {INTERNAL, INTERRUPTED, CONTENT, INACCESSIBLE, UNSPECIFIED}, either),
            ]
        for sw in ("6985", "6A84", "FFFF", ""):
            answer = bytes.fromhex(sw)
            cases.append((f"LOAD {sw}", Answers(0xE8, answer), {INTERNAL, INTERRUPTED, CONTENT, INACCESSIBLE, UNSPECIFIED}, touched))
            cases.append((f"INSTALL {sw}", Answers(0xE6, answer), {INTERNAL, INTERRUPTED, CONTENT, INACCESSIBLE, UNSPECIFIED}, either))
        cases += [
            ("nothing executed, all fine", Answers(0xE8, bytes.fromhex("9000")), {INACCESSIBLE}, touched),
            ("R-MAC of one LOAD wrong", Rewrites(INSTALLING, at_index(8, flipped)), {INACCESSIBLE}, touched),
            ("EXTERNAL AUTHENTICATE 6300", Answers(0x82, bytes.fromhex("6300")), {INACCESSIBLE}, either),
            ("everything executed, 6985 told", Rewrites(INSTALLING, lambda a: ["6985"] * len(a)),
             {INTERNAL, INTERRUPTED, CONTENT, INACCESSIBLE, UNSPECIFIED}, either),
            ("a very long answer", Rewrites(INSTALLING, at_index(8, lambda r: "00" * 200_000)), {INACCESSIBLE}, touched),
        ]
        self.in_parallel(self.lie, cases)

    def test_terminate_after_a_failed_deploy(self):
        """Whatever the phone says, what may be on the card is looked for: the Service, and the domain that the issuer made."""
        def lie(manner):
            phone, instance = self.new_instance()
            self.assertNotEqual(phone.deploy(instance, manner)["processInfo"]["executionStatus"], 0)
            self.check_terminate(phone, instance)

        cases = [(f"{at} executed, {name}", Rewrites(at, change)) for at in range(3, INSTALLING + 1)
                 for name, change in (("6985 told", lambda a: ["6985"] * len(a)), ("forged", at_index(-1, flipped)),
                                      ("nothing told", lambda a: []))]
        self.in_parallel(lie, cases)

    def test_another_card(self):
        def swap(at, disguised, statuses):
            other = self.new_card()
            phone, instance = self.new_instance()
            cplc = phone.card.transmit(bytes.fromhex("80CA9F7F00")) if disguised else None
            before = aids(other.registry())
            result = phone.deploy(instance, Swaps(other, at, cplc))
            self.assertIn(result["processInfo"]["executionStatus"], statuses, result)
            self.assertIn(result["serviceInstanceState"], {NOT_DEPLOYED}, result)
            self.assertEqual(aids(other.registry()), before)
            self.check_recovery(phone, instance)

        self.in_parallel(swap, [(f"{at} {'disguised' if d else 'open'}", at, d, {INACCESSIBLE, UNSPECIFIED, INTERRUPTED})
                                for at in range(2, INSTALLING + 1) for d in (False, True)])

    def test_start_is_not_acknowledged(self):
        """AMB-132: 6, the state and the card are untouched, the process is told to the SPOS."""
        forger = Says(1, "UNKNOWN_FAILURE", "x\n2000-01-01T00:00:00.000Z error   device: forged " + "y" * 300_000)
        for name, manner, status in (("polling", Says(1, "POLLING"), INTERRUPTED), ("log forger", forger, INTERRUPTED),
                                     ("listener throws", Says(1, "UNKNOWN_FAILURE", "app broke"), INTERRUPTED),
                                     # The start travels with C-APDUs: only who has taken it can say that there is no card (DIV-109).
                                     ("no card", Says(1, "UNAVAILABLE_SE"), INACCESSIBLE)):
            with self.subTest(name):
                phone, instance = self.new_instance()
                sent = phone.card.sent
                result = phone.deploy(instance, manner)
                self.assertEqual(result["processInfo"]["executionStatus"], status)
                self.assertEqual(result["serviceInstanceState"], NOT_DEPLOYED)
                self.assertEqual(phone.card.sent, sent)
                self.assertLess(len(result["processInfo"]["executionMessage"]), 500)
                self.assertNotIn("\n", result["processInfo"]["executionMessage"])
                stacks.wait_until(lambda: self.spos_of(instance), 20, "the SPOS has no result")
                self.assertEqual(self.state(phone), NOT_DEPLOYED)
        self.assertFalse([line for line in self.log().splitlines() if line.startswith("2000-01-01")])

    def test_names_do_not_forge_log_lines(self):
        forged = "x\n2000-01-01T00:00:00.000Z error   device: forged"
        phone = self.new_phone()
        phone.reader = forged
        with contextlib.suppress(phones.Refused):
            self.create(phone)
        with contextlib.suppress(phones.Refused):
            phone.deploy(forged)
        with contextlib.suppress(phones.Refused):
            phone.ask("getServiceInstances", serviceId=forged)
        with contextlib.suppress(phones.Refused):
            phone.ask("createServiceInstance", serviceId=forged, version=forged)
        self.assertFalse([line for line in self.log().splitlines() if line.startswith("2000-01-01")])

    def test_vanishing(self):
        """After phone_lost_seconds the process ends with 6; until then the instance is taken (AMB-122)."""
        def vanish(at, after, states):
            phone, instance = self.new_instance()
            session = phone.open("deployService", **phones.deployment(instance))
            with self.assertRaises(Vanished):
                session.play(Vanishes(at, after))
            busy = phone.deploy(instance)
            self.assertEqual(busy["processInfo"]["executionStatus"], INVALID_STATE, busy)
            self.assertEqual(busy["processInfo"]["processId"], "")
            result = session.wait_for_result(25)
            self.assertEqual(result["processInfo"]["executionStatus"], INTERRUPTED, result)
            self.assertIn(result["serviceInstanceState"], states)
            self.assertEqual(session.report(void_report())[0] in (200, 404), True)
            self.check_recovery(phone, instance)

        cases = [(f"order {at} after {after}", at, after, {NOT_DEPLOYED} if at < INSTALLING else {IN_ERROR})
                 for at, after in ((1, 0), (2, 0), (2, 1000), (3, 2), (3, 1000), (4, 1), (4, 1000),
                                   (5, 0), (5, 3), (5, 8), (5, 14), (5, 17), (5, 1000))]
        self.in_parallel(vanish, cases, threads=13)

    def test_terminate(self):
        def lie(manner, statuses):
            phone, instance = self.new_instance()
            self.assertEqual(phone.deploy(instance)["serviceInstanceState"], OPERATIONAL)
            result = phone.terminate(instance, manner)
            self.assertIn(result["processInfo"]["executionStatus"], statuses, result)
            if statuses == {0}:
                self.assertEqual(aids(phone.card.registry()), phone.before)
                return
            # A card that has lost our domain has nothing to prove itself by: its instance is for who has the id (AMB-239).
            provable = TSM_DOMAIN in aids(phone.card.registry())
            self.assertIn(self.state(phone), {OPERATIONAL, IN_ERROR} if provable else {0})
            self.check_terminate(phone, instance)

        failures = {INTERNAL, INTERRUPTED, CONTENT, INACCESSIBLE, UNSPECIFIED}
        cases = []
        for at in range(2, 7): # issuer; issuer, rules, and behind them our INITIALIZE UPDATE; deletion; issuer, the domain
            # A forged cryptogram is that of a domain without our keys: its issuer gives it new ones, and the work goes on (DIV-040).
            cases += [(f"{at} unavailable", Says(at, "UNAVAILABLE_SE"), failures),
                      # Behind the issuer's last answer stands that to our SELECT, which only says whether the domain is still there.
                      (f"{at} forged", Rewrites(at, at_index(-2 if at == 6 else -1, flipped)), {0} if at == 3 else failures),
                      (f"{at} no R-MACs", Rewrites(at, lambda a: ["9000"] * len(a)), failures)]
        # What is refused where the rows were certain is looked at, and removed, in the same process (DIV-110).
        cases += [("DELETE 6985", Answers(0xE4, bytes.fromhex("6985"), 4), {0}),
                  ("one DELETE 6985", Answers(0xE4, bytes.fromhex("6985"), 4, False), {0})]
        self.in_parallel(lie, cases)


class Claims(Honest):
    """A phone that says of its card that it is another one; notes what it is asked, without challenges and MACs."""

    def __init__(self, cplc: bytes, domain: bytes | None = None):
        self.cplc, self.domain, self.heard = cplc, domain, []

    def transmit(self, agent, number, index, apdu):
        selects = apdu[1] == 0xA4
        self.heard.append((number, apdu.hex() if selects else apdu[:4].hex()))
        if apdu[:4].hex() == "80ca9f7f":
            return self.cplc
        if selects and self.domain and apdu[4] > 0:
            return self.domain
        return agent.card.transmit(apdu)


def cplc_of(card) -> bytes:
    card.reset()
    return card.transmit(bytes.fromhex("80CA9F7F00"))


class Strangers(HostileCase):
    """AMB-239: what was ever put on a card is shown, changed, moved and forgotten only for a card that proves itself."""

    def rows_of(self, instance: str) -> tuple:
        """The instance and its card, as they are stored."""
        with contextlib.closing(sqlite3.connect(f"file:{self.stack.data / 'instances.db'}?mode=ro", uri=True)) as db:
            return db.execute("SELECT i.document, c.document FROM service_instances i JOIN secure_components c ON c.id = i.card "
                              "WHERE i.id = ?", (instance,)).fetchone()

    def cards_with(self, cplc: bytes) -> list:
        identity = cplc[3:-2].hex().upper()
        return [c for c in json.loads(self.stack.tsms("card", "list", "--json").stdout) if c["identity"] == identity]

    def operational(self):
        phone, instance = self.new_instance()
        self.assertEqual(phone.deploy(instance)["serviceInstanceState"], OPERATIONAL)
        return phone, instance

    def test_a_stranger_changes_nothing_and_learns_nothing(self):
        victim, instance = self.operational()
        known = cplc_of(victim.card)
        unknown = known[:15] + bytes([known[15] ^ 0x5A]) + known[16:]  # the serial number
        before = self.rows_of(instance)
        for domain in (None, bytes.fromhex("9000"), bytes.fromhex("6A82")):  # what he says of a domain of ours
            answers = []
            for cplc in (known, unknown):
                stranger, manner = self.new_phone(), Claims(cplc, domain)
                self.assertEqual(stranger.ask("getServiceInstances", manner, serviceId=self.service)["serviceInstances"], [])
                created = stranger.ask("createServiceInstance", manner, serviceId=self.service, version="1.0.0")
                self.assertEqual((created["executionStatus"], created["serviceInstance"]["state"]), (0, NOT_DEPLOYED), created)
                own = created["serviceInstance"]["id"]
                self.assertNotEqual(own, instance)
                listed = stranger.ask("getServiceInstances", manner, serviceId=self.service)["serviceInstances"]
                self.assertEqual([i["id"] for i in listed], [own])
                ended = [stranger.deploy(own, manner), stranger.terminate(own, manner), stranger.terminate(own, manner)]
                answers.append(([(e["processInfo"]["executionStatus"], e["processInfo"]["executionMessage"].replace(own, "ID"))
                                 for e in ended], manner.heard))
            self.assertEqual(*answers)
            self.assertEqual(answers[0][0][1][0], 0)  # nothing was ever on a card: it changes its own row
        # Where he has learned the id all the same.
        stranger = self.new_phone()
        for manner in (Claims(known), Honest()):
            for function, arguments in (("terminateService", {}), ("terminateService", {}),
                                        ("suspendOrResumeService", {"suspensionControl": True}), ("terminateService", {})):
                refused = stranger.ask(function, manner, serviceInstanceId=instance, **arguments)["processInfo"]
                self.assertIn(refused["executionStatus"], (INACCESSIBLE, UNSPECIFIED), refused)
        self.assertEqual(self.rows_of(instance), before)
        found = victim.instances(self.service)
        self.assertEqual([(i["id"], i["state"]) for i in found], [(instance, OPERATIONAL)])
        self.assertIn("D2760001850101", aids(victim.card.registry()))
        time.sleep(1)
        told = self.spos_of(instance)
        self.assertEqual([(r["serviceStartState"], r["serviceEndState"]) for r in told[1:]], [(OPERATIONAL, OPERATIONAL)] * (len(told) - 1))
        self.check_terminate(victim, instance)

    def test_an_app_installed_anew_finds_its_instance(self):
        victim, instance = self.operational()
        again = phones.Phone(self.stack, victim.card)
        self.assertEqual([i["id"] for i in again.instances(self.service)], [instance])
        refused = again.ask("createServiceInstance", serviceId=self.service, version="1.0.0")
        self.assertEqual((refused["executionStatus"], refused["serviceInstance"]), (8, None), refused)  # AMB-115
        self.check_terminate(victim, instance)

    def test_a_card_that_cannot_prove_itself_is_not_locked_out(self):
        """Its app still has the id, or it gets a new instance; the issuer proves the card, and the two rows are one."""
        cap = self.stack.make_cap("beside.cap", 2000, "D27600018509", ["D2760001850901"])
        other = stacks.publish_service(self.rest, [cap], device_apps=["A" * 40])["service"]["id"]
        victim, instance = self.operational()
        beside = victim.ask("createServiceInstance", serviceId=other, version="1.0.0")["serviceInstance"]["id"]
        self.assertEqual(victim.deploy(beside)["serviceInstanceState"], OPERATIONAL)
        cplc = cplc_of(victim.card)
        mute = Claims(cplc, bytes.fromhex("6A82"))  # as if the domain were gone
        self.assertEqual(victim.ask("getServiceInstances", mute, serviceId=self.service)["serviceInstances"], [])
        created = victim.ask("createServiceInstance", mute, serviceId=self.service, version="1.0.0")
        anew = created["serviceInstance"]["id"]
        self.assertEqual(len(self.cards_with(cplc)), 2)
        self.assertEqual([i["id"] for i in victim.instances(self.service)], [instance])  # the card itself sees its own

        deployed = victim.deploy(anew)
        self.assertEqual((deployed["processInfo"]["executionStatus"], deployed["serviceInstanceState"]), (0, OPERATIONAL), deployed)
        self.assertEqual(len(self.cards_with(cplc)), 1)
        self.assertEqual([(i["id"], i["state"]) for i in victim.instances(self.service)], [(anew, OPERATIONAL)])
        self.assertEqual([(i["id"], i["state"]) for i in victim.instances(other)], [(beside, OPERATIONAL)])
        self.assertEqual(victim.terminate(instance)["processInfo"]["executionStatus"], INVALID_REQUEST)
        self.assertEqual(victim.terminate(anew)["processInfo"]["executionStatus"], 0)
        self.assertIn("D2760001850901", aids(victim.card.registry()))
        self.check_terminate(victim, beside)


class Protocol(HostileCase):
    """SERAM and TSM-API messages that no honest agent sends."""

    def test_reports_are_repeatable(self):
        phone, instance = self.new_instance()
        result = phone.deploy(instance, Repeats(self))
        self.assertEqual((result["processInfo"]["executionStatus"], result["serviceInstanceState"]), (0, OPERATIONAL), result)
        self.check_terminate(phone, instance)

    def test_wrong_cookies(self):
        test = self
        other_phone, other_instance = self.new_instance()
        other = other_phone.open("deployService", **phones.deployment(other_instance))
        other.handshake()

        class Tries(Honest):
            def report(self, agent, number, order, report):
                secret, last = agent.cookie.split("=")[1].split(".")
                for cookie in ("", "tsms-session=", "tsms-session=.", f"tsms-session={secret}", f"tsms-session={secret}.",
                               f"tsms-session={secret}.x", f"tsms-session={secret}.-1", f"tsms-session={secret}.{int(last) + 1}",
                               f"tsms-session={secret}.99999999999999999999999", f"tsms-session={secret[:-1]}.{last}",
                               f"tsms-session={'0' * 32}.{last}", other.cookie, other.cookie.split(".")[0] + "." + last,
                               f"x={secret}.{last}"):
                    test.assertEqual(agent.report(report, cookie=cookie, keep=False)[0], 404, cookie)
                    test.assertEqual(agent.result(cookie=cookie, keep=False)[0] in (404, 202), True)
                if int(last) > 1:
                    test.assertEqual(agent.report(report, cookie=f"tsms-session={secret}.{int(last) - 2}", keep=False)[0], 404)
                return report

        phone, instance = self.new_instance()
        result = phone.deploy(instance, Tries())
        self.assertEqual(result["processInfo"]["executionStatus"], 0, result)
        self.check_terminate(phone, instance)

    def test_malformed_reports_change_nothing(self):
        test = self
        status = {"localAgentStatusEnum": "PROCESSED", "executedSeRamCommands": 1}
        wrong = [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b'{"localAgentStatus":' * 3000, {}, {"localAgentStatus": 5},
                 {"localAgentStatus": {"localAgentStatusEnum": "FINE"}}, {"localAgentStatus": {"localAgentStatusEnum": None}},
                 {"localAgentStatus": status, "ramResponses": {}}, {"localAgentStatus": status, "ramResponses": [7]},
                 {"localAgentStatus": status, "ramResponses": [{"ramResponseType": "seRamResponse"}]},
                 {"localAgentStatus": status, "ramResponses": [{"ramResponseType": "seRamResponse", "listOfRAPDU": ["9"]}]},
                 {"localAgentStatus": status, "ramResponses": [{"ramResponseType": "seRamResponse", "listOfRAPDU": ["zz"]}]},
                 {"localAgentStatus": status, "ramResponses": [{"ramResponseType": "seRamResponse", "listOfRAPDU": [9000]}]},
                 {"localAgentStatus": {**status, "executedSeRamCommands": -1}}]

        class Babbles(Honest):
            def report(self, agent, number, order, report):
                for body in wrong:
                    test.assertEqual(agent.report(body)[0], 400, body)
                test.assertEqual(agent.exchange("GET", f"{agent.path}/remoteManagement?sessionId={agent.id}", None)[0], 405)
                large = {**report, "pad": "x" * (1 << 20)}
                try:
                    test.assertEqual(agent.report(large)[0], 413)
                except OSError:
                    agent.phone.disconnect()  # refused from its head alone
                return {**report, "pad": "x" * 40000}  # its session awaits it

        phone, instance = self.new_instance()
        result = phone.deploy(instance, Babbles())
        self.assertEqual(result["processInfo"]["executionStatus"], 0, result)
        self.check_terminate(phone, instance)

    def test_handshakes(self):
        phone, instance = self.new_instance()
        session = phone.open("deployService", **phones.deployment(instance))
        self.assertEqual(session.handshake(cookie="")[0], 404)
        self.assertEqual(session.exchange("POST", f"{session.path}/handshake?sessionId={session.id}", b"{")[0], 400)
        self.assertEqual(session.exchange("POST", f"{session.path}/handshake?sessionId={session.id}",
                                          {"secureElements": [], "supportedVersions": ["1.0.0"]})[0], 406)
        self.assertEqual(session.handshake(secure_elements=[])[0], 200)  # without the card
        self.assertEqual(session.handshake()[0], 200)
        result = session.play()  # a third one
        self.assertEqual(result["processInfo"]["executionStatus"], 0, result)
        status, _ = session.handshake()
        self.assertEqual(status, 404)  # a session that has ended
        status, _ = session.report(void_report(), keep=False)
        self.assertEqual(status, 404)
        self.check_terminate(phone, instance)

    def test_no_calls(self):
        phone = self.new_phone()
        for body in (b"", b"{", b"null", b"[]", {"serviceCommands": None}, {"handset": {}},
                     {**phones.deployment("x"), "handset": {"callerId": "", "secureComponents": []}},
                     {**phones.deployment("x" * 300), "handset": {"callerId": "3F", "secureComponents": []}},
                     {**phones.deployment("x"), "handset": {"callerId": "3F", "secureComponents": [{"reader": "a", "seType": "eSE"}] * 2}},
                     {"serviceInstanceId": "x", "finalizeDeployment": True, "serviceCommands": [None], "handset": {
                         "callerId": "3F", "secureComponents": []}}):
            status, _, answer = phone.exchange("POST", "/tsm-api/1.0/deployService", body)
            self.assertEqual(status, 400, body)
            self.assertIn("error", json.loads(answer))
        self.assertEqual(phone.exchange("POST", "/tsm-api/1.0/nothing", {})[0], 404)
        self.assertEqual(phone.exchange("GET", "/tsm-api/1.0/deployService", None)[0], 405)

    def test_two_at_once(self):
        """One process per instance (AMB-122): the second waits (AMB-228) and is refused, which does not disturb the first."""
        phone, instance = self.new_instance()
        second, third = phones.Phone(self.stack, phone.card), phones.Phone(self.stack, phone.card)
        test = self

        class Interrupted(Honest):
            def report(self, agent, number, order, report):
                if number != INSTALLING - 1:
                    return report
                with concurrent.futures.ThreadPoolExecutor(2) as pool:
                    for call in (pool.submit(second.deploy, instance), pool.submit(third.terminate, instance)):
                        refused = call.result(20)
                        test.assertEqual(refused["processInfo"]["executionStatus"], INVALID_STATE, refused)
                        test.assertEqual(refused["processInfo"]["processId"], "")
                return report

        self.assertEqual(phone.deploy(instance, Interrupted())["serviceInstanceState"], OPERATIONAL)
        self.check_terminate(phone, instance)

    def test_a_second_waits_for_the_first(self):
        """AMB-228: it begins when the first has ended."""
        phone, instance = self.new_instance()
        second = phones.Phone(self.stack, phone.card)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            later = []

            class Calls(Honest):
                def report(self, agent, number, order, report):
                    if number == INSTALLING - 1:
                        later.append(pool.submit(second.terminate, instance))
                        time.sleep(0.5)
                    return report

            self.assertEqual(phone.deploy(instance, Calls())["serviceInstanceState"], OPERATIONAL)
            ended = later[0].result(20)
        self.assertEqual(ended["processInfo"]["executionStatus"], 0, ended)
        self.assertEqual(aids(phone.card.registry()), phone.before)

    def test_one_card_two_creates(self):
        """AMB-115: one instance of a service on a card, however many ask at once."""
        phone = self.new_phone()

        class Waits(Honest):
            barrier = threading.Barrier(4)

            def report(self, agent, number, order, report):
                if number == 1:
                    self.barrier.wait(20)
                return report

        lock = threading.Lock()

        class Shared:
            atr = phone.card.atr

            def reset(self):
                pass

            def transmit(self, apdu):
                with lock:
                    return phone.card.transmit(apdu)

        askers = [phones.Phone(self.stack, Shared()) for _ in range(4)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda p: p.ask("createServiceInstance", Waits(), serviceId=self.service, version="1.0.0"), askers))
        self.assertEqual(sorted(r["executionStatus"] for r in results), [0, 8, 8, 8], results)
        self.assertEqual(len(phone.instances(self.service)), 1)

    def test_twenty_handsets(self):
        def life():
            phone, instance = self.new_instance()
            self.check_recovery(phone, instance)

        self.in_parallel(life, [(f"handset {n}",) for n in range(20)], threads=20)

    def test_floods(self):
        """Open sessions, slow clients and large bodies: others are served meanwhile."""
        phone = self.new_phone()
        for _ in range(300):
            phone.call("getServiceInstances", serviceId=self.service)
        slow = []
        for _ in range(100):
            s = phone.context.wrap_socket(socket.create_connection(("localhost", self.stack.device_port)), server_hostname="localhost")
            s.sendall(b"POST /tsm-api/1.0/deployService HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
            slow.append(s)
        silent = [socket.create_connection(("localhost", self.stack.device_port)) for _ in range(100)]
        for size in (1 << 20, 1 << 30):
            s = phone.context.wrap_socket(socket.create_connection(("localhost", self.stack.device_port)), server_hostname="localhost")
            with contextlib.suppress(OSError):
                s.sendall(f"POST /tsm-api/1.0/deployService HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size + 1}\r\n\r\n".encode()
                          + b"x" * 70000)
            slow.append(s)
        began = time.monotonic()
        other, instance = self.new_instance()
        self.check_recovery(other, instance)
        self.assertLess(time.monotonic() - began, 15)
        status = pathlib.Path(f"/proc/{self.device.process.pid}/status").read_text()
        self.assertLess(int(re.search(r"VmRSS:\s+(\d+)", status)[1]), 300_000, "resident kilobytes")
        for s in slow + silent:
            s.close()

    def test_too_many_calls_at_once_get_503_or_an_answer(self):
        phone = self.new_phone()

        def ask():
            asker = phones.Phone(self.stack, None)
            status, answer, _ = asker.call("terminateService", serviceInstanceId="00000000-0000-4000-8000-000000000000")
            self.assertIn(status, (200, 503))
            return status

        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            answers = list(pool.map(lambda _: ask(), range(150)))
        self.assertIn(200, answers)
        self.assertEqual(phone.instances(self.service), [])


class CallsAtOnce(HostileCase):
    """Calls that wait behind a process which nobody reports to take no more places than their address has."""

    options = {**HostileCase.options, "calls_at_once": 4, "calls_at_once_per_address": 2}

    def operations(self, path: str) -> tuple:
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.ops_port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def terminate_from(self, address: str, phone, instance: str) -> tuple:
        body = {"serviceInstanceId": instance, "handset": {"callerId": phone.caller, "secureComponents": [
            {"reader": phone.reader, "seType": "eSE", "atr": phone.card.atr.hex().upper()}]}}
        connection = http.client.HTTPSConnection("localhost", self.stack.device_port, context=phone.context, timeout=40,
                                                 source_address=(address, 0))
        with contextlib.closing(connection):
            connection.request("POST", "/tsm-api/1.0/terminateService", body=json.dumps(body),
                               headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers["Retry-After"]

    def test_one_address_leaves_places_for_others(self):
        phone, instance = self.new_instance()
        other = self.new_phone()
        process = phone.open("terminateService", serviceInstanceId=instance)  # and says nothing
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            parked = [pool.submit(self.terminate_from, "127.0.0.2", phone, instance) for _ in range(6)]
            stacks.wait_until(lambda: sum(p.done() for p in parked) == 4, 5, "not four of the stranger's calls are refused")
            self.assertEqual([p.result() for p in parked if p.done()], [(429, "2")] * 4)
            self.assertEqual(other.instances(self.service), [])
            self.assertEqual(self.operations("/ready")[0], 200)
            parked += [pool.submit(self.terminate_from, "127.0.0.3", phone, instance) for _ in range(2)]
            stacks.wait_until(lambda: "tsms_calls_at_once 4\n" in self.operations("/metrics")[1], 5, "it is not full")
            status, answer = self.operations("/ready")
            self.assertEqual((status, json.loads(answer)["status"]), (503, "full"))
            self.assertEqual(self.terminate_from("127.0.0.1", phone, instance), (503, "2"))
            metrics = self.operations("/metrics")[1]
            for line in ('calls_refused_total{reason="address"} 4\n', 'calls_refused_total{reason="full"} 1\n'):
                self.assertIn(line, metrics)
            process.play()
            for call in parked:
                call.result(40)
        lines = [line for line in self.log().splitlines() if "device.calls_at_once" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("call from 127.0.0.2 refused", lines[0])
        self.assertEqual(self.state(phone), 0)


class Limits(HostileCase):
    """What one address may ask, and what an operator does about a card."""

    options = {**HostileCase.options, "calls_per_address": 10, "sessions_per_address": 8, "first_report_seconds": 5}

    def test_too_many_calls_from_one_address(self):  # the last one: it takes the others' tokens
        phone = self.new_phone()
        answers = [phone.call("terminateService", serviceInstanceId="00000000-0000-4000-8000-000000000000")[0] for _ in range(160)]
        self.assertEqual(set(answers), {200, 429})
        self.assertEqual(set(answers[:40]), {200})
        status, headers, answer = phone.exchange("POST", "/tsm-api/1.0/terminateService", {
            "serviceInstanceId": "x", "handset": {"callerId": "3F" * 32, "secureComponents": [{"reader": "a", "seType": "eSE"}]}})
        self.assertEqual((status, headers["Retry-After"]), (429, "1"), answer)
        enough = threading.Event()

        def keep_asking():  # or a token comes back before the program has started
            asker = phones.Phone(self.stack, None)
            while not enough.is_set():
                asker.call("terminateService", serviceInstanceId="00000000-0000-4000-8000-000000000000")

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            askers = [pool.submit(keep_asking) for _ in range(4)]
            try:
                told = self.stack.handset(self.stack.card("limited.card"), "instances", self.service, check=False)
            finally:
                enough.set()
            for asker in askers:
                asker.result(30)
        self.assertEqual(told["executionStatus"], TSM_NOT_AVAILABLE, told)
        stacks.wait_until(lambda: phone.call("getServiceInstances", serviceId=self.service)[0] == 200, 10, "no token again")

    def test_sessions_of_one_address_are_bounded(self):
        """DIV-037: handsets that never come to their sessions keep nobody out for long."""
        phone, instance = self.new_instance()
        process = phone.open("terminateService", serviceInstanceId=instance)
        answers = [phone.call("getServiceInstances", serviceId=self.service)[0] for _ in range(9)]
        self.assertEqual(answers, [200] * 7 + [429] * 2)
        _, headers, answer = phone.exchange("POST", "/tsm-api/1.0/getServiceInstances", {
            "serviceId": self.service, "handset": {"callerId": phone.caller, "secureComponents": [{"reader": "a", "seType": "eSE"}]}})
        self.assertEqual(headers["Retry-After"], "10", answer)
        self.assertIn("sessions", json.loads(answer)["error"])
        stacks.wait_until(lambda: self.spos_of(instance), 15, "the process has not ended")
        time.sleep(2)
        self.assertEqual(process.handshake()[0], 404)
        self.check_recovery(phone, instance)

    def card(self, *arguments, check: bool = True):
        return self.stack.tsms("card", *arguments, check=check)

    def card_of(self, instance: str) -> str:
        cards = json.loads(self.card("list", "--json").stdout)
        return next(c["id"] for c in cards if instance in [i["id"] for i in c["instances"]])

    def test_quarantine_and_release(self):
        """Two answered refusals quarantine the card (hazard 13): nothing more is tried until the operator releases it."""
        phone, instance = self.new_instance()
        identity = self.card_of(instance)
        for order in (INSTALLING, INSTALLING - 1):  # the second time the issuer need not create the TSM's domain
            result = phone.deploy(instance, Answers(0x82, bytes.fromhex("6300"), order))
            self.assertEqual(result["processInfo"]["executionStatus"], INACCESSIBLE, result)
        self.assertEqual(json.loads(self.card("show", "--card", identity).stdout)["condition"], "quarantined")
        before = phone.card.sent
        result = phone.deploy(instance)
        self.assertEqual(result["processInfo"]["executionStatus"], INACCESSIBLE, result)
        self.assertIn("tsms card release", result["processInfo"]["executionMessage"])
        self.assertNotEqual(result["processInfo"]["processId"], "")  # AMB-131: a process that the SPOS hears of
        self.assertEqual(phone.card.sent, before)
        refused = self.card("release", "--card", "nobody", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("tsms card list", refused.stderr)
        self.assertEqual(json.loads(self.card("release", "--card", identity, "--json").stdout)["strikes"], 0)
        self.check_recovery(phone, instance)

    def test_the_operator_says_whose_a_card_is(self):
        """DIV-032: claims decide until an issuer has proven the card; an issuer that cards need is not removed."""
        phone, instance = self.new_instance()
        identity = self.card_of(instance)
        shown = json.loads(self.card("show", "--card", identity, "--json").stdout)
        self.assertEqual((shown["issuer"], shown["basis"]), ("lab", "claimed"))
        refused = self.card("assign", "--card", identity, "--issuer", "nobody", check=False)
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn("tsms issuer list", refused.stderr)
        for which, name, issuer, part in (("--of", "nobody", "lab", "no secure component has an issuer ‘nobody’"),
                                          ("--of", "lab", "nobody", "there is no issuer ‘nobody’"),
                                          ("--of", "nobody", "nobody", "tsms issuer list"),
                                          ("--of", "", "lab", "--of is empty"), ("--card", "", "lab", "--card is empty")):
            refused = self.card("assign", which, name, "--issuer", issuer, "--json", check=False)
            self.assertEqual(refused.returncode, 1, (which, name, issuer))
            self.assertIn(part, json.loads(refused.stdout)["error"])
            self.assertIn(part, refused.stderr)
        cards = self.stack.folder / "none.json"
        cards.write_text('{"cplc": ["FFFFFFFF"]}')
        self.stack.tsms("issuer", "add", "--name", "other", "--url", "https://127.0.0.1:1", "--ca", self.stack.ca,
                        "--transport-key-file", self.stack.folder / "issuer-tls" / "transport-key", "--cards", cards)
        moved = json.loads(self.card("assign", "--card", identity, "--issuer", "other", "--json").stdout)
        self.assertEqual((moved["issuer"], moved["basis"]), ("other", "assigned"))
        result = phone.deploy(instance)  # there is no issuer at that address
        self.assertEqual(result["processInfo"]["executionStatus"], 3, result)
        refused = self.stack.tsms("issuer", "remove", "--name", "other", check=False)
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn("1 secure components", refused.stderr)
        self.assertIn("tsms card assign", refused.stderr)
        self.assertEqual(json.loads(self.card("assign", "--of", "other", "--issuer", "lab", "--json").stdout), {"assigned": 1})
        self.stack.tsms("issuer", "remove", "--name", "other")
        self.check_recovery(phone, instance)
        phone, instance = self.new_instance()
        identity = self.card_of(instance)
        self.assertEqual(phone.deploy(instance)["processInfo"]["executionStatus"], 0)
        self.assertEqual(json.loads(self.card("show", "--card", identity, "--json").stdout)["basis"], "proven")
        self.stack.tsms("issuer", "add", "--name", "other", "--url", "https://127.0.0.1:1", "--ca", self.stack.ca,
                        "--transport-key-file", self.stack.folder / "issuer-tls" / "transport-key", "--cards", cards)
        refused = self.card("assign", "--card", identity, "--issuer", "other", check=False)
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn("--force", refused.stderr)
        self.stack.tsms("issuer", "remove", "--name", "other")
        phone.terminate(instance)

    def test_a_second_device_role_is_refused(self):
        """It would end the processes of the first as if they had been left by a crash (AMB-122, AMB-228)."""
        phone, instance = self.new_instance()
        test = self

        class Starts(Honest):
            def report(self, agent, number, order, report):
                if number == INSTALLING - 1:
                    second = test.stack.tsms("serve", "--role", "device", check=False)
                    test.assertEqual(second.returncode, 1)
                    test.assertIn("another tsms runs the device role", second.stderr)
                return report

        self.assertEqual(phone.deploy(instance, Starts())["serviceInstanceState"], OPERATIONAL)
        self.assertEqual(self.state(phone), OPERATIONAL)
        self.check_terminate(phone, instance)

    def test_the_operator_is_faster_than_a_phone(self):
        """DIV-041: between the question which card is where, and its answer."""
        def ask_in_another_reader(phone, happens, function, **arguments):
            class Happens(Honest):
                def report(self, agent, number, order, report):
                    if number == 1:
                        happens()
                    return report

            moved = phones.Phone(self.stack, phone.card, "another name")
            return moved.ask(function, Happens(), **arguments)

        phone, instance = self.new_instance()
        self.assertEqual(phone.deploy(instance)["serviceInstanceState"], OPERATIONAL)
        identity = self.card_of(instance)
        told = ask_in_another_reader(phone, lambda: self.card("lost", "--card", identity), "suspendOrResumeService",
                                     serviceInstanceId=instance, suspensionControl=True)
        self.assertEqual(told["processInfo"]["executionStatus"], 4, told)
        self.assertEqual(phone.instances(self.service), [])
        shown = json.loads(self.card("show", "--card", identity, "--json").stdout)
        self.assertEqual((shown["instances"], [t["id"] for t in shown["tombstones"]]), ([], [instance]))
        self.check_recovery(phone, self.create(phone))

        phone, instance = self.new_instance()
        identity = self.card_of(instance)
        told = ask_in_another_reader(phone, lambda: self.card("assign", "--card", identity, "--issuer", "lab"), "terminateService",
                                     serviceInstanceId=instance)
        self.assertEqual(told["processInfo"]["executionStatus"], 0, told)
        self.assertEqual(json.loads(self.card("show", "--card", identity, "--json").stdout)["basis"], "assigned")

    def test_reconcile(self):
        """A card that was changed behind our back: the next process looks first."""
        phone, instance = self.new_instance()
        self.assertEqual(phone.deploy(instance)["serviceInstanceState"], OPERATIONAL)
        card = self.card_of(instance)
        test = self

        class Asks(Honest):
            def report(self, agent, number, order, report):
                if number == 3:
                    refused = test.card("reconcile", "--card", card, check=False)
                    test.assertNotEqual(refused.returncode, 0)
                    test.assertIn("a process works", refused.stderr)
                return report

        self.assertEqual(phone.ask("suspendOrResumeService", Asks(), serviceInstanceId=instance, suspensionControl=True)
                         ["processInfo"]["executionStatus"], 0)
        self.card("reconcile", "--card", card)
        self.assertEqual(json.loads(self.card("show", "--card", card).stdout)["condition"], "in doubt")
        self.check_terminate(phone, instance)


# -- the power supply, the issuer ------------------------------------------------------------------------------------------------------


class Kill(Honest):
    """Kills the server when one order has been executed to one command, or when its report has been sent."""

    def __init__(self, case, at: int, after: int = 1000):
        self.case, self.at, self.after = case, at, after

    def kill(self):
        self.case.kill_device()
        raise Vanished

    def transmit(self, agent, number, index, apdu):
        if number == self.at and index == self.after:
            self.kill()
        return agent.card.transmit(apdu)

    def report(self, agent, number, order, report):
        if number == self.at:
            if self.after == 1001:  # the report arrives, the answer never does
                threading.Timer(random.Random(number).uniform(0, 0.03), self.case.kill_device).start()
                with contextlib.suppress(Exception):
                    agent.report(report)
                time.sleep(0.05)
                raise Vanished
            self.kill()
        return report


class Crashes(HostileCase):
    """The phone does not come back: its process ends when it is lost (DIV-108; restart_test has those that come back)."""

    def crash(self, function: str, at: int, after: int):
        phone, instance = self.new_instance()
        if function == "terminate":
            self.assertEqual(phone.deploy(instance)["serviceInstanceState"], OPERATIONAL)
        with self.assertRaises(Vanished):
            getattr(phone, function)(instance, Kill(self, at, after))
        phone.disconnect()
        self.start_device()
        return phone, instance

    def check_crashed(self, function: str, at: int, phone, instance: str):
        state = self.state(phone)
        if function == "deploy":
            self.assertIn(state, {NOT_DEPLOYED} if at < INSTALLING - 1 else {NOT_DEPLOYED, IN_ERROR, OPERATIONAL})
            if state == OPERATIONAL or at % 2:
                self.check_terminate(phone, instance)
            else:
                self.check_recovery(phone, instance)
        else:
            self.assertIn(state, {OPERATIONAL, IN_ERROR, NOT_DEPLOYED, 0})
            if state != 0:
                self.check_terminate(phone, instance)
            self.assertEqual(aids(phone.card.registry()), phone.before)
        self.check_spos(instance)

    def crash_all(self, function: str, moments):
        """One after the other, and then they wait together."""
        crashed = [(at, after, *self.crash(function, at, after)) for at, after in moments]
        self.wait_until_phones_are_lost()
        for at, after, phone, instance in crashed:
            with self.subTest(order=at, after=after):
                self.check_crashed(function, at, phone, instance)
            phone.disconnect()

    def check_spos(self, instance: str):
        """Each process once, none contradicts the next."""
        def chain():  # results may overtake each other: each is a delivery of its own
            results = sorted(self.spos_of(instance), key=lambda r: r["startDate"])
            states = [(r["serviceStartState"], r["serviceEndState"]) for r in results]
            whole = states and states[0][0] == states[-1][1] == NOT_DEPLOYED and all(a[1] == b[0] for a, b in zip(states, states[1:]))
            return results if whole else None

        results = stacks.wait_until(chain, 20, f"the SPOS's results of {instance} contradict each other: {self.spos_of(instance)}")
        self.assertEqual(len({r["processId"] for r in results}), len(results))

    def test_kill_in_deploy(self):
        self.crash_all("deploy", ((1, 1001), (2, 3), (3, 1000), (3, 1001), (4, 2), (4, 1001), (5, 0), (5, 9), (5, 16), (5, 1000), (5, 1001)))

    def test_kill_in_terminate(self):
        self.crash_all("terminate", ((2, 1000), (3, 1001), (4, 1), (4, 5), (4, 1001), (5, 1000), (5, 1001)))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class FakeIssuer:
    """Listens where the issuer did, with its certificate, and answers as it likes."""

    def __init__(self, stack, manner):
        folder = stack.folder / "issuer-tls"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "issuer.pem", folder / "issuer-key.pem")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with contextlib.suppress(OSError):
                    manner(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", stack.issuer_port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def answer_with(status: int, body: bytes, delay: float = 0):
    def manner(handler):
        time.sleep(delay)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return manner


def drip(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.5)


def hang_up(handler):
    handler.close_connection = True
    handler.connection.close()


class Issuers(HostileCase):
    options = {**HostileCase.options, "issuer_wait_seconds": 10}

    def with_issuer(self, manner):
        fake = FakeIssuer(self.stack, manner)
        try:
            phone, instance = self.new_instance()
            result = phone.deploy(instance)
        finally:
            fake.stop()
        return phone, instance, result

    def test_bad_answers(self):
        self.stack.issuer.stop()
        self.stack.processes.remove(self.stack.issuer)
        waiting = []
        for name, manner, statuses in (
                ("garbage", answer_with(200, b"\x00garbage"), {UNSPECIFIED}),
                ("no session", answer_with(201, b"{}"), {UNSPECIFIED}),
                ("a session id of a megabyte", answer_with(201, b'{"sessionID": "' + b"x" * 1_000_000 + b'"}'), {UNSPECIFIED}),
                ("log forger", answer_with(404, b'{"error": "\\n2000-01-01T00:00:00.000Z error   device: forged"}'), {UNSPECIFIED}),
                ("500", answer_with(500, b""), {UNSPECIFIED}), ("503", answer_with(503, b""), {NETWORK}),
                ("409", answer_with(409, b""), {UNSPECIFIED}), ("hang up", hang_up, {NETWORK, UNSPECIFIED})):
            with self.subTest(name):
                phone, instance, result = self.with_issuer(manner)
                self.assertIn(result["processInfo"]["executionStatus"], statuses, result)
                self.assertEqual(result["serviceInstanceState"], NOT_DEPLOYED)
                waiting.append((phone, instance))
        self.assertFalse([line for line in self.log().splitlines() if line.startswith("2000-01-01")])
        self.stack.start_issuer()
        for phone, instance in waiting:
            self.check_recovery(phone, instance)

    def test_killed_in_its_session(self):
        for at in (2, 3, 4):
            with self.subTest(order=at):
                phone, instance = self.new_instance()

                class Stops(Honest):
                    def report(self, agent, number, order, report, at=at, case=self):
                        if number == at:
                            case.stack.issuer.kill()
                            case.stack.processes.remove(case.stack.issuer)
                        return report

                try:
                    result = phone.deploy(instance, Stops())
                finally:
                    self.stack.start_issuer()
                self.assertEqual(result["processInfo"]["executionStatus"], NETWORK, result)
                self.assertEqual(result["serviceInstanceState"], NOT_DEPLOYED)
                self.check_recovery(phone, instance)


class Stops(HostileCase):
    """SIGTERM in the middle of deploys: exit code 0 within 5 s, and afterwards everything goes on."""

    def stop_device(self) -> float:
        began = time.monotonic()
        self.device.process.send_signal(signal.SIGTERM)
        self.stack.processes.remove(self.device)
        code = self.device.process.wait(20)
        self.assertEqual(code, 0, self.device.log()[-2000:])
        return time.monotonic() - began

    def test_in_the_middle_of_deploys(self):
        started = [self.new_instance() for _ in range(8)]
        arrived = threading.Barrier(9)

        class Waits(Honest):
            def __init__(self, at):
                self.at = at

            def report(self, agent, number, order, report):
                if number == self.at:
                    arrived.wait(30)
                    time.sleep(random.Random(self.at).uniform(0, 0.05))
                return report

        def deploy(n):
            phone, instance = started[n]
            with contextlib.suppress(AssertionError, OSError, http.client.HTTPException, phones.Refused, TimeoutError, ValueError):
                return phone.deploy(instance, Waits(1 + n % 5))

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            running = [pool.submit(deploy, n) for n in range(8)]
            arrived.wait(30)
            self.assertLess(self.stop_device(), 5)
            for r in running:
                r.result(60)
        self.start_device()
        self.wait_until_phones_are_lost()
        for phone, instance in started:
            phone.disconnect()
            self.assertIn(self.wait_for_state(phone, {NOT_DEPLOYED, IN_ERROR, OPERATIONAL}), {NOT_DEPLOYED, IN_ERROR, OPERATIONAL})
            if self.state(phone) == OPERATIONAL:
                self.check_terminate(phone, instance)
            else:
                self.check_recovery(phone, instance)

    def test_while_an_issuer_is_slow(self):
        self.stack.issuer.stop()
        self.stack.processes.remove(self.stack.issuer)
        self.addCleanup(self.stack.start_issuer)
        for name, manner in (("silent", answer_with(200, b"{}", 30)), ("drips", drip)):
            with self.subTest(name):
                fake = FakeIssuer(self.stack, manner)
                phone, instance = self.new_instance()
                session = phone.open("deployService", **phones.deployment(instance))

                def deploy():
                    with contextlib.suppress(Exception):
                        session.play()

                thread = threading.Thread(target=deploy)
                thread.start()
                time.sleep(1)
                try:
                    self.assertLess(self.stop_device(), 5)
                finally:
                    fake.stop()
                    thread.join(60)
                    self.start_device()
                phone.disconnect()
                self.wait_until_phones_are_lost()
                self.assertEqual(self.state(phone), NOT_DEPLOYED)

    def test_secrets_stay_secret(self):
        """No key, token or credential in a log; no file that others can read holds one."""
        phone, instance = self.new_instance()
        self.check_recovery(phone, instance)
        told = self.stack.issuer.announcement()
        secrets = [told["transportKey"], self.rest.token, (self.stack.data / "vault.key").read_bytes().hex()]
        logs = self.log() + self.stack.rest_role.log() + self.stack.rest_role.output()
        for secret in secrets:
            self.assertNotIn(secret.lower(), logs.lower())
        for path in self.stack.data.rglob("*"):
            if path.name.endswith((".db", ".db-wal", ".key", ".db-shm")) or path.name.endswith("-key.pem"):
                self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, f"{path.name} is readable for others")


if __name__ == "__main__":
    stacks.main(verbosity=2)
