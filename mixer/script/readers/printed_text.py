"""What print leaves in plain text: page numbers, running heads, contents, pictures, notes, hyphens.

A text that was scanned, or copied from pages, carries them between its paragraphs. They are taken
out only where they repeat, count on, or interrupt a sentence; in doubt they stay.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.headings import ends_statement, is_chapter_line
from mixer.script.readers.marks import (
    PICTURE_NOTE,
    find_note_references,
    is_contents_title,
    is_notes_title,
    parse_note_start,
)

MAX_HEAD_CHARS = 70
MAX_PAGE_STEP = 3
MIN_PAGE_NUMBERS = 3
MIN_HEAD_REPEATS = 3
YEARS = range(1500, 2100)
"""Numbers that head the entries of a diary."""

_EMPHASIS = compile_lazily(r"(?<![\w_])_(?=[^\s_])([^_]{1,300})(?<=[^\s_])_(?![\w_])")
_PAGE_LINE = compile_lazily(
    r"(?P<decorated>[-–—~]\s*(?P<a>\d{1,4})\s*[-–—~]|\[\s*(?P<b>\d{1,4})\s*\]"
    r"|\(\s*(?P<c>\d{1,4})\s*\)|(?:page|p\.|pg\.?|seite)\s*(?P<d>\d{1,4})(?:\s*(?:of|/|von)\s*\d{1,4})?)"
    r"|(?P<plain>\d{1,4})|(?P<head>\S.*?\S)\s{3,}(?P<e>\d{1,4})|(?P<f>\d{1,4})\s{3,}(?P<head2>\S.*\S)",
    regex.IGNORECASE,
)
_ENTRY_NUMBER = compile_lazily(r"(?:[\s.·_]{2,}|\s)(?:\d{1,4}|[ivxlc]{1,6})\s*$")
_NUMBERED_ENTRY = compile_lazily(r"(?:\s{2,}|[\s.·_]{3,})(?:\d{1,4}|[ivxlc]{1,6})\s*$")
_DOTTED_ENTRY = compile_lazily(r"[^.\n]{2,70}[ .·_]{3,}(?<=[.·_] ?)\d{1,4}\s*")
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
_TIMECODE = compile_lazily(
    r"(?m)^(?:\d+[ \t]*\n)?(?:\d\d:)?\d\d:\d\d[,.]\d{3} --> .*\n|\AWEBVTT.*\n"
)
"""Of captions, with their number."""

_LETTERS = compile_lazily(r"[\p{L}\p{N}]+")
_WORDED_NOTE = "[Footnote"
_NUMBERED_START = compile_lazily(r"\s*(?:\(?\d{1,3}[.)]|[*†‡])\s")


def clean_printed_text(text: str) -> str:
    """Take out what only print needs; the words of the text stay, in their order."""
    if _CLOSING_TAG.search(text):
        text = _drop_markup(text)
    text = _TIMECODE.sub("", text) if " --> " in text else text
    text = _EMPHASIS.sub(r"\1", PICTURE_NOTE.sub("", text))
    lines = [line.rstrip() for line in text.split("\n")]
    lines = _drop_contents(lines)
    lines = _PageFurniture(lines).remove()
    return "\n".join(_drop_notes(lines, text))


def _drop_markup(text: str) -> str:
    for _ in range(MAX_MARKUP_DEPTH):
        text, count = _MARKUP.subn(lambda match: match["words"] or match["shown"], text)
        if not count:
            return text
        text = _ENTITY.sub(lambda match: unescape(match[0]), text)
    return text


def _fold(text: str) -> str:
    return "".join(_LETTERS.findall(text.casefold()))


def _drop_contents(lines: list[str]) -> list[str]:
    """Drop a table of contents: its heading, and lines up to where the first of them recurs.

    Without a heading it begins with a line that dots join to a page number.
    """
    titles = [n for n, line in enumerate(lines) if line and is_contents_title(line)]
    starts = [(n, n + 1) for n in titles[:MAX_CONTENTS_TITLES]]
    dotted = [n for n, line in enumerate(lines) if ".." in line and _DOTTED_ENTRY.fullmatch(line)]
    starts += [(n, n) for n in dotted[:1]]
    for index, first in starts:
        if end := _find_contents_end(lines, first):
            return [*lines[:index], "", *lines[end:]]
    return lines


MAX_CONTENTS_LINES = 1_000
MAX_CONTENTS_TITLES = 5


def _find_contents_end(lines: Sequence[str], start: int) -> int:
    entries = [n for n in range(start, min(len(lines), start + MAX_CONTENTS_LINES)) if lines[n]]
    if not entries:
        return 0
    first = _ENTRY_NUMBER.sub("", lines[entries[0]]).strip()
    for n in entries[2:]:
        if len(lines[n]) > MAX_HEAD_CHARS + 20:
            break
        if _repeats_entry(lines[n].strip(), first):
            return n
    return _find_numbered_end(lines, entries)


def _repeats_entry(line: str, entry: str) -> bool:
    """Whether a line is an entry's title, or its first part up to a full stop or a wide gap."""
    if _fold(line) == _fold(entry):
        return True
    rest = entry[len(line) :]
    return (
        bool(line) and entry.startswith(line) and not rest[:1].isalnum() and is_chapter_line(line)
    )


