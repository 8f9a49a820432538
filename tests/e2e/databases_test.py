#!/usr/bin/env python3
"""Nothing of the databases is lost silently (DIV-048, DIV-049): what was copied, restored, killed or filled up is whole or refused by
name, and health says what cannot be written."""

import contextlib
import json
import os
import pathlib
import random
import resource
import shutil
import signal
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
DATABASES = ("access.db", "catalog.db", "instances.db")


def health(port: int) -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())


class Databases(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-databases-")
        self.addCleanup(self.temporary.cleanup)
        self.stack = stack.Stack(BUILD, pathlib.Path(self.temporary.name))
        self.addCleanup(self.stack.kill)
        self.stack.init()

    def refused(self, role: str, *parts: str, data: pathlib.Path | None = None):
        done = self.stack.run("tsms", "serve", "--role", role, "--data", data or self.stack.data, check=False)
        self.assertEqual(done.returncode, 1, done)
        for part in parts:
            self.assertIn(part, done.stderr)

    def starts(self):
        self.stack.start_server()
        self.stack.stop()

    def test_a_clean_stop_leaves_everything_in_the_database_files(self):
        s = self.stack
        s.import_profiles()
        s.add_issuer()
        s.start_server()
        rest = s.add_provider()
        service = rest.call("POST", "/services", {"name": "kept"})
        instance = s.handset(s.card(), "create", stack.publish_service(rest, [s.make_cap()])["service"]["id"], "1.0.0")
        self.assertEqual(set(s.stop().values()), {0})
        copied = s.folder / "copied"
        copied.mkdir()
        for file in s.data.iterdir():
            if file.suffix in (".db", ".pem", ".key", ".toml"):
                shutil.copy2(file, copied)
        s.data = copied
        s.start_issuer()
        s.start_server()
        rest.token = rest.call("POST", "/auth", token=json.loads(
            s.tsms("provider", "token", "--name", "demo", "--json").stdout)["longTermToken"])
        self.assertIn(service["id"], [found["id"] for found in rest.call("GET", "/services")])
        self.assertEqual(s.handset(s.card(), "deploy", instance["serviceInstance"]["id"], "--commands", "install",
                                   "--finalize")["processInfo"]["executionStatus"], 0)

    def test_a_log_that_is_lost_after_a_kill_is_noticed(self):
        s = self.stack
        s.start_server("rest")
        rest = s.add_provider()
        time.sleep(3)  # until all is in the file
        self.assertEqual((s.data / "catalog.db-wal").stat().st_size, 0)
        rest.call("POST", "/services", {"name": "only in the log"})
        s.server.kill()
        log = s.data / "catalog.db-wal"
        self.assertGreater(log.stat().st_size, 0)
        log.rename(s.folder / "log")
        for role in ("rest", "device"):
            self.refused(role, "catalog.db is older than it was", "its -wal was lost", "tsms adopt --data")
        for left in ("-wal", "-shm"):
            (s.data / f"catalog.db{left}").unlink(missing_ok=True)
        (s.folder / "log").rename(log)
        s.start_server("rest")
        self.assertEqual([found["name"] for found in rest.call("GET", "/services")], ["only in the log"])

    def test_what_init_did_not_write(self):
        s = self.stack
        for name, role in zip(DATABASES, ("rest", "rest", "device")):
            file, kept = s.data / name, s.folder / "kept"
            shutil.copy2(file, kept)
            file.unlink()
            with contextlib.closing(sqlite3.connect(file)) as empty:
                empty.execute("PRAGMA journal_mode=WAL")
            self.refused(role, str(file), "nothing of what tsms init wrote")
            file.write_bytes(kept.read_bytes())
            with contextlib.closing(sqlite3.connect(file)) as lacking:
                lacking.execute("DROP TABLE audit")
            self.refused(role, str(file), "lacks audit")
            file.write_bytes(b"no database" * 1000)
            self.refused(role, name, "file is not a database", "restore the databases")
            file.write_bytes(kept.read_bytes())
        self.starts()

    def init(self, data: pathlib.Path):
        return self.stack.run("tsms", "init", "--data", data, check=False)

    def test_an_init_that_was_broken_off(self):
        """It says what to remove, and never overwrites a key."""
        made = self.stack.data
        steps = ["ca.pem", "ca-key.pem", "rest.pem", "rest-key.pem", "client-key.pem", "vault.key", *DATABASES, "attestation-keys.json"]
        for count in range(1, len(steps) + 1):
            left = self.stack.folder / f"left-{count}"
            left.mkdir()
            for name in steps[:count]:
                shutil.copy2(made / name, left)
            before = {f.name: f.read_bytes() for f in left.iterdir()}
            refused = self.init(left)
            self.assertEqual(refused.returncode, 1, refused)
            for part in (str(left), *steps[:count], "remove these files", "restore its tsms.toml"):
                self.assertIn(part, refused.stderr)
            self.assertEqual({f.name: f.read_bytes() for f in left.iterdir()}, before)
        for name in steps:
            (left / name).unlink()
        (left / "tsms.toml.new").write_text("half")
        (left / "readme").write_text("not ours")
        self.assertEqual(self.init(left).returncode, 0)
        self.assertFalse((left / "tsms.toml.new").exists())

    def test_an_init_where_no_directory_can_be(self):
        file = self.stack.folder / "file"
        file.write_text("kept")
        for data, part in ((file, "is no directory"), (file / "below", "cannot make the directory")):
            refused = self.init(data)
            self.assertEqual(refused.returncode, 1, refused)
            self.assertIn(part, refused.stderr)
            self.assertIn("give --data", refused.stderr)
            self.assertNotIn("filesystem error", refused.stderr)
        self.assertEqual(file.read_text(), "kept")

    def test_a_neighbour_of_another_init(self):
        s = self.stack
        other = s.folder / "other"
        s.run("tsms", "init", "--data", other)
        for mark in (True, False):
            for name, roles in (("access.db", ["rest"]), ("catalog.db", ["rest", "device"]), ("instances.db", ["device"])):
                kept = s.folder / "kept"
                kept.mkdir()
                for file in s.data.glob(f"{name}*"):
                    if file.name != f"{name}-mark" or not mark:
                        file.rename(kept / file.name)
                shutil.copy2(other / name, s.data)
                for role in roles:
                    self.refused(role, name, "another installation than" if mark else "of different installations",
                                 "restore access.db, catalog.db and instances.db")
                for file in s.data.glob(f"{name}*"):
                    if file.name != f"{name}-mark" or not mark:
                        file.unlink()
                for file in kept.iterdir():
                    file.rename(s.data / file.name)
                kept.rmdir()
        (s.data / "vault.key").write_bytes((other / "vault.key").read_bytes())
        self.refused("device", "vault.key is not the key")

    def test_an_older_copy_and_how_to_go_on_with_it(self):
        s = self.stack
        shutil.copy2(s.data / "catalog.db", s.folder / "older.db")
        s.import_profiles()
        self.starts()
        (s.data / "catalog.db-mark").unlink()
        shutil.copy2(s.folder / "older.db", s.data / "catalog.db")
        for role, seer in (("rest", "access.db"), ("device", "instances.db")):
            self.refused(role, f"catalog.db is older than {seer}", "tsms adopt --data")
        s.start_issuer()
        told = json.loads(s.tsms("adopt", "--json").stdout)
        self.assertEqual(len(told["misfits"]), 2)
        s.start_server()
        self.assertNotEqual(s.tsms("adopt", check=False).returncode, 0)  # not while it runs
        self.assertEqual(json.loads(s.tsms("profile", "list", "--json").stdout), [])

    def test_a_directory_of_before(self):
        """Migrated from a version that knew of no installations."""
        s = self.stack
        s.import_profiles()
        for name in DATABASES:
            (s.data / f"{name}-mark").unlink()
            with contextlib.closing(sqlite3.connect(s.data / name)) as db:
                for table in ("installation", "witness", "write_probe"):
                    db.execute(f"DELETE FROM {table}")
                db.commit()
        self.starts()
        self.assertNotEqual(json.loads(s.tsms("profile", "list", "--json").stdout), [])
        self.starts()

    def test_kills_at_any_moment(self):
        """Both roles, each killed while it starts, works or stops, and an administrator's commands in between."""
        s = self.stack
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        env = {"TSMS_REST_PORT": str(s.rest_port), "TSMS_DEVICE_PORT": str(s.device_port), "TSMS_OPS_PORT": str(s.ops_port)}
        added = 0
        for round_ in range(25):
            roles = [stack.Process(s.folder, role, [s.program("tsms"), "serve", "--data", s.data, "--role", role], env)
                     for role in ("rest", "device")]
            try:
                if chance.random() < 0.5:
                    s.tsms("provider", "add", "--name", f"provider {round_}")
                    added += 1
                time.sleep(chance.random() * 0.4)
                for role in roles:
                    if chance.random() < 0.3:
                        role.process.send_signal(signal.SIGTERM)
                        time.sleep(chance.random() * 0.05)
                for role in roles:
                    if role.process.poll() is None:
                        role.process.kill()
            finally:
                for role in roles:
                    role.kill()
            for role in roles:  # neither has refused
                self.assertIn(role.process.returncode, (0, -signal.SIGKILL, -signal.SIGTERM), f"seed {seed}, round {round_}: {role.log()}")
        self.starts()
        self.assertEqual(len(json.loads(s.tsms("provider", "list", "--json").stdout)), added)

    def limit(self, role: stack.Process, octets: int):
        resource.prlimit(role.process.pid, resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))

    def test_a_full_disk_is_told_by_health_and_log(self):
        s = self.stack
        s.start_server("rest")
        rest = s.add_provider()
        time.sleep(3)  # until the logs are empty
        self.assertEqual(health(s.ops_port + 1), (200, {"status": "ok"}))
        self.limit(s.server, 3500)  # of a file: what the server has logged so far has room, a page of a database has none
        try:
            with self.assertRaises(stack.RestError) as refused:
                rest.call("POST", "/services", {"name": "one"})
            self.assertEqual(refused.exception.status, 500)
            time.sleep(1.1)
            status, told = health(s.ops_port + 1)
            self.assertEqual((status, told["status"]), (503, "failing"))
            self.assertRegex(told["trouble"], "writing access.db failed: .*; make room in")
        finally:
            self.limit(s.server, resource.RLIM_INFINITY)
        self.assertIn("writing catalog.db failed", s.server.log())
        self.assertIn("make room in", s.server.log())
        self.assertNotIn("rollback", s.server.log())
        stack.wait_until(lambda: health(s.ops_port + 1) == (200, {"status": "ok"}), 5, "health does not recover")
        rest.call("POST", "/services", {"name": "one"})
        self.assertIn("can be read and written again", s.server.log())

    def test_health_of_the_device_role(self):
        s = self.stack
        s.start_server("device")
        self.assertEqual(health(s.ops_port), (200, {"status": "ok"}))
        time.sleep(3)
        self.limit(s.server, 3500)
        try:
            status, told = health(s.ops_port)
            self.assertEqual(status, 503)
            self.assertRegex(told["trouble"], "writing instances.db failed: .*; make room in")
        finally:
            self.limit(s.server, resource.RLIM_INFINITY)
        stack.wait_until(lambda: health(s.ops_port)[0] == 200, 5, "health does not recover")
        with contextlib.closing(sqlite3.connect(s.data / "instances.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(1.1)
            status, told = health(s.ops_port)
            self.assertEqual(status, 503)
            self.assertIn("instances.db failed: database is locked; end the program", told["trouble"])
            other.execute("ROLLBACK")

    def test_damaged_rows_are_named_and_counted(self):
        s = self.stack
        with contextlib.closing(sqlite3.connect(s.data / "instances.db", isolation_level=None)) as db:
            for process in ("one", "two"):
                db.execute("INSERT INTO outbox (process, spos, body, created) VALUES (?, 'no document', '{}', 0)", (process,))
        s.start_server("device")

        def counted() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{s.ops_port}/metrics", timeout=10) as answer:
                return next(line for line in answer.read().decode().splitlines() if line.startswith("tsms_damaged_rows "))

        stack.wait_until(lambda: counted() == "tsms_damaged_rows 2", 10, "they are not counted")
        time.sleep(2)  # the outbox is looked at again and again
        self.assertEqual(counted(), "tsms_damaged_rows 2")
        for row in ("1", "2"):
            named = [line for line in s.server.log().splitlines() if f"row ‘{row}’ of table outbox" in line]
            self.assertEqual(len(named), 1, s.server.log())
            self.assertIn("reading instances.db failed", named[0])
            self.assertIn(f"tsms outbox drop --id {row}", named[0])


if __name__ == "__main__":
    stack.main(verbosity=2)
