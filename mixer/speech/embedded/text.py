"""Makes any text safe for the embedded voice. Pure.

hibari-tts 0.2.1 reads English in Latin letters. Measured: a number of 37 or more digits raises
IndexError; `[word](/x/)` is taken for phonemes; Cyrillic is spelled out as noise; memory grows
with the square of what is spoken in one piece (233 MB at 150 phonemes, 267 at 300, 387 at 600).
A quotation mark that touches a word hides it from the lexicon (`“Now` is read like `no`), so marks
without a sound are dropped.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from mixer.speech.embedded.mapped_text import MappedText
from mixer.speech.embedded.say_as import DIGITS, MAX_WHOLE_NUMBER_DIGITS
from mixer.speech.embedded.ssml_reader import CLAUSE_PAUSE_MS

MAX_PIECE_PHONEMES = 300
"""At the voice's own pace: about as many characters of text, 18 s and 290 MB."""

MIN_PIECE_PHONEMES = 60
"""At any rate."""

INNER_SENTENCE_PAUSE_MS = 350
"""Between sentences that share one element: shorter than between elements."""

ELISIONS = "em|til|n|cause|bout|cos|coz|cuz"
"""Words that begin with an apostrophe, which the voice knows with it."""

MAX_RUN_CHARS = 40
"""Without a space; longer than any English word. The time for such a run grows with its cube:
measured, 33 s for 150 links in a row."""

_DOUBLE_QUOTES = '"“”„‟«»‹›❝❞〝〞｢｣'
_SILENT = re.compile(
    rf"[{_DOUBLE_QUOTES}{{}}¿¡]|``|''|(?<!\w)['‘’‛‚](?=['’]?[^\W\d_])(?!(?i:{ELISIONS})\b)"
    r"|(?<=[\w.,;:!?…—)])['’‛](?!\w)|^[\s—–…‒―]+(?=\w)"
)
_APOSTROPHE = re.compile(r"(?<=\w)[’ʼ´`‛](?=\w)|(?<!\w)[’‘](?=\w)")
_LONE_DASH = re.compile(r"(?<!\w)[–‒](?=[^\W\d_])|(?<=[^\W\d_])[–‒](?!\w)")
_NUMBER = re.compile(r"\d(?:[.,]?\d)*")
_LINK = re.compile(r"[\[\]]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_GREEK = re.compile(r"[\u0370-\u03ff]+")
_GREEK_NAME = re.compile(r"GREEK (?:SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)")
_RUN = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?]+ +")
_CLAUSE_END = re.compile(r"[,;:—….!?][”\")]* +")
_SUPPORTED_SYMBOLS = frozenset("µ½¼¾²³")
_STRESS = frozenset("ˈˌː")


@dataclass(frozen=True, slots=True)
class PhonemeSpan:
    """Phonemes that are spoken at once.

    `start` and `end` are indexes, `pause_ms` the silence after them.
    """

    start: int
    end: int
    pause_ms: int


def sanitise_text(text: MappedText) -> MappedText:
    """Remove or replace all that the voice cannot read."""
    text = text.replace_matches(_SILENT, _drop_mark)
    text = text.replace_matches(_APOSTROPHE, lambda _: "'")
    text = text.replace_matches(_LONE_DASH, lambda _: "—")
    text = text.replace_matches(_NOT_ASCII, lambda match: _transliterate(match.group()))
    text = text.replace_matches(_GREEK, lambda match: _name_greek_letter(match.group()))
    text = text.replace_matches(_LINK, lambda match: "(" if match.group() == "[" else ")")
    text = text.replace_matches(_NUMBER, lambda match: _expand_long_number(match.group()))
    return text.insert_spaces(_find_run_breaks(text.text))


