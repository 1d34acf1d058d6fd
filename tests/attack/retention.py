"""Random buckets and registries: nothing in use is deleted, and nothing is kept for ever."""

import os
import random
import re
import subprocess
import sys

from tests.attack.campaign import Row, Tally

PROPERTIES = 6
FILES = (
    "tests/unit/retention/test_bucket_properties.py",
    "tests/unit/retention/test_plan_rules.py",
)
ONLY = "nothing or no_image or no_object"
"""The properties among the tests of these files."""

CASES = re.compile(r"(\d+) passing, ")
FAILURE = re.compile(r"^FAILED .*", re.MULTILINE)


def attack_retention(tally: Tally, draw: random.Random, count: int) -> None:
    """Run the properties on random scenes, so many in all."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *FILES),
            *("-k", ONLY, "--hypothesis-show-statistics", "--hypothesis-seed"),
            str(draw.getrandbits(32)),
        ],
        env={**os.environ, "RETENTION_CASES": str(-(-count // PROPERTIES))},
        capture_output=True,
        text=True,
        check=False,
    )
    for _ in range(sum(map(int, CASES.findall(done.stdout)))):
        tally.count()
    for line in FAILURE.findall(done.stdout) or ([done.stdout[-300:]] if done.returncode else []):
        tally.count(line)


ROW = Row(
    "retention: random buckets and registries",
    "nothing in use deleted, nothing kept for ever",
    short=30,
    full=10_000,
    attack=attack_retention,
)
