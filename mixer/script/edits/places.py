"""Finds where a script's sentences stand in the document that it was planned from. Pure.

A plan keeps the author's words of each sentence, but not their place. Both are in reading order, so
the places follow from the words; what is skipped between two sentences must hold no words.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from mixer.errors import BadInput
from mixer.script.annotations import BREAK_TAG
from mixer.script.document import (
    Document,
    TextOrigin,
    count_characters,
    has_words,
    take_spans,
)
from mixer.script.planning import (
    UNWRITTEN,
    KnownUtterances,
    PlanStyle,
    SpokenBlock,
    list_spoken_blocks,
)
from mixer.script.script import Script, Utterance

__all__ = [
    "UNWRITTEN",
    "SentencePlace",
    "locate_sentences",
    "recall_utterances",
]


@dataclass(frozen=True, slots=True)
class SentencePlace:
    """Where a sentence stands: a block, or `UNWRITTEN`, and characters of its text."""

    block: int
    start: int
    end: int


def locate_sentences(
    document: Document, script: Script, style: PlanStyle
) -> tuple[SentencePlace, ...]:
    """Locate each utterance of a script, in reading order.

    Raises:
        BadInput: the script is not a plan of this document in this style.
    """
    return tuple(place for place, _, _ in _match_sentences(document, script, style))


def locate_origins(
    document: Document, script: Script, style: PlanStyle
) -> tuple[TextOrigin | None, ...]:
    """Locate each utterance of a script on the pages of its book; None for what is not on one.

    Raises:
        BadInput: the script is not a plan of this document in this style.
    """
    return tuple(_iter_origins(document, locate_sentences(document, script, style)))


def _iter_origins(
    document: Document, places: Iterable[SentencePlace]
) -> Iterator[TextOrigin | None]:
    for number, own in groupby(places, key=lambda place: place.block):
        block, at = document.blocks[number], 0
        left = deque(block.origin.spans if block.origin else ())
        for place in own:
            if block.origin is None or not block.origin.is_exact:
                yield block.origin
                continue
            take_spans(left, count_characters(block.text[at : place.start]))
            spans = take_spans(left, count_characters(block.text[place.start : place.end]))
            at = place.end
            yield TextOrigin(block.origin.path, spans)


def recall_utterances(document: Document, script: Script, style: PlanStyle) -> KnownUtterances:
    """Collect the utterances of each block, for a plan of another version of the document.

    Blocks with pauses of the author are left out: a pause may belong to the block before.
    """
    found: dict[int, tuple[SpokenBlock, list[Utterance]]] = {}
    for place, spoken, utterance in _match_sentences(document, script, style):
        found.setdefault(place.block, (spoken, []))[1].append(utterance)
    return {
        (spoken.block, spoken.ending): tuple(utterances)
        for spoken, utterances in found.values()
        if _is_reusable(spoken, utterances)
    }


def _is_reusable(spoken: SpokenBlock, utterances: list[Utterance]) -> bool:
    has_breaks = any(each.tag == BREAK_TAG for each in spoken.block.annotations)
    return not has_breaks and all(each.pause_ms is None for each in utterances)


def _match_sentences(
    document: Document, script: Script, style: PlanStyle
) -> Iterator[tuple[SentencePlace, SpokenBlock, Utterance]]:
    blocks = iter(list_spoken_blocks(document, style))
    spoken, at = next(blocks, None), 0
    for chunk in script.chunks:
        for utterance in chunk.utterances:
            while spoken and (start := _find_words(spoken, utterance, at)) is None:
                spoken, at = next(blocks, None), 0
            if spoken is None or start is None:
                raise BadInput("The plan of this story does not match its text; make it again.")
            at = start + len(utterance.text)
            yield SentencePlace(spoken.number, start, at), spoken, utterance


def _find_words(spoken: SpokenBlock, utterance: Utterance, at: int) -> int | None:
    start = spoken.block.text.find(utterance.text, at)
    return None if start < 0 or has_words(spoken.block.text[at:start]) else start
