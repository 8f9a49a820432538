#!/usr/bin/env python3
"""What many phones at once cost the device role in memory, and how much of it is given back when they have gone.

TSMS_PHONES sets how many; bench/device_load plays them: TSMS_PHONES=1000 for the figures of docs/performance.md."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack as stacks  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TSMS_BUILD", stacks.ROOT / "build"))
PHONES = int(os.environ.get("TSMS_PHONES", "150"))
LOAD_FILE = 55000  # octets
MOST_LEFT = 56 << 20  # octets more than before the load


class Memory(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="tsms-memory-")
        self.addCleanup(self.temporary.cleanup)
        self.stack = s = stacks.Stack(BUILD, pathlib.Path(self.temporary.name))
        self.addCleanup(s.kill)
        s.init()
        s.configure("device", connections=2 * PHONES + 100, connections_per_address=2 * PHONES + 100, calls_per_address=100000, calls_at_once_per_address=256,
                    unproven_per_address=100000, unproven_in_all=100000,
                    calls_per_app=100000, sessions_per_address=20000)
        s.import_profiles()
        s.add_issuer()
        s.start_server("rest")
        rest = s.add_provider()
        cap = s.make_cap("load.cap", LOAD_FILE, "D27600018501", ["D2760001850101"])
        self.service = stacks.publish_service(rest, [cap])["service"]["id"]
        s.server.stop()
        s.start_server("device")

    def memory(self) -> int:
        """Octets that are the process's own; VmRSS counts pages of mapped files too."""
        status = pathlib.Path(f"/proc/{self.stack.server.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) << 10

    def play(self) -> list:
        s = self.stack
        done = subprocess.run([s.build / "bench" / "device_load", f"https://localhost:{s.device_port}", s.ca, self.service, "1.0.0",
                               s.folder, str(PHONES)], capture_output=True, text=True, timeout=500)
        self.assertEqual(done.returncode, 0, done.stderr)
        print(done.stdout, done.stderr, file=sys.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_memory_goes_with_the_phones(self):
        before = peak = self.memory()
        ended = threading.Event()

        def watch():
            nonlocal peak
            while not ended.wait(0.1):
                peak = max(peak, self.memory())

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            steps = self.play()
        finally:
            ended.set()
            watching.join()
        right_after = self.memory()
        left = []
        try:
            stacks.wait_until(lambda: left.append(self.memory()) or left[-1] - before < MOST_LEFT, 100, "memory is not given back")
        finally:
            print(f"{PHONES} phones: {before >> 20} MiB before, peak {peak >> 20}, right after {right_after >> 20}, "
                  f"{len(left) / 20:.0f} s later {left[-1] >> 20} MiB", file=sys.stderr)
        for step in steps:  # an issuer may have too few sessions for all of them; that is another test's matter
            self.assertGreaterEqual(step["byStatus"].get("0", 0), min(PHONES // 4, 50), step)


if __name__ == "__main__":
    stacks.main(verbosity=1)
