"""SSML for a voice without its own SSML: sentences to say, and silences between.

Reads the part of SSML that Polly's engines share: speak, p, s, break, sub, say-as, prosody rate;
and our own element for how words are spoken, `<direction as="whispering">`. Of other elements
(phoneme, lang, emphasis, …) the text is spoken and the rest ignored. Document type declarations
and entities are refused. Text outside any `<s>` counts as one `<s>` up to the next `<s>` or `<p>`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mixer.errors import SpeechFailed
from mixer.speech.embedded import say_as
from mixer.speech.embedded.mapped_text import MappedText

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CLAUSE_PAUSE_MS = 250
"""Like a comma's."""

SENTENCE_PAUSE_MS = 500
"""Like a full stop's."""

PARAGRAPH_PAUSE_MS = 800
"""Short of the 0.85 s from which the music rises in pauses."""

MAX_BREAK_MS = 10_000
"""Source: break-tag page of Polly's developer guide."""

BREAK_STRENGTHS_MS = {
    "none": 0,
    "x-weak": 0,
    "weak": CLAUSE_PAUSE_MS,
    "medium": CLAUSE_PAUSE_MS,
    "strong": SENTENCE_PAUSE_MS,
    "x-strong": PARAGRAPH_PAUSE_MS,
}
"""Source of the names and their meaning: the same page."""

RATES = {
    "x-slow": 0.5,
    "slow": 0.75,
    "medium": 1.0,
    "default": 1.0,
    "fast": 1.25,
    "x-fast": 1.6,
}
"""Factors of speed. SSML leaves them to the voice."""

SLOWEST_RATE, FASTEST_RATE = 0.2, 2.0
"""Source: prosody-tag page of Polly's developer guide."""

SNIPPET_CHARS = 60


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence; `is_written` where the SSML has a `<break>`."""

    duration_ms: int
    is_written: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words spoken in one breath at one rate.

    The origins of `text` are places in the sentence's text; a `rate` of 1.0 is the voice's own;
    `direction` is how to say them, in the author's words.
    """

    text: MappedText
    rate: float = 1.0
    direction: str = ""


@dataclass(frozen=True, slots=True)
class SsmlSentence:
    """One `<s>` element, or the text between such elements.

    `text` is as written; `parts` are what is spoken, and silences, in order.
    """

    text: str
    parts: tuple[Phrase | Pause, ...]


