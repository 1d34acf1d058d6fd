"""Music under the voice, heard again: seams, levels, ramps, fades."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mixer.errors import BadInput
from mixer.sound.analysis.measurement import MUSIC_CHANNELS, measure
from mixer.sound.arrange.cues import CROSSFADE_S
from mixer.sound.render.bed import FRAME_BYTES, Bed, prepare_bed
from tests.mixes import ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import (
    MIX_HZ,
    Sound,
    click_db,
    decode_audio,
    level_db,
    measure_loudness,
    music,
    noise,
    silence,
    speech,
    tone,
    write_sound,
)

MS = MIX_HZ // 1000
EDGES_S = (0.8, 1.2)


def prepare_track(folder: Path, track: Sound, played_s: float, rate_hz: int = MIX_HZ) -> Bed:
    path = write_sound(folder / "track.wav", track, rate_hz)
    return prepare_bed(path, measure(path, channels=MUSIC_CHANNELS), played_s, folder)


def play_left(bed: Bed, seconds: float) -> Sound:
    """The left channel of a bed, as a mix would read it."""
    frames = np.fromfile(bed.path, "<i2").reshape(-1, 2)[:, 0] / 32_768
    pieces = bed.pieces(0, round(seconds * MIX_HZ))
    return np.concatenate([frames[begin:end] for begin, end in pieces])


@pytest.mark.parametrize(
    "track",
    [
        partial(music, 8.0, edges_s=EDGES_S),
        partial(music, 2.0),
        partial(music, 13.7, channels=1),
        partial(tone, 5.3, 441.7, MIX_HZ),
    ],
    ids=["silent ends", "two seconds", "mono", "one tone"],
)
def test_loop_has_neither_click_nor_hole(tmp_path: Path, track: Callable[[], Sound]):
    bed = prepare_track(tmp_path, track(), played_s=200.0)
    sound = play_left(bed, 200.0)
    period = bed.frames - bed.loop_from
    first = bed.frames
    assert bed.path.stat().st_size == bed.frames * FRAME_BYTES
    for seam in (first, first + period):
        assert click_db(sound, seam) < 1.0
    window = 50 * MS
    levels = [level_db(sound[at : at + window]) for at in range(0, first, window)]
    around = [
        level_db(sound[first + at : first + at + window]) for at in (-window, -window // 2, 0)
    ]
    assert min(around) > min(levels[1:]) - 1.0
    assert np.abs(np.diff(sound))[first - MS : first + MS].max() <= np.abs(np.diff(sound)).max()


def test_crossfade_inside_the_loop_keeps_the_level_of_unlike_sounds(tmp_path: Path):
    bed = prepare_track(tmp_path, noise(12.0, rate_hz=MIX_HZ), played_s=60.0)
    sound = play_left(bed, 60.0)
    levels = [level_db(sound[at : at + MIX_HZ // 4]) for at in range(0, sound.size, MIX_HZ // 4)]
    assert max(levels) - min(levels) < 1.5


def test_silence_at_the_ends_of_a_track_is_not_played(tmp_path: Path):
    bed = prepare_track(tmp_path, music(8.0, edges_s=EDGES_S), played_s=30.0)
    sound = np.abs(play_left(bed, 30.0))
    quiet = np.convolve(sound, np.ones(20 * MS), "valid") < 20 * MS * 0.001
    assert not quiet.any()


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000])
def test_long_track_is_cut_to_what_is_played(tmp_path: Path, rate_hz: int):
    bed = prepare_track(tmp_path, music(9.0, rate_hz), played_s=4.0, rate_hz=rate_hz)
    assert (bed.frames, bed.loop_from) == (4 * MIX_HZ, 0)


def test_mono_music_is_as_loud_in_both_channels_as_it_was(tmp_path: Path):
    track = music(5.0, channels=1)
    bed = prepare_track(tmp_path, track, played_s=4.0)
    frames = np.fromfile(bed.path, "<i2").reshape(-1, 2) / 32_768
    assert np.array_equal(frames[:, 0], frames[:, 1])
    assert level_db(frames[:, 0]) == pytest.approx(level_db(track[: 4 * MIX_HZ]), abs=0.05)


def bed_alone(folder: Path, **style: float) -> tuple[PreparedMix, Sound]:
    """A mix laid out for a voice that then says nothing: what is left is the bed."""
    voice = [ChunkSpec(speech(3.0, seed), gap_ms=3_000) for seed in range(2)]
    mix = prepare_mix(folder, voice, music(6.0), outro_s=4.0, **style)
    for path in mix.ingredients.clips.values():
        write_sound(path, silence(3.0), 24_000)
    mix.render(segment_grids=5)
    return mix, decode_audio(mix.path)


@pytest.mark.parametrize("level_lu", [10.0, 20.0])
def test_bed_under_speech_is_as_far_below_as_asked(tmp_path: Path, level_lu: float):
    mix, samples = bed_alone(tmp_path, music_level_lu=level_lu, duck_db=8.0)
    under = [
        samples[mix.mix_samples(clip.start) + 100 * MS : mix.mix_samples(clip.end)]
        for clip in mix.timeline.clips
    ]
    measured = measure_loudness(write_sound(tmp_path / "under.wav", np.concatenate(under), MIX_HZ))[
        0
    ]
    voice = measure_loudness(write_sound(tmp_path / "voice.wav", voice_alone(mix), MIX_HZ))[0]
    assert voice - measured == pytest.approx(level_lu, abs=1.0)


def voice_alone(mix: PreparedMix) -> Sound:
    """The voice at its level in the mix, in both channels."""
    gain_db = mix.timeline.mastering.gain_db - 0.445  # the encoder's offset at 128 kbit/s
    parts = []
    for clip, chunk in zip(mix.timeline.clips, mix.chunks, strict=True):
        at = np.arange(round(chunk.sound.size * MIX_HZ / chunk.rate_hz)) * chunk.rate_hz / MIX_HZ
        parts.append(
            10 ** ((clip.gain_db + gain_db) / 20)
            * np.interp(at, np.arange(chunk.sound.size), chunk.sound)
        )
    both = np.concatenate(parts)
    return np.stack([both, both], axis=1)


def test_ramps_are_complete_before_speech_and_up_in_pauses(tmp_path: Path):
    mix, samples = bed_alone(tmp_path, duck_db=12.0)
    steady, window = samples[:, 0], 100 * MS

    def level_at(sample: int) -> float:
        begin = mix.mix_samples(sample)
        return level_db(steady[begin : begin + 4 * window])

    first, second = mix.timeline.clips
    rate_hz = mix.timeline.rate_hz
    under = level_at(first.start + rate_hz)
    raised = level_at((first.end + second.start) // 2)
    assert raised - under == pytest.approx(12.0, abs=1.5)
    assert level_at(second.start) == pytest.approx(level_at(second.start + rate_hz), abs=1.5)
    assert level_at(second.end - rate_hz) == pytest.approx(under, abs=1.5)


def test_bed_without_ducking_keeps_its_level(tmp_path: Path):
    mix, samples = bed_alone(tmp_path, duck_db=0.0, fade_out_s=0.0)
    body = samples[2 * MIX_HZ : -MIX_HZ, 0]
    levels = [level_db(body[at : at + MIX_HZ]) for at in range(0, body.size - MIX_HZ, MIX_HZ)]
    assert max(levels) - min(levels) < 1.5
    assert mix.timeline.cues[0].ramps == ()


def test_music_fades_out_at_the_end_and_ends_in_silence(tmp_path: Path):
    _, samples = bed_alone(tmp_path, fade_out_s=4.0, duck_db=0.0)
    quarter = MIX_HZ // 2
    levels = [
        level_db(samples[-at - quarter : -at or None]) for at in range(0, 4 * MIX_HZ, quarter)
    ]
    assert all(later < earlier + 1.0 for later, earlier in pairwise(levels))
    assert level_db(samples[-10 * MS :]) < -75


def test_no_step_where_ramps_fades_and_sections_meet(tmp_path: Path):
    """One tone as music: any break in level or phase would be heard as a click."""
    chunks = [
        ChunkSpec(speech(2.5, seed), gap_ms=2_000, ends_paragraph=True, opens="Part")
        for seed in range(3)
    ]
    mix = prepare_mix(tmp_path, chunks, np.stack([tone(40.0, 331.0, MIX_HZ)] * 2, axis=1))
    for path in mix.ingredients.clips.values():
        write_sound(path, silence(2.5), 24_000)
    mix.render(segment_grids=5)
    samples = decode_audio(mix.path)[:, 0]
    places = [ramp.start for cue in mix.timeline.cues for ramp in cue.ramps]
    places += [ramp.start + ramp.length for cue in mix.timeline.cues for ramp in cue.ramps]
    places += [section.start for section in mix.timeline.sections[1:]]
    places += [
        s.start + round(CROSSFADE_S * mix.timeline.rate_hz) for s in mix.timeline.sections[1:]
    ]
    assert len(places) > 6
    step = 0.0004 + 2 * np.pi * 331 / MIX_HZ * np.abs(samples).max()
    for place in places:
        at = mix.mix_samples(place)
        assert np.abs(np.diff(samples[at - 5 * MS : at + 5 * MS])).max() < step


def test_music_plays_on_through_a_long_chapter(tmp_path: Path):
    """Its parts sound like one cue: the same bytes, though each begins in the middle of a loop."""
    chunks = [ChunkSpec(speech(31.0, seed), gap_ms=1_500, ends_paragraph=True) for seed in range(3)]
    mix = prepare_mix(tmp_path, chunks, music(20.0, edges_s=EDGES_S))
    parts = mix.timeline.cues
    assert [section.plays_on for section in mix.timeline.sections] == [False, True, True]
    assert [cue.skip for cue in parts] == [0, parts[0].end, parts[1].end]
    whole = replace(
        parts[0],
        length=parts[-1].end,
        fade_out=parts[-1].fade_out,
        ramps=tuple(ramp for cue in parts for ramp in cue.ramps),
    )
    mix.render(segment_grids=None)
    rendered = mix.path.read_bytes()
    replace(mix, timeline=replace(mix.timeline, cues=(whole,))).render(segment_grids=None)
    assert mix.path.read_bytes() == rendered


def test_music_that_nobody_would_hear_is_refused(tmp_path: Path):
    for track in (silence(1.0, MIX_HZ), tone(3.0, 440, MIX_HZ, peak_db=-56)):
        with pytest.raises(BadInput, match=r"The music .* is silent"):
            prepare_mix(tmp_path, [ChunkSpec(speech(1.0))], track)


def test_voice_that_is_all_silence_is_refused(tmp_path: Path):
    with pytest.raises(BadInput, match="every chunk is silent"):
        prepare_mix(tmp_path, [ChunkSpec(silence(1.0)), ChunkSpec(silence(0.01))])


def test_silent_chunk_among_others_is_left_out(tmp_path: Path):
    voice_spec = ChunkSpec(speech(1.0))
    mix = prepare_mix(tmp_path, [voice_spec, ChunkSpec(silence(2.0)), voice_spec])
    assert [clip.source for clip in mix.timeline.clips] == ["0", "2"]


def test_moment_of_20_ms_is_mixed(tmp_path: Path):
    mix = prepare_mix(tmp_path, [ChunkSpec(tone(0.02)), ChunkSpec(speech(2.0))], music(2.0))
    mix.render()
    assert decode_audio(mix.path).shape[0] == mix.mix_samples(mix.timeline.length)
