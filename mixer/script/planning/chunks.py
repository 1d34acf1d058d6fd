"""Utterances to chunks, with boundaries that depend only on the text around them.

A chunk is paid for once and found again by its content, so an edit must not move the boundaries
of what it did not touch. Sentence ends are therefore chosen by their own content (see
`mixer.boundaries`): one inserted or deleted sentence changes at most two chunks, as long as the
runs between boundaries fit into a call.

Candidates must be neither rare nor dense: where they are rare, runs grow long; where they are
dense, each suppresses the next, and runs grow long as well. So a sentence's chance to be a
candidate grows with its weight, and prose of long sentences has about as many as one-line dialogue.

The price: sizes scatter around the target. A run that outgrows a call (how rare: see
MAX_PARAGRAPH_CHANCE) is halved near its middle, at the end of a paragraph where one is near; an
edit inside such a run may change three chunks. No scheme with a largest size can avoid that
(docs/adr/001-content-defined-chunk-boundaries.md).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from mixer.boundaries import find_boundaries, hash_fraction
from mixer.script.script import BreakKind, CuePlace, Utterance

MIN_SPACING = 200
"""Least weight (about characters) from a candidate to the next boundary."""

WEIGHT_PER_CANDIDATE = 400
WEIGHT_PER_PARAGRAPH_CANDIDATE = 150
"""For ends of paragraphs, the better places to pause. Much less would make candidates among
one-line paragraphs so dense that they suppress each other."""

MAX_PARAGRAPH_CHANCE = 0.9
"""Highest chance that the end of a paragraph gives.

Together this makes chunks of about 550 characters, 95% of them below 1,300; simulated on texts of
eight kinds, from verse to a book without paragraphs, at most one run in 200 outgrew a call, and on
ordinary prose one in 10,000.
"""

CHUNK_BREAKS = frozenset({BreakKind.HEADING, BreakKind.SCENE, BreakKind.CHAPTER})
"""A chunk always ends after these, so that the mix can make the silence."""


def group_utterances(
    utterances: Sequence[Utterance], weigh: Callable[[Utterance], int], limit: int
) -> Iterator[tuple[Utterance, ...]]:
    """Group a chapter's utterances, none of which exceeds the limit, into chunks."""
    for scene in _split_scenes(utterances):
        weights = [weigh(utterance) for utterance in scene]
        candidates = [_is_cut_candidate(*each) for each in zip(scene, weights, strict=True)]
        start = 0
        for end in find_boundaries(candidates, weights, MIN_SPACING):
            yield from _split_to_fit(scene[start:end], weights[start:end], limit)
            start = end


def split_opening(
    groups: Iterator[tuple[Utterance, ...]], weigh: Callable[[Utterance], int], most: int
) -> Iterator[tuple[Utterance, ...]]:
    """Split the first group after the sentences that weigh at most so much, or after the first.

    A listener waits for this group alone; all others are what they would be without the split.
    """
    first = next(groups)
    total, end = weigh(first[0]), 1
    while end < len(first) and (total := total + weigh(first[end])) <= most:
        end += 1
    yield first[:end]
    if end < len(first):
        yield first[end:]
    yield from groups


def _split_scenes(utterances: Sequence[Utterance]) -> Iterator[Sequence[Utterance]]:
    """Split at headings, scene breaks, changes of voice and author's pauses."""
    start = 0
    for index, utterance in enumerate(utterances):
        is_start = index > start and _is_chunk_start(utterances[index - 1], utterance)
        if is_start:
            yield utterances[start:index]
            start = index
        if _is_chunk_end(utterance) or index == len(utterances) - 1:
            yield utterances[start : index + 1]
            start = index + 1


def _is_chunk_start(before: Utterance, utterance: Utterance) -> bool:
    is_new = utterance.ending is BreakKind.HEADING or utterance.speaker != before.speaker
    return is_new or any(each.place is CuePlace.BEFORE for each in utterance.sounds)


def _is_chunk_end(utterance: Utterance) -> bool:
    is_mixed_silence = utterance.ending in CHUNK_BREAKS or utterance.pause_ms is not None
    return is_mixed_silence or any(each.place is CuePlace.AFTER for each in utterance.sounds)


def _is_cut_candidate(utterance: Utterance, weight: int) -> bool:
    """Whether a sentence is a candidate: its own content decides, nothing around it.

    A candidate inside a paragraph is one at its end as well: a sentence appended to a paragraph can
    then only take over from the one before it, and two chunks are enough for that.
    """
    if utterance.ending is BreakKind.CLAUSE:
        return False
    chance = weight / WEIGHT_PER_CANDIDATE
    if utterance.ending is BreakKind.PARAGRAPH:
        chance = max(chance, min(MAX_PARAGRAPH_CHANCE, weight / WEIGHT_PER_PARAGRAPH_CANDIDATE))
    return hash_fraction(utterance.spoken) < chance


def _split_to_fit(
    run: Sequence[Utterance], weights: Sequence[int], limit: int
) -> Iterator[tuple[Utterance, ...]]:
    if sum(weights) <= limit or len(run) == 1:
        yield tuple(run)
        return
    cut = _find_middle_cut(run, weights)
    yield from _split_to_fit(run[:cut], weights[:cut], limit)
    yield from _split_to_fit(run[cut:], weights[cut:], limit)


def _find_middle_cut(run: Sequence[Utterance], weights: Sequence[int]) -> int:
    """The cut nearest to the middle; a paragraph's end counts as nearer by a quarter."""
    *places, total = accumulate(weights)
    middle = bisect_left(places, total / 2)

    def measure_distance(index: int) -> float:
        distance = abs(places[index] - total / 2)
        return distance - total / 4 if _ends_paragraph(run[index]) else distance

    nearest = [*_find_nearest(run, range(middle - 1, -1, -1))]
    nearest = [*reversed(nearest), *_find_nearest(run, range(middle, len(places)))]
    return min(nearest, key=measure_distance) + 1


def _find_nearest(run: Sequence[Utterance], indices: Iterable[int]) -> Iterator[int]:
    """The first of some indices, and the first of those where a paragraph ends."""
    for number, index in enumerate(indices):
        is_paragraph = _ends_paragraph(run[index])
        if number == 0 or is_paragraph:
            yield index
        if is_paragraph:
            return


def _ends_paragraph(utterance: Utterance) -> bool:
    return utterance.ending is BreakKind.PARAGRAPH
