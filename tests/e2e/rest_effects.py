"""What an operation of TR 4.1.6 has done, beyond the shape of its answer: the answer is about the right entities, and the catalog says
the same from then on."""

import rest_bodies
from rest_world import FACTS, SCRIPT, World

OPERATIONS = FACTS["operations"]

# The path parameter that names one of these entities.
NAMES = {"SecureComponentProfile": "scpId", "ExecutableLoadFile": "elfId", "Service": "serviceId", "Flavor": "flavorId", "Version": "tag",
         "ExecutableModule": "emId", "ApplicationConfig": "applicationConfigId", "PersonalizationScript": "personalizationScriptId",
         "Certificate": "certificateId", "SposConfig": "sposConfigId"}
# Where one is read.
READERS = {facts["answer"]: facts["path"] for name, facts in OPERATIONS.items()
           if name.startswith("get") and facts["answer"] in NAMES and facts["path"].endswith("{" + NAMES[facts["answer"]] + "}")}


def undo(w: World, operation: str):
    """Links have an effect only where there are none."""
    if operation in ("linkElfs", "linkFlavors", "linkSecureComponentProfiles"):
        facts = OPERATIONS["un" + operation]
        w.client.good(facts["method"], w.path(facts["path"]), rest_bodies.good_body(w, "un" + operation))


def known(w: World) -> dict:
    """Attributes that each entity of a World has."""
    i = w.ids
    return {"ServiceProvider": {"name": "one"},
            "SecureComponentProfile": {"name": "fit", "osVersion": "9.1", "javaCardVersion": "3.0.5"},
            "Service": {"name": "World", "sposConfigId": i["sposConfigId"]},
            "Flavor": {"name": "main", "published": False, "executableLoadFileIds": [i["elfId"]], "applicationInstantiationConfigs": [
                {"priority": 255, "executableModuleId": i["emId"], "applicationConfigId": i["applicationConfigId"]}]},
            "Version": {"allowedDeployments": {i["flavorId"]: [i["scpId"]]}},
            "ExecutableLoadFile": {"fileName": "app.cap", "aid": "D2760001855453"},
            "ExecutableModule": {"aid": "D276000185545301"},
            "ApplicationConfig": {"installConfig": {"applicationSpecificInstallParameter": "", "privileges": ["GlobalService"]}},
            "PersonalizationScript": {"fileName": "perso.json"},
            "Certificate": {"fileName": "ca.pem"},
            "SposConfig": {"url": "https://spos.example/tsm", "certificateId": i["certificateId"]}}


class Effects:
    """Of one request that has succeeded. `ids`: what its path named; `body`: what it sent."""

    def __init__(self, test, w: World, operation: str, ids: dict, body, answer):
        self.test, self.w, self.operation, self.body, self.answer = test, w, operation, body, answer
        self.ids = {**w.ids, **ids}
        self.facts = OPERATIONS[operation]

    def read(self, template: str, **ids):
        return self.w.client.send("GET", self.w.path(template, **{**self.ids, **ids}))

    def stored(self, kind: str) -> dict:
        """The entity of the answer as a GET has it."""
        made = self.answer.document
        answer = self.read(READERS[kind], **{NAMES[kind]: made.get("id", made.get("tag"))})
        self.test.assertEqual(answer.status, 200, answer)
        return answer.document

    def has(self, document: dict, attributes: dict):
        for name, value in attributes.items():
            if isinstance(value, dict) and isinstance(document[name], dict) and name.endswith("Config"):
                self.has(document[name], value)
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                self.test.assertEqual(len(value), len(document[name]), name)
                for given, got in zip(value, document[name]):
                    self.has(got, given)
            else:
                self.test.assertEqual(document[name], value, f"{self.operation}: {name}")

    def check(self):
        kind, name = self.facts["answer"], self.operation
        if name == "createAccessToken":
            self.test.assertEqual(self.w.client.send("GET", "/services", token=self.answer.document).status, 200)
        elif kind.endswith("[]") and kind != "byte[]":
            self.is_the_list(kind[:-2])
        elif kind == "byte[]":
            content = {"getElfBinary": self.w.files.cap, "getScriptBinary": SCRIPT, "getCertBinary": self.w.files.certificate}
            self.test.assertEqual(self.answer.body, content[name])
        elif self.facts["method"] == "GET":
            self.is_the_one(kind)
        elif self.facts["method"] == "DELETE":
            self.test.assertEqual(self.read(self.facts["path"]).category, 1009)
        else:
            self.test.assertEqual(self.answer.document, self.stored(kind))
            self.is_changed(kind)

    def is_the_one(self, kind: str):
        document = self.answer.document
        if kind in NAMES:
            self.test.assertEqual(document.get("id", document.get("tag")), self.ids[NAMES[kind]])
        self.has(document, known(self.w)[kind])

    def is_the_list(self, kind: str):
        """It has the World's entity as a GET of it has it. Other Worlds of the provider share profiles alone."""
        own = self.ids[NAMES[kind]]
        items = {item.get("id", item.get("tag")): item for item in self.answer.document}
        self.test.assertIn(own, items, self.operation)
        self.test.assertEqual(items[own], self.read(READERS[kind]).document)
        if self.facts["path"].replace("{scpId}", "").count("{"):
            self.test.assertEqual(list(items), [own], self.operation)

    def is_changed(self, kind: str):
        document, i = self.answer.document, self.ids
        if rest_bodies.upload_kind(self.operation):
            self.test.assertEqual(document["fileName"], "name.bin")
            binary = self.read(READERS[kind] + "/binary", **{NAMES[kind]: document["id"]})
            self.test.assertEqual(binary.body, rest_bodies.sent_content(self.w, self.operation))
        elif self.operation.startswith(("create", "modify")):
            self.has(document, self.body)
        elif self.operation == "publishFlavor":
            self.test.assertTrue(document["published"])
        elif self.operation.endswith("linkElfs"):
            linked = self.operation == "linkElfs"
            self.test.assertEqual(document["executableLoadFileIds"], [i["elfId"]] if linked else [])
        else:
            flavor, scp = i["flavorId"], [i["scpId"]]
            expected = {"linkFlavors": {flavor: scp}, "unlinkFlavors": {}, "linkSecureComponentProfiles": {flavor: scp},
                        "unlinkSecureComponentProfiles": {flavor: []}}
            self.test.assertEqual(document["allowedDeployments"], expected[self.operation])
