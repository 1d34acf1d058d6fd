"""Figures with a unit: `5 km`, `20 °C`, `60 mph`, `5'10"`, `7 %`.

Only the unit is replaced, the figure stays. Symbols of one letter need a space before them,
because `5m` may be five million and `5G` a telephone network; `attached.letters` of a language are
units without one, too. What follows a slash is read as a share (`per`): `3 L/min`, `$9/month`.
"""

import re
from collections.abc import Iterator, Mapping

from mixer.script.normalise.language import Language
from mixer.script.normalise.offset_map import Replacement
from mixer.script.normalise.rule import (
    DIGITS,
    FIGURE,
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
    keep_stop,
    next_word,
)
from mixer.start_cache import compile_pattern

FRACTIONS = "½⅓⅔¼¾⅛⅜⅝⅞"
_NUMBER = rf"(?:(?:{FIGURE})?[{FRACTIONS}]|\d{{1,2}}/\d{{1,2}}|\.?{FIGURE})"
_START = r"(?<![\w.,:$€£¥₹^])(?<!\w\+)(?<!\d[–/-])(?<![/:-]/)"
_FIGURES = DIGITS | frozenset(FRACTIONS)
_POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LAST_FIGURE = rf"[\d{FRACTIONS}]"

INCHES_IN_A_FOOT, SECONDS = 12, 60

Forms = tuple[str, str]
"""A unit in the singular and in the plural."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Degrees below zero, feet with inches, units, units with a hyphen (`a 5-km run`)."""
    units = language.number_forms("units")
    yield from _build_minus_rules(language)
    yield from _build_height_rules(language)
    yield from _build_inch_rules(language)
    yield from _build_ounce_rules(language)
    if not units:
        return
    yield _build_unit_rule(language, units)
    yield from _build_share_rules(language)
    yield from _build_lone_rules(language, units)
    yield compile_rule(
        rf"(?:(?<=[{_POWERS}])|\^[-−]?\d{{1,3}})(?P<edit>{SPACE}(?P<unit>{build_alternation(units)}))"
        rf"{_build_unit_end(language)}",
        lambda match: f" {units[match['unit']][1]}",
        _POWERS + "^",
    )
    if language.words("numbers.attributive_after"):
        yield _build_hyphen_rule(units)


def _build_unit_rule(language: Language, units: Mapping[str, Forms]) -> NormalisationRule:
    articles = language.words("numbers.attributive_after")
    # A stop after a symbol without one of its own is the sentence's.
    article = (
        rf"(?P<article>(?<!\w)(?i:{build_alternation(articles)}) )?"
        if articles
        else "(?P<article>$^)?"
    )
    scales = language.words("numbers.scales")
    scale = f"(?:{SPACE}{build_alternation(scales)}(?={SPACE}))?" if scales else ""

    return compile_rule(
        rf"{article}{_START}(?P<low>{FIGURE}[–-])?(?P<number>{_NUMBER})"
        rf"{scale}(?P<edit>(?P<gap>{SPACE}?)(?P<unit>{build_alternation(units)})(?P<stop>\.?))"
        rf"{_build_unit_end(language)}(?P<noun> (?!of )[A-Za-z])?",
        lambda match: _expand_unit(match, units, language),
        _FIGURES,
        rf"{_LAST_FIGURE}{scale}{SPACE}?{build_alternation(units)}(?!\w)",
    )


def _build_unit_end(language: Language) -> str:
    """A pattern of what may follow a unit: no letter and no slash, but for a share's."""
    shares = build_alternation(language.spellings("per.names") or [chr(0)])
    return rf"(?:(?![\w/²³^°'’])|(?=/{shares}(?!\w))|(?=/\d))"


def _expand_unit(
    match: re.Match[str], units: Mapping[str, Forms], language: Language
) -> str | None:
    symbol, gap = match["unit"], match["gap"]
    if not gap and not _is_unit_without_gap(match, language):
        return None
    own_stop = symbol.endswith(".")
    has_stop = own_stop or bool(match["stop"])
    if has_stop and re.match(rf"{SPACE}\d", match.string[match.end("edit") :][:2]):
        return None  # "3 lb. 5 oz." or "3 lb. 5 men came.": the stop may end a sentence
    one, many = units[symbol]
    name = one if _is_attributive(match, language) or _is_singular(match) else many
    stop = ""
    if has_stop:
        stop = keep_stop(match.string, match.end("edit"), language, any_capital=not own_stop)
    return f"{gap or ' '}{name}{stop}"


def _is_attributive(match: re.Match[str], language: Language) -> bool:
    """Whether a noun is named by its measure: `a 5 km walk`, `4 mm needles`."""
    if not match["noun"]:
        return False
    noun = next_word(match.string, match.end("edit"))
    is_led = match["article"] and noun[:1].islower()
    return bool(is_led) or noun in language.words("numbers.measured")


