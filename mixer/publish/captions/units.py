"""Splits a sentence into units: the pieces that no line break may enter.

In scripts with spaces a unit is a word with its punctuation; a dash between words, French spaced
punctuation and the groups of a long number stay with their word. In Chinese and Japanese it is one
character, with the punctuation that must not begin or end a line (kinsoku, W3C JLREQ 3.1.7, 3.1.8).
Only a unit too wide for a line is cut, between graphemes: the price of never overrunning a line.
Separating Thai, Lao, Khmer and Burmese words takes a dictionary; there a phrase is cut only when it
overruns a line, before a vowel that opens a syllable where there is one.

Most sentences are plain: they are shown as they are written. For them the offsets in the text serve
as columns, too; captions of ten hours take a third of a second.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import sub

import regex

LINE_COLUMNS = 42
"""Longest line: 42 characters, or 21 full-width ones (Netflix, English Template
Timed Text Style Guide, section 5)."""

_WIDE = regex.compile(r"[\p{EA=W}\p{EA=F}]")
"""Full-width characters take two columns (Unicode Annex 11, East Asian Width)."""

_NARROW_TEXT = re.compile("[\u0000-\u10ff\u1e00-\u20ff]*")
"""Blocks that hold no full-width character: Latin to Georgian, punctuation, currency signs."""

_UNPLAIN = re.compile(
    "[^ -~\u00a1-\u00ac\u00ae-\u10ff\u1e00-\u1fff\u2010-\u2027\u20a0-\u20bf]|  |^ | $"
)
"""Whatever needs more than splitting at spaces: wide or invisible characters, odd spaces."""

_SPACE = r"[^\S\u00a0\u2007\u202f]"
"""White space that allows a line break; no-break spaces do not."""

_SPACES = regex.compile(f"{_SPACE}+")
_INVISIBLE = regex.compile(r"(?!\s)[\p{Cc}\p{Cs}\u00ad\u200b\ufeff\ufffe\uffff]")
"""Control characters, lone surrogates, soft hyphens, byte order marks: never shown."""


def _build_unit_pattern(space: str, word: str) -> str:
    closers = r"(?:[”’»›)\]},.;:?!…]|[\"'](?!\w))*"
    return (
        rf"(?:[«‹]{space})?"  # a French opening quotation mark keeps its word
        rf"(?:—*(?:(?!—){word})+(?:—+{closers})?|—+)"  # a dash stays with the word before it
        rf"(?:(?<=\d){space}\d{{3}}(?!\d)"  # 10 000
        rf"|{space}[?!:;»›…—–-]+(?={space}|$))*"  # « quoi » ?
    )


_SPECIAL = re.compile(r"[—«‹]|\d \d| [?!:;»›…–-]")
"""Whatever makes a unit more than characters between two spaces."""

_WORD = re.compile("[^ ]+")
_PLAIN_UNIT = re.compile(_build_unit_pattern(" ", "[^ ]"))
_UNIT = regex.compile(
    _build_unit_pattern(f"{_SPACE}+", r"[\S\u00a0\u2007\u202f--\u200b]"), regex.V1
)

_IDEOGRAPH = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}]"
_FULL_STOPS = r"[、。，．：；！？（）［］｛｝「」『』【】〈〉《》〔〕〖〗〘〙｟｠“”…‥・—]"
_ATOM = regex.compile(
    rf"(?s)(?:{_IDEOGRAPH}|{_FULL_STOPS}|(?:(?!{_SPACE}|{_IDEOGRAPH}|{_FULL_STOPS}).)+)"
    r"[\p{M}\u200d]*"
)
_ENDS_OPEN = regex.compile(r"[（［｛「『【〈《〔〖〘｟￥＄“‘(\[]$")
_BEGINS_CLOSED = regex.compile(
    r"[、。，．：；！？）］｝」』】〉》〕〗〙｠…‥・ー〜～々ゝゞヽヾ％℃—”’)\],.!?;:"
    r"ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰ-ㇿ\p{M}]"
)
_HAS_IDEOGRAPH = regex.compile(_IDEOGRAPH)
_GRAPHEME = regex.compile(r"\X")
_GOOD_CUT = regex.compile(r"[-/_.,?&=#+:;@~·\u2010-\u2015]$")
_OPENS_SYLLABLE = regex.compile(r"^[เแโใไເແໂໃໄ]")


@dataclass(frozen=True, slots=True)
class Units:
    """The units of a passage, in reading order; every list has one entry for each.

    Attributes:
        text: the passage as shown, single spaces between words.
        starts: start of each unit in `text`.
        ends: end of each in `text`.
        first_columns: start column of each, were the passage one line.
        last_columns: end column of each.
        sources: start of each in the text that the author wrote.
        forced: units that continue a word too wide for a line.
    """

    text: str
    starts: list[int]
    ends: list[int]
    first_columns: list[int]
    last_columns: list[int]
    sources: list[int]
    forced: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.starts)

    def word(self, unit: int) -> str:
        """The unit as shown."""
        return self.text[self.starts[unit] : self.ends[unit]]

    def words(self) -> list[str]:
        """All units as shown."""
        return [self.text[start:end] for start, end in zip(self.starts, self.ends, strict=True)]

    def line(self, first: int, stop: int) -> str:
        """Units `first` to `stop` (exclusive) as shown."""
        return self.text[self.starts[first] : self.ends[stop - 1]]

    def width(self, first: int, stop: int) -> int:
        """The width of units `first` to `stop` (exclusive) on one line."""
        return self.last_columns[stop - 1] - self.first_columns[first]


def count_columns(text: str) -> int:
    """Measure a text: one column a character, two for a full-width one.

    Combining marks count, too, so that no line is too long by any way of counting.
    """
    if text.isascii() or _NARROW_TEXT.fullmatch(text):
        return len(text)
    return len(text) + len(_WIDE.findall(text))


def visible_text(text: str) -> str:
    """Return a text on one line, without characters that are invisible or break a file."""
    if _is_plain(text):
        return text
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


def _is_plain(text: str) -> bool:
    """Whether a text is shown as it is; the first test is enough for most English."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text[:1] != " " != text[-1:]
    return not _UNPLAIN.search(text)


