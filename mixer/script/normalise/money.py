"""Sums of money: `$1.2bn` is read as 1.2 billion dollars.

Figures stay figures, which every engine reads; only the sign, the scale and the order change. The
tables name signs (`money.signs`: one, many, one and many of the hundredth), scales
(`money.scales`) and how a sum with hundredths is read (`money.with_minor`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import (
    FIGURE,
    LOOK_CHARS,
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
    keep_stop,
    next_word,
)

SHILLINGS_IN_A_POUND = 20

_ARTICLE = r"(?P<article>(?<!\w)[Aa]n? )?"


@dataclass(frozen=True, slots=True)
class Currency:
    """Names of a currency: `1 dollar`, `2 dollars`, `1 cent`, `2 cents`."""

    one: str
    many: str
    minor_one: str = ""
    minor_many: str = ""


@dataclass(frozen=True, slots=True)
class _Wording:
    currencies: Mapping[str, Currency]
    scales: Mapping[str, str]
    one_of_scale: Mapping[str, str]
    decimal: str
    with_minor: str
    only_minor: str
    range_word: str
    attributive_after: frozenset[str]
    attributive_before: frozenset[str]


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Sums with the sign before the figure or after it."""
    wording = _load_wording(language)
    if not wording.currencies:
        return
    yield from _build_old_rules(language)
    scale = build_alternation(wording.scales or ["\0"])
    first_scale = rf"(?:{SPACE}?(?P<first_scale>{scale})(?!\w))?"
    scaled = rf"(?:{SPACE}?(?P<scale>{scale})(?!\w))?"
    expand = partial(_expand_sum, wording=wording, language=language)
    codes = [each for each in wording.currencies if each[-1].isalpha() or each[-1] == "."]
    signs = [each for each in wording.currencies if each not in codes]
    for written, chars in ((signs, "".join(each[-1] for each in signs)), (codes, "0123456789")):
        if written:
            sign = build_alternation(written)
            amount = rf"(?P<low>{FIGURE})(?:{first_scale} ?[–-] ?(?:{sign})?(?P<high>{FIGURE}))?"
            yield from _build_sum_rules(sign, amount + scaled, chars, expand)


def _build_sum_rules(
    sign: str, amount: str, chars: str, expand: Callable[[re.Match[str]], str | None]
) -> Iterator[NormalisationRule]:
    yield compile_rule(
        rf"{_ARTICLE}(?<![\w$€£¥₹])(?<!\w[–-])(?P<edit>(?P<sign>{sign}){SPACE}?{amount})"
        rf"(?![\w%]|[.,–]?\d|-[\d$€£])(?P<noun>[ -][a-z])?",
        expand,
        chars,
        rf"{sign}{SPACE}?\d",
    )
    yield compile_rule(
        rf"{_ARTICLE}(?<![\w.,–$€£-])(?P<edit>{amount}{SPACE}?(?P<sign>{sign}))(?!\w)"
        r"(?P<noun>$^)?",
        expand,
        chars,
        rf"{sign}(?!\w)",
    )


def _expand_sum(match: re.Match[str], wording: _Wording, language: Language) -> str | None:
    spoken, ends = _format_sum(match, wording), match["edit"].endswith(".")
    stop = keep_stop(match.string, match.end("edit"), language) if ends else ""
    return spoken and spoken + stop


def _build_old_rules(language: Language) -> Iterator[NormalisationRule]:
    """Pounds, shillings and pence: `£5 10s. 6d.`, `2s. 6d.`; shillings alone in `10s. a week`."""
    names = language.number_forms("money.old")
    if not names:
        return

    def expand(match: re.Match[str]) -> str | None:
        pounds, shillings, pence = match["pounds"], match["shillings"], match["pence"]
        is_sum = pounds or pence or next_word(match.string, match.end())[:1].islower()
        if not is_sum or int(shillings) >= SHILLINGS_IN_A_POUND:
            return None
        units = {"pound": pounds, "shilling": shillings, "penny": pence}
        parts = [f"{value} {names[unit][value != '1']}" for unit, value in units.items() if value]
        stop = keep_stop(match.string, match.end(), language) if match[0].endswith(".") else ""
        return f" {language.phrase('symbols.and')} ".join(parts) + stop

    yield compile_rule(
        r"(?<![\w.,/$-])(?:£ ?(?P<pounds>\d[\d,]*),? )?(?P<shillings>\d{1,2}) ?s\."
        r"(?:,? ?(?:and )?(?P<pence>\d{1,2}) ?d\.?)?(?!\w)",
        expand,
        "s",
        r"\d ?s\.",
    )


