#!/usr/bin/env python3
"""The tour of the README, as somebody plays it who has just cloned the repository: in an interactive shell each block of
each document is pasted as it stands, the arrows are followed from one document to the next, and what the documents say
that is printed is printed. It has a network of its own, or waits until the documented ports are free."""

import os
import pathlib
import pty
import re
import shutil
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build")).resolve()
PORTS = (8443, 9443, 9100, 9101, 9543)
START = ("README.md", "five-minutes-with-your-own-hands")
ARROW = re.compile(r"^→ ")
LINK = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")


def anchor_of(heading: str) -> str:
    """As GitHub makes them."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


class Document:
    """Lines of a Markdown file from a heading on."""

    def __init__(self, path: pathlib.Path, anchor: str):
        lines = path.read_text().splitlines()
        starts = [i for i, line in enumerate(lines) if line.startswith("#") and anchor_of(line.lstrip("#")) == anchor]
        assert len(starts) == 1, f"{path} has {len(starts)} headings #{anchor}"
        self.path, self.lines = path, lines[starts[0]:]

    def steps(self):
        """("sh" | "text", block) in their order, and at last ("arrow", paragraph)."""
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            fence = re.match(r"^```(\w+)$", line)
            if fence:
                end = self.lines.index("```", at + 1)
                yield fence[1], "\n".join(self.lines[at + 1:end])
                at = end
            elif ARROW.match(line):
                end = next((i for i in range(at, len(self.lines)) if not self.lines[i].strip()), len(self.lines))
                yield "arrow", " ".join(self.lines[at:end])
                return
            at += 1
        raise AssertionError(f"{self.path}: no arrow says where it goes on")


def tour() -> list:
    """Every block of the tour: (document, kind, text)."""
    found, (name, anchor) = [], START
    path = stack.ROOT / name
    for _ in range(20):
        for kind, text in Document(path, anchor).steps():
            if kind != "arrow":
                found.append((path.name, kind, text))
                continue
            link = LINK.search(text)
            if not link:
                return found
            path = (path.parent / link[1]).resolve() if link[1] else path
            anchor = link[2]
    raise AssertionError("the arrows lead in a circle")


class Shell:
    """An interactive bash on a terminal of its own. Says after each block whether a command of it has failed."""

    def __init__(self, folder: pathlib.Path):
        self.seen = ""
        # A terminal as wide as the lines: nothing is wrapped.
        env = {k: v for k, v in os.environ.items() if not k.startswith("TSMS_")}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"], {**env, "PS1": "", "PS2": ""})
        os.set_blocking(self.fd, False)
        self.type("stty -echo; set -E; trap 'echo \"@@failed $BASH_COMMAND\"' ERR; echo @@$((1 + 1))begun")
        self.wait_for("^@@2begun$", 0, 20)
        self.seen = ""

    def type(self, text: str):
        os.write(self.fd, (text + "\n").encode())

    def read(self):
        time.sleep(0.05)
        try:
            while octets := os.read(self.fd, 65536):
                self.seen += octets.decode(errors="replace").replace("\r\n", "\n")
        except (BlockingIOError, OSError):
            pass

    def wait_for(self, pattern: str, start: int, seconds: float):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()
            if re.search(pattern, self.seen[start:], re.M):
                return
        raise TimeoutError(f"‘{pattern}’ was not printed within {seconds} s:\n{self.seen[start:]}")

    def paste(self, block: str, number: int) -> str:
        """What it has printed until the prompt came back."""
        start = len(self.seen)
        for line in block.splitlines():
            self.type(line)
        self.type(f"echo @@done {number}")
        self.wait_for(rf"^@@done {number}$", start, 120)
        printed = self.seen[start:]
        if "@@failed" in printed:
            raise AssertionError(f"a command failed:\n{block}\n---\n{printed}")
        return printed

    def close(self):
        """The shell and, by its hang-up, its jobs."""
        os.kill(self.pid, signal.SIGHUP)
        end = time.monotonic() + 20
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
            self.read()
        os.close(self.fd)


class Tour(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-tour-")
        self.folder = pathlib.Path(self.temporary.name)
        clone = self.folder / "clone"  # what a reader has: the repository, and what it was built into
        clone.mkdir()
        (clone / "build").symlink_to(BUILD)
        (clone / "lab").symlink_to(stack.ROOT / "lab")
        (self.folder / "tmp").mkdir()
        os.environ["TMPDIR"] = str(self.folder / "tmp")
        self.shell = Shell(clone)

    def tearDown(self):
        self.shell.close()
        self.temporary.cleanup()

    def test_the_tour(self):
        blocks = tour()
        self.assertGreater(len([b for b in blocks if b[1] == "sh"]), 12)
        self.assertEqual({b[0] for b in blocks}, {"README.md", "rest-api.md"})
        printed = 0  # where the last block began to print
        for number, (document, kind, text) in enumerate(blocks, 1):
            if kind == "sh":
                printed = len(self.shell.seen)
                self.shell.paste(text, number)
            elif kind == "text":  # a line of a transcript may be the beginning of what is printed
                for line in text.splitlines():
                    self.shell.wait_for("^" + re.escape(line), printed, 30)
            else:
                self.fail(f"a block in the language {kind} in {document}")
        self.assertIn("OPERATIONAL", self.shell.seen)
        self.assertRegex(self.shell.seen, r"(?m)^< 9000$")
        self.assertIn("Done", self.shell.seen)  # both servers ended cleanly when they were asked to
        listed = self.shell.paste("jobs; ls", len(blocks) + 1)
        self.assertNotIn("Running", listed)
        for name in ("data", "demo.token", "issuer.json", "phone.card"):
            self.assertIn(name, listed)

    def test_nothing_secret_stands_on_a_command_line(self):
        for document, kind, text in tour():
            if kind == "sh":
                self.assertNotRegex(text, r"Bearer \$|--transport-key |[0-9A-F]{32}", document)

    def test_no_function_has_the_name_of_a_program(self):
        """It would shadow the program, and send a token to hosts that are called like its commands."""
        for document, kind, text in tour():
            for name in re.findall(r"(?m)^(\w[\w-]*)\(\)", text):
                self.assertIsNone(shutil.which(name, path=f"{BUILD / 'app'}:{os.environ['PATH']}"), document)


if __name__ == "__main__":
    why = stack.leave_the_network()
    if why:
        print(f"no network of its own ({why}): waiting for the documented ports")
        stack.wait_until(lambda: not any(stack.listens(p) for p in PORTS), 600, f"one of the ports {PORTS} is not free")
    stack.main(verbosity=2)
