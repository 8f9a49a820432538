#!/usr/bin/env python3
"""Success is told only where the card shows it (DIV-064), and what a failed deploy has given is taken back (DIV-065).

The simulated card confirms commands that it does not execute, under a valid R-MAC: over real binaries, TLS and SCP03.
"""

import json
import unittest

import stack
from story_test import OPERATIONAL, StoryCase, aids

APP = "A" * 64
ARAC = "D276000163415241430001"


class WithAccessClient(stack.Stack):
    """The lab's profiles; on jc305 the access rules are in an ARA-C of our own."""

    def import_profiles(self):
        profiles = json.loads(stack.PROFILES.read_text())
        for profile in profiles:
            if profile["name"] == "tsms-lab jc305":
                profile["card"]["ara"] = "arac"
        file = self.folder / "profiles.json"
        file.write_text(json.dumps(profiles))
        self.tsms("profile", "import", file)


class Proofs(StoryCase):
    stack_class = WithAccessClient
    published: dict | None = None

    def service(self):
        if Proofs.published is None:
            cap = self.stack.make_cap("proof.cap", 2000, "D27600018701", ["D2760001870101"])
            Proofs.published = stack.publish_service(self.rest, [cap], device_apps=[APP])
        return Proofs.published

    def rules(self, name: str) -> list:
        """Rules that a phone would find: those of the ARA-M and of each ARA-C."""
        shown = self.stack.run("tsms-lab", "card", "--state", self.stack.folder / name).stdout
        return [line for line in shown.splitlines() if "RULE" in line]

    def check_deploy(self, name: str, faults: str):
        """A success only where it is true; what failed has given nobody access. Returns what the app was told."""
        card = self.stack.card(name)
        instance = self.create(card, self.service())
        lied = self.deploy(f"{card}&faults={faults}", instance, check=False)
        told = lied["processInfo"]["executionStatus"] == 0
        self.assertEqual(lied["serviceInstanceState"] == OPERATIONAL, told, (faults, lied))
        self.assertEqual(len(self.rules(name)), 1 if told else 0, (faults, self.rules(name)))
        if not told:
            honest = self.deploy(card, instance)
            self.assertEqual(honest["serviceInstanceState"], OPERATIONAL, honest)
            self.assertEqual(len(self.rules(name)), 1)
        gone = self.stack.handset(card, "terminate", instance)
        self.assertEqual(gone["processInfo"]["executionStatus"], 0, gone)
        self.assertFalse({"D2760001870101", "D27600018701"} & aids(self.stack.registry(name)))
        return lied["processInfo"]["executionMessage"]

    def test_an_applet_that_is_not_selectable(self):
        for number, fault in enumerate(("sw9000@install-for-make-selectable", "pretend@install-for-make-selectable")):
            said = self.check_deploy(f"selectable-{number}.card", fault)
            self.assertIn("is not selectable", said)

    def test_a_rule_that_is_not_there(self):
        expected = (
            "is not personalized",  # the issuer's keys
            "is not registered",  # the registration of the ARA-C
            "does not tell its registered ARA-Cs",  # its proof
            "SET STATUS",  # the keys of the Service's domain: without any, the card refuses what comes behind
            "is not on the secure component",  # the rule
            "does not tell its access rules",  # its proof
        )
        for at, words in enumerate(expected, 1):
            self.assertIn(words, self.check_deploy(f"rule-{at}.card", f"sw9000@store-data:{at}"))

    def test_a_rule_for_an_applet_that_was_not_loaded(self):
        """DIV-065: the rule was written behind the failed LOAD, in the same order."""
        said = self.check_deploy("load.card", "sw6A80@load:2")
        self.assertIn("LOAD", said)
        self.assertNotIn("could not be withdrawn", self.stack.server.log())

    def test_suspension_and_removal(self):
        card = self.stack.card("lock.card")
        instance = self.create(card, self.service())
        self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)
        for operation, fault in (("suspend", "pretend@set-status"), ("terminate", "pretend@delete:1")):
            lied = self.stack.handset(f"{card}&faults={fault}", operation, instance, check=False)
            self.assertNotEqual(lied["processInfo"]["executionStatus"], 0, (operation, fault, lied))
        gone = self.stack.handset(card, "terminate", instance)
        self.assertEqual(gone["processInfo"]["executionStatus"], 0, gone)
        self.assertNotIn(ARAC, aids(self.stack.registry("lock.card")))


if __name__ == "__main__":
    stack.main(verbosity=2)
