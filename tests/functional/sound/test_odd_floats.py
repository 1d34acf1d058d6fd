"""Sounds of floats that are no levels: not numbers, endless, and too loud to be squared."""

import math
from array import array
from struct import pack

import pytest

from mixer import inspect, mix
from mixer.errors import UnplayableAudio

RATE_HZ = 44_100
TONE = [0.3 * math.sin(index * 0.05) for index in range(3 * RATE_HZ)]


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 1e18, 1e30, -3e38])
@pytest.mark.parametrize("every", [1_000, 1])
def test_a_sound_of_odd_floats_is_refused(tmp_path, odd, every):
    values = [odd if index % every == 0 else each for index, each in enumerate(TONE)]
    samples = array("f", values).tobytes()
    form = b"fmt " + pack("<IHHIIHH", 16, 3, 1, RATE_HZ, 4 * RATE_HZ, 4, 32)
    body = b"WAVE" + form + b"data" + pack("<I", len(samples)) + samples
    path = tmp_path / "odd.wav"
    path.write_bytes(b"RIFF" + pack("<I", len(body)) + body)
    for work in (lambda: inspect(path), lambda: mix([path], tmp_path / "mix.mp3")):
        with pytest.raises(UnplayableAudio, match=r"odd\.wav has samples that are not numbers"):
            work()
