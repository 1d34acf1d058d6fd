"""Signs between words and figures: `&`, `<`, `>`, `=`, `+`, and the dash of a range.

Signs of arithmetic are read only between two operands, each a figure or a single letter, with a
space on either side (`symbols.operators`). Elsewhere they stay as written.
"""

import re
from collections.abc import Iterator, Mapping

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import (
    FIGURE,
    NormalisationRule,
    build_alternation,
    compile_rule,
)

_OPERAND = rf"(?:{FIGURE}|[^\W\d_])"


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Ampersands, operators and ranges."""
    conjunction = language.phrase("symbols.and")
    if conjunction:
        yield _build_ampersand_rule(conjunction)
    operators = language.spellings("symbols.operators")
    if operators:
        yield _build_operator_rule(operators)
    yield from _build_range_rules(language)


def _build_ampersand_rule(conjunction: str) -> NormalisationRule:
    """`Smith & Sons`, `R&D`, but no entity (`&amp;`) and no list of query fields."""
    return compile_rule(
        r"(?<=[\w.,)])(?P<edit>(?P<gap> )?&(?(gap) ))(?=[\w(])(?!#?\w{2,8};)(?!\w+=)",
        lambda _: f" {conjunction} ",
        "&",
    )


def _build_operator_rule(operators: Mapping[str, str]) -> NormalisationRule:
    signs = build_alternation(operators)
    return compile_rule(
        rf"(?<![\w.,])(?P<left>{_OPERAND}) (?P<edit>{signs})(?= {_OPERAND}(?![\w(]))",
        lambda match: operators[match["edit"]],
        "".join(operators),
    )


def _build_range_rules(language: Language) -> Iterator[NormalisationRule]:
    """An en dash from a lower figure to a higher one: `pages 5–7`, `1990–1995`."""
    word = language.phrase("numbers.range")
    if not word:
        return

    def expand(match: re.Match[str]) -> str | None:
        low, high = match["low"], match["high"]
        return f" {word} " if int(low) < int(high) else None

    yield compile_rule(
        r"(?<![\w.,:–/-])(?P<low>\d{1,4})(?P<edit>–)(?=(?P<high>\d{1,4})(?![\d–/:-]))",
        expand,
        "–",
    )
