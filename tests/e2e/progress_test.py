#!/usr/bin/env python3
"""What an app is told of a process on its way (TR 4.2.3.8, AMB-133): it moves, and no phase is named that was not reached."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stack  # noqa: E402
from story_test import StoryCase  # noqa: E402

INSTALLATION, ACTIVATION, FINALIZE = (f"SERVICE_DEPLOYMENT_{phase}" for phase in ("INSTALLATION", "ACTIVATION", "FINALIZE"))


class Progress(StoryCase):
    def told_by_a_deploy(self, number: int, load_size: int, faults: str = "") -> tuple[int, list]:
        """Its end, and (percent, operation) of each callback."""
        package = f"D276000177{number:02X}"
        cap = self.stack.make_cap(f"{number}.cap", load_size, package, [package + "01"])
        published = stack.publish_service(self.rest, [cap])
        card = self.stack.card(f"{number}.card")
        done = self.stack.run("tsms-handset", "--url", f"https://localhost:{self.stack.device_port}", "--ca", self.stack.ca,
                              "--se", card + faults, "deploy", self.create(card, published), "--commands", "install,activate",
                              "--finalize", check=False)
        told = [(int(percent), what) for percent, what in re.findall(r"(?m)^(\d+) % (\w+)$", done.stderr)]
        return done.returncode, told

    def test_a_long_load_moves(self):
        end, told = self.told_by_a_deploy(1, 50000)
        self.assertEqual(end, 0, told)
        percents = [percent for percent, _ in told]
        self.assertEqual(percents, sorted(percents))
        self.assertEqual(told[-1], (100, FINALIZE))
        self.assertEqual(percents.count(100), 1)
        # The LOAD commands are told from 10 to 70 percent, and no step is larger than two.
        loading = [percent for percent, what in told if what == INSTALLATION and 10 <= percent <= 70]
        self.assertGreater(len(loading), 40, told)
        self.assertLessEqual(max(b - a for a, b in zip(loading, loading[1:])), 2, told)
        phases = list(dict.fromkeys(what for _, what in told))
        self.assertEqual(phases, [INSTALLATION, ACTIVATION, FINALIZE])

    def test_what_the_card_refuses_ends_what_is_told(self):
        # 200 blocks: the fifth is refused, and what stands behind it in the same order travels all the same.
        for number, fault in ((2, "sw6A84@load:5"), (3, "sw6985@external-authenticate:2-"), (4, "sw6A80@install-for-load")):
            with self.subTest(fault):
                end, told = self.told_by_a_deploy(number, 50000, f"&faults={fault}")
                self.assertNotEqual(end, 0)
                self.assertLessEqual({what for _, what in told}, {INSTALLATION}, told)
                self.assertLess(max((percent for percent, _ in told), default=0), 15, told)
        end, told = self.told_by_a_deploy(5, 2000, "&faults=sw6A80@install-for-install:1-")
        self.assertNotEqual(end, 0)
        self.assertNotIn(FINALIZE, [what for _, what in told], told)


if __name__ == "__main__":
    stack.main(verbosity=2)
