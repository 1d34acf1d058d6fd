"""Base classes of the formats of finished files.

FFmpeg renders a segment as bare frames (`StreamFormat`). A `Format` joins the streams into a file,
writes tags, and splits a finished file into chapters. To add one: subclass `Format`
(`ConcatenatedFormat` for a header and streams, `MuxedFormat` if FFmpeg writes the file), and add it
to `FORMATS` in `encoding.py` and to `mixer.formats.FormatName`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from mixer.files import open_atomic
from mixer.formats import FormatName
from mixer.sound.analysis import EncodedPiece
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.tags import AudioTags
from mixer.sound.loudness import Histogram

if TYPE_CHECKING:
    from mixer.sound.formats.chapter_splitter import ChapterSplitter, FileCut
    from mixer.sound.formats.encoding import Encoding


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """The encoded form of a segment; `arguments` are FFmpeg's, without the bit rate.

    `sample_bytes` is 0 for compressed frames, whose sizes `frame_lengths` lists; `sample_format` is
    the encoder's input, empty for FFmpeg's default. Moved by `section_grid` samples, sound is
    encoded to the same bytes.
    """

    suffix: str
    frame_samples: int
    arguments: tuple[str, ...]
    sample_bytes: int = 0
    sample_format: str = ""
    section_grid: int = 1
    frame_lengths: Callable[[bytes], Iterator[int]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EncodedStream:
    """A segment's own frames, with their loudness before encoding; `key` is empty if not stored."""

    size_bytes: int
    frames: int
    windows: Histogram
    write_to: Callable[[IO[bytes]], None]
    key: str = ""


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A finished file to make: `samples` at MIX_RATE_HZ; `tags` is None for none."""

    encoding: "Encoding"
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

    def require_fit(self, spec: FileSpec) -> None:  # noqa: B027 - most formats hold any length
        """Raise BadOption if the file would be too large, before anything is rendered."""

    @abstractmethod
    def join(
        self, streams: Iterable[EncodedStream], out: Path, spec: FileSpec, workshop: Workshop
    ) -> None:
        """Make a finished file, which appears complete; raises RenderFailed if FFmpeg fails."""

    def build_piece(
        self, spec: FileSpec, before: bytes, content: bytes, first_frame: int, before_frames: int
    ) -> EncodedPiece:
        """Build an independently decodable segment from its stream and what comes before.

        That is the stream of the previous segment, of `before_frames`, or the header of the file.
        `first_frame` counts all frames of audio.
        """
        raise NotImplementedError(f"{self.name} is not made of segments")

    def split(
        self, splitter: "ChapterSplitter", cuts: "Iterator[tuple[FileCut, Path, AudioTags | None]]"
    ) -> Iterator[Path]:
        """Write each cut to its file; each file appears complete, before the next is begun."""
        for cut, out, tags in cuts:
            with open_atomic(out) as file:
                self.write_cut(splitter, cut, file, tags)
            yield out

    def write_cut(
        self, splitter: "ChapterSplitter", cut: "FileCut", file: IO[bytes], tags: AudioTags | None
    ) -> None:
        """Write one cut into an open file."""
        raise NotImplementedError(f"{self.name} cannot be split")


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
