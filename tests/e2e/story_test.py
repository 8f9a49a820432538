#!/usr/bin/env python3
"""The main job end to end: real binaries over real TLS."""

import json
import os
import pathlib
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))

OPERATIONAL, SUSPENDED, NOT_DEPLOYED, IN_ERROR = 21, 22, 1, 25


TSM_DOMAIN = "D27600016354534D0001"


def aids(registry: dict) -> set:
    """Every AID that a card's registry lists."""
    found = set()

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("aid"), str):
                found.add(value["aid"])
            for v in value.values():
                walk(v)
        elif isinstance(value, list):
            for v in value:
                walk(v)

    walk(registry)
    return found


class StoryCase(unittest.TestCase):
    """One running stack for the class; each test uses cards and services of its own."""

    stack_class = stack.Stack

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-e2e-")
        cls.stack = cls.stack_class(BUILD, pathlib.Path(cls.temporary.name))
        try:
            cls.rest = cls.stack.start()
            cls.spos_config = stack.add_spos_config(cls.rest, cls.stack.spos.announcement())
        except BaseException:
            cls.show_logs()
            cls.stack.kill()
            raise

    @classmethod
    def show_logs(cls):
        for process in cls.stack.processes:
            print(f"--- {process.name}\n{process.output()[-3000:]}\n{process.log()[-6000:]}", file=sys.stderr)

    @classmethod
    def tearDownClass(cls):
        result = cls.stack.stop()
        cls.temporary.cleanup()
        if any(code != 0 for code in result.values()):
            raise AssertionError(f"processes did not stop cleanly: {result}")

    def create(self, card, published) -> str:
        service = published["service"]["id"]
        check = self.stack.handset(card, "check", service, "x.x.x")
        self.assertEqual(check["deploymentAvailable"], 1, check)
        self.assertEqual(check["version"], published["version"])
        created = self.stack.handset(card, "create", service, published["version"])
        self.assertEqual(created["executionStatus"], 0, created)
        self.assertEqual(created["serviceInstance"]["state"], NOT_DEPLOYED)
        return created["serviceInstance"]["id"]

    def state_of(self, card, published) -> int:
        found = self.stack.handset(card, "instances", published["service"]["id"])
        return found["serviceInstances"][0]["state"]

    def deploy(self, card, instance, *arguments, check=True, stats=None):
        return self.stack.handset(card, "deploy", instance, "--commands", "install,activate", "--finalize", *arguments,
                                  check=check, stats=stats)

    def wait_for_result(self, process_id: str) -> dict:
        def arrived():
            return next((r for r in self.stack.spos_results() if r["processId"] == process_id), None)

        return stack.wait_until(arrived, 20, f"the SPOS has no result of process {process_id}")


