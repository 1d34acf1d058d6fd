"""Finding quotations: paragraphs, the book's own quotation marks, and what stands between them.

A book has one style of marks for speech; the others are nested or mere emphasis. Each paragraph is
read on its own, so that a mark which is never closed costs one paragraph and not the book.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from mixer.lazy import compile_lazily
from mixer.script.speakers.model import Span
from mixer.script.speakers.vocabulary import DASH_VERBS

MIN_MARKS = 3
"""Fewer openings do not make a style."""

LONG_LINE_CHARS = 110
"""Where lines are longer than this on average, each is a paragraph."""


@dataclass(frozen=True, slots=True)
class MarkStyle:
    """A pair of quotation marks, or a dash that opens a line of speech."""

    opening: str
    closing: str

    @property
    def is_dash(self) -> bool:
        """Whether speech follows a dash at the beginning of a paragraph."""
        return not self.closing

    @property
    def is_single(self) -> bool:
        """Whether its closing mark is an apostrophe, too."""
        return self.closing in ("'", "’")


DOUBLE, CURLY = MarkStyle('"', '"'), MarkStyle("“", "”")
STYLES = (
    DOUBLE,
    CURLY,
    MarkStyle("‘", "’"),
    MarkStyle("'", "'"),
    MarkStyle("«", "»"),
    MarkStyle("„", "“"),
    MarkStyle("—", ""),
    MarkStyle("―", ""),
)

MAX_UNCLOSED_CHARS = 300
"""In a longer paragraph without a closing mark, `said Tom` is part of a story that is spoken."""

MAX_QUOTED_CHARS = 2_000
"""How far behind an apostrophe the mark that closes is looked for."""

_BLANK = compile_lazily(r"\n[ \t\r]*\n\s*")
_LINE = compile_lazily(r"\n\s*")
_INDENT = compile_lazily(r"\n[ \t]{2,}(?=\S)|\n[ \t\r]*\n\s*")
_BEFORE_OPENING = frozenset(" \n\t\r([{—–-_*‘“'\"/:")
_ELISION = compile_lazily(
    r"['’](?:[Tt]is|[Tt]was|[Tt]were|[Tt]will|[Tt]would|em|un|ud|nd|cause|bout|ere|ave|im|is|er|ow"
    r"|ome|ead|ope|and|ouse|orse|ard|alf|til|round|gainst|mongst|scuse|pon|fore|neath|s|n|d|ll|\d)\b"
)
_FINAL = frozenset('.,!?;:—–-…)_*”"')
_SPEECH_END = compile_lazily(r"[.,!?;:—–…-][\"'’”_*)\s]*+$")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, with the quotations in it.

    Attributes:
        quotes: with their marks, in order.
        continues: its first quotation continues the last one of the paragraph before.
    """

    start: int
    end: int
    quotes: tuple[Span, ...] = ()
    continues: bool = False


def split_paragraphs(text: str) -> list[Span]:
    """Split a text at blank lines, or at lines or indents where it has none."""
    pattern = _select_separator(text)
    spans, start = list[Span](), 0
    for match in pattern.finditer(text):
        spans += _trim(text, start, match.start())
        start = match.end()
    return [*spans, *_trim(text, start, len(text))]


def _select_separator(text: str) -> "regex.Pattern[str]":
    lines = text.count("\n") + 1
    blanks = sum(1 for _ in _BLANK.finditer(text))
    if blanks * 25 >= lines or lines < len(("a", "line", "or two")):
        return _BLANK
    if len(text) / lines > LONG_LINE_CHARS:
        return _LINE
    indents = sum(1 for _ in _INDENT.finditer(text))
    return _INDENT if indents * 25 >= lines else _LINE if blanks * 200 < lines else _BLANK


