#!/usr/bin/env python3
"""Where secrets are after a whole life of a Service, and where they are not: logs, databases, and the memory of the server. Who may see
that memory at all."""

import base64
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
import stack as stacks  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stacks.ROOT / "build"))
CALLER = "5EC0" * 16
MAY_BE_ANYBODY = os.geteuid() == 0  # not root of a user namespace, which has one user


def children(pid: int) -> dict:
    """The roles of a supervisor."""
    found = {}
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        role = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().rstrip(b"\0").rpartition(b"\0")[2].decode()
        found[role] = int(child)
    return found


def forms(secret: bytes) -> dict:
    """A key, and how it may be written down."""
    return {"raw": secret, "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode(),
            "base64": base64.b64encode(secret).rstrip(b"=")[:-1]}


def memory(pid: int):
    """What the process can write to, in pieces."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as octets:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            where = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not where or line.endswith(("[vvar]", "[vsyscall]")):
                continue
            begin, end = int(where[1], 16), int(where[2], 16)
            octets.seek(begin)
            piece = bytearray()
            while begin + len(piece) < end:
                try:
                    more = octets.read(end - begin - len(piece))
                except OSError:  # reserved and never mapped: the stacks' guards, what the allocator keeps
                    break
                if not more:
                    break
                piece += more
            yield line, bytes(piece)


def key_sets(document) -> list:
    """Every key of a card or of an issuer's journal, in the clear: what is hexadecimal below "keys", "enc", "mac", "dek"."""
    found = []

    def walk(value, inside):
        if isinstance(value, dict):
            for name, v in value.items():
                walk(v, inside or name in ("keys", "enc", "mac", "dek"))
        elif isinstance(value, list):
            for v in value:
                walk(v, inside)
        elif inside and isinstance(value, str) and re.fullmatch(r"([0-9A-Fa-f]{32}|[0-9A-Fa-f]{48}|[0-9A-Fa-f]{64})", value):
            found.append(bytes.fromhex(value))

    walk(document, False)
    return found


def looks_at_a_server(command: list, env: dict) -> dict:
    """Starts a server and something harmless, and looks at both: an ancestor may, whatever ptrace_scope is."""
    def look(pid: int) -> dict:
        try:
            os.close(os.open(f"/proc/{pid}/mem", os.O_RDONLY))
            readable = True
        except PermissionError:
            readable = False
        return {"readable": readable, "limits": pathlib.Path(f"/proc/{pid}/limits").read_text()}

    harmless = subprocess.Popen(["sleep", "600"])
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    try:
        server.stdout.readline()  # its banner: both roles listen
        told = {"sleep": look(harmless.pid), "supervisor": look(server.pid)}
        for role, pid in children(server.pid).items():
            told[role] = look(pid)
        return told
    finally:
        for process in (harmless, server):
            process.terminate()
            process.wait(20)
        server.stdout.close()


