#!/usr/bin/env python3
"""What happened, for an operator (TR 3.5.1): for each fault that the lab can make, the trace of the process names it. And what must not
stand in a log does not: keys, what a provider gives an application, an issuer's commands."""

import hashlib
import json
import re
import sqlite3

import phone as phones
import stack
from phone import Honest, Vanished
from story_test import NOT_DEPLOYED, StoryCase

PROFILE = "tsms-lab jc305"
INTERNAL, NETWORK, INTERRUPTED, CONTENT, INACCESSIBLE, NO_CHANNEL, UNSPECIFIED = 2, 3, 6, 7, 9, 10, 100
INSTALLING = 5  # the order of a first deploy that installs; 2 to 4 are the issuer's

LOAD, FOR_LOAD = "LOAD: block ", "INSTALL [for load]: package D27600018901 for domain D27600016354534D0001"
ISSUER = "the issuer of the secure component could not work on it"

# Faults over a first deploy (docs/lab.md): SPEC, executionStatus, words of the cause, and the command that is marked, where one is: a command
# that was pretended, or whose answer was forged, looks like any other.
FAULTS = [
    ("sw6A84@load:2", CONTENT, "not enough memory (LOAD), status word 6A84", LOAD + "1"),
    ("sw6700@load", INTERNAL, "card refused the length of a command", LOAD + "0"),
    ("sw6A80@put-key:1-", INTERNAL, "card refused the keys (keyForm, keyBits of the profile) (PUT KEY), status word 6A80", "PUT KEY"),
    ("sw6982@external-authenticate", INACCESSIBLE, ISSUER + ": EXTERNAL AUTHENTICATE: security domain rejected our authentication",
     "command of the issuer"),
    ("mute@select", INTERRUPTED, "the card does not answer (fault mute@select)", "SELECT: the default application"),
    ("mute@initialize-update:2", INTERRUPTED, "the card does not answer", "INITIALIZE UPDATE: key version 30"),
    ("mute@install-for-load", INTERRUPTED, "transmission to the secure component failed (INSTALL [for load])", FOR_LOAD),
    ("tear-before@load:1", INACCESSIBLE, "the card lost its power (fault tear-before@load:1)", LOAD + "0"),
    ("tear-after@install-for-load", INACCESSIBLE, "the card lost its power (fault tear-after@install-for-load)", FOR_LOAD),
    ("pretend@install-for-load,pretend@load:1-", CONTENT, "load file or module is not on the card (INSTALL [for install])",
     "INSTALL [for install]: application D2760001890101"),
    ("pretend@install-for-install", CONTENT, "application is not on the card (INSTALL [for make selectable])",
     "INSTALL [for make selectable]: D2760001890101"),
    ("pretend@put-key:1-", INACCESSIBLE, "the new key set is not in the TSM's security domain", None),
    ("pretend@external-authenticate", INACCESSIBLE, ISSUER + ": GET DATA: secure channel was lost", "command of the issuer"),
    ("forge6A80@install-for-load", CONTENT, "the package may be present (INSTALL [for load]), status word 6A80", FOR_LOAD),
    ("none&access=omapi-busy", NO_CHANNEL, "no logical channel to the secure component is free", "SELECT: the default application"),
    ("none&access=omapi-denied", INACCESSIBLE, "app not authorized to access SC", "SELECT: the default application"),
    ("forge9000@load:2&access=hostile", INACCESSIBLE, "(LOAD)", None),
    ("bad-rmac@load:1", INACCESSIBLE, "wrong R-MAC: the response was changed", None),
    ("short-rmac@load:1", INACCESSIBLE, "(LOAD)", None),
    ("cut1@load:1", INACCESSIBLE, "response without status word (LOAD)", LOAD + "0"),
    ("noise@load:1,seed3", INACCESSIBLE, "wrong R-MAC: the response was changed, or belongs to another command (LOAD)", None),
    ("replay@load:2", INACCESSIBLE, "wrong R-MAC: the response was changed, or belongs to another command (LOAD)", None),
    ("lie9F7F=00112233@get-data", INACCESSIBLE, "the authenticated secure component is another one than the instance's", None),
    ("hideE3@get-status", INACCESSIBLE, "is not in the card's registry", None),
    ("lieCC=A000000151000000@get-status", CONTENT, "is associated with another security domain according to the card's registry", None),
    ("stale@get-status", INACCESSIBLE, "is not in the card's registry", None),
    ("patch1=000000@put-key", INACCESSIBLE, "the card confirms other keys than were sent", None),
    ("patch12=00@initialize-update", INACCESSIBLE, "response to INITIALIZE UPDATE has another length", None),
]

