#!/usr/bin/env python3
"""Many clients of one service provider at once (AMB-022): no change is lost, no rule is broken between two of them."""

import collections
import concurrent.futures
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rest_world  # noqa: E402
import stack  # noqa: E402
from rest_world import SCRIPT, Form  # noqa: E402

CLIENTS = 8


class Concurrency(rest_world.RestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = [cls.stack.client("1.0") for _ in range(CLIENTS)]
        cls.world = cls.stack.world(cls.clients[0], "1.0")

    @classmethod
    def tearDownClass(cls):
        for client in cls.clients:
            client.close()
        super().tearDownClass()

    def together(self, act) -> list:
        """act(client, number) of every client, begun at the same moment."""
        start = threading.Barrier(CLIENTS)

        def one(number: int):
            start.wait(timeout=30)
            return act(self.clients[number], number)

        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(one, range(CLIENTS)))

    def outcomes(self, act) -> collections.Counter:
        return collections.Counter(a.status if a.status < 400 else a.category for a in self.together(act))

    def test_links_of_all_are_kept(self):
        w = self.world
        flavor = w.path("/services/{serviceId}/flavors/") + w.new_flavor(name="shared")
        caps = [self.stack.make_cap(f"{n}.cap", package=f"D27600018560{n:02X}", applets=[f"D27600018560{n:02X}01"])
                for n in range(CLIENTS)]  # one Flavor has a package once (DIV-066)
        elves = [w.upload("/executable-load-files", "elf", cap.name, cap.read_bytes()) for cap in caps]
        self.assertEqual(self.outcomes(lambda c, n: c.send("POST", flavor + "/executable-load-files", [elves[n]])),
                         {200: CLIENTS})
        linked = w.client.good("GET", flavor)["executableLoadFileIds"]
        self.assertEqual(sorted(linked), sorted(elves))
        self.assertEqual(self.outcomes(lambda c, n: c.send("PUT", flavor + "/executable-load-files", [elves[n]])),
                         {200: CLIENTS})
        self.assertEqual(w.client.good("GET", flavor)["executableLoadFileIds"], [])

    def test_a_profile_belongs_to_one_flavor(self):
        w = self.world
        flavors = [w.new_flavor(name=str(n)) for n in range(CLIENTS)]
        version = w.path("/services/{serviceId}/versions")
        w.client.good("POST", version, {"tag": "3.0.0", "allowedDeployments": {f: [] for f in flavors}})
        scp = w.ids["scpId"]
        self.assertEqual(self.outcomes(lambda c, n: c.send("POST", version + "/3.0.0/secure-component-profiles",
                                                           {scp: [flavors[n]]})), {200: CLIENTS})
        deployments = w.client.good("GET", version + "/3.0.0")["allowedDeployments"]
        self.assertEqual(sorted(len(profiles) for profiles in deployments.values()), [0] * (CLIENTS - 1) + [1])

    def test_one_of_equal_tags_wins(self):
        w = self.world
        body = {"tag": "4.0.0", "allowedDeployments": {w.ids["flavorId"]: []}}
        made = self.outcomes(lambda c, n: c.send("POST", w.path("/services/{serviceId}/versions"),
                                                 {**body, "tag": "4.00.0" if n % 2 else "4.0.0"}))
        self.assertEqual(made, {200: 1, 1008: CLIENTS - 1})

    def test_deleting_and_referring_exclude_each_other(self):
        for _ in range(5):
            w = self.world
            script = w.upload("/personalization-scripts", "script", "x.json", SCRIPT)
            path = "/personalization-scripts/" + script

            def act(client, number):
                if number % 2:
                    return client.send("DELETE", path)
                return client.send("POST", "/application-configs",
                                   {"instanceAid": next(rest_world.APPLICATION_AIDS), "installConfig": {},
                                    "personalizationConfig": {"personalizationScriptId": script}})

            outcome = self.outcomes(act)
            self.assertEqual(sum(outcome.values()), CLIENTS)
            exists = w.client.send("GET", path).status == 200
            half = CLIENTS // 2
            self.assertEqual(outcome, {200: half, 1010: half} if exists else {204: 1, 1009: CLIENTS - 1})
            if exists:
                self.assertEqual(len(w.client.good("GET", path + "/application-configs")), half)

    def test_publishing_and_changing_exclude_each_other(self):
        w = self.stack.world(self.clients[0], "1.0")
        flavor = w.path("/services/{serviceId}/flavors/{flavorId}")

        def act(client, number):
            if number == 0:
                return client.send("POST", flavor + "/publish")
            return client.send("PUT", flavor, {"applicationInstantiationConfigs": [
                {"executableModuleId": w.ids["emId"], "applicationConfigId": w.ids["applicationConfigId"],
                 "priority": number}]})

        self.together(act)
        frozen = w.client.good("GET", flavor)
        self.assertTrue(frozen["published"])
        priority = frozen["applicationInstantiationConfigs"][0]["priority"]
        same = 1 if priority < CLIENTS else 0  # who asks for what is there already changes nothing (AMB-058)
        self.assertEqual(self.outcomes(act), {200: 1 + same, 1015: CLIENTS - 1 - same})
        self.assertEqual(w.client.good("GET", flavor), frozen)

    def test_readers_see_whole_states(self):
        """A list never shows half of a deletion: a Service with Versions, or neither."""
        services = [self.stack.world(self.clients[0], "1.0").ids["serviceId"] for _ in range(CLIENTS)]

        def act(client, number):
            seen = []
            for service in services:
                if number == 0:
                    client.send("DELETE", "/services/" + service)
                answer = client.send("GET", f"/services/{service}/versions")
                seen.append(answer.category == 1009 or len(answer.document) == 1)
            return all(seen)

        self.assertTrue(all(self.together(act)))

    def test_uploads_to_one_load_file(self):
        w = self.stack.world(self.clients[0], "1.0")
        elf = w.path("/executable-load-files/{elfId}")
        outcome = self.outcomes(lambda c, n: c.send("PUT", elf, Form([("elf-file", f"{n}.cap", w.files.cap)])))
        self.assertEqual(outcome, {200: CLIENTS})
        self.assertEqual([m["id"] for m in w.client.good("GET", elf + "/executable-modules")], [w.ids["emId"]])
        self.assertEqual(w.client.send("GET", elf + "/binary").body, w.files.cap)


if __name__ == "__main__":
    stack.main(verbosity=1)
