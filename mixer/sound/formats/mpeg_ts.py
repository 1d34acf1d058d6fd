"""Packs MP3 frames into an MPEG transport stream, the container of HLS; nothing is encoded again.

Sources: ISO/IEC 13818-1 (packets, tables, time stamps), RFC 8216, section 3.2. A stream may
begin at any grid step: its time stamps and counters continue those of the stream before it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from mixer.sound.formats.mp3_frames import (
    FRAME_SAMPLES,
    PADDING_PERIOD_FRAMES,
    RATE_HZ,
    split_frames,
)

FRAMES_PER_PES = 7
"""A seventh of a grid step. Chromium plays a packet of the elementary stream when the next one
begins, and rejects a segment of one alone (measured)."""

PACKET_BYTES = 188
_SYNC = 0x47
_HEADER_BYTES = 4
_PAT_PID, _PMT_PID, _AUDIO_PID = 0x0000, 0x1000, 0x0100
_MPEG1_AUDIO = 0x03
_AUDIO_STREAM_ID = 0xC0
_CLOCK_HZ = 90_000
_CLOCK_BITS = 33
_CLOCK_FIELD_BYTES = 8
"""The adaptation field that holds the program clock: length, flags, six bytes of clock."""

PES_PER_GRID = PADDING_PERIOD_FRAMES // FRAMES_PER_PES

_START, _HAS_PAYLOAD, _HAS_ADAPTATION = 0x4000, 0x10, 0x20
_CRC_POLYNOMIAL = 0x04C11DB7


def pack_transport_stream(frames: bytes, first_frame: int) -> bytes:
    """Pack frames of a constant bit rate; `first_frame` is a multiple of PADDING_PERIOD_FRAMES."""
    step = first_frame // PADDING_PERIOD_FRAMES
    packets = [
        _pack_table(_PAT_PID, step, bytes([0, 1, 0xE0 | _PMT_PID >> 8, _PMT_PID & 0xFF])),
        _pack_table(_PMT_PID, step, _program_map()),
    ]
    parts = list(_split_stream(frames, first_frame))
    counted = enumerate(parts, start=step * _count_grid_packets(parts))
    packets += (_head(_AUDIO_PID, counter, *part) for counter, part in counted)
    return b"".join(packets)


def _split_stream(frames: bytes, at: int) -> Iterator[tuple[int, bytes, bytes]]:
    rest = split_frames(frames)
    while group := tuple(islice(rest, FRAMES_PER_PES)):
        yield from _split_pes(_build_pes(b"".join(group), at), _clock(at))
        at += len(group)


def _count_grid_packets(parts: Sequence[tuple[int, bytes, bytes]]) -> int:
    """Count the packets of a grid step, the same in each; the last piece may be shorter."""
    starts = [number for number, part in enumerate(parts) if part[0]]
    return starts[PES_PER_GRID] if len(starts) > PES_PER_GRID else len(parts)


def _clock(frame: int) -> int:
    return round(frame * FRAME_SAMPLES * _CLOCK_HZ / RATE_HZ) % (1 << _CLOCK_BITS)


def _build_pes(content: bytes, first_frame: int) -> bytes:
    """Build one packet of an elementary stream, with its presentation time."""
    time = _clock(first_frame)
    stamp = bytes(
        [
            0x21 | time >> 29 & 0x0E,
            time >> 22 & 0xFF,
            0x01 | time >> 14 & 0xFE,
            time >> 7 & 0xFF,
            0x01 | time << 1 & 0xFE,
        ]
    )
    optional = bytes([0x84, 0x80, len(stamp)]) + stamp
    length = len(optional) + len(content)
    return b"\x00\x00\x01" + bytes([_AUDIO_STREAM_ID]) + length.to_bytes(2) + optional + content


def _split_pes(pes: bytes, clock: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Split into the start flag, adaptation field and payload of each packet."""
    room = PACKET_BYTES - _HEADER_BYTES
    field = bytes([_CLOCK_FIELD_BYTES - 1, 0x50]) + _clock_field(clock)
    first = room - len(field)
    yield _START, _stuff(field, room - len(field) - len(pes[:first])), pes[:first]
    for at in range(first, len(pes), room):
        payload = pes[at : at + room]
        yield 0, _stuff(b"", room - len(payload)), payload


def _stuff(field: bytes, missing: int) -> bytes:
    """Lengthen an adaptation field so that the payload ends with the packet."""
    if missing <= 0:
        return field
    if not field:
        return bytes([missing - 1]) + (b"\x00" + b"\xff" * (missing - 2) if missing > 1 else b"")
    return bytes([field[0] + missing]) + field[1:] + b"\xff" * missing


def _clock_field(clock: int) -> bytes:
    """The program clock: 33 bits, six reserved ones, nine of a finer clock."""
    return (clock << 15 | 0x3F << 9).to_bytes(6)


def _head(pid: int, counter: int, start: int, field: bytes, payload: bytes) -> bytes:
    control = _HAS_PAYLOAD | (_HAS_ADAPTATION if field else 0) | counter & 0x0F
    return bytes([_SYNC]) + (start | pid).to_bytes(2) + bytes([control]) + field + payload


def _program_map() -> bytes:
    audio = bytes([_MPEG1_AUDIO, 0xE0 | _AUDIO_PID >> 8, _AUDIO_PID & 0xFF, 0xF0, 0])
    return bytes([0xE0 | _AUDIO_PID >> 8, _AUDIO_PID & 0xFF, 0xF0, 0]) + audio


def _pack_table(pid: int, counter: int, body: bytes) -> bytes:
    """Pack a table (PAT or PMT) of one program into one packet."""
    table_id = 0x00 if pid == _PAT_PID else 0x02
    length = 5 + len(body) + 4
    section = bytes([table_id, 0xB0 | length >> 8, length & 0xFF, 0, 1, 0xC1, 0, 0]) + body
    section += _crc32(section).to_bytes(4)
    room = PACKET_BYTES - _HEADER_BYTES
    return _head(pid, counter, _START, b"", (b"\x00" + section).ljust(room, b"\xff"))


def _crc32(content: bytes) -> int:
    """CRC-32/MPEG-2."""
    checksum = 0xFFFFFFFF
    for byte in content:
        checksum ^= byte << 24
        for _ in range(8):
            over = checksum & 0x80000000
            checksum = (checksum << 1 & 0xFFFFFFFF) ^ (_CRC_POLYNOMIAL if over else 0)
    return checksum
