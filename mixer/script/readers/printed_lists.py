"""What a printed book has around its text: contents, lists of pictures, index, notes.

None is read. The contents name the chapters where their lines recur as titles.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from mixer.lazy import compile_lazily
from mixer.script.readers.headings import is_chapter_line, parse_lone_number
from mixer.script.readers.marks import (
    find_note_references,
    fold_title,
    is_contents_column,
    is_contents_title,
    is_index_title,
    is_notes_title,
    is_pictures_title,
    parse_note_start,
)
from mixer.script.readers.page_lists import INDEX_LINE, MIN_INDEX_SHARE
from mixer.script.readers.typed_titles import TITLE_SIGN

MAX_ENTRY_CHARS = 90
MAX_CONTENTS_LINES = 1_000
MAX_CONTENTS_TITLES = 5
MIN_TITLES = 2
SECTION_GAP_LINES = 3
"""Empty lines between the sections of a book."""

MAX_NOTE_PARAGRAPHS = 10

_ENTRY_NUMBER = compile_lazily(r"(?:[\s.·_]{2,}|\s)(?:\d{1,4}|[ivxlc]{1,6})\s*$")
_NUMBERED_ENTRY = compile_lazily(
    r"(?:\s{2,}|[\s.·_]{3,})(?:(?i:p(?:[aá]g)?|s|seite)\.?\s*)?(?:\d{1,4}|[ivxlc]{1,6})\s*$"
)
_DOTTED_ENTRY = compile_lazily(r"[^.\n]{2,70}[ .·_]{3,}(?<=[.·_] ?)\d{1,4}\s*")
_PICTURE_ENTRY = compile_lazily(
    r"(?i).*(?:\s{2,}|[\s.·_]{3,})(?:\D{0,20}\d{1,4}|[ivxlc]{1,6}|_?frontispiece\.?_?)\s*"
)
_WORDED_NOTE = compile_lazily(r"\s*\[Footnote\b\s*(?P<mark>\p{L})?(?!\w)")
_SIGN = compile_lazily(
    r"(?<=[\p{L}\p{N}.,;:!?”\"’)])(?:(?P<sign>\*{1,3})|\s?(?P<sign>[†‡])|(?P<sign>\[\*\]))(?![*\w])"
    r"|(?<=[.!?”\"’])\s?(?P<sign>\(\d{1,2}\))(?=\s+[“‘\"]?\p{Lu}|\s*$)"
)
_SIGN_START = compile_lazily(r"\s*(?P<sign>\*{1,3}|[†‡]|\[\*\]|\(\d{1,2}\))\s*(?=[\p{L}“\"])")
_EMPHASIS = compile_lazily(r"(?<![\w*])\*+(?=\w)")
_NUMBERED_START = compile_lazily(r"\s*(?:\(?(?P<number>\d{1,3})[.)]|[*†‡])\s")


def drop_lists(lines: Sequence[str]) -> list[str]:
    """Drop the lists of a book, and put a sign before the titles that its contents name."""
    kept = _drop_contents(list(lines))
    kept = _drop_section(kept, is_pictures_title, _PICTURE_ENTRY.fullmatch)
    return _drop_section(kept, is_index_title, INDEX_LINE.fullmatch)


def _drop_section(
    lines: list[str], is_title: Callable[[str], bool], is_entry: Callable[[str], object]
) -> list[str]:
    """Drop the section of a title where most of its lines are entries."""
    titles = [n for n, line in enumerate(lines) if line and is_title(line)]
    for start in titles[:MAX_CONTENTS_TITLES]:
        if end := _find_list_end(lines, start + 1, is_entry):
            return [*lines[:start], "", *lines[end:]]
    return lines


def _find_list_end(
    lines: Sequence[str],
    start: int,
    is_entry: Callable[[str], object] = _NUMBERED_ENTRY.search,
) -> int:
    """Where a section ends of which most lines are entries; 0 for any other."""
    end = _find_section_end(lines, start)
    entries = [line for line in lines[start:end] if line and not is_contents_column(line)]
    count = sum(bool(is_entry(line)) for line in entries)
    return end if count >= max(MIN_TITLES, MIN_INDEX_SHARE * len(entries)) else 0


def _find_section_end(lines: Sequence[str], start: int) -> int:
    """Where a section ends whose first line may have empty ones above it."""
    gap, has_lines = 0, False
    for n in range(start, len(lines)):
        gap = 0 if lines[n] else gap + 1
        has_lines = has_lines or bool(lines[n])
        if has_lines and gap >= SECTION_GAP_LINES:
            return n
    return len(lines)


def _drop_contents(lines: list[str]) -> list[str]:
    """Drop a table of contents: its heading, and lines up to where the first of them recurs.

    Without a heading it begins with a line that dots join to a page number.
    """
    titles = [n for n, line in enumerate(lines) if line and is_contents_title(line)]
    starts = [(n, n + 1) for n in titles[:MAX_CONTENTS_TITLES]]
    dotted = [n for n, line in enumerate(lines) if ".." in line and _DOTTED_ENTRY.fullmatch(line)]
    starts += [(n, n) for n in dotted[:1]]
    for index, first in starts:
        if end := _find_contents_end(lines, first) or _find_list_end(lines, first):
            return [*lines[:index], "", *_sign_titles(lines[end:], lines[first:end])]
    return lines


def _sign_titles(lines: list[str], entries: Sequence[str]) -> list[str]:
    """Put a sign before lines on their own that entries of the contents name."""
    named = {fold_title(_ENTRY_NUMBER.sub("", entry)) for entry in entries if entry}
    found = [
        n
        for n, line in enumerate(lines)
        if line and not any(lines[max(n - 1, 0) : n]) and not any(lines[n + 1 : n + 2])
        if fold_title(line) in named
    ]
    for n in found if len(found) >= MIN_TITLES else ():
        line = lines[n].strip()
        is_known = is_chapter_line(line) or parse_lone_number(line) is not None
        if not is_known and not line.startswith(TITLE_SIGN):
            lines[n] = TITLE_SIGN + line
    return lines


def _find_contents_end(lines: Sequence[str], start: int) -> int:
    last = min(len(lines), start + MAX_CONTENTS_LINES)
    entries = [n for n in range(start, last) if lines[n] and not is_contents_column(lines[n])]
    if not entries:
        return 0
    first = _ENTRY_NUMBER.sub("", lines[entries[0]]).strip()
    for n in entries[2:]:
        if len(lines[n]) > MAX_ENTRY_CHARS:
            break
        if _repeats_entry(lines[n].strip(), first):
            return _find_last_entry(lines, entries[0], n) + 1
    return _find_numbered_end(lines, entries)


def _find_last_entry(lines: Sequence[str], start: int, end: int) -> int:
    """The last line of the contents; a dedication may stand between them and the first chapter."""
    titles = {fold_title(line) for line in lines[end:] if len(line) <= MAX_ENTRY_CHARS}
    last = end - 1
    for n in range(end - 1, start, -1):
        title = _ENTRY_NUMBER.sub("", lines[n]).strip()
        is_entry = _NUMBERED_ENTRY.search(lines[n]) or fold_title(title) in titles
        if title and (is_entry or is_chapter_line(title)):
            return last
        if title and not any(lines[n - SECTION_GAP_LINES : n]):
            last = n - SECTION_GAP_LINES
    return last


def _repeats_entry(line: str, entry: str) -> bool:
    """Whether a line is an entry's title, or its first part up to a full stop or a wide gap."""
    if fold_title(line) == fold_title(entry):
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


