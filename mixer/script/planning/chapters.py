"""The chapters of a document: where they begin, which are planned, what is spoken of them. Pure.

A spoken line that says that the voice is synthetic may be added at the start or the end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, TypeVar

from mixer.errors import BadOption
from mixer.script.document import Block, BlockKind, Document, collapse_whitespace, paragraph
from mixer.script.normalise import load_language
from mixer.script.planning.utterances import ends_sentence, is_speakable
from mixer.script.script import BreakKind

PartT = TypeVar("PartT")

MAX_LINES_ABOVE_TITLE, MAX_TITLE_PAGE_CHARS = 6, 80


def split_chapters(document: Document, language: str) -> tuple[str, list[tuple[str, list[Block]]]]:
    """The title, and the blocks of each chapter with its name; a chapter opens at a heading."""
    blocks = [block for block in document.blocks if _has_content(block, language)]
    headings = [block for block in blocks if block.kind is BlockKind.HEADING]
    title = _find_title(headings, blocks, document.title)
    level = min((block.level for block in headings if block is not title), default=0)
    parts: list[tuple[str, list[Block]]] = [(title.text if title else "", [])]
    for block in blocks:
        if block.kind is BlockKind.HEADING and block.level == level and block is not title:
            parts.append((block.text, []))
        parts[-1][1].append(block)
    story_title = collapse_whitespace(document.title) or (title.text if title else "")
    return story_title, _merge_opening(parts)


def _has_content(block: Block, language: str) -> bool:
    return block.kind is BlockKind.SCENE_BREAK or is_speakable(block.text, language)


def _find_title(headings: Sequence[Block], blocks: Sequence[Block], stated: str) -> Block | None:
    """The story's own title: a first block that is the only heading of the highest level.

    Of a title that the document states, a few lines may stand above it, such as the author's name.
    """
    if not headings:
        return None
    first = headings[0]
    above = list(takewhile(lambda block: block is not first, blocks[: MAX_LINES_ABOVE_TITLE + 1]))
    is_stated = first.text.casefold() == collapse_whitespace(stated).casefold()
    if len(above) > MAX_LINES_ABOVE_TITLE * is_stated or not all(map(_is_line, above)):
        return None
    is_only = all(block.level > first.level for block in headings[1:])
    return first if is_only else None


def _is_line(block: Block) -> bool:
    return len(block.text) <= MAX_TITLE_PAGE_CHARS


def _merge_opening(parts: list[tuple[str, list[Block]]]) -> list[tuple[str, list[Block]]]:
    """Drop chapters without words; a title without text of its own opens the first chapter."""
    audible = [(name, blocks) for name, blocks in parts if any(map(_is_audible, blocks))]
    opening_only = len(audible) > 1 and all(
        block.kind is not BlockKind.PARAGRAPH for block in audible[0][1]
    )
    if opening_only and audible[0][1] is parts[0][1]:
        (_, opening), (name, blocks), *rest = audible
        return [(name, opening + blocks), *rest]
    return audible


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
            range_text = f"1 to {count}" if count > 1 else "only one"
            raise BadOption(
                f"chapters: “{part.strip()}” is not among the chapters of this text, which has "
                f"{range_text}; mixer plan lists them.",
                field="chapters",
            )
        yield from range(start, end + 1)


def iter_spoken_blocks(blocks: Sequence[Block]) -> Iterator[tuple[Block, BreakKind]]:
    """The audible blocks of a chapter, and how each ends."""
    audible = [index for index, block in enumerate(blocks) if _is_audible(block)]
    for index in audible:
        is_last = index == audible[-1]
        yield blocks[index], BreakKind.CHAPTER if is_last else _detect_block_ending(blocks, index)


def _is_audible(block: Block) -> bool:
    return bool(block.text) and not block.is_silent


def _detect_block_ending(blocks: Sequence[Block], index: int) -> BreakKind:
    if blocks[index].kind is BlockKind.HEADING:
        return BreakKind.HEADING
    if blocks[index + 1].kind is BlockKind.SCENE_BREAK:
        return BreakKind.SCENE
    if not blocks[index].continues:
        return BreakKind.PARAGRAPH
    return BreakKind.SENTENCE if ends_sentence(blocks[index].text) else BreakKind.CLAUSE


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A line that says that the voice is synthetic, and where it is spoken."""

    place: Literal["start", "end"]
    line: str


def build_disclosure(
    place: Literal["none", "start", "end"], line: str, language: str
) -> Disclosure | None:
    """Build the line in a BCP 47 language, unless its words are given; None for none.

    Raises:
        BadOption: the language has no line.
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
