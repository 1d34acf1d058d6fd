"""Cuts a Timeline into segments that are rendered apart and joined without a trace.

Cuts are grid steps away from where each section starts, so a section keeps its cuts when it moves.
Preroll and postroll fill the filters' and the encoder's memory; a segment's own frames equal those
of a render of the whole section (measured: MP3 byte for byte).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, chain, pairwise

from mixer.sound.timeline import GRID_S, Clip, Cue, Timeline

SEGMENT_GRIDS = 100
"""128 s, give or take half: long enough to outweigh FFmpeg's start and the preroll, short enough to
share out.
"""

HEAD_GRIDS = 5
"""The first 6.4 s of a section belong to the segment before it: the music of the section before
fades out in them, and a segment looks ahead by POSTROLL_S. So an edit renders these seconds of the
next section again, and no more. They outlast the fade (3 s) and the next preroll.
"""

CUT_GRIDS = 8
"""Cuts inside a section are at its multiples, where segments are long: a section that an edit
makes a little longer keeps them.
"""

MAX_CLIPS = 100
"""In a segment longer than a grid step: FFmpeg opens each clip with two threads."""

PREROLL_S = 2 * GRID_S
"""98 MP3 frames. LAME lowers its threshold of hearing by 7.5% a frame in quiet and needs 95 frames
to reach the bottom (measured: with 49 frames, single ones differed).
"""

PREROLL_STEP_S = GRID_S

PREROLL_SOUND_S = Fraction(128, 100)
"""Minimum of clips or music in it: in digital silence LAME's search for a step size stands still,
so silence alone would not reproduce the state of a serial render.
"""

POSTROLL_S = Fraction(2, 10)
"""LAME looks ahead by two frames, a limiter and a resampler by some milliseconds."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A range of a timeline, in its samples.

    `start` to `end` are its own, `window_start` to `window_end` are rendered; ends are exclusive.
    """

    start: int
    end: int
    window_start: int
    window_end: int
    is_last: bool

    @classmethod
    def cover(cls, timeline: Timeline, start: int, end: int) -> "Segment":
        """The segment on the grid that covers a range of a timeline."""
        grid = timeline.grid
        last = min(timeline.length, -(-end // grid) * grid)
        return cls.cut(timeline, start // grid * grid, last)

    @classmethod
    def cut(cls, timeline: Timeline, start: int, end: int) -> "Segment":
        """Cut a segment out of a timeline, from a point on the grid to another, or to the end."""
        return cls(
            start=start,
            end=end,
            window_start=_window_start(timeline, start),
            window_end=min(timeline.length, end + int(POSTROLL_S * timeline.rate_hz)),
            is_last=end == timeline.length,
        )


def source_keys(timeline: Timeline, segments: Sequence[Segment]) -> frozenset[str]:
    """List the recordings, of voice and music, that some segments need."""
    parts: tuple[Clip | Cue, ...] = (*timeline.clips, *timeline.cues)
    return frozenset(
        part.source
        for part in parts
        for segment in segments
        if part.start < segment.window_end and part.end > segment.window_start
    )


def cut_timeline(timeline: Timeline, grids: int | None = SEGMENT_GRIDS) -> tuple[Segment, ...]:
    """Cut a timeline into segments of about `grids` grid steps; None for one segment."""
    starts = [0] if grids is None else list(_segment_starts(timeline, grids))
    ends = [*starts[1:], timeline.length]
    return tuple(Segment.cut(timeline, start, end) for start, end in zip(starts, ends, strict=True))


def _segment_starts(timeline: Timeline, grids: int) -> Iterator[int]:
    clip_starts = [clip.start for clip in timeline.clips]
    for begin, after in pairwise([*_list_cuts(timeline, grids), timeline.length]):
        yield from _split_crowded(clip_starts, begin, after, timeline.grid)


def _list_cuts(timeline: Timeline, grids: int) -> Iterator[int]:
    """One behind the head of each section, or a step before a short one, and those in between."""
    grid = timeline.grid
    unit = timeline.section_grid or grid
    starts = sorted({section.start // unit * unit for section in timeline.sections})
    sections = list(pairwise([*starts, timeline.length]))
    openings = [0, *(_open_section(*pair, grid) for pair in pairwise(sections)), timeline.length]
    for section, (opening, behind) in zip(sections, pairwise(openings), strict=True):
        yield opening
        yield from (cut for cut in _cut_section(*section, grid, grids) if opening < cut < behind)


def _open_section(before: tuple[int, int], section: tuple[int, int], grid: int) -> int:
    """The end of the segment before a section."""
    start, end = section
    if end - start >= 3 * HEAD_GRIDS * grid:
        return start + HEAD_GRIDS * grid
    return start - grid if start - before[0] > grid else start


def _cut_section(start: int, end: int, grid: int, grids: int) -> list[int]:
    """Cut it into one part or an even number: no core idles at its end."""
    steps = -(-(end - start) // grid)
    count = min(2 * round(steps / grids / 2), steps) or 1
    unit = CUT_GRIDS if steps // count >= 4 * CUT_GRIDS else 1
    return [start + steps * part // count // unit * unit * grid for part in range(1, count)]


def _split_crowded(clip_starts: Sequence[int], begin: int, after: int, grid: int) -> Iterator[int]:
    crowd = bisect_left(clip_starts, after) - bisect_left(clip_starts, begin)
    half = (after - begin) // grid // 2 * grid
    if crowd <= MAX_CLIPS or not half:
        yield begin
        return
    yield from _split_crowded(clip_starts, begin, begin + half, grid)
    yield from _split_crowded(clip_starts, begin + half, after, grid)


def _window_start(timeline: Timeline, start: int) -> int:
    rate_hz = timeline.rate_hz
    begin = start - int(PREROLL_S * rate_hz)
    while begin > 0 and not _has_sound(timeline, begin, start, PREROLL_SOUND_S * rate_hz):
        begin -= int(PREROLL_STEP_S * rate_hz)
    if begin >= 0:
        return begin
    first = start % timeline.grid
    is_enough = start - first >= PREROLL_S * rate_hz
    sound_samples = PREROLL_SOUND_S * rate_hz
    return first if is_enough and _has_sound(timeline, first, start, sound_samples) else 0


def _has_sound(timeline: Timeline, begin: int, end: int, min_samples: Fraction) -> bool:
    """Whether clips and cues together play for so many samples between two points."""
    parts: Iterator[Clip | Cue] = chain(timeline.find_clips(begin, end), timeline.cues)
    played = (max(0, min(part.end, end) - max(part.start, begin)) for part in parts)
    return any(total >= min_samples for total in accumulate(played))
