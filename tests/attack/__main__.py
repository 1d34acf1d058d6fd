"""Run the campaign: all rows or those named, and print the table."""

import argparse
import os
import signal
import sys

from tests.attack.campaign import Row, format_table
from tests.attack.damage import ROW as DAMAGE
from tests.attack.equal_chunks import ROW as EQUAL_CHUNKS
from tests.attack.events import ROW as EVENTS
from tests.attack.growth import ROW as GROWTH
from tests.attack.media import ROW as MEDIA
from tests.attack.names import ROW as NAMES
from tests.attack.polly import ROW as POLLY
from tests.attack.properties import DESCRIPTION_ROW as DESCRIPTION
from tests.attack.properties import ROW as RETENTION
from tests.attack.requests import ROW as REQUESTS
from tests.attack.survival import ROW as SURVIVAL
from tests.attack.texts import ROW as TEXTS

ROWS: dict[str, Row] = {
    "requests": REQUESTS,
    "description": DESCRIPTION,
    "events": EVENTS,
    "texts": TEXTS,
    "media": MEDIA,
    "growth": GROWTH,
    "damage": DAMAGE,
    "survival": SURVIVAL,
    "names": NAMES,
    "equal_chunks": EQUAL_CHUNKS,
    "polly": POLLY,
    "retention": RETENTION,
}


def main() -> int:
    """Exit with 1 if something did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0, help="of the full counts")
    parser.add_argument("--short", action="store_true", help="the counts of the tests")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # also in the background
        signal.signal(number, signal.default_int_handler)
    os.environ["MIXER_SIGNING"] = "off"  # a signature is never the same twice
    results = []
    for name in options.rows or ROWS:
        row = ROWS[name]
        count = row.short if options.short else max(1, round(row.full * options.share))
        results.append(row.run(options.seed, count))
        held = f"{name}: {results[-1].held} of {results[-1].tally.attempts}"
        print(held, file=sys.stderr)  # noqa: T201
    print(format_table(results))  # noqa: T201
    return int(any(each.tally.failures for each in results))


if __name__ == "__main__":
    sys.exit(main())
