"""Renders segments of one timeline into files.

Beds are prepared for the first segment that needs them. The preroll and postroll are cut off.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from shutil import rmtree
from typing import IO

from mixer.errors import RenderFailed
from mixer.sound import ffmpeg
from mixer.sound.analysis import Measurement
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import Encoding, StreamFormat, Workshop
from mixer.sound.render.bed import Bed, predict_bed, prepare_bed
from mixer.sound.render.command import Command, build_segment_command
from mixer.sound.render.segment_cache import SegmentCache, fingerprint_bed, segment_cache_key
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import MIX_RATE_HZ, Cue, Timeline, rescale_samples

SEGMENT_TIMEOUT_S = 600.0
"""A segment of two minutes takes a few seconds; the timeout is for a broken machine."""

COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RenderSources:
    """Recordings of a timeline as local files.

    `content_ids` holds hashes for sources that do not identify their content, for caching only.
    """

    clips: Mapping[str, Path]
    music: Mapping[str, tuple[Path, Measurement]]
    content_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RenderedSegment:
    """A segment's own frames in a file."""

    path: Path
    begin_byte: int
    end_byte: int
    frames: int

    def write_to(self, file: IO[bytes]) -> None:
        """Copy the frames."""
        left = self.end_byte - self.begin_byte
        with self.path.open("rb") as source:
            source.seek(self.begin_byte)
            while left > 0 and (block := source.read(min(COPY_BYTES, left))):
                file.write(block)
                left -= len(block)


@dataclass(frozen=True, slots=True)
class RenderPool:
    """Workers (segments at a time), FFmpeg processes, and a deadline on the monotonic clock."""

    processes: ProcessGroup
    workers: int
    deadline_s: float | None = None


class Renderer:
    """Renders segments of one timeline, whose recordings must exist by then. Safe for threads."""

    def __init__(
        self, timeline: Timeline, sources: RenderSources, encoding: Encoding, workshop: Workshop
    ) -> None:
        self.timeline, self.encoding = timeline, encoding
        self._sources, self._workshop = sources, workshop
        self._played_s = _longest_played_s(timeline)
        self._beds: dict[tuple[str, bool], Bed] = {}
        self._preparing = threading.Lock()

    def render(self, segment: Segment) -> RenderedSegment:
        """Render one segment; raises RenderFailed or, if the job was stopped, OutOfTime."""
        stream = self.encoding.stream
        beds = {cue.sound_key: self._prepare_bed(cue.sound_key) for cue in self._cues(segment)}
        command = build_segment_command(
            self.timeline,
            segment,
            self._sources.clips,
            beds,
            stream,
        )
        path = self._workshop.folder / f"{segment.start}.{stream.suffix}"
        self._run(command, path)
        return RenderedSegment(path, *self._own_bytes(segment, path))

    def _run(self, command: Command, path: Path) -> None:
        """Run a segment's command; if its graph cannot read the files by itself, as inputs."""
        with suppress(RenderFailed):
            if not ffmpeg.is_damaged(self._run_ffmpeg(*command.decode_inside(), path)):
                return
        self._run_ffmpeg(command.arguments, command.files, path)

    def _run_ffmpeg(self, arguments: Sequence[str], files: Sequence[Path], path: Path) -> str:
        """Run FFmpeg to its end; returns its log."""
        return ffmpeg.run(
            [*arguments, *self.encoding.segment_arguments, str(path)],
            files=files,
            timeout_s=SEGMENT_TIMEOUT_S,
            processes=self._workshop.processes,
        ).stderr

    def cache_key(self, segment: Segment) -> str:
        """Compute a segment's cache key (see `mixer.sound.render.segment_cache`)."""
        return segment_cache_key(
            self.timeline,
            segment,
            self.encoding,
            {played: self._fingerprint_bed(played) for played in self._played_s},
            self._sources.content_ids,
            ffmpeg_version=ffmpeg.version(),
        )

    def object_keys(self, segments: Sequence[Segment], cache: SegmentCache) -> list[str]:
        """The object key of each segment."""
        stream = self.encoding.stream
        return [cache.object_key(self.cache_key(segment), stream) for segment in segments]

    def _cues(self, segment: Segment) -> list[Cue]:
        begin, end = segment.window_start, segment.window_end
        return [cue for cue in self.timeline.cues if cue.start < end and cue.end > begin]

    def _prepare_bed(self, sound_key: tuple[str, bool]) -> Bed:
        with self._preparing:
            if sound_key not in self._beds:
                path, measured = self._sources.music[sound_key[0]]
                folder = self._workshop.folder / f"bed{len(self._beds)}"
                rmtree(folder, ignore_errors=True)  # of an earlier render of the same mix
                folder.mkdir()
                played_s = self._played_s[sound_key]
                self._beds[sound_key] = prepare_bed(
                    path, measured, played_s, folder, self._workshop.processes
                )
            return self._beds[sound_key]

    def _fingerprint_bed(self, sound_key: tuple[str, bool]) -> Bed:
        source, _ = sound_key
        path, measured = self._sources.music[source]
        bed = predict_bed(measured, self._played_s[sound_key], path)
        return fingerprint_bed(bed, self._sources.content_ids.get(source, source), measured)

    def count_frames(self, part: Segment) -> int:
        """The frames of a segment that is not the last."""
        return self._frame_at(part.end) - self._frame_at(part.start)

    def measure_bytes(self, content: bytes, part: Segment) -> int:
        """The bytes of the frames of a part that a segment begins with."""
        lengths = self.encoding.stream.frame_lengths
        return sum(islice(lengths(content), self.count_frames(part))) if lengths else 0

    def _frame_at(self, sample: int) -> int:
        return frame_at(self.timeline, self.encoding, sample)

    def _own_bytes(self, segment: Segment, path: Path) -> tuple[int, int, int]:
        places = (segment.window_start, segment.start, segment.end)
        rendered_from, first, end = map(self._frame_at, places)
        after = None if segment.is_last else end
        own = slice(first - rendered_from, None if after is None else after - rendered_from)
        begin, end, frames = _locate_frames(self.encoding.stream, path, self.timeline.channels, own)
        if frames != (max(1, frames) if after is None else after - first):
            raise RenderFailed(f"A segment of {(after or first) - first} frames has {frames}.")
        return begin, end, frames


def frame_at(timeline: Timeline, encoding: Encoding, sample: int) -> int:
    """Number of the first audio frame from a sample of the timeline on."""
    samples = rescale_samples(sample, timeline.rate_hz, MIX_RATE_HZ)
    return -(-samples // encoding.stream.frame_samples)


def _longest_played_s(timeline: Timeline) -> dict[tuple[str, bool], float]:
    """How much of each recording plays, looped where it is shorter, in seconds."""
    longest_s: dict[tuple[str, bool], float] = {}
    for cue in timeline.cues:
        seconds = timeline.seconds(cue.skip + cue.length) + 1 / MIX_RATE_HZ
        longest_s[cue.sound_key] = max(seconds, longest_s.get(cue.sound_key, 0.0))
    return longest_s


def _locate_frames(
    stream: StreamFormat, path: Path, channels: int, own: slice
) -> tuple[int, int, int]:
    if stream.frame_lengths is None:
        whole = stream.sample_bytes * channels
        first, after, _ = own.indices(path.stat().st_size // whole)
        return first * whole, after * whole, after - first
    lengths = list(stream.frame_lengths(path.read_bytes()))
    begin = sum(lengths[: own.start])
    return begin, begin + sum(lengths[own]), len(lengths[own])
