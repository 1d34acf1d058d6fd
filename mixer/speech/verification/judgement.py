"""Decides whether a recording says its text. Pure.

The recogniser follows the words of the text and may leave one out, say one twice, or lose the
thread. A difference counts by its longest run of sounds, not by its share of the whole: one missing
word in a long passage is a fault, and a swallowed article is not. A word that the recogniser has
followed is a fault, too, if sounds without any order explain its recording far better.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

FORMAT_VERSION = 5
"""Of stored results; raised when the judgement changes."""

MIN_SOUNDS_SHORT = 3
"""The same in a short passage, where one misheard word weighs more."""

SHORT_WORDS = 10


class SpeechFault(StrEnum):
    """What is wrong with a passage; the value is for people."""

    MISSING = "missing"
    REPEATED = "repeated"
    DIFFERENT = "different"
    SWAPPED = "in another order"
    UNLIKE = "does not fit its text"
    SILENCE = "silent too long"
    CLIPPED = "clipped"
    CLICK = "a click"
    PACE = "too fast or too slow"
    VOICE = "the voice changes"


MIN_SOUNDS = {SpeechFault.MISSING: 2, SpeechFault.REPEATED: 3, SpeechFault.DIFFERENT: 2}
"""The shortest difference that counts: in good speech, too, an article of one sound is swallowed
and a short word begins twice."""

DIFFERENCES = {
    "delete": SpeechFault.MISSING,
    "insert": SpeechFault.REPEATED,
    "replace": SpeechFault.DIFFERENT,
}
"""By the operation of `SequenceMatcher`."""

PAIR = 2
"""Neighbours whose order is compared."""

MIN_REPEATED_FRAMES, MIN_CLEAR_FRAMES = 12, 7
"""From which on a shorter word was really spoken twice: each time, or each time if it fits once."""

MAX_CLEAR_MISFIT = 10.0
"""Of the better one of two: in good speech the beginning of a word is taken for another one, and
neither fits well."""

MAX_MISFIT = 165.0
"""Of a word that was spoken: few in 1,400 good passages have more; others mostly have 200."""

MIN_FRAMES = 8
"""Of another word; a shorter one was swallowed, as people do, too."""

MIN_MISFIT_PER_FRAME = 17.0
"""Of another word; a long number as a whole may have `MAX_MISFIT` by and by."""

GENTLENESS = 1.25
"""By how much `MAX_MISFIT` is higher in a short passage."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word to be spoken: its text and the number of its sounds."""

    text: str
    sounds: int


