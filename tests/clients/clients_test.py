#!/usr/bin/env python3
"""The official OpenAPI documents of TR-03165 as their users have them: a client in a strictly typed language that is
generated from each, and a proxy that refuses every request and answer which the document does not allow. The two play
a service provider's whole catalog, every operation of TR 4.1.6, against the real server over TLS."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import rest_world  # noqa: E402
import stack  # noqa: E402

# Dialect to the version of its document, and the SHA-256 of the document as the BSI publishes it: official/README.md.
DOCUMENTS = {
    "1.0": ("1.0.0", "a14549be1af55423247a1f4364379188cf6598d57626991c2a6417cc50445686"),
    "1.0.4": ("1.0.4", "6379217aa73a1c7ef3b16c39929e92d54d843f2fdf6d243406f2828de402386a"),
}
FACTS = HERE.parent / "e2e" / "official_rest_api.json"
SOURCES = ("client.ts", "exceptions.ts", "story.ts", "tsconfig.json")
# The servers of a test listen on 127.0.0.1. Where /etc/hosts gives localhost ::1 as well, Node 18 tries only the first.
QUIET = {"npm_config_update_notifier": "false", "SCARF_ANALYTICS": "false", "NO_COLOR": "1",
         "NODE_OPTIONS": "--dns-result-order=ipv4first"}


def document_of(dialect: str) -> pathlib.Path:
    return HERE / "official" / f"tsm-rest-api-{DOCUMENTS[dialect][0]}.yaml"


def tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise AssertionError(f"{name} is missing: scripts/setup.sh --tests installs it")
    return found


def run(*command, cwd: pathlib.Path, seconds: int, **env) -> str:
    done = subprocess.run([str(c) for c in command], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=seconds, env={**os.environ, **QUIET, **{k: str(v) for k, v in env.items()}})
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n"
                             f"{done.stdout}\n{done.stderr}")
    return done.stdout


def install(folder: pathlib.Path):
    """The packages of the lock file, once for each lock file. No script of a package runs."""
    stamp = folder / "installed"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    begin = time.monotonic()
    run(tool("npm"), "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", cwd=folder, seconds=400)
    print(f"npm ci: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    stamp.write_text(wanted)


class Clients(rest_world.RestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = rest_world.BUILD / "tests" / "clients" / "npm"
        cls.node = tool("node")
        install(cls.work)
        super().setUpClass()
        try:
            cls.prepare()
        except BaseException:
            cls.stack.kill()
            raise

    @classmethod
    def prepare(cls):
        """A profile with a version of the vendor's own spelling, a CAP file that tells a GlobalPlatform API version."""
        known = json.loads(stack.PROFILES.read_text())[0]
        file = cls.stack.folder / "vendor.json"
        file.write_text(json.dumps([{**known, "name": "vendor", "os": "vendor's", "osVersion": "R3.1 build 6"}]))
        cls.stack.tsms("profile", "import", file)
        cls.cap = cls.stack.folder / "app.cap"
        cls.gp_cap = cls.stack.folder / "gp.cap"
        cls.stack.run("tsms-lab", "cap", "--out", cls.gp_cap, "--package", "D2760001855455", "--applet",
                      "D276000185545501", "--gp-api", "1.6")

    def compile(self, dialect: str) -> pathlib.Path:
        """Everything of the dialect in a folder of its own, checked by tsc and translated."""
        folder = self.work / dialect
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in SOURCES:
            shutil.copy(HERE / name, folder / name)
        shutil.copy(HERE / f"dialect_{dialect}.ts", folder / "dialect.ts")
        for name in ("generate.mjs", "facts.mjs"):
            shutil.copy(HERE / name, self.work / name)
        run(self.node, "facts.mjs", document_of(dialect), FACTS, dialect, folder / "operations.json", cwd=self.work,
            seconds=60)
        run(self.node, "generate.mjs", document_of(dialect), folder / "official.ts", cwd=self.work, seconds=120)
        run(self.node, self.work / "node_modules/typescript/bin/tsc", "-p", folder, cwd=folder, seconds=120)
        return folder

    def proxy(self, dialect: str, server: str) -> tuple[stack.Process, int]:
        port = stack.free_port()
        proxy = stack.Process(self.stack.folder, f"proxy-{dialect}", [
            self.node, self.work / "node_modules/@stoplight/prism-cli/dist/index.js", "proxy", "--errors",
            "--host", "127.0.0.1", "--port", port, document_of(dialect), server],
            {**QUIET, "NODE_EXTRA_CA_CERTS": str(self.stack.ca)})
        self.addCleanup(proxy.kill)
        return proxy, port

    def play(self, dialect: str):
        server = f"https://localhost:{self.stack.rest_port}/sptsm/{dialect}"
        proxy, port = self.proxy(dialect, server)  # starts while the types are made
        folder = self.compile(dialect)
        proxy.wait_for_port(port, 60)
        run(self.node, folder / "story.js", f"http://127.0.0.1:{port}", server, folder / "operations.json", self.cap,
            self.gp_cap, self.stack.ca, cwd=folder, seconds=120, NODE_EXTRA_CA_CERTS=self.stack.ca,
            TSMS_TOKEN=self.stack.long_term[list(DOCUMENTS).index(dialect)]["longTermToken"])

    def test_the_documents_are_the_official_ones(self):
        for dialect, (_, digest) in DOCUMENTS.items():
            self.assertEqual(hashlib.sha256(document_of(dialect).read_bytes()).hexdigest(), digest, dialect)

    def test_1_0(self):
        self.play("1.0")

    def test_1_0_4(self):
        self.play("1.0.4")


if __name__ == "__main__":
    stack.main(verbosity=1)