def _trim(text: str, start: int, end: int) -> list[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [Span(start, end)] if end > start else []


def detect_style(text: str, paragraphs: Sequence[Span]) -> MarkStyle | None:
    """The marks in which a book writes speech; None for a book without any."""
    counts = {style: _count_openings(text, paragraphs, style) for style in STYLES}
    best = max(counts, key=lambda style: counts[style])
    return best if counts[best] >= MIN_MARKS or (counts[best] and not best.is_dash) else None


def _count_openings(text: str, paragraphs: Sequence[Span], style: MarkStyle) -> int:
    """How often a style begins speech; what looks like speech counts, not every word in marks."""
    if style.is_dash:
        return sum(text.startswith(style.opening, each.start) for each in paragraphs)
    pattern = regex.compile(rf"(?<![\w{style.closing}]){regex.escape(style.opening)}[\w—…_*‘“'\"]")
    return sum(not _ELISION.match(text, match.start()) for match in pattern.finditer(text))


def find_quotes(text: str) -> list[Paragraph]:
    """The paragraphs of a text, with the quotations in them.

    Every quotation ends in its paragraph; one that is not closed ends with it. It continues if the
    next paragraph opens with a mark.
    """
    spans = split_paragraphs(text)
    style = detect_style(text, spans)
    if style is None:
        return [Paragraph(each.start, each.end) for each in spans]
    paragraphs, is_open = list[Paragraph](), False
    for each in spans:
        reader = _DashReader if style.is_dash else _MarkReader
        quotes, remains_open = reader(text, each, style, is_open).read()
        continues = is_open and bool(quotes) and quotes[0].start == each.start
        paragraphs.append(Paragraph(each.start, each.end, tuple(quotes), continues))
        is_open = remains_open
    return paragraphs


@dataclass(frozen=True, slots=True)
class _DashReader:
    """Reads a paragraph in which a dash opens speech; narration follows a second dash or a tag."""

    text: str
    paragraph: Span
    style: MarkStyle
    is_within: bool = False

    def read(self) -> tuple[list[Span], bool]:
        start, end = self.paragraph.start, self.paragraph.end
        if not self.text.startswith(self.style.opening, start):
            return [], False
        match = _DASH_TAG.search(self.text, start + 1, end)
        return [Span(start, match.start() if match else end)], False


_VERB = "|".join(DASH_VERBS)
_TITLE = r"(?:(?:Mrs?|Ms|Dr|Miss|Sir|Lady|Lord|Captain)\.?\s+)?"
_DASH_TAG = compile_lazily(
    rf"(?<=[,.!?…])\s+(?=(?:{_VERB}|he|she|they|I)\b|{_TITLE}\p{{Lu}}\w+\s+(?:{_VERB})\b)"
    rf"|\s*—(?=\s*(?:{_VERB})\b)"
)
_INNER_TAG = compile_lazily(rf"(?<=[,.!?…])\s+(?=(?:{_VERB})\s+(?:\p{{Lu}}|(?:the|he|she)\b))")


@dataclass(frozen=True, slots=True)
class _MarkReader:
    """Reads a paragraph by its marks."""

    text: str
    paragraph: Span
    style: MarkStyle
    is_within: bool = False

    def read(self) -> tuple[list[Span], bool]:
        """Its quotations, and whether the last one is not closed."""
        quotes, opened = list[Span](), -1
        for at in self._iter_marks():
            if opened < 0:
                if self._can_open(at):
                    opened = at
            elif self._can_close(at):
                quotes.append(Span(opened, at + 1))
                opened = -1
            elif self._reopens(at):
                quotes.append(Span(opened, self._find_end(opened, self._trim_end(opened, at))))
                opened = at
        remains_open = False
        if opened >= 0:
            end = self._find_end(opened, self.paragraph.end)
            remains_open = end == self.paragraph.end
            quotes.append(Span(opened, end))
        return [each for each in quotes if each.end - each.start > 1], remains_open

    def _find_end(self, start: int, end: int) -> int:
        """Where a quotation without a closing mark ends: before `said Tom`, if that is in it."""
        is_short = self.paragraph.end - self.paragraph.start < MAX_UNCLOSED_CHARS
        is_own = is_short and not self.is_within
        match = _INNER_TAG.search(self.text, start + 1, end) if is_own else None
        return match.start() if match else end

    def _iter_marks(self) -> Iterator[int]:
        marks = regex.compile(f"[{self.style.opening}{self.style.closing}]")
        for match in marks.finditer(self.text, self.paragraph.start, self.paragraph.end):
            yield match.start()

    def _before(self, at: int) -> str:
        return self.text[at - 1] if at > self.paragraph.start else " "

    def _after(self, at: int) -> str:
        return self.text[at + 1] if at + 1 < self.paragraph.end else " "

    def _can_open(self, at: int) -> bool:
        if self.text[at] != self.style.opening or self._after(at).isspace():
            return self._is_stray_opening(at)
        if self.style.is_single and _ELISION.match(self.text, at):
            return False
        return self._before(at) in _BEFORE_OPENING or not self.style.is_single

    def _is_stray_opening(self, at: int) -> bool:
        """A straight mark at the beginning of a paragraph, followed by a space by mistake."""
        return self.style == DOUBLE and at == self.paragraph.start

    def _can_close(self, at: int) -> bool:
        if self.text[at] != self.style.closing:
            return False
        before, after = self._before(at), self._after(at)
        if self.style.is_single:
            return not after.isalnum() and (before in _FINAL or self._is_last_apostrophe(at))
        if self.style.opening != self.style.closing:
            return True
        return not (before.isspace() and after.isalnum() and self._closes_later(at))

    def _closes_later(self, at: int) -> bool:
        """Whether a straight mark that looks like an opening is one: another one follows it."""
        following = self.text.find(self.style.closing, at + 1, self.paragraph.end)
        return following >= 0 and not self._before(following).isspace()

    def _is_last_apostrophe(self, at: int) -> bool:
        """Whether a mark after a letter closes: no closing one follows before the next opening."""
        end = min(self.paragraph.end, at + MAX_QUOTED_CHARS)
        match = _NEXT_SINGLE.search(self.text, at + 1, end)
        return match is None or match.group(1) is None

    def _reopens(self, at: int) -> bool:
        is_mark = self.text[at] == self.style.opening
        if self.style.is_single:
            return False
        return is_mark and self._before(at).isspace() and not self._after(at).isspace()

    def _trim_end(self, start: int, end: int) -> int:
        while end > start + 1 and self.text[end - 1].isspace():
            end -= 1
        return end


_PHRASE = compile_lazily(r"\s\p{Ll}+\s+\p{Ll}+\b")
_NEXT_SINGLE = compile_lazily(r"[.,!?;:—…-](['’])(?!\w)|(?<!\w)['‘]\w")


def looks_like_speech(text: str, quote: Span, paragraph: Paragraph) -> bool:
    """Whether words in marks are speech: they end like a sentence, or begin a paragraph.

    A title, a word of doubt or an inscription within a sentence is not.
    """
    if quote.start == paragraph.start:
        is_whole = quote.end >= paragraph.end
        if not is_whole or _PHRASE.search(text, quote.start, quote.end):
            return True
    words = text[quote.start : quote.end].strip("'‘’\"“”«»„ \n\t")
    return bool(_SPEECH_END.search(words)) or not words or text[quote.end : quote.end + 1] in ",;!?"
