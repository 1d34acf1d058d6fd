"""Rendered segments in a store, under content-based keys.

Unedited segments are found again. Their metadata holds all that joining needs.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zlib import compress, decompress
from zlib import error as ZlibError  # noqa: N812 - a class in all but name

from mixer.errors import NotFound
from mixer.parallel import run_in_parallel
from mixer.sound.analysis import Histogram
from mixer.sound.analysis.loudness import decode_histogram, encode_histogram
from mixer.sound.formats import EncodedStream, StreamFormat
from mixer.store import ObjectStore

PREFIX = "segments/"
FIELD = "segment"

BIN_LU = 0.05
"""Resolution of loudness windows in the metadata; ten minutes of speech take about 500 bytes."""

FORMAT_VERSION = 1
"""Format of the metadata; segments with another are rendered again."""

LOOKUPS_AT_ONCE = 16


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
        with suppress(ValueError, KeyError, TypeError, AttributeError, ZlibError):
            fields = json.loads(head.metadata[FIELD])
            if fields["v"] == FORMAT_VERSION:
                windows = _decompress_histogram(fields["lufs"])
                return self._open_stream(key, head.size_bytes, int(fields["frames"]), windows)
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

    def put(self, key: str, path: Path, frames: int, windows: Histogram) -> EncodedStream:
        """Store a rendered segment; returns what `find` will return."""
        compressed = _compress_histogram(windows)
        fields = {"v": FORMAT_VERSION, "frames": frames, "lufs": compressed}
        self.store.put(key, path, metadata={FIELD: json.dumps(fields, separators=(",", ":"))})
        return self._open_stream(
            key, path.stat().st_size, frames, _decompress_histogram(compressed)
        )

    def _open_stream(
        self, key: str, size_bytes: int, frames: int, windows: Histogram
    ) -> EncodedStream:
        def write_to(file: IO[bytes]) -> None:
            self.store.read_into(key, file)

        return EncodedStream(size_bytes, frames, windows, write_to, key)


def _compress_histogram(windows: Histogram) -> str:
    """Compress a histogram to fit into metadata."""
    return b64encode(compress(json.dumps(encode_histogram(windows, BIN_LU)).encode())).decode()


def _decompress_histogram(text: str) -> Histogram:
    return decode_histogram(json.loads(decompress(b64decode(text))), BIN_LU)
