"""How fast work was, and what that says of more of it."""

import pytest

from mixer.jobs.speed import LAST, Speed


def test_nothing_is_foretold_of_what_was_never_done():
    speed = Speed()
    speed.note("generative", 4, 8.0)
    assert speed.seconds("neural", 100) == 0.0


def test_what_was_measured_counts_instead_of_what_was_taken_for_it():
    speed = Speed({"mixing": 1 / 400})
    assert speed.seconds("mixing", 800) == pytest.approx(2.0)
    speed.note("mixing", 100, 1.0)
    assert speed.seconds("mixing", 800) == pytest.approx(8.0)


def test_the_best_of_the_last_measurements_counts():
    speed = Speed()
    for seconds in (1.0, 9.0, 3.0):
        speed.note("mixing", 1, seconds)
    assert speed.seconds("mixing", 2) == pytest.approx(2.0)
    for _ in range(LAST):
        speed.note("mixing", 1, 4.0)
    speed.note("mixing", 0, 5.0)
    assert speed.seconds("mixing", 2) == pytest.approx(8.0)
