"""Abbreviations written out: `e.g.`, `etc.`, `No. 5`, `Gov. Smith`.

The tables sort them by where they stand, because the place decides what they mean and whether
their full stop may also end the sentence:

    before_name     `Mrs.`: a capital follows; never ends a sentence
    before_number   `No.`: a figure or a Roman numeral follows; never ends a sentence
    after_number    `Jh.`: a figure stands before
    after_name      `Jr.`: a word with a capital stands before; may end a sentence
    anywhere        `e.g.`: never ends a sentence
    may_end         `dept.`: ends a sentence when a word follows that begins one
    lists           `etc.`: closes a list, and the sentence when any capital follows

A full stop that ends its sentence is kept.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from mixer.script.language import Language
from mixer.script.normalise import streets
from mixer.script.normalise.context import (
    is_capitalised,
    is_name_like,
    keep_stop,
    next_word,
    previous_word,
)
from mixer.script.normalise.rule import (
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
)

_COUNT = re.compile(rf"{SPACE}?\d|{SPACE}(?:[IVXLC]{{2,8}}|[VX])(?!\w)")
_FIGURE_BEFORE = re.compile(rf"\d\.?{SPACE}?$")

Reading = Callable[[re.Match[str], str], str | None]
"""Takes a match and what it stands for; gives what is said, or None to leave it as written."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """The abbreviations of a language: one scan for all of them."""
    readings = _build_readings(language)
    if readings:
        by_key = {_strip_spaces(written): choices for written, choices in readings.items()}
        written = build_alternation(readings).replace(r"\ ", f"{SPACE}?")

        def expand(match: re.Match[str]) -> str | None:
            said = (reading(match, spoken) for spoken, reading in by_key[_strip_spaces(match[0])])
            return next((spoken for spoken in said if spoken is not None), None)

        yield compile_rule(rf"(?<![\w.&-]){written}(?![\w-])", expand)
    yield from _build_suffix_rules(language)


def add_capitals(spellings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Abbreviations as written, and with the capital they have where a sentence begins."""
    for written, spoken in spellings.items():
        yield written, spoken
        capital = written[:1].upper() + written[1:]
        if capital not in spellings and len(written) > len("x."):
            yield capital, spoken[:1].upper() + spoken[1:]


def _build_readings(language: Language) -> dict[str, list[tuple[str, Reading]]]:
    """Every written form with what it may stand for, in the order of preference."""
    titles = language.spellings("abbreviations.before_name")
    followers = {*(title.rstrip(".") for title in titles), language.phrase("symbols.and")}
    by_place: dict[str, Reading] = {
        "before_name": lambda match, spoken: _expand_before_name(match, spoken, followers),
        "before_number": _expand_before_number,
        "after_number": lambda match, spoken: _expand_after_number(match, spoken, language),
        "after_name": lambda match, spoken: _expand_after_name(match, spoken, language),
        "anywhere": lambda _, spoken: spoken,
        "may_end": lambda match, spoken: spoken + _keep_final_stop(match, language),
        "lists": lambda match, spoken: (
            spoken + _keep_final_stop(match, language, any_capital=nameless)
        ),
    }
    nameless = language.phrase("sentences.capitals") != "nouns"
    readings: dict[str, list[tuple[str, Reading]]] = {
        written: [("", lambda match, _: streets.select_reading(match, language))]
        for written in language.table("streets.readings")
    }
    for place, reading in by_place.items():
        for written, spoken in add_capitals(language.spellings(f"abbreviations.{place}")):
            readings.setdefault(written, []).append((spoken, reading))
    return readings


def _strip_spaces(written: str) -> str:
    """An abbreviation without the spaces that some write in it."""
    return re.sub(r"\s", "", written)


def _expand_before_name(match: re.Match[str], spoken: str, followers: set[str]) -> str | None:
    """Read a title, if a name, another title or `and` follows."""
    text, end = match.string, match.end()
    word = next_word(text, end)
    followed = is_capitalised(word) or word in followers or text.startswith(" & ", end)
    return spoken if followed else None


def _expand_before_number(match: re.Match[str], spoken: str) -> str | None:
    """Read a word that counts, if a figure or a numeral follows."""
    return spoken if _COUNT.match(match.string, match.end()) else None


def _expand_after_number(match: re.Match[str], spoken: str, language: Language) -> str | None:
    """Read a word that is counted, if a figure stands before it."""
    before = match.string[max(0, match.start() - 3) : match.start()]
    return spoken + _keep_final_stop(match, language) if _FIGURE_BEFORE.search(before) else None


def _expand_after_name(match: re.Match[str], spoken: str, language: Language) -> str | None:
    """Read what is added to a name, if a word with a capital or a figure stands before it."""
    start = match.start()
    comma = match.string[max(0, start - 2) : start] == ", "
    word = previous_word(match.string, start - 2 if comma else start)
    if not is_name_like(word):
        return None
    return spoken + _keep_final_stop(match, language)


def _keep_final_stop(match: re.Match[str], language: Language, *, any_capital: bool = False) -> str:
    """The full stop that remains of an abbreviation which ends its sentence."""
    if not match[0].endswith("."):
        return ""
    return keep_stop(match.string, match.end(), language, any_capital=any_capital)


def _build_suffix_rules(language: Language) -> Iterator[NormalisationRule]:
    """Write out words cut short at their end: `Hauptstr.`."""
    for written, spoken in language.spellings("abbreviations.suffixes").items():
        yield compile_rule(
            rf"(?<=[^\W\d_][^\W\d_][^\W\d_]){re.escape(written)}(?!\w)",
            lambda match, spoken=spoken: (  # type: ignore[misc]
                spoken + keep_stop(match.string, match.end(), language)
            ),
        )
