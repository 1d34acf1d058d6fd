"""What the aligner listens for: words of a sentence, and how English says them. Pure.

A word that the dictionary lacks (a name, mostly) is spelled out by rules of thumb. That is enough:
its neighbours are known, so only its own sounds have to be found.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import regex

Lookup = Callable[[str], str | None]
"""The dictionary's sounds of a lower-case word, separated by spaces; None for an unknown word."""

_TOKEN = regex.compile(
    r"\p{Nd}+(?:[.,]\p{Nd}+)*(?:st|nd|rd|th)?(?![\p{L}\p{Nd}])|[\p{L}\p{M}\p{Nd}]+(?:['’][\p{L}]+)*"
    r"|[%&]"
)
_SIGNS = {"%": "percent", "&": "and"}
_LATIN_WORD = regex.compile(r"[a-z']+")
_YEARS = range(1_100, 2_100)
_MAX_INITIALS = 5

_SPELLINGS = (
    ("tch", "CH"), ("sch", "S K"), ("igh", "AY"), ("dge", "JH"), ("eau", "OW"), ("tion", "SH AH N"),
    ("sion", "ZH AH N"), ("ough", "AO"), ("augh", "AO"), ("ch", "CH"), ("sh", "SH"), ("th", "TH"),
    ("ph", "F"), ("wh", "W"), ("ck", "K"), ("ng", "NG"), ("qu", "K W"), ("gh", "G"), ("kn", "N"),
    ("wr", "R"), ("ee", "IY"), ("ea", "IY"), ("oo", "UW"), ("ou", "AW"), ("ow", "OW"), ("oa", "OW"),
    ("oi", "OY"), ("oy", "OY"), ("ai", "EY"), ("ay", "EY"), ("au", "AO"), ("aw", "AO"),
    ("ei", "EY"), ("ey", "IY"), ("ie", "IY"), ("eu", "Y UW"), ("ew", "UW"), ("ue", "UW"),
    ("ar", "AA R"), ("er", "ER"), ("ir", "ER"), ("ur", "ER"), ("or", "AO R"), ("bb", "B"),
    ("cc", "K"), ("dd", "D"), ("ff", "F"), ("gg", "G"), ("ll", "L"), ("mm", "M"), ("nn", "N"),
    ("pp", "P"), ("rr", "R"), ("ss", "S"), ("tt", "T"), ("zz", "Z"), ("ce", "S EH"),
    ("ci", "S IH"), ("cy", "S IY"),
    ("a", "AE"), ("b", "B"), ("c", "K"), ("d", "D"), ("e", "EH"), ("f", "F"), ("g", "G"),
    ("h", "HH"), ("i", "IH"), ("j", "JH"), ("k", "K"), ("l", "L"), ("m", "M"), ("n", "N"),
    ("o", "OW"), ("p", "P"), ("q", "K"), ("r", "R"), ("s", "S"), ("t", "T"), ("u", "AH"),
    ("v", "V"), ("w", "W"), ("x", "K S"), ("y", "IY"), ("z", "Z"),
)  # fmt: skip
"""Letters and their sounds (ARPAbet), the longer ones first."""


@dataclass(frozen=True, slots=True)
class SpokenToken:
    """A word as written: its sentence's number, its first character there, its text."""

    sentence: int
    char: int
    text: str


def split_tokens(sentences: Sequence[str]) -> list[SpokenToken]:
    """Split sentences into the words that are spoken."""
    return [
        SpokenToken(number, found.start(), found[0])
        for number, text in enumerate(sentences)
        for found in _TOKEN.finditer(text)
    ]


def list_pronunciations(token: str, look_up: Lookup) -> list[str]:
    """List the ways to say a word, as sounds; none for one in letters that are not Latin."""
    found = (_pronounce(words, look_up) for words in _list_readings(token, look_up))
    return list(dict.fromkeys(each for each in found if each))


def _pronounce(words: Sequence[str], look_up: Lookup) -> str:
    return " ".join(look_up(word) or spell_sounds(word) for word in words)


def _list_readings(token: str, look_up: Lookup) -> Iterator[list[str]]:
    if token in _SIGNS:
        yield [_SIGNS[token]]
        return
    if token[0].isdecimal() and not any(map(str.isalpha, token.removesuffix(token[-2:]))):
        yield from _read_figures(token)
        return
    plain = _fold_word(token)
    yield _LATIN_WORD.findall(plain)
    if token.isupper() and len(token) <= _MAX_INITIALS and look_up(plain) is None:
        yield [letter for letter in plain if letter.isalpha()]


def _fold_word(token: str) -> str:
    parts = unicodedata.normalize("NFKD", token.replace("’", "'").lower())
    return "".join(char for char in parts if not unicodedata.combining(char))


def _read_figures(token: str) -> Iterator[list[str]]:
    """As a number, as a year, and digit by digit."""
    digits = token.replace(",", "")
    ordinal = digits[-2:].isalpha()
    plain = digits[:-2] if ordinal else digits
    if ordinal:
        yield _name_number(plain, "ordinal")
    elif plain.isdecimal() and int(plain) in _YEARS:
        yield _name_number(plain, "year")
    if plain.count(".") <= 1:
        yield _name_number(plain, "cardinal")
    yield [word for digit in plain if digit.isdecimal() for word in _name_number(digit, "cardinal")]


def _name_number(digits: str, kind: str) -> list[str]:
    from num2words import num2words  # slow to import

    number = float(digits) if "." in digits else int(digits)
    return _LATIN_WORD.findall(str(num2words(number, to=kind, lang="en")))


def spell_sounds(word: str) -> str:
    """Guess the sounds of an unknown word; a silent e at the end is dropped."""
    letters = word.replace("'", "")
    if len(letters) > 3 and letters.endswith("e") and letters[-2] not in "aeiou":  # noqa: PLR2004
        letters = letters[:-1]
    sounds: list[str] = []
    while letters:
        spelling, sound = next(
            (each for each in _SPELLINGS if letters.startswith(each[0])), (letters[0], "")
        )
        sounds += [sound] if sound else []
        letters = letters.removeprefix(spelling)
    return " ".join(sounds)
