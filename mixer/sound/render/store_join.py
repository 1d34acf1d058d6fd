"""Joins a finished file as a stream: reads segments from the store and writes the file back.

All lengths are known, so the header goes first. Each segment is read once, for the upload and, with
the last frames before it, for a decoder that measures it. Memory holds a few segments, the disk
none. Measurements are stored, so workers that render segments can measure them too.
"""

import json
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import IO
from zlib import compress, decompress
from zlib import error as ZlibError  # noqa: N812 - a class in all but name

from mixer.errors import StoreFailed
from mixer.parallel import map_in_order
from mixer.sound.analysis import EncodedPiece, Verification, verify_pieces
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import AudioTags, EncodedStream, Encoding, FileSpec, StreamedFormat
from mixer.sound.render.mixdown import file_spec
from mixer.sound.render.segment_renderer import frame_at
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import Timeline
from mixer.store import ObjectStore

READS_AT_ONCE = 4
"""Segments fetched ahead, a megabyte or two each."""


def measurement_key(segment_key: str) -> str:
    """The object key of a segment's measurements."""
    return f"{segment_key}.measured"


@dataclass(frozen=True, slots=True)
class StoredMeasurements:
    """Measurements of segments, in the segments' store."""

    store: ObjectStore

    def load(self, name: str, fingerprint: str) -> Verification | None:
        """Load the measurements of a segment after the same one and in the same blocks."""
        before, _, segment_key = name.partition(" ")
        key = measurement_key(segment_key)
        if self.store.head(key) is None:
            return None
        with suppress(ValueError, TypeError, KeyError, ZlibError):
            fields = json.loads(decompress(self.store.get(key)))
            if fields["of"] == [before, fingerprint]:
                peaks = tuple((low, high) for low, high in fields["peaks"])
                return Verification(
                    fields["integrated"], fields["peak"], fields["momentary"],
                    peaks, fields["levels"], fields["block_s"],
                )  # fmt: skip
        return None

    def save(self, name: str, fingerprint: str, verification: Verification) -> None:
        """Save the measurements of a segment."""
        before, _, segment_key = name.partition(" ")
        fields = {
            "of": [before, fingerprint],
            "integrated": verification.integrated_lufs,
            "peak": verification.true_peak_dbtp,
            "momentary": list(verification.momentary_lufs),
            "peaks": verification.peaks,
            "levels": list(verification.levels_dbfs),
            "block_s": verification.block_s,
        }
        self.store.put(measurement_key(segment_key), compress(json.dumps(fields).encode()))


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
        stream_bytes = sum(stream.size_bytes for stream in streams)
        frames = sum(stream.frames for stream in streams)
        header = self._kind.build_header(self._spec, frames, stream_bytes)
        size_bytes = len(header) + stream_bytes
        with self.store.open_writer(
            key, max_bytes=size_bytes, content_type=self._kind.content_type
        ) as file:
            file.write(header)
            verification = self._verify(self._read_pieces(streams, header, 0, file))
        return size_bytes, verification

    def measure(self, streams: Sequence[EncodedStream], first: Segment) -> None:
        """Measure and store consecutive segments, except the first, whose number is `first`."""
        first_frame = frame_at(self.timeline, self.encoding, first.start)
        if len(streams) > 1:
            self._verify(self._read_pieces(streams, b"", first_frame, None))

    @property
    def _kind(self) -> StreamedFormat:
        kind = self.encoding.kind
        if not isinstance(kind, StreamedFormat):
            raise TypeError(f"{kind.name} is not streamed")
        return kind

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
        header: bytes,
        first_frame: int,
        file: IO[bytes] | None,
    ) -> Generator[EncodedPiece]:
        before, before_key, frame = header, "", first_frame
        spec = self._spec
        contents = map_in_order(streams, _read_stream, READS_AT_ONCE, self.processes.stop)
        with closing(contents):
            for stream, content in zip(streams, contents, strict=True):
                if file is not None:
                    file.write(content)
                if before:
                    name = f"{_hash(before_key)} {stream.key}" if before_key else ""
                    yield self._kind.build_piece(spec, before, content, frame, name)
                before, before_key, frame = content, stream.key, frame + stream.frames


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def _read_stream(stream: EncodedStream) -> bytes:
    content = BytesIO()
    stream.write_to(content)
    if content.tell() != stream.size_bytes:
        raise StoreFailed(
            f"The segment {stream.key} changed during the join; try again.", key=stream.key
        )
    return content.getvalue()
