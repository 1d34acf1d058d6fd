"""Signs between words and figures: `&`, `<`, `>`, `=`, `+`, and the dash of a range.

Signs of arithmetic are read only between two operands, each a figure or a single letter, with a
space on either side; the tables say how (`symbols.operators`). Elsewhere they stay as written.
"""

import re
from collections.abc import Iterator, Mapping

from mixer.script.language import Language
from mixer.script.rules.money import FIGURE
from mixer.script.rules.rule import Rule, any_of, matching

_OPERAND = rf"(?:{FIGURE}|[^\W\d_])"


def rules(language: Language) -> Iterator[Rule]:
    """Signs that a language reads."""
    conjunction = language.phrase("symbols.and")
    if conjunction:
        yield _ampersand(conjunction)
    operators = language.spellings("symbols.operators")
    if operators:
        yield _operator(operators)
    yield from _ranges(language)


def _ampersand(conjunction: str) -> Rule:
    """`Smith & Sons`, `R&D`, but no entity (`&amp;`) and no list of query fields."""
    return matching(
        r"(?<=[\w.,)])(?P<edit>(?P<gap> )?&(?(gap) ))(?=[\w(])(?!#?\w{2,8};)(?!\w+=)",
        lambda _: f" {conjunction} ",
        "&",
    )


def _operator(operators: Mapping[str, str]) -> Rule:
    """An operator between two operands."""
    return matching(
        rf"(?<![\w.,])(?P<left>{_OPERAND}) (?P<edit>{any_of(operators)})(?= {_OPERAND}(?![\w(]))",
        lambda match: operators[match["edit"]],
        "".join(operators),
    )


def _ranges(language: Language) -> Iterator[Rule]:
    """An en dash from a lower figure to a higher one: `pages 5–7`, `1990–1995`."""
    word = language.phrase("numbers.range")
    if not word:
        return

    def say(match: re.Match[str]) -> str | None:
        low, high = match["low"], match["high"]
        return f" {word} " if int(low) < int(high) else None

    yield matching(
        r"(?<![\w.,:–/-])(?P<low>\d{1,4})(?P<edit>–)(?=(?P<high>\d{1,4})(?![\d–/:-]))",
        say,
        "–",
    )
