"""The pages of a read-aloud book: what the Script says, with the times at which it is heard. Pure.

Everything that stands in the Script stands on a page, heard or not: what a voice cannot read is
there for the eye.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from mixer.publish.chapters import ChapterSpan
from mixer.publish.epub import BlockShape, BookBlock, BookPage, BookSentence
from mixer.publish.sentence_timing import RecordedChunk, time_sentences
from mixer.publish.timing import map_to_timeline
from mixer.script.script import BreakKind, Chapter, Script
from mixer.sound.timeline import Timeline

_BLOCK_ENDINGS = frozenset(
    {BreakKind.PARAGRAPH, BreakKind.SCENE, BreakKind.HEADING, BreakKind.CHAPTER}
)


def build_pages(
    script: Script,
    recorded_chunks: Sequence[RecordedChunk],
    timeline: Timeline,
    parts: Sequence[ChapterSpan],
) -> tuple[BookPage, ...]:
    """A page for each part of the audio.

    Args:
        script: what was to be said.
        recorded_chunks: what is heard of it, in the same order.
        timeline: when.
        parts: of the whole, without a gap.
    """
    heard = list(_find_starts(script, recorded_chunks, timeline))
    starts_s = [part.start_s for part in parts]
    blocks: list[list[BookBlock]] = [[] for _ in parts]
    number = 0
    for chapter, starts in zip(script.chapters, heard, strict=True):
        first = next((at for chunk in starts for at in chunk.values()), None)
        if first is not None:
            number = max(0, bisect_right(starts_s, first) - 1)
        blocks[number] += _build_blocks(chapter, starts, parts[number])
    return tuple(
        BookPage(part.title, tuple(found), part.duration_s)
        for part, found in zip(parts, blocks, strict=True)
    )


SentenceStarts = Mapping[int, float]
"""When the sentences of a chunk are first heard, by their number."""


def _find_starts(
    script: Script, recorded_chunks: Sequence[RecordedChunk], timeline: Timeline
) -> Iterator[list[SentenceStarts]]:
    """For each chapter, for each of its chunks: when its sentences are heard; nothing if not."""
    played = list(zip(recorded_chunks, timeline.clips, strict=True))[::-1]
    for chapter in script.chapters:
        found: list[SentenceStarts] = []
        for chunk in chapter.chunks:
            starts: dict[int, float] = {}
            if played and played[-1][0].chunk == chunk:
                each, clip = played.pop()
                rate_hz = each.recording.measured.rate_hz
                for told in time_sentences(each):
                    starts[told.sentence] = map_to_timeline(told.span, rate_hz, clip, timeline)[0]
            found.append(starts)
        yield found


def _build_blocks(
    chapter: Chapter, starts: Sequence[SentenceStarts], part: ChapterSpan
) -> Iterator[BookBlock]:
    """The blocks of a chapter."""
    gathered: list[BookSentence] = []
    for chunk, begins in zip(chapter.chunks, starts, strict=True):
        for number, utterance in enumerate(chunk.utterances):
            at = begins.get(number)
            start_s = None if at is None else max(0.0, at - part.start_s)
            gathered.append(BookSentence(utterance.text, start_s))
            if utterance.ending in _BLOCK_ENDINGS:
                yield BookBlock(_block_shape(utterance.ending), tuple(gathered))
                gathered = []
            if utterance.ending is BreakKind.SCENE:
                yield BookBlock(BlockShape.SCENE_BREAK)
    if gathered:
        yield BookBlock(BlockShape.PARAGRAPH, tuple(gathered))


def _block_shape(ending: BreakKind) -> BlockShape:
    return BlockShape.HEADING if ending is BreakKind.HEADING else BlockShape.PARAGRAPH
