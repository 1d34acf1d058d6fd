"""Signs between words and figures, and addresses, whose signs are named.

Signs of arithmetic are read only between two operands, each a figure or a single letter, with a
space on either side (`symbols.operators`). Elsewhere they stay as written.

Web and mail addresses are read the way people read them out: the scheme, `www.` and a final slash
are left out; every other sign is named. Languages that name no signs (`web`) keep them as written.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import (
    FIGURE,
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
    previous_word,
)
from mixer.start_cache import compile_pattern

YEAR_DIGITS, SHORT_YEAR_DIGITS = 4, 2

MAX_JOINED_OPTIONS = 3
"""Letters that may be options of their own: `-la`; more are a word: `-name`."""

_LARGE = r"(?:\d{1,3}(?:,\d{3})+|\d+\.\d+)"
"""A figure with a separator."""

_OPERAND = rf"(?:{FIGURE}[a-z]?|[^\W\d_])[⁰¹²³⁴⁵⁶⁷⁸⁹]{{0,3}}"

DOMAINS = "com|org|net|edu|gov|mil|info|app|dev|io|co.uk|ac.uk|org.uk|gov.uk".replace(".", r"\.")
"""Endings that mark an address even without `www.` or a scheme.

Country codes that are also words (`it`, `is`, `me`) are not among them: a full stop without a
space after it is a common slip.
"""

SHORT_DOMAINS = "ly|me|be|gl|gg|co|us|uk|eu|de|fr|ca|au|tv|ai|so|sh|to|xyz|blog|news|shop|tech"
"""Endings that mark an address when a path follows: `bit.ly/3xYz`."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}\.){{1,8}}"
_TAIL = r"(?::\d{1,5})?(?:[/?#][^\s<>\"“”\[\]]{0,2000})?"
_ADDRESS = (
    rf"(?<![\w@./-])(?:https?://(?:www\.)?|www\.){_HOST}[A-Za-z]{{2,24}}(?![\w@]){_TAIL}"
    rf"|(?<![\w@./-])https?://{_LABEL}(?![\w@-]|\.\w){_TAIL}"
    rf"|(?<![\w@./-]){_HOST}(?:{DOMAINS})(?![\w@]|\.\w|-\w){_TAIL}"
    rf"|(?<![\w@./-]){_HOST}(?:{SHORT_DOMAINS})(?=/\w){_TAIL}"
)
_PATH = (
    r"(?<![\w@/.:<>)\]}=-])(?<!\]\()(?:(?:~|\.{1,2})/|/[\w.-]{1,60}/)"
    r"[\w.-]{1,60}(?:/[\w.-]{1,60}){0,20}/?(?![\w>/{<#:])"
)
"""Of a file, from the root or the home; `/r/` is a sound and `and/or` a choice."""

_ADDRESS_HINT = rf"://|www\.|\.(?:{DOMAINS}|{SHORT_DOMAINS})"
_MAIL = rf"(?<![\w.+%-])[A-Za-z0-9][\w.+%-]{{0,63}}@{_HOST}[A-Za-z]{{2,24}}(?![\w@])"
_ADDRESS_PREFIX = compile_pattern(r"^(?:https?://)?(?:www\.)?")
_SIGN = compile_pattern(r"([^\w]|_)")
_TRAILING = ".,;:!?'’)]}*_~"


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
    """A dash from one figure to another: `pages 5–7`, `1914–18`, `9am–5pm`, `20%-30%`."""
    word = language.phrase("numbers.range")
    if not word:
        return

    def expand(match: re.Match[str]) -> str | None:
        low, high = match["low"], match["high"]
        is_short_year = (
            len(low) == YEAR_DIGITS and len(high) == SHORT_YEAR_DIGITS and low[-2:] < high
        )
        if float(low) >= float(high.replace(",", ".")) and not is_short_year:
            return f"{low} {score} " if score and len(low) < YEAR_DIGITS else None
        return _name_opening(match, language)

    score = language.phrase("numbers.score")
    yield compile_rule(
        r"(?<![\w.,:–/-])(?P<edit>(?P<low>\d{1,4})–)(?=(?P<high>\d{1,4}(?:[.,]\d{1,2})?)"
        r"(?![\d–/:]|-(?![a-z])))",
        expand,
        "–",
    )
    yield from _build_wide_range_rules(word)
    if language.words("numbers.counted"):
        yield from _build_hyphen_range_rules(language)


def _name_opening(match: re.Match[str], language: Language) -> str:
    """The first figure of a range with its words: `da 20 a`, but `per 20 a`."""
    before = previous_word(match.string, match.start()).lower()
    is_led = before in language.words("numbers.not_range_from")
    opening = "" if is_led else f"{language.phrase('numbers.range_from')} ".lstrip()
    return f"{opening}{match['low']} {language.phrase('numbers.range')} "


def _build_hyphen_range_rules(language: Language) -> Iterator[NormalisationRule]:
    """A hyphen between figures before what they count (`20-25 min`), or after `pages`."""
    figure = r"\d{1,4}(?:,\d{1,2})?"
    units = build_alternation([*language.words("numbers.counted"), *language.table("units")])
    leaders = build_alternation(language.words("numerals.announced"))

    def expand(match: re.Match[str]) -> str | None:
        low, high = (float(match[name].replace(",", ".")) for name in ("low", "high"))
        return _name_opening(match, language) if low < high else None

    yield compile_rule(
        rf"(?<![\w.,:/–-])(?<!\d )(?P<edit>(?P<low>{figure}) ?- ?)"
        rf"(?=(?P<high>{figure}){SPACE}?{units}(?![\w/]))",
        expand,
        "-",
        r"\d ?- ?\d",
    )
    yield compile_rule(
        rf"(?<!\w){leaders}{SPACE}(?P<edit>(?P<low>\d{{1,4}}) ?- ?)"
        r"(?=\d{1,4}(?![\w-]|[.,]\d))",
        partial(_name_opening, language=language),
        "-",
        r"\d ?- ?\d",
    )