class Secrets(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-secrets-")
        self.addCleanup(self.temporary.cleanup)
        self.stack = stacks.Stack(BUILD, pathlib.Path(self.temporary.name))
        self.addCleanup(self.stack.kill)

    def serve(self):
        """Everything, and one deployment, suspension, resumption, update of nothing, and a second Service that stays."""
        s = self.stack
        s.init("--development")
        s.import_profiles()
        s.add_issuer()
        s.start_spos()
        s.start_server()
        added = json.loads(s.tsms("provider", "add", "--name", "demo", "--json").stdout)
        rest = stacks.Rest(s.rest_port, s.ca, added["longTermToken"])
        app = json.loads(s.tsms("app", "add", "--caller", CALLER, "--provider", "demo", "--json").stdout)
        credential = s.folder / "credential"
        credential.write_text(app["credential"] + "\n")
        told = s.spos.announcement()
        published = stacks.publish_service(rest, [s.make_cap("app.cap", 20000)], spos_config=stacks.add_spos_config(rest, told))
        options = ("--credential-file", credential, "--caller-id", CALLER)
        card = s.card("phone.card")
        created = s.handset(card, *options, "create", published["service"]["id"], "1.0.0")
        instance = created["serviceInstance"]["id"]
        deployed = s.handset(card, *options, "deploy", instance, "--commands", "install,activate", "--finalize")
        self.assertEqual(deployed["serviceInstanceState"], 21, deployed)
        for command in ("suspend", "resume"):
            self.assertEqual(s.handset(card, *options, command, instance)["processInfo"]["executionStatus"], 0)
        stacks.wait_until(lambda: len(s.spos_results()) >= 3, 20, "the SPOS is not told")
        return instance, {"long-term token": added["longTermToken"], "access token": rest.token, "credential": app["credential"]}

    def keys(self) -> dict:
        s = self.stack
        transport = bytes.fromhex(pathlib.Path(s.issuer.announcement()["transportKeyFile"]).read_text().strip())
        journal = [json.loads(line) for line in (s.folder / "issuer.json").read_text().splitlines()]
        of_issuer, of_card = key_sets(journal), key_sets(json.loads((s.folder / "phone.card").read_text()))
        self.assertGreaterEqual(len(of_issuer), 3)
        self.assertGreaterEqual(len(of_card), 9)  # of the ISD, of the TSM's domain, of the Service's domain
        found = {"transport key": transport}
        for number, key in enumerate(dict.fromkeys(of_issuer + of_card)):
            found[f"static key {number}"] = key
        return found

    def test_no_secret_is_where_it_must_not_be(self):
        s = self.stack
        instance, words = self.serve()
        wanted = {f"{name} ({form})": octets for name, key in self.keys().items() for form, octets in forms(key).items()}
        wanted |= {name: word.encode() for name, word in words.items()}
        master = (s.data / "vault.key").read_bytes()
        of_vault = {f"master key ({form})": octets for form, octets in forms(master).items()}

        def find(octets: bytes, what: dict) -> dict:
            return {name: octets.count(secret) for name, secret in what.items() if secret in octets}

        # What is kept: each role has its databases open, what is not in them yet is in their -wal.
        files = [p for p in s.data.iterdir() if re.search(r"\.db(-wal|-shm)?$", p.name)] + [s.server.out_path, s.server.err_path]
        self.assertTrue(any(p.name.endswith("-wal") and p.stat().st_size for p in files), files)
        self.assertTrue(any(instance.encode() in p.read_bytes() for p in files))  # this is how one finds something
        for file in files:
            self.assertEqual(find(file.read_bytes(), wanted | of_vault), {}, file.name)

        # What is in memory: the master key, once and as it is, in the role that has the vault.
        roles = children(s.server.process.pid)
        self.assertEqual(sorted(roles), ["device", "rest"])
        where, masters = {}, {"rest": 0, "device": 0}
        for role, pid in roles.items():
            read, seen = 0, False
            for region, octets in memory(pid):
                read += len(octets)
                seen = seen or instance.encode() in octets
                masters[role] += octets.count(master)
                written = {name: form for name, form in of_vault.items() if form != master}
                for name, count in find(octets, wanted | written).items():
                    where.setdefault(f"{role}: {name}", []).append((count, region))
            self.assertGreater(read, 1 << 20, role)
            self.assertTrue(seen or role != "device")  # this is how one finds something
        self.assertEqual(where, {}, json.dumps(where, indent=1))
        self.assertEqual(masters, {"rest": 0, "device": 1})

    def test_nobody_else_sees_the_memory(self):
        """Neither another process of the same user nor a core: a user that is not root cannot read what it runs itself."""
        s = self.stack
        s.init()
        program = s.folder / "tsms"
        shutil.copy(s.program("tsms"), program)
        user = 65534 if MAY_BE_ANYBODY else None
        if user:
            for path in [s.folder, *s.folder.rglob("*")]:
                os.chown(path, user, user)
        ports = {"TSMS_REST_PORT": str(s.rest_port), "TSMS_DEVICE_PORT": str(s.device_port), "TSMS_OPS_PORT": str(s.ops_port)}
        told = stacks.in_a_child(user, lambda: looks_at_a_server([program, "serve", "--data", s.data], {**os.environ, **ports}))
        self.assertEqual(sorted(told), ["device", "rest", "sleep", "supervisor"])
        self.assertTrue(told.pop("sleep")["readable"])  # it is not the system that forbids it
        for name, seen in told.items():
            self.assertFalse(seen["readable"], name)
            self.assertRegex(seen["limits"], r"(?m)^Max core file size +0 +0 ", name)


if __name__ == "__main__":
    stacks.may_look_into_the_server()
    stacks.main(verbosity=2)
