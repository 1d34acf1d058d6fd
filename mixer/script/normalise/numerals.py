"""Roman numerals.

A numeral is read as a number only after a word that announces one (Chapter IV), with the name of a
ruler (Louis XIV), or with a word for century. Single letters that are as often letters (C, D, L,
M) are never read as numbers.
"""

import re
from collections.abc import Iterator

from mixer.script.normalise.language import Language
from mixer.script.normalise.ordinals import spell_ordinal
from mixer.script.normalise.rule import (
    LOOK_CHARS,
    SPACE,
    NormalisationRule,
    begins_sentence,
    build_alternation,
    compile_rule,
    is_capitalised,
    next_word,
    previous_word,
    starts_sentence,
)

ROMAN_HUNDREDS = ("", "C", "CC", "CCC")
ROMAN_TENS = ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC")
ROMAN_ONES = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
ROMAN_NUMERALS = {
    hundreds + tens + ones: 100 * h + 10 * i + j
    for h, hundreds in enumerate(ROMAN_HUNDREDS)
    for i, tens in enumerate(ROMAN_TENS)
    for j, ones in enumerate(ROMAN_ONES)
    if hundreds + tens + ones not in {"", "C", "CC", "CD", "CI", "CL", "CV", "L"}
}
"""Numerals up to 399; beyond they begin to be words (MIX, DIM)."""

ROUND_NUMERALS = {"L": 50, "C": 100}
"""Letters that are numerals only in headings such as `CHAPTER L.`"""

LETTERS = frozenset("CDLM")
"""Numerals that are as often letters."""

MAX_NAMESAKES = 30
"""The highest number that is taken for a bearer of a name."""

_PAIRED = re.compile(r"(?<!\w)[A-Z][a-z]+ [IVX]+ (?:and|or) $")

