"""What a mix will measure, before a sample of it is rendered. Pure.

The takes' windows of momentary loudness add up to the mix's, with four things to be seen to:
windows that reach over two takes are one and not two; music lies under all of them and is alone
in the pauses; and what the limiter takes from the voice grows with the gain that is sought.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mixer.sound.loudness import (
    BIN_LU,
    STEP_S,
    WINDOW_S,
    Histogram,
    energy_sum_db,
    integrated_lufs,
    shifted,
)
from mixer.sound.measure import Measurement
from mixer.sound.profile import Edge, loss_db
from mixer.sound.timeline import Clip

Shares = Mapping[float, float]
"""What lies under the voice, in LUFS, by the share of the time for which it does; the rest is
silence."""

FINE_LU = 0.05
"""Bins of a sum: keeps it short however many takes are in it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A take's windows at its level in the mix, and what a limiter would take from them.

    Attributes:
        windows: before mastering, as heard in the mix's channels.
        peak_db: before mastering, in one channel.
        losses_db: see Profile.limited_db.
        energy: of all its samples, before mastering, in one channel.
        under: music and sounds under it, before mastering.
    """

    windows: Histogram
    peak_db: float
    losses_db: tuple[float, ...]
    energy: float
    under: Shares


@dataclass(frozen=True, slots=True)
class Sum:
    """Everything that counts in the loudness of a mix.

    Attributes:
        parts: of the voice.
        alone: windows of music and sounds where nobody speaks, before mastering.
        length: of the mix, in samples.
    """

    parts: tuple[Part, ...]
    alone: Mapping[float, float]
    length: int

    @property
    def voice_peak_db(self) -> float:
        """Of all parts, before mastering."""
        return max(part.peak_db for part in self.parts)

    def lufs(self, gain_db: float, limit_db: float | None) -> float | None:
        """Integrated loudness with a gain, and a limit on the voice; None for silence."""
        fine: defaultdict[tuple[int, float], float] = defaultdict(float)
        for part in self.parts:
            lost_db = _lost_db(part, gain_db, limit_db)
            bare = max(0.0, 1.0 - sum(part.under.values()))
            for level, count in part.windows.items():
                step = round((level - lost_db) / FINE_LU)
                fine[step, -math.inf] += count * bare
                for under_lufs, share in part.under.items():
                    fine[step, under_lufs] += count * share
        total: defaultdict[float, float] = defaultdict(float)
        total.update(self.alone)
        for (step, under_lufs), windows in fine.items():
            total[energy_sum_db(step * FINE_LU, under_lufs)] += windows
        before = integrated_lufs(total)
        return None if before is None else before + gain_db

    def rms_db(self, gain_db: float, limit_db: float | None) -> float:
        """Plain level of the voice over the whole length; -inf where nothing is known of it."""
        energy = sum(
            part.energy * 10 ** (-_lost_db(part, gain_db, limit_db) / 10) for part in self.parts
        )
        return 10 * math.log10(energy / self.length) + gain_db if energy else -math.inf


def _lost_db(part: Part, gain_db: float, limit_db: float | None) -> float:
    if limit_db is None:
        return 0.0
    return loss_db(part.losses_db, part.peak_db + gain_db - limit_db)


def foretold(
    clips: Sequence[Clip],
    takes: Sequence[Measurement],
    length: int,
    rate_hz: int,
    *,
    heard_as_db: float,
    under: Sequence[Shares],
    alone: Mapping[float, float],
) -> Sum:
    """The sum of a mix.

    Args:
        clips: with their gains.
        takes: what is known of each clip's recording.
        length: of the timeline, in samples.
        rate_hz: of the timeline.
        heard_as_db: what the mix's channels add to a voice that was measured in one.
        under: music and sounds under each clip.
        alone: windows of music and sounds in the pauses between the clips and inside them.
    """
    windows = [Counter(take.windows) for take in takes]
    for group in _shared(clips, takes, rate_hz):
        _merge(group, clips, windows)
    parts = (
        Part(
            windows=shifted(+own, clip.gain_db + heard_as_db),
            peak_db=clip.gain_db + take.true_peak_dbtp,
            losses_db=take.profile.limited_db,
            energy=_energy(clip, take, rate_hz),
            under=below,
        )
        for own, clip, take, below in zip(windows, clips, takes, under, strict=True)
    )
    return Sum(tuple(parts), alone, length)


def _energy(clip: Clip, take: Measurement, rate_hz: int) -> float:
    level_db = take.profile.rms_dbfs
    if level_db is None:
        return 0.0
    return take.duration_s * rate_hz * 10 ** ((level_db + clip.gain_db) / 10)


@dataclass(frozen=True, slots=True)
class _Reaching:
    """A window that reaches over the edge of a clip."""

    clip: int
    level_lufs: float


def _shared(
    clips: Sequence[Clip], takes: Sequence[Measurement], rate_hz: int
) -> Iterator[list[_Reaching]]:
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
            for slot, level in _slots(edge, begin_s):
                slots[slot][number] = level
    for levels in slots.values():
        if len(levels) > 1:
            yield [_Reaching(number, level) for number, level in levels.items()]


def _slots(edge: Edge, begin_s: float) -> Iterator[tuple[int, float]]:
    """The audible windows of an edge by the step of the mix in which they end."""
    first = round((begin_s + edge.end_s) / STEP_S)
    for step, level in enumerate(edge.levels_lufs):
        if level > -math.inf:
            yield first + step, level


def _merge(
    group: Sequence[_Reaching], clips: Sequence[Clip], windows: list[Counter[float]]
) -> None:
    """Take a group's windows from their clips, and give their sum to the loudest of them."""
    levels = [each.level_lufs + clips[each.clip].gain_db for each in group]
    for each in group:
        windows[each.clip][round(each.level_lufs / BIN_LU) * BIN_LU] -= 1
    loudest = group[levels.index(max(levels))].clip
    windows[loudest][energy_sum_db(*levels) - clips[loudest].gain_db] += 1
