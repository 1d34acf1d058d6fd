"""The contents of a read-aloud book. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise


class BlockShape(StrEnum):
    """How a block looks."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    SCENE_BREAK = "scene break"


@dataclass(frozen=True, slots=True)
class BookSentence:
    """A sentence as written; its start in the chapter's own audio is None if it is not spoken."""

    text: str
    start_s: float | None


@dataclass(frozen=True, slots=True)
class BookBlock:
    """A heading, a paragraph, or a scene break, which has no sentences."""

    shape: BlockShape
    sentences: tuple[BookSentence, ...] = ()


@dataclass(frozen=True, slots=True)
class BookPage:
    """A chapter; `duration_s` is the length of its audio."""

    title: str
    blocks: tuple[BookBlock, ...]
    duration_s: float

    @property
    def sentences(self) -> Iterator[BookSentence]:
        """All sentences, in reading order."""
        return (sentence for block in self.blocks for sentence in block.sentences)


@dataclass(frozen=True, slots=True)
class BookMetadata:
    """Metadata of a book: language is a BCP 47 tag, identifier a URN, cover a JPEG."""

    title: str
    language: str
    identifier: str
    modified: datetime
    author: str = ""
    narrator: str = ""
    description: str = ""
    cover: bytes = b""


@dataclass(frozen=True, slots=True)
class OverlayClip:
    """A sentence, by its number in the page from 0 on, and its part of the chapter's audio."""

    number: int
    begin_ms: int
    end_ms: int


def build_clips(page: BookPage) -> tuple[OverlayClip, ...]:
    """Build clips of the spoken sentences that cover all audio: readers skip gaps between clips."""
    end_ms = round(page.duration_s * 1000)
    starts: list[tuple[int, int]] = []
    for number, sentence in enumerate(page.sentences):
        if sentence.start_s is not None:
            at_ms = round(sentence.start_s * 1000) if starts else 0
            if not starts or starts[-1][1] < at_ms < end_ms:
                starts.append((number, at_ms))
    return tuple(
        OverlayClip(number, begin_ms, next_ms)
        for (number, begin_ms), (_, next_ms) in pairwise([*starts, (0, end_ms)])
    )
