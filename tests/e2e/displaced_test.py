#!/usr/bin/env python3
"""A database that is replaced or removed while the server runs (DIV-100): no role goes on with the file of before."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))
NOTICED = 10  # seconds; a role looks once a second, and the machine may be busy
BACK = 30  # seconds until it serves again


class Displaced(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-displaced-")
        self.addCleanup(self.temporary.cleanup)
        self.stack = stack.Stack(BUILD, pathlib.Path(self.temporary.name))
        self.addCleanup(self.stack.kill)
        self.stack.init()
        self.data = self.stack.data

    def copy(self, name: str) -> pathlib.Path:
        """What the database holds now, in one file beside the data directory."""
        to = self.stack.folder / f"copy of {name}"
        with contextlib.closing(sqlite3.connect(f"file:{self.data / name}?mode=ro", uri=True)) as db:
            db.execute("VACUUM INTO ?", (str(to),))
        with contextlib.closing(sqlite3.connect(to)) as db:
            db.execute("PRAGMA journal_mode=WAL")
        return to

    def health(self, role: str) -> tuple:
        """Nothing if nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.stack.ops_port + (role == 'rest')}/health", timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as e:
            return e.code, json.loads(e.read())
        except OSError:
            return ()

    def noticed(self, role: str, text: str):
        """It says so and ends; until then its health is not good."""
        def ended():
            found = self.health(role)
            if found:
                self.assertEqual(found[0], 503)
                self.assertIn(text, found[1]["trouble"])
            return not found

        stack.wait_until(ended, NOTICED, f"the {role} role goes on")
        self.says(f"the {role} role ended unexpectedly (exit code 4)")
        self.assertIn(text, self.stack.server.log())
        self.assertIn("Stop the server before you replace databases", self.stack.server.log())

    def says(self, text: str):
        stack.wait_until(lambda: text in self.stack.server.log(), BACK, f"‘{text}’ is not said")

    def back(self, role: str):
        stack.wait_until(lambda: self.health(role) and self.health(role)[0] == 200, BACK, f"the {role} role does not come back")

    def answer(self, rest: stack.Rest) -> int | None:
        try:
            return rest.raw("GET", "/sptsm/1.0/services", headers={"Authorization": f"Bearer {rest.token}"})[0]
        except OSError:
            return None

    def test_a_token_that_is_revoked_in_the_new_file_is_refused(self):
        s = self.stack
        s.start_server()
        rest = s.add_provider()
        time.sleep(6)  # until the role has lived: its end is the first thing that goes wrong
        other = s.folder / "other"
        other.mkdir()
        for name in ("access.db", "catalog.db", "instances.db"):
            self.copy(name).rename(other / name)
        shutil.copy2(self.data / "tsms.toml", other)
        self.assertEqual(json.loads(s.run("tsms", "provider", "revoke", "--name", "demo", "--json", "--data", other).stdout), {"revoked": 1})
        self.assertEqual((other / "access.db-wal").stat().st_size, 0)
        self.assertEqual(self.answer(rest), 200)

        (other / "access.db").rename(self.data / "access.db")
        replaced = time.monotonic()
        said = []
        while time.monotonic() - replaced < BACK:
            said.append((time.monotonic() - replaced, self.answer(rest)))
            if said[-1][1] == 401:
                break
            time.sleep(0.02)
        self.assertEqual(said[-1][1], 401, said)
        self.assertLess(max((when for when, status in said if status == 200), default=0), NOTICED, said)
        self.assertIn(f"{self.data}/access.db was replaced by another file", s.server.log())
        rest.token = rest.call("POST", "/auth", token=json.loads(s.tsms("provider", "token", "--name", "demo", "--json").stdout)["longTermToken"])
        self.assertEqual(rest.call("POST", "/services", {"name": "behind it"})["name"], "behind it")
        self.assertNotIn("the device role ended", s.server.log())
        self.assertEqual(set(s.stop().values()), {0})

    def test_an_older_copy_is_refused_until_it_is_right_again(self):
        s = self.stack
        older = self.copy("instances.db")
        s.tsms("app", "add", "--caller", "AB" * 32, "--provider", self.provider())
        s.start_server()
        newer = self.data / "instances.db"
        newer.rename(s.folder / "newer")
        older.rename(self.data / "instances.db")
        self.noticed("device", f"{self.data}/instances.db was replaced by another file")
        self.says(f"{self.data}/instances.db is older than it was")
        self.assertEqual(self.health("rest"), (200, {"status": "ok"}))
        (s.folder / "newer").rename(newer)
        self.back("device")
        self.assertEqual([app["callerId"] for app in json.loads(s.tsms("app", "list", "--json").stdout)], ["AB" * 32])

    def provider(self) -> str:
        self.stack.tsms("provider", "add", "--name", "demo")
        return "demo"

    def test_both_roles_leave_a_catalog_that_was_replaced(self):
        s = self.stack
        s.start_server()
        rest = s.add_provider()
        rest.call("POST", "/services", {"name": "kept"})
        time.sleep(3)  # until it is in the file
        self.copy("catalog.db").rename(self.data / "catalog.db")
        text = f"{self.data}/catalog.db was replaced by another file"
        for role in ("rest", "device"):
            self.noticed(role, text)
        for role in ("rest", "device"):
            self.back(role)
        self.assertEqual(s.server.log().count(text), 2)
        self.assertEqual([found["name"] for found in rest.call("GET", "/services")], ["kept"])
        with contextlib.closing(sqlite3.connect(self.data / "catalog.db")) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")

    def test_a_file_that_was_removed(self):
        s = self.stack
        s.start_server()
        rest = s.add_provider()
        (self.data / "access.db").rename(s.folder / "kept")
        self.noticed("rest", f"{self.data}/access.db was removed")
        self.says(f"{self.data}/access.db is missing or empty")
        (s.folder / "kept").rename(self.data / "access.db")
        self.back("rest")
        self.assertEqual(self.answer(rest), 200)  # nothing was lost


if __name__ == "__main__":
    stack.main(verbosity=2)
