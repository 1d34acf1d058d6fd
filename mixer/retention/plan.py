"""The retention plan: a reason for every item, deleted or kept, and the outcome of each deletion.

A plan is a value. A dry run prints it; a run deletes exactly what it lists.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from mixer.errors import OutOfTime
from mixer.retention.aws_account import describe_error
from mixer.retention.inventory import Folder, FunctionVersion, Image, ObjectVersion, Upload

Entry = TypeVar("Entry")
Item = ObjectVersion | Upload | Folder | Image | FunctionVersion
ItemT_co = TypeVar("ItemT_co", bound=Item, covariant=True)


class Reason(StrEnum):
    """Why an item is deleted or kept, in the words that operators read."""

    EXPIRED = "older than its threshold"
    OLD_VERSION = "superseded longer ago than its threshold"
    OLD_MARKER = "delete marker older than its threshold"
    ABANDONED_UPLOAD = "unfinished upload"
    STORY_ENDED = "story ended longer ago than its threshold"
    STORY_ABANDONED = "story without a result, untouched for too long"
    UNTAGGED = "untagged and old"
    OLD_IMAGE = "old image"

    NOT_OURS = "not ours"
    YOUNG = "young"
    IN_USE_FOLDER = "under in_use/"
    EXCEPTION = "matches an exception"
    STORY_RUNNING = "its story is running"
    STORY_YOUNG = "its story is young"
    NAMED_BY_FEED = "named by a podcast feed"
    NAMED_BY_STORY = "named by a living story or a project"
    STORY_UNREADABLE = "a living story or a project cannot be read"
    STORY_UNPLANNED = "a running story is not planned yet"
    STORY_RENDERING = "a story is being rendered"
    SHARED = "repository is shared with other accounts"
    USE_UNKNOWN = "images in use unknown"
    CALLED = "called by the state machine"
    CALLS_UNKNOWN = "versions that the state machine calls unknown"
    LIST_UNREADABLE = "a manifest list cannot be read"
    PROTECTED_TAG = "protected tag"
    IN_USE = "in use by a function"
    NEWEST = "among the newest"
    PART_NEEDED = "part of it is needed"
    CHILD_OF_KEPT = "part of a manifest list that stays"
    ATTACHED_TO_KEPT = "attached to an image that stays"

    @property
    def deletes(self) -> bool:
        """Whether it is a reason to delete."""
        return self in DELETING


DELETING = frozenset(
    {
        Reason.EXPIRED,
        Reason.OLD_VERSION,
        Reason.OLD_MARKER,
        Reason.ABANDONED_UPLOAD,
        Reason.STORY_ENDED,
        Reason.STORY_ABANDONED,
        Reason.UNTAGGED,
        Reason.OLD_IMAGE,
    }
)
"""The reasons to delete; all others keep."""


@dataclass(frozen=True, slots=True)
class Verdict(Generic[ItemT_co]):
    """An item and the reason that decided."""

    item: ItemT_co
    reason: Reason

    @property
    def deletes(self) -> bool:
        """Whether the item is deleted."""
        return self.reason.deletes

    def row(self) -> Mapping[str, object]:
        """One line of a printed plan, JSON values only."""
        return {
            "action": "delete" if self.deletes else "keep",
            "kind": self.item.kind,
            "name": self.item.name,
            "size_bytes": self.item.size_bytes,
            "reason": self.reason.value,
            **self.item.row(),
        }


@dataclass(frozen=True, slots=True)
class ItemTally:
    """How many items and how many bytes."""

    items: int = 0
    size_bytes: int = 0


DEFAULT_SHARE = 0.5
"""Limit of one run where no share is configured."""


@dataclass(frozen=True, slots=True)
class DeletionLimit:
    """How much of a target one run may delete: `share` is 0 to 1 of the items under its rules.

    `floor_items` may be deleted in any case, so that small targets are not stuck.
    """

    share: float
    floor_items: int

    def allows(self, deletes: int, total: int) -> bool:
        """Whether so many of so many may be deleted at once."""
        return deletes <= max(self.floor_items, self.share * total)


def build_limit(max_share: float | None, floor_items: int) -> DeletionLimit:
    """Build the limit: exact if configured; the default spares small targets."""
    if max_share is None:
        return DeletionLimit(DEFAULT_SHARE, floor_items)
    return DeletionLimit(max_share, 0)


@dataclass(frozen=True, slots=True)
class RetentionPlan(Generic[ItemT_co]):
    """The plan of one run for one target, `s3://bucket` or `ecr://repository`.

    Ages count from `now`, in UTC. `verdicts` has one entry per item, in the listing's order.
    `warnings` are sentences on items protected because they could not be judged.
    """

    target: str
    now: datetime
    verdicts: Sequence[Verdict[ItemT_co]]
    limit: DeletionLimit
    warnings: tuple[str, ...] = ()

    @property
    def deletions(self) -> Iterator[Verdict[ItemT_co]]:
        """The items to delete, in the listing's order."""
        return (verdict for verdict in self.verdicts if verdict.deletes)

    @property
    def stopped(self) -> str:
        """Why the plan must not be applied, as a sentence; empty when it may be."""
        counted = [v for v in self.verdicts if v.item.counts and v.reason is not Reason.NOT_OURS]
        to_delete = sum(verdict.deletes for verdict in counted)
        if self.limit.allows(to_delete, len(counted)):
            return ""
        return (
            f"{self.target}: {to_delete} of {len(counted)} items would be deleted, "
            f"more than the limit of {self.limit.share:.0%}; nothing was deleted. "
            "If that is right, run once with a higher max_share."
        )

    def tallies(self) -> Mapping[Reason, ItemTally]:
        """Items and bytes by reason."""
        return tally_reasons(self.verdicts)


def tally_reasons(verdicts: Iterable[Verdict[Item]]) -> dict[Reason, ItemTally]:
    """Tally items and bytes by reason."""
    counts: dict[Reason, list[int]] = {}
    for verdict in verdicts:
        count = counts.setdefault(verdict.reason, [0, 0])
        count[0] += 1
        count[1] += verdict.item.size_bytes
    return {reason: ItemTally(items, size_bytes) for reason, (items, size_bytes) in counts.items()}


class Outcome(StrEnum):
    """How the deletion of an item ended."""

    DELETED = "deleted"
    SPARED = "changed since it was listed"
    FAILED = "failed"
    LEFT = "left for the next run"


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """An item of the plan and its outcome."""

    verdict: Verdict[Item]
    outcome: Outcome
    why: str = ""


def report_error(batch: Iterable[Verdict[Item]], error: Exception) -> Iterator[DeletionResult]:
    """Report a failed batch: left where time ran out, failed otherwise."""
    if isinstance(error, OutOfTime):
        return (DeletionResult(verdict, Outcome.LEFT) for verdict in batch)
    why = describe_error(error)
    return (DeletionResult(verdict, Outcome.FAILED, why) for verdict in batch)


def split_batches(entries: Sequence[Entry], size: int) -> Iterator[Sequence[Entry]]:
    """Split items into batches of at most `size`, in order."""
    return (entries[start : start + size] for start in range(0, len(entries), size))
