"""Properties that the tests state, on more cases: of the clean-up, and of the API's description."""

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

DESCRIBED = "tests/functional/devserver/test_schemathesis.py"
SENT = re.compile(r"(\d+) requests to ")
SENT_AT_LEAST = 750
"""By the test in its usual form."""


def attack_retention(tally: Tally, draw: random.Random, count: int) -> None:
    """Run the properties on random scenes, so many in all."""
    statistics = ("--hypothesis-show-statistics", "--hypothesis-seed", str(draw.getrandbits(32)))
    cases = str(max(1, -(-count // PROPERTIES)))
    run_tests(tally, CASES, (*FILES, "-k", ONLY, *statistics), RETENTION_CASES=cases)


def attack_description(tally: Tally, draw: random.Random, count: int) -> None:
    """Send requests that fit the server's description, or nearly so."""
    factor = str(max(1, count // SENT_AT_LEAST))
    seed = str(draw.getrandbits(31))
    run_tests(tally, SENT, (DESCRIBED, "-s"), DESCRIPTION_FACTOR=factor, DESCRIPTION_SEED=seed)


def run_tests(
    tally: Tally, cases: re.Pattern[str], arguments: tuple[str, ...], **environ: str
) -> None:
    """Run tests that say how many cases they tried."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    for _ in range(sum(map(int, cases.findall(done.stdout)))):
        tally.count()
    for line in FAILURE.findall(done.stdout) or ([done.stdout[-300:]] if done.returncode else []):
        tally.count(line)


# Neither has a short form: `make test` runs the tests themselves.
ROW = Row(
    "retention: random buckets and registries",
    "nothing in use deleted, nothing kept for ever",
    short=0,
    full=10_000,
    attack=attack_retention,
)

DESCRIPTION_ROW = Row(
    "requests that fit the description, or nearly",
    "answers as described",
    short=0,
    full=15_000,
    attack=attack_description,
)
