"""What differs from one format of finished files to the next.

A segment comes out of FFmpeg as a bare stream of frames (`StreamFormat`), without header or tags.
A `Format` joins the streams of all segments into a file, says what its tags look like, and splits
a finished file into chapters.

To add a format: write a module with a subclass of `Format` (of `ConcatenatedFormat` where a file is
a header and the segments' streams, of `MuxedFormat` where FFmpeg writes it), put an instance into
`FORMATS` in `encoding.py`, and its name into `mixer.formats.FormatName`. Nothing else compares
names of formats.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from mixer.files import open_atomic
from mixer.formats import FormatName
from mixer.sound.analysis import Histogram
from mixer.sound.analysis.verification import EncodedPiece, EncodedSpan
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.tags import AudioTags

if TYPE_CHECKING:
    from mixer.sound.formats.chapter_splitter import ChapterSplitter, FileCut
    from mixer.sound.formats.encoding import Encoding


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What a segment comes out as.

    Attributes:
        suffix: of its file.
        frame_samples: samples of the mix in a frame.
        arguments: of FFmpeg, without the bit rate.
        sample_bytes: of one sample of one channel; 0 where frames are compressed.
        sample_format: FFmpeg's name of what the encoder's samples are rounded to; empty for what
            it likes best.
        frame_lengths: the bytes of each compressed frame of a stream, in order.
    """

    suffix: str
    frame_samples: int
    arguments: tuple[str, ...]
    sample_bytes: int = 0
    sample_format: str = ""
    frame_lengths: Callable[[bytes], Iterator[int]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EncodedStream:
    """A segment's own frames, wherever they are.

    Attributes:
        frames: how many it holds.
        windows: momentary loudness as it went into the encoder.
        write_to: writes the stream into an open file.
        key: its object key; empty where it is not in a store.
    """

    size_bytes: int
    frames: int
    windows: Histogram
    write_to: Callable[[IO[bytes]], None]
    key: str = ""


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A finished file to be made.

    Attributes:
        encoding: its format and bit rate.
        channels: of its sound.
        samples: how many it plays, at MIX_RATE_HZ.
        tags: what it says of itself; None for nothing at all.
    """

    encoding: "Encoding"
    channels: int
    samples: int
    tags: AudioTags | None = None


@dataclass(frozen=True, slots=True)
class Workshop:
    """What FFmpeg works with.

    Attributes:
        folder: for temporary files; its creator removes it.
        processes: the job that FFmpeg belongs to.
    """

    folder: Path
    processes: ProcessGroup


class AudioSource(Protocol):
    """A finished file to be read."""

    def open(self) -> IO[bytes]:
        """Open it to read and seek."""
        ...

    def local_path(self) -> Path:
        """It as a file on this machine; fetched where it is not."""
        ...


class Format(ABC):
    """A kind of finished file.

    Attributes:
        name: a caller's word, and its file's ending.
        content_type: for browsers.
        stream: what its segments come out as.
        is_lossy: whether a bit rate counts.
        level_offsets_db: up to so many kbit/s the encoder changes the level by so much; above the
            last, not at all.
        is_splittable: whether chapters can be cut out without encoding them twice.
        takes_quiet: whether its chapters can get quiet around them, as a shop asks for.
        book_suffix: of its chapters inside an EPUB; empty where reading systems need not play it.
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
        """Whether segments are kept, and rendered by many.

        Raw samples, for an encoder that takes them in order, are rendered where they are joined:
        they are ten times as large, and quickly made.
        """
        return not self.stream.sample_bytes

    def require_fit(self, spec: FileSpec) -> None:  # noqa: B027 - most formats hold any length
        """Refuse what the format cannot hold, before anything is rendered.

        Raises:
            BadOption: the file would be too large.
        """

    @abstractmethod
    def join(
        self, streams: Iterable[EncodedStream], out: Path, spec: FileSpec, workshop: Workshop
    ) -> None:
        """Make a finished file, which appears whole.

        Raises:
            RenderFailed: FFmpeg stopped in the middle.
        """

    def find_spans(
        self,
        spec: FileSpec,  # noqa: ARG002 - of interest to formats that can
        streams: Sequence[EncodedStream],  # noqa: ARG002
    ) -> tuple[EncodedSpan, ...]:
        """The parts of a joined file that can be decoded by themselves; empty: only as a whole."""
        return ()

    def split(
        self, splitter: "ChapterSplitter", cuts: "Iterator[tuple[FileCut, Path, AudioTags | None]]"
    ) -> Iterator[Path]:
        """Make a file of each cut; each appears whole, before the next is begun."""
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
    """A header, then the segments' streams, byte after byte."""

    @abstractmethod
    def build_header(self, spec: FileSpec, frames: int, stream_bytes: int) -> bytes:
        """What goes before the streams; of one length for all counts.

        Args:
            spec: the file.
            frames: in all streams together.
            stream_bytes: of all streams together.
        """

    def join(
        self, streams: Iterable[EncodedStream], out: Path, spec: FileSpec, workshop: Workshop
    ) -> None:
        """Write the streams behind a header that is filled in when all are there."""
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
    """A file that is written header first from kept segments, so that it needs no disk."""

    @abstractmethod
    def build_piece(
        self, spec: FileSpec, before: bytes, content: bytes, first_frame: int, name: str = ""
    ) -> EncodedPiece:
        """A segment that can be decoded by itself.

        Args:
            spec: the file.
            before: the segment before it, or the header.
            content: its own stream.
            first_frame: number of its first frame, among all frames of audio.
            name: of both, to find again what the piece measured.
        """
