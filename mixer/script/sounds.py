"""Sounds at their places among the words: tags of a document to cues of utterances.

A tag in a paragraph of its own belongs to the pause; inside a paragraph, to the words that follow.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from mixer.script.annotations import Annotation, sort_annotations
from mixer.script.document import SOUND_TAGS, Block, BlockKind
from mixer.script.script import CuePlace, SoundCue, SoundKind, SoundShape

_PLACE_ATTRIBUTE = "place"

SHAPE_ATTRIBUTES = ("intro", "length", "fade-in", "fade-out")
"""In seconds, in the order of the fields of a SoundShape."""


def move_to_start(annotation: Annotation) -> Annotation:
    """Place an annotation that has no words before it in front of a block's first word."""
    if annotation.tag not in SOUND_TAGS:
        return replace(annotation, start=0, end=0)
    attributes = {**dict(annotation.attributes), _PLACE_ATTRIBUTE: CuePlace.BEFORE}
    return replace(annotation, start=0, end=0, attributes=tuple(attributes.items()))


def place_sounds(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Move sounds to where they play.

    Music after a heading plays from it on; sounds of a silent heading wait for the next words.
    """
    placed: list[Block] = []
    waiting: list[Annotation] = []
    for block in blocks:
        sounds = [each for each in block.annotations if each.tag in SOUND_TAGS]
        others = tuple(each for each in block.annotations if each.tag not in SOUND_TAGS)
        if block.is_silent:
            waiting += map(move_to_start, sounds)
            placed.append(replace(block, annotations=others))
        elif block.text and (sounds or waiting):
            sounds = [*waiting, *(_start_at_title(block, each) for each in sounds)]
            placed.append(replace(block, annotations=tuple(sort_annotations([*others, *sounds]))))
            waiting = []
        else:
            placed.append(block)
    return tuple(placed)


def _start_at_title(block: Block, annotation: Annotation) -> Annotation:
    is_title = block.kind is BlockKind.HEADING and annotation.tag == SoundKind.MUSIC
    return move_to_start(annotation) if is_title else annotation


def assign_cues(
    annotations: Sequence[Annotation], block_chars: int, spans: Sequence[tuple[int, int]]
) -> list[tuple[SoundCue, ...]]:
    """Assign a block's sounds to its utterances, whose spans are in order.

    Annotations and spans refer to the block's text as the author wrote it.
    """
    if not annotations:
        return [()] * len(spans)
    cues: list[list[SoundCue]] = [[] for _ in spans]
    ends = [end for _, end in spans]
    for each in annotations:
        if each.tag not in SOUND_TAGS or not spans:
            continue
        number = min(bisect_right(ends, each.start), len(spans) - 1)
        start, end = spans[number]
        if each.attribute(_PLACE_ATTRIBUTE) == CuePlace.BEFORE:
            cues[0].append(build_cue(each, CuePlace.BEFORE))
        elif each.start >= min(block_chars, end):
            cues[number].append(build_cue(each, CuePlace.AFTER))
        else:
            cues[number].append(build_cue(each, CuePlace.WITHIN, max(0, each.start - start)))
    return [tuple(each) for each in cues]


def build_cue(annotation: Annotation, place: CuePlace, at: int = 0) -> SoundCue:
    """The cue that a sound tag stands for."""
    level = annotation.attribute("level")
    return SoundCue(
        kind=SoundKind(annotation.tag),
        file=annotation.attribute("file"),
        place=place,
        at=at,
        level_lu=float(level) if level else None,
        line=annotation.line,
        shape=SoundShape(*(_read_seconds(annotation, name) for name in SHAPE_ATTRIBUTES)),
    )


def _read_seconds(annotation: Annotation, name: str) -> float | None:
    written = annotation.attribute(name)
    return float(written) if written else None
