"""Attestation Tokens (TR-03165 Appendix A) as a service provider may read them: this file shares nothing with the TSM, and leaves every
signature to the openssl command line."""

import pathlib
import subprocess
import tempfile
import uuid

BODY = {0x80: "tsm", 0x81: "process", 0x82: "flavor", 0x85: "signer"}


def objects(octets: bytes) -> list:
    """(tag, value, whole object) of one level; lengths of up to two octets."""
    found, at = [], 0
    while at < len(octets):
        start = at
        tag = octets[at]
        at += 1
        if tag & 0x1F == 0x1F:
            tag = tag << 8 | octets[at]
            at += 1
        length = octets[at]
        at += 1
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(octets[at:at + count], "big")
            at += count
        value = octets[at:at + length]
        assert len(value) == length, "cut off"
        at += length
        found.append((tag, value, octets[start:at]))
    return found


def encode(tag: str, value: bytes) -> bytes:
    size = len(value)
    length = bytes([size]) if size < 0x80 else bytes([0x81, size]) if size < 0x100 else bytes([0x82, size >> 8, size & 0xFF])
    return bytes.fromhex(tag) + length + value


def dotted(content: bytes) -> str:
    numbers, n = [], 0
    for octet in content:
        n = n << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(n)
            n = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(x) for x in [first, numbers[0] - 40 * first, *numbers[1:]])


def openssl(*words, data: bytes = b"", check: bool = True) -> subprocess.CompletedProcess:
    return subprocess.run(["openssl", *[str(w) for w in words]], input=data, capture_output=True, check=check, timeout=60)


def key_id(certificate: bytes) -> bytes:
    """What its extension says (RFC 5280 4.2.1.2), and the SHA-1 of its public key: both are the same."""
    text = openssl("x509", "-noout", "-ext", "subjectKeyIdentifier", data=certificate).stdout.decode()
    said = bytes.fromhex(text.strip().splitlines()[-1].strip().replace(":", ""))
    public = openssl("x509", "-noout", "-pubkey", data=certificate).stdout
    der = openssl("pkey", "-pubin", "-outform", "DER", data=public).stdout
    assert openssl("dgst", "-sha1", "-binary", data=der[-65:]).stdout == said, "the point, 04 || x || y, is what is hashed"
    return said


def certificates(bundle: str) -> list:
    end = "-----END CERTIFICATE-----\n"
    return [(one + end).encode() for one in bundle.split(end) if one.strip()]


def verify(token: bytes, bundle: str) -> dict:
    """What the token says. Fails if no certificate of the bundle vouches for it."""
    (tag, value, _), = objects(token)
    assert tag == 0x7F41, hex(tag)
    (a0, body, signed), (tag81, signature, _) = objects(value)
    assert (a0, tag81) == (0xA0, 0x81)
    parts = objects(body)
    assert [tag for tag, _, _ in parts] == sorted(BODY), parts
    said = {BODY[tag]: v for tag, v, _ in parts}
    signer, = [c for c in certificates(bundle) if key_id(c) == said["signer"]]
    with tempfile.TemporaryDirectory() as folder:
        key, sig = pathlib.Path(folder, "key.pem"), pathlib.Path(folder, "signature")
        key.write_bytes(openssl("x509", "-noout", "-pubkey", data=signer).stdout)
        sig.write_bytes(signature)
        done = openssl("dgst", "-sha256", "-verify", key, "-signature", sig, data=signed, check=False)
    assert done.stdout == b"Verified OK\n", done
    return {"tsm": dotted(said["tsm"]), "process": str(uuid.UUID(bytes=said["process"])),
            "flavor": str(uuid.UUID(bytes=said["flavor"])), "signer": said["signer"].hex().upper()}


def make_signer(folder: pathlib.Path, name: str, curve: str = "prime256v1") -> tuple:
    """Key file and certificate of a TSM that is none of ours."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes", "-days", "9", "-subj", f"/CN={name}",
            "-keyout", key, "-out", certificate)
    return key, certificate


def make(key: pathlib.Path, certificate: pathlib.Path, process: str, flavor: str, tsm: bytes = bytes.fromhex("883701"),
         more: bytes = b"") -> bytes:
    body = encode("A0", encode("80", tsm) + encode("81", uuid.UUID(process).bytes) + encode("82", uuid.UUID(flavor).bytes) + more +
                  encode("85", key_id(certificate.read_bytes())))
    return encode("7F41", body + encode("81", openssl("dgst", "-sha256", "-sign", key, data=body).stdout))
