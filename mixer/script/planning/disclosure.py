"""A spoken line that says that the voice is synthetic, at the start or the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mixer.errors import BadOption
from mixer.script.document import Block, BlockKind, paragraph
from mixer.script.normalise import load_language


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The line, and where it is spoken."""

    place: Literal["start", "end"]
    line: str


def build_disclosure(
    place: Literal["none", "start", "end"], line: str, language: str
) -> Disclosure | None:
    """Build the line in a BCP 47 language, unless its words are given; None for none.

    Raises:
        BadOption: there is no line in the language.
    """
    if place == "none":
        return None
    words = line or load_language(language).phrase("disclosure.line")
    if not words:
        raise BadOption(
            f"disclose: Mixer has no line in the language {language}; set its words with the "
            "option disclosure.",
            field="disclose",
        )
    return Disclosure(place, words)


def add_disclosure(
    parts: Sequence[tuple[str, list[Block]]], disclosure: Disclosure
) -> list[tuple[str, list[Block]]]:
    """Add the line to the chapters that are spoken: after the first headings, or at the end."""
    at = 0 if disclosure.place == "start" else len(parts) - 1
    title, blocks = parts[at]
    spoken = (n for n, each in enumerate(blocks) if each.kind is not BlockKind.HEADING)
    index = next(spoken, len(blocks)) if disclosure.place == "start" else len(blocks)
    changed = (title, [*blocks[:index], paragraph(disclosure.line), *blocks[index:]])
    return [*parts[:at], changed, *parts[at + 1 :]]
