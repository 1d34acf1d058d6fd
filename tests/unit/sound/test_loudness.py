"""Loudness as arithmetic, against the standard's own rules computed plainly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.loudness import (
    BIN_LU,
    amplitude,
    decibels,
    energy_sum_db,
    gate_lufs,
    histogram,
    integrated_lufs,
    shift_histogram,
)

windows = st.lists(st.floats(-90, 0), min_size=1, max_size=300)


def by_the_standard(momentary_lufs: list[float]) -> float | None:
    """ITU-R BS.1770-5, equations 5 to 7, without bins."""

    def mean(levels: list[float]) -> float:
        return 10 * math.log10(sum(10 ** (each / 10) for each in levels) / len(levels))

    audible = [each for each in momentary_lufs if each > -70]
    if not audible:
        return None
    gate = mean(audible) - 10
    return mean([each for each in audible if each > gate])


@given(st.lists(st.floats(-60, -20), min_size=1, max_size=50), st.floats(-25, -15))
def test_integrated_loudness_is_what_the_standard_asks_for(quiet: list[float], loud: float):
    momentary = [loud] * 200 + [each - 15 for each in quiet]  # clear of the gate, whatever the bins
    assert integrated_lufs(histogram(momentary)) == pytest.approx(
        by_the_standard(momentary), abs=BIN_LU / 2
    )


@given(windows, st.floats(-20, 20))
def test_gain_moves_loudness_by_itself(momentary: list[float], gain_db: float):
    audible = [max(each, -45.0) for each in momentary]
    found = integrated_lufs(histogram(audible))
    assert found is not None
    moved = integrated_lufs(shift_histogram(histogram(audible), gain_db))
    assert moved == pytest.approx(found + gain_db, abs=1e-6)


@given(windows)
def test_powers_are_gated_like_levels(momentary: list[float]):
    binned = histogram(momentary)
    levels, counts = (np.array([*each], np.float64) for each in (binned.keys(), binned.values()))
    expected = integrated_lufs(binned)
    found = gate_lufs(10 ** (levels / 10), counts)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-6))


@given(st.lists(st.floats(-200, -70.2), max_size=20))
def test_what_is_under_the_gate_has_no_loudness(momentary: list[float]):
    assert integrated_lufs(histogram([*momentary, -math.inf])) is None


def test_silence_between_words_does_not_count():
    speech_levels = [-20.0] * 50
    assert integrated_lufs(histogram([*speech_levels, *[-60.0] * 500])) == pytest.approx(-20.0)


@given(st.floats(-100, 40))
def test_factor_and_decibels_undo_each_other(gain_db: float):
    assert decibels(amplitude(gain_db)) == pytest.approx(gain_db)


def test_nothing_is_minus_infinity_decibels():
    assert decibels(0.0) == -math.inf


def test_two_equal_sounds_are_three_decibels_louder():
    assert energy_sum_db(-20.0, -20.0) == pytest.approx(-16.99, abs=0.01)
