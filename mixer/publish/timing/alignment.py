"""Finds when each clause of a recording is spoken, from its pauses. Pure.

Without times from the engine, three things help: sentences and clauses mostly end in a pause; a
long pause ends a sentence rather than a clause; and the speech between two pauses takes about as
long as its letters. Dynamic programming finds the path through all pauses that violates the three
least.
For a voice that pauses within clauses and runs over full stops, times are off by a clause.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

import regex

TimeSpan = tuple[float, float]
"""Start and end, in seconds of the recording."""

SENTENCE_PAUSE_S, CLAUSE_PAUSE_S = 0.5, 0.25
"""A voice's pause at a full stop and at a comma (measured on the embedded voice)."""

PAUSE_SPREAD = 0.7
"""One standard deviation of the logarithm of a pause's length."""

SPEECH_SPREAD, SPEECH_SLACK_S = 0.15, 0.12
"""How far the time for some letters scatters: a share of it, and a constant."""

MISSED_SENTENCE, MISSED_CLAUSE = 12.0, 1.0
"""Cost of an ending without a pause, in squared standard deviations."""

STRAY_PAUSE_S = 0.2
"""A pause of this length within a clause costs one squared standard deviation."""

LOOK_BACK = 4
"""This many endings in a row may go without a pause."""

BAND_S, BAND_SHARE = 2.0, 0.2
"""Pauses farther than this from where an ending is expected are ignored."""

DIGIT_LETTERS = 4.0
IDEOGRAPH_LETTERS = 3.0

_CLAUSE = regex.compile(
    r".+?(?:[,;:—–、，；：،؛.?!…。！？؟۔।]+[\"'”’»)\]」』）]*(?=\s|$|\p{Han}|\p{Hiragana}|\p{Katakana})|$)",
    regex.DOTALL,
)
_LETTER = regex.compile(r"[\p{L}\p{M}]")
_DIGIT = regex.compile(r"\p{Nd}")
_IDEOGRAPH = regex.compile(r"[\p{Han}\p{Hangul}]")


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause: its sentence's number, its first character there, its length in letters."""

    sentence: int
    char: int
    letters: float
    ends_sentence: bool


def split_clauses(sentences: Sequence[str]) -> list[Clause]:
    """Split sentences into clauses; one without letters stays whole."""
    return [
        clause for number, text in enumerate(sentences) for clause in _split_sentence(number, text)
    ]


def align_clauses(
    clauses: Sequence[Clause], audible_span: TimeSpan, pauses: Sequence[TimeSpan]
) -> list[TimeSpan]:
    """Find when each clause is spoken; pauses outside the audible span are ignored."""
    inside = [each for each in pauses if audible_span[0] < each[0] and each[1] < audible_span[1]]
    aligner = _Aligner.of(clauses, audible_span, inside)
    return list(_interpolate_spans(aligner, aligner.find_pauses()))


def _split_sentence(number: int, text: str) -> Iterator[Clause]:
    parts = [(match.start(), match[0]) for match in _CLAUSE.finditer(text)]
    spoken = [(start, part) for start, part in parts if _count_letters(part)] or [(0, text)]
    for position, (start, part) in enumerate(spoken, start=1):
        indent = len(part) - len(part.lstrip())
        letters = max(1.0, _count_letters(part))
        yield Clause(number, start + indent, letters, position == len(spoken))


@lru_cache(maxsize=16_384)
def _count_letters(text: str) -> float:
    digits = DIGIT_LETTERS * len(_DIGIT.findall(text))
    ideographs = (IDEOGRAPH_LETTERS - 1) * len(_IDEOGRAPH.findall(text))
    return len(_LETTER.findall(text)) + digits + ideographs


@dataclass(frozen=True, slots=True)
class _Step:
    cost: float
    ending: int
    pause: int


_Layer = dict[int, _Step]
"""The states of one ending, by pause."""


