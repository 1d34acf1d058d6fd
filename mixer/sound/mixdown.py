"""A Timeline carried out: music prepared, segments rendered on all cores, frames joined.

The order: prepare the beds, render every segment into a file of its own, join their frames behind
tags and a header frame, publish the whole under its final name. Memory is bounded by a segment;
disk holds the beds, the segments in the making and the finished file.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import RenderFailed
from mixer.files import disk_errors_named, published
from mixer.parallel import usable_cores
from mixer.sound import ffmpeg, mp3
from mixer.sound.bed import Bed, prepare_bed
from mixer.sound.ffmpeg import Children
from mixer.sound.filtergraph import segment_command
from mixer.sound.loudness import STEP_S, Histogram, histogram, summed
from mixer.sound.measure import Measurement, momentary_lufs
from mixer.sound.mp3 import FRAME_SAMPLES, Stretch
from mixer.sound.segments import SEGMENT_GRIDS, Segment, cut
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, at_rate

SEGMENT_TIMEOUT_S = 600.0
"""A segment of two minutes takes a few seconds; this is for a machine gone wrong."""

CHECK_ROLL_FRAMES = 49
"""1.28 s before a stretch, to be decoded and not judged: more than a loudness window needs."""

Progress = Callable[[float], None]
"""Called with the share that is done, from 0 to 1, from any thread."""


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a timeline is made of, as local files.

    Attributes:
        clips: the recordings of its clips.
        music: the recordings of its cues, and what is known of them.
    """

    clips: Mapping[str, Path]
    music: Mapping[str, tuple[Path, Measurement]]


@dataclass(frozen=True, slots=True)
class Mixdown:
    """What a render leaves besides its file.

    Attributes:
        windows: momentary loudness of the mix as it went into the encoder.
        frames: MP3 frames of audio.
        stretches: of the file, one for each segment, so that it can be decoded on all cores.
    """

    windows: Histogram
    frames: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A segment's MP3, its own frames among those of its rolls; None: all up to the end."""

    path: Path
    skip_frames: int
    own_frames: int | None
    windows: Histogram


def render(
    timeline: Timeline,
    ingredients: Ingredients,
    out: Path,
    *,
    bitrate_kbps: int,
    head: bytes = b"",
    workers: int | None = None,
    segment_grids: int | None = SEGMENT_GRIDS,
    progress: Progress | None = None,
    children: Children | None = None,
) -> Mixdown:
    """Render a timeline into an MP3.

    Args:
        timeline: the mix.
        ingredients: its recordings.
        out: the finished file; it appears whole or not at all.
        bitrate_kbps: constant.
        head: bytes to put in front, such as an ID3 tag.
        workers: segments rendered at a time; all cores when None.
        segment_grids: length of a segment in grid steps; None to render serially.
        progress: told how far it is.
        children: the job that it belongs to; stopping it stops the render.

    Raises:
        RenderFailed: FFmpeg stopped in the middle.
        OutOfTime: the job was stopped.
        StoreFailed: the disk is full, or the folder is not writable.
    """
    children = children or Children()
    with disk_errors_named(out), TemporaryDirectory(prefix="mixdown-") as scratch:
        folder = Path(scratch)
        beds = _beds(timeline, ingredients, folder, children)
        job = _Job(timeline, ingredients.clips, beds, _encoder(bitrate_kbps), folder, children)
        segments = cut(timeline, segment_grids)
        with closing(_parallel(job.rendered, segments, workers, children)) as in_order:
            return _join(_told(in_order, len(segments), progress), out, head, timeline)


def _beds(
    timeline: Timeline, ingredients: Ingredients, folder: Path, children: Children
) -> dict[str, Bed]:
    """A bed for each recording of music, as long as its longest cue."""
    longest_s: dict[str, float] = {}
    for cue in timeline.cues:
        seconds = timeline.seconds(cue.length) + 1 / MIX_RATE_HZ
        longest_s[cue.source] = max(seconds, longest_s.get(cue.source, 0.0))
    beds: dict[str, Bed] = {}
    for number, (source, played_s) in enumerate(longest_s.items()):
        path, measured = ingredients.music[source]
        bed_folder = folder / f"bed{number}"
        bed_folder.mkdir()
        beds[source] = prepare_bed(path, measured, played_s, bed_folder, children)
    return beds


