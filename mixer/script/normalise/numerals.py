"""Roman numerals and ordinals.

A numeral is read as a number only after a word that announces one (Chapter IV), with the name of a
ruler (Louis XIV), or with a word for century. Single letters that are as often letters (C, D, L,
M) are never read as numbers.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import (
    DIGITS,
    SPACE,
    NormalisationRule,
    build_alternation,
    compile_rule,
    is_capitalised,
    next_word,
    starts_sentence,
)

ROMAN_TENS = ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC")
ROMAN_ONES = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
ROMAN_NUMERALS = {
    tens + ones: 10 * i + j
    for i, tens in enumerate(ROMAN_TENS)
    for j, ones in enumerate(ROMAN_ONES)
    if tens + ones not in {"", "L"}
}
"""Numerals below a hundred; above it they begin to be words (MIX, CIVIL, DIM)."""

ENGLISH_TEENS = {11, 12, 13}
"""Ordinals in `th` whatever their last figure."""

MAX_CACHED_ORDINALS = 1024
"""How many spelled ordinals are kept in memory."""

_NUMERAL = r"[IVXLC]{1,8}"


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Numbered headings, rulers, centuries and ordinals."""
    yield from _build_heading_rules(language)
    yield from _build_ruler_rules(language)
    yield from _build_century_rules(language)
    yield from _build_ordinal_rules(language)


def _build_heading_rules(language: Language) -> Iterator[NormalisationRule]:
    """`Chapter IV`, `World War II`, `siglo XIX`."""
    headings, sure = language.words("numerals.headings"), language.words("numerals.sure")
    if not headings:
        return
    pronoun_verbs = frozenset(language.words("numerals.after_pronoun"))

    def expand(match: re.Match[str]) -> str | None:
        heading, numeral = match["heading"], match["edit"]
        value = ROMAN_NUMERALS.get(numeral.upper())
        single = len(numeral) == 1 and heading.lower() not in sure
        if value is None or (single and not _is_number(match, language)):
            return None
        if numeral == "I" and next_word(match.string, match.end()) in pronoun_verbs:
            return None
        return str(value)

    forms = {form for word in headings for form in (word, word.lower(), word.upper())}
    yield compile_rule(
        rf"(?<!\w)(?P<heading>{build_alternation(forms)}){SPACE}(?P<edit>{_NUMERAL}|[ivxlc]{{2,8}})"
        r"(?![\w-]|['’]\w|\.\w)",
        expand,
        "IVXivx",
    )


def _is_number(match: re.Match[str], language: Language) -> bool:
    """Whether a single letter after a heading is a number: not `the part I like`."""
    if not is_capitalised(match["heading"]):
        return False
    return match["edit"] != "I" or _is_followed_as_number(match.string, match.end(), language)


def _is_followed_as_number(text: str, position: int, language: Language) -> bool:
    """Whether what follows `I` shows that it is a number and not the pronoun."""
    if language.code != "en":
        return True
    word = next_word(text, position)
    return not word or is_capitalised(word) or word in language.words("numerals.after_one")


def _build_ruler_rules(language: Language) -> Iterator[NormalisationRule]:
    """`Henry VIII`: with an ordinal, or a cardinal where the language uses one."""
    names, template = language.words("numerals.rulers"), language.phrase("numerals.ruler")
    if not names:
        return
    up_to = int(language.phrase("numerals.ordinal_up_to") or 99)
    female = frozenset(language.words("numerals.female_rulers"))

    def expand(match: re.Match[str]) -> str | None:
        numeral, value = match["edit"], ROMAN_NUMERALS.get(match["edit"])
        if value is None or (len(numeral) == 1 and not _is_regnal(match, language)):
            return None
        if value > up_to:
            return str(value)
        ordinal = spell_ordinal(value, language, feminine=match["name"] in female)
        return template.format(ordinal=ordinal.title() if language.code == "en" else ordinal)

    yield compile_rule(
        rf"(?<!\w)(?P<title>{build_alternation([*language.words('numerals.titles'), chr(0)])} )?"
        rf"(?P<name>{build_alternation(names)}){SPACE}(?P<edit>[IVX]{{1,6}})(?![\w-]|\.\w)",
        expand,
        "IVX",
    )


def _is_regnal(match: re.Match[str], language: Language) -> bool:
    """Whether one letter after a name is a numeral, not an initial or the pronoun."""
    text, end = match.string, match.end()
    if text[end : end + 1] == ".":
        word = next_word(text, end + 1)
        return not is_capitalised(word) or starts_sentence(word, language)
    if match["edit"] != "I" or text[end : end + 2] in {"'s", "’s"}:
        return True
    return bool(match["title"]) and _is_followed_as_number(text, end, language)


def _build_century_rules(language: Language) -> Iterator[NormalisationRule]:
    """`XIX secolo`, `XIXe siècle`: the numeral is an ordinal."""
    words, endings = language.words("numerals.centuries"), language.words("numerals.endings")
    if not words:
        return

    def expand(match: re.Match[str]) -> str | None:
        value = ROMAN_NUMERALS.get(match["numeral"])
        is_sure = match["word"] or match["ending"] in sure or len(match["numeral"]) > 1
        if value is None or not is_sure:
            return None
        return spell_ordinal(value, language)

    sure = language.words("numerals.sure_endings")
    ending = build_alternation(endings) if endings else ""
    optional = "?" if ending else ""
    word = rf"(?P<word>{SPACE}{build_alternation(words)}(?!\w)){optional}"
    yield compile_rule(
        rf"(?<![\w'])(?P<edit>(?P<numeral>[IVX]{{1,6}})(?P<ending>{ending}))(?!\w)(?={word})",
        expand,
        "IVX",
    )


def _build_ordinal_rules(language: Language) -> Iterator[NormalisationRule]:
    """`3rd`, `1re`, `2.ª`: figures with the ending of an ordinal."""
    genders = language.spellings("ordinals.endings")
    if not genders:
        return
    up_to, special = int(language.phrase("ordinals.up_to")), language.spellings("ordinals.special")

    def expand(match: re.Match[str]) -> str | None:
        value, ending = int(match["figure"].replace(",", "")), match["ending"].lower()
        if genders[ending] == "special":
            return special.get(f"{value}{ending}")
        first = 1 if genders[ending] == "beyond first" else 0
        if not first < value <= up_to or not _is_valid_ending(value, ending, language):
            return None
        return spell_ordinal(value, language, feminine=genders[ending] == "feminine")

    yield compile_rule(
        rf"(?<![\w.,:/$€£–-])(?P<figure>\d{{1,3}}(?:,\d{{3}})?|\d{{4}})"
        rf"(?P<ending>(?i:{build_alternation(genders)}))(?!\w)",
        expand,
        DIGITS,
    )


def _is_valid_ending(value: int, ending: str, language: Language) -> bool:
    """Whether an English ending fits its figure: not `3st`."""
    if language.code != "en":
        return True
    if value % 100 in ENGLISH_TEENS:
        return ending == "th"
    return ending == {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


@lru_cache(maxsize=MAX_CACHED_ORDINALS)
def spell_ordinal(value: int, language: Language, *, feminine: bool = False) -> str:
    """Spell an ordinal, such as `fourteenth`."""
    from num2words import num2words

    spelled = str(num2words(value, to="ordinal", lang=language.code))
    return language.spellings("ordinals.feminine").get(spelled, spelled) if feminine else spelled
