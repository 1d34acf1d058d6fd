"""The contents of a read-aloud book: pages (XHTML) and their media overlays (SMIL). Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby, pairwise
from typing import TypeVar
from xml.sax.saxutils import escape, quoteattr

import regex

from mixer.script import collapse_whitespace

Part = TypeVar("Part")


class BlockShape(StrEnum):
    """How a block looks."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    SCENE_BREAK = "scene break"


@dataclass(frozen=True, slots=True)
class BookSentence:
    """A sentence as written; its start in the chapter's own audio is None if it is not spoken.

    Attributes:
        words: (first character, start in seconds) of words that are highlighted one by one.
    """

    text: str
    start_s: float | None
    words: tuple[tuple[int, float], ...] = ()


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
class ReadAloudMetadata:
    """Metadata of a book: language is a BCP 47 tag, identifier a URN, cover a JPEG.

    Several authors are separated by commas.
    """

    title: str
    language: str
    identifier: str
    modified: datetime
    author: str = ""
    narrator: str = ""
    description: str = ""
    publisher: str = ""
    isbn: str = ""
    year: str = ""
    genre: str = ""
    series: str = ""
    series_part: str = ""
    cover: bytes = b""
    is_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class OverlayClip:
    """A sentence, by its number in the page from 0 on, or a word of it; its part of the audio."""

    number: int
    begin_ms: int
    end_ms: int
    word: int | None = None

    @property
    def element_id(self) -> str:
        """The id of the element that it highlights."""
        return sentence_id(self.number) if self.word is None else word_id(self.number, self.word)


def build_clips(page: BookPage) -> tuple[OverlayClip, ...]:
    """Build clips of the spoken sentences that cover all audio: readers skip gaps between clips."""
    return tuple(
        OverlayClip(number, begin_ms, end_ms, word)
        for (number, word), begin_ms, end_ms in cover_audio(_list_starts(page), page.duration_s)
    )


def cover_audio(
    starts: Iterable[tuple[Part, float]], duration_s: float
) -> Iterator[tuple[Part, int, int]]:
    """The begin and end of each part, in milliseconds, so that together they cover all audio."""
    end_ms = round(duration_s * 1000)
    kept: list[tuple[Part, int]] = []
    for part, start_s in starts:
        at_ms = round(start_s * 1000) if kept else 0
        if not kept or kept[-1][1] < at_ms < end_ms:
            kept.append((part, at_ms))
    ends_ms = [*(at_ms for _, at_ms in kept[1:]), end_ms]
    for (part, begin_ms), next_ms in zip(kept, ends_ms, strict=False):
        yield part, begin_ms, next_ms


def _list_starts(page: BookPage) -> Iterator[tuple[tuple[int, int | None], float]]:
    for number, sentence in enumerate(page.sentences):
        if sentence.words:
            for word, (_, start_s) in enumerate(sentence.words):
                yield (number, word), start_s
        elif sentence.start_s is not None:
            yield (number, None), sentence.start_s


RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
"""Languages written from right to left."""

XML = '<?xml version="1.0" encoding="utf-8"?>'
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}，。！？、；：「」『』（）…]")


def text_direction(language: str) -> str:
    """The direction of a language's script: `rtl` or `ltr`."""
    first = language.replace("_", "-").partition("-")[0].lower()
    return "rtl" if first in RIGHT_TO_LEFT else "ltr"


def build_html(language: str, title: str, body: str, attributes: str = "") -> str:
    """Build a whole page."""
    tag = quoteattr(language)
    return (
        f"{XML}\n<!DOCTYPE html>\n"
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
        f'xml:lang={tag} lang={tag} dir="{text_direction(language)}">\n'
        f"<head><title>{escape_text(title)}</title>"
        '<link rel="stylesheet" type="text/css" href="style.css"/></head>\n'
        f"<body{attributes}>\n{body}\n</body>\n</html>\n"
    )


