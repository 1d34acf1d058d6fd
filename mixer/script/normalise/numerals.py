"""Roman numerals.

A numeral is read as a number only after a word that announces one (Chapter IV), with the name of a
ruler (Louis XIV), or with a word for century. Single letters that are as often letters (C, D, L,
M) are never read as numbers.
"""

import re
from collections.abc import Iterable, Iterator

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
from mixer.script.normalise.rule_selection import list_marks
from mixer.start_cache import compile_pattern

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

_IN_YEAR = compile_pattern(r"(?<!\w)[Ii]n \d{3,4},? $")

_AFTER_FIRST = compile_pattern(r" (?:\(\d|the |in (?:\d|[A-Z])|at [A-Z]|from \d)|[;)]")
"""What never follows the pronoun: `George I the Whigs`, `Napoleon I in 1815`."""

_BEFORE_RULER = frozenset(
    ["of", "under", "by", "against", "after", "since", "from", "between", "until", "King", "Queen"]
)

_PAIRED = compile_pattern(r"(?<!\w)[A-Z][a-z]+ [IVX]+(?:,| and| or|, and) $")
_PAIRED_BEHIND = compile_pattern(
    r"(?:,| and| or|, and) (?:[A-Z][a-z]+ )?[A-Z][a-z]+ [IVX]+(?![\w'’])"
)
"""Another ruler with a number."""

