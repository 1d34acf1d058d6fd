"""From a book to its cast: who speaks, and who says what."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import regex

from mixer.errors import BadInput
from mixer.lazy import compile_lazily
from mixer.script.speakers.attribution import Choice, choose_speakers, load_weights
from mixer.script.speakers.candidates import CandidateFinder
from mixer.script.speakers.context import BookContext
from mixer.script.speakers.features import FeatureReader
from mixer.script.speakers.mentions import ABBREVIATED
from mixer.script.speakers.model import (
    CERTAIN,
    Age,
    BookCast,
    Character,
    Gender,
    Method,
    Quotation,
    Span,
)
from mixer.script.speakers.persons import BookPerson
from mixer.script.speakers.quote_marks import split_paragraphs
from mixer.script.speakers.turns import Turn
from mixer.script.speakers.vocabulary import CHILD_WORDS, ENGLISH_WORDS, OLD_WORDS, guess_gender

MAX_CANDIDATES_SHOWN = 4
FEW_QUOTATIONS_SHARE = 0.005
"""Below this share of a book's characters, speech is an exception."""

MIN_ENGLISH_SHARE = 0.12
MIN_JUDGED_WORDS = 40
NARRATOR_I = "I"

_WORD = compile_lazily(r"[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*")
_GUTENBERG_START = compile_lazily(r"\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG[^\n]*\n")
_GUTENBERG_END = compile_lazily(r"\*{3} ?END OF (?:THE|THIS) PROJECT GUTENBERG")

MIN_SPEECHES = 8
MIN_SHARE = 0.4
"""Of a play's paragraphs that begin with a speaker."""

_ASIDE = r"(?:[ \t]*[_*]?(?:\[[^\]\n]{0,80}\]|\([^)\n]{0,80}\))[_*]?)?"
_LABEL = compile_lazily(
    r"[_*]{0,2}(?P<name>\p{Lu}[\p{L}\p{N}'’. -]{0,38}?[\p{L}\p{N}])"
    rf"(?<!\b(?i:{ABBREVIATED})){_ASIDE}(?P<end>[.:][_*]{{0,2}}|[_*]{{1,2}}[.:]?)"
    rf"{_ASIDE}[ \t]*\n?(?=\S)"
)
_DIRECTION = compile_lazily(r"[ \t]*\[[^\]\n]*\][ \t]*")
"""What an actor does, within a speech."""

MAX_LABEL_WORDS = 4


def read_cast(
    text: str, name: str = "This text", weights: Mapping[str, float] | None = None
) -> BookCast:
    """Find who says what in a book in English.

    Args:
        text: the book.
        name: what to call it in errors.
        weights: of the features, instead of those that were learned.

    Raises:
        BadInput: the book is in another language.
    """
    start, end = _find_body(text)
    body = text[start:end]
    _require_english(body, name)
    cast = _read_play(body) or _read_prose(body, load_weights() if weights is None else weights)
    if start == 0:
        return cast
    quotations = tuple(
        replace(
            each,
            spans=tuple(Span(span.start + start, span.end + start) for span in each.spans),
        )
        for each in cast.quotations
    )
    return replace(cast, quotations=quotations)


def count_words(text: str) -> int:
    """How many words a text has."""
    return sum(1 for _ in _WORD.finditer(text))


def _find_body(text: str) -> tuple[int, int]:
    """The book itself, without Project Gutenberg's header and licence."""
    first = _GUTENBERG_START.search(text, 0, min(len(text), 20_000))
    start = first.end() if first else 0
    last = _GUTENBERG_END.search(text, start) if first else None
    return start, last.start() if last else len(text)


def _require_english(text: str, name: str) -> None:
    words = [match.group().lower() for match in _WORD.finditer(text, 0, min(len(text), 200_000))]
    if len(words) < MIN_JUDGED_WORDS:
        return
    share = sum(word in ENGLISH_WORDS for word in words) / len(words)
    if share < MIN_ENGLISH_SHARE:
        raise BadInput(
            f"{name} is not in English, and speakers can be found in English only: write its cast "
            "and its marks by hand (docs/writing.md)."
        )


def _read_prose(text: str, weights: Mapping[str, float]) -> BookCast:
    book = BookContext(text)
    finder = CandidateFinder(book)
    choices = choose_speakers(FeatureReader(finder), weights)
    names = _name_persons(book.persons)
    quotations = tuple(
        _build_quotation(number, turn, choice, names)
        for number, (turn, choice) in enumerate(zip(finder.turns, choices, strict=True), start=1)
    )
    characters = _build_characters(book, quotations, choices, names)
    quoted = sum(span.end - span.start for each in quotations for span in each.spans)
    kind = "prose" if quoted < FEW_QUOTATIONS_SHARE * len(text) else "novel"
    return BookCast(characters, quotations, kind, tuple(_list_notes(book, kind, quotations)))


