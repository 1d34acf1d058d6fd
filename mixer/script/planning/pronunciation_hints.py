"""Words that a voice may misread: abbreviations, names, foreign letters, figures in words. Pure.

They are recognised by their looks alone, since no engine states what it knows. Listed are words as
they will be spoken, except those with a pronunciation by the author or a lexicon, those written out
of figures and abbreviations, and names of days and months. In headings every word may have a
capital, so they yield no names. German nouns look like names: such a language gets a long list.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import regex

from mixer.script.annotations import VERBATIM_TAGS
from mixer.script.script import BreakKind, Script, Utterance

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’-]*")
_ABBREVIATION = regex.compile(r"\p{Lu}{2,}s?")
_MIXED = regex.compile(r"(?=.*\p{L})(?=.*\p{N}).+|\p{Ll}+\p{Lu}.*")
_FOREIGN = regex.compile(r".*[^\P{L}A-Za-z].*")
_NAME = regex.compile(r"\p{Lu}\p{Ll}.*")
_ROMAN = regex.compile(r"[IVXLCDM]+")

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_CALENDAR = regex.compile(rf"{_MONTHS}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day")


@dataclass(frozen=True, slots=True)
class PronunciationHint:
    """A word to listen to.

    `kind` is `abbreviation`, `mixed`, `foreign letters` or `name`; `times` how often it is spoken.
    """

    word: str
    kind: str
    times: int


def find_pronunciation_hints(script: Script) -> tuple[PronunciationHint, ...]:
    """Find words that a voice may misread, the most frequent of each kind first."""
    plain, kinds, times = set[str](), dict[str, str](), Counter[str]()
    for chunk in script.chunks:
        for utterance in chunk.utterances:
            for word, is_opening in _iter_words(utterance):
                kind = _classify_word(word, script.language, is_opening=is_opening)
                times[word] += 1
                plain |= {word} if word.islower() else set()
                if kind:
                    kinds.setdefault(word, kind)
    hints = [PronunciationHint(word, kind, times[word]) for word, kind in kinds.items()]
    wanted = (each for each in hints if each.kind != "name" or each.word.lower() not in plain)
    return tuple(sorted(wanted, key=lambda each: (each.kind, -each.times, each.word)))


def _iter_words(utterance: Utterance) -> Iterator[tuple[str, bool]]:
    """The author's words without a set pronunciation, and whether their place gives a capital."""
    verbatim = [each for each in utterance.annotations if each.tag in VERBATIM_TAGS]
    is_heading = utterance.ending is BreakKind.HEADING
    for number, match in enumerate(_WORD.finditer(utterance.spoken)):
        is_verbatim = any(m.start < match.end() and match.start() < m.end for m in verbatim)
        if not is_verbatim and match[0] in utterance.text:
            yield match[0].removesuffix("'s").removesuffix("’s"), number == 0 or is_heading


def _classify_word(word: str, language: str, *, is_opening: bool) -> str:
    if _ABBREVIATION.fullmatch(word) and not _ROMAN.fullmatch(word):
        return "abbreviation"
    if _MIXED.fullmatch(word):
        return "mixed"
    if language.startswith("en") and _FOREIGN.fullmatch(word):
        return "foreign letters"
    is_name = _NAME.fullmatch(word) and not is_opening and not _CALENDAR.fullmatch(word)
    return "name" if is_name else ""
