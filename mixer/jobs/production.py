"""From a Script and its recordings to what a listener gets: the steps between the rooms. Pure.

`takes` hands the recordings to the layout, `captioned` brings the sentences' times from the
recordings into the finished audio, `unspoken` names what the voice could not read.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mixer.jobs.hearing import SpokenChunk, times
from mixer.jobs.sounding import opening_mark, sound_marks
from mixer.publish.captions import CaptionedSentence
from mixer.publish.languages import three_letters
from mixer.requests import AboutOptions
from mixer.script.casting import NOTHING_SAID
from mixer.script.script import Chunk, Ending, Script
from mixer.script.sound_cues import SoundCue
from mixer.sound import profile
from mixer.sound.cues import Music
from mixer.sound.levels import under_speech
from mixer.sound.loudness import STEP_S, WINDOW_S, amplitude, histogram, integrated_lufs
from mixer.sound.placing import Take
from mixer.sound.timeline import Clip, Cue, Timeline, at_rate
from mixer.speech.engine import SpokenSpan
from mixer.speech.recordings import Recording

FILLING_WEIGHTS = {Ending.PARAGRAPH: 3.0, Ending.SCENE: 6.0, Ending.CHAPTER: 24.0}
"""How much of a section's filling a gap takes: where people expect a pause, a longer one hides."""


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
    waiting: list[SoundCue] = []
    for chapter in script.chapters:
        opens: str | None = chapter.title
        for chunk in chapter.chunks:
            recorded = next(recordings)
            if recorded is None or recorded.measured.is_silent:
                waiting += (cue for utterance in chunk.utterances for cue in utterance.sounds)
                continue
            yield SpokenChunk(chunk, recorded, opens, tuple(waiting))
            opens = None
            waiting.clear()


def takes(
    spoken: Sequence[SpokenChunk], *, is_gap_exact: bool, music: SoundCue | None = None
) -> list[Take]:
    """What the layout needs to know of each chunk.

    Args:
        spoken: in reading order.
        is_gap_exact: whether the caller has set the gaps.
        music: what the text itself wants to begin with.
    """
    laid = [
        Take(
            source=each.recording.key,
            measured=each.recording.measured,
            gap_ms=each.chunk.gap_ms,
            is_gap_exact=is_gap_exact,
            weight=_weight(each.chunk),
            level_db=each.chunk.level_db,
            opens=each.opens,
            marks=sound_marks(each),
        )
        for each in spoken
    ]
    if music is not None and laid:
        laid[0] = replace(laid[0], marks=(opening_mark(music), *laid[0].marks))
    return laid


def _weight(chunk: Chunk) -> float:
    """How much of a section's filling the gap takes; none where the author has set it."""
    is_set = chunk.utterances[-1].pause_ms is not None
    return 0.0 if is_set else FILLING_WEIGHTS.get(chunk.ending, 1.0)


def captioned(spoken: Sequence[SpokenChunk], timeline: Timeline) -> list[CaptionedSentence]:
    """Every sentence that is heard, with its times in the finished audio."""
    sentences = []
    for each, clip in zip(spoken, timeline.clips, strict=True):
        opens = each.opens or ""
        for heard in times(each):
            utterance = each.chunk.utterances[heard.sentence]
            start, end = on_timeline(heard.span, each.recording.measured.rate_hz, clip, timeline)
            sentences.append(
                CaptionedSentence(
                    text=utterance.text,
                    start_s=start,
                    end_s=end,
                    words=tuple(
                        (char, _moment(at, each.recording.measured.rate_hz, clip, timeline))
                        for char, at in heard.words
                    ),
                    chapter=opens,
                    voice=utterance.speaker,
                    ends_paragraph=utterance.ending in PARAGRAPH_ENDINGS,
                )
            )
            opens = ""
    return sentences


PARAGRAPH_ENDINGS = frozenset({Ending.PARAGRAPH, Ending.SCENE, Ending.HEADING, Ending.CHAPTER})


def on_timeline(
    span: SpokenSpan, recorded_hz: int, clip: Clip, timeline: Timeline
) -> tuple[float, float]:
    """A stretch of a recording in the finished audio, in seconds; never outside its clip.

    Args:
        span: in the recording.
        recorded_hz: of the recording.
        clip: that plays it.
        timeline: of the mix.
    """
    start, end = (
        _moment(at, recorded_hz, clip, timeline) for at in (span.start_samples, span.end_samples)
    )
    return start, max(start, end)


def _moment(samples: int, recorded_hz: int, clip: Clip, timeline: Timeline) -> float:
    """A moment of a recording in the finished audio, in seconds; never outside its clip."""
    at = clip.start - clip.skip + at_rate(samples, recorded_hz, timeline.rate_hz)
    return timeline.seconds(min(max(at, clip.start), clip.end))


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