def split_phonemes(phonemes: str, rate: float = 1.0) -> list[PhonemeSpan]:
    """Cut phonemes into pieces of bounded length: at sentence ends, else clauses, else words.

    Slow speech (a `rate` below 1) is cut shorter, as memory depends on its length.
    """
    longest = max(round(MAX_PIECE_PHONEMES * min(rate, 1.0)), MIN_PIECE_PHONEMES)
    pieces: list[PhonemeSpan] = []
    start = 0
    for match in _SENTENCE_END.finditer(phonemes):
        pieces += _split_sentence(phonemes, start, match.end(), longest, INNER_SENTENCE_PAUSE_MS)
        start = match.end()
    pieces += _split_sentence(phonemes, start, len(phonemes), longest, 0)
    return [
        _trim_spaces(piece, phonemes)
        for piece in pieces
        if _is_audible(phonemes[piece.start : piece.end])
    ]


def _is_audible(phonemes: str) -> bool:
    return any(phoneme.isalpha() and phoneme not in _STRESS for phoneme in phonemes)


def _trim_spaces(piece: PhonemeSpan, phonemes: str) -> PhonemeSpan:
    text = phonemes[piece.start : piece.end]
    start = piece.start + len(text) - len(text.lstrip())
    return PhonemeSpan(start, start + len(text.strip()), piece.pause_ms)


def _split_sentence(
    phonemes: str, start: int, end: int, longest: int, pause_ms: int
) -> Iterator[PhonemeSpan]:
    while end - start > longest:
        cut, pause_after_ms = _find_cut(phonemes, start + longest // 5, start + longest)
        yield PhonemeSpan(start, cut, pause_after_ms)
        start = cut
    yield PhonemeSpan(start, end, pause_ms)


def _find_cut(phonemes: str, earliest: int, latest: int) -> tuple[int, int]:
    clauses = [match.end() for match in _CLAUSE_END.finditer(phonemes, earliest, latest)]
    if clauses:
        return clauses[-1], CLAUSE_PAUSE_MS
    space = phonemes.rfind(" ", earliest, latest)
    return (space + 1 if space >= 0 else latest), 0


def _drop_mark(match: re.Match[str]) -> str:
    """Nothing, or a space where only the mark separates two words."""
    before, after = (
        match.string[match.start() - 1 : match.start()],
        match.string[match.end() : match.end() + 1],
    )
    return " " if before.isalnum() and after.isalnum() else ""


def _transliterate(character: str) -> str:
    """A readable form of a character beyond ASCII; marks vanish, other scripts are blank."""
    kind = unicodedata.category(character)[0]
    if character in _SUPPORTED_SYMBOLS or kind not in "LMNC":
        return character
    if kind in "MC":
        return ""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    plain = unicodedata.normalize("NFKC", character).replace("⁄", "/")
    return plain if all(map(_is_supported, plain)) else " "


def _is_supported(character: str) -> bool:
    return character.isascii() or unicodedata.name(character, "").startswith(("LATIN", "GREEK"))


def _name_greek_letter(letters: str) -> str:
    """The name of a single Greek letter; the voice cannot read whole words."""
    match = _GREEK_NAME.match(unicodedata.name(letters, "")) if len(letters) == 1 else None
    return match[1].lower() if match else " "


def _expand_long_number(number: str) -> str:
    """Spell the digits of a number that is too long to have a name."""
    digits = [character for character in number if character.isdigit()]
    if len(digits) <= MAX_WHOLE_NUMBER_DIGITS:
        return number
    return " " + " ".join(DIGITS[int(digit)] for digit in digits) + " "


def _find_run_breaks(text: str) -> Iterator[int]:
    """Where to break long runs without a space: before a word after a mark, else anywhere."""
    for run in _RUN.finditer(text):
        start, end = run.span()
        while end - start > MAX_RUN_CHARS:
            latest = start + MAX_RUN_CHARS
            marks = (
                at
                for at in range(latest, start, -1)
                if text[at].isalnum() and not text[at - 1].isalnum()
            )
            start = next(marks, latest)
            yield start
