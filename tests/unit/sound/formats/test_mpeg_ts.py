"""MP3 frames in a transport stream: packets, counters and time stamps that continue."""

from itertools import pairwise

import pytest

from mixer.sound.formats.mpeg_ts import PACKET_BYTES, pack_transport_stream

GRID = 49
AUDIO_PID = 0x100


def make_frames(first, count):
    """Frames of 128 kbit/s whose padding has a period of 49, as an encoder's."""
    frames = []
    for number in range(first, first + count):
        padded = (number + 1) * 47 // GRID > number * 47 // GRID
        head = bytes([0xFF, 0xFB, 0x90 | padded << 1, 0xC0])
        frames.append(head + bytes([number % 251]) * (417 + padded - len(head)))
    return b"".join(frames)


def read_packets(stream):
    assert len(stream) % PACKET_BYTES == 0
    return [stream[at : at + PACKET_BYTES] for at in range(0, len(stream), PACKET_BYTES)]


def read_audio(stream):
    """Counter, start flag and payload of each packet of the audio."""
    found = []
    for packet in read_packets(stream):
        assert packet[0] == 0x47
        if int.from_bytes(packet[1:3]) & 0x1FFF == AUDIO_PID:
            skipped = 1 + packet[4] if packet[3] & 0x20 else 0
            found.append((packet[3] & 15, bool(packet[1] & 0x40), packet[4 + skipped :]))
    return found


@pytest.mark.parametrize("grids", [1, 4])
def test_pieces_continue_each_other(grids):
    first = read_audio(pack_transport_stream(make_frames(0, grids * GRID), 0))
    second = read_audio(pack_transport_stream(make_frames(grids * GRID, 4 * GRID), grids * GRID))
    counters = [counter for counter, *_ in (*first, *second)]
    assert all((after - before) % 16 == 1 for before, after in pairwise(counters))


def test_frames_and_their_times_are_in_the_stream():
    frames, first = make_frames(GRID, 2 * GRID), GRID
    packets = read_audio(pack_transport_stream(frames, first))
    starts = [payload for _, is_start, payload in packets if is_start]
    times = [_read_time(payload) for payload in starts]
    assert times[0] == round(first * 1_152 * 90_000 / 44_100)
    assert all(after - before in {16_457, 16_458} for before, after in pairwise(times))
    carried = b"".join(payload[14:] if is_start else payload for _, is_start, payload in packets)
    assert carried == frames


def _read_time(pes):
    stamp = pes[9:14]
    high, middle, low = stamp[0] >> 1 & 7, int.from_bytes(stamp[1:3]), int.from_bytes(stamp[3:5])
    return high << 30 | middle >> 1 << 15 | low >> 1