def tags(asked: AboutOptions, script: Script | None = None) -> dict[str, str]:
    """What a finished file says of itself, under FFmpeg's names.

    The narrator stands where players of audiobooks look for one: as the composer; the series where
    they look for the book, so that its volumes lie together.

    Args:
        asked: instead of what the text says of itself.
        script: what was said; None where that is not known.
    """
    said = script.about if script else NOTHING_SAID
    title = asked.title or (script.title if script else "")
    author = asked.author or (script.author if script else "")
    series = asked.series or said.series
    return {
        "title": title,
        "artist": author,
        "album": series or title,
        "album_artist": author,
        "grouping": series,
        "composer": asked.narrator or said.narrator,
        "genre": asked.genre or said.genre,
        "date": asked.year or said.year,
        "comment": asked.description or said.description,
        "language": three_letters(script.language) if script else "",
    }


def bed_outline(
    timeline: Timeline, peaks_dbtp: Mapping[str, float], columns: int
) -> tuple[float, ...]:
    """How high music and sounds reach in each column of a picture, as amplitude from 0 to 1.

    Args:
        timeline: the mix.
        peaks_dbtp: of the recordings, by source.
        columns: of the picture.
    """
    middles = ((column + 0.5) * timeline.length / columns for column in range(columns))
    return tuple(max(0.0, min(1.0, _bed_amplitude(timeline, at, peaks_dbtp))) for at in middles)


def _bed_amplitude(timeline: Timeline, at: float, peaks_dbtp: Mapping[str, float]) -> float:
    gain_db = timeline.mastering.gain_db
    return sum(
        amplitude(peaks_dbtp[cue.source] + gain_db + cue.gain_db + _ramped_db(cue, at))
        * _fade(cue, at)
        for cue in timeline.cues
        if cue.start <= at < cue.end
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


def adjustments(
    timeline: Timeline,
    sounds: Mapping[str, Music],
    known_flaws: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[str]:
    """What was done to the recordings to make the mix, in sentences.

    Args:
        timeline: the mix.
        sounds: music and other sounds, by source.
        known_flaws: of all recordings that were given, by source, those without any too.
    """
    given = dict(known_flaws or {})
    silent = given.keys() - {clip.source for clip in timeline.clips}
    if silent:
        yield f"There is nothing to hear in {_named(sorted(silent))}: left out."
    given |= {source: each.measured.profile.flaws for source, each in sounds.items()}
    yield from _of_music(timeline, sounds)
    trimmed = sum(1 for clip in timeline.clips if clip.skip)
    if trimmed:
        yield f"Silence was cut from the beginning of {trimmed} of {len(timeline.clips)} chunks."
    if timeline.mastering.limit_db is not None:
        yield f"Peaks of the voice are limited at {timeline.mastering.limit_db:.1f} dBFS."
    for flaw, told in FLAWS.items():
        found = sorted(each for each, flaws in given.items() if flaw in flaws)
        if found:
            yield told.format(named=_named(found))


def _of_music(timeline: Timeline, sounds: Mapping[str, Music]) -> Iterator[str]:
    beds = [cue for cue in timeline.cues if not cue.plays_once]
    played = sorted({cue.source for cue in beds})
    for source in played:
        name, measured = f" {source}" if len(played) > 1 else "", sounds[source].measured
        if measured.lead_samples or measured.tail_samples:
            yield f"The silence at the ends of the music{name} is not played."
        longest_s = max(timeline.seconds(cue.length) for cue in beds if cue.source == source)
        if longest_s > measured.duration_s:
            times = math.ceil(longest_s / measured.duration_s)
            yield (
                f"The music{name} is shorter than its longest part and plays there {times} times "
                "over."
            )


FLAWS = {
    profile.CLIPPED: "Recorded too loud, peaks were cut off before they came here: {named}.",
    profile.OFFSET: "The samples lay off the middle and were brought back: {named}.",
    profile.DAMAGED: "Damaged or cut short; what could be read is mixed: {named}.",
}

NAMED_SOURCES = 5


def _named(sources: Sequence[str]) -> str:
    more = len(sources) - NAMED_SOURCES
    return ", ".join(sources[:NAMED_SOURCES]) + (f" and {more} more" if more > 0 else "")


def bed_below_speech_lu(
    timeline: Timeline,
    sounds: Mapping[str, Music],
    momentary_lufs: Sequence[float],
    offset_db: float,
) -> float | None:
    """How far the music lies below the voice while it speaks; both as measured.

    Args:
        timeline: the mix.
        sounds: music and other sounds, by source.
        momentary_lufs: of the finished file, one window every STEP_S.
        offset_db: by which the encoder changes the level.
    """
    rate_hz = timeline.rate_hz
    spans = [(clip.start, clip.end) for clip in timeline.clips]
    spoken = integrated_lufs(histogram(_during_clips(timeline, momentary_lufs)))
    under = integrated_lufs(
        histogram(
            level + cue.gain_db + timeline.mastering.gain_db + offset_db
            for cue in timeline.cues
            if not cue.plays_once
            for level in under_speech(sounds[cue.source], cue, spans, rate_hz)
        )
    )
    return None if spoken is None or under is None else spoken - under


def _during_clips(timeline: Timeline, momentary_lufs: Sequence[float]) -> Iterator[float]:
    """The windows that lie inside a clip."""
    for clip in timeline.clips:
        first = math.ceil((timeline.seconds(clip.start) + WINDOW_S) / STEP_S)
        yield from momentary_lufs[first : int(timeline.seconds(clip.end) / STEP_S)]
