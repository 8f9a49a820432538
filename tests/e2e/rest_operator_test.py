#!/usr/bin/env python3
"""What the operator decides about the REST API: second factor, limits of uploads, which profiles still count."""

import io
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rest_world  # noqa: E402
import stack  # noqa: E402
from rest_world import SCRIPT, Form  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))


def lengthened(cap: bytes, octets: int) -> bytes:
    """The CAP file with a Reference Location component of that size, which no interpreter needs (JCVM 6.11)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(cap)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("RefLocation.cap"):
                content = struct.pack(">BHH", 9, octets, octets - 4) + b"\1" * (octets - 4) + b"\0\0"
            if name.endswith("Directory.cap"):
                at = 3 + 2 * (9 - 1)
                content = content[:at] + struct.pack(">H", octets) + content[at + 2:]
            new.writestr(name, content)
    return out.getvalue()


class Operator(rest_world.RestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-operator-")
        cls.stack = s = stack.Stack(BUILD, pathlib.Path(cls.temporary.name))
        try:
            s.init()
            config = s.data / "tsms.toml"
            text = config.read_text()
            for old, new in (('client_ca = ""', 'client_ca = "ca.pem"'), ("script_kib = 1024", "script_kib = 1"),
                             ("json_kib = 1024", "json_kib = 2"), ("auth_burst = 60", "auth_burst = 20")):
                assert old in text, old
                text = text.replace(old, new)
            config.write_text(text)
            s.import_profiles()
            s.add_issuer()
            s.start_server()
            cls.rest = s.add_provider("one")
        except BaseException:
            s.kill()
            raise

    def test_what_is_missing_is_not_made_anew(self):
        """Databases, or a vault key that is another one: refused at the start, not in the middle of a phone's process."""
        with tempfile.TemporaryDirectory(prefix="tsms-missing-") as folder:
            s = stack.Stack(BUILD, pathlib.Path(folder))
            s.init()
            s.add_issuer()
            s.issuer.stop()

            def refused(role: str) -> str:
                done = s.tsms("serve", "--role", role, check=False)
                self.assertEqual(done.returncode, 1, done)
                return done.stderr

            for role, name in (("device", "instances.db"), ("rest", "catalog.db"), ("rest", "access.db")):
                (s.data / name).rename(s.data / "away")
                self.assertIn(f"{name} is missing", refused(role))
                (s.data / name).touch()
                self.assertIn(f"{name} is missing or empty", refused(role))
                (s.data / "away").rename(s.data / name)
            for port in ("0", "65536", "-1", "x"):
                with unittest.mock.patch.dict(os.environ, {"TSMS_REST_PORT": port}):
                    self.assertIn("TSMS_REST_PORT is no port number", refused("rest"))
            (s.data / "vault.key").write_bytes(os.urandom(32))
            self.assertIn("vault.key is not the key", refused("device"))

    def test_names_of_providers(self):
        for name in (b"\xff\xfe", b"a\nb", b"\x1b[31m"):
            done = self.stack.tsms("provider", "add", "--name", os.fsdecode(name), check=False)
            self.assertNotEqual(done.returncode, 0, name)
            self.assertIn("UTF-8", done.stderr)

    def test_second_factor(self):
        """AMB-008: with a certificate registered, a provider is served only over a connection that proves it."""
        s = self.stack
        token = json.loads(s.tsms("provider", "add", "--name", "two", "--json").stdout)["longTermToken"]
        plain, proven = (rest_world.Client(s.rest_port, s.ca, "/sptsm/1.0") for _ in range(2))
        proven.context.load_cert_chain(s.data / "client.pem", s.data / "client-key.pem")
        early = plain.send("POST", "/auth", token=token).document
        shown = s.tsms("provider", "certificate", "--name", "two", "--file", s.data / "client.pem", "--json")
        self.assertEqual(len(json.loads(shown.stdout)["clientCertificates"]), 1)
        for answer in (plain.send("POST", "/auth", token=token), plain.send("GET", "/services", token=early)):
            self.assertEqual((answer.status, answer.body), (403, b""))
        access = proven.send("POST", "/auth", token=token)
        self.assertEqual(access.status, 200)
        self.assertEqual(proven.send("GET", "/services", token=access.document).status, 200)
        self.assertEqual(plain.send("GET", "/services", token=access.document).status, 403)
        self.assertEqual(plain.send("GET", "/services", token="wrong").category, 1000)
        self.assertEqual(self.rest.call("GET", "/services"), self.rest.call("GET", "/services"))  # the others need none
        s.tsms("provider", "certificate", "--name", "two", "--remove")
        self.assertEqual(plain.send("GET", "/services", token=early).status, 200)
        plain.close()
        proven.close()

    def another_client(self) -> pathlib.Path:
        """A second client's certificate of the same CA."""
        s, file = self.stack, self.stack.folder / "another.pem"
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", s.folder / "another-key.pem"]
        request = subprocess.run(["openssl", "req", "-new", *map(str, key), "-subj", "/CN=another"], check=True,
                                 capture_output=True).stdout
        subprocess.run(["openssl", "x509", "-req", "-days", "1", "-CA", s.data / "ca.pem", "-CAkey", s.data / "ca-key.pem",
                        "-set_serial", "7", "-out", file], check=True, input=request, capture_output=True)
        return file

    def test_a_foreign_certificate_is_none(self):
        s = self.stack
        token = json.loads(s.tsms("provider", "add", "--name", "three", "--json").stdout)["longTermToken"]
        s.tsms("provider", "certificate", "--name", "three", "--file", self.another_client())
        client = rest_world.Client(s.rest_port, s.ca, "/sptsm/1.0")
        client.context.load_cert_chain(s.data / "client.pem", s.data / "client-key.pem")
        self.assertEqual(client.send("POST", "/auth", token=token).status, 403)
        client.close()

    def test_tokens_are_listed_and_revoked(self):
        """AMB-007: several long-term tokens, each with an end; a revocation counts at once, and for what came of it."""
        s = self.stack

        def tsms(*arguments):
            return json.loads(s.tsms("provider", *arguments, "--json").stdout)

        def listed() -> dict:
            return {t["id"]: t for p in tsms("list") if p["name"] == "tokens" for t in p["tokens"]}

        client = rest_world.Client(s.rest_port, s.ca, "/sptsm/1.0")
        first = tsms("add", "--name", "tokens")["longTermToken"]
        (first_id,) = listed()
        second = tsms("token", "--name", "tokens", "--days", "1")["longTermToken"]
        (second_id,) = listed().keys() - {first_id}
        self.assertLess(listed()[second_id]["expires"], listed()[first_id]["expires"])
        self.assertNotIn(first, json.dumps(listed()))
        self.assertNotIn(first.encode(), b"".join(f.read_bytes() for f in s.data.glob("access.db*")))
        access = [client.send("POST", "/auth", token=t).document for t in (first, second, second)]
        self.assertEqual([client.send("GET", "/services", token=t).status for t in access], [200] * 3)
        self.assertEqual(tsms("revoke", "--name", "tokens", "--id", second_id), {"revoked": 1})
        self.assertEqual([client.send("GET", "/services", token=t).category for t in access], [None, 1000, 1000])
        self.assertEqual(client.send("POST", "/auth", token=second).category, 1001)
        self.assertTrue(listed()[second_id]["revoked"])
        self.assertNotEqual(s.tsms("provider", "revoke", "--name", "tokens", "--id", second_id, check=False).returncode, 0)
        self.assertEqual(tsms("revoke", "--name", "tokens"), {"revoked": 1})
        self.assertEqual(client.send("GET", "/services", token=access[0]).category, 1000)
        self.assertEqual(client.send("POST", "/auth", token=first).category, 1001)
        client.close()

    def test_auth_is_limited(self):
        """AMB-209, with the limits of the configuration: per token, so that the others are not held up."""
        client = rest_world.Client(self.stack.rest_port, self.stack.ca, "/sptsm/1.0")
        answers = [client.send("POST", "/auth", token="guess") for _ in range(30)]
        refused = [a for a in answers if a.status == 500]
        self.assertEqual({a.category for a in answers}, {1001, 2000})
        for answer in refused:
            self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        time.sleep(int(refused[-1].headers["retry-after"]))
        self.assertEqual(client.send("POST", "/auth", token="another guess").category, 1001)
        client.close()
        time.sleep(2)  # the other tests come from this address too, and find 20 again

    def test_limits_of_the_configuration(self):
        client = rest_world.Client(self.stack.rest_port, self.stack.ca, "/sptsm/1.0", self.rest.token)
        answer = client.send("POST", "/personalization-scripts", Form([("script-file", "x", SCRIPT + b" " * 1500)]))
        self.assertEqual(answer.category, 1014, answer)
        self.assertEqual(client.send("POST", "/services", {"name": "x", "spParameters": {"a": "y" * 3000}}).category,
                         1002)
        client.close()

    def test_the_log_says_why_a_file_was_refused(self):
        """1013 does not (TR 4.1.5.2)."""
        s = self.stack
        good = s.make_cap("good.cap", 0, "D27600018592", ["D2760001859201"]).read_bytes()
        client = rest_world.Client(s.rest_port, s.ca, "/sptsm/1.0", self.rest.token)
        for name, content, why in (("behind.cap", good + b"more", "the ZIP is followed by 4 octets"),
                                   ("none.cap", b"x" * 100, "not a ZIP file")):
            answer = client.send("POST", "/executable-load-files", Form([("elf-file", name, content)]))
            self.assertEqual(answer.category, 1013, answer)
            lines = [line for line in s.server.log().splitlines() if name in line]
            self.assertEqual(len(lines), 1, lines)
            self.assertIn(why, lines[0])
            self.assertIn(why, answer.headers["tsms-reason"])  # DIV-067
            deadline = time.monotonic() + 10
            while True:  # written about once a second
                listed = json.loads(s.tsms("provider", "uploads", "--name", "one", "--json").stdout)
                if time.monotonic() > deadline or (listed and listed[0]["name"] == name):
                    break
                time.sleep(0.2)
            last = listed[0]
            self.assertEqual((last["kind"], last["name"], last["category"]), ("ExecutableLoadFile", name, 1013))
            self.assertIn(why, last["reason"])
            self.assertIn(why, s.tsms("provider", "uploads", "--name", "one").stdout)
        client.close()

    def test_head_is_get_without_its_body(self):
        """RFC 9110 9.3.2; the connection goes on behind it."""
        client = rest_world.Client(self.stack.rest_port, self.stack.ca, "/sptsm/1.0", self.rest.token)
        got = client.send("GET", "/secure-component-profiles")
        for _ in range(2):
            head = client.send("HEAD", "/secure-component-profiles")
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual(head.headers["content-length"], str(len(got.body)))
        self.assertEqual(client.send("GET", "/secure-component-profiles").body, got.body)
        client.close()

    def test_deprecated_profiles_get_no_new_instances(self):
        """AMB-070"""
        s = self.stack
        cap = s.make_cap("old.cap", 2000, "D27600018590", ["D2760001859001"])
        published = stack.publish_service(self.rest, [cap], profiles=["tsms-lab jc305"])
        card = s.card("deprecated.card")

        def available() -> int:
            return s.handset(card, "check", published["service"]["id"], "x.x.x", check=False)["deploymentAvailable"]

        self.assertEqual(available(), 1)
        told = s.tsms("profile", "deprecate", "tsms-lab jc305").stdout
        service = published["service"]
        self.assertIn(f"Service {service['name']} ({service['id']}), Version 1.0.0", told)  # whom the operator has to inform (TR 3.3.1.2)
        self.assertEqual(available(), 0)
        _, headers, _ = self.rest.raw("GET", f"/sptsm/1.0/services/{service['id']}/versions/1.0.0",
                                      headers={"Authorization": f"Bearer {self.rest.token}"})
        self.assertIn("(tsms-lab jc305) is deprecated", headers["TSMS-Notice"])
        refused = s.tsms("profile", "remove", "tsms-lab jc305", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn(f"({service['id']}), Version 1.0.0", refused.stderr)
        listed = json.loads(s.tsms("profile", "deprecate", "tsms-lab jc305", "--json").stdout)["affects"]
        self.assertIn({"service": service["id"], "version": "1.0.0"},
                      [{"service": a["service"], "version": a["version"]} for a in listed])
        self.assertIn("tsms-lab jc305", [p["name"] for p in self.rest.call("GET", "/secure-component-profiles")])
        s.import_profiles()  # which replaces the internal part, not this
        self.assertEqual(available(), 0)
        s.tsms("profile", "deprecate", "tsms-lab jc305", "--undo")
        self.assertEqual(available(), 1)

    def test_publishing_warns_of_load_files_too_long_for_short_commands(self):
        made = self.stack.make_cap("short.cap", 40000, "D27600018591", ["D2760001859101"])
        long = self.stack.folder / "long.cap"
        long.write_bytes(lengthened(made.read_bytes(), 30000))
        for cap, warned in ((made, False), (long, True)):
            published = stack.publish_service(self.rest, [cap])
            warning = f"Flavor {published['flavor']['id']} was published with load file"
            self.assertEqual(warning in self.stack.server.log(), warned)


class KeyProvisioning(rest_world.RestCase):
    """AMB-170 and AMB-171, in 1.0.4 only."""

    def test_rules(self):
        client = self.stack.client("1.0.4")
        w = self.stack.world(client, "1.0.4")
        flavor, config = "/services/{serviceId}/flavors/{flavorId}", "/application-configs/{applicationConfigId}"

        def refused(path: str, body: dict) -> str | None:
            answer = client.send("PUT", w.path(path), body)
            if answer.status == 200:
                return None
            self.assertEqual(answer.category, 1008, answer)
            return answer.document["errorMessage"]

        def features(mode: int, index: str) -> str | None:
            return refused(flavor, {"featureConfig": {"keyProvisioningMode": mode, "keyIndex": index}})

        def personalization(**flags) -> str | None:
            good = client.good("GET", w.path(config))
            return refused(config, {"instanceAid": good["instanceAid"], "personalizationConfig": flags})

        def has(mode: int, index: str):
            features = client.good("GET", w.path(flavor))["featureConfig"]
            self.assertEqual((features["keyProvisioningMode"], features["keyIndex"]), (mode, index))

        token = {"provideAttestationToken": True}
        both = {**token, "includeSecurityDomainDiversificationData": True}
        has(0, "")
        self.assertIn("featureConfig.keyIndex", features(0, "7"))
        for mode in (1, 3):
            self.assertIn("featureConfig.keyIndex", features(mode, ""))
        self.assertIn("featureConfig.keyProvisioningMode", features(2, "7"))
        self.assertIn("featureConfig.keyProvisioningMode", personalization(**token))
        has(0, "")
        self.assertIsNone(features(3, "7"))
        has(3, "7")
        self.assertIsNone(personalization(**token))
        self.assertIn("featureConfig.keyProvisioningMode", personalization(**both))
        self.assertIn("featureConfig.keyProvisioningMode", features(0, ""))
        self.assertIsNone(features(1, "7"))
        self.assertIsNone(personalization(**both))
        self.assertIn("featureConfig.keyProvisioningMode", features(3, "7"))

        # Every Flavor that uses the ApplicationConfig has to go along.
        uses = {"applicationInstantiationConfigs": [{"executableModuleId": w.ids["emId"],
                                                     "applicationConfigId": w.ids["applicationConfigId"]}]}
        flavors = w.path("/services/{serviceId}/flavors")

        def another(mode: int, index: str) -> int | None:
            body = {**uses, "featureConfig": {"keyProvisioningMode": mode, "keyIndex": index}}
            return client.send("POST", flavors, body).category

        self.assertEqual([another(0, ""), another(3, "7"), another(1, "8")], [1008, 1008, None])
        self.assertIsNone(personalization(provideAttestationToken=False, includeSecurityDomainDiversificationData=False))
        self.assertIsNone(another(0, ""))
        self.assertIn("featureConfig.keyProvisioningMode", personalization(**token))
        client.close()


if __name__ == "__main__":
    stack.main(verbosity=1)
