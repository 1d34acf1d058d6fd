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

from mixer.sound.encoders import Stream
from mixer.sound.loudness import Histogram, packed, unpacked
from mixer.store.objects import ObjectStore

PREFIX = "segments/"
FIELD = "reel"

BIN_LU = 0.05
"""Of the loudness windows in the metadata; ten minutes of speech take about 500 bytes."""

FORMAT_VERSION = 1
"""Of the metadata; a reel with another is rendered again."""


@dataclass(frozen=True, slots=True)
class KeptReel:
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
class Shelf:
    """Where reels are kept.

    Attributes:
        store: of all reels.
        prefix: of their keys.
    """

    store: ObjectStore
    prefix: str = PREFIX

    def key(self, address: str, stream: Stream) -> str:
        """The object key of a reel."""
        return f"{self.prefix}{address}.{stream.suffix}"

    def find(self, key: str) -> KeptReel | None:
        """A reel that is there; None where it has to be rendered."""
        head = self.store.head(key)
        if head is None:
            return None
        with suppress(ValueError, KeyError, TypeError, AttributeError, ZlibError):
            fields = json.loads(head.metadata[FIELD])
            if fields["v"] == FORMAT_VERSION:
                windows = _unfolded(fields["lufs"])
                return KeptReel(key, head.size_bytes, int(fields["frames"]), windows)
        return None

    def keep(self, key: str, path: Path, frames: int, windows: Histogram) -> KeptReel:
        """Put a reel that was just rendered in its place; told of it is what `find` will tell."""
        folded = _folded(windows)
        fields = {"v": FORMAT_VERSION, "frames": frames, "lufs": folded}
        about = {FIELD: json.dumps(fields, separators=(",", ":"))}
        size_bytes = path.stat().st_size
        self.store.put(key, path, metadata=about)
        return KeptReel(key, size_bytes, frames, _unfolded(folded))


def _folded(windows: Histogram) -> str:
    """A histogram as the few characters that metadata may be long."""
    return b64encode(compress(json.dumps(packed(windows, BIN_LU)).encode())).decode()


def _unfolded(written: str) -> Histogram:
    return unpacked(json.loads(decompress(b64decode(written))), BIN_LU)
