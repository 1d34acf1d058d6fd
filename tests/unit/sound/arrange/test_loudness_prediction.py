"""What a mix will measure, from what is known of its parts."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.analysis.measurement import Measurement
from mixer.sound.analysis.profile import Edge, LevelBlocks, Profile, limiter_losses_db
from mixer.sound.arrange.loudness_prediction import Background, predict_loudness
from mixer.sound.loudness import LIMIT_STEPS_DB, limiter_loss_db
from mixer.sound.timeline import Clip
from tests.timelines import build_measurement

RATE_HZ = 24_000
LOUD = -20.0


def take(seconds: float) -> Measurement:
    """A second and its edges, as windows over its ends would be measured."""
    rising = tuple(LOUD + 10 * math.log10(share / 4) for share in (1, 2, 3, 4, 4))
    whole = Counter({LOUD: round(seconds * 10) - 3})
    whole.update(round(level * 4) / 4 for level in (*rising[:3], *rising[:3]))
    profile = Profile(head=Edge(0.1, rising), tail=Edge(seconds - 0.1, rising[::-1]))
    return replace(build_measurement(seconds, RATE_HZ), windows=whole, profile=profile)


def predict_pair(gap_s: float, gain_db: float = 0.0) -> tuple[float, int]:
    """Loudness of two takes, and how many windows count."""
    length = 2 * RATE_HZ
    second = 2 * RATE_HZ + round(gap_s * RATE_HZ)
    clips = [Clip("a", 0, 0, length, gain_db, 0), Clip("b", second, 0, length, gain_db, 0)]
    expected = predict_loudness(
        clips,
        [take(2.0), take(2.0)],
        second + length,
        RATE_HZ,
        dual_mono_db=0.0,
        background=Background([{}, {}], {}),
    )
    found = expected.lufs(0.0, None)
    assert found is not None
    return found, sum(sum(part.windows.values()) for part in expected.parts)


def test_takes_that_touch_are_one_sound():
    loudness, count = predict_pair(0.0)
    assert loudness == pytest.approx(predict_pair(5.0)[0] + 0.3, abs=0.15)
    assert count == predict_pair(5.0)[1] - 3


@pytest.mark.parametrize(("gap_s", "shared"), [(0.1, 2), (0.2, 1), (0.3, 0), (0.4, 0), (1.0, 0)])
def test_the_closer_two_takes_are_the_more_windows_they_share(gap_s: float, shared: int):
    assert predict_pair(gap_s)[1] == predict_pair(5.0)[1] - shared


def test_gains_carry_over():
    assert predict_pair(0.1, -7.0)[0] == pytest.approx(predict_pair(0.1)[0] - 7.0, abs=0.05)


@given(st.lists(st.tuples(st.floats(-60, 0), st.floats(3, 20)), min_size=2, max_size=80))
def test_a_limiter_takes_the_more_the_lower_it_is(drawn: list[tuple[float, float]]):
    peaks_db, crests_db = np.array(drawn).T
    blocks = LevelBlocks(10 ** (peaks_db / 20), 10 ** ((peaks_db - crests_db) / 10))
    losses = limiter_losses_db(blocks, max(peak for peak, _ in drawn))
    assert len(losses) == len(LIMIT_STEPS_DB)
    assert list(losses) == sorted(losses)
    assert 0 <= losses[0] <= losses[-1] <= LIMIT_STEPS_DB[-1]


def test_what_lies_between_the_steps_is_foretold_on_a_straight_line():
    losses = tuple(step / 2 for step in LIMIT_STEPS_DB)
    for over_db in (0.5, 3.7, 11.0, 20.0):
        assert limiter_loss_db(losses, over_db) == pytest.approx(over_db / 2)
    assert limiter_loss_db(losses, 24.0) == pytest.approx(14.0)
    assert limiter_loss_db(losses, -3.0) == limiter_loss_db((), 5.0) == 0.0
