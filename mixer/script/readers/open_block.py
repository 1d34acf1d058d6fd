"""The block of a page that is being read: its words, where they stand, where its links lead."""

from collections import deque
from dataclasses import dataclass, field

import regex

from mixer.lazy import compile_lazily
from mixer.script.document import TextOrigin, count_characters, has_words, take_spans
from mixer.script.readers.marks import fold_title

LINE_BREAK = "\u2028"
"""Stands for `<br>`; in the source itself it is a line feed by now."""

MAX_TITLE_PIECES = 12
_CLOSING_MARKS = frozenset(".,;:!?…)]”’")
"""Nothing stands between them and the word before, but for a note that is left out."""

_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_BULLETS = frozenset("•◦▪▫‣∙●○■□➢➤✓✔❖·")
MAX_BULLET_PIECES = 4
_QUOTATION_MARKS = "“‘\"'«„"
_WORD_END = compile_lazily(
    r"[fmnst]\b|n[^aeiouy\W]|m[mpb]|[tns][’']|ft|l[wltm]|r[mrt]|([cdfgpst])\1", regex.IGNORECASE
)
"""How no word begins: behind a large A or I it is the rest of one."""


@dataclass
class OpenBlock:
    """The block that is being read; its words are in pieces, as the parser reports them.

    Attributes:
        places: of each piece, its first character on the page; -1 for what is not on it.
        has_gap: whether a reference to a note was just left out.
        spans: of what is read so far and not yet part of a finished block.
        label: what a heading is called that shows a picture.
        owners: anchors of the elements around it; `ids` are all in it, `targets` its links'.
        is_tail: whether it is what stands in an element behind the blocks in it.
        has_hidden: whether screen readers pass over a part of it.
        is_strong: whether all words so far are in bold type.
        has_drop_cap: whether the last piece is a letter that begins a word.
        line_ended: whether what follows stands in a line of its own; `number_ended` where that
            is so unless white space separates it.
        raised: numbers above its words without a link, that were left out; `own_mark` is one in
            front of all words.
        alt: the description of the last picture in it.
    """

    level: int = 0
    is_drop_cap: bool = False
    is_ornament: bool = False
    regions: frozenset[str] = frozenset()
    pieces: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    spans: deque[tuple[int, int]] = field(default_factory=deque)
    links: set[str] = field(default_factory=set)
    has_unlinked_words: bool = False
    has_own_words: bool = False
    has_gap: bool = False
    is_note: bool = False
    late_anchors: set[str] = field(default_factory=set)
    label: str = ""
    owners: frozenset[str] = frozenset()
    ids: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)
    has_drop_cap: bool = False
    is_strong: bool = True
    has_hidden: bool = False
    is_tail: bool = False
    line_ended: bool = False
    number_ended: bool = False
    raised: set[str] = field(default_factory=set)
    own_mark: str = ""
    alt: str = ""

    def add_piece(self, text: str, place: int = -1) -> None:
        """Add a piece."""
        self.pieces.append(text)
        self.places.append(place)

    def add_picture(self, alt: str) -> None:
        """Add the description of a picture."""
        self.alt = f" {alt} "
        self.add_piece(self.alt)
        self.has_unlinked_words = True

    def drop_repeated_alt(self) -> None:
        """Drop the description of a picture that its caption in the same block repeats."""
        if self.alt and self.alt in self.pieces and self.has_own_words:
            at = self.pieces.index(self.alt)
            words = fold_title("".join(self.pieces[:at] + self.pieces[at + 1 :]))
            self.pieces[at] = " " if fold_title(self.alt) in words else self.alt

    def is_empty(self) -> bool:
        """Whether nothing is in it, and it stands for nothing."""
        return not (self.pieces or self.label or self.is_note or self.is_ornament)

    def count_chars(self) -> int:
        """How long it is; more than any title where it has many pieces."""
        return sum(map(len, self.pieces)) if len(self.pieces) <= MAX_TITLE_PIECES else 1 << 20

    def rewrite(self, at: int, text: str) -> None:
        """Replace the pieces from a number on by a text of as many characters, or by nothing."""
        spans = self._list_spans(at)
        self.pieces[at:], self.places[at:] = [text], [spans[0][0] if len(spans) == 1 else -1]
        self.has_gap = not text

    def _list_spans(self, at: int = 0) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        for piece, place in zip(self.pieces[at:], self.places[at:], strict=True):
            if count := count_characters(piece):
                last, held = spans[-1] if spans else (-1, 0)
                if last >= 0 and last + held == place:
                    spans[-1] = (last, held + count)
                else:
                    spans.append((place, count))
        return spans

    def finish(self) -> None:
        """Note where its words are; more may be put in front of them."""
        self.spans += self._list_spans()

    def take_origin(self, path: str, text: str) -> TextOrigin:
        """The origin of the next block that is made of it; not exact where a mark was added."""
        count = count_characters(text)
        spans = take_spans(self.spans, count)
        return TextOrigin(path, spans, is_exact=sum(held for _, held in spans) == count)

    def _close_gap(self, data: str, place: int) -> tuple[str, int]:
        """Drop white space before a left out mark, and brackets around it."""
        data = data.lstrip() if data.lstrip()[:1] in _BRACKETS.values() else data
        if data[:1] not in _CLOSING_MARKS:
            return data, place
        for number in reversed(range(len(self.pieces))):
            self.pieces[number] = self.pieces[number].rstrip()
            if not self.pieces[number]:
                continue
            if _BRACKETS.get(self.pieces[number][-1]) == data[0]:
                self.pieces[number] = self.pieces[number][:-1].rstrip()
                return data[1:], place + (place >= 0)
            break
        return data, place

    def _join_drop_cap(self, data: str) -> str:
        """What follows a letter that was set large, without the space behind it in the source."""
        self.has_drop_cap = False
        is_apart = data[0].isspace()
        while self.pieces and self.pieces[-1].isspace():
            self.pieces.pop()
            self.places.pop()
            is_apart = True
        letter = self.pieces[-1].strip(_QUOTATION_MARKS) if self.pieces else ""
        rest = data.lstrip()
        is_word = (letter in ("A", "I") and not _WORD_END.match(rest)) or (
            letter == "O" and rest[0].isupper() and rest[1:2].islower()
        )
        return f" {rest}" if is_word and is_apart else rest

    def _drop_bullet(self, data: str, place: int) -> tuple[str, int]:
        rest = data.lstrip()[1:]
        is_bullet = data.lstrip()[:1] in _BULLETS and rest[:1].isspace() and has_words(rest)
        before = "".join(self.pieces[:MAX_BULLET_PIECES]).strip()
        if before in _BULLETS and has_words(data) and self.pieces[-1][-1:].isspace():
            self.pieces[:] = [""] * len(self.pieces)
        is_bullet = is_bullet and not before
        return (rest, place + (place >= 0)) if is_bullet else (data, place)

    def _end_line(self, data: str) -> None:
        is_welded = self.number_ended and data[:1].isupper()
        self.number_ended = False
        if not data.strip(" \n") or not (self.line_ended or is_welded):
            return
        self.line_ended = False
        before = next((each for each in reversed(self.pieces) if each.strip(" \n")), LINE_BREAK)
        if before.rstrip(" \n")[-1] != LINE_BREAK and not data.startswith(LINE_BREAK):
            self.add_piece(LINE_BREAK)

    def add_words(self, data: str, link: str, place: int = -1, *, is_strong: bool = False) -> None:
        """Add words, perhaps of a link, or in bold type."""
        if data:
            data, place = self._join_to_last(data, place)
        self.has_gap = self.has_gap and not data
        self.add_piece(data, place)
        if not data.isspace() and has_words(data):
            self.has_own_words = True
            self.is_strong = self.is_strong and is_strong
            if link:
                self.links.add(link)
            elif not data.strip(" .\n").isdecimal():
                self.has_unlinked_words = True

    def _join_to_last(self, data: str, place: int) -> tuple[str, int]:
        """Words without what the source only has because of what stood before them."""
        if self.has_drop_cap and data.strip():
            data = self._join_drop_cap(data)
        if self.has_gap:
            data, place = self._close_gap(data, place)
        if not self.has_own_words and not self.level:
            data, place = self._drop_bullet(data, place)
        if self.line_ended or self.number_ended:
            self._end_line(data)
        return data, place
