"""Segments: every sample belongs to one, and rendering begins where frames line up."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mixer.requests import PresetName
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.arrange.music_places import list_music_places
from mixer.sound.arrange.placement import Take
from mixer.sound.formats.encoding import MP3, Encoding
from mixer.sound.presets import PRESETS
from mixer.sound.render.bed import predict_bed
from mixer.sound.render.segment_cache import segment_cache_key
from mixer.sound.render.segments import (
    CUT_GRIDS,
    HEAD_GRIDS,
    MAX_CLIPS,
    POSTROLL_S,
    PREROLL_S,
    PREROLL_SOUND_S,
    PREROLL_STEP_S,
    Segment,
    cut_timeline,
)
from mixer.sound.timeline import GRID_S, Clip, Section, Timeline
from tests.timelines import RATES_HZ, build_measurement, timelines

grids = st.integers(1, 30)


@pytest.fixture
def first_timeline() -> Timeline:
    """Two seconds."""
    take = Take("0", build_measurement(2.0), 0)
    return build_timeline([take], None, MixStyle(PRESETS["story"], MP3.level_offset_db))


@given(timelines(), grids)
def test_segments_cover_all_are_cut_at_steps_and_begin_early_enough(timeline: Timeline, grids: int):
    segments = cut_timeline(timeline, grids)
    check_order(timeline, segments, grids)
    check_cuts(timeline, {segment.start for segment in segments})
    for segment in segments:
        check_window(timeline, segment)
    (only,) = cut_timeline(timeline, None)
    assert (only.window_start, only.start) == (0, 0)
    assert only.end == only.window_end == timeline.length


def check_order(timeline: Timeline, segments: Sequence[Segment], grids: int) -> None:
    assert segments[0].start == 0
    assert segments[-1].end == timeline.length
    assert all(before.end == after.start for before, after in pairwise(segments))
    assert [segment.is_last for segment in segments] == [False] * (len(segments) - 1) + [True]
    # sections are cut into equal parts, at multiples of CUT_GRIDS
    longest = (1.5 * grids + 2 + CUT_GRIDS + HEAD_GRIDS) * timeline.grid
    assert all(0 < segment.end - segment.start <= longest for segment in segments)


def check_cuts(timeline: Timeline, starts: set[int]) -> None:
    """A short section has no head: it is cut where it begins, or a step before."""
    unit, grid = timeline.section_grid, timeline.grid
    points = [at.start // unit * unit for at in timeline.sections]
    assert all(any((start - point) % grid == 0 for point in points) for start in starts)
    heads = [{point, point - grid, point + HEAD_GRIDS * grid} for point in points]
    assert all(head & starts for head in heads)


def test_many_short_clips_are_shared_out_among_segments(first_timeline: Timeline):
    """Four thousand words one by one, and a long chapter behind them."""
    words = tuple(Clip(f"{n}", n * 6_000, 0, 4_800, 0.0, 0) for n in range(4_000))
    length = 2_000 * first_timeline.grid
    crowded = replace(first_timeline, clips=words, cues=(), sections=(Section(0),), length=length)
    segments = cut_timeline(crowded)
    counts = [sum(s.start <= clip.start < s.end for clip in words) for s in segments]
    assert sum(counts) == len(words)
    assert max(counts) <= MAX_CLIPS
    assert sum(not count for count in counts) < 20  # what is not crowded is cut as ever


def check_window(timeline: Timeline, segment: Segment) -> None:
    parts = (*timeline.clips, *timeline.cues)
    begin, start = segment.window_start, segment.start
    overlap = sum(max(0, min(p.end, start) - max(p.start, begin)) for p in parts)
    assert begin == 0 or (start - begin) % timeline.grid == 0
    assert begin == 0 or start - begin >= PREROLL_S * timeline.rate_hz
    assert begin == 0 or overlap >= PREROLL_SOUND_S * timeline.rate_hz
    roll_out = int(POSTROLL_S * timeline.rate_hz)
    assert segment.window_end == min(timeline.length, segment.end + roll_out)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_rolls_are_whole_samples(rate_hz: int):
    assert all(
        (roll * rate_hz).denominator == 1 for roll in (PREROLL_S, PREROLL_STEP_S, POSTROLL_S)
    )


@given(timelines(), grids, st.integers(1, 20))
def test_a_section_keeps_its_cuts_wherever_it_lies(timeline: Timeline, grids: int, moved: int):
    """An edit before it moves it by whole steps of its grid, and its segments with it."""
    shift = moved * timeline.section_grid * (timeline.grid // timeline.section_grid or 1)
    sections = [Section(0), *(replace(s, start=s.start + shift) for s in timeline.sections)]
    clips = [Clip("new", 0, 0, shift, 0.0, 0)]
    clips += [replace(clip, start=clip.start + shift) for clip in timeline.clips]
    edited = replace(
        timeline,
        length=timeline.length + shift,
        sections=tuple(sections),
        clips=tuple(clips),
        cues=tuple(replace(cue, start=cue.start + shift) for cue in timeline.cues),
    )
    before = [segment.end + shift for segment in cut_timeline(timeline, grids)]
    after = [segment.end for segment in cut_timeline(edited, grids)]
    head = shift + HEAD_GRIDS * timeline.grid  # of what was the first section
    assert [end for end in after if end > head] == [end for end in before if end > head]


MUSIC = SoundFile("music", build_measurement(48.0, 44_100, -20.0))


def lay_out(
    lengths_s: Sequence[float], encoding: Encoding, preset: PresetName = "story"
) -> Timeline:
    """Chapters of three takes of so many seconds, with music."""
    takes = [
        Take(f"{n}-{s}", build_measurement(s), 700, chapter_title=None if n % 3 else "Chapter")
        for n, s in enumerate(lengths_s)
    ]
    return build_timeline(takes, MUSIC, mix_style(encoding, preset))


def mix_style(encoding: Encoding, preset: PresetName = "story") -> MixStyle:
    return MixStyle(PRESETS[preset], section_grid=encoding.stream.section_grid)


def key_segments(timeline: Timeline, encoding: Encoding) -> dict[str, float]:
    """The cache key of each segment, with its length in grid steps."""
    beds = {(MUSIC.source, False): predict_bed(MUSIC.measured, 300.0, Path("bed"))}
    return {
        segment_cache_key(timeline, each, encoding, beds, {}, ffmpeg_version="1"): (
            each.end - each.start
        )
        / timeline.grid
        for each in cut_timeline(timeline)
    }


@pytest.mark.parametrize("changed_s", [20.2, 20.7, 21.5, 25.0, 33.3])
@pytest.mark.parametrize(("take", "chapter"), [(1, 0), (3, 1), (4, 1)])
@pytest.mark.parametrize("preset", ["story", "audiobook-acx"])
@pytest.mark.parametrize("encoding", [MP3, Encoding("m4b")], ids=["mp3", "m4b"])
def test_an_edit_renders_little_of_the_sections_around_it(
    take: int, chapter: int, changed_s: float, encoding: Encoding, preset: PresetName
):
    """The pauses between them and the fade of the music may have changed, nothing else.

    What ends with the head of the edited section is rendered again if its first take was edited.
    The second preset has room tone.
    """
    lengths_s = [30.0, 20.0, 30.0, 40.0, 40.0, 40.0, 30.0, 30.0, 30.0]
    before = lay_out(lengths_s, encoding, preset)
    lengths_s[take] = changed_s
    after = replace(
        lay_out(lengths_s, encoding, preset), mastering=before.mastering
    )  # as a render history does
    first = chapter - (take % 3 == 0)
    begin, end = (after.sections[number].start for number in (first, chapter + 1))
    assert count_new_grids(before, after, encoding) <= (end - begin) / after.grid + 1 + HEAD_GRIDS


def count_new_grids(before: Timeline, after: Timeline, encoding: Encoding) -> float:
    """What is rendered again, in grid steps."""
    known = key_segments(before, encoding)
    return sum(size for key, size in key_segments(after, encoding).items() if key not in known)


@pytest.mark.parametrize("changed_s", [19.4, 20.7, 33.3])
@pytest.mark.parametrize("take", [2, 4, 8])
@pytest.mark.parametrize("music", [None, MUSIC], ids=["voice", "music"])
@pytest.mark.parametrize("encoding", [MP3, Encoding("m4b")], ids=["mp3", "m4b"])
def test_an_edit_in_a_long_chapter_renders_its_section_again(
    take: int, changed_s: float, music: SoundFile | None, encoding: Encoding
):
    """Music that plays on is where it was before the edit, from the next section on."""
    takes = [
        Take(f"{n}", build_measurement(20.0), 700, ends_paragraph=n % 2 == 1) for n in range(12)
    ]
    edited = [
        *takes[:take],
        replace(takes[take], source=f"{take}", measured=build_measurement(changed_s), digest="new"),
        *takes[take + 1 :],
    ]
    style = mix_style(encoding)
    before = build_timeline(takes, music, style)
    after = build_timeline(edited, music, replace(style, kept_music=list_music_places(before)))
    after = replace(after, mastering=before.mastering)
    starts = [section.start for section in after.sections]
    place = bisect_right(starts, after.clips[take].start)
    first = place - 1 if starts[place - 1] < after.clips[take].start else place - 2
    size = (starts[place] - starts[max(first, 0)]) / after.grid
    assert count_new_grids(before, after, encoding) <= size + 1 + HEAD_GRIDS


@pytest.mark.parametrize("changed_s", [28.0, 31.0, 36.0])
@pytest.mark.parametrize("encoding", [MP3, Encoding("m4b")], ids=["mp3", "m4b"])
def test_an_edit_leaves_what_comes_before_it_in_its_section(changed_s: float, encoding: Encoding):
    lengths_s = [30.0] * 12
    takes = [Take(f"{n}", build_measurement(each), 700) for n, each in enumerate(lengths_s)]
    edited = [*takes[:-1], replace(takes[-1], source="new", measured=build_measurement(changed_s))]
    before, after = (build_timeline(each, MUSIC, mix_style(encoding)) for each in (takes, edited))
    after = replace(after, mastering=before.mastering)
    assert len(after.sections) == 1
    new_s = count_new_grids(before, after, encoding) * float(GRID_S)
    assert new_s < 0.6 * after.duration_s


@given(timelines(), grids, st.sampled_from([22_050, 24_000]))
def test_a_timeline_stored_before_is_cut_on_the_grid_of_its_rate(
    timeline: Timeline, grids: int, rate_hz: int
):
    """Its JSON has no grid of its own."""
    stored = asdict(replace(timeline, rate_hz=rate_hz, sections=(Section(0), Section(rate_hz * 9))))
    del stored["section_grid"]
    loaded = TypeAdapter(Timeline).validate_python(stored)
    starts = [segment.start for segment in cut_timeline(loaded, grids)]
    assert all(start % int(GRID_S * rate_hz) == 0 for start in starts)
