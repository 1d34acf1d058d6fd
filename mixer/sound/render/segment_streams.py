"""Segments of one timeline, in order: from the cache where they are, rendered where they are not.

Missing segments are rendered by one pool. When the time runs out, what is in the cache stays there
for the next try.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import IO

from mixer.parallel import map_in_order
from mixer.sound.formats import EncodedStream
from mixer.sound.render.render_deadline import RenderDeadline
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_renderer import (
    RenderedSegment,
    Renderer,
    RenderPool,
)
from mixer.sound.render.segments import Segment

COPY_BYTES = 1 << 20


def render_streams(
    renderer: Renderer, segments: Sequence[Segment], cache: SegmentCache | None, pool: RenderPool
) -> Generator[EncodedStream]:
    """The stream of each segment, in order; what can be read of one is gone with the next.

    Args:
        cache: where segments are kept; None to keep none.
        pool: who renders.

    Raises:
        RenderFailed: FFmpeg stopped in the middle.
        OutOfTime: they will not be done in time, or the job was stopped.
        StoreFailed: the disk is full, or the store refuses.
    """
    keys = renderer.object_keys(segments, cache) if cache else [""] * len(segments)
    kept = cache.find_all(keys) if cache else {}
    missing = [each for each, key in zip(segments, keys, strict=True) if key not in kept]
    with closing(_render_segments(renderer, missing, pool)) as rendered:
        for key in keys:
            if key in kept:
                yield kept[key]
                continue
            segment = next(rendered)
            yield _store_segment(cache, key, segment) if cache else _open_rendered(segment)
            segment.path.unlink()


def _render_segments(
    renderer: Renderer, segments: Sequence[Segment], pool: RenderPool
) -> Generator[RenderedSegment]:
    samples = sum(segment.end - segment.start for segment in segments)
    deadline = RenderDeadline(samples, len(segments), pool.workers, pool.deadline_s)

    def work(segment: Segment) -> RenderedSegment:
        deadline.check()
        rendered = renderer.render(segment)
        deadline.record_segment(segment.end - segment.start)
        return rendered

    yield from map_in_order(segments, work, pool.workers, pool.processes.stop)


def _open_rendered(segment: RenderedSegment) -> EncodedStream:
    """A segment just rendered, as it is in its file."""

    def write_to(file: IO[bytes]) -> None:
        _copy_frames(segment, file)

    size_bytes = segment.end_byte - segment.begin_byte
    return EncodedStream(size_bytes, segment.frames, segment.windows, write_to)


def _store_segment(cache: SegmentCache, key: str, segment: RenderedSegment) -> EncodedStream:
    """A segment just rendered, put into the cache; still read from its file."""
    path = segment.path.with_suffix(".own")
    with path.open("wb") as file:
        _copy_frames(segment, file)
    kept = cache.put(key, path, segment.frames, segment.windows)
    path.unlink()
    return replace(_open_rendered(segment), windows=kept.windows, key=key)


def _copy_frames(segment: RenderedSegment, file: IO[bytes]) -> None:
    """Append a segment's own frames, a little at a time."""
    left = segment.end_byte - segment.begin_byte
    with segment.path.open("rb") as source:
        source.seek(segment.begin_byte)
        while left > 0 and (block := source.read(min(COPY_BYTES, left))):
            file.write(block)
            left -= len(block)
