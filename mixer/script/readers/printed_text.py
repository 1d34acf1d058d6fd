"""What print leaves in plain text: page numbers, running heads, pictures, marks of emphasis.

A text that was scanned, or copied from pages, carries them between its paragraphs. They are taken
out only where they repeat, count on, or interrupt a sentence; in doubt they stay.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.headings import ends_statement, is_chapter_line
from mixer.script.readers.marks import PICTURE_NOTE, fold_title, names_counted_thing
from mixer.script.readers.printed_lists import drop_lists, drop_notes

MAX_HEAD_CHARS = 70
MAX_PAGE_STEP = 3
MIN_PAGE_NUMBERS = 3
MIN_HEAD_REPEATS = 3
YEARS = range(1500, 2100)
"""Numbers that head the entries of a diary."""

_EMPHASIS = compile_lazily(r"(?<![\w_])_(?=[^\s_])([^_]{1,300})(?<=[^\s_])_(?![\w_])")
_STRONG = compile_lazily(
    r"(?<![\w=+])([=+])(?=\p{L})([^=+\n]{1,200})(?<=[\p{L}\p{N}.,:;!?’”])\1(?![\w=+])"
)
"""Project Gutenberg's signs around bold words and small capitals."""

_TABLE_RULE = compile_lazily(r"(?m)^[ \t]*[+|](?:[-=+|:\t ]*[-=+][-=+|:\t ]*)[+|][ \t]*$")
_TABLE_ROW = compile_lazily(r"(?m)^[ \t]*\|(?P<cells>[^\n]{1,300})\|[ \t]*$")
_BRACED_PAGE = compile_lazily(r" ?\{\d{1,4}\}")
_PAGE_LINE = compile_lazily(
    r"(?P<decorated>[-–—~]\s*(?P<a>\d{1,4})\s*[-–—~]|\[\s*(?P<b>\d{1,4})\s*\]"
    r"|\(\s*(?P<c>\d{1,4})\s*\)|(?:page|p\.|pg\.?|seite)\s*(?P<d>\d{1,4})(?:\s*(?:of|/|von)\s*\d{1,4})?)"
    r"|(?P<plain>\d{1,4})|(?P<head>\S.*?\S)\s{3,}(?P<e>\d{1,4})|(?P<f>\d{1,4})\s{3,}(?P<head2>\S.*\S)",
    regex.IGNORECASE,
)
_MARKUP = compile_lazily(
    r"<(?P<tag>i|b|em|strong|u|small|center)>(?P<words>(?=\S)[^<>]{1,500}(?<=\S))</(?P=tag)>"
    r"|\[(?P<code>b|i|u|s|center|quote|url|size|color|font)(?:=[^\[\]\n]{0,100})?\]"
    r"(?P<shown>(?=\S)[^\[\]]{1,500}(?<=\S))\[/(?P=code)\]",
    regex.IGNORECASE,
)
"""Of pages and forums, where it encloses words; other brackets are text."""

MAX_MARKUP_DEPTH = 3
_ENTITY = compile_lazily(r"&(?:nbsp|amp|mdash|ndash|hellip|quot|lt|gt|[lr][sd]quo|#\d{2,5});")
_CLOSING_TAG = compile_lazily(r"\[/\w|</\w")
_GLUED = compile_lazily(
    r"(?<=[^\n] (?P<word>\p{Ll}{2,24})[.,;:!?”\"’)]{0,2})"
    r"(?P<number>(?<!\d)\d{1,3})(?=[\s.,;:!?”\"’)])"
)
MIN_GLUED = 2
_NAVIGATION = compile_lazily(
    r"(?m)^[ \t]*[<«←]*[ \t]*Prev(?:ious)?(?: \w{1,10})?[ \t]*[|/·•]"
    r"(?:[^|/·•\n]{0,40}[|/·•])?[ \t]*Next(?: \w{1,10})?[ \t]*[>»→]*[ \t]*$"
)
"""The line of links between the pages of a story."""

_TIMECODE = compile_lazily(
    r"(?m)^(?:\d+[ \t]*\n)?(?:\d\d:)?\d\d:\d\d[,.]\d{3} --> .*\n|\AWEBVTT.*\n"
)
"""Of captions, with their number."""


