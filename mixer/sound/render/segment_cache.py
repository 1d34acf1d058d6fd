"""Rendered reels in a store, under addresses of their contents: what an edit left alone is there.

A reel is rendered once, whoever asks for it. What joining needs to know of it travels in its
metadata, so nothing is fetched to be looked at.
"""

import json
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import compress, decompress
from zlib import error as ZlibError  # noqa: N812 - a class in all but name

from mixer.sound.analysis.loudness import Histogram, decode_histogram, encode_histogram
from mixer.sound.formats.encoding import StreamFormat
from mixer.store.objects import ObjectStore

PREFIX = "segments/"
FIELD = "reel"

BIN_LU = 0.05
"""Of the loudness windows in the metadata; ten minutes of speech take about 500 bytes."""

FORMAT_VERSION = 1
"""Of the metadata; a reel with another is rendered again."""


@dataclass(frozen=True, slots=True)
class CachedSegment:
    """A reel in the store.

    Attributes:
        key: its object key.
        size_bytes: of its stream.
        frames: how many it holds.
        windows: momentary loudness as it went into the encoder.
    """

    key: str
    size_bytes: int
    frames: int
    windows: Histogram


@dataclass(frozen=True, slots=True)
class SegmentCache:
    """Where reels are kept.

    Attributes:
        store: of all reels.
        prefix: of their keys.
    """

    store: ObjectStore
    prefix: str = PREFIX

    def object_key(self, cache_key: str, stream: StreamFormat) -> str:
        """The object key of a reel."""
        return f"{self.prefix}{cache_key}.{stream.suffix}"

    def find(self, key: str) -> CachedSegment | None:
        """A reel that is there; None where it has to be rendered."""
        head = self.store.head(key)
        if head is None:
            return None
        with suppress(ValueError, KeyError, TypeError, AttributeError, ZlibError):
            fields = json.loads(head.metadata[FIELD])
            if fields["v"] == FORMAT_VERSION:
                windows = _decompress_histogram(fields["lufs"])
                return CachedSegment(key, head.size_bytes, int(fields["frames"]), windows)
        return None

    def put(self, key: str, path: Path, frames: int, windows: Histogram) -> CachedSegment:
        """Put a reel that was just rendered in its place; told of it is what `find` will tell."""
        folded = _compress_histogram(windows)
        fields = {"v": FORMAT_VERSION, "frames": frames, "lufs": folded}
        about = {FIELD: json.dumps(fields, separators=(",", ":"))}
        size_bytes = path.stat().st_size
        self.store.put(key, path, metadata=about)
        return CachedSegment(key, size_bytes, frames, _decompress_histogram(folded))


def _compress_histogram(windows: Histogram) -> str:
    """A histogram as the few characters that metadata may be long."""
    return b64encode(compress(json.dumps(encode_histogram(windows, BIN_LU)).encode())).decode()


def _decompress_histogram(text: str) -> Histogram:
    return decode_histogram(json.loads(decompress(b64decode(text))), BIN_LU)
