"""Plain text to Document: paragraphs, headings and scene breaks recognised by their looks.

Plain text has no markup, so this follows the conventions of typists: a blank line between
paragraphs (or an indented first line, or one paragraph a line), a short line on its own for a
title, "Chapter IV" for a chapter, a line of asterisks for a change of scene.
"""

import regex

from mixer.script.document import (
    SCENE_BREAK,
    Block,
    Document,
    has_words,
    heading,
    join_lines,
    paragraph,
)
from mixer.script.readers.inline_tags import read_tagged_text

TITLE_CHARS = 80
"""A longer first line is prose."""

WRAPPED_LINE_CHARS = 90
"""Editors wrap before this; where longer lines end sentences, each line is a paragraph."""

_CHAPTER_WORDS = (
    "chapter|part|book|act|scene|canto|volume|kapitel|teil|buch|akt|chapitre|partie|livre|acte"
    "|cap[ií]tulo|cap[ií]tol|parte|libro|livro|capitolo|atto|hoofdstuk|deel|boek|kapittel|luku|kafli"
    "|rozdział|część|kapitola|část|capitolul|partea|bölüm|kısım|pennod|rhan|глава|часть|книга"
    "|अध्याय|भाग|الفصل|الجزء"
)
_STANDALONE_WORDS = (
    "prologue|epilogue|foreword|preface|introduction|afterword|prolog|epilog|vorwort|nachwort"
    "|prologo|prólogo|epílogo|epilogo|épilogue|avant-propos|пролог|эпилог"
)
_CHAPTER_LINE = regex.compile(
    rf"(?:(?:{_CHAPTER_WORDS})\s+(?:\d+|[ivxlcdm]+\b|\p{{L}}[\p{{L}}-]*)(?:\s*[.:–—-].*)?"
    rf"|(?:{_STANDALONE_WORDS})(?:\s*[.:–—-].*)?"
    r"|第\s*[\d一二三四五六七八九十百千〇零两]+\s*[章回部节節話话編编巻卷幕].*"
    r"|제\s*\d+\s*[장부화막].*)",
    regex.IGNORECASE,
)
_NUMBERED_TITLE = regex.compile(
    r"(?:chapter|kapitel|chapitre|cap[ií]tulo|capitolo|hoofdstuk|глава)\s+(?:\d+|[ivxlcdm]+)\s+.*",
    regex.IGNORECASE,
)
_SCENE_LINE = regex.compile(r"\s*+(?:[*＊•·~#=_–—-]\s*+)++|\s*+[§⁂❧❦]\s*+")
_CHAPTER_PUNCTUATION = (".", ":", "–", "—", "-")
_SENTENCE_END = regex.compile(r"""[.!?…。！？।॥؟۔,;:，；：][\p{Pf}\p{Pe}"'’”»]*$""")


def read_plain_text(text: str, name: str = "The text") -> Document:
    """Read a text by its looks, with its front matter and inline tags."""
    return read_tagged_text(text, name, read_plain_blocks, is_markdown=False)


def read_plain_blocks(text: str) -> tuple[Block, ...]:
    """Read a text without front matter, with LF as its only line break; keeps every word."""
    groups = _group_paragraph_lines(text.expandtabs(4))
    blocks = [_build_block(lines, is_first=index == 0) for index, lines in enumerate(groups)]
    return tuple(_drop_false_title(blocks))


def _group_paragraph_lines(text: str) -> list[list[str]]:
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    if "" not in lines and _has_paragraph_per_line(lines):
        return [[line] for line in lines]
    groups: list[list[str]] = [[]]
    for line in lines:
        if not line or _is_scene_break(line) or _is_indented_start(line, groups[-1]):
            groups.append([])
        if line:
            groups[-1].append(line)
        if _is_scene_break(line):
            groups.append([])
    return [part for group in groups if group for part in _split_long_lines(group)]


def _split_long_lines(lines: list[str]) -> list[list[str]]:
    """Split paragraphs that no blank line separates, though each fills a line."""
    is_long = any(len(line) > WRAPPED_LINE_CHARS for line in lines)
    if is_long and all(_SENTENCE_END.search(line) for line in lines):
        return [[line] for line in lines]
    return [lines]


def _has_paragraph_per_line(lines: list[str]) -> bool:
    """Whether only line breaks separate paragraphs: most lines end a sentence.

    Lines longer than an editor wraps decide, where there are any.
    """
    long = [line for line in lines if len(line) > WRAPPED_LINE_CHARS]
    decisive = long or lines
    ending_count = sum(1 for line in decisive if _SENTENCE_END.search(line))
    return ending_count * 4 >= len(decisive) * 3


def _is_indented_start(line: str, before: list[str]) -> bool:
    return bool(before) and line[0].isspace() and not before[-1][0].isspace()


def _is_scene_break(line: str) -> bool:
    return bool(line) and _SCENE_LINE.fullmatch(line) is not None


def _build_block(lines: list[str], *, is_first: bool) -> Block:
    text = join_lines(lines)
    if len(lines) > 1:
        return _detect_chapter_heading(lines) or paragraph(text)
    if _is_scene_break(text):
        return SCENE_BREAK
    return _detect_heading(text, is_first=is_first) or paragraph(text)


def _detect_heading(text: str, *, is_first: bool) -> Block | None:
    if len(text) > TITLE_CHARS:
        return None
    if _CHAPTER_LINE.fullmatch(text):
        return heading(text, 2)
    if _SENTENCE_END.search(text):
        return None
    if _is_all_caps(text) or _NUMBERED_TITLE.fullmatch(text):
        return heading(text, 2)
    return heading(text, 1) if is_first and has_words(text) else None


def _detect_chapter_heading(lines: list[str]) -> Block | None:
    """A heading of several lines: "CHAPTER IV", and below it the chapter's name."""
    number, *title = map(str.strip, lines)
    is_prose = sum(map(len, lines)) > TITLE_CHARS or any(map(_SENTENCE_END.search, title))
    if is_prose or not _CHAPTER_LINE.fullmatch(number):
        return None
    glue = " " if number.endswith(_CHAPTER_PUNCTUATION) else ": "
    return heading(number + glue + join_lines(title), 2)


def _is_all_caps(text: str) -> bool:
    return text.isupper() and len(text.split()) > 1


def _drop_false_title(blocks: list[Block]) -> list[Block]:
    """Treat a text of one short line as a sentence, not as a title."""
    if len(blocks) == 1 and blocks[0].level == 1:
        return [paragraph(blocks[0].text)]
    return blocks
