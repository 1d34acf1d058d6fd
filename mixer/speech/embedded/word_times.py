"""When each written word is heard, from when each spoken one is. Pure.

A voice says "one thousand two hundred dollars" where "$1,200" is written. Words that are the same
on both sides anchor the rest; between anchors the written words share the time by their length.
"""

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mixer.speech.embedded.synthesized import MappedText

MAX_EQUAL_PAIRS = 20_000
"""Pairs of equal words up to which words are aligned; 500 words of prose have about 5,000. The
same word a thousand times over would take minutes, and its times matter to nobody."""

_WRITTEN_WORD = re.compile(r"[$£€#@]?\w+(?:['’.,:/@-]\w+)*%?")


@dataclass(frozen=True, slots=True)
class TokenTiming:
    """A word and when it is heard, in samples."""

    text: str
    start_samples: int
    end_samples: int


@dataclass(frozen=True, slots=True)
class SourceWordTiming:
    """A word of the source text, from `start` to before `end`, and when it is heard."""

    start: int
    end: int
    start_samples: int
    end_samples: int


def align_words(text: MappedText, tokens: Sequence[TokenTiming]) -> list[SourceWordTiming]:
    """The words of the source that stand behind a text, each with its time, in order."""
    if not tokens:
        return []
    spans = [match.span() for match in _WRITTEN_WORD.finditer(text.text)]
    times = _align_times([text.text[start:end] for start, end in spans], tokens)
    words: list[SourceWordTiming] = []
    for (start, end), (begun_samples, end_samples) in zip(spans, times, strict=True):
        origin = text.origin(start, end)
        another = bool(words) and words[-1].start == origin[0]  # of the same replacement
        start_samples = words.pop().start_samples if another else begun_samples
        words.append(SourceWordTiming(*origin, start_samples, end_samples))
    return words


def _align_times(words: Sequence[str], tokens: Sequence[TokenTiming]) -> list[tuple[int, int]]:
    """One (start, end) per word."""
    written, spoken = (
        [_normalise_word(word) for word in words],
        [_normalise_word(each.text) for each in tokens],
    )
    if _count_equal_pairs(written, spoken) > MAX_EQUAL_PAIRS:
        return _divide_time(words, *_token_bounds(tokens, 0, len(tokens)))
    matcher = difflib.SequenceMatcher(None, written, spoken, autojunk=False)
    times: list[tuple[int, int]] = []
    for operation, first, last, heard_first, heard_last in matcher.get_opcodes():
        if operation == "equal":
            anchors = tokens[heard_first:heard_last]
            times += [(each.start_samples, each.end_samples) for each in anchors]
        else:
            times += _divide_time(
                words[first:last], *_token_bounds(tokens, heard_first, heard_last)
            )
    return times


def _count_equal_pairs(written: Sequence[str], tokens: Sequence[str]) -> int:
    """How many pairs of equal words there are."""
    counts = Counter(tokens)
    return sum(counts[word] for word in written)


def _token_bounds(tokens: Sequence[TokenTiming], first: int, last: int) -> tuple[int, int]:
    """The time of some heard words; an instant when there are none."""
    if first < last:
        return tokens[first].start_samples, tokens[last - 1].end_samples
    instant = tokens[first].start_samples if first < len(tokens) else tokens[-1].end_samples
    return instant, instant


def _divide_time(words: Sequence[str], start: int, end: int) -> list[tuple[int, int]]:
    """Time divided among words by their lengths."""
    total_chars = max(sum(map(len, words)), 1)
    lengths = itertools.accumulate(map(len, words), initial=0)
    bounds = [start + (end - start) * length // total_chars for length in lengths]
    return list(itertools.pairwise(bounds))


def _normalise_word(word: str) -> str:
    return re.sub(r"\W", "", word).lower()
