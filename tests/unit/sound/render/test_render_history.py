"""When an edited mix keeps the gain of the one before."""

from dataclasses import replace

import pytest
from hypothesis import given

from mixer.sound.render.render_history import reuse_mastering
from mixer.sound.timeline import Mastering, Timeline
from tests.timelines import timelines

NEW = Mastering(gain_db=4.0, target_lufs=-18.0, ceiling_dbtp=-1.0, limit_db=-4.0)


@given(timelines())
def test_nothing_is_kept_where_there_was_nothing(timeline: Timeline):
    assert reuse_mastering(timeline, None) is timeline
    assert reuse_mastering(timeline, timeline.mastering) == timeline


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ({"gain_db": 4.19}, True),
        ({"gain_db": 3.81, "limit_db": -4.1}, True),
        ({"gain_db": 4.21}, False),
        ({"gain_db": 3.79}, False),
        ({"target_lufs": -16.0}, False),
        ({"ceiling_dbtp": -3.0}, False),
        ({"limit_db": None}, False),
        ({"limit_db": -3.0}, False),
    ],
)
@given(timeline=timelines())
def test_gain_is_kept_while_target_and_ceiling_are_met(
    timeline: Timeline, before: dict[str, float], kept: bool
):
    old = replace(NEW, **before)
    timeline = replace(timeline, mastering=NEW)
    assert reuse_mastering(timeline, old).mastering == (old if kept else NEW)


@given(timelines())
def test_a_limiter_that_was_needed_before_is_no_reason_to_render_anew(timeline: Timeline):
    timeline = replace(timeline, mastering=replace(NEW, limit_db=None))
    assert reuse_mastering(timeline, NEW).mastering == NEW
