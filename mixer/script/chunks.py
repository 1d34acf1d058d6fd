"""Utterances to chunks, with boundaries that depend only on the text around them.

A chunk is paid for once and found again by its content, so an edit must not move the boundaries
of what it did not touch. Sentence ends are therefore chosen by their own content (see
`mixer.boundaries`): one inserted or deleted sentence changes at most two chunks, for as long as
the runs between boundaries fit into a call.

The price: sizes scatter around the target instead of meeting it. And a run that outgrows a call
(less than one in a thousand) is halved near its middle, at a paragraph where one is near; an edit
inside such a run may change three chunks. No scheme with a largest size can do without such cases
(docs/decisions.md, "Chunk boundaries").
"""

from collections.abc import Callable, Iterator, Sequence

from mixer.boundaries import boundaries, draw
from mixer.script.script import Ending, Utterance

SPACING = 200
"""No boundary follows a mark more closely, in weight (about characters)."""

PARAGRAPH_CHANCE = 0.6
"""How likely the end of a paragraph is a mark: paragraphs are the better places to pause."""

WEIGHT_PER_MARK = 450
"""One mark for so much weight of sentences that end no paragraph.

With SPACING and PARAGRAPH_CHANCE this makes chunks of about 600 characters (95 % below 1,500);
simulated on texts of four kinds, fewer than one edit in 10,000 changed a third chunk.
"""

ALONE = frozenset({Ending.HEADING, Ending.SCENE, Ending.CHAPTER})
"""A chunk ends after these whatever the draw, so that the mix can make the silence."""


def group(
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
    for scene in _scenes(utterances):
        weights = [weigh(utterance) for utterance in scene]
        marks = [_is_mark(*each) for each in zip(scene, weights, strict=True)]
        start = 0
        for end in boundaries(marks, weights, SPACING):
            yield from _fitting(scene[start:end], weights[start:end], limit)
            start = end


def _scenes(utterances: Sequence[Utterance]) -> Iterator[Sequence[Utterance]]:
    """Headings by themselves, and what lies between them and the changes of scene."""
    start = 0
    for index, utterance in enumerate(utterances):
        opens = utterance.ending is Ending.HEADING and index > start
        if opens:
            yield utterances[start:index]
            start = index
        if utterance.ending in ALONE or index == len(utterances) - 1:
            yield utterances[start : index + 1]
            start = index + 1


def _is_mark(utterance: Utterance, weight: int) -> bool:
    """Whether a sentence is a mark: its own content decides, nothing around it."""
    if utterance.ending is Ending.CLAUSE:
        return False
    at_paragraph = utterance.ending is Ending.PARAGRAPH
    chance = PARAGRAPH_CHANCE if at_paragraph else min(1.0, weight / WEIGHT_PER_MARK)
    return draw(utterance.spoken) < chance


def _fitting(
    run: Sequence[Utterance], weights: Sequence[int], limit: int
) -> Iterator[tuple[Utterance, ...]]:
    """A run as one chunk, or halved until every part fits."""
    if sum(weights) <= limit or len(run) == 1:
        yield tuple(run)
        return
    cut = _near_middle(run, weights)
    yield from _fitting(run[:cut], weights[:cut], limit)
    yield from _fitting(run[cut:], weights[cut:], limit)


def _near_middle(run: Sequence[Utterance], weights: Sequence[int]) -> int:
    """The cut nearest to the middle of a run; a paragraph's end counts as nearer by a quarter."""
    total = sum(weights)
    best, best_distance, position = 1, float(total), 0
    for index in range(1, len(run)):
        position += weights[index - 1]
        distance = abs(position - total / 2)
        if run[index - 1].ending is Ending.PARAGRAPH:
            distance -= total / 4
        if distance < best_distance:
            best, best_distance = index, distance
    return best
