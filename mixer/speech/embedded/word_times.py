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

from mixer.speech.embedded.said import Said

MAX_LIKENESSES = 20_000
"""Pairs of equal words up to which words are aligned; 500 words of prose have about 5,000. The
same word a thousand times over would take minutes, and its times matter to nobody."""

_WRITTEN_WORD = re.compile(r"[$£€#@]?\w+(?:['’.,:/@-]\w+)*%?")


@dataclass(frozen=True, slots=True)
class Timed:
    """A word and when it is heard, in samples."""

    text: str
    start_samples: int
    end_samples: int


@dataclass(frozen=True, slots=True)
class Written:
    """A word of the source text, from `start` to before `end`, and when it is heard."""

    start: int
    end: int
    start_samples: int
    end_samples: int


def written_words(said: Said, heard: Sequence[Timed]) -> list[Written]:
    """The words of the source that stand behind a text, each with its time, in order."""
    if not heard:
        return []
    spans = [match.span() for match in _WRITTEN_WORD.finditer(said.text)]
    times = _aligned([said.text[start:end] for start, end in spans], heard)
    words: list[Written] = []
    for (start, end), (begun_samples, end_samples) in zip(spans, times, strict=True):
        origin = said.origin(start, end)
        another = bool(words) and words[-1].start == origin[0]  # of the same replacement
        start_samples = words.pop().start_samples if another else begun_samples
        words.append(Written(*origin, start_samples, end_samples))
    return words


def _aligned(words: Sequence[str], heard: Sequence[Timed]) -> list[tuple[int, int]]:
    """One (start, end) per word."""
    written, spoken = [_bare(word) for word in words], [_bare(each.text) for each in heard]
    if _likenesses(written, spoken) > MAX_LIKENESSES:
        return _shared(words, *_stretch(heard, 0, len(heard)))
    matcher = difflib.SequenceMatcher(None, written, spoken, autojunk=False)
    times: list[tuple[int, int]] = []
    for operation, first, last, heard_first, heard_last in matcher.get_opcodes():
        if operation == "equal":
            anchors = heard[heard_first:heard_last]
            times += [(each.start_samples, each.end_samples) for each in anchors]
        else:
            times += _shared(words[first:last], *_stretch(heard, heard_first, heard_last))
    return times


def _likenesses(written: Sequence[str], spoken: Sequence[str]) -> int:
    """How many pairs of equal words there are."""
    counts = Counter(spoken)
    return sum(counts[word] for word in written)


def _stretch(heard: Sequence[Timed], first: int, last: int) -> tuple[int, int]:
    """The time of some heard words; an instant when there are none."""
    if first < last:
        return heard[first].start_samples, heard[last - 1].end_samples
    instant = heard[first].start_samples if first < len(heard) else heard[-1].end_samples
    return instant, instant


def _shared(words: Sequence[str], start: int, end: int) -> list[tuple[int, int]]:
    """Time divided among words by their lengths."""
    total_chars = max(sum(map(len, words)), 1)
    lengths = itertools.accumulate(map(len, words), initial=0)
    bounds = [start + (end - start) * length // total_chars for length in lengths]
    return list(itertools.pairwise(bounds))


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word).lower()
