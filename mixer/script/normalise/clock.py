"""Times of day and dates.

English engines read `6:30 PM` well and `6:30 p.m.` with a stop too many; other languages define
their own readings (`clock.readings`: a pattern, and how it is read). Dates are changed only where
an engine would read figures one by one (2026-11-05) and no other reading is possible.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial

from mixer.script.normalise import durations
from mixer.script.normalise.language import Language
from mixer.script.normalise.offset_map import Replacement
from mixer.script.normalise.ordinals import spell_ordinal
from mixer.script.normalise.rule import (
    DIGITS,
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
    iterate_row_replacements,
    keep_stop,
)
from mixer.start_cache import compile_pattern

HOURS_OF_A_HALF_DAY = 12
HOURS = 24
MINUTES = 60
MONTHS = 12
DAYS = 31
DAY_LEADERS = (
    "(?P<loose>on|by|until|next|last|every)"
    r"|[ap]\.m\.|AM|PM|noon|midnight|early|late"
    r"|delivery|except|ex\.|exc\.|this|from|since|before|after|through|closed|open|due|starts|begins|and"
)
"""English words before an abbreviated day; after the loose ones it needs no stop."""

_TWELVE_HOURS = (
    rf"(?<![\d:.,])(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d{{2}}))?{SPACE}?"
    r"(?:(?P<dotted>[AaPp])\.[ \u00a0]?[Mm](?P<stop>\.)|(?P<plain>am|pm|AM|PM))(?!\w)"
)
_ISO = r"(?<![\w./-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?![\w/-]|\.\d)"
_NUMERIC = (
    r"(?<![\w./-])(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark)"
    r"(?P<year>\d{4})(?![\w/-]|\.\d)"
)


_OPEN_HOURS = r"\d{1,2}(?:[.:]\d\d)?(?: ?[–-] ?\d{1,2}(?:[.:]\d\d)?)? ?(?:Uhr|h|uur|u\.)(?!\w)"
"""Hours behind a day: `Sa. 9–13 Uhr`."""


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Times, dates and abbreviated months."""
    if language.phrase("clock.halves"):
        yield compile_rule(
            _TWELVE_HOURS,
            lambda match: _expand_half_day(match, language),
            DIGITS,
            rf"\d{SPACE}?[AaPp][.Mm]",
        )
    yield from durations.build_rules(language)
    for reading in language.table("clock").get("readings", ()):
        yield _build_reading_rule(reading)
    months = language.words("dates.months")
    if months:
        yield compile_rule(_ISO, lambda match: _expand_iso_date(match, language), "-")
        yield compile_rule(
            _NUMERIC,
            lambda match: _expand_numeric_date(match, language),
            DIGITS,
            r"\d[./-]\d{4}",
        )
        yield from _build_day_rules(language, months)
        if language.code == "en":
            short = language.spellings("dates.short_months")
            yield from _build_name_range_rules(language, short, months)
        yield from _build_month_rules(language)


def _expand_half_day(match: re.Match[str], language: Language) -> str | None:
    """Write a time of the twelve-hour clock; None for one that does not exist."""
    hour, minute = int(match["hour"]), match["minute"]
    if not 0 < hour <= HOURS_OF_A_HALF_DAY or int(minute or 0) >= MINUTES:
        return None
    half = (match["dotted"] or match["plain"][0]).upper() + "M"
    stop = keep_stop(match.string, match.end(), language) if match["stop"] else ""
    return f"{hour}:{minute} {half}{stop}" if int(minute or 0) else f"{hour} {half}{stop}"


def _build_reading_rule(reading: Mapping[str, str]) -> NormalisationRule:
    """A rule for one way of writing times, with the groups `hour` and perhaps `minute`.

    Args:
        reading: the `pattern`, what is `spoken` and what for a `whole` hour; `one` and
            `whole_one` where the language says one o'clock otherwise.
    """

    def expand(match: re.Match[str]) -> str | None:
        hour, minute = int(match["hour"]), int(match["minute"] or 0)
        if hour > HOURS or minute >= MINUTES:
            return None
        template = "spoken" if minute else "whole"
        only = {"spoken": "one", "whole": "whole_one"}[template] if hour == 1 else template
        return reading.get(only, reading[template]).format(hour=hour, minute=minute)

    return compile_rule(reading["pattern"], expand, DIGITS)


