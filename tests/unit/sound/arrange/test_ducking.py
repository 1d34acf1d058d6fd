"""When the bed gives way: properties of the ramps for every rhythm of speech."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.arrange.cues import Span, build_ramps
from mixer.sound.presets import RADIO, DuckingEnvelope
from mixer.sound.timeline import Ramp

RATE_HZ = 24_000
RISE_DB = 8.0
LEAST_PAUSE_S = RADIO.min_pause_s


@st.composite
def rhythms(draw: st.DrawFn) -> tuple[list[Span], Span]:
    """Speech in order, and a bed that need not begin or end with it."""
    at, speech = 0, []
    for _ in range(draw(st.integers(0, 12))):
        at += draw(st.integers(0, 3 * RATE_HZ))
        length = draw(st.integers(1, 5 * RATE_HZ))
        speech.append((at, at + length))
        at += length
    start = draw(st.integers(0, max(1, at)))
    return speech, (start, start + draw(st.integers(1, at + 5 * RATE_HZ)))


def level_db(at: int, bed: tuple[Ramp, ...]) -> float:
    """The bed's level at a sample."""
    level = 0.0
    for ramp in bed:
        if at < ramp.start:
            break
        share = 1.0 if at >= ramp.start + ramp.length else (at - ramp.start) / ramp.length
        level += (ramp.to_db - level) * share
    return level


@given(rhythms())
def test_bed_is_down_before_the_first_syllable_and_all_through_speech(
    rhythm: tuple[list[Span], Span],
):
    speech, bed = rhythm
    found = build_ramps(speech, bed, RISE_DB, RATE_HZ)
    for start, end in speech:
        first, last = max(start, bed[0]), min(end, bed[1]) - 1
        if first <= last:
            assert level_db(first, found) == level_db(last, found) == 0.0
            assert not any(first <= ramp.start <= last for ramp in found if ramp.start > bed[0])


@given(rhythms())
def test_ramps_are_in_order_inside_the_bed_and_never_overlap(rhythm: tuple[list[Span], Span]):
    speech, bed = rhythm
    found = build_ramps(speech, bed, RISE_DB, RATE_HZ)
    assert all(bed[0] <= ramp.start < bed[1] for ramp in found)
    assert all(a.start + a.length <= b.start for a, b in pairwise(found))
    assert [ramp.to_db for ramp in found] == [RISE_DB, 0.0] * (len(found) // 2) + [RISE_DB] * (
        len(found) % 2
    )


@given(rhythms())
def test_bed_that_never_rises_has_no_ramps(rhythm: tuple[list[Span], Span]):
    assert build_ramps(*rhythm, 0, RATE_HZ) == ()


@pytest.mark.parametrize(("pause_s", "rises"), [(0.2, 0), (0.84, 0), (0.86, 1), (5.0, 1)])
def test_only_long_pauses_let_the_bed_up(pause_s: float, rises: int):
    speech_end, total = RATE_HZ, 10 * RATE_HZ
    second = speech_end + round(pause_s * RATE_HZ)
    found = build_ramps([(0, speech_end), (second, total)], (0, total), RISE_DB, RATE_HZ)
    assert len(found) == 2 * rises
    if rises:
        up, down = found
        assert (up.start - speech_end) / RATE_HZ == pytest.approx(RADIO.hold_s)
        assert down.start + down.length == second


def test_bed_starts_raised_where_there_is_an_intro_and_rises_in_the_outro():
    found = build_ramps([(5 * RATE_HZ, 8 * RATE_HZ)], (0, 12 * RATE_HZ), RISE_DB, RATE_HZ)
    assert found[0] == Ramp(0, 0, RISE_DB)
    assert found[-1].to_db == RISE_DB
    assert len(found) == 3


def test_bed_without_speech_is_raised_throughout():
    assert build_ramps([], (100, 999_999), RISE_DB, RATE_HZ) == (Ramp(100, 0, RISE_DB),)


@pytest.mark.parametrize(("pause_s", "rises"), [(1.9, 0), (2.1, 1)])
def test_times_that_are_asked_for_are_kept(pause_s: float, rises: int):
    slow = DuckingEnvelope(attack_s=0.4, hold_s=0.6, release_s=1.0)
    second = RATE_HZ + round(pause_s * RATE_HZ)
    total = second + RATE_HZ
    found = build_ramps([(0, RATE_HZ), (second, total)], (0, total), RISE_DB, RATE_HZ, slow)
    assert len(found) == 2 * rises
    if rises:
        up, down = found
        assert (up.start, up.length) == (round(1.6 * RATE_HZ), RATE_HZ)
        assert (down.start + down.length, down.length) == (second, round(0.4 * RATE_HZ))
