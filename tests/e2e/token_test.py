#!/usr/bin/env python3
"""Attestation Tokens (TR 3.4, Appendix A): `tsms token` against tokens that nothing of ours has made, and tokens of ours against a reader
that nothing of ours is in (attestation.py)."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import attestation  # noqa: E402
import stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build")).resolve()
PROCESS, FLAVOR = "7390f811-f27f-412c-a4ff-e792d073f41f", "00112233-4455-6677-8899-aabbccddeeff"


class Offline(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-token-")
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.file = self.folder / "token"

    def tsms(self, *words) -> subprocess.CompletedProcess:
        return subprocess.run([BUILD / "app" / "tsms", "token", *[str(w) for w in words]], capture_output=True, text=True, timeout=60)

    def check(self, token, certificate, *words) -> dict:
        self.file.write_bytes(token if isinstance(token, bytes) else token.encode())
        done = self.tsms("verify", self.file, "--cert", certificate, "--json", *words)
        told = json.loads(done.stdout)
        self.assertEqual(done.returncode == 0, told.get("valid", False), done)
        if done.returncode:
            self.assertIn("error", told)
            self.assertIn(told["error"], done.stderr)
        return told

    def test_a_token_of_somebody_else(self):
        for curve in ("prime256v1", "brainpoolP256r1"):
            key, certificate = attestation.make_signer(self.folder, curve, curve)
            token = attestation.make(key, certificate, PROCESS, FLAVOR)
            for form in (token, token.hex() + "\n", token.hex().upper()):
                told = self.check(form, certificate, "--process", PROCESS, "--flavor", FLAVOR.upper(), "--tsm", "2.999.1")
                self.assertEqual((told["tsmIdentifier"], told["processId"], told["flavorId"]), ("2.999.1", PROCESS, FLAVOR))
                self.assertEqual(told["signerReference"], attestation.key_id(certificate.read_bytes()).hex().upper())
                self.assertEqual(told["certificate"]["subject"], f"CN={curve}")
            text = self.tsms("verify", self.file, "--cert", certificate).stdout
            for part in ("is valid", "2.999.1", PROCESS, FLAVOR):
                self.assertIn(part, text)
            diversified = attestation.make(key, certificate, PROCESS, FLAVOR, more=bytes.fromhex("83010784020102"))
            told = self.check(diversified, certificate)
            self.assertEqual((told["masterKeyIndex"], told["keyDiversificationData"]), ("07", "0102"))

    def test_what_is_wrong_is_named(self):
        key, certificate = attestation.make_signer(self.folder, "one")
        _, other = attestation.make_signer(self.folder, "other")
        token = attestation.make(key, certificate, PROCESS, FLAVOR)
        for said, with_what, words in (
                ("no certificate is that of the signer", other, ()),
                (f"its Process ID is {PROCESS}, and not {FLAVOR}", certificate, ("--process", FLAVOR)),
                (f"its Flavor ID is {FLAVOR}, and not {PROCESS}", certificate, ("--flavor", PROCESS)),
                ("its TSM identifier is 2.999.1, and not 2.999", certificate, ("--tsm", "2.999")),
                ("--process is a UUID", certificate, ("--process", "x")),
                ("--cert", key, ())):
            self.assertIn(said, self.check(token, with_what, *words)["error"])
        forged = attestation.make(self.folder / "other.key", certificate, PROCESS, FLAVOR)  # names one's key, signed by the other's
        self.assertIn("not that of the certificate's key", self.check(forged, certificate)["error"])
        self.assertIn("is cut off", self.check(token[:-1], certificate)["error"])
        self.assertIn("belong to nothing", self.check(token + b"\0", certificate)["error"])
        self.assertIn("tag 7F41", self.check("no token", certificate)["error"])
        self.assertIn("TSM identifier", self.check(attestation.make(key, certificate, PROCESS, FLAVOR, tsm=b"\x80\x01"),
                                                   certificate)["error"])
        rsa_key, rsa = self.folder / "rsa.key", self.folder / "rsa.pem"
        attestation.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=rsa", "-keyout", rsa_key, "-out", rsa)
        self.assertNotEqual(self.tsms("verify", self.file, "--cert", rsa).returncode, 0)
        self.assertIn("cannot read", self.tsms("verify", self.folder / "absent", "--cert", certificate).stderr)

    def test_keys(self):
        """Each is a certificate that openssl understands; a new one comes first, and the former ones stay."""
        data = self.folder / "data"
        subprocess.run([BUILD / "app" / "tsms", "init", "--data", data], check=True, capture_output=True)
        first = self.tsms("key", "--data", data).stdout
        self.assertEqual(len(attestation.certificates(first)), 1)
        toml = (data / "tsms.toml").read_text()
        self.assertRegex(toml, r'(?m)^tsm_identifier = "2\.25\.\d+"$')
        (data / "tsms.toml").write_text(toml.replace('curve = "P-256"', 'curve = "brainpoolP256r1"'))
        self.assertEqual(self.tsms("key", "--data", data).stdout, first)  # nothing happens without --new
        second = self.tsms("key", "--data", data, "--new").stdout
        new, old = attestation.certificates(second)
        self.assertEqual(old.decode(), first)
        told = json.loads(self.tsms("key", "--data", data, "--json").stdout)
        self.assertEqual([(k["curve"], k["signs"]) for k in told], [("brainpoolP256r1", True), ("P-256", False)])
        self.assertEqual([k["certificate"].encode() for k in told], [new, old])
        for certificate, key in zip((new, old), told):
            self.assertEqual(attestation.key_id(certificate).hex().upper(), key["keyId"])
            file = self.folder / "one.pem"
            file.write_bytes(certificate)
            checked = attestation.openssl("verify", "-check_ss_sig", "-partial_chain", "-trusted", file, file, check=False)
            self.assertEqual(checked.returncode, 0, checked)
        (data / "attestation-keys.json").write_text("{}")
        self.assertIn("attestation-keys.json is damaged", self.tsms("key", "--data", data).stderr)
        (data / "attestation-keys.json").unlink()
        self.assertIn("tsms token key --new", self.tsms("key", "--data", data).stderr)


if __name__ == "__main__":
    stack.main()
