"""When a mix is rendered once more, and that it ends."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.analysis.verification import Verification
from mixer.sound.loudness import ABSOLUTE_GATE_LUFS
from mixer.sound.render.mixdown import (
    MAX_ATTEMPTS,
    REUSED_TOLERANCE_LU,
    TOLERANCE_LU,
    Mixdown,
    RenderAttempt,
    render_to_target,
    target_error_lu,
)
from mixer.sound.timeline import Mastering, Timeline

TARGET_LUFS, OFFSET_DB = -18.0, -0.445
BARE_LUFS = -20.0
"""What the mix is predicted to measure without any gain."""


def lay_out(prediction_error_lu: float, most_db: float = 99.0) -> Timeline:
    gain_db = TARGET_LUFS - OFFSET_DB - BARE_LUFS - prediction_error_lu
    mastering = Mastering(min(gain_db, most_db), TARGET_LUFS, -1.0, None)
    return Timeline(24_000, 24_000, 1, (), (), (), mastering)


class Studio:
    """Renders nothing but what a mix measures."""

    def __init__(self, measured: Callable[[float], float]) -> None:
        self.gains_db: list[float] = []
        self._measured = measured

    def render(self, timeline: Timeline) -> Mixdown:
        self.gains_db.append(timeline.mastering.gain_db)
        lufs = self._measured(timeline.mastering.gain_db) + OFFSET_DB
        return Mixdown(Verification(lufs if lufs > ABSOLUTE_GATE_LUFS else None, 0.0, (), ()))


@given(st.floats(-6, 6))
def test_what_was_foretold_wrongly_is_right_the_second_time(really_lu: float):
    studio = Studio(lambda gain_db: BARE_LUFS + really_lu + gain_db)
    look = render_to_target(lay_out, studio.render)
    assert target_error_lu(look) == pytest.approx(0.0, abs=TOLERANCE_LU + 1e-9)
    assert len(studio.gains_db) == (1 if abs(really_lu) <= TOLERANCE_LU else 2)


@given(st.floats(-6, 6), st.floats(0.4, 1.5))
def test_a_limiter_that_takes_a_share_is_caught_up_with(really_lu: float, slope: float):
    start_db = lay_out(0.0).mastering.gain_db
    studio = Studio(lambda gain: BARE_LUFS + really_lu + start_db + slope * (gain - start_db))
    look = render_to_target(lay_out, studio.render)
    assert abs(target_error_lu(look)) <= max(TOLERANCE_LU, abs(really_lu) * 0.6**3 + 1e-9)
    assert len(studio.gains_db) <= MAX_ATTEMPTS


def test_what_no_gain_can_mend_is_given_up():
    deaf = Studio(lambda _: TARGET_LUFS - OFFSET_DB - 2.0)
    render_to_target(lay_out, deaf.render)
    assert len(deaf.gains_db) == 2
    spent = Studio(lambda gain_db: BARE_LUFS - 1.0 + gain_db)
    render_to_target(lambda off: lay_out(off, most_db=2.445), spent.render)
    assert len(spent.gains_db) == 1


def test_silence_is_rendered_once():
    silent = Studio(lambda _: -90.0)
    assert target_error_lu(render_to_target(lay_out, silent.render)) == 0.0
    assert len(silent.gains_db) == 1


@given(st.floats(-0.2, 0.2), st.floats(-3, 3))
def test_a_gain_kept_from_before_is_mended_from_where_it_is(kept_db: float, really_lu: float):
    def before(timeline: Timeline) -> Timeline:
        gain_db = timeline.mastering.gain_db + kept_db
        return replace(timeline, mastering=replace(timeline.mastering, gain_db=gain_db))

    studio = Studio(lambda gain_db: BARE_LUFS + really_lu + gain_db)
    look = render_to_target(lay_out, studio.render, reuse=before)
    assert studio.gains_db[0] == pytest.approx(lay_out(0.0).mastering.gain_db + kept_db)
    assert abs(target_error_lu(look)) <= REUSED_TOLERANCE_LU
    assert len(studio.gains_db) <= 2


def test_the_next_version_begins_with_what_was_learnt():
    studio = Studio(lambda gain_db: BARE_LUFS - 1.5 + gain_db)
    first = render_to_target(lay_out, studio.render)
    again = render_to_target(lay_out, studio.render, prediction_error_lu=first.prediction_error_lu)
    assert first.prediction_error_lu == pytest.approx(-1.5)
    assert (len(studio.gains_db), studio.gains_db[2]) == (3, studio.gains_db[1])
    assert isinstance(again, RenderAttempt)
