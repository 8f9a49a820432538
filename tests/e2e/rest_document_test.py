#!/usr/bin/env python3
"""The served OpenAPI documents against the facts of the official ones, and the documentation page in a browser."""

import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rest_world  # noqa: E402
import stack  # noqa: E402
from rest_world import DIALECTS, FACTS  # noqa: E402

QUIET_BROWSER = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--disable-default-apps",
                 "--ignore-certificate-errors",
                 "--window-size=1280,1600", "--virtual-time-budget=15000", "--enable-logging=stderr",
                 # whatever is not this server cannot even be looked up
                 "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost")


def kind_of(schema: dict) -> str:
    """A schema in the words of official_rest_api.json."""
    if "allOf" in schema:
        return kind_of(schema["allOf"][0])
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if schema["type"] == "array":
        return kind_of(schema["items"]) + "[]"
    if schema["type"] == "object":
        return f"Map<{kind_of(schema['additionalProperties'])}>"
    return schema["type"] + (":uuid" if schema.get("format") == "uuid" else "")


class Documents(rest_world.RestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = rest_world.Client(cls.stack.rest_port, cls.stack.ca, "")

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        super().tearDownClass()

    def document(self, dialect: str) -> dict:
        answer = self.client.send("GET", f"/sptsm/{dialect}/openapi.json")
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/json"))
        return answer.document

    def test_paths_and_methods(self):
        for dialect in DIALECTS:
            served = {(o["operationId"], method.upper(), path) for path,
                      methods in self.document(dialect)["paths"].items()
                      for method, o in methods.items()}
            # Where 1.0 prints another path, the corrected one is canonical (AMB-017).
            self.assertEqual(served, {(o, f["method"], f["path"]) for o, f in FACTS["operations"].items()})
            self.assertEqual(len(served), 82)

    def test_schemas(self):
        for dialect in DIALECTS:
            schemas = self.document(dialect)["components"]["schemas"]
            served = {name: {n: kind_of(p) for n, p in s["properties"].items()} for name, s in schemas.items()}
            official = {name: dict(s) for name, s in FACTS["schemas"][dialect].items()}
            official["Version"]["allowedDeployments"] = "Map<string:uuid[]>"  # the official one leaves the format out
            self.assertEqual(served, official)

    def test_answers(self):
        for dialect in DIALECTS:
            for path, methods in self.document(dialect)["paths"].items():
                for operation in methods.values():
                    facts = FACTS["operations"][operation["operationId"]]
                    success = operation["responses"][str(facts["success"])]
                    if facts["answer"] not in ("-", "byte[]", "auth-Token"):
                        schema = success["content"]["application/json"]["schema"]
                        self.assertEqual(kind_of(schema), facts["answer"], path)
                    self.assertEqual(set(operation["responses"]) - {str(facts["success"])}, {"400", "401", "500"})
                    self.assertEqual([p["name"] for p in operation.get("parameters", [])], re.findall(r"{(\w+)}", path))

    def test_every_reference_is_defined(self):
        for dialect in DIALECTS:
            document = self.document(dialect)
            for target in set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document))):
                self.assertIn(target, document["components"]["schemas"])

    def test_page_is_strict(self):
        for path in ("/", "/page/page.js"):
            answer = self.client.send("GET", path)
            if path != "/" and answer.status == 404:
                self.skipTest("this build has no viewer (npm was missing)")
            self.assertEqual(answer.status, 200)
            policy = answer.headers["content-security-policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertNotRegex(gzip.decompress(answer.body).decode(), r"https?://")
        self.assertEqual(self.client.send("POST", "/").status, 405)

    def test_page_in_a_browser(self):
        browser = shutil.which("chromium")
        if not browser:
            self.skipTest("chromium is not installed")
        if self.client.send("GET", "/page/page.js").status != 200:
            self.skipTest("this build has no viewer (npm was missing)")
        with tempfile.TemporaryDirectory(prefix="tsms-browser-") as profile:
            picture = pathlib.Path(os.environ.get("TSMS_SCREENSHOT", pathlib.Path(profile) / "page.png"))
            page = f"https://localhost:{self.stack.rest_port}/"
            other = page + "?urls.primaryName=TR-03165%201.0.4"
            for purpose, url, base in ((["--dump-dom"], page, "/sptsm/1.0"), (["--dump-dom"], other, "/sptsm/1.0.4"),
                                       ([f"--screenshot={picture}"], page, "")):
                done = subprocess.run([browser, *QUIET_BROWSER, f"--user-data-dir={profile}/data", *purpose, url],
                                      capture_output=True, text=True, timeout=120)
                # The policy refuses an inline style of the viewer, which does without it.
                complaints = [line for line in done.stderr.splitlines()
                              if ":CONSOLE" in line and "Applying inline style" not in line]
                self.assertEqual(complaints, [])
                if base:
                    seen = done.stdout.replace("\u200b", "")
                    for text in ("<title>tsms: TSM-Backend REST API</title>", "listServices",
                                 "/secure-component-profiles/{scpId}", f'href="{base}/openapi.json"',
                                 f'<option value="{base}">'):
                        self.assertTrue(text in seen, f"{text} is not on the page")
                    offered = re.findall(r'<option value="/sptsm/[^"]*openapi.json"[^>]*>(TR-03165 [^<]*)</option>', seen)
                    self.assertEqual(offered, ["TR-03165 1.0", "TR-03165 1.0.4"])
            self.assertGreater(picture.stat().st_size, 20000)


if __name__ == "__main__":
    stack.main(verbosity=1)