def _expand_iso_date(match: re.Match[str], language: Language) -> str | None:
    return _format_date(match["year"], int(match["month"]), int(match["day"]), language)


def _expand_numeric_date(match: re.Match[str], language: Language) -> str | None:
    """Write out a date in figures; None when the order of day and month is unclear."""
    if match["mark"] not in language.phrase("dates.marks"):
        return None
    day, month = int(match["first"]), int(match["second"])
    if language.phrase("dates.order") == "either":
        if day <= MONTHS and month <= MONTHS and day != month:
            return None
        if month > MONTHS:
            day, month = month, day
    return _format_date(match["year"], month, day, language)


def _format_date(year: str, month: int, day: int, language: Language) -> str | None:
    """Write out a date; None for one that does not exist."""
    if not (0 < month <= MONTHS and 0 < day <= DAYS):
        return None
    first = language.phrase("dates.first_day")
    name = language.words("dates.months")[month - 1]
    return language.phrase("dates.spoken").format(
        day=first if day == 1 and first else day, month=name, year=year
    )


def _build_day_rules(language: Language, months: Sequence[str]) -> Iterator[NormalisationRule]:
    """Abbreviated weekdays before a date: `Fri 13 Aug`, `Tue., March 3`."""
    short = language.spellings("dates.short_days")
    if short:
        yield from _build_name_range_rules(language, short)
        yield from _build_rows(language)
        month = build_alternation([*months, *language.spellings("dates.short_months")])
        ordinal = rf"\d{{1,2}}{build_alternation(language.words('dates.day_endings') or [chr(0)])}"
        if language.code == "en":
            yield from _build_day_range_rules(language, month)
        yield compile_rule(
            rf"(?<!\w)(?P<edit>(?P<name>{build_alternation(short)})\.?)"
            rf"(?=,?{SPACE}(?:\d{{1,2}}(?:[a-z]{{0,2}}|\.){SPACE}{month}(?!\w)|{month}\.?{SPACE}\d"
            rf"|(?<=[.,]{SPACE})(?:the )?{ordinal}(?!\w)"
            rf"|(?<=\.{SPACE})(?:{_OPEN_HOURS}|(?:@|to|till|until){SPACE}\d)))",
            lambda match: short[match["name"]],
            DIGITS,
            rf"{build_alternation(short)}[.,]*{SPACE}(?:[\d@t]|until|{month})",
        )
        if language.code == "en":
            yield _build_led_rule(DAY_LEADERS, short, r"(?(loose)\.?|\.)", language)
        leaders = language.phrase("dates.day_leaders")
        if leaders:
            yield _build_led_rule(leaders, short, r"\.", language)


def _build_name_range_rules(
    language: Language, short: Mapping[str, str], more: Sequence[str] = ()
) -> Iterator[NormalisationRule]:
    """`Mon–Fri`, `Nov–May`, `lun. a vie.`; between two words the first has its stop."""
    word = language.phrase("numbers.range")
    stopped = {f"{key}.": name for key, name in short.items()}
    names = {**short, **stopped}
    day = build_alternation([*names, *short.values(), *more])

    def expand(match: re.Match[str]) -> str:
        low, high = match["low"], match["high"]
        stop = keep_stop(match.string, match.end(), language) if high.endswith(".") else ""
        return f"{names.get(low, low)} {word} {names.get(high, high)}{stop}"

    ways = [(day, " ?[–-] ?", "–-", day + " ?[–-] ?")]
    ways.append((build_alternation(stopped), f" {word} ", ".", rf"\. {word} "))
    for first, joint, chars, hint in ways:
        yield compile_rule(
            rf"(?<![\w.])(?P<low>{first}){joint}(?P<high>{day})(?!\w)",
            expand,
            chars,
            hint,
        )


def _build_rows(language: Language) -> Iterator[NormalisationRule]:
    yield from _build_row_rules(language, "dates.short_days")
    yield from _build_row_rules(language, "dates.short_months", language.words("dates.months"))


