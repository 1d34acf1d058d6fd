"""A timeline rendered: segments on all cores, joined in order while later ones still render.

Memory is bounded by a segment. The disk holds the beds, a few segments in the making, and the
finished file.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.files import translate_disk_errors
from mixer.parallel import usable_cores
from mixer.sound.analysis import Histogram
from mixer.sound.analysis.loudness import sum_histograms
from mixer.sound.analysis.verification import EncodedSpan
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import AudioTags, EncodedStream, Encoding, FileSpec, Workshop
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_renderer import Renderer, RenderPool, RenderSources
from mixer.sound.render.segment_streams import render_streams
from mixer.sound.render.segments import SEGMENT_GRIDS, cut_timeline
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, rescale_samples

Progress = Callable[[float], None]
"""Called with the share that is done, from 0 to 1, from any thread."""


@dataclass(frozen=True, slots=True)
class Mixdown:
    """What a render reports.

    Attributes:
        windows: momentary loudness of the mix as it went into the encoder.
        spans: of the file, so that it can be decoded on all cores; none where its format
            does not allow it.
        segment_keys: object keys of the segments that it was joined of, where they are kept.
    """

    windows: Histogram
    frames: int
    spans: tuple[EncodedSpan, ...] = ()
    segment_keys: tuple[str, ...] = ()

    @classmethod
    def of_streams(
        cls, streams: Sequence[EncodedStream], spans: tuple[EncodedSpan, ...] = ()
    ) -> "Mixdown":
        """What some segments make together."""
        return cls(
            windows=sum_histograms(stream.windows for stream in streams),
            frames=sum(stream.frames for stream in streams),
            spans=spans,
            segment_keys=tuple(stream.key for stream in streams if stream.key),
        )


@dataclass(frozen=True, slots=True)
class RenderJob:
    """A mix to be rendered.

    Attributes:
        timeline: the mix.
        sources: its recordings.
        encoding: of the finished file.
        tags: what the file says of itself.
        cache: where segments are kept for the next try and the next edit; None to keep none.
        pool: who renders, and until when.
        segment_grids: length of a segment in grid steps; None to render serially.
    """

    timeline: Timeline
    sources: RenderSources
    encoding: Encoding
    tags: AudioTags | None = None
    cache: SegmentCache | None = None
    pool: RenderPool = field(default_factory=lambda: RenderPool(ProcessGroup(), usable_cores()))
    segment_grids: int | None = SEGMENT_GRIDS

    @property
    def spec(self) -> FileSpec:
        """The finished file."""
        return file_spec(self.timeline, self.encoding, self.tags)


def file_spec(timeline: Timeline, encoding: Encoding, tags: AudioTags | None = None) -> FileSpec:
    """The finished file of a mix."""
    samples = rescale_samples(timeline.length, timeline.rate_hz, MIX_RATE_HZ)
    return FileSpec(encoding, timeline.channels, samples, tags)


def render(job: RenderJob, out: Path, progress: Progress | None = None) -> Mixdown:
    """Render a mix into a file on this machine, which appears whole or not at all.

    Raises:
        BadOption: the format cannot hold so much.
        RenderFailed: FFmpeg stopped in the middle.
        OutOfTime: it will not be done in time, or the job was stopped.
        StoreFailed: the disk is full, or the folder is not writable.
    """
    spec, kind = job.spec, job.encoding.kind
    kind.require_fit(spec)
    cache = job.cache if kind.is_distributed else None
    joined: list[EncodedStream] = []
    with translate_disk_errors(out), TemporaryDirectory(prefix="mixdown-") as scratch:
        workshop = Workshop(Path(scratch), job.pool.processes)
        renderer = Renderer(job.timeline, job.sources, job.encoding, workshop)
        segments = cut_timeline(job.timeline, job.segment_grids)
        with closing(render_streams(renderer, segments, cache, job.pool)) as streams:
            passing = _record_streams(streams, joined, len(segments), progress)
            kind.join(passing, out, spec, workshop)
    return Mixdown.of_streams(joined, kind.find_spans(spec, joined))


def _record_streams(
    streams: Iterator[EncodedStream],
    joined: list[EncodedStream],
    count: int,
    progress: Progress | None,
) -> Iterator[EncodedStream]:
    """Streams as they pass, each noted once it has been written."""
    for stream in streams:
        yield stream
        joined.append(stream)
        if progress is not None:
            progress(len(joined) / count)
