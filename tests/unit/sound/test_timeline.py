"""The Timeline as a value: whole samples, and the same again after it was stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mixer.sound.timeline import (
    FORMAT_VERSION,
    GRID_S,
    MIX_RATE_HZ,
    Timeline,
    rescale_samples,
)
from tests.timelines import RATES_HZ, timelines

STORED = TypeAdapter(Timeline)


@given(timelines(), st.integers(0, 10**7), st.integers(1, 10**6))
def test_everything_lies_inside_is_found_and_is_the_same_again(
    timeline: Timeline, begin: int, length: int
):
    assert STORED.validate_json(STORED.dump_json(timeline)) == timeline
    assert timeline.format_version == FORMAT_VERSION
    for part in (*timeline.clips, *timeline.cues):
        assert 0 <= part.start < part.end <= timeline.length
    assert all(cue.fade_in + cue.fade_out <= cue.length for cue in timeline.cues)
    assert timeline.channels == 2 or not timeline.cues
    begin %= timeline.length
    found = [clip for clip in timeline.clips if clip.start < begin + length and clip.end > begin]
    assert list(timeline.find_clips(begin, begin + length)) == found


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_grid_step_is_whole_samples_and_whole_frames(rate_hz: int):
    assert (GRID_S * rate_hz).denominator == 1
    assert rescale_samples(int(GRID_S * rate_hz), rate_hz, MIX_RATE_HZ) == 49 * 1_152


@given(st.integers(0, 10**9), st.sampled_from(RATES_HZ), st.sampled_from(RATES_HZ))
def test_another_rate_is_off_by_half_a_sample_at_most(samples: int, from_hz: int, to_hz: int):
    assert abs(rescale_samples(samples, from_hz, to_hz) * from_hz - samples * to_hz) <= from_hz / 2
