"""Lines at their places on pages to blocks: paragraphs, headings, verse, without footnotes.

A paragraph ends at a gap, at an indented line, or where the next word would have had room; a
heading is set larger than the text. Footnotes are set smaller, below it.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from mixer.lazy import compile_lazily
from mixer.script.document import SCENE_BREAK, Block, has_words, heading, paragraph
from mixer.script.readers.headings import ends_statement, is_counted_line
from mixer.script.readers.hyphenation import LineJoiner
from mixer.script.readers.marks import is_ornament
from mixer.script.readers.page_blocks import AnchoredBlock, build_verse, join_drop_cap
from mixer.script.readers.paragraph_lines import begins_like_verse
from mixer.script.readers.pdf_lines import (
    CAP_RATIO,
    LARGE_LETTER,
    Line,
    split_columns,
)
from mixer.script.readers.pdf_notes import (
    NOTE_LINE,
    drop_endnotes,
    drop_numbered_notes,
    drop_references,
    is_caption_between,
)
from mixer.script.readers.pdf_pages import (
    HEADING_RATIO,
    MIN_INDENT_RATIO,
    align_pages,
    count_lefts,
    find_columns,
    find_edge,
    find_indent,
    find_leading,
    find_left,
    find_right,
    find_size,
)

STRONG_RATIO = 1.05
"""Of a title's size to that of the text, where it is in bold type."""

NOTE_RATIO = 0.88
"""Of a letter's size to that of the text."""

PARAGRAPH_GAP_RATIO = 1.3
MAX_VERSE_SHARE, WORD_SLACK = 0.7, 1.2
"""Of the width of the text, which lines of verse are shorter than; of a word's to its estimate."""

MAX_TITLE_GAP_RATIO, LEADING_SLACK = 1.5, 1.05
"""Between the lines of a title, to its size; where the text is spaced wider, as that is."""

MIN_CENTRED_RATIO = 4
"""How far a title begins to the right of the text below it, to the size of the text."""

_BULLET = compile_lazily(r"^[•◦▪‣●○■\uf0a7\uf0b7]\s*(?=\S)")
_NUMBERED = compile_lazily(r"\(?(?:\d{1,2}|[a-z])[.)]\s+\S")
_ITEM = compile_lazily(rf"{_BULLET.pattern}|{_NUMBERED.pattern}")
_ENTRY_END = compile_lazily(r"(?:[.·_…]\s*+){4,}+\d{1,4}\s*+$")
ENTRY_END_CHARS = 40
"""Of a line of the contents."""


def build_blocks(pages: Sequence[Sequence[Line]]) -> Iterator[AnchoredBlock]:
    """The paragraphs, headings and verse of pages."""
    lines = [line for page in pages for line in page]
    if not lines:
        return
    align_pages(pages)
    layout = _PageLayout.measure(pages)
    joiner = LineJoiner("\n".join(line.text for line in lines))
    texts = [layout.drop_notes(page) for page in pages]
    groups = [group for page in texts for group in layout.group_lines(page)]
    joined = _join_drop_caps(_join_over_pages(groups, layout), layout)
    kept = drop_endnotes(joined)
    if sum(map(len, texts)) == len(lines):
        kept = drop_numbered_notes(kept)
    for group, following in zip_longest(kept, kept[1:]):
        is_strong = all(line.is_strong for line in group)
        is_strong |= following is not None and layout.is_centred(group, following)
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
    return build_verse(texts) if layout.is_verse(group) else [paragraph(text)]


def _join_drop_caps(groups: Sequence[list[Line]], layout: "_PageLayout") -> list[list[Line]]:
    """Put a letter that is set large before the paragraph that it begins."""
    kept: list[list[Line]] = []
    for group in groups:
        letter = kept[-1][0].text.strip() if kept and len(kept[-1]) == 1 else ""
        is_cap = LARGE_LETTER.fullmatch(letter) and kept[-1][0].size >= layout.size * CAP_RATIO
        is_cap = is_cap and kept[-1][0].y - group[0].y < kept[-1][0].size
        if is_cap and not layout.find_level(group):
            kept.pop()
            group[0].text = join_drop_cap(letter, group[0].text.lstrip())
        kept.append(group)
    return kept


