"""Abbreviations written out: `e.g.`, `etc.`, `No. 5`, `Gov. Smith`.

The tables sort them by where they stand, because the place decides what they mean and whether
their full stop may also end the sentence:

    in_context      `fl.`: what stands before and behind decides, each a pattern
    before_name     `Mrs.`: a capital follows; never ends a sentence
    before_number   `No.`: a figure or a Roman numeral follows; never ends a sentence
    after_number    `Jh.`: a figure stands before
    after_ordinal   `Bn.`: an ordinal in figures stands before
    after_name      `Jr.`: a word with a capital stands before; may end a sentence
    anywhere        `e.g.`: never ends a sentence
    may_end         `dept.`: ends a sentence when a word follows that begins one
    given_names     `Thos.`: the same
    lists           `etc.`: closes a list, and the sentence when any capital follows

A full stop that ends its sentence is kept.

`St.` (Saint, Street) and `Dr.` (Doctor, Drive) have readings of their own (`streets.readings`):
before a name a title (`St. Mary`), after a name, with no name following, a road (`on Elm St.`).
Between two names the text stays as it is written, unless the word before commonly goes with a
saint (`Mount St. Helens`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import (
    LOOK_CHARS,
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
    is_capitalised,
    is_name_like,
    keep_stop,
    next_word,
    previous_word,
    starts_sentence,
)
from mixer.script.normalise.rule_selection import list_marks
from mixer.start_cache import compile_pattern

_COUNT = compile_pattern(
    rf":?{SPACE}?\(?[$€£¥+−-]?\d|{SPACE}(?:[IVXLC]{{2,8}}|[VX]|[ivxlc]{{1,8}})(?!\w)"
    rf"|{SPACE}I(?= ?[–-]|[)\]]|, (?:[IVX]|§|[Ss]ec|[Cc]l))|{SPACE}A\.?D\.? \d"
)
_FIGURE_BEFORE = compile_pattern(rf"\d\.?{SPACE}?$")
_ORDINAL_BEFORE = compile_pattern(rf"\d(?:st|nd|rd|th){SPACE}$")
_NAME_IN_SENTENCE = compile_pattern(r"[\w,;][\"'”’)]*[ \u00a0](?:[^\W\d_][\w'’]*[ \u00a0]){1,3}$")

_SIGNS = frozenset("&/°§'’-")
"""Of `w/o`, `& Co.`, `B’fast`: few, and in other texts than most abbreviations."""

Reading = Callable[[re.Match[str], str], str | None]
"""From a match and its long form to what is spoken; None leaves it as written."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """One rule for abbreviations with a sign, one for all others, and those for suffixes."""
    readings = _build_readings(language)
    if readings:
        by_key = {_strip_spaces(written): choices for written, choices in readings.items()}

        def expand(match: re.Match[str]) -> str | None:
            choices = by_key[_strip_spaces(match[0])]
            expansions = (reading(match, spoken) for spoken, reading in choices)
            return next((each for each in expansions if each is not None), None)

        with_sign = {written for written in readings if not _SIGNS.isdisjoint(written)}
        for group in filter(None, (with_sign, readings.keys() - with_sign)):
            written = build_alternation(group).replace(r"\ ", f"{SPACE}?")
            pattern = rf"(?<![\w.&)-]){written}(?![\w-]|(?<!\.)\.-)"
            yield compile_rule(pattern, expand, list_marks(group))
    yield from _build_suffix_rules(language)


def _add_capitals(spellings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Abbreviations as written, and capitalised as at the beginning of a sentence."""
    for written, spoken in spellings.items():
        yield written, spoken
        capital = written[:1].upper() + written[1:]
        if capital not in spellings and len(written) > len("x."):
            yield capital, spoken[:1].upper() + spoken[1:]


def _build_readings(language: Language) -> dict[str, list[tuple[str, Reading]]]:
    titles = language.spellings("abbreviations.before_name")
    followers = {*(title.rstrip(".") for title in titles), language.phrase("symbols.and")}
    followers |= set(language.words("sentences.particles"))
    by_place: dict[str, Reading] = {
        "before_name": lambda match, spoken: (
            None if _is_word(match, language) else _expand_before_name(match, spoken, followers)
        ),
        "before_number": _expand_before_number,
        "after_number": partial(_expand_after_figure, before=_FIGURE_BEFORE, language=language),
        "after_ordinal": partial(_expand_after_figure, before=_ORDINAL_BEFORE, language=language),
        "after_name": lambda match, spoken: _expand_after_name(match, spoken, language),
        "anywhere": lambda _, spoken: spoken,
        **dict.fromkeys(("may_end", "given_names"), partial(_expand_ending, language=language)),
        "lists": lambda match, spoken: (
            spoken + _keep_final_stop(match, language, any_capital=nameless)
        ),
    }
    nameless = language.phrase("sentences.capitals") != "nouns"
    readings = _build_context_readings(language)
    for place, reading in by_place.items():
        for written, spoken in _add_capitals(language.spellings(f"abbreviations.{place}")):
            readings.setdefault(written, []).append((spoken, reading))
    return readings


