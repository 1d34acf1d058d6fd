"""What a language's tables say of how its sentences end, made ready for the splitter."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from mixer.script.language import MAX_CACHED_LANGUAGES, Language
from mixer.script.normalise.context import is_capitalised
from mixer.script.normalise.rule import build_alternation

NON_ENDING_TABLES = ("before_name", "anywhere")
MAY_END_TABLES = ("after_number", "after_name", "may_end", "lists")
COUNTING_TABLES = ("before_number",)
"""Which tables of abbreviations say what of the end of a sentence."""

_NUMERAL = re.compile(r"[IVXLC]{2,8}|[VX]")


@dataclass(frozen=True, slots=True, eq=False)
class SentenceEndRules:
    """How the sentences of a language end.

    Attributes:
        non_ending: abbreviations that never end a sentence.
        may_end: abbreviations that end one when what follows begins one.
        words: those of `counting` that are words when no figure follows.
        counting: abbreviations when a figure follows, words otherwise: `No.`
        starters: words which with a capital show that a sentence begins; when there are none,
            every capital shows it.
        has_ordinal_stop: whether a short figure with a full stop is an ordinal (3. Mai).
        attribution: what names the speaker of the quotation just closed, or None.
    """

    non_ending: frozenset[str]
    may_end: frozenset[str]
    words: frozenset[str]
    counting: frozenset[str]
    starters: frozenset[str]
    has_ordinal_stop: bool
    attribution: re.Pattern[str] | None

    def begins_sentence(self, word: str) -> bool:
        """Say whether a word shows that a sentence begins."""
        if not self.starters:
            return is_capitalised(word)
        return re.split("['’]", word, maxsplit=1)[0] in self.starters


@lru_cache(maxsize=MAX_CACHED_LANGUAGES)
def load_sentence_end_rules(language: Language) -> SentenceEndRules:
    """Read the tables of a language."""
    inside = {
        *language.words("sentences.inside"),
        *_iter_abbreviations(language, NON_ENDING_TABLES),
    }
    may_end = {*language.words("sentences.may_end"), *_iter_abbreviations(language, MAY_END_TABLES)}
    may_end |= {written for written in language.table("streets.readings") if written[-1] == "."}
    counting = {
        *language.words("sentences.counting"),
        *_iter_abbreviations(language, COUNTING_TABLES),
    }
    beginnings = {part for written in inside | may_end | counting for part in written.split()[:-1]}
    inside = _find_last_parts(inside) | beginnings
    return SentenceEndRules(
        non_ending=_add_capitals(inside - may_end),
        may_end=_add_capitals(_find_last_parts(may_end)),
        words=frozenset(language.words("sentences.words")),
        counting=_add_capitals(_find_last_parts(counting)),
        starters=frozenset(language.words("sentences.starters")),
        has_ordinal_stop=language.phrase("sentences.figures") == "ordinal",
        attribution=_compile_attribution(language),
    )


def is_numeral(word: str) -> bool:
    """Say whether a word looks like a Roman numeral that is no pronoun or initial."""
    return _NUMERAL.fullmatch(word) is not None


def _iter_abbreviations(language: Language, places: Iterable[str]) -> Iterator[str]:
    """The abbreviations with a full stop in some of the normaliser's tables."""
    for place in places:
        for written in language.table(f"abbreviations.{place}"):
            if written.endswith("."):
                yield written


def _find_last_parts(written: Iterable[str]) -> set[str]:
    """Find what stands before the last full stop: of `p. ej.` it is `ej.`."""
    return {one.split()[-1] for one in written}


def _add_capitals(written: Iterable[str]) -> frozenset[str]:
    """Abbreviations as written and with a capital."""
    return frozenset(form for one in written for form in (one, one[:1].upper() + one[1:]))


def _compile_attribution(language: Language) -> re.Pattern[str] | None:
    """The pattern of who says something, with the verbs of saying for `SPEECH`."""
    pattern = language.phrase("sentences.attribution")
    if not pattern:
        return None
    return re.compile(
        pattern.replace("SPEECH", build_alternation(language.words("sentences.speech")))
    )
