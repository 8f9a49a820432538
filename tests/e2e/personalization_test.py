#!/usr/bin/env python3
"""Personalization scripts end to end (TR 4.2.3.4, 4.2.3.11): uploaded, refused, executed, told. The script is the example of
docs/personalization.md."""

import itertools
import json
import pathlib
import re
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402
from story_test import IN_ERROR, OPERATIONAL, StoryCase, aids  # noqa: E402

NUMBERS = itertools.count(0xA0)
INSTALLED, PERSONALIZED = 11, 12
MARKER = b"tsms-lab keeps data"
PIN, NAME = "31323334", "4D6178204D75737465726D616E6E"
VALUES = ("--data", f"pin={PIN}", "--data", f"name={NAME}")


def example() -> bytes:
    text = (stack.ROOT / "docs/personalization.md").read_text()
    return re.search(r"^    (\{\"version\": 1, \"commands\".*?\]\})$", text, re.M | re.S)[1].encode()


def stored_only(data: str = "010104${pin}") -> bytes:
    command = {"tag": "pin", "header": "80E28800", "data": data, "via": "store-data"}
    return json.dumps({"version": 1, "commands": [command]}).encode()


class Phone:
    """A card, and a Service of one applet that has a script."""

    def __init__(self, test, script: bytes, has_interface: bool = True):
        self.test, self.stack, self.rest, number = test, test.stack, test.rest, next(NUMBERS)
        package = f"D2760001{number:02X}"
        self.applet = package + "01"
        self.name = f"{number:02X}.card"
        self.card = self.stack.card(self.name)
        cap = self.stack.make_cap(f"{package}.cap", 2000, package, [self.applet])
        if not has_interface:
            self.become_a_strangers(cap)
        self.published = stack.publish_service(self.rest, [cap], spos_config=test.spos_config, profiles=["tsms-lab jc305"])
        self.config = self.published["configs"][0]["applicationConfigId"]
        uploaded = self.rest.upload("/personalization-scripts", "script", "perso.json", script)
        self.rest.call("PUT", f"/application-configs/{self.config}",
                       {"instanceAid": self.applet, "installConfig": {}, "activationConfig": {"accessibleViaApdu": True},
                        "personalizationConfig": {"personalizationScriptId": uploaded["id"]}})
        self.stack.handset(self.card, "instances", self.published["service"]["id"])  # makes the card's file
        self.before = aids(self.stack.registry(self.name))
        self.instance = test.create(self.card, self.published)

    @staticmethod
    def become_a_strangers(cap: pathlib.Path):
        """A package of which the lab card does not know that it would keep anything (DIV-091), and that imports no
        org.globalplatform."""
        with zipfile.ZipFile(cap) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        assert any(MARKER in content for content in parts.values())
        with zipfile.ZipFile(cap, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content.replace(MARKER, MARKER.upper()))

    def deploy(self, commands: str, *arguments, faults: str = "") -> dict:
        return self.stack.handset(self.card + faults, "deploy", self.instance, "--commands", commands, *arguments, check=False)

    def apdu(self, apdu: str) -> str:
        done = self.stack.run("tsms-handset", "--json", "--se", self.card, "apdu", self.applet, apdu, check=False)
        return json.loads(done.stdout)["exchanges"][-1]["response"]

    def file(self) -> dict:
        return json.loads((self.stack.folder / self.name).read_text())

    def domains(self) -> list:
        """What means something in a security domain: keys, IIN, CIN and the like (E0, 42, 45, CF)."""
        found = [(a["aid"], a["securityDomain"]) for a in self.file()["applications"] if "securityDomain" in a]
        return [(aid, sd["data"], [(s["version"], s["keys"]) for s in sd["keySets"]]) for aid, sd in found]

    def terminate(self):
        ended = self.stack.handset(self.card, "terminate", self.instance)["processInfo"]
        self.test.assertEqual(ended["executionStatus"], 0, ended)
        self.test.assertEqual(aids(self.stack.registry(self.name)), self.before)