def _name_persons(persons: Sequence[BookPerson]) -> list[str]:
    """A name for each person that no other has; usable as the name of a role."""
    used, names = set[str](), list[str]()
    for person in persons:
        shown = regex.sub(r"[:\[\]#\n]", "", person.find_display_name())[:40].strip() or "Speaker"
        shown = shown[:1].upper() + shown[1:]
        name, number = shown, 2
        while name in used:
            name, number = f"{shown[:36]} {number}", number + 1
        used.add(name)
        names.append(name)
    return names


def _build_quotation(number: int, turn: Turn, choice: Choice, names: Sequence[str]) -> Quotation:
    shown = [names[person] for person, _ in choice.shares[:MAX_CANDIDATES_SHOWN]]
    return Quotation(
        number,
        tuple(turn.spans),
        shown[0] if shown else "",
        choice.method,
        round(choice.confidence, 3),
        tuple(shown),
    )


def _build_characters(
    book: BookContext,
    quotations: Sequence[Quotation],
    choices: Sequence[Choice],
    names: Sequence[str],
) -> tuple[Character, ...]:
    words, turns = Counter[int](), Counter[int]()
    for quotation, choice in zip(quotations, choices, strict=True):
        if choice.shares:
            words[choice.person] += count_words(quotation.extract_text(book.text))
            turns[choice.person] += 1
    found = [
        Character(
            names[identity],
            tuple(_list_names(book.persons[identity], names[identity])),
            book.persons[identity].gender,
            guess_age(book, book.persons[identity]),
            words[identity],
            turns[identity],
            book.persons[identity] is book.narrator,
        )
        for identity in turns
    ]
    return tuple(sorted(found, key=lambda each: (-each.words, each.name)))


def _list_names(person: BookPerson, shown: str) -> Iterator[str]:
    yield shown
    seen = {shown}
    for name, _ in person.names.most_common():
        if name.text not in seen:
            seen.add(name.text)
            yield name.text
    if person.noun and person.noun.capitalize() not in seen:
        yield person.noun


def guess_age(book: BookContext, person: BookPerson) -> Age:
    """The age that names, titles and the adjectives before them imply."""
    words = {*person.noun.split(), *person.titles}
    before = book.adjectives.get(person.identity, Counter())
    often = {word for word, count in before.items() if count * 12 >= person.count}
    if OLD_WORDS & (words | often) or "old" in often:
        return Age.OLD
    is_child = CHILD_WORDS & (words | often) or "master" in words
    return Age.CHILD if is_child else Age.ADULT


def _list_notes(book: BookContext, kind: str, quotations: Sequence[Quotation]) -> Iterator[str]:
    if not quotations:
        yield "The book has no quotations: the narrator reads all of it."
    elif kind == "prose":
        yield "The book has few quotations: nearly all of it is the narrator's."
    if book.narrator is not None:
        name = book.narrator.find_display_name()
        known = f", who is called {name}" if name != NARRATOR_I else ", whose name was not found"
        yield f"The narrator is one of the characters{known}."
    certain = sum(each.confidence >= CERTAIN for each in quotations)
    if quotations:
        yield f"{certain} of {len(quotations)} quotations are certain."


def _read_play(text: str) -> BookCast | None:
    """The cast of a play, where who speaks stands before the words; None for any other text."""
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
    spoken = [
        (match["name"], tuple(_list_spoken(text, match.end(), each.end)))
        for match, each in speeches
    ]
    quotations = tuple(
        Quotation(number, spans, name, Method.NAME, 1.0, (name,))
        for number, (name, spans) in enumerate(spoken, start=1)
        if spans
    )
    notes = ("The book is a play: its own labels are used.",)
    return BookCast(_list_play_characters(text, quotations), quotations, "play", notes)


def _list_spoken(text: str, start: int, end: int) -> Iterator[Span]:
    """The parts of a speech between stage directions."""
    for direction in _DIRECTION.finditer(text, start, end):
        if direction.start() > start:
            yield Span(start, direction.start())
        start = direction.end()
    if start < end:
        yield Span(start, end)


def _list_play_characters(text: str, quotations: Sequence[Quotation]) -> tuple[Character, ...]:
    words, turns = Counter[str](), Counter[str]()
    for each in quotations:
        words[each.speaker] += len(each.extract_text(text).split())
        turns[each.speaker] += 1
    characters = [
        Character(name, (name,), _guess_gender(name), Age.ADULT, words[name], turns[name])
        for name in turns
    ]
    return tuple(sorted(characters, key=lambda each: (-each.words, each.name)))


def _guess_gender(name: str) -> Gender:
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
