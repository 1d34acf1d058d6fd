"""Reels of one timeline, in order: from the shelf where they are kept, rendered where they are not.

Missing segments of all reels are rendered by one pool, so no core waits at the end of a reel; a
reel is put on the shelf as soon as its last segment is there. When the time runs out, what is on
the shelf stays there for the next try.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from mixer.files import translate_disk_errors
from mixer.parallel import run_in_parallel, usable_cores
from mixer.sound.analysis.loudness import Histogram, sum_histograms
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.encoding import Encoding
from mixer.sound.formats.mp3 import EncodedSpan
from mixer.sound.render.cache_keys import group_cache_key
from mixer.sound.render.render_deadline import RenderDeadline
from mixer.sound.render.segment_cache import CachedSegment, SegmentCache
from mixer.sound.render.segment_renderer import (
    RenderedSegment,
    Renderer,
    RenderSources,
    map_in_order,
)
from mixer.sound.render.segments import (
    SEGMENT_GRIDS,
    Segment,
    SegmentGroup,
    cut_timeline,
    group_segments,
)
from mixer.sound.timeline import Timeline
from mixer.store.multipart import MIN_PART_BYTES

LOOKUPS_AT_ONCE = 16
COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class EncodedStream:
    """A reel's stream, wherever it lies.

    Attributes:
        size_bytes: of the stream.
        frames: how many it holds.
        windows: momentary loudness as it went into the encoder.
        write_to: writes the stream into an open file.
        key: its object key; empty where it is not kept.
    """

    size_bytes: int
    frames: int
    windows: Histogram
    write_to: Callable[[IO[bytes]], None]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Mixdown:
    """What a render leaves besides its file.

    Attributes:
        windows: momentary loudness of the mix as it went into the encoder.
        frames: of audio.
        spans: of the file, so that it can be decoded on all cores; none where its format
            does not allow it.
        segment_keys: object keys of those that it was joined of, where they are kept.
    """

    windows: Histogram
    frames: int
    spans: tuple[EncodedSpan, ...] = ()
    segment_keys: tuple[str, ...] = ()


@dataclass(slots=True)
class StreamTotals:
    """What has gone into a finished file so far.

    Attributes:
        frames: of audio.
        windows: of each strip.
        keys: of each strip that is kept.
    """

    frames: int = 0
    windows: list[Histogram] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def count_streams(self, streams: Iterable[EncodedStream]) -> Iterator[EncodedStream]:
        """Strips as they pass."""
        for strip in streams:
            yield strip
            self.frames += strip.frames
            self.windows.append(strip.windows)
            self.keys += [strip.key] if strip.key else []

    def mixdown(self, spans: tuple[EncodedSpan, ...] = ()) -> Mixdown:
        """All that has passed."""
        return Mixdown(sum_histograms(self.windows), self.frames, spans, tuple(self.keys))


@dataclass(frozen=True, slots=True)
class RenderPool:
    """Who renders, and for how long.

    Attributes:
        processes: the job that all of FFmpeg belongs to.
        workers: segments rendered at a time.
        deadline_s: when all must be done, on the monotonic clock; None for no deadline.
    """

    processes: ProcessGroup
    workers: int
    deadline_s: float | None = None


def plan_groups(timeline: Timeline, grids: int | None = SEGMENT_GRIDS) -> tuple[SegmentGroup, ...]:
    """The reels of a timeline, a segment each, so that many workers share a short one as well.

    Args:
        timeline: of the mix.
        grids: how many grid steps a segment holds, about; None for a serial render.
    """
    return group_segments(timeline, cut_timeline(timeline, grids))


def plan_store_groups(timeline: Timeline, encoding: Encoding) -> tuple[SegmentGroup, ...]:
    """The reels of a timeline, each but the last large enough to be copied as a part in S3."""
    least_s = MIN_PART_BYTES / encoding.stream_bytes_per_s(timeline.channels)
    return group_segments(timeline, cut_timeline(timeline), ceil(least_s * timeline.rate_hz))


def render_group(
    timeline: Timeline,
    group: SegmentGroup,
    sources: RenderSources,
    cache: SegmentCache,
    *,
    encoding: Encoding,
    workers: int | None = None,
    deadline_s: float | None = None,
    processes: ProcessGroup | None = None,
) -> CachedSegment:
    """Render one reel onto the shelf; one that is there already is left as it is.

    Args:
        timeline: the mix.
        group: of it.
        sources: the recordings that `mixer.sound.render.segments.sources` names for it, and what is
            known of all music.
        cache: where it is kept.
        encoding: of the finished file.
        workers: segments rendered at a time; all cores when None.
        deadline_s: when it must be done, on the monotonic clock.
        processes: the job that it belongs to.

    Raises:
        RenderFailed: FFmpeg stopped in the middle.
        OutOfTime: it will not be done in time, or the job was stopped.
        StoreFailed: the disk is full, or the store refuses.
    """
    crew = RenderPool(processes or ProcessGroup(), workers or usable_cores(), deadline_s)
    with TemporaryDirectory(prefix="mixdown-") as folder, translate_disk_errors(Path(folder)):
        renderer = Renderer(timeline, sources, encoding, Path(folder), crew.processes)
        with closing(render_streams(renderer, [group], cache, crew)) as rendered:
            strip = next(rendered)
    return CachedSegment(strip.key, strip.size_bytes, strip.frames, strip.windows)


def group_object_key(renderer: Renderer, group: SegmentGroup, cache: SegmentCache) -> str:
    """The object key of a reel."""
    address = group_cache_key([renderer.cache_key(segment) for segment in group.segments])
    return cache.object_key(address, renderer.encoding.stream)


def render_streams(
    renderer: Renderer, groups: Sequence[SegmentGroup], cache: SegmentCache | None, pool: RenderPool
) -> Generator[EncodedStream]:
    """The stream of each reel, in order; what a strip pours is gone when the next is asked for.

    Args:
        renderer: of the timeline.
        groups: of it.
        cache: where reels are kept; None to keep none.
        pool: who renders.
    """
    keys = [group_object_key(renderer, reel, cache) if cache else "" for reel in groups]
    kept = find_cached(cache, keys) if cache else {}
    missing = [reel for reel, key in zip(groups, keys, strict=True) if key not in kept]
    with closing(_render_segments(renderer, missing, pool)) as rendered:
        for reel, key in zip(groups, keys, strict=True):
            if cache and key in kept:
                yield open_cached_stream(cache, kept[key])
                continue
            parts = list(islice(rendered, len(reel.segments)))
            yield _store_group(cache, key, parts) if cache else _open_rendered_stream(parts)
            for part in parts:
                part.path.unlink()


def find_cached(cache: SegmentCache, keys: Sequence[str]) -> dict[str, CachedSegment]:
    """Those of some reels that are on the shelf."""
    looked_up = run_in_parallel(dict.fromkeys(keys), cache.find, LOOKUPS_AT_ONCE)
    found = {key: outcome.result() for key, outcome in looked_up}
    return {key: reel for key, reel in found.items() if reel is not None}


def _render_segments(
    renderer: Renderer, groups: Sequence[SegmentGroup], pool: RenderPool
) -> Generator[RenderedSegment]:
    """The segments of some reels, in order."""
    segments = [segment for reel in groups for segment in reel.segments]
    samples = sum(segment.end - segment.start for segment in segments)
    pace = RenderDeadline(samples, len(segments), pool.workers, pool.deadline_s)

    def work(segment: Segment) -> RenderedSegment:
        pace.check()
        done = renderer.render(segment)
        pace.record_segment(segment.end - segment.start)
        return done

    yield from map_in_order(segments, work, pool.workers, pool.processes)


def open_cached_stream(cache: SegmentCache, cached: CachedSegment) -> EncodedStream:
    """A reel's stream as it lies in the store."""

    def pour(file: IO[bytes]) -> None:
        cache.store.read_into(cached.key, file)

    return EncodedStream(cached.size_bytes, cached.frames, cached.windows, pour, cached.key)


