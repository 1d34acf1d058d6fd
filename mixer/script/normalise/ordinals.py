"""Ordinals in figures: `3rd`, `2.ª`, `3° piano`."""

import re
from collections.abc import Iterator
from functools import lru_cache

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import (
    DIGITS,
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
)

ENGLISH_TEENS = {11, 12, 13}
"""Ordinals in `th` whatever their last figure."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """`3rd`, `1re`, `2.ª`: figures with the ending of an ordinal."""
    genders = language.spellings("ordinals.endings")
    if not genders:
        return
    up_to, special = int(language.phrase("ordinals.up_to")), language.spellings("ordinals.special")

    def expand(match: re.Match[str]) -> str | None:
        value, ending = int(match["figure"].replace(",", "")), match["ending"].lower()
        if genders[ending] == "special":
            return special.get(f"{value}{ending}")
        first = 1 if genders[ending] == "beyond first" else 0
        if not first < value <= up_to or not _is_valid_ending(value, ending, language):
            return None
        return spell_ordinal(value, language, feminine=genders[ending] == "feminine")

    yield compile_rule(
        rf"(?<![\w.,:/$€£–-])(?P<figure>\d{{1,3}}(?:,\d{{3}})?|\d{{4}})"
        rf"(?P<ending>(?i:{build_alternation(genders)}))(?!\w)",
        expand,
        DIGITS,
        rf"\d(?i:{build_alternation(genders)})",
    )


def build_degree_rules(language: Language) -> Iterator[NormalisationRule]:
    """`3° piano`, `1° de maio`: the sign of degrees as that of an ordinal, before a known noun."""
    nouns = frozenset([*language.words("ordinals.degree_nouns"), *language.words("dates.months")])
    if not language.words("ordinals.degree_nouns"):
        return
    short = language.spellings("ordinals.short")
    up_to = int(language.phrase("ordinals.up_to"))

    def expand(match: re.Match[str]) -> str | None:
        value = int(match["figure"])
        if match["noun"].lower() not in nouns or not 0 < value <= up_to:
            return None
        spelled = spell_ordinal(value, language)
        return spelled if match["of"] else short.get(spelled, spelled)

    yield compile_rule(
        rf"(?<![\w.,:/–-])(?P<edit>(?P<figure>\d{{1,2}})(?:\.| )?°)"
        rf"(?={SPACE}(?P<of>d[ei]l? )?(?P<noun>[^\W\d_]+))",
        expand,
        "°",
    )


def _is_valid_ending(value: int, ending: str, language: Language) -> bool:
    """Whether an English ending fits its figure: not `3st`."""
    if language.code != "en":
        return True
    if value % 100 in ENGLISH_TEENS:
        return ending == "th"
    return ending == {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


@lru_cache(maxsize=1024)
def spell_ordinal(value: int, language: Language, *, feminine: bool = False) -> str:
    """Spell an ordinal, such as `fourteenth`."""
    names = language.words("ordinals.names")
    if 0 < value <= len(names):
        return names[value - 1]
    from num2words import num2words

    spelled = str(num2words(value, to="ordinal", lang=language.code))
    return language.spellings("ordinals.feminine").get(spelled, spelled) if feminine else spelled
