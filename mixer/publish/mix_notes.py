"""An account of a mix: what was done to its recordings, and how its music lies. Pure.

For the report, the picture and the command line.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from mixer.sound.analysis import profile
from mixer.sound.analysis.loudness import STEP_S, WINDOW_S, amplitude, histogram, integrated_lufs
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.levels import windows_under_speech
from mixer.sound.timeline import Cue, Timeline

FLAWS = {
    profile.CLIPPED: "Recorded too loud, peaks were cut off before they came here: {named}.",
    profile.OFFSET: "The samples lay off the middle and were brought back: {named}.",
    profile.DAMAGED: "Damaged or cut short; what could be read is mixed: {named}.",
}

NAMED_SOURCES = 5
"""Of the recordings that have each flaw."""


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
        amplitude(peaks_dbtp[cue.source] + gain_db + cue.gain_db + _ramp_gain_db(cue, at))
        * _fade_factor(cue, at)
        for cue in timeline.cues
        if cue.start <= at < cue.end
    )


def _ramp_gain_db(cue: Cue, at: float) -> float:
    """The level of a cue's ramps at a moment."""
    level_db = 0.0
    for ramp in cue.ramps:
        if at < ramp.start:
            break
        share = min(1.0, (at - ramp.start) / max(ramp.length, 1))
        level_db += (ramp.to_db - level_db) * share
    return level_db


def _fade_factor(cue: Cue, at: float) -> float:
    """How far a cue is faded in or out at a moment, as a factor."""
    return min(1.0, (at - cue.start) / max(cue.fade_in, 1), (cue.end - at) / max(cue.fade_out, 1))


def describe_adjustments(
    timeline: Timeline,
    sounds: Mapping[str, SoundFile],
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
        yield f"There is nothing to hear in {_format_sources(sorted(silent))}: left out."
    given |= {source: each.measured.profile.flaws for source, each in sounds.items()}
    yield from _describe_music(timeline, sounds)
    trimmed = sum(1 for clip in timeline.clips if clip.skip)
    if trimmed:
        yield f"Silence was cut from the beginning of {trimmed} of {len(timeline.clips)} chunks."
    if timeline.mastering.limit_db is not None:
        yield f"Peaks of the voice are limited at {timeline.mastering.limit_db:.1f} dBFS."
    for flaw, told in FLAWS.items():
        found = sorted(each for each, flaws in given.items() if flaw in flaws)
        if found:
            yield told.format(named=_format_sources(found))


def _describe_music(timeline: Timeline, sounds: Mapping[str, SoundFile]) -> Iterator[str]:
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


def _format_sources(sources: Sequence[str]) -> str:
    more = len(sources) - NAMED_SOURCES
    return ", ".join(sources[:NAMED_SOURCES]) + (f" and {more} more" if more > 0 else "")


def bed_below_speech_lu(
    timeline: Timeline,
    sounds: Mapping[str, SoundFile],
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
    spoken = integrated_lufs(histogram(_speech_windows(timeline, momentary_lufs)))
    under = integrated_lufs(
        histogram(
            level + cue.gain_db + timeline.mastering.gain_db + offset_db
            for cue in timeline.cues
            if not cue.plays_once
            for level in windows_under_speech(sounds[cue.source], cue, spans, rate_hz)
        )
    )
    return None if spoken is None or under is None else spoken - under


def _speech_windows(timeline: Timeline, momentary_lufs: Sequence[float]) -> Iterator[float]:
    """The windows that lie inside a clip."""
    for clip in timeline.clips:
        first = math.ceil((timeline.seconds(clip.start) + WINDOW_S) / STEP_S)
        yield from momentary_lufs[first : int(timeline.seconds(clip.end) / STEP_S)]
