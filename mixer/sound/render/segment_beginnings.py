"""Takes the beginning of a segment from the last version of a mix: an edit renders only the rest.

A segment is the same up to the first recording that was changed. So each stored segment lists the
keys of parts of it: what a segment that ends in front of a recording would be stored under. The
frames of such a part are the same in all segments that begin with it.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from mixer.errors import DamagedObject, NotFound
from mixer.sound.formats import EncodedStream
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_renderer import RenderedSegment, Renderer
from mixer.sound.render.segments import POSTROLL_S, Segment
from mixer.sound.timeline import Timeline

MIN_GRIDS = 4
"""5.12 s: to render less costs about as much as FFmpeg's start and a second preroll."""

KEY_HEX_DIGITS = 16
"""Enough for the parts of a few segments; metadata have little room (2 kB in S3)."""


def list_beginnings(timeline: Timeline, segment: Segment) -> Iterator[Segment]:
    """Parts of a segment that end on the grid in front of a recording, the shortest first."""
    lookahead, grids = int(POSTROLL_S * timeline.rate_hz), 0
    for clip in timeline.find_clips(segment.start, segment.end):
        before = (clip.start - lookahead - segment.start) // timeline.grid
        if before >= grids + MIN_GRIDS:
            grids = before
            yield Segment.cut(timeline, segment.start, segment.start + grids * timeline.grid)


def key_beginnings(renderer: Renderer, segment: Segment) -> list[str]:
    """The keys of the parts that other versions of a segment may begin with."""
    if not renderer.encoding.stream.joins_exactly:
        return []
    return [_key_part(renderer, part) for part in list_beginnings(renderer.timeline, segment)]


def _key_part(renderer: Renderer, part: Segment) -> str:
    return renderer.cache_key(part)[:KEY_HEX_DIGITS]


@dataclass(frozen=True, slots=True)
class Beginnings:
    """The segments of another version of a mix, by the keys of their parts."""

    streams: Mapping[str, EncodedStream] = field(default_factory=dict)

    @classmethod
    def find(cls, cache: SegmentCache, keys: Collection[str]) -> "Beginnings":
        """Look up segments, and list their parts."""
        streams = cache.find_all(sorted(keys)).values()
        return cls({part: stream for stream in streams for part in stream.beginnings})

    def render(self, renderer: Renderer, segment: Segment) -> RenderedSegment:
        """Render a segment, or what is missing of it; raises as `Renderer.render`."""
        known = self._find_longest(renderer, segment) if self.streams else None
        if known:
            with suppress(DamagedObject, NotFound):
                return self._complete(renderer, segment, *known)
        return renderer.render(segment)

    def _find_longest(
        self, renderer: Renderer, segment: Segment
    ) -> tuple[Segment, EncodedStream] | None:
        """Find the longest known part, and a segment that begins with it."""
        longest = None
        for part in list_beginnings(renderer.timeline, segment):
            stream = self.streams.get(_key_part(renderer, part))
            if stream is None:
                break
            longest = part, stream
        return longest

    def _complete(
        self, renderer: Renderer, segment: Segment, part: Segment, stream: EncodedStream
    ) -> RenderedSegment:
        content = stream.read()
        rest = renderer.render(Segment.cut(renderer.timeline, part.end, segment.end))
        path = rest.path.with_suffix(".whole")
        with path.open("wb") as file:
            file.write(content[: renderer.measure_bytes(content, part)])
            rest.write_to(file)
        rest.path.unlink()
        frames = renderer.count_frames(part) + rest.frames
        return RenderedSegment(path, 0, path.stat().st_size, frames)
