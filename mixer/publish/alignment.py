"""When each sentence of a recording is heard, found from its pauses. Pure.

Engines that tell no times leave two things to go by: how much there is to say, and where the
recording is silent. Sentences and clauses end where there is a pause, most of the time; a pause
that is long ends a sentence rather than a clause; and what is said between two pauses takes about
as long as its letters. The path through all pauses that offends least against the three is found
by dynamic programming.

The price: a voice that pauses in mid-clause and runs over full stops is misread by a clause.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import regex

TimeSpan = tuple[float, float]
"""From and to, in seconds of the recording."""

SENTENCE_PAUSE_S, CLAUSE_PAUSE_S = 0.5, 0.25
"""What a voice makes of a full stop and of a comma (measured on the embedded voice)."""

PAUSE_SPREAD = 0.7
"""Of the logarithm of a pause's length, one standard deviation."""

SPEECH_SPREAD, SPEECH_SLACK_S = 0.15, 0.12
"""By how much the time for some letters scatters: a share of it, and a constant."""

MISSED_SENTENCE, MISSED_CLAUSE = 12.0, 1.0
"""What it costs when no pause is found for an ending, in squared standard deviations."""

STRAY_PAUSE_S = 0.2
"""A pause of this length in mid-clause costs one squared standard deviation."""

LOOK_BACK = 4
"""So many endings in a row may go without a pause."""

BAND_S, BAND_SHARE = 2.0, 0.2
"""A pause so far from where an ending is expected is not looked at."""

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
    """A clause, and what comes after it.

    Attributes:
        sentence: its number.
        char: where it starts in the sentence.
        letters: how much there is to say.
        ends_sentence: whether the sentence ends with it.
    """

    sentence: int
    char: int
    letters: float
    ends_sentence: bool


def split_clauses(sentences: Sequence[str]) -> list[Clause]:
    """Sentences cut into clauses; one without letters is left whole."""
    return [
        piece for number, text in enumerate(sentences) for piece in _split_sentence(number, text)
    ]


def align_clauses(
    clauses: Sequence[Clause], audible_span: TimeSpan, pauses: Sequence[TimeSpan]
) -> list[TimeSpan]:
    """When each clause is heard.

    Args:
        clauses: in the order in which they are heard.
        audible_span: from the first sound to the last.
        pauses: silences inside it, in order.
    """
    inside = [each for each in pauses if audible_span[0] < each[0] and each[1] < audible_span[1]]
    path = _Aligner.of(clauses, audible_span, inside)
    return list(_interpolate_spans(clauses, path.find_pauses(), path))


def _split_sentence(number: int, text: str) -> Iterator[Clause]:
    found = [(match.start(), match[0]) for match in _CLAUSE.finditer(text)]
    spoken = [(start, written) for start, written in found if _count_letters(written)] or [
        (0, text)
    ]
    for at, (start, written) in enumerate(spoken):
        indent = len(written) - len(written.lstrip())
        letters = max(1.0, _count_letters(written))
        yield Clause(number, start + indent, letters, at == len(spoken) - 1)


@lru_cache(maxsize=16_384)
def _count_letters(text: str) -> float:
    digits = (DIGIT_LETTERS) * len(_DIGIT.findall(text))
    more = (IDEOGRAPH_LETTERS - 1) * len(_IDEOGRAPH.findall(text))
    return len(_LETTER.findall(text)) + digits + more


@dataclass(frozen=True, slots=True)
class _Aligner:
    """What the search goes by. Endings and pauses are numbered from 1; 0 is the beginning.

    Attributes:
        clauses: the clauses.
        letters: said before each ending.
        pauses: the recording's.
        speech_s: time of speech before each pause, pauses left out; the whole last.
        stray_cost: what it costs to pass over all pauses up to each.
        audible_span: from the first sound to the last.
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
        letters, said_s, stray = [0.0], [0.0], [0.0]
        for part in clauses:
            letters.append(letters[-1] + part.letters)
        quiet_s = 0.0
        for start, end in pauses:
            said_s.append(start - audible_span[0] - quiet_s)
            stray.append(stray[-1] + ((end - start) / STRAY_PAUSE_S) ** 2)
            quiet_s += end - start
        said_s.append(audible_span[1] - audible_span[0] - quiet_s)
        return cls(clauses, letters, pauses, said_s, stray, audible_span)

    @property
    def letter_duration_s(self) -> float:
        """Time of speech for a letter."""
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
        """Pauses about where an ending is expected."""
        expected_s = self.letters[ending] * self.letter_duration_s
        reach_s = max(BAND_S, BAND_SHARE * min(expected_s, self.speech_s[-1] - expected_s))
        for pause in range(1, len(self.pauses) + 1):
            if abs(self.speech_s[pause] - expected_s) <= reach_s:
                yield pause

    def _find_cheapest_step(
        self, layers: "Sequence[_Layer]", ending: int, pause: int
    ) -> "_Step | None":
        """The cheapest way to here, over the endings and pauses right before."""
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
        """What it costs that nothing ends between two pauses but the endings that were missed."""
        expected_s = (self.letters[ending] - self.letters[before[0]]) * self.letter_duration_s
        actual_s = self.speech_s[pause] - self.speech_s[before[1]]
        off = (actual_s - expected_s) / (SPEECH_SLACK_S + SPEECH_SPREAD * expected_s)
        missed = sum(
            MISSED_SENTENCE if self.clauses[each - 1].ends_sentence else MISSED_CLAUSE
            for each in range(before[0] + 1, ending)
        )
        return off * off + missed + self.stray_cost[pause - 1] - self.stray_cost[before[1]]

    def _pause_cost(self, ending: int, pause: int) -> float:
        """What it costs that an ending has a pause of this length."""
        start, end = self.pauses[pause - 1]
        usual_s = SENTENCE_PAUSE_S if self.clauses[ending - 1].ends_sentence else CLAUSE_PAUSE_S
        return (math.log((end - start) / usual_s) / PAUSE_SPREAD) ** 2


@dataclass(frozen=True, slots=True)
class _Step:
    """The cheapest way to a state, and the ending and the pause that it comes from."""

    cost: float
    ending: int
    pause: int


_Layer = dict[int, _Step]
"""The states of one ending, by pause."""


def _interpolate_spans(
    clauses: Sequence[Clause], path: dict[int, int], aligner: _Aligner
) -> Iterator[TimeSpan]:
    """The clauses' times: pauses where they were found, letters in between."""
    begun = aligner.audible_span[0]
    for first, last in _group_clauses(len(clauses), path):
        pause = aligner.pauses[path[last] - 1] if last in path else None
        end = pause[0] if pause else aligner.audible_span[1]
        letters = aligner.letters[last] - aligner.letters[first]
        for each in range(first, last):
            share = (aligner.letters[each] - aligner.letters[first]) / letters
            until = (aligner.letters[each + 1] - aligner.letters[first]) / letters
            yield begun + (end - begun) * share, begun + (end - begun) * until
        begun = pause[1] if pause else end


def _group_clauses(count: int, path: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Clauses between two endings that have a pause: from one to before another."""
    ends = [*sorted(path), count]
    return zip([0, *ends], ends, strict=False)
