"""Samples are counted frame by frame."""

import pytest

from mixer.speech.polly.speech_marks import sample_count

HEADER_24_KHZ_48_KBPS = bytes([0xFF, 0xF3, 0x64, 0xC4])
HEADER_44_KHZ_128_KBPS = bytes([0xFF, 0xFB, 0x90, 0xC4])


@pytest.mark.parametrize(
    ("header", "size_bytes", "samples"),
    [(HEADER_24_KHZ_48_KBPS, 144, 576), (HEADER_44_KHZ_128_KBPS, 417, 1_152)],
)
def test_whole_frames_count_and_the_rest_does_not(header, size_bytes, samples):
    frame = header + bytes(size_bytes - 4)
    assert sample_count(frame * 3) == 3 * samples
    assert sample_count(frame * 3 + frame[:-1]) == 3 * samples
    assert sample_count(b"junk" + frame) == samples


def test_an_id3_tag_is_stepped_over():
    tag = b"ID3\x04\x00\x00\x00\x00\x01\x48" + bytes(200)
    assert sample_count(tag + HEADER_24_KHZ_48_KBPS + bytes(140)) == 576


def test_what_is_no_mp3_has_no_samples():
    assert sample_count(b"") == 0
    assert sample_count(b"\xff" * 50) == 0
    assert sample_count(b"RIFF....WAVE") == 0
