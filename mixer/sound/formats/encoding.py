"""The formats of a finished file: what encoders are told, and where their streams may be cut. Pure.

A segment comes out of FFmpeg as a bare *stream* of frames, without header or tags. Frames that are
the segment's own go behind those of the segment before; the header is made when all are there.

- MP3, with the bit reservoir off, and raw samples join into the very bytes of a serial render.
- AAC's encoder carries a rate control from frame to frame, so a joined stream differs from a
  serial one in bits, not in what is heard: every frame covers the samples that it would there.
- FLAC numbers its frames and Opus predicts each from the last: their segments come out as raw
  samples, which one encoder takes in order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mixer.errors import RenderFailed
from mixer.formats import FormatName
from mixer.sound.formats import mp3, wav
from mixer.sound.timeline import MIX_RATE_HZ

FLOAT_BYTES = 4
BYTES_PER_KBIT = 125
ADTS_HEADER_BYTES = 7
_ADTS_SYNC = 0xFFF
AAC_FRAME_SAMPLES = 1_024


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What a segment comes out as.

    Attributes:
        suffix: of its file.
        frame_samples: samples of the mix in a frame.
        arguments: of FFmpeg, without the bit rate.
        sample_bytes: of one sample of one channel; 0 where frames are compressed.
        sample_format: FFmpeg's name of what the encoder's samples are rounded to; empty for what
            it likes best.
    """

    suffix: str
    frame_samples: int
    arguments: tuple[str, ...]
    sample_bytes: int = 0
    sample_format: str = ""


_BARE_FRAMES = ("-reservoir", "0", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3")
MP3_STREAM = StreamFormat("mp3", mp3.FRAME_SAMPLES, ("-c:a", "libmp3lame", *_BARE_FRAMES))
"""Frames that stand for themselves: no bit reservoir, no header frame, no tags."""

AAC_STREAM = StreamFormat(
    "aac", AAC_FRAME_SAMPLES, ("-c:a", "aac", "-f", "adts"), sample_format="s16"
)
"""Of sixteen bits, or the encoder would spend 4 % more time on what lies below them; rounding is
20 dB softer than the encoder's own noise where that is softest (both measured, 128 kbit/s)."""

SAMPLES_STREAM = StreamFormat("s16", 1, ("-c:a", "pcm_s16le", "-f", "s16le"), wav.SAMPLE_BYTES)
FLOATS_STREAM = StreamFormat("f32", 1, ("-c:a", "pcm_f32le", "-f", "f32le"), FLOAT_BYTES)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of finished file.

    Attributes:
        content_type: for browsers.
        stream: what its segments come out as.
        is_concatenable: whether the finished file is a header and the segments' streams, byte after
            byte.
        is_lossy: whether a bit rate counts.
        level_offsets_db: up to so many kbit/s the encoder changes the level by so much; above the
            last, not at all.
    """

    content_type: str
    stream: StreamFormat
    is_concatenable: bool
    is_lossy: bool = True
    level_offsets_db: tuple[tuple[int, float], ...] = ()


LAME_OFFSETS_DB = ((160, -0.445), (192, -0.264), (224, -0.175))
"""libmp3lame scales what it is given, by the bit rate (measured)."""

FORMATS: Mapping[FormatName, Format] = MappingProxyType(
    {
        "mp3": Format(
            "audio/mpeg", MP3_STREAM, is_concatenable=True, level_offsets_db=LAME_OFFSETS_DB
        ),
        "m4a": Format("audio/mp4", AAC_STREAM, is_concatenable=False),
        "m4b": Format("audio/mp4", AAC_STREAM, is_concatenable=False),
        "opus": Format("audio/ogg", FLOATS_STREAM, is_concatenable=False),
        "flac": Format("audio/flac", SAMPLES_STREAM, is_concatenable=False, is_lossy=False),
        "wav": Format("audio/wav", SAMPLES_STREAM, is_concatenable=True, is_lossy=False),
    }
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A finished file's format and bit rate.

    Attributes:
        format: also its file's ending.
        bitrate_kbps: constant, where the format knows one.
    """

    format: FormatName = "mp3"
    bitrate_kbps: int = 128

    @property
    def kind(self) -> Format:
        """What the format's name stands for."""
        return FORMATS[self.format]

    @property
    def stream(self) -> StreamFormat:
        """What its segments come out as."""
        return self.kind.stream

    @property
    def segment_arguments(self) -> tuple[str, ...]:
        """What FFmpeg is told for a segment's stream."""
        rate = () if self.stream.sample_bytes else ("-b:a", f"{self.bitrate_kbps}k")
        return (*rate, *self.stream.arguments)

    def stream_bytes_per_s(self, channels: int) -> float:
        """The size of a second of its stream; of a variable one about."""
        if self.stream.sample_bytes:
            return MIX_RATE_HZ * channels * self.stream.sample_bytes
        return self.bitrate_kbps * BYTES_PER_KBIT

    @property
    def level_offset_db(self) -> float:
        """By how much the encoder changes the level."""
        offsets = self.kind.level_offsets_db
        return next((offset for upto, offset in offsets if self.bitrate_kbps <= upto), 0.0)


MP3 = Encoding()
"""What is made where nothing else is asked for."""


def frame_lengths(stream: StreamFormat, content: bytes) -> Iterator[int]:
    """The bytes of each frame of a compressed stream, in order.

    Raises:
        RenderFailed: something that is not a frame lies between them.
    """
    return mp3.frame_lengths(content) if stream is MP3_STREAM else _adts_frame_lengths(content)


def _adts_frame_lengths(content: bytes) -> Iterator[int]:
    """ISO/IEC 13818-7, 6.2: a sync word of twelve bits, the length in thirteen from bit 30 on."""
    at = 0
    while at + ADTS_HEADER_BYTES <= len(content):
        length = adts_frame_bytes(content[at : at + ADTS_HEADER_BYTES], at)
        yield length
        at += length


def adts_frame_bytes(header: bytes, at: int) -> int:
    """The bytes of an AAC frame.

    Args:
        header: of the frame.
        at: where it is, for the error.

    Raises:
        RenderFailed: it is none.
    """
    if int.from_bytes(header[:2]) >> 4 != _ADTS_SYNC:
        raise RenderFailed(f"The encoder's stream holds no AAC frame at byte {at}.")
    return int.from_bytes(header[3:6]) >> 5 & 0x1FFF
