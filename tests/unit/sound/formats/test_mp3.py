"""MP3 streams taken apart, and the header frame that players read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.errors import RenderFailed
from mixer.sound.formats.mp3_frames import (
    ENCODER_DELAY_SAMPLES,
    FRAME_SAMPLES,
    info_frame,
    split_frames,
)

BITRATES_KBPS = {64: 5, 80: 6, 96: 7, 112: 8, 128: 9, 160: 10, 192: 11, 224: 12, 256: 13, 320: 14}
STEREO = 0x44


def frame(kbps: int, *, padded: bool, mode: int = STEREO, fill: int = 0) -> bytes:
    length = 144 * kbps * 1000 // 44_100 + padded
    return bytes([0xFF, 0xFB, BITRATES_KBPS[kbps] << 4 | padded << 1, mode]).ljust(
        length, bytes([fill])
    )


streams = st.lists(
    st.builds(frame, st.sampled_from(sorted(BITRATES_KBPS)), padded=st.booleans()), max_size=30
)


@given(streams)
def test_a_stream_comes_apart_into_its_frames(stream: list[bytes]):
    assert list(split_frames(b"".join(stream))) == stream


def test_sound_that_looks_like_a_header_is_not_taken_for_one():
    stream = [frame(128, padded=False, fill=0xFF), frame(128, padded=True, fill=0xFB)]
    assert list(split_frames(b"".join(stream))) == stream


def test_what_is_no_frame_is_told_with_its_place():
    with pytest.raises(RenderFailed, match="at byte 417"):
        list(split_frames(frame(128, padded=False) + b"garbage"))


@given(
    st.sampled_from(sorted(BITRATES_KBPS)),
    st.sampled_from([1, 2]),
    st.integers(1, 3_000_000),
    st.integers(0, 1_151),
)
def test_header_frame_tells_length_delay_and_padding(
    kbps: int, channels: int, count: int, cut: int
):
    samples = count * FRAME_SAMPLES - ENCODER_DELAY_SAMPLES - cut
    audio_bytes = count * len(frame(kbps, padded=False))
    made = info_frame(kbps, channels, count, audio_bytes, samples)
    assert list(split_frames(made)) == [made]
    tag = made.index(b"Info")
    assert tag == 4 + (17 if channels == 1 else 32)
    assert int.from_bytes(made[tag + 8 : tag + 12]) == count
    assert int.from_bytes(made[tag + 12 : tag + 16]) == audio_bytes + len(made)
    encoder = made.index(b"LAME")
    skipped = int.from_bytes(made[encoder + 21 : encoder + 24])
    assert (skipped >> 12, skipped & 0xFFF) == (ENCODER_DELAY_SAMPLES, cut)


def test_seek_table_runs_evenly():
    made = info_frame(128, 2, 1_000, 417_000, 1_000_000)
    table = made[made.index(b"Info") + 16 :][:100]
    assert list(table) == [256 * percent // 100 for percent in range(100)]
