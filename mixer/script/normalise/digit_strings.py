"""Figures that count nothing: telephones, codes, postcodes, cards; formulas. Digit by digit."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import (
    DIGITS,
    LOOK_CHARS,
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
    next_word,
    previous_word,
)

SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
PLAIN_DIGITS = str.maketrans(SUPERSCRIPTS + SUBSCRIPTS, "0123456789" * 2)
_ELEMENT = "(?:A[glrsu]|B[aer]?|C[adlorsu]?|Fe?|H[eg]?|K|Li|M[gn]|N[aei]?|O|P[bt]?|S[inr]?|Ti|Zn)"
_FORMULA = r"[A-Z]\d?[A-Z]\d?(?!\w)|[A-Z]+\d+[A-Z]|[A-Z\d]*[A-Z][a-z]\w*\d"
"""What may be one: `H2S`, `N2O5`, `MgSO4`, but not `POP3`."""

_ION = "(?:Na|Li|Ag|Ca|Mg|Fe|Cu|Zn|Al|Ba|Pb|Cl|Br|OH|NH4|H3O|NO3)"

_ALONE = r"(?<![\w.,:/$€£¥₹+#'’–−-])"
"""Before a figure that belongs to nothing before it."""

_COMPLETE = r"(?![\w:/]|[.,]\d|[–-]\w)"
"""After a figure that belongs to nothing after it."""

MIN_ZERO_DIGITS = 3
"""Of a figure with a leading zero that is read digit by digit without any other sign."""


@dataclass(frozen=True, slots=False)
class FigureWording:
    """The language's words for figures."""

    language: Language

    @cached_property
    def digits(self) -> tuple[str, ...]:
        """Their names, zero first; empty for a language without readings."""
        return self.language.words("figures.digits")

    @cached_property
    def denominators(self) -> Mapping[int, tuple[str, str]]:
        """Singular and plural by number."""
        forms = self.language.number_forms("figures.denominators")
        return {int(number): names for number, names in forms.items()}

    @cached_property
    def months(self) -> frozenset[str]:
        """Months, and their short forms."""
        return frozenset(
            [*self.language.words("dates.months"), *self.language.table("dates.short_months")]
        )

    def word(self, name: str) -> str:
        """A word by its name in the table."""
        return self.language.phrase(f"figures.{name}")

    def has(self, group: str, word: str) -> bool:
        """Whether a group of words has one, in any case."""
        return word.lower() in self.language.words(f"figures.{group}")

    def spell(self, digits: str) -> str:
        """Digit by digit."""
        return " ".join(self.digits[int(digit)] for digit in digits if digit.isdigit())

    def spell_groups(self, written: str) -> str:
        """The digits of each group, an X of an ISBN included."""
        groups = re.findall(r"\d+|X", written)
        plus = self.language.phrase("symbols.operators.+") if written.startswith("+") else ""
        return f"{plus} {', '.join(self.spell(group) or group for group in groups)}".lstrip()


def build_digit_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    """Telephones, codes, postcodes, cards: figures that count nothing."""
    for hint, pattern in wording.language.table("figures").get("numbers", ()):
        yield compile_rule(pattern, lambda match: wording.spell_groups(match[0]), DIGITS, hint)
    yield compile_rule(
        r"(?<!\w)(?P<edit>[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})(?!\w)",
        lambda match: ", ".join(" ".join(half) for half in match["edit"].split()),
        DIGITS,
        r"\d[A-Z]{2}",
    )
    yield from _build_cue_rules(wording)
    yield from _build_look_rules(wording)


def _build_cue_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    """Figures after a word for what counts nothing: `code 0451`, `dial 911`."""
    cues = build_alternation(wording.language.words("figures.code_words"))
    joints = build_alternation(wording.language.words("figures.code_joints"))
    yield compile_rule(
        rf"(?<!\w)(?i:{cues})(?:{joints})?[ \u00a0](?P<edit>\d{{3,16}}){_COMPLETE}",
        lambda match: wording.spell(match["edit"]),
        DIGITS,
        r"\d{3}",
    )


def _build_look_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    """Figures that look like it: with a leading zero, or like an American postcode."""
    yield compile_rule(
        rf"{_ALONE}(?<!\d{SPACE})0\d{{{MIN_ZERO_DIGITS - 1},15}}{_COMPLETE}",
        partial(_expand_leading_zero, wording=wording),
        "0",
        r"(?<!\d)0\d\d",
    )
    if wording.language.code == "en":
        yield _build_postcode_rule(wording)


