"""Names of the progress objects in a story's folder, which hold the counts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from mixer.store import StoredObject

MICRO = 1_000_000

ATTEMPTS, BATCHES, SYNTHESIZED = "attempts/", "batches/", "spoken/"
PAID, RENDERED, NOTIFIED = "paid/", "rendered/", "notified/"
CANCELLED, FAILURE = "-cancelled.json", "-failure.json"


def attempt_name(attempt: int) -> str:
    """Name the claim of an attempt."""
    return f"{ATTEMPTS}{attempt:03}.json"


def cancellation_name(attempt: int) -> str:
    """Name the mark that cancels an attempt."""
    return f"{ATTEMPTS}{attempt:03}{CANCELLED}"


def notification_name(attempt: int, place: int) -> str:
    """Name the note that a notifier (by its index) was called for an attempt."""
    return f"{NOTIFIED}{attempt:03}-{place}.json"


def batch_name(batch: int) -> str:
    """Name the chunks of a batch."""
    return f"{BATCHES}{batch:05}.json"


def batch_result_prefix(batch: int) -> str:
    """Start the name of a batch's result."""
    return f"{SYNTHESIZED}{batch:05}-"


def batch_result_name(batch: int, chunks: int, usd: float) -> str:
    """Name the result of a batch."""
    return f"{batch_result_prefix(batch)}{chunks}-{round(usd * MICRO)}.json"


def parse_batch_result(name: str) -> tuple[int, float]:
    """The number of a batch, and what it cost, from the name of its result."""
    batch, _, micros = name.removeprefix(SYNTHESIZED).removesuffix(".json").split("-")
    return int(batch), int(micros) / MICRO


def payment_name(batch: int, usd: float) -> str:
    """Name the costs of a batch that failed."""
    return f"{PAID}{batch:05}-{round(usd * MICRO)}-{token_hex(4)}.json"


def group_result_prefix(group: int) -> str:
    """Start the name of a group's result."""
    return f"{RENDERED}{group:05}-"


def group_result_name(group: int, segments: int) -> str:
    """Name the result of a group of segments."""
    return f"{group_result_prefix(group)}{segments}.json"


@dataclass(frozen=True, slots=True)
class StoryProgress:
    """The progress of a story, from a listing of its folder.

    Attributes:
        attempt: the latest; 0 before the first.
        batches: chunks of each finished batch.
        paid_usd: by all attempts.
        groups: segments of each finished group.
        synthesized_at: when this attempt's first and last batch were finished.
        rendered_at: the same for groups.
    """

    names: frozenset[str]
    attempt: int
    started_at: datetime | None
    is_cancelled: bool
    batches: dict[int, int]
    paid_usd: float
    groups: dict[int, int]
    synthesized_at: tuple[datetime, ...]
    rendered_at: tuple[datetime, ...]

    @property
    def chunks(self) -> int:
        """Number of finished chunks."""
        return sum(self.batches.values())

    @property
    def segments(self) -> int:
        """Number of finished segments."""
        return sum(self.groups.values())


def parse_progress(listed: Iterable[StoredObject]) -> StoryProgress:
    """Parse a listing with names relative to the folder."""
    objects = {each.name: each for each in map(_ParsedName.of, listed)}
    attempts = [each for each in objects.values() if each.is_claim]
    last = max(attempts, key=lambda each: each.numbers[0], default=None)
    spoken = {each.numbers[0]: each for each in objects.values() if each.folder == SYNTHESIZED}
    paid = [each for each in objects.values() if each.folder == PAID]
    rendered = {each.numbers[0]: each for each in objects.values() if each.folder == RENDERED}
    begun = last.modified if last else None
    attempt = last.numbers[0] if last else 0
    micros = [each.numbers[2] for each in spoken.values()] + [each.numbers[1] for each in paid]
    return StoryProgress(
        names=frozenset(objects),
        attempt=attempt,
        started_at=begun,
        is_cancelled=cancellation_name(attempt) in objects,
        batches={batch: each.numbers[1] for batch, each in spoken.items()},
        paid_usd=sum(micros) / MICRO,
        groups={group: each.numbers[1] for group, each in rendered.items()},
        synthesized_at=_completion_times(begun, spoken.values()),
        rendered_at=_completion_times(begun, rendered.values()),
    )


def _completion_times(
    started_at: datetime | None, done: "Iterable[_ParsedName]"
) -> tuple[datetime, ...]:
    return tuple(
        sorted(each.modified for each in done if started_at and each.modified >= started_at)
    )


@dataclass(frozen=True, slots=True)
class _ParsedName:
    name: str
    folder: str
    numbers: tuple[int, ...]
    modified: datetime

    @classmethod
    def of(cls, listed: StoredObject) -> "_ParsedName":
        folder, slash, last = listed.key.rpartition("/")
        parts = last.partition(".")[0].split("-")
        numbers = tuple(int(part) for part in parts if part.isdecimal()) if slash else ()
        return cls(listed.key, folder + slash, numbers, listed.modified)

    @property
    def is_claim(self) -> bool:
        return self.folder == ATTEMPTS and not self.name.endswith((CANCELLED, FAILURE))
