"""The tone of a quiet room under an audiobook: always there, never heard to begin or to repeat."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mixer.sound.formats import mp3_frames as mp3
from mixer.sound.presets import ROOM_TONE_DBFS
from tests.mixes import WHOLE_SECTIONS, ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import MIX_HZ, Sound, decode_audio, level_db, music, speech

QUARTER = MIX_HZ // 4


def book(folder: Path, bed: Sound | None = None) -> PreparedMix:
    """Short words far apart, so that much of it is gap."""
    chunks = [
        ChunkSpec(speech(2.5, seed), gap_ms=9_000, opens="Part" if seed else None)
        for seed in range(3)
    ]
    return prepare_mix(folder, chunks, bed, preset="audiobook-acx", duck_db=0.0)


def gaps(mix: PreparedMix, output: Sound) -> list[Sound]:
    """What is heard before, between and behind the clips."""
    clips = mix.timeline.clips
    starts = [0, *(mix.mix_samples(clip.end) for clip in clips)]
    ends = [*(mix.mix_samples(clip.start) for clip in clips), output.size]
    margin = MIX_HZ // 20
    return [output[a + margin : b - margin] for a, b in zip(starts, ends, strict=True)]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> tuple[PreparedMix, Sound]:
    mix = book(tmp_path_factory.mktemp("tone"))
    mix.render(segment_grids=1)
    return mix, decode_audio(mix.path)[:, 0]


def test_tone_is_equally_loud_before_between_and_behind_the_words(
    output: tuple[PreparedMix, Sound],
):
    levels = [
        level_db(gap[at : at + QUARTER])
        for gap in gaps(*output)
        for at in range(0, gap.size - QUARTER, QUARTER)
    ]
    assert len(levels) > 80
    assert min(levels) > ROOM_TONE_DBFS - 3
    assert max(levels) < ROOM_TONE_DBFS + 3


@pytest.mark.parametrize("bed", [None, partial(music, 8.0)], ids=["alone", "with music"])
def test_segments_with_tone_join_into_the_bytes_of_whole_sections(
    tmp_path: Path, bed: Callable[[], Sound] | None
):
    mix = book(tmp_path, bed and bed())
    mix.render(segment_grids=WHOLE_SECTIONS)
    whole = list(mp3.split_frames(mix.path.read_bytes()))
    mix.render(segment_grids=1)
    assert list(mp3.split_frames(mix.path.read_bytes())) == whole


def test_other_presets_are_silent_in_their_gaps(tmp_path: Path):
    mix = prepare_mix(tmp_path, [ChunkSpec(speech(1.0), gap_ms=2_000), ChunkSpec(speech(1.0))])
    mix.render()
    assert max(level_db(gap) for gap in gaps(mix, decode_audio(mix.path)[:, 0])) < -90
