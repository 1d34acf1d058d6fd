"""Figures that are more than a number: `.5`, `1½`, `10⁶`, `4/4 time`, `Agent 007`, `CO₂`, `3x5`.

Figures stay figures where every engine reads them; what is written out is what engines misread:
a decimal without its zero, fractions and ratios (mistaken for dates), and strings of digits that
count nothing (telephones, codes), which are read digit by digit. A language without a table
`figures` keeps them as written.
"""

import re
from collections.abc import Iterator
from functools import partial

from mixer.script.normalise.digit_strings import (
    PLAIN_DIGITS,
    SUPERSCRIPTS,
    FigureWording,
    build_digit_rules,
    build_formula_rules,
)
from mixer.script.normalise.language import Language
from mixer.script.normalise.ordinals import spell_ordinal
from mixer.script.normalise.rule import (
    LOOK_CHARS,
    NormalisationRule,
    build_alternation,
    compile_rule,
    next_word,
    previous_word,
)
from mixer.start_cache import compile_pattern

_VOWEL = compile_pattern("[AEIOUYaeiouy]")
_YEAR = compile_pattern(r"(?:1[5-9]|20)\d\d")

LAST_MONTH, LAST_DAY = 12, 31

WHOLE = 100
"""Two shares of something add up to it: 60/40."""

TENTHS = 10
"""The smallest fractions that engines read; they take none at the end of a sentence."""

RATING_SCALES = frozenset({5, 10, 20, 100})

MARKS = frozenset({20, 100})
"""Of examinations: `scored 87/100 in French`; inches have no such parts."""

PRESSURES = (range(70, 251), range(40, 151))
"""Of blood, in mm of mercury: systolic and diastolic."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Decimals, powers, fractions, ratios, strings of digits, formulas and sizes."""
    wording = FigureWording(language)
    if not wording.digits:
        return
    yield from build_digit_rules(wording)
    if wording.word("point"):
        yield from _build_decimal_rules(wording)
    yield from build_formula_rules(wording)
    yield from _build_power_rules(wording)
    yield from _build_fraction_rules(wording)
    yield from _build_size_rules(wording)
    yield from _build_star_rules(wording)


def _build_decimal_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    """`.5`, `.05`; and the last zero of `2.50`."""
    yield compile_rule(
        r"(?<![\w.,:/$€£)\]])\.(?P<digits>\d{1,8})(?![\w/:]|[.,]\d)",
        lambda match: f"{wording.word('point')} {wording.spell(match['digits'])}",
        ".",
        r"\.\d",
    )
    yield compile_rule(
        r"(?<![\w.,:/$€£¥₹-])(?P<whole>\d{1,3}(?:,\d{3})*|\d{4,9})\.(?P<digits>\d{0,8}0)"
        r"(?:(?![\w:/]|[.,-]\d)|(?=(?:[ckm]m|k?g|[VW])(?!\w)))",
        lambda match: f"{match['whole']} {wording.word('point')} {wording.spell(match['digits'])}",
        "0",
        r"\d\.\d*0",
    )


def _build_power_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    """`10⁶`, `x²`, `2^8`; a small figure after a year is the mark of a note."""
    units = wording.language.table("units")

    def expand(match: re.Match[str]) -> str | None:
        base, exponent = match["base"], match["exponent"].translate(PLAIN_DIGITS)
        if base + match["edit"] in units or (len(base) > 1 and _VOWEL.search(base)):
            return None
        if _YEAR.fullmatch(base) and len(exponent) == 1 and not match["sign"]:
            return ""
        return " " + _name_power(int(exponent), bool(match["sign"]), wording)

    yield compile_rule(
        rf"(?<![\w.,^/])(?P<base>\d[\d,]*(?:\.\d+)?|[A-Za-z]{{1,2}})"
        rf"(?P<edit>(?:⁺|(?P<sign>⁻))?(?P<exponent>[{SUPERSCRIPTS}]{{1,3}}))(?!\w)",
        expand,
        SUPERSCRIPTS,
    )
    yield compile_rule(
        r"(?<![\w.,^])(?P<base>\d[\d,]*|[A-Za-z])"
        r"(?P<edit>\^\{?(?P<sign>[-−])?(?P<exponent>\d{1,3})\}?)(?!\w)",
        expand,
        "^",
    )


