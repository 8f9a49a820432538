#!/usr/bin/env python3
"""A role that is killed is back at once; one that dies again and again soon after its start waits, and the log says why."""

import contextlib
import os
import pathlib
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack as stacks  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stacks.ROOT / "build"))
EARLY = 5  # seconds, app/tsms/restart_policy.hpp


class Supervisor(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-supervisor-")
        self.addCleanup(self.temporary.cleanup)
        self.stack = stacks.Stack(BUILD, pathlib.Path(self.temporary.name))
        self.addCleanup(self.stack.kill)
        self.stack.init()
        self.stack.start_server()
        self.ports = {"rest": self.stack.rest_port, "device": self.stack.device_port}

    def pid_of(self, role: str) -> int | None:
        """Our server's child that is this role."""
        parent = self.stack.server.process.pid
        for pid in map(int, pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
                if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").endswith(b"\0" + role.encode()):
                    return pid
        return None

    def kill(self, role: str) -> float:
        """Seconds until another process serves."""
        victim = self.pid_of(role)
        self.assertIsNotNone(victim)
        began = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        stacks.wait_until(lambda: self.pid_of(role) not in (None, victim) and stacks.listens(self.ports[role]), 60,
                          f"the {role} role does not come back")
        return time.monotonic() - began

    def test_who_has_lived_is_back_at_once(self):
        """It was away 1, 2, 4 and 8 seconds."""
        for _ in range(4):
            time.sleep(EARLY + 1)
            for role in self.ports:
                self.assertLess(self.kill(role), 4)
        log = self.stack.server.log()
        self.assertEqual(log.count("ended unexpectedly (SIGKILL)"), 8, log)
        self.assertEqual(log.count("it starts again at once"), 8, log)
        self.assertEqual(self.stack.stop(), {"server": 0})

    def test_a_crash_loop_is_bounded(self):
        away = [self.kill("device") for _ in range(3)]
        self.assertGreater(away[1], 1)
        self.assertGreater(away[2], 2)
        self.assertLess(away[0], 4)
        log = self.stack.server.log()
        self.assertIn("early end no. 2 in a row: next start in 1 s", log)
        self.assertIn("early end no. 3 in a row: next start in 2 s", log)
        self.assertTrue(stacks.listens(self.stack.rest_port))  # the other role goes on
        self.assertEqual(self.stack.stop(), {"server": 0})


if __name__ == "__main__":
    stacks.main(verbosity=1)
