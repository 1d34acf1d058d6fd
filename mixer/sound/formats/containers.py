"""Finished files that FFmpeg writes: segments' streams into a container, with tags and chapters.

One FFmpeg takes the streams of all segments in order, through a pipe, while later segments still
render.

- M4A and M4B: AAC frames are put into a container; nothing is encoded again. The frame with which
  AAC's encoder begins is skipped by the container's edit list, and so is what fills the last
  frame: players start and end to the sample.
- FLAC and Opus: samples are encoded.
"""

import errno
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mixer.errors import RenderFailed
from mixer.files import open_atomic
from mixer.sound import ffmpeg
from mixer.sound.ffmpeg import CommandOutput, ProcessGroup
from mixer.sound.formats import mp4
from mixer.sound.formats.encoding import AAC_FRAME_SAMPLES, Encoding
from mixer.sound.render.segment_groups import EncodedStream, Mixdown, StreamTotals
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, rescale_samples

TIMEOUT_S = 6 * 3600.0
"""The encoder of a book runs as long as its segments render; this is for a machine gone wrong."""

MAX_OPUS_KBPS = 256
"""For each channel (FFmpeg's documentation of libopus)."""

OPUS_RATE_HZ = 48_000
READER_POLL_S = 0.01


def mux(
    streams: Iterable[EncodedStream],
    out: Path,
    encoding: Encoding,
    timeline: Timeline,
    *,
    ffmetadata: str,
    cover: bytes = b"",
    folder: Path,
    processes: ProcessGroup,
) -> Mixdown:
    """Strips in a container, in a file that appears whole.

    Args:
        streams: in order.
        out: the finished file.
        encoding: of a format that FFmpeg writes.
        timeline: of the mix.
        ffmetadata: tags and chapters, in FFmpeg's metadata format.
        cover: a JPEG to go with them; empty for none.
        folder: for what is needed on the way; whoever made it removes it.
        processes: the job that it belongs to.
    """
    pipe, tags = folder / "stream", build_tag_arguments(ffmetadata, cover, folder)
    with open_atomic(out) as file:
        partial = Path(file.name)
        if encoding.format in ("flac", "opus"):
            raw = _raw_input_arguments(encoding, timeline)
            codec = _codec_arguments(encoding, timeline.channels)
            return _stream_to_ffmpeg(
                streams, pipe, [*raw, "-i", str(pipe), *tags, *codec, file.name], processes
            )
        boxing = _remux_arguments(pipe, partial, tags=tags, brand=_brand(encoding))
        mixdown = _stream_to_ffmpeg(streams, pipe, boxing, processes)
        mp4.set_duration(partial, rescale_samples(timeline.length, timeline.rate_hz, MIX_RATE_HZ))
        return mixdown


def build_tag_arguments(ffmetadata: str, cover: bytes, folder: Path) -> list[str]:
    """FFmpeg's arguments for tags, chapters and cover of a file whose sound is its first input."""
    described, picture = folder / "about.txt", folder / "cover.jpg"
    described.write_text(ffmetadata or ";FFMETADATA1\n", encoding="utf-8")
    inputs = ["-f", "ffmetadata", "-i", str(described)]
    told = ["-map", "0:a", "-map_metadata", "1", "-map_metadata:s:a:0", "1:g", "-map_chapters", "1"]
    if not cover:
        return [*inputs, *told]
    picture.write_bytes(cover)
    shown = ["-map", "2:v", "-c:v", "copy", "-disposition:v:0", "attached_pic"]
    shown += ["-metadata:s:v:0", "comment=Cover (front)"]  # by this word FFmpeg knows its kind
    return [*inputs, "-f", "image2", "-i", str(picture), *told, *shown]