def _build_context_readings(language: Language) -> dict[str, list[tuple[str, Reading]]]:
    """The readings that come before those of all places."""
    readings: dict[str, list[tuple[str, Reading]]] = {
        written: [("", lambda match, _: _select_street_reading(match, language))]
        for written in language.table("streets.readings")
    }
    for written, rows in _list_contexts(language):
        for spoken, before, behind in rows:
            fits = partial(_expand_in_context, before=before, behind=behind, language=language)
            readings.setdefault(written, []).append((spoken, fits))
    return readings


def _list_contexts(language: Language) -> Iterator[tuple[str, Sequence[Sequence[str]]]]:
    """The abbreviations in context as they are written, capitalised too, with their rows."""
    for key, rows in language.table("abbreviations.in_context").items():
        filled = [(row[0], *map(language.fill_pattern, row[1:])) for row in rows]
        for written in {key.removesuffix("?"), key.removesuffix(".?")}:
            yield written, filled
            if len(written) > len("x.") and written[0].islower():
                yield written[0].upper() + written[1:], filled


def _strip_spaces(written: str) -> str:
    return re.sub(r"\s", "", written)


def _expand_before_name(match: re.Match[str], spoken: str, followers: set[str]) -> str | None:
    """Expand a title before a name, another title or `and`."""
    text, end = match.string, match.end()
    word = next_word(text, end)
    followed = is_name_like(word) or word in followers or text.startswith(" & ", end)
    return spoken if followed else None


def _is_word(match: re.Match[str], language: Language) -> bool:
    """Whether it may be a word that ends its sentence: `Het past. De jas`."""
    if match[0] not in language.words("abbreviations.also_words"):
        return False
    return starts_sentence(next_word(match.string, match.end()), language)


def _expand_before_number(match: re.Match[str], spoken: str) -> str | None:
    return spoken if _COUNT.match(match.string, match.end()) else None


_compile_context = cache(compile_pattern)


def _expand_in_context(
    match: re.Match[str], spoken: str, before: str, behind: str, language: Language
) -> str | None:
    text, start, end = match.string, match.start(), match.end()
    if before:
        pattern = _compile_context(f"(?:{before})$")
        if not pattern.search(text, max(0, start - LOOK_CHARS), start):
            return None
    if behind and not _compile_context(behind).match(text, end):
        return None
    is_inside = behind and end < len(text)
    return spoken + ("" if is_inside else _keep_final_stop(match, language))


def _expand_ending(match: re.Match[str], spoken: str, language: Language) -> str:
    return spoken + _keep_final_stop(match, language)


def _expand_after_figure(
    match: re.Match[str], spoken: str, before: re.Pattern[str], language: Language
) -> str | None:
    text = match.string[max(0, match.start() - len("1st ")) : match.start()]
    return spoken + _keep_final_stop(match, language) if before.search(text) else None


def _expand_after_name(match: re.Match[str], spoken: str, language: Language) -> str | None:
    """Expand an addition to a name, after a capital or a figure."""
    start = match.start()
    comma = match.string[max(0, start - 2) : start] == ", "
    word = previous_word(match.string, start - 2 if comma else start)
    if not is_name_like(word):
        return None
    return spoken + _keep_final_stop(match, language)


def _keep_final_stop(match: re.Match[str], language: Language, *, any_capital: bool = False) -> str:
    if not match[0].endswith("."):
        return ""
    return keep_stop(match.string, match.end(), language, any_capital=any_capital)


def _build_suffix_rules(language: Language) -> Iterator[NormalisationRule]:
    """Expand words with an abbreviated end: `Hauptstr.`."""

    def expand(spoken: str, match: re.Match[str]) -> str:
        return spoken + keep_stop(match.string, match.end(), language)

    for written, spoken in language.spellings("abbreviations.suffixes").items():
        pattern = rf"(?<=[^\W\d_][^\W\d_][^\W\d_]){re.escape(written)}(?!\w)"
        yield compile_rule(pattern, partial(expand, spoken))


def _select_street_reading(match: re.Match[str], language: Language) -> str | None:
    text, start, end = match.string, match.start(), match.end()
    title, road = language.table("streets.readings")[match[0]]
    before, after = previous_word(text, start), next_word(text, end)
    named_before = is_name_like(before)
    if is_capitalised(after) and not _is_road_end(match, before, after, language):
        return str(title) if _is_title(before, named_before, language) else None
    if _is_title(before, named_before, language):
        return str(title) if after and match[0].endswith(".") else None
    return str(road) + (keep_stop(text, end, language) if match[0].endswith(".") else "")


def _is_title(before: str, named_before: bool, language: Language) -> bool:
    """Whether the abbreviation belongs to the name after it, not the one before."""
    return not named_before or before in language.words("streets.before_title")


def _is_road_end(match: re.Match[str], before: str, after: str, language: Language) -> bool:
    if not match[0].endswith(".") or not starts_sentence(after, language):
        return False
    named_before = is_name_like(before)
    text = match.string[max(0, match.start() - LOOK_CHARS) : match.start()]
    is_name = named_before and before not in language.words("streets.before_title")
    return is_name and _NAME_IN_SENTENCE.search(text) is not None