def _name_power(exponent: int, is_negative: bool, wording: FigureWording) -> str:
    if is_negative:
        return wording.word("negative_power").format(exponent=exponent)
    named = wording.language.spellings("figures.powers").get(str(exponent))
    ordinal = spell_ordinal(exponent, wording.language)
    return named or wording.word("power").format(ordinal=ordinal, exponent=exponent)


def _build_fraction_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    """`1½`, `5 3/4`, and one figure over another."""
    vulgar = wording.language.spellings("figures.vulgar")
    yield compile_rule(
        rf"(?<=\d)(?P<edit> ?(?P<sign>[{''.join(vulgar)}]))(?!\w)",
        lambda match: f" {wording.word('and')} {vulgar[match['sign']]}".replace("  ", " "),
        vulgar,
    )
    alone = [sign for sign, name in vulgar.items() if " " in name and sign != "½"]
    yield compile_rule(
        rf"(?<![\w.,/-])(?<!\d )(?P<sign>[{''.join(alone)}])(?= [^\W\d])",
        lambda match: vulgar[match["sign"]],
        alone,
    )
    yield from _build_ratio_rules(wording)


def _build_ratio_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    yield compile_rule(
        r"(?<![\w.,:/$€£–-])\d{1,3}(?P<edit>[ -](?P<over>\d{1,2})[/⁄](?P<under>\d{1,2}))(?![\w/⁄])",
        partial(_expand_mixed_number, wording=wording),
        "/⁄",
    )
    yield compile_rule(
        r"(?<![\w./$€£–-])(?P<over>\d{1,2})/(?P<under>\d{1,3})(?:ths?|rds?|nds?)(?!\w)",
        lambda match: _name_fraction(int(match["over"]), int(match["under"]), wording),
        "/",
        r"/\d{1,3}[trn]",
    )
    yield compile_rule(
        r"(?<![\w./$€£–-])(?<!\d )(?P<over>\d{1,3})/(?P<under>\d{1,4})(?![\w/]|[.,]\d|-\d)",
        partial(_expand_ratio, wording=wording),
        "/",
    )


def _expand_mixed_number(match: re.Match[str], wording: FigureWording) -> str | None:
    over, under = int(match["over"]), int(match["under"])
    if not 0 < over < under or previous_word(match.string, match.start()) in wording.months:
        return None
    fraction = _name_fraction(over, under, wording)
    if fraction is None:
        return None
    article = wording.language.spellings("figures.one_of").get(fraction, fraction)
    return f" {wording.word('and')} {article}".replace("  ", " ")


def _name_fraction(over: int, under: int, wording: FigureWording) -> str | None:
    if under not in wording.denominators:
        if over != 1 or under <= LAST_DAY or wording.language.code != "en":
            return None
        return f"{wording.word('one')} {spell_ordinal(under, wording.language)}"
    one, many = wording.denominators[under]
    return f"{wording.word('one')} {one}" if over == 1 else f"{over} {many}"


def _expand_ratio(match: re.Match[str], wording: FigureWording) -> str | None:
    """How one figure over another is read; None where it may be a date, or a plain fraction."""
    if match["over"].startswith("0") > (match["over"] == "0") or match["under"].startswith("0"):
        return None
    over, under = int(match["over"]), int(match["under"])
    context = match.string[max(0, match.start() - LOOK_CHARS) : match.start()].replace(":", "")
    before = previous_word(context.replace("  ", " "), len(context))
    behind = match.string[match.end() : match.end() + LOOK_CHARS]
    after = next_word(re.sub("^-", " ", behind), 0).lower()
    is_measured = behind[:1] in {'"', "”", "″"} and next_word(behind, 0) != ""
    is_measured = is_measured or re.match(r" to \d{1,2}[/ ]", behind) is not None
    if is_measured and over < under and not wording.has("date_words", before):
        return _name_fraction(over, under, wording)
    if wording.has("time_nouns", after):
        return f"{over} {under}"
    is_date = over <= LAST_MONTH and under <= LAST_DAY and wording.has("date_words", before)
    is_date = is_date and re.match(wording.word("inches") or "$^", behind) is None
    return None if is_date else _name_ratio((over, under), before, after, match, wording)


