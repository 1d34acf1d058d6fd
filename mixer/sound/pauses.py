"""The bed where nobody speaks: how loud it will be in every moment of the pauses. Pure.

Under speech the music hardly counts. In long pauses, an intro or an outro it is raised and alone,
and loud enough to count in the loudness of the whole; so it is foretold like everything else.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from mixer.sound.loudness import STEP_S, Histogram, amplitude, decibels, histogram
from mixer.sound.measure import WINDOW_S
from mixer.sound.timeline import Clip, Cue


def pause_windows(
    clips: Sequence[Clip], cues: Sequence[Cue], length: int, bed_lufs: float, rate_hz: int
) -> Histogram:
    """Momentary windows that hold no speech.

    Args:
        clips: when the voice is heard.
        cues: the music, with its ramps; none for no windows.
        length: of the timeline, in samples.
        bed_lufs: loudness of the music at no rise.
        rate_hz: of all samples.
    """
    if not cues:
        return {}
    starts = [cue.start for cue in cues]
    moments = _moments(clips, length, rate_hz)
    return histogram(
        bed_lufs + _level_db(cues[bisect_right(starts, at) - 1], at, length) for at in moments
    )


def _moments(clips: Sequence[Clip], length: int, rate_hz: int) -> Iterator[int]:
    """The middle of each window that lies in a pause."""
    step, window = round(STEP_S * rate_hz), round(WINDOW_S * rate_hz)
    begins = [0, *(clip.end for clip in clips)]
    ends = [*(clip.start for clip in clips), length]
    for begin, end in zip(begins, ends, strict=True):
        yield from range(begin + window // 2, end - window // 2, step)


def _level_db(cue: Cue, at: int, length: int) -> float:
    """A cue's level at a sample, against its own gain; crossfades of neighbours keep the level."""
    index = bisect_right([ramp.start for ramp in cue.ramps], at)
    before_db = cue.ramps[index - 2].to_db if index > 1 else 0.0
    level_db = before_db
    if index:
        ramp = cue.ramps[index - 1]
        share = min(1.0, (at - ramp.start) / ramp.length) if ramp.length else 1.0
        level_db = decibels((1 - share) * amplitude(before_db) + share * amplitude(ramp.to_db))
    fades = [(at - cue.start, cue.fade_in)] if cue.start == 0 else []
    fades += [(cue.end - at, cue.fade_out)] if cue.end == length else []
    return level_db + sum(_faded_db(passed / fade) for passed, fade in fades if passed < fade)


def _faded_db(share: float) -> float:
    """Of a quarter sine, which all fades of music follow."""
    return decibels(math.sin(math.pi / 2 * share))
