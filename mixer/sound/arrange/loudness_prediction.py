"""Predicts the loudness of a mix before any of it is rendered. Pure.

The takes' windows of momentary loudness add up to the mix's, except that a window over two takes is
one, not two; that music plays under all takes and alone in the pauses; and that the limiter's loss
grows with the gain.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mixer.sound.analysis import Edge, Measurement
from mixer.sound.loudness import (
    BIN_LU,
    STEP_S,
    WINDOW_S,
    Histogram,
    energy_sum_db,
    integrated_lufs,
    limiter_loss_db,
    shift_histogram,
)
from mixer.sound.timeline import Clip

LevelShares = Mapping[float, float]
"""Levels under the voice, in LUFS, to their share of the time; the rest is silence."""

MODEL_BIN_LU = 0.05
"""Bin width of a sum: keeps it short for any number of takes."""


@dataclass(frozen=True, slots=True)
class TakeLoudness:
    """A take's windows in the mix's channels and a limiter's loss, all before mastering.

    Peak and energy are those of one channel; `losses_db` are at LIMIT_STEPS_DB.
    """

    windows: Histogram
    peak_db: float
    losses_db: tuple[float, ...]
    energy: float
    background: LevelShares


@dataclass(frozen=True, slots=True)
class LoudnessModel:
    """Everything that affects the loudness of a mix of `length` samples.

    `unmixed` are windows of music and sounds in pauses, before mastering.
    """

    parts: tuple[TakeLoudness, ...]
    unmixed: Mapping[float, float]
    length: int

    @property
    def voice_peak_db(self) -> float:
        """Highest peak of all takes, before mastering."""
        return max(part.peak_db for part in self.parts)

    def lufs(self, gain_db: float, limit_db: float | None) -> float | None:
        """Integrated loudness with a gain, and a limit on the voice; None for silence."""
        fine: defaultdict[tuple[int, float], float] = defaultdict(float)
        for part in self.parts:
            lost_db = _limiter_loss_db(part, gain_db, limit_db)
            bare = max(0.0, 1.0 - sum(part.background.values()))
            shares = [(-math.inf, bare), *part.background.items()]
            for level, count in part.windows.items():
                step = round((level - lost_db) / MODEL_BIN_LU)
                for under_lufs, share in shares:
                    fine[step, under_lufs] += count * share
        total: defaultdict[float, float] = defaultdict(float)
        total.update(self.unmixed)
        for (step, under_lufs), windows in fine.items():
            total[energy_sum_db(step * MODEL_BIN_LU, under_lufs)] += windows
        before = integrated_lufs(total)
        return None if before is None else before + gain_db

    def rms_db(self, gain_db: float, limit_db: float | None) -> float:
        """Plain level of the voice over the whole length; -inf if unknown."""
        energy = sum(
            part.energy * 10 ** (-_limiter_loss_db(part, gain_db, limit_db) / 10)
            for part in self.parts
        )
        return 10 * math.log10(energy / self.length) + gain_db if energy else -math.inf


def _limiter_loss_db(part: TakeLoudness, gain_db: float, limit_db: float | None) -> float:
    if limit_db is None:
        return 0.0
    return limiter_loss_db(part.losses_db, part.peak_db + gain_db - limit_db)


@dataclass(frozen=True, slots=True)
class Background:
    """Music and sounds: levels under each clip, and windows in the pauses."""

    under_clips: Sequence[LevelShares]
    in_pauses: Mapping[float, float]


def predict_loudness(
    clips: Sequence[Clip],
    takes: Sequence[Measurement],
    length: int,
    rate_hz: int,
    *,
    dual_mono_db: float,
    background: Background,
) -> LoudnessModel:
    """Build the model of a mix; its channels add `dual_mono_db` to a voice measured in one."""
    windows = [Counter(take.windows) for take in takes]
    for group in _find_shared_windows(clips, takes, rate_hz):
        _merge_windows(group, clips, windows)
    parts = (
        TakeLoudness(
            windows=shift_histogram(+own, clip.gain_db + dual_mono_db),
            peak_db=clip.gain_db + take.true_peak_dbtp,
            losses_db=take.profile.limited_db,
            energy=_energy(clip, take, rate_hz),
            background=below,
        )
        for own, clip, take, below in zip(
            windows, clips, takes, background.under_clips, strict=True
        )
    )
    return LoudnessModel(tuple(parts), background.in_pauses, length)


def _energy(clip: Clip, take: Measurement, rate_hz: int) -> float:
    level_db = take.profile.rms_dbfs
    if level_db is None:
        return 0.0
    return take.duration_s * rate_hz * 10 ** ((level_db + clip.gain_db) / 10)


@dataclass(frozen=True, slots=True)
class _EdgeWindow:
    clip: int
    level_lufs: float


def _find_shared_windows(
    clips: Sequence[Clip], takes: Sequence[Measurement], rate_hz: int
) -> Iterator[list[_EdgeWindow]]:
    close = round(2 * WINDOW_S * rate_hz)
    near = {
        number
        for after in range(1, len(clips))
        if clips[after].start - clips[after - 1].end < close
        for number in (after - 1, after)
    }
    slots: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for number in sorted(near):
        clip, known = clips[number], takes[number].profile
        begin_s = (clip.start - clip.skip) / rate_hz
        for edge in (known.head, known.tail):
            for slot, level in _edge_slots(edge, begin_s):
                slots[slot][number] = level
    for levels in slots.values():
        if len(levels) > 1:
            yield [_EdgeWindow(number, level) for number, level in levels.items()]


def _edge_slots(edge: Edge, begin_s: float) -> Iterator[tuple[int, float]]:
    first = round((begin_s + edge.end_s) / STEP_S)
    for step, level in enumerate(edge.levels_lufs):
        if level > -math.inf:
            yield first + step, level


def _merge_windows(
    group: Sequence[_EdgeWindow], clips: Sequence[Clip], windows: list[Counter[float]]
) -> None:
    levels = [each.level_lufs + clips[each.clip].gain_db for each in group]
    for each in group:
        windows[each.clip][round(each.level_lufs / BIN_LU) * BIN_LU] -= 1
    loudest = group[levels.index(max(levels))].clip
    windows[loudest][energy_sum_db(*levels) - clips[loudest].gain_db] += 1
