"""Measurements of sounds whose length, edges and levels are known because the test made them."""

import math
import random
from pathlib import Path

import numpy as np
import pytest

from mixer.errors import NotFound, OutOfTime, UnplayableAudio
from mixer.sound.analysis.measurement import MUSIC_CHANNELS, VOICE_CHANNELS, measure
from mixer.sound.ffmpeg import ProcessGroup
from tests.sounds import (
    MU_LAW,
    VOICE_HZ,
    Sound,
    duplicate_channels,
    music,
    noise,
    run_ffmpeg,
    silence,
    speech,
    surround,
    tone,
    write_silent_film,
    write_sound,
)

EDGES_S = (0.4, 0.6)
SWELL_S = 0.01
"""The first syllable needs so long to rise above what counts as silence."""


def make_voice(rate_hz: int = VOICE_HZ) -> Sound:
    return speech(4.0, rate_hz=rate_hz, edges_s=EDGES_S)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000])
def test_length_and_edges_are_told_at_the_files_own_rate(tmp_path: Path, rate_hz: int):
    measured = measure(write_sound(tmp_path / "chunk.wav", make_voice(rate_hz), rate_hz))
    assert (measured.samples, measured.rate_hz) == (4 * rate_hz, rate_hz)
    assert measured.lead_samples / rate_hz == pytest.approx(EDGES_S[0], abs=SWELL_S)
    assert measured.tail_samples / rate_hz == pytest.approx(EDGES_S[1], abs=SWELL_S)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("chunk.mp3", ("-b:a", "64k")),
        ("chunk.flac", ()),
        ("chunk.opus", ()),
        ("chunk.m4a", ("-c:a", "aac")),
        ("chunk.webm", ("-c:a", "libopus")),
        ("chunk.wav", ("-c:a", "pcm_s24le")),
        ("chunk.wav", ("-c:a", "pcm_f32le")),
        ("chunk.aiff", ()),
    ],
)
def test_every_format_measures_alike(tmp_path: Path, name: str, options: tuple[str, ...]):
    plain = measure(write_sound(tmp_path / "plain.wav", make_voice(), VOICE_HZ))
    measured = measure(write_sound(tmp_path / name, make_voice(), VOICE_HZ, options))
    assert measured.duration_s == pytest.approx(4.0, abs=0.001)
    for field in ("lead_samples", "tail_samples"):
        seconds = getattr(measured, field) / measured.rate_hz
        assert seconds == pytest.approx(getattr(plain, field) / VOICE_HZ, abs=SWELL_S)
    assert measured.loudness_lufs == pytest.approx(plain.loudness_lufs, abs=0.6)


@pytest.mark.parametrize("level_db", [-6.0, -23.0, -40.0])
def test_loudness_and_true_peak_of_a_sine_are_as_the_standard_says(tmp_path: Path, level_db: float):
    sine = tone(20.0, hz=997, rate_hz=48_000, peak_db=level_db)  # EBU Tech 3341, test 1
    path = write_sound(tmp_path / "sine.wav", sine, 48_000)
    measured = measure(path, channels=MUSIC_CHANNELS)
    assert measured.loudness_lufs == pytest.approx(level_db - 3.0, abs=0.15)
    assert measured.true_peak_dbtp == pytest.approx(level_db, abs=0.2)


def test_true_peak_lies_between_samples(tmp_path: Path):
    sine = tone(1.0, hz=12_000, rate_hz=48_000, peak_db=-1)[1::2].repeat(2)
    measured = measure(write_sound(tmp_path / "sine.wav", sine, 48_000))
    assert measured.true_peak_dbtp > 20 * math.log10(float(abs(sine).max())) + 1.0


def test_voice_in_two_channels_measures_as_in_one(tmp_path: Path):
    one = measure(write_sound(tmp_path / "one.wav", make_voice(), VOICE_HZ))
    two = measure(write_sound(tmp_path / "two.wav", duplicate_channels(make_voice()), VOICE_HZ))
    assert two.loudness_lufs == pytest.approx(one.loudness_lufs, abs=0.05)
    assert (one.channels, two.channels) == (1, 2)


def test_music_in_two_channels_measures_as_a_listener_hears_it(tmp_path: Path):
    sound = duplicate_channels(noise(3.0))
    path = write_sound(tmp_path / "music.wav", sound, VOICE_HZ)
    as_music, as_voice = measure(path, channels=MUSIC_CHANNELS), measure(path)
    assert as_music.loudness_lufs is not None
    assert as_voice.loudness_lufs == pytest.approx(as_music.loudness_lufs - 3.01, abs=0.05)


def test_surround_counts_its_channels(tmp_path: Path):
    measured = measure(write_sound(tmp_path / "chunk.wav", surround(make_voice()), VOICE_HZ))
    assert (measured.channels, measured.samples) == (6, 4 * VOICE_HZ)
    assert not measured.is_silent