def _is_unit_without_gap(match: re.Match[str], language: Language) -> bool:
    """Whether a symbol that touches its figure is sure to be one: `65W`, but not `5G`, `5m`."""
    symbol = match["unit"]
    if len(symbol) > 1 or not symbol.isalpha():
        return True
    if match.string[match.start("number") - 1 : match.start("number")] == "-":
        return False  # of a road or a model: I-35W
    is_network = next_word(match.string, match.end("edit")) in language.words("attached.not_before")
    return symbol in language.phrase("attached.letters") and not is_network


def _build_share_rules(language: Language) -> Iterator[NormalisationRule]:
    """What one thing is counted or paid for: `$9.99/month`, `12 kN/m`, `80 beats/min`."""
    names, word = language.spellings("per.names"), language.phrase("per.word")
    if names:
        yield compile_rule(
            rf"(?<![\w/.-])(?:[$€£¥₹] ?)?\d[\d.,]*[{_POWERS}]*"
            rf"(?:{SPACE}?(?:[€$£%¢]|°[CF]?|[^\W\d_]{{1,8}}[²³.]?))?"
            rf"(?P<edit>(?:/{build_alternation(names)}){{1,2}}(?:\.(?=[,;)]| [a-z(]))?)"
            r"(?![\w/²³-]|\.\w)",
            lambda match: "".join(
                f" {f'{word} {names[share]}'.strip()}"
                for share in match["edit"].rstrip(".").split("/")[1:]
            ),
            "/",
            r"\d[^/]{0,16}/[^\s\d]",
        )


def _build_lone_rules(
    language: Language, units: Mapping[str, Forms]
) -> Iterator[NormalisationRule]:
    """A unit that has no figure after a word that asks for one: `pro kg`, `el km`."""
    leaders, shares = language.words("per.leaders"), language.spellings("per.names")
    symbols = [symbol for symbol in shares if symbol in units and len(symbol) > 1]
    if not (leaders and symbols):
        return

    def expand(match: re.Match[str]) -> str:
        stop = keep_stop(match.string, match.end(), language) if match["stop"] else ""
        return units[match["unit"]][0] + stop

    unit = rf"(?P<unit>{build_alternation(symbols)})"
    ways = [(leaders, r"(?P<stop>\.?)(?!\w|[/²³-]|\.\w|\. \d| \d)")]
    if language.words("per.led_by_article"):
        ways.append((language.words("per.led_by_article"), r"(?P<stop>\.)(?=[,;)]| [a-z]|$)"))
    for words, end in ways:
        leader = build_alternation(words)
        yield compile_rule(
            rf"(?<!\w)(?i:{leader}) (?P<edit>{unit}{end})",
            expand,
            hint=rf"{leader} \S{{2,4}}",
        )


def _is_singular(match: re.Match[str]) -> bool:
    number, start = match["number"], match.start("number")
    is_part = number in FRACTIONS or ("/" in number and not match.string[:start][-2:-1].isdigit())
    return not match["low"] and (number == "1" or is_part)


def _build_hyphen_rule(units: Mapping[str, Forms]) -> NormalisationRule:
    """A unit after a hyphen, always in the singular."""
    symbols = [symbol for symbol in units if len(symbol) > 1 or symbol in "lL"]
    return compile_rule(
        rf"{_START}{_NUMBER}(?P<edit>-(?P<unit>{build_alternation(symbols)}"
        r"|(?<=\.\d-)[mgWV]|(?<=\.\d\d-)[mgWV])(?:\.(?= [A-Za-z(]|[,;:)]|-[a-z]))?)"
        r"(?![\w/²³^.])",
        lambda match: f"-{units[match['unit']][0]}",
        "-",
        rf"-(?<={_LAST_FIGURE}-){build_alternation([*symbols, *'mgWV'])}",
    )


_MARKED_HEIGHT = (
    r"(?<![\w.,'’′])(?:(?P<feet>\d{1,2})['’′] ?(?P<inches>\d{1,2})(?:[\"”″]|''|’’)(?!\w)"
    r"|(?P<tall>[4-7])['’′](?P<more>\d{1,2})(?![\w'’′\"”″]))"
)
_NAMED_HEIGHT = (
    r"(?<![\w.,'’′])(?P<edit>(?P<feet>\d{1,2}) ?ft\.?,? (?P<inches>\d{1,2}) ?"
    r"in(?!\w)(?:\.(?= [a-z(]|[,;:)—]))?)"
)
"""A stop stays where the sentence ends."""