def _build_row_rules(
    language: Language, table: str, full: Sequence[str] = ()
) -> Iterator[NormalisationRule]:
    """Days or months in a row, of which each shows what the others are: `Jan. & Feb.`."""
    short, word = language.spellings(table), language.phrase("symbols.and")
    if not (short and word):
        return
    name = rf"(?:{build_alternation(short)}\.|{build_alternation([*short.values(), *full])}(?!\w))"
    joint = rf",? (?:{word}|&) "

    @cache
    def compile_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
        row = rf"(?<![\w.])(?:{name}, ){{0,10}}{name}{joint}{name}(?!\w)"
        return compile_pattern(row), compile_pattern(rf"(?<![\w.])({build_alternation(short)})\.")

    def find(text: str) -> Iterator[Replacement]:
        return iterate_row_replacements(text, compile_patterns(), short, language)

    yield NormalisationRule(find, frozenset("."), rf"\.(?<=\w\w\.){joint}\w")


def _build_led_rule(
    leaders: str, short: Mapping[str, str], stop: str, language: Language
) -> NormalisationRule:
    """A day or a month without a figure, after a word that asks for it: `on Fri.`, `in Jan.`."""

    def expand(match: re.Match[str]) -> str:
        has_stop = match["edit"].endswith(".")
        return short[match["name"]] + (
            keep_stop(match.string, match.end(), language) if has_stop else ""
        )

    name = build_alternation(short)
    return compile_rule(
        rf"(?<!\w)(?i:{leaders})[ -](?P<edit>(?P<name>{name}){stop})(?!\w)(?! [A-Z][a-z]+ [A-Z])",
        expand,
        {written[0] for written in short},
        rf"{name}(?!\w)",
    )


def _build_day_range_rules(language: Language, month: str) -> Iterator[NormalisationRule]:
    """`Sept. 3–5`, `3–7 June`: the day that the engine would take for a number is an ordinal."""
    word = language.phrase("numbers.range")
    days = r"(?P<edit>(?P<low>\d{1,2}) ?[–-] ?(?P<high>\d{1,2}))"

    def expand(match: re.Match[str], day: str, form: str) -> str | None:
        low, high = int(match["low"]), int(match["high"])
        if not 0 < low < high <= DAYS:
            return None
        ordinal = spell_ordinal(int(match[day]), language)
        return form.format(low=low, word=word, high=high, day=ordinal)

    after = rf"(?<!\w){month}\.?{SPACE}{days}(?![\w–-]|[.,:]\d)"
    before = rf"(?<![\w.,:/–-]){days}(?={SPACE}{month}(?!\w))"
    for pattern, day, form in (
        (after, "high", "{low} {word} {day}"),
        (before, "low", "{day} {word} {high}"),
    ):
        yield compile_rule(pattern, partial(expand, day=day, form=form), "–-", r"\d ?[–-] ?\d")


def _build_month_rules(language: Language) -> Iterator[NormalisationRule]:
    """Abbreviated months next to a figure: `Jan. 5`, `5 Jan 2020`."""
    short = language.spellings("dates.short_months")
    if not short:
        return
    name = rf"(?P<name>{build_alternation(short)})"

    def expand(match: re.Match[str]) -> str:
        return short[match["name"]]

    the_day = rf"\.(?={SPACE}(?:the )?\d)"
    yield compile_rule(rf"(?<!\w){name}{the_day}", expand, DIGITS, the_day)
    yield compile_rule(
        rf"(?:{_day_pattern(language.words('dates.day_endings'))}){name}(?P<stop>\.)(?!\w)",
        lambda match: short[match["name"]] + keep_stop(match.string, match.end(), language),
        DIGITS,
        rf"{name}\.",
    )
    leaders = "|".join(language.words("dates.month_leaders")) or "$^"
    yield _build_led_rule(leaders, short, r"\.", language)
    yield compile_rule(
        rf"(?<![\w.]){name}(?={SPACE}(?:\d{{4}}|['’]\d\d|\d{{1,2}}(?:st|nd|rd|th))(?!\w))",
        expand,
        DIGITS,
        rf"{name}{SPACE}['’\d]",
    )


def _day_pattern(endings: Sequence[str]) -> str:
    """A pattern for the place after a day in figures: `5 `, `5. `, `5th `."""
    return "|".join(rf"(?<=\d{re.escape(ending)}{SPACE})" for ending in ("", *endings))
