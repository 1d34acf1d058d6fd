"""What a worker process of the aligner runs: PocketSphinx, one recording at a time.

Its standard input is a lifeline, as in the embedded engine's worker. A word that the dictionary
lacks (a name, mostly) is spelled out by rules of thumb. That is enough: its neighbours are known,
so only its own sounds have to be found.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from mixer.errors import MixerError
from mixer.sound import ffmpeg
from mixer.speech.workers import serve_requests

Lookup = Callable[[str], str | None]
"""The dictionary's sounds of a lower-case word, separated by spaces; None for an unknown word."""

_TOKEN = regex.compile(
    r"\p{Nd}+(?:[.,]\p{Nd}+)*(?:st|nd|rd|th)?(?![\p{L}\p{Nd}])|[\p{L}\p{M}\p{Nd}]+(?:['’][\p{L}]+)*"
    r"|[%&]"
)
_SIGNS = {"%": "percent", "&": "and"}
_LATIN_WORD = regex.compile(r"[a-z']+")
_YEARS, _YEAR_DIGITS = range(1_100, 2_100), 4
_MAX_INITIALS = 5
_NUMBER = regex.compile(r"\d{1,30}(?:\.\d{0,30})?|\.\d{1,30}")

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
    elif plain.isdecimal() and len(plain) == _YEAR_DIGITS and int(plain) in _YEARS:
        yield _name_number(plain, "year")
    if plain.count(".") <= 1:
        yield _name_number(plain, "cardinal")
    yield [word for digit in plain if digit.isdecimal() for word in _name_number(digit, "cardinal")]


def _name_number(digits: str, kind: str) -> list[str]:
    """Its words; none of what is not a number (`1²`), or is too long to have a name."""
    from num2words import num2words  # slow to import

    if not _NUMBER.fullmatch(digits):
        return []
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


RATE_HZ = 16_000
"""Of PocketSphinx's model of American English."""

PADDING_SAMPLES = RATE_HZ * 3 // 10
"""Of silence at the end, without which the last word may not come to its end."""

FRAME_S = 0.01
HALF_WINDOW_S = 0.0128
"""A frame begins half a window before the sound that it describes (25.6 ms, its default)."""

DECODE_TIMEOUT_S = 120.0
"""Many times what the longest chunk takes."""


@dataclass(frozen=True, slots=True)
class AlignmentRequest:
    """A recording, as a whole audio file, and its sentences as spoken."""

    audio: bytes
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WordSpan:
    """A word's sentence and first character there; in seconds of the recording."""

    sentence: int
    char: int
    start_s: float
    end_s: float


AlignmentReply = tuple[WordSpan, ...]
"""Every word, in order; empty where the recording does not fit the sentences."""


def main(descriptor: int) -> None:
    """Answer requests over a connection, given by its descriptor, until the aligner is gone."""
    serve_requests(descriptor, lambda processes: Recognizer(processes).align)


class Recognizer:
    """PocketSphinx with its own model of American English, which is in its wheel."""

    def __init__(self, processes: ffmpeg.ProcessGroup) -> None:
        from pocketsphinx import Decoder

        self._processes = processes
        # `batch`: each recording is normalised by itself, so that equal ones give equal times.
        self._decoder: Any = Decoder(lm=None, samprate=RATE_HZ, cmn="batch", loglevel="FATAL")

    def align(self, request: AlignmentRequest) -> AlignmentReply:
        """Find the words of a recording; nothing where it does not fit, or cannot be decoded."""
        tokens = split_tokens(request.sentences)
        try:
            names = [self._add_word(token.text) for token in tokens]
            if not tokens or not all(names):
                return ()
            return self._pair_segments(tokens, self._decode(names, request.audio))
        except (MixerError, RuntimeError, ValueError):
            return ()

    def _add_word(self, text: str) -> str:
        """The dictionary's name of a word, with all its pronunciations; empty if it has none."""
        look_up = self._decoder.lookup_word
        name = text.lower().replace("’", "'")
        if look_up(name) is not None:
            return name
        for number, sounds in enumerate(list_pronunciations(text, look_up), start=1):
            self._decoder.add_word(name if number == 1 else f"{name}({number})", sounds, True)
        return name if look_up(name) is not None else ""

    def _decode(self, names: Sequence[str], audio: bytes) -> list[tuple[float, float]]:
        """Spans in seconds of the words that were found."""
        decoder = self._decoder
        decoder.set_align_text(" ".join(names))
        decoder.start_utt()
        try:
            decoder.process_raw(self._read_samples(audio), full_utt=True)
        finally:
            decoder.end_utt()
        segments = decoder.seg() if decoder.hyp() is not None else ()
        return [
            (each.start_frame * FRAME_S + HALF_WINDOW_S, each.end_frame * FRAME_S + HALF_WINDOW_S)
            for each in segments or ()
            if each.word[0] not in "<[("
        ]

    def _read_samples(self, audio: bytes) -> bytes:
        output = ["-f", "s16le", "-ac", "1", "-ar", str(RATE_HZ), "pipe:1"]
        command = [*ffmpeg.confine_stdin(), *output]
        samples = ffmpeg.run(
            command, stdin=audio, timeout_s=DECODE_TIMEOUT_S, processes=self._processes
        ).stdout
        return samples + bytes(2 * PADDING_SAMPLES)

    @staticmethod
    def _pair_segments(
        tokens: Sequence[SpokenToken], spans: Sequence[tuple[float, float]]
    ) -> AlignmentReply:
        if len(tokens) != len(spans):
            return ()
        return tuple(
            WordSpan(token.sentence, token.char, start_s, end_s)
            for token, (start_s, end_s) in zip(tokens, spans, strict=True)
        )
