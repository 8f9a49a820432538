#!/usr/bin/env python3
"""What each call costs the phone: every row of the table in docs/performance.md, whatever is loaded and however many applications there are."""

import itertools
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import phone as phones  # noqa: E402
import stack  # noqa: E402
from story_test import BUILD, StoryCase  # noqa: E402

NUMBERS = itertools.count(1)
APP, OTHER_APP = "A" * 64, "B" * 64
DEPLOY = ("--commands", "install,activate", "--finalize")


def table() -> dict:
    """The rows as documented: for each the orders, what our SDK needs, and what a plain agent does. A row that begins with “likewise” goes
    on with the one before."""
    text = (stack.ROOT / "docs/performance.md").read_text()
    section = text.split("# What a call costs the phone", 1)[1]
    rows, before = {}, ""
    for line in section.splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")] if line.startswith("|") else []
        if len(cells) != 5 or not re.search("[0-9]", cells[2]):
            continue
        name = cells[0]
        if name.startswith("likewise"):
            name = before + name.removeprefix("likewise")
        else:
            before = name
        rows[name] = cells[1:4]
    return rows


class Handset:
    """A card, and Services for it: `applets` in each of two load files of `size` octets."""

    def __init__(self, test, size: int, applets: int):
        self.test, self.stack, self.size, self.applets = test, test.stack, size, applets
        self.number = next(NUMBERS)
        self.card = self.stack.card(f"exchanges-{self.number}.card")

    def cap(self, version: str = "1.0", size: int | None = None):
        package = f"D27600018A{next(NUMBERS):04X}"
        return self.stack.make_cap(f"{package}.cap", size or self.size, package, [f"{package}{n:02X}" for n in range(1, self.applets + 1)], version)

    def publish(self, apps=()) -> dict:
        return stack.publish_service(self.test.rest, [self.cap(), self.cap()], device_apps=apps, profiles=["tsms-lab jc305"])

    def create(self, published: dict) -> str:
        return self.test.create(self.card, published)

    def deployed(self, apps=()) -> tuple:
        published = self.publish(apps)
        instance = self.create(published)
        self.cost("deploy", instance, *DEPLOY)
        return published, instance

    def cost(self, *call, cards=()) -> int:
        stats = self.stack.folder / "exchanges.stats"
        told = self.stack.handset([self.card, *cards], *call, stats=stats)
        status = told["processInfo"]["executionStatus"] if "processInfo" in told else told["executionStatus"]
        self.test.assertEqual(status, 0, told)
        return json.loads(stats.read_text())["exchanges"]

    def doubt(self):
        for card in json.loads(self.stack.tsms("card", "list", "--json").stdout):
            self.stack.tsms("card", "reconcile", "--card", card["id"])


def without_process(handset: Handset) -> dict:
    published = handset.publish()
    service = published["service"]["id"]
    second = handset.stack.card(f"exchanges-{handset.number}-b.card") + "&reader=SIM2"
    handset.cost("instances", service, cards=[second])  # makes the files of the cards
    costs = {"check": handset.cost("check", service, "x.x.x"), "check2": handset.cost("check", service, "x.x.x", cards=[second]),
             "create": handset.cost("create", service, "1.0.0")}
    instance = handset.stack.handset(handset.card, "instances", service)["serviceInstances"][0]["id"]
    costs["instances"] = handset.cost("instances", service)
    costs["check-update"] = handset.cost("check-update", instance, "x.x.x")
    handset.test.assertEqual(costs, {"check": 2, "check2": 3, "create": 2, "instances": 2, "check-update": 2})
    return {"checkServiceDeploymentAvailable, checkServiceUpdateAvailable, createServiceInstance, getServiceInstances":
            "1 + cards"}


def deployments(handset: Handset) -> dict:
    costs = {}
    for name, apps in (("deployService, the TSM's domain is new", (APP,)), ("deployService, the issuer writes access rules", (APP,)),
                       ("deployService, no issuer", ())):
        instance = handset.create(handset.publish(apps))
        costs[name] = handset.cost("deploy", instance, *DEPLOY)
    return costs


