"""The contents of a read-aloud book: pages (XHTML) and their media overlays (SMIL). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

import regex

from mixer.script import collapse_whitespace


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
class ReadAloudMetadata:
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
    """Build the overlay that plays the sentences of a page."""
    lines = [
        f'<par id="p{clip.number}"><text src="{page_name}#{sentence_id(clip.number)}"/>'
        f'<audio src="{audio_name}" clipBegin="{format_clock(clip.begin_ms)}" '
        f'clipEnd="{format_clock(clip.end_ms)}"/></par>'
        for clip in clips
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


def sentence_id(number: int) -> str:
    """The id of a sentence's element."""
    return f"s{number}"


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
        parts.append(f'<span id="{sentence_id(number + step)}">{escape(text)}</span>')
        before = text
    return "".join(parts)