class Personalization(StoryCase):
    def pairs(self, phone: Phone, result: dict, command: int) -> list:
        """Tag, command and response of the one application with a script."""
        self.assertEqual(result["processInfo"]["executionStatus"], 0, result)
        told = [c["personalizationResults"] for c in result["serviceCommandResults"]]
        self.assertEqual([bool(t) for t in told], [k == command for k in range(len(told))])
        self.assertEqual([t["applicationInstanceAid"] for t in told[command]], [phone.applet])
        return [(p["tag"], p["command"], p["response"]) for p in told[command][0]["results"]]

    def test_the_example_of_the_documentation(self):
        phone = Phone(self, example())
        result = phone.deploy("install,activate,personalize", "--finalize", *VALUES)
        name = f"{len(NAME) // 2:02X}{NAME}"
        self.assertEqual(self.pairs(phone, result, 2),
                         [("pin", f"80E2880007010104{PIN}", "9000"), ("name", f"00DA0101{name}", "9000"),
                          ("read", "00CA010100", f"{NAME}9000")])
        self.assertEqual(result["serviceInstanceState"], OPERATIONAL)
        self.assertEqual(phone.apdu("00CA018000"), f"010104{PIN}9000")
        self.assertEqual(phone.apdu("00CA010100"), f"{NAME}9000")
        told = self.wait_for_result(result["processInfo"]["processId"])
        self.assertEqual(told["requestedOperations"], [10, 12, 11])
        self.assertNotIn(PIN, json.dumps(told))
        phone.terminate()

    def test_step_by_step(self):
        phone = Phone(self, stored_only())
        self.assertEqual(phone.deploy("install")["serviceInstanceState"], INSTALLED)
        result = phone.deploy("personalize", *VALUES)
        self.assertEqual(self.pairs(phone, result, 0), [("pin", f"80E2880007010104{PIN}", "9000")])
        self.assertEqual(result["serviceInstanceState"], PERSONALIZED)
        self.assertEqual(phone.deploy("activate", "--finalize")["serviceInstanceState"], OPERATIONAL)
        self.assertEqual(phone.apdu("00CA018000"), f"010104{PIN}9000")
        phone.terminate()

    def test_what_a_domain_could_take_for_its_own(self):
        for data in ("420101", "4F05A000000151", "00450101"):
            with self.assertRaises(stack.RestError) as refusal:
                self.rest.upload("/personalization-scripts", "script", "hostile.json",
                                 stored_only(data).replace(b"80E28800", b"80E29000"))
            self.assertEqual(refusal.exception.category, 1013, data)
        with self.assertRaises(stack.RestError) as refusal:
            self.rest.upload("/personalization-scripts", "script", "hostile.json", stored_only("00B90101"))
        self.assertEqual(refusal.exception.category, 1013)
        # An app that brings the same in a value is refused before a process begins.
        phone = Phone(self, stored_only("${pin}"))
        for value in ("00B9030001FF", "8113030001FF", ""):
            arguments = ("--data", f"pin={value}") if value else ()
            info = phone.deploy("install,personalize", *arguments)["processInfo"]
            self.assertEqual((info["executionStatus"], info["processId"]), (4, ""), info)
            self.assertIn("command ‘pin’", info["executionMessage"])
        self.assertEqual(aids(self.stack.registry(phone.name)), phone.before)

    def test_an_applet_without_the_interface(self):
        phone = Phone(self, stored_only(), has_interface=False)
        self.assertEqual(phone.deploy("install")["serviceInstanceState"], INSTALLED)
        before = phone.domains()
        self.assertTrue(before)
        result = phone.deploy("personalize,activate", "--finalize", *VALUES)
        self.assertEqual(result["processInfo"]["executionStatus"], 7, result)
        self.assertEqual([c["commandExecutionStatus"] for c in result["serviceCommandResults"]], [1, 2])
        self.assertEqual(result["serviceInstanceState"], INSTALLED)
        self.assertEqual(phone.domains(), before)
        phone.terminate()
        phone = Phone(self, stored_only(), has_interface=False)
        result = phone.deploy("install,personalize,activate", "--finalize", *VALUES)
        self.assertEqual(result["processInfo"]["executionStatus"], 7, result)
        self.assertEqual([c["commandExecutionStatus"] for c in result["serviceCommandResults"]], [0, 1, 2])
        self.assertEqual(result["serviceInstanceState"], IN_ERROR)
        phone.terminate()

    def test_personal_data_stay_nowhere(self):
        phone = Phone(self, stored_only())
        secret = "5EC2E7D47A0123456789ABCDEF5EC2E7"
        result = phone.deploy("install,personalize,activate", "--finalize", "--data", f"pin={secret}")
        self.assertEqual(result["processInfo"]["executionStatus"], 0, result)
        phone.terminate()

        def gone() -> bool:
            """Also of the logs of the databases, which are emptied when nothing happens."""
            octets = b"".join(f.read_bytes() for f in self.stack.folder.glob("data/*.db*")).upper()
            return secret.encode() not in octets

        stack.wait_until(gone, 30, "personal data are still in a database")
        logs = "".join(p.log() + p.output() for p in self.stack.processes)
        self.assertNotIn(secret, logs)


if __name__ == "__main__":
    stack.main()
