"""WAV: 16-bit samples after a header, with tags as chunks in between.

Sources: Microsoft's RIFF WAVE description (WAVE_FORMAT_PCM; sizes are 32 bits wide) and Multimedia
Programming Interface (INFO list).
"""

import struct
from typing import IO

from mixer.errors import BadOption, RenderFailed
from mixer.formats import FormatName
from mixer.sound.formats.model import (
    ConcatenatedFormat,
    FileCut,
    FileSpec,
    StreamFormat,
    WholeFile,
    copy_range,
)
from mixer.sound.formats.tags import AudioTags, build_id3_tag
from mixer.sound.timeline import MIX_RATE_HZ

HEADER_BYTES = 44
MAX_BYTES = (1 << 32) - 1
SAMPLE_BYTES = 2
"""16 bits, as players and shops require."""

_RIFF_BYTES = 12
_CHUNK_HEADER_BYTES = 8
_PCM = 1
_FORMAT_CHUNK_BYTES = 16

SAMPLES_STREAM = StreamFormat("s16", 1, ("-c:a", "pcm_s16le", "-f", "s16le"), SAMPLE_BYTES)

RIFF_NAMES = {
    "title": b"INAM",
    "artist": b"IART",
    "album": b"IPRD",
    "genre": b"IGNR",
    "date": b"ICRD",
    "comment": b"ICMT",
    "track": b"IPRT",
    "language": b"ILNG",
}
"""Names in the INFO list (IPRT as FFmpeg reads it)."""


class Wav(ConcatenatedFormat):
    """WAV, up to 4 GiB."""

    name: FormatName = "wav"
    content_type = "audio/wav"
    stream = SAMPLES_STREAM
    is_lossy = False

    def require_fit(self, spec: FileSpec) -> None:
        """Raise BadOption above 4 GiB."""
        size_bytes = spec.samples * spec.channels * SAMPLE_BYTES
        whole_bytes = HEADER_BYTES + len(build_chunks(spec.tags)) + size_bytes
        if whole_bytes > MAX_BYTES:
            hours = spec.samples / MIX_RATE_HZ / 3600
            raise BadOption(
                f"format: a WAV file holds at most 4 GiB, but {hours:.1f} hours need"
                f" {whole_bytes / 2**30:.1f} GiB; use flac, which is lossless,"
                " or mp3 or m4b.",
                field="format",
            )

    def build_header(self, spec: FileSpec, frames: int, stream_bytes: int) -> bytes:
        """Build the format, tags and size of the samples."""
        del frames
        return _build_header(spec.channels, stream_bytes, build_chunks(spec.tags))

    def write_cut(
        self, whole: WholeFile, cut: FileCut, file: IO[bytes], tags: AudioTags | None
    ) -> None:
        """Copy the samples of a cut."""
        block = whole.channels * SAMPLE_BYTES
        with whole.audio.open() as source:
            samples_begin = find_samples(source)
            begin, end = (samples_begin + block * at for at in (cut.start, cut.end))
            file.write(_build_header(whole.channels, end - begin, build_chunks(tags)))
            copy_range(source, begin, end, file)


def build_chunks(tags: AudioTags | None) -> bytes:
    """Build the tags twice: as RIFF's own list, and as ID3, which holds more; empty for no tags."""
    if tags is None:
        return b""
    named = {name: value for name, value in tags.fields.items() if value}
    if not named and tags.cover is None and not tags.has_chapters:
        return b""
    listed = b"INFO" + b"".join(
        _build_chunk(code, named[name].encode() + b"\0")
        for name, code in RIFF_NAMES.items()
        if name in named
    )
    return _build_chunk(b"LIST", listed) + _build_chunk(b"id3 ", build_id3_tag(tags))


def find_samples(file: IO[bytes]) -> int:
    """Find the samples of a WAV file; raises RenderFailed if there are none."""
    at = _RIFF_BYTES
    while True:
        file.seek(at)
        name, size = file.read(4), int.from_bytes(file.read(4), "little")
        if name == b"data":
            return at + _CHUNK_HEADER_BYTES
        if not name:
            raise RenderFailed("The WAV file contains no samples.")
        at += _CHUNK_HEADER_BYTES + size + size % 2


def _build_header(channels: int, stream_bytes: int, chunks: bytes) -> bytes:
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


def _build_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
