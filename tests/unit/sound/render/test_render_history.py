"""When an edited mix keeps the gain of the one before."""

from dataclasses import replace

from hypothesis import given

from mixer.sound.render.render_history import reuse_mastering
from mixer.sound.timeline import Mastering, Timeline
from tests.timelines import timelines

NEW = Mastering(gain_db=4.0, target_lufs=-18.0, ceiling_dbtp=-1.0, limit_db=-4.0)


CHANGES = (
    ({"gain_db": 4.19}, True),
    ({"gain_db": 3.81, "limit_db": -4.1}, True),
    ({"gain_db": 4.21}, False),
    ({"gain_db": 3.79}, False),
    ({"target_lufs": -16.0}, False),
    ({"ceiling_dbtp": -3.0}, False),
    ({"limit_db": None}, False),
    ({"limit_db": -3.0}, False),
)
"""What was otherwise before, and whether it is kept."""


@given(timelines())
def test_gain_is_kept_while_target_and_ceiling_are_met(timeline: Timeline):
    assert reuse_mastering(timeline, None) is timeline
    assert reuse_mastering(timeline, timeline.mastering) == timeline
    timeline = replace(timeline, mastering=NEW)
    for before, kept in CHANGES:
        old = replace(NEW, **before)
        assert reuse_mastering(timeline, old).mastering == (old if kept else NEW), before
    unlimited = replace(timeline, mastering=replace(NEW, limit_db=None))
    assert reuse_mastering(unlimited, NEW).mastering == NEW  # no reason to render it again
