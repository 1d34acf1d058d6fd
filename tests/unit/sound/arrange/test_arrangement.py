"""Music and sounds at their places: pauses grow for them, music makes room, chapters stay apart."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given

from mixer.boundaries import hash_fraction
from mixer.script.script import CuePlace, SoundKind, SoundShape
from mixer.sound.arrange.cues import (
    CROSSFADE_S,
    CUT_FADE_S,
    END_FADE_S,
    FADE_IN_S,
    STING_FADE_S,
    SoundFile,
)
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.arrange.levels import IN_PAUSE_PEAK_DB, UNDER_SPEECH_PEAK_DB, VOICE_LUFS
from mixer.sound.arrange.music_levels import ONE_SHOT_LU, STING_LU, UNDER_SPEECH_LU
from mixer.sound.arrange.music_places import list_music_places
from mixer.sound.arrange.placement import MusicPlace, SoundAnnotation, Take
from mixer.sound.formats.encoding import MP3
from mixer.sound.loudness import DUAL_MONO_LU
from mixer.sound.presets import PRESETS
from mixer.sound.timeline import Clip, Cue, Timeline
from tests.timelines import build_measurement, timelines

RATE_HZ = 44_100
SEA, WIND = SoundAnnotation("sea", SoundKind.MUSIC), SoundAnnotation("wind", SoundKind.MUSIC)
OFF = SoundAnnotation("", SoundKind.MUSIC)
STING, BELL = (
    SoundAnnotation("bell", SoundKind.STING),
    SoundAnnotation("bell", SoundKind.SOUND),
)
BELL_S = 2.0
KNOWN = {
    "theme": SoundFile("theme", build_measurement(30.0, 44_100, -14.0)),
    "sea": SoundFile("sea", build_measurement(30.0, 44_100, -24.0)),
    "wind": SoundFile("wind", build_measurement(30.0, 44_100, -20.0)),
    "bell": SoundFile("bell", build_measurement(BELL_S, 44_100, -24.0, -12.0)),
    "slam": SoundFile("slam", build_measurement(0.5, 44_100, -40.0, -1.0)),
}


def take(
    number: int,
    *marks: SoundAnnotation,
    opens: str | None = None,
    gap_ms: int = 1_000,
    seconds: float = 4,
) -> Take:
    return Take(
        f"{number}",
        build_measurement(seconds, RATE_HZ),
        gap_ms,
        chapter_title=opens,
        annotations=marks,
    )


def arrange_takes(takes: Sequence[Take], music: str = "", **style: Any) -> Timeline:
    asked = MixStyle(PRESETS["story"], MP3.level_offset_db, **style)
    return build_timeline(takes, KNOWN.get(music), asked, KNOWN)


def seconds(cue: Cue | Clip) -> tuple[float, float]:
    return round(cue.start / RATE_HZ, 2), round(cue.end / RATE_HZ, 2)


def beds(timeline: Timeline) -> list[Cue]:
    return [cue for cue in timeline.cues if not cue.plays_once]


def once(timeline: Timeline) -> list[Cue]:
    return [cue for cue in timeline.cues if cue.plays_once]


def test_a_sound_in_a_pause_makes_it_longer_by_its_length_and_lies_in_its_middle():
    plain, ringing = arrange_takes([take(1), take(2)]), arrange_takes([take(1, BELL), take(2)])
    (bell,) = once(ringing)
    first, second = ringing.clips
    later_s = (second.start - plain.clips[1].start) / RATE_HZ
    assert later_s == pytest.approx(BELL_S, abs=0.002)
    assert (bell.start - first.end) / RATE_HZ == pytest.approx(0.5, abs=0.002)
    assert (second.start - bell.end) / RATE_HZ == pytest.approx(0.5, abs=0.002)


def test_sounds_in_one_pause_follow_each_other():
    first, second = once(arrange_takes([take(1, BELL, STING), take(2)]))
    assert (second.start - first.end) / RATE_HZ == pytest.approx(0.3, abs=0.001)


def test_a_sound_before_the_first_word_moves_it_back():
    early = SoundAnnotation("bell", SoundKind.SOUND, CuePlace.BEFORE)
    timeline = arrange_takes([take(1, early)])
    (bell,) = once(timeline)
    assert bell.start == round(PRESETS["story"].margin_s[0] * RATE_HZ)
    assert timeline.clips[0].start > bell.end


def test_a_sound_within_a_take_begins_at_its_word_and_moves_nothing():
    under = SoundAnnotation("bell", SoundKind.SOUND, CuePlace.WITHIN, at_samples=RATE_HZ)
    plain, timeline = arrange_takes([take(1), take(2)]), arrange_takes([take(1, under), take(2)])
    (bell,) = once(timeline)
    assert bell.start - timeline.clips[0].start == RATE_HZ
    assert [clip.start for clip in timeline.clips] == [clip.start for clip in plain.clips]


def test_a_sound_at_the_end_is_heard_to_its_end():
    timeline = arrange_takes([take(1, BELL)], outro_s=0.0)
    assert once(timeline)[0].end <= timeline.length


def test_music_makes_room_for_a_sting_and_comes_back():
    timeline = arrange_takes([take(1, STING), take(2)], "theme")
    before, after = beds(timeline)
    (sting,) = once(timeline)
    assert before.end == sting.start
    assert after.start == sting.end
    assert before.fade_out == round(STING_FADE_S * RATE_HZ)
    assert after.fade_in == round(FADE_IN_S * RATE_HZ)


def test_music_goes_on_low_under_a_sound():
    (bed,) = beds(arrange_takes([take(1, BELL, gap_ms=3_000), take(2)], "theme"))
    (bell,) = once(arrange_takes([take(1, BELL, gap_ms=3_000), take(2)], "theme"))
    risen, level = [], 0.0
    for ramp in bed.ramps:
        risen.append((ramp.start, level, ramp.to_db))
        level = ramp.to_db
    assert not any(bell.start <= start < bell.end and to_db > 0 for start, _, to_db in risen)
    held = [to_db for start, _, to_db in risen if start <= bell.start]
    assert held[-1] == 0.0


def test_music_ends_where_the_author_says_and_fades_from_there():
    timeline = arrange_takes([take(1, OFF), take(2)], "theme")
    (bed,) = beds(timeline)
    assert bed.end == timeline.clips[0].end + round(END_FADE_S * RATE_HZ)
    assert bed.fade_out == round(END_FADE_S * RATE_HZ)


def test_other_music_crossfades():
    timeline = arrange_takes([take(1, SEA), take(2)], "theme")
    theme, sea = beds(timeline)
    assert (theme.source, sea.source) == ("theme", "sea")
    assert sea.start == timeline.clips[0].end
    assert theme.end - sea.start == theme.fade_out == sea.fade_in == round(CROSSFADE_S * RATE_HZ)


def test_a_chapter_s_music_begins_with_the_chapter_wherever_its_mark_stands():
    of_chapter = SoundAnnotation("sea", SoundKind.MUSIC, CuePlace.BEFORE)
    behind = [take(1, SEA), take(2, opens="Two")]
    before = [take(1), take(2, of_chapter, opens="Two")]
    for takes in (behind, before):
        timeline = arrange_takes(takes, "theme")
        theme, sea = beds(timeline)
        assert sea.start == timeline.sections[1].start == timeline.clips[1].start
        assert theme.end == sea.start + sea.fade_in


def test_music_goes_on_over_chapters_and_each_begins_it_anew():
    takes = [take(1, SEA), take(2), take(3, opens="Two"), take(4, OFF, opens="Three"), take(5)]
    timeline = arrange_takes(takes)
    starts = [timeline.clips[0].end, timeline.clips[2].start, timeline.clips[3].start]
    assert [cue.start for cue in beds(timeline)] == starts
    assert {cue.source for cue in beds(timeline)} == {"sea"}


NAMES = [name for name in map(str, range(30)) if hash_fraction(name) > 0.5]
"""Of recordings after which music does not begin again."""


def lay_out_chapter(seconds: Sequence[float], kept: Mapping[str, MusicPlace]) -> Timeline:
    """Takes that each are a section, with a pause in which the music rises."""
    takes = [
        Take(name, build_measurement(each), 1_500, ends_paragraph=True)
        for name, each in zip(NAMES, seconds, strict=False)
    ]
    style = MixStyle(PRESETS["story"], kept_music=kept)
    return build_timeline(takes, SoundFile("theme", build_measurement(50.0, 44_100)), style)


@pytest.mark.parametrize("changed_s", [35.0, 41.3])
def test_music_plays_on_in_a_chapter_and_keeps_its_place_behind_an_edit(changed_s: float):
    first = lay_out_chapter([31.0, 35.0, 40.0, 31.0], {})
    for before, after in pairwise(first.cues):
        assert (after.start, after.skip) == (before.end, before.end)
        assert before.fade_out == after.fade_in == 0
        assert before.ramps[-1].to_db == 0
        assert before.gain_db == after.gain_db
    second = lay_out_chapter([31.0, changed_s, 40.0, 31.0], list_music_places(first))
    assert [cue.skip for cue in second.cues] == [cue.skip for cue in first.cues]
    joins = [round(CROSSFADE_S * 44_100) if changed_s != 35.0 else 0]
    assert [cue.fade_out for cue in second.cues[:-1]] == [0, *joins, 0]
    assert [cue.fade_in for cue in second.cues[1:]] == [0, *joins, 0]


def test_places_of_music_are_known_where_one_recording_opens_one_section():
    one, two, three, *_ = NAMES
    takes = [
        Take(source, build_measurement(31.0), 700, ends_paragraph=True)
        for source in (one, two, one, three)
    ]
    theme = SoundFile("theme", build_measurement(50.0, 44_100))
    timeline = build_timeline(takes, theme, MixStyle(PRESETS["story"]))
    assert list(list_music_places(timeline)) == [two, three]
    moved = dict.fromkeys(NAMES, MusicPlace(7, None))
    again = build_timeline(takes, theme, MixStyle(PRESETS["story"], kept_music=moved))
    assert [cue.skip for cue in again.cues] == [0, 7, 7 + again.cues[1].length, 7]


def test_between_chapters_a_sting_is_alone_up_to_the_next_chapter():
    timeline = arrange_takes([take(1, STING), take(2, opens="Two")], "theme")
    (sting,) = once(timeline)
    first, second = beds(timeline)
    assert first.end == sting.start
    assert second.start == timeline.sections[1].start > sting.end


@pytest.mark.parametrize(("level_lu", "expected"), [(None, -20.0), (-12.0, -12.0)])
def test_a_bed_lies_at_its_own_level(level_lu: float | None, expected: float):
    mark = SoundAnnotation("sea", SoundKind.MUSIC, CuePlace.BEFORE, level_lu=level_lu)
    (bed,) = beds(arrange_takes([take(1, mark)], music_level_lu=20.0))
    assert -24.0 + DUAL_MONO_LU + bed.gain_db == pytest.approx(VOICE_LUFS + expected, abs=0.026)


@pytest.mark.parametrize(
    ("mark", "level_lu"),
    [
        (STING, STING_LU),
        (BELL, ONE_SHOT_LU),
        (
            SoundAnnotation("bell", SoundKind.SOUND, CuePlace.WITHIN, RATE_HZ),
            UNDER_SPEECH_LU,
        ),
        (SoundAnnotation("bell", SoundKind.SOUND, level_lu=-20.0), -20.0),
    ],
)
def test_a_sound_lies_at_its_level_against_the_voice(mark: SoundAnnotation, level_lu: float):
    (bell,) = once(arrange_takes([take(1, mark), take(2)]))
    assert -24.0 + DUAL_MONO_LU + bell.gain_db == pytest.approx(VOICE_LUFS + level_lu, abs=0.026)


@pytest.mark.parametrize(
    ("where", "highest_db"),
    [(CuePlace.AFTER, IN_PAUSE_PEAK_DB), (CuePlace.WITHIN, UNDER_SPEECH_PEAK_DB)],
)
def test_a_hard_sound_is_made_softer(where: CuePlace, highest_db: float):
    (slam,) = once(
        arrange_takes(
            [take(1, SoundAnnotation("slam", SoundKind.SOUND, where, 9), seconds=9), take(2)]
        )
    )
    assert slam.gain_db - 1.0 == pytest.approx(highest_db, abs=0.026)


def test_an_edit_in_one_chapter_moves_the_sounds_of_the_next_by_whole_frames():
    sounding = SoundAnnotation("bell", SoundKind.SOUND, CuePlace.WITHIN, at_samples=RATE_HZ)
    rest = [take(3, sounding, BELL, opens="Two"), take(4, STING), take(5, OFF), take(6)]
    grid = MP3.stream.section_grid
    before = arrange_takes([take(1, SEA), take(2), *rest], section_grid=grid)
    after = arrange_takes([take(1, SEA), take(2, seconds=9.3), *rest], section_grid=grid)
    shift = after.sections[1].start - before.sections[1].start
    assert shift > 0
    assert shift % grid == 0

    def of_second(timeline: Timeline) -> list[tuple[Cue, int]]:
        start = timeline.sections[1].start
        return [(cue, cue.start - start) for cue in timeline.cues if cue.start >= start]

    assert [at for _, at in of_second(before)] == [at for _, at in of_second(after)]


@given(timelines())
def test_no_sound_in_a_pause_lies_over_a_word(timeline: Timeline):
    for before, after in pairwise(timeline.clips):
        for cue in once(timeline):
            if before.end <= cue.start < after.start:
                assert cue.end <= after.start


@given(timelines())
def test_beds_overlap_only_to_crossfade(timeline: Timeline):
    ordered = sorted(beds(timeline), key=lambda cue: cue.start)
    for before, after in pairwise(ordered):
        assert before.start < after.start
        assert before.end - after.start <= CROSSFADE_S * timeline.rate_hz


INTRO = SoundAnnotation("theme", SoundKind.MUSIC, CuePlace.BEFORE, shape=SoundShape(intro_s=8.0))


def test_music_of_the_beginning_plays_alone_for_its_intro():
    timeline = arrange_takes([take(1, INTRO), take(2)])
    margin_s = PRESETS["story"].margin_s[0]
    assert timeline.clips[0].start / RATE_HZ == pytest.approx(8.0 + margin_s, abs=0.01)
    assert beds(timeline)[0].start == 0
    asked = arrange_takes([take(1, INTRO), take(2)], intro_s=3.0)
    assert asked.clips == timeline.clips


def test_music_of_a_chapter_begins_with_it_and_plays_alone_for_its_intro():
    timeline = arrange_takes([take(1), take(2, INTRO, opens="Two"), take(3)])
    bed, chapter = beds(timeline)[0], timeline.sections[1]
    assert bed.start == chapter.start
    assert (timeline.clips[1].start - chapter.start) / RATE_HZ == pytest.approx(8.0, abs=0.01)
    assert timeline.clips[0].end < chapter.start
    assert len(beds(timeline)) == 1


@pytest.mark.parametrize("place", [CuePlace.AFTER, CuePlace.BEFORE])
def test_music_within_a_chapter_plays_alone_in_a_longer_pause(place: CuePlace):
    mark = replace(INTRO, place=place)
    takes = [take(1, mark), take(2)] if place is CuePlace.AFTER else [take(1), take(2, mark)]
    plain, timeline = arrange_takes([take(1), take(2)]), arrange_takes(takes)
    bed, later = beds(timeline)[0], timeline.clips[1].start - plain.clips[1].start
    assert later / RATE_HZ == pytest.approx(8.0, abs=0.01)
    assert (timeline.clips[1].start - bed.start) / RATE_HZ >= 8.0 - 0.01
    assert bed.start >= timeline.clips[0].end


def test_sting_is_cut_to_its_length_and_fades():
    cut = replace(STING, shape=SoundShape(length_s=1.0))
    (sting,) = once(arrange_takes([take(1, cut), take(2)]))
    assert sting.length / RATE_HZ == pytest.approx(1.0, abs=0.001)
    assert sting.fade_out == pytest.approx(CUT_FADE_S * RATE_HZ, abs=1)
    (whole,) = once(arrange_takes([take(1, replace(STING, shape=SoundShape(length_s=59.0)))]))
    assert whole.length / RATE_HZ == pytest.approx(BELL_S, abs=0.001)


def test_fades_are_those_of_the_text():
    shape = SoundShape(fade_in_s=2.5, fade_out_s=4.0)
    mark = SoundAnnotation("theme", SoundKind.MUSIC, shape=shape)
    takes = [take(1, mark), take(2, seconds=20), take(3, OFF, opens="Two"), take(4, seconds=20)]
    first, last = beds(arrange_takes(takes))
    assert first.fade_in == round(2.5 * RATE_HZ)
    assert first.fade_out == round(CROSSFADE_S * RATE_HZ)  # into its own next section
    assert last.fade_out == round(4.0 * RATE_HZ)
    (sting,) = once(arrange_takes([take(1, replace(STING, shape=SoundShape(fade_in_s=0.5)))]))
    assert sting.fade_in == round(0.5 * RATE_HZ)