# What an issuer of the lab says although it is not so (docs/lab.md), over a first deploy; "i" and "no-rules" let it succeed.
LIES = [
    ("identity", INACCESSIBLE, "the issuer has authenticated another secure component than the phone named"),
    ("aid", UNSPECIFIED, "the issuer has created security domain D27600016354534D0000 instead of D27600016354534D0001"),
    ("privileges", UNSPECIFIED, "the issuer has created the TSM's security domain without Authorized Management"),
    ("key-version", INACCESSIBLE, "nor those that its issuer has given it now: security domain has no keys of this version"),
    ("check-values", INTERNAL, "inside the TSM: "),
    ("keys", INACCESSIBLE, "the card challenge does not follow from our key and the sequence counter"),
    ("no-domain", INACCESSIBLE, "the secure component says that the TSM's security domain is not on it any more"),
]


class TraceStack(stack.Stack):
    def init(self, *arguments):
        super().init(*arguments)
        self.configure("device", phone_lost_seconds=10, long_poll_seconds=2, calls_per_address=10000, calls_per_app=10000,
                       unproven_per_address=10000, unproven_per_card=10000)


class TraceCase(StoryCase):
    stack_class = TraceStack

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cap = cls.stack.make_cap("faults.cap", 2000, "D27600018901", ["D2760001890101"])
        cls.published = stack.publish_service(cls.rest, [cap], profiles=[PROFILE], device_apps=["A" * 64])
        cls.cards = 0

    def new_card(self) -> str:
        type(self).cards += 1
        return self.stack.card(f"{self.cards}.card")

    def text(self, *arguments) -> str:
        return self.stack.tsms("trace", *arguments).stdout

    def trace(self, *arguments) -> dict:
        return json.loads(self.text(*arguments, "--json"))

    def process(self, info: dict) -> dict:
        found = self.trace(info["processId"])
        self.assertEqual(found["of"], "process")
        (process,) = found["processes"]
        self.assertEqual((process["process"], process["status"]), (info["processId"], info["executionStatus"]))
        return process

    def check_named(self, info: dict, status: int, words: str):
        """The trace, after its cause, its remedy and its text were looked at."""
        self.assertEqual(info["executionStatus"], status, info)
        process = self.process(info)
        self.assertIn(words, process["cause"])
        self.assertTrue(process["remedy"])
        text = self.text(info["processId"])
        self.assertIn(f"  Cause:  {process['cause']}\n", text)
        self.assertIn(f"  Remedy: {process['remedy']}\n", text)
        self.assertRegex(text, r"· deployService: install, activate, finalize; app [0-9A-F]{40,64}, anonymous")
        self.assertEqual("✘ " in text, any(line.get("failed") or line["what"] == "ending" for line in process["lines"]))
        return process


class Faults(TraceCase):
    def test_each_fault_of_a_card_is_named(self):
        for spec, status, words, failed in FAULTS:
            with self.subTest(spec):
                card = self.new_card()
                instance = self.create(card, self.published)
                done = self.deploy(card + "&faults=" + spec, instance, check=False)
                process = self.check_named(done["processInfo"], status, words)
                marked = [line["text"] for line in process["lines"] if line.get("failed")]
                self.assertEqual(len(marked), 0 if failed is None else 1, marked)
                if failed is not None:
                    self.assertTrue(marked[0].startswith(failed), marked)

    def test_a_phone_that_goes_is_named(self):
        class Goes(Honest):
            def report(self, agent, number, order, report):
                if number == INSTALLING:
                    raise Vanished
                return report

        card = phones.Card(self.stack, "goes.card")
        self.addCleanup(card.close)
        phone = phones.Phone(self.stack, card)
        self.addCleanup(phone.disconnect)
        instance = phone.ask("createServiceInstance", serviceId=self.published["service"]["id"], version="1.0.0")["serviceInstance"]["id"]
        with self.assertRaises(Vanished):
            phone.deploy(instance, Goes())
        running = self.trace(instance)["processes"][-1]
        self.assertEqual((running["ended"], running["status"]), (None, None))
        self.assertIn("it runs", running["remedy"])

        def ended():
            process = self.trace(instance)["processes"][-1]
            return process if process["ended"] else None

        process = stack.wait_until(ended, 30, "the process does not end")
        self.assertEqual(process["status"], INTERRUPTED)
        self.assertIn("connection to the handset was lost", process["cause"])
        self.assertIn("transmission ended: the phone is gone", [line["text"] for line in process["lines"] if line["what"] == "ending"][-1])

    def test_issuers_that_lie_or_are_gone_are_named(self):
        for lie, status, words in LIES:
            with self.subTest(lie):
                self.stack.issuer.stop()
                self.stack.start_issuer("--lie", lie)
                card = self.new_card()
                done = self.deploy(card, self.create(card, self.published), check=False)
                self.check_named(done["processInfo"], status, words)
        self.stack.issuer.stop()
        card = self.new_card()
        done = self.deploy(card, self.create(card, self.published), check=False)
        process = self.check_named(done["processInfo"], NETWORK, "the issuer of the secure component cannot be reached")
        self.assertIn("tsms issuer ping", process["remedy"])
        self.stack.start_issuer()


