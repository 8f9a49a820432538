#!/usr/bin/env python3
"""The command lines keep their word: each command's help shows examples of its own, and every one of them is run as it
stands; what is mistyped is named with what may have been meant; what is referred to is there when it is stored; no
secret stands on a command line."""

import hashlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import attestation  # noqa: E402
import stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build")).resolve()
PROGRAMS = ("tsms", "tsms-handset", "tsms-lab")
APPLET = "D2760001850101"


def run(*words, check: bool = True) -> subprocess.CompletedProcess:
    done = subprocess.run([str(BUILD / "app" / words[0]), *[str(w) for w in words[1:]]], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    if check and done.returncode != 0:
        raise AssertionError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done


def leaves(*path: str) -> dict:
    """The help of each command that has no commands below it, by its words."""
    text = run(*path, "--help").stdout
    below = re.findall(r"(?m)^  (\S+)", text.partition("\nSubcommands:\n")[2].partition("\n\n")[0])
    if not below:
        return {" ".join(path): text}
    found = {}
    for name in below:
        found.update(leaves(*path, name))
    return found


def examples(text: str) -> list:
    return re.findall(r"(?m)^  (.+)$", text.partition("\nExample:\n")[2])


class Help(unittest.TestCase):
    def setUp(self):
        self.commands = {name: text for program in PROGRAMS for name, text in leaves(program).items()}

    def test_each_command_shows_examples_of_its_own(self):
        self.assertGreater(len(self.commands), 40)
        for name, text in self.commands.items():
            with self.subTest(name):
                self.assertGreater(len(examples(text)), 0, text)
                program, *words = name.split()
                for example in examples(text):
                    self.assertRegex(example, rf"{program}\b.* ?{' '.join(words)}\b")

    def test_no_option_takes_a_secret(self):
        for name, text in self.commands.items():
            for option in re.findall(r"(?m)^  +(?:-\w,)?--([\w-]+)", text):
                self.assertNotRegex(option, r"^(transport-key|credential|token|password|passphrase|key)$", name)

    def test_versions(self):
        version = re.search(r"version: '([\d.]+)'", (stack.ROOT / "meson.build").read_text())[1]
        for program in PROGRAMS:
            self.assertEqual(run(program, "--version").stdout, f"{program} {version}\n")
        self.assertEqual(run("../bench/device_load", "--version").stdout, f"device_load {version}\n")
        for words in ((), ("--data", "x")):
            self.assertEqual(run("tsms", "version", *words).stdout, f"tsms {version}\n")
        self.assertEqual(json.loads(run("tsms", "version", "--json").stdout), {"version": version})

    def refused(self, *words) -> str:
        """What standard error says; with --json a program reads the same."""
        done = run(*words, check=False)
        self.assertNotEqual(done.returncode, 0, words)
        self.assertEqual(done.stdout, "", words)
        asked = run(*words, "--json", check=False)
        self.assertEqual((asked.returncode, asked.stderr), (done.returncode, done.stderr), words)
        self.assertEqual(json.loads(asked.stdout), {"error": done.stderr.removesuffix("\n")}, words)
        return done.stderr

    def test_what_is_mistyped_is_named(self):
        for words, parts in (
                (("tsms", "provdier", "list"), ("tsms: there is no command ‘provdier’", "did you mean ‘provider’?")),
                (("tsms", "provider", "lst", "--data", "x"), ("tsms provider: there is no command ‘lst’", "‘list’")),
                (("tsms", "provider"), ("tsms provider: say which command: add, ",)),
                (("tsms",), ("tsms: say which command: init, serve, ",)),
                (("tsms", "--verison"), ("tsms: there is no option ‘--verison’", "did you mean ‘--version’?")),
                (("tsms", "--verison", "serve", "--data", "x"), ("tsms serve: there is no option ‘--verison’", "‘--version’")),
                (("tsms", "provider", "--dta", "x"), ("tsms provider: there is no option ‘--dta’", "‘--data’")),
                (("tsms", "provider", "--data", "x"), ("tsms provider: say which command: add, ",)),
                (("tsms", "provider", "--data", "x", "lst"), ("there is no command ‘lst’", "did you mean ‘list’?")),
                (("tsms", "provider", "--data=x", "lst"), ("there is no command ‘lst’", "did you mean ‘list’?")),
                (("tsms", "provider", "list", "--dta", "data"), ("there is no option ‘--dta’", "‘--data’")),
                (("tsms-lab", "--verison"), ("tsms-lab: there is no option ‘--verison’", "‘--version’")),
                (("tsms-handset", "--verison"), ("tsms-handset: there is no option ‘--verison’", "‘--version’")),
                (("tsms", "xyzzy"), ("there is no command ‘xyzzy’", "Commands: init, ")),
                (("tsms", "provider", "add", "--data", "x", "--nme", "x"), ("tsms provider add: there is no option ‘--nme’",
                                                                            "‘--name’", "‘tsms provider add --help’")),
                (("tsms", "issuer", "add", "--data", "x", "--transport-key", "00" * 16), ("‘--transport-key-file’",)),
                (("tsms", "card", "assign", "--issuer", "x", "--crad=1"), ("there is no option ‘--crad’", "‘--card’")),
                (("tsms", "provider", "add", "--data", "x"), ("--name is required",)),
                (("tsms-lab", "isuer"), ("tsms-lab: there is no command ‘isuer’", "‘issuer’")),
                (("tsms-lab", "cap", "--uot", "x"), ("tsms-lab cap: there is no option ‘--uot’", "‘--out’")),
                (("tsms-handset", "depoly", "x"), ("tsms-handset: there is no command ‘depoly’", "‘deploy’")),
                (("tsms-handset", "create", "x", "1.0.0", "--ulr", "x"), ("there is no option ‘--ulr’", "‘--url’")),
                (("tsms-handset", "--caller-id", "me", "instances", "x"), ("64 (or 40) hexadecimal digits",))):
            said = self.refused(*words)
            for part in parts:
                self.assertIn(part, said, words)
        self.assertNotIn("00" * 16, self.refused("tsms", "issuer", "add", "--data", "x", "--transport-key", "00" * 16))

    def test_what_is_empty_is_refused(self):
        """A variable of a shell that was not set: ‘--provider ""’ of ‘outbox drop’ would be every one."""
        for words in (("tsms", "outbox", "drop", "--data", "x", "--provider", ""), ("tsms", "serve", "--data", ""),
                      ("tsms", "provider", "add", "--data", "x", "--name", ""),
                      ("tsms", "provider", "revoke", "--data", "x", "--name", "x", "--id", ""),
                      ("tsms", "card", "assign", "--data", "x", "--of", "", "--issuer", "x"),
                      ("tsms-lab", "card", "--state", ""), ("tsms-handset", "create", "", "1.0.0")):
            self.assertIn("is empty; is a variable of the shell not set?", self.refused(*words), words)


class References(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-references-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.stack = stack.Stack(BUILD, cls.folder)
        cls.stack.init()
        cls.key = cls.folder / "key"
        cls.key.write_text("00" * 16)
        cls.demo = json.loads(cls.stack.tsms("provider", "add", "--name", "demo", "--json").stdout)["id"]

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def refused(self, *words) -> str:
        done = self.stack.tsms(*words, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""), words)
        return done.stderr

    def issuer(self, **changed) -> list:
        options = {"name": "lab", "url": "https://127.0.0.1:9543", "ca": self.stack.ca, "transport-key-file": self.key,
                   **changed}
        return ["issuer", "add", *[word for name, value in options.items() for word in (f"--{name}", value)]]

    def test_apps_have_a_provider(self):
        self.assertIn("no service provider with the name or id ‘nobody’",
                      self.refused("app", "add", "--caller", "A" * 64, "--provider", "nobody"))
        for n, provider in enumerate(("demo", self.demo)):
            self.stack.tsms("app", "add", "--caller", f"{n}" * 64, "--provider", provider)
        listed = json.loads(self.stack.tsms("app", "list", "--json").stdout)
        self.assertEqual({a["provider"] for a in listed}, {self.demo})
        self.assertRegex(self.stack.tsms("app", "list").stdout, r"^CALLER +PROVIDER +CREATED +STATE\n0{64}  demo  ")

    def test_what_is_removed_is_told_to_programs(self):
        self.stack.tsms(*self.issuer(name="gone"))
        done = self.stack.tsms("issuer", "remove", "--name", "gone", "--json")
        self.assertEqual(json.loads(done.stdout), {"removed": "gone"})
        self.stack.tsms("app", "add", "--caller", "ab" * 32, "--provider", "demo")
        done = self.stack.tsms("app", "revoke", "--caller", "ab" * 32, "--json")
        self.assertEqual(json.loads(done.stdout), {"revoked": "AB" * 32})
        for words in (("issuer", "remove", "--name"), ("app", "revoke", "--caller")):
            value = "also gone" if words[0] == "issuer" else "cd" * 32
            self.stack.tsms(*(self.issuer(name=value) if words[0] == "issuer" else
                              ("app", "add", "--caller", value, "--provider", "demo")))
            self.assertRegex(self.stack.tsms(*words, value).stdout, f"(?i){value}.*(removed|revoked)")

    def test_development_says_who_may_call(self):
        """A provider's first app closes the door for its anonymous ones, and a revoked app does not open it again."""
        made = run("tsms", "init", "--data", self.folder / "open", "--development").stdout
        written = (self.folder / "open" / "tsms.toml").read_text()
        for text in (made, written):
            self.assertRegex(re.sub(r"\s+#?\s*", " ", text), "any app of a service provider that has never had one registered")
            self.assertNotRegex(text, "any app may|any may")

    def test_what_providers_wrote_does_not_reach_the_terminal(self):
        for name in ("x" * 255, "abc\u202edef", "\u2066y\u2069"):
            self.stack.tsms("provider", "add", "--name", name)
        listed = self.stack.tsms("provider", "list")
        self.assertIn("abc\\u202Edef", listed.stdout)
        self.assertNotRegex(listed.stdout, "[\u202a-\u202e\u2066-\u2069]")
        self.assertLess(max(map(len, listed.stdout.splitlines())), 170, listed.stdout)
        self.assertIn("x" * 255, self.stack.tsms("provider", "list", "--json").stdout)

    def test_providers_by_name_or_id(self):
        for which in ("demo", self.demo):
            self.stack.tsms("provider", "token", "--name", which, "--days", "1")
            self.stack.tsms("outbox", "list", "--provider", which)
        for command in (("token",), ("revoke",), ("certificate", "--remove")):
            self.assertIn("‘nobody’", self.refused("provider", *command, "--name", "nobody"))
        self.assertIn("‘nobody’", self.refused("outbox", "list", "--provider", "nobody"))
        self.assertEqual(self.stack.tsms("outbox", "list").stdout, "No result waits for an SPOS-Service.\n")
        self.assertIn("No such result", self.stack.tsms("outbox", "list", "--process", "x").stdout)
        self.assertIn("no valid token ‘x’", self.refused("provider", "revoke", "--name", "demo", "--id", "x"))

    def test_names(self):
        for name in (" ", " x", "x ", "x" * 256, "a\tb"):
            self.assertIn("1 to 255 octets", self.refused("provider", "add", "--name", name))
            self.assertIn("1 to 255 octets", self.refused(*self.issuer(name=name)))
        for name in (self.demo, self.demo.upper()):  # a command with the other one's id would mean this one
            self.assertIn("like an id", self.refused("provider", "add", "--name", name))
            self.assertIn("like an id", self.refused(*self.issuer(name=name)))

    def test_issuers_can_be_asked(self):
        """What its connection is made of is read when it is stored."""
        for url in ("https://", "http://127.0.0.1", "127.0.0.1:9543", "https://:9543", "https://h:0", "https://h:65536",
                    "https://h:x", "https://u@h", "https://h?q", "https://h ", "ftp://h"):
            self.assertIn("is no URL of the form https://host", self.refused(*self.issuer(url=url)), url)
        self.assertIn("X.509 certificate", self.refused(*self.issuer(ca=self.key)))
        self.assertIn("cannot read", self.refused(*self.issuer(ca=self.folder / "none")))
        wrong = self.folder / "wrong"
        for text in ("", "00" * 15, "00" * 17, "0g" * 16, "00" * 24):
            wrong.write_text(text)
            self.assertIn("--transport-key-file", self.refused(*self.issuer(**{"transport-key-file": wrong})), text)
        self.assertIn("cannot read", self.refused(*self.issuer(**{"transport-key-file": self.folder / "none"})))
        cards = self.folder / "cards.json"
        for text, part in (("{}", "names no card"), ('{"cplc": []}', "names no card"), ("x", "cards.json"),
                           ('{"cplc": ["4x"]}', "cards.json"), ('{"identification": {}}', "is unknown")):
            cards.write_text(text)
            self.assertIn(part, self.refused(*self.issuer(cards=cards)), text)
        self.assertEqual(json.loads(self.stack.tsms("issuer", "list", "--json").stdout), [])
        self.assertEqual(self.stack.tsms("issuer", "list").stdout, "There is no issuer yet (tsms issuer add).\n")
        words = self.issuer(**{"transport-key-file": "-"})
        done = subprocess.run([BUILD / "app/tsms", *map(str, words), "--data", str(self.stack.data)],
                              input="00" * 32 + "\n", capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("there is an issuer ‘lab’ already", self.refused(*self.issuer()))
        self.assertRegex(self.stack.tsms("issuer", "list").stdout, r"^NAME +URL +CARDS\nlab +https://127.0.0.1:9543 +every\n$")

    def test_a_client_certificate_needs_its_ca(self):
        """Registered without rest.client_ca, or with one that does not vouch for it, it would lock the provider out."""
        words = ("provider", "certificate", "--name", "demo", "--file")
        good = self.stack.data / "client.pem"
        self.assertIn("rest.client_ca", self.refused(*words, good))
        self.stack.configure("rest", client_ca='"ca.pem"')
        self.assertIn("purpose", self.refused(*words, self.stack.data / "rest.pem"))
        self.stack.run("tsms", "init", "--data", self.folder / "other")
        self.assertIn("does not vouch", self.refused(*words, self.folder / "other" / "client.pem"))
        self.assertIn("holds no certificate", self.refused(*words, self.key))
        self.a_ca_is_no_client(words)
        remove = ("provider", "certificate", "--name", "demo", "--remove")
        self.assertIn("has no client certificate", self.refused(*remove, "--file", good))
        self.stack.tsms(*words, good)
        self.stack.configure("rest", client_ca='""')  # and who takes the CA away is told whom that concerns
        self.stack.start_server("rest")
        server = self.stack.server
        stack.wait_until(lambda: "every request of service provider ‘demo’ is refused" in server.output() + server.log(), 20,
                         "nobody says who is locked out")
        self.assertEqual(self.stack.stop(), {"server": 0})
        self.stack.tsms(*remove, "--file", good)

    def a_ca_is_no_client(self, words):
        """A CA as people make it: no key usage, no purpose. In a chain the client's own certificate is the first."""
        ca, leaf, wrong = (self.folder / name for name in ("cca.pem", "leaf.pem", "wrong.pem"))
        openssl = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9"]
        subprocess.run([*openssl, "-subj", "/CN=a CA of clients", "-keyout", self.folder / "cca.key", "-out", ca], check=True,
                       capture_output=True)
        subprocess.run([*openssl, "-subj", "/CN=a client", "-keyout", self.folder / "leaf.key", "-out", leaf, "-CA", ca,
                        "-CAkey", self.folder / "cca.key", "-addext", "basicConstraints=critical,CA:FALSE"], check=True,
                       capture_output=True)
        self.stack.configure("rest", client_ca=f'"{ca}"')
        wrong.write_text(ca.read_text() + leaf.read_text())
        for file in (ca, wrong):
            said = self.refused(*words, file)
            self.assertIn("belongs to a CA", said)
            self.assertIn("must be the first", said)
        (self.folder / "chain.pem").write_text(leaf.read_text() + ca.read_text())
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf.read_text())).hexdigest().upper()
        self.assertEqual(self.stack.tsms(*words, self.folder / "chain.pem").stdout, fingerprint + "\n")
        self.stack.tsms("provider", "certificate", "--name", "demo", "--remove", "--file", leaf)
        self.stack.configure("rest", client_ca='"ca.pem"')