def build_page(page: BookPage, language: str) -> str:
    """Build a chapter's page; each sentence is an element with an id."""
    lines = list(_format_blocks(page))
    body = "\n".join(['<section epub:type="chapter" role="doc-chapter">', *lines, "</section>"])
    return build_html(language, page.title, body)


def build_overlay(page_name: str, audio_name: str, clips: tuple[OverlayClip, ...]) -> str:
    """Build the overlay that plays a page; the words of a sentence are one sequence."""
    lines = [
        line
        for number, group in groupby(clips, key=lambda clip: clip.number)
        for line in _format_group(page_name, audio_name, number, list(group))
    ]
    return "\n".join(
        [
            XML,
            '<smil xmlns="http://www.w3.org/ns/SMIL" version="3.0"',
            'xmlns:epub="http://www.idpf.org/2007/ops">',
            f'<body><seq id="chapter" epub:textref="{page_name}" epub:type="chapter">',
            *lines,
            "</seq></body>",
            "</smil>",
            "",
        ]
    )


def _format_group(
    page_name: str, audio_name: str, number: int, clips: Sequence[OverlayClip]
) -> Iterator[str]:
    is_sequence = clips[0].word is not None
    if is_sequence:
        yield f'<seq id="q{number}" epub:textref="{page_name}#{sentence_id(number)}">'
    for clip in clips:
        yield (
            f'<par id="p{clip.element_id[1:]}"><text src="{page_name}#{clip.element_id}"/>'
            f'<audio src="{audio_name}" clipBegin="{format_clock(clip.begin_ms)}" '
            f'clipEnd="{format_clock(clip.end_ms)}"/></par>'
        )
    if is_sequence:
        yield "</seq>"


def sentence_id(number: int) -> str:
    """The id of a sentence's element."""
    return f"s{number}"


def word_id(sentence: int, word: int) -> str:
    """The id of a word's element."""
    return f"{sentence_id(sentence)}w{word}"


def format_clock(time_ms: int) -> str:
    """Format a time as SMIL's full clock value."""
    seconds, ms = divmod(time_ms, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}.{ms:03}"


def escape_text(text: str) -> str:
    """Escape a text for XML, with its white space collapsed."""
    return escape(collapse_whitespace(text))


def _format_blocks(page: BookPage) -> Iterator[str]:
    """Format the lines of a page; it always begins with the chapter's heading."""
    number, level = 0, 1
    if not any(block.shape is BlockShape.HEADING for block in page.blocks[:1]):
        yield f"<h1>{escape_text(page.title)}</h1>"
        level = 2
    for block in page.blocks:
        if block.shape is BlockShape.SCENE_BREAK:
            yield "<hr/>"
            continue
        tag = f"h{level}" if block.shape is BlockShape.HEADING else "p"
        level = 2
        yield f"<{tag}>{_format_sentences(block, number)}</{tag}>"
        number += len(block.sentences)


def _format_sentences(block: BookBlock, number: int) -> str:
    parts: list[str] = []
    before = ""
    for step, sentence in enumerate(block.sentences):
        text = collapse_whitespace(sentence.text)
        if before and not (_UNSPACED.match(before[-1]) and _UNSPACED.match(text[:1])):
            parts.append(" ")
        content = _format_words(sentence, number + step) or escape(text)
        parts.append(f'<span id="{sentence_id(number + step)}">{content}</span>')
        before = text
    return "".join(parts)


def _format_words(sentence: BookSentence, number: int) -> str:
    """The words of a sentence, each in an element of its own; empty without words."""
    chars = [char for char, _ in sentence.words]
    parts = []
    for word, (begin, end) in enumerate(pairwise([*chars, len(sentence.text)])):
        piece = sentence.text[0 if word == 0 else begin : end]
        shown = collapse_whitespace(piece)
        space = " " if end < len(sentence.text) and piece != piece.rstrip() else ""
        parts.append(f'<span id="{word_id(number, word)}">{escape(shown)}</span>{space}')
    return "".join(parts)
