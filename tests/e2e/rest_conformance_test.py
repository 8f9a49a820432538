#!/usr/bin/env python3
"""Every operation of the REST API as TR 4.1.6 lists it, in both dialects, over TLS to the real binary: success, the
answer and what the catalog says from then on, each error category, and who may see what."""

import pathlib
import re
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rest_effects  # noqa: E402
import rest_world  # noqa: E402
import stack  # noqa: E402
from rest_bodies import bad_attributes, bad_forms, bad_links, entity_bodies, good_body, upload_kind  # noqa: E402
from rest_world import DIALECTS, FACTS, UNKNOWN, Form, World  # noqa: E402

OPERATIONS = FACTS["operations"]

# TR 4.1.5.2; 1002 as worded by 1.0.4 (AMB-010), in 1.0 with one exception.
MESSAGES = {
    1000: r"Not authenticated\.",
    1001: r"Authentication failed\.",
    1002: r"Invalid request: .+\.|Invalid: request body not allowed\.",
    1003: r"Create failed: attribute .+ not allowed for POST\. It is automatically assigned when created\.",
    1004: r"Create failed: attribute .+ is missing, but it is mandatory for .+\.",
    1005: r"Modify failed: attribute .+ not allowed for PUT\. Attribute cannot be modified after creation\.",
    1006: r"Modify failed: attribute .+ is missing, but it is mandatory for .+\.",
    1007: r"Unknown: ‘.+’ is not a valid attribute\.",
    1008: r"Invalid format ‘.*’ for .+\. Supported format is .+\.",
    1009: r"Not existing: .+ with id ‘.*’ does not exist\.",
    1010: r"Delete failed: .+ is referenced in .+\.",
    1011: r"Upload failed: missing file\.",
    1012: r"Upload failed: too many files provided\. Method supports uploading one file\.",
    1013: r"Upload failed: invalid file type\. Supported file types are \[.+\]\.",
    1014: r"Upload failed: \d+(,\d)?MB exceeds maximum upload file size of \d+(,\d)?MB\.",
    1015: r"Already Published: .+ cannot be modified\. It is already published via Flavor identifier ‘.+’\.",
    1016: r"Technical constraints failed: minimal .+ version not supported by SecureComponentProfile\.",
    2000: r"Internal server error: .+\.",
}

# Categories that a method lists and that nothing can cause there (AMB-013, AMB-066): (operation, category).
WITHOUT_CAUSE = {
    ("createElfAndUploadBinary", 1003): "the parts of the form are no attributes (AMB-062)",
    ("createElfAndUploadBinary", 1004): "the parts of the form are no attributes (AMB-062)",
    ("createElfAndUploadBinary", 1009): "nothing is referred to",
    ("modifyElfAndOverwriteBinary", 1005): "the parts of the form are no attributes (AMB-062)",
    ("modifyElfAndOverwriteBinary", 1006): "the parts of the form are no attributes (AMB-062)",
    ("deleteVersion", 1010): "nothing refers to a Version (AMB-066)",
}
WITHOUT_CAUSE_IN_1_0 = {("createVersion", 1003): "a Version has no automatic attribute before 1.0.4"}

