"""Base classes of the formats of finished files.

FFmpeg renders a segment as bare frames (`StreamFormat`). A `Format` joins the streams into a file,
writes tags, and splits a finished file into chapters. To add one: subclass `Format`
(`ConcatenatedFormat` for a header and streams, `MuxedFormat` if FFmpeg writes the file), and add it
to `FORMATS` in `encoding.py` and to `mixer.formats.FormatName`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol

from mixer.errors import RenderFailed
from mixer.files import open_atomic
from mixer.formats import FormatName
from mixer.sound import ffmpeg
from mixer.sound.analysis import EncodedPiece
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.tags import AudioTags
from mixer.sound.timeline import MIX_RATE_HZ

TIMEOUT_S = 6 * 3600.0
"""The encoder of a book runs while its segments render; the timeout is for a broken machine."""

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """The encoded form of a segment; `arguments` are FFmpeg's, without the bit rate.

    `sample_bytes` is 0 for compressed frames, whose sizes `frame_lengths` lists; `sample_format` is
    the encoder's input, empty for FFmpeg's default. Moved by `section_grid` samples, sound is
    encoded to the same bytes. If it `joins_exactly`, segments join into the bytes of a serial
    render.
    """

    suffix: str
    frame_samples: int
    arguments: tuple[str, ...]
    sample_bytes: int = 0
    sample_format: str = ""
    section_grid: int = 1
    joins_exactly: bool = False
    frame_lengths: Callable[[bytes], Iterator[int]] | None = field(default=None, repr=False)

    def build_arguments(self, bitrate_kbps: int) -> tuple[str, ...]:
        """Build FFmpeg's arguments for the encoder; raw samples have no bit rate."""
        rate = () if self.sample_bytes else ("-b:a", f"{bitrate_kbps}k")
        return (*rate, *self.arguments)


@dataclass(frozen=True, slots=True)
class EncodedStream:
    """A segment's own frames; `key` is empty if not stored.

    `beginnings` are keys of parts that other segments may begin with.
    """

    size_bytes: int
    frames: int
    write_to: Callable[[IO[bytes]], None]
    key: str = ""
    beginnings: tuple[str, ...] = ()

    def read(self) -> bytes:
        """Read all frames."""
        content = BytesIO()
        self.write_to(content)
        return content.getvalue()


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A finished file to make: `samples` at MIX_RATE_HZ; `tags` is None for none."""

    bitrate_kbps: int
    channels: int
    samples: int
    tags: AudioTags | None = None


@dataclass(frozen=True, slots=True)
class Workshop:
    """Temporary folder, removed by its creator, and the job that FFmpeg belongs to."""

    folder: Path
    processes: ProcessGroup


class AudioSource(Protocol):
    """A finished file to read."""

    def open(self) -> IO[bytes]:
        """Open it to read and seek."""
        ...

    def local_path(self) -> Path:
        """Its path on this machine; downloaded if needed."""
        ...


@dataclass(frozen=True, slots=True)
class FileCut:
    """A part for a file of its own, in samples at MIX_RATE_HZ; MP3s get quiet in whole frames."""

    start: int
    end: int
    quiet_before: int = 0
    quiet_after: int = 0


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A finished file made by Mixer, whose parts are cut out.

    MP3 and WAV are read in place, a part at a time. `room_tone_dbfs` is None for digital silence.
    """

    audio: AudioSource
    bitrate_kbps: int
    channels: int
    room_tone_dbfs: float | None
    workshop: Workshop

    def reencode(
        self, cut: FileCut, out: Path, tag_arguments: list[str], codec: list[str], level_db: float
    ) -> None:
        """Decode and encode a part; seeks to whole seconds are exact to the sample."""
        second = cut.start // MIX_RATE_HZ
        sought = second * MIX_RATE_HZ
        source = ["-ss", str(second), "-i", str(self.audio.local_path().absolute())]
        trim = f"atrim=start_sample={cut.start - sought}:end_sample={cut.end - sought}"
        level = f",volume={level_db}dB" if level_db else ""
        shaped = ["-af", f"{trim},asetpts=PTS-STARTPTS{level}"]
        ffmpeg.run(
            [*source, *tag_arguments, *shaped, *codec, str(out)],
            timeout_s=TIMEOUT_S,
            processes=self.workshop.processes,
        )


