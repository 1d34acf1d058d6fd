"""An account with few concurrent executions: do books survive its throttling?

A story's groups are started as the state machine starts them, a throttled call waits as its Retry
lists say, and a call that finds a free execution takes it for as long as a group renders. Times in
seconds; nothing waits for real.
"""

import heapq
import random
from dataclasses import dataclass, field
from itertools import count

from tests.infra.definition import load_definition

THROTTLED = "Lambda.TooManyRequestsException"

ERRORS = {
    "Lambda.CodeArtifactUserPendingException": "waking",
    "Lambda.ResourceNotReadyException": "waking",
    "Lambda.ResourceConflictException": "waking",
    "Lambda.TooManyRequestsException": "throttled",
    "Sandbox.Timedout": "killed",
    "Runtime.ExitError": "killed",
    "Lambda.Unknown": "killed",
    "States.Timeout": "killed",
    "Lambda.ServiceException": "passing",
    "Lambda.AWSLambdaException": "passing",
    "Lambda.SdkClientException": "passing",
}
"""Names of errors that a step may end with though its code is right.

Waking: a function that was idle for weeks is Inactive, and its image is loaded (Lambda guide,
function states; AWS SDK issue boto3 #3788). Throttled, and errors of the service: Step Functions
guide, transient Lambda service exceptions. Killed: Lambda guide, troubleshooting invocations
(`Sandbox.Timedout`, `Runtime.ExitError`); Step Functions guide, error names.
"""


@dataclass(frozen=True)
class Book:
    """A story whose groups render for `group_s`, a range; `begins_s` after the first."""

    groups: int
    group_s: tuple[float, float]
    begins_s: float = 0.0


@dataclass(frozen=True)
class Retrier:
    """One entry of a Retry list."""

    interval_s: float
    backoff: float
    attempts: int
    longest_s: float

    def draw_wait_s(self, attempt: int, dice: random.Random) -> float:
        """The wait before a retry, with full jitter."""
        return dice.uniform(0, min(self.interval_s * self.backoff**attempt, self.longest_s))


def load_retrier(error: str = THROTTLED) -> Retrier:
    """What the definition says of an error of a call that renders."""
    names = {name: name for name in ("SpeechTask", "MixTask", "EndTask")}
    render = load_definition(names)["States"]["Render"]["ItemProcessor"]["States"]["RenderGroup"]
    (found,) = (each for each in render["Retry"] if error in each["ErrorEquals"])
    return Retrier(
        found["IntervalSeconds"],
        found["BackoffRate"],
        found["MaxAttempts"],
        found["MaxDelaySeconds"],
    )


@dataclass
class Account:
    """An account with so many executions; `taken` of them are used by others all the time."""

    limit: int
    taken: int
    retrier: Retrier
    concurrency: int
    dice: random.Random
    events: list[tuple[float, int, str, int, int]] = field(default_factory=list)
    order: "count[int]" = field(default_factory=count)
    books: list[Book] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    failed: list[bool] = field(default_factory=list)
    busy: int = 0

    def push(self, at_s: float, kind: str, book: int, tries: int) -> None:
        heapq.heappush(self.events, (at_s, next(self.order), kind, book, tries))

    def run(self, books: list[Book]) -> tuple[list[bool], float]:
        """Whether each book is rendered, and when the last one ended."""
        self.books, self.busy, now_s = books, self.taken, 0.0
        self.waiting, self.failed = [book.groups for book in books], [False] * len(books)
        for index, book in enumerate(books):
            for _ in range(min(self.concurrency, book.groups)):
                self.start_group(book.begins_s, index)
        while self.events:
            now_s, _, kind, index, tries = heapq.heappop(self.events)
            if kind == "end":
                self.busy -= 1
                self.start_group(now_s, index)
            elif not self.failed[index]:
                self.call(now_s, index, tries)
        return [not each for each in self.failed], now_s

    def start_group(self, now_s: float, index: int) -> None:
        """Call for the next group of a book, if there is one."""
        if self.waiting[index] and not self.failed[index]:
            self.waiting[index] -= 1
            self.push(now_s, "call", index, 0)

    def call(self, now_s: float, index: int, tries: int) -> None:
        """Take a free execution, or be throttled and wait, or give the book up."""
        if self.busy < self.limit:
            self.busy += 1
            render_s = self.dice.uniform(*self.books[index].group_s)
            self.push(now_s + render_s, "end", index, 0)
        elif tries >= self.retrier.attempts:
            self.failed[index] = True
        else:
            wait_s = self.retrier.draw_wait_s(tries, self.dice)
            self.push(now_s + wait_s, "call", index, tries + 1)


def count_failures(
    books: list[Book],
    *,
    limit: int,
    concurrency: int,
    taken: int = 0,
    retrier: Retrier | None = None,
    runs: int = 400,
) -> int:
    """How many of so many runs lose a book."""
    dice = random.Random(18)
    chosen = retrier or load_retrier()
    outcomes = (Account(limit, taken, chosen, concurrency, dice).run(books)[0] for _ in range(runs))
    return sum(not all(each) for each in outcomes)
