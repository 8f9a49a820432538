#!/usr/bin/env python3
"""The API of the SDK is apart from the REST API (TR 4.2.2): two processes, each with its port and its databases, and the catalog is
only read by the one that strangers can reach."""

import os
import pathlib
import signal
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402
from story_test import OPERATIONAL, StoryCase  # noqa: E402

READ_ONLY, READ_WRITE = os.O_RDONLY, os.O_RDWR


class Separation(StoryCase):
    def roles(self) -> dict:
        """Process id by role."""
        parent = self.stack.server.process.pid
        found = {}
        for pid in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            found[pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")[-1].decode()] = int(pid)
        return found

    def databases_of(self, role: str) -> dict:
        """How the process has each database open now: {"catalog.db": {os.O_RDONLY}}."""
        process = pathlib.Path(f"/proc/{self.roles()[role]}")
        found = {}
        for descriptor in list((process / "fd").iterdir()):
            try:
                file = pathlib.Path(os.readlink(descriptor))
                info = (process / "fdinfo" / descriptor.name).read_text()
            except OSError:
                continue  # closed meanwhile
            if file.parent == self.stack.data.resolve() and file.suffix == ".db":
                flags = int(info.split("flags:")[1].split()[0], 8)
                found.setdefault(file.name, set()).add(flags & os.O_ACCMODE)
        return found

    def instance(self, name: str, package: str) -> tuple:
        cap = self.stack.make_cap(f"{name}.cap", 2000, package, [package + "01"])
        published = stack.publish_service(self.rest, [cap], spos_config=self.spos_config)
        card = self.stack.card(f"{name}.card")
        return published, card, self.create(card, published)

    def test_two_processes(self):
        roles = self.roles()
        self.assertEqual(set(roles), {"rest", "device"})
        # Neither serves what the other one does.
        self.assertEqual(self.rest.raw("POST", "/tsm-api/1.0/getServiceInstances", b"{}")[0], 404)
        at_device_port = stack.Rest.__new__(stack.Rest)
        at_device_port.port, at_device_port.context = self.stack.device_port, self.rest.context
        status, _, _ = at_device_port.raw("GET", "/sptsm/1.0/services", None, {"Authorization": f"Bearer {self.rest.token}"})
        self.assertEqual(status, 404)
        # And each goes on while the other one stands still.
        _, card, instance = self.instance("apart", "D27600018801")
        os.kill(roles["rest"], signal.SIGSTOP)
        try:
            self.assertEqual(self.deploy(card, instance)["serviceInstanceState"], OPERATIONAL)
        finally:
            os.kill(roles["rest"], signal.SIGCONT)
        os.kill(roles["device"], signal.SIGSTOP)
        try:
            self.assertIsInstance(self.rest.call("GET", "/services"), list)
        finally:
            os.kill(roles["device"], signal.SIGCONT)
        self.assertEqual(self.roles(), roles)

    def test_what_each_role_opens(self):
        _, card, instance = self.instance("opens", "D27600018802")
        self.deploy(card, instance)
        # Whose app calls is read past whoever writes (DIV-105).
        self.assertEqual(self.databases_of("device"), {"catalog.db": {READ_ONLY}, "instances.db": {READ_ONLY, READ_WRITE}})
        rest = self.databases_of("rest")
        self.assertEqual(set(rest), {"access.db", "catalog.db"})
        self.assertIn(READ_WRITE, rest["catalog.db"])

    def catalog(self) -> dict:
        """Without what the REST role writes by itself when nothing happens (store/upkeep.hpp)."""
        database = sqlite3.connect(f"file:{self.stack.data / 'catalog.db'}?mode=ro", uri=True, timeout=10)
        try:
            tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' "
                                                      "AND name NOT IN ('witness', 'write_probe')")]
            return {table: database.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables}
        finally:
            database.close()

    def test_no_function_changes_the_catalog(self):
        published, card, instance = self.instance("reads", "D27600018803")
        stack.allow(self.rest, published["service"], published["flavor"], "1.1.0")
        service = published["service"]["id"]
        before = self.catalog()
        self.assertIn(service, str(before))
        for call in (["instances", service], ["check", service, "x.x.x"],
                     ["deploy", instance, "--commands", "install,activate", "--finalize"], ["suspend", instance],
                     ["resume", instance], ["check-update", instance, "x.x.x"],
                     ["update", instance, "1.1.0", "--commands", "install,activate", "--finalize"],
                     ["terminate", instance], ["create", service, "1.1.0"]):
            done = self.stack.handset(card, *call)
            self.assertEqual(done.get("processInfo", done)["executionStatus"], 0, done)
        self.assertEqual(self.catalog(), before)


del StoryCase  # without tests

if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    stack.main(verbosity=2)
