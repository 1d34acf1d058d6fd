"""Letters at their places on pages to blocks: lines, paragraphs, headings, without running heads.

A line consists of letters of one height, a paragraph ends at a gap or an indented line, a
heading is set larger than the text. Running heads and page numbers recur at the edges of pages;
footnotes are set smaller, below the text.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from mixer.script.document import SCENE_BREAK, Block, has_words, heading, paragraph
from mixer.script.readers.headings import ends_statement
from mixer.script.readers.hyphenation import LineJoiner
from mixer.script.readers.marks import is_ornament, is_page_number
from mixer.script.readers.page_blocks import build_verse

HEADING_RATIO, NOTE_RATIO, RAISED_RATIO = 1.15, 0.88, 0.86
"""Of a letter's size to that of the text."""

EDGE_LINES = 2
"""At the top and bottom of a page, where running heads and page numbers are."""

MIN_HEAD_REPEATS = 2
PARAGRAPH_GAP_RATIO = 1.3
MIN_INDENT_RATIO = 0.8
MAX_VERSE_SHARE = 0.7
"""Of the width of the text: lines of verse are shorter."""

_DIGITS = regex.compile(r"\d+")
_NOTE_LINE = regex.compile(r"\s*(?:\[?\d{1,3}\]?[.)]?|[*†‡])\s*\S")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of text at its place, in points; `y` is measured upwards."""

    text: str
    x: float
    y: float
    size: float


@dataclass(slots=True)
class Line:
    """A line of a page; `y` is measured upwards, in points like all lengths."""

    text: str
    x: float
    y: float
    size: float


def build_lines(fragments: Sequence[Fragment]) -> list[Line]:
    """The lines of a page from top to bottom, in the order of its text."""
    sizes = Counter[float]()
    for each in fragments:
        sizes[round(each.size, 1)] += len(each.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    lines: list[Line] = []
    for each in fragments:
        last = lines[-1] if lines else None
        if last is None or abs(each.y - last.y) > max(each.size, last.size) * 0.6:
            lines.append(Line(each.text, each.x, each.y, each.size))
        elif not (each.size < body * RAISED_RATIO and is_page_number(each.text)):
            last.text += each.text
            last.size = max(last.size, each.size)
    return lines


def drop_running_heads(pages: list[list[Line]]) -> list[list[Line]]:
    """Drop lines at the edges of pages that recur, or are page numbers."""
    places = Counter(head for page in pages for head in set(map(_fold_head, _find_edges(page))))
    kept = []
    for page in pages:
        edges = [
            line
            for line in _find_edges(page)
            if is_page_number(line.text) or places[_fold_head(line)] >= MIN_HEAD_REPEATS
        ]
        kept.append([line for line in page if not any(line is edge for edge in edges)])
    return kept


def _find_edges(page: Sequence[Line]) -> list[Line]:
    ordered = sorted(page, key=lambda line: -line.y)
    return [*ordered[:EDGE_LINES], *ordered[EDGE_LINES:][-EDGE_LINES:]]


def _fold_head(line: Line) -> tuple[str, int]:
    """A head without its page number, and its size, in which a title differs."""
    return _DIGITS.sub("#", "".join(line.text.split()).casefold()), round(line.size)


def build_blocks(pages: Sequence[Sequence[Line]]) -> Iterator[Block]:
    """The paragraphs, headings and verse of pages."""
    lines = [line for page in pages for line in page]
    if not lines:
        return
    layout = _PageLayout.measure(pages)
    joiner = LineJoiner("\n".join(line.text for line in lines))
    groups = [group for page in pages for group in layout.group_lines(layout.drop_notes(page))]
    for group in _join_over_pages(groups, layout):
        texts = [" ".join(line.text.split()) for line in group]
        text = joiner.join(texts)
        level = layout.find_level(group)
        if is_ornament(text):
            yield SCENE_BREAK
        elif not has_words(text):
            continue
        elif level:
            yield heading(text, level)
        elif len(group) > 1 and all(len(each) <= layout.verse_chars for each in texts):
            yield from build_verse(texts)
        else:
            yield paragraph(text)


def _join_over_pages(groups: list[list[Line]], layout: "_PageLayout") -> list[list[Line]]:
    """Paragraphs that a page's end divides are one: they stop inside a sentence."""
    joined: list[list[Line]] = []
    for group in groups:
        last = joined[-1] if joined else None
        is_prose = last is not None and not layout.find_level(last) and not layout.find_level(group)
        starts_low = group[0].text.lstrip()[:1].islower()
        if last is not None and is_prose and starts_low and not ends_statement(last[-1].text):
            last += group
        else:
            joined.append(list(group))
    return joined


@dataclass(frozen=True, slots=True)
class _PageLayout:
    """How the text is set: its size, the distance of its lines, its left edge, larger sizes."""

    size: float
    leading: float
    left: float
    verse_chars: int
    larger: tuple[float, ...]

    @classmethod
    def measure(cls, pages: Sequence[Sequence[Line]]) -> "_PageLayout":
        """Measure what most letters have."""
        lines = [line for page in pages for line in page]
        sizes, lefts = Counter[float](), Counter[float]()
        for line in lines:
            sizes[round(line.size, 1)] += len(line.text)
            lefts[round(line.x)] += 1
        size = sizes.most_common(1)[0][0]
        gaps = [a.y - b.y for page in pages for a, b in pairwise(page) if 0 < a.y - b.y < 3 * size]
        longest = max(len(line.text) for line in lines if abs(line.size - size) < 1)
        larger = sorted((each for each in sizes if each >= size * HEADING_RATIO), reverse=True)
        left = lefts.most_common(1)[0][0]
        leading = sorted(gaps)[len(gaps) // 3] if gaps else size
        return cls(size, leading, left, int(longest * MAX_VERSE_SHARE), tuple(larger))

    def find_level(self, group: Sequence[Line]) -> int:
        """The level of a heading, by the rank of its size; 0 for text."""
        size = round(min(line.size for line in group), 1)
        return min(self.larger.index(size) + 1, 6) if size in self.larger else 0

    def drop_notes(self, page: Sequence[Line]) -> list[Line]:
        """Drop footnotes: the last lines of a page, set smaller, of which the first has a mark."""
        start = len(page)
        while start and page[start - 1].size < self.size * NOTE_RATIO:
            start -= 1
        is_note = start < len(page) and _NOTE_LINE.match(page[start].text) is not None
        return list(page[:start] if is_note else page)

    def group_lines(self, page: Sequence[Line]) -> Iterator[list[Line]]:
        """The paragraphs of a page."""
        group: list[Line] = []
        for line in page:
            if group and self._starts_paragraph(group[-1], line):
                yield group
                group = []
            group.append(line)
        if group:
            yield group

    def _starts_paragraph(self, last: Line, line: Line) -> bool:
        gap = last.y - line.y
        is_apart = gap > self.leading * PARAGRAPH_GAP_RATIO or gap < 0
        is_indented = line.x - last.x > self.size * MIN_INDENT_RATIO and line.x > self.left
        return is_apart or is_indented or abs(line.size - last.size) > 1
