"""Joins a finished file as a stream: reads segments from the store and writes the file back.

All lengths are known, so the header goes first. Each segment is read once, for the upload and, with
the last frames before it, for a decoder that measures it. Memory holds a few segments, the disk
none. Measurements are stored, so workers that render segments can measure them too.
"""

import json
from array import array
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from itertools import groupby
from typing import IO
from zlib import compress, decompress
from zlib import error as ZlibError  # noqa: N812 - a class in all but name

from mixer.errors import DamagedObject
from mixer.parallel import map_in_order
from mixer.sound.analysis import (
    DecodedLevels,
    EncodedPiece,
    Verification,
    verify_pieces,
)
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import AudioTags, EncodedStream, Encoding, FileSpec, StreamedFormat
from mixer.sound.render.mixdown import file_spec
from mixer.sound.render.segment_renderer import frame_at
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import Timeline
from mixer.store import ObjectStore, put_sealed

READS_AT_ONCE = 4
"""Segments fetched ahead, a megabyte or two each."""


NAME_FIELD = "measured-after"
"""Metadata of measurements: which segment they are of, after which one."""


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

    def has(self, name: str) -> bool:
        """Whether a segment was measured after the same one, in whatever blocks."""
        head = self.store.head(measurement_key(name.rpartition(" ")[2])) if name else None
        return head is not None and head.metadata.get(NAME_FIELD) == name

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
        content = compress(json.dumps(fields).encode())
        put_sealed(self.store, key, content, metadata={NAME_FIELD: name})


@dataclass(frozen=True, slots=True)
class _Preceding:
    """What precedes a segment: the stream of another, or the header of the file, of no frames."""

    key: str
    content: bytes
    end_frame: int = 0
    frames: int = 0

    def follow(self, stream: EncodedStream, content: bytes) -> "_Preceding":
        """What precedes the segment behind the next one."""
        return _Preceding(stream.key, content, self.end_frame + stream.frames, stream.frames)


@dataclass(frozen=True, slots=True)
class StreamJoin:
    """A finished file to be joined in a store, with the measurements of its segments."""

    store: ObjectStore
    timeline: Timeline
    encoding: Encoding
    tags: AudioTags | None
    columns: int
    processes: ProcessGroup

    def join(self, streams: Sequence[EncodedStream], key: str) -> tuple[int, Verification]:
        """Join all segments, in order; returns the size and measurements of the file.

        Raises:
            StoreFailed: the store fails, or a segment differs from its metadata.
            OutOfTime: the job was stopped.
        """
        header = self._build_header(streams)
        size_bytes = len(header) + sum(stream.size_bytes for stream in streams)
        with self.store.open_writer(key, size_bytes, self.encoding.kind.content_type) as file:
            file.write(header)
            verification = self._verify(self._read_pieces(streams, header, 0, file))
        return size_bytes, verification

    def identify(self, streams: Sequence[EncodedStream]) -> str:
        """A digest that is the same for the same file, of segments that are identified."""
        identity = sha256(self._build_header(streams))
        identity.update("\n".join(stream.key for stream in streams).encode())
        return identity.hexdigest()

    def recall(self, streams: Sequence[EncodedStream]) -> tuple[int, Verification] | None:
        """The size and measurements of the file, which is not joined; None if it must be."""
        header = self._build_header(streams)
        last, pieces = _Preceding(self._first_key(streams), header), []
        for stream in streams:
            pieces.append(self._build_piece(last, stream, b""))
            last = last.follow(stream, b"")
        memory = StoredMeasurements(self.store)
        found = Verification.recall(memory, pieces, self.timeline.duration_s, self.columns)
        size_bytes = len(header) + sum(stream.size_bytes for stream in streams)
        return (size_bytes, found) if found else None

    def _build_piece(self, last: _Preceding, stream: EncodedStream, content: bytes) -> EncodedPiece:
        piece = self.encoding.kind.build_piece(
            self._spec, last.content, content, last.end_frame, last.frames
        )
        last_frame = frame_at(self.timeline, self.encoding, self.timeline.length)
        is_last = last.end_frame + stream.frames >= last_frame
        return replace(piece, is_last=is_last, name=_name_piece(last.key, stream))

    def _first_key(self, streams: Sequence[EncodedStream]) -> str:
        return f"only {self._spec.samples}" if len(streams) == 1 else "first"

    def measure(self, streams: Sequence[EncodedStream], segments: Sequence[Segment]) -> None:
        """Measure and store consecutive segments, except the first and those that are measured."""
        memory = StoredMeasurements(self.store)
        wanted = [
            after
            for after in range(1, len(streams))
            if not memory.has(_name_piece(streams[after - 1].key, streams[after]))
        ]
        for _, run in groupby(enumerate(wanted), lambda each: each[1] - each[0]):
            places = [place for _, place in run]
            begin, end = places[0] - 1, places[-1] + 1
            first_frame = frame_at(self.timeline, self.encoding, segments[begin].start)
            self._verify(self._read_pieces(streams[begin:end], None, first_frame, None))

    def verify(self, streams: Sequence[EncodedStream]) -> Verification:
        """Measure a file that was made of all these segments, in order."""
        return self._verify(self._read_pieces(streams, self._build_header(streams), 0, None))

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

    def _verify(self, pieces: Generator[EncodedPiece]) -> Verification:
        memory = StoredMeasurements(self.store)
        with closing(pieces):
            return verify_pieces(
                pieces,
                self.timeline.duration_s,
                self.columns,
                memory=memory,
                processes=self.processes,
            )

    def _read_pieces(
        self,
        streams: Sequence[EncodedStream],
        header: bytes | None,
        first_frame: int,
        file: IO[bytes] | None,
    ) -> Generator[EncodedPiece]:
        last = _Preceding(self._first_key(streams), header or b"", first_frame)
        # a damaged segment is rendered again, so its failure must stop no process
        contents = map_in_order(streams, _read_stream, READS_AT_ONCE, stop=lambda: None)
        with closing(contents):
            for stream, content in zip(streams, contents, strict=True):
                if file is not None:
                    file.write(content)
                if header is not None or last.frames:
                    yield self._build_piece(last, stream, content)
                last = last.follow(stream, content)


def _name_piece(before_key: str, stream: EncodedStream) -> str:
    return f"{sha256(before_key.encode()).hexdigest()} {stream.key}" if stream.key else ""


class _Collector(BytesIO):
    """Keeps what is written to it, without a copy."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[bytes] = []

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self.parts.append(content)
        return len(content)


def _read_stream(stream: EncodedStream) -> bytes:
    writer = _Collector()
    stream.write_to(writer)
    return b"".join(writer.parts)
