"""Voices of unlike loudness in one cast: alike in the end, save by the level they are given."""

from dataclasses import replace
from pathlib import Path

import pytest

from mixer.sound.analysis.measurement import measure
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.arrange.placement import Take
from mixer.sound.presets import PRESETS
from tests.mixes import ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import MIX_HZ, decode_audio, measure_loudness, speech, write_sound

LEVEL_DB = -4.0


def measure_clips_lufs(mix: PreparedMix, folder: Path) -> list[float]:
    """The loudness of each clip in the finished file."""
    samples = decode_audio(mix.path)
    levels = []
    for number, clip in enumerate(mix.timeline.clips):
        part = samples[mix.mix_samples(clip.start) : mix.mix_samples(clip.end)]
        levels.append(
            measure_loudness(write_sound(folder / f"part{number}.wav", part[:, 0], MIX_HZ))[0]
        )
    return levels


def test_a_loud_and_a_soft_voice_come_out_alike_and_a_level_counts(tmp_path: Path):
    loud, soft = speech(6.0, 1, rms_db=-14), speech(6.0, 2, rms_db=-31)
    mix = prepare_mix(tmp_path, [ChunkSpec(loud), ChunkSpec(soft), ChunkSpec(loud)])
    measured = {name: measure(path) for name, path in mix.ingredients.clips.items()}
    known = [each.loudness_lufs for each in measured.values()]
    assert known[0] is not None
    assert known[1] is not None
    assert known[0] - known[1] > 12
    levels_db = (0.0, 0.0, LEVEL_DB)
    takes = [
        Take(name, each, 700, level_db=level_db)
        for (name, each), level_db in zip(measured.items(), levels_db, strict=True)
    ]
    timeline = build_timeline(
        takes, None, MixStyle(PRESETS["broadcast"], mix.encoding.level_offset_db)
    )
    mix = replace(mix, timeline=timeline)
    mix.render()
    first, second, softer = measure_clips_lufs(mix, tmp_path)
    assert second == pytest.approx(first, abs=1.0)
    assert softer == pytest.approx(first + LEVEL_DB, abs=1.0)
