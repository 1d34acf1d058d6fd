"""Plays: who speaks stands before the words."""

from collections import Counter
from collections.abc import Sequence

import regex

from mixer.script.speakers.model import (
    Age,
    BookCast,
    Character,
    Gender,
    Method,
    Quotation,
    Span,
)
from mixer.script.speakers.quote_marks import split_paragraphs
from mixer.script.speakers.vocabulary import guess_gender

MIN_SPEECHES = 8
MIN_SHARE = 0.4
"""Of a play's paragraphs that begin with a speaker."""

_LABEL = regex.compile(
    r"_?(?P<name>\p{Lu}[\p{L}'’. -]{0,38}?\p{L})(?P<end>[.:]_?|_[.:]?)"
    r"(?:[ \t]*\[[^\]\n]{0,80}\])?[ \t]*\n?(?=\S)"
)
MAX_LABEL_WORDS = 4


def read_play(text: str) -> BookCast | None:
    """The cast of a play; None for any other text."""
    paragraphs = split_paragraphs(text)
    labels = [_LABEL.match(text, each.start, each.end) for each in paragraphs]
    counts = Counter(match["name"] for match in labels if match and _is_label(match))
    regular = {name for name, count in counts.items() if count > 1}
    speeches = [
        (match, each)
        for match, each in zip(labels, paragraphs, strict=True)
        if match and match["name"] in regular
    ]
    if len(speeches) < MIN_SPEECHES or len(speeches) < MIN_SHARE * len(paragraphs):
        return None
    quotations = tuple(
        Quotation(
            number,
            (Span(match.end(), each.end),),
            match["name"],
            Method.NAME,
            1.0,
            (match["name"],),
        )
        for number, (match, each) in enumerate(speeches, start=1)
    )
    notes = ("The book is a play: its own labels are used.",)
    return BookCast(_list_characters(text, quotations), quotations, "play", notes)


def _list_characters(text: str, quotations: Sequence[Quotation]) -> tuple[Character, ...]:
    words, turns = Counter[str](), Counter[str]()
    for each in quotations:
        words[each.speaker] += len(each.extract_text(text).split())
        turns[each.speaker] += 1
    characters = [
        Character(name, (name,), _guess(name), Age.ADULT, words[name], turns[name])
        for name in turns
    ]
    return tuple(sorted(characters, key=lambda each: (-each.words, each.name)))


def _guess(name: str) -> Gender:
    words = name.lower().rstrip(".").split()
    return next(
        (g for word in words if (g := guess_gender(word)) is not Gender.UNKNOWN), Gender.UNKNOWN
    )


def _is_label(match: "regex.Match[str]") -> bool:
    """Whether a beginning is a speaker's: in capitals, or before a colon."""
    name = match["name"]
    if len(name.split()) > MAX_LABEL_WORDS:
        return False
    return name.isupper() or match["end"].startswith(":") or match["end"].startswith("_")
