"""How a `<say-as>` is read: its text and kind to words. Pure, English, after Polly's own kinds.

Source of the kinds and date formats: the say-as page of Polly's developer guide. Text that does not
fit its kind is read as it stands.
"""

import re
from collections.abc import Callable

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

CHARACTERS = {
    " ": "space",
    ".": "dot",
    ",": "comma",
    "-": "dash",
    "_": "underscore",
    "/": "slash",
    "@": "at",
    "#": "hash",
    "&": "and",
    "+": "plus",
    "*": "asterisk",
}
"""Names of signs in a word that is spelled out; others are silent."""

MAX_WHOLE_NUMBER_DIGITS = 36
"""The largest named scale is decillion; longer numbers are read digit by digit."""

MONTHS = (
    *("", "January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
LONGEST_MONTH_DAYS = 31
DATE_PARTS = {"d": "day", "m": "month", "y": "year"}


def expand_say_as(text: str, interpret_as: str, form: str = "") -> str:
    """Expand an element's text by its kind; an unknown one changes nothing.

    `form` is the order of a date's parts, such as `mdy`.
    """
    reader = _READERS.get(interpret_as)
    return reader(text, form) if reader else text


def _expand_characters(text: str, _form: str = "") -> str:
    """Every character by its name, with short rests between."""
    return ", ".join(filter(None, (_name_character(character) for character in text.strip())))


def _expand_digits(text: str, _form: str = "") -> str:
    """Every digit on its own, with a rest between groups."""
    groups = re.findall(r"[0-9]+|[^\W\d_]+", text)
    return ", ".join(
        " ".join(map(_name_character, group)) if group.isdigit() else group for group in groups
    )


def _expand_cardinal(text: str, _form: str = "") -> str:
    """A whole number in words, never read as a year."""
    return _expand_number(text, "cardinal")


def _expand_ordinal(text: str, _form: str = "") -> str:
    return _expand_number(text, "ordinal")


def _expand_date(text: str, form: str) -> str:
    """A date in a form that is read in full: `March 3, 2024`."""
    form = "ymd" if form == "yyyymmdd" else form or "mdy"
    numbers = re.findall(r"\d+", text)
    if form == "ymd" and len(numbers) == 1 and re.fullmatch(r"[\d?]{8}", text.strip()):
        numbers = [numbers[0][:4], numbers[0][4:6], numbers[0][6:]]
    if len(numbers) != len(form) or not set(form) <= DATE_PARTS.keys():
        return text
    parts = {DATE_PARTS[letter]: int(number) for letter, number in zip(form, numbers, strict=True)}
    return _format_date(parts).strip() or text


def _name_character(character: str) -> str:
    if character.isdigit() and character.isascii():
        return DIGITS[int(character)]
    return character.upper() if character.isalpha() else CHARACTERS.get(character, "")


def _expand_number(text: str, kind: str) -> str:
    whole = re.sub(r"[\s,]|(?<=\d)(st|nd|rd|th)$", "", text.strip())
    if not re.fullmatch(r"[-+]?[0-9]+", whole):
        return text
    if len(whole) > MAX_WHOLE_NUMBER_DIGITS:
        return _expand_digits(whole)
    from num2words import num2words

    return str(num2words(int(whole), lang="en", to=kind))


def _format_date(parts: dict[str, int]) -> str:
    year, month, day = parts.get("year", 0), parts.get("month", 0), parts.get("day", 0)
    if month >= len(MONTHS) or day > LONGEST_MONTH_DAYS or not any(parts.values()):
        return ""
    when = f"{MONTHS[month]} {_expand_ordinal(str(day)) if day else ''}".strip()
    return when + (", " if month and day and year else " ") + str(year) if year else when


_READERS: dict[str, Callable[[str, str], str]] = {
    "characters": _expand_characters,
    "spell-out": _expand_characters,
    "digits": _expand_digits,
    "telephone": _expand_digits,
    "cardinal": _expand_cardinal,
    "number": _expand_cardinal,
    "ordinal": _expand_ordinal,
    "date": _expand_date,
    "expletive": lambda _text, _form: "beep",
}