class Story(StoryCase):
    def test_whole_life(self):
        cap = self.stack.make_cap("life.cap", 4000, "D27600018501", ["D2760001850101", "D2760001850102"])
        published = stack.publish_service(self.rest, [cap], spos_config=self.spos_config,
                                          device_apps=["A" * 40, "B" * 64])
        card = self.stack.card("life.card")
        before = aids(self.stack_registry_after_creation(card, published))
        instance = self.create(card, published)

        deployed = self.deploy(card, instance)
        self.assertEqual(deployed["processInfo"]["executionStatus"], 0, deployed)
        self.assertEqual(deployed["serviceInstanceState"], OPERATIONAL)
        on_card = aids(self.stack.registry("life.card"))
        sd_aid = published["service"]["sdAid"]
        for aid in ("D27600018501", "D2760001850101", "D2760001850102", sd_aid):
            self.assertIn(aid, on_card)
        result = self.wait_for_result(deployed["processInfo"]["processId"])
        self.assertEqual((result["executionStatus"], result["serviceStartState"], result["serviceEndState"]), (0, 1, 21))
        self.assertEqual(result["requestedOperations"], [10, 12])

        used = self.stack.run("tsms-handset", "--se", card, "apdu", "D2760001850101", "00010000")
        self.assertIn("9000", used.stdout)

        suspended = self.stack.handset(card, "suspend", instance)
        self.assertEqual(suspended["processInfo"]["executionStatus"], 0, suspended)
        self.assertEqual(self.state_of(card, published), SUSPENDED)
        refused = self.stack.run("tsms-handset", "--se", card, "apdu", "D2760001850101", "00010000", check=False)
        self.assertNotEqual(refused.returncode, 0)
        resumed = self.stack.handset(card, "resume", instance)
        self.assertEqual(resumed["processInfo"]["executionStatus"], 0, resumed)
        self.assertEqual(self.state_of(card, published), OPERATIONAL)

        again = self.stack.handset(card, "create", published["service"]["id"], "1.0.0", check=False)
        self.assertEqual(again["executionStatus"], 8, again)  # AMB-115
        twice = self.deploy(card, instance, check=False)
        self.assertEqual(twice["processInfo"]["executionStatus"], 13, twice)

        terminated = self.stack.handset(card, "terminate", instance)
        self.assertEqual(terminated["processInfo"]["executionStatus"], 0, terminated)
        self.assertEqual(aids(self.stack.registry("life.card")), before)
        self.wait_for_result(terminated["processInfo"]["processId"])
        gone = self.stack.handset(card, "terminate", instance, check=False)
        self.assertEqual(gone["processInfo"]["executionStatus"], 4, gone)

    def stack_registry_after_creation(self, card, published) -> dict:
        self.stack.handset(card, "instances", published["service"]["id"])  # makes the card's file
        return self.stack.registry("life.card")

    def test_exchanges_do_not_depend_on_the_size(self):
        exchanges = {}
        for name, size in (("small", 2000), ("large", 55000)):
            package = f"D276000185{len(exchanges) + 0x10:02X}"
            cap = self.stack.make_cap(f"{name}.cap", size, package, [package + "01"])
            published = stack.publish_service(self.rest, [cap])
            card = self.stack.card(f"{name}.card")
            instance = self.create(card, published)
            stats = self.stack.folder / f"{name}.stats"
            self.deploy(card, instance, stats=stats)
            exchanges[name] = json.loads(stats.read_text())["exchanges"]
            # A second service on the same card needs no issuer.
            second_package = f"D276000186{len(exchanges) + 0x10:02X}"
            second_cap = self.stack.make_cap(f"{name}2.cap", size, second_package, [second_package + "01"])
            second = stack.publish_service(self.rest, [second_cap])
            second_instance = self.create(card, second)
            self.deploy(card, second_instance, stats=stats)
            exchanges[name + "2"] = json.loads(stats.read_text())["exchanges"]
        self.assertEqual(exchanges["small"], exchanges["large"])
        self.assertEqual(exchanges["large"], 6)
        self.assertEqual(exchanges["small2"], exchanges["large2"])
        self.assertEqual(exchanges["large2"], 3)

    def test_what_a_process_costs(self):
        """A second service on a card: with access rules the issuer works, and its own domain stays."""
        services = [stack.publish_service(self.rest, [self.stack.make_cap(f"cost{n}.cap", 2000, f"D2760001854{n}", [f"D2760001854{n}01"])],
                                          device_apps=apps) for n, apps in ((1, []), (2, ["A" * 64]), (3, []))]
        card = self.stack.card("processes.card")
        instances = [self.create(card, service) for service in services]
        costs = [self.exchanges(card, "deploy", i, "--commands", "install,activate", "--finalize") for i in instances]
        self.assertEqual(costs, [6, 5, 3])
        self.assertEqual([self.exchanges(card, call, instances[0]) for call in ("suspend", "resume")], [3, 3])
        # Without rules, with rules, and the last one, which takes our domain along.
        self.assertEqual([self.exchanges(card, "terminate", i) for i in instances], [3, 5, 5])

    def test_two_chips_one_is_chosen(self):
        cap = self.stack.make_cap("two.cap", 2000, "D27600018520", ["D2760001852001"])
        published = stack.publish_service(self.rest, [cap], profiles=["tsms-lab jc304"])
        cards = [self.stack.card("two-a.card", "jc305"), self.stack.card("two-b.card", "jc304")]
        instance = self.create(cards, published)
        self.deploy(cards, instance)
        self.assertIn("D2760001852001", aids(self.stack.registry("two-b.card")))
        self.assertNotIn("D2760001852001", aids(self.stack.registry("two-a.card")))
        # The device check looks at profiles alone: neither at instances nor at their state (TR 4.2.5.7).
        service = published["service"]["id"]
        there = self.stack.handset(cards, "check", service, "x.x.x")
        self.assertEqual((there["deploymentAvailable"], there["version"], there["executionStatus"]), (1, "1.0.0", 0), there)
        self.assertEqual(there["newTechnicalInformation"]["serviceVersionTag"], "1.0.0")
        only_other = self.stack.handset(cards[0], "check", service, "1.0.0")
        self.assertEqual((only_other["deploymentAvailable"], only_other["version"], only_other["executionStatus"],
                          only_other["newTechnicalInformation"]), (0, "", 0, None), only_other)
        # And the eligibility check is made with each creation, whatever a device check has said (TR 3.3.2).
        refused = self.stack.handset(cards[0], "create", service, "1.0.0", check=False)
        self.assertEqual((refused["executionStatus"], refused["serviceInstance"]), (8, None), refused)

    def test_readers_that_exchange_their_names(self):
        """DIV-033: after a reboot the second card is in the reader of the first, and the instance's card is found all the same."""
        cap = self.stack.make_cap("swap.cap", 2000, "D27600018523", ["D2760001852301"])
        published = stack.publish_service(self.rest, [cap], profiles=["tsms-lab jc305"])

        def readers(first: str, second: str) -> list:
            return [self.stack.card(first) + "&reader=SIM1", self.stack.card(second) + "&reader=SIM2"]

        instance = self.create(readers("swap-a.card", "swap-b.card"), published)
        deployed = self.deploy(readers("swap-b.card", "swap-a.card"), instance)
        self.assertEqual((deployed["serviceInstanceState"], deployed["reader"]), (OPERATIONAL, "SIM2"), deployed)
        self.assertIn("D2760001852301", aids(self.stack.registry("swap-a.card")))
        self.assertNotIn("D2760001852301", aids(self.stack.registry("swap-b.card")))
        terminated = self.stack.handset(readers("swap-a.card", "swap-b.card"), "terminate", instance)
        self.assertEqual(terminated["processInfo"]["executionStatus"], 0, terminated)
        self.assertNotIn("D2760001852301", aids(self.stack.registry("swap-a.card")))

    def tombstones(self, service: str) -> list:
        cards = json.loads(self.stack.tsms("card", "list", "--json").stdout)
        return [(c["id"], t["id"]) for c in cards for t in c["tombstones"] if t["service"] == service]

    def row_of(self, instance: str) -> str:
        cards = json.loads(self.stack.tsms("card", "list", "--json").stdout)
        return next(c["id"] for c in cards if instance in [i["id"] for i in c["instances"]])

    def test_a_lost_card_that_comes_back(self):
        """AMB-121, AMB-227: the id is invalid, and what is on the card goes when anything of ours happens on it again."""
        caps = [self.stack.make_cap(f"lost{n}.cap", 2000, f"D2760001852{n}", [f"D2760001852{n}01"]) for n in (4, 5)]
        lost, other = [stack.publish_service(self.rest, [c], profiles=["tsms-lab jc305"], device_apps=["A" * 40]) for c in caps]
        card, another = self.stack.card("lost.card"), self.stack.card("lost-another.card")
        service = lost["service"]["id"]
        self.stack.handset(card, "instances", service)
        before = aids(self.stack.registry("lost.card"))

        def left() -> bool:
            return "D2760001852401" in aids(self.stack.registry("lost.card"))

        def lose() -> str:
            instance = self.create(card, lost)
            self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)
            for _ in range(2):  # a phone's word changes nothing (AMB-239)
                terminated = self.stack.handset(another, "terminate", instance, check=False)["processInfo"]
                self.assertEqual(terminated["executionStatus"], 9, terminated)
                self.assertNotEqual(terminated["processId"], "")
                elsewhere = self.stack.handset(another, "instances", service)["serviceInstances"]
                self.assertNotIn(instance, [i["id"] for i in elsewhere])
                found = self.stack.handset(card, "instances", service)["serviceInstances"]
                self.assertEqual([(i["id"], i["state"]) for i in found], [(instance, OPERATIONAL)])
            row = self.row_of(instance)
            self.stack.tsms("card", "lost", "--card", row)
            again = self.stack.handset(card, "terminate", instance, check=False)["processInfo"]
            self.assertEqual(again["executionStatus"], 4, again)
            self.assertEqual(self.stack.handset(card, "instances", service)["serviceInstances"], [])
            self.assertEqual(self.tombstones(service), [(row, instance)])
            self.assertTrue(left())
            return instance

        # The operator takes it back.
        instance = lose()
        self.stack.tsms("card", "found", "--card", self.tombstones(service)[0][0])
        found = self.stack.handset(card, "instances", service)["serviceInstances"]
        self.assertEqual([(i["id"], i["state"]) for i in found], [(instance, OPERATIONAL)])
        self.assertEqual(self.stack.handset(card, "terminate", instance)["processInfo"]["executionStatus"], 0)
        self.assertEqual(aids(self.stack.registry("lost.card")), before)

        lose()
        instance = self.create(another, lost)  # the same service on the card that is there now
        self.assertEqual(self.deploy(another, instance)["serviceInstanceState"], OPERATIONAL)
        self.assertEqual(len(self.tombstones(service)), 1)
        instance = self.create(card, lost)  # and again on the one that comes back
        self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)
        self.assertEqual(self.tombstones(service), [])
        self.stack.handset(card, "terminate", instance)
        self.assertEqual(aids(self.stack.registry("lost.card")), before)

        lose()
        instance = self.create(card, other)  # another service finds it
        self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)
        self.assertFalse(left())
        self.stack.handset(card, "terminate", instance)

        lose()
        instance = self.create(card, other)  # a terminate of something that never was deployed, too
        self.assertEqual(self.stack.handset(card, "terminate", instance)["processInfo"]["executionStatus"], 0)
        self.assertEqual((left(), self.tombstones(service)), (False, []))
        self.assertEqual(aids(self.stack.registry("lost.card")), before)

        # The operator says so, and forgets it.
        instance = self.create(card, lost)
        self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)
        identity = self.row_of(instance)
        self.stack.tsms("card", "lost", "--card", identity)
        self.assertEqual(self.deploy(card, instance, check=False)["processInfo"]["executionStatus"], 4)
        self.assertEqual([t for _, t in self.tombstones(service)], [instance])
        self.stack.tsms("card", "forget", "--card", identity)
        self.assertEqual(self.tombstones(service), [])
        instance = self.create(card, other)
        self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)
        self.assertTrue(left())

    def test_a_card_that_falls_silent_is_not_a_card_without_the_service(self):
        """AMB-240, TR 4.2.5.2, 4.2.5.7: an app that believes "none" creates a second instance on another chip."""
        cap = self.stack.make_cap("silent.cap", 2000, "D27600018526", ["D2760001852601"])
        published = stack.publish_service(self.rest, [cap], profiles=["tsms-lab jc305"])
        service = published["service"]["id"]
        has, other = self.stack.card("silent-a.card"), self.stack.card("silent-b.card")
        instance = self.create(has, published)
        self.deploy(has, instance)

        def ask(how: str, *call):
            first, second = has + "&reader=SIM1" + how, other + "&reader=SIM2"
            return self.stack.handset([first, second], *call, check=False)

        for how, category in (("&faults=mute@get-data:2", 6), ("&faults=tear-before@get-data:1", 9),
                              ("&faults=tear-after@initialize-update", 9), ("&access=omapi-busy", 10), ("&access=nfc-off", 11)):
            with self.subTest(how=how):
                told = ask(how, "instances", service)
                self.assertEqual(told["executionStatus"], category, told)
                self.assertIn("SIM1", told["executionMessage"])
                refused = ask(how, "create", service, "1.0.0")
                self.assertEqual((refused["executionStatus"], refused["serviceInstance"]), (category, None), refused)
                self.assertIn("SIM1", refused["executionMessage"])
                self.assertEqual(ask(how, "check", service, "x.x.x")["deploymentAvailable"], 1)  # on the other one
                if "initialize-update" in how:
                    continue  # a check does not ask for a proof
                alone = self.stack.handset(has + "&reader=SIM1" + how, "check", service, "x.x.x", check=False)
                self.assertEqual((alone["executionStatus"], alone["version"]), (category, ""), alone)
        # Closed to the app before it said anything: not accessible (AMB-240).
        self.assertEqual(ask("&access=omapi-denied", "instances", service)["executionStatus"], 0)
        self.assertEqual(self.stack.handset(has + "&access=omapi-denied", "check", service, "x.x.x")["deploymentAvailable"], 0)
        noted = self.stack.run("tsms-handset", "--url", f"https://localhost:{self.stack.device_port}", "--ca", self.stack.ca, "--se",
                               has + "&reader=SIM1&access=omapi-denied", "instances", service, check=False)
        self.assertIn("reader 'SIM1' is not accessible", noted.stderr)
        found = ask("", "instances", service)["serviceInstances"]
        self.assertEqual([(i["id"], i["reader"]) for i in found], [(instance, "SIM1")])

    def exchanges(self, card, *call) -> int:
        stats = self.stack.folder / "enquiry.stats"
        self.stack.handset(card, *call, check=False, stats=stats)
        return json.loads(stats.read_text())["exchanges"]

    def test_what_an_enquiry_costs(self):
        """1 and one for each card: the proof travels with the reads (AMB-239), also after the app was installed anew; one more where a
        card of the kind is known and this one has other keys."""
        cap = self.stack.make_cap("costs.cap", 2000, "D27600018527", ["D2760001852701"])
        published = stack.publish_service(self.rest, [cap], profiles=["tsms-lab jc305"])
        service = published["service"]["id"]
        cards = [self.stack.card("costs-a.card") + "&reader=SIM1", self.stack.card("costs-b.card") + "&reader=SIM2"]
        for count in (1, 2):
            self.assertEqual(self.exchanges(cards[:count], "check", service, "x.x.x"), 1 + count)
            self.assertEqual(self.exchanges(cards[:count], "instances", service), 1 + count)
        self.assertEqual(self.exchanges(cards[:1], "create", service, "1.0.0"), 2)
        instance = self.stack.handset(cards[0], "instances", service)["serviceInstances"][0]["id"]
        self.deploy(cards[0], instance)
        for count in (1, 2):
            self.assertEqual(self.exchanges(cards[:count], "instances", service), 1 + count)
            self.assertEqual(self.exchanges(cards[:count], "create", service, "1.0.0"), 1 + count)

    def test_why_no_card_is_eligible_is_told_to_the_spos(self):
        """AMB-140: the one failure without a process of which the SPOS hears."""
        cap = self.stack.make_cap("none.cap", 2000, "D27600018521", ["D2760001852101"])
        published = stack.publish_service(self.rest, [cap], profiles=["tsms-lab jc304"], spos_config=self.spos_config)
        service = published["service"]["id"]
        refused = self.stack.handset(self.stack.card("none.card", "jc305"), "create", service, "1.0.0", check=False)
        self.assertEqual((refused["executionStatus"], refused["serviceInstance"]), (8, None), refused)
        told = stack.wait_until(lambda: [r for r in self.stack.spos_results() if r["serviceId"] == service], 10, "no result at the SPOS")
        self.assertEqual(len(told), 1)
        told = told[0]
        self.assertEqual((told["processId"], told["serviceInstanceId"], told["requestedOperations"]), ("", "", []))
        self.assertEqual((told["executionStatus"], told["serviceStartState"], told["serviceEndState"]), (8, NOT_DEPLOYED, NOT_DEPLOYED))
        self.assertEqual(told["executionMessage"], refused["executionMessage"])

    def test_orphaned_instances(self):
        """TR 3.2.3, AMB-067, AMB-114: without its Flavor an instance is suspended, resumed and terminated, and nothing else."""
        cap = self.stack.make_cap("orphan.cap", 2000, "D27600018522", ["D2760001852201"])
        published = stack.publish_service(self.rest, [cap])
        operational, installed = self.stack.card("orphan-a.card"), self.stack.card("orphan-b.card")
        first, second = self.create(operational, published), self.create(installed, published)
        self.deploy(operational, first)
        self.stack.handset(installed, "deploy", second, "--commands", "install")
        path = f"/services/{published['service']['id']}"
        flavor = published["flavor"]["id"]
        self.rest.call("PUT", f"{path}/versions/1.0.0/flavors", [flavor])
        self.rest.call("DELETE", f"{path}/flavors/{flavor}")
        orphaned = 12
        for function in ("suspend", "resume"):
            self.assertEqual(self.stack.handset(operational, function, first)["processInfo"]["executionStatus"], 0)
        for card, instance, commands in ((operational, first, "install,activate"), (installed, second, "activate")):
            refused = self.stack.handset(card, "deploy", instance, "--commands", commands, "--finalize", check=False)["processInfo"]
            self.assertEqual((refused["executionStatus"], refused["processId"]), (orphaned, ""), refused)
        refused = self.stack.handset(installed, "suspend", second, check=False)["processInfo"]
        self.assertEqual(refused["executionStatus"], orphaned, refused)
        components = {"D27600018522", "D2760001852201", published["service"]["sdAid"], TSM_DOMAIN}
        for name, card, instance in (("orphan-a.card", operational, first), ("orphan-b.card", installed, second)):
            self.assertLessEqual(components, aids(self.stack.registry(name)))
            self.assertEqual(self.stack.handset(card, "terminate", instance)["processInfo"]["executionStatus"], 0)
            self.assertFalse(components & aids(self.stack.registry(name)))

    def test_every_profile_of_the_lab_serves_its_card(self):
        names = [p["name"] for p in json.loads(stack.PROFILES.read_text())]
        for number, profile in enumerate(names):
            with self.subTest(profile=profile):
                personality = profile.removeprefix("tsms-lab ")
                package = f"D2760001854{number:X}"
                cap = self.stack.make_cap(f"{personality}.cap", 3000, package + "00", [package + "01"])
                published = stack.publish_service(self.rest, [cap], profiles=[profile])
                card = self.stack.card(f"every-{personality}.card", personality) + "&faults=none"
                instance = self.create(card, published)
                deployed = self.deploy(card, instance)
                self.assertEqual(deployed["serviceInstanceState"], OPERATIONAL, deployed)
                self.assertIn(package + "01", aids(self.stack.registry(f"every-{personality}.card")))
                terminated = self.stack.handset(card, "terminate", instance)
                self.assertEqual(terminated["processInfo"]["executionStatus"], 0, terminated)
                self.assertNotIn(package + "01", aids(self.stack.registry(f"every-{personality}.card")))

    def test_a_contactless_card_that_tears_is_served_in_the_end(self):
        cap = self.stack.make_cap("tears.cap", 3000, "D27600018550", ["D2760001855001"])
        published = stack.publish_service(self.rest, [cap], profiles=["tsms-lab contactless"])
        steady = self.stack.card("tears.card", "contactless") + "&faults=none"
        instance = self.create(steady, published)
        before = aids(self.stack.registry("tears.card"))
        for position in ("tear-before@any:30", "tear-after@install-for-load", "tear-before@load:4", "tear-after@put-key",
                         "tear-after@install-for-extradition"):
            card = self.stack.card("tears.card", "contactless") + f"&faults={position}"
            done = self.deploy(card, instance, check=False)
            status = done["processInfo"]["executionStatus"]
            self.assertIn(status, (6, 9), done)
            self.assertIn("lost its power", done["processInfo"]["executionMessage"], done)
        deployed = self.deploy(steady, instance)
        self.assertEqual(deployed["processInfo"]["executionStatus"], 0, deployed)
        card = self.stack.card("tears.card", "contactless") + "&faults=tear-after@delete:2"
        self.stack.handset(card, "terminate", instance, check=False)
        terminated = self.stack.handset(steady, "terminate", instance)
        self.assertEqual(terminated["processInfo"]["executionStatus"], 0, terminated)
        self.assertEqual(aids(self.stack.registry("tears.card")), before)

    def test_a_phone_that_enforces_the_cards_rules(self):
        cap = self.stack.make_cap("omapi.cap", 2000, "D27600018551", ["D2760001855101"])
        published = stack.publish_service(self.rest, [cap], device_apps=["C" * 64])
        card = self.stack.card("omapi.card") + "&access=omapi-rules&app=" + "C" * 64
        refused = self.stack.handset(card, "create", published["service"]["id"], "1.0.0", check=False)
        self.assertEqual(refused["executionStatus"], 9, refused)  # hazard 10
        # The issuer of the phone's chip lets the app in.
        self.stack.run("tsms-lab", "card", "--state", self.stack.folder / "omapi.card", "--allow", "C" * 64)
        instance = self.create(card, published)
        deployed = self.deploy(card, instance)
        self.assertEqual(deployed["processInfo"]["executionStatus"], 0, deployed)
        used = self.stack.run("tsms-handset", "--se", card, "apdu", "D2760001855101", "00010000")
        self.assertIn("9000", used.stdout)
        other = self.stack.card("omapi.card") + "&access=omapi-rules&app=" + "D" * 64
        self.assertNotEqual(self.stack.run("tsms-handset", "--se", other, "apdu", "D2760001855101", check=False).returncode, 0)
        terminated = self.stack.handset(card, "terminate", instance)
        self.assertEqual(terminated["processInfo"]["executionStatus"], 0, terminated)

    def test_a_phone_that_keeps_the_answer_to_select_to_itself(self):
        """DIV-034: no tag 84, so neither the profile's list of ISDs nor the issuer's SELECT has anything to go by but the profile."""
        cap = self.stack.make_cap("quiet.cap", 2000, "D27600018553", ["D2760001855301"])
        published = stack.publish_service(self.rest, [cap])
        card = self.stack.card("quiet.card") + "&access=omapi-quiet"
        instance = self.create(card, published)
        for _ in range(2):  # with the issuer, and without
            deployed = self.deploy(card, instance)
            self.assertEqual(deployed["serviceInstanceState"], OPERATIONAL, deployed)
            self.assertIn("D2760001855301", aids(self.stack.registry("quiet.card")))
            suspended = self.stack.handset(card, "suspend", instance)
            self.assertEqual(suspended["processInfo"]["executionStatus"], 0, suspended)
            terminated = self.stack.handset(card, "terminate", instance)
            self.assertEqual(terminated["processInfo"]["executionStatus"], 0, terminated)
            self.assertNotIn("D2760001855301", aids(self.stack.registry("quiet.card")))
            instance = self.create(card, published)

    def test_a_hostile_phone_gets_nothing_and_breaks_nothing(self):
        cap = self.stack.make_cap("lies.cap", 2000, "D27600018552", ["D2760001855201"])
        published = stack.publish_service(self.rest, [cap])
        honest = self.stack.card("lies.card")
        instance = self.create(honest, published)
        before = aids(self.stack.registry("lies.card"))
        for tricks in ("forge9000@any:20-", "replay@any:30", "sw9000@install-for-load", "mute@load:2", "noise@any:~20,seed3"):
            card = self.stack.card("lies.card") + f"&access=hostile&faults={tricks}"
            done = self.deploy(card, instance, check=False)
            self.assertNotEqual(done["processInfo"]["executionStatus"], 0, (tricks, done))
            self.assertNotEqual(done["processInfo"]["executionMessage"], "", done)
        deployed = self.deploy(honest, instance)
        self.assertEqual(deployed["processInfo"]["executionStatus"], 0, deployed)
        terminated = self.stack.handset(honest, "terminate", instance)
        self.assertEqual(terminated["processInfo"]["executionStatus"], 0, terminated)
        self.assertEqual(aids(self.stack.registry("lies.card")), before)

    def test_two_lost_answers_of_the_issuer_are_not_the_end(self):
        """DIV-040: the TSM's domain is there, and has none of the keys that the TSM knows."""
        first, second = [stack.publish_service(self.rest, [self.stack.make_cap(f"twice{n}.cap", 2000, f"D276000185310{n}", [f"D276000185310{n}01"])])
                         for n in (1, 2)]
        card = self.stack.card("twice.card")
        faulty = card + "&faults="
        for fault in ("tear-after@install-and-make-selectable:1", "tear-after@store-data:2"):
            one = self.create(card, first)
            self.assertEqual(self.deploy(card, one)["serviceInstanceState"], OPERATIONAL)
            ended = self.stack.handset(faulty + "tear-after@delete:4", "terminate", one, check=False)["processInfo"]
            self.assertEqual(ended["executionStatus"], 9, ended)
            self.assertNotIn(TSM_DOMAIN, aids(self.stack.registry("twice.card")))
            other = self.create(card, second)
            self.assertEqual(self.deploy(faulty + fault, other, check=False)["processInfo"]["executionStatus"], 9)
            self.assertIn(TSM_DOMAIN, aids(self.stack.registry("twice.card")))
            self.assertEqual(self.deploy(card, other)["serviceInstanceState"], OPERATIONAL)
            for instance in (one, other):
                self.assertEqual(self.stack.handset(card, "terminate", instance)["processInfo"]["executionStatus"], 0)
            self.assertNotIn(TSM_DOMAIN, aids(self.stack.registry("twice.card")))

    def test_install_then_activate(self):
        cap = self.stack.make_cap("steps.cap", 2000, "D27600018530", ["D2760001853001"])
        published = stack.publish_service(self.rest, [cap])
        card = self.stack.card("steps.card")
        instance = self.create(card, published)
        installed = self.stack.handset(card, "deploy", instance, "--commands", "install")
        self.assertEqual(installed["serviceInstanceState"], 11)
        activated = self.stack.handset(card, "deploy", instance, "--commands", "activate", "--finalize", "--suspended")
        self.assertEqual(activated["serviceInstanceState"], SUSPENDED)

    def test_issuer_down(self):
        cap = self.stack.make_cap("down.cap", 2000, "D27600018540", ["D2760001854001"])
        published = stack.publish_service(self.rest, [cap], spos_config=self.spos_config)
        card = self.stack.card("down.card")
        instance = self.create(card, published)
        self.stack.issuer.stop()
        self.stack.processes.remove(self.stack.issuer)
        try:
            failed = self.deploy(card, instance, check=False)
            self.assertEqual(failed["processInfo"]["executionStatus"], 3, failed)
            self.assertEqual(failed["serviceInstanceState"], NOT_DEPLOYED)
            self.assertEqual(self.wait_for_result(failed["processInfo"]["processId"])["executionStatus"], 3)
        finally:
            self.stack.start_issuer()
        self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)

    def test_no_memory(self):
        cap = self.stack.make_cap("big.cap", 55000, "D27600018550", ["D2760001855001"])
        published = stack.publish_service(self.rest, [cap])
        card = self.stack.card("memory.card", "small")
        instance = self.create(card, published)
        failed = self.deploy(card, instance, check=False)
        self.assertEqual(failed["processInfo"]["executionStatus"], 7, failed)
        self.assertEqual(failed["serviceInstanceState"], NOT_DEPLOYED)

    def test_bad_caps_are_refused(self):
        good = self.stack.make_cap("good.cap", 2000, "D27600018560", ["D2760001856001"]).read_bytes()
        for content in (b"this is no CAP", good[: len(good) // 2]):
            with self.assertRaises(stack.RestError) as caught:
                self.rest.upload("/executable-load-files", "elf", "bad.cap", content)
            self.assertEqual(caught.exception.category, 1013)

    def test_unknown_service_and_instance(self):
        unknown = "00000000-0000-4000-8000-000000000000"
        card = self.stack.card("unknown.card")
        self.assertEqual(self.stack.handset(card, "check", unknown, "x.x.x", check=False)["executionStatus"], 4)
        refused = self.deploy(card, unknown, check=False)
        self.assertEqual(refused["processInfo"]["executionStatus"], 4)
        self.assertEqual(refused["processInfo"]["processId"], "")

    def test_results_survive_an_spos_that_is_down(self):
        cap = self.stack.make_cap("outbox.cap", 2000, "D27600018570", ["D2760001857001"])
        published = stack.publish_service(self.rest, [cap], spos_config=self.spos_config)
        card = self.stack.card("outbox.card")
        instance = self.create(card, published)
        self.stack.spos.stop()
        self.stack.processes.remove(self.stack.spos)
        deployed = self.deploy(card, instance)
        self.assertEqual(deployed["serviceInstanceState"], OPERATIONAL)
        time.sleep(1)
        self.stack.start_spos()
        self.wait_for_result(deployed["processInfo"]["processId"])

    def test_instance_survives_kill_of_the_server(self):
        cap = self.stack.make_cap("kill.cap", 2000, "D27600018580", ["D2760001858001"])
        published = stack.publish_service(self.rest, [cap])
        card = self.stack.card("kill.card")
        instance = self.create(card, published)
        self.deploy(card, instance)
        self.stack.server.kill()
        self.stack.processes.remove(self.stack.server)
        stack.wait_until(lambda: not stack.listens(self.stack.device_port), 10, "the killed server still listens")
        self.stack.start_server()
        self.assertEqual(self.state_of(card, published), OPERATIONAL)
        self.assertEqual(self.stack.handset(card, "terminate", instance)["processInfo"]["executionStatus"], 0)


class RealCaps(StoryCase):
    """Other people's CAP files, each as a service of its own; libraries are load files of the same Flavor. TSMS_CAPS names their folder."""

    def test_each(self):
        folder = pathlib.Path(os.environ["TSMS_CAPS"])
        manifest = json.loads((folder / "manifest.json").read_text())["caps"]
        libraries = {c["package_aid"]: c for c in manifest if not c["applets"]}
        for entry in manifest:
            if not entry["applets"]:
                continue
            with self.subTest(cap=entry["file"]):
                needed = [libraries[i["aid"]]["file"] for i in entry["imports"] if i["aid"] in libraries]
                files = [folder / f for f in needed + [entry["file"]]]
                # The card's own ARA-M has the AID of this applet.
                other = {a: a[:-2] + "7E" for a in entry["applets"] if a.startswith("A00000015141434C")}
                # Toolkit applets import packages that only a UICC has (3GPP TS 43.019).
                of_uicc = any(i["aid"].startswith("A00000000900") for i in entry["imports"])
                profile = "euicc" if of_uicc else "jc305"
                published = stack.publish_service(self.rest, files, instances=list(other.items()), name=entry["file"],
                                                  profiles=[f"tsms-lab {profile}"])
                name = f"{entry['file']}.card"
                card = self.stack.card(name, profile)
                self.stack.handset(card, "instances", published["service"]["id"])
                before = aids(self.stack.registry(name))
                instance = self.create(card, published)
                self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)
                on_card = aids(self.stack.registry(name))
                expected = {entry["package_aid"], *(other.get(a, a) for a in entry["applets"]),
                            published["service"]["sdAid"]}
                self.assertLessEqual(expected, on_card)
                self.assertEqual(self.stack.handset(card, "terminate", instance)["processInfo"]["executionStatus"], 0)
                self.assertEqual(aids(self.stack.registry(name)), before)


if not os.environ.get("TSMS_CAPS"):  # they are not ours to ship
    print("NOT GIVEN: real CAP files over TLS: TSMS_CAPS is not set")
    del RealCaps

if __name__ == "__main__":
    stack.main(verbosity=2)
