#!/usr/bin/env python3
"""Access tokens of a service provider's own (AMB-146, AMB-236, DIV-120), end to end: the operator takes the provider's public key, the app
gives the SDK a token (setAccessToken), and what is not signed by that key, for this TSM and for now is refused."""

import base64
import hmac
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack as stacks  # noqa: E402
from phone import Phone  # noqa: E402
from story_test import OPERATIONAL, StoryCase  # noqa: E402

CALLER, REVOKED = "AB" * 32, "CD" * 32
NOT_AUTHENTICATED, UNAUTHORIZED = 5, 15


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def plain(der: bytes) -> bytes:
    """r || s of an ECDSA-Sig-Value."""
    first = 4 + der[3]
    numbers = der[4:first], der[first + 2:first + 2 + der[first + 1]]
    return b"".join(int.from_bytes(n, "big").to_bytes(32, "big") for n in numbers)


class Signer:
    """An authorization server: a key that OpenSSL made, and what it signs."""

    MAKE = {"ES256": ("EC", "ec_paramgen_curve:P-256"), "RS256": ("RSA", "rsa_keygen_bits:2048"), "EdDSA": ("ED25519", None)}

    def __init__(self, folder: pathlib.Path, name: str, algorithm: str = "ES256"):
        self.algorithm, self.key, self.public = algorithm, folder / f"{name}.key", folder / f"{name}.pem"
        kind, option = self.MAKE[algorithm]
        self.openssl("genpkey", "-algorithm", kind, *(("-pkeyopt", option) if option else ()), "-out", self.key)
        self.openssl("pkey", "-in", self.key, "-pubout", "-out", self.public)

    @staticmethod
    def openssl(*arguments) -> bytes:
        return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout

    def sign(self, text: str) -> bytes:
        file = self.key.with_suffix(".text")
        file.write_text(text)
        if self.algorithm == "EdDSA":
            return self.openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", file)
        signature = self.openssl("dgst", "-sha256", "-sign", self.key, file)
        return plain(signature) if self.algorithm == "ES256" else signature

    def token(self, issuer: str, header: dict | None = None, signature: bytes | None = None, **claims) -> str:
        now = int(time.time())
        said = {"iss": issuer, "aud": "tsm-api", "exp": now + 300, **claims}
        text = base64url(json.dumps({"alg": self.algorithm, **(header or {})}).encode()) + "." + base64url(
            json.dumps({k: v for k, v in said.items() if v is not None}).encode())
        return text + "." + base64url(self.sign(text) if signature is None else signature)


