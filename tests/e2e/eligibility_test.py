#!/usr/bin/env python3
"""Cards that no service may go onto: one that cannot be told from others, one below the security level of its profile."""

import json
import re
import sqlite3
import unittest

import stack
from story_test import NOT_DEPLOYED, OPERATIONAL, StoryCase, aids

BLANK = "tsms-lab blank"
DEMANDING = "tsms-lab i00 at level 33"
ZEROS = "00" * 42


class OwnProfiles(stack.Stack):
    """The lab's profiles, with another for i00 that demands what it cannot, and one that recognises a card nobody can name."""

    def import_profiles(self):
        profiles = {p["name"]: p for p in json.loads(stack.PROFILES.read_text())}
        demanding = profiles.pop("tsms-lab i00")
        demanding["name"] = DEMANDING
        demanding["card"]["minimumLevel"] = 51
        blank = json.loads(json.dumps(profiles["tsms-lab jc305"]))
        blank["name"] = blank["hardwarePlatform"] = BLANK
        blank["identification"] = {"cplc": ["00000000"]}
        file = self.folder / "profiles.json"
        file.write_text(json.dumps([*profiles.values(), demanding, blank]))
        self.tsms("profile", "import", file)


class Eligibility(StoryCase):
    stack_class = OwnProfiles

    def publish(self, name: str, package: str, profile: str):
        cap = self.stack.make_cap(f"{name}.cap", 2000, package, [package + "01"])
        return stack.publish_service(self.rest, [cap], profiles=[profile])

    def cards_known(self) -> list:
        return json.loads(self.stack.tsms("card", "list", "--json").stdout)

    def contents(self, name: str) -> str:
        """Without the counter of INITIALIZE UPDATE."""
        return re.sub(r'"sequenceCounter": \d+', "", json.dumps(self.stack.registry(name)))

    def test_two_cards_that_say_the_same(self):
        """DIV-056: the second one would be taken for the first."""
        published = self.publish("same", "D27600018601", BLANK)
        service = published["service"]["id"]
        known = self.cards_known()
        for name in ("same-a.card", "same-b.card"):
            card = self.stack.card(name, "blank")
            check = self.stack.handset(card, "check", service, "x.x.x")
            self.assertEqual((check["executionStatus"], check["deploymentAvailable"]), (0, 0), check)
            refused = self.stack.handset(card, "create", service, "1.0.0", check=False)
            self.assertEqual((refused["executionStatus"], refused["serviceInstance"]), (8, None), refused)
            self.assertIn("its CPLC is blank", refused["executionMessage"])
            self.assertEqual(self.stack.handset(card, "instances", service)["serviceInstances"], [])
        self.assertEqual(self.cards_known(), known)
        self.assertIn("Its issuer can give it a CPLC with a serial number", self.stack.server.log())

    def test_a_row_of_an_older_version(self):
        """The row of a deployed card becomes one that every blank card fits: its keys tell it all the same."""
        published = self.publish("older", "D27600018602", "tsms-lab jc305")
        card, fresh = self.stack.card("older.card"), self.stack.card("older-fresh.card", "blank") + "&reader=older"
        instance = self.create(card, published)
        self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)
        row = next(c["id"] for c in self.cards_known() if instance in [i["id"] for i in c["instances"]])
        with sqlite3.connect(self.stack.data / "instances.db", timeout=20) as db:
            db.execute("UPDATE secure_components SET identity = ?1, document = json_set(document, '$.identity', ?1) WHERE id = ?2",
                       (ZEROS, row))
        db.close()
        self.assertEqual(json.loads(self.stack.tsms("card", "show", "--card", row, "--json").stdout)["knownBy"], "nothing")
        self.assertIn("cannot be told from others", self.stack.tsms("card", "list").stdout)

        service = published["service"]["id"]
        self.assertEqual(self.stack.handset(fresh, "instances", service)["serviceInstances"], [])
        self.stack.handset(fresh, "create", service, "1.0.0", check=False)
        before = self.contents("older-fresh.card")
        stranger = self.stack.handset(fresh, "terminate", instance, check=False)
        self.assertEqual(stranger["processInfo"]["executionStatus"], 9, stranger)
        self.assertEqual(self.contents("older-fresh.card"), before)
        self.assertIn("D2760001860201", aids(self.stack.registry("older.card")))
        suspended = self.stack.handset(card, "suspend", instance)
        self.assertEqual(suspended["processInfo"]["executionStatus"], 0, suspended)
        self.stack.tsms("card", "lost", "--card", row)
        gone = self.stack.handset(card, "resume", instance, check=False)
        self.assertEqual(gone["processInfo"]["executionStatus"], 4, gone)

    def test_a_card_below_the_profiles_level(self):
        """DIV-057: by its own word it is not eligible; if it says nothing, its issuer refuses before anything is changed."""
        published = self.publish("level", "D27600018603", DEMANDING)
        service = published["service"]["id"]
        card = self.stack.card("level.card", "i00")
        check = self.stack.handset(card, "check", service, "x.x.x")
        self.assertEqual((check["executionStatus"], check["deploymentAvailable"]), (0, 0), check)
        refused = self.stack.handset(card, "create", service, "1.0.0", check=False)
        self.assertEqual((refused["executionStatus"], refused["serviceInstance"]), (8, None), refused)
        self.assertIn("security level 03 at most", refused["executionMessage"])

        quiet = card + "&faults=sw6A88@get-data:4"  # the card recognition data
        instance = self.create(quiet, published)
        before = self.contents("level.card")
        failed = self.deploy(quiet, instance, check=False)
        self.assertEqual(failed["processInfo"]["executionStatus"], 9, failed)
        self.assertIn("security level", failed["processInfo"]["executionMessage"])
        self.assertEqual(failed["serviceInstanceState"], NOT_DEPLOYED)
        self.assertEqual(self.contents("level.card"), before)
        self.assertEqual(self.stack.handset(quiet, "terminate", instance)["processInfo"]["executionStatus"], 0)

    def test_profiles_come_to_and_leave_a_version_that_is_deployed(self):
        """TR 3.3.1.2: a Version is mutable; AMB-069: what is deployed stays as it is."""
        published = self.publish("mutable", "D27600018604", "tsms-lab jc305")
        service = published["service"]["id"]
        ids = {p["name"]: p["id"] for p in self.rest.call("GET", "/secure-component-profiles")}
        cards = {name: self.stack.card(f"mutable-{name}.card", name) for name in ("jc305", "jc304")}

        def available() -> dict:
            return {name: self.stack.handset(card, "check", service, "1.0.0")["deploymentAvailable"] for name, card in cards.items()}

        instance = self.create(cards["jc305"], published)
        self.assertEqual(self.deploy(cards["jc305"], instance)["serviceInstanceState"], OPERATIONAL)
        self.assertEqual(available(), {"jc305": 1, "jc304": 0})
        profiles = f"/services/{service}/versions/1.0.0/secure-component-profiles"
        self.rest.call("POST", profiles, {ids["tsms-lab jc304"]: [published["flavor"]["id"]]})
        self.rest.call("PUT", profiles, [ids["tsms-lab jc305"]])
        self.assertEqual(available(), {"jc305": 0, "jc304": 1})
        other = self.create(cards["jc304"], published)
        self.assertEqual(self.deploy(cards["jc304"], other)["serviceInstanceState"], OPERATIONAL)
        fresh = self.stack.handset(self.stack.card("mutable-fresh.card"), "create", service, "1.0.0", check=False)
        self.assertEqual((fresh["executionStatus"], fresh["serviceInstance"]), (8, None), fresh)
        for function in ("suspend", "resume", "terminate"):
            done = self.stack.handset(cards["jc305"], function, instance)["processInfo"]
            self.assertEqual(done["executionStatus"], 0, (function, done))


del StoryCase  # without tests

if __name__ == "__main__":
    stack.main(verbosity=2)
