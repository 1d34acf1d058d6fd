"""When each character of a text is spoken, chunk by chunk. Pure.

Between the words whose beginning is known, characters share the time. Characters that are not
spoken (line breaks, markup) take none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import regex

from mixer.publish.timing.recordings import (
    RecordedChunk,
    SentenceTiming,
    char_start_samples,
    time_sentences,
)


@dataclass(slots=True)
class CharacterTimes:
    """Characters with the seconds at which each begins and ends."""

    characters: list[str] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)

    def add(self, text: str, starts_s: list[float], end_s: float) -> None:
        """Append characters, each of which lasts until the next."""
        if not text:
            return
        self.characters += text
        self.starts_s += starts_s
        self.ends_s += [*starts_s[1:], end_s]

    def extend(self, later: "CharacterTimes") -> None:
        """Append what follows."""
        self.characters += later.characters
        self.starts_s += later.starts_s
        self.ends_s += later.ends_s


@dataclass(frozen=True, slots=True)
class _Clock:
    """A chunk begins at `start_s` with the sample `first` of its recording."""

    start_s: float
    first: int
    rate_hz: int

    def at_s(self, sample: int) -> float:
        return max(0.0, self.start_s + (sample - self.first) / self.rate_hz)


@dataclass(slots=True)
class CharacterAligner:
    """Aligns a text with its recordings, in reading order; `tempo` is how much faster it plays."""

    text: str
    tempo: float = 1.0
    _position: int = 0
    _end_s: float = 0.0
    _is_literal: bool = True

    def align_chunk(
        self, recorded_chunk: RecordedChunk, start_s: float, first_sample: int
    ) -> CharacterTimes:
        """Align a chunk that begins at `start_s` with a sample of its recording."""
        times = CharacterTimes()
        clock = _Clock(start_s, first_sample, recorded_chunk.recording.measured.rate_hz)
        for timing in time_sentences(recorded_chunk):
            text = recorded_chunk.chunk.utterances[timing.sentence].text
            self._add_sentence(self._find_sentence(text, times), timing, clock, times)
        return times

    def finish(self) -> CharacterTimes:
        """Align what follows the last sentence."""
        times = CharacterTimes()
        if self._is_literal:
            self._add_silent(self.text[self._position :], times)
        return times

    def _add_sentence(
        self, places: "_Places", timing: SentenceTiming, clock: _Clock, times: CharacterTimes
    ) -> None:
        marks = [char_start_samples(places.sentence, timing, char) for char in places.chars]
        seconds = [clock.at_s(each) / self.tempo for each in (*marks, timing.span.end_samples)]
        rounded = [round(each, 3) for each in seconds]
        times.add(places.written, rounded[:-1], rounded[-1])
        self._end_s = rounded[-1]

    def _find_sentence(self, sentence: str, times: CharacterTimes) -> "_Places":
        """Find a sentence, with any white space between its words, and pass over what is before."""
        pattern = regex.compile(r"\s+".join(map(regex.escape, sentence.split())))
        found = pattern.search(self.text, self._position)
        if found is None:
            self._is_literal = False
            return _Places(sentence, sentence, list(range(len(sentence))))
        self._add_silent(self.text[self._position : found.start()], times)
        self._position = found.end()
        return _Places(sentence, found[0], list(_map_spaces(found[0])))

    def _add_silent(self, text: str, times: CharacterTimes) -> None:
        times.add(text, [self._end_s] * len(text), self._end_s)


@dataclass(frozen=True, slots=True)
class _Places:
    """A sentence as it is written, and for each of its characters the place in the sentence."""

    sentence: str
    written: str
    chars: list[int]


def _map_spaces(written: str) -> Iterator[int]:
    """For each character, its place once each run of white space is one space."""
    place = -1
    for before, char in pairwise(f"x{written}"):
        place += not (before.isspace() and char.isspace())
        yield place
