"""Utterances to chunks, with boundaries that depend only on the text around them.

A chunk is paid for once and found again by its content, so an edit must not move the boundaries
of what it did not touch. Sentence ends are therefore chosen by their own content (see
`mixer.boundaries`): one inserted or deleted sentence changes at most two chunks, for as long as
the runs between boundaries fit into a call.

Marks must be neither rare nor dense: where they are rare, runs grow long; where they are dense,
each suppresses the next, and runs grow long as well. So the chance of a sentence to be a mark grows
with its weight, so that a stretch of text holds about as many marks whether it is of long sentences
or of one-line dialogue.

The price: sizes scatter around the target instead of meeting it. And a run that outgrows a call
(how rare, see MOST_PARAGRAPH_CHANCE) is halved near its middle, at a paragraph where one is near;
an edit inside such a run may change three chunks. No scheme with a largest size can do without
such cases (docs/decisions.md, "Chunk boundaries").
"""

from collections.abc import Callable, Iterator, Sequence

from mixer.boundaries import find_boundaries, hash_fraction
from mixer.script.script import BreakKind, Utterance
from mixer.script.sound_cues import CuePlace

MIN_SPACING = 200
"""No boundary follows a mark more closely, in weight (about characters)."""

WEIGHT_PER_CANDIDATE = 400
"""One mark for so much weight of sentences."""

WEIGHT_PER_PARAGRAPH_CANDIDATE = 150
"""The same for sentences that end a paragraph: those are the better places to pause. Much less
would make the marks of one-line paragraphs so dense that they suppress each other."""

MAX_PARAGRAPH_CHANCE = 0.9
"""No end of a paragraph is likelier a mark by being one.

Together this makes chunks of about 550 characters, 95 % of them below 1,300; simulated on texts of
eight kinds, from verse to a book without paragraphs, at most one run in 200 outgrew a call, and on
ordinary prose one in 10,000.
"""

CHUNK_BREAKS = frozenset({BreakKind.HEADING, BreakKind.SCENE, BreakKind.CHAPTER})
"""A chunk ends after these whatever the draw, so that the mix can make the silence."""


def group_utterances(
    utterances: Sequence[Utterance], weigh: Callable[[Utterance], int], limit: int
) -> Iterator[tuple[Utterance, ...]]:
    """Part a chapter's utterances into chunks.

    Args:
        utterances: in reading order; none weighs more than the limit.
        weigh: an utterance's weight.
        limit: what a chunk may weigh.

    Yields:
        The utterances of each chunk, in reading order.
    """
    for scene in _split_scenes(utterances):
        weights = [weigh(utterance) for utterance in scene]
        marks = [_is_cut_candidate(*each) for each in zip(scene, weights, strict=True)]
        start = 0
        for end in find_boundaries(marks, weights, MIN_SPACING):
            yield from _split_to_fit(scene[start:end], weights[start:end], limit)
            start = end


def _split_scenes(utterances: Sequence[Utterance]) -> Iterator[Sequence[Utterance]]:
    """Headings by themselves, and what lies between them, changes of scene, voices and pauses."""
    start = 0
    for index, utterance in enumerate(utterances):
        opens = index > start and _is_chunk_start(utterances[index - 1], utterance)
        if opens:
            yield utterances[start:index]
            start = index
        if _is_chunk_end(utterance) or index == len(utterances) - 1:
            yield utterances[start : index + 1]
            start = index + 1


def _is_chunk_start(before: Utterance, utterance: Utterance) -> bool:
    """Whether a chunk begins here whatever the draw: a heading, or another voice."""
    is_new = utterance.ending is BreakKind.HEADING or utterance.speaker != before.speaker
    return is_new or any(each.place is CuePlace.BEFORE for each in utterance.sounds)


def _is_chunk_end(utterance: Utterance) -> bool:
    """Whether a chunk ends here whatever the draw: the mix makes the silence that follows."""
    is_in_the_mix = utterance.ending in CHUNK_BREAKS or utterance.pause_ms is not None
    return is_in_the_mix or any(each.place is CuePlace.AFTER for each in utterance.sounds)


def _is_cut_candidate(utterance: Utterance, weight: int) -> bool:
    """Whether a sentence is a mark: its own content decides, nothing around it.

    What is a mark inside a paragraph is one at its end as well: a sentence appended to a paragraph
    can then only take the mark from the one before it, and two chunks are enough for that.
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
    """A run as one chunk, or halved until every part fits."""
    if sum(weights) <= limit or len(run) == 1:
        yield tuple(run)
        return
    cut = _find_middle_cut(run, weights)
    yield from _split_to_fit(run[:cut], weights[:cut], limit)
    yield from _split_to_fit(run[cut:], weights[cut:], limit)


def _find_middle_cut(run: Sequence[Utterance], weights: Sequence[int]) -> int:
    """The cut nearest to the middle of a run; a paragraph's end counts as nearer by a quarter."""
    total = sum(weights)
    best, best_distance, position = 1, float(total), 0
    for index in range(1, len(run)):
        position += weights[index - 1]
        distance = abs(position - total / 2)
        if run[index - 1].ending is BreakKind.PARAGRAPH:
            distance -= total / 4
        if distance < best_distance:
            best, best_distance = index, distance
    return best
