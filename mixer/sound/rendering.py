"""Segments of one timeline, rendered into files.

Beds are prepared when the first segment needs them. Of the stream that FFmpeg makes, only the
frames between the rolls are the segment's own.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from mixer.errors import RenderFailed
from mixer.sound import ffmpeg
from mixer.sound.addresses import named_bed, segment_address
from mixer.sound.bed import Bed, foreseen_bed, prepare_bed
from mixer.sound.encoders import Encoding, Stream, frame_lengths
from mixer.sound.ffmpeg import Children
from mixer.sound.filtergraph import LOUDNESS_STEP, segment_command
from mixer.sound.loudness import FINE_BIN_LU, Histogram, histogram
from mixer.sound.measure import Measurement, momentary_lufs
from mixer.sound.segments import Segment
from mixer.sound.timeline import MIX_RATE_HZ, Cue, Timeline, at_rate

SEGMENT_TIMEOUT_S = 600.0
"""A segment of two minutes takes a few seconds; this is for a machine gone wrong."""

AHEAD = 2
"""Segments that may wait, rendered, for one before them: they lie on the disk meanwhile."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a timeline is made of, as local files.

    Attributes:
        clips: the recordings of its clips.
        music: the recordings of its cues, and what is known of them.
        names: what tells the contents of a recording, by source, where the source itself does not;
            only what is kept under an address of its contents needs it.
    """

    clips: Mapping[str, Path]
    music: Mapping[str, tuple[Path, Measurement]]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A segment's own frames, in a file.

    Attributes:
        path: of the file.
        begin_byte: of the first frame.
        end_byte: one past the last frame.
        frames: how many.
        windows: momentary loudness as it went into the encoder.
    """

    path: Path
    begin_byte: int
    end_byte: int
    frames: int
    windows: Histogram


