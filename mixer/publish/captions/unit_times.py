"""When each unit of a sentence is heard.

The engine's word times where there are any; between them, and without them, in proportion to what
is to be said: characters, more for figures, and a pause for punctuation inside the sentence.
"""

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate, pairwise

import regex

from mixer.publish.captions.units import Units
from mixer.publish.captions.values import CaptionedSentence

CLAUSE_PAUSE_CHARS = 4.0
"""A comma is heard as about a quarter of a second, the time of four characters."""

SENTENCE_PAUSE_CHARS = 8.0
"""A full stop is heard as about half a second."""

FIGURE_CHARS = 4.0
"""A digit is said as a word: `1984` takes as long as `nineteen eighty-four`."""

HAN_CHARS = 3.0
"""A Chinese character is a syllable; kana, half as long, count as KANA_CHARS."""

KANA_CHARS = 1.7

_CLAUSE_ENDS = frozenset(",;:—–、，；：،؛")
_SENTENCE_ENDS = frozenset(".?!…。！？؟۔।")
_QUOTES = "\"'”’»)]」』）"
_FIGURE = regex.compile(r"\p{Nd}")
_HAN = regex.compile(r"[\p{Han}\p{Hangul}]")
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")


def compute_unit_times(sentence: CaptionedSentence, units: Units) -> list[float]:
    """When each unit is first heard, in seconds; one entry more for the end of the last."""
    spoken = [0.0, *accumulate(map(_speech_chars, units.words()))]
    spoken[-1] -= _pause_chars(units.word(len(units) - 1))
    known = _find_reported_times(sentence, units)
    if not known:
        pace = (sentence.end_s - sentence.start_s) / spoken[-1]
        return [sentence.start_s + pace * chars for chars in spoken]
    return _interpolate_times(known, spoken)


def _find_reported_times(sentence: CaptionedSentence, units: Units) -> dict[int, float]:
    """The times of units whose beginning the engine reported, never running backwards."""
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
    """Whether a word behind these characters is the first of its unit, as behind a quote."""
    return not any(map(str.isalnum, skipped))


def _interpolate_times(known: dict[int, float], speech_chars: list[float]) -> list[float]:
    """Fills the times between those that are known, in proportion to what is said."""
    marks = sorted(known.items())
    times: list[float] = []
    for (unit, time_s), (next_unit, next_s) in pairwise(marks):
        chars = speech_chars[next_unit] - speech_chars[unit]
        pace = (next_s - time_s) / chars if chars else 0.0
        times += [time_s + pace * (at - speech_chars[unit]) for at in speech_chars[unit:next_unit]]
    return [*times, marks[-1][1]]


@lru_cache(maxsize=16_384)
def _speech_chars(word: str) -> float:
    """How long a word with its punctuation takes to say, in characters."""
    plain = len(word) + _pause_chars(word)
    if word.isascii() and word.isalpha():
        return plain
    return plain + sum(
        (chars - 1) * len(pattern.findall(word))
        for pattern, chars in ((_FIGURE, FIGURE_CHARS), (_HAN, HAN_CHARS), (_KANA, KANA_CHARS))
    )


@lru_cache(maxsize=16_384)
def _pause_chars(word: str) -> float:
    """The pause that the punctuation behind a word makes, in characters."""
    last = word.rstrip(_QUOTES)[-1:]
    if last in _CLAUSE_ENDS:
        return CLAUSE_PAUSE_CHARS
    return SENTENCE_PAUSE_CHARS if last in _SENTENCE_ENDS else 0.0
