"""Learns the weights of `mixer/script/speakers`: `python -m bench.speaker_weights [FOLDER]`.

A log-linear choice among the candidates of each turn, given who speaks in the two turns before, is
fitted to annotated novels by gradient descent; it is convex, so the result is always the same.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.dialogue_corpus import DEFAULT_FOLDER, Novel, find_span, load_novels, match_names
from mixer.script.speakers.candidates import OTHERS, CandidateFinder
from mixer.script.speakers.context import BookContext
from mixer.script.speakers.features import FeatureReader, read_history

WEIGHTS = Path("mixer", "script", "speakers", "weights.json")
ROUNDS, STEP, PENALTY = 150, 0.15, 1.0
SMALLEST_WEIGHT = 0.02
Weights = dict[str, float]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A novel's turns: features by candidate, and which candidates are right."""

    rows: Sequence[Sequence[Sequence[str]]]
    right: Sequence[Sequence[bool]]


def prepare_lesson(novel: Novel) -> Lesson:
    """Read the features of a novel's turns whose speaker is annotated and among the candidates."""
    book = BookContext(novel.text)
    reader = FeatureReader(CandidateFinder(book))
    speakers = _list_speakers(novel, reader)
    owners = [_match_person(novel, person) for person in book.persons]
    history, rows, right = [-1, -1], [], []
    for number, speaker in enumerate(speakers):
        candidates = reader.finder.list_candidates(number)
        fits = [
            bool(speaker) and person != OTHERS and owners[person] == speaker
            for person in candidates
        ]
        if speaker and not any(fits):
            fits = [person == OTHERS for person in candidates]
        if any(fits) and len(candidates) > 1:
            gap, kind = reader.finder.gaps[number], reader.finder.evidence[number].kind
            static = reader.read(number, candidates)
            rows.append([
                [*row, *read_history(gap, kind, person, history[-1], history[-2])]
                for row, person in zip(static, candidates, strict=True)
            ])  # fmt: skip
            right.append(fits)
        unknown = -2 if speaker else -1
        found = [
            person for person, fit in zip(candidates, fits, strict=True) if fit and person != OTHERS
        ]
        history.append(found[0] if found else unknown)
    return Lesson(rows, right)


def _match_person(novel: Novel, person: Any) -> str:  # noqa: ANN401 - a person of the package
    names = [(name.text, count) for name, count in person.names.items()]
    return match_names(novel, [*names, *([(person.noun, 1)] if person.noun else [])])


def _list_speakers(novel: Novel, reader: FeatureReader) -> list[str]:
    """The annotated speaker of each turn; empty where there is none."""
    places = sorted(
        (span.start, span.end, number)
        for number, turn in enumerate(reader.finder.turns)
        for span in turn.spans
    )
    spans = [(start, end) for start, end, _ in places]
    speakers = [""] * len(reader.finder.turns)
    for quotation in novel.quotations:
        index = find_span(spans, quotation.spans[0][0] + 1)
        if index >= 0:
            speakers[places[index][2]] = quotation.speaker
    return speakers


def train_weights(lessons: Sequence[Lesson]) -> Weights:
    """Fit the weights to lessons."""
    names: dict[str, int] = {}
    features, row_of, turn_of, right = [], list[int](), list[int](), list[bool]()
    turn = -1
    for lesson in lessons:
        for rows, fits in zip(lesson.rows, lesson.right, strict=True):
            turn += 1
            for row, fit in zip(rows, fits, strict=True):
                features += [names.setdefault(name, len(names)) for name in row]
                row_of += [len(turn_of)] * len(row)
                turn_of.append(turn)
                right.append(fit)
    fitted = _fit(np.array(features), np.array(row_of), np.array(turn_of), np.array(right))
    return {
        name: round(float(fitted[index]), 3)
        for name, index in sorted(names.items())
        if abs(fitted[index]) >= SMALLEST_WEIGHT
    }


def _fit(features: Any, row_of: Any, turn_of: Any, right: Any) -> Any:  # noqa: ANN401 - arrays
    """Minimise the penalised negative log-likelihood with Adam (arXiv 1412.6980)."""
    size, turns = int(features.max()) + 1, int(turn_of.max()) + 1
    weights, mean, spread = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, ROUNDS + 1):
        scores = np.bincount(row_of, weights[features], minlength=len(turn_of))
        shares = _normalise(scores, turn_of, turns)
        goal = _normalise(np.where(right, scores, -np.inf), turn_of, turns)
        slope = np.bincount(features, (shares - goal)[row_of], minlength=size) / turns
        slope += PENALTY * weights / turns
        mean = 0.9 * mean + 0.1 * slope
        spread = 0.99 * spread + 0.01 * slope**2
        weights -= STEP * (mean / (1 - 0.9**step)) / (np.sqrt(spread / (1 - 0.99**step)) + 1e-8)
    return weights


def _normalise(scores: Any, turn_of: Any, turns: int) -> Any:  # noqa: ANN401 - arrays
    top = np.full(turns, -np.inf)
    np.maximum.at(top, turn_of, scores)
    powers = np.exp(scores - top[turn_of])
    return powers / np.bincount(turn_of, powers, minlength=turns)[turn_of]


def main(arguments: Sequence[str]) -> None:
    """Learn from all novels of a folder, and write the weights."""
    folder = Path(arguments[0]) if arguments else DEFAULT_FOLDER
    weights = train_weights([prepare_lesson(each) for each in load_novels(folder)])
    WEIGHTS.write_text(json.dumps(weights, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{WEIGHTS}: {len(weights)} weights")


if __name__ == "__main__":
    main(sys.argv[1:])
