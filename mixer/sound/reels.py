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

from mixer.files import disk_errors_named
from mixer.parallel import in_parallel, usable_cores
from mixer.sound.addresses import reel_address
from mixer.sound.encoders import Encoding
from mixer.sound.ffmpeg import Children
from mixer.sound.loudness import Histogram, summed
from mixer.sound.mp3 import Stretch
from mixer.sound.pace import Pace
from mixer.sound.rendering import Ingredients, Rendered, Renderer, in_order
from mixer.sound.segments import SEGMENT_GRIDS, Reel, Segment, cut, wound
from mixer.sound.shelf import KeptReel, Shelf
from mixer.sound.timeline import Timeline
from mixer.store.multipart import MIN_PART_BYTES

LOOKUPS_AT_ONCE = 16
COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Strip:
    """A reel's stream, wherever it lies.

    Attributes:
        size_bytes: of the stream.
        frames: how many it holds.
        windows: momentary loudness as it went into the encoder.
        pour: writes the stream into an open file.
        key: its object key; empty where it is not kept.
    """

    size_bytes: int
    frames: int
    windows: Histogram
    pour: Callable[[IO[bytes]], None]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Mixdown:
    """What a render leaves besides its file.

    Attributes:
        windows: momentary loudness of the mix as it went into the encoder.
        frames: of audio.
        stretches: of the file, so that it can be decoded on all cores; none where its format
            does not allow it.
        reels: object keys of those that it was joined of, where they are kept.
    """

    windows: Histogram
    frames: int
    stretches: tuple[Stretch, ...] = ()
    reels: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """What has gone into a finished file so far.

    Attributes:
        frames: of audio.
        windows: of each strip.
        keys: of each strip that is kept.
    """

    frames: int = 0
    windows: list[Histogram] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def counted(self, strips: Iterable[Strip]) -> Iterator[Strip]:
        """Strips as they pass."""
        for strip in strips:
            yield strip
            self.frames += strip.frames
            self.windows.append(strip.windows)
            self.keys += [strip.key] if strip.key else []

    def mixdown(self, stretches: tuple[Stretch, ...] = ()) -> Mixdown:
        """All that has passed."""
        return Mixdown(summed(self.windows), self.frames, stretches, tuple(self.keys))


@dataclass(frozen=True, slots=True)
class Crew:
    """Who renders, and for how long.

    Attributes:
        children: the job that all of FFmpeg belongs to.
        workers: segments rendered at a time.
        until_s: when all must be done, on the monotonic clock; None for no deadline.
    """

    children: Children
    workers: int
    until_s: float | None = None


def reels_of(timeline: Timeline, grids: int | None = SEGMENT_GRIDS) -> tuple[Reel, ...]:
    """The reels of a timeline, a segment each, so that many workers share a short one as well.

    Args:
        timeline: of the mix.
        grids: how many grid steps a segment holds, about; None for a serial render.
    """
    return wound(timeline, cut(timeline, grids))


def store_reels(timeline: Timeline, encoding: Encoding) -> tuple[Reel, ...]:
    """The reels of a timeline, each but the last large enough to be copied as a part in S3."""
    least_s = MIN_PART_BYTES / encoding.stream_bytes_per_s(timeline.channels)
    return wound(timeline, cut(timeline), ceil(least_s * timeline.rate_hz))


def render_reel(
    timeline: Timeline,
    reel: Reel,
    ingredients: Ingredients,
    shelf: Shelf,
    *,
    encoding: Encoding,
    workers: int | None = None,
    until_s: float | None = None,
    children: Children | None = None,
) -> KeptReel:
    """Render one reel onto the shelf; one that is there already is left as it is.

    Args:
        timeline: the mix.
        reel: of it.
        ingredients: the recordings that `mixer.sound.segments.sources` names for it, and what is
            known of all music.
        shelf: where it is kept.
        encoding: of the finished file.
        workers: segments rendered at a time; all cores when None.
        until_s: when it must be done, on the monotonic clock.
        children: the job that it belongs to.

    Raises:
        RenderFailed: FFmpeg stopped in the middle.
        OutOfTime: it will not be done in time, or the job was stopped.
        StoreFailed: the disk is full, or the store refuses.
    """
    crew = Crew(children or Children(), workers or usable_cores(), until_s)
    with TemporaryDirectory(prefix="mixdown-") as folder, disk_errors_named(Path(folder)):
        renderer = Renderer(timeline, ingredients, encoding, Path(folder), crew.children)
        with closing(strips(renderer, [reel], shelf, crew)) as rendered:
            strip = next(rendered)
    return KeptReel(strip.key, strip.size_bytes, strip.frames, strip.windows)


