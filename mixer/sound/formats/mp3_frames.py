"""Splits MP3 streams into frames, and builds the header frame with the length of the file.

Reads only what our encoder writes: MPEG-1 layer III at 44.1 kHz without bit reservoir. Sources:
ISO/IEC 11172-3 (frame header), Gabriel Bouvigne's description of the Info tag.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from mixer.errors import RenderFailed

FRAME_SAMPLES = 1_152
RATE_HZ = 44_100
HEADER_BYTES = 4
MAX_FRAME_BYTES = 1_045
"""At 320 kbit/s, with its padding byte."""

ID3_HEADER_BYTES = 10
"""Marker, version, flags and a size of four times seven bits (ID3v2, section 3.1)."""

PADDING_PERIOD_FRAMES = 49
"""Period of the padding pattern: a whole number of bytes at every bit rate."""

ENCODER_DELAY_SAMPLES = 576
"""Silence that LAME puts before the first sample; players add their own decoder's."""

DECODER_DELAY_SAMPLES = 529
"""Delay of every decoder (LAME's technical FAQ: 528 of the filter bank, and one)."""

_BITRATES_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_SYNC = b"\xff\xfb"
_JOINT_STEREO, _MONO = 0b01, 0b11
_ORIGINAL_BIT = 0x04
_PADDING_BIT = 0x02
_SIDE_INFO_BYTES = {True: 17, False: 32}
_ALL_FIELDS = 0x0F
_TOC = bytes(256 * percent // 100 for percent in range(100))
"""Seek table; linear, since the bit rate is constant."""
_QUALITY = 50
_ENCODER_NAME = b"LAME3.100"
_CONSTANT_BITRATE = 1
_MAX_BITRATE_FIELD = 255
_CRC_POLYNOMIAL = 0xA001


def split_frames(stream: bytes) -> Iterator[bytes]:
    """Split a stream of frames; raises RenderFailed for anything else."""
    at = 0
    for length in frame_lengths(stream):
        yield stream[at : at + length]
        at += length


def frame_lengths(stream: bytes) -> Iterator[int]:
    """List the bytes of each frame of a stream; raises RenderFailed for anything else."""
    at = 0
    while at + HEADER_BYTES <= len(stream):
        length = _frame_bytes(stream, at)
        yield length
        at += length


def frames_bytes(frame_count: int, bitrate_kbps: int) -> int:
    """Size of so many frames; exact for multiples of PADDING_PERIOD_FRAMES."""
    return frame_count * FRAME_SAMPLES * bitrate_kbps * 125 // RATE_HZ


def id3_tag_bytes(beginning: bytes) -> int:
    """Length of the ID3 tag at the beginning of a file; 0 if there is none."""
    if beginning[:3] != b"ID3":
        return 0
    size = 0
    for byte in beginning[6:ID3_HEADER_BYTES]:
        size = size << 7 | byte
    return ID3_HEADER_BYTES + size


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """Frames that hold a range of samples, and the samples to skip after a decoder's own delay."""

    first: int
    end: int
    delay_samples: int


def find_frame_span(start: int, end: int) -> FrameSpan:
    """Find the frames for samples `start` to `end`, in a file that may be shorter.

    A decoder that begins there lacks the overlap of the frame before; that is over within the
    delay, which players skip.
    """
    first = start // FRAME_SAMPLES
    delay = ENCODER_DELAY_SAMPLES + DECODER_DELAY_SAMPLES
    behind = -(-(end + delay) // FRAME_SAMPLES)
    return FrameSpan(first, behind, ENCODER_DELAY_SAMPLES + start - first * FRAME_SAMPLES)


class FrameFinder:
    """Finds frames of a finished file by their number; reads it once, from front to back.

    Where a section begins, padding bytes leave their period, so places cannot be computed.
    """

    def __init__(self, file: IO[bytes], bitrate_kbps: int) -> None:
        self.file = file
        self._period_bytes = frames_bytes(PADDING_PERIOD_FRAMES, bitrate_kbps)
        rate = _BITRATES_KBPS.index(bitrate_kbps) << 4
        self._headers = {_SYNC + bytes([rate | padding]) for padding in (0, _PADDING_BIT)}
        file.seek(0)
        at = id3_tag_bytes(file.read(ID3_HEADER_BYTES))
        info_bytes = next(self._read_lengths(at, 1), 0)
        self._frames, self._places = array("q", [0]), array("q", [at + info_bytes])

    def locate(self, frame: int) -> tuple[int, int]:
        """The place in bytes and the number of a frame, or of the end if the file is shorter."""
        while self._frames[-1] <= frame and self._advance():
            pass
        known = bisect_right(self._frames, frame) - 1
        lengths = list(self._read_lengths(self._places[known], frame - self._frames[known]))
        return self._places[known] + sum(lengths), self._frames[known] + len(lengths)

    def _advance(self) -> bool:
        """Find the frame one period behind the last known one; False if the file ends before."""
        at, step = self._places[-1], self._period_bytes
        if not self._has_header(at + step):
            lengths = list(self._read_lengths(at, PADDING_PERIOD_FRAMES))
            if len(lengths) < PADDING_PERIOD_FRAMES:
                return False
            step = sum(lengths)
        self._frames.append(self._frames[-1] + PADDING_PERIOD_FRAMES)
        self._places.append(at + step)
        return True

    def _has_header(self, place: int) -> bool:
        """Whether a frame of this bit rate begins at a place."""
        self.file.seek(place)
        header = self.file.read(HEADER_BYTES)
        return header[:-1] in self._headers

    def _read_lengths(self, place: int, count: int) -> Iterator[int]:
        self.file.seek(place)
        return islice(frame_lengths(self.file.read(count * MAX_FRAME_BYTES)), count)


def info_frame(
    bitrate_kbps: int,
    channels: int,
    frame_count: int,
    audio_bytes: int,
    samples: int,
    *,
    delay_samples: int = ENCODER_DELAY_SAMPLES,
) -> bytes:
    """Build the frame before the audio: number of frames and bytes, seek table, samples to skip."""
    mode = _MONO if channels == 1 else _JOINT_STEREO
    rate = _BITRATES_KBPS.index(bitrate_kbps)
    header = _SYNC + bytes([rate << 4, mode << 6 | _ORIGINAL_BIT])
    frame = bytearray(_frame_bytes(header, 0))
    whole_bytes = audio_bytes + len(frame)
    padding = frame_count * FRAME_SAMPLES - delay_samples - samples
    body = header + bytes(_SIDE_INFO_BYTES[channels == 1]) + _seek_tag(frame_count, whole_bytes)
    body += _encoder_tag(bitrate_kbps, delay_samples, padding, whole_bytes)
    body += _crc16(body).to_bytes(2)
    frame[: len(body)] = body
    return bytes(frame)


def _seek_tag(frame_count: int, whole_bytes: int) -> bytes:
    numbers = b"".join(each.to_bytes(4) for each in (_ALL_FIELDS, frame_count, whole_bytes))
    return b"Info" + numbers + _TOC + _QUALITY.to_bytes(4)


def _encoder_tag(bitrate_kbps: int, delay: int, padding: int, whole_bytes: int) -> bytes:
    """LAME's extension of the tag; unused fields are zero, its checksum follows."""
    peak_and_gains = bytes(9)
    skipped = (delay << 12 | max(0, padding)).to_bytes(3)
    return (
        _ENCODER_NAME
        + bytes([_CONSTANT_BITRATE])
        + peak_and_gains
        + bytes([0, min(bitrate_kbps, _MAX_BITRATE_FIELD)])
        + skipped
        + bytes(4)
        + whole_bytes.to_bytes(4)
        + bytes(2)
    )


def _frame_bytes(stream: bytes, at: int) -> int:
    if stream[at : at + 2] != _SYNC:
        raise RenderFailed(f"The encoder's stream has no MP3 frame at byte {at}.")
    padded = bool(stream[at + 2] & _PADDING_BIT)
    return FRAME_SAMPLES // 8 * _bitrate_kbps(stream, at) * 1000 // RATE_HZ + padded


def _bitrate_kbps(stream: bytes, at: int) -> int:
    return _BITRATES_KBPS[stream[at + 2] >> 4]


def _crc16(content: bytes) -> int:
    """CRC-16/ARC, as the Info tag requires."""
    checksum = 0
    for byte in content:
        checksum ^= byte
        for _ in range(8):
            checksum = checksum >> 1 ^ (_CRC_POLYNOMIAL if checksum & 1 else 0)
    return checksum
