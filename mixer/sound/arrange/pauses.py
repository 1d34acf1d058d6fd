"""The long pauses without speech, and how loud the bed is in every moment of them. Pure.

A take may hold long pauses of its own, between two paragraphs; in these the bed rises as between
takes. Raised and alone, an intro or an outro too, it is loud enough to count in the loudness of
the whole; so it is predicted like everything else.
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
"""Of a pause inside a take that still counts as speech, at each end: breath and decay."""


def speech_spans(
    clips: Sequence[Clip],
    takes: Sequence[Measurement],
    rate_hz: int,
    envelope: DuckingEnvelope = RADIO,
) -> tuple[Span, ...]:
    """When the voice speaks: the clips, without their own long pauses.

    Args:
        clips: in playing order.
        takes: what is known of each clip's recording.
        envelope: which pauses are long enough for the bed to rise.
    """
    least = envelope.min_pause_s * rate_hz
    return tuple(
        span
        for clip, take in zip(clips, takes, strict=True)
        for span in _split_clip(clip, list(_long_pauses(clip, take, rate_hz, least)))
    )


def _long_pauses(clip: Clip, take: Measurement, rate_hz: int, min_samples: float) -> Iterator[Span]:
    """Pauses inside a clip that let the bed up."""
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
    """Momentary windows that hold no speech, at the cues' gains.

    Args:
        speech: when the voice speaks, in order.
        cues: music and sounds, with their ramps.
        length: of the timeline, in samples.
        sounds: their recordings.
        rate_hz: of all samples.
    """
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
    """What plays at each of some moments, which are in order."""
    to_come = deque(sorted(cues, key=lambda cue: cue.start))
    now: list[Cue] = []
    for at in moments:
        while to_come and to_come[0].start <= at:
            now.append(to_come.popleft())
        now = [cue for cue in now if at < cue.end]
        yield at, now


def cue_lufs(cue: Cue, at: int, sounds: Mapping[str, SoundFile], rate_hz: int) -> float:
    """How loud a cue is at a moment, before mastering."""
    played_s = (at - cue.start) / rate_hz
    return sounds[cue.source].momentary_lufs(played_s) + cue.gain_db + cue_level_db(cue, at)


def count_silent_windows(speech: Sequence[Span], takes: Sequence[Measurement], rate_hz: int) -> int:
    """How many windows that reach into speech hold none: the bed is alone in them, not raised."""
    reaching = sum((end - start) / rate_hz + WINDOW_S for start, end in speech) / STEP_S
    return max(0, round(reaching) - sum(sum(take.windows.values()) for take in takes))


def _pause_moments(speech: Sequence[Span], length: int, rate_hz: int) -> Iterator[int]:
    """The middle of each window inside a pause."""
    step, window = round(STEP_S * rate_hz), round(WINDOW_S * rate_hz)
    begins = [0, *(end for _, end in speech)]
    ends = [*(start for start, _ in speech), length]
    for begin, end in zip(begins, ends, strict=True):
        yield from range(begin + window // 2, end - window // 2, step)


def cue_level_db(cue: Cue, at: int) -> float:
    """A cue's level at a sample, against its own gain."""
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
    """Of a quarter sine, which all fades of music follow."""
    return decibels(math.sin(math.pi / 2 * share))
