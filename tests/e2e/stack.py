"""A whole tsms on loopback: server, issuer, SPOS, handset, each a real process that speaks TLS, in a folder of its own."""

import atexit
import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SKIPPED = 77  # to Meson
PROFILES = ROOT / "lab" / "profiles.json"


class Hanging(BaseException):
    """No Exception and no OSError: nobody who catches those may go on waiting."""


class Deadline:
    """Ends a test that hangs, and says which one and where: the build system would kill the whole program and the
    programs that it has started would stay. It is a little earlier than the build system, whose patience is 600 s."""

    def __init__(self):
        self.seconds = float(os.environ.get("TSMS_TEST_SECONDS", "540"))
        self.where = "the program, before its first test"
        signal.signal(signal.SIGALRM, self.over)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, 20)  # and again, if what it ended does not end
        run = unittest.TestCase.run

        def run_named(test, result=None):
            self.where = test.id()
            try:
                return run(test, result)
            finally:
                self.where = f"the program, behind {test.id()}"

        unittest.TestCase.run = run_named

    def over(self, *_):
        text = f"{self.where} has not ended {self.seconds:g} s after the start of the program: it hangs"
        print(text, file=sys.stderr, flush=True)
        raise Hanging(text)


DEADLINE = Deadline()


def main(**options):
    """unittest.main(), and nobody overlooks what was skipped: each is named on a line that scripts/test.sh counts, and a program that has
    skipped something ends with Meson's 77."""
    result = unittest.main(exit=False, **options).result
    for test, why in result.skipped:
        print(f"SKIPPED: {test.id()}: {why}", flush=True)
    sys.exit(1 if not result.wasSuccessful() else SKIPPED if result.skipped else 0)


def skip_all(why: str):
    """The whole program cannot run."""
    print(f"SKIPPED: {pathlib.Path(sys.argv[0]).stem}: {why}", flush=True)
    sys.exit(SKIPPED)


def free_port() -> int:
    """A port that is free, as the next one is (operations_port needs two), and that no other test of this machine gets before the
    program listens: below those that the system gives to connections, and reserved by a name as long as this process lives."""
    for port in random.sample(range(20000, 32000, 2), 1000):
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0tsms-test-port-{port}")
            for wanted in (port, port + 1):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", wanted))
        except OSError:
            name.close()
            continue
        atexit.register(name.close)
        return port
    raise RuntimeError("no free port between 20000 and 32000")


LIBC = ctypes.CDLL(None, use_errno=True)


def new_user_namespace(others: int, user_inside: int, group_inside: int) -> str | None:
    """From here on, together with these other namespaces. Why it cannot be had, or nothing."""
    user, group = os.geteuid(), os.getegid()
    if LIBC.unshare(0x10000000 | others) != 0:
        return f"no user namespace: {os.strerror(ctypes.get_errno())}"
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user_inside} {user} 1"), ("gid_map", f"{group_inside} {group} 1")):
        pathlib.Path(f"/proc/self/{name}").write_text(text)
    return None


def leave_the_network() -> str | None:
    """From here on this process and what it starts have a network namespace of their own, with loopback only: every port is free, and what
    listens on all addresses is reached by nobody. Why it cannot be had, or nothing. Without root a user namespace gives the right to it."""
    new_network = 0x40000000
    if LIBC.unshare(new_network) != 0:
        why = new_user_namespace(new_network, os.geteuid(), os.getegid())
        if why:
            return why
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up and running
    return None


def may_look_into_the_server():
    """The server shows its memory and its open files to root alone (DIV-098). Who is not root is so over what he starts in a user namespace
    of his own."""
    if os.geteuid() != 0:
        why = new_user_namespace(0, 0, 0)
        if why:
            skip_all(why)


def in_a_child(user: int | None, work):
    """What the work returns in a process of its own, as this user and without rights of root."""
    result, answer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            # PR_SET_SECUREBITS, SECBIT_NOROOT: the user 0 of a user namespace gets no rights back by exec.
            restricted = LIBC.prctl(28, 1, 0, 0, 0) == 0
            if user:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)  # _LINUX_CAPABILITY_VERSION_3
            if restricted and LIBC.capset(header, none) == 0:
                os.write(answer, json.dumps(work()).encode())
                status = 0
        os._exit(status)
    os.close(answer)
    with os.fdopen(result, "rb") as reader:
        text = reader.read()
    assert os.waitpid(child, 0)[1] == 0, text
    return json.loads(text)


