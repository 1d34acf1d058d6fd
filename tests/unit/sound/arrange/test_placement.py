"""Where takes lie: properties that hold for every story."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.analysis.measurement import Measurement
from mixer.sound.arrange.placement import (
    FADE_S,
    LEAD_MARGIN_S,
    MAX_PADDING_S,
    SHRINK_SHARE,
    TAIL_MARGIN_S,
    SectionGrid,
    Take,
    place_takes,
)
from mixer.sound.timeline import GRID_S, Clip, Section, rescale_samples
from tests.timelines import RATES_HZ

rates = st.sampled_from(RATES_HZ)


def measurement(seconds: float, rate_hz: int, lead_s: float = 0.0, tail_s: float = 0.0):
    samples = max(1, round(seconds * rate_hz))
    lead = min(round(lead_s * rate_hz), samples - 1)
    tail = min(round(tail_s * rate_hz), samples - 1 - lead)
    return Measurement(samples, rate_hz, 1, -3.0, lead, tail, Counter({-20.0: 10}))


@st.composite
def takes(draw: st.DrawFn, *, is_exact: bool | None = None) -> list[Take]:
    count = draw(st.integers(1, 12))
    return [
        Take(
            source=f"{draw(st.integers(0, 999))}-{number}",
            measured=measurement(
                draw(st.floats(0.02, 90)),
                draw(rates),
                draw(st.floats(0, 1)),
                draw(st.floats(0, 1)),
            ),
            gap_ms=draw(st.integers(0, 10_000)),
            is_gap_exact=draw(st.booleans()) if is_exact is None else is_exact,
            weight=draw(st.sampled_from([0.0, 1.0, 3.0, 6.0, 24.0])),
            chapter_title=draw(st.sampled_from([None, None, None, "", "Chapter"])),
        )
        for number in range(count)
    ]


def grid_samples(rate_hz: int) -> int:
    return int(GRID_S * rate_hz)


def place(takes: list[Take], lead_s: float, rate_hz: int, step: int = 0):
    grid = SectionGrid(rate_hz, step or grid_samples(rate_hz))
    return place_takes(takes, [0.0] * len(takes), lead_s, grid)


def gaps(clips: tuple[Clip, ...]) -> list[int]:
    return [after.start - before.end for before, after in pairwise(clips)]


def silences(clips: tuple[Clip, ...], takes: list[Take], rate_hz: int) -> list[int]:
    """From the end of speech to the beginning of the next."""
    edges = [
        tuple(
            rescale_samples(samples, take.measured.rate_hz, rate_hz)
            for samples in (
                take.measured.lead_samples,
                take.measured.samples - take.measured.tail_samples,
            )
        )
        for take in takes
    ]
    begins = [clip.start - clip.skip + begin for clip, (begin, _) in zip(clips, edges, strict=True)]
    ends = [clip.start - clip.skip + end for clip, (_, end) in zip(clips, edges, strict=True)]
    return [begin - end for begin, end in zip(begins[1:], ends, strict=False)]


def list_gaps(takes: list[Take], rate_hz: int) -> list[int]:
    return [take.gap_ms * rate_hz // 1000 for take in takes]


def section_of(clip: Clip, sections: tuple[Section, ...]) -> int:
    return max(i for i, section in enumerate(sections) if section.start <= clip.start)


@given(takes(), st.floats(0, 60), rates)
def test_clips_keep_their_order_and_never_overlap(takes: list[Take], lead_s: float, rate_hz: int):
    clips, _ = place(takes, lead_s, rate_hz)
    assert [clip.source for clip in clips] == [take.source for take in takes]
    assert clips[0].start == round(lead_s * rate_hz)
    assert all(gap >= 0 for gap in gaps(clips))


@given(takes(), st.floats(0, 60), rates)
def test_sections_start_on_the_grid_in_order(takes: list[Take], lead_s: float, rate_hz: int):
    clips, sections = place(takes, lead_s, rate_hz)
    starts = [section.start for section in sections]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    before = {clip.start: take for clip, take in zip(clips[1:], takes, strict=False)}
    assert all(
        start % grid_samples(rate_hz) == 0 or before[start].is_gap_exact for start in starts[1:]
    )


@given(takes(), rates)
def test_every_chapter_opens_a_section_with_its_title(takes: list[Take], rate_hz: int):
    clips, sections = place(takes, 0.3, rate_hz)
    titles = {section.start: section.title for section in sections}
    for clip, take in list(zip(clips, takes, strict=True))[1:]:
        if take.chapter_title is not None:
            assert titles[clip.start] == take.chapter_title


@given(takes(is_exact=True), rates)
def test_gaps_set_by_the_caller_are_touched_only_between_chapters(takes: list[Take], rate_hz: int):
    clips, sections = place(takes, 0.3, rate_hz)
    opening = {section.start for section in sections}
    found = silences(clips, takes, rate_hz)
    for got, wanted, after in zip(found, list_gaps(takes, rate_hz), clips[1:], strict=False):
        if after.start in opening:
            assert wanted <= got < wanted + grid_samples(rate_hz)
        else:
            assert got == wanted


@given(takes(is_exact=True), rates)
def test_one_chapter_with_set_gaps_is_one_section(takes: list[Take], rate_hz: int):
    one = [replace(take, chapter_title=None) for take in takes]
    assert len(place(one, 0.3, rate_hz)[1]) == 1


@given(takes(is_exact=False), rates)
def test_a_section_is_filled_by_less_than_a_grid_step_or_shrunk_a_little(
    takes: list[Take], rate_hz: int
):
    clips, sections = place(takes, 0.3, rate_hz)
    got: Counter[int] = Counter()
    wanted: Counter[int] = Counter()
    found = silences(clips, takes, rate_hz)
    for clip, gap, want in zip(clips, found, list_gaps(takes, rate_hz), strict=False):
        got[section_of(clip, sections)] += gap
        wanted[section_of(clip, sections)] += want
    for number in got:
        assert got[number] - wanted[number] < grid_samples(rate_hz)
        assert got[number] >= (1 - SHRINK_SHARE) * wanted[number] - 1
    if sections[-1].start:
        assert got[len(sections) - 1] == wanted[len(sections) - 1]


@given(st.lists(st.floats(20, 60), min_size=8, max_size=12), st.floats(0, 60))
def test_filling_of_a_section_is_not_heard_in_any_pause(seconds: list[float], lead_s: float):
    """And its end stays as it is, so that the segment behind it hears the same before it."""
    weights = [*([2.0, 1.0, 1.0] * 4)[: len(seconds) - 1], 24.0]
    chapter = [
        Take(str(number), measurement(each, 24_000), 650, weight=weight)
        for number, (each, weight) in enumerate(zip(seconds, weights, strict=True))
    ]
    following = Take("next", measurement(5, 24_000), 650, chapter_title="Next")
    clips, _ = place([*chapter, following], lead_s, 24_000)
    changed_s = [gap / 24_000 - 0.65 for gap in gaps(clips)]
    assert max(changed_s) <= MAX_PADDING_S + 1e-3
    assert min(changed_s) >= -0.65 * SHRINK_SHARE - 1e-3
    assert changed_s[-1] == 0


@given(st.floats(1, 60), st.sampled_from([0.0, 24.0]))
def test_chapter_of_one_take_ends_in_a_pause_little_longer_than_asked(
    seconds: float, weight: float
):
    chapters = [
        Take(str(n), measurement(seconds, 24_000), 2_000, weight=weight, chapter_title="")
        for n in (1, 2)
    ]
    clips, _ = place(chapters, 0.3, 24_000)
    assert 2.0 * (1 - SHRINK_SHARE) - 1e-3 <= gaps(clips)[0] / 24_000 < 2.0 + GRID_S


@given(takes(is_exact=False), rates)
def test_pauses_that_an_author_has_set_are_kept_where_others_can_give(
    takes: list[Take], rate_hz: int
):
    clips, sections = place(takes, 0.3, rate_hz)
    starts = {section.start for section in sections}
    for got, take, wanted, after in zip(
        silences(clips, takes, rate_hz), takes, list_gaps(takes, rate_hz), clips[1:], strict=False
    ):
        if take.weight == 0.0 and after.start not in starts:
            assert got == wanted


@given(takes(), rates)
def test_dead_air_is_trimmed_to_the_margins(takes: list[Take], rate_hz: int):
    clips, _ = place(takes, 0.0, rate_hz)
    for clip, take in zip(clips, takes, strict=True):
        measured = take.measured
        sounding_s = (measured.samples - measured.lead_samples - measured.tail_samples) / (
            measured.rate_hz
        )
        longest_s = sounding_s + LEAD_MARGIN_S + TAIL_MARGIN_S
        assert clip.length / rate_hz <= min(longest_s, measured.duration_s) + 2.01 / rate_hz + 2e-4
        assert clip.length / rate_hz >= min(sounding_s, measured.duration_s) - 2.01 / rate_hz
        assert 0 <= 2 * clip.fade <= clip.length
        assert clip.fade <= round(FADE_S * rate_hz)


@given(takes(is_exact=False), takes(is_exact=False), rates)
def test_an_edit_in_one_chapter_moves_the_others_by_whole_grid_steps(
    first: list[Take], rest: list[Take], rate_hz: int
):
    rest = [replace(rest[0], chapter_title="Next"), *rest[1:]]
    whole, _ = place([*first, *rest], 0.3, rate_hz)
    edited, _ = place([*first[:-1], *first, *rest], 0.3, rate_hz)
    before, after = whole[len(first) :], edited[-len(rest) :]
    shift = after[0].start - before[0].start
    assert shift % grid_samples(rate_hz) == 0
    assert [replace(clip, start=clip.start + shift) for clip in before] == list(after)


@given(takes(), st.floats(0, 60), st.sampled_from([1, 960, 1_024]))
def test_a_fine_grid_changes_only_the_last_gap_of_a_section_and_hardly(
    takes: list[Take], lead_s: float, step: int
):
    clips, sections = place(takes, lead_s, 44_100, step)
    starts = {section.start for section in sections}
    assert all(start % step == 0 for start in starts)
    for got, wanted, after in zip(
        silences(clips, takes, 44_100), list_gaps(takes, 44_100), clips[1:], strict=False
    ):
        if after.start not in starts:
            assert got == wanted
        else:
            is_long = wanted >= (LEAD_MARGIN_S + TAIL_MARGIN_S) * 44_100 + step
            assert -step / 2 <= got - wanted <= (step / 2 if is_long else step)


@given(takes(), takes(), st.sampled_from([1, 960, 1_024]))
def test_an_edit_in_one_chapter_moves_the_others_by_whole_frames(
    first: list[Take], rest: list[Take], step: int
):
    """Also after pauses that the author has set."""
    rest = [replace(rest[0], chapter_title="Next"), *rest[1:]]
    whole, _ = place([*first, *rest], 0.3, 44_100, step)
    edited, _ = place([*first[:-1], *first, *rest], 0.3, 44_100, step)
    before, after = whole[len(first) :], edited[-len(rest) :]
    shift = after[0].start - before[0].start
    assert shift % step == 0
    assert [replace(clip, start=clip.start + shift) for clip in before] == list(after)
