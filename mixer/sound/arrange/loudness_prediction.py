"""What a mix will measure, before a sample of it is rendered. Pure.

The takes' windows of momentary loudness add up to the mix's, with four things to be seen to:
windows that reach over two takes are one and not two; music plays under all of them and is alone
in the pauses; and what the limiter takes from the voice grows with the gain that is sought.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mixer.sound.analysis import BIN_LU, Edge, Histogram, Measurement
from mixer.sound.analysis.loudness import (
    STEP_S,
    WINDOW_S,
    energy_sum_db,
    integrated_lufs,
    shift_histogram,
)
from mixer.sound.analysis.profile import limiter_loss_db
from mixer.sound.timeline import Clip

LevelShares = Mapping[float, float]
"""What plays under the voice, in LUFS, by the share of the time for which it does; the rest is
silence."""

MODEL_BIN_LU = 0.05
"""Bins of a sum: keeps it short however many takes are in it."""


@dataclass(frozen=True, slots=True)
class TakeLoudness:
    """A take's windows at its level in the mix, and what a limiter would take from them.

    Attributes:
        windows: before mastering, as measured in the mix's channels.
        peak_db: before mastering, in one channel.
        losses_db: see Profile.limited_db.
        energy: of all its samples, before mastering, in one channel.
        background: music and sounds under it, before mastering.
    """

    windows: Histogram
    peak_db: float
    losses_db: tuple[float, ...]
    energy: float
    background: LevelShares


@dataclass(frozen=True, slots=True)
class LoudnessModel:
    """Everything that counts in the loudness of a mix.

    Attributes:
        unmixed: windows of music and sounds in pauses, before mastering.
        length: of the mix, in samples.
    """

    parts: tuple[TakeLoudness, ...]
    unmixed: Mapping[float, float]
    length: int

    @property
    def voice_peak_db(self) -> float:
        """Of all parts, before mastering."""
        return max(part.peak_db for part in self.parts)

    def lufs(self, gain_db: float, limit_db: float | None) -> float | None:
        """Integrated loudness with a gain, and a limit on the voice; None for silence."""
        fine: defaultdict[tuple[int, float], float] = defaultdict(float)
        for part in self.parts:
            lost_db = _limiter_loss_db(part, gain_db, limit_db)
            bare = max(0.0, 1.0 - sum(part.background.values()))
            for level, count in part.windows.items():
                step = round((level - lost_db) / MODEL_BIN_LU)
                fine[step, -math.inf] += count * bare
                for under_lufs, share in part.background.items():
                    fine[step, under_lufs] += count * share
        total: defaultdict[float, float] = defaultdict(float)
        total.update(self.unmixed)
        for (step, under_lufs), windows in fine.items():
            total[energy_sum_db(step * MODEL_BIN_LU, under_lufs)] += windows
        before = integrated_lufs(total)
        return None if before is None else before + gain_db

    def rms_db(self, gain_db: float, limit_db: float | None) -> float:
        """Plain level of the voice over the whole length; -inf where nothing is known of it."""
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
    """Music and sounds.

    Attributes:
        under_clips: their levels under each clip.
        in_pauses: their windows in the pauses between the clips and inside them.
    """

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
    """The sum of a mix.

    Args:
        clips: with their gains.
        takes: what is known of each clip's recording.
        length: of the timeline, in samples.
        dual_mono_db: what the mix's channels add to a voice that was measured in one.
        background: music and sounds.
    """
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
    """A window that reaches over the edge of a clip."""

    clip: int
    level_lufs: float


def _find_shared_windows(
    clips: Sequence[Clip], takes: Sequence[Measurement], rate_hz: int
) -> Iterator[list[_EdgeWindow]]:
    """Windows of several clips that are one window of the mix."""
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
    """The audible windows of an edge by the step of the mix in which they end."""
    first = round((begin_s + edge.end_s) / STEP_S)
    for step, level in enumerate(edge.levels_lufs):
        if level > -math.inf:
            yield first + step, level


def _merge_windows(
    group: Sequence[_EdgeWindow], clips: Sequence[Clip], windows: list[Counter[float]]
) -> None:
    """Take a group's windows from their clips, and give their sum to the loudest of them."""
    levels = [each.level_lufs + clips[each.clip].gain_db for each in group]
    for each in group:
        windows[each.clip][round(each.level_lufs / BIN_LU) * BIN_LU] -= 1
    loudest = group[levels.index(max(levels))].clip
    windows[loudest][energy_sum_db(*levels) - clips[loudest].gain_db] += 1
