"""The fault campaign: a story is killed, or one of its calls fails, at random points.

`make faults` makes the same story of 200 chunks repeatedly, each time in a new folder and process
(`bench.fault_injection`), with Amazon Polly's strict emulator on localhost. At a random call of
store or voice the process is killed, or that call fails; half of these calls are carried out first,
so that only the answer is lost. Then another process requests the story without faults. It must
finish with the exact bytes of an undisturbed run, and may synthesize at most the chunks again that
were in flight at that moment.

Fifty points stay affordable with chunks of one short sentence, an emulator that answers in 20 ms at
ten times an account's quota, and processes forked from one that has loaded everything.
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
"""Time-out of a run, which normally takes seconds."""

LATEST = 0.95
"""Share of an undisturbed run's calls: later ones may not occur, as some depend on timing."""

PROCESSES = get_context("forkserver")


def build_story(chunks: int = CHUNKS) -> StoryRequest:
    """Build a story in chapters whose every chunk is one distinct short sentence."""
    scenes = [f"Bell {number} rang." for number in range(chunks)]
    for first in range(0, chunks, CHUNKS_PER_CHAPTER):
        scenes[first] = f"# Chapter {first}"
    return StoryRequest(StoryKind.STORY, CALLER, OPTIONS, text="\n\n* * *\n\n".join(scenes))


@contextmanager
def start_polly() -> Iterator[StrictPolly]:
    """Start the emulator with ten times an account's quota."""
    known = ALLOWANCES[ENGINE]
    wide = Allowance(
        known.calls_per_s / QUOTA_SHARES, known.burst / QUOTA_SHARES, known.in_flight * 10
    )
    with StrictPolly(allowances={ENGINE: wide}, latency=LATENCY) as polly:
        yield polly


@dataclass(frozen=True)
class StoryAttempt:
    """The outcome of one request, or what was in flight when it was killed."""

    outcome: RunOutcome | None
    in_flight: int


def run_attempt(
    folder: Path, polly: StrictPolly, request: StoryRequest, fault: InjectedFault
) -> StoryAttempt:
    """Request the story in a process of its own.

    Raises:
        RuntimeError: the process neither ended nor was killed as planned.
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
    """The outcome of one fault; `is_same`: the story finished with an undisturbed run's bytes."""

    fault: InjectedFault
    first: StoryAttempt
    second: StoryAttempt
    paid_twice: int
    is_same: bool

    @property
    def max_paid_twice(self) -> int:
        """Maximum number of chunks that may be paid twice."""
        return self.first.in_flight if self.fault.kills else 1

    @property
    def is_kept(self) -> bool:
        """Whether both guarantees hold."""
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
    """Makes one story repeatedly."""

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
        """Draw random faults; every second one is a kill."""
        chance, kills = random.Random(seed), True
        while True:
            at = chance.randrange(1, int(LATEST * self.undisturbed.calls) + 1)
            yield InjectedFault(at, kills, chance.choice((True, False)))
            kills = not kills

    @contextmanager
    def _open_folder(self) -> Iterator[Path]:
        """Open a new folder: an FFmpeg of a killed run may still write to the old one."""
        self._polly.reset(latency=LATENCY)
        with TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def _require_outcome(self, attempt: StoryAttempt) -> RunOutcome:
        if attempt.outcome is None:
            raise RuntimeError("An undisturbed run was killed.")
        return attempt.outcome


def main() -> int:
    """Run the campaign and print its table; return the number of broken guarantees."""
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
