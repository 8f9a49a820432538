#!/usr/bin/env python3
"""From a data directory of a former version to a server that answers (DIV-099): refused with the remedy, copied, migrated, served."""

import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stack.ROOT / "build"))
FORMER = stack.ROOT / "tests" / "unit" / "former_schemas"
DATABASES = ("access.db", "catalog.db", "instances.db")
LONG_TERM = "1112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F30"  # what the former program gave out


def rows(file: pathlib.Path) -> list:
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:  # and makes no empty one
        return [line for line in db.iterdump()] + [db.execute("PRAGMA user_version").fetchone()[0]]


class Migrate(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-migrate-")
        self.addCleanup(self.temporary.cleanup)
        self.stack = stack.Stack(BUILD, pathlib.Path(self.temporary.name))
        self.addCleanup(self.stack.kill)
        self.stack.init()

    def put(self, day: str):
        """Instead of the databases that init made, those of a former program."""
        for name in DATABASES:
            for file in self.stack.data.glob(f"{name}*"):
                file.unlink()
            with contextlib.closing(sqlite3.connect(self.stack.data / name)) as db:
                db.executescript((FORMER / day / name.replace(".db", ".sql")).read_text())
                db.execute("PRAGMA journal_mode=WAL")
                if name == "instances.db":  # what its vault sealed opens with no other key
                    db.execute("DELETE FROM issuers")
                    if day >= "2026-11-28":
                        db.execute("UPDATE installation SET vault_seal = NULL")
                db.commit()
            mark = FORMER / day / f"{name}-mark"
            if mark.exists():
                (self.stack.data / mark.name).write_bytes(mark.read_bytes())

    def refused(self, *words) -> str:
        begun = time.monotonic()
        done = self.stack.tsms(*words, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done)
        self.assertLess(time.monotonic() - begun, 15, "it tries again and again")
        return done.stderr

    def backups(self) -> list:
        return sorted(self.stack.data.glob("backup-*"))

    def test_every_former_version(self):
        for day in sorted(folder.name for folder in FORMER.iterdir()):
            with self.subTest(day):
                self.put(day)
                self.from_refusal_to_answers()

    def check_refused(self, *words):
        said = self.refused(*words)
        self.assertIn("has schema version", said)
        self.assertIn(f"tsms migrate --data {self.stack.data}", said)
        errors = [line for line in said.splitlines() if " error " in line or line.startswith("tsms:")]
        self.assertLessEqual(len(errors), 2, said)  # the role's and its supervisor's

    def from_refusal_to_answers(self):
        s = self.stack
        before = {name: rows(s.data / name) for name in DATABASES}
        pending = json.loads(s.tsms("migrate", "--dry-run", "--json").stdout)
        old = {step["database"] for step in pending["steps"]}
        self.assertTrue(old and old <= set(DATABASES), old)
        for words, opens in (((), set(DATABASES)), (("--role", "rest"), {"access.db", "catalog.db"}),
                             (("--role", "device"), {"catalog.db", "instances.db"})):
            if opens & old:
                self.check_refused("serve", *words)
        for words, opens in (("provider", "access.db"), ("card", "instances.db"), ("profile", "catalog.db")):
            if opens in old:
                self.check_refused(words, "list")
        self.check_refused("adopt")
        self.assertEqual((pending["migrated"], pending["backup"]), (False, None))
        for name in old:  # a role whose databases are new enough has begun, and remembers that
            self.assertEqual(rows(s.data / name), before[name], name)
        before = {name: rows(s.data / name) for name in DATABASES}
        made_before = self.backups()

        told = s.tsms("migrate").stdout
        (backup,) = set(self.backups()) - set(made_before)
        self.assertRegex(backup.name, r"^backup-\d{8}T\d{6}Z$")
        self.assertIn(str(backup), told)
        for step in pending["steps"]:
            self.assertIn(f"{step['database']}  {step['from']} → {step['to']}  {step['what']}", told)
        self.assertEqual(stat.S_IMODE(backup.stat().st_mode), 0o700)
        self.assertEqual({name: rows(backup / name) for name in DATABASES}, before)
        for file in backup.iterdir():
            self.assertEqual(stat.S_IMODE(file.stat().st_mode) & 0o077, 0, file)

        again = s.tsms("migrate").stdout
        self.assertIn("Nothing to do", again)
        self.assertEqual(len(self.backups()), len(made_before) + 1)
        self.serves()
        time.sleep(1)  # the next backup has another name

    def serves(self, user: int | None = None):
        s = self.stack
        s.start_server(user=user)
        rest = stack.Rest(s.rest_port, s.ca, LONG_TERM)
        self.assertEqual(rest.raw("GET", "/sptsm/1.0/services", headers={"Authorization": f"Bearer {rest.token}"})[0], 200)
        self.assertEqual(json.loads(s.tsms("migrate", "--dry-run", "--json").stdout)["steps"], [])
        self.assertIn("card-1", [card["id"] for card in json.loads(s.tsms("card", "list", "--json").stdout)])
        self.assertEqual(set(s.stop().values()), {0})

    def test_not_while_a_server_runs(self):
        s = self.stack
        for role in ("rest", "device"):
            s.start_server(role)
            self.assertIn(f"another tsms runs the {role} role", self.refused("migrate"))
            self.assertIn("Nothing to do", s.tsms("migrate", "--dry-run").stdout)
            s.stop()

    def test_a_full_disk_changes_nothing(self):
        s = self.stack
        self.put("2026-11-24")
        before = {name: rows(s.data / name) for name in DATABASES}

        def fill():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (40000, resource.RLIM_INFINITY))

        done = subprocess.run([s.program("tsms"), "migrate", "--data", s.data], preexec_fn=fill, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, rf"copying access.db failed: .*; make room in {re.escape(str(s.data))}, ")
        self.assertEqual(self.backups(), [])
        self.assertEqual({name: rows(s.data / name) for name in DATABASES}, before)
        s.tsms("migrate")
        self.serves()

    def test_root_migrates_what_another_user_serves(self):
        s = self.stack
        self.put("2026-11-28")
        nobody = 65534
        try:
            for file in (s.folder, s.data, *s.data.rglob("*")):
                os.chown(file, nobody, nobody)
            s.run("tsms", "version", user=nobody)
        except PermissionError as e:
            self.skipTest(f"only root can give files away and run programs as another user: {e}")
        s.tsms("migrate")
        self.assertEqual([file.name for file in s.data.rglob("*") if file.stat().st_uid != nobody or file.stat().st_gid != nobody], [])
        self.assertTrue((s.data / "rest.lock").exists())
        self.serves(nobody)
        # What root has made all the same is named.
        for role, names in (("rest", ("rest.lock", "access.db", "access.db-wal", "catalog.db-shm")), ("device", ("instances.db-shm",))):
            for name in names:
                with self.subTest(name):
                    os.chown(s.data / name, 0, 0)
                    done = s.run("tsms", "serve", "--role", role, "--data", s.data, check=False, user=nobody)
                    self.assertEqual(done.returncode, 1, done)
                    self.assertIn("let this user", done.stderr)
                    self.assertIn(f"({s.data / name} belongs to root, and this is nobody)", done.stderr)
                    os.chown(s.data / name, nobody, nobody)

    def test_a_newer_database(self):
        s = self.stack
        for name in DATABASES:
            with contextlib.closing(sqlite3.connect(s.data / name)) as db:
                version = db.execute("PRAGMA user_version").fetchone()[0]
                db.execute("PRAGMA user_version=99")
                for words in (("serve",), ("migrate",), ("migrate", "--dry-run")):
                    self.assertRegex(self.refused(*words), rf"{re.escape(str(s.data / name))} has schema version 99, and this program "
                                                           "knows .*Use the program version that wrote it")
                db.execute(f"PRAGMA user_version={version}")
        self.assertEqual(self.backups(), [])

    def test_killed_at_any_moment_it_goes_on(self):
        """Whatever has the name of a backup is one, and the databases are of one version or the next one."""
        s = self.stack
        self.put("2026-11-22")
        for round_ in range(25):
            process = subprocess.Popen([s.program("tsms"), "migrate", "--data", s.data], stdout=subprocess.DEVNULL)
            time.sleep(0.008 * round_)
            process.kill()
            process.wait()
            for backup in self.backups():
                if not backup.name.endswith(".incomplete"):
                    self.assertEqual({rows(backup / name)[0] for name in DATABASES}, {"BEGIN TRANSACTION;"})
                backup.rename(s.folder / f"{round_}-{backup.name}")
        s.tsms("migrate")
        self.serves()


if __name__ == "__main__":
    stack.main(verbosity=2)
