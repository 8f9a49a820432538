#!/usr/bin/env python3
"""updateService and checkServiceUpdateAvailable end to end: what has changed is replaced, and what has not keeps its data."""

import itertools
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402
from story_test import IN_ERROR, NOT_DEPLOYED, OPERATIONAL, SUSPENDED, StoryCase, aids  # noqa: E402

INSTALLED = 11
UPDATE_INSTALLATION, UPDATE_ACTIVATION = 20, 22
DEPLOYMENT_ACTIVATION = 12
NO_PROCESS = ""
STORED = "C0FFEE0123456789"
NUMBERS = itertools.count(0x60)


class Phone:
    """A card and a service of two load files with one applet each. Both applets have stored something."""

    def __init__(self, test, profile: str = "jc305", device_apps=()):
        self.test, self.stack, number = test, test.stack, next(NUMBERS)
        self.kept, self.changed = (f"D2760001{number:02X}{n}" for n in ("01", "02"))  # the packages
        self.name = f"{number:02X}.card"
        self.card = self.stack.card(self.name, profile)
        self.profiles = [f"tsms-lab {profile}"]
        caps = [self.cap(package) for package in (self.kept, self.changed)]
        self.published = stack.publish_service(test.rest, caps, spos_config=test.spos_config, device_apps=device_apps,
                                               profiles=self.profiles)
        self.service = self.published["service"]
        self.first, self.second = self.published["parts"]
        self.stack.handset(self.card, "instances", self.service["id"])  # makes the card's file
        self.before = aids(self.registry())

    def cap(self, package: str, version: str = "1.0", load_size: int = 2000):
        return self.stack.make_cap(f"{package}-{version}.cap", load_size, package, [package + "01"], version)

    def publish(self, version: str, parts: list | None = None):
        """1.1.0 and what comes behind it: the second load file is another one, unless `parts` says what there is."""
        if parts is None:
            parts = [self.first, stack.upload_part(self.test.rest, self.cap(self.changed, version.removesuffix(".0"), 3000))]
            parts[1]["configs"][0]["applicationConfigId"] = self.second["configs"][0]["applicationConfigId"]
        return stack.publish_version(self.test.rest, self.service, parts, version, self.profiles)

    def deploy(self):
        self.instance = self.test.create(self.card, self.published)
        self.test.assertEqual(self.test.deploy(self.card, self.instance)["serviceInstanceState"], OPERATIONAL)
        for package in (self.kept, self.changed):
            self.store(package, STORED)
        return self

    def call(self, function: str, *arguments, faults: str = "", stats=None) -> dict:
        return self.stack.handset(self.card + faults, function, self.instance, *arguments, check=False, stats=stats)

    def update(self, version: str, commands: str = "install,activate", *arguments, faults: str = "", stats=None):
        arguments = arguments or ("--finalize",)
        return self.call("update", version, "--commands", commands, *(a for a in arguments if a), faults=faults, stats=stats)

    def apdu(self, package: str, apdu: str) -> str:
        done = self.stack.run("tsms-handset", "--json", "--se", self.card, "apdu", package + "01", apdu, check=False)
        return json.loads(done.stdout)["exchanges"][-1]["response"]

    def store(self, package: str, value: str):
        self.test.assertEqual(self.apdu(package, f"80DA0105{len(value) // 2:02X}{value}"), "9000")

    def stored(self, package: str) -> str:
        """What the applet gives back, and a status word."""
        return self.apdu(package, "80CA010500")

    def registry(self) -> dict:
        return self.stack.registry(self.name)

    def file(self) -> dict:
        return json.loads((self.stack.folder / self.name).read_text())

    def application(self, package: str) -> dict | None:
        return next((a for a in self.file()["applications"] if a["aid"] == package + "01"), None)

    def load_file(self, package: str) -> dict | None:
        return next((f for f in self.registry()["loadFiles"] if f["aid"] == package), None)

    def seen(self) -> dict:
        """The instance as getServiceInstances tells it."""
        found = self.stack.handset(self.card, "instances", self.service["id"])["serviceInstances"]
        return next(i for i in found if i["id"] == self.instance)

    def terminate(self):
        """What a Service has had goes, whatever an update has made of it."""
        terminated = self.call("terminate")["processInfo"]
        self.test.assertEqual(terminated["executionStatus"], 0, terminated)
        self.test.assertEqual(aids(self.registry()), self.before)
        self.test.assertEqual(self.file()["accessRules"], [])


