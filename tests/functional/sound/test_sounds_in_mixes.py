"""Several beds, stings and one-shots in one mix: rendered in parts, measured, predicted."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mixer.script.script import CuePlace, SoundKind
from mixer.sound.arrange.placement import SoundAnnotation
from mixer.sound.formats import mp3_frames as mp3
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segments import cut_timeline
from mixer.store.folder import FolderStore
from tests.mixes import WHOLE_SECTIONS, ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import (
    MIX_HZ,
    VOICE_HZ,
    Sound,
    bursts,
    decode_audio,
    measure_loudness,
    music,
    noise,
    speech,
    tone,
)

SEA, OFF = SoundAnnotation("sea", SoundKind.MUSIC), SoundAnnotation("", SoundKind.MUSIC)
STING = SoundAnnotation("sting", SoundKind.STING)
DOOR = SoundAnnotation("door", SoundKind.SOUND, CuePlace.WITHIN, at_samples=VOICE_HZ)
DOOR_AFTER = SoundAnnotation("door", SoundKind.SOUND)


def sounds() -> dict[str, Sound]:
    return {
        "sea": noise(9.0, rate_hz=MIX_HZ, rms_db=-25),
        "sting": tone(1.3, 880.0, MIX_HZ),
        "door": bursts([0.1], 0.8, MIX_HZ, peak_db=-1),
    }


def story(second_s: float = 3.0) -> list[ChunkSpec]:
    """Two chapters: theme, then the sea; a door under words and in a pause; a sting between."""
    return [
        ChunkSpec(speech(3.0, 1), marks=(DOOR,)),
        ChunkSpec(speech(second_s, 2), gap_ms=900, ends_paragraph=True, marks=(STING,)),
        ChunkSpec(speech(3.0, 3), opens="Two", marks=(replace(SEA, place=CuePlace.BEFORE),)),
        ChunkSpec(speech(2.5, 4), marks=(DOOR_AFTER,)),
        ChunkSpec(speech(2.5, 5), gap_ms=1_500, marks=(OFF,)),
        ChunkSpec(speech(4.0, 6), marks=(SoundAnnotation("sea", SoundKind.SOUND),)),
    ]


def prepare_story(folder: Path, second_s: float = 3.0) -> PreparedMix:
    folder.mkdir()
    return prepare_mix(folder, story(second_s), music(7.0), sounds=sounds())


def test_segments_of_many_sounds_join_into_the_bytes_of_whole_sections(tmp_path: Path):
    mix = prepare_story(tmp_path / "mix")
    assert {cue.source for cue in mix.timeline.cues} == {"music", "sea", "sting", "door"}
    mix.render(segment_grids=WHOLE_SECTIONS)
    whole = list(mp3.split_frames(mix.path.read_bytes()))
    mix.render(segment_grids=1)
    assert list(mp3.split_frames(mix.path.read_bytes())) == whole
    integrated, true_peak = measure_loudness(mix.path)
    mastering = mix.timeline.mastering
    assert integrated == pytest.approx(mastering.target_lufs, abs=0.3)
    assert true_peak <= mastering.ceiling_dbtp


def test_an_edit_in_one_chapter_leaves_the_segments_of_the_others(tmp_path: Path):
    """All but the first of the next chapter, whose roll reaches back into the edited one."""
    before, edited = prepare_story(tmp_path / "a"), prepare_story(tmp_path / "b", 9.0)
    edited = replace(
        edited,
        timeline=replace(edited.timeline, mastering=before.timeline.mastering),
        ingredients=replace(edited.ingredients, content_ids={"1": "other words"}),
    )
    segment_cache = SegmentCache(FolderStore(tmp_path / "store"))
    others = [
        {
            key
            for segment, key in zip(
                cut_timeline(mix.timeline, 5),
                mix.render(cache=segment_cache, segment_grids=5),
                strict=True,
            )
            if segment.window_start >= mix.timeline.sections[1].start
        }
        for mix in (before, edited)
    ]
    assert others[0] == others[1]
    assert others[0]


def test_each_sound_is_heard_where_the_timeline_says(tmp_path: Path):
    """The sting is a tone: alone in its pause, with the music gone, and as loud as asked."""
    mix = prepare_story(tmp_path / "mix")
    mix.render()
    samples = decode_audio(mix.path)[:, 0]
    (sting,) = [cue for cue in mix.timeline.cues if cue.source == "sting"]
    begin, end = mix.mix_samples(sting.start), mix.mix_samples(sting.end)
    inside = samples[begin + MIX_HZ // 10 : end - MIX_HZ // 10]
    spectrum = np.abs(np.fft.rfft(inside * np.hanning(inside.size)))
    strongest_hz = np.argmax(spectrum) * MIX_HZ / inside.size
    assert strongest_hz == pytest.approx(880.0, abs=2)
    of_tone = np.sort(spectrum)[::-1][:8]
    assert np.sum(of_tone**2) / np.sum(spectrum**2) > 0.999
    behind = samples[end + MIX_HZ // 50 : end + MIX_HZ // 5]
    assert np.max(np.abs(behind)) < 0.001
    last_bed = max(cue.end for cue in mix.timeline.cues if not cue.plays_once)
    silent = samples[
        mix.mix_samples(last_bed) + 200 : mix.mix_samples(mix.timeline.clips[-1].start)
    ]
    assert silent.size == 0 or np.max(np.abs(silent)) < 0.001


@pytest.mark.parametrize("seed", [0, 2, 5])
def test_random_stories_with_sounds_are_as_loud_as_asked(tmp_path: Path, seed: int):
    draw = random.Random(seed)
    marks = [SEA, OFF, STING, DOOR, DOOR_AFTER, replace(SEA, level_lu=-12.0)]
    chunks = [
        ChunkSpec(
            speech(draw.uniform(1.5, 4.0), seed * 10 + number),
            gap_ms=draw.randint(300, 2_500),
            opens="Chapter" if draw.random() < 0.3 else None,
            marks=tuple(draw.sample(marks, draw.randint(0, 2))),
        )
        for number in range(5)
    ]
    bed = music(draw.uniform(3, 12)) if draw.random() < 0.6 else None
    mix = prepare_mix(
        tmp_path,
        chunks,
        bed,
        sounds=sounds(),
        preset=draw.choice(["story", "podcast", "audiobook-acx"]),
        music_level_lu=draw.uniform(14, 24),
    )
    mix = mix.render_to_target()
    integrated, true_peak = measure_loudness(mix.path)
    mastering = mix.timeline.mastering
    assert integrated == pytest.approx(mastering.target_lufs, abs=0.3)
    assert true_peak <= mastering.ceiling_dbtp
