"""The outcome of each item of an applied plan."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mixer.errors import OutOfTime
from mixer.retention.aws_account import describe_error
from mixer.retention.plan import Item, Verdict

Entry = TypeVar("Entry")


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
