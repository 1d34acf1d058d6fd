"""Measures the segments of a file, and joins them: reads them from the store and writes it back.

Each segment is decoded with the last frames before it. What that measures is stored, so workers
that render segments can measure them too. All lengths are known, so the header of a file goes
first. Memory holds a few segments, the disk none.
"""

import json
from array import array
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from itertools import accumulate
from zlib import compress, decompress
from zlib import error as ZlibError  # noqa: N812 - a class in all but name

from mixer.errors import DamagedObject, OutOfTime
from mixer.parallel import map_in_order
from mixer.sound.analysis import (
    DecodedLevels,
    EncodedPiece,
    PieceDecoder,
    Verification,
)
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import (
    AudioTags,
    EncodedStream,
    Encoding,
    FileSpec,
    StreamedFormat,
)
from mixer.sound.render.mixdown import file_spec
from mixer.sound.render.segment_renderer import frame_at
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import Timeline
from mixer.store import ObjectStore, put_sealed

READS_AT_ONCE = 4
"""Segments fetched ahead, a megabyte or two each."""


def measurement_key(segment_key: str) -> str:
    """The object key of a segment's measurements."""
    return f"{segment_key}.measured"


@dataclass(frozen=True, slots=True)
class StoredMeasurements:
    """Measurements of segments, in the segments' store."""

    store: ObjectStore

    def load(self, name: str, fingerprint: str) -> DecodedLevels | None:
        """Load the measurements of a segment after the same one and in the same blocks."""
        key = measurement_key(name.rpartition(" ")[2])
        if self.store.head(key) is None:
            return None
        with suppress(ValueError, TypeError, KeyError, OverflowError, ZlibError, DamagedObject):
            fields = json.loads(decompress(self.store.get(key)))
            if fields["of"] == [name, fingerprint]:
                return DecodedLevels(
                    float(fields["peak"]),
                    array("d", fields["momentary"]),
                    array("h", fields["lows"]),
                    array("h", fields["highs"]),
                    array("d", fields["levels"]),
                    float(fields["blocks"]),
                )
        return None

    def save(self, name: str, fingerprint: str, levels: DecodedLevels) -> None:
        """Save the measurements of a segment; compression adds a checksum."""
        fields = {
            "of": [name, fingerprint],
            "peak": levels.true_peak_dbtp,
            "momentary": list(levels.momentary_lufs),
            "lows": list(levels.lows),
            "highs": list(levels.highs),
            "levels": list(levels.levels_dbfs),
            "blocks": levels.blocks,
        }
        key = measurement_key(name.rpartition(" ")[2])
        put_sealed(self.store, key, compress(json.dumps(fields).encode()))


@dataclass(frozen=True, slots=True)
class _PlacedStream:
    """A segment in a file, with the one before it, if any."""

    stream: EncodedStream
    before: EncodedStream | None
    first_frame: int


