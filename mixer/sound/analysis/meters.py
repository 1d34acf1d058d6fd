"""Meters for a sound that arrives in parts: loudness, levels of blocks, silences."""

import math
from fractions import Fraction

from mixer.sound.analysis.filters import BlockFilter, k_weighting
from mixer.sound.analysis.profile import RawStats
from mixer.sound.arithmetic import Places, Samples, Values, np
from mixer.sound.loudness import STEP_S, WINDOW_S

STEPS = round(WINDOW_S / STEP_S)
LOUDNESS_OFFSET_LU = -0.691
"""Source: ITU-R BS.1770-5, annex 1."""

NO_POWER = 1e-12
"""Added to each window's power, as FFmpeg's meter does: silence has a level, -120.7 LUFS."""


class BinReducer:
    """Reduces all channels to one value per bin by a NumPy function; bins are `size` samples long.

    Each channel is reduced by itself: to join channels sample by sample takes four times as long.
    """

    def __init__(self, reduce: "np.ufunc", size: Fraction) -> None:
        self._reduce, self._step, self._parts = reduce, size.numerator, size.denominator
        self._position = 0
        self._bins: list[Values] = []

    def add(self, values: Samples) -> None:
        """Reduce the next values, one per sample and channel."""
        count = values.shape[1]
        if not count:
            return
        first, last = self._find_bin(self._position), self._find_bin(self._position + count - 1)
        begins = np.arange(first, last + 1) * self._step // self._parts
        starts = np.maximum(begins - self._position, 0)
        channels = self._reduce.reduceat(values, starts, axis=1).astype(np.float64)
        reduced = self._reduce.reduce(channels, axis=0)
        if begins[0] < self._position:
            self._bins[-1][-1] = self._reduce(self._bins[-1][-1], reduced[0])
            reduced = reduced[1:]
        if len(reduced):
            self._bins.append(reduced)
        self._position += count

    def finish(self) -> Values:
        """The value of each bin; the last one may be short."""
        return np.concatenate(self._bins) if self._bins else np.zeros(0)

    def finish_full(self) -> Values:
        """The value of each complete bin."""
        return self.finish()[: self._find_bin(self._position)]

    def _find_bin(self, sample: int) -> int:
        """The bin that holds a sample; bins begin at whole multiples of the size, rounded down."""
        return -(-(sample + 1) * self._parts // self._step) - 1


class LoudnessMeter:
    """Momentary loudness (ITU-R BS.1770-5, annex 1): one window every `step` samples, 100 ms."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self.step = int(rate_hz * STEP_S)
        self._filter = BlockFilter(k_weighting(rate_hz), channels)
        self._energies = BinReducer(np.add, Fraction(self.step))

    def add(self, samples: Samples) -> None:
        """Measure the next samples."""
        self._add_filtered(self._filter.filter(samples))

    def finish_lufs(self) -> Values:
        """The loudness of each window; the first ones, which are not full, are silent."""
        self._add_filtered(self._filter.flush())
        energies = self._energies.finish_full()
        powers = np.zeros(len(energies))
        for back in range(STEPS):
            powers[STEPS - 1 :] += energies[STEPS - 1 - back : len(energies) - back]
        return LOUDNESS_OFFSET_LU + 10 * np.log10(powers / (STEPS * self.step) + NO_POWER)

    def _add_filtered(self, filtered: Samples) -> None:
        self._energies.add(filtered * filtered)


class RawMeter:
    """Length, offset and highest peak of a sound as it is."""

    def __init__(self) -> None:
        self.samples = 0
        self._sums: Values = np.zeros(1)
        self._peak, self._at_peak = 0.0, 0

    def add(self, samples: Samples) -> None:
        """Measure the next samples."""
        self.samples += samples.shape[1]
        self._sums = self._sums + samples.sum(axis=1, dtype=np.float64)
        peak = max(float(samples.max()), -float(samples.min()))
        if peak >= self._peak and peak > 0:
            count = int(np.count_nonzero(np.abs(samples) == np.float32(peak)))
            self._at_peak = count + (self._at_peak if peak == self._peak else 0)
            self._peak = peak

    def finish(self) -> RawStats:
        """The figures of the whole sound; those of the worst channel."""
        offset = float(np.abs(self._sums).max()) / max(1, self.samples)
        peak_dbfs = 20 * math.log10(self._peak) if self._peak else -math.inf
        return RawStats(self.samples, offset, peak_dbfs, self._at_peak)


class LevelMeter:
    """Peak and energy of blocks, over all channels."""

    def __init__(self, block_samples: Fraction) -> None:
        self._highest = BinReducer(np.maximum, block_samples)
        self._lowest = BinReducer(np.minimum, block_samples)
        self._energies = BinReducer(np.add, block_samples)
        self._channels = 1

    def add(self, samples: Samples) -> None:
        """Measure the next samples."""
        self._channels = len(samples)
        self._highest.add(samples)
        self._lowest.add(samples)
        self._energies.add(samples * samples)

    def finish(self) -> tuple[Values, Values, Values]:
        """The lowest and the highest sample of each block, and the mean energy of the channels."""
        energies = self._energies.finish() / self._channels
        return self._lowest.finish(), self._highest.finish(), energies


class SilenceFinder:
    """Finds the spans in which no channel reaches a threshold for some time.

    At the edges of a sound any quiet is a span.
    """

    def __init__(self, threshold: float, least_samples: int) -> None:
        self._threshold, self._least_samples = threshold, least_samples
        self._position, self._begin = 0, 0
        self._is_silent = False
        self._spans: list[tuple[int, int]] = []

    def add(self, samples: Samples) -> None:
        """Look at the next samples."""
        quiet = (samples < self._threshold) & (samples > -self._threshold)
        silent = np.logical_and.reduce(quiet, axis=0)
        before = np.concatenate([[self._is_silent], silent[:-1]])
        changes = np.flatnonzero(silent != before) + self._position
        if self._is_silent:
            changes = np.concatenate([[self._begin], changes])
        self._position += len(silent)
        self._is_silent = bool(silent[-1])
        if self._is_silent:
            self._begin, changes = int(changes[-1]), changes[:-1]
        self._keep(changes.reshape(-1, 2))

    def finish(self) -> list[tuple[int, int]]:
        """All spans, from their first sample to the one after their last."""
        if self._is_silent:
            self._is_silent = False
            self._spans.append((self._begin, self._position))
        return self._spans

    def _keep(self, spans: Places) -> None:
        long = spans[(spans[:, 1] - spans[:, 0] >= self._least_samples) | (spans[:, 0] == 0)]
        self._spans += [(begin, end) for begin, end in long.tolist()]