def remux(
    frames: Path,
    out: Path,
    *,
    tags: list[str],
    encoding: Encoding,
    samples: int,
    skip: int = AAC_FRAME_SAMPLES,
    processes: ProcessGroup,
) -> None:
    """AAC frames in a container.

    Args:
        frames: as ADTS.
        out: the file to write.
        tags: from `told`.
        encoding: tells an M4B from an M4A.
        samples: how many are heard.
        skip: how many before them are not.
        processes: the job that it belongs to.
    """
    boxing = _remux_arguments(frames, out, tags=tags, brand=_brand(encoding), skip=skip)
    ffmpeg.run(boxing, timeout_s=TIMEOUT_S, processes=processes)
    mp4.set_duration(out, samples)


def _remux_arguments(
    frames: Path, out: Path, *, tags: list[str], brand: str, skip: int = AAC_FRAME_SAMPLES
) -> list[str]:
    """What FFmpeg is told to put AAC frames into a container."""
    early_s = -skip / MIX_RATE_HZ
    source = ["-itsoffset", f"{early_s:.9f}", "-f", "aac", "-i", str(frames)]
    exact = ["-movie_timescale", str(MIX_RATE_HZ), "-movflags", "+faststart"]
    return [*source, *tags, "-c", "copy", *exact, "-brand", brand, "-f", "ipod", str(out)]


def _brand(encoding: Encoding) -> str:
    return f"{encoding.format.upper()} "


def _raw_input_arguments(encoding: Encoding, timeline: Timeline) -> list[str]:
    """How the samples of segments are read."""
    kind = encoding.stream.arguments[-1]
    return ["-f", kind, "-ar", str(MIX_RATE_HZ), "-ch_layout", _channel_layout(timeline.channels)]


def _channel_layout(channels: int) -> str:
    return "mono" if channels == 1 else "stereo"


def _codec_arguments(encoding: Encoding, channels: int) -> list[str]:
    if encoding.format == "flac":
        return ["-c:a", "flac", "-f", "flac"]
    kbps = min(encoding.bitrate_kbps, MAX_OPUS_KBPS * channels)
    return ["-ar", str(OPUS_RATE_HZ), "-c:a", "libopus", "-b:a", f"{kbps}k", "-f", "opus"]


def _stream_to_ffmpeg(
    streams: Iterable[EncodedStream], pipe: Path, arguments: list[str], processes: ProcessGroup
) -> Mixdown:
    """Hand all strips to one FFmpeg, in order, through a named pipe, and wait for it.

    Args:
        streams: in order.
        pipe: to be made.
        arguments: of FFmpeg, which reads the pipe.
        processes: the job that it belongs to.
    """
    os.mkfifo(pipe)
    tally = StreamTotals()
    with ThreadPoolExecutor(1, thread_name_prefix="encoder") as beside:
        reading = beside.submit(ffmpeg.run, arguments, timeout_s=TIMEOUT_S, processes=processes)
        try:
            with _open_pipe(pipe, reading) as file:
                for strip in tally.count_streams(streams):
                    strip.write_to(file)
        except BrokenPipeError as error:
            reading.result()  # says why it reads no more
            raise RenderFailed("FFmpeg ended before it had read everything.") from error
        except BaseException:
            processes.stop()  # or it would go on with what it has
            raise
        reading.result()
    return tally.mixdown()


@contextmanager
def _open_pipe(pipe: Path, encoder: Future[CommandOutput]) -> Iterator[BinaryIO]:
    """A pipe's end for writing, once its reader holds the other."""
    while (descriptor := _open_write_end(pipe)) is None:
        if encoder.done():
            encoder.result()
            raise RenderFailed("FFmpeg ended before it was given anything.")
        time.sleep(READER_POLL_S)
    os.set_blocking(descriptor, True)
    file = open(descriptor, "wb")  # noqa: PTH123, SIM115 - a descriptor has no path; closed below
    try:
        yield file
    except BaseException:
        with suppress(OSError):  # the reader may be gone, but that is not what went wrong
            file.close()
        raise
    file.close()


def _open_write_end(pipe: Path) -> int | None:
    """A descriptor to write to; None while nobody reads."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None
