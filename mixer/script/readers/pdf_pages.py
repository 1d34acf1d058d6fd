"""Pages of a PDF: the letters of their text, their columns, what recurs at their edges."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

from mixer.lazy import compile_lazily
from mixer.script.document import has_words
from mixer.script.readers.headings import ends_statement, is_counted_line
from mixer.script.readers.marks import is_contents_title, is_page_number
from mixer.script.readers.package_xml import parse_count
from mixer.script.readers.pdf_lines import Line

HEADING_RATIO, SMALL_RATIO = 1.15, 0.95
"""Of a letter's size to that of the text."""

EDGE_LINES = 2
"""At the top and bottom of a page, where running heads and page numbers are."""

MIN_HEAD_REPEATS = 2
MIN_COUNTED, PAGES_PER_HEAD = 3, 5
"""Of heads with a number that counts with the pages."""

_HEAD_NUMBER = compile_lazily(
    r"(?P<left>\d{1,4})(?:\s+\D.{0,80})?|.{0,80}?\D\s+(?P<right>\d{1,4})"
    r"(?:\s*(?:of|/|von|de|sur|di|van)\s*\d{1,4})?"
)
_ROMAN_HEAD = compile_lazily(r"^[ivxlc]+\s+|\s+[ivxlc]+$")
_NUMBER = compile_lazily(r"\d{1,4}")
_END_NUMBER = compile_lazily(r"^\d+|\d+$")
MAX_HEAD_NUMBERS = 4
MIN_COLUMN_SHARE, MIN_COLUMN_RATIO = 0.1, 6
"""Of the letters that begin at a column's edge; of its width to the size of the text."""

MIN_INDENT_RATIO, MAX_INDENT_RATIO, MIN_LEADING_RATIO = 0.8, 2.5, 0.9
"""Of a first line's indent, and of the distance of lines, to the size of the text."""

EDGE_QUANTILE = 0.9
MIN_GAPS, APART_RATIO = 6, 1.1
"""Of the lines of a page; of a head's distance from the text to theirs from each other."""


def drop_running_heads(pages: list[list[Line]]) -> list[list[Line]]:
    """Drop lines at the edges of pages that recur, are page numbers, or stand where others do."""
    heads = _RunningHeads.measure(pages)
    heights = {
        round(line.y)
        for number, page in enumerate(pages)
        for line in _find_edges(page)
        if heads.is_small(line) and heads.contain(line, number)
    }
    kept = []
    for number, page in enumerate(pages):
        dropped = {
            id(line)
            for line in _find_edges(page)
            if (heads.is_small(line) and round(line.y) in heights) or heads.contain(line, number)
        }
        kept.append([line for line in page if id(line) not in dropped])
    return kept


class _Head(NamedTuple):
    """A line at the edge of a page, without its number; in its size a title differs.

    `step` is how far the number is from the page's own: 0 for a line without one, None for any.
    """

    text: str
    size: int
    step: int | None = 0