class Conformance(rest_world.RestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clients = {d: cls.stack.client(d) for d in DIALECTS}
        cls.strangers = {d: cls.stack.client(d, provider=1) for d in DIALECTS}

    @classmethod
    def tearDownClass(cls):
        for client in [*cls.clients.values(), *cls.strangers.values()]:
            client.close()
        super().tearDownClass()

    # -- what an answer has to be

    def assert_error(self, answer, category: int, why: str = ""):
        self.assertEqual(answer.category, category, f"{why}: {answer}")
        self.assertEqual(answer.status, 401 if category < 1002 else 500 if category == 2000 else 400)
        self.assertEqual(set(answer.document), {"errorCategory", "errorMessage"})
        self.assertTrue(answer.headers["content-type"].startswith("application/json"))
        message = answer.document["errorMessage"]
        self.assertRegex(message, f"^(?:{MESSAGES[category]})$")
        self.assertLessEqual(len(message), 255)
        if answer.status == 401:
            self.assertEqual(answer.headers.get("www-authenticate"), "Bearer")

    def assert_value(self, value, kind: str, dialect: str, where: str, limits: dict | None = None):
        """The value is one of the official schema. Null is none (AMB-244)."""
        schemas = FACTS["schemas"][dialect]
        if kind.endswith("[]"):
            self.assertIsInstance(value, list, where)
            for item in value:
                self.assert_value(item, kind[:-2], dialect, where + "[]")
        elif kind.startswith("Map<"):
            self.assertIsInstance(value, dict, where)
            for item in value.values():
                self.assert_value(item, kind[4:-1], dialect, where + ".*")
        elif kind in schemas:
            self.assert_entity(value, kind, dialect, where)
        elif kind == "string:uuid":
            self.assertRegex(value, r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", where)
        else:
            expected = {"string": str, "boolean": bool, "integer": int}[kind]
            self.assertIs(type(value), expected, where)
            if where.endswith("Date"):
                self.assertRegex(value, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assert_limits(value, limits or {}, where)

    def assert_entity(self, value, kind: str, dialect: str, where: str):
        """Every attribute of the dialect is there (TR 4.1.4), save references that are not set (AMB-244)."""
        self.assertIsInstance(value, dict, where)
        schema = FACTS["schemas"][dialect][kind]
        required = FACTS["required"][dialect].get(kind, [])
        unset = {name for name, part in schema.items() if part == "string:uuid" and name not in required + ["id"]}
        self.assertEqual(value.keys() - schema.keys(), set(), where)
        self.assertLessEqual(schema.keys() - value.keys(), unset, where)
        for name, item in value.items():
            self.assert_value(item, schema[name], dialect, f"{where}.{name}",
                              FACTS["limits"][dialect].get(kind, {}).get(name))

    def assert_limits(self, value, limits: dict, where: str):
        if where.endswith(".gpApiVersion") and value == "":
            return  # what a load file does not tell (AMB-203, DIV-070)
        size = value if isinstance(value, int) else len(value)
        self.assertGreaterEqual(size, limits.get("minimum", limits.get("minLength", 0)), where)
        self.assertLessEqual(size, limits.get("maximum", limits.get("maxLength", size)), where)
        if "pattern" in limits:
            self.assertRegex(value, limits["pattern"], where)

    def assert_success(self, operation: str, dialect: str, answer):
        facts = OPERATIONS[operation]
        self.assertEqual(answer.status, facts["success"], answer)
        if facts["answer"] == "-":
            self.assertEqual(answer.body, b"")
            self.assertNotIn("content-type", answer.headers)
        elif facts["answer"] == "byte[]":
            self.assertEqual(answer.headers["content-type"], "application/octet-stream")
            self.assertRegex(answer.headers["content-disposition"], r'^attachment; filename="[^"]+"')
        else:
            self.assertTrue(answer.headers["content-type"].startswith("application/json"))
            kind = {"auth-Token": "string"}.get(facts["answer"], facts["answer"])
            self.assert_value(answer.document, kind, dialect, operation)

    # -- one operation

    def conform(self, operation: str, dialect: str):
        facts = OPERATIONS[operation]
        client = self.clients[dialect]
        w = self.stack.world(client, dialect)
        method, template = facts["method"], facts["path"]
        body = good_body(w, operation)
        credential = self.stack.long_term[0]["longTermToken"] if operation == "createAccessToken" else client.token

        def send(template=template, body=body, token=credential, **ids):
            return client.send(method, w.path(template, **ids), body, token=token)

        caused = {2000}  # see test_internal_errors
        unauthenticated = 1001 if operation == "createAccessToken" else 1000
        for token in (None, "nonsense", client.token
                      if unauthenticated == 1001 else self.stack.long_term[0]["longTermToken"]):
            self.assert_error(send(token=token), unauthenticated)
        caused.add(unauthenticated)
        self.assert_error(send(body=b"{}" if body is None else b"{" if not isinstance(body, Form) else b"{}"), 1002)
        caused.add(1002)
        if body is not None:
            self.assert_error(send(body=None), 1002)
            self.assert_error(client.send(method, w.path(template), b"<x/>", content_type="text/xml"), 1002)
        for parameter in re.findall(r"{(\w+)}", template):
            for value in (UNKNOWN, "x", "1.2.3", "%00", "%27"):
                self.assert_error(send(**{parameter: value}), 1009, f"{parameter}={value}")
            caused.add(1009)
        for category, bad in self.bad_bodies(w, operation).items():
            self.assert_error(send(body=bad), category, f"{bad}"[:200])
            caused.add(category)
        caused |= self.special_errors(w, operation, send)

        rest_effects.undo(w, operation)
        ids = w.unused(operation)
        answer = send(**ids)
        self.assert_success(operation, dialect, answer)
        rest_effects.Effects(self, w, operation, ids, body, answer).check()
        for spelling in self.other_spellings(operation, template):
            again = self.stack.world(client, dialect)
            answer = client.send(method, again.path(spelling, **again.unused(operation)), good_body(again, operation),
                                 token=credential)
            self.assert_success(operation, dialect, answer)

        excused = {c for (o, c) in WITHOUT_CAUSE if o == operation}
        if dialect == "1.0":
            excused |= {c for (o, c) in WITHOUT_CAUSE_IN_1_0 if o == operation}
        self.assertEqual(set(facts["categories"]) - caused - excused, set(), "listed, but not shown")

    def bad_bodies(self, w: World, operation: str) -> dict:
        kind = upload_kind(operation)
        if kind:
            return bad_forms(w, kind)
        entity = operation.removeprefix("create").removeprefix("modify")
        if operation != entity and entity in entity_bodies(w):
            bodies = bad_attributes(w, operation)
            if (operation, 1003) in WITHOUT_CAUSE_IN_1_0 and w.dialect == "1.0":
                del bodies[1003]
            return bodies
        is_link = "link" in operation.lower() and OPERATIONS[operation]["method"] != "GET"
        return bad_links(w, operation) if is_link else {}

    def special_errors(self, w: World, operation: str, send) -> set:
        """1010, 1015 and 1016 depend on what else is in the catalog. Leaves the world unpublished."""
        i, old = w.ids, w.profiles["old"]
        caused = set()
        if 1010 in OPERATIONS[operation]["categories"] and (operation, 1010) not in WITHOUT_CAUSE:
            self.assert_error(send(), 1010)
            caused.add(1010)
        if operation in ("createVersion", "modifyVersion"):
            self.assert_error(send(body={**good_body(w, operation), "allowedDeployments": {i["flavorId"]: [old]}}),
                              1016)
            caused.add(1016)
        if operation in ("modifyFlavor", "linkElfs", "modifyElfAndOverwriteBinary"):
            modest = w.upload("/executable-load-files", "elf", "modest.cap", w.files.modest_cap)
            flavor = w.new_flavor(executableLoadFileIds=[modest])
            w.client.good("POST", w.path("/services/{serviceId}/versions/{tag}/flavors"), {flavor: [old]})
            if operation == "modifyFlavor":
                answer = send(body={"executableLoadFileIds": [i["elfId"]]}, flavorId=flavor)
            elif operation == "linkElfs":
                answer = send(flavorId=flavor)
            else:
                answer = send(elfId=modest)
            self.assert_error(answer, 1016)
            caused.add(1016)
        if 1015 in OPERATIONS[operation]["categories"]:
            other = World(w.client, w.dialect, w.profiles, w.files)
            other.publish()
            elf = w.upload("/executable-load-files", "elf", "other.cap", w.files.other_cap)
            bodies = {"modifyFlavor": {"executableLoadFileIds": []}, "linkElfs": [elf],
                      "unlinkElfs": [other.ids["elfId"]], "modifyElfAndOverwriteBinary": good_body(w, operation)}
            self.assert_error(send(body=bodies[operation], **other.ids), 1015)
            caused.add(1015)
        return caused

    @staticmethod
    def other_spellings(operation: str, template: str) -> list:
        """AMB-016 and AMB-017."""
        spellings = [template + "/", template.replace("/", "//")]
        named = {"getAccountInformation": "/service-providers/current",
                 "listElfRelatedFlavors": "/services/{serviceId}/executable-load-files/{elfId}/flavors",
                 "listAppConfigRelatedEms": "/application-configs/{applicationConfigId}/exectable-modules"}
        return spellings + ([named[operation]] if operation in named else [])

    # -- more than one operation

    def test_tenancy(self):
        """Nothing of another service provider can be seen, touched or named (AMB-002, AMB-020): every id of every path
        on its own, and every id in a body."""
        for dialect in DIALECTS:
            w = self.stack.world(self.clients[dialect], dialect)
            stranger = self.strangers[dialect]
            own = World(stranger, dialect, w.profiles, w.files)
            before = self.everything(w)
            for operation, facts in OPERATIONS.items():
                if operation == "createAccessToken":
                    continue
                with self.subTest(operation=operation, dialect=dialect):
                    # A tag is no id: another's Version is reached over another's Service only.
                    for parameter in re.findall(r"{(\w+)}", facts["path"]):
                        if parameter in ("scpId", "tag"):
                            continue
                        path = own.path(facts["path"], **{parameter: w.ids[parameter]})
                        self.assert_error(stranger.send(facts["method"], path, good_body(own, operation)), 1009, path)
                    if facts["method"] == "GET":
                        answer = stranger.send("GET", own.path(facts["path"]))
                        self.assertEqual(answer.status, 200)
                        for name in w.ids.keys() - {"scpId", "tag"}:
                            self.assertNotIn(w.ids[name].encode(), answer.body)
            for method, template, body in self.foreign_references(w.ids, own):
                self.assert_error(stranger.send(method, own.path(template), body), 1009, f"{template} {body}")
            self.assertEqual(self.everything(w), before)

    @staticmethod
    def everything(w: World) -> dict:
        return {o: w.client.send("GET", w.path(f["path"])).body for o, f in OPERATIONS.items() if f["method"] == "GET"}

    @staticmethod
    def foreign_references(theirs: dict, own: World) -> list:
        """Bodies that are good but for one id of another service provider."""
        mine = own.ids
        one = (lambda flavor: flavor) if own.dialect == "1.0.4" else (lambda flavor: [flavor])
        flavor, version = "/services/{serviceId}/flavors/{flavorId}", "/services/{serviceId}/versions/{tag}"
        instantiation = {"executableModuleId": mine["emId"], "applicationConfigId": mine["applicationConfigId"]}
        aid = next(rest_world.APPLICATION_AIDS)
        config = {"instanceAid": aid, "installConfig": {}}
        out = [("POST", flavor + "/executable-load-files", [theirs["elfId"]]),
               ("PUT", flavor + "/executable-load-files", [mine["elfId"], theirs["elfId"]]),
               ("POST", version + "/flavors", {theirs["flavorId"]: []}),
               ("PUT", version + "/flavors", [theirs["flavorId"]]),
               ("POST", version + "/secure-component-profiles", {mine["scpId"]: one(theirs["flavorId"])})]
        entities = {
            ("/services", "/{serviceId}"): [{"name": "x", "sposConfigId": theirs["sposConfigId"]}],
            ("/services/{serviceId}/flavors", "/{flavorId}"): [
                {"executableLoadFileIds": [theirs["elfId"]]},
                *({"applicationInstantiationConfigs": [{**instantiation, name: theirs[key]}]} for name, key in
                  (("executableModuleId", "emId"), ("applicationConfigId", "applicationConfigId")))],
            ("/services/{serviceId}/versions", "/{tag}"): [
                {"tag": "1.0.0", "allowedDeployments": {theirs["flavorId"]: []}}],
            ("/application-configs", "/{applicationConfigId}"): [
                {**config, "personalizationConfig": {name: theirs[name]}} for name in ("certificateId",
                                                                                       "personalizationScriptId")],
            ("/spos-configs", "/{sposConfigId}"): [{"url": "https://x.example",
                                                    "certificateId": theirs["certificateId"]}],
        }
        for (path, last), bodies in entities.items():
            for body in bodies:
                fresh = {**body, "tag": "7.0.0"} if "tag" in body else body
                out += [("POST", path, fresh), ("PUT", path + last, body)]
        return out

    def test_methods_and_paths_that_there_are_not(self):
        for dialect in DIALECTS:
            client = self.clients[dialect]
            w = self.stack.world(client, dialect)
            for template in {facts["path"] for facts in OPERATIONS.values()}:
                allowed = {f["method"] for f in OPERATIONS.values() if f["path"] == template}
                if "GET" in allowed:  # and is answered like it (RFC 9110 9.3.2)
                    allowed.add("HEAD")
                for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - allowed:
                    answer = client.send(method, w.path(template))
                    self.assertEqual((answer.status, answer.body), (405, b""), f"{method} {template}")
                    self.assertEqual(set(answer.headers["allow"].split(", ")), allowed)
            for path in ("/nothing", "/services/a/b/c", "/services/%2e%2e/auth", "/executable-load-files/x/y"):
                answer = client.send("GET", path)
                self.assertEqual((answer.status, answer.body), (404, b""), path)

    def test_a_flavor_has_a_package_once(self):
        """DIV-066; between two applications of one AID it is AMB-060."""
        for dialect in DIALECTS:
            w = self.stack.world(self.clients[dialect], dialect)
            twin = w.upload("/executable-load-files", "elf", "twin.cap", w.files.cap)
            answer = w.client.send("POST", w.path("/services/{serviceId}/flavors/{flavorId}/executable-load-files"),
                                   [twin])
            self.assert_error(answer, 1008)
            self.assertIn("load file", answer.headers["tsms-reason"])
            body = {"instanceAid": "D2760001855453", "installConfig": {}}
            self.assert_error(w.client.send("PUT", w.path("/application-configs/{applicationConfigId}"), body), 1008)

    def test_application_configs_of_published_flavors(self):
        """1.0.4 freezes an ApplicationConfig that a published Flavor uses, 1.0 does not (AMB-057)."""
        for dialect, category in (("1.0", None), ("1.0.4", 1015)):
            w = self.stack.world(self.clients[dialect], dialect)
            w.publish()
            body = {"instanceAid": next(rest_world.APPLICATION_AIDS), "installConfig": {}}
            answer = w.client.send("PUT", w.path("/application-configs/{applicationConfigId}"), body)
            self.assertEqual(answer.category, category, answer)

    def test_the_dialects_know_their_own_attributes_only(self):
        one, four = self.clients["1.0"], self.clients["1.0.4"]
        flavors = self.stack.world(one, "1.0").path("/services/{serviceId}/flavors")
        for name in ("useCspFull", "keyProvisioningMode", "keyIndex"):
            self.assert_error(one.send("POST", flavors, {"featureConfig": {name: None}}), 1007)
        self.assert_error(four.send("POST", flavors, {"featureConfig": {"cspFull": True}}), 1007)
        made = four.good("POST", flavors, {"featureConfig": {"useCspFull": True}})
        self.assertTrue(one.good("GET", f"{flavors}/{made['id']}")["featureConfig"]["cspFull"])
        self.assertEqual(four.send("POST", "/application-configs",
                                   {"instanceAid": next(rest_world.APPLICATION_AIDS)}).status, 200)

    def test_links_can_be_repeated(self):
        """What is linked can be linked again, what is not linked can be unlinked (TR 4.1.6.4), publishing too."""
        for dialect in DIALECTS:
            w = self.stack.world(self.clients[dialect], dialect)
            for operation in ("linkElfs", "linkFlavors", "linkSecureComponentProfiles", "unlinkSecureComponentProfiles",
                              "unlinkFlavors", "unlinkElfs"):
                facts = OPERATIONS[operation]
                for _ in range(2):
                    answer = w.client.send(facts["method"], w.path(facts["path"]), good_body(w, operation))
                    self.assert_success(operation, dialect, answer)
            again = self.stack.world(self.clients[dialect], dialect)
            again.publish()
            again.publish()

    def test_deletions_leave_what_was_referred_to(self):
        for dialect in DIALECTS:
            w = self.stack.world(self.clients[dialect], dialect)
            for operation, kept in (("deleteVersion", "/services/{serviceId}/flavors/{flavorId}"),
                                    ("deleteFlavor", "/application-configs/{applicationConfigId}"),
                                    ("deleteAppConfig", "/personalization-scripts/{personalizationScriptId}"),
                                    ("deleteService", "/spos-configs/{sposConfigId}"),
                                    ("deleteSposConfig", "/certificates/{certificateId}")):
                deleted = OPERATIONS[operation]["path"]
                self.assertEqual(w.client.send("DELETE", w.path(deleted)).status, 204, operation)
                self.assert_error(w.client.send("GET", w.path(deleted)), 1009)
                self.assertEqual(w.client.send("GET", w.path(kept)).status, 200, kept)

    def test_related_lists_name_nothing_twice(self):
        """The same load file, module, configuration and profile reached over two Flavors and two Versions."""
        for dialect in DIALECTS:
            w = self.stack.world(self.clients[dialect], dialect)
            second = w.new_flavor(**{**good_body(w, "createFlavor"), "executableLoadFileIds": [w.ids["elfId"]]})
            for tag in ("1.1.0", "1.2.0"):
                w.client.good("POST", w.path("/services/{serviceId}/versions"),
                              {"tag": tag, "allowedDeployments": {second: [w.ids["scpId"]], w.ids["flavorId"]: []}})
            for operation, facts in OPERATIONS.items():
                if facts["answer"].endswith("[]") and facts["answer"] != "byte[]":
                    items = w.client.good("GET", w.path(facts["path"]))
                    names = [item.get("id", item.get("tag")) for item in items]
                    self.assertEqual(len(names), len(set(names)), f"{operation} {dialect}")

    def test_internal_errors(self):
        """2000 of every operation: the operation's tables are away for the time of its request."""
        tables = {"createAccessToken": ("access.db", "long_term_token"), "getAccountInformation": ("access.db",
                                                                                                   "provider")}
        for dialect in DIALECTS:
            client = self.clients[dialect]
            w = self.stack.world(client, dialect)
            for operation, facts in OPERATIONS.items():
                file, table = tables.get(operation, ("catalog.db", "entity"))
                token = self.stack.long_term[0]["longTermToken"] if operation == "createAccessToken" else client.token
                database = sqlite3.connect(self.stack.data / file, timeout=10)
                database.execute("PRAGMA legacy_alter_table = ON")
                database.execute(f"ALTER TABLE {table} RENAME TO away")
                try:
                    answer = client.send(facts["method"], w.path(facts["path"]), good_body(w, operation), token=token)
                finally:
                    database.execute(f"ALTER TABLE away RENAME TO {table}")
                    database.close()
                with self.subTest(operation=operation, dialect=dialect):
                    self.assert_error(answer, 2000)
            self.assertEqual(client.send("GET", "/services").status, 200)


def add_operation_tests():
    for operation in OPERATIONS:
        for dialect in DIALECTS:
            name = f"test_{operation}_{dialect.replace('.', '_')}"
            setattr(Conformance, name, lambda self, o=operation, d=dialect: self.conform(o, d))


add_operation_tests()

if __name__ == "__main__":
    stack.main(verbosity=1)