_NUMERAL = r"[IVXLC]{1,8}"


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Numbered headings, rulers and centuries."""
    yield from _build_lone_rules(language)
    yield from _build_page_rules(language)
    yield from _build_heading_rules(language)
    yield from _build_ruler_rules(language)
    yield from _build_name_rules(language)
    yield from _build_century_rules(language)


def _build_lone_rules(language: Language) -> Iterator[NormalisationRule]:
    """A paragraph that is a numeral, or begins with one: `XIV.`, `II. The Sea`."""
    if not language.words("numerals.headings"):
        return

    def expand(match: re.Match[str]) -> str | None:
        value = ROMAN_NUMERALS.get(match["edit"].upper())
        return str(value) if value is not None and match["edit"] not in LETTERS else None

    yield compile_rule(rf"^(?P<edit>{_NUMERAL}|[ivx]{{2,5}})(?=[.)]?$)", expand, "IVXivx")
    yield compile_rule(r"^(?P<edit>[IVXL]{2,8})(?=\. [\"“‘']?[^\W\d_a-z])", expand, "IVX")


def _build_page_rules(language: Language) -> Iterator[NormalisationRule]:
    """`p. xiv`, `pp. xii–xv`: numerals in small letters."""
    announced = language.words("numerals.announced")
    if not announced:
        return
    word = language.phrase("numbers.range")

    def expand(match: re.Match[str]) -> str | None:
        low, high = (match[name] and ROMAN_NUMERALS.get(match[name].upper()) for name in "lh")
        if not low or (match["h"] and not high):
            return None
        joint = match["joint"] if (match["joint"] or "-").strip().isalpha() else f" {word} "
        return f"{low}{joint}{high}" if high else str(low)

    numeral = "[ivxlc]{1,8}|[IVXLC]{2,8}"
    yield compile_rule(
        rf"(?<!\w){build_alternation(announced)}{SPACE}(?P<edit>(?P<l>{numeral})"
        rf"(?:(?P<joint> ?[–-] ?| [a-z]{{1,3}} )(?P<h>{numeral}))?)(?![\w-]|['’]\w)",
        expand,
        "ivxIVX",
        rf"[pP.]\w*{SPACE}[ivxlcIVXLC]{{1,8}}(?!\w)",
    )


def _build_heading_rules(language: Language) -> Iterator[NormalisationRule]:
    """`Chapter IV`, `World War II`, `siglo XIX`."""
    headings, sure = language.words("numerals.headings"), language.words("numerals.sure")
    if not headings:
        return

    def expand(match: re.Match[str]) -> str | None:
        heading, numeral = match["heading"], match["numeral"]
        is_closed = match.string[match.end() :][:1] in ".:" and heading.lower() in sure
        value = (ROMAN_NUMERALS | (ROUND_NUMERALS if is_closed else {})).get(numeral.upper())
        single = len(numeral) == 1 and heading.lower() not in sure
        is_unclear = _is_letter(match, language) or (single and not _is_number(match, language))
        if value is None or is_unclear:
            return None
        return f"{value}{(match['parts'] or '').replace('.', ' ')}"

    forms = {form for word in headings for form in (word, word.lower(), word.upper())}
    yield from _build_second_rules(build_alternation(forms), language.phrase("symbols.and"))
    yield compile_rule(
        rf"(?<!\w)(?P<heading>{build_alternation(forms)}){SPACE}(?P<edit>"
        rf"(?P<numeral>{_NUMERAL}|[ivxlc]{{2,8}})(?P<parts>(?:\.(?:[A-Z]|\d{{1,2}})(?!\w)){{1,3}})?)"
        r"(?![\w-]|['’]\w|\.\w)",
        expand,
        "IVXivx",
        rf"{SPACE}(?:{_NUMERAL}|[ivxlc]{{2,8}})(?!\w)",
    )


def _build_second_rules(headings: str, joint: str) -> Iterator[NormalisationRule]:
    """The second of two numerals: `siglos XV y XVI`."""
    if not joint:
        return

    def expand(match: re.Match[str]) -> str | None:
        is_pair = {match["first"], match["edit"]} <= ROMAN_NUMERALS.keys()
        return str(ROMAN_NUMERALS[match["edit"]]) if is_pair else None

    yield compile_rule(
        rf"(?<!\w){headings}s?{SPACE}(?P<first>{_NUMERAL}){SPACE}{joint}{SPACE}"
        r"(?P<edit>[IVXL]{2,6}|[VX])(?![\w-]|['’.]\w)",
        expand,
        "IVX",
        rf"{SPACE}{_NUMERAL}{SPACE}{joint}{SPACE}[IVXL]",
    )


def _is_letter(match: re.Match[str], language: Language) -> bool:
    """Whether it is the pronoun, or a letter after a heading."""
    word = next_word(match.string, match.end())
    is_pronoun = match["numeral"] == "I" and word in language.words("numerals.after_pronoun")
    name = f"{match['heading']} {match['numeral']}"
    return is_pronoun or name in language.words("numerals.letters")


def _is_number(match: re.Match[str], language: Language) -> bool:
    """Whether a single letter after a heading is a number: not `the part I like`."""
    if not is_capitalised(match["heading"]):
        return False
    return match["numeral"] != "I" or _is_followed_as_number(match.string, match.end(), language)


def _is_followed_as_number(text: str, position: int, language: Language) -> bool:
    """Whether what follows `I` shows that it is a number and not the pronoun."""
    if language.code != "en":
        return True
    word = next_word(text, position)
    return not word or is_capitalised(word) or word in language.words("numerals.after_one")


def _build_ruler_rules(language: Language) -> Iterator[NormalisationRule]:
    """`Henry VIII`: with an ordinal, or a cardinal where the language uses one."""
    names, usual = language.words("numerals.rulers"), language.phrase("numerals.ruler")
    if not names:
        return
    up_to = int(language.phrase("numerals.ordinal_up_to") or 99)
    female = frozenset(language.words("numerals.female_rulers"))
    by_case = language.spellings("numerals.ruler_after")

    def expand(match: re.Match[str]) -> str | None:
        numeral, value = match["numeral"], ROMAN_NUMERALS.get(match["numeral"])
        if value is None or (len(numeral) == 1 and not _is_regnal(match, language)):
            return None
        if value > up_to:
            return str(value)
        ordinal = spell_ordinal(value, language, feminine=match["name"] in female)
        template = by_case.get(match["name"]) or by_case.get(_word_before(match)) or usual
        return template.format(ordinal=ordinal.title() if language.code == "en" else ordinal)

    yield compile_rule(
        rf"(?<!\w)(?P<title>{build_alternation([*language.words('numerals.titles'), chr(0)])} )?"
        rf"(?P<name>{build_alternation(names)}){SPACE}"
        r"(?P<edit>(?P<numeral>[IVX]{1,6})(?:\.(?= [a-z]|[,;:]))?)(?![\w-]|\.\w)",
        expand,
        "IVX",
    )


def _word_before(match: re.Match[str]) -> str:
    return previous_word(match.string, match.start()).lower()


def _build_name_rules(language: Language) -> Iterator[NormalisationRule]:
    """A numeral after a name that is not a ruler's: `John Smith III`, `Ashurbanipal II`."""
    template, things = language.phrase("numerals.ruler"), language.words("numerals.headings")
    if language.code != "en":
        return
    excluded = frozenset([*things, *language.words("sentences.starters")])
    before_thing = frozenset(language.words("numerals.before_thing"))

    def expand(match: re.Match[str]) -> str | None:
        value = ROMAN_NUMERALS.get(match["edit"])
        if value is None or match["name"] in excluded or value > MAX_NAMESAKES:
            return None
        if previous_word(match.string, match.start()).lower() in before_thing:
            return str(value)
        return template.format(ordinal=spell_ordinal(value, language).title())

    yield compile_rule(
        rf"(?<![\w.-])(?P<name>[A-Z][a-zß-öø-ÿ]{{2,20}}),?{SPACE}(?P<edit>[IVX]{{2,5}})(?![\w-]|\.\w)",
        expand,
        "IVX",
        rf"{SPACE}[IVX]{{2,5}}(?!\w)",
    )