def _find_numbered_end(lines: Sequence[str], entries: Sequence[int]) -> int:
    """The end of lines that all end in a page number behind a gap or dots."""
    end = count = 0
    for n in entries:
        if not _NUMBERED_ENTRY.search(lines[n]):
            break
        end, count = n + 1, count + 1
    return end if count > 1 else 0


@dataclass(frozen=True, slots=True)
class _PageNumber:
    line: int
    value: int
    is_decorated: bool
    head: str


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
                yield _PageNumber(index, value, bool(match["decorated"] or head), head)

    def _is_at_gap(self, index: int) -> bool:
        before = self.lines[index - 1] if index else ""
        after = self.lines[index + 1] if index + 1 < len(self.lines) else ""
        return not before or not after

    def _is_chain_of_pages(self, chain: Sequence[_PageNumber]) -> bool:
        """Whether numbers count pages: decorated, or inside sentences; chapters are neither."""
        if len(chain) < MIN_PAGE_NUMBERS:
            return False
        decorated = sum(number.is_decorated for number in chain)
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
        counts = Counter(_fold(self.lines[n]) for n in candidates)
        for n in candidates:
            line = self.lines[n].strip()
            is_short = (
                len(line) <= MAX_HEAD_CHARS and self._is_at_gap(n) and not ends_statement(line)
            )
            is_interrupting = line.isupper() and self._interrupts(n)
            is_recurring = counts[_fold(line)] > 1
            if is_short and not is_chapter_line(line) and (is_recurring or is_interrupting):
                self.removed.add(n)

    def _remove_repeated_lines(self) -> None:
        """Remove short lines that recur and most times stand inside a sentence."""
        places: dict[str, list[int]] = {}
        for index, line in enumerate(self.lines):
            if 0 < len(line.strip()) <= MAX_HEAD_CHARS and self._is_at_gap(index):
                places.setdefault(_fold(line), []).append(index)
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


def _drop_notes(lines: Sequence[str], text: str) -> Iterable[str]:
    """Drop paragraphs that begin with the mark of a note which the text refers to."""
    marks = find_note_references(text)
    paragraphs = list(_split_paragraphs(lines))
    kept: list[list[str]] = []
    in_notes = False
    for each in (*paragraphs, None):
        first = each[0] if each else ""
        is_note = first.lstrip().startswith(_WORDED_NOTE) or parse_note_start(first) in marks
        is_note = is_note or (in_notes and _NUMBERED_START.match(first) is not None)
        if in_notes and not is_note and kept and is_notes_title(kept[-1][0]):
            kept.pop()
        if each and not is_note:
            kept.append(each)
        in_notes = is_note
    return (line for each in kept for line in (*each, ""))


def _split_paragraphs(lines: Sequence[str]) -> Iterator[list[str]]:
    paragraph: list[str] = []
    for line in lines:
        if line:
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph
