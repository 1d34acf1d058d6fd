"""The pages of a read-aloud book: what the Script says, with the times at which it is heard. Pure.

Everything that stands in the Script stands on a page, heard or not: what a voice cannot read is
there for the eye.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from mixer.jobs.hearing import SpokenChunk, times
from mixer.jobs.production import on_timeline
from mixer.publish.chapters import Part
from mixer.publish.read_aloud import Block, Page, Sentence, Shape
from mixer.script.script import Chapter, Ending, Script
from mixer.sound.timeline import Timeline

_BLOCK_ENDINGS = frozenset({Ending.PARAGRAPH, Ending.SCENE, Ending.HEADING, Ending.CHAPTER})


def pages_of(
    script: Script, spoken: Sequence[SpokenChunk], timeline: Timeline, parts: Sequence[Part]
) -> tuple[Page, ...]:
    """A page for each part of the audio.

    Args:
        script: what was to be said.
        spoken: what is heard of it, in the same order.
        timeline: when.
        parts: of the whole, without a gap.
    """
    heard = list(_heard(script, spoken, timeline))
    starts_s = [part.start_s for part in parts]
    blocks: list[list[Block]] = [[] for _ in parts]
    number = 0
    for chapter, starts in zip(script.chapters, heard, strict=True):
        first = next((at for chunk in starts for at in chunk.values()), None)
        if first is not None:
            number = max(0, bisect_right(starts_s, first) - 1)
        blocks[number] += _blocks(chapter, starts, parts[number])
    return tuple(
        Page(part.title, tuple(found), part.duration_s)
        for part, found in zip(parts, blocks, strict=True)
    )


Starts = Mapping[int, float]
"""When the sentences of a chunk are first heard, by their number."""


def _heard(
    script: Script, spoken: Sequence[SpokenChunk], timeline: Timeline
) -> Iterator[list[Starts]]:
    """For each chapter, for each of its chunks: when its sentences are heard; nothing if not."""
    played = list(zip(spoken, timeline.clips, strict=True))[::-1]
    for chapter in script.chapters:
        found: list[Starts] = []
        for chunk in chapter.chunks:
            starts: dict[int, float] = {}
            if played and played[-1][0].chunk == chunk:
                each, clip = played.pop()
                rate_hz = each.recording.measured.rate_hz
                for told in times(each):
                    starts[told.sentence] = on_timeline(told.span, rate_hz, clip, timeline)[0]
            found.append(starts)
        yield found


def _blocks(chapter: Chapter, starts: Sequence[Starts], part: Part) -> Iterator[Block]:
    """The blocks of a chapter."""
    gathered: list[Sentence] = []
    for chunk, begins in zip(chapter.chunks, starts, strict=True):
        for number, utterance in enumerate(chunk.utterances):
            at = begins.get(number)
            start_s = None if at is None else max(0.0, at - part.start_s)
            gathered.append(Sentence(utterance.text, start_s))
            if utterance.ending in _BLOCK_ENDINGS:
                yield Block(_shape(utterance.ending), tuple(gathered))
                gathered = []
            if utterance.ending is Ending.SCENE:
                yield Block(Shape.SCENE_BREAK)
    if gathered:
        yield Block(Shape.PARAGRAPH, tuple(gathered))


def _shape(ending: Ending) -> Shape:
    return Shape.HEADING if ending is Ending.HEADING else Shape.PARAGRAPH
