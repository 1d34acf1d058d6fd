"""Muxed files: FFmpeg reads all segments' streams from a pipe as they render."""

import errno
import os
import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mixer.errors import RenderFailed
from mixer.files import open_atomic
from mixer.sound import ffmpeg
from mixer.sound.ffmpeg import CommandOutput, ProcessGroup
from mixer.sound.formats.model import TIMEOUT_S, EncodedStream, FileSpec, Format, Workshop
from mixer.sound.formats.tags import MIN_CHAPTERS, AudioTags, format_ffmetadata
from mixer.sound.timeline import MIX_RATE_HZ

READER_POLL_S = 0.01


class MuxedFormat(Format):
    """A container written by FFmpeg, with or without cover and chapters."""

    attaches_cover: bool = False
    writes_chapters: bool = False

    @abstractmethod
    def build_arguments(
        self, pipe: Path, out: Path, spec: FileSpec, tag_arguments: list[str]
    ) -> list[str]:
        """Build FFmpeg's arguments to read the streams from a pipe and write the file."""

    def select_fields(self, tags: AudioTags) -> dict[str, str]:
        """Select the tags, under FFmpeg's names."""
        return dict(tags.fields)

    def tag_arguments(self, tags: AudioTags | None, folder: Path) -> list[str]:
        """FFmpeg's arguments for the tags; None for a file without any."""
        if tags is None:
            return build_tag_arguments(folder)
        chapters = tags.chapters_from_start if self.writes_chapters else ()
        text = format_ffmetadata(self.select_fields(tags), chapters, tags.total_s)
        cover = tags.cover.content if tags.cover and self.attaches_cover else b""
        return build_tag_arguments(folder, text, cover)

    def finish(self, partial: Path, spec: FileSpec) -> None:
        """Do what FFmpeg cannot, before the file appears."""

    def join(
        self, streams: Iterable[EncodedStream], out: Path, spec: FileSpec, workshop: Workshop
    ) -> None:
        """Send all streams to one FFmpeg."""
        pipe = workshop.folder / "stream"
        tag_arguments = self.tag_arguments(spec.tags, workshop.folder)
        with open_atomic(out) as file:
            partial = Path(file.name).absolute()  # a colon would end the name of a protocol
            arguments = self.build_arguments(pipe, partial, spec, tag_arguments)
            _stream_to_ffmpeg(streams, pipe, arguments, workshop.processes)
            self.finish(partial, spec)


class XiphFormat(MuxedFormat):
    """FLAC and Opus: one encoder for raw samples, and chapters as fields.

    FFmpeg writes no chapters into FLAC, and rounds those of Opus by up to a second (measured,
    9.0.2).
    """

    @abstractmethod
    def codec_arguments(self, spec: FileSpec) -> list[str]:
        """FFmpeg's arguments for the encoder and the container."""

    def select_fields(self, tags: AudioTags) -> dict[str, str]:
        """Select the fields, with chapters as comments (Xiph's wiki, chapter extension)."""
        fields = dict(tags.fields)
        chapters = tags.chapters if len(tags.chapters) >= MIN_CHAPTERS else ()
        for number, (start_s, title) in enumerate(chapters, start=1):
            minutes, ms = divmod(round(start_s * 1000), 60_000)
            clock = f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}.{ms % 1000:03}"
            fields |= {f"CHAPTER{number:03}": clock, f"CHAPTER{number:03}NAME": title}
        return fields

    def build_arguments(
        self, pipe: Path, out: Path, spec: FileSpec, tag_arguments: list[str]
    ) -> list[str]:
        """Build arguments that encode raw samples."""
        layout = "mono" if spec.channels == 1 else "stereo"
        sample_kind = self.stream.arguments[-1]
        raw = ["-f", sample_kind, "-ar", str(MIX_RATE_HZ), "-ch_layout", layout, "-i", str(pipe)]
        return [*raw, *tag_arguments, *self.codec_arguments(spec), str(out)]


def build_tag_arguments(folder: Path, ffmetadata: str = "", cover: bytes = b"") -> list[str]:
    """Build arguments for tags, chapters and cover of a file whose first input is the sound."""
    described, picture = folder / "about.txt", folder / "cover.jpg"
    described.write_text(ffmetadata or format_ffmetadata({}), encoding="utf-8")
    inputs = ["-f", "ffmetadata", "-i", str(described)]
    mapped = ["-map", "0:a", "-map_metadata", "1", "-map_metadata:s:a:0", "1:g"]
    mapped += ["-map_chapters", "1"]
    if not cover:
        return [*inputs, *mapped]
    picture.write_bytes(cover)
    shown = ["-map", "2:v", "-c:v", "copy", "-disposition:v:0", "attached_pic"]
    shown += ["-metadata:s:v:0", "comment=Cover (front)"]  # marks the picture as the cover
    return [*inputs, "-f", "image2", "-i", str(picture), *mapped, *shown]


def _stream_to_ffmpeg(
    streams: Iterable[EncodedStream], pipe: Path, arguments: list[str], processes: ProcessGroup
) -> None:
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1, thread_name_prefix="encoder") as pool:
        encoder = pool.submit(ffmpeg.run, arguments, timeout_s=TIMEOUT_S, processes=processes)
        try:
            with _open_pipe(pipe, encoder) as file:
                for stream in streams:
                    stream.write_to(file)
        except BrokenPipeError as error:
            encoder.result()  # raises the reason why it stopped reading
            raise RenderFailed("FFmpeg ended before it had read all input.") from error
        except BaseException:
            processes.stop()  # otherwise it would finish a truncated file
            raise
        encoder.result()


@contextmanager
def _open_pipe(pipe: Path, encoder: Future[CommandOutput]) -> Iterator[BinaryIO]:
    while (descriptor := _open_write_end(pipe)) is None:
        if encoder.done():
            encoder.result()
            raise RenderFailed("FFmpeg ended before it had read any input.")
        time.sleep(READER_POLL_S)
    os.set_blocking(descriptor, True)
    file = open(descriptor, "wb")  # noqa: PTH123, SIM115 - a descriptor has no path; closed below
    try:
        yield file
    except BaseException:
        with suppress(OSError):  # the reader may have ended; its own error counts
            file.close()
        raise
    file.close()


def _open_write_end(pipe: Path) -> int | None:
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None
