"""A Timeline cut into stretches that can be rendered apart and joined again without a trace.

Cuts lie on the grid, counted from each section's start, so that a section keeps its cuts wherever
it is. A segment is rendered with some sound before and behind it (the rolls), which fills the
filters' and the encoder's memory; its own frames then come out as in a serial render (measured:
byte for byte, where rendering begins on the grid).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from mixer.sound.timeline import GRID_S, Clip, Cue, Timeline

SEGMENT_GRIDS = 100
"""128 s, half as many or half as many again: long enough that starting FFmpeg and rolling in cost
little, short enough to share out."""

MAX_CLIPS = 100
"""Of one segment, where it is longer than a grid step: FFmpeg holds each open, with a thread that
reads and one that decodes."""

PREROLL_S = 2 * GRID_S
"""98 MP3 frames before. LAME lowers its threshold of hearing by 7.5 % a frame while it is quiet
and needs 95 frames to reach the bottom (measured: with 49 frames single ones came out otherwise).
"""

PREROLL_STEP_S = GRID_S

PREROLL_SOUND_S = Fraction(128, 100)
"""Of clips or music at least; in digital silence LAME's search for a step size stands still, so a
roll of silence alone would not teach it what a serial render knows from before."""

POSTROLL_S = Fraction(2, 10)
"""Behind: LAME looks ahead by two frames, a limiter and a resampler by some milliseconds."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a timeline, in its samples.

    Attributes:
        start: first sample of its own.
        end: one past the last of its own.
        window_start: first sample to render.
        window_end: one past the last to render.
        is_last: whether the timeline ends with it; then it is rendered to its very end.
    """

    start: int
    end: int
    window_start: int
    window_end: int
    is_last: bool


def source_keys(timeline: Timeline, segments: Sequence[Segment]) -> frozenset[str]:
    """The recordings, of voice and music, that it takes to render some segments."""
    parts: tuple[Clip | Cue, ...] = (*timeline.clips, *timeline.cues)
    return frozenset(
        part.source
        for part in parts
        for segment in segments
        if part.start < segment.window_end and part.end > segment.window_start
    )


def cut_timeline(timeline: Timeline, grids: int | None = SEGMENT_GRIDS) -> tuple[Segment, ...]:
    """The segments of a timeline, in order.

    Args:
        timeline: to be cut.
        grids: how many grid steps a segment holds, about; None for one segment, a serial render.
    """
    roll_out = int(POSTROLL_S * timeline.rate_hz)
    starts = [0] if grids is None else list(_segment_starts(timeline, grids))
    ends = [*starts[1:], timeline.length]
    return tuple(
        Segment(
            start=start,
            end=end,
            window_start=_window_start(timeline, start),
            window_end=min(timeline.length, end + roll_out),
            is_last=end == timeline.length,
        )
        for start, end in zip(starts, ends, strict=True)
    )


def _segment_starts(timeline: Timeline, grids: int) -> Iterator[int]:
    """Each section whole, or in an even number of equal parts, so that no core waits at its end."""
    clip_starts = [clip.start for clip in timeline.clips]
    section_starts = [section.start for section in timeline.sections]
    for start, end in zip(section_starts, [*section_starts[1:], timeline.length], strict=True):
        steps = -(-(end - start) // timeline.grid)
        count = min(2 * round(steps / grids / 2), steps) or 1
        cuts = [start + steps * part // count * timeline.grid for part in range(count + 1)]
        for begin, after in pairwise(cuts):
            yield from _split_crowded(clip_starts, begin, after, timeline.grid)


def _split_crowded(clip_starts: Sequence[int], begin: int, after: int, grid: int) -> Iterator[int]:
    """The starts of a stretch halved until no part holds too many clips, or is a grid step."""
    crowd = bisect_left(clip_starts, after) - bisect_left(clip_starts, begin)
    half = (after - begin) // grid // 2 * grid
    if crowd <= MAX_CLIPS or not half:
        yield begin
        return
    yield from _split_crowded(clip_starts, begin, begin + half, grid)
    yield from _split_crowded(clip_starts, begin + half, after, grid)


def _window_start(timeline: Timeline, start: int) -> int:
    """Where to begin so that the encoder knows enough when its own frames come."""
    rate_hz = timeline.rate_hz
    begin = start - int(PREROLL_S * rate_hz)
    while begin > 0 and _count_audible_samples(timeline, begin, start) < PREROLL_SOUND_S * rate_hz:
        begin -= int(PREROLL_STEP_S * rate_hz)
    return max(0, begin)


def _count_audible_samples(timeline: Timeline, begin: int, end: int) -> int:
    """How many samples of clips and cues play in a stretch."""
    parts: tuple[Clip | Cue, ...] = (*timeline.clips, *timeline.cues)
    return sum(max(0, min(part.end, end) - max(part.start, begin)) for part in parts)
