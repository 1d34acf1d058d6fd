"""The header of a WAV file. Pure.

Source: Microsoft's RIFF WAVE description (WAVE_FORMAT_PCM); its sizes are 32 bits wide.
"""

import struct
from typing import IO

from mixer.errors import BadOption, RenderFailed
from mixer.sound.timeline import MIX_RATE_HZ

HEADER_BYTES = 44
MAX_BYTES = (1 << 32) - 1
SAMPLE_BYTES = 2
"""16 bits: what players and shops ask for."""
_RIFF_BYTES = 12
_CHUNK_HEADER_BYTES = 8
_PCM = 1
_FORMAT_CHUNK_BYTES = 16


def header(channels: int, stream_bytes: int, chunks: bytes = b"") -> bytes:
    """What lies before 16-bit samples at MIX_RATE_HZ.

    Args:
        channels: of the samples.
        stream_bytes: of all samples together.
        chunks: of RIFF, whole and on even bytes, that tell what the file is.
    """
    whole_bytes = HEADER_BYTES - 8 + len(chunks) + stream_bytes
    block = channels * SAMPLE_BYTES
    described = (_PCM, channels, MIX_RATE_HZ, MIX_RATE_HZ * block, block, 8 * SAMPLE_BYTES)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", whole_bytes, b"WAVE"),
            struct.pack("<4sIHHIIHH", b"fmt ", _FORMAT_CHUNK_BYTES, *described),
            chunks,
            struct.pack("<4sI", b"data", stream_bytes),
        )
    )


def find_samples(file: IO[bytes]) -> int:
    """Where the samples of a WAV file of ours begin.

    Raises:
        RenderFailed: it holds none.
    """
    at = _RIFF_BYTES
    while True:
        file.seek(at)
        name, size = file.read(4), int.from_bytes(file.read(4), "little")
        if name == b"data":
            return at + _CHUNK_HEADER_BYTES
        if not name:
            raise RenderFailed("The WAV file holds no samples.")
        at += _CHUNK_HEADER_BYTES + size + size % 2


def require_fit(channels: int, samples: int, chunk_bytes: int = 0) -> None:
    """Refuse what a WAV file cannot hold, before anything is rendered.

    Args:
        channels: of the samples.
        samples: of each channel.
        chunk_bytes: of what tells what the file is.

    Raises:
        BadOption: it would be larger than 4 GiB.
    """
    whole_bytes = HEADER_BYTES + chunk_bytes + samples * channels * SAMPLE_BYTES
    if whole_bytes > MAX_BYTES:
        hours = samples / MIX_RATE_HZ / 3600
        raise BadOption(
            f"format: a WAV file ends at 4 GiB, and {hours:.1f} hours need"
            f" {whole_bytes / 2**30:.1f} GiB: ask for flac, which keeps every sample, or for mp3"
            " or m4b.",
            field="format",
        )
