"""`mixer mix`: sound files of any kind in, one finished MP3 out, and every way it can go wrong."""

import pytest

from tests.commands import InProcessCli, run
from tests.sounds import (
    decode_audio,
    measure_loudness,
    music,
    noise,
    silence,
    speech,
    tone,
    write_silent_film,
    write_sound,
)


@pytest.fixture
def mixer(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return InProcessCli(capsys)


@pytest.fixture
def chunks(tmp_path):
    """Three formats at three rates, one of them in stereo."""
    stereo = music(1.0, 44_100, -22)
    return [
        write_sound(tmp_path / "one.wav", speech(1.5), 24_000),
        write_sound(tmp_path / "two.mp3", speech(1.0, 2, 22_050), 22_050),
        write_sound(tmp_path / "three.flac", stereo, 44_100),
    ]


def test_chunks_of_any_format_become_one_mp3_at_the_preset_s_loudness(mixer, chunks, tmp_path):
    bed = write_sound(tmp_path / "bed.ogg", music(3.0), 44_100)
    done = mixer("mix", *chunks, "--music", bed, "--out", "new/folder/mix.mp3")
    assert done.code == 0
    out = tmp_path / "new/folder/mix.mp3"
    heard = decode_audio(out)
    assert heard.shape[1] == 2
    assert 5.0 < heard.shape[0] / 44_100 < 9.0
    assert measure_loudness(out)[0] == pytest.approx(-18, abs=0.7)
    assert str(out.relative_to(tmp_path)) in done.out
    assert [path.name for path in out.parent.iterdir()] == ["mix.mp3"]


@pytest.mark.parametrize("name", ["mix.mp3", "mix.m4a", "mix.flac", "mix.wav", "mix.opus"])
def test_mix_with_music_that_misses_its_loudness_is_rendered_again(mixer, tmp_path, name):
    voice = write_sound(tmp_path / "voice.wav", speech(1.3, rate_hz=44_100), 44_100)
    bed = write_sound(tmp_path / "bed.wav", tone(1.0, 440, 44_100, -3), 44_100)
    levels = ("--music-level-lu", "6", "--duck-db", "0")
    done = mixer("mix", voice, "--music", bed, *levels, "--out", name)
    assert done.code == 0, done.error
    assert measure_loudness(tmp_path / name)[0] == pytest.approx(-18, abs=0.5)


def test_without_music_it_stays_mono(mixer, chunks):
    assert mixer("mix", chunks[0], "--out", "mix.mp3").code == 0
    assert decode_audio(chunks[0].parent / "mix.mp3").shape[1] == 1


def test_gaps_are_as_long_as_asked(mixer, chunks):
    lengths = []
    for gap_ms in (0, 3_000):
        mixer("mix", *chunks[:2], "--gap-ms", str(gap_ms), "--out", "mix.mp3")
        lengths.append(decode_audio(chunks[0].parent / "mix.mp3").shape[0] / 44_100)
    assert lengths[1] - lengths[0] == pytest.approx(3.0, abs=0.01)


def test_the_same_file_may_come_twice(mixer, chunks):
    assert mixer("mix", chunks[0], chunks[0], "--out", "mix.mp3").code == 0


@pytest.mark.parametrize("length_s", [0.03, 0.2])
def test_a_chunk_shorter_than_a_loudness_window_is_mixed(length_s, mixer, tmp_path):
    write_sound(tmp_path / "blip.wav", noise(length_s), 24_000)
    assert mixer("mix", "blip.wav", "--out", "mix.mp3").code == 0


@pytest.fixture
def broken(tmp_path):
    """Files that hold no sound, by name."""
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "noise.mp3").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "text.wav").write_text("This is not a sound.")
    (tmp_path / "folder").mkdir()
    write_silent_film(tmp_path / "film.mp4")
    write_sound(tmp_path / "silent.wav", silence(1.0), 24_000)
    names = ("empty.mp3", "noise.mp3", "text.wav", "folder", "film.mp4", "silent.wav", "gone.wav")
    return [tmp_path / name for name in names]


def test_what_holds_no_sound_is_named_as_music_and_as_chunk(mixer, chunks, broken, tmp_path):
    for path in broken:
        done = mixer("mix", chunks[0], "--music", path, "--out", "mix.mp3")
        assert done.code == 1
        assert path.name in done.error
    for path in (each for each in broken if each.name != "silent.wav"):
        done = mixer("mix", chunks[0], path, "--out", "mix.mp3")
        assert done.code == 1
        assert path.name in done.error
    assert not (tmp_path / "mix.mp3").exists()


def test_silence_alone_is_no_mix(mixer, broken):
    done = mixer("mix", broken[5], "--out", "mix.mp3")
    assert done.code == 1
    assert "nothing to mix" in done.error


def test_a_silent_chunk_among_others_is_left_out(mixer, chunks, broken):
    assert mixer("mix", chunks[0], broken[5], "--out", "mix.mp3").code == 0


def test_a_mix_is_never_written_over_what_it_is_made_of(mixer, chunks, tmp_path):
    before = chunks[1].read_bytes()
    done = mixer("mix", *chunks, "--out", chunks[1])
    assert done.code == 2
    assert "overwrite one of the chunks" in done.error
    (tmp_path / "link.mp3").symlink_to(chunks[1])
    assert mixer("mix", chunks[0], "--music", chunks[1], "--out", "link.mp3").code == 2
    assert chunks[1].read_bytes() == before


def test_a_name_that_promises_another_format_is_refused(mixer, chunks, tmp_path):
    for out, words in (("mix.ogg", []), ("mix.mp3", ["--format", "flac"])):
        done = mixer("mix", chunks[0], "--out", out, *words)
        assert done.code == 2
        assert f"--out: {out}" in done.error
        assert not (tmp_path / out).exists()


def test_the_name_tells_the_format(mixer, chunks, tmp_path):
    assert mixer("mix", chunks[0], "--out", "mix.flac").code == 0
    assert (tmp_path / "mix.flac").read_bytes()[:4] == b"fLaC"


def test_an_unwritable_output_is_found_out_before_anything_is_measured(mixer, chunks, tmp_path):
    (tmp_path / "taken.mp3").mkdir()
    for out in (tmp_path / "taken.mp3", chunks[0] / "mix.mp3"):
        done = mixer("mix", *chunks, "--out", out)
        assert done.code == 1
        assert str(out) in done.error
        assert "measuring" not in done.err


def test_a_file_that_may_not_grow_leaves_nothing_and_keeps_what_was_there(chunks, tmp_path):
    (tmp_path / "mix.mp3").write_bytes(b"what was there")
    few_blocks = ["sh", "-c", 'ulimit -f 40; exec "$@"', "sh"]
    done = run("mix", *chunks, "--out", "mix.mp3", "--force", cwd=tmp_path, prefix=few_blocks)
    assert done.code == 1
    assert done.error
    assert (tmp_path / "mix.mp3").read_bytes() == b"what was there"
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".cache"]
    assert not list((tmp_path / "temp").iterdir())
