"""Selects chapters by their numbers in the plan. Pure."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from mixer.errors import BadOption

PartT = TypeVar("PartT")


def select_chapters(parts: Sequence[PartT], choice: str) -> list[PartT]:
    """Select what a choice such as `2-5,9` names, in reading order; an empty one is all.

    Raises:
        BadOption: a number is not that of a chapter.
    """
    if not choice:
        return list(parts)
    numbers = set(_iter_numbers(choice, len(parts)))
    return [part for number, part in enumerate(parts, start=1) if number in numbers]


def _iter_numbers(choice: str, count: int) -> Iterator[int]:
    for part in choice.split(","):
        first, _, last = part.strip().partition("-")
        start, end = int(first), int(last or first)
        if not 1 <= start <= end <= count:
            range_text = f"1 to {count}" if count > 1 else "1 only"
            raise BadOption(
                f"chapters: “{part.strip()}” is not among the chapters of this text, which has "
                f"{range_text}; mixer plan lists them.",
                field="chapters",
            )
        yield from range(start, end + 1)
