"""The fault campaign: a story is killed, or one of its calls fails, at random points.

`make faults` tells the same story of 200 chunks again and again, each time in a new folder, by a
process of its own (`bench.fated`), with Amazon Polly's strict stand-in on localhost. At a call of
the store or of the voice that is drawn by chance the process is killed, or that call alone fails;
half of these calls are carried out before, so that only their answer is lost. Then the story is
asked for again, by another process, with everything in order. It must be done, with the very bytes
of an undisturbed run, and no more chunks may have been spoken twice than were between the voice and
the store at that moment.

What makes fifty points affordable: chunks of one short sentence, a stand-in that answers in
20 ms at ten times an account's quota, and processes forked from one that has loaded everything.
"""

import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.fated import CALLER, QUOTA_SHARES, Blow, Ended, run
from mixer.jobs.story.orders import Order
from mixer.jobs.story.values import Kind, State
from tests.emulators.polly_tables import ALLOWANCES, Allowance
from tests.emulators.strict_polly import Latency, StrictPolly

POINTS = 50
CHUNKS, CHUNKS_PER_CHAPTER = 200, 20
ENGINE = "standard"
OPTIONS = {"text_type": "markdown", "engine": ENGINE, "pauses": "none", "title": "Bells"}
LATENCY = Latency(base_s=0.02)
SEED = 7
RUN_S = 120.0
"""A run takes seconds; this is for one that hangs."""

LATEST = 0.95
"""Of an undisturbed run's calls: some depend on the time that a run takes, and may not come."""

PROCESSES = get_context("forkserver")


def story(chunks: int = CHUNKS) -> Order:
    """A story whose every chunk is a short sentence of its own, in chapters."""
    scenes = [f"Bell {number} rang." for number in range(chunks)]
    for first in range(0, chunks, CHUNKS_PER_CHAPTER):
        scenes[first] = f"# Chapter {first}"
    return Order(Kind.STORY, CALLER, OPTIONS, text="\n\n* * *\n\n".join(scenes))


@contextmanager
def voice() -> Iterator[StrictPolly]:
    """The stand-in, with ten times an account's quota."""
    known = ALLOWANCES[ENGINE]
    wide = Allowance(
        known.calls_per_s / QUOTA_SHARES, known.burst / QUOTA_SHARES, known.in_flight * 10
    )
    with StrictPolly(allowances={ENGINE: wide}, latency=LATENCY) as polly:
        yield polly


@dataclass(frozen=True)
class Attempt:
    """What came of asking once: how it ended, or what was under way when it was killed."""

    ended: Ended | None
    in_flight: int


def asked(folder: Path, polly: StrictPolly, order: Order, blow: Blow) -> Attempt:
    """Ask for the story in a process of its own.

    Raises:
        RuntimeError: the process neither ended nor was killed as it should.
    """
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=run, args=(folder, polly.endpoint_url, order, blow, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(RUN_S):
            raise RuntimeError(f"Nothing was heard of the run with {blow}.")
        word, value = ours.recv()
        process.join(RUN_S)
    finally:
        process.kill()
        ours.close()
    if (word == "in_flight") != (process.exitcode == -signal.SIGKILL):
        raise RuntimeError(f"The run with {blow} ended with {process.exitcode}.")
    return Attempt(None, value) if word == "in_flight" else Attempt(value, 0)


@dataclass(frozen=True)
class Point:
    """What came of one blow.

    Attributes:
        blow: that fell.
        first: the run that it befell.
        then: the run after it.
        twice: chunks that were paid twice.
        is_same: whether the story was done in the end, with the bytes of an undisturbed run.
    """

    blow: Blow
    first: Attempt
    then: Attempt
    twice: int
    is_same: bool

    @property
    def most_twice(self) -> int:
        """Chunks that may have been paid twice."""
        return self.first.in_flight if self.blow.kills else 1

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept."""
        return self.is_same and self.twice <= self.most_twice

    def __str__(self) -> str:
        """The point's row in the table."""
        fault = f"{'kill' if self.blow.kills else 'fail'} {'after' if self.blow.late else 'before'}"
        first = self.first.ended.state or "no answer" if self.first.ended else "dead"
        then = self.then.ended.state if self.then.ended else "dead"
        same = "yes" if self.is_same else "NO"
        return (
            f"{self.blow.at:>6}  {fault:<12} {first:<10} {then:<5} {same:<5}"
            f"{self.twice:>6}{self.most_twice:>8}"
        )


HEADING = (
    f"{'call':>6}  {'fault':<12} {'first':<10} {'then':<5} {'same':<5}{'twice':>6}{'at most':>8}"
)


class Campaign:
    """Tells one story again and again.

    Args:
        polly: speaks; nobody else may use it.
        order: the story.
    """

    def __init__(self, polly: StrictPolly, order: Order) -> None:
        self._polly, self._order = polly, order
        with self._folder() as folder:
            self.whole = self._ended(asked(folder, polly, order, Blow()))
        self.chunks = polly.counts.answered

    def point(self, blow: Blow) -> Point:
        """Let a blow fall, and ask again."""
        with self._folder() as folder:
            first = asked(folder, self._polly, self._order, blow)
            then = asked(folder, self._polly, self._order, Blow())
        twice = sum(times - 1 for times in self._polly.counts.texts.values())
        ended = self._ended(then)
        is_same = ended.state is State.DONE and ended.digest == self.whole.digest
        return Point(blow, first, then, twice, is_same)

    def blows(self, seed: int = SEED) -> Iterator[Blow]:
        """Random ones, each second of them a kill."""
        chance, kills = random.Random(seed), True
        while True:
            at = chance.randrange(1, int(LATEST * self.whole.calls) + 1)
            yield Blow(at, kills, chance.choice((True, False)))
            kills = not kills

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """A new one, with nothing spoken; an FFmpeg of a killed run may still write into it."""
        self._polly.reset(latency=LATENCY)
        with TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def _ended(self, attempt: Attempt) -> Ended:
        if attempt.ended is None:
            raise RuntimeError("An undisturbed run was killed.")
        return attempt.ended


def main() -> int:
    """Run the campaign and print its table; how many points broke the promise."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else POINTS
    PROCESSES.set_forkserver_preload(["bench.fated"])
    begun_s = time.monotonic()
    with voice() as polly:
        campaign = Campaign(polly, story())
        whole = campaign.whole
        print(f"undisturbed: {whole.state}, {whole.calls} calls, {campaign.chunks} chunks")
        print(HEADING, flush=True)
        broken = 0
        for _, blow in zip(range(count), campaign.blows(), strict=False):
            point = campaign.point(blow)
            broken += not point.is_kept
            print(point, flush=True)
    print(f"{count} points, {broken} broke the promise, {time.monotonic() - begun_s:.0f} s")
    return broken


if __name__ == "__main__":
    sys.exit(main())
