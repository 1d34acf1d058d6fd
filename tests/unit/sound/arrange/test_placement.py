"""Where takes lie: properties that hold for every story."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.analysis.measurement import Measurement
from mixer.sound.arrange.placement import (
    FADE_S,
    LEAD_MARGIN_S,
    MUSIC_S,
    SECTION_S,
    TAIL_MARGIN_S,
    Take,
    place_takes,
)
from mixer.sound.timeline import MIX_RATE_HZ, Clip, Section, rescale_samples
from tests.timelines import RATES_HZ

rates = st.sampled_from(RATES_HZ)
frames = st.sampled_from([1, 960, 1_024, 1_152])
"""What sections are multiples of: samples, or a codec's frames."""


def measurement(seconds: float, rate_hz: int, lead_s: float = 0.0, tail_s: float = 0.0):
    samples = max(1, round(seconds * rate_hz))
    lead = min(round(lead_s * rate_hz), samples - 1)
    tail = min(round(tail_s * rate_hz), samples - 1 - lead)
    return Measurement(samples, rate_hz, 1, -3.0, lead, tail, Counter({-20.0: 10}))


@st.composite
def takes(draw: st.DrawFn) -> list[Take]:
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
            ends_paragraph=draw(st.booleans()),
            chapter_title=draw(st.sampled_from([None, None, None, "", "Chapter"])),
        )
        for number in range(count)
    ]


def place(takes: list[Take], lead_s: float = 0.3, step: int = 1_152):
    return place_takes(takes, [0.0] * len(takes), lead_s, step)


def gaps(clips: tuple[Clip, ...]) -> list[int]:
    return [after.start - before.end for before, after in pairwise(clips)]


def silences(clips: tuple[Clip, ...], takes: list[Take]) -> list[int]:
    """From the end of speech to the beginning of the next."""
    edges = [
        tuple(
            rescale_samples(samples, take.measured.rate_hz, MIX_RATE_HZ)
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


def list_gaps(takes: list[Take]) -> list[int]:
    return [take.gap_ms * MIX_RATE_HZ // 1000 for take in takes]


@given(takes(), st.floats(0, 60), frames)
def test_clips_follow_each_other_and_sections_open_at_frames_where_they_may(
    takes: list[Take], lead_s: float, step: int
):
    clips, sections = place(takes, lead_s, step)
    assert [clip.source for clip in clips] == [take.source for take in takes]
    assert clips[0].start == round(lead_s * MIX_RATE_HZ)
    assert all(gap >= 0 for gap in gaps(clips))
    check_chapters(takes, clips, sections)
    check_margins(takes, clips)
    check_gaps(takes, clips, sections, step)
    starts = [section.start for section in sections]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(start % step == 0 for start in starts)


def check_chapters(takes: list[Take], clips: Sequence[Clip], sections: Sequence[Section]) -> None:
    """Every chapter opens a section with its title, and is divided where a paragraph ends."""
    titles = {section.start: section.title for section in sections}
    for clip, take in list(zip(clips, takes, strict=True))[1:]:
        if take.chapter_title is not None:
            assert titles[clip.start] == take.chapter_title
    before = {clip.start: take for clip, take in zip(clips[1:], takes, strict=False)}
    for section in sections[1:]:
        opening = next(t for c, t in zip(clips, takes, strict=True) if c.start == section.start)
        assert opening.chapter_title is not None or before[section.start].ends_paragraph


def test_a_long_chapter_is_divided():
    chapter = [Take(f"{n}", measurement(60, 24_000), 650, ends_paragraph=True) for n in range(60)]
    _, sections = place(chapter)
    lengths_s = [(b.start - a.start) / MIX_RATE_HZ for a, b in pairwise(sections)]
    assert len(lengths_s) > 4
    assert min(lengths_s) > SECTION_S
    begun_s = [each.start / MIX_RATE_HZ for each in sections if not each.plays_on]
    assert len(begun_s) > 4
    assert min(after - before for before, after in pairwise(begun_s)) > MUSIC_S


def check_margins(takes: list[Take], clips: Sequence[Clip]) -> None:
    """Dead air is trimmed to the margins."""
    rate_hz = MIX_RATE_HZ
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


def check_gaps(
    takes: list[Take], clips: tuple[Clip, ...], sections: Sequence[Section], step: int
) -> None:
    """Only the last gap of a section changes, and hardly."""
    starts = {section.start for section in sections}
    for got, wanted, after in zip(
        silences(clips, takes), list_gaps(takes), clips[1:], strict=False
    ):
        if after.start not in starts:
            assert got == wanted
        else:
            is_long = wanted >= (LEAD_MARGIN_S + TAIL_MARGIN_S) * MIX_RATE_HZ + step
            assert -step / 2 <= got - wanted <= (step / 2 if is_long else step)


@given(takes(), takes(), frames)
def test_an_edit_in_one_chapter_moves_the_others_by_whole_frames(
    first: list[Take], rest: list[Take], step: int
):
    rest = [replace(rest[0], chapter_title="Next"), *rest[1:]]
    whole, _ = place([*first, *rest], step=step)
    edited, _ = place([*first[:-1], *first, *rest], step=step)
    before, after = whole[len(first) :], edited[-len(rest) :]
    shift = after[0].start - before[0].start
    assert shift % step == 0
    assert [replace(clip, start=clip.start + shift) for clip in before] == list(after)
