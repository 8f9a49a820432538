"""What the tests of the REST API share: the official facts, a client, and one of every entity."""

import dataclasses
import http.client
import json
import os
import pathlib
import ssl
import tempfile
import unittest

import stack

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))

FACTS = json.loads((pathlib.Path(__file__).with_name("official_rest_api.json")).read_text())
DIALECTS = ("1.0", "1.0.4")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
SCRIPT = b'{"version":1,"commands":[]}'
APPLICATION_AIDS = iter(f"D27600016353545354{n:06X}" for n in range(1 << 24))


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def document(self):
        return json.loads(self.body)

    @property
    def category(self) -> int | None:
        """errorCategory of a GeneralError, None for every other answer."""
        try:
            return self.document["errorCategory"] if self.status >= 400 else None
        except (ValueError, TypeError, KeyError):
            return None


@dataclasses.dataclass
class Form:
    """A multipart body: (part name, file name or None, content)."""
    parts: list

    def encode(self) -> tuple[bytes, str]:
        out = b""
        for name, file_name, content in self.parts:
            head = f'--b\r\nContent-Disposition: form-data; name="{name}"'
            if file_name is not None:
                head += f'; filename="{file_name}"\r\nContent-Type: application/octet-stream'
            out += head.encode() + b"\r\n\r\n" + content + b"\r\n"
        return out + b"--b--\r\n", "multipart/form-data; boundary=b"


class Client:
    """Requests of one token over one connection that is kept alive."""

    def __init__(self, port: int, ca: pathlib.Path, base: str, token: str | None = None):
        self.port, self.base, self.token = port, base, token
        self.context = ssl.create_default_context(cafile=str(ca))
        self.connection = None

    def send(self, method: str, path: str, body=None, content_type: str | None = None, token: str | None = "",
             headers: dict | None = None) -> Answer:
        """body: None, octets, a Form, or a value that becomes JSON. token: "" for the client's own, None for none."""
        fields = dict(headers or {})
        bearer = self.token if token == "" else token
        if bearer:
            fields["Authorization"] = f"Bearer {bearer}"
        if isinstance(body, Form):
            body, content_type = body.encode()
        elif body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            fields["Content-Type"] = content_type or "application/json"
        for attempt in (1, 2):  # a connection that was idle may be closed by now
            if self.connection is None:
                self.connection = http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=30)
            try:
                self.connection.request(method, self.base + path, body=body, headers=fields)
                response = self.connection.getresponse()
                answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
                if response.will_close:
                    self.close()
                return answer
            except (http.client.HTTPException, OSError):
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def good(self, method: str, path: str, body=None):
        answer = self.send(method, path, body)
        if answer.status not in (200, 204):
            raise stack.RestError(answer.status, answer.body)
        return answer.document if answer.body else None


@dataclasses.dataclass
class Files:
    """What is uploaded; made once."""
    cap: bytes          # asks for the Java Card version of the profile "fit", not for that of "old"
    longer_cap: bytes   # another binary of the same package
    other_cap: bytes    # another package
    modest_cap: bytes   # fits to "old" too
    certificate: bytes