def _build_height_rules(language: Language) -> Iterator[NormalisationRule]:
    """Feet and inches, written with primes or quotation marks."""
    names = language.number_forms("heights")
    if not names:
        return

    def expand(match: re.Match[str]) -> str | None:
        named = match.groupdict()
        feet, inches = int(named["feet"] or named["tall"]), int(named["inches"] or named["more"])
        if inches >= INCHES_IN_A_FOOT:
            return _name_time(feet, inches, language)
        foot, inch = names["foot"][feet != 1], names["inch"][inches != 1]
        return f"{feet} {foot} {inches} {inch}"

    yield compile_rule(_MARKED_HEIGHT, expand, "'’′", r"\d['’′]")
    yield compile_rule(_NAMED_HEIGHT, expand, "f", r"\d ?ft\.?,? \d")


_DOUBLE_MARK = compile_pattern(
    rf"(?:(?<![\w.,/’'′\"“”={FRACTIONS}])(?P<figure>(?:\d{{1,3}}[ -])?\d{{1,2}}/\d{{1,2}}"
    rf"|\d{{1,3}}(?:\.\d+)?|\d{{0,3}}[{FRACTIONS}]))?(?P<mark>[\"“”″])"
    r"(?: (?P<next>[a-z]+))?"
)


def _name_time(minutes: int, seconds: int, language: Language) -> str | None:
    """Minutes and seconds are written as feet and inches are: `2'45"`."""
    names = language.number_forms("clock.durations")
    if not names or seconds >= SECONDS:
        return None
    minute, second = names["minute"][minutes != 1], names["second"][seconds != 1]
    return f"{minutes} {minute} {seconds} {second}"


_ONE_OR_PART = compile_pattern(rf"1|\d{{1,2}}/\d{{1,2}}|[{FRACTIONS}]")


def _build_inch_rules(language: Language) -> Iterator[NormalisationRule]:
    """`two 8" tins`: behind a figure, a mark that closes no quotation is that of inches."""
    names, ends = language.number_forms("heights"), language.words("numbers.after_inches")
    if not names:
        return

    def find(text: str) -> Iterator[Replacement]:
        is_open, is_curly_open = False, False
        for match in _DOUBLE_MARK.finditer(text):
            is_closer = is_open or is_curly_open or match["mark"] == "“"
            if match["figure"] and (match["mark"] == "″" or not is_closer):
                is_attribute = match["next"] not in {None, *ends}
                is_one = _ONE_OR_PART.fullmatch(match["figure"]) is not None
                name = names["inch"][not (is_one or is_attribute)]
                yield Replacement(*match.span("mark"), "- "[not is_attribute] + name)
            elif match["mark"] == '"':
                is_open = not is_open
            else:
                is_curly_open = match["mark"] == "“"

    yield NormalisationRule(find, frozenset('"”″'), r"\d[\"”″]")
    yield NormalisationRule(find, frozenset(FRACTIONS), rf"[{FRACTIONS}][\"”″]")


def _build_ounce_rules(language: Language) -> Iterator[NormalisationRule]:
    """`3 lb. 5 oz.`: the stop between them ends no sentence."""
    if not language.table("heights"):
        return
    yield compile_rule(
        r"(?<![\w.,$£€])\d{1,3}(?P<edit> lbs?\.,? (?P<ounces>\d{1,2}) oz(?!\w)\.?)",
        lambda match: _expand_ounces(match, language),
        "z",
        r"lbs?\.,? \d",
    )


def _expand_ounces(match: re.Match[str], language: Language) -> str:
    units = language.number_forms("units")
    ounces = match["ounces"]
    stop = keep_stop(match.string, match.end(), language) if match[0].endswith(".") else ""
    return f" {units['lb'][1]} {ounces} {units['oz'][ounces != '1']}{stop}"


def _build_minus_rules(language: Language) -> Iterator[NormalisationRule]:
    """The true minus before a figure; the hyphen and the plus before degrees."""
    minus, plus = language.phrase("numbers.minus"), language.phrase("symbols.operators.+")
    if plus:
        figure = rf"{FIGURE}{SPACE}?[°%]"
        yield compile_rule(rf"(?<![\w.,)+°%])\+(?={figure})", lambda _: f"{plus} ", "+", r"\+\d")
        yield compile_rule(r"(?<=[%°])\+(?=\d)", lambda _: f" {plus} ", "+", r"\+\d")
    if minus:
        figure = rf"{FIGURE}{SPACE}?°"
        yield compile_rule(r"(?<![\w.,)])−(?=\d)", lambda _: f"{minus} ", "−")
        yield compile_rule(rf"(?<![\w.,)°%])-(?={figure})", lambda _: f"{minus} ", "°")
