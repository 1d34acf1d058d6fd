"""Music under sections: it covers the whole, crossfades where they meet, and ends in a fade."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.script.script import SoundKind
from mixer.sound.arrange.cues import (
    CROSSFADE_S,
    FADE_IN_S,
    MAX_FADE_OUT_SHARE,
    MusicBedStyle,
    place_cues,
)
from mixer.sound.arrange.placement import MusicRegion, SoundAnnotation
from mixer.sound.timeline import Clip, Cue, Timeline
from tests.timelines import timelines

RATE_HZ = 24_000


def cues(
    sections_s: list[float], length_s: float, clips: list[Clip] | None = None, fade_out_s: float = 5
) -> list[Cue]:
    starts = [round(start * RATE_HZ) for start in sections_s]
    length = round(length_s * RATE_HZ)
    played = SoundAnnotation("music", SoundKind.MUSIC)
    ends = [*starts[1:], length]
    music = [MusicRegion(played, start, end) for start, end in zip(starts, ends, strict=True)]
    spans = [(each.start, each.end) for each in clips or []]
    return list(place_cues(music, spans, length, MusicBedStyle(8.0, 20.0, fade_out_s, RATE_HZ)))


@given(timelines(with_sounds=False))
def test_music_covers_the_whole_and_every_section_begins_it_anew(timeline: Timeline):
    if timeline.cues:
        assert [cue.start for cue in timeline.cues] == [each.start for each in timeline.sections]
        assert timeline.cues[-1].end == timeline.length
        assert all(after.start <= before.end for before, after in pairwise(timeline.cues))


@given(timelines())
def test_ramps_stay_inside_their_cue_and_leave_speech_alone(timeline: Timeline):
    for cue in timeline.cues:
        assert all(cue.start <= ramp.start < cue.end for ramp in cue.ramps)
        assert all(a.start + a.length <= b.start for a, b in pairwise(cue.ramps))
        for clip in timeline.clips:
            assert not any(
                clip.start < ramp.start + ramp.length and ramp.start < clip.end
                for ramp in cue.ramps
                if ramp.length
            )


@given(timelines(with_sounds=False))
def test_fade_out_takes_a_third_of_the_length_at_most(timeline: Timeline):
    if timeline.cues:
        assert timeline.cues[-1].fade_out <= timeline.length * MAX_FADE_OUT_SHARE


def test_neighbours_crossfade():
    first, second = cues([0.0, 64.0], 128.0)
    assert (first.end - second.start) / RATE_HZ == CROSSFADE_S
    assert first.fade_out == second.fade_in == round(CROSSFADE_S * RATE_HZ)
    assert first.fade_in == round(FADE_IN_S * RATE_HZ)


@pytest.mark.parametrize("length_s", [0.1, 1.0, 2.0, 4.0])
def test_fades_of_a_short_mix_do_not_meet(length_s: float):
    (only,) = cues([0.0], length_s, fade_out_s=60.0)
    assert only.fade_in + only.fade_out <= only.length


@given(st.floats(0.1, 12))
def test_last_section_may_be_shorter_than_a_crossfade(last_s: float):
    first, second = cues([0.0, 6.4], 6.4 + last_s)
    assert first.end <= second.end == round((6.4 + last_s) * RATE_HZ)
    assert second.fade_in + second.fade_out <= second.length
