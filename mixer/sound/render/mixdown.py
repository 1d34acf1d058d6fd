"""A Timeline carried out: segments rendered on all cores, joined behind a header, published whole.

The order: see which reels are kept already, render the segments of the others, and join all of
them in order while later ones still render. Memory is bounded by a segment. The disk holds the
beds, a few segments in the making, and the finished file.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.files import translate_disk_errors
from mixer.parallel import usable_cores
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import wav
from mixer.sound.formats.encoding import Encoding
from mixer.sound.render.joining import join_streams
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_groups import (
    EncodedStream,
    Mixdown,
    RenderPool,
    plan_groups,
    render_streams,
)
from mixer.sound.render.segment_renderer import Renderer, RenderSources
from mixer.sound.render.segments import SEGMENT_GRIDS
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, rescale_samples

Progress = Callable[[float], None]
"""Called with the share that is done, from 0 to 1, from any thread."""


def render(
    timeline: Timeline,
    sources: RenderSources,
    out: Path,
    *,
    encoding: Encoding,
    raw_tags: bytes = b"",
    ffmetadata: str = "",
    cover: bytes = b"",
    cache: SegmentCache | None = None,
    deadline_s: float | None = None,
    workers: int | None = None,
    segment_grids: int | None = SEGMENT_GRIDS,
    progress: Progress | None = None,
    processes: ProcessGroup | None = None,
) -> Mixdown:
    """Render a timeline into a finished file.

    Args:
        timeline: the mix.
        sources: its recordings.
        out: the finished file; it appears whole or not at all.
        encoding: its format.
        raw_tags: an ID3 tag for an MP3, chunks for a WAV.
        ffmetadata: tags and chapters in FFmpeg's metadata format, for the others.
        cover: a JPEG, for the others.
        cache: where segments are kept for the next try and the next edit; None to keep none. Raw
            samples are not kept: they are ten times as large, and quickly made.
        deadline_s: when it must be done, on the monotonic clock; None for no deadline.
        workers: segments rendered at a time; all cores when None.
        segment_grids: length of a segment in grid steps; None to render serially.
        progress: told how far it is.
        processes: the job that it belongs to; stopping it stops the render.

    Raises:
        BadOption: the format cannot hold so much.
        RenderFailed: FFmpeg stopped in the middle.
        OutOfTime: it will not be done in time, or the job was stopped.
        StoreFailed: the disk is full, or the folder is not writable.
    """
    if encoding.format == "wav":
        samples = rescale_samples(timeline.length, timeline.rate_hz, MIX_RATE_HZ)
        wav.require_fit(timeline.channels, samples, len(raw_tags))
    cache = None if encoding.stream.sample_bytes else cache
    crew = RenderPool(processes or ProcessGroup(), workers or usable_cores(), deadline_s)
    with translate_disk_errors(out), TemporaryDirectory(prefix="mixdown-") as scratch:
        renderer = Renderer(timeline, sources, encoding, Path(scratch), crew.processes)
        reels = plan_groups(timeline, segment_grids)
        with closing(render_streams(renderer, reels, cache, crew)) as in_order:
            told = _report_progress(in_order, len(reels), progress)
            return join_streams(
                told,
                out,
                encoding,
                timeline,
                raw_tags=raw_tags,
                ffmetadata=ffmetadata,
                cover=cover,
                folder=Path(scratch),
                processes=crew.processes,
            )


def _report_progress(
    streams: Iterator[EncodedStream], count: int, progress: Progress | None
) -> Iterator[EncodedStream]:
    for number, strip in enumerate(streams, start=1):
        yield strip
        if progress is not None:
            progress(number / count)
