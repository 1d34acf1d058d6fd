"""Speech that is encoded while it is spoken: chunks to samples, samples to a growing file."""

from mixer.sound.live.encodings import (
    CLIENT_ENCODINGS,
    DEFAULT_ENCODING,
    OUTPUTS,
    LiveEncoding,
)
from mixer.sound.live.stream import ChunkSamples, convert_mix, encode_live

__all__ = [
    "CLIENT_ENCODINGS",
    "DEFAULT_ENCODING",
    "OUTPUTS",
    "ChunkSamples",
    "LiveEncoding",
    "convert_mix",
    "encode_live",
]