def copy_range(source: IO[bytes], begin: int, end: int, into: IO[bytes]) -> None:
    """Copy bytes in blocks; raises RenderFailed if the source is too short."""
    source.seek(begin)
    left = end - begin
    while left:
        block = source.read(min(left, BLOCK_BYTES))
        if not block:
            raise RenderFailed("The finished file is shorter than its chapters.")
        into.write(block)
        left -= len(block)


class Format(ABC):
    """A format of finished files; `name` is also the file suffix.

    `level_offsets_db` is the encoder's change of level up to each bit rate, 0 above the last.
    `is_splittable` if chapters can be cut out without encoding twice, `takes_quiet` if they can be
    padded. `book_suffix`, of chapters in an EPUB, is empty if reading systems need not play it.
    """

    name: FormatName
    content_type: str
    stream: StreamFormat
    is_lossy: bool = True
    level_offsets_db: tuple[tuple[int, float], ...] = ()
    is_splittable: bool = True
    takes_quiet: bool = False
    book_suffix: str = ""

    @property
    def is_distributed(self) -> bool:
        """Whether segments are cached and shared out; raw samples, ten times as large, are not."""
        return not self.stream.sample_bytes

    def find_level_offset_db(self, bitrate_kbps: int) -> float:
        """Find how much the encoder changes the level."""
        offsets = self.level_offsets_db
        return next((offset for max_kbps, offset in offsets if bitrate_kbps <= max_kbps), 0.0)

    def require_fit(self, spec: FileSpec) -> None:  # noqa: B027 - most formats hold any length
        """Raise BadOption if the file would be too large, before anything is rendered."""

    @abstractmethod
    def join(
        self, streams: Iterable[EncodedStream], out: Path, spec: FileSpec, workshop: Workshop
    ) -> None:
        """Make a finished file, which appears complete; raises RenderFailed if FFmpeg fails."""

    def build_piece(
        self,
        spec: FileSpec,
        stream: EncodedStream,
        before: EncodedStream | None,
        first_frame: int,
        contents: tuple[bytes, bytes],
    ) -> EncodedPiece:
        """Build an independently decodable segment from its stream and the one before it, if any.

        `contents` are what comes before, the first segment's header included, and its own bytes;
        only the parts of the piece depend on them.
        """
        raise NotImplementedError(f"{self.name} is not made of segments")

    def split(
        self, whole: WholeFile, cuts: Iterator[tuple[FileCut, Path, AudioTags | None]]
    ) -> Iterator[Path]:
        """Write each cut to its file; each file appears complete, before the next is begun."""
        for cut, out, tags in cuts:
            with open_atomic(out) as file:
                self.write_cut(whole, cut, file, tags)
            yield out

    def write_cut(
        self, whole: WholeFile, cut: FileCut, file: IO[bytes], tags: AudioTags | None
    ) -> None:
        """Write one cut into an open file."""
        raise NotImplementedError(f"{self.name} cannot be split")

    def encode_cut(self, whole: WholeFile, cut: FileCut, out: Path, bitrate_kbps: int) -> None:
        """Encode part of a lossless file without tags, at the same level."""
        raise NotImplementedError(f"{self.name} is not made of other formats")


class ConcatenatedFormat(Format):
    """A header, followed by the segments' streams."""

    @abstractmethod
    def build_header(self, spec: FileSpec, frames: int, stream_bytes: int) -> bytes:
        """Build the header, equally long for all values of `frames` and `stream_bytes`."""

    def join(
        self, streams: Iterable[EncodedStream], out: Path, spec: FileSpec, workshop: Workshop
    ) -> None:
        """Write the streams after a header, which is completed at the end."""
        del workshop
        frames = 0
        with open_atomic(out) as file:
            file.write(self.build_header(spec, 0, 0))
            begin = file.tell()
            for stream in streams:
                stream.write_to(file)
                frames += stream.frames
            stream_bytes = file.tell() - begin
            file.seek(0)
            file.write(self.build_header(spec, frames, stream_bytes))


class StreamedFormat(ConcatenatedFormat):
    """A format written header first from cached segments, without a disk."""