class Renderer:
    """Renders segments of one timeline into files. Safe for many threads.

    Args:
        timeline: the mix.
        ingredients: its recordings; those of a segment must be there when it is rendered.
        encoding: of the finished file.
        folder: for beds and segments; whoever made it removes it.
        children: the job that all of FFmpeg belongs to.
    """

    def __init__(
        self,
        timeline: Timeline,
        ingredients: Ingredients,
        encoding: Encoding,
        folder: Path,
        children: Children,
    ) -> None:
        self.timeline, self.encoding = timeline, encoding
        self._ingredients, self._folder, self._children = ingredients, folder, children
        self._played_s = _played_s(timeline)
        self._beds: dict[tuple[str, bool], Bed] = {}
        self._preparing = threading.Lock()

    def rendered(self, segment: Segment) -> Rendered:
        """Render one segment into a file of its own.

        Raises:
            RenderFailed: FFmpeg stopped in the middle.
            OutOfTime: the job was stopped.
        """
        stream = self.encoding.stream
        beds = {cue.played: self._bed(cue.played) for cue in self._cues(segment)}
        command = segment_command(
            self.timeline,
            segment,
            self._ingredients.clips,
            beds,
            stream.frame_samples,
            sample_format=stream.sample_format,
        )
        path = self._folder / f"{segment.start}.{stream.suffix}"
        done = ffmpeg.run(
            [*command.arguments, *self.encoding.segment_arguments, str(path)],
            files=command.files,
            timeout_s=SEGMENT_TIMEOUT_S,
            children=self._children,
        )
        momentary = momentary_lufs(done.stdout.decode())
        begin, end, frames = self._own_bytes(segment, path)
        own = momentary[self._own_windows(segment, command.unmeasured)]
        return Rendered(path, begin, end, frames, histogram(own, FINE_BIN_LU))

    def address(self, segment: Segment) -> str:
        """What a segment is kept under; see `mixer.sound.addresses`."""
        return segment_address(
            self.timeline,
            segment,
            self.encoding,
            {played: self._named_bed(played) for played in self._played_s},
            self._ingredients.names,
            ffmpeg_version=ffmpeg.version(),
        )

    def _cues(self, segment: Segment) -> list[Cue]:
        begin, end = segment.window_start, segment.window_end
        return [cue for cue in self.timeline.cues if cue.start < end and cue.end > begin]

    def _bed(self, played: tuple[str, bool]) -> Bed:
        with self._preparing:
            if played not in self._beds:
                path, measured = self._ingredients.music[played[0]]
                folder = self._folder / f"bed{len(self._beds)}"
                folder.mkdir()
                played_s = self._played_s[played]
                self._beds[played] = prepare_bed(path, measured, played_s, folder, self._children)
            return self._beds[played]

    def _named_bed(self, played: tuple[str, bool]) -> Bed:
        source, _ = played
        path, measured = self._ingredients.music[source]
        bed = foreseen_bed(measured, self._played_s[played], path)
        return named_bed(bed, self._ingredients.names.get(source, source), measured)

    def _own_windows(self, segment: Segment, unmeasured: int) -> slice:
        """Which loudness windows end inside the segment itself."""
        begin = self._mix_samples(segment.window_start) + unmeasured
        first = (self._mix_samples(segment.start) - begin) // LOUDNESS_STEP
        return slice(first, (self._mix_samples(segment.end) - begin) // LOUDNESS_STEP)

    def _own_bytes(self, segment: Segment, path: Path) -> tuple[int, int, int]:
        """From which byte to which byte a segment's own frames lie, and how many they are."""
        frame = self.encoding.stream.frame_samples
        rendered_from = -(-self._mix_samples(segment.window_start) // frame)
        first = -(-self._mix_samples(segment.start) // frame)
        after = None if segment.is_last else -(-self._mix_samples(segment.end) // frame)
        own = slice(first - rendered_from, None if after is None else after - rendered_from)
        begin, end, frames = _found(self.encoding.stream, path, self.timeline.channels, own)
        if frames != (max(1, frames) if after is None else after - first):
            raise RenderFailed(f"A segment of {(after or first) - first} frames has {frames}.")
        return begin, end, frames

    def _mix_samples(self, samples: int) -> int:
        return at_rate(samples, self.timeline.rate_hz, MIX_RATE_HZ)


def _played_s(timeline: Timeline) -> dict[tuple[str, bool], float]:
    """For how long each recording of music, and each sound, is played at a stretch."""
    longest_s: dict[tuple[str, bool], float] = {}
    for cue in timeline.cues:
        seconds = timeline.seconds(cue.length) + 1 / MIX_RATE_HZ
        longest_s[cue.played] = max(seconds, longest_s.get(cue.played, 0.0))
    return longest_s


def _found(stream: Stream, path: Path, channels: int, own: slice) -> tuple[int, int, int]:
    """The bytes of some frames of a stream's file, and how many there are."""
    if stream.sample_bytes:
        whole = stream.sample_bytes * channels
        first, after, _ = own.indices(path.stat().st_size // whole)
        return first * whole, after * whole, after - first
    lengths = list(frame_lengths(stream, path.read_bytes()))
    begin = sum(lengths[: own.start])
    return begin, begin + sum(lengths[own]), len(lengths[own])


def in_order(
    items: Iterable[Item], work: Callable[[Item], Outcome], workers: int, children: Children
) -> Generator[Outcome]:
    """Results of parallel work, in order; a failure, or leaving early, stops all the others.

    Args:
        items: taken as needed: no more than a few wait for the one before them.
        work: called with each, in threads.
        workers: how many at a time.
        children: the job of the work.
    """
    waiting = iter(items)
    with ThreadPoolExecutor(workers, thread_name_prefix="segment") as pool:
        pending: deque[Future[Outcome]] = deque()
        try:
            pending.extend(pool.submit(work, item) for item in islice(waiting, workers + AHEAD))
            while pending:
                yield pending.popleft().result()
                pending.extend(pool.submit(work, item) for item in islice(waiting, 1))
        except BaseException as error:
            if pending or not isinstance(error, GeneratorExit):
                children.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
