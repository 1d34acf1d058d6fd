"""What a language's tables say of how its sentences end, made ready for the splitter."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from mixer.script.language import KNOWN_LANGUAGES, Language
from mixer.script.rules.context import starts_capital
from mixer.script.rules.rule import any_of

INSIDE = ("before_name", "anywhere")
MAY_END = ("after_number", "after_name", "may_end", "lists")
COUNTING = ("before_number",)
"""Which tables of abbreviations say what of the end of a sentence."""

_NUMERAL = re.compile(r"[IVXLC]{2,8}|[VX]")


@dataclass(frozen=True, slots=True, eq=False)
class EndingKnowledge:
    """How the sentences of a language end.

    Attributes:
        inside: abbreviations that never end a sentence.
        may_end: abbreviations that end one when what follows begins one.
        words: those of `counting` that are words when no figure follows.
        counting: abbreviations when a figure follows, words otherwise: `No.`
        starters: words which with a capital show that a sentence begins; when there are none,
            every capital shows it.
        ordinal_stop: whether a short figure with a full stop is an ordinal (3. Mai).
        attribution: what names the speaker of the quotation just closed, or None.
    """

    inside: frozenset[str]
    may_end: frozenset[str]
    words: frozenset[str]
    counting: frozenset[str]
    starters: frozenset[str]
    ordinal_stop: bool
    attribution: re.Pattern[str] | None

    def begins_sentence(self, word: str) -> bool:
        """Say whether a word shows that a sentence begins."""
        if not self.starters:
            return starts_capital(word)
        return re.split("['’]", word, maxsplit=1)[0] in self.starters


@lru_cache(maxsize=KNOWN_LANGUAGES)
def ending_knowledge(language: Language) -> EndingKnowledge:
    """Read the tables of a language."""
    inside = {*language.words("sentences.inside"), *_abbreviations(language, INSIDE)}
    may_end = {*language.words("sentences.may_end"), *_abbreviations(language, MAY_END)}
    may_end |= {written for written in language.table("streets.readings") if written[-1] == "."}
    counting = {*language.words("sentences.counting"), *_abbreviations(language, COUNTING)}
    beginnings = {part for written in inside | may_end | counting for part in written.split()[:-1]}
    inside = _last_parts(inside) | beginnings
    return EndingKnowledge(
        inside=_with_capitals(inside - may_end),
        may_end=_with_capitals(_last_parts(may_end)),
        words=frozenset(language.words("sentences.words")),
        counting=_with_capitals(_last_parts(counting)),
        starters=frozenset(language.words("sentences.starters")),
        ordinal_stop=language.phrase("sentences.figures") == "ordinal",
        attribution=_attribution(language),
    )


def is_numeral(word: str) -> bool:
    """Say whether a word looks like a Roman numeral that is no pronoun or initial."""
    return _NUMERAL.fullmatch(word) is not None


def _abbreviations(language: Language, places: Iterable[str]) -> Iterator[str]:
    """The abbreviations with a full stop in some of the normaliser's tables."""
    for place in places:
        for written in language.table(f"abbreviations.{place}"):
            if written.endswith("."):
                yield written


def _last_parts(written: Iterable[str]) -> set[str]:
    """Find what stands before the last full stop: of `p. ej.` it is `ej.`."""
    return {one.split()[-1] for one in written}


def _with_capitals(written: Iterable[str]) -> frozenset[str]:
    """Abbreviations as written and with a capital."""
    return frozenset(form for one in written for form in (one, one[:1].upper() + one[1:]))


def _attribution(language: Language) -> re.Pattern[str] | None:
    """The pattern of who says something, with the verbs of saying for `SPEECH`."""
    pattern = language.phrase("sentences.attribution")
    if not pattern:
        return None
    return re.compile(pattern.replace("SPEECH", any_of(language.words("sentences.speech"))))
