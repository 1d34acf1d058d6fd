"""Who says what: `python -m bench.speakers [FOLDER] [--leave-one-out | --halves]`.

Compares with annotated novels (see `dialogue_corpus`). The weights that ship were learned from all
novels at hand; `--leave-one-out` judges each novel with weights from the others, `--halves` each
half with weights from the other.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.dialogue_corpus import (
    DEFAULT_FOLDER,
    Novel,
    find_span,
    load_novels,
    match_names,
)
from bench.speaker_weights import Weights, prepare_lesson, train_weights
from mixer.script.speakers import CERTAIN, BookCast, read_cast

FIGURES = {
    "Explicit": ("named speakers", 90.0),
    "Anaphoric": ("pronouns and descriptions", 65.0),
    "main": ("all quotations of major and intermediate characters", 65.0),
    "certain": ("right of those called certain", 97.0),
    "certain share": ("certain, of all", 40.0),
    "found": ("quotations found", 98.0),
}
MAX_SECONDS = 20.0
"""For 900,000 characters."""


@dataclass
class Score:
    """Counts of what was given and what was right, by figure."""

    given: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)

    def add(self, figure: str, is_right: bool) -> None:
        """Count one answer."""
        self.given[figure] += 1
        self.right[figure] += is_right

    def percent(self, figure: str) -> float:
        """The share of right answers."""
        return 100 * self.right[figure] / max(1, self.given[figure])


def score_novel(novel: Novel, cast: BookCast, score: Score) -> None:
    """Compare a cast with a novel's annotations."""
    owners = {
        each.name: match_names(novel, [(name, 1) for name in each.names])
        or match_names(novel, [(each.name, 1)])
        for each in cast.characters
    }
    places = sorted(
        (span.start, span.end, number)
        for number, each in enumerate(cast.quotations)
        for span in each.spans
    )
    spans = [(start, end) for start, end, _ in places]
    for gold in novel.quotations:
        for start, end in gold.spans:
            index = find_span(spans, start + 1)
            last = start + len(novel.text[start:end].rstrip())
            score.add("found", index >= 0 and spans[index][1] >= last - 1)
        index = find_span(spans, gold.spans[0][0] + 1)
        given = cast.quotations[places[index][2]] if index >= 0 else None
        is_right = given is not None and owners.get(given.speaker) == gold.speaker
        is_certain = given is not None and given.confidence >= CERTAIN
        for figure in (gold.kind, "all", *(["main"] if gold.is_main else [])):
            score.add(figure, is_right)
        score.add("certain share", is_certain)
        if is_certain:
            score.add("certain", is_right)


def judge(
    novels: Sequence[Novel], learn: Callable[[Novel], Weights | None], shows: bool = False
) -> Score:
    """Cast novels with the weights that `learn` gives for each, and count."""
    total = Score()
    for novel in novels:
        score = Score()
        score_novel(novel, read_cast(novel.text, weights=learn(novel)), score)
        total.given += score.given
        total.right += score.right
        if shows:
            print(_format_score(novel.name, score))
    if shows:
        print(_format_score("all", total))
    return total


def _format_score(name: str, score: Score) -> str:
    names = (
        "found",
        "Explicit",
        "Anaphoric",
        "Implicit",
        "all",
        "main",
        "certain share",
        "certain",
    )
    return f"{name:30}" + "  ".join(f"{each} {score.percent(each):.1f}" for each in names)


def learn_from_others(novels: Sequence[Novel]) -> Callable[[Novel], Weights]:
    """For each novel, weights from the others."""
    lessons = {each.name: prepare_lesson(each) for each in novels}
    return lambda novel: train_weights([lessons[name] for name in lessons if name != novel.name])


def learn_from_other_half(novels: Sequence[Novel]) -> Callable[[Novel], Weights]:
    """For each novel, weights from the half of the novels without it: every other by name."""
    halves = [novels[0::2], novels[1::2]]
    weights = [train_weights([prepare_lesson(each) for each in half]) for half in halves]
    return lambda novel: weights[0] if novel in halves[1] else weights[1]


def run() -> list[dict[str, object]]:
    """The figures on novels not seen, and the time."""
    if not DEFAULT_FOLDER.is_dir():
        where = f"{DEFAULT_FOLDER} is not here: nothing was measured"
        return [{"what": "speakers", "measured": where, "figure": "a corpus", "ok": True}]
    novels = load_novels(DEFAULT_FOLDER)
    score = judge(novels, learn_from_others(novels))
    rows = [_build_row(key, *figure, score) for key, figure in FIGURES.items()]
    return [*rows, _measure_time(novels)]


def _build_row(key: str, what: str, figure: float, score: Score) -> dict[str, object]:
    value = score.percent(key)
    return {
        "what": what,
        "measured": f"{value:.1f}%",
        "figure": f"at least {figure:g}%",
        "ok": value >= figure,
    }


def _measure_time(novels: Sequence[Novel]) -> dict[str, object]:
    longest = max(novels, key=lambda each: len(each.text))
    text = (longest.text * 2)[:900_000]
    started = time.process_time()
    read_cast(text)
    seconds = time.process_time() - started
    return {
        "what": "CPU time for 900,000 characters",
        "measured": f"{seconds:.1f} s",
        "figure": f"at most {MAX_SECONDS:g} s",
        "ok": seconds <= MAX_SECONDS,
    }


LEARNERS: Mapping[str, Callable[[Sequence[Novel]], Callable[[Novel], Weights | None]]] = {
    "--leave-one-out": learn_from_others,
    "--halves": learn_from_other_half,
}


def main(arguments: Sequence[str]) -> None:
    """Print the figures of each novel."""
    folders = [Path(each) for each in arguments if each not in LEARNERS]
    novels = load_novels(folders[0] if folders else DEFAULT_FOLDER)
    chosen = next((LEARNERS[each](novels) for each in arguments if each in LEARNERS), None)
    judge(novels, chosen or (lambda _novel: None), shows=True)


if __name__ == "__main__":
    main(sys.argv[1:])