def locks(handset: Handset) -> dict:
    _, instance = handset.deployed((APP,))
    changes = {handset.cost("suspend", instance), handset.cost("resume", instance)}
    repeated = handset.cost("resume", instance)
    handset.test.assertEqual(len(changes), 1)
    return {"suspend or resume": changes.pop(), "suspend or resume what is so already": repeated}


def terminations(handset: Handset) -> dict:
    handset.deployed()  # keeps the domain
    name = "terminateService, the TSM's domain stays"
    costs = {}
    for behind, apps in (("", ()), (", in doubt", ()), (", the issuer removes access rules", (APP,))):
        _, instance = handset.deployed(apps)
        if "doubt" in behind:
            handset.doubt()
        costs[name + behind] = handset.cost("terminate", instance)
    return costs


def last_terminations(handset: Handset) -> dict:
    name = "terminateService, the last Service on the card"
    costs = {}
    for behind, apps in (("", ()), (", the issuer removes access rules", (APP,))):
        _, instance = handset.deployed(apps)
        costs[name + behind] = handset.cost("terminate", instance)
    return costs


def updates(handset: Handset) -> dict:
    costs = {}
    for begins, apps in (("updateService, no issuer", ()), ("updateService, the issuer changes access rules", (APP,))):
        published, instance = handset.deployed(apps)
        first, second = published["parts"]
        profiles = ["tsms-lab jc305"]
        stack.allow(handset.test.rest, published["service"], published["flavor"], "1.1.0", profiles)
        parts = [first, stack.upload_part(handset.test.rest, handset.cap(size=3000))]
        stack.publish_version(handset.test.rest, published["service"], parts, "1.2.0", profiles)
        for version, behind in (("1.1.0", ""), ("1.2.0", ", load files that come before others go")):
            if apps:
                handset.test.rest.call("PUT", f"/services/{published['service']['id']}",
                                       {"name": published["service"]["name"], "accessAuthorizedDeviceApps":
                                        [OTHER_APP] if version == "1.1.0" else [APP]})
            costs[begins + behind] = handset.cost("update", instance, version, *DEPLOY)
    return costs


class Exchanges(StoryCase):
    def test_each_row_of_the_table(self):
        documented = table()
        played = {}
        for size, applets in ((600, 1), (12000, 3)):
            for play in (without_process, deployments, locks, terminations, last_terminations, updates):
                for name, cost in play(Handset(self, size, applets)).items():
                    self.assertEqual(str(cost), documented[name][1], f"{name}, {size} octets, {applets} applets")
                    played[name] = cost
        self.assertEqual(set(played), set(documented))

    def test_our_sdk_needs_one_more_than_orders_and_a_plain_agent_three(self):
        for name, (orders, sdk, plain) in table().items():
            if orders.isdigit() and orders != "0":
                self.assertEqual((int(sdk), int(plain)), (1 + int(orders), 3 + int(orders)), name)

    def test_a_plain_agent(self):
        """Handshake and void report are its own, and so is the fetching of its result."""
        handset = Handset(self, 600, 1)
        card = phones.Card(self.stack, f"exchanges-{handset.number}.card")
        self.addCleanup(card.close)
        agent = phones.Phone(self.stack, card)
        requests = []
        exchange = agent.exchange
        agent.exchange = lambda method, path, *more, **how: requests.append(path) or exchange(method, path, *more, **how)
        instances = []
        for _ in range(2):
            published = handset.publish()
            created = agent.ask("createServiceInstance", serviceId=published["service"]["id"], version="1.0.0")
            instances.append(created["serviceInstance"]["id"])
        documented = table()
        for instance, row in zip(instances, ("deployService, the TSM's domain is new", "deployService, no issuer")):
            requests.clear()
            self.assertEqual(agent.deploy(instance)["processInfo"]["executionStatus"], 0)
            fetched = [r for r in requests if r.endswith("/result")]
            self.assertEqual(len(requests) - len(fetched), int(documented[row][2]), row)


if __name__ == "__main__":
    stack.main()
