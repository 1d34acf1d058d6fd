"""Page numbers and running heads among the lines of a text.

They are taken out only where they count on, recur or interrupt a sentence; in doubt they stay.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from operator import attrgetter

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.headings import ends_statement, is_chapter_line, is_numbered_only
from mixer.script.readers.marks import fold_title
from mixer.script.readers.typed_titles import is_date

MAX_HEAD_CHARS = 70
MAX_PAGE_STEP = 3
MIN_PAGE_NUMBERS = 3
MIN_HEAD_REPEATS = 3
MAX_MARGIN_LINES, MAX_FURNITURE_LINES = 40, 4
"""Between the text of two pages: empty lines and others, and those that may be heads."""

YEARS = range(1500, 2100)
"""Numbers that head the entries of a diary."""

_NUMBER_GROUPS = ("a", "b", "c", "d", "plain", "e", "f", "g", "h")
_PAGE_LINE = compile_lazily(
    r"(?P<decorated>[-–—~]\s*(?P<a>\d{1,4})\s*[-–—~]|\[\s*(?P<b>\d{1,4})\s*\]"
    r"|\(\s*(?P<c>\d{1,4})\s*\)|(?:page|p\.|pg\.?|seite)\s*(?P<d>\d{1,4})(?:\s*(?:of|/|von)\s*\d{1,4})?)"
    r"|(?P<plain>\d{1,4})|(?P<head>\S.*?\S)\s{3,}(?P<e>\d{1,4})|(?P<f>\d{1,4})\s{3,}(?P<head2>\S.*\S)"
    r"|(?P<loose>\p{Lu}.*?\p{L}\W?) {1,2}(?P<g>\d{1,4})"
    r"|(?P<h>\d{1,4}) {1,2}(?P<loose2>\p{Lu}.*\p{L})",
    regex.IGNORECASE,
)


_SCANNED_NUMBER = compile_lazily(r"^(?=\S*\d)[\dlIO]{1,4}\s+|\s+(?=\S*\d)[\dlIO]{1,4}$")
"""A page number at an end of a head, which may have letters instead of digits."""

_DIGIT = compile_lazily(r"\d")
_SHEET_NUMBER = compile_lazily(
    r"(?P<left>(?=\S*\d)[\dlIO]{1,4})\s+\p{Lu}\S*\s+\p{L}.*\p{L}"
    r"|\p{Lu}\S*\s+\p{L}.*\p{L}\s{2,}(?P<right>(?=\S*\d)[\dlIO]{1,4})"
)
"""On the left of several words, or apart on their right; poems are numbered as well."""

_DIGITS = str.maketrans("lIO", "110")


@dataclass(frozen=True, slots=True)
class _PageNumber:
    line: int
    value: int
    is_decorated: bool
    head: str
    is_centred: bool
    is_loose: bool


@dataclass
class PageFurniture:
    """Page numbers and running heads among the lines of a text."""

    lines: list[str]
    removed: set[int] = field(default_factory=set)

    def remove(self) -> list[str]:
        """The lines without them; a sentence that they interrupted is whole again."""
        numbers = list(self._iter_numbers())
        counts = Counter(fold_title(number.head) for number in numbers if number.is_loose)
        known = [n for n in numbers if not n.is_loose or counts[fold_title(n.head)] > 1]
        for chain in self._find_chains(known):
            if self._is_chain_of_pages(chain):
                found = {number.line for number in chain}
                self.removed |= found | set(self._iter_between(chain, numbers))
        heads = [self._next_line(n, step) for n in sorted(self.removed) for step in (-1, 1)]
        self._remove_heads([n for n in heads if n is not None])
        self._remove_repeated_lines()
        return self._join_around_removed() if self.removed else self.lines

    @staticmethod
    def _iter_between(chain: list[_PageNumber], numbers: list[_PageNumber]) -> Iterator[int]:
        """The lines of pages among those of a chain, or next to them, under other heads."""
        first, last = chain[0], chain[-1]
        step = (last.line - first.line) // max(1, last.value - first.value)
        margin = MAX_PAGE_STEP * step
        start = bisect_left(numbers, first.line - margin, key=attrgetter("line"))
        end = bisect_right(numbers, last.line + margin, key=attrgetter("line"))
        for each in numbers[start:end]:
            distance = each.value - first.value
            is_near = abs(each.line - first.line - distance * step) <= margin
            if each.is_loose and is_near and -1 <= distance <= last.value - first.value + 1:
                yield each.line

    @staticmethod
    def _find_chains(numbers: Sequence[_PageNumber]) -> list[list[_PageNumber]]:
        chains: list[list[_PageNumber]] = []
        for number in numbers:
            if not chains or not 0 < number.value - chains[-1][-1].value <= MAX_PAGE_STEP:
                chains.append([])
            chains[-1].append(number)
        return chains

    def _iter_numbers(self) -> Iterator[_PageNumber]:
        for index, line in enumerate(self.lines):
            stripped = line.strip()
            if not stripped or len(line) > MAX_HEAD_CHARS * 2 or not self._is_at_gap(index):
                continue
            if not _DIGIT.search(stripped):  # quicker than the match
                continue
            if match := _PAGE_LINE.fullmatch(stripped):
                value = next(int(v) for k in _NUMBER_GROUPS if (v := match[k]))
                loose = match["loose"] or match["loose2"] or ""
                if loose and is_numbered_only(stripped):
                    continue
                head = match["head"] or match["head2"] or loose
                is_centred = match["a"] is not None
                is_decorated = bool(match["decorated"] or head)
                yield _PageNumber(index, value, is_decorated, head, is_centred, bool(loose))

    def _is_at_gap(self, index: int) -> bool:
        before = self.lines[index - 1] if index else ""
        after = self.lines[index + 1] if index + 1 < len(self.lines) else ""
        return not before or not after

    def _is_chain_of_pages(self, chain: Sequence[_PageNumber]) -> bool:
        """Whether numbers count pages: decorated, or inside sentences; chapters are neither."""
        if len(chain) < MIN_PAGE_NUMBERS:
            return False
        decorated = sum(number.is_decorated for number in chain)
        if chain[0].value == 1 and all(number.is_centred for number in chain):
            decorated = 0  # so modern books write the numbers of chapters
        interrupting = sum(self._interrupts(number.line) for number in chain)
        is_year = chain[0].value in YEARS
        if all(number.is_loose for number in chain):
            return interrupting > 0
        starts_late = chain[0].value >= MIN_PAGE_NUMBERS and not interrupting and not is_year
        return decorated * 2 >= len(chain) or interrupting > 0 or starts_late

    def _interrupts(self, index: int) -> bool:
        """Whether a line stands inside a sentence."""
        before, after = self._find_text(index, -1), self._find_text(index, 1)
        return bool(before) and not ends_statement(before) and after[:1].islower()

    def _find_text(self, index: int, step: int) -> str:
        """The next line of text, past short lines that may be heads."""
        for n in self._list_written(index, step, MAX_FURNITURE_LINES):
            line = self.lines[n].strip()
            is_furniture = n in self.removed or line.isupper() or _PAGE_LINE.fullmatch(line)
            if not is_furniture:
                return line
        return ""

    def _list_written(self, index: int, step: int, count: int) -> list[int]:
        """The next lines that are not empty, across the margins of a page."""
        lines = range(index + step, index + step * MAX_MARGIN_LINES, step)
        found = (n for n in lines if 0 <= n < len(self.lines) and self.lines[n].strip())
        return list(islice(found, count))

    def _next_line(self, index: int, step: int) -> int | None:
        """The nearest line with text that is not removed, at most three lines away."""
        for n in range(index + step, index + 4 * step, step):
            if 0 <= n < len(self.lines) and self.lines[n].strip() and n not in self.removed:
                return n
        return None

    def _remove_heads(self, candidates: Sequence[int]) -> None:
        """Remove lines next to page numbers that recur there, or interrupt a sentence."""
        counts = Counter(fold_title(self.lines[n]) for n in candidates)
        for n in candidates:
            line = self.lines[n].strip()
            is_short = (
                len(line) <= MAX_HEAD_CHARS and self._is_at_gap(n) and not ends_statement(line)
            )
            is_interrupting = line.isupper() and self._interrupts(n)
            is_recurring = counts[fold_title(line)] > 1
            if is_short and not is_chapter_line(line) and (is_recurring or is_interrupting):
                self.removed.add(n)

    def _remove_repeated_lines(self) -> None:
        """Remove short lines that recur: most times inside a sentence, or with a page number."""
        places: dict[str, list[int]] = {}
        for index, line in enumerate(self.lines):
            if 0 < len(line.strip()) <= MAX_HEAD_CHARS and self._is_at_gap(index):
                places.setdefault(_fold_head(line.strip()), []).append(index)
        for head, indices in places.items():
            if head and len(indices) >= MIN_HEAD_REPEATS:
                interrupting = sum(map(self._interrupts, indices))
                if interrupting * 2 > len(indices):
                    self.removed |= set(indices)
                else:
                    self.removed |= self._find_sheets(indices)

    def _find_sheets(self, indices: Sequence[int]) -> set[int]:
        """Those of equal lines whose numbers are of sheets; chapters and days have others."""
        lines = {n: self.lines[n].strip() for n in indices}
        found = {n: _SHEET_NUMBER.fullmatch(line) for n, line in lines.items()}
        if any(is_chapter_line(line) or is_date(line) for line in lines.values()):
            return set()
        numbers = {n: match["left"] or match["right"] for n, match in found.items() if match}
        values = [int(number.translate(_DIGITS)) for number in numbers.values()]
        is_ascending = all(one < two for one, two in pairwise(values))
        are_apart = bool(values) and values[-1] - values[0] >= 2 * (len(values) - 1)
        are_enough = MIN_HEAD_REPEATS <= len(values) >= len(lines) - 1
        return set(numbers) if is_ascending and are_apart and are_enough else set()

    def _join_around_removed(self) -> list[str]:
        kept: list[str] = []
        gap, is_gap_removed = 0, False
        for index, line in enumerate(self.lines):
            if index in self.removed:
                is_gap_removed = True
            elif not line.strip():
                gap += 1
            else:
                last = kept[-1] if kept else ""
                is_whole = not last or ends_statement(last) or not line.strip()[0].islower()
                kept += (
                    [""] * (min(gap, 2) or is_gap_removed) if is_whole or not is_gap_removed else []
                )
                kept.append(line)
                gap, is_gap_removed = 0, False
        return kept


def _fold_head(line: str) -> str:
    """A head without the page number at an end of it."""
    return fold_title(_SCANNED_NUMBER.sub("", line) if _DIGIT.search(line) else line)
