"""Notes on a mix: what was done to its recordings, and the level of its music. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence

from mixer.sound import Cue, Timeline
from mixer.sound.analysis import Flaw
from mixer.sound.analysis.loudness import STEP_S, WINDOW_S, amplitude, histogram, integrated_lufs
from mixer.sound.arrange import SoundFile, windows_under_speech

FLAWS = {
    Flaw.CLIPPED: "Recorded too loudly; the peaks are cut off: {sources}.",
    Flaw.OFFSET: "A DC offset was removed: {sources}.",
    Flaw.DAMAGED: "Damaged or cut short; the readable part was mixed: {sources}.",
}

NAMED_SOURCES = 5
"""Recordings named for each flaw; the others are counted."""


def bed_outline(
    timeline: Timeline, peaks_dbtp: Mapping[str, float], columns: int
) -> tuple[float, ...]:
    """The amplitude of music and sounds in each column, 0 to 1; peaks are given by source."""
    middles = ((column + 0.5) * timeline.length / columns for column in range(columns))
    return tuple(max(0.0, min(1.0, _bed_amplitude(timeline, at, peaks_dbtp))) for at in middles)


def _bed_amplitude(timeline: Timeline, at: float, peaks_dbtp: Mapping[str, float]) -> float:
    gain_db = timeline.mastering.gain_db
    return sum(
        amplitude(peaks_dbtp[cue.source] + gain_db + cue.gain_db + _ramp_gain_db(cue, at))
        * _fade_factor(cue, at)
        for cue in timeline.cues
        if cue.start <= at < cue.end
    )


def _ramp_gain_db(cue: Cue, at: float) -> float:
    level_db = 0.0
    for ramp in cue.ramps:
        if at < ramp.start:
            break
        share = min(1.0, (at - ramp.start) / max(ramp.length, 1))
        level_db += (ramp.to_db - level_db) * share
    return level_db


def _fade_factor(cue: Cue, at: float) -> float:
    return min(1.0, (at - cue.start) / max(cue.fade_in, 1), (cue.end - at) / max(cue.fade_out, 1))


def describe_adjustments(
    timeline: Timeline,
    sounds: Mapping[str, SoundFile],
    known_flaws: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[str]:
    """Describe in sentences what was done to the recordings.

    Args:
        sounds: music and other sounds, by source.
        known_flaws: of all recordings given, flawless ones included, by source.
    """
    flaws_by_source = dict(known_flaws or {})
    silent = flaws_by_source.keys() - {clip.source for clip in timeline.clips}
    if silent:
        yield f"Silent and left out: {_format_sources(sorted(silent))}."
    flaws_by_source |= {source: each.measured.profile.flaws for source, each in sounds.items()}
    yield from _describe_music(timeline, sounds)
    trimmed = sum(1 for clip in timeline.clips if clip.skip)
    if trimmed:
        yield f"Silence was cut from the beginning of {trimmed} of {len(timeline.clips)} chunks."
    if timeline.mastering.limit_db is not None:
        yield f"Peaks of the voice are limited at {timeline.mastering.limit_db:.1f} dBFS."
    for flaw, sentence in FLAWS.items():
        flawed = sorted(source for source, flaws in flaws_by_source.items() if flaw in flaws)
        if flawed:
            yield sentence.format(sources=_format_sources(flawed))


def _describe_music(timeline: Timeline, sounds: Mapping[str, SoundFile]) -> Iterator[str]:
    beds = [cue for cue in timeline.cues if not cue.plays_once]
    sources = sorted({cue.source for cue in beds})
    for source in sources:
        name, measured = f" {source}" if len(sources) > 1 else "", sounds[source].measured
        if measured.lead_samples or measured.tail_samples:
            yield f"The silence at the ends of the music{name} is not played."
        longest_s = max(timeline.seconds(cue.length) for cue in beds if cue.source == source)
        if longest_s > measured.duration_s:
            times = math.ceil(longest_s / measured.duration_s)
            yield (
                f"The music{name} is shorter than the longest part that it plays under; it loops"
                f" {times} times there."
            )


def _format_sources(sources: Sequence[str]) -> str:
    more = len(sources) - NAMED_SOURCES
    return ", ".join(sources[:NAMED_SOURCES]) + (f" and {more} more" if more > 0 else "")


def bed_below_speech_lu(
    timeline: Timeline,
    sounds: Mapping[str, SoundFile],
    momentary_lufs: Sequence[float],
    offset_db: float,
) -> float | None:
    """The measured difference of voice and music during speech; None where one is missing.

    Args:
        sounds: music and other sounds, by source.
        momentary_lufs: of the finished file, one window every STEP_S.
        offset_db: by which the encoder changes the level.
    """
    rate_hz = timeline.rate_hz
    spans = [(clip.start, clip.end) for clip in timeline.clips]
    speech = integrated_lufs(histogram(_speech_windows(timeline, momentary_lufs)))
    music = integrated_lufs(
        histogram(
            level + cue.gain_db + timeline.mastering.gain_db + offset_db
            for cue in timeline.cues
            if not cue.plays_once
            for level in windows_under_speech(sounds[cue.source], cue, spans, rate_hz)
        )
    )
    return None if speech is None or music is None else speech - music


def _speech_windows(timeline: Timeline, momentary_lufs: Sequence[float]) -> Iterator[float]:
    for clip in timeline.clips:
        first = math.ceil((timeline.seconds(clip.start) + WINDOW_S) / STEP_S)
        yield from momentary_lufs[first : int(timeline.seconds(clip.end) / STEP_S)]
