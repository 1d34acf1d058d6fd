"""How fast work was, and what that says of more of it."""

import pytest

from mixer.jobs.speed import Speed


def test_nothing_is_foretold_of_what_was_never_done():
    speed = Speed()
    speed.note("generative", 4, 8.0)
    assert speed.seconds("neural", 100) == 0.0


def test_what_was_measured_counts_instead_of_what_was_taken_for_it():
    speed = Speed({"mixing": 1 / 60})
    assert speed.seconds("mixing", 120) == pytest.approx(2.0)
    speed.note("mixing", 100, 1.0)
    assert speed.seconds("mixing", 120) == pytest.approx(1.2)


def test_later_measurements_count_more():
    speed = Speed()
    for seconds in (1.0, 1.0, 1.0, 3.0):
        speed.note("mixing", 1, seconds)
    assert speed.seconds("mixing", 1) == pytest.approx(2.0)
    speed.note("mixing", 0, 5.0)
    assert speed.seconds("mixing", 1) == pytest.approx(2.0)
