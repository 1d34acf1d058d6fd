"""Sentences with their times, as passages: units, and when each is spoken.

Times of units are the engine's word times where there are any; between them, and without them,
they are in proportion to the speech: characters, more for digits, and a pause for punctuation
inside the sentence.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate, pairwise

import regex

from mixer.publish.captions.units import Units, join_units, split_units

CLAUSE_PAUSE_CHARS = 4.0
"""A comma is a pause of about a quarter of a second, the time of four characters."""

SENTENCE_PAUSE_CHARS = 8.0
"""A full stop is a pause of about half a second."""

FIGURE_CHARS = 4.0
"""A digit is spoken as a word: `1984` takes as long as `nineteen eighty-four`."""

HAN_CHARS = 3.0
"""A Chinese character is a syllable; kana, half as long, count as KANA_CHARS."""

KANA_CHARS = 1.7

_CLAUSE_ENDS = frozenset(",;:—–、，；：،؛")
_SENTENCE_ENDS = frozenset(".?!…。！？؟۔।")
_QUOTES = "\"'”’»)]」』）"
_FIGURE = regex.compile(r"\p{Nd}")
_HAN = regex.compile(r"[\p{Han}\p{Hangul}]")
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")


class WordOrigin(StrEnum):
    """What the times of a sentence's words stand on."""

    ENGINE = "engine"
    ALIGNMENT = "alignment"
    PAUSES = "pauses"
    """An estimate between clauses; a word may be off by some tenths of a second."""


@dataclass(frozen=True, slots=True)
class CaptionedSentence:
    """A sentence as the author wrote it, with its times in the finished audio.

    Attributes:
        words: (character offset in `text`, start in seconds) of words whose time is known; may be
            empty or leave words out.
        chapter: title of the chapter that the sentence opens, else empty.
        voice: speaker, for WebVTT voice spans; may be empty.
        ends_paragraph: nothing after it may share its cue.
    """

    text: str
    start_s: float
    end_s: float
    words: tuple[tuple[int, float], ...] = ()
    chapter: str = ""
    voice: str = ""
    ends_paragraph: bool = False
    origin: WordOrigin = WordOrigin.PAUSES


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence, or short ones that share a cue.

    Attributes:
        unit_times_s: start of each unit, and end of the last.
        next_start_s: of the next passage.
    """

    units: Units
    unit_times_s: list[float]
    next_start_s: float


def build_passage(sentences: Sequence[CaptionedSentence], next_start_s: float) -> Passage:
    """Build a passage of one or more sentences."""
    passages = [_build_sentence_passage(sentence, next_start_s) for sentence in sentences]
    whole = passages[0]
    for passage in passages[1:]:
        whole = Passage(
            join_units(whole.units, passage.units),
            whole.unit_times_s[:-1] + passage.unit_times_s,
            next_start_s,
        )
    return whole


def _build_sentence_passage(sentence: CaptionedSentence, next_start_s: float) -> Passage:
    units = split_units(sentence.text)
    return Passage(units, _compute_unit_times(sentence, units), next_start_s)


def _compute_unit_times(sentence: CaptionedSentence, units: Units) -> list[float]:
    spoken = [0.0, *accumulate(map(_speech_chars, units.words()))]
    spoken[-1] -= _pause_chars(units.word(len(units) - 1))
    known = _find_reported_times(sentence, units)
    if not known:
        pace = (sentence.end_s - sentence.start_s) / spoken[-1]
        return [sentence.start_s + pace * chars for chars in spoken]
    return _interpolate_times(known, spoken)


def _find_reported_times(sentence: CaptionedSentence, units: Units) -> dict[int, float]:
    """The starts of units that the engine reported, never decreasing."""
    known: dict[int, float] = {}
    latest = sentence.start_s
    sources = units.sources
    for offset, start_s in sorted(sentence.words):
        unit = bisect_right(sources, offset) - 1
        opens = sources[unit] == offset or _is_unit_start(sentence.text[sources[unit] : offset])
        if unit >= 0 and opens and unit not in known and latest <= start_s <= sentence.end_s:
            known[unit] = latest = start_s
    if known:
        known.setdefault(0, sentence.start_s)
        known[len(units)] = sentence.end_s
    return known


def _is_unit_start(skipped: str) -> bool:
    """Whether a word after these characters, such as a quote, is the first of its unit."""
    return not any(map(str.isalnum, skipped))


def _interpolate_times(known: dict[int, float], speech_chars: list[float]) -> list[float]:
    fixed = sorted(known.items())
    times: list[float] = []
    for (unit, time_s), (next_unit, next_s) in pairwise(fixed):
        chars = speech_chars[next_unit] - speech_chars[unit]
        pace = (next_s - time_s) / chars if chars else 0.0
        times += [time_s + pace * (at - speech_chars[unit]) for at in speech_chars[unit:next_unit]]
    return [*times, fixed[-1][1]]


@lru_cache(maxsize=16_384)
def _speech_chars(word: str) -> float:
    plain = len(word) + _pause_chars(word)
    if word.isascii() and word.isalpha():
        return plain
    return plain + sum(
        (chars - 1) * len(pattern.findall(word))
        for pattern, chars in ((_FIGURE, FIGURE_CHARS), (_HAN, HAN_CHARS), (_KANA, KANA_CHARS))
    )


@lru_cache(maxsize=16_384)
def _pause_chars(word: str) -> float:
    last = word.rstrip(_QUOTES)[-1:]
    if last in _CLAUSE_ENDS:
        return CLAUSE_PAUSE_CHARS
    return SENTENCE_PAUSE_CHARS if last in _SENTENCE_ENDS else 0.0