def wait_until(condition, seconds: float, what: str):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError(f"{what} after {seconds} s")


def listens(port: int) -> bool:
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex(("127.0.0.1", port)) == 0


def as_user(user: int | None) -> dict:
    """For subprocess: of this user and of the group with its number alone."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


class Process:
    """A program that runs until it is stopped, of another user where one is given; its output is in a file."""

    def __init__(self, folder: pathlib.Path, name: str, arguments: list, env: dict | None = None, user: int | None = None):
        self.name = name
        self.out_path = folder / f"{name}.out"
        self.err_path = folder / f"{name}.err"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([str(a) for a in arguments], stdout=out, stderr=err,
                                            stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}, **as_user(user))

    def output(self) -> str:
        return self.out_path.read_text(errors="replace")

    def announcement(self, seconds: float = 20) -> dict:
        """The first line, a JSON object: it comes behind the moment when the port is open."""
        wait_until(lambda: "\n" in self.output(), seconds, f"{self.name} does not say what it is")
        return json.loads(self.output().splitlines()[0])

    def log(self) -> str:
        return self.err_path.read_text(errors="replace")

    def wait_for_port(self, port: int, seconds: float = 20):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.output()}\n{self.log()}")
            return listens(port)

        wait_until(ready, seconds, f"{self.name} does not listen on {port}")

    def stop(self, seconds: float = 10) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        return self.process.returncode

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class RestError(Exception):
    def __init__(self, status: int, body: bytes):
        self.status = status
        self.body = body
        try:
            self.category = json.loads(body)["errorCategory"]
            self.message = json.loads(body)["errorMessage"]
        except (ValueError, KeyError, TypeError):
            self.category = None
            self.message = body.decode(errors="replace")
        super().__init__(f"{status} {self.category}: {self.message}")


class Rest:
    """The TSM-Backend REST-API as a service provider's tool sees it."""

    def __init__(self, port: int, ca: pathlib.Path, long_term_token: str, base: str = "/sptsm/1.0"):
        self.port = port
        self.base = base
        self.context = ssl.create_default_context(cafile=str(ca))
        self.token = None
        self.token = self.call("POST", "/auth", token=long_term_token)

    def raw(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None):
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def call(self, method: str, path: str, document=None, token: str | None = None):
        headers = {"Authorization": f"Bearer {token or self.token}"}
        body = None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        status, _, answer = self.raw(method, self.base + path, body, headers)
        if status not in (200, 204):
            raise RestError(status, answer)
        return json.loads(answer) if answer else None

    def upload(self, path: str, kind: str, file_name: str, content: bytes, method: str = "POST"):
        boundary = "----tsms-e2e-boundary"
        body = (
            f"--{boundary}\r\nContent-Disposition: form-data; name=\"{kind}-filename\"\r\n"
            f"Content-Type: text/plain\r\n\r\n{file_name}\r\n"
            f"--{boundary}\r\nContent-Disposition: form-data; name=\"{kind}-file\"; filename=\"{file_name}\"\r\n"
            f"Content-Type: application/octet-stream\r\n\r\n"
        ).encode() + content + f"\r\n--{boundary}--\r\n".encode()
        status, _, answer = self.raw(method, self.base + path, body, {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": f"multipart/form-data; boundary={boundary}"})
        if status != 200:
            raise RestError(status, answer)
        return json.loads(answer)


class Stack:
    def __init__(self, build: pathlib.Path, folder: pathlib.Path):
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.rest_port, self.device_port, self.ops_port = free_port(), free_port(), free_port()
        self.issuer_port, self.spos_port = free_port(), free_port()
        self.processes: list[Process] = []
        self.server: Process | None = None
        self.issuer: Process | None = None
        self.spos: Process | None = None

    # -- programs

    def program(self, name: str) -> pathlib.Path:
        return self.build / "app" / name

    def run(self, name: str, *arguments, check: bool = True, user: int | None = None) -> subprocess.CompletedProcess:
        done = subprocess.run([str(self.program(name)), *[str(a) for a in arguments]], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, **as_user(user))
        if check and done.returncode != 0:
            raise RuntimeError(f"{name} {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                               f"{done.stdout}\n{done.stderr}")
        return done

    def tsms(self, *arguments, check: bool = True):
        return self.run("tsms", *arguments, "--data", self.data, check=check)

    @property
    def ca(self) -> pathlib.Path:
        return self.data / "ca.pem"

    # -- parts

    def init(self, *arguments):
        return self.run("tsms", "init", "--data", self.data, *(arguments or ["--development"]))

    def configure(self, section: str, **options):
        """For the next start of the server: options of one section of tsms.toml."""
        file = self.data / "tsms.toml"
        before, head, text = file.read_text().partition(f"\n[{section}]\n")
        assert head, section
        text, following, after = text.partition("\n[")
        for name, value in options.items():
            text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
            assert found == 1, f"{section}.{name}"
        file.write_text(before + head + text + following + after)

    def start_server(self, role: str | None = None, user: int | None = None):
        """Both roles as two processes of a supervisor, or one of them alone."""
        env = {"TSMS_REST_PORT": str(self.rest_port), "TSMS_DEVICE_PORT": str(self.device_port),
               "TSMS_OPS_PORT": str(self.ops_port)}
        self.server = Process(self.folder, "server", [self.program("tsms"), "serve", "--data", self.data,
                                                        *(["--role", role] if role else [])], env, user)
        self.processes.append(self.server)
        if role != "device":
            self.server.wait_for_port(self.rest_port)
        if role != "rest":
            self.server.wait_for_port(self.device_port)

    def start_issuer(self, *arguments):
        self.issuer = Process(self.folder, "issuer", [
            self.program("tsms-lab"), "issuer", "--port", self.issuer_port, "--state", self.folder / "issuer.json",
            "--tls-dir", self.folder / "issuer-tls", "--client-ca", self.ca, "--json", *arguments])
        self.processes.append(self.issuer)
        self.issuer.wait_for_port(self.issuer_port)
        return self.issuer.announcement()

    def add_issuer(self):
        told = self.start_issuer()
        self.tsms("issuer", "add", "--name", "lab", "--url", told["url"], "--ca", told["ca"],
                  "--transport-key-file", told["transportKeyFile"])

    def start_spos(self, *arguments):
        self.spos = Process(self.folder, "spos", [
            self.program("tsms-lab"), "spos", "--port", self.spos_port, "--state", self.folder / "spos.json",
            "--tls-dir", self.folder / "spos-tls", "--client-ca", self.ca, "--json", *arguments])
        self.processes.append(self.spos)
        self.spos.wait_for_port(self.spos_port)
        return self.spos.announcement()

    def spos_results(self) -> list:
        results = []
        for line in self.spos.output().splitlines()[1:]:
            with contextlib.suppress(ValueError):
                document = json.loads(line)
                if "executionStatus" in document:
                    results.append(document)
        return results

    def import_profiles(self):
        self.tsms("profile", "import", PROFILES)

    def add_provider(self, name: str = "demo") -> Rest:
        added = json.loads(self.tsms("provider", "add", "--name", name, "--json").stdout)
        return Rest(self.rest_port, self.ca, added["longTermToken"])

    def make_cap(self, name: str = "app.cap", load_size: int = 2000, package: str = "D2760001855453",
                 applets=("D276000185545301",), version: str = "1.0") -> pathlib.Path:
        path = self.folder / name
        arguments = ["cap", "--out", path, "--load-size", load_size, "--package", package, "--package-version", version]
        for applet in applets:
            arguments += ["--applet", applet]
        self.run("tsms-lab", *arguments)
        return path

    def start(self):
        """Everything that the story needs, and one service provider."""
        self.init()
        self.import_profiles()
        self.add_issuer()
        self.start_spos()
        self.start_server()
        return self.add_provider()

    def stop(self) -> dict:
        codes = {}
        for process in reversed(self.processes):
            codes[process.name] = process.stop()
        self.processes.clear()
        return codes

    def kill(self):
        for process in self.processes:
            process.kill()

    # -- handset

    def card(self, name: str = "phone.card", profile: str = "jc305") -> str:
        return f"sim:{self.folder / name}?profile={profile}"

    def handset(self, card, *arguments, check: bool = True, stats: pathlib.Path | None = None):
        """Runs tsms-handset; returns the TR's result object."""
        cards = [card] if isinstance(card, str) else list(card)
        options = ["--url", f"https://localhost:{self.device_port}", "--ca", self.ca, "--json"]
        for c in cards:
            options += ["--se", c]
        if stats:
            options += ["--stats", stats]
        done = self.run("tsms-handset", *options, *arguments, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"tsms-handset {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                               f"{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def registry(self, name: str = "phone.card") -> dict:
        done = self.run("tsms-lab", "card", "--state", self.folder / name, "--json")
        return json.loads(done.stdout)


def publish_service(rest: Rest, caps: list, instances: list | None = None, version: str = "1.0.0",
                    spos_config: str | None = None, device_apps=(), name: str = "Demo service",
                    profiles: list | None = None) -> dict:
    """Uploads CAP files and makes a published service of them: every applet of every CAP becomes an instance.

    instances: AID of the instance for an applet's AID, where it shall differ.
    """
    parts = [upload_part(rest, cap, dict(instances or [])) for cap in caps]
    service = {"name": name, "accessAuthorizedDeviceApps": list(device_apps)}
    if spos_config:
        service["sposConfigId"] = spos_config
    service = rest.call("POST", "/services", service)
    return publish_version(rest, service, parts, version, profiles)


def upload_part(rest: Rest, cap, instances: dict | None = None) -> dict:
    """A CAP file, and how its applets become applications."""
    elf = rest.upload("/executable-load-files", "elf", pathlib.Path(cap).name, pathlib.Path(cap).read_bytes())
    configs = []
    for module in rest.call("GET", f"/executable-load-files/{elf['id']}/executable-modules"):
        config = rest.call("POST", "/application-configs", {
            "instanceAid": (instances or {}).get(module["aid"], module["aid"]), "installConfig": {},
            "activationConfig": {"makeSelectable": True, "accessibleViaApdu": True}})
        configs.append({"executableModuleId": module["id"], "applicationConfigId": config["id"]})
    return {"elf": elf, "configs": configs}


def publish_version(rest: Rest, service: dict, parts: list, version: str, profiles: list | None = None) -> dict:
    """A Flavor of these parts, and the Version that has it on these profiles."""
    elfs = [part["elf"] for part in parts]
    configs = [config for part in parts for config in part["configs"]]
    path = f"/services/{service['id']}"
    flavor = rest.call("POST", f"{path}/flavors", {"name": f"for {version}", "applicationInstantiationConfigs": configs})
    rest.call("POST", f"{path}/flavors/{flavor['id']}/executable-load-files", [e["id"] for e in elfs])
    rest.call("POST", f"{path}/flavors/{flavor['id']}/publish")
    allow(rest, service, flavor, version, profiles)
    return {"service": service, "flavor": flavor, "elfs": elfs, "configs": configs, "parts": parts, "version": version}


def allow(rest: Rest, service: dict, flavor: dict, version: str, profiles: list | None = None):
    """A Version: this Flavor on these profiles."""
    known = rest.call("GET", "/secure-component-profiles")
    wanted = [p["id"] for p in known if profiles is None or p["name"] in profiles]
    rest.call("POST", f"/services/{service['id']}/versions", {"tag": version, "allowedDeployments": {flavor["id"]: wanted}})


def add_spos_config(rest: Rest, told: dict) -> str:
    certificate = rest.upload("/certificates", "cert", "spos-ca.pem", pathlib.Path(told["ca"]).read_bytes())
    return rest.call("POST", "/spos-configs", {"url": told["url"], "certificateId": certificate["id"]})["id"]


def host_of(url: str) -> str:
    return urllib.parse.urlparse(url).netloc