def reel_key(renderer: Renderer, reel: Reel, shelf: Shelf) -> str:
    """The object key of a reel."""
    address = reel_address([renderer.address(segment) for segment in reel.segments])
    return shelf.key(address, renderer.encoding.stream)


def strips(
    renderer: Renderer, reels: Sequence[Reel], shelf: Shelf | None, crew: Crew
) -> Generator[Strip]:
    """The stream of each reel, in order; what a strip pours is gone when the next is asked for.

    Args:
        renderer: of the timeline.
        reels: of it.
        shelf: where reels are kept; None to keep none.
        crew: who renders.
    """
    keys = [reel_key(renderer, reel, shelf) if shelf else "" for reel in reels]
    kept = kept_reels(shelf, keys) if shelf else {}
    missing = [reel for reel, key in zip(reels, keys, strict=True) if key not in kept]
    with closing(_rendered(renderer, missing, crew)) as rendered:
        for reel, key in zip(reels, keys, strict=True):
            if shelf and key in kept:
                yield from_shelf(shelf, kept[key])
                continue
            parts = list(islice(rendered, len(reel.segments)))
            yield _put_up(shelf, key, parts) if shelf else _loose(parts)
            for part in parts:
                part.path.unlink()


def kept_reels(shelf: Shelf, keys: Sequence[str]) -> dict[str, KeptReel]:
    """Those of some reels that are on the shelf."""
    looked_up = in_parallel(dict.fromkeys(keys), shelf.find, LOOKUPS_AT_ONCE)
    found = {key: outcome.result() for key, outcome in looked_up}
    return {key: reel for key, reel in found.items() if reel is not None}


def _rendered(renderer: Renderer, reels: Sequence[Reel], crew: Crew) -> Generator[Rendered]:
    """The segments of some reels, in order."""
    segments = [segment for reel in reels for segment in reel.segments]
    samples = sum(segment.end - segment.start for segment in segments)
    pace = Pace(samples, len(segments), crew.workers, crew.until_s)

    def work(segment: Segment) -> Rendered:
        pace.check()
        done = renderer.rendered(segment)
        pace.done(segment.end - segment.start)
        return done

    yield from in_order(segments, work, crew.workers, crew.children)


def from_shelf(shelf: Shelf, kept: KeptReel) -> Strip:
    """A reel's stream as it lies in the store."""

    def pour(file: IO[bytes]) -> None:
        shelf.store.read_into(kept.key, file)

    return Strip(kept.size_bytes, kept.frames, kept.windows, pour, kept.key)


def _loose(parts: Sequence[Rendered]) -> Strip:
    """Segments just rendered, as they lie in their files."""

    def pour(file: IO[bytes]) -> None:
        for part in parts:
            _copy(part, file)

    return Strip(
        size_bytes=sum(part.end_byte - part.begin_byte for part in parts),
        frames=sum(part.frames for part in parts),
        windows=summed(part.windows for part in parts),
        pour=pour,
    )


def _put_up(shelf: Shelf, key: str, parts: Sequence[Rendered]) -> Strip:
    """Segments just rendered, put on the shelf as a reel."""
    strip = _loose(parts)
    path = parts[0].path.with_suffix(".reel")
    with path.open("wb") as file:
        strip.pour(file)
    kept = shelf.keep(key, path, strip.frames, strip.windows)
    path.unlink()
    return replace(strip, windows=kept.windows, key=key)


def _copy(part: Rendered, file: IO[bytes]) -> None:
    """Append a segment's own frames, a little at a time."""
    with part.path.open("rb") as source:
        source.seek(part.begin_byte)
        for block in blocks(source, part.end_byte - part.begin_byte):
            file.write(block)


def blocks(source: IO[bytes], size_bytes: int) -> Iterator[bytes]:
    """So many bytes of an open file, a little at a time."""
    while size_bytes > 0 and (block := source.read(min(COPY_BYTES, size_bytes))):
        yield block
        size_bytes -= len(block)
