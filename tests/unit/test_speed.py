"""How fast work was, and what that says of more of it."""

import pytest

from mixer.stories.throughput import KEPT_SAMPLES, Throughput


def test_nothing_is_foretold_of_what_was_never_done():
    speed = Throughput()
    speed.record("generative", 4, 8.0)
    assert speed.predict_seconds("neural", 100) == 0.0


def test_what_was_measured_counts_instead_of_what_was_taken_for_it():
    speed = Throughput({"mixing": 1 / 400})
    assert speed.predict_seconds("mixing", 800) == pytest.approx(2.0)
    speed.record("mixing", 100, 1.0)
    assert speed.predict_seconds("mixing", 800) == pytest.approx(8.0)


def test_the_best_of_the_last_measurements_counts():
    speed = Throughput()
    for seconds in (1.0, 9.0, 3.0):
        speed.record("mixing", 1, seconds)
    assert speed.predict_seconds("mixing", 2) == pytest.approx(2.0)
    for _ in range(KEPT_SAMPLES):
        speed.record("mixing", 1, 4.0)
    speed.record("mixing", 0, 5.0)
    assert speed.predict_seconds("mixing", 2) == pytest.approx(8.0)
