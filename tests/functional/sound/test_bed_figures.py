"""Music under the voice over random timelines: its distance, its ramps, what it does to the voice.

Each mix is rendered as raw samples four times: whole, the voice alone, the bed alone, and the bed
without its ramps; what ducking does is the ratio of the last two, moment by moment.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mixer.parallel import usable_cores
from tests.mixes import ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import (
    MIX_HZ,
    VOICE_HZ,
    Sound,
    decode_audio,
    level_db,
    measure_loudness,
    music,
    silence,
    speech,
    write_sound,
)

MIXES = 4
MOMENT = MIX_HZ // 50


@dataclass(frozen=True)
class Parts:
    """A mix and its parts, in one channel each, as they are heard."""

    mix: PreparedMix
    level_lu: float
    duck_db: float
    whole: Sound
    voice: Sound
    bed: Sound
    steady: Sound

    @property
    def clips(self) -> list[tuple[int, int]]:
        at = self.mix.mix_samples
        return [(at(clip.start), at(clip.end)) for clip in self.mix.timeline.clips]

    def measure_ducking_db(self, begin: int, end: int) -> Sound:
        """By how much the bed is raised in each moment of a stretch."""
        moments = range(begin, end - MOMENT, MOMENT)
        return np.array([
            level_db(self.bed[at : at + MOMENT]) - level_db(self.steady[at : at + MOMENT])
            for at in moments
        ])  # fmt: skip


def parts(folder: Path, seed: int) -> Parts:
    folder.mkdir()
    draw = random.Random(seed)
    rate_hz = draw.choice([VOICE_HZ, 22_050])
    chunks = [
        ChunkSpec(
            speech(draw.uniform(3, 6), 10 * seed + n, rate_hz, draw.uniform(-32, -20)),
            rate_hz,
            gap_ms=draw.choice([draw.randint(0, 700), draw.randint(1_500, 4_000)]),
        )
        for n in range(3)
    ]
    level_lu, duck_db = draw.uniform(12, 26), draw.choice([4.0, 8.0, 12.0])
    track = music(draw.uniform(4, 20), rms_db=draw.uniform(-30, -12), channels=draw.choice([1, 2]))
    style = {"music_level_lu": level_lu, "duck_db": duck_db, "intro_s": 3.0, "outro_s": 3.0}
    mix = prepare_mix(folder, chunks, track, kind="wav", **style)
    bare = tuple(replace(cue, ramps=()) for cue in mix.timeline.cues)

    def render_left(timeline: object = mix.timeline) -> Sound:
        replace(mix, timeline=timeline).render(workers=1)  # type: ignore[arg-type]
        return decode_audio(mix.path)[:, 0]

    whole = render_left()
    (bed_path, _) = mix.ingredients.music["music"]
    played = bed_path.read_bytes()
    write_sound(bed_path, np.zeros_like(track), MIX_HZ)
    voice = render_left()
    bed_path.write_bytes(played)
    for name, path in mix.ingredients.clips.items():
        write_sound(path, silence(chunks[int(name)].sound.size / rate_hz, rate_hz), rate_hz)
    bed, steady = render_left(), render_left(replace(mix.timeline, cues=bare))
    return Parts(mix, level_lu, duck_db, whole, voice, bed, steady)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Parts]:
    folder = tmp_path_factory.mktemp("beds")
    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(lambda seed: parts(folder / str(seed), seed), range(MIXES)))


def lufs(folder: Path, sounds: list[Sound]) -> float:
    return measure_loudness(write_sound(folder / "part.wav", np.concatenate(sounds), MIX_HZ))[0]


def test_bed_is_as_far_below_the_voice_as_asked(made: list[Parts], tmp_path: Path):
    for each in made:
        voice_lufs = lufs(tmp_path, [each.voice[begin:end] for begin, end in each.clips])
        under = lufs(tmp_path, [each.bed[begin:end] for begin, end in each.clips])
        assert voice_lufs - under == pytest.approx(each.level_lu, abs=1.0)


def test_ramps_are_over_before_the_first_syllable_and_no_gain_moves_inside_speech(
    made: list[Parts],
):
    for each in made:
        for begin, end in each.clips:
            raised_db = each.measure_ducking_db(begin, end)
            assert np.abs(raised_db).max() < 0.1


def test_bed_is_up_in_long_pauses_and_stays_down_in_short_ones(made: list[Parts]):
    long, short = 0, 0
    for each in made:
        for (_, end), (begin, _) in zip(each.clips, each.clips[1:], strict=False):
            raised_db = each.measure_ducking_db(end, begin)
            if begin - end > MIX_HZ:
                assert raised_db.max() == pytest.approx(each.duck_db, abs=0.2)
                long += 1
            elif begin - end > 2 * MOMENT:
                assert np.abs(raised_db).max() < 0.1
                short += 1
    assert long > 1
    assert short > 1


def test_sentences_are_as_loud_with_the_bed_as_without(made: list[Parts]):
    for each in made:
        for begin, end in each.clips:
            with_bed, alone = level_db(each.whole[begin:end]), level_db(each.voice[begin:end])
            assert with_bed == pytest.approx(alone, abs=0.5)
