"""From a Script and its recordings to what a listener gets: the steps between the rooms. Pure.

`takes` hands the recordings to the layout, `captioned` brings the sentences' times from the
recordings into the finished audio, `unspoken` names what the voice could not read, `tags` is what
a file says of itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mixer.publish.captions import CaptionedSentence
from mixer.publish.languages import three_letter_code
from mixer.publish.sentence_timing import RecordedChunk, time_sentences
from mixer.publish.sound_mapping import map_opening_music, map_sounds
from mixer.requests import MetadataOptions
from mixer.script.front_matter import NO_METADATA
from mixer.script.script import BreakKind, Chunk, Script
from mixer.script.sound_cues import SoundCue
from mixer.sound.arrange.placement import Take
from mixer.sound.timeline import Clip, Timeline, rescale_samples
from mixer.speech.engine import SampleSpan
from mixer.speech.recordings import Recording

PADDING_WEIGHTS = {BreakKind.PARAGRAPH: 3.0, BreakKind.SCENE: 6.0, BreakKind.CHAPTER: 24.0}
"""How much of a section's filling a gap takes: where people expect a pause, a longer one hides."""


def pair_recordings(
    script: Script, recordings: Sequence[Recording | None]
) -> tuple[RecordedChunk, ...]:
    """The chunks that can be heard, in reading order.

    Args:
        script: with as many chunks as there are recordings.
        recordings: one per chunk; None for one that the voice could not read.
    """
    return tuple(_pair_chunks(script, iter(recordings)))


def _pair_chunks(script: Script, recordings: Iterator[Recording | None]) -> Iterator[RecordedChunk]:
    waiting: list[SoundCue] = []
    for chapter in script.chapters:
        opens: str | None = chapter.title
        for chunk in chapter.chunks:
            recorded = next(recordings)
            if recorded is None or recorded.measured.is_silent:
                waiting += (cue for utterance in chunk.utterances for cue in utterance.sounds)
                continue
            yield RecordedChunk(chunk, recorded, opens, tuple(waiting))
            opens = None
            waiting.clear()


def build_takes(
    recorded_chunks: Sequence[RecordedChunk], *, is_gap_exact: bool, music: SoundCue | None = None
) -> list[Take]:
    """What the layout needs to know of each chunk.

    Args:
        recorded_chunks: in reading order.
        is_gap_exact: whether the caller has set the gaps.
        music: what the text itself wants to begin with.
    """
    laid = [
        Take(
            source=each.recording.key,
            measured=each.recording.measured,
            gap_ms=each.chunk.gap_ms,
            is_gap_exact=is_gap_exact,
            weight=_padding_weight(each.chunk),
            level_db=each.chunk.level_db,
            chapter_title=each.chapter_title,
            annotations=map_sounds(each),
        )
        for each in recorded_chunks
    ]
    if music is not None and laid:
        laid[0] = replace(laid[0], annotations=(map_opening_music(music), *laid[0].annotations))
    return laid


def _padding_weight(chunk: Chunk) -> float:
    """How much of a section's filling the gap takes; none where the author has set it."""
    is_set = chunk.utterances[-1].pause_ms is not None
    return 0.0 if is_set else PADDING_WEIGHTS.get(chunk.ending, 1.0)


def caption_sentences(
    recorded_chunks: Sequence[RecordedChunk], timeline: Timeline
) -> list[CaptionedSentence]:
    """Every sentence that is heard, with its times in the finished audio."""
    sentences = []
    for each, clip in zip(recorded_chunks, timeline.clips, strict=True):
        opens = each.chapter_title or ""
        for heard in time_sentences(each):
            utterance = each.chunk.utterances[heard.sentence]
            start, end = map_to_timeline(
                heard.span, each.recording.measured.rate_hz, clip, timeline
            )
            sentences.append(
                CaptionedSentence(
                    text=utterance.text,
                    start_s=start,
                    end_s=end,
                    words=tuple(
                        (char, _position_s(at, each.recording.measured.rate_hz, clip, timeline))
                        for char, at in heard.words
                    ),
                    chapter=opens,
                    voice=utterance.speaker,
                    ends_paragraph=utterance.ending in PARAGRAPH_ENDINGS,
                )
            )
            opens = ""
    return sentences


PARAGRAPH_ENDINGS = frozenset(
    {BreakKind.PARAGRAPH, BreakKind.SCENE, BreakKind.HEADING, BreakKind.CHAPTER}
)


def map_to_timeline(
    span: SampleSpan, recording_hz: int, clip: Clip, timeline: Timeline
) -> tuple[float, float]:
    """A stretch of a recording in the finished audio, in seconds; never outside its clip.

    Args:
        span: in the recording.
        recording_hz: of the recording.
        clip: that plays it.
        timeline: of the mix.
    """
    start, end = (
        _position_s(at, recording_hz, clip, timeline)
        for at in (span.start_samples, span.end_samples)
    )
    return start, max(start, end)


def _position_s(samples: int, recording_hz: int, clip: Clip, timeline: Timeline) -> float:
    """A moment of a recording in the finished audio, in seconds; never outside its clip."""
    at = clip.start - clip.skip + rescale_samples(samples, recording_hz, timeline.rate_hz)
    return timeline.seconds(min(max(at, clip.start), clip.end))


def find_unspoken(script: Script, recordings: Sequence[Recording | None]) -> tuple[str, ...]:
    """The passages that the voice could not read, in reading order."""
    passages: list[str] = []
    for chunk, recorded in zip(script.chunks, recordings, strict=True):
        if recorded is None:
            passages.append(chunk.passage)
        elif len(recorded.sentences) == len(chunk.utterances):
            heard = zip(chunk.utterances, recorded.sentences, strict=True)
            passages += [utterance.text for utterance, span in heard if span is None]
    return tuple(passages)


def chapter_starts(timeline: Timeline) -> tuple[tuple[float, str], ...]:
    """Start in seconds and title of each chapter that has one."""
    titled = (section for section in timeline.sections if section.title)
    return tuple((timeline.seconds(section.start), section.title) for section in titled)


def build_tags(options: MetadataOptions, script: Script | None = None) -> dict[str, str]:
    """What a finished file says of itself, under FFmpeg's names.

    The narrator stands where players of audiobooks look for one: as the composer; the series where
    they look for the book, so that its volumes lie together.

    Args:
        options: instead of what the text says of itself.
        script: what was said; None where that is not known.
    """
    said = script.metadata if script else NO_METADATA
    title = options.title or (script.title if script else "")
    author = options.author or (script.author if script else "")
    series = options.series or said.series
    return {
        "title": title,
        "artist": author,
        "album": series or title,
        "album_artist": author,
        "grouping": series,
        "composer": options.narrator or said.narrator,
        "genre": options.genre or said.genre,
        "date": options.year or said.year,
        "comment": options.description or said.description,
        "language": three_letter_code(script.language) if script else "",
    }