class Examples(unittest.TestCase):
    """Every example of every command's help, as it stands: only ids, and the handset's SERVICE and INSTANCE, are others."""

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-commands-")
        self.folder = pathlib.Path(self.temporary.name)
        self.left = {name: examples(text) for program in PROGRAMS for name, text in leaves(program).items()}
        self.servers = []
        (self.folder / "lab").symlink_to(stack.ROOT / "lab")
        self.put = {}  # what stands in an example, and what there is

    def tearDown(self):
        for server in self.servers:
            server.kill()
            server.wait()
        self.temporary.cleanup()

    def shell(self, line: str, folder: pathlib.Path | None = None, **options) -> subprocess.Popen:
        for old, new in self.put.items():
            line = line.replace(old, new)
        return subprocess.Popen(["bash", "-c", line], cwd=folder or self.folder, stdin=subprocess.DEVNULL, text=True,
                                env={**os.environ, "PATH": f"{BUILD / 'app'}:{os.environ['PATH']}"}, **options)

    def next_of(self, name: str) -> str:
        return self.left[name].pop(0)

    def play(self, name: str, code: int = 0, fresh: bool = False) -> str:
        """The next example of this command."""
        line = self.next_of(name)
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) if fresh else None
        process = self.shell(line, folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, f"{line}\n{out}\n{err}")
        return out

    def serve(self, name: str, port: int) -> subprocess.Popen:
        line = self.next_of(name)
        out = open(self.folder / f"server-{len(self.servers)}", "w")
        server = self.shell("exec " + line, stdout=out, stderr=out)
        out.close()
        self.servers.append(server)
        stack.wait_until(lambda: stack.listens(port) or server.poll() is not None, 30, f"{line} does not listen")
        self.assertIsNone(server.poll(), f"{line}\n{pathlib.Path(out.name).read_text()}")
        return server

    def stop(self, server: subprocess.Popen):
        server.terminate()
        self.assertEqual(server.wait(20), 0)

    def test_every_example(self):
        self.operator_begins()
        self.lab_cards()
        self.provider()
        self.phone()
        self.cards_and_outbox()
        self.operator_ends()
        self.assertEqual({name: left for name, left in self.left.items() if left}, {}, "examples that were not played")

    def operator_begins(self):
        for _ in range(2):
            self.play("tsms init", fresh=True)
        self.play("tsms version")
        run("tsms", "init", "--data", self.folder / "data", "--development")
        s = stack.Stack(BUILD, self.folder)
        s.configure("rest", client_ca='"ca.pem"')
        self.play("tsms profile import")
        self.play("tsms profile list")
        self.play("tsms profile deprecate")
        self.play("tsms profile remove")
        self.serve("tsms-lab issuer", 9543)
        self.serve("tsms-lab spos", 9643)
        self.play("tsms issuer add")
        self.play("tsms issuer list")
        self.play("tsms issuer ping")
        s.tsms("issuer", "add", "--name", "old", "--url", "https://127.0.0.1:1", "--ca", s.ca, "--transport-key-file",
               self.folder / "lab-tls" / "transport-key")
        both = self.next_of("tsms serve")
        self.stop(self.serve("tsms serve", 9443))
        self.left["tsms serve"].append(both)
        self.server = self.serve("tsms serve", 9443)
        self.stack = s

    def lab_cards(self):
        self.play("tsms-lab cap")
        self.play("tsms-lab card")
        self.play("tsms-lab card")
        line = self.next_of("tsms-lab card")
        with socket.create_server(("127.0.0.1", 35963)) as reader:
            reader.settimeout(20)
            attached = self.shell("exec " + line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.servers.append(attached)
            reader.accept()[0].close()
        attached.kill()
        attached.wait()

    def provider(self):
        (self.folder / "client.pem").write_bytes((self.folder / "data" / "client.pem").read_bytes())
        self.play("tsms provider add")
        self.play("tsms provider add")
        self.play("tsms provider token")
        self.play("tsms provider list")
        self.play("tsms provider certificate")
        self.play("tsms provider certificate")
        listed = json.loads(self.stack.tsms("provider", "list", "--json").stdout)
        self.put["5f2d…"] = next(p for p in listed if p["name"] == "demo")["tokens"][0]["id"]
        self.play("tsms provider revoke")
        self.play("tsms provider uploads")
        self.token()

    def token(self):
        for _ in range(2):
            self.play("tsms token key")
        _, certificate = attestation.make_signer(self.folder, "signer")
        process, flavor = "7390f811-f27f-412c-a4ff-e792d073f41f", "00112233-4455-6677-8899-aabbccddeeff"
        (self.folder / "token.hex").write_text(attestation.make(self.folder / "signer.key", certificate, process, flavor).hex())
        (self.folder / "token-keys.pem").write_bytes(certificate.read_bytes())
        self.put["$PROCESS"] = process
        self.assertIn("is valid", self.play("tsms token verify"))
        self.assertEqual(json.loads(self.play("tsms token verify"))["processId"], process)

    def publish(self) -> dict:
        added = json.loads(self.stack.tsms("provider", "token", "--name", "demo", "--json").stdout)
        self.rest = stack.Rest(8443, self.stack.ca, added["longTermToken"])
        told = {"url": "https://127.0.0.1:1", "ca": self.stack.ca}  # results wait for it
        return stack.publish_service(self.rest, [self.folder / "app.cap"], spos_config=stack.add_spos_config(self.rest, told),
                                     profiles=["tsms-lab jc305"])

    def publish_the_next_version(self, published: dict):
        cap = self.stack.make_cap("next.cap", package="D27600018501", applets=[APPLET], version="1.1")
        part = stack.upload_part(self.rest, cap)
        stack.publish_version(self.rest, published["service"], [part], "1.1.0", ["tsms-lab jc305"])

    def phone(self):
        published = self.publish()
        self.put["SERVICE"] = published["service"]["id"]
        self.play("tsms-handset check")
        self.play("tsms-handset create")
        self.play("tsms-handset instances")
        handset = ["--url", "https://localhost:9443", "--ca", self.stack.ca, "--se",
                   f"sim:{self.folder}/phone.card?profile=jc305", "--json"]
        listed = json.loads(run("tsms-handset", *handset, "instances", self.put["SERVICE"]).stdout)
        self.put["INSTANCE"] = listed["serviceInstances"][0]["id"]
        self.play("tsms-handset deploy")
        self.assertEqual(json.loads((self.folder / "phone.pending").read_text()), {"pendingCalls": []})
        self.assertIn("< 9000", self.play("tsms-handset apdu"))
        self.publish_the_next_version(published)
        self.assertIn("1.1.0 is available", self.play("tsms-handset check-update"))
        self.assertRegex(self.play("tsms-handset update"), r"(?m)^state +OPERATIONAL$")
        self.play("tsms-handset suspend")
        self.play("tsms-handset resume")
        self.play("tsms-handset terminate")

    def cards_and_outbox(self):
        self.play("tsms card list")
        self.put["1b9d6bcd-…"] = json.loads(self.stack.tsms("card", "list", "--json").stdout)[0]["id"]
        for name in ("show", "reconcile", "release", "release", "assign", "assign", "lost", "found", "forget"):
            self.play(f"tsms card {name}")
        self.trace()
        self.play("tsms outbox list")
        waiting = json.loads(self.stack.tsms("outbox", "list", "--json").stdout)
        self.assertGreater(len(waiting), 2, waiting)
        self.put["--id 17"] = f"--id {waiting[0]['id']}"
        self.play("tsms outbox list")
        self.play("tsms outbox retry")
        self.play("tsms outbox retry")
        self.play("tsms outbox drop")

    def trace(self):
        self.assertRegex(self.play("tsms trace"), r"(?m)^  [\d:.]+  · terminateService; app ")
        self.assertIn("command of the issuer", self.play("tsms trace"))
        self.assertEqual(json.loads(self.play("tsms trace"))["of"], "card")

    def operator_ends(self):
        (self.folder / "cert.der").write_bytes(b"the certificate of an app")
        key = ["openssl", "genpkey", "-algorithm", "ED25519"]
        made = subprocess.run(key, check=True, capture_output=True).stdout
        (self.folder / "token-key.pem").write_bytes(
            subprocess.run(["openssl", "pkey", "-pubout"], input=made, check=True, capture_output=True).stdout)
        self.play("tsms provider token-key")
        self.play("tsms provider token-key")
        self.play("tsms provider demand-credentials")
        self.play("tsms app add")  # from now on the provider's apps need one
        self.play("tsms app list")
        self.play("tsms app revoke")
        self.play("tsms provider revoke")
        self.play("tsms issuer remove")
        self.stop(self.server)
        self.play("tsms migrate")
        self.assertIn("Nothing to do", self.play("tsms migrate"))
        self.play("tsms adopt")


if __name__ == "__main__":
    why = stack.leave_the_network()
    if why:
        print(f"no network of its own: {why}")
    stack.main(verbosity=1)