class Update(StoryCase):
    def succeeds(self, result: dict, state: int, version: str):
        self.assertEqual(result["processInfo"]["executionStatus"], 0, result)
        self.assertEqual(result["processInfo"]["executionMessage"], "")
        self.assertEqual(result["serviceInstanceState"], state)
        self.assertEqual(result["technicalInformation"]["serviceVersionTag"], version)

    def refused(self, phone: Phone, result: dict, category: int):
        """Before any process: nobody but the caller hears of it, and the card is what it was."""
        info = result["processInfo"]
        self.assertEqual((info["executionStatus"], info["processId"]), (category, NO_PROCESS), result)
        self.assertNotEqual(info["executionMessage"], "")

    def told(self, phone: Phone, result: dict) -> dict:
        """What the SPOS has been told of it (TR 4.3.3.1), without what every message has."""
        message = self.wait_for_result(result["processInfo"]["processId"])
        self.assertEqual((message["serviceId"], message["serviceInstanceId"]), (phone.service["id"], phone.instance))
        self.assertLessEqual(message["startDate"], message["endDate"])
        return {k: message[k] for k in ("executionStatus", "versionTag", "requestedOperations", "serviceStartState", "serviceEndState")}

    def test_what_has_changed_is_replaced_and_what_has_not_keeps_its_data(self):
        phone = Phone(self, device_apps=["A" * 64]).deploy()
        self.assertEqual(self.available(phone, "x.x.x"), (0, "", None))
        published = phone.publish("1.1.0")
        for pattern in ("x.x.x", "1.x.x", "1.1.x", "1.1.0"):
            available, version, technical = self.available(phone, pattern)
            self.assertEqual((available, version), (1, "1.1.0"))
            self.assertEqual((technical["serviceVersionTag"], technical["flavorId"]), ("1.1.0", published["flavor"]["id"]))
        kept, changed = phone.application(phone.kept), phone.application(phone.changed)
        rules = phone.file()["accessRules"]
        self.assertEqual(phone.load_file(phone.changed)["version"], "1.0")

        updated = phone.update("1.1.0")
        self.succeeds(updated, OPERATIONAL, "1.1.0")
        self.assertEqual([c["commandExecutionStatus"] for c in updated["serviceCommandResults"]], [0, 0])
        self.assertEqual(self.told(phone, updated), {
            "executionStatus": 0, "versionTag": "1.1.0", "requestedOperations": [UPDATE_INSTALLATION, UPDATE_ACTIVATION],
            "serviceStartState": OPERATIONAL, "serviceEndState": OPERATIONAL})

        self.assertEqual(phone.application(phone.kept), kept)  # octet by octet, with what it has stored
        self.assertEqual(phone.stored(phone.kept), STORED + "9000")
        self.assertEqual(phone.stored(phone.changed), "6A88")
        self.assertEqual({k: v for k, v in phone.application(phone.changed).items() if k != "kept"},
                         {k: v for k, v in changed.items() if k != "kept"})
        self.assertEqual((phone.load_file(phone.changed)["version"], phone.load_file(phone.changed)["octets"]), ("1.1", 3000))
        self.assertEqual(phone.load_file(phone.kept)["version"], "1.0")
        self.assertCountEqual(phone.file()["accessRules"], rules)
        self.assertEqual((phone.seen()["state"], phone.seen()["technicalInformation"]["serviceVersionTag"]), (OPERATIONAL, "1.1.0"))
        self.assertEqual(self.available(phone, "x.x.x"), (0, "", None))
        phone.terminate()

    def available(self, phone: Phone, pattern: str) -> tuple:
        told = phone.call("check-update", pattern)
        self.assertEqual((told["executionStatus"], told["executionMessage"]), (0, ""), told)
        return told["updateAvailable"], told["newVersion"], told["newTechnicalInformation"]

    def exchanges(self, phone: Phone, version: str) -> int:
        stats = self.stack.folder / "update.stats"
        self.succeeds(phone.update(version, stats=stats), OPERATIONAL, version)
        return json.loads(stats.read_text())["exchanges"]

    def test_what_an_update_costs(self):
        """Exchanges do not depend on the size of what is loaded. The issuer works only where access rules change (AMB-124)."""
        phone = Phone(self, device_apps=["A" * 64]).deploy()
        for version, load_size, apps, exchanges in (("1.1.0", 3000, "A", 4), ("1.2.0", 50000, "A", 4), ("1.3.0", 3000, "B", 5)):
            part = stack.upload_part(self.rest, phone.cap(phone.changed, version.removesuffix(".0"), load_size))
            part["configs"][0]["applicationConfigId"] = phone.second["configs"][0]["applicationConfigId"]
            phone.publish(version, [phone.first, part])
            self.rest.call("PUT", f"/services/{phone.service['id']}",
                           {"name": phone.service["name"], "accessAuthorizedDeviceApps": [apps * 64]})
            self.assertEqual(self.exchanges(phone, version), exchanges, version)
            self.assertEqual({r["app"] for r in phone.registry()["accessRules"]}, {apps * 64})
        phone.terminate()

    def test_nothing_has_changed(self):
        """TR 4.2.5.8: a higher Version may have the same Flavor. The card stays as it is."""
        phone = Phone(self).deploy()
        stack.allow(self.rest, phone.service, phone.published["flavor"], "1.1.0", phone.profiles)
        available, version, technical = self.available(phone, "x.x.x")
        self.assertEqual((available, version, technical["flavorId"]), (1, "1.1.0", phone.published["flavor"]["id"]))
        before = phone.registry()
        updated = phone.update("1.1.0")
        self.succeeds(updated, OPERATIONAL, "1.1.0")
        after = phone.registry()
        for part in ("loadFiles", "accessRules", "freeMemory"):
            self.assertEqual(after[part], before[part])
        for package in (phone.kept, phone.changed):
            self.assertEqual(phone.stored(package), STORED + "9000")
        self.assertEqual(self.told(phone, updated)["versionTag"], "1.1.0")
        phone.terminate()

    def test_applets_come_and_go(self):
        phone = Phone(self).deploy()
        added = phone.kept[:-2] + "03"
        phone.publish("2.0.0", [phone.first, stack.upload_part(self.rest, phone.cap(added))])
        self.succeeds(phone.update("2.0.0"), OPERATIONAL, "2.0.0")
        self.assertEqual((phone.application(phone.changed), phone.load_file(phone.changed)), (None, None))
        self.assertEqual(phone.stored(added), "6A88")
        self.assertEqual(phone.stored(phone.kept), STORED + "9000")
        # And the other way round: what has gone comes back, and has stored nothing.
        self.succeeds(phone.update("1.0.0"), OPERATIONAL, "1.0.0")
        self.assertEqual((phone.application(added), phone.load_file(added)), (None, None))
        self.assertEqual(phone.stored(phone.changed), "6A88")
        self.assertEqual(phone.stored(phone.kept), STORED + "9000")
        phone.terminate()

    def test_downgrade(self):
        """AMB-112: the fail conditions are exhaustive, and a lower Version is none of them; it is no update that is available."""
        phone = Phone(self).deploy()
        phone.publish("1.1.0")
        self.succeeds(phone.update("1.1.0"), OPERATIONAL, "1.1.0")
        phone.store(phone.changed, STORED)
        for pattern in ("1.0.0", "1.0.x"):
            self.assertEqual(self.available(phone, pattern), (0, "", None))
        downgraded = phone.update("1.0.0")
        self.succeeds(downgraded, OPERATIONAL, "1.0.0")
        self.assertEqual(self.told(phone, downgraded)["versionTag"], "1.0.0")
        self.assertEqual(phone.load_file(phone.changed)["version"], "1.0")
        self.assertEqual((phone.stored(phone.kept), phone.stored(phone.changed)), (STORED + "9000", "6A88"))
        phone.terminate()

    def test_a_suspended_service(self):
        """A locked domain takes nothing: it is unlocked, updated, and as the last Activate says (AMB-107)."""
        phone = Phone(self).deploy()
        for version, how, state in (("1.1.0", "--suspended", SUSPENDED), ("1.2.0", None, OPERATIONAL)):
            phone.publish(version)
            if phone.seen()["state"] == OPERATIONAL:
                self.assertEqual(phone.call("suspend")["processInfo"]["executionStatus"], 0)
            self.assertEqual(phone.seen()["state"], SUSPENDED)
            updated = phone.update(version, "install,activate", "--finalize", how)
            self.succeeds(updated, state, version)
            self.assertEqual(self.told(phone, updated)["serviceStartState"], SUSPENDED)
            answers = {phone.kept: phone.stored(phone.kept), phone.changed: phone.stored(phone.changed)}
            if state == SUSPENDED:
                self.assertEqual(set(answers.values()), {"6A82"})  # locked
                self.assertEqual({phone.application(p)["state"] for p in answers}, {0x87})
        self.assertEqual(answers, {phone.kept: STORED + "9000", phone.changed: "6A88"})
        phone.terminate()

    def test_a_suspended_service_is_resumed_after_its_update(self):
        phone = Phone(self).deploy()
        phone.publish("1.1.0")
        self.assertEqual(phone.call("suspend")["processInfo"]["executionStatus"], 0)
        self.succeeds(phone.update("1.1.0", "install,activate", "--finalize", "--suspended"), SUSPENDED, "1.1.0")
        self.assertEqual(phone.call("resume")["processInfo"]["executionStatus"], 0)
        self.assertEqual((phone.stored(phone.kept), phone.stored(phone.changed)), (STORED + "9000", "6A88"))
        phone.terminate()

    def test_what_is_refused(self):
        phone = Phone(self)
        phone.publish("1.1.0")
        stack.allow(self.rest, phone.service, phone.published["flavor"], "3.0.0", ["tsms-lab jc304"])
        phone.instance = self.create(phone.card, {**phone.published, "version": "1.1.0"})
        self.refused(phone, phone.update("1.0.0"), 13)  # NOT_DEPLOYED
        self.assertEqual(self.deploy(phone.card, phone.instance)["serviceInstanceState"], OPERATIONAL)
        phone.store(phone.kept, STORED)
        before = phone.file()
        for version, category in (("1.1.0", 8), ("9.9.9", 4), ("x.x.x", 4), ("1.0", 4), ("3.0.0", 8)):
            with self.subTest(version):
                self.refused(phone, phone.update(version), category)
        for commands in ("activate", "activate,install", "personalize"):
            with self.subTest(commands):
                self.refused(phone, phone.update("1.0.0", commands), 13)
        with self.subTest("no command at all"):
            self.refused(phone, phone.call("update", "1.0.0", "--finalize"), 13)
        unknown = self.stack.handset(phone.card, "update", "00000000-0000-4000-8000-000000000000", "1.0.0", "--commands", "install",
                                     check=False)
        self.refused(phone, unknown, 4)
        self.assertEqual(phone.file(), before)
        self.assertEqual(phone.seen()["technicalInformation"]["serviceVersionTag"], "1.1.0")
        phone.terminate()

    def test_an_orphan_is_not_updated(self):
        """AMB-114"""
        phone = Phone(self).deploy()
        published = phone.publish("1.1.0")
        path = f"/services/{phone.service['id']}"
        self.rest.call("PUT", f"{path}/versions/1.0.0/flavors", [phone.published["flavor"]["id"]])
        self.rest.call("DELETE", f"{path}/flavors/{phone.published['flavor']['id']}")
        self.refused(phone, phone.update("1.1.0"), 12)
        self.assertEqual(self.available(phone, "x.x.x")[:2], (1, "1.1.0"))  # a check does not ask for the state
        self.assertEqual(published["version"], "1.1.0")
        phone.terminate()

    def test_a_partial_update_goes_on_with_deploy(self):
        """AMB-110"""
        phone = Phone(self).deploy()
        phone.publish("1.1.0")
        begun = phone.update("1.1.0", "install", None)
        self.succeeds(begun, INSTALLED, "1.1.0")
        self.assertEqual(self.told(phone, begun), {
            "executionStatus": 0, "versionTag": "1.1.0", "requestedOperations": [UPDATE_INSTALLATION],
            "serviceStartState": OPERATIONAL, "serviceEndState": INSTALLED})
        self.refused(phone, phone.update("1.0.0"), 13)  # in the middle of another one
        done = phone.call("deploy", "--commands", "activate", "--finalize")
        self.succeeds(done, OPERATIONAL, "1.1.0")
        self.assertEqual(self.told(phone, done), {
            "executionStatus": 0, "versionTag": "1.1.0", "requestedOperations": [DEPLOYMENT_ACTIVATION],
            "serviceStartState": INSTALLED, "serviceEndState": OPERATIONAL})
        self.assertEqual((phone.stored(phone.kept), phone.stored(phone.changed)), (STORED + "9000", "6A88"))
        self.refused(phone, phone.update("1.1.0"), 8)
        phone.terminate()

    def test_a_failed_update_is_repeated_or_terminated(self):
        """AMB-113: after the first change of the card it is IN_ERROR; what has not changed keeps its data all the same."""
        for fault in ("sw6A84@load:2", "tear-after@delete:1", "mute@install-for-extradition:1"):
            for version in ("1.1.0", "1.0.0", None):
                with self.subTest(fault=fault, then=version):
                    phone = Phone(self).deploy()
                    phone.publish("1.1.0")
                    failed = phone.update("1.1.0", faults=f"&faults={fault}")
                    self.assertNotEqual(failed["processInfo"]["executionStatus"], 0, failed)
                    self.assertEqual(failed["serviceInstanceState"], IN_ERROR, failed)
                    message = self.told(phone, failed)
                    self.assertEqual((message["versionTag"], message["serviceStartState"], message["serviceEndState"]),
                                     ("1.1.0", OPERATIONAL, IN_ERROR))
                    self.refused(phone, phone.call("deploy", "--commands", "install,activate", "--finalize"), 13)  # AMB-100
                    self.refused(phone, phone.call("suspend"), 13)
                    if version:
                        self.succeeds(phone.update(version), OPERATIONAL, version)
                        self.assertEqual(phone.load_file(phone.changed)["version"], version.removesuffix(".0"))
                        self.assertEqual(phone.stored(phone.kept), STORED + "9000")
                    phone.terminate()

    def test_a_card_that_is_too_small(self):
        """AMB-225: what would not fit is refused before anything goes."""
        phone = Phone(self, "small").deploy()
        part = stack.upload_part(self.rest, phone.cap(phone.changed, "1.1", 20000))
        phone.publish("1.1.0", [phone.first, part])
        failed = phone.update("1.1.0")
        self.assertEqual((failed["processInfo"]["executionStatus"], failed["serviceInstanceState"]), (7, OPERATIONAL), failed)
        self.assertEqual(phone.seen()["technicalInformation"]["serviceVersionTag"], "1.0.0")
        for package in (phone.kept, phone.changed):
            self.assertEqual(phone.stored(package), STORED + "9000")
        phone.terminate()

    def test_an_instance_that_was_never_deployed_is_asked_about(self):
        """AMB-137: compared with the Version for which it was created."""
        phone = Phone(self)
        phone.instance = self.create(phone.card, phone.published)
        self.assertEqual(phone.seen()["state"], NOT_DEPLOYED)
        self.assertEqual(self.available(phone, "x.x.x"), (0, "", None))
        phone.publish("1.1.0")
        self.assertEqual(self.available(phone, "x.x.x")[:2], (1, "1.1.0"))
        wrong = phone.call("check-update", "x.1.x")
        self.assertEqual((wrong["executionStatus"], wrong["updateAvailable"], wrong["newVersion"]), (4, 0, ""), wrong)


del StoryCase  # without tests

if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    stack.main(verbosity=2)