def _join_over_pages(groups: list[list[Line]], layout: "_PageLayout") -> list[list[Line]]:
    """Paragraphs that a page's end divides are one: they stop inside a sentence.

    A caption that stands between the two is moved behind them.
    """
    joined: list[list[Line]] = []
    caption: list[list[Line]] = []
    for group in groups:
        last = joined[-1] if joined else None
        if last is not None and is_caption_between(last, group):
            caption.append(group)
            continue
        is_prose = last is not None and not layout.find_level(last) and not layout.find_level(group)
        if last is not None and is_prose and layout.goes_on(last[-1], group[0]):
            last += group
            joined += caption
        else:
            joined += [*caption, list(group)]
        caption = []
    return [*joined, *caption]


@dataclass(frozen=True, slots=True)
class _PageLayout:
    """How the text is set: its size, the distance of its lines, the edges of its columns."""

    size: float
    leading: float
    columns: Mapping[float, float]
    larger: tuple[float, ...]
    indent: int

    @classmethod
    def measure(cls, pages: Sequence[Sequence[Line]]) -> "_PageLayout":
        """Measure what most letters have."""
        lines = [line for page in pages for line in page]
        size = find_size(pages)
        sizes = {round(line.size, 1) for line in lines}
        gaps = [a.y - b.y for page in pages for a, b in pairwise(page) if 0 < a.y - b.y < 3 * size]
        plain = {round(line.size, 1) for line in lines if not line.is_strong}
        titled = {each for each in sizes - plain if each >= size * STRONG_RATIO}
        titled |= {each for each in sizes if each >= size * HEADING_RATIO}
        larger = sorted(titled, reverse=True)
        edges = find_columns(count_lefts(pages), size)
        columns = {
            left: find_edge([each for each in lines if find_left(edges, each) == left], size)
            for left in edges
        }
        indent = find_indent(lines, columns, size)
        return cls(size, find_leading(gaps, size), columns, tuple(larger), indent)

    def has_room(self, line: Line, following: Line, right: float = 0.0) -> bool:
        """Whether the next line's first word would fit before the edge, so that a line ended."""
        right = right or self.columns.get(find_left(self.columns, line), 0.0)
        width = (following.right - following.x) / max(len(following.text), 1)
        word = len(following.text.split(" ")[0]) + 1
        return line.right + word * width * WORD_SLACK < right

    def goes_on(self, last: Line, line: Line) -> bool:
        """Whether a paragraph goes on in a line, perhaps of the next page."""
        if _ENTRY_END.search(last.text[-ENTRY_END_CHARS:]) or is_counted_line(line.text):
            return False
        is_next_page = line.y > last.y
        is_full = not (last.is_strong or line.is_strong or self.has_room(last, line))
        if not ends_statement(last.text):
            is_lower = line.text.lstrip()[:1].islower()
            is_apart = not is_next_page and self._is_indented(last, line)
            return (is_lower and not is_apart) or (is_next_page and is_full)
        is_at_edge = any(abs(line.x - left) < 1 for left in self.columns)
        return is_next_page and self.indent > 0 and is_at_edge and is_full

    def is_short(self, line: Line) -> bool:
        """Whether a line is shorter than text is set."""
        left = find_left(self.columns, line)
        right = self.columns.get(left, line.right)
        return line.right - line.x <= MAX_VERSE_SHARE * (right - left)

    def is_centred(self, group: Sequence[Line], following: Sequence[Line]) -> bool:
        """Whether a line stands alone in the middle of a column, above text."""
        left = find_left(self.columns, group[0])
        right = self.columns.get(left, 0.0)
        is_apart = group[0].x - left > self.size * MIN_CENTRED_RATIO
        middle = abs(group[0].x - left - (right - group[0].right))
        is_above_text = following[0].x - left < self.size * MIN_CENTRED_RATIO
        return len(group) == 1 and is_apart and middle < self.size and is_above_text

    def is_verse(self, lines: Sequence[Line]) -> bool:
        """Whether lines are short on purpose: they begin like verse, or the next word would fit."""
        if len(lines) == 1 or not all(map(self.is_short, lines)):
            return False
        has_room = all(self.has_room(a, b) for a, b in pairwise(lines))
        return has_room or all(begins_like_verse(each.text) for each in lines)

    def find_level(self, group: Sequence[Line]) -> int:
        """The level of a heading, by the rank of its size; 0 for text."""
        size = round(min(line.size for line in group), 1)
        return min(self.larger.index(size) + 1, 6) if size in self.larger else 0

    def drop_notes(self, page: Sequence[Line]) -> list[Line]:
        """Drop footnotes: the last lines of a page, set smaller, of which the first has a mark.

        Those that are not smaller begin with a raised mark, to which the page refers.
        """
        references = set[str]()
        kept: list[Line] = []
        for column in split_columns(page):
            references |= {mark for line in column for mark in line.references}
            start = self._find_notes(column, references)
            drop_references(column[:start], column[start:])
            kept += column[:start]
        return kept

    def _find_notes(self, column: Sequence[Line], references: Set[str]) -> int:
        for number, line in enumerate(column):
            if line.note_mark and line.note_mark in references:
                return number
        start = len(column)
        while start and column[start - 1].size < self.size * NOTE_RATIO:
            start -= 1
        is_note = start < len(column) and NOTE_LINE.match(column[start].text) is not None
        return start if is_note else len(column)

    def group_lines(self, page: Sequence[Line]) -> Iterator[list[Line]]:
        """The paragraphs of a page."""
        group: list[Line] = []
        for index, line in enumerate(page):
            right = find_right(page, index - 1) if group else 0.0
            if group and self._starts_paragraph(group, line, right):
                yield group
                group = []
            group.append(line)
        if group:
            yield group

    def _starts_paragraph(self, group: Sequence[Line], line: Line, right: float) -> bool:
        last = group[-1]
        gap = last.y - line.y
        if self._continues_title(last, line):
            return False
        is_apart = gap > self.leading * PARAGRAPH_GAP_RATIO or gap < 0
        has_ended = ends_statement(last.text) and self.has_room(last, line, right)
        has_ended |= _ENTRY_END.search(last.text[-ENTRY_END_CHARS:]) is not None
        is_title = last.x - line.x > self.size * MIN_CENTRED_RATIO or self._ends_hanging(
            group, line
        )
        is_title |= last.is_strong and not line.is_strong and self.is_short(last)
        is_other = is_title or abs(line.size - last.size) > 1
        is_divided = last.text.endswith(("-", "‐")) and line.text[:1].islower()
        is_new = has_ended or is_other or (self._is_indented(last, line) and not is_divided)
        return is_apart or is_new

    def _ends_hanging(self, group: Sequence[Line], line: Line) -> bool:
        """Whether a line stands to the left of a paragraph that is all indented, and has ended."""
        is_even = len(group) > 1 and abs(group[-2].x - group[-1].x) < 1
        is_block = is_even or not self.indent
        return is_block and ends_statement(group[-1].text) and group[-1].x - line.x > line.size

    def _is_indented(self, last: Line, line: Line) -> bool:
        """Whether a line is set like the first of a paragraph, or of an item of a list."""
        left = find_left(self.columns, line)
        step, has_room = line.x - left, self.has_room(last, line)
        if not has_room and _ITEM.match(last.text) and not _ITEM.match(line.text):
            return False
        if line.x - last.x > self.size * MIN_INDENT_RATIO and step > 0:
            return True
        if abs(line.x - last.x) < 1 and ends_statement(last.text):
            return step > self.size * MIN_INDENT_RATIO
        is_first = self.indent > 0 and abs(step - self.indent) < 1
        is_numbered = _NUMBERED.match(line.text) is not None
        return _BULLET.match(line.text) is not None or (has_room and (is_first or is_numbered))

    def _continues_title(self, last: Line, line: Line) -> bool:
        """Whether a title that is set large goes on in the next line."""
        is_large = self.find_level([last]) == self.find_level([line]) > 0
        ratio = max(MAX_TITLE_GAP_RATIO, self.leading / self.size * LEADING_SLACK)
        is_close = 0 < last.y - line.y <= line.size * ratio
        return is_large and is_close and not is_counted_line(last.text)
