"""Sounds that would lose a part in silence are refused by name."""

import numpy as np
import pytest

from mixer.errors import UnplayableAudio
from mixer.sound.analysis.measurement import MUSIC_CHANNELS, VOICE_CHANNELS, measure
from tests.sounds import run_ffmpeg, speech, tone, write_sound

RATE_HZ = 24_000
FRAGMENTS = ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "100000")


def write_pair(folder, extension, options=(), padding=b""):
    """Two files, and both behind one another."""
    files = [
        write_sound(folder / f"{hz:.0f}{extension}", tone(0.7, hz, RATE_HZ), RATE_HZ, options)
        for hz in (300.0, 500.0)
    ]
    joined = folder / f"joined{extension}"
    joined.write_bytes(padding.join(each.read_bytes() for each in files))
    return files, joined


@pytest.mark.parametrize("channels", [VOICE_CHANNELS, MUSIC_CHANNELS])
@pytest.mark.parametrize(
    ("extension", "options", "padding"),
    [
        (".wav", (), b""),
        (".wav", ("-c:a", "pcm_u8"), b"\0"),
        (".aiff", (), b""),
        (".w64", (), b""),
        (".caf", (), b""),
        (".m4a", ("-c:a", "aac"), b""),
        (".m4a", ("-c:a", "aac", "-movflags", "+faststart"), b""),
        (".mp4", FRAGMENTS, b""),
    ],
)
def test_files_behind_one_another_are_refused_and_each_alone_is_read(
    tmp_path, channels, extension, options, padding
):
    files, joined = write_pair(tmp_path, extension, options, padding)
    assert all(measure(each, channels=channels).duration_s > 0.69 for each in files)
    with pytest.raises(UnplayableAudio, match="is several sound files behind"):
        measure(joined, channels=channels)


@pytest.mark.parametrize("extension", [".mp3", ".flac", ".ogg", ".au"])
def test_files_behind_one_another_that_play_whole_are_read(tmp_path, extension):
    _, joined = write_pair(tmp_path, extension)
    assert measure(joined).duration_s > 1.39


def test_wav_that_was_streamed_is_one_file(tmp_path):
    content = run_ffmpeg(["-f", "lavfi", "-i", "sine=d=0.5", "-f", "wav", "-"])
    (tmp_path / "streamed.wav").write_bytes(content)
    assert content[4:8] == b"\xff" * 4
    assert measure(tmp_path / "streamed.wav").duration_s == pytest.approx(0.5, abs=0.01)


def test_voice_whose_channels_cancel_each_other_out_is_not_called_silent(tmp_path):
    voice = speech(2.0, rate_hz=RATE_HZ)
    path = write_sound(tmp_path / "out.wav", np.stack([voice, -voice], axis=1), RATE_HZ)
    with pytest.raises(UnplayableAudio, match="opposite phase"):
        measure(path)
    assert not measure(path, channels=MUSIC_CHANNELS).is_silent


def test_silence_in_stereo_is_silent(tmp_path):
    path = write_sound(tmp_path / "none.wav", np.zeros((RATE_HZ, 2)), RATE_HZ)
    assert measure(path).is_silent


@pytest.mark.parametrize(("channels", "is_read"), [(16, True), (17, False), (24, True)])
def test_channels_are_counted_or_named(tmp_path, channels, is_read):
    sound = np.repeat(tone(0.7, 300.0, RATE_HZ)[:, None], channels, axis=1)
    path = write_sound(tmp_path / "many.wav", sound, RATE_HZ)
    if is_read:
        assert measure(path).channels == channels
        return
    with pytest.raises(UnplayableAudio, match=f"The {channels} channels of "):
        measure(path)
