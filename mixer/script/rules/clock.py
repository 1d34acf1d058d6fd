"""Times of day and dates.

English engines read `6:30 PM` well and `6:30 p.m.` with a stop too many; other languages name
their own readings (`clock.readings`: a pattern, and how it is said). Dates are touched only where
an engine would read figures one by one (2026-11-05) and no other reading is possible.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from mixer.script.language import Language
from mixer.script.rules.context import kept_stop
from mixer.script.rules.rule import DIGITS, SPACE, Rule, any_of, matching

HOURS_OF_A_HALF_DAY = 12
HOURS = 24
MINUTES = 60
MONTHS = 12
DAYS = 31

_TWELVE_HOURS = (
    rf"(?<![\d:.,])(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d{{2}}))?{SPACE}?"
    r"(?:(?P<dotted>[AaPp])\.[ \u00a0]?[Mm](?P<stop>\.)|(?P<plain>am|pm|AM|PM))(?!\w)"
)
_ISO = r"(?<![\w./-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?![\w/-]|\.\d)"
_NUMERIC = (
    r"(?<![\w./-])(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark)"
    r"(?P<year>\d{4})(?![\w/-]|\.\d)"
)


def rules(language: Language) -> Iterator[Rule]:
    """Times and dates of a language."""
    if language.phrase("clock.halves"):
        yield matching(_TWELVE_HOURS, lambda match: _say_half_day(match, language), DIGITS)
    for reading in language.table("clock").get("readings", ()):
        yield _reading(reading)
    months = language.words("dates.months")
    if months:
        yield matching(_ISO, lambda match: _say_iso(match, language), "-")
        yield matching(_NUMERIC, lambda match: _say_numeric(match, language), DIGITS)
        yield from _short_months(language)


def _say_half_day(match: re.Match[str], language: Language) -> str | None:
    """Say a time of the twelve-hour clock."""
    hour, minute = int(match["hour"]), match["minute"]
    if not 0 < hour <= HOURS_OF_A_HALF_DAY or int(minute or 0) >= MINUTES:
        return None
    half = (match["dotted"] or match["plain"][0]).upper() + "M"
    stop = kept_stop(match.string, match.end(), language) if match["stop"] else ""
    return f"{hour}:{minute} {half}{stop}" if int(minute or 0) else f"{hour} {half}{stop}"


def _reading(reading: Mapping[str, str]) -> Rule:
    """One way a language writes times, with the groups `hour` and perhaps `minute`.

    Args:
        reading: the `pattern`, what is `spoken` and what for a `whole` hour; `one` and
            `whole_one` where the language says one o'clock otherwise.
    """

    def say(match: re.Match[str]) -> str | None:
        hour, minute = int(match["hour"]), int(match["minute"] or 0)
        if hour > HOURS or minute >= MINUTES:
            return None
        template = "spoken" if minute else "whole"
        only = {"spoken": "one", "whole": "whole_one"}[template] if hour == 1 else template
        return reading.get(only, reading[template]).format(hour=hour, minute=minute)

    return matching(reading["pattern"], say, DIGITS)


def _say_iso(match: re.Match[str], language: Language) -> str | None:
    """Say a date of ISO 8601."""
    return _date(match["year"], int(match["month"]), int(match["day"]), language)


def _say_numeric(match: re.Match[str], language: Language) -> str | None:
    """Say a date in figures; where the language leaves the order open, only if it shows."""
    if match["mark"] not in language.phrase("dates.marks"):
        return None
    day, month = int(match["first"]), int(match["second"])
    if language.phrase("dates.order") == "either":
        if day <= MONTHS and month <= MONTHS and day != month:
            return None
        if month > MONTHS:
            day, month = month, day
    return _date(match["year"], month, day, language)


def _date(year: str, month: int, day: int, language: Language) -> str | None:
    """Say a date the way the language says it, if there is such a day."""
    if not (0 < month <= MONTHS and 0 < day <= DAYS):
        return None
    first = language.phrase("dates.first_day")
    name = language.words("dates.months")[month - 1]
    return language.phrase("dates.spoken").format(
        day=first if day == 1 and first else day, month=name, year=year
    )


def _short_months(language: Language) -> Iterator[Rule]:
    """Months cut short next to a figure: `Jan. 5`, `5 Jan 2020`."""
    short = language.spellings("dates.short_months")
    if not short:
        return
    name = rf"(?P<name>{any_of(short)})"
    yield matching(rf"(?<!\w){name}\.(?={SPACE}\d)", lambda match: short[match["name"]], DIGITS)
    yield matching(
        rf"(?:{_after(language.words('dates.day_endings'))}){name}(?P<stop>\.)(?!\w)",
        lambda match: short[match["name"]] + kept_stop(match.string, match.end(), language),
        DIGITS,
    )
    yield matching(
        rf"(?<=\d{SPACE}){name}(?={SPACE}\d{{4}}(?!\d))", lambda match: short[match["name"]], DIGITS
    )


def _after(endings: Sequence[str]) -> str:
    """A pattern for the place after a day in figures: `5 `, `5. `, `5th `."""
    return "|".join(rf"(?<=\d{re.escape(ending)}{SPACE})" for ending in ("", *endings))
