"""Choosing the speaker of each turn: turns depend on each other, so the likeliest chain is kept.

Each candidate's features are weighed; the turns before count, too, because people take turns. A
beam of chains is carried from turn to turn, and a speaker's confidence is the share of the beam.
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from mixer.script.speakers.candidates import CHAIN_GAP, OTHERS
from mixer.script.speakers.features import FeatureReader, read_history
from mixer.script.speakers.model import Method

BEAM = 24
SMALLEST_SHARE = 1e-3
"""Of a chain that is carried on."""

RELIABILITY = {
    Method.NAME: 1.0,
    Method.NARRATOR: 1.0,
    Method.PRONOUN: 0.985,
    Method.DESCRIPTION: 0.94,
    Method.ACTION: 0.95,
    Method.TURN: 0.94,
    Method.CONTEXT: 0.9,
    Method.NONE: 0.0,
}
"""How far the shares of each method overstate it, on novels that were not learned from."""

Chain = tuple[int, int]
"""The speakers of the last two turns."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The speaker of a turn, by identity, and how likely each candidate is."""

    method: Method
    shares: tuple[tuple[int, float], ...] = ()

    @property
    def person(self) -> int:
        """The likeliest one."""
        return self.shares[0][0] if self.shares else OTHERS

    @property
    def confidence(self) -> float:
        """Of the likeliest one, as far as its method can be relied on."""
        return self.shares[0][1] * RELIABILITY[self.method] if self.shares else 0.0


def load_weights() -> Mapping[str, float]:
    """The weights of the features, as they were learned."""
    resource = files("mixer.script.speakers").joinpath("weights.json")
    weights: Mapping[str, float] = json.loads(resource.read_text(encoding="utf-8"))
    return weights


def choose_speakers(reader: FeatureReader, weights: Mapping[str, float]) -> list[Choice]:
    """Choose a speaker for each turn of a book."""
    beam: dict[Chain, float] = {(OTHERS, OTHERS): 1.0}
    choices = list[Choice]()
    for number in range(len(reader.finder.turns)):
        candidates = reader.finder.list_candidates(number)
        if candidates == [OTHERS]:
            choices.append(Choice(Method.NONE))
            beam = {(OTHERS, OTHERS): 1.0}
            continue
        features = reader.read(number, candidates)
        scores = [sum(weights.get(each, 0.0) for each in row) for row in features]
        beam, shares = _advance(reader, number, candidates, scores, (beam, weights))
        shares.pop(OTHERS, None)
        ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        method = _name_method(reader, number, ranked[0][0], choices)
        choices.append(Choice(method, tuple(ranked)))
    return choices


def _advance(
    reader: FeatureReader,
    number: int,
    candidates: Sequence[int],
    scores: Sequence[float],
    state: tuple[Mapping[Chain, float], Mapping[str, float]],
) -> tuple[dict[Chain, float], dict[int, float]]:
    """The chains that end with this turn, and each candidate's share of them."""
    beam, weights = state
    gap, kind = reader.finder.gaps[number], reader.finder.evidence[number].kind
    chains, shares = defaultdict[Chain, float](float), defaultdict[int, float](float)
    again, change, returns, moves = _weigh_history(gap, kind, weights)
    for (earlier, previous), share in beam.items():
        first = (again, change) if previous >= 0 else (0.0, 0.0)
        second = (returns, moves) if earlier >= 0 else (0.0, 0.0)
        totals = [
            score
            if person == OTHERS
            else score + first[person != previous] + second[person != earlier]
            for person, score in zip(candidates, scores, strict=True)
        ]
        for person, part in zip(candidates, _normalise(totals), strict=True):
            chains[previous, person] += share * part
            shares[person] += share * part
    return _keep_likeliest(chains), dict(shares)


def _keep_likeliest(chains: Mapping[Chain, float]) -> dict[Chain, float]:
    """The beam that goes on to the next turn; its shares add up to 1."""
    likely = [item for item in chains.items() if item[1] >= SMALLEST_SHARE]
    best = sorted(likely, key=lambda item: (-item[1], item[0]))[:BEAM]
    total = sum(share for _, share in best)
    return {chain: share / total for chain, share in best}


def _weigh_history(gap: int, kind: str, weights: Mapping[str, float]) -> tuple[float, ...]:
    """The weight of being the last speaker or not, and of being the last but one or not."""
    person, other = 1, 2
    pairs = ((person, OTHERS), (other, OTHERS), (OTHERS, person), (OTHERS, other))
    return tuple(
        sum(weights.get(each, 0.0) for each in read_history(gap, kind, person, previous, earlier))
        for previous, earlier in pairs
    )


def _normalise(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    powers = [math.exp(each - top) for each in scores]
    total = sum(powers)
    return [each / total for each in powers]


_METHODS = {
    "name": Method.NAME,
    "noun": Method.DESCRIPTION,
    "pronoun": Method.PRONOUN,
    "I": Method.NARRATOR,
}


def _name_method(
    reader: FeatureReader, number: int, person: int, choices: Sequence[Choice]
) -> Method:
    kind = reader.finder.evidence[number].kind
    if kind in _METHODS:
        return _METHODS[kind]
    if reader.has_beat_of(number, person):
        return Method.ACTION
    is_near = reader.finder.gaps[number] <= CHAIN_GAP
    takes_turn = is_near and number > 1 and choices[number - 2].person == person
    return Method.TURN if takes_turn else Method.CONTEXT