def _build_wide_range_rules(word: str) -> Iterator[NormalisationRule]:
    """Ranges of figures with separators, of times, and of figures with units."""
    figure = rf"(?:\d{{1,2}}:\d\d|{_LARGE})"
    unit = r" ?(?:%|[ap]m|[AP]M|[ap]\.m\.|°[CF]?|km|kg|cm|mm)"
    for pattern, chars, hint in (
        (rf"{figure}(?P<edit> ?– ?)(?={figure}(?![\w–/:-]))", "–", ""),
        (
            (
                r"\d{1,2}(?P<part>:\d\d)?(?P<edit>[–-])(?=\d{1,2}"
                r"(?:(?::\d\d)? ?[AaPp]\.?[Mm](?!\w)|(?(part):\d\d(?![\w–/:-])|(?!))))"
            ),
            "–-",
            r"\d[–-]\d",
        ),
        (r"(?<![$€£])\d{1,2}(?P<edit>–)(?=\d{1,2}:[0-5]\d(?![\w–/:-]))", "–", ""),
        (rf"{_LARGE}(?P<edit>–)(?=\d{{1,4}}(?![\w–/:.,-]))", "–", ""),
        (rf"\d[\d.,:]*{unit}(?P<edit> ?[–-] ?)(?=\d[\d.,:]*{unit}(?![\w–/-]))", "–-", ""),
    ):
        yield compile_rule(rf"(?<![\w.,:–/-]){pattern}", lambda _: f" {word} ", chars, hint)


def build_address_rules(language: Language) -> Iterator[NormalisationRule]:
    """Mail and web addresses."""
    signs = language.spellings("web")
    if not signs:
        return

    def expand_mail(match: re.Match[str]) -> str:
        return _name_signs(match[0], signs)

    def expand_address(match: re.Match[str]) -> str:
        address, after = _split_punctuation(match[0])
        return _name_signs(_ADDRESS_PREFIX.sub("", address).rstrip("/"), signs) + after

    yield compile_rule(_MAIL, expand_mail, "@")

    yield compile_rule(_ADDRESS, expand_address, "./", hint=_ADDRESS_HINT)
    yield from _build_path_rules(language, signs)
    yield from _build_option_rules(language, signs)


def _build_option_rules(
    language: Language, signs: Mapping[str, str]
) -> Iterator[NormalisationRule]:
    """Options of commands: `ls -la`, `the -v flag`, `--force`."""
    commands, dash = language.phrase("patterns.commands"), signs["-"]
    if not commands:
        return

    def expand(match: re.Match[str]) -> str:
        name = match["name"].replace("-", f" {dash} ")
        if match["long"]:
            return f"{dash} {dash} {name}"
        return f"{dash} {name if len(name) > MAX_JOINED_OPTIONS else ' '.join(name.upper())}"

    name = r"(?P<name>(?(long)[a-z]{2,20}(?:-[a-z]{2,20}){0,4}|[A-Za-z]{1,4}))"
    option = rf"(?P<edit>(?P<long>-)?-{name})"
    flag = " (?:flags?|options?|switch|switches|parameter|argument)"
    for pattern in (
        rf"(?<![\w-])(?:{commands}) {option}(?![\w-])",
        rf"(?<!\w)(?:[Tt]he|an?|with|use|using|add|pass|option|flag) {option}(?={flag}(?!\w))",
    ):
        yield compile_rule(pattern, expand, "-", r" --?[A-Za-z]")


def _build_path_rules(language: Language, signs: Mapping[str, str]) -> Iterator[NormalisationRule]:
    """Files and folders."""

    def expand_path(match: re.Match[str]) -> str:
        path, after = _split_punctuation(match[0])
        return _name_signs(path, signs) + after

    endings = language.phrase("patterns.files")
    if endings:
        yield _build_file_rule(endings, signs)
    yield compile_rule(_PATH, expand_path, "/", hint=r"(?:^|[^\w/:])/[\w.-]+/|[~.]/")


def _build_file_rule(endings: str, signs: Mapping[str, str]) -> NormalisationRule:
    """Files by their folders (`src/main.py`), and with several stops (`app-1.4.2.tar.gz`)."""

    def expand(match: re.Match[str]) -> str | None:
        file = match[0]
        if "/" not in file and file.count(".") == 1:
            return None
        return re.sub("[./]", lambda sign: f" {signs[sign[0]]} ", file)

    return compile_rule(
        r"(?<![\w@./~:=-])(?:\w[\w.-]{0,40}/){0,8}[\w-]{1,40}(?:\.[\w-]{1,40}){0,4}"
        rf"\.(?:{endings})(?![\w@-]|\.\w)",
        expand,
        ".",
        rf"\.(?:{endings})(?!\w)",
    )


def _split_punctuation(address: str) -> tuple[str, str]:
    trimmed = address.rstrip(_TRAILING)
    return trimmed, address[len(trimmed) :]


def _name_signs(address: str, signs: Mapping[str, str]) -> str:
    parts = (signs.get(part, part) for part in _SIGN.split(address))
    return " ".join(part for part in parts if part)
