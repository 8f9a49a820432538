#!/usr/bin/env python3
"""A Service Instance from its creation to its end (TR 4.2.5.1, 4.2.5.2): its card is chosen once, nothing goes onto it, its id stays."""

import re
import unittest

import stack
from story_test import NOT_DEPLOYED, OPERATIONAL, SUSPENDED, StoryCase, aids

PROFILE = "tsms-lab jc305"
NO_OPERATION = 0


class Instance(StoryCase):
    def publish(self, package: str) -> dict:
        cap = self.stack.make_cap(f"{package}.cap", 2000, package, [package + "01"])
        return stack.publish_service(self.rest, [cap], profiles=[PROFILE])

    def contents(self, name: str) -> str:
        """Everything that the card keeps, without the counters of INITIALIZE UPDATE."""
        return re.sub(r'"sequenceCounter": ?\d+', "", (self.stack.folder / name).read_text())

    def ids(self, card, published) -> list:
        found = self.stack.handset(card, "instances", published["service"]["id"])
        self.assertEqual((found["executionStatus"], found["executionMessage"]), (0, ""), found)
        return [i["id"] for i in found["serviceInstances"]]

    def test_a_creation_changes_no_card(self):
        published, other = self.publish("D27600018701"), self.publish("D27600018702")
        card = self.stack.card("creation.card")
        self.stack.handset(card, "instances", published["service"]["id"])  # makes the card's file
        for service in (published, other):  # on a card without anything of ours, and on one with our domain
            before = self.contents("creation.card")
            created = self.stack.handset(card, "create", service["service"]["id"], "1.0.0")["serviceInstance"]
            self.assertEqual(self.contents("creation.card"), before)
            self.assertEqual((created["state"], created["lastOperation"]), (NOT_DEPLOYED, NO_OPERATION))
            technical = created["technicalInformation"]
            self.assertEqual([technical[name] for name in ("serviceId", "serviceVersionTag", "flavorId", "flavorName")],
                             ["", "", "", ""])
            self.assertEqual(self.deploy(card, created["id"])["serviceInstanceState"], OPERATIONAL)
            self.assertNotEqual(self.contents("creation.card"), before)

    def test_eligibility_is_decided_once(self):
        """AMB-069, AMB-116: whoever asks now is refused, and the instance goes its way."""
        published = self.publish("D27600018703")
        service = published["service"]["id"]
        card, late = self.stack.card("once.card"), self.stack.card("once-late.card")
        instance = self.create(card, published)
        known = self.rest.call("GET", "/secure-component-profiles")
        scp = next(p["id"] for p in known if p["name"] == PROFILE)
        self.rest.call("PUT", f"/services/{service}/versions/1.0.0/secure-component-profiles", [scp])
        for asking in (card, late):
            check = self.stack.handset(asking, "check", service, "x.x.x")
            self.assertEqual((check["executionStatus"], check["deploymentAvailable"]), (0, 0), check)
        refused = self.stack.handset(late, "create", service, "1.0.0", check=False)
        self.assertEqual((refused["executionStatus"], refused["serviceInstance"]), (8, None), refused)
        self.assertEqual(self.stack.handset(card, "deploy", instance, "--commands", "install")["serviceInstanceState"], 11)
        activated = self.stack.handset(card, "deploy", instance, "--commands", "activate", "--finalize")
        self.assertEqual(activated["serviceInstanceState"], OPERATIONAL, activated)
        for call, state in (("suspend", SUSPENDED), ("resume", OPERATIONAL)):
            self.assertEqual(self.stack.handset(card, call, instance)["processInfo"]["executionStatus"], 0)
            self.assertEqual(self.state_of(card, published), state)
        self.assertEqual(self.stack.handset(card, "terminate", instance)["processInfo"]["executionStatus"], 0)
        again = self.stack.handset(card, "create", service, "1.0.0", check=False)  # now it is decided anew
        self.assertEqual(again["executionStatus"], 8, again)

    def test_the_id_stays_until_termination(self):
        """Each run of tsms-handset is an app that was installed anew: it knows nothing but the service."""
        published = self.publish("D27600018704")
        service = published["service"]["id"]
        card = self.stack.card("same.card")
        instance = self.create(card, published)
        for call in (["deploy", instance, "--commands", "install"],
                     ["deploy", instance, "--commands", "activate", "--finalize"],
                     ["suspend", instance], ["resume", instance]):
            self.assertEqual(self.ids(card, published), [instance])
            self.assertEqual(self.stack.handset(card, *call)["processInfo"]["executionStatus"], 0)
        stack.allow(self.rest, published["service"], published["flavor"], "1.1.0", [PROFILE])
        updated = self.stack.handset(card, "update", instance, "1.1.0", "--commands", "install,activate", "--finalize")
        self.assertEqual(updated["technicalInformation"]["serviceVersionTag"], "1.1.0", updated)
        self.assertEqual(self.ids(card, published), [instance])
        refused = self.stack.handset(card, "create", service, "1.1.0", check=False)  # there is no second one
        self.assertEqual((refused["executionStatus"], refused["serviceInstance"]), (8, None), refused)
        self.assertEqual(self.ids(card, published), [instance])
        self.assertEqual(self.stack.handset(card, "terminate", instance)["processInfo"]["executionStatus"], 0)
        self.assertEqual(self.ids(card, published), [])
        self.assertNotEqual(self.stack.handset(card, "create", service, "1.1.0")["serviceInstance"]["id"], instance)

    def test_instances_of_the_cards_that_are_there(self):
        published, other = self.publish("D27600018705"), self.publish("D27600018706")
        cards = [self.stack.card(f"there-{n}.card") + f"&reader=SIM{n}" for n in (1, 2, 3)]
        self.assertEqual(self.ids(cards, published), [])
        first, second = (self.create(card, published) for card in cards[:2])  # each alone in a phone
        self.deploy(cards[0], first)
        self.assertCountEqual(self.ids(cards, published), [first, second])
        self.assertEqual(self.ids(cards, other), [])
        for present, expected in ((cards[:1], [first]), (cards[1:], [second]), (cards[2:], [])):
            self.assertEqual(self.ids(present, published), expected)
        found = self.stack.handset(cards, "instances", published["service"]["id"])["serviceInstances"]
        seen = {i["id"]: (i["state"], i["reader"]) for i in found}
        self.assertEqual(seen, {first: (OPERATIONAL, "SIM1"), second: (NOT_DEPLOYED, "SIM2")})
        self.assertIn("D2760001870501", aids(self.stack.registry("there-1.card")))


del StoryCase  # without tests

if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    stack.main(verbosity=2)