@dataclass(frozen=True, slots=True)
class _Aligner:
    """The search for pauses. Endings and pauses are numbered from 1; 0 is the beginning.

    Attributes:
        letters: before each ending.
        speech_s: before each pause, pauses left out; the whole last.
        stray_cost: of passing over all pauses up to each.
    """

    clauses: Sequence[Clause]
    letters: Sequence[float]
    pauses: Sequence[TimeSpan]
    speech_s: Sequence[float]
    stray_cost: Sequence[float]
    audible_span: TimeSpan

    @classmethod
    def of(
        cls, clauses: Sequence[Clause], audible_span: TimeSpan, pauses: Sequence[TimeSpan]
    ) -> "_Aligner":
        letters = [0.0, *accumulate(clause.letters for clause in clauses)]
        speech_s, stray, quiet_s = [0.0], [0.0], 0.0
        for start, end in pauses:
            speech_s.append(start - audible_span[0] - quiet_s)
            stray.append(stray[-1] + ((end - start) / STRAY_PAUSE_S) ** 2)
            quiet_s += end - start
        speech_s.append(audible_span[1] - audible_span[0] - quiet_s)
        return cls(clauses, letters, pauses, speech_s, stray, audible_span)

    @property
    def letter_duration_s(self) -> float:
        return max(self.speech_s[-1], 0.001) / self.letters[-1]

    def find_pauses(self) -> dict[int, int]:
        """The pause of each ending that has one."""
        layers: list[_Layer] = [{0: _Step(0.0, 0, 0)}]
        for ending in range(1, len(self.clauses)):
            layers.append({})
            for pause in self._find_candidates(ending):
                step = self._find_cheapest_step(layers, ending, pause)
                if step is not None:
                    cost = step.cost + self._pause_cost(ending, pause)
                    layers[ending][pause] = replace(step, cost=cost)
        path: dict[int, int] = {}
        step = self._find_cheapest_step(layers, len(self.clauses), len(self.pauses) + 1)
        while step is not None and step.ending:
            path[step.ending] = step.pause
            step = layers[step.ending][step.pause]
        return path

    def _find_candidates(self, ending: int) -> Iterator[int]:
        expected_s = self.letters[ending] * self.letter_duration_s
        reach_s = max(BAND_S, BAND_SHARE * min(expected_s, self.speech_s[-1] - expected_s))
        for pause in range(1, len(self.pauses) + 1):
            if abs(self.speech_s[pause] - expected_s) <= reach_s:
                yield pause

    def _find_cheapest_step(
        self, layers: Sequence[_Layer], ending: int, pause: int
    ) -> _Step | None:
        is_last = ending == len(self.clauses)
        oldest = 0 if is_last else max(0, ending - LOOK_BACK)
        steps = (
            _Step(
                before.cost + self._speech_cost((earlier, passed), ending, pause), earlier, passed
            )
            for earlier in range(oldest, ending)
            for passed, before in layers[earlier].items()
            if passed < pause
        )
        return min(steps, key=lambda step: step.cost, default=None)

    def _speech_cost(self, before: tuple[int, int], ending: int, pause: int) -> float:
        """The cost of unbroken speech from an ending at a pause to another at another."""
        expected_s = (self.letters[ending] - self.letters[before[0]]) * self.letter_duration_s
        actual_s = self.speech_s[pause] - self.speech_s[before[1]]
        deviation = (actual_s - expected_s) / (SPEECH_SLACK_S + SPEECH_SPREAD * expected_s)
        missed = sum(
            MISSED_SENTENCE if self.clauses[each - 1].ends_sentence else MISSED_CLAUSE
            for each in range(before[0] + 1, ending)
        )
        return deviation**2 + missed + self.stray_cost[pause - 1] - self.stray_cost[before[1]]

    def _pause_cost(self, ending: int, pause: int) -> float:
        start, end = self.pauses[pause - 1]
        usual_s = SENTENCE_PAUSE_S if self.clauses[ending - 1].ends_sentence else CLAUSE_PAUSE_S
        return (math.log((end - start) / usual_s) / PAUSE_SPREAD) ** 2


def _interpolate_spans(aligner: _Aligner, path: dict[int, int]) -> Iterator[TimeSpan]:
    start_s = aligner.audible_span[0]
    ends = [*sorted(path), len(aligner.clauses)]
    for first, last in zip([0, *ends], ends, strict=False):
        pause = aligner.pauses[path[last] - 1] if last in path else None
        end_s = pause[0] if pause else aligner.audible_span[1]
        letters = aligner.letters[last] - aligner.letters[first]
        for each in range(first, last):
            share = (aligner.letters[each] - aligner.letters[first]) / letters
            end_share = (aligner.letters[each + 1] - aligner.letters[first]) / letters
            yield start_s + (end_s - start_s) * share, start_s + (end_s - start_s) * end_share
        start_s = pause[1] if pause else end_s
