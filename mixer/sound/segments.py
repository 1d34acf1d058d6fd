"""A Timeline cut into stretches that can be rendered apart and joined again without a trace.

Cuts lie on the grid, counted from each section's start, so that a section keeps its cuts wherever
it lies. A segment is rendered with some sound before and behind it (the rolls), which fills the
filters' and the encoder's memory; its own frames then come out as in a serial render (measured:
byte for byte, with cuts and rolls on multiples of 49 MP3 frames).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from mixer.sound.timeline import Timeline

SEGMENT_GRIDS = 20
"""128 s: long enough that starting FFmpeg and rolling in cost little, short enough to share out."""

ROLL_FRAMES = 49
"""MP3 frames before and behind: 56,448 samples at 44.1 kHz, whole samples at every voice rate."""

ROLL_S = Fraction(128, 100)
"""ROLL_FRAMES in seconds."""


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


def cut(timeline: Timeline, grids: int | None = SEGMENT_GRIDS) -> tuple[Segment, ...]:
    """The segments of a timeline, in order.

    Args:
        timeline: to be cut.
        grids: how many grid steps a segment holds at most; None for one segment, a serial render.
    """
    roll = int(ROLL_S * timeline.rate_hz)
    starts = [0] if grids is None else list(_starts(timeline, grids * timeline.grid))
    ends = [*starts[1:], timeline.length]
    return tuple(
        Segment(
            start=start,
            end=end,
            window_start=max(0, start - roll),
            window_end=min(timeline.length, end + roll),
            is_last=end == timeline.length,
        )
        for start, end in zip(starts, ends, strict=True)
    )


def _starts(timeline: Timeline, step: int) -> Iterator[int]:
    section_starts = [section.start for section in timeline.sections]
    for start, end in zip(section_starts, [*section_starts[1:], timeline.length], strict=True):
        yield from range(start, end, step)
