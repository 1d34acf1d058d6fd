"""Frames are found by their number, whatever their padding."""

import io
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.sound.formats.mp3_frames import FrameFinder, frames_bytes, info_frame

KBPS = (64, 128, 192, 320)
PADDED = 0x02


def build_run(kbps: int, count: int) -> list[bytes]:
    """Frames of a render of its own: of each, a header and zeros."""
    sizes = [frames_bytes(n + 1, kbps) - frames_bytes(n, kbps) for n in range(count)]
    header = bytearray(info_frame(kbps, 1, 0, 0, 0)[:4])
    frames = []
    for size in sizes:
        header[2] = header[2] & ~PADDED | (PADDED if size > frames_bytes(1, kbps) else 0)
        frames.append(bytes(header).ljust(size, b"\0"))
    return frames


@given(
    st.sampled_from(KBPS),
    st.lists(st.integers(1, 120), min_size=1, max_size=12),
    st.lists(st.integers(0, 1_500), min_size=1, max_size=8),
)
def test_a_frame_is_found_behind_renders_of_any_length(
    kbps: int, runs: list[int], wanted: list[int]
):
    """Forwards and backwards; what lies behind the end is the end."""
    frames = [frame for count in runs for frame in build_run(kbps, count)]
    info = info_frame(kbps, 1, len(frames), 0, 0)
    finder = FrameFinder(io.BytesIO(info + b"".join(frames)), kbps)
    places = list(accumulate(map(len, frames), initial=len(info)))
    for frame in wanted:
        number = min(frame, len(frames))
        assert finder.locate(frame) == (places[number], number)


@pytest.mark.parametrize("kbps", KBPS)
def test_renders_of_odd_lengths_leave_the_period(kbps: int):
    """Or the test above would show nothing."""
    runs = [build_run(kbps, 17) for _ in range(10)]
    length = sum(len(frame) for run in runs for frame in run)
    assert length < frames_bytes(170, kbps)
