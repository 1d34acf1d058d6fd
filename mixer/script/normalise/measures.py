"""Figures with a unit: `5 km`, `20 °C`, `60 mph`, `5'10"`, `7 %`.

Only the unit is replaced, the figure stays. Symbols of one letter need a space before them,
because `5m` may be five million and `5G` a telephone network.
"""

import re
from collections.abc import Iterator, Mapping

from mixer.script.language import Language
from mixer.script.normalise.context import keep_stop, next_word
from mixer.script.normalise.money import FIGURE
from mixer.script.normalise.rule import (
    DIGITS,
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
)

FRACTIONS = "½⅓⅔¼¾⅛⅜⅝⅞"
_NUMBER = rf"(?:(?:{FIGURE})?[{FRACTIONS}]|{FIGURE})"
_START = r"(?<![\w.,:/$€£¥₹+^])(?<!\d[–-])"
_FIGURES = DIGITS | frozenset(FRACTIONS)

INCHES_IN_A_FOOT = 12

Forms = tuple[str, str]
"""The name of a unit in the singular and in the plural."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Degrees below zero, feet with inches, units, units tied by a hyphen (`a 5-km run`)."""
    units = language.number_forms("units")
    yield from _build_minus_rules(language)
    yield from _build_height_rules(language)
    if not units:
        return
    yield _build_unit_rule(language, units)
    if language.words("numbers.attributive_after"):
        yield _build_hyphen_rule(units)


def _build_unit_rule(language: Language, units: Mapping[str, Forms]) -> NormalisationRule:
    """A figure and its unit, with or without a space between them."""
    articles = language.words("numbers.attributive_after")
    # A stop after a symbol without one of its own is the sentence's.
    article = (
        rf"(?P<article>(?<!\w)(?i:{build_alternation(articles)}) )?"
        if articles
        else "(?P<article>$^)?"
    )

    def expand(match: re.Match[str]) -> str | None:
        symbol, gap = match["unit"], match["gap"]
        if not gap and len(symbol) == 1 and symbol.isalpha():
            return None
        has_stop = symbol.endswith(".") or match["stop"]
        if has_stop and next_word(match.string, match.end("edit"))[:1].isdigit():
            return None  # "3 lb. 5 oz." or "3 lb. 5 men came.": the stop may end a sentence
        one, many = units[symbol]
        attributive = match["article"] and match["noun"]
        name = one if attributive or _is_singular(match) else many
        own_stop = symbol.endswith(".")
        stop = (own_stop or match["stop"]) and keep_stop(
            match.string, match.end("edit"), language, any_capital=not own_stop
        )
        return f"{gap or ' '}{name}{stop}"

    return compile_rule(
        rf"{article}{_START}(?P<low>{FIGURE}[–-])?(?P<number>{_NUMBER})"
        rf"(?P<edit>(?P<gap>{SPACE}?)(?P<unit>{build_alternation(units)})(?P<stop>\.?))"
        r"(?![\w/²³^°'’])(?P<noun> (?!of )[a-z])?",
        expand,
        _FIGURES,
    )


def _is_singular(match: re.Match[str]) -> bool:
    """Say whether a figure asks for the singular."""
    return not match["low"] and match["number"] in {"1", *FRACTIONS}


def _build_hyphen_rule(units: Mapping[str, Forms]) -> NormalisationRule:
    """A unit that a hyphen ties to its figure, always in the singular."""
    symbols = [symbol for symbol in units if len(symbol) > 1]
    return compile_rule(
        rf"{_START}{_NUMBER}(?P<edit>-(?P<unit>{build_alternation(symbols)}))(?![\w/²³^.])",
        lambda match: f"-{units[match['unit']][0]}",
        _FIGURES,
    )


def _build_height_rules(language: Language) -> Iterator[NormalisationRule]:
    """A height in feet and inches, written with primes or quotation marks."""
    names = language.number_forms("heights")
    if not names:
        return

    def expand(match: re.Match[str]) -> str | None:
        feet, inches = int(match["feet"]), int(match["inches"])
        if inches >= INCHES_IN_A_FOOT:
            return None
        foot, inch = names["foot"][feet != 1], names["inch"][inches != 1]
        return f"{feet} {foot} {inches} {inch}"

    yield compile_rule(
        r"(?<![\w.,'’′])(?P<feet>\d{1,2})['’′] ?(?P<inches>\d{1,2})(?:[\"”″]|''|’’)(?!\w)",
        expand,
        "'’′",
    )


def _build_minus_rules(language: Language) -> Iterator[NormalisationRule]:
    """The sign before a figure: the true minus, and the hyphen before degrees."""
    minus = language.phrase("numbers.minus")
    if minus:
        figure = rf"{FIGURE}{SPACE}?°"
        yield compile_rule(r"(?<![\w.,)])−(?=\d)", lambda _: f"{minus} ", "−")
        yield compile_rule(rf"(?<![\w.,)])-(?={figure})", lambda _: f"{minus} ", "°")
