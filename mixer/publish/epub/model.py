"""What goes into a read-aloud book."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise


class BlockShape(StrEnum):
    """What a block is to the reader."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    SCENE_BREAK = "scene break"


@dataclass(frozen=True, slots=True)
class BookSentence:
    """A sentence of a page.

    Attributes:
        text: as the author wrote it.
        start_s: first sound, in the chapter's own audio; None where it is not heard.
    """

    text: str
    start_s: float | None


@dataclass(frozen=True, slots=True)
class BookBlock:
    """A heading, a paragraph, a change of scene.

    Attributes:
        shape: which of them.
        sentences: none in a change of scene.
    """

    shape: BlockShape
    sentences: tuple[BookSentence, ...] = ()


@dataclass(frozen=True, slots=True)
class BookPage:
    """A chapter.

    Attributes:
        title: in the table of contents.
        blocks: in reading order.
        duration_s: of its audio.
    """

    title: str
    blocks: tuple[BookBlock, ...]
    duration_s: float

    @property
    def sentences(self) -> Iterator[BookSentence]:
        """All of them, in reading order."""
        return (sentence for block in self.blocks for sentence in block.sentences)


@dataclass(frozen=True, slots=True)
class BookMetadata:
    """What the book says of itself.

    Attributes:
        title: never empty.
        language: BCP 47 tag.
        identifier: of this very book, a URN.
        modified: when it was made, in UTC.
        author: may be empty.
        narrator: may be empty.
        description: may be empty.
        cover: a JPEG; empty for none.
    """

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
    """A sentence and the stretch of the chapter's audio that belongs to it.

    Attributes:
        number: of the sentence in its page, from 0 on.
        begin_ms: in the chapter's audio.
        end_ms: likewise; where the next clip begins.
    """

    number: int
    begin_ms: int
    end_ms: int


def build_clips(page: BookPage) -> tuple[OverlayClip, ...]:
    """The sentences that are heard, each up to the next: readers leave out what lies between clips.

    Args:
        page: whose audio is heard from beginning to end.
    """
    end_ms = round(page.duration_s * 1000)
    starts: list[tuple[int, int]] = []
    for number, sentence in enumerate(page.sentences):
        if sentence.start_s is not None:
            at_ms = round(sentence.start_s * 1000) if starts else 0
            if not starts or starts[-1][1] < at_ms < end_ms:
                starts.append((number, at_ms))
    behind = [*starts, (0, end_ms)]
    return tuple(
        OverlayClip(number, begin_ms, until_ms)
        for (number, begin_ms), (_, until_ms) in pairwise(behind)
    )