def clean_printed_text(text: str) -> str:
    """Take out what only print needs; the words of the text stay, in their order."""
    if _CLOSING_TAG.search(text):
        text = _drop_markup(text)
    text = _NAVIGATION.sub("", text) if "Next" in text and "Prev" in text else text
    text = _TIMECODE.sub("", text) if " --> " in text else text
    text = _STRONG.sub(r"\2", _EMPHASIS.sub(r"\1", PICTURE_NOTE.sub("", text)))
    if len(_BRACED_PAGE.findall(text)) >= MIN_PAGE_NUMBERS:
        text = _BRACED_PAGE.sub("", text)
    text = _drop_glued_marks(text)
    if "|" in text:
        text = _TABLE_ROW.sub(_join_cells, _TABLE_RULE.sub("", text))
    lines = [line.rstrip() for line in text.split("\n")]
    lines = _PageFurniture(drop_lists(lines)).remove()
    return "\n".join(drop_notes(lines, text))


def _drop_glued_marks(text: str) -> str:
    """Drop raised numbers of notes that became digits behind words: they count on from 1."""
    found = [each for each in _GLUED.finditer(text) if not names_counted_thing(f"{each['word']} ")]
    numbers = [int(match["number"]) for match in found]
    are_marks = all(n in (1, last + 1) for last, n in pairwise([0, *numbers]))
    are_apart = len({match["word"] for match in found}) == len(found)
    if len(found) < MIN_GLUED or not are_marks or not are_apart:
        return text
    places = {match.span("number") for match in found}
    return _GLUED.sub(lambda match: "" if match.span("number") in places else match[0], text)


def _join_cells(match: regex.Match[str]) -> str:
    """A row of a table as a paragraph."""
    return f"\n{' '.join(match['cells'].replace('|', ' ').split())}\n"


def _drop_markup(text: str) -> str:
    for _ in range(MAX_MARKUP_DEPTH):
        text, count = _MARKUP.subn(lambda match: match["words"] or match["shown"], text)
        if not count:
            return text
        text = _ENTITY.sub(lambda match: unescape(match[0]), text)
    return text


@dataclass(frozen=True, slots=True)
class _PageNumber:
    line: int
    value: int
    is_decorated: bool
    head: str
    is_centred: bool


@dataclass
class _PageFurniture:
    """Page numbers and running heads among the lines of a text."""

    lines: list[str]
    removed: set[int] = field(default_factory=set)

    def remove(self) -> list[str]:
        """The lines without them; a sentence that they interrupted is whole again."""
        for chain in self._find_chains():
            if self._is_chain_of_pages(chain):
                self.removed |= {number.line for number in chain}
        heads = [self._next_line(n, step) for n in sorted(self.removed) for step in (-1, 1)]
        self._remove_heads([n for n in heads if n is not None])
        self._remove_repeated_lines()
        return self._join_around_removed() if self.removed else self.lines

    def _find_chains(self) -> list[list[_PageNumber]]:
        chains: list[list[_PageNumber]] = []
        for number in self._iter_numbers():
            if not chains or not 0 < number.value - chains[-1][-1].value <= MAX_PAGE_STEP:
                chains.append([])
            chains[-1].append(number)
        return chains

    def _iter_numbers(self) -> Iterator[_PageNumber]:
        for index, line in enumerate(self.lines):
            stripped = line.strip()
            if not stripped or len(line) > MAX_HEAD_CHARS * 2 or not self._is_at_gap(index):
                continue
            if match := _PAGE_LINE.fullmatch(stripped):
                value = next(
                    int(v) for k in ("a", "b", "c", "d", "plain", "e", "f") if (v := match[k])
                )
                head = match["head"] or match["head2"] or ""
                is_centred = match["a"] is not None
                yield _PageNumber(index, value, bool(match["decorated"] or head), head, is_centred)

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
        starts_late = chain[0].value >= MIN_PAGE_NUMBERS and not interrupting and not is_year
        return decorated * 2 >= len(chain) or interrupting > 0 or starts_late

    def _interrupts(self, index: int) -> bool:
        """Whether a line stands inside a sentence."""
        before, after = self._find_text(index, -1), self._find_text(index, 1)
        return bool(before) and not ends_statement(before) and after[:1].islower()

    def _find_text(self, index: int, step: int) -> str:
        """The next line of text, past short lines that may be heads."""
        for _ in range(8):
            index += step
            if not 0 <= index < len(self.lines):
                return ""
            line = self.lines[index].strip()
            is_furniture = index in self.removed or line.isupper() or _PAGE_LINE.fullmatch(line)
            if line and not is_furniture:
                return line
        return ""

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
        """Remove short lines that recur and most times stand inside a sentence."""
        places: dict[str, list[int]] = {}
        for index, line in enumerate(self.lines):
            if 0 < len(line.strip()) <= MAX_HEAD_CHARS and self._is_at_gap(index):
                places.setdefault(fold_title(line), []).append(index)
        for head, indices in places.items():
            if head and len(indices) >= MIN_HEAD_REPEATS:
                interrupting = sum(map(self._interrupts, indices))
                if interrupting * 2 > len(indices):
                    self.removed |= set(indices)

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
