"""Loudness as arithmetic: blocks, gating, and the loudness of a mix before it is rendered.

EBU R128 integrates momentary loudness (400 ms windows, one every 100 ms) with two gates, so a
histogram of the windows determines the loudness of a recording. Histograms add up: the loudness of
a mix follows from its parts' histograms and gains. Source: ITU-R BS.1770-5, annex 1; EBU Tech 3341.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixer.sound.arithmetic import Values

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0

STEP_S = 0.1
"""One momentary window ends every 100 ms (EBU Tech 3341)."""

WINDOW_S = 0.4
"""Length of a momentary window (EBU Tech 3341)."""

BIN_LU = 0.25
"""Width of a histogram's bins: accurate to 0.01 LU, and small enough to store with a chunk."""

FINE_BIN_LU = 0.01
"""For a finished mix, whose loudness is reported; a few windows at the gate can matter."""

Histogram = Mapping[float, int]
"""Number of momentary windows by loudness (middle of the bin, in LUFS)."""

SILENCE_DBFS = -50.0
"""Speech begins with the first sample above this and ends with the last, in recordings and in what
the embedded voices make: 30 dB below speech at the -20 LUFS at which those speak.
"""

DUAL_MONO_LU = 10 * math.log10(2)
"""A signal in two channels measures louder by this than in one: channel energies add up."""

LIMIT_STEPS_DB = (1.0, 2.0, 3.0, 4.5, 6.0, 9.0, 12.0, 16.0, 20.0)
"""Distances below the peak at which the limiter's loss is computed; linear in between."""


def histogram(momentary_lufs: Iterable[float], bin_lu: float = BIN_LU) -> Histogram:
    """Count momentary windows above the absolute gate."""
    from mixer.sound.arithmetic import np

    levels = np.fromiter(momentary_lufs, np.float64)
    bins = np.rint(levels[levels > ABSOLUTE_GATE_LUFS] / bin_lu)
    numbers, counts = np.unique(bins, return_counts=True)
    return Counter(dict(zip((numbers * bin_lu).tolist(), counts.tolist(), strict=True)))


def shift_histogram(windows: Histogram, gain_db: float) -> Histogram:
    """Apply a gain to a histogram."""
    return {level + gain_db: count for level, count in windows.items()}


def integrated_lufs(windows: Mapping[float, float]) -> float | None:
    """Gated loudness; None if nothing passes the gates. Counts may be fractions."""
    audible = [
        (level, count, count * 10 ** (level / 10))
        for level, count in windows.items()
        if level > ABSOLUTE_GATE_LUFS
    ]
    ungated = _mean_lufs(audible)
    if ungated is None:
        return None
    gate_lufs = ungated + RELATIVE_GATE_LU
    return _mean_lufs([each for each in audible if each[0] > gate_lufs])


def gate_lufs(powers: "Values", counts: "Values") -> float | None:
    """Gated loudness as `integrated_lufs`, of windows by their power."""
    from mixer.sound.arithmetic import np

    audible = powers > 10 ** (ABSOLUTE_GATE_LUFS / 10)
    if not counts[audible].any():
        return None
    ungated = np.average(powers[audible], weights=counts[audible])
    gated = powers > max(10 ** (ABSOLUTE_GATE_LUFS / 10), ungated * 10 ** (RELATIVE_GATE_LU / 10))
    return 10 * math.log10(np.average(powers[gated], weights=counts[gated]))


def energy_sum_db(*levels_db: float) -> float:
    """The level of uncorrelated sounds together; -inf if all are silent."""
    power = sum(10 ** (level / 10) for level in levels_db)
    return 10 * math.log10(power) if power else -math.inf


def amplitude(gain_db: float) -> float:
    """Convert a gain in dB to a factor."""
    return float(10 ** (gain_db / 20))


def decibels(factor: float) -> float:
    """Convert a factor to a gain in dB; -inf for zero."""
    return 20 * math.log10(factor) if factor > 0 else -math.inf


def _mean_lufs(windows: Sequence[tuple[float, float, float]]) -> float | None:
    """Average windows, each with its level, count and energy."""
    count = sum([each[1] for each in windows])
    return 10 * math.log10(sum([each[2] for each in windows]) / count) if count else None


RANGE_GATE_LU = -20.0
SHORT_TERM_S = 3.0
RANGE_SHARES = (0.10, 0.95)


def loudness_range_lu(momentary_lufs: Sequence[float]) -> float | None:
    """Loudness range (EBU Tech 3342); None if the recording is too short.

    Short-term loudness is the mean of the momentary windows that fill its three seconds.
    """
    from mixer.sound.arithmetic import np

    energies = 10 ** (np.fromiter(momentary_lufs, np.float64) / 10)
    side_by_side = range(0, round(SHORT_TERM_S / STEP_S) - 1, round(WINDOW_S / STEP_S))
    first = side_by_side[-1]
    if len(energies) <= first:
        return None
    sums = sum(energies[first - back : len(energies) - back] for back in side_by_side)
    powers = np.maximum(sums, 1e-12) / len(side_by_side)
    audible = powers[powers > 10 ** (ABSOLUTE_GATE_LUFS / 10)]
    if not audible.size:
        return None
    counted = np.sort(audible[audible > audible.mean() * 10 ** (RANGE_GATE_LU / 10)])
    low, high = (counted[round(share * (len(counted) - 1))] for share in RANGE_SHARES)
    return 10 * math.log10(high / low)


def limiter_loss_db(losses_db: Sequence[float], over_db: float) -> float:
    """A limiter's loss for a recording whose peak is this far above the limit."""
    if over_db <= 0 or not losses_db:
        return 0.0
    steps, losses = (0.0, *LIMIT_STEPS_DB), (0.0, *losses_db)
    for at in range(1, len(steps)):
        if over_db <= steps[at]:
            share = (over_db - steps[at - 1]) / (steps[at] - steps[at - 1])
            return losses[at - 1] + share * (losses[at] - losses[at - 1])
    return losses[-1] + over_db - steps[-1]
