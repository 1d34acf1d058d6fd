"""Decides whether a recording says its text. Pure.

The recogniser follows the words of the text and may leave one out, say one twice, or lose the
thread. A difference counts by its longest run of sounds, not by its share of the whole: one missing
word in a long passage is a fault, and a swallowed article is not.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

FORMAT_VERSION = 1
"""Of stored results; raised when the judgement changes."""

MIN_SOUNDS_SHORT = 3
"""The same in a short passage, where one misheard word weighs more."""

SHORT_WORDS = 10


class SpeechFault(StrEnum):
    """What is wrong with a passage; the value is for people."""

    MISSING = "missing"
    REPEATED = "repeated"
    DIFFERENT = "different"
    UNLIKE = "does not fit its text"
    SILENCE = "silent too long"
    CLIPPED = "clipped"
    CLICK = "a click"
    PACE = "too fast or too slow"
    VOICE = "the voice changes"


MIN_SOUNDS = {SpeechFault.MISSING: 2, SpeechFault.REPEATED: 3, SpeechFault.DIFFERENT: 2}
"""The shortest difference that counts: in good speech, too, an article of one sound is swallowed
and a short word begins twice."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word to be spoken: its text and the number of its sounds."""

    text: str
    sounds: int


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
    words: Sequence[Word], names: Sequence[str], recognised: Sequence[str] | None
) -> ChunkCheck:
    """Compare what was recognised with what was to be spoken.

    Args:
        names: the recogniser's name of each word; equal words have equal names.
        recognised: names in the order in which they were found; None if the recording does not
            fit the words at all.
    """
    if recognised is None:
        whole = Fault(SpeechFault.UNLIKE, " ".join(word.text for word in words))
        return ChunkCheck(len(words), len(words), (whole,))
    shortest = 0 if len(words) >= SHORT_WORDS else MIN_SOUNDS_SHORT
    found = [
        (kind, run)
        for kind, run in _iter_differences(words, names, recognised)
        if sum(word.sounds for word in run) >= max(shortest, MIN_SOUNDS[kind])
    ]
    faults = tuple(Fault(kind, " ".join(word.text for word in run)) for kind, run in found)
    return ChunkCheck(len(words), sum(len(run) for _, run in found), faults)


def _iter_differences(
    words: Sequence[Word], names: Sequence[str], recognised: Sequence[str]
) -> Iterator[tuple[SpeechFault, Sequence[Word]]]:
    by_name = dict(zip(names, words, strict=True))
    matcher = SequenceMatcher(None, names, recognised, autojunk=False)
    for operation, start, end, found_start, found_end in matcher.get_opcodes():
        if operation == "delete":
            yield SpeechFault.MISSING, words[start:end]
        elif operation == "insert":
            repeated = recognised[found_start:found_end]
            yield SpeechFault.REPEATED, [by_name[name] for name in repeated]
        elif operation == "replace":
            yield SpeechFault.DIFFERENT, words[start:end]
