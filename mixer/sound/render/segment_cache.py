"""Rendered segments in a store, under content-based keys.

A key is a hash of everything that determines a segment's bytes: the rendering command, with content
hashes instead of file names, and FFmpeg's version. Times count from the segment's own window, so a
segment that only moved keeps its key. Metadata holds all that joining needs, and a digest of key
and bytes: a segment that does not match it is removed and has to be rendered again.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO

from mixer.errors import DamagedObject, NotFound
from mixer.parallel import run_in_parallel
from mixer.sound.analysis import Measurement
from mixer.sound.formats import EncodedStream, Encoding, StreamFormat
from mixer.sound.render.bed import Bed
from mixer.sound.render.command import build_segment_command
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import FORMAT_VERSION, Timeline
from mixer.store import ObjectStore, put_sealed

logger = logging.getLogger(__name__)

PREFIX = "segments/"
FIELD = "segment"

METADATA_VERSION = 2
"""Format of the metadata; segments with another are rendered again."""

LOOKUPS_AT_ONCE = 16

RENDERER_VERSION = 1
"""Increase it when something outside the command changes: how beds are made, how frames are cut."""

HEX_DIGITS = 40
"""160 bits of SHA-256, enough to avoid collisions."""


@dataclass(frozen=True, slots=True)
class SegmentCache:
    """Segments in a store, under a key prefix."""

    store: ObjectStore
    prefix: str = PREFIX

    def object_key(self, cache_key: str, stream: StreamFormat) -> str:
        """The object key of a segment."""
        return f"{self.prefix}{cache_key}.{stream.suffix}"

    def find(self, key: str) -> EncodedStream | None:
        """Find a segment; None if it has to be rendered."""
        head = self.store.head(key)
        if head is None:
            return None
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            fields = json.loads(head.metadata[FIELD])
            if fields["v"] == METADATA_VERSION and fields["bytes"] == head.size_bytes:
                return self._open_stream(key, fields)
        logger.warning("The segment %s is damaged or outdated; it is rendered again.", key)
        return None

    def find_all(self, keys: Sequence[str]) -> dict[str, EncodedStream]:
        """Find several segments, by key."""
        lookups = run_in_parallel(dict.fromkeys(keys), self.find, LOOKUPS_AT_ONCE)
        found = {key: outcome.result() for key, outcome in lookups}
        return {key: stream for key, stream in found.items() if stream is not None}

    def require_all(self, keys: Sequence[str]) -> list[EncodedStream]:
        """Find segments in the given order; raises NotFound if one is missing."""
        found = self.find_all(keys)
        missing = [key for key in keys if key not in found]
        if missing:
            raise NotFound(f"The rendered segment {missing[0]} is missing.", key=missing[0])
        return [found[key] for key in keys]

    def remove_damaged(self, keys: Sequence[str]) -> None:
        """Read segments again and remove those that are damaged."""
        streams = self.find_all(keys).values()
        for _, outcome in run_in_parallel(streams, EncodedStream.read, LOOKUPS_AT_ONCE):
            with suppress(DamagedObject, NotFound):
                outcome.result()

    def put(self, key: str, path: Path, frames: int, beginnings: Sequence[str] = ()) -> None:
        """Store a rendered segment; `beginnings` as in EncodedStream."""
        content = path.read_bytes()
        fields: dict[str, object] = {
            "v": METADATA_VERSION,
            "frames": frames,
            "bytes": len(content),
            "digest": digest_content(key, content),
            "beginnings": list(beginnings),
        }
        metadata = {FIELD: json.dumps(fields, separators=(",", ":"))}
        put_sealed(self.store, key, path, metadata=metadata)

    def _open_stream(self, key: str, fields: Mapping[str, object]) -> EncodedStream:
        return EncodedStream(
            size_bytes=int(str(fields["bytes"])),
            frames=int(str(fields["frames"])),
            write_to=partial(self._write_intact, key, fields),
            key=key,
            beginnings=_parse_beginnings(fields.get("beginnings", [])),
        )

    def _write_intact(self, key: str, fields: Mapping[str, object], file: IO[bytes]) -> None:
        content = BytesIO()
        self.store.read_into(key, content, 0, int(str(fields["bytes"])))  # checked here, not there
        if digest_content(key, content.getbuffer()) != fields["digest"]:
            logger.warning("The segment %s is damaged; it is set aside and rendered again.", key)
            self.store.set_aside(key)
            self.store.delete(key)  # S3 keeps its version for a while
            raise DamagedObject(f"The rendered segment {key} was damaged; try again.", key=key)
        file.write(content.getvalue())


def _parse_beginnings(found: object) -> tuple[str, ...]:
    """Read the beginnings of a segment; those of older ones are not known."""
    return tuple(map(str, found)) if isinstance(found, list) else ()


def digest_content(key: str, content: bytes | memoryview) -> str:
    """Hash an object's bytes together with its key, so that objects cannot be swapped."""
    digest = sha256(key.encode() + b"\0")
    digest.update(content)
    return digest.hexdigest()[:HEX_DIGITS]


def segment_cache_key(
    timeline: Timeline,
    segment: Segment,
    encoding: Encoding,
    beds: Mapping[tuple[str, bool], Bed],
    content_ids: Mapping[str, str],
    *,
    ffmpeg_version: str,
) -> str:
    """Compute a segment's cache key.

    `content_ids` holds hashes for sources that do not identify their content themselves.
    """
    clips = {
        clip.source: Path(content_ids.get(clip.source, f"{clip.source} {clip.digest}".rstrip()))
        for clip in timeline.find_clips(segment.window_start, segment.window_end)
    }
    command = build_segment_command(timeline, segment, clips, beds, encoding.stream)
    spans = [segment.start - segment.window_start, segment.end - segment.start, segment.is_last]
    files = list(map(str, command.files))
    versions = [FORMAT_VERSION, RENDERER_VERSION, ffmpeg_version]
    parameters = [versions, command.arguments, files, encoding.segment_arguments, spans]
    return _hash(json.dumps([*parameters, timeline.rate_hz, timeline.channels]))


def fingerprint_bed(bed: Bed, content_id: str, measured: Measurement) -> Bed:
    """Predict a bed whose path identifies its recording's content and how it is made."""
    edges = (measured.lead_samples, measured.tail_samples, measured.samples, measured.channels)
    looped = (bed.loop_from, bed.frames) if bed.loop_from else ()
    return replace(bed, path=Path("-".join(map(str, (content_id, *edges, *looped)))))


def _hash(content: str) -> str:
    return sha256(content.encode(errors="surrogatepass")).hexdigest()[:HEX_DIGITS]
