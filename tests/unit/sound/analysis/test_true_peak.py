"""The true peak of a sound in pieces is that of the whole."""

import math

import numpy as np
import pytest

from mixer.sound.analysis.true_peak import OPEN_SAMPLES, TruePeakMeter

RATE_HZ = 44_100
LENGTH = 20_000


def measure_dbtp(sound: np.ndarray) -> float:
    meter = TruePeakMeter(RATE_HZ, len(sound))
    meter.add(sound)
    return meter.finish_dbtp()


@pytest.mark.parametrize("cut", [7_001, 7_013, 7_200, 9_999])
def test_a_cut_in_the_midst_of_a_sound_adds_no_peak(cut: int):
    """Silence behind the cut would: the sound would stop at once."""
    turns = 2 * math.pi * 3_000 * np.arange(LENGTH) / RATE_HZ
    fade = np.clip(np.arange(LENGTH) / 2_000, 0, 0.5) * (np.arange(LENGTH) < LENGTH - 500)
    sound = (np.stack([np.sin(turns), np.cos(turns)]) * fade).astype(np.float32)
    first = TruePeakMeter(RATE_HZ, 2)
    first.add(sound[:, :cut])
    rest = TruePeakMeter(RATE_HZ, 2, follows=True)
    rest.add(sound[:, cut - OPEN_SAMPLES :])
    parts = [first.finish_dbtp(is_followed=True), rest.finish_dbtp()]
    steady_dbtp = 20 * math.log10(0.5)
    assert parts[0] == pytest.approx(steady_dbtp, abs=0.01)
    assert parts[1] == pytest.approx(measure_dbtp(sound), abs=0.001)


@pytest.mark.parametrize("offset", range(-200, 201, 8))
def test_a_peak_at_a_cut_is_found_by_one_side(offset: int):
    cut = LENGTH // 2
    sound = np.zeros((1, LENGTH), np.float32)
    sound[0, cut + offset : cut + offset + 2] = 0.9  # higher between the two
    first = TruePeakMeter(RATE_HZ, 1)
    first.add(sound[:, :cut])
    rest = TruePeakMeter(RATE_HZ, 1, follows=True)
    rest.add(sound[:, cut - OPEN_SAMPLES :])
    found = max(first.finish_dbtp(is_followed=True), rest.finish_dbtp())
    assert found == pytest.approx(measure_dbtp(sound), abs=1e-4)
    assert found > 20 * math.log10(0.9) + 1
