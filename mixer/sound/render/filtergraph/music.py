"""Builds the music of a window: a range of its bed, moving between levels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mixer.sound.analysis.loudness import amplitude
from mixer.sound.render.bed import Bed
from mixer.sound.render.filtergraph.graph import (
    RESTART,
    FilterGraph,
    concatenate,
    fade_filters,
    length_filters,
    mix_samples,
)
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import Cue, Timeline


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    end: int
    from_db: float
    to_db: float


def add_music(graph: FilterGraph, timeline: Timeline, segment: Segment, cue: Cue, bed: Bed) -> str:
    """Add a cue's part of a window, padded to the full window.

    If the window begins inside a fade or a ramp, the stream begins with that and is cut afterwards,
    since a fade can only start at its beginning.
    """
    window = mix_samples(timeline, segment.window_start), mix_samples(timeline, segment.window_end)
    cue_start, cue_end = mix_samples(timeline, cue.start), mix_samples(timeline, cue.end)
    fade_in, fade_out = mix_samples(timeline, cue.fade_in), mix_samples(timeline, cue.fade_out)
    levels = list(_cue_levels(timeline, cue))
    begin, end = max(window[0], cue_start), min(window[1], cue_end)
    moving = [(level.start, level.end) for level in levels if level.from_db != level.to_db]
    moving += [(cue_start, cue_start + fade_in), (cue_end - fade_out, cue_end)]
    first = _find_steady_frame(begin, moving)
    pieces = bed.pieces(first - cue_start, end - first)
    stream = concatenate(graph, [graph.add_bed(bed, *piece) for piece in pieces])
    active = [level for level in levels if level.start < end and level.end > first]
    levelled = _apply_levels(graph, stream, active, first, cue.gain_db + timeline.mastering.gain_db)
    fades = fade_filters("in", 0, fade_in, "qsin") if first == cue_start else []
    if end > cue_end - fade_out:
        fades += fade_filters("out", max(0, cue_end - fade_out - first), fade_out, "qsin")
    placing = [f"adelay=delays={begin - window[0]}S:all=1"] if begin > window[0] else []
    cutting = [f"atrim=start_sample={begin - first}", RESTART] if begin > first else []
    return graph.chain(
        levelled, [*fades, *cutting, *placing, *length_filters(window[1] - window[0])]
    )


def _find_steady_frame(frame: int, moving: Sequence[tuple[int, int]]) -> int:
    around = [start for start, end in moving if start < frame < end]
    return _find_steady_frame(min(around), moving) if around else frame


def _cue_levels(timeline: Timeline, cue: Cue) -> Iterator[_Level]:
    at, level_db = mix_samples(timeline, cue.start), 0.0
    for ramp in cue.ramps:
        start = mix_samples(timeline, ramp.start)
        end = mix_samples(timeline, ramp.start + ramp.length)
        if start > at:
            yield _Level(at, start, level_db, level_db)
        if end > start:
            yield _Level(start, end, level_db, ramp.to_db)
        at, level_db = end, ramp.to_db
    cue_end = mix_samples(timeline, cue.end)
    if cue_end > at:
        yield _Level(at, cue_end, level_db, level_db)


def _apply_levels(
    graph: FilterGraph, stream: str, levels: Sequence[_Level], first: int, gain_db: float
) -> str:
    if len(levels) == 1:
        return graph.chain(stream, _gain_filters(levels[0], first, gain_db))
    cuts = "|".join(str(level.start - first) for level in levels[1:])
    parts = graph.split(stream, f"asegment=samples={cuts}", len(levels))
    chains = [
        graph.chain(part, [RESTART, *_gain_filters(level, max(first, level.start), gain_db)])
        for part, level in zip(parts, levels, strict=True)
    ]
    return concatenate(graph, chains)


def _gain_filters(level: _Level, start: int, gain_db: float) -> list[str]:
    loudest_db = max(level.from_db, level.to_db)
    gain = [f"volume={gain_db + loudest_db:.4f}dB"]
    if level.from_db == level.to_db:
        return gain
    direction = "in" if level.to_db > level.from_db else "out"
    quietest = amplitude(min(level.from_db, level.to_db) - loudest_db)
    length = level.end - level.start
    fade = f"afade=t={direction}:ss={level.start - start}:ns={length}:silence={quietest:.6f}"
    return [*gain, fade]
