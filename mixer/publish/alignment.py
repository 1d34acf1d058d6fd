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

Span = tuple[float, float]
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

_PIECE = regex.compile(
    r".+?(?:[,;:—–、，；：،؛.?!…。！？؟۔।]+[\"'”’»)\]」』）]*(?=\s|$|\p{Han}|\p{Hiragana}|\p{Katakana})|$)",
    regex.DOTALL,
)
_LETTER = regex.compile(r"[\p{L}\p{M}]")
_DIGIT = regex.compile(r"\p{Nd}")
_IDEOGRAPH = regex.compile(r"[\p{Han}\p{Hangul}]")


@dataclass(frozen=True, slots=True)
class Piece:
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


def pieces(sentences: Sequence[str]) -> list[Piece]:
    """Sentences cut into clauses; one without letters is left whole."""
    return [piece for number, text in enumerate(sentences) for piece in _clauses(number, text)]


def aligned(parts: Sequence[Piece], sounding: Span, pauses: Sequence[Span]) -> list[Span]:
    """When each clause is heard.

    Args:
        parts: in the order in which they are heard.
        sounding: from the first sound to the last.
        pauses: silences inside it, in order.
    """
    inside = [each for each in pauses if sounding[0] < each[0] and each[1] < sounding[1]]
    path = _Path.of(parts, sounding, inside)
    return list(_spans(parts, path.found(), path))


def _clauses(number: int, text: str) -> Iterator[Piece]:
    found = [(match.start(), match[0]) for match in _PIECE.finditer(text)]
    spoken = [(start, written) for start, written in found if _letters(written)] or [(0, text)]
    for at, (start, written) in enumerate(spoken):
        indent = len(written) - len(written.lstrip())
        letters = max(1.0, _letters(written))
        yield Piece(number, start + indent, letters, at == len(spoken) - 1)


@lru_cache(maxsize=16_384)
def _letters(text: str) -> float:
    digits = (DIGIT_LETTERS) * len(_DIGIT.findall(text))
    more = (IDEOGRAPH_LETTERS - 1) * len(_IDEOGRAPH.findall(text))
    return len(_LETTER.findall(text)) + digits + more


@dataclass(frozen=True, slots=True)
class _Path:
    """What the search goes by. Endings and pauses are numbered from 1; 0 is the beginning.

    Attributes:
        parts: the clauses.
        letters: said before each ending.
        pauses: the recording's.
        said_s: time of speech before each pause, pauses left out; the whole last.
        stray: what it costs to pass over all pauses up to each.
        sounding: from the first sound to the last.
    """

    parts: Sequence[Piece]
    letters: Sequence[float]
    pauses: Sequence[Span]
    said_s: Sequence[float]
    stray: Sequence[float]
    sounding: Span

    @classmethod
    def of(cls, parts: Sequence[Piece], sounding: Span, pauses: Sequence[Span]) -> "_Path":
        letters, said_s, stray = [0.0], [0.0], [0.0]
        for part in parts:
            letters.append(letters[-1] + part.letters)
        quiet_s = 0.0
        for start, end in pauses:
            said_s.append(start - sounding[0] - quiet_s)
            stray.append(stray[-1] + ((end - start) / STRAY_PAUSE_S) ** 2)
            quiet_s += end - start
        said_s.append(sounding[1] - sounding[0] - quiet_s)
        return cls(parts, letters, pauses, said_s, stray, sounding)

    @property
    def pace_s(self) -> float:
        """Time of speech for a letter."""
        return max(self.said_s[-1], 0.001) / self.letters[-1]

    def found(self) -> dict[int, int]:
        """The pause of each ending that has one."""
        layers: list[_Layer] = [{0: _Step(0.0, 0, 0)}]
        for ending in range(1, len(self.parts)):
            layers.append({})
            for pause in self._near(ending):
                step = self._cheapest(layers, ending, pause)
                if step is not None:
                    cost = step.cost + self._fits(ending, pause)
                    layers[ending][pause] = replace(step, cost=cost)
        path: dict[int, int] = {}
        step = self._cheapest(layers, len(self.parts), len(self.pauses) + 1)
        while step is not None and step.ending:
            path[step.ending] = step.pause
            step = layers[step.ending][step.pause]
        return path

    def _near(self, ending: int) -> Iterator[int]:
        """Pauses about where an ending is expected."""
        expected_s = self.letters[ending] * self.pace_s
        reach_s = max(BAND_S, BAND_SHARE * min(expected_s, self.said_s[-1] - expected_s))
        for pause in range(1, len(self.pauses) + 1):
            if abs(self.said_s[pause] - expected_s) <= reach_s:
                yield pause

    def _cheapest(self, layers: "Sequence[_Layer]", ending: int, pause: int) -> "_Step | None":
        """The cheapest way to here, over the endings and pauses right before."""
        is_last = ending == len(self.parts)
        oldest = 0 if is_last else max(0, ending - LOOK_BACK)
        steps = (
            _Step(before.cost + self._between((earlier, passed), ending, pause), earlier, passed)
            for earlier in range(oldest, ending)
            for passed, before in layers[earlier].items()
            if passed < pause
        )
        return min(steps, key=lambda step: step.cost, default=None)

    def _between(self, before: tuple[int, int], ending: int, pause: int) -> float:
        """What it costs that nothing ends between two pauses but the endings that were missed."""
        expected_s = (self.letters[ending] - self.letters[before[0]]) * self.pace_s
        actual_s = self.said_s[pause] - self.said_s[before[1]]
        off = (actual_s - expected_s) / (SPEECH_SLACK_S + SPEECH_SPREAD * expected_s)
        missed = sum(
            MISSED_SENTENCE if self.parts[each - 1].ends_sentence else MISSED_CLAUSE
            for each in range(before[0] + 1, ending)
        )
        return off * off + missed + self.stray[pause - 1] - self.stray[before[1]]

    def _fits(self, ending: int, pause: int) -> float:
        """What it costs that an ending has a pause of this length."""
        start, end = self.pauses[pause - 1]
        usual_s = SENTENCE_PAUSE_S if self.parts[ending - 1].ends_sentence else CLAUSE_PAUSE_S
        return (math.log((end - start) / usual_s) / PAUSE_SPREAD) ** 2


@dataclass(frozen=True, slots=True)
class _Step:
    """The cheapest way to a state, and the ending and the pause that it comes from."""

    cost: float
    ending: int
    pause: int


_Layer = dict[int, _Step]
"""The states of one ending, by pause."""


def _spans(parts: Sequence[Piece], path: dict[int, int], known: _Path) -> Iterator[Span]:
    """The clauses' times: pauses where they were found, letters in between."""
    begun = known.sounding[0]
    for first, last in _runs(len(parts), path):
        pause = known.pauses[path[last] - 1] if last in path else None
        end = pause[0] if pause else known.sounding[1]
        letters = known.letters[last] - known.letters[first]
        for each in range(first, last):
            share = (known.letters[each] - known.letters[first]) / letters
            until = (known.letters[each + 1] - known.letters[first]) / letters
            yield begun + (end - begun) * share, begun + (end - begun) * until
        begun = pause[1] if pause else end


def _runs(count: int, path: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Clauses between two endings that have a pause: from one to before another."""
    ends = [*sorted(path), count]
    return zip([0, *ends], ends, strict=False)