def _build_postcode_rule(wording: FigureWording) -> NormalisationRule:
    return compile_rule(
        rf"{_ALONE}(?P<edit>\d{{5}})(?:-(?P<plus>\d{{4}}))?(?=[\"'”’)]*(?:[.,;:!?]|$))(?![.,:]\d)",
        partial(_expand_postcode, wording=wording),
        DIGITS,
        r"\d{5}",
    )


def _expand_leading_zero(match: re.Match[str], wording: FigureWording) -> str | None:
    """Read digit by digit what begins with a zero, and is neither a number nor an hour."""
    text, digits = match.string, match[0]
    before, after = previous_word(text, match.start()), next_word(text, match.end())
    headings = wording.language.words("numerals.headings")
    if before in wording.months or after in wording.months or before in headings:
        return None
    if len(digits) == len("0600") and wording.has("hour_words", after):
        minutes = wording.word("hundred") if digits.endswith("00") else digits[2:]
        return f"{wording.spell(digits[0])} {int(digits[1])} {minutes}"
    return wording.spell(digits)


def _expand_postcode(match: re.Match[str], wording: FigureWording) -> str | None:
    """Read five figures as a postcode: alone, or after the name or the sign of a place."""
    text, start = match.string, match.start()
    before = text[max(0, start - LOOK_CHARS) : start]
    is_place = re.search(r"[^\W\d_]+[ ,]+[A-Z][\w.]*,? $", before)
    if before.strip(" \"'“‘(") and not is_place:
        return None
    return wording.spell(match["edit"])


def build_formula_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    """`CO₂`, `Ca²⁺`, `x₁`; of formulas with plain figures only those that are known."""
    plus = wording.language.phrase("symbols.operators.+")
    minus = wording.language.phrase("numbers.minus")
    signs = {"⁺": plus, "+": plus, "⁻": minus, "−": minus}

    def space_out(match: re.Match[str]) -> str | None:
        formula, charge = match["formula"].translate(PLAIN_DIGITS), match["charge"]
        if formula == match["formula"] and not charge:
            return None
        parts = [_space_formula(formula), *(charge or "").translate(PLAIN_DIGITS)]
        return " ".join(signs.get(part, part) for part in parts)

    yield _build_isotope_rule(wording.language.spellings("figures.isotopes"))
    yield compile_rule(
        rf"(?<!\w)(?P<formula>(?:[A-Z][a-z]?[{SUBSCRIPTS}]{{0,3}}){{1,8}})"
        rf"(?P<charge>[{SUPERSCRIPTS}]?[⁺⁻])?(?![\w{SUPERSCRIPTS}])",
        space_out,
        SUBSCRIPTS + "⁺⁻",
    )
    yield compile_rule(
        rf"(?<=[A-Za-z])[{SUBSCRIPTS}]{{1,3}}(?!\w)",
        lambda match: f" {match[0].translate(PLAIN_DIGITS)}",
        SUBSCRIPTS,
    )
    yield from _build_known_formula_rules(wording.language.words("figures.formulas"), signs)


def _build_isotope_rule(isotopes: Mapping[str, str]) -> NormalisationRule:
    """An element behind the mass of its atom: `¹⁴C`."""
    return compile_rule(
        rf"(?<![\w{SUPERSCRIPTS}])(?P<mass>[{SUPERSCRIPTS}]{{2,3}})"
        rf"(?P<element>{build_alternation(isotopes or [chr(0)])})(?!\w)",
        lambda match: f"{isotopes[match['element']]} {match['mass'].translate(PLAIN_DIGITS)}",
        SUPERSCRIPTS,
    )


def _build_known_formula_rules(
    formulas: Collection[str], signs: Mapping[str, str]
) -> Iterator[NormalisationRule]:
    """Elements with figures (`H2S`), ions (`Ca2+`), and the formulas without a figure."""
    if formulas:
        yield compile_rule(
            rf"(?<![\w.$-])(?=\w*\d)(?={_FORMULA})(?:{_ELEMENT}\d{{0,2}}){{2,8}}(?!\w)",
            lambda match: _space_formula(match[0]),
            "0123456789",
            r"[A-Za-z]\d",
        )
        known = build_alternation(formulas)
        yield compile_rule(
            rf"(?<![\w.-]){known}(?!\w)", lambda match: _space_formula(match[0]), "HNCK", known
        )
        yield compile_rule(
            rf"(?<![\w.-])(?P<ion>{_ION})(?P<charge>\d?)"
            r"(?P<sign>[+−])(?!\w)",
            lambda match: (
                f"{_space_formula(match['ion'] + match['charge'])} {signs[match['sign']]}"
            ),
            "+−",
        )


def _space_formula(formula: str) -> str:
    return " ".join(re.findall(r"\d+|[A-Z]", formula.upper()))