def _open_rendered_stream(parts: Sequence[RenderedSegment]) -> EncodedStream:
    """Segments just rendered, as they lie in their files."""

    def pour(file: IO[bytes]) -> None:
        for part in parts:
            _copy_frames(part, file)

    return EncodedStream(
        size_bytes=sum(part.end_byte - part.begin_byte for part in parts),
        frames=sum(part.frames for part in parts),
        windows=sum_histograms(part.windows for part in parts),
        write_to=pour,
    )


def _store_group(cache: SegmentCache, key: str, parts: Sequence[RenderedSegment]) -> EncodedStream:
    """Segments just rendered, put on the shelf as a reel."""
    strip = _open_rendered_stream(parts)
    path = parts[0].path.with_suffix(".reel")
    with path.open("wb") as file:
        strip.write_to(file)
    kept = cache.put(key, path, strip.frames, strip.windows)
    path.unlink()
    return replace(strip, windows=kept.windows, key=key)


def _copy_frames(part: RenderedSegment, file: IO[bytes]) -> None:
    """Append a segment's own frames, a little at a time."""
    with part.path.open("rb") as source:
        source.seek(part.begin_byte)
        for block in read_blocks(source, part.end_byte - part.begin_byte):
            file.write(block)


def read_blocks(source: IO[bytes], size_bytes: int) -> Iterator[bytes]:
    """So many bytes of an open file, a little at a time."""
    while size_bytes > 0 and (block := source.read(min(COPY_BYTES, size_bytes))):
        yield block
        size_bytes -= len(block)
