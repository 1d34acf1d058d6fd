"""From a Script and its recordings to what a listener gets: the steps between the rooms. Pure.

`takes` hands the recordings to the layout, `captioned` brings the sentences' times from the
recordings into the finished audio, `unspoken` names what the voice could not read.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mixer.publish.captions import CaptionedSentence
from mixer.script.script import Chunk, Ending, Script, Utterance
from mixer.sound.cues import Music
from mixer.sound.loudness import amplitude
from mixer.sound.placing import Take
from mixer.sound.timeline import Clip, Cue, Timeline, at_rate
from mixer.speech.engine import SpokenSpan
from mixer.speech.recordings import Recording

FILLING_WEIGHTS = {Ending.PARAGRAPH: 3.0, Ending.SCENE: 6.0, Ending.CHAPTER: 24.0}
"""How much of a section's filling a gap takes: where people expect a pause, a longer one hides."""


@dataclass(frozen=True, slots=True)
class SpokenChunk:
    """A chunk that can be heard.

    Attributes:
        chunk: what was said.
        recording: how it sounds.
        opens: title of the chapter that it opens; None where it opens none.
    """

    chunk: Chunk
    recording: Recording
    opens: str | None


def spoken_chunks(
    script: Script, recordings: Sequence[Recording | None]
) -> tuple[SpokenChunk, ...]:
    """The chunks that can be heard, in reading order.

    Args:
        script: with as many chunks as there are recordings.
        recordings: one per chunk; None for one that the voice could not read.
    """
    return tuple(_spoken(script, iter(recordings)))


def _spoken(script: Script, recordings: Iterator[Recording | None]) -> Iterator[SpokenChunk]:
    for chapter in script.chapters:
        opens: str | None = chapter.title
        for chunk in chapter.chunks:
            recorded = next(recordings)
            if recorded is not None and not recorded.measured.is_silent:
                yield SpokenChunk(chunk, recorded, opens)
                opens = None


def takes(spoken: Sequence[SpokenChunk], *, is_gap_exact: bool) -> list[Take]:
    """What the layout needs to know of each chunk."""
    return [
        Take(
            source=each.recording.key,
            measured=each.recording.measured,
            gap_ms=each.chunk.gap_ms,
            is_gap_exact=is_gap_exact,
            weight=_weight(each.chunk),
            level_db=each.chunk.level_db,
            opens=each.opens,
        )
        for each in spoken
    ]


def _weight(chunk: Chunk) -> float:
    """How much of a section's filling the gap takes; none where the author has set it."""
    is_set = chunk.utterances[-1].pause_ms is not None
    return 0.0 if is_set else FILLING_WEIGHTS.get(chunk.ending, 1.0)


def captioned(spoken: Sequence[SpokenChunk], timeline: Timeline) -> list[CaptionedSentence]:
    """Every sentence that is heard, with its times in the finished audio."""
    sentences = []
    for each, clip in zip(spoken, timeline.clips, strict=True):
        opens = each.opens or ""
        for utterance, start, end in _heard(each, clip, timeline.rate_hz):
            sentences.append(
                CaptionedSentence(
                    text=utterance.text,
                    start_s=timeline.seconds(start),
                    end_s=timeline.seconds(end),
                    chapter=opens,
                    voice=utterance.speaker,
                    ends_paragraph=utterance.ending in PARAGRAPH_ENDINGS,
                )
            )
            opens = ""
    return sentences


PARAGRAPH_ENDINGS = frozenset({Ending.PARAGRAPH, Ending.SCENE, Ending.HEADING, Ending.CHAPTER})


def _heard(spoken: SpokenChunk, clip: Clip, rate_hz: int) -> Iterator[tuple[Utterance, int, int]]:
    """Each utterance of a chunk that is heard, and from when to when, in timeline samples."""
    utterances, recorded = spoken.chunk.utterances, spoken.recording
    if len(recorded.sentences) != len(utterances):
        yield from _shared_out(utterances, clip)
        return
    for utterance, span in zip(utterances, recorded.sentences, strict=True):
        if span is not None:
            yield utterance, *_on_timeline(span, recorded.measured.rate_hz, clip, rate_hz)


