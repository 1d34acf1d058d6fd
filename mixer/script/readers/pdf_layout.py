"""Letters at their places on pages to blocks: lines, paragraphs, headings, without running heads.

A line consists of letters of one height, a paragraph ends at a gap or an indented line, a
heading is set larger than the text. Running heads and page numbers recur at the edges of pages;
footnotes are set smaller, below the text.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mixer.lazy import compile_lazily
from mixer.script.document import SCENE_BREAK, Block, has_words, heading, paragraph
from mixer.script.readers.headings import ends_statement, is_counted_line
from mixer.script.readers.hyphenation import LineJoiner
from mixer.script.readers.marks import is_ornament, is_page_number
from mixer.script.readers.page_blocks import AnchoredBlock, build_verse
from mixer.script.readers.paragraph_lines import begins_like_verse
from mixer.script.readers.pdf_lines import CAP_RATIO, LARGE_LETTER, Line, drop_references

HEADING_RATIO, NOTE_RATIO = 1.15, 0.88
"""Of a letter's size to that of the text."""

EDGE_LINES = 2
"""At the top and bottom of a page, where running heads and page numbers are."""

MIN_HEAD_REPEATS = 2
MIN_COUNTED = 3
"""Of heads with a number that counts with the pages."""

_HEAD_NUMBER = compile_lazily(r"(?P<left>\d{1,4})(?:\s+\D.{0,80})?|.{0,80}\D\s+(?P<right>\d{1,4})")
PARAGRAPH_GAP_RATIO = 1.3
MIN_INDENT_RATIO = 0.8
MIN_LEADING_RATIO = 0.9
MAX_VERSE_SHARE, MIN_ROOM_SHARE = 0.7, 0.85
"""Of the width of the text: lines of verse are shorter, with room for the next word."""

MIN_CENTRED_RATIO = 4
"""How far a title begins to the right of the text below it, to the size of the text."""

MIN_COLUMN_SHARE, MIN_COLUMN_RATIO = 0.1, 6
"""Of the letters that begin at a column's edge; of its width to the size of the text."""

_BULLET = compile_lazily(r"^[•◦▪‣●○■]\s*(?=\S)")
_RETURN_ARROW = compile_lazily(r"[↩⏎↑]\ufe0e?\s*$")
MAX_NOTE_GROUPS = 5
_DIGITS = compile_lazily(r"\d+")
_NOTE_LINE = compile_lazily(r"\s*(?:\[?\d{1,3}\]?[.)]?|[*†‡])\s*\S")


def drop_running_heads(pages: list[list[Line]]) -> list[list[Line]]:
    """Drop lines at the edges of pages that recur, or are page numbers."""
    places = Counter(head for page in pages for head in set(map(_fold_head, _find_edges(page))))
    steps = Counter(step for n, page in enumerate(pages) for step in _list_steps(n, page))
    lone = Counter(
        int(line.text) - n
        for n, page in enumerate(pages)
        for line in _find_edges(page)
        if line.text.strip().isdecimal()
    )
    is_uncounted = len(lone) >= MIN_COUNTED and max(lone.values()) == 1
    title_size = _find_size(pages) * HEADING_RATIO
    are_below = _count_below(pages)

    def is_running_head(line: Line, number: int) -> bool:
        if is_page_number(line.text):
            return not is_uncounted and not (are_below and _is_above(line, pages[number]))
        if line.size >= title_size and is_counted_line(line.text):
            return False
        is_counted = any(steps[step] >= MIN_COUNTED for step in _list_steps(number, [line]))
        return is_counted or places[_fold_head(line)] >= MIN_HEAD_REPEATS

    return [_drop_edges(page, number, is_running_head) for number, page in enumerate(pages)]


def _drop_edges(
    page: Sequence[Line], number: int, is_running_head: Callable[[Line, int], bool]
) -> list[Line]:
    dropped = [each for each in _find_edges(page) if is_running_head(each, number)]
    return [each for each in page if not any(each is edge for edge in dropped)]


