"""Meters in parts against the plain sum, loop or interpolation that they stand for."""

import math
from fractions import Fraction

import numpy as np
import pytest

from mixer.sound.analysis.filters import BlockFilter, high_pass, k_weighting
from mixer.sound.analysis.meters import BinReducer, LevelMeter, LoudnessMeter, SilenceFinder
from mixer.sound.analysis.true_peak import TAPS, TruePeakMeter, design_interpolation

RATES_HZ = (8_000, 22_050, 24_000, 44_100, 48_000)


def make_noise(channels: int, samples: int, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((channels, samples)) * 0.1
    return noise.astype(np.float32)


def cut(samples: np.ndarray, *places: int) -> list[np.ndarray]:
    return np.split(samples, places, axis=1)


def filter_one_by_one(samples: np.ndarray, sections: tuple) -> np.ndarray:
    signal = samples.astype(float)
    for b0, b1, b2, a1, a2 in sections:
        state1 = state2 = 0.0
        for at, value in enumerate(signal):
            filtered = b0 * value + state1
            state1, state2 = b1 * value - a1 * filtered + state2, b2 * value - a2 * filtered
            signal[at] = filtered
    return signal


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_filter_in_blocks_is_the_recursion(rate_hz: int):
    sections = (*high_pass(rate_hz, 75.0), *k_weighting(rate_hz))
    sound = make_noise(2, 5_000)
    sound[:, 2_000:] += 0.5  # an offset stays longest in the memory of a high-pass
    block_filter = BlockFilter(sections, 2)
    parts = [block_filter.filter(part) for part in cut(sound, 7, 1_999, 2_050, 4_700)]
    whole = np.concatenate([*parts, block_filter.flush()], axis=1)
    assert whole.shape == sound.shape
    assert np.abs(whole[1] - filter_one_by_one(sound[1], sections)).max() < 1e-6


def interpolate_everything(sound: np.ndarray, rate_hz: int) -> float:
    weights = design_interpolation(rate_hz).weights
    padded = np.pad(sound, ((0, 0), (TAPS, TAPS)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, TAPS, axis=1)
    return max(float(np.abs(windows @ weights).max()), float(np.abs(sound).max()))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("kind", ["noise", "alternating", "pulse", "quiet then loud"])
def test_true_peak_is_that_of_every_moment(rate_hz: int, kind: str):
    sound = make_noise(2, 6_000, seed=rate_hz)
    if kind == "alternating":
        sound = np.sign(sound) * np.float32(0.5)  # the worst that samples can do between them
    elif kind == "pulse":
        sound *= 0.01
        sound[1, 63:65] = sound[0, -1] = 0.9  # across blocks, and at the very end
    elif kind == "quiet then loud":
        sound *= np.linspace(0.01, 1.0, 6_000, dtype=np.float32)
    meter = TruePeakMeter(rate_hz, 2)
    for part in cut(sound, 1, 100, 164, 3_000):
        meter.add(part)
    expected_db = 20 * math.log10(interpolate_everything(sound, rate_hz))
    assert meter.finish_dbtp() == pytest.approx(expected_db, abs=1e-3)


def test_silence_has_no_true_peak():
    meter = TruePeakMeter(44_100, 1)
    meter.add(np.zeros((1, 1_000), np.float32))
    assert meter.finish_dbtp() == -math.inf


def test_loudness_of_the_standards_sine_and_of_silence():
    at = np.arange(48_000) / 48_000
    sine = (np.sin(2 * np.pi * 997 * at) * 10 ** (-23 / 20)).astype(np.float32)
    meter = LoudnessMeter(48_000, 2)
    for part in cut(np.stack([sine, sine]), 10, 20_000):
        meter.add(part)
    windows = meter.finish_lufs()  # EBU Tech 3341, case 1: -23 LUFS
    assert windows[:3] == pytest.approx([-120.7] * 3, abs=0.1)
    assert windows[4:] == pytest.approx([-23.0] * 6, abs=0.05)


@pytest.mark.parametrize("size", [Fraction(63), Fraction(4_410), Fraction(4_032 * 480, 441)])
def test_bins_do_not_depend_on_the_parts(size: Fraction):
    values = make_noise(2, 30_000).astype(np.float64)
    reducer = BinReducer(np.add, size)
    for part in cut(values, 1, 62, 63, 10_000, 10_001):
        reducer.add(part)
    bounds = [int(number * size) for number in range(math.ceil(30_000 / size))]
    assert reducer.finish() == pytest.approx(np.add.reduceat(values.sum(axis=0), bounds))


def test_levels_are_of_all_channels():
    meter = LevelMeter(Fraction(100))
    meter.add(np.stack([np.full(150, 0.5), np.full(150, -0.25)]).astype(np.float32))
    lowest, highest, energies = meter.finish()
    assert (lowest.tolist(), highest.tolist()) == ([-0.25, -0.25], [0.5, 0.5])
    assert energies == pytest.approx([100 * 0.15625, 50 * 0.15625])


def test_silences_go_over_the_ends_of_parts():
    loud = np.ones((1, 1_000), np.float32)
    for begin, end in ((0, 50), (300, 400), (600, 605), (900, 1_000)):
        loud[:, begin:end] = 0
    finder = SilenceFinder(0.5, 20)
    for part in cut(loud, 10, 350, 399, 400, 950):
        finder.add(part)
    assert finder.finish() == [(0, 50), (300, 400), (900, 1_000)]