class World:
    """One of every entity, connected as the TR connects them. Ids are in `ids`, by the names of path parameters."""

    def __init__(self, client: Client, dialect: str, profiles: dict, files: Files):
        self.client, self.dialect, self.profiles, self.files = client, dialect, profiles, files
        good = client.good
        cert = self.upload("/certificates", "cert", "ca.pem", files.certificate)
        script = self.upload("/personalization-scripts", "script", "perso.json", SCRIPT)
        spos = good("POST", "/spos-configs", {"url": "https://spos.example/tsm", "certificateId": cert})["id"]
        elf = self.upload("/executable-load-files", "elf", "app.cap", files.cap)
        module = good("GET", f"/executable-load-files/{elf}/executable-modules")[0]["id"]
        config = good("POST", "/application-configs", {
            "instanceAid": next(APPLICATION_AIDS), "installConfig": {"privileges": ["GlobalService"]},
            "personalizationConfig": {"certificateId": cert, "personalizationScriptId": script}})["id"]
        service = good("POST", "/services", {"name": "World", "sposConfigId": spos})["id"]
        flavor = good("POST", f"/services/{service}/flavors", {
            "name": "main", "executableLoadFileIds": [elf],
            "applicationInstantiationConfigs": [{"executableModuleId": module, "applicationConfigId": config}]})["id"]
        good("POST", f"/services/{service}/versions",
             {"tag": "1.0.0", "allowedDeployments": {flavor: [profiles["fit"]]}})
        self.ids = {"certificateId": cert, "personalizationScriptId": script, "sposConfigId": spos, "elfId": elf,
                    "emId": module, "applicationConfigId": config, "serviceId": service, "flavorId": flavor,
                    "tag": "1.0.0", "scpId": profiles["fit"]}

    def upload(self, path: str, kind: str, name: str, content: bytes) -> str:
        return self.client.good("POST", path, Form([(f"{kind}-file", name, content)]))["id"]

    def path(self, template: str, **instead) -> str:
        values = {**self.ids, **instead}
        for name, value in values.items():
            template = template.replace("{" + name + "}", value)
        assert "{" not in template, template
        return template

    # -- more of the same, connected to nothing

    def new_flavor(self, **attributes) -> str:
        return self.client.good("POST", self.path("/services/{serviceId}/flavors"),
                                attributes or {"name": "more"})["id"]

    def publish(self):
        self.client.good("POST", self.path("/services/{serviceId}/flavors/{flavorId}/publish"))

    def unused(self, operation: str) -> dict:
        """Path parameters for an entity that nothing refers to, for the operations that delete one."""
        good, f = self.client.good, self.files
        make = {
            "deleteFlavor": lambda: {"flavorId": self.new_flavor()},
            "deleteElf": lambda: {"elfId": self.upload("/executable-load-files", "elf", "x.cap", f.other_cap)},
            "deleteAppConfig": lambda: {"applicationConfigId": good("POST", "/application-configs", {
                "instanceAid": next(APPLICATION_AIDS), "installConfig": {}})["id"]},
            "deletePersoScript": lambda: {
                "personalizationScriptId": self.upload("/personalization-scripts", "script", "x.json", SCRIPT)},
            "deleteCert": lambda: {"certificateId": self.upload("/certificates", "cert", "x.pem", f.certificate)},
            "deleteSposConfig": lambda: {"sposConfigId": good("POST", "/spos-configs", {
                "url": "https://x.example", "certificateId": self.ids["certificateId"]})["id"]},
        }
        return make[operation]() if operation in make else {}


class RestStack(stack.Stack):
    """The REST role alone, two service providers, the profiles "fit" and "old"."""

    def start(self):
        self.init()
        known = json.loads(stack.PROFILES.read_text())[0]
        profiles = [{**known, "name": "fit", "osVersion": "9.1", "javaCardVersion": "3.0.5"},
                    {**known, "name": "old", "osVersion": "9.2", "javaCardVersion": "2.2.1"}]
        file = self.folder / "profiles.json"
        file.write_text(json.dumps(profiles))
        self.tsms("profile", "import", file)
        self.long_term = [json.loads(self.tsms("provider", "add", "--name", n, "--json").stdout) for n in ("one",
                                                                                                           "two")]
        self.start_server("rest")
        self.files = Files(cap=self.make_cap("app.cap").read_bytes(),
                           longer_cap=self.make_cap("longer.cap", load_size=3000).read_bytes(),
                           other_cap=self.make_cap("other.cap", package="D2760001855454",
                                                   applets=("D276000185545401",)).read_bytes(),
                           modest_cap=self.modest_cap(), certificate=self.ca.read_bytes())
        client = self.client("1.0")
        self.profiles = {p["name"]: p["id"] for p in client.good("GET", "/secure-component-profiles")}
        client.close()

    def modest_cap(self) -> bytes:
        path = self.folder / "modest.cap"
        self.run("tsms-lab", "cap", "--out", path, "--package", "D2760001855455", "--applet", "D276000185545501",
                 "--java-card", "1.2")
        return path.read_bytes()

    def client(self, dialect: str, provider: int = 0) -> Client:
        client = Client(self.rest_port, self.ca, f"/sptsm/{dialect}")
        answer = client.send("POST", "/auth", token=self.long_term[provider]["longTermToken"])
        assert answer.status == 200, answer
        client.token = answer.document
        client.close()
        return client

    def world(self, client: Client, dialect: str) -> World:
        return World(client, dialect, self.profiles, self.files)


class RestCase(unittest.TestCase):
    """One RestStack for the class; it has to stop cleanly."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="tsms-rest-")
        cls.stack = RestStack(BUILD, pathlib.Path(cls.temporary.name))
        try:
            cls.stack.start()
        except BaseException:
            cls.stack.kill()
            raise

    @classmethod
    def tearDownClass(cls):
        result = cls.stack.stop()
        cls.temporary.cleanup()
        if any(result.values()):
            raise AssertionError(f"processes did not stop cleanly: {result}")
