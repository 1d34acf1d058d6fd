"""Roman numerals that nothing announces, or that stand in small letters.

A paragraph that is a numeral, a year, a page, and what numbers the parts of a sentence.
"""

import re
from collections.abc import Iterator

from mixer.script.normalise.language import Language
from mixer.script.normalise.numerals import LETTERS, NUMERAL, ROMAN_NUMERALS
from mixer.script.normalise.rule import (
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
)

_YEAR = r"M{1,2}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}

MIN_YEAR_LETTERS = 4
"""Of a year in numerals; shorter ones are words and abbreviations: MIX, MM, MD."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Numerals of headings, years, pages and lists."""
    yield from _build_lone_rules(language)
    yield from _build_year_rules(language)
    yield from _build_page_rules(language)
    yield from _build_bracket_rules(language)


def _build_lone_rules(language: Language) -> Iterator[NormalisationRule]:
    """A paragraph that is a numeral, or begins with one: `XIV.`, `II. The Sea`."""
    if not language.words("numerals.headings"):
        return

    def expand(match: re.Match[str]) -> str | None:
        value = ROMAN_NUMERALS.get(match["edit"].upper())
        return str(value) if value is not None and match["edit"] not in LETTERS else None

    yield compile_rule(rf"^(?P<edit>{NUMERAL}|[ivx]{{2,5}})(?=[.)]?$)", expand, "IVXivx")
    yield compile_rule(r"^(?P<edit>[IVXL]{2,8})(?=\. [\"“‘']?[^\W\d_a-z])", expand, "IVX")
    if language.code == "en":
        yield compile_rule(
            r"(?<=[:;] )(?P<edit>(?P<numeral>i{1,3}|i?v|vi{1,3}|ix|x)\.)(?= [A-Z])",
            lambda match: f"{ROMAN_NUMERALS[match['numeral'].upper()]},",
            ":",
            r"[:;] [ivx]{1,4}\. [A-Z]",
        )


def _build_year_rules(language: Language) -> Iterator[NormalisationRule]:
    """A year in numerals: `MCMXCIX`."""
    if language.words("numerals.headings"):
        yield compile_rule(
            rf"(?<![\w.-])(?=[MDCLXVI]{{{MIN_YEAR_LETTERS},15}}(?!\w)){_YEAR}(?![\w-]|['’]\w)",
            lambda match: str(_count_year(match[0])),
            "M",
            r"M[MDCLX][DCLXVI]{2}",
        )


def _count_year(numeral: str) -> int:
    values = [_VALUES[letter] for letter in numeral]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _build_page_rules(language: Language) -> Iterator[NormalisationRule]:
    """`p. xiv`, `pp. xii–xv`: numerals in small letters."""
    announced = language.words("numerals.announced")
    if not announced:
        return
    word = language.phrase("numbers.range")

    def expand(match: re.Match[str]) -> str | None:
        low, high = (match[name] and ROMAN_NUMERALS.get(match[name].upper()) for name in "lh")
        if not low or (match["h"] and not high):
            return None
        joint = match["joint"] if (match["joint"] or "-").strip().isalpha() else f" {word} "
        return f"{low}{joint}{high}" if high else str(low)

    numeral = "[ivxlc]{1,8}|[IVXLC]{2,8}"
    yield compile_rule(
        rf"(?<!\w){build_alternation(announced)}{SPACE}(?P<edit>(?P<l>{numeral})"
        rf"(?:(?P<joint> ?[–-] ?| [a-z]{{1,3}} )(?P<h>{numeral}))?(?:\.(?=[,;] [a-z]))?)"
        r"(?![\w-]|['’]\w)",
        expand,
        "ivxIVX",
        rf"[pP.]\w*{SPACE}[ivxlcIVXLC]{{1,8}}(?!\w)",
    )


def _build_bracket_rules(language: Language) -> Iterator[NormalisationRule]:
    """`(iii)`: what numbers a paragraph; one letter may be a letter."""
    if language.words("numerals.headings"):
        yield compile_rule(
            r"(?<=\()(?:i[ivx]|[vx]i|i{3}|[vx]i{2,3}|xi?v|xix?|i(?=\)[^()]{1,200}\(ii\)))(?=\))",
            lambda match: str(ROMAN_NUMERALS[match[0].upper()]),
            "(",
            r"\([ivx]{2,5}\)",
        )
