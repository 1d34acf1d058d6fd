"""Streams the segments of one timeline in order, cached or rendered by one pool.

A render ends as soon as it is known to miss its deadline: the first segments show the speed of this
machine. A later attempt continues from the cache.
"""

import threading
import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from mixer.errors import OutOfTime
from mixer.parallel import map_in_order
from mixer.sound.formats import EncodedStream
from mixer.sound.render.segment_beginnings import Beginnings, key_beginnings
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_renderer import RenderedSegment, Renderer, RenderPool
from mixer.sound.render.segments import Segment


class RenderDeadline:
    """Speed of rendering, from `workers` segments on; times are monotonic. Safe for threads."""

    def __init__(
        self,
        samples: int,
        segments: int,
        workers: int,
        deadline_s: float | None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._left_samples, self._left_segments = samples, segments
        self._segments, self._workers = segments, workers
        self._done_samples = 0
        self._deadline_s, self._now_s = deadline_s, now_s
        self._begun_s = now_s()
        self._lock = threading.Lock()

    def record_segment(self, samples: int) -> None:
        """Count a rendered segment; raises OutOfTime if the others cannot be done in time."""
        with self._lock:
            self._left_samples -= samples
            self._left_segments -= 1
            self._done_samples += samples
        self.check()

    def check(self) -> None:
        """Raise OutOfTime if the remaining segments cannot be done in time."""
        if self._deadline_s is None or not self._left_segments:
            return
        left_s = self._deadline_s - self._now_s()
        needed_s = self._predict_needed_s()
        if needed_s > left_s or left_s <= 0:
            done = self._segments - self._left_segments
            raise OutOfTime(
                f"Rendering needs about {needed_s:.0f} s, but {max(0.0, left_s):.0f} s are left:"
                f" {done} of {self._segments} segments were done; give it more time or more cores.",
                needed_s=round(needed_s, 1),
            )

    def _predict_needed_s(self) -> float:
        if self._segments - self._left_segments < self._workers:
            return 0.0
        return self._left_samples / self._done_samples * (self._now_s() - self._begun_s)


def render_streams(
    renderer: Renderer,
    segments: Sequence[Segment],
    cache: SegmentCache | None,
    pool: RenderPool,
    before: Collection[str] = (),
) -> Generator[EncodedStream]:
    """Yield the stream of each segment, in order; each is readable until the next.

    Segments that begin like one of `before`, the keys of another version, are rendered from there
    on.

    Raises:
        RenderFailed: FFmpeg failed.
        OutOfTime: the deadline cannot be met, or the job was stopped; cached segments stay.
        StoreFailed: the disk is full, or the store fails.
    """
    keys = renderer.object_keys(segments, cache) if cache else [""] * len(segments)
    kept = cache.find_all(keys) if cache else {}
    missing = [each for each, key in zip(segments, keys, strict=True) if key not in kept]
    known = Beginnings()
    if cache and renderer.encoding.stream.joins_exactly:
        known = Beginnings.find(cache, before)
    with closing(_render_segments(renderer, missing, pool, known)) as rendered:
        for key, segment in zip(keys, segments, strict=True):
            if key in kept:
                yield kept[key]
                continue
            made = next(rendered)
            if cache:
                yield _store_segment(cache, key, made, key_beginnings(renderer, segment))
            else:
                yield _open_rendered(made)
            made.path.unlink()


def _render_segments(
    renderer: Renderer, segments: Sequence[Segment], pool: RenderPool, beginnings: Beginnings
) -> Generator[RenderedSegment]:
    samples = sum(segment.end - segment.start for segment in segments)
    deadline = RenderDeadline(samples, len(segments), pool.workers, pool.deadline_s)

    def work(segment: Segment) -> RenderedSegment:
        deadline.check()
        rendered = beginnings.render(renderer, segment)
        deadline.record_segment(segment.end - segment.start)
        return rendered

    yield from map_in_order(segments, work, pool.workers, pool.processes.stop)


def _open_rendered(segment: RenderedSegment) -> EncodedStream:
    size_bytes = segment.end_byte - segment.begin_byte
    return EncodedStream(size_bytes, segment.frames, segment.write_to)


def _store_segment(
    cache: SegmentCache, key: str, segment: RenderedSegment, beginnings: Sequence[str]
) -> EncodedStream:
    path = segment.path.with_suffix(".own")
    with path.open("wb") as file:
        segment.write_to(file)
    cache.put(key, path, segment.frames, beginnings)
    path.unlink()
    return replace(_open_rendered(segment), key=key)
