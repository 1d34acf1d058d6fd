"""A book with its cast: corrected by its author, described as JSON, written with marks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mixer.errors import BadOption
from mixer.script import Document
from mixer.script.document import BlockKind
from mixer.script.speakers import (
    BookCast,
    correct_speakers,
    describe_cast,
    write_marks,
)

SCENE_BREAK = "* * *"
MAX_HEADING_LEVEL = 6


@dataclass(frozen=True, slots=True)
class CastBook:
    """A book with its cast.

    Attributes:
        text: the book; what the spans of the quotations count in. A book that is not text (EPUB,
            DOCX, PDF, HTML) is written as Markdown first.
        voices: by the name of a character, and the narrator's.
        is_plain: it is plain text, not Markdown.
    """

    text: str
    cast: BookCast
    voices: Mapping[str, str]
    is_plain: bool

    def correct(self, speakers: Mapping[int, str], voices: Mapping[str, str]) -> "CastBook":
        """The book with other speakers, by the number of a quotation, and other voices.

        Raises:
            BadOption: a quotation or a character does not exist.
        """
        numbers = {each.number for each in self.cast.quotations}
        for field, wrong in (
            ("speakers", [f"quotation {each}" for each in speakers if each not in numbers]),
            ("speakers", [each for each in speakers.values() if each not in self.voices]),
            ("voices", [each for each in voices if each not in self.voices]),
        ):
            if wrong:
                raise BadOption(f"{field}: the book has no {wrong[0]}.", field=field)
        cast = correct_speakers(self.cast, speakers)
        return replace(self, cast=cast, voices={**self.voices, **voices})

    def write_marks(self) -> str:
        """The book with its head and its marks, ready to be narrated."""
        return write_marks(self.text, self.cast, self.voices, is_plain=self.is_plain)

    def describe(self) -> dict[str, Any]:
        """Everything but the text, as JSON has it."""
        return {**describe_cast(self.cast, self.text), "voices": dict(self.voices)}


def write_document(document: Document) -> str:
    """A document as Markdown, without its annotations."""
    blocks = []
    for block in document.blocks:
        if block.kind is BlockKind.SCENE_BREAK:
            blocks.append(SCENE_BREAK)
        elif block.kind is BlockKind.HEADING:
            marks = "#" * max(1, min(block.level, MAX_HEADING_LEVEL))
            blocks.append(f"{marks} {block.text}")
        else:
            blocks.append(block.text)
    return "\n\n".join(blocks) + "\n"