def _name_ratio(
    pair: tuple[int, int], before: str, after: str, match: re.Match[str], wording: FigureWording
) -> str | None:
    over, under = pair
    if match[0] in wording.language.words("figures.pairs") or over + under == WHOLE:
        return f"{over} {under}"
    is_share = over < under and _is_share(match, wording)
    is_part = over < under and wording.has("fraction_nouns", re.split("['’-]", after)[0])
    is_part = is_part and not (after == "in" and under in MARKS)
    if _is_rating(over, under, before, wording) and not (is_part and after != "of"):
        return f"{over} {wording.word('out_of')} {under}"
    if _is_pressure(over, under, match, wording):
        return f"{over} {wording.word('over')} {under}"
    is_last = wording.language.code == "en" and 0 < over < under <= TENTHS
    is_last = is_last and match.string.endswith(".", match.end(), match.end() + 1)
    if is_share:
        return _name_fraction(over, under, wording) or _spell_fraction(over, under, wording)
    return _name_fraction(over, under, wording) if is_part or is_last else None


def _is_share(match: re.Match[str], wording: FigureWording) -> bool:
    """Whether what is shared follows: `1/50 the width`, `1/10 as large`."""
    shared = wording.word("shared")
    return bool(shared) and re.compile(shared).match(match.string, match.end()) is not None


def _spell_fraction(over: int, under: int, wording: FigureWording) -> str:
    ordinal = spell_ordinal(under, wording.language)
    return f"{wording.word('one')} {ordinal}" if over == 1 else f"{over} {ordinal}s"


def _is_rating(over: int, under: int, before: str, wording: FigureWording) -> bool:
    if under not in RATING_SCALES or over > under:
        return False
    return over in {0, under} or wording.has("rating_words", before)


def _is_pressure(over: int, under: int, match: re.Match[str], wording: FigureWording) -> bool:
    """Whether it is a pressure of blood, by its figures and a word near by."""
    high, low = PRESSURES
    words = wording.word("pressure_words")
    if not words or over not in high or under not in low:
        return False
    context = match.string[max(0, match.start() - LOOK_CHARS) : match.end() + LOOK_CHARS]
    return re.search(words, context) is not None


def _build_star_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    """Ratings that are drawn: `★★★★☆`; one star alone is an ornament."""
    stars = wording.word("stars")
    if stars:
        yield compile_rule(
            r"(?<![\d★⭐☆] )(?<![\d★⭐☆])(?P<full>[★⭐\ufe0f]+)(?P<half>½?)☆*(?<=..)",
            lambda match: stars.format(
                number=len(match["full"].replace("\ufe0f", "")),
                half=f" {wording.word('and')} {wording.language.spellings('figures.vulgar')['½']}"
                if match["half"]
                else "",
            ),
            "★⭐",
        )


def _build_size_rules(wording: FigureWording) -> Iterator[NormalisationRule]:
    """`3x5`, and signs before a figure: `≈50`."""
    figure = r"\d{1,4}(?:\.\d+)?"
    yield compile_rule(
        rf"(?<![\d.,])(?<![\w.,:])(?:[1-9]\d{{0,3}}(?:\.\d+)?|(?<=x){figure})"
        rf"(?P<edit> x |[x×]| × (?=[\d.,]+ ?[ckm]?m(?!\w)))"
        rf"(?={figure}(?:[cm]?m|in|ft|[\"″'′])?(?![\w.]\d|[^\W\d]))",
        lambda _: f" {wording.word('by')} ",
        "x×",
        r"\d ?[x×]",
    )
    signs = wording.language.spellings("figures.signs")
    yield compile_rule(
        rf"(?<![\w)])(?<![\d)] )(?<!\W[A-Za-z] )(?<!\d[a-z] )"
        rf"(?P<sign>{build_alternation(signs)}) ?(?=[$€£.]?\d)",
        lambda match: f"{signs[match['sign']]} ",
        "".join(signs),
    )