def test_telephone_sound_is_read(tmp_path: Path):
    measured = measure(write_sound(tmp_path / "chunk.wav", make_voice(8_000), 8_000, MU_LAW))
    assert (measured.samples, measured.rate_hz) == (32_000, 8_000)
    assert measured.tail_samples / 8_000 == pytest.approx(EDGES_S[1], abs=SWELL_S)


@pytest.mark.parametrize("seconds", [0.01, 0.02, 0.5, 3.0])
def test_silence_has_no_loudness(tmp_path: Path, seconds: float):
    measured = measure(write_sound(tmp_path / "silence.wav", silence(seconds), VOICE_HZ))
    assert measured.samples == round(seconds * VOICE_HZ)
    assert measured.loudness_lufs is None
    assert measured.is_silent


def test_silence_of_a_lossy_codec_is_silence(tmp_path: Path):
    assert measure(write_sound(tmp_path / "silence.mp3", silence(2.0), VOICE_HZ)).is_silent


def test_a_moment_of_20_ms_is_measured(tmp_path: Path):
    measured = measure(write_sound(tmp_path / "moment.wav", tone(0.02), VOICE_HZ))
    assert (measured.samples, measured.is_silent) == (480, False)
    assert measured.loudness_lufs is not None


def test_sound_that_begins_late_in_its_container_is_told_by_its_samples(tmp_path: Path):
    write_sound(tmp_path / "chunk.wav", make_voice(), VOICE_HZ)
    late = ["-itsoffset", "0.5", "-i", str(tmp_path / "chunk.wav"), "-c:a", "flac"]
    picture = ["-f", "lavfi", "-i", "testsrc=duration=5:size=64x64:rate=5"]
    run_ffmpeg([*picture, *late, str(tmp_path / "film.mkv")])
    measured = measure(tmp_path / "film.mkv")
    assert measured.samples == 4 * VOICE_HZ
    assert measured.lead_samples / VOICE_HZ == pytest.approx(EDGES_S[0], abs=SWELL_S)
    assert measured.tail_samples / VOICE_HZ == pytest.approx(EDGES_S[1], abs=SWELL_S)


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "flac"])
def test_hole_in_a_file_does_not_upset_its_edges(tmp_path: Path, suffix: str):
    path = write_sound(tmp_path / f"chunk.{suffix}", speech(9.0, edges_s=EDGES_S), VOICE_HZ)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3] + content[len(content) // 2 :])
    measured = measure(path)
    assert 5.0 < measured.duration_s < 9.1
    assert measured.lead_samples / measured.rate_hz == pytest.approx(EDGES_S[0], abs=0.05)
    assert measured.tail_samples / measured.rate_hz == pytest.approx(EDGES_S[1], abs=0.05)


def test_file_cut_in_the_middle_is_what_is_left_of_it(tmp_path: Path):
    path = write_sound(tmp_path / "chunk.mp3", make_voice(), VOICE_HZ)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 1.5 < measure(path).duration_s < 2.5


@pytest.mark.parametrize(
    ("other", "rate_hz"), [(speech(1.0), 22_050), (duplicate_channels(speech(1.0)), 24_000)]
)
def test_file_that_changes_on_the_way_is_refused(tmp_path: Path, other: Sound, rate_hz: int):
    first = write_sound(tmp_path / "first.mp3", speech(1.0), VOICE_HZ, ("-write_xing", "0"))
    second = write_sound(tmp_path / "second.mp3", other, rate_hz, ("-write_xing", "0"))
    (tmp_path / "joined.mp3").write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(
        UnplayableAudio, match=r"sample rate or channels of .*joined\.mp3 change midway"
    ):
        measure(tmp_path / "joined.mp3")


@pytest.mark.parametrize(
    ("first", "second", "rate_hz", "channels"),
    [
        ("libvorbis", "libvorbis", 44_100, 1),
        ("libvorbis", "libvorbis", 48_000, 2),
        ("libvorbis", "libopus", 48_000, 1),
        ("libopus", "libopus", 48_000, 2),
        ("flac", "libvorbis", 48_000, 1),
        ("flac", "flac", 48_000, 2),
    ],
)
def test_chain_of_ogg_streams_that_differ_is_refused(
    tmp_path: Path, first: str, second: str, rate_hz: int, channels: int
):
    sound = speech(1.0, rate_hz=48_000)
    begin = write_sound(tmp_path / "1.ogg", sound, 48_000, ("-c:a", first)).read_bytes()
    other = ("-c:a", second, "-ar", str(rate_hz), "-ac", str(channels))
    end = write_sound(tmp_path / "2.ogg", sound, 48_000, other).read_bytes()
    (tmp_path / "joined.ogg").write_bytes(begin + end)
    with pytest.raises(UnplayableAudio, match=r"channels of .*joined\.ogg change midway"):
        measure(tmp_path / "joined.ogg")


@pytest.mark.parametrize("codec", ["libvorbis", "libopus", "flac"])
def test_chain_of_equal_ogg_streams_is_measured_to_its_end(tmp_path: Path, codec: str):
    sound = speech(1.0, rate_hz=48_000)
    link = write_sound(tmp_path / "1.ogg", sound, 48_000, ("-c:a", codec)).read_bytes()
    (tmp_path / "joined.ogg").write_bytes(3 * link)
    assert measure(tmp_path / "joined.ogg").duration_s == pytest.approx(3.0, abs=0.1)


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(NotFound, match=r"missing\.mp3"):
        measure(tmp_path / "missing.mp3")
    with pytest.raises(NotFound, match="narration_chunks/1"):
        measure(tmp_path / "missing.mp3", "narration_chunks/1")
    with pytest.raises(NotFound):
        measure(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0" * 5_000, b"This is a story, not a sound. " * 99])
def test_file_without_sound_is_named(tmp_path: Path, content: bytes):
    (tmp_path / "chunk.mp3").write_bytes(content)
    with pytest.raises(UnplayableAudio, match=r"chunk\.mp3") as caught:
        measure(tmp_path / "chunk.mp3")
    assert caught.value.details["key"] == str(tmp_path / "chunk.mp3")


@pytest.mark.parametrize(
    ("rate_hz", "reason"),
    [
        (1, "too low: 1 Hz"),
        (100, "too low: 100 Hz"),
        (2_000, "too low: 2,000 Hz"),
        (2_822_401, "too high: 2,822,401 Hz"),
        (2**31 - 1, "too high: 2,147,483,647 Hz"),
    ],
)
@pytest.mark.parametrize("channels", [VOICE_CHANNELS, MUSIC_CHANNELS])
def test_rate_that_cannot_be_measured_is_named(
    tmp_path: Path, rate_hz: int, reason: str, channels: str
):
    path = write_sound(tmp_path / "odd.wav", noise(0.5), rate_hz)
    with pytest.raises(UnplayableAudio, match=rf"odd\.wav is {reason}"):
        measure(path, channels=channels)


@pytest.mark.parametrize("rate_hz", [4_000, 384_000, 768_000, 2_822_400])
def test_odd_rate_that_can_be_measured_keeps_its_loudness(tmp_path: Path, rate_hz: int):
    path = write_sound(tmp_path / "odd.wav", music(1.0, rate_hz=rate_hz), rate_hz)
    measured = measure(path, channels=MUSIC_CHANNELS)
    assert measured.rate_hz == rate_hz
    assert measured.loudness_lufs is not None


@pytest.mark.parametrize("codec", ["pcm_f32le", "pcm_f64le"])
@pytest.mark.parametrize("sample", [math.nan, math.inf, -math.inf, 1e30, -1e7])
@pytest.mark.parametrize("position", [0, 12_000, 23_999])
def test_sample_that_no_filter_survives_is_named(
    tmp_path: Path, codec: str, sample: float, position: int
):
    path = write_sound(tmp_path / "odd.wav", noise(1.0), VOICE_HZ, ("-c:a", codec))
    dtype, content = "<f4" if codec == "pcm_f32le" else "<f8", bytearray(path.read_bytes())
    width = np.dtype(dtype).itemsize
    place = content.index(b"data") + 8 + position * width
    content[place : place + width] = np.array(sample, dtype).tobytes()
    path.write_bytes(content)
    with pytest.raises(UnplayableAudio, match=r"odd\.wav has samples that are not numbers"):
        measure(path)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_film_without_sound_is_named(tmp_path: Path, name: str):
    with pytest.raises(UnplayableAudio, match=rf"no audio in .*{name}"):
        measure(write_silent_film(tmp_path / name))


@pytest.mark.parametrize(
    "header", ["#EXTM3U\n#EXTINF:1,\n{0}\n", "ffconcat version 1.0\nfile {0}\n"]
)
def test_playlist_under_the_name_of_a_sound_is_not_followed(tmp_path: Path, header: str):
    secret = write_sound(tmp_path / "secret.wav", music(1.0), 44_100)
    (tmp_path / "music.mp3").write_text(header.format(secret))
    with pytest.raises(UnplayableAudio, match=r"music\.mp3"):
        measure(tmp_path / "music.mp3")


def test_stopped_job_measures_nothing(tmp_path: Path):
    children = ProcessGroup()
    children.stop()
    with pytest.raises(OutOfTime):
        measure(write_sound(tmp_path / "chunk.wav", make_voice(), VOICE_HZ), processes=children)


@pytest.mark.parametrize(
    ("appended", "more_chars", "reason"),
    [("noise", 4_000_000, "Most of"), ("zeros", 400_000, ""), ("noise", 2_000, "")],
)
def test_sound_with_something_else_behind_it_is_read_or_refused_for_that(
    tmp_path: Path, appended: str, more_chars: int, reason: str
):
    path = write_sound(tmp_path / "chunk.mp3", make_voice(), VOICE_HZ)
    more = random.Random(1).randbytes(more_chars) if appended == "noise" else bytes(more_chars)
    path.write_bytes(path.read_bytes() + more)
    if reason:
        with pytest.raises(UnplayableAudio, match=f"^{reason} .* is damaged"):
            measure(path)
    else:
        assert measure(path).duration_s == pytest.approx(4.0, abs=0.1)
