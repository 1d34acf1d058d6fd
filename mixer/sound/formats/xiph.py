"""FLAC and Opus: one encoder for all samples, and chapters as fields.

FLAC's chapters are encoded again, without loss; those of Opus cannot be cut out without encoding
twice.
"""

import struct
from base64 import b64encode
from pathlib import Path
from typing import IO

from mixer.formats import FormatName
from mixer.sound.formats.model import FileCut, FileSpec, StreamFormat, WholeFile
from mixer.sound.formats.mux import XiphFormat
from mixer.sound.formats.tags import COVER_TYPE, AudioTags, CoverImage
from mixer.sound.formats.wav import SAMPLES_STREAM

_CODEC = ["-c:a", "flac", "-f", "flac"]


class Flac(XiphFormat):
    """FLAC with 16 bits."""

    name: FormatName = "flac"
    content_type = "audio/flac"
    stream = SAMPLES_STREAM
    is_lossy = False
    attaches_cover = True

    def codec_arguments(self, spec: FileSpec) -> list[str]:
        """FFmpeg's arguments for the encoder."""
        del spec
        return _CODEC

    def write_cut(
        self, whole: WholeFile, cut: FileCut, file: IO[bytes], tags: AudioTags | None
    ) -> None:
        """Encode the samples of a cut again."""
        tag_arguments = self.tag_arguments(tags, whole.workshop.folder)
        whole.reencode(cut, Path(file.name).absolute(), tag_arguments, _CODEC, level_db=0)


MAX_OPUS_KBPS = 256
"""Per channel (FFmpeg's documentation of libopus)."""

OPUS_RATE_HZ = 48_000
FLOAT_BYTES = 4
FLOATS_STREAM = StreamFormat("f32", 1, ("-c:a", "pcm_f32le", "-f", "f32le"), FLOAT_BYTES)

_FRONT_COVER = 3
_BITS_A_PIXEL = 24


class OggFormat(XiphFormat):
    """A stream in Ogg; the cover is a field."""

    content_type = "audio/ogg"
    is_splittable = False

    def select_fields(self, tags: AudioTags) -> dict[str, str]:
        """Select the fields, including the cover."""
        fields = super().select_fields(tags)
        if tags.cover:
            fields["METADATA_BLOCK_PICTURE"] = b64encode(_build_picture(tags.cover)).decode()
        return fields


class Opus(OggFormat):
    """Opus in Ogg."""

    name: FormatName = "opus"
    stream = FLOATS_STREAM

    def codec_arguments(self, spec: FileSpec) -> list[str]:
        """FFmpeg's arguments for the encoder, within its bit rates."""
        kbps = min(spec.bitrate_kbps, MAX_OPUS_KBPS * spec.channels)
        return ["-ar", str(OPUS_RATE_HZ), "-c:a", "libopus", "-b:a", f"{kbps}k", "-f", "opus"]


def _build_picture(cover: CoverImage) -> bytes:
    """Build a FLAC picture block (RFC 9639, section 8.8)."""
    kind = COVER_TYPE.encode("ascii")
    sizes = cover.width_px, cover.height_px, _BITS_A_PIXEL, 0, len(cover.content)
    named = struct.pack(">II", _FRONT_COVER, len(kind)) + kind + bytes(4)
    return named + struct.pack(">5I", *sizes) + cover.content