def split_units(text: str) -> Units:
    """Split a passage with visible text into units."""
    if _is_plain(text):
        pattern = _PLAIN_UNIT if _SPECIAL.search(text) else _WORD
        spans = [found.span() for found in pattern.finditer(text)]
        starts, ends = map(list, zip(*spans, strict=True))
        if max(map(sub, ends, starts)) <= LINE_COLUMNS:
            return Units(text, starts, ends, starts, ends, starts)
    return _assemble_units(_split_pieces(text))


def join_units(first: Units, second: Units) -> Units:
    """Join two passages; sources of the second are meaningless afterwards."""
    gap = "" if _is_unspaced_join(first.text, second.text) else " "
    chars = len(first.text) + len(gap)
    columns = first.last_columns[-1] + len(gap)
    return replace(
        first,
        text=first.text + gap + second.text,
        starts=first.starts + [chars + at for at in second.starts],
        ends=first.ends + [chars + at for at in second.ends],
        first_columns=first.first_columns + [columns + at for at in second.first_columns],
        last_columns=first.last_columns + [columns + at for at in second.last_columns],
        sources=first.sources + second.sources,
    )


def _is_unspaced_join(before: str, after: str) -> bool:
    return bool(_WIDE.match(before[-1]) and _WIDE.match(after[0]))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A unit before layout: its place in the source, its text, and how it joins the one before."""

    source: int
    text: str
    spaced: bool
    forced: bool = False


def _split_pieces(text: str) -> Iterator[_Piece]:
    ideographic = bool(_HAS_IDEOGRAPH.search(text))
    pattern = _ATOM if ideographic else _UNIT
    pieces: list[_Piece] = []
    end = 0
    for found in pattern.finditer(text):
        word = visible_text(found[0])
        if not word:
            continue
        piece = _Piece(found.start(), word, bool(_SPACES.search(text, end, found.start())))
        end = found.end()
        if ideographic and pieces and _is_inseparable(pieces[-1].text, word):
            pieces[-1] = _merge_pieces(pieces[-1], piece)
        else:
            pieces.append(piece)
    return (part for piece in pieces for part in _cut_wide_piece(piece))


def _is_inseparable(before: str, after: str) -> bool:
    return bool(_ENDS_OPEN.search(before) or _BEGINS_CLOSED.match(after))


def _merge_pieces(first: _Piece, second: _Piece) -> _Piece:
    return replace(first, text=first.text + (" " if second.spaced else "") + second.text)


def _cut_wide_piece(piece: _Piece) -> Iterator[_Piece]:
    if count_columns(piece.text) <= LINE_COLUMNS:
        yield piece
        return
    cuts = [0, *_find_cuts(_GRAPHEME.findall(piece.text))]
    for start, end in pairwise(cuts):
        part = piece.text[start:end]
        yield _Piece(piece.source + start, part, piece.spaced and not start, forced=bool(start))


def _find_cuts(graphemes: list[str]) -> list[int]:
    """Find the cuts of a word too wide for a line, as offsets; the last is its end."""
    cuts: list[int] = []
    offset = taken = 0
    good: tuple[int, int] | None = None
    for before, grapheme in zip(["", *graphemes], graphemes, strict=False):
        width = count_columns(grapheme)
        if _GOOD_CUT.search(before) or _OPENS_SYLLABLE.match(grapheme):
            good = (offset, taken)
        if taken and taken + width > LINE_COLUMNS:
            cut, used = good if good and good[1] > LINE_COLUMNS // 2 else (offset, taken)
            cuts.append(cut)
            taken -= used
            good = None
        offset += len(grapheme)
        taken += width
    return [*cuts, offset]


def _assemble_units(pieces: Iterator[_Piece]) -> Units:
    units = Units("", [], [], [], [], [])
    parts: list[str] = []
    forced: set[int] = set()
    char = column = 0
    for piece in pieces:
        if parts and piece.spaced:
            parts.append(" ")
            char, column = char + 1, column + 1
        if piece.forced:
            forced.add(len(units))
        units.sources.append(piece.source)
        units.starts.append(char)
        units.first_columns.append(column)
        char, column = char + len(piece.text), column + count_columns(piece.text)
        units.ends.append(char)
        units.last_columns.append(column)
        parts.append(piece.text)
    return replace(units, text="".join(parts), forced=frozenset(forced))