def _load_wording(language: Language) -> _Wording:
    signs = language.table("money.signs")
    return _Wording(
        currencies={sign: Currency(*names) for sign, names in signs.items()},
        scales=language.spellings("money.scales"),
        one_of_scale=language.spellings("money.one_of_scale"),
        decimal=language.phrase("numbers.decimal"),
        with_minor=language.phrase("money.with_minor"),
        only_minor=language.phrase("money.only_minor"),
        range_word=language.phrase("numbers.range"),
        attributive_after=frozenset(language.words("numbers.attributive_after")),
        attributive_before=frozenset(language.words("numbers.attributive_before")),
    )


def _format_sum(match: re.Match[str], wording: _Wording) -> str | None:
    """Write out a sum; None when its separators are not the language's own."""
    low, high, scale = match["low"], match["high"], match["scale"]
    currency = wording.currencies[match["sign"]]
    if high and not wording.range_word:
        return None
    if not (_is_plain(low, wording.decimal) and _is_plain(high or "0", wording.decimal)):
        return None
    if scale is None and _has_minor(low, wording.decimal):
        sums = [_format_minor_sum(each, currency, wording) for each in (low, high) if each]
        return f" {wording.range_word} ".join(filter(None, sums))
    noun = match["noun"] or ""
    if scale and noun.startswith("-") and not match.string.startswith("a-", match.end() - 1):
        return None  # "a $1.2 billion-dollar deal" says its currency itself
    single = (low == "1" and not (high or scale)) or _is_attributive(match, wording)
    first_scale = match["first_scale"] and match["first_scale"] != scale
    first = f"{low} {wording.scales[match['first_scale']]}" if first_scale else low
    figure = f"{first} {wording.range_word} {high}" if high else low
    name = currency.one if single else currency.many
    return " ".join(part for part in (figure, _format_scale(match, wording), name) if part)


def _is_attributive(match: re.Match[str], wording: _Wording) -> bool:
    """Whether a noun follows that the sum belongs to: `a $5 hat`, `the €750bn fund`."""
    article = (match["article"] or "").strip().lower()
    if not match["noun"]:
        return False
    behind = match.string[match.end("edit") : match.end("edit") + LOOK_CHARS]
    if behind.startswith(("-a-", "-an-")):
        return True
    noun = next_word(behind.replace("-", " ", 1), 0)
    singulars = {noun, noun.removesuffix("s"), noun.removesuffix("es")}
    is_named = not singulars.isdisjoint(wording.attributive_before)
    return is_named or article in wording.attributive_after


def _format_scale(match: re.Match[str], wording: _Wording) -> str:
    scales = wording.one_of_scale if match["low"] == "1" and not match["high"] else {}
    scale = match["scale"]
    return scales.get(scale) or wording.scales[scale] if scale else ""


def _is_plain(figure: str, decimal: str) -> bool:
    """Whether a figure's separators are clear: thousands, then one decimal mark.

    Three places after the decimal mark may be thousands of another language: `€1.200`.
    """
    thousands = "," if decimal == "." else "."
    whole = rf"\d+|\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+"
    return (
        re.fullmatch(rf"(?:{whole})(?:{re.escape(decimal)}(?:\d{{1,2}}|\d{{4,}}))?", figure)
        is not None
    )


def _has_minor(figure: str, decimal: str) -> bool:
    return figure[-3:-2] == decimal


def _format_minor_sum(figure: str, currency: Currency, wording: _Wording) -> str | None:
    major, minor = figure[:-3], str(int(figure[-2:]))
    name = currency.one if major == "1" else currency.many
    if minor == "0":
        return f"{major} {name}"
    if not currency.minor_one:
        return f"{figure} {currency.many}"
    minor_name = currency.minor_one if minor == "1" else currency.minor_many
    template = wording.only_minor if major == "0" and wording.only_minor else wording.with_minor
    return template.format(major=major, name=name, minor=minor, minor_name=minor_name)
