"""Stems add up to the mix: as long, at the same levels, sample by sample."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mixer.script.script import SoundKind
from mixer.sound.arrange import split_stems
from mixer.sound.arrange.placement import SoundAnnotation
from tests.mixes import ChunkSpec, prepare_mix
from tests.sounds import MIX_HZ, decode_audio, level_db, music, noise, speech

ROUNDING = 3 / 32_768


def test_stems_add_up_to_the_mix(tmp_path: Path):
    bell = SoundAnnotation("bell", SoundKind.SOUND)
    chunks = [ChunkSpec(speech(3.0, 1), gap_ms=1_500, marks=(bell,)), ChunkSpec(speech(3.0, 2))]
    sounds = {"bell": noise(0.4, rate_hz=MIX_HZ)}
    mix = prepare_mix(tmp_path, chunks, music(5.0), sounds=sounds, kind="wav")
    mastering = replace(mix.timeline.mastering, sum_limit_db=None)
    mix = replace(mix, timeline=replace(mix.timeline, mastering=mastering))
    mix.render()
    whole, total = decode_audio(mix.path), 0.0
    for name, timeline in split_stems(mix.timeline).items():
        stem = replace(mix, timeline=timeline, path=tmp_path / f"{name}.wav")
        stem.render()
        total = total + decode_audio(stem.path)
        assert level_db(decode_audio(stem.path)) > -60
    assert np.abs(total - whole).max() <= ROUNDING


def test_voice_without_music_is_its_own_only_stem(tmp_path: Path):
    timeline = prepare_mix(tmp_path, [ChunkSpec(speech(2.0))], preset="audiobook-acx").timeline
    assert split_stems(timeline) == {"voice": timeline}
    assert split_stems(timeline)["voice"].room_tone_dbfs is not None


@pytest.mark.parametrize("name", ["voice", "music"])
def test_stem_is_as_long_as_the_mix(tmp_path: Path, name: str):
    mix = prepare_mix(tmp_path, [ChunkSpec(speech(2.0))], music(3.0))
    stem = split_stems(mix.timeline)[name]
    assert (stem.length, stem.channels) == (mix.timeline.length, mix.timeline.channels)
    assert bool(stem.clips) == (name == "voice")
