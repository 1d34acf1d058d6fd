"""The bit rate of a file is that of its sound, whatever else it holds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mixer.formats import FormatName
from mixer.publish.cover import encode_cover
from mixer.services.inspection import inspect
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.tags import AudioTags
from tests.mixes import ChunkSpec, prepare_mix
from tests.pictures import encode_image
from tests.sounds import speech


def large_cover() -> bytes:
    colours = np.random.default_rng(1).integers(0, 255, (600, 600, 3), dtype=np.uint8)
    return encode_image(Image.fromarray(colours), "PNG")


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("mp3", 64, 64), ("m4b", 50, 90), ("flac", 60, 350), ("wav", 705, 706)],
)
def test_cover_is_not_counted(tmp_path: Path, kind: FormatName, least: float, most: float):
    mix = prepare_mix(tmp_path, [ChunkSpec(speech(6.0))], kind=kind, bitrate_kbps=64)
    mix.render(tags=AudioTags({"title": "x"}, cover=encode_cover(large_cover(), "cover.png")))
    found = inspect(mix.path, None, None, ProcessGroup()).stream_info
    assert least <= found.kbps <= most
    whole_kbps = mix.path.stat().st_size * 8 / 1000 / mix.timeline.duration_s
    assert whole_kbps > found.kbps + 200
