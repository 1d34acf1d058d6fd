"""Finds long pauses without speech, and the level of the bed in them. Pure.

A raised bed, in pauses as in intro and outro, is loud enough to count in the loudness of the mix.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mixer.sound.analysis import Histogram, Measurement
from mixer.sound.analysis.loudness import (
    STEP_S,
    WINDOW_S,
    amplitude,
    decibels,
    energy_sum_db,
    histogram,
)
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.ducking import Span
from mixer.sound.presets import RADIO, DuckingEnvelope
from mixer.sound.timeline import Clip, Cue, rescale_samples

BREATH_S = 0.1
"""Breath and decay at each end of a pause inside a take; counts as speech."""


def speech_spans(
    clips: Sequence[Clip],
    takes: Sequence[Measurement],
    rate_hz: int,
    envelope: DuckingEnvelope = RADIO,
) -> tuple[Span, ...]:
    """Find the spans of speech: clips without their own long pauses."""
    least = envelope.min_pause_s * rate_hz
    return tuple(
        span
        for clip, take in zip(clips, takes, strict=True)
        for span in _split_clip(clip, list(_long_pauses(clip, take, rate_hz, least)))
    )


def _long_pauses(clip: Clip, take: Measurement, rate_hz: int, min_samples: float) -> Iterator[Span]:
    breath = round(BREATH_S * rate_hz)
    for first, last in take.profile.pauses:
        start = clip.start - clip.skip + rescale_samples(first, take.rate_hz, rate_hz) + breath
        end = clip.start - clip.skip + rescale_samples(last, take.rate_hz, rate_hz) - breath
        if end - start >= min_samples and clip.start < start and end < clip.end:
            yield start, end


def _split_clip(clip: Clip, pauses: Sequence[Span]) -> Iterator[Span]:
    starts = [clip.start, *(end for _, end in pauses)]
    ends = [*(start for start, _ in pauses), clip.end]
    return zip(starts, ends, strict=True)


def pause_windows(
    speech: Sequence[Span],
    cues: Sequence[Cue],
    length: int,
    sounds: Mapping[str, SoundFile],
    rate_hz: int,
) -> Histogram:
    """Count the momentary windows without speech, at the cues' gains."""
    if not cues:
        return {}
    active = find_active_cues(cues, _pause_moments(speech, length, rate_hz))
    return histogram(
        energy_sum_db(*(cue_lufs(cue, at, sounds, rate_hz) for cue in now))
        for at, now in active
        if now
    )


def find_active_cues(
    cues: Sequence[Cue], moments: Iterable[int]
) -> Iterator[tuple[int, list[Cue]]]:
    """Find the cues that play at each of some ordered moments."""
    to_come = deque(sorted(cues, key=lambda cue: cue.start))
    now: list[Cue] = []
    for at in moments:
        while to_come and to_come[0].start <= at:
            now.append(to_come.popleft())
        now = [cue for cue in now if at < cue.end]
        yield at, now


def cue_lufs(cue: Cue, at: int, sounds: Mapping[str, SoundFile], rate_hz: int) -> float:
    """Loudness of a cue at a moment, before mastering."""
    played_s = (at - cue.start) / rate_hz
    return sounds[cue.source].momentary_lufs(played_s) + cue.gain_db + cue_level_db(cue, at)


def count_silent_windows(speech: Sequence[Span], takes: Sequence[Measurement], rate_hz: int) -> int:
    """Count windows that overlap speech but hold none: the bed is alone in them, not raised."""
    reaching = sum((end - start) / rate_hz + WINDOW_S for start, end in speech) / STEP_S
    return max(0, round(reaching) - sum(sum(take.windows.values()) for take in takes))


def _pause_moments(speech: Sequence[Span], length: int, rate_hz: int) -> Iterator[int]:
    step, window = round(STEP_S * rate_hz), round(WINDOW_S * rate_hz)
    begins = [0, *(end for _, end in speech)]
    ends = [*(start for start, _ in speech), length]
    for begin, end in zip(begins, ends, strict=True):
        yield from range(begin + window // 2, end - window // 2, step)


def cue_level_db(cue: Cue, at: int) -> float:
    """A cue's level at a sample, relative to its own gain."""
    index = bisect_right([ramp.start for ramp in cue.ramps], at)
    before_db = cue.ramps[index - 2].to_db if index > 1 else 0.0
    ramped_db = before_db
    if index:
        ramp = cue.ramps[index - 1]
        share = min(1.0, (at - ramp.start) / ramp.length) if ramp.length else 1.0
        ramped_db = decibels((1 - share) * amplitude(before_db) + share * amplitude(ramp.to_db))
    fades = ((at - cue.start, cue.fade_in), (cue.end - at, cue.fade_out))
    return ramped_db + sum(_fade_db(passed / fade) for passed, fade in fades if passed < fade)


def _fade_db(share: float) -> float:
    """Gain of a quarter sine, the shape of all music fades."""
    return decibels(math.sin(math.pi / 2 * share))
