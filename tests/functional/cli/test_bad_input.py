"""What bad recordings get from `mixer mix`: mended, and it is said; or refused, and named."""

from pathlib import Path

import numpy as np
import pytest

from tests.commands import CommandResult, InProcessCli
from tests.sounds import (
    MIX_HZ,
    MU_LAW,
    VOICE_HZ,
    Sound,
    decode_audio,
    level_db,
    measure_loudness,
    music,
    silence,
    speech,
    surround,
    tone,
    write_silent_film,
    write_sound,
)

GOOD = speech(2.0)
GAP_S = 1.0


@pytest.fixture
def mixer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> InProcessCli:
    monkeypatch.chdir(tmp_path)
    return InProcessCli(capsys)


def mix_with_good_chunk(
    mixer: InProcessCli, *chunks: Path, bed: Path | None = None
) -> tuple[CommandResult, Sound]:
    """A mix of a good chunk and others, which must be well in the end."""
    good = write_sound(Path("good.wav"), GOOD, VOICE_HZ)
    more = ["--music", bed] if bed else []
    done = mixer("mix", good, *chunks, *more, "--out", "mix.mp3")
    assert done.code == 0, done.err
    integrated_lufs, true_peak_dbtp = measure_loudness(Path("mix.mp3"))
    assert integrated_lufs == pytest.approx(-18.0, abs=0.35)
    assert true_peak_dbtp <= -1.0
    return done, decode_audio(Path("mix.mp3"))


def second_clip(heard: Sound, seconds: float) -> Sound:
    """What is heard of the chunk behind the good one."""
    start = round((0.3 + GOOD.size / VOICE_HZ + GAP_S) * MIX_HZ)
    return heard[start : start + round(seconds * MIX_HZ), 0]


def lufs(sound: Sound) -> float:
    return measure_loudness(write_sound(Path("part.wav"), sound, MIX_HZ))[0]


def test_silence_among_others_is_left_out_and_named(mixer: InProcessCli):
    quiet = write_sound(Path("quiet.wav"), silence(3.0), VOICE_HZ)
    done, heard = mix_with_good_chunk(mixer, quiet)
    assert "Silent and left out: quiet.wav." in done.out
    assert len(heard) / MIX_HZ == pytest.approx(2.8, abs=0.03)


def test_nothing_but_silence_is_refused_by_name(mixer: InProcessCli):
    quiet = write_sound(Path("quiet.wav"), silence(3.0), VOICE_HZ)
    done = mixer("mix", quiet, "--out", "mix.mp3")
    assert done.code == 1
    assert "nothing to mix" in done.error
    assert not Path("mix.mp3").exists()


def test_moment_of_20_ms_is_heard(mixer: InProcessCli):
    moment = write_sound(Path("moment.wav"), tone(0.02), VOICE_HZ)
    _, heard = mix_with_good_chunk(mixer, moment)
    assert level_db(second_clip(heard, 0.02)) > -40


def test_clipped_recording_is_named(mixer: InProcessCli):
    clipped = write_sound(
        Path("loud.wav"), np.clip(8 * speech(2.0, 2, rms_db=-10), -1, 1), VOICE_HZ
    )
    done, _ = mix_with_good_chunk(mixer, clipped)
    assert "Recorded too loudly, so the peaks are clipped: loud.wav." in done.out
    assert "good.wav" not in done.out


def test_offset_is_taken_away_and_named(mixer: InProcessCli):
    shifted = write_sound(Path("shifted.wav"), speech(2.0, 2) + 0.2, VOICE_HZ)
    done, heard = mix_with_good_chunk(mixer, shifted)
    assert "A DC offset was removed: shifted.wav." in done.out
    assert abs(second_clip(heard, 1.9).mean()) < 0.002


def test_telephone_sound_is_as_loud_as_the_others(mixer: InProcessCli):
    phone = write_sound(Path("phone.au"), speech(2.0, 2, 8_000, -30), 8_000, MU_LAW)
    _, heard = mix_with_good_chunk(mixer, phone)
    good = heard[round(0.3 * MIX_HZ) : round(2.3 * MIX_HZ), 0]
    assert lufs(second_clip(heard, 2.0)) == pytest.approx(lufs(good), abs=1.0)


def test_surround_is_folded_down_and_as_loud_as_the_others(mixer: InProcessCli):
    cinema = write_sound(Path("cinema.wav"), surround(speech(2.0, 2)), VOICE_HZ)
    _, heard = mix_with_good_chunk(mixer, cinema)
    good = heard[round(0.3 * MIX_HZ) : round(2.3 * MIX_HZ), 0]
    assert heard.shape[1] == 1
    assert lufs(second_clip(heard, 2.0)) == pytest.approx(lufs(good), abs=1.0)


def cut_in_the_middle(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


@pytest.mark.parametrize("name", ["cut.flac", "cut.m4a", "cut.wav"])
def test_file_cut_in_the_middle_is_mixed_as_far_as_it_goes_or_refused_by_name(
    mixer: InProcessCli, name: str
):
    cut = cut_in_the_middle(write_sound(Path(name), speech(4.0, 2), VOICE_HZ))
    if name.endswith("m4a"):  # its index stood at the end and is gone
        done = mixer("mix", cut, "--out", "mix.mp3")
        assert done.code == 1
        assert name in done.error
        return
    done, heard = mix_with_good_chunk(mixer, cut)
    assert f"Damaged or cut short; the readable part was mixed: {name}." in done.out
    assert level_db(second_clip(heard, 1.5)) > -30


def test_music_without_sound_is_refused_by_name(mixer: InProcessCli):
    chunk = write_sound(Path("good.wav"), GOOD, VOICE_HZ)
    film = write_silent_film(Path("film.mp4"))
    done = mixer("mix", chunk, "--music", film, "--out", "mix.mp3")
    assert done.code == 1
    assert "film.mp4" in done.error
    assert not Path("mix.mp3").exists()


def test_music_of_two_seconds_plays_on_and_on(mixer: InProcessCli):
    bed = write_sound(Path("bed.wav"), music(2.0), MIX_HZ)
    done, heard = mix_with_good_chunk(
        mixer, write_sound(Path("two.wav"), speech(8.0, 2), VOICE_HZ), bed=bed
    )
    assert "it loops" in done.out
    assert level_db(heard[round(2.45 * MIX_HZ) : round(3.15 * MIX_HZ)]) > -45


def test_silence_at_the_ends_of_music_is_not_played(mixer: InProcessCli):
    bed = write_sound(Path("bed.wav"), music(8.0, edges_s=(2.5, 2.5)), MIX_HZ)
    done, heard = mix_with_good_chunk(mixer, bed=bed)
    assert "The silence at the ends of the music is not played." in done.out
    assert level_db(heard[round(2.5 * MIX_HZ) : round(3.0 * MIX_HZ)]) > -45


def test_music_cut_in_the_middle_is_named(mixer: InProcessCli):
    bed = cut_in_the_middle(write_sound(Path("bed.flac"), music(8.0), MIX_HZ))
    done, _ = mix_with_good_chunk(mixer, bed=bed)
    assert "Damaged or cut short; the readable part was mixed: bed.flac." in done.out