NUMERAL = r"[IVXLC]{1,8}"


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Numbered headings, rulers and centuries."""
    yield from _build_heading_rules(language)
    yield from _build_ruler_rules(language)
    yield from _build_name_rules(language)
    yield from _build_century_rules(language)


def _build_heading_rules(language: Language) -> Iterator[NormalisationRule]:
    """`Chapter IV`, `World War II`, `siglos XV y XVI`, `Vols. I–III`."""
    headings, sure = language.words("numerals.headings"), language.words("numerals.sure")
    if not headings:
        return

    def expand(match: re.Match[str]) -> str | None:
        heading, numeral = match["heading"], match["numeral"]
        is_closed = match.string[match.end() :][:1] in ".:" and heading.lower() in sure
        value = (ROMAN_NUMERALS | (ROUND_NUMERALS if is_closed else {})).get(numeral.upper())
        single = len(numeral) == 1 and heading.lower() not in sure and not match["tail"]
        is_unclear = _is_letter(match, language) or (single and not _is_number(match, language))
        if value is None or is_unclear:
            return None
        tail = _expand_tail(match["tail"] or "", language.phrase("numbers.range"))
        return f"{value}{(match['parts'] or '').replace('.', ' ')}{tail}"

    yield compile_rule(
        rf"(?<!\w)(?P<heading>{build_alternation(_list_forms(headings))}){SPACE}(?P<edit>"
        rf"(?P<numeral>{NUMERAL}|[ivxlc]{{2,8}})(?P<parts>(?:\.(?:[A-Z]|\d{{1,2}})(?!\w)){{1,3}})?"
        rf"(?P<tail>{_build_tail(language)})(?:\.(?=[,;] [a-z]))?)(?![\w-]|['’]\w|\.\w)",
        expand,
        list_marks(_list_forms(headings)),
        rf"{SPACE}(?<=[\w.].)(?:[IVXLC]{{1,8}}|[ivxlc]{{2,8}})(?!\w)",
    )


def _list_forms(headings: Iterable[str]) -> Iterator[str]:
    """Each heading in the singular and the plural; a wrong plural stands in no text."""
    for heading in headings:
        plural = f"{heading[:-1]}s." if heading.endswith(".") else f"{heading}s"
        for word in (heading, plural):
            yield from (word, word.lower(), word.upper())


def _build_tail(language: Language) -> str:
    """A pattern for the numerals that follow one after a heading: `–III`, `, V and VI`."""
    words = [language.phrase("symbols.and"), language.phrase("numbers.range")]
    joints = [rf",?{SPACE}{re.escape(word)}{SPACE}" for word in words if word]
    joint = "|".join([r" ?[–-] ?" if words[1] else "$^", rf",{SPACE}", *joints])
    return rf"(?:(?:{joint})(?:[IVXL]{{2,8}}|[VX]|[ivxl]{{2,8}})(?![\w-]|['’]\w|\.\w)){{0,6}}"


def _expand_tail(tail: str, range_word: str) -> str:
    figures = re.sub(
        r"(?<!\w)[IVXLivxl]+(?!\w)",
        lambda match: str(ROMAN_NUMERALS.get(match[0].upper(), match[0])),
        tail,
    )
    return re.sub(" ?[–-] ?", f" {range_word} ", figures)


def _is_letter(match: re.Match[str], language: Language) -> bool:
    """Whether it is the pronoun, or a letter after a heading."""
    word = next_word(match.string, match.end("numeral"))
    is_pronoun = match["numeral"] == "I" and word in language.words("numerals.after_pronoun")
    name = f"{match['heading']} {match['numeral']}"
    return is_pronoun or name in language.words("numerals.letters")


def _is_number(match: re.Match[str], language: Language) -> bool:
    """Whether a single letter after a heading is a number: not `the part I like`."""
    if language.code != "en":
        return True
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
    names, female = language.words("numerals.rulers"), language.words("numerals.female_rulers")
    if not names:
        return
    up_to = int(language.phrase("numerals.ordinal_up_to") or 99)
    usual, by_case = language.phrase("numerals.ruler"), language.spellings("numerals.ruler_after")

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
        r"(?P<edit>(?P<numeral>[IVX]{1,6})(?:\.(?= [a-z(]|[,;:]))?)(?![\w-]|\.\w)",
        expand,
        list_marks(names),
        rf"{SPACE}[IVX]{{1,6}}(?!\w)",
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
    titles = build_alternation(language.words("numerals.titles"))
    cut = build_alternation(language.words("numerals.cut_short"))

    def expand(match: re.Match[str]) -> str | None:
        value = ROMAN_NUMERALS.get(match["edit"])
        if value is None or match["name"] in excluded or value > MAX_NAMESAKES:
            return None
        if previous_word(match.string, match.start()).lower() in before_thing:
            return str(value)
        return template.format(ordinal=spell_ordinal(value, language).title())

    yield compile_rule(
        rf"(?<![\w.-])(?P<title>{titles} )?(?P<name>[A-Z][a-zß-öø-ÿ]{{2,20}}|{cut})"
        rf",?{SPACE}(?P<edit>[IVX]{{2,5}}|[IV](?=,? c\. \d)|(?(title)[VX]|$^))(?![\w-]|\.\w)",
        expand,
        "IVX",
        rf"{SPACE}(?:[IVX]{{2,5}}|[VX]|I(?=,? c\.))(?!\w)",
    )


def _is_regnal(match: re.Match[str], language: Language) -> bool:
    """Whether one letter after a name is a numeral, not an initial or the pronoun."""
    text, end = match.string, match.end("numeral")
    if text[end : end + 1] == ".":
        word = next_word(text, end + 1)
        return not is_capitalised(word) or starts_sentence(word, language)
    before = text[max(0, match.start() - LOOK_CHARS) : match.start()]
    is_possessive = text[end : end + 2] in {"'s", "’s"}
    if match["numeral"] != "I" or is_possessive or _is_sure_first(match, before):
        return True
    if _PAIRED.search(before):
        return next_word(text, end) not in language.words("numerals.after_pronoun")
    if match["title"] or begins_sentence(text, match.start()):
        return _is_followed_as_number(text, end, language)
    return next_word(text, end) in language.words("numerals.after_first")


def _is_sure_first(match: re.Match[str], before: str) -> bool:
    """Whether `I` after a name cannot be the pronoun: `In 1066 William I`, `under James I, the`."""
    text, end = match.string, match.end("numeral")
    if _IN_YEAR.search(before) or _AFTER_FIRST.match(text, end) or _PAIRED_BEHIND.match(text, end):
        return True
    return text.startswith(",", end) and previous_word(before, len(before)) in _BEFORE_RULER


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
    ending, optional = (build_alternation(endings), "?") if endings else ("", "")
    pair = rf"(?:{SPACE}{joint}{SPACE}(?:il )?[IVX]{{1,6}}(?:{ending})?)?" if joint else ""
    word = rf"(?P<word>{pair}{SPACE}{build_alternation(words)}(?!\w)){optional}"
    yield compile_rule(
        rf"(?<![\w'])(?P<edit>(?P<numeral>[IVX]{{1,6}})(?P<ending>{ending}){optional})(?!\w)(?={word})",
        expand,
        "IVX",
        build_alternation([*words, *(last + each for last in "IVX" for each in endings)]),
    )
