"""SSML by the author to Document: words in paragraphs, with the author's elements kept as marks.

Cutting into chunks works on sentences, as for any other text; an element that reaches over several
is closed and opened again at each cut. Names and attributes are those that Amazon Polly documents;
which of them the chosen engine honours is asked when the story is planned.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from mixer.errors import UnreadableText
from mixer.script.document import Block, BlockKind, Document, has_words
from mixer.script.marking import PAUSE, Attributes, MarkedText
from mixer.script.pauses import MAX_PAUSE_MS

ATTRIBUTES = {
    "amazon:auto-breaths": {"volume", "frequency", "duration"},
    "amazon:breath": {"volume", "duration"},
    "amazon:domain": {"name"},
    "amazon:effect": {"name", "phonation", "vocal-tract-length"},
    "break": {"time", "strength"},
    "emphasis": {"level"},
    "lang": {"xml:lang"},
    "mark": {"name"},
    "p": set[str](),
    "phoneme": {"alphabet", "ph"},
    "prosody": {"volume", "rate", "pitch", "amazon:max-duration"},
    "s": set[str](),
    "say-as": {"interpret-as", "format"},
    "sub": {"alias"},
    "w": {"role"},
}
"""Of each element (supported-tags pages of Polly's developer guide)."""

NEEDED = {
    "lang": "xml:lang",
    "mark": "name",
    "phoneme": "ph",
    "say-as": "interpret-as",
    "sub": "alias",
    "w": "role",
}
"""Attributes without which an element means nothing."""

_TIME = re.compile(r"\+?(\d*\.?\d+)(ms|s)")
_EMPTY = frozenset({PAUSE, "mark", "amazon:breath"})


def read_ssml_text(text: str, name: str = "The SSML") -> Document:
    """Read an SSML document.

    Args:
        text: with `<speak>` as its root.
        name: what to call it in errors.

    Raises:
        UnreadableText: it is not well-formed, or holds what SSML has not; the line is named.
    """
    reading = _Reading(name)
    reading.read(text)
    return Document(tuple(reading.blocks), language=reading.language, must_honour_marks=True)


def duration_ms(written: str) -> int | None:
    """A length such as `300ms` or `1.5s`; None where it is none."""
    match = _TIME.fullmatch(written.strip())
    return round(float(match[1]) * (1000 if match[2] == "s" else 1)) if match else None


@dataclass
class _Reading:
    """The walk through a document.

    Attributes:
        name: of the document, for errors.
        blocks: what was read.
        language: that the root states.
    """

    name: str
    blocks: list[Block] = field(default_factory=list)
    language: str = ""
    _open: list[tuple[str, Attributes, int, int]] = field(default_factory=list)
    _told: MarkedText = field(default_factory=MarkedText)

    def read(self, text: str) -> None:
        """Read it all."""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._say
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            self._parser.Parse(text.encode(errors="replace"), True)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            raise UnreadableText(f"{self.name} is no SSML: line {error.lineno}: {what}.") from error
        self._close_block(is_paragraph=True)

    def _say(self, text: str) -> None:
        self._told.say(text)

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        if not self._open:
            self._begin_root(tag, given)
        else:
            self._check(tag, given)
        if tag in ("p", "s"):
            self._close_block(is_paragraph=tag == "p")
        line = self._parser.CurrentLineNumber
        self._open.append((tag, tuple(given.items()), self._told.length, line))

    def _begin_root(self, tag: str, given: dict[str, str]) -> None:
        if tag != "speak":
            raise self._refusal(f"its root is <{tag}>, not <speak>")
        self.language = given.get("xml:lang", "")

    def _end(self, tag: str) -> None:
        _, attributes, start, line = self._open.pop()
        if tag in ("p", "s"):
            self._close_block(is_paragraph=tag == "p")
        elif tag != "speak":
            self._told.mark(start, tag, attributes, line)

    def _close_block(self, *, is_paragraph: bool) -> None:
        """End a paragraph or a sentence; what is open over it goes on in the next."""
        for tag, attributes, start, line in reversed(self._open):
            if tag not in ("speak", "p", "s") and start < self._told.length:
                self._told.mark(start, tag, attributes, line)
        text, marks = self._told.finished()
        if has_words(text):
            block = Block(BlockKind.PARAGRAPH, text, marks=marks, continues=not is_paragraph)
            self.blocks.append(block)
            self._told = MarkedText()
        elif is_paragraph and self.blocks:
            self._settle()
        self._open = [
            (tag, attributes, self._told.length, line) for tag, attributes, _, line in self._open
        ]

    def _settle(self) -> None:
        """Let the sentence that was read last end its paragraph."""
        last = self.blocks[-1]
        self.blocks[-1] = Block(last.kind, last.text, marks=last.marks)

    def _check(self, tag: str, given: dict[str, str]) -> None:
        if tag not in ATTRIBUTES:
            raise self._refusal(f"there is no element <{tag}>")
        unknown = given.keys() - ATTRIBUTES[tag]
        if unknown:
            raise self._refusal(f"<{tag}> has no attribute {min(unknown)}")
        if tag in NEEDED and not given.get(NEEDED[tag]):
            raise self._refusal(f"<{tag}> needs the attribute {NEEDED[tag]}")
        if self._open[-1][0] in _EMPTY:
            raise self._refusal(f"<{self._open[-1][0]}> holds nothing")
        if tag == PAUSE and "time" in given:
            self._check_time(given["time"])

    def _check_time(self, written: str) -> None:
        length_ms = duration_ms(written)
        if length_ms is None or length_ms > MAX_PAUSE_MS:
            raise self._refusal(
                f'a break takes a time such as "300ms" or "2s", at most 10s, not "{written[:40]}"'
            )

    def _refuse_doctype(self, *_declared: object) -> None:
        raise self._refusal("a document type declaration is not allowed")

    def _refusal(self, why: str) -> UnreadableText:
        line = self._parser.CurrentLineNumber
        return UnreadableText(f"{self.name} is refused: line {line}: {why}.")
