"""Who says what in a book: quotations, characters, and which character each quotation is given."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Method(StrEnum):
    """How a quotation's speaker was found."""

    NAME = "name"
    DESCRIPTION = "description"
    PRONOUN = "pronoun"
    NARRATOR = "narrator"
    ACTION = "action"
    TURN = "turn"
    CONTEXT = "context"
    AUTHOR = "author"
    MODEL = "model"
    NONE = "none"


class Gender(StrEnum):
    """Of a character, as the text words it."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class Age(StrEnum):
    """Of a character, guessed from titles and descriptions."""

    CHILD = "child"
    ADULT = "adult"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text, in characters; `end` is exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quotation:
    """What one character says at a time.

    Attributes:
        number: from 1, in reading order.
        spans: its parts between narration, with their quotation marks; none crosses a paragraph.
        speaker: the name of a character; empty for one who could not be found.
        confidence: how likely the speaker is right, from 0 to 1.
        candidates: the likeliest speakers, best first.
    """

    number: int
    spans: tuple[Span, ...]
    speaker: str
    method: Method
    confidence: float
    candidates: tuple[str, ...] = ()

    @property
    def start(self) -> int:
        """Where it begins in the text."""
        return self.spans[0].start

    def extract_text(self, text: str) -> str:
        """Its words, with white space folded, and without what is narrated between them."""
        return " ".join(" ".join(text[span.start : span.end].split()) for span in self.spans)


@dataclass(frozen=True, slots=True)
class Character:
    """A person of the book, by the name that is used most.

    `names` has all names, titles and descriptions; `words` counts what is given to them.
    """

    name: str
    names: tuple[str, ...]
    gender: Gender
    age: Age
    words: int
    quotations: int
    is_narrator: bool = False


@dataclass(frozen=True, slots=True)
class BookCast:
    """What a book says about its speakers.

    Attributes:
        characters: those who speak, most words first.
        kind: "novel", "play", or "prose" for a book with next to no quotations.
        notes: sentences about what was recognised, for the author.
    """

    characters: tuple[Character, ...]
    quotations: tuple[Quotation, ...]
    kind: str
    notes: tuple[str, ...] = ()

    def find_doubtful(self) -> Sequence[Quotation]:
        """The quotations that deserve a look, least certain first."""
        doubtful = [each for each in self.quotations if each.confidence < DOUBTFUL]
        return sorted(doubtful, key=lambda each: each.confidence)


CERTAIN = 0.92
"""From this confidence on, a speaker is called certain."""

DOUBTFUL = 0.5
"""Below this confidence, the author is asked to look."""


MODEL_CONFIDENCE = 0.75
"""Of a speaker whom a language model names: neither in doubt nor certain."""


def correct_speakers(
    cast: BookCast, speakers: Mapping[int, str], method: Method = Method.AUTHOR
) -> BookCast:
    """A cast with other speakers, by the numbers of their quotations: the author's or a model's."""
    confidence = 1.0 if method is Method.AUTHOR else MODEL_CONFIDENCE
    quotations = tuple(
        replace(each, speaker=speakers[each.number], method=method, confidence=confidence)
        if each.number in speakers
        else each
        for each in cast.quotations
    )
    return replace(cast, quotations=quotations)


def describe_cast(cast: BookCast, text: str) -> dict[str, Any]:
    """A cast as JSON has it; each quotation with its spans and its words."""
    return {
        "kind": cast.kind,
        "notes": list(cast.notes),
        "characters": [{**asdict(each), "names": list(each.names)} for each in cast.characters],
        "quotations": [_describe_quotation(each, text) for each in cast.quotations],
        "certain_from": CERTAIN,
        "doubtful_below": DOUBTFUL,
    }


def _describe_quotation(quotation: Quotation, text: str) -> dict[str, Any]:
    return {
        "number": quotation.number,
        "spans": [[span.start, span.end] for span in quotation.spans],
        "speaker": quotation.speaker,
        "method": quotation.method.value,
        "confidence": quotation.confidence,
        "candidates": list(quotation.candidates),
        "text": quotation.extract_text(text),
    }
