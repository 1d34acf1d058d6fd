"""The fault campaign: a story is killed, or one of its calls fails, at random points.

`make faults` makes the same story of 200 chunks again and again, each time in a new folder, by a
process of its own (`bench.fault_injection`), with Amazon Polly's strict stand-in on localhost. At a
call of
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

from bench.fault_injection import CALLER, QUOTA_SHARES, InjectedFault, RunOutcome, run
from mixer.stories.model import StoryKind, StoryState
from mixer.stories.request import StoryRequest
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


def build_story(chunks: int = CHUNKS) -> StoryRequest:
    """A story whose every chunk is a short sentence of its own, in chapters."""
    scenes = [f"Bell {number} rang." for number in range(chunks)]
    for first in range(0, chunks, CHUNKS_PER_CHAPTER):
        scenes[first] = f"# Chapter {first}"
    return StoryRequest(StoryKind.STORY, CALLER, OPTIONS, text="\n\n* * *\n\n".join(scenes))


@contextmanager
def start_polly() -> Iterator[StrictPolly]:
    """The stand-in, with ten times an account's quota."""
    known = ALLOWANCES[ENGINE]
    wide = Allowance(
        known.calls_per_s / QUOTA_SHARES, known.burst / QUOTA_SHARES, known.in_flight * 10
    )
    with StrictPolly(allowances={ENGINE: wide}, latency=LATENCY) as polly:
        yield polly


@dataclass(frozen=True)
class StoryAttempt:
    """What came of asking once: how it ended, or what was under way when it was killed."""

    outcome: RunOutcome | None
    in_flight: int


def run_attempt(
    folder: Path, polly: StrictPolly, request: StoryRequest, fault: InjectedFault
) -> StoryAttempt:
    """Ask for the story in a process of its own.

    Raises:
        RuntimeError: the process neither ended nor was killed as it should.
    """
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(
        target=run, args=(folder, polly.endpoint_url, request, fault, theirs)
    )
    process.start()
    theirs.close()
    try:
        if not ours.poll(RUN_S):
            raise RuntimeError(f"The run with {fault} sent no result.")
        word, value = ours.recv()
        process.join(RUN_S)
    finally:
        process.kill()
        ours.close()
    if (word == "in_flight") != (process.exitcode == -signal.SIGKILL):
        raise RuntimeError(f"The run with {fault} ended with {process.exitcode}.")
    return StoryAttempt(None, value) if word == "in_flight" else StoryAttempt(value, 0)


@dataclass(frozen=True)
class FaultPoint:
    """What came of one blow.

    Attributes:
        fault: that fell.
        first: the run that it befell.
        second: the run after it.
        paid_twice: chunks that were paid twice.
        is_same: whether the story was done in the end, with the bytes of an undisturbed run.
    """

    fault: InjectedFault
    first: StoryAttempt
    second: StoryAttempt
    paid_twice: int
    is_same: bool

    @property
    def max_paid_twice(self) -> int:
        """Chunks that may have been paid twice."""
        return self.first.in_flight if self.fault.kills else 1

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept."""
        return self.is_same and self.paid_twice <= self.max_paid_twice

    def __str__(self) -> str:
        """The point's row in the table."""
        fault = (
            f"{'kill' if self.fault.kills else 'fail'} {'after' if self.fault.late else 'before'}"
        )
        first = self.first.outcome.state or "no answer" if self.first.outcome else "dead"
        then = self.second.outcome.state if self.second.outcome else "dead"
        same = "yes" if self.is_same else "NO"
        return (
            f"{self.fault.call_number:>6}  {fault:<12} {first:<10} {then:<5} {same:<5}"
            f"{self.paid_twice:>6}{self.max_paid_twice:>8}"
        )


HEADING = (
    f"{'call':>6}  {'fault':<12} {'first':<10} {'then':<5} {'same':<5}{'twice':>6}{'at most':>8}"
)


class Campaign:
    """Makes one story again and again.

    Args:
        polly: used by this run alone.
        order: the story.
    """

    def __init__(self, polly: StrictPolly, request: StoryRequest) -> None:
        self._polly, self._request = polly, request
        with self._open_folder() as folder:
            self.undisturbed = self._require_outcome(
                run_attempt(folder, polly, request, InjectedFault())
            )
        self.chunks = polly.counts.answered

    def run_point(self, fault: InjectedFault) -> FaultPoint:
        """Inject a fault, and run the story again."""
        with self._open_folder() as folder:
            first = run_attempt(folder, self._polly, self._request, fault)
            then = run_attempt(folder, self._polly, self._request, InjectedFault())
        twice = sum(times - 1 for times in self._polly.counts.texts.values())
        ended = self._require_outcome(then)
        is_same = ended.state is StoryState.DONE and ended.digest == self.undisturbed.digest
        return FaultPoint(fault, first, then, twice, is_same)

    def draw_faults(self, seed: int = SEED) -> Iterator[InjectedFault]:
        """Random ones, each second of them a kill."""
        chance, kills = random.Random(seed), True
        while True:
            at = chance.randrange(1, int(LATEST * self.undisturbed.calls) + 1)
            yield InjectedFault(at, kills, chance.choice((True, False)))
            kills = not kills

    @contextmanager
    def _open_folder(self) -> Iterator[Path]:
        """A new one, with nothing spoken; an FFmpeg of a killed run may still write into it."""
        self._polly.reset(latency=LATENCY)
        with TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def _require_outcome(self, attempt: StoryAttempt) -> RunOutcome:
        if attempt.outcome is None:
            raise RuntimeError("An undisturbed run was killed.")
        return attempt.outcome


def main() -> int:
    """Run the campaign and print its table; how many points broke the promise."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else POINTS
    PROCESSES.set_forkserver_preload(["bench.fault_injection"])
    begun_s = time.monotonic()
    with start_polly() as polly:
        campaign = Campaign(polly, build_story())
        whole = campaign.undisturbed
        print(f"undisturbed: {whole.state}, {whole.calls} calls, {campaign.chunks} chunks")
        print(HEADING, flush=True)
        broken = 0
        for _, fault in zip(range(count), campaign.draw_faults(), strict=False):
            point = campaign.run_point(fault)
            broken += not point.is_kept
            print(point, flush=True)
    print(f"{count} points, {broken} broke the promise, {time.monotonic() - begun_s:.0f} s")
    return broken


if __name__ == "__main__":
    sys.exit(main())