def _encoder(bitrate_kbps: int) -> list[str]:
    """Frames that stand for themselves: no bit reservoir, no header frame, no tags."""
    rate = ["-c:a", "libmp3lame", "-b:a", f"{bitrate_kbps}k", "-reservoir", "0"]
    return [*rate, "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"]


@dataclass(frozen=True, slots=True)
class _Job:
    """What all segments of a render have in common."""

    timeline: Timeline
    clips: Mapping[str, Path]
    beds: Mapping[str, Bed]
    encoder: Sequence[str]
    folder: Path
    children: Children

    def rendered(self, segment: Segment) -> _Rendered:
        """Render one segment into a file of its own."""
        command = segment_command(self.timeline, segment, self.clips, self.beds)
        path = self.folder / f"{segment.start}.mp3"
        done = ffmpeg.run(
            [*command.arguments, *self.encoder, str(path)],
            files=command.files,
            timeout_s=SEGMENT_TIMEOUT_S,
            children=self.children,
        )
        momentary = momentary_lufs(done.stdout.decode())
        return _Rendered(
            path=path,
            skip_frames=self._frames(segment.start - segment.window_start),
            own_frames=None if segment.is_last else self._frames(segment.end - segment.start),
            windows=histogram(momentary[self._own_windows(segment)]),
        )

    def _frames(self, samples: int) -> int:
        """A stretch from cut to cut in MP3 frames."""
        return at_rate(samples, self.timeline.rate_hz, MIX_RATE_HZ) // FRAME_SAMPLES

    def _own_windows(self, segment: Segment) -> slice:
        """Which loudness windows end inside the segment itself; one ends every STEP_S."""
        step = self.timeline.rate_hz * STEP_S
        first = round((segment.start - segment.window_start) / step)
        return slice(first, round((segment.end - segment.window_start) / step))


def _parallel(
    work: Callable[[Segment], _Rendered],
    segments: Sequence[Segment],
    workers: int | None,
    children: Children,
) -> Generator[_Rendered]:
    """Results in order; the first failure, or leaving early, stops all the others."""
    with ThreadPoolExecutor(workers or usable_cores(), thread_name_prefix="segment") as pool:
        try:
            yield from pool.map(work, segments)
        except BaseException:
            children.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _told(
    segments: Iterator[_Rendered], count: int, progress: Progress | None
) -> Iterator[_Rendered]:
    for number, segment in enumerate(segments, start=1):
        yield segment
        if progress is not None:
            progress(number / count)


def _join(segments: Iterator[_Rendered], out: Path, head: bytes, timeline: Timeline) -> Mixdown:
    """The segments' own frames behind the head and a header frame, published when whole."""
    samples = at_rate(timeline.length, timeline.rate_hz, MIX_RATE_HZ)
    frame_count, windows, first = 0, [], b""
    stretches: list[Stretch] = []
    roll: deque[int] = deque(maxlen=CHECK_ROLL_FRAMES)
    with published(out) as file:
        file.write(head)
        for segment in segments:
            own = _own_frames(segment)
            segment.path.unlink()
            if not first:
                first = own[0]
                file.write(mp3.info_frame(first, 0, 0, 0))
            begin = file.tell() - sum(roll) if stretches else 0
            file.writelines(own)
            stretches.append(Stretch(begin, file.tell(), len(roll)))
            roll.extend(map(len, own))
            frame_count += len(own)
            windows.append(segment.windows)
        header_bytes = len(mp3.info_frame(first, 0, 0, 0))
        audio_bytes = file.tell() - len(head) - header_bytes
        file.seek(len(head))
        file.write(mp3.info_frame(first, frame_count, audio_bytes, samples))
    return Mixdown(windows=summed(windows), frames=frame_count, stretches=tuple(stretches))


def _own_frames(segment: _Rendered) -> list[bytes]:
    end = None if segment.own_frames is None else segment.skip_frames + segment.own_frames
    own = list(islice(mp3.frames(segment.path.read_bytes()), segment.skip_frames, end))
    if len(own) != (segment.own_frames or max(1, len(own))):
        raise RenderFailed(f"A segment of {segment.own_frames} frames came out with {len(own)}.")
    return own