@dataclass(frozen=True, slots=True)
class _RunningHeads:
    """What recurs at the edges of pages: lines, numbers that count with the pages."""

    pages: Sequence[Sequence[Line]]
    size: float
    places: Mapping[_Head, int]
    steps: Mapping[int, int]
    are_below: bool
    are_counted: bool
    titles: Set[str]

    @classmethod
    def measure(cls, pages: Sequence[Sequence[Line]]) -> "_RunningHeads":
        """Count the lines and numbers at the edges of pages."""
        edges = [_find_edges(page) for page in pages]
        places = Counter(
            head
            for n, page in enumerate(edges)
            for head in {head for line in page for head in _list_heads(n, line)}
        )
        steps = Counter(step for n, page in enumerate(edges) for step in _list_steps(n, page))
        lone = Counter(
            number - n
            for n, page in enumerate(edges)
            for line in page
            if (number := parse_count(line.text.strip()))
        )
        are_counted = len(lone) < MIN_COUNTED or max(lone.values()) > 1
        size = find_size(pages)
        titles = {title for page in pages for title in _list_titles(page, size)}
        return cls(pages, size, places, steps, _count_below(pages), are_counted, titles)

    def is_small(self, line: Line) -> bool:
        """Whether a line is set smaller than the text."""
        return line.size < self.size * SMALL_RATIO

    def contain(self, line: Line, number: int) -> bool:
        """Whether a line at the edge of a page is a running head, or the page's number."""
        is_large = line.size >= self.size * HEADING_RATIO
        if is_page_number(line.text):
            is_title = self.are_below and _is_above(line, self.pages[number])
            return self.are_counted and not is_title and not (is_large and line.text.isalpha())
        if is_large and is_counted_line(line.text):
            return False
        is_plain = not is_large and not line.is_strong
        head = _fold_head(line.text)
        if is_plain and not self.titles.isdisjoint((head, head.strip("#|–—-·•"))):
            return True
        if is_counted_line(line.text) and self._is_above_title(line, number):
            return False
        if is_contents_title(_ROMAN_HEAD.sub("", line.text.strip())) and line.size <= self.size:
            return True
        steps = _list_steps(number, [line])
        is_counted = not is_large and any(self.steps.get(s, 0) >= MIN_COUNTED for s in steps)
        return is_counted or self._recurs(line, number)

    def _recurs(self, line: Line, number: int) -> bool:
        """Whether a line that is apart from the text stands on other pages as well."""
        least = MIN_HEAD_REPEATS
        if line.size >= self.size * HEADING_RATIO or ends_statement(line.text):
            # titles and exclamations may recur by chance
            least = max(MIN_COUNTED, len(self.pages) // PAGES_PER_HEAD)
        return _is_apart(line, self.pages[number]) and any(
            self.places.get(each, 0) >= max(least, MIN_COUNTED * (each.step is None))
            for each in _list_heads(number, line)
        )

    def _is_above_title(self, line: Line, number: int) -> bool:
        """Whether the next line below is set like a title."""
        below = (each for each in self.pages[number] if each.y < line.y)
        title = max(below, key=lambda each: each.y, default=line)
        return title.size >= self.size * HEADING_RATIO or (title.is_strong and not line.is_strong)


def _is_apart(line: Line, page: Sequence[Line]) -> bool:
    """Whether a line is further from the text than lines are; a table's head is in bold type."""
    heights = sorted((each.y for each in page), reverse=True)
    gaps = [one - two for one, two in pairwise(heights) if one - two >= 1]
    is_above = _is_above(line, page)
    inner = [each for each in heights if (each < line.y - 1 if is_above else each > line.y + 1)]
    if not inner or len(gaps) < MIN_GAPS or (line.is_strong and line.y == heights[0]):
        return True
    gap = line.y - inner[0] if is_above else inner[-1] - line.y
    return gap > sorted(gaps)[len(gaps) // 2] * APART_RATIO


def _list_titles(page: Sequence[Line], size: float) -> Iterator[str]:
    """The lines of a page that are set like titles; two that follow each other also as one."""
    titled = [
        line
        for line in page
        if (line.is_strong or line.size >= size * HEADING_RATIO) and has_words(line.text)
    ]
    yield from (_fold_head(line.text) for line in titled)
    for one, two in pairwise(titled):
        if round(one.size) == round(two.size):
            yield _fold_head(f"{one.text.strip()} {two.text.strip()}")


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
    """How far the numbers in heads are from the page's own number."""
    found = (_HEAD_NUMBER.fullmatch(line.text.strip()) for line in lines)
    return {int(match["left"] or match["right"]) - number for match in found if match}


def find_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size of most letters."""
    sizes = Counter[float]()
    for page in pages:
        for line in page:
            sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _find_edges(page: Sequence[Line]) -> list[Line]:
    ordered = sorted(page, key=lambda line: -line.y)
    return [*ordered[:EDGE_LINES], *ordered[EDGE_LINES:][-EDGE_LINES:]]


def _fold_head(text: str) -> str:
    """A head without its page number, which is at its beginning or its end."""
    return _END_NUMBER.sub("#", "".join(text.split()).casefold())


def _list_heads(number: int, line: Line) -> list[_Head]:
    """The heads that a line may be, by which of its numbers is that of the page."""
    size, text = round(line.size), "".join(line.text.split()).casefold()
    numbers = list(islice(_NUMBER.finditer(text), MAX_HEAD_NUMBERS))
    counted = [
        _Head(f"{text[: each.start()]}#{text[each.end() :]}", size, int(each[0]) - number)
        for each in numbers
    ]
    folded = [_Head(_fold_head(text), size, None)] if numbers else []
    return [_Head(text, size), *counted, *folded]


def align_pages(pages: Sequence[Sequence[Line]]) -> None:
    """Move the lines of left pages so that they begin where those of right pages do."""
    size = find_size(pages)
    odd, even = (find_columns(count_lefts(pages[side::2]), size) for side in (0, 1))
    if odd and even and odd[0] != even[0]:
        for line in (each for page in pages[1::2] for each in page):
            line.x, line.right = line.x + odd[0] - even[0], line.right + odd[0] - even[0]


def count_lefts(pages: Sequence[Sequence[Line]]) -> Counter[float]:
    """How many letters begin at which left edge."""
    lefts = Counter[float]()
    for line in (each for page in pages for each in page):
        lefts[round(line.x)] += len(line.text)
    return lefts


def find_columns(lefts: Mapping[float, int], size: float) -> tuple[float, ...]:
    """The left edges of columns: where many lines begin, and none shortly before."""
    least = sum(lefts.values()) * MIN_COLUMN_SHARE
    edges = list[float]()
    for left in sorted(each for each, chars in lefts.items() if chars >= least):
        if not edges or left - edges[-1] > size * MIN_COLUMN_RATIO:
            edges.append(left)
    return tuple(edges)


def find_leading(gaps: Sequence[float], size: float) -> float:
    """The distance of lines in a paragraph: the least that is usual, since others are wider."""
    usual = Counter(round(gap * 2) / 2 for gap in gaps if gap >= size * MIN_LEADING_RATIO)
    return min((gap for gap, count in usual.items() if count > len(gaps) // 20), default=size)


def find_indent(lines: Sequence[Line], lefts: Iterable[float], size: float) -> int:
    """How far the first lines of paragraphs are indented, where many are alike; 0 for none."""
    steps = Counter[int]()
    for line, following in pairwise(lines):
        step = line.x - find_left(lefts, line)
        steps[round(step)] += abs(following.x + step - line.x) < 1
    usual = (
        step
        for step, count in steps.most_common()
        if size * MIN_INDENT_RATIO <= step <= size * MAX_INDENT_RATIO
        if count >= len(lines) * MIN_COLUMN_SHARE
    )
    return next(usual, 0)


def find_edge(lines: Sequence[Line], size: float) -> float:
    """The right edge of lines of text, but for the few that are longer."""
    rights = sorted(line.right for line in lines if abs(line.size - size) < 1)
    return rights[int(len(rights) * EDGE_QUANTILE)] if rights else 0.0


def find_left(lefts: Iterable[float], line: Line) -> float:
    """The left edge of a line's column."""
    return max((each for each in lefts if each < line.x + 1), default=line.x)


def find_right(page: Sequence[Line], index: int) -> float:
    """The right edge of lines that begin below each other; 0 for a line on its own."""
    start = end = index
    while start and abs(page[start - 1].x - page[index].x) < 1:
        start -= 1
    while end + 1 < len(page) and abs(page[end + 1].x - page[index].x) < 1:
        end += 1
    return max(each.right for each in page[start : end + 1]) if end > start else 0.0
