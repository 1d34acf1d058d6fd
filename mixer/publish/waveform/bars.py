"""Heights and colours of a picture's bars, from samples or from loudness. Pure.

Heights of a short file follow amplitude to the power of HEIGHT_POWER, not decibels: pauses stay
pauses, but music 20 dB under the voice can still be seen. Each bar has a core, the mean of the
peaks it stands for, and a halo, their highest. Over an hour every bar's peak is about the same; a
bar of a long file therefore shows its mean loudness, stretched to what the file holds.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mixer.publish.waveform.picture import WaveformPicture

HEIGHT_POWER = 0.7

LONG_BAR_S = 2.0
"""Bars that stand for this long show loudness."""

SPEECH_SHARE = 0.25
"""A bar with less speech counts as music or a pause."""

MIN_LUFS = -50.0
"""Anything below counts as silence."""

TYPICAL_SHARES = (0.05, 0.95)
MIN_RANGE_LU = 4.0
LOWEST_HEIGHT, TYPICAL_HEIGHTS = 0.05, (0.35, 0.9)
"""Heights of silence, and of the softest and loudest typical bars, of which the plot has some."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Heights above and below the middle, 0 to 1: of the core and of the halo around it."""

    above: tuple[float, float]
    below: tuple[float, float]
    is_voice: bool


def build_bars(picture: WaveformPicture, count: int) -> list[Bar]:
    """Build the bars of a picture."""
    voiced = _find_voiced_bars(picture, count)
    if picture.duration_s / count >= LONG_BAR_S and (levels := _bar_levels(picture, count)):
        return [
            Bar((height, height), (height, height), is_voice)
            for height, is_voice in zip(_stretch(levels), voiced, strict=True)
        ]
    highs = resample([plot_height(high) for _, high in picture.peaks], count)
    lows = resample([plot_height(-low) for low, _ in picture.peaks], count)
    return [Bar(*each) for each in zip(highs, lows, voiced, strict=True)]


def speech_shares(
    speech: Sequence[tuple[float, float]], duration_s: float, count: int
) -> list[float]:
    """The share of speech in each of `count` equal parts, from ordered spans in seconds."""
    part_s = max(duration_s, 0.001) / count
    shares = [0.0] * count
    for start_s, end_s in speech:
        first = max(0, int(start_s / part_s))
        for number in range(first, min(count, math.ceil(end_s / part_s))):
            overlap_s = min(end_s, (number + 1) * part_s) - max(start_s, number * part_s)
            shares[number] = min(1.0, shares[number] + max(0.0, overlap_s) / part_s)
    return shares


def plot_height(value: float) -> float:
    """A sample's height in the plot, 0 to 1; NaN is silent."""
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, value)) ** HEIGHT_POWER


def resample(values: Sequence[float], count: int) -> list[tuple[float, float]]:
    """(mean, highest) of the values behind each of `count` columns."""
    if not values:
        return [(0.0, 0.0)] * count
    bounds = [number * len(values) / count for number in range(count + 1)]
    spans = [values[int(low) : max(int(low) + 1, int(high))] for low, high in pairwise(bounds)]
    return [(sum(span) / len(span), max(span)) for span in spans]


def mean_lufs(points: Sequence[tuple[float, float]]) -> float:
    """The mean loudness of (time, LUFS); silence (minus infinity, or NaN) counts as MIN_LUFS."""
    levels = [MIN_LUFS if math.isnan(lufs) else max(MIN_LUFS, lufs) for _, lufs in points]
    return sum(levels) / len(levels)


def _find_voiced_bars(picture: WaveformPicture, count: int) -> list[bool]:
    """Find the bars with speech; all of them where speech or music is not known."""
    if not picture.speech or not picture.music:
        return [True] * count
    shares = speech_shares(picture.speech, picture.duration_s, count)
    return [share >= SPEECH_SHARE for share in shares]


def _bar_levels(picture: WaveformPicture, count: int) -> list[float]:
    """Mean loudness of each bar; empty where the loudness is not known well enough."""
    times_s = [time_s for time_s, _ in picture.loudness]
    bounds = [bisect_left(times_s, number * picture.duration_s / count) for number in range(count)]
    spans = [picture.loudness[at:end] for at, end in pairwise([*bounds, len(times_s)])]
    if len(times_s) < count:
        return []
    return [mean_lufs(span) if span else MIN_LUFS for span in spans]


def _stretch(levels: Sequence[float]) -> list[float]:
    """Heights of levels, so that typical ones fill the plot."""
    audible = sorted(level for level in levels if level > MIN_LUFS) or [MIN_LUFS]
    low, high = (audible[round(share * (len(audible) - 1))] for share in TYPICAL_SHARES)
    spread = max(MIN_RANGE_LU, high - low)
    bottom, top = TYPICAL_HEIGHTS
    heights = (bottom + (top - bottom) * (level - high + spread) / spread for level in levels)
    return [
        min(1.0, max(LOWEST_HEIGHT, height)) if level > MIN_LUFS else 0.0
        for level, height in zip(levels, heights, strict=True)
    ]
