"""Rows of the campaign, their counts, and the table."""

import random
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

MAX_NAMED = 12
"""Failures of a row that the table lists."""


@dataclass
class Tally:
    """The attempts of a row. Each failure is a line that is enough to repeat it."""

    attempts: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, failure: str = "") -> None:
        """Count an attempt; without a failure it held."""
        self.attempts += 1
        if failure:
            self.failures.append(failure)


def draw_attempt(draw: random.Random) -> random.Random:
    """Random numbers of one attempt, which do not depend on what the ones before it did."""
    return random.Random(draw.getrandbits(64))


Attack = Callable[[Tally, random.Random, int], None]


@dataclass(frozen=True)
class Row:
    """A kind of attack.

    Attributes:
        demand: what must hold.
        short, full: the attempts of the short form and of the whole campaign.
        attack: makes so many attempts with random numbers of a seed.
    """

    name: str
    demand: str
    short: int
    full: int
    attack: Attack

    def run(self, seed: int, count: int) -> "RowResult":
        """Run the row; its random numbers do not depend on others. Ctrl-C and SIGTERM end it."""
        tally, begun_s = Tally(), time.monotonic()
        draw = random.Random(zlib.crc32(f"{self.name} {seed}".encode()))
        try:
            self.attack(tally, draw, count)
        except KeyboardInterrupt:
            tally.notes.append(f"stopped, {count:,} attempts were asked for")
        return RowResult(self, tally, time.monotonic() - begun_s)


@dataclass(frozen=True)
class RowResult:
    """What came of a row."""

    row: Row
    tally: Tally
    seconds: float

    @property
    def held(self) -> int:
        """Attempts without a failure."""
        return self.tally.attempts - len(self.tally.failures)


def format_table(results: Sequence[RowResult]) -> str:
    """A Markdown table of rows, and below it failures and notes."""
    lines = ["| attack | attempts | held | seconds | demand |", "|---|---:|---:|---:|---|"]
    lines += [
        f"| {each.row.name} | {each.tally.attempts:,} | {each.held:,} | {each.seconds:.0f} "
        f"| {each.row.demand} |"
        for each in results
    ]
    for each in results:
        lines += _list_below(each.row.name, each.tally.failures)
        lines += [f"{each.row.name}: {note}" for note in each.tally.notes]
    return "\n".join(lines)


def _list_below(name: str, failures: Iterable[str]) -> list[str]:
    distinct = list(dict.fromkeys(failures))
    shown = [f"FAILED {name}: {failure}" for failure in distinct[:MAX_NAMED]]
    return shown + ([f"… and {len(distinct) - MAX_NAMED} more"] if distinct[MAX_NAMED:] else [])


def describe_exception(error: BaseException) -> str:
    """Type, message and innermost place of an exception that must not be."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}: {str(error)[:120]}{place}"
