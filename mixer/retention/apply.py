"""What became of each item of a plan when it was carried out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mixer.retention.plan import Item, Verdict

Thing = TypeVar("Thing")


class Outcome(StrEnum):
    """How it ended for an item that the plan deletes."""

    DELETED = "deleted"
    SPARED = "changed since it was listed"
    FAILED = "failed"
    LEFT = "left for the next run"


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """An item of the plan and what became of it.

    Attributes:
        verdict: as planned.
        outcome: how it ended.
        why: what the service said, for an item that failed or was spared.
    """

    verdict: Verdict[Item]
    outcome: Outcome
    why: str = ""


def split_batches(things: Sequence[Thing], size: int) -> Iterator[Sequence[Thing]]:
    """Stretches of at most `size` things, in order."""
    return (things[start : start + size] for start in range(0, len(things), size))