def _on_timeline(span: SpokenSpan, recorded_hz: int, clip: Clip, rate_hz: int) -> tuple[int, int]:
    start = clip.start - clip.skip + at_rate(span.start_samples, recorded_hz, rate_hz)
    end = clip.start - clip.skip + at_rate(span.end_samples, recorded_hz, rate_hz)
    return max(start, clip.start), min(max(end, start), clip.end)


def _shared_out(
    utterances: Sequence[Utterance], clip: Clip
) -> Iterator[tuple[Utterance, int, int]]:
    """A clip's time shared out by characters: what is left when an engine gives no times."""
    total_chars = sum(len(utterance.spoken) for utterance in utterances)
    chars = 0
    for utterance in utterances:
        start = clip.start + clip.length * chars // total_chars
        chars += len(utterance.spoken)
        yield utterance, start, clip.start + clip.length * chars // total_chars


def unspoken(script: Script, recordings: Sequence[Recording | None]) -> tuple[str, ...]:
    """The passages that the voice could not read, in reading order."""
    passages: list[str] = []
    for chunk, recorded in zip(script.chunks, recordings, strict=True):
        if recorded is None:
            passages.append(chunk.passage)
        elif len(recorded.sentences) == len(chunk.utterances):
            heard = zip(chunk.utterances, recorded.sentences, strict=True)
            passages += [utterance.text for utterance, span in heard if span is None]
    return tuple(passages)


def chapters(timeline: Timeline) -> tuple[tuple[float, str], ...]:
    """Start in seconds and title of each chapter that has one."""
    titled = (section for section in timeline.sections if section.title)
    return tuple((timeline.seconds(section.start), section.title) for section in titled)


def tags(script: Script, *, author: str = "") -> dict[str, str]:
    """What a finished file says of itself, under FFmpeg's names.

    The narrator stands where players of audiobooks look for one: as the composer.

    Args:
        script: what was said, and what it says of itself.
        author: instead of the text's own.
    """
    about = script.about
    return {
        "title": script.title,
        "artist": author or script.author,
        "album": about.series or script.title,
        "composer": about.narrator,
        "genre": about.genre,
        "date": about.year,
        "comment": about.description,
    }


def bed_outline(timeline: Timeline, music: Music, columns: int) -> tuple[float, ...]:
    """How high the music reaches in each column of a picture, as amplitude from 0 to 1."""
    peak_db = music.measured.true_peak_dbtp + timeline.mastering.gain_db
    middles = ((column + 0.5) * timeline.length / columns for column in range(columns))
    return tuple(max(0.0, min(1.0, _bed_amplitude(timeline, at, peak_db))) for at in middles)


def _bed_amplitude(timeline: Timeline, at: float, peak_db: float) -> float:
    playing = (cue for cue in timeline.cues if cue.start <= at < cue.end)
    return sum(
        amplitude(peak_db + cue.gain_db + _ramped_db(cue, at)) * _fade(cue, at) for cue in playing
    )


def _ramped_db(cue: Cue, at: float) -> float:
    """The level of a cue's ramps at a moment."""
    level_db = 0.0
    for ramp in cue.ramps:
        if at < ramp.start:
            break
        share = min(1.0, (at - ramp.start) / max(ramp.length, 1))
        level_db += (ramp.to_db - level_db) * share
    return level_db


def _fade(cue: Cue, at: float) -> float:
    """How far a cue is faded in or out at a moment, as a factor."""
    return min(1.0, (at - cue.start) / max(cue.fade_in, 1), (cue.end - at) / max(cue.fade_out, 1))


def adjustments(timeline: Timeline, music: Music | None) -> Iterator[str]:
    """What was done to the recordings to make the mix, in sentences."""
    if music is not None:
        longest_s = max(timeline.seconds(cue.length) for cue in timeline.cues)
        if longest_s > music.measured.duration_s:
            times = math.ceil(longest_s / music.measured.duration_s)
            yield f"The music is shorter than its longest part and plays there {times} times over."
    trimmed = sum(1 for clip in timeline.clips if clip.skip)
    if trimmed:
        yield f"Silence was cut from the beginning of {trimmed} of {len(timeline.clips)} chunks."
    if timeline.mastering.limit_db is not None:
        yield f"Peaks of the voice are limited at {timeline.mastering.limit_db:.1f} dBFS."
