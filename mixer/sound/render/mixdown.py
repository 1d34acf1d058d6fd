"""Renders a timeline: segments on all cores, joined in order while later ones still render.

Memory holds one segment; the disk holds the beds, a few segments and the finished file.

A few mixes cannot be predicted: plosives far harder than the speech around them, music in pauses
close to the gate of R 128. If the check of what was rendered finds another loudness, the mix is
laid out and rendered again with that error (see docs/adr).
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from mixer.files import open_scratch_folder, translate_disk_errors
from mixer.parallel import usable_cores
from mixer.sound.analysis import Verification
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import AudioTags, EncodedStream, Encoding, FileSpec, Workshop
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_renderer import Renderer, RenderPool, RenderSources
from mixer.sound.render.segment_streams import render_streams
from mixer.sound.render.segments import SEGMENT_GRIDS, cut_timeline
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, rescale_samples

Progress = Callable[[float], None]
"""Called with the finished share, from 0 to 1, from any thread."""


@dataclass(frozen=True, slots=True)
class Mixdown:
    """A mix that was rendered and checked; no segment keys without a cache."""

    verification: Verification
    segment_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderJob:
    """A mix to render, serially if `segment_grids` is None; without `cache` nothing is kept."""

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
    """Describe the finished file of a mix."""
    samples = rescale_samples(timeline.length, timeline.rate_hz, MIX_RATE_HZ)
    return FileSpec(encoding.bitrate_kbps, timeline.channels, samples, tags)


def render(job: RenderJob, out: Path, progress: Progress | None = None) -> tuple[str, ...]:
    """Render a mix into a local file, which appears complete or not at all.

    Returns the keys of its segments, empty ones without a cache.

    Raises:
        BadOption: the mix is too long for the format.
        RenderFailed: FFmpeg failed.
        OutOfTime: the deadline cannot be met, or the job was stopped.
        StoreFailed: the disk is full, or the folder is not writable.
    """
    spec, kind = job.spec, job.encoding.kind
    kind.require_fit(spec)
    cache = job.cache if kind.is_distributed else None
    keys: list[str] = []
    with translate_disk_errors(out), open_scratch_folder("mixdown") as scratch:
        workshop = Workshop(Path(scratch), job.pool.processes)
        renderer = Renderer(job.timeline, job.sources, job.encoding, workshop)
        segments = cut_timeline(job.timeline, job.segment_grids)
        with closing(render_streams(renderer, segments, cache, job.pool)) as streams:
            passing = _record_streams(streams, keys, len(segments), progress)
            kind.join(passing, out, spec, workshop)
    return tuple(keys)


def _record_streams(
    streams: Iterator[EncodedStream],
    keys: list[str],
    count: int,
    progress: Progress | None,
) -> Iterator[EncodedStream]:
    for stream in streams:
        yield stream
        keys.append(stream.key)
        if progress is not None:
            progress(len(keys) / count)


TOLERANCE_LU = 0.15
"""A file is then within 0.2 LU: 198 of 200 random mixes are (measured)."""

REUSED_TOLERANCE_LU = 0.25
"""For an edit that keeps its gain, and with it most segments; it is off by up to 0.2 for that."""

MAX_ATTEMPTS = 4
"""Two suffice for two hundred random mixes (measured); hard limiting may take three."""

MIN_IMPROVEMENT_LU = 0.05
"""An attempt that improves by less is the last."""


@dataclass(frozen=True, slots=True)
class RenderAttempt:
    """A rendered mix; `prediction_error_lu` is how much louder than predicted it is."""

    timeline: Timeline
    mixdown: Mixdown
    prediction_error_lu: float = 0.0


def render_to_target(
    build: Callable[[float], Timeline],
    render: Callable[[Timeline], Mixdown],
    *,
    reuse: Callable[[Timeline], Timeline] | None = None,
    prediction_error_lu: float = 0.0,
) -> RenderAttempt:
    """Render a mix, and again if it misses its target.

    `build` lays it out for a prediction error. `reuse`, which keeps the mastering of the last
    version, is for the first attempt only.
    """
    planned = build(prediction_error_lu)
    used = reuse(planned) if reuse else planned
    tolerance_lu = TOLERANCE_LU if used.mastering == planned.mastering else REUSED_TOLERANCE_LU
    attempt = RenderAttempt(used, render(used), prediction_error_lu)
    missed_lu = target_error_lu(attempt)
    for _ in range(MAX_ATTEMPTS - 1):
        if abs(missed_lu) <= tolerance_lu:
            break
        prediction_error_lu += missed_lu + planned.mastering.gain_db - used.mastering.gain_db
        planned = used = build(prediction_error_lu)
        if _is_same_render(planned, attempt.timeline):
            return replace(attempt, timeline=planned, prediction_error_lu=prediction_error_lu)
        attempt = RenderAttempt(planned, render(planned), prediction_error_lu)
        before_lu, missed_lu = missed_lu, target_error_lu(attempt)
        if abs(before_lu) - abs(missed_lu) < MIN_IMPROVEMENT_LU:
            break
    return attempt


def target_error_lu(attempt: RenderAttempt) -> float:
    """How much louder than its target a rendered mix is; 0 for silence."""
    loudness = attempt.mixdown.verification.integrated_lufs
    return 0.0 if loudness is None else loudness - attempt.timeline.mastering.target_lufs


def _is_same_render(one: Timeline, other: Timeline) -> bool:
    mastering = replace(one.mastering, target_lufs=other.mastering.target_lufs)
    return mastering == other.mastering