def _count_below(pages: Sequence[Sequence[Line]]) -> bool:
    """Whether pages have their numbers at the foot; then a number above the text is a chapter's."""
    numbered = [page for page in pages if any(is_page_number(each.text) for each in page)]
    below = [
        page
        for page in numbered
        if any(is_page_number(each.text) and not _is_above(each, page) for each in page)
    ]
    return len(below) > MIN_HEAD_REPEATS and len(below) * 2 > len(pages)


def _is_above(line: Line, page: Sequence[Line]) -> bool:
    heights = [each.y for each in page]
    return line.y > (max(heights) + min(heights)) / 2


def _list_steps(number: int, lines: Sequence[Line]) -> set[int]:
    """How far the numbers in the heads of a page are from the page's own number."""
    found = (_HEAD_NUMBER.fullmatch(line.text.strip()) for line in _find_edges(lines))
    return {int(match["left"] or match["right"]) - number for match in found if match}


def _find_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size of most letters."""
    sizes = Counter[float]()
    for page in pages:
        for line in page:
            sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _find_edges(page: Sequence[Line]) -> list[Line]:
    ordered = sorted(page, key=lambda line: -line.y)
    return [*ordered[:EDGE_LINES], *ordered[EDGE_LINES:][-EDGE_LINES:]]


def _fold_head(line: Line) -> tuple[str, int]:
    """A head without its page number, and its size, in which a title differs."""
    return _DIGITS.sub("#", "".join(line.text.split()).casefold()), round(line.size)


def build_blocks(pages: Sequence[Sequence[Line]]) -> Iterator[AnchoredBlock]:
    """The paragraphs, headings and verse of pages."""
    lines = [line for page in pages for line in page]
    if not lines:
        return
    layout = _PageLayout.measure(pages)
    joiner = LineJoiner("\n".join(line.text for line in lines))
    groups = [group for page in pages for group in layout.group_lines(layout.drop_notes(page))]
    joined = _join_drop_caps(_join_over_pages(groups, layout), layout)
    for group in _drop_endnotes(joined):
        is_strong = all(line.is_strong for line in group)
        for block in _read_group(group, layout, joiner):
            yield AnchoredBlock(block, frozenset(), is_strong=is_strong)


def _read_group(
    group: Sequence[Line], layout: "_PageLayout", joiner: LineJoiner
) -> Sequence[Block]:
    """A paragraph, a heading or lines of verse; none without words."""
    texts = [_BULLET.sub("", " ".join(line.text.split())) for line in group]
    text = joiner.join(texts)
    level = layout.find_level(group)
    if is_ornament(text):
        return [SCENE_BREAK]
    if not has_words(text):
        return []
    if level:
        return [heading(text, level)]
    return build_verse(texts) if layout.is_verse(texts) else [paragraph(text)]


def _join_drop_caps(groups: Sequence[list[Line]], layout: "_PageLayout") -> list[list[Line]]:
    """Put a letter that is set large before the paragraph that it begins."""
    kept: list[list[Line]] = []
    for group in groups:
        letter = kept[-1][0].text.strip() if kept and len(kept[-1]) == 1 else ""
        is_cap = LARGE_LETTER.fullmatch(letter) and kept[-1][0].size >= layout.size * CAP_RATIO
        if is_cap and not layout.find_level(group):
            kept.pop()
            group[0].text = letter + group[0].text.lstrip()
        kept.append(group)
    return kept


def _drop_endnotes(groups: Sequence[list[Line]]) -> list[list[Line]]:
    """Drop notes at the end of a text that was a page of the web: each ends with an arrow back."""
    kept: list[list[Line]] = []
    for group in groups:
        kept.append(group)
        if _RETURN_ARROW.search(group[-1].text):
            start = len(kept) - 1
            while start > 0 and start > len(kept) - MAX_NOTE_GROUPS:
                if _NOTE_LINE.match(kept[start][0].text):
                    break
                start -= 1
            is_note = _NOTE_LINE.match(kept[start][0].text) is not None
            del kept[start if is_note else len(kept) - 1 :]
    return kept


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


def _find_leading(gaps: Sequence[float], size: float) -> float:
    """The distance of lines in a paragraph: the least that is usual, since others are wider."""
    usual = Counter(round(gap * 2) / 2 for gap in gaps if gap >= size * MIN_LEADING_RATIO)
    return min((gap for gap, count in usual.items() if count > len(gaps) // 20), default=size)


def _find_columns(lefts: Mapping[float, int], size: float) -> tuple[float, ...]:
    """The left edges of columns: where many lines begin, and none shortly before."""
    least = sum(lefts.values()) * MIN_COLUMN_SHARE
    edges = list[float]()
    for left in sorted(each for each, chars in lefts.items() if chars >= least):
        if not edges or left - edges[-1] > size * MIN_COLUMN_RATIO:
            edges.append(left)
    return tuple(edges)


@dataclass(frozen=True, slots=True)
class _PageLayout:
    """How the text is set: its size, the distance of its lines, the left edges of its columns."""

    size: float
    leading: float
    lefts: tuple[float, ...]
    line_chars: int
    larger: tuple[float, ...]

    @classmethod
    def measure(cls, pages: Sequence[Sequence[Line]]) -> "_PageLayout":
        """Measure what most letters have."""
        lines = [line for page in pages for line in page]
        sizes, lefts = Counter[float](), Counter[float]()
        for line in lines:
            sizes[round(line.size, 1)] += len(line.text)
            lefts[round(line.x)] += len(line.text)
        size = _find_size(pages)
        gaps = [a.y - b.y for page in pages for a, b in pairwise(page) if 0 < a.y - b.y < 3 * size]
        longest = max(len(line.text) for line in lines if abs(line.size - size) < 1)
        larger = sorted((each for each in sizes if each >= size * HEADING_RATIO), reverse=True)
        edges = _find_columns(lefts, size)
        return cls(size, _find_leading(gaps, size), edges, longest, tuple(larger))

    @property
    def verse_chars(self) -> int:
        """The length of the longest line of verse."""
        return int(self.line_chars * MAX_VERSE_SHARE)

    def is_verse(self, texts: Sequence[str]) -> bool:
        """Whether lines are short on purpose: they begin like verse, or the next word would fit."""
        if len(texts) == 1 or any(len(each) > self.verse_chars for each in texts):
            return False
        room = self.line_chars * MIN_ROOM_SHARE
        has_room = all(len(a) + 1 + len(b.split(" ")[0]) <= room for a, b in pairwise(texts))
        return has_room or all(map(begins_like_verse, texts))

    def find_level(self, group: Sequence[Line]) -> int:
        """The level of a heading, by the rank of its size; 0 for text."""
        size = round(min(line.size for line in group), 1)
        return min(self.larger.index(size) + 1, 6) if size in self.larger else 0

    def drop_notes(self, page: Sequence[Line]) -> list[Line]:
        """Drop footnotes: the last lines of a page, set smaller, of which the first has a mark.

        Those that are not smaller begin with a raised mark, to which the page refers.
        """
        references = set[str]()
        for number, line in enumerate(page):
            if line.note_mark and line.note_mark in references:
                return list(page[:number])
            references |= line.references
        start = len(page)
        while start and page[start - 1].size < self.size * NOTE_RATIO:
            start -= 1
        is_note = start < len(page) and _NOTE_LINE.match(page[start].text) is not None
        if is_note:
            drop_references(page[:start], page[start:])
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
        has_ended = ends_statement(last.text) and len(last.text) < self.verse_chars
        left = max((each for each in self.lefts if each < line.x + 1), default=line.x)
        is_indented = line.x - last.x > self.size * MIN_INDENT_RATIO and line.x > left
        is_next = abs(line.x - last.x) < 1 and ends_statement(last.text)
        is_indented |= is_next and self.size * MIN_INDENT_RATIO < line.x - left
        is_title = last.x - line.x > self.size * MIN_CENTRED_RATIO
        is_title |= last.is_strong and not line.is_strong and len(last.text) < self.verse_chars
        is_other = is_title or abs(line.size - last.size) > 1
        return is_apart or is_indented or has_ended or is_other
