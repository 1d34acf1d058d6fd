"""Finished files that FFmpeg writes: segments' streams into a container, with tags and chapters.

- M4A and M4B: the AAC frames of all segments, joined in a file, are put into a container once;
  nothing is encoded again. The frame with which AAC's encoder begins is skipped by the container's
  edit list, and so is what fills the last frame: players start and end to the sample.
- FLAC and Opus: one encoder takes the samples of all segments in order, through a pipe, while
  later segments still render.

The price: an M4B lies on the disk twice while it is finished (its index belongs in front).
"""

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mixer.errors import RenderFailed
from mixer.files import published
from mixer.sound import ffmpeg, mp4
from mixer.sound.encoders import AAC_FRAME_SAMPLES, Encoding
from mixer.sound.ffmpeg import Children, Completed
from mixer.sound.reels import Mixdown, Strip, Tally
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, at_rate

TIMEOUT_S = 6 * 3600.0
"""The encoder of a book runs as long as its segments render; this is for a machine gone wrong."""

MAX_OPUS_KBPS = 256
"""For each channel (FFmpeg's documentation of libopus)."""

OPUS_RATE_HZ = 48_000
READER_POLL_S = 0.01


def packed(
    strips: Iterable[Strip],
    out: Path,
    encoding: Encoding,
    timeline: Timeline,
    *,
    about: str,
    cover: bytes = b"",
    folder: Path,
    children: Children,
) -> Mixdown:
    """Strips in a container, in a file that appears whole.

    Args:
        strips: in order.
        out: the finished file.
        encoding: of a format that FFmpeg writes.
        timeline: of the mix.
        about: tags and chapters, in FFmpeg's metadata format.
        cover: a JPEG to go with them; empty for none.
        folder: for what is needed on the way; whoever made it removes it.
        children: the job that it belongs to.
    """
    tags = told(about, cover, folder)
    with published(out) as file:
        if encoding.format in ("flac", "opus"):
            raw = _raw_samples(encoding, timeline)
            codec = _codec(encoding, timeline.channels)
            through = _Pipe(folder / "samples", [*raw, *tags, *codec, file.name], children)
            return through.poured(strips)
        partial = Path(file.name)
        brand = f"{encoding.format.upper()} "
        samples = at_rate(timeline.length, timeline.rate_hz, MIX_RATE_HZ)
        return _remuxed(
            strips, folder, tags, partial, brand=brand, samples=samples, children=children
        )


def told(about: str, cover: bytes, folder: Path) -> list[str]:
    """FFmpeg's arguments for tags, chapters and cover of a file whose sound is its first input."""
    described, picture = folder / "about.txt", folder / "cover.jpg"
    described.write_text(about or ";FFMETADATA1\n", encoding="utf-8")
    inputs = ["-f", "ffmetadata", "-i", str(described)]
    told = ["-map", "0:a", "-map_metadata", "1", "-map_metadata:s:a:0", "1:g", "-map_chapters", "1"]
    if not cover:
        return [*inputs, *told]
    picture.write_bytes(cover)
    shown = ["-map", "2:v", "-c:v", "copy", "-disposition:v:0", "attached_pic"]
    shown += ["-metadata:s:v:0", "comment=Cover (front)"]  # by this word FFmpeg knows its kind
    return [*inputs, "-f", "image2", "-i", str(picture), *told, *shown]


def _remuxed(
    strips: Iterable[Strip],
    folder: Path,
    tags: list[str],
    out: Path,
    *,
    brand: str,
    samples: int,
    children: Children,
) -> Mixdown:
    """The AAC frames of all strips in a container whose edit list skips the first of them."""
    tally, joined = Tally(), folder / "joined.aac"
    with joined.open("wb") as file:
        for strip in tally.counted(strips):
            strip.pour(file)
    contained(joined, out, tags=tags, brand=brand, samples=samples, children=children)
    joined.unlink()
    return tally.mixdown()


def contained(
    frames: Path,
    out: Path,
    *,
    tags: list[str],
    brand: str,
    samples: int,
    skip: int = AAC_FRAME_SAMPLES,
    children: Children,
) -> None:
    """AAC frames in a container.

    Args:
        frames: as ADTS.
        out: the file to write.
        tags: from `told`.
        brand: that tells an M4B from an M4A.
        samples: how many are heard.
        skip: how many before them are not.
        children: the job that it belongs to.
    """
    early_s = -skip / MIX_RATE_HZ
    source = ["-itsoffset", f"{early_s:.9f}", "-f", "aac", "-i", str(frames)]
    exact = ["-movie_timescale", str(MIX_RATE_HZ), "-movflags", "+faststart"]
    output = ["-c", "copy", *exact, "-brand", brand, "-f", "ipod", str(out)]
    ffmpeg.run([*source, *tags, *output], timeout_s=TIMEOUT_S, children=children)
    mp4.end_after(out, samples)


def _raw_samples(encoding: Encoding, timeline: Timeline) -> list[str]:
    """How the samples of segments are read; the pipe's name follows."""
    kind = encoding.stream.arguments[-1]
    return ["-f", kind, "-ar", str(MIX_RATE_HZ), "-ch_layout", _layout(timeline.channels), "-i"]


def _layout(channels: int) -> str:
    return "mono" if channels == 1 else "stereo"


def _codec(encoding: Encoding, channels: int) -> list[str]:
    if encoding.format == "flac":
        return ["-c:a", "flac", "-f", "flac"]
    kbps = min(encoding.bitrate_kbps, MAX_OPUS_KBPS * channels)
    return ["-ar", str(OPUS_RATE_HZ), "-c:a", "libopus", "-b:a", f"{kbps}k", "-f", "opus"]


class _Pipe:
    """One encoder that reads samples from a named pipe.

    Args:
        path: of the pipe, which is made.
        arguments: of FFmpeg; the pipe's name goes behind the first `-i`.
        children: the job that it belongs to.
    """

    def __init__(self, path: Path, arguments: list[str], children: Children) -> None:
        os.mkfifo(path)
        behind = arguments.index("-i") + 1
        self._arguments = [*arguments[:behind], str(path), *arguments[behind:]]
        self._path, self._children = path, children

    def poured(self, strips: Iterable[Strip]) -> Mixdown:
        """Hand all strips to the encoder, in order, and wait for it."""
        tally = Tally()
        with ThreadPoolExecutor(1, thread_name_prefix="encoder") as beside:
            encoding = beside.submit(self._encode)
            with suppress(BrokenPipeError), self._opened(encoding) as file:
                for strip in tally.counted(strips):
                    strip.pour(file)
            encoding.result()
        return tally.mixdown()

    def _encode(self) -> Completed:
        return ffmpeg.run(self._arguments, timeout_s=TIMEOUT_S, children=self._children)

    @contextmanager
    def _opened(self, encoding: Future[Completed]) -> Iterator[BinaryIO]:
        """The pipe's end for writing, once the encoder holds the other."""
        while True:
            with suppress(OSError):  # nobody reads yet
                descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
                break
            if encoding.done():
                encoding.result()
                raise RenderFailed("FFmpeg's encoder ended before it was given anything.")
            time.sleep(READER_POLL_S)
        os.set_blocking(descriptor, True)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            yield file