@dataclass(frozen=True, slots=True)
class FoundWord:
    """A word where the recogniser has found it.

    Attributes:
        name: the recogniser's.
        frames: of 10 ms.
        misfit: by how much sounds without any order explain it better: the logarithm (of base
            1.0001) of the ratio of likelihoods, divided by the root of the frames.
    """

    name: str
    frames: int
    misfit: float = 0.0

    def is_another(self, word: Word, tolerance: float) -> bool:
        """Whether another word was spoken here."""
        per_frame = self.misfit / math.sqrt(max(self.frames, 1))
        is_clear = self.misfit > MAX_MISFIT * tolerance and per_frame > MIN_MISFIT_PER_FRAME
        is_long = word.sounds >= MIN_SOUNDS[SpeechFault.DIFFERENT] and self.frames >= MIN_FRAMES
        return is_clear and is_long


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a passage; `words` are those concerned, empty for a fault of the sound."""

    kind: SpeechFault
    words: str = ""

    def describe(self) -> str:
        """Name the fault, with its words."""
        return f"“{self.words}” {self.kind}" if self.words else str(self.kind)


@dataclass(frozen=True, slots=True)
class ChunkCheck:
    """The result for one recording; `wrong_words` of its `words` were not spoken as written."""

    words: int
    wrong_words: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def severity(self) -> tuple[int, int]:
        """Orders takes: the lower, the better."""
        return self.wrong_words, len(self.faults)

    @classmethod
    def from_json(cls, text: str | bytes) -> "ChunkCheck | None":
        """Decode a stored result; None for one of another version.

        Raises:
            ValueError, KeyError, TypeError: it is malformed.
        """
        fields = json.loads(text)
        if fields["v"] != FORMAT_VERSION:
            return None
        faults = (Fault(SpeechFault(kind), str(words)) for kind, words in fields["faults"])
        return cls(int(fields["words"]), int(fields["wrong"]), tuple(faults))

    def to_json(self) -> str:
        """Encode the result."""
        faults = [[each.kind, each.words] for each in self.faults]
        fields = {"v": FORMAT_VERSION, "words": self.words, "wrong": self.wrong_words}
        return json.dumps({**fields, "faults": faults}, ensure_ascii=False)


def judge_words(
    words: Sequence[Word], names: Sequence[str], recognised: Sequence[FoundWord] | None
) -> ChunkCheck:
    """Compare what was recognised with what was to be spoken.

    Args:
        names: the recogniser's name of each word; equal words have equal names.
        recognised: words in the order in which they were found; None if the recording does not
            fit the words at all.
    """
    if recognised is None:
        whole = Fault(SpeechFault.UNLIKE, " ".join(word.text for word in words))
        return ChunkCheck(len(words), len(words), (whole,))
    found = list(_iter_differences(words, names, recognised))
    faults = tuple(Fault(kind, " ".join(word.text for word in run)) for kind, run in found)
    return ChunkCheck(len(words), sum(len(run) for _, run in found), faults)


def _iter_differences(
    words: Sequence[Word], names: Sequence[str], recognised: Sequence[FoundWord]
) -> Iterator[tuple[SpeechFault, Sequence[Word]]]:
    """Each difference that counts, with its words."""
    is_short = len(words) < SHORT_WORDS
    by_name = dict(zip(names, words, strict=True))
    found_names = [each.name for each in recognised]
    codes = SequenceMatcher(None, names, found_names, autojunk=False).get_opcodes()
    swaps = _find_swaps(codes, names, found_names)
    for place, (operation, start, end, found_start, found_end) in enumerate(codes):
        run, found = words[start:end], recognised[found_start:found_end]
        if place in swaps:
            yield from [(SpeechFault.SWAPPED, words[each : each + PAIR]) for each in swaps[place]]
        elif operation == "equal":
            for word, spoken in zip(run, found, strict=True):
                if spoken.is_another(word, GENTLENESS if is_short else 1.0):
                    yield SpeechFault.DIFFERENT, [word]
        else:
            kind = DIFFERENCES[operation]
            run = [by_name[each.name] for each in found] if kind is SpeechFault.REPEATED else run
            twins = recognised[max(0, found_start - 1) : found_end + 1]
            if _is_long(kind, run, is_short=is_short) or _is_clearly_repeated(kind, found, twins):
                yield kind, run


def _find_swaps(
    codes: Sequence[tuple[str, int, int, int, int]], names: Sequence[str], found: Sequence[str]
) -> dict[int, list[int]]:
    """The steps of a comparison that make a swap of two neighbours: three for each.

    The first has the index of the first word.
    """
    swaps = dict[int, list[int]]()
    for place, three in enumerate(zip(codes, codes[1:], codes[2:], strict=False)):
        first, middle, last = three
        start, end = first[1], last[2]
        is_move = {first[0], last[0]} == {"insert", "delete"} and middle[0] == "equal"
        if is_move and end - start == PAIR and names[start:end] == found[first[3] : last[4]][::-1]:
            swaps |= {place: [start], place + 1: [], place + 2: []}
    return swaps


def _is_long(kind: SpeechFault, run: Sequence[Word], *, is_short: bool) -> bool:
    """Whether a difference has as many sounds as count, in a short passage or another."""
    least = max(MIN_SOUNDS_SHORT if is_short else 0, MIN_SOUNDS[kind])
    return sum(word.sounds for word in run) >= least


def _is_clearly_repeated(
    kind: SpeechFault, found: Sequence[FoundWord], around: Sequence[FoundWord]
) -> bool:
    """Whether each of the words that were found once more, and its like next to it, was spoken."""
    if kind is not SpeechFault.REPEATED:
        return False
    names = {each.name for each in found}
    twins = [each for each in around if each.name in names]
    if len(twins) == len(found):  # its like is somewhere else
        return False
    fits = min(each.misfit for each in twins) < MAX_CLEAR_MISFIT
    least = MIN_CLEAR_FRAMES if fits else MIN_REPEATED_FRAMES
    return min(each.frames for each in twins) >= least
