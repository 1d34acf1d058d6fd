"""Makes a read-aloud book of a Script and its finished file.

Everything in the Script is on a page, spoken or not: a reader sees what the voice cannot read. The
audio is cut out of the finished file a chapter at a time.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from mixer.files import open_scratch_folder
from mixer.publish.captions import CaptionedSentence, time_words, visible_text
from mixer.publish.chapters import ChapterSpan, FinishedFile
from mixer.publish.epub.book import write_book
from mixer.publish.epub.own_book import OwnBook
from mixer.publish.epub.pages import (
    BlockShape,
    BookBlock,
    BookPage,
    BookSentence,
    ReadAloudMetadata,
)
from mixer.publish.timing import PARAGRAPH_ENDINGS, RecordedChunk, caption_chunk
from mixer.script import BreakKind, Chunk, Script, Utterance
from mixer.sound import ProcessGroup, Timeline
from mixer.sound.formats import FORMATS

FALLBACK_KBPS = 128
"""Bitrate of the MP3s in a book whose finished file has a format that EPUB readers do not play."""

SentenceTimes = Mapping[int, CaptionedSentence]
"""The timed sentences of a chunk, by number; empty for a chunk that is not audible."""


def build_pages(
    script: Script,
    recorded_chunks: Sequence[RecordedChunk],
    timeline: Timeline,
    parts: Sequence[ChapterSpan],
    *,
    by_word: bool = False,
) -> tuple[BookPage, ...]:
    """Build a page for each part of the audio.

    Args:
        recorded_chunks: the script's audible chunks, in order.
        parts: of the whole audio, without gaps.
        by_word: highlight words instead of sentences.
    """
    part_starts_s = [part.start_s for part in parts]
    blocks: list[list[BookBlock]] = [[] for _ in parts]
    number = 0
    chapter_times = _find_times(script, recorded_chunks, timeline)
    for chapter, times in zip(script.chapters, chapter_times, strict=True):
        first_s = next((each.start_s for chunk in times for each in chunk.values()), None)
        if first_s is not None:
            number = max(0, bisect_right(part_starts_s, first_s) - 1)
        blocks[number] += _build_blocks(chapter.chunks, times, parts[number], by_word=by_word)
    return tuple(
        BookPage(part.title, tuple(own), part.duration_s)
        for part, own in zip(parts, blocks, strict=True)
    )


def _find_times(
    script: Script, recorded_chunks: Sequence[RecordedChunk], timeline: Timeline
) -> Iterator[list[SentenceTimes]]:
    pending = list(zip(recorded_chunks, timeline.clips, strict=True))[::-1]
    for chapter in script.chapters:
        chapter_times: list[SentenceTimes] = []
        for chunk in chapter.chunks:
            is_audible = bool(pending) and pending[-1][0].chunk == chunk
            chapter_times.append(caption_chunk(*pending.pop(), timeline) if is_audible else {})
        yield chapter_times


def _build_blocks(
    chunks: Sequence[Chunk],
    chunk_times: Sequence[SentenceTimes],
    part: ChapterSpan,
    *,
    by_word: bool,
) -> Iterator[BookBlock]:
    sentences: list[BookSentence] = []
    for chunk, times in zip(chunks, chunk_times, strict=True):
        for number, utterance in enumerate(chunk.utterances):
            sentences.append(_build_sentence(utterance, times.get(number), part, by_word=by_word))
            if utterance.ending in PARAGRAPH_ENDINGS:
                is_heading = utterance.ending is BreakKind.HEADING
                shape = BlockShape.HEADING if is_heading else BlockShape.PARAGRAPH
                yield BookBlock(shape, tuple(sentences))
                sentences = []
            if utterance.ending is BreakKind.SCENE:
                yield BookBlock(BlockShape.SCENE_BREAK)
    if sentences:
        yield BookBlock(BlockShape.PARAGRAPH, tuple(sentences))


def _build_sentence(
    utterance: Utterance, timed: CaptionedSentence | None, part: ChapterSpan, *, by_word: bool
) -> BookSentence:
    if timed is None:
        return BookSentence(utterance.text, None)
    words = time_words(timed) if by_word and visible_text(timed.text) else ()
    starts = tuple((each.char, max(0.0, each.start_s - part.start_s)) for each in words)
    return BookSentence(utterance.text, max(0.0, timed.start_s - part.start_s), starts)


def write_read_aloud(
    finished: FinishedFile,
    pages: Sequence[BookPage],
    metadata: ReadAloudMetadata,
    file: IO[bytes],
    processes: ProcessGroup,
    *,
    own: OwnBook | None = None,
) -> None:
    """Write a book into a stream: with a page for each part of a finished file, or an own one."""

    def iter_audio(scratch: Path) -> Iterator[Path]:
        for path in _cut_audio(finished, scratch, processes):
            yield path
            path.unlink()

    with open_scratch_folder("book") as scratch:
        audio = iter_audio(Path(scratch))
        if own is None:
            write_book(file, metadata, zip(pages, audio, strict=True))
        else:
            own.write(file, metadata, audio)


def _cut_audio(finished: FinishedFile, scratch: Path, processes: ProcessGroup) -> Iterator[Path]:
    """Cut the parts out, in a format that every EPUB reader plays."""
    cuts = finished.cuts()
    if suffix := finished.encoding.kind.book_suffix:
        wanted = (
            (cut, scratch / f"part-{number}.{suffix}", None) for number, cut in enumerate(cuts)
        )
        yield from finished.cut(wanted, scratch, processes)
        return
    whole = finished.open_whole(scratch, processes)
    for number, cut in enumerate(cuts):
        path = scratch / f"part-{number}.mp3"
        FORMATS["mp3"].encode_cut(whole, cut, path, FALLBACK_KBPS)
        yield path
