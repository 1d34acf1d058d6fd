"""Figures of the music in a finished mix: its outline, and its distance from the voice. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence

from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.levels import windows_under_speech
from mixer.sound.loudness import STEP_S, WINDOW_S, amplitude, histogram, integrated_lufs
from mixer.sound.timeline import Cue, Timeline


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
            level
            for cue in timeline.cues
            if not cue.plays_once
            for level in windows_under_speech(sounds[cue.source], cue, spans, rate_hz)
            + cue.gain_db
            + timeline.mastering.gain_db
            + offset_db
        )
    )
    return None if speech is None or music is None else speech - music


def _speech_windows(timeline: Timeline, momentary_lufs: Sequence[float]) -> Iterator[float]:
    for clip in timeline.clips:
        first = math.ceil((timeline.seconds(clip.start) + WINDOW_S) / STEP_S)
        yield from momentary_lufs[first : int(timeline.seconds(clip.end) / STEP_S)]