class AccessToken(StoryCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.stack.folder
        cls.demo = next(p["id"] for p in json.loads(cls.stack.tsms("provider", "list", "--json").stdout) if p["name"] == "demo")
        cls.signer = Signer(cls.folder, "demo")
        cls.published = stacks.publish_service(cls.rest, [cls.stack.make_cap()], name="with tokens")
        cls.service = cls.published["service"]["id"]

    def token_key(self, name: str, *arguments, check: bool = True):
        return self.stack.tsms("provider", "token-key", "--name", name, *arguments, "--json", check=check)

    def handset(self, token: str | None, *arguments, caller: str = CALLER, check: bool = False) -> dict:
        card = self.stack.card("token.card")
        options = []
        if token is not None:
            file = self.folder / "app.token"
            file.write_text(token)
            options = ["--token-file", file]
        return self.stack.handset(card, "--caller-id", caller, *options, *arguments, check=check)

    def status(self, token: str | None, caller: str = CALLER) -> tuple:
        told = self.handset(token, "check", self.service, "x.x.x", caller=caller)
        return told["executionStatus"], told["executionMessage"]

    def refused(self, token: str | None, words: str, caller: str = CALLER):
        status, message = self.status(token, caller)
        self.assertEqual(status, NOT_AUTHENTICATED, message)
        self.assertIn(words, message)

    def test_1_without_a_key_no_token_speaks(self):
        self.assertEqual(self.status(None)[0], 0)  # development: any app
        self.refused(self.signer.token(self.demo), "no key")

    def test_2_a_whole_life_with_tokens(self):
        added = json.loads(self.token_key("demo", "--file", self.signer.public).stdout)["tokenKeys"]
        self.assertEqual([(k["issuer"], k["algorithm"], k["audience"]) for k in added], [(self.demo, "ES256", "tsm-api")])
        token = self.signer.token(self.demo)
        self.assertEqual(self.status(token), (0, ""))
        created = self.handset(token, "create", self.service, "1.0.0", check=True)
        instance = created["serviceInstance"]["id"]
        deployed = self.handset(token, "deploy", instance, "--commands", "install,activate", "--finalize", check=True)
        self.assertEqual(deployed["serviceInstanceState"], OPERATIONAL)
        self.refused(None, "not registered")  # from the first key on
        self.assertEqual(self.handset(token, "terminate", instance, check=True)["processInfo"]["executionStatus"], 0)

    def test_3_what_is_refused(self):
        s, now = self.signer, int(time.time())
        public = s.public.read_bytes()
        head = base64url(json.dumps({"alg": "HS256"}).encode()) + "." + base64url(
            json.dumps({"iss": self.demo, "aud": "tsm-api", "exp": now + 300}).encode())
        rows = (
            (s.token(self.demo, {"alg": "none"}, b""), "malformed"),
            (s.token(self.demo, {"alg": "none"}, b"x"), "no key"),
            (head + "." + base64url(hmac.digest(public, head.encode(), "sha256")), "no key"),
            (s.token(self.demo, {"alg": "RS256"}), "no key"),
            (s.token(self.demo, {"kid": "another"}), "no key"),
            (s.token(self.demo, {"crit": ["exp"]}), "critical"),
            (s.token("another"), "no key"),
            (s.token(self.demo, signature=bytes(64)), "no key"),
            (Signer(self.folder, "stranger").token(self.demo), "no key"),
            (s.token(self.demo, exp=now - 120), "expired"),
            (s.token(self.demo, exp=None), "exp"),
            (s.token(self.demo, exp=now + 3 * 24 * 3600), "more than a day"),
            (s.token(self.demo, nbf=now + 600), "not valid yet"),
            (s.token(self.demo, aud="another"), "another audience"),
            (s.token(self.demo, callerId=REVOKED), "another app"),
            (s.token(self.demo)[:-6], "no key"),
            ("a.b.c", "malformed"),
        )
        for token, words in rows:
            with self.subTest(words=words, token=token[:60]):
                self.refused(token, words)
        for good in (s.token(self.demo, callerId=CALLER), s.token(self.demo, aud=["another", "tsm-api"]), s.token(self.demo, nbf=now)):
            self.assertEqual(self.status(good), (0, ""))
        told = self.handset(s.token(self.demo, exp=now - 120), "--dialect", "1.0.4", "check", self.service, "x.x.x")
        self.assertEqual(told["executionStatus"], UNAUTHORIZED, told)
        self.assertTrue(told["executionMessage"].startswith("Unauthorized: the access token is not accepted: "), told)

    def test_4_other_kinds_of_keys_and_another_issuer(self):
        for algorithm in ("RS256", "EdDSA"):
            signer = Signer(self.folder, algorithm, algorithm)
            issuer = f"https://login.example/{algorithm}"
            self.token_key("demo", "--file", signer.public, "--issuer", issuer, "--key-id", "k1", "--audience", "phones")
            self.assertEqual(self.status(signer.token(issuer, {"kid": "k1", "typ": "at+jwt"}, aud="phones")), (0, ""))
            self.refused(signer.token(issuer), "another audience")
            self.refused(signer.token(self.demo, aud="phones"), "no key")
            left = json.loads(self.token_key("demo", "--remove", "--key-id", "k1").stdout)["tokenKeys"]
            self.assertEqual(len(left), 1)
            self.refused(signer.token(issuer, aud="phones"), "no key")

    def test_5_another_providers_apps(self):
        self.stack.tsms("provider", "add", "--name", "other")
        other = Signer(self.folder, "other")
        self.token_key("other", "--file", other.public, "--issuer", "of other")
        refused = self.token_key("demo", "--file", other.public, "--issuer", "of other", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("another service provider", refused.stderr)
        status, message = self.status(other.token("of other"))
        self.assertEqual((status, message), (4, f"Invalid request: service ‘{self.service}’ does not exist"))
        self.stack.tsms("app", "add", "--caller", REVOKED, "--provider", "demo")
        self.refused(other.token("of other"), "another service provider", caller=REVOKED)
        self.assertEqual(self.status(self.signer.token(self.demo), caller=REVOKED), (0, ""))
        self.stack.tsms("app", "revoke", "--caller", REVOKED)
        self.refused(self.signer.token(self.demo), "tsms app add", caller=REVOKED)

    def test_6_the_app_has_no_token(self):
        told = self.stack.handset(self.stack.card("token.card"), "--token-file", self.folder / "none", "check", self.service, "x.x.x", check=False)
        self.assertEqual((told["executionStatus"], told["executionMessage"]),
                         (NOT_AUTHENTICATED, "Not authenticated: could not retrieve access token"))

    def test_7_a_key_that_has_gone_opens_no_door(self):
        self.assertEqual(json.loads(self.token_key("demo", "--remove").stdout), {"tokenKeys": []})
        self.refused(self.signer.token(self.demo), "no key")
        self.refused(None, "not registered")

    def test_8_files_that_are_no_public_key(self):
        (self.folder / "junk.pem").write_text("junk")
        for file, words in ((self.signer.key, "private key"), (self.folder / "junk.pem", "no public key"), (self.folder / "none", "none")):
            refused = self.token_key("demo", "--file", file, check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(words, refused.stderr)

    def test_9_a_provider_may_demand_credentials_before_its_first_app(self):
        """AMB-236: with accept_unknown_apps, and nothing registered."""
        s = self.stack
        made = json.loads(s.tsms("provider", "add", "--name", "strict", "--demand-credentials", "--json").stdout)
        rest = stacks.Rest(s.rest_port, s.ca, made["longTermToken"])
        service = stacks.publish_service(rest, [s.make_cap("strict.cap", 2000, "D27600018B01", ["D27600018B0101"])])["service"]["id"]
        phone = Phone(s, None)
        self.addCleanup(phone.disconnect)
        asks = {"serviceId": service, "version": "x.x.x",
                "handset": {"callerId": phone.caller, "secureComponents": [{"reader": "eSE1", "seType": "eSE"}]}}

        def answer() -> dict:
            status, _, told = phone.exchange("POST", "/tsm-api/1.0/checkServiceDeploymentAvailable", asks)
            self.assertEqual(status, 200, told)
            return json.loads(told)

        self.assertEqual(answer()["result"]["executionStatus"], NOT_AUTHENTICATED)
        taken_back = json.loads(s.tsms("provider", "demand-credentials", "--name", "strict", "--remove", "--json").stdout)
        self.assertEqual(taken_back, {"credentialsDemanded": False})
        self.assertIn("sessionId", answer())
        self.assertIn("need a credential", s.tsms("provider", "demand-credentials", "--name", "strict").stdout)
        self.assertEqual(answer()["result"]["executionStatus"], NOT_AUTHENTICATED)


del StoryCase  # it has run elsewhere

if __name__ == "__main__":
    stacks.main(verbosity=1)
