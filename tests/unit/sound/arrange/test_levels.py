"""Every gain of a mix, decided from measurements alone."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.errors import BadInput
from mixer.sound.analysis.measurement import Measurement
from mixer.sound.analysis.profile import Profile
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.arrange.levels import (
    LIMITED_PEAK_MARGIN_DB,
    MAX_BOOST_DB,
    MAX_CUT_DB,
    OVERSAMPLED_PEAK_MARGIN_DB,
    PEAK_MARGIN_DB,
    VOICE_LUFS,
    clip_gains_db,
    music_gain_db,
    quantize_gain,
)
from mixer.sound.arrange.music_levels import pause_windows, speech_spans
from mixer.sound.arrange.placement import Take
from mixer.sound.formats.encoding import MP3, Encoding
from mixer.sound.loudness import DUAL_MONO_LU, amplitude
from mixer.sound.presets import PRESETS
from mixer.sound.timeline import Clip, Cue, Ramp, Timeline
from tests.timelines import build_measurement, timelines

RATE_HZ = 24_000
TOO_SHORT = Measurement(480, RATE_HZ, 1, -20.0, 0, 0, Counter())


def arrange_take(
    lufs: float, peak_dbtp: float, bed: Measurement | None = None, preset: str = "podcast"
) -> Timeline:
    take = Take("1", build_measurement(30.0, RATE_HZ, lufs, peak_dbtp), 1_000)
    music = SoundFile("music", bed) if bed else None
    return build_timeline([take], music, MixStyle(PRESETS[preset], MP3.level_offset_db))


@given(st.lists(st.floats(-31.9, -4), min_size=1, max_size=9), st.sampled_from([1, 2]))
def test_every_take_is_brought_to_one_loudness(levels_lufs: list[float], channels: int):
    takes = [build_measurement(5.0, RATE_HZ, lufs) for lufs in levels_lufs]
    heard_as = DUAL_MONO_LU if channels > 1 else 0.0
    for take, gain_db in zip(takes, clip_gains_db(takes, channels), strict=True):
        assert take.loudness_lufs is not None
        assert take.loudness_lufs + gain_db + heard_as == pytest.approx(VOICE_LUFS)


@pytest.mark.parametrize(("lufs", "gain_db"), [(-60.0, MAX_BOOST_DB), (10.0, -MAX_CUT_DB)])
def test_gains_are_bounded(lufs: float, gain_db: float):
    assert clip_gains_db([build_measurement(5.0, RATE_HZ, lufs)], 1) == [gain_db]


def test_take_too_short_to_measure_gets_the_gain_of_the_others():
    gains_db = clip_gains_db(
        [build_measurement(5.0, lufs=-30.0), TOO_SHORT, build_measurement(5.0, lufs=-24.0)], 1
    )
    assert gains_db == [10.0, 7.0, 4.0]
    assert clip_gains_db([TOO_SHORT], 1) == [0.0]


BED = Cue("music", 0, 60 * RATE_HZ, 0.0, 0, 0)


@pytest.mark.parametrize("level_lu", [6.0, 20.0, 40.0])
def test_music_lies_as_far_below_the_voice_as_asked(level_lu: float):
    music = SoundFile("music", build_measurement(9.0, 44_100, lufs=-14.0))
    gain_db = music_gain_db(music, [BED], [(0, 9 * RATE_HZ)], level_lu, RATE_HZ)
    assert -14.0 + DUAL_MONO_LU + gain_db == pytest.approx(VOICE_LUFS - level_lu, abs=0.026)


def test_what_plays_under_speech_decides_and_not_the_whole_track():
    loud_then_soft = [-10.0] * 300 + [-20.0] * 300
    known = replace(
        build_measurement(60.0, 44_100, lufs=-12.0),
        profile=Profile(momentary_lufs=tuple(loud_then_soft)),
    )
    speech = [[(5 * RATE_HZ, 25 * RATE_HZ)], [(35 * RATE_HZ, 55 * RATE_HZ)]]
    gains_db = [music_gain_db(SoundFile("m", known), [BED], each, 20.0, RATE_HZ) for each in speech]
    assert gains_db[1] - gains_db[0] == pytest.approx(10.0, abs=2.1)  # bounded by MAX_BED_CHANGE_DB


def test_loudness_of_looped_music_is_that_of_the_place_in_the_recording():
    levels = tuple(-30.0 + place / 7 for place in range(123))
    known = replace(
        build_measurement(12.0, 44_100, lufs=-12.0), profile=Profile(momentary_lufs=levels)
    )
    music = SoundFile("m", replace(known, lead_samples=4_410, tail_samples=4_410))
    looped_s = 11.8 - 3.0  # without the silence at its ends, and the crossfade
    played_s = np.array([0.0, 1.0, 11.0, 3.5 + looped_s, 3.5 + 3 * looped_s])
    places = [0, 10, 110, 35, 35]
    assert music.momentary_lufs(played_s).tolist() == [
        levels[6 + place] + music.dual_mono_db for place in places
    ]


def test_silent_music_is_refused_by_name():
    silent = Measurement(44_100, 44_100, 2, -70.0, 44_100, 44_100, Counter({-60.0: 9}))
    with pytest.raises(BadInput, match=r"song\.mp3"):
        music_gain_db(SoundFile("song.mp3", silent), [BED], [], 20.0, RATE_HZ)


@pytest.mark.parametrize(("noise_dbfs", "gain_db"), [(None, 12.0), (-55.0, 5.0), (-40.0, 0.0)])
def test_no_gain_lifts_a_recording_s_noise_into_hearing(noise_dbfs: float | None, gain_db: float):
    quiet = replace(build_measurement(5.0, lufs=-40.0), profile=Profile(noise_dbfs=noise_dbfs))
    assert clip_gains_db([quiet], 1) == [gain_db]


@pytest.mark.parametrize(("level_lu", "rise_db"), [(6.0, 6.0), (20.0, 24.0), (30.0, 24.0)])
def test_music_never_rises_over_the_voice(level_lu: float, rise_db: float):
    take = Take("1", build_measurement(30.0, RATE_HZ, -20.0, -8.0), 1_000)
    style = MixStyle(
        PRESETS["story"], MP3.level_offset_db, music_level_lu=level_lu, duck_db=24.0, outro_s=9.0
    )
    timeline = build_timeline(
        [take], SoundFile("music", build_measurement(60.0, 44_100, -14.0)), style
    )
    assert max(ramp.to_db for ramp in timeline.cues[0].ramps) == min(rise_db, level_lu)


@given(st.floats(-60, 60), st.floats(0, 0.001))
def test_an_edit_that_changes_next_to_nothing_leaves_the_gain(gain_db: float, change_db: float):
    assert quantize_gain(quantize_gain(gain_db) + change_db) == quantize_gain(gain_db)


@given(st.floats(-31, -10), st.sampled_from(sorted(PRESETS)))
def test_gain_brings_the_whole_to_the_target_before_the_encoder_changes_it(
    lufs: float, preset: str
):
    timeline = arrange_take(lufs, lufs + 3, preset=preset)
    mastering = timeline.mastering
    assert mastering.target_lufs == PRESETS[preset].mono_lufs
    assert VOICE_LUFS + mastering.gain_db + MP3.level_offset_db == pytest.approx(
        mastering.target_lufs, abs=0.06
    )


@pytest.mark.parametrize(
    ("kbps", "offset_db"), [(64, -0.445), (160, -0.445), (192, -0.264), (224, -0.175), (320, 0.0)]
)
def test_encoder_changes_the_level_by_its_bit_rate(kbps: int, offset_db: float):
    assert Encoding("mp3", kbps).level_offset_db == offset_db
    assert Encoding("m4b", kbps).level_offset_db == 0


@given(timelines())
def test_limiter_works_only_where_peaks_can_pass_and_leaves_them_room(timeline: Timeline):
    mastering = timeline.mastering
    if mastering.limit_db is not None:
        most_db = mastering.ceiling_dbtp - OVERSAMPLED_PEAK_MARGIN_DB
        assert mastering.limit_db <= most_db + 1e-9
        assert amplitude(mastering.limit_db) >= 0.49 * amplitude(
            mastering.ceiling_dbtp - LIMITED_PEAK_MARGIN_DB
        )


def test_quiet_peaks_need_no_limiter():
    assert arrange_take(-20.0, -10.0).mastering.limit_db is None
    assert arrange_take(-20.0, -1.0).mastering.limit_db == pytest.approx(
        -1.0 - OVERSAMPLED_PEAK_MARGIN_DB
    )


def test_music_takes_its_share_of_the_room():
    quiet = arrange_take(-20.0, 0.0, build_measurement(60.0, 44_100, -14.0, -1.0)).mastering
    loud = arrange_take(-20.0, 0.0, build_measurement(60.0, 44_100, -24.0, 0.0)).mastering
    assert quiet.limit_db is not None
    assert loud.limit_db is not None
    assert loud.limit_db < quiet.limit_db < -1.0 - PEAK_MARGIN_DB


def clip(start_s: float, end_s: float) -> Clip:
    start, end = round(start_s * RATE_HZ), round(end_s * RATE_HZ)
    return Clip("1", start, 0, end - start, 0.0, 0)


def windows(clips: list[Clip], cue: Cue, length_s: float) -> dict[float, int]:
    """Of a bed at -40 LUFS."""
    bed = SoundFile("music", build_measurement(999.0, 44_100, -40.0 - DUAL_MONO_LU))
    speech = [(each.start, each.end) for each in clips]
    found = pause_windows(speech, [cue], round(length_s * RATE_HZ), {"music": bed}, RATE_HZ)
    return {round(level): count for level, count in found.items()}


def test_bed_alone_counts_as_long_as_the_pauses_last():
    bed = Cue("music", 0, 20 * RATE_HZ, 0.0, 0, 0)
    assert windows([clip(5, 8), clip(9, 20)], bed, 20.0) == {-40: 46 + 6}


def test_bed_alone_is_as_loud_as_its_ramps_make_it():
    ramps = (Ramp(0, 0, 12.0), Ramp(5 * RATE_HZ, RATE_HZ // 10, 0.0))
    bed = Cue("music", 0, 20 * RATE_HZ, 0.0, 0, 0, ramps)
    found = windows([clip(8, 20)], bed, 20.0)
    assert found[-28] == pytest.approx(49, abs=1)
    assert found[-40] == pytest.approx(27, abs=1)


def test_bed_alone_fades_at_both_ends_of_the_whole():
    bed = Cue("music", 0, 10 * RATE_HZ, 0.0, 2 * RATE_HZ, 4 * RATE_HZ)
    found = windows([clip(4, 5)], bed, 10.0)
    assert max(found) == -40
    assert min(found) < -55


def test_no_music_leaves_no_windows():
    assert pause_windows([(RATE_HZ, 2 * RATE_HZ)], [], 5 * RATE_HZ, None, RATE_HZ) == {}


def test_long_pauses_inside_a_take_are_no_speech():
    pauses = ((2 * RATE_HZ, 3 * RATE_HZ), (5 * RATE_HZ, 7 * RATE_HZ))
    take = replace(build_measurement(10.0, RATE_HZ), profile=Profile(pauses=pauses))
    (first, second) = speech_spans([clip(1, 11)], [take], RATE_HZ)
    assert first == (RATE_HZ, round(6.1 * RATE_HZ))
    assert second == (round(7.9 * RATE_HZ), 11 * RATE_HZ)