@dataclass(frozen=True, slots=True)
class StreamJoin:
    """A finished file to be joined in a store, with the measurements of its segments."""

    store: ObjectStore
    timeline: Timeline
    encoding: Encoding
    tags: AudioTags | None
    columns: int
    processes: ProcessGroup

    def join(self, streams: Sequence[EncodedStream], key: str) -> int:
        """Join all segments, in order; returns the size of the file.

        Raises:
            StoreFailed: the store fails, or a segment differs from its metadata.
            OutOfTime: the job was stopped.
        """
        size_bytes = self.measure_size_bytes(streams)
        with (
            self.store.open_writer(key, size_bytes, self.encoding.kind.content_type) as file,
            closing(_read_streams(streams)) as contents,
        ):
            file.write(self._build_header(streams))
            for content in contents:
                if self.processes.is_stopped:
                    raise OutOfTime(
                        "Time ran out, or the work was stopped, before the file was joined."
                    )
                file.write(content)
        return size_bytes

    def measure_size_bytes(self, streams: Sequence[EncodedStream]) -> int:
        """The size of the file."""
        return len(self._build_header(streams)) + sum(stream.size_bytes for stream in streams)

    def identify(self, streams: Sequence[EncodedStream]) -> str:
        """A digest that is the same for the same file, of segments that are identified."""
        identity = sha256(self._build_header(streams))
        identity.update("\n".join(stream.key for stream in streams).encode())
        return identity.hexdigest()

    def verify(self, streams: Sequence[EncodedStream]) -> Verification:
        """Measure a file that was made of all these segments, in order.

        Raises:
            StoreFailed: the store fails, or a segment differs from its metadata.
            OutOfTime: the job was stopped.
        """
        return self._verify(_place_streams(streams, 0), self._build_header(streams))

    def measure(self, streams: Sequence[EncodedStream], segments: Sequence[Segment]) -> None:
        """Measure and store consecutive segments, except the first."""
        if len(streams) > 1:
            first_frame = frame_at(self.timeline, self.encoding, segments[0].start)
            self._verify(_place_streams(streams, first_frame)[1:], b"")

    def _build_header(self, streams: Sequence[EncodedStream]) -> bytes:
        """Build the bytes before the first segment; none if FFmpeg writes the file."""
        kind = self.encoding.kind
        if not isinstance(kind, StreamedFormat):
            return b""
        frames, stream_bytes = (
            sum(stream.frames for stream in streams),
            sum(stream.size_bytes for stream in streams),
        )
        return kind.build_header(self._spec, frames, stream_bytes)

    @property
    def _spec(self) -> FileSpec:
        return file_spec(self.timeline, self.encoding, self.tags)

    def _verify(self, placed: Sequence[_PlacedStream], header: bytes) -> Verification:
        memory = StoredMeasurements(self.store)
        decoder = PieceDecoder(self.timeline.duration_s, self.columns, memory, self.processes)
        outline = [self._build_piece(each, (b"", b"")) for each in placed]
        return decoder.verify(
            outline, lambda numbers: self._read_pieces(placed[numbers.start : numbers.stop], header)
        )

    def _read_pieces(
        self, placed: Sequence[_PlacedStream], header: bytes
    ) -> Generator[EncodedPiece]:
        before, streams = placed[0].before, [each.stream for each in placed]
        with closing(_read_streams([before, *streams] if before else streams)) as contents:
            content_before = next(contents) if before else header
            for each, content in zip(placed, contents, strict=True):
                yield self._build_piece(each, (content_before, content))
                content_before = content

    def _build_piece(self, placed: _PlacedStream, contents: tuple[bytes, bytes]) -> EncodedPiece:
        piece = self.encoding.kind.build_piece(
            self._spec, placed.stream, placed.before, placed.first_frame, contents
        )
        last_frame = frame_at(self.timeline, self.encoding, self.timeline.length)
        is_last = placed.first_frame + placed.stream.frames >= last_frame
        return replace(piece, is_last=is_last, name=self._name_piece(placed, is_last=is_last))

    def _name_piece(self, placed: _PlacedStream, *, is_last: bool) -> str:
        """Name a segment by its key and that of the one before it."""
        if placed.before:
            before = placed.before.key
        else:
            before = f"only {self._spec.samples}" if is_last else "first"
        return f"{sha256(before.encode()).hexdigest()} {placed.stream.key}"


def _place_streams(streams: Sequence[EncodedStream], first_frame: int) -> list[_PlacedStream]:
    first_frames = accumulate((stream.frames for stream in streams), initial=first_frame)
    return list(map(_PlacedStream, streams, [None, *streams], first_frames))


class _Collector(BytesIO):
    """Keeps what is written to it, without a copy."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[bytes] = []

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self.parts.append(content)
        return len(content)


def _read_streams(streams: Sequence[EncodedStream]) -> Generator[bytes]:
    # a damaged segment is rendered again, so its failure must stop no process
    return map_in_order(streams, _read_stream, READS_AT_ONCE, stop=lambda: None)


def _read_stream(stream: EncodedStream) -> bytes:
    writer = _Collector()
    stream.write_to(writer)
    return b"".join(writer.parts)