def read_ssml(ssml: str) -> tuple[SsmlSentence | Pause, ...]:
    """Sentences and the silences around them, in document order.

    Between two sentences stands the pause of their elements; a break between them adds to it.

    Raises:
        SpeechFailed: not well-formed, not SSML, or it declares a document type or entities.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(ssml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise _unreadable_error(ssml, str(error)) from error
    if _tag_name(root) != "speak":
        raise _unreadable_error(ssml, "its root element is not <speak>")
    walker = _SsmlWalker()
    try:
        walker.read_element(root, 1.0)
    except (ValueError, RecursionError) as error:
        raise _unreadable_error(ssml, str(error)) from error
    return walker.finish()


def snippet(ssml: str) -> str:
    """The beginning of what a chunk says, for messages; never fails."""
    text = " ".join(re.sub(r"<[^>]*>", " ", ssml).split()) or ssml
    return text if len(text) <= SNIPPET_CHARS else text[: SNIPPET_CHARS - 1] + "…"


@dataclass(slots=True)
class _SentenceBuilder:
    explicit: bool = False
    text: str = ""
    direction: str = ""
    parts: list[Phrase | Pause] = field(default_factory=list)

    def add_text(self, source: str, rate: float, alias: str | None = None) -> None:
        start = len(self.text)
        self.text += source
        text = MappedText.literal(source, start)
        if alias is not None:
            text = MappedText.alias(alias, start, len(self.text))
        last = self.parts[-1] if self.parts else None
        manner = (rate, self.direction)
        if isinstance(last, Phrase) and (last.rate, last.direction) == manner:
            self.parts[-1] = Phrase(last.text + text, *manner)
        else:
            self.parts.append(Phrase(text, *manner))

    @property
    def is_empty(self) -> bool:
        return not self.explicit and not any(
            isinstance(part, Phrase) and part.text.text.strip() for part in self.parts
        )


class _SsmlWalker:
    """Walks through a document, collecting sentences and pauses."""

    def __init__(self) -> None:
        self._items: list[SsmlSentence | Pause] = []
        self._current = _SentenceBuilder()
        self._pending_pause_ms = 0
        self._is_paused = False

    def finish(self) -> tuple[SsmlSentence | Pause, ...]:
        """All items; a pause that is pending at the end is dropped."""
        self._close_sentence(0)
        return tuple(self._items)

    def read_element(self, element: "Element", rate: float) -> None:
        rule = _RULES.get(_tag_name(element), _SsmlWalker._read_children)
        rule(self, element, rate)

    def _read_children(self, element: "Element", rate: float) -> None:
        for text, child in _iterate_content(element):
            if text:
                self._current.add_text(text, rate)
            if child is not None:
                self.read_element(child, rate)

    def _read_paragraph(self, element: "Element", rate: float) -> None:
        self._close_sentence(PARAGRAPH_PAUSE_MS)
        self._read_children(element, rate)
        self._close_sentence(PARAGRAPH_PAUSE_MS)

    def _read_sentence(self, element: "Element", rate: float) -> None:
        self._close_sentence(SENTENCE_PAUSE_MS)
        self._current = _SentenceBuilder(explicit=True)
        self._read_children(element, rate)
        self._close_sentence(SENTENCE_PAUSE_MS)

    def _read_break(self, element: "Element", _rate: float) -> None:
        self._current.parts.append(Pause(_break_ms(element), is_written=True))

    def _read_sub(self, element: "Element", rate: float) -> None:
        source = "".join(element.itertext())
        self._current.add_text(source, rate, element.get("alias", source))

    def _read_say_as(self, element: "Element", rate: float) -> None:
        source = "".join(element.itertext())
        kind, form = element.get("interpret-as", ""), element.get("format", "")
        self._current.add_text(source, rate, say_as.expand_say_as(source, kind, form))

    def _read_prosody(self, element: "Element", rate: float) -> None:
        factor = _parse_rate(element.get("rate", "medium"))
        self._read_children(element, min(max(rate * factor, SLOWEST_RATE), FASTEST_RATE))

    def _read_direction(self, element: "Element", rate: float) -> None:
        sentence, outer = self._current, self._current.direction
        sentence.direction = element.get("as", "")
        self._read_children(element, rate)
        sentence.direction = outer

    def _close_sentence(self, pause_ms: int) -> None:
        """End the open sentence, if there is one, and keep the pause pending.

        A written break between two sentences is all of the silence there.
        """
        sentence, self._current = self._current, _SentenceBuilder()
        if sentence.is_empty:
            pauses = [part for part in sentence.parts if isinstance(part, Pause)]
            self._items += pauses
            self._is_paused = self._is_paused or bool(pauses)
        else:
            is_first = not any(isinstance(item, SsmlSentence) for item in self._items)
            is_written = self._is_paused or isinstance(next(iter(sentence.parts), None), Pause)
            if self._pending_pause_ms and not (is_first or is_written):
                self._items.append(Pause(self._pending_pause_ms))
            self._items.append(SsmlSentence(sentence.text, tuple(sentence.parts)))
            self._pending_pause_ms = 0
            self._is_paused = isinstance(sentence.parts[-1], Pause) if sentence.parts else False
        self._pending_pause_ms = max(self._pending_pause_ms, pause_ms)


_RULES: dict[str, Callable[[_SsmlWalker, "Element", float], None]] = {
    "p": _SsmlWalker._read_paragraph,
    "s": _SsmlWalker._read_sentence,
    "break": _SsmlWalker._read_break,
    "sub": _SsmlWalker._read_sub,
    "say-as": _SsmlWalker._read_say_as,
    "prosody": _SsmlWalker._read_prosody,
    "direction": _SsmlWalker._read_direction,
}


def _iterate_content(element: "Element") -> Iterator[tuple[str, "Element | None"]]:
    """An element's texts, each with the child that follows it; None after the last."""
    text = element.text or ""
    for child in element:
        yield text, child
        text = child.tail or ""
    yield text, None


def _tag_name(element: "Element") -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _break_ms(element: "Element") -> int:
    """The length of a break, at most MAX_BREAK_MS."""
    time = element.get("time")
    if time is None:
        strength = element.get("strength", "medium")
        if strength not in BREAK_STRENGTHS_MS:
            raise ValueError(f"“{strength}” is not a strength of breaks")
        return BREAK_STRENGTHS_MS[strength]
    match = re.fullmatch(r"\s*\+?([0-9]*\.?[0-9]+)(ms|s)\s*", time)
    if not match:
        raise ValueError(f"“{time}” is not a length of time")
    return round(min(float(match[1]) * (1000 if match[2] == "s" else 1), MAX_BREAK_MS))


def _parse_rate(rate: str) -> float:
    """The factor of a rate attribute; signed percents are changes."""
    if rate in RATES:
        return RATES[rate]
    match = re.fullmatch(r"([-+]?)([0-9]*\.?[0-9]+)%", rate.strip())
    if not match:
        raise ValueError(f"“{rate}” is not a rate")
    factor = float(match[2]) / 100
    return {"": factor, "+": 1 + factor, "-": 1 - factor}[match[1]]


def _unreadable_error(ssml: str, reason: str) -> SpeechFailed:
    return SpeechFailed(f"This SSML cannot be read: {reason}.", [snippet(ssml)])
