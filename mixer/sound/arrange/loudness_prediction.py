"""Predicts the loudness of a mix before any of it is rendered. Pure.

The takes' windows of momentary loudness add up to the mix's, except that a window over two takes is
one, not two; that music plays under all takes and alone in the pauses; and that the limiter's loss
grows with the gain.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mixer.sound.analysis import Edge, Measurement
from mixer.sound.arithmetic import Places, Values, np
from mixer.sound.loudness import (
    BIN_LU,
    STEP_S,
    WINDOW_S,
    Histogram,
    energy_sum_db,
    gate_lufs,
    limiter_loss_db,
    shift_histogram,
)
from mixer.sound.timeline import Clip

LevelShares = Mapping[float, float]
"""Levels under the voice, in LUFS, to their share of the time; the rest is silence."""

MODEL_BIN_LU = 0.05
"""To which a take's levels are rounded, so that a limiter's loss of less changes nothing."""


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
class _MixedWindows:
    """Windows of all takes over each level that plays under them, one row for each pair.

    `takes` are the numbers of the takes, `powers` those of what plays under them.
    """

    levels_lufs: Values
    takes: Places
    powers: Values
    counts: Values

    @classmethod
    def of(cls, parts: Sequence[TakeLoudness]) -> "_MixedWindows":
        """Pair the windows of each part with the shares of its background."""
        windows = np.array([each for part in parts for each in part.windows.items()], np.float64)
        shares = np.array([each for part in parts for each in _list_shares(part)])
        takes = np.repeat(np.arange(len(parts)), [len(part.windows) for part in parts])
        widths = np.array([1 + len(part.background) for part in parts])
        first = np.cumsum(widths) - widths
        repeats = widths[takes]
        window = np.repeat(np.arange(len(takes)), repeats)
        share = np.arange(len(window)) + np.repeat(
            first[takes] - np.cumsum(repeats) + repeats, repeats
        )
        levels, counts = windows.reshape(-1, 2)[window].T
        return cls(
            levels,
            takes[window],
            10 ** (shares[share, 0] / 10),
            np.maximum(counts, 0.0) * shares[share, 1],
        )


def _list_shares(part: TakeLoudness) -> list[tuple[float, float]]:
    bare = max(0.0, 1.0 - sum(part.background.values()))
    return [(-math.inf, bare), *part.background.items()]


@dataclass(frozen=True)
class LoudnessModel:
    """Everything that affects the loudness of a mix of `length` samples.

    `unmixed` are windows of music and sounds in pauses, before mastering.
    """

    parts: tuple[TakeLoudness, ...]
    unmixed: Mapping[float, float]
    length: int

    @cached_property
    def _windows(self) -> _MixedWindows:
        return _MixedWindows.of(self.parts)

    @property
    def voice_peak_db(self) -> float:
        """Highest peak of all takes, before mastering."""
        return max(part.peak_db for part in self.parts)

    def lufs(self, gain_db: float, limit_db: float | None) -> float | None:
        """Integrated loudness with a gain, and a limit on the voice; None for silence."""
        mixed = self._windows
        lost_db = np.array([_limiter_loss_db(part, gain_db, limit_db) for part in self.parts])
        steps = np.rint((mixed.levels_lufs - lost_db[mixed.takes]) / MODEL_BIN_LU)
        unmixed = np.array([*self.unmixed.items()], np.float64).reshape(-1, 2)
        powers = 10 ** (steps * MODEL_BIN_LU / 10) + mixed.powers
        before = gate_lufs(
            np.concatenate([powers, 10 ** (unmixed[:, 0] / 10)]),
            np.concatenate([mixed.counts, unmixed[:, 1]]),
        )
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
    windows = [dict(take.windows) for take in takes]
    for group in _find_shared_windows(clips, takes, rate_hz):
        _merge_windows(group, clips, windows)
    parts = (
        TakeLoudness(
            windows=shift_histogram(own, clip.gain_db + dual_mono_db),
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
    group: Sequence[_EdgeWindow], clips: Sequence[Clip], windows: list[dict[float, int]]
) -> None:
    levels = [each.level_lufs + clips[each.clip].gain_db for each in group]
    for each in group:
        _add_window(windows[each.clip], round(each.level_lufs / BIN_LU) * BIN_LU, -1)
    loudest = group[levels.index(max(levels))].clip
    _add_window(windows[loudest], energy_sum_db(*levels) - clips[loudest].gain_db, 1)


def _add_window(windows: dict[float, int], level_lufs: float, count: int) -> None:
    windows[level_lufs] = windows.get(level_lufs, 0) + count