class Whole(TraceCase):
    def files(self) -> dict:
        return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in self.stack.data.iterdir()
                if f.name.startswith("instances.db") and not f.name.endswith("-shm")}

    def test_a_life_is_kept_with_its_end_and_read_without_a_server(self):
        card = self.new_card()
        instance = self.create(card, self.published)
        processes = [self.deploy(card, instance)["processInfo"]["processId"]]
        for call in ("suspend", "resume", "terminate"):
            done = self.stack.handset(card, call, instance)
            self.assertEqual(done["processInfo"]["executionStatus"], 0, done)
            processes.append(done["processInfo"]["processId"])
        self.assertEqual(self.stack.handset(card, "instances", self.published["service"]["id"])["serviceInstances"], [])

        found = self.trace(instance)  # gone for apps, and its log is kept
        self.assertEqual((found["of"], [p["process"] for p in found["processes"]]), ("instance", processes))
        of_card = self.trace(found["processes"][0]["card"])
        self.assertEqual((of_card["of"], [p["process"] for p in of_card["processes"]]), ("card", processes))
        self.assertEqual([p["process"] for p in self.trace(instance, "--processes", "2")["processes"]], processes[2:])
        for process, words in zip(found["processes"], ("deployService: install", "suspendOrResumeService: suspend",
                                                       "suspendOrResumeService: resume", "terminateService")):
            said = [line["text"] for line in process["lines"] if line["what"] == "remark"]
            self.assertTrue(said[0].startswith(words), said)
            self.assertTrue(said[-1].startswith("ends, status 0"), said)
            self.assertEqual((process["status"], process["cause"], process["remedy"]), (0, "", ""))
            self.assertTrue(all(line["answer"] for line in process["lines"] if line["what"] == "command"))
        self.assertIn("the issuer is asked: create security domain D27600016354534D0001, add 1 access rule",
                      [line["text"] for line in found["processes"][0]["lines"]])
        self.assertTrue(any(line["text"].startswith("DELETE [card content]: D2760001890101") for line in found["processes"][3]["lines"]))
        self.nothing_confidential_is_kept()

        text = self.text(instance)
        self.assertEqual(self.stack.server.stop(), 0)
        before = self.files()
        self.assertEqual(self.text(instance), text)
        self.assertEqual(self.files(), before)
        self.stack.start_server()

    def nothing_confidential_is_kept(self):
        with sqlite3.connect(f"file:{self.stack.data}/instances.db?mode=ro", uri=True) as db:
            rows = db.execute("SELECT response, apdu, note FROM card_log").fetchall()
        headers = [apdu for response, apdu, note in rows if not response and "redacted" in note]
        self.assertGreater(len(headers), 10)
        self.assertLessEqual(max(map(len, headers)), 10)
        self.assertTrue(all(len(apdu) == 4 for response, apdu, note in rows if response and note == "redacted"))
        whole = [apdu for response, apdu, note in rows if not response and apdu and "redacted" not in note]
        self.assertFalse([apdu for apdu in whole if re.match("8[04](D8|E2)", apdu)])  # PUT KEY, STORE DATA
        for secret in self.keys():
            self.assertFalse(any(secret in apdu for _, apdu, _ in rows))

    def keys(self) -> set:
        """Of every card of this test."""
        text = "".join(f.read_text() for f in self.stack.folder.glob("*.card"))
        found = {key.upper() for keys in re.findall(r'"keys": ?\{([^}]*)\}', text) for key in re.findall(r'"([0-9A-Fa-f]{32,64})"', keys)}
        self.assertTrue(found)
        return found

    def test_the_sdk_says_what_it_does(self):
        """TR 3.5.2, as an app shows it: tsms-handset --log."""
        card = self.new_card()
        credential = self.stack.folder / "credential"
        credential.write_text("nobodys-credential")
        words = ["--url", f"https://localhost:{self.stack.device_port}", "--ca", self.stack.ca, "--se", card, "--log", "--json"]
        good = self.stack.run("tsms-handset", *words, "instances", self.published["service"]["id"])
        self.assertRegex(good.stderr, r"(?m)^[-\dT:.]+Z info  getServiceInstances begins, secure components 1$")
        self.assertRegex(good.stderr, r"(?m) info  commands that were answered: \d+, the last one with [0-9A-F]{4}$")
        self.assertRegex(good.stderr, r"(?m) info  getServiceInstances ends, status 0$")
        bad = self.stack.run("tsms-handset", *words, "--credential-file", credential, "instances", "x", check=False)
        self.assertRegex(bad.stderr, r"(?m) error getServiceInstances ends, status \d+: ")
        self.assertNotIn("nobodys-credential", bad.stderr)
        json.loads(good.stdout)

    def test_what_nobody_knows(self):
        done = self.stack.tsms("trace", "nonsense", check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("nothing is known of ‘nonsense’", done.stderr)
        card = self.new_card()
        instance = self.create(card, self.published)
        self.assertEqual(self.text(instance), f"No process has worked on instance {instance}, or their time is over (tsm.card_log_days).\n")
        self.assertEqual(NOT_DEPLOYED, self.state_of(card, self.published))


if __name__ == "__main__":
    stack.main(verbosity=2)