def drop_notes(lines: Sequence[str], text: str) -> Iterator[str]:
    """Drop paragraphs that begin with the mark of a note which the text refers to."""
    marks, signs = find_note_references(text), _SignedNotes()
    paragraphs = [*_split_paragraphs(lines), [""]]
    kept: list[list[str]] = []
    in_notes, end = False, 0
    for index, each in enumerate(paragraphs):
        if worded := _WORDED_NOTE.match(each[0]):
            end = _find_note_end(paragraphs, index)
            signs.marks.add(f"[{worded['mark']}]")
        is_titled = bool(kept) and is_notes_title(kept[-1][0])
        is_note = signs.find(each) or index < end or parse_note_start(each[0]) in marks
        is_note |= _is_among_notes(each[0], marks, in_notes=in_notes, is_titled=is_titled)
        if in_notes and is_titled and not is_note:
            kept.pop()
        if is_note:
            signs.add_note(each[0])
        else:
            kept.append(each)
        in_notes = is_note
    return (signs.drop_references(line) for each in kept[:-1] for line in (*each, ""))


def _is_among_notes(line: str, marks: Collection[str], *, in_notes: bool, is_titled: bool) -> bool:
    """Whether a numbered paragraph stands below another note, or below their title."""
    numbered = _NUMBERED_START.match(line)
    if line.startswith("^ ") and (in_notes or is_titled):
        return True  # as copied from a wiki
    if in_notes:
        return numbered is not None or (is_titled and line[:1].isspace())
    return is_titled and numbered is not None and numbered["number"] in marks


@dataclass
class _SignedNotes:
    """Notes that begin with `*`, `†` or `(1)`, each below a text that refers to it.

    `marks` are those of others that are left out, such as `[A]` for `[Footnote A: …]`.
    """

    marks: set[str] = field(default_factory=set)
    pending: Counter[str] = field(default_factory=Counter)
    dropped: set[str] = field(default_factory=set)

    def find(self, paragraph: Sequence[str]) -> bool:
        """Whether a paragraph is a note; counts the references of any other."""
        start = _SIGN_START.match(paragraph[0])
        if start and self.pending[start["sign"]] > 0:
            self.pending[start["sign"]] -= 1
            self.dropped.add(start["sign"])
            return True
        text = " ".join(paragraph)
        for match in _SIGN.finditer(text) if any(map(text.__contains__, "*†‡(")) else ():
            if match["sign"][0] != "*" or not _EMPHASIS.search(text):
                self.pending[match["sign"]] += 1
        return False

    def add_note(self, line: str) -> None:
        """Add the first line of a note: `3.` is that of `(3)`."""
        numbered, mark = _NUMBERED_START.match(line), parse_note_start(line)
        if numbered and numbered["number"]:
            self.dropped.add(f"({numbered['number']})")
        elif mark.isalpha() or "{" in line[:2]:
            self.marks |= {f"[{mark}]", f"{{{mark}}}"}

    def drop_references(self, line: str) -> str:
        """A line without the references to what was dropped."""
        for mark in self.marks if "[" in line or "{" in line else ():
            line = line.replace(mark, "")
        if self.dropped and any(each in line for each in self.dropped):
            return _SIGN.sub(lambda match: "" if match["sign"] in self.dropped else match[0], line)
        return line


def _find_note_end(paragraphs: Sequence[Sequence[str]], start: int) -> int:
    """Behind the paragraph that closes a note's bracket."""
    depth = 0
    for index in range(start, min(len(paragraphs), start + MAX_NOTE_PARAGRAPHS)):
        text = "".join(paragraphs[index])
        depth += text.count("[") - text.count("]")
        if depth <= 0:
            return index + 1
    return start + 1


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