def _is_regnal(match: re.Match[str], language: Language) -> bool:
    """Whether one letter after a name is a numeral, not an initial or the pronoun."""
    text, end = match.string, match.end("numeral")
    if text[end : end + 1] == ".":
        word = next_word(text, end + 1)
        return not is_capitalised(word) or starts_sentence(word, language)
    if match["numeral"] != "I" or text[end : end + 2] in {"'s", "’s"}:
        return True
    if _PAIRED.search(text[max(0, match.start() - LOOK_CHARS) : match.start()]):
        return next_word(text, end) not in language.words("numerals.after_pronoun")
    if match["title"] or begins_sentence(text, match.start()):
        return _is_followed_as_number(text, end, language)
    return next_word(text, end) in language.words("numerals.after_first")


def _build_century_rules(language: Language) -> Iterator[NormalisationRule]:
    """`XIX secolo`, `XIXe siècle`: the numeral is an ordinal."""
    words, endings = language.words("numerals.centuries"), language.words("numerals.endings")
    if not words:
        return

    def expand(match: re.Match[str]) -> str | None:
        value = ROMAN_NUMERALS.get(match["numeral"])
        ending = match["ending"]
        is_sure = match["word"] or ending in sure or (ending and len(match["numeral"]) > 1)
        if value is None or not is_sure:
            return None
        return template.format(value=value) if template else spell_ordinal(value, language)

    template, joint = language.phrase("numerals.century"), language.phrase("symbols.and")
    sure = language.words("numerals.sure_endings")
    ending = build_alternation(endings) if endings else ""
    optional = "?" if ending else ""
    pair = rf"(?:{SPACE}{joint}{SPACE}(?:il )?[IVX]{{1,6}}(?:{ending})?)?" if joint else ""
    word = rf"(?P<word>{pair}{SPACE}{build_alternation(words)}(?!\w)){optional}"
    yield compile_rule(
        rf"(?<![\w'])(?P<edit>(?P<numeral>[IVX]{{1,6}})(?P<ending>{ending}){optional})(?!\w)(?={word})",
        expand,
        "IVX",
    )
