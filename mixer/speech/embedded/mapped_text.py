"""Text on its way to a voice, each character of which keeps its origin in the source; word times.

What is spoken differs from what is written ("one thousand two hundred dollars" for "$1,200"), yet
captions show what is written, when it sounds. So replacements keep the way back.
Words that are the same on both sides anchor the alignment; between anchors the written words share
the time by their length.
"""

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

MAX_EQUAL_PAIRS = 20_000
"""Pairs of equal words up to which words are aligned; 500 words of prose have about 5,000. The
same word a thousand times over would take minutes."""

_WRITTEN_WORD = re.compile(r"[$£€#@]?\w+(?:['’.,:/@-]\w+)*%?")


@dataclass(frozen=True, slots=True)
class MappedText:
    """Text for the voice, with its origin.

    `origins` holds, for each character of `text`, start and end of the characters of the source
    that it stands for; all characters of a replacement share the range that they replace.
    """

    text: str = ""
    origins: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def literal(text: str, start: int = 0) -> "MappedText":
        """Text that is spoken as it is written, beginning at `start` of the source."""
        return MappedText(text, tuple((at, at + 1) for at in range(start, start + len(text))))

    @staticmethod
    def alias(text: str, start: int, end: int) -> "MappedText":
        """Text that is spoken in place of a range of the source."""
        return MappedText(text, ((start, end),) * len(text))

    def __add__(self, other: "MappedText") -> "MappedText":
        return MappedText(self.text + other.text, self.origins + other.origins)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The range of the source that a non-empty range of this text stands for."""
        return self.origins[start][0], self.origins[end - 1][1]

    def replace_matches(
        self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]
    ) -> "MappedText":
        """Replace each match; the replacement stands for all that the match stood for."""
        pieces: list[MappedText] = []
        position = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            pieces += [self._slice(position, start)]
            if start < end:
                pieces += [MappedText.alias(replacement(match), *self.origin(start, end))]
            position = end
        return _join_texts([*pieces, self._slice(position, len(self.text))])

    def insert_spaces(self, places: Iterable[int]) -> "MappedText":
        """Insert a space before each of these characters, none of them the first."""
        bounds = [0, *places, len(self.text)]
        pieces = [self._slice(start, end) for start, end in itertools.pairwise(bounds)]
        return _join_texts(
            [pieces[0], *(MappedText.alias(" ", *piece.origins[0]) + piece for piece in pieces[1:])]
        )

    def _slice(self, start: int, end: int) -> "MappedText":
        return MappedText(self.text[start:end], self.origins[start:end])


def _join_texts(pieces: list[MappedText]) -> MappedText:
    return MappedText(
        "".join(piece.text for piece in pieces),
        tuple(origin for piece in pieces for origin in piece.origins),
    )


@dataclass(frozen=True, slots=True)
class TokenTiming:
    """A spoken word and its time, in samples."""

    text: str
    start_samples: int
    end_samples: int


@dataclass(frozen=True, slots=True)
class SourceWordTiming:
    """A word of the source text, from `start` to before `end`, and its time."""

    start: int
    end: int
    start_samples: int
    end_samples: int


def align_words(text: MappedText, tokens: Sequence[TokenTiming]) -> list[SourceWordTiming]:
    """Time the source words of a text, in order."""
    if not tokens:
        return []
    spans = [match.span() for match in _WRITTEN_WORD.finditer(text.text)]
    times = _align_times([text.text[start:end] for start, end in spans], tokens)
    words: list[SourceWordTiming] = []
    for (start, end), (word_start, end_samples) in zip(spans, times, strict=True):
        origin = text.origin(start, end)
        is_same_replacement = bool(words) and words[-1].start == origin[0]
        start_samples = words.pop().start_samples if is_same_replacement else word_start
        words.append(SourceWordTiming(*origin, start_samples, end_samples))
    return words


def _align_times(words: Sequence[str], tokens: Sequence[TokenTiming]) -> list[tuple[int, int]]:
    written, spoken = (
        [_normalise_word(word) for word in words],
        [_normalise_word(each.text) for each in tokens],
    )
    if _count_equal_pairs(written, spoken) > MAX_EQUAL_PAIRS:
        return _divide_time(words, *_token_bounds(tokens, 0, len(tokens)))
    matcher = difflib.SequenceMatcher(None, written, spoken, autojunk=False)
    times: list[tuple[int, int]] = []
    for operation, first, last, token_first, token_last in matcher.get_opcodes():
        if operation == "equal":
            anchors = tokens[token_first:token_last]
            times += [(each.start_samples, each.end_samples) for each in anchors]
        else:
            times += _divide_time(
                words[first:last], *_token_bounds(tokens, token_first, token_last)
            )
    return times


def _count_equal_pairs(written: Sequence[str], tokens: Sequence[str]) -> int:
    counts = Counter(tokens)
    return sum(counts[word] for word in written)


def _token_bounds(tokens: Sequence[TokenTiming], first: int, last: int) -> tuple[int, int]:
    """The time of a range of tokens; an instant for an empty one."""
    if first < last:
        return tokens[first].start_samples, tokens[last - 1].end_samples
    instant = tokens[first].start_samples if first < len(tokens) else tokens[-1].end_samples
    return instant, instant


def _divide_time(words: Sequence[str], start: int, end: int) -> list[tuple[int, int]]:
    total_chars = max(sum(map(len, words)), 1)
    lengths = itertools.accumulate(map(len, words), initial=0)
    bounds = [start + (end - start) * length // total_chars for length in lengths]
    return list(itertools.pairwise(bounds))


def _normalise_word(word: str) -> str:
    return re.sub(r"\W", "", word).lower()
